"""A corpus made of Croissant metadata and the files that they name.

Expects metadata from outside. Ensures that a corpus is made whole or not at all: files are copied and their
digests compared, the declaration that came along (or one that is written from the metadata) is checked, it reads
no file that the metadata do not name, every row fits it, and what the metadata say of its tables is what it says.
Only then does the folder get its name.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cyclspec.compiler.croissant.definition import Definition
from cyclspec.compiler.croissant.export import About, export, reached_tables
from cyclspec.compiler.croissant.files import Place, copy_file, place_of
from cyclspec.compiler.croissant.metadata import Metadata, read_metadata
from cyclspec.compiler.croissant.refusals import refuse
from cyclspec.compiler.croissant.words import SUFFIX
from cyclspec.compiler.data.contracts import Budget
from cyclspec.language.diagnostics import Findings, SpecError
from cyclspec.language.format.printer import format_source
from cyclspec.language.names.modules import load_program
from cyclspec.language.spans import Source
from cyclspec.language.syntax import tree as t
from cyclspec.language.types.check import check_program
from cyclspec.language.types.context import Context


@dataclass(frozen=True, slots=True)
class Restored:
    """A corpus that was made: `path` declares it, `files` were copied; `notes` are what a reader should look at."""

    path: Path
    corpus: str
    files: int
    notes: tuple[str, ...]


def restore(metadata: Path, to: Path, budget: Budget | None = None) -> Restored:
    """Makes the folder `to` of a file of metadata. Raises `SpecError`, and makes nothing, where it does not fit."""
    limits = budget or Budget()
    found = read_metadata(metadata)
    places = {one.file.id: one for one in map(place_of, found.files)}
    if not places:
        refuse(metadata.name, "names no file")
    _refuse_twice(places, metadata.name)
    with _staged(Path(os.path.abspath(to))) as stage:
        places, notes = _without_absent(places, metadata.parent)
        for place in places.values():
            copy_file(place, metadata.parent, stage, limits)
        main, guessed = _declaration(found, places, stage, metadata.name, limits)
        corpus = _checked(found, places, _Shown(stage, main, to), limits)
        if main.parent != Path():
            # Imports may lead anywhere in a project, and its root is where the lock is.
            (stage / "cycl.lock").touch()
    return Restored(to / main, corpus, len(places), (*notes, *guessed))


def _without_absent(places: dict[str, Place], folder: Path) -> tuple[dict[str, Place], tuple[str, ...]]:
    """The files without those that declare the corpus, where none of these is there; data must be there."""
    declaring = [place for place in places.values() if place.format is None]
    if not declaring or any(os.path.lexists(folder / place.relative) for place in declaring):
        return places, ()
    listed = ", ".join(f"`{place.relative}`" for place in declaring[:4])
    what = "is not beside the metadata" if len(declaring) == 1 else "are not beside the metadata"
    kept = {id_: place for id_, place in places.items() if place.format is not None}
    return kept, (f"{listed} {what}: a declaration is written from what they say",)


def _refuse_twice(places: dict[str, Place], file: str) -> None:
    seen: set[str] = set()
    for place in places.values():
        # Some file systems take names for equal that differ in case.
        name = str(place.relative).casefold()
        if name in seen:
            refuse(file, f"names `{place.relative}` twice")
        seen.add(name)


@contextmanager
def _staged(to: Path) -> Iterator[Path]:
    """A folder beside `to` that takes its name at the end, and is gone where that is not reached."""
    if to.is_symlink() or (to.exists() and not (to.is_dir() and not any(to.iterdir()))):
        refuse(str(to), "exists already", "name a folder that does not")
    try:
        to.parent.mkdir(parents=True, exist_ok=True)
        stage = Path(tempfile.mkdtemp(prefix=f".{to.name}-", dir=to.parent))
    except OSError as error:
        refuse(str(to), f"cannot be written: {error.strerror}")
    try:
        yield stage
        stage.chmod(0o755)
        os.rename(stage, to)
    finally:
        shutil.rmtree(stage, ignore_errors=True)


# ---- the declaration


def _declaration(
    found: Metadata, places: dict[str, Place], stage: Path, file: str, budget: Budget
) -> tuple[Path, tuple[str, ...]]:
    """The path of the file that declares the corpus, below `stage`; written where none came along."""
    brought = [Path(place.relative) for place in places.values() if place.format is None]
    if brought:
        return _declaring(found, brought, stage, file), ()
    written = Definition(found, places, stage, budget)
    text = written.text()
    name = f"corpus{SUFFIX}"
    printed = format_source(Source(name, text))
    if printed.text is None:
        raise SpecError(printed.diagnostics)
    if Path(name) in [Path(place.relative) for place in places.values()]:
        refuse(file, f"names a file `{name}`, which the declaration needs")
    (stage / name).write_text(printed.text, encoding="utf-8")
    return Path(name), tuple(written.notes)


def _declaring(found: Metadata, brought: list[Path], stage: Path, file: str) -> Path:
    """The one of several files that declares the corpus of the metadata."""
    declaring = [path for path in brought if found.name in _corpora(stage / path)]
    if len(declaring) != 1:
        refuse(file, f"brings {len(declaring) or 'no'} files that declare corpus `{found.name[:60]}`")
    return declaring[0]


def _corpora(path: Path) -> set[str]:
    findings = Findings()
    program = load_program(path, findings, partial=True)
    decls = () if program is None else program.main.tree.decls
    return {decl.name.name for decl in decls if isinstance(decl, t.Corpus)}


@dataclass(frozen=True, slots=True)
class _Shown:
    """The file `main` of the folder `stage`, which people are shown where it will lie, in `to`."""

    stage: Path
    main: Path
    to: Path


def _context(at: _Shown) -> Context:
    findings = Findings()
    program = load_program(at.stage / at.main, findings, name=str(at.to / at.main))
    context = None if program is None else check_program(program, findings, {})
    if context is None or findings.errors:
        raise SpecError(findings.errors)
    return context


# ---- whether it fits


def _checked(found: Metadata, places: dict[str, Place], at: _Shown, budget: Budget) -> str:
    """The name of the corpus, where everything fits. Reads every row."""
    stage, main = at.stage, at.main
    (stage / "cycl.lock").touch()
    context = _context(at)
    (stage / "cycl.lock").unlink()
    corpora = [decl for decl in context.program.main.tree.decls if isinstance(decl, t.Corpus)]
    corpus = next((decl for decl in corpora if decl.name.name == found.name), corpora[0])
    named = {str(place.relative) for place in places.values()}
    for table in reached_tables(context, corpus.name.name).values():
        path = os.path.relpath(os.path.join(table.folder, table.path), stage.resolve())
        if path not in named:
            refuse(main.name, f"reads `{table.path[:120]}`, which the metadata do not name")
    _compare(found, export(context, corpus, stage / "croissant.json", About(), budget))
    return corpus.name.name


def _compare(found: Metadata, exported: dict[str, Any]) -> None:
    """Refuses metadata that say other things of a table than the declaration."""
    given = {one.id: one for one in found.record_sets}
    for record in exported["recordSet"]:
        one = given.get(record["@id"])
        if one is None:
            continue
        said = {(f.id, f.references) for f in one.fields}
        meant = {(f["@id"], f.get("references", {}).get("field", {}).get("@id")) for f in record["field"]}
        if said != meant:
            names = sorted({id_ for id_, _ in said ^ meant})
            refuse(
                one.id, f"has other fields in the metadata than in the declaration: {', '.join(names[:3])}"
            )
