"""Makes a pack of an audit: its spec and what that imports, metrics in Python, the lock, and what data is small enough.

Expects a spec without errors whose data is here. Ensures that equal input gives equal bytes, that files lie to each
other as they do at home (above the project too, under other names for the folders on the way), that no path of this
machine is in it, and that the pack, opened again, has the hashes that stand in it.
"""

from __future__ import annotations

import hashlib
import io
import os
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from cyclspec import __version__, pipeline
from cyclspec.language.diagnostics import Diagnostic, InternalError, Severity, SpecError
from cyclspec.language.diagnostics.cy09_sharing import NotPacked
from cyclspec.language.names.lock import FILE, text
from cyclspec.language.syntax import tree as t
from cyclspec.language.types.context import Context
from cyclspec.lock.current import Now
from cyclspec.pack.archive import MAX_BYTES, write
from cyclspec.pack.manifest import FILES, NAME, AtHome, Elsewhere, Manifest, Packed
from cyclspec.pack.manifest import text as manifest_text
from cyclspec.pack.names import flaw_of_names
from cyclspec.pack.opened import open_pack
from cyclspec.pack.source import SUFFIX, packed_source

MAX_DATA = 16 << 20
_ABOUT = ("title", "release", "licence", "citation", "note")


@dataclass(frozen=True, slots=True)
class _File:
    """A file that an audit reads: its path from the root of the project as the spec leads there, and where it is."""

    key: str
    path: Path
    sha256: str
    bytes: int
    tables: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Made:
    """A pack that was written: its manifest and its digest."""

    manifest: Manifest
    sha256: str
    bytes: int


def make_pack(
    context: Context, found: Now, params: Mapping[str, str], out: Path, *, max_data: int = MAX_DATA
) -> Made:
    """Writes the pack of a checked spec to `out`. `found` is what it reaches; `params` are bound in the pack.

    A file of data of more than `max_data` bytes stays behind, with its digest.

    Raises:
        SpecError: the data is not here, or something cannot be packed.
    """
    if not context.audits:
        place = context.program.main.source.name
        raise SpecError([NotPacked(what=place, problem="it declares no audit", place=place)])
    files = [*_specs(context), *_metrics(context, found)]
    data = list(_data(context, found))
    root = _root(context, [*files, *data])
    kept = [file for file in data if file.bytes <= max_data]
    left = [file for file in data if file.bytes > max_data]
    lock = text(found.lock).encode()
    named = {_member(root, file.key): file for file in [*files, *kept]}
    locked = {_member(root, FILE): Packed(hashlib.sha256(lock).hexdigest(), len(lock))}
    manifest = Manifest(
        entry=found.entry,
        root=root,
        made_by=f"cyclspec {__version__}",
        params=dict(params),
        audits={name: _hashes(context, name) for name in sorted(context.audits)},
        members={name: Packed(file.sha256, file.bytes) for name, file in named.items()} | locked,
        elsewhere={_member(root, file.key): _elsewhere(context, file) for file in left},
        models=dict(found.lock.audits[found.entry].models),
    )
    _check_names(manifest)
    described = manifest_text(manifest).encode()
    members = [(name, _opener(file.path), file.bytes) for name, file in named.items()]
    members += [(name, _of(lock), len(lock)) for name in locked]
    return _written(manifest, [*members, (NAME, _of(described), len(described))], left, out)


def _of(data: bytes) -> Callable[[], BinaryIO]:
    return lambda: io.BytesIO(data)


def _opener(path: Path) -> Callable[[], BinaryIO]:
    return lambda: path.open("rb")


def _whole(key: str, path: Path) -> _File:
    data = path.read_bytes()
    return _File(key, path, hashlib.sha256(data).hexdigest(), len(data))


def _specs(context: Context) -> Iterator[_File]:
    program = context.program
    for module in program.modules.values():
        if not module.key.startswith("std."):
            path = Path(module.key)
            yield _whole(path.relative_to(program.root).as_posix(), path)


def _metrics(context: Context, found: Now) -> Iterator[_File]:
    for key in found.lock.metrics:
        yield _whole(key, context.program.root / key)


def _data(context: Context, found: Now) -> Iterator[_File]:
    """The files of the tables that are read, by the path that their module gives them, without looking at links."""
    root, reached = context.program.root, found.lock.audits[found.entry]
    tables: dict[str, list[str]] = {}
    for name in reached.data:
        table = context.tables[name]
        if os.path.isabs(table.path):
            problem, helps = "it is named by a path of this machine", ("name it by its path from the spec",)
            raise SpecError([NotPacked(span=table.span, what=table.path, problem=problem, helps=helps)])
        tables.setdefault(
            os.path.normpath(os.path.relpath(table.folder, root) + "/" + table.path), []
        ).append(name)
    for key, names in tables.items():
        pin = found.lock.data[reached.data[names[0]]]
        yield _File(Path(key).as_posix(), root / key, pin.sha256, pin.bytes, tuple(sorted(names)))


def _root(context: Context, files: list[_File]) -> str:
    """Where the project lies among the files of the pack: deep enough for everything that lies above it at home.

    A folder above the project is called `up`; the project's own name is kept, as a path may lead through it.
    """
    above = max((file.key.split("/").count("..") for file in files), default=0)
    return "/".join([*["up"] * (above - 1), context.program.root.name]) if above else ""


def _member(root: str, key: str) -> str:
    return FILES + Path(os.path.normpath(os.path.join(root, key))).as_posix()


def _hashes(context: Context, name: str) -> AtHome:
    hashes = pipeline.hashes(pipeline.open_data(context, context.audits[name]), {})
    return AtHome(hashes.module, hashes.design, hashes.score)


def _elsewhere(context: Context, file: _File) -> Elsewhere:
    corpora = {name.split(".")[0] for name in file.tables}
    about = {
        field.name.name: field.value.value
        for _, decl in context.declarations(t.Corpus)
        if isinstance(decl, t.Corpus) and decl.name.name in corpora
        for field in decl.fields
        if field.name.name in _ABOUT and isinstance(field.value, t.TextValue)
    }
    return Elsewhere(file.sha256, file.bytes, file.tables, about)


def _check_names(manifest: Manifest) -> None:
    flaw = flaw_of_names([*manifest.members, *manifest.elsewhere])
    if flaw is not None:
        name = flaw[0].removeprefix(FILES)
        raise SpecError([NotPacked(what=name, problem=f"it {flaw[1]}", helps=("rename it",))])
    total = sum(packed.bytes for packed in manifest.members.values())
    if total > MAX_BYTES // 2:
        problem = f"it would have {total:,} bytes, and {MAX_BYTES // 2:,} are the most"
        raise SpecError(
            [NotPacked(what="this audit", problem=problem, helps=("give a smaller `--max-data`",))]
        )


def _written(
    manifest: Manifest,
    members: list[tuple[str, Callable[[], BinaryIO], int]],
    left: list[_File],
    out: Path,
) -> Made:
    """Writes beside the place, opens what was written as whoever gets it would, and moves it there."""
    with tempfile.TemporaryDirectory(dir=out.parent, prefix=f".{out.name}.") as folder:
        made = Path(folder) / f"made{SUFFIX}"
        write(made, members)
        _verify(manifest, made, [file.path for file in left], Path(folder))
        with made.open("rb") as file:
            os.fsync(file.fileno())
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        size = made.stat().st_size
        os.replace(made, out)
    return Made(manifest, digest, size)


def _verify(manifest: Manifest, made: Path, left: list[Path], folder: Path) -> None:
    try:
        context = pipeline.check(packed_source(open_pack(made, left, into=folder))).require()
        again = {name: _hashes(context, name) for name in sorted(context.audits)}
    except SpecError as error:
        wrong = [diagnostic for diagnostic in error.diagnostics if diagnostic.severity is Severity.ERROR]
        raise SpecError(map(_not_whole, wrong)) from error
    if again != manifest.audits:
        raise InternalError("pack", "the pack has other hashes than the audit it was made of")


def _not_whole(diagnostic: Diagnostic) -> Diagnostic:
    """Whatever is wrong in the pack is not so at home: it is the packing that does not fit this audit."""
    problem = f"in the pack {diagnostic.message} ({diagnostic.code})"
    helps = ("name every file by the shortest path from the spec that declares it",)
    return NotPacked(what="this audit", problem=problem, helps=helps)
