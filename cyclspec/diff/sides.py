"""One side of a comparison: a spec, a run, or canonical JSON, each as a checked audit.

Ensures that all three are compared alike: canonical modules are printed and checked like files, beside the files that
they were made from where those are known, so that imports and data are found again.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path
from typing import Any

from cyclspec import pipeline
from cyclspec.language.canonical.closure import hash_audit
from cyclspec.language.canonical.form import read
from cyclspec.language.canonical.hashes import Hashes
from cyclspec.language.diagnostics import SpecError
from cyclspec.language.diagnostics.cy00_syntax import SourceUnreadable
from cyclspec.language.format.printer import print_module
from cyclspec.language.names.lock import Lock
from cyclspec.language.syntax import tree as t
from cyclspec.language.types.context import Context
from cyclspec.language.types.typed import TypedAudit

_PLAN = "plan.json"
_LARGEST = 1 << 26


@dataclass(frozen=True, slots=True)
class Side:
    """A checked audit: `digests` of its tables where they are known, and `places` that replace those of models.

    `environment` is that of a run, None for a spec.
    """

    name: str
    context: Context
    audit: TypedAudit
    places: Mapping[str, str] = field(default_factory=dict)
    digests: Mapping[str, str] | None = None
    environment: Mapping[str, Any] | None = None

    @property
    def numerics(self) -> pipeline.Numerics:
        """The type of weights that the models of a run had; that of a run by default for a spec."""
        return "bfloat16" if (self.environment or {}).get("numerics") == "bfloat16" else "float32"

    def hashes(self, *, with_data: bool) -> Hashes:
        """The hashes of the audit, with the digests of its tables or without any."""
        tables = (self.digests or {}) if with_data else {}
        return hash_audit(self.context, self.audit.name, tables=tables, models=self.places)


def _unreadable(path: Path, problem: str) -> SpecError:
    return SpecError([SourceUnreadable(file=str(path), problem=problem, place=str(path))])


def _object(path: Path) -> dict[str, Any]:
    try:
        if path.stat().st_size > _LARGEST:
            raise _unreadable(path, "is too large to be an audit")
        found = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError):
        raise _unreadable(path, "is not JSON") from None
    except OSError as error:
        raise _unreadable(path, f"cannot be read: {error.strerror}") from None
    if not isinstance(found, dict):
        raise _unreadable(path, "holds no object")
    return found


def _module(path: Path, name: str, data: Any) -> str:
    """The text of a canonical module."""
    try:
        return print_module(read(data))
    except (ValueError, TypeError, AttributeError, KeyError, RecursionError) as error:
        raise _unreadable(path, f"holds no canonical module `{name}`: {error}") from None


def _texts(path: Path, document: Mapping[str, Any], folder: Path) -> dict[Path, str]:
    """The text of every module of a document, under the path at which it would be looked for."""
    library = Path(str(files("cyclspec").joinpath("specs", "std")))
    return {
        library / f"{name.removeprefix('std.')}.cycl"
        if name.startswith("std.")
        else (folder / name).resolve(): _module(path, name, data)
        for name, data in document.items()
    }


def checked_document(
    path: Path, document: Mapping[str, Any], folder: Path, audit: str | None, params: Mapping[str, str]
) -> tuple[Context, TypedAudit]:
    """The audit of a canonical program that `path` holds, as if its modules lay in `folder`, against no lock."""
    entry = folder / _entry(path, document, audit)
    context = pipeline.check(entry, params, _texts(path, document, folder), lock=Lock()).require()
    return context, pipeline.choose(context, audit)


def _entry(path: Path, document: Mapping[str, Any], audit: str | None) -> str:
    """The module that is not imported by a path: the one beside which all others stand, with the audit in it."""
    here = [name for name, data in document.items() if _declares(data, audit)]
    plain = [name for name in here if "/" not in name and not name.startswith("std.")]
    if not plain:
        raise _unreadable(path, f"holds no audit named `{audit}`" if audit else "holds no audit")
    return plain[0]


def _declares(data: Any, audit: str | None) -> bool:
    decls = data.get("decls", []) if isinstance(data, dict) else []
    audits = [d.get("name") for d in decls if isinstance(d, dict) and d.get("kind") == t.Audit.kind]
    return bool(audits) if audit is None else audit in audits


def _run(path: Path, audit: str | None) -> Side:
    """The audit that a run was made by, with the digests of the data that it read."""
    from cyclspec.runtime.store.runs import find_run

    run = find_run(path)
    facts = run.plan
    document = facts.get("document")
    if not isinstance(document, dict):
        raise _unreadable(run.path / _PLAN, "holds no canonical audit")
    origin = run.origin
    folder, name = origin.spec.parent, audit or origin.audit
    context, typed = checked_document(run.path / _PLAN, document, folder, name, origin.params)
    digests = {table["table"]: table["digest"] for table in facts.get("data", [])}
    return Side(str(path), context, typed, origin.places, digests, facts["environment"])


def _canonical(path: Path, audit: str | None, params: Mapping[str, str]) -> Side:
    """A canonical module, or all modules of a program by name, as if it stood in the folder of its file."""
    found = _object(path)
    entry = path.with_suffix(".cycl").name
    document = {entry: found} if found.get("kind") == t.Module.kind else found
    entry = entry if entry in document else _entry(path, document, audit)
    folder = path.resolve().parent
    context = pipeline.check(folder / entry, params, _texts(path, document, folder), lock=Lock()).require()
    return Side(str(path), context, pipeline.choose(context, audit))


def load_side(
    path: Path,
    audit: str | None,
    params: Mapping[str, str] | None = None,
    places: Mapping[str, str] | None = None,
    files: Iterable[Path] = (),
) -> Side:
    """One side of a comparison. `SpecError` where it cannot be read or has errors.

    A comparison shows what a lock refuses, so none is held against a side.
    """
    if path.is_dir() or path.name == _PLAN:
        return _run(path.parent if path.name == _PLAN else path, audit)
    if path.suffix == ".json":
        return _canonical(path, audit, params or {})
    context = pipeline.check(path, params, lock=Lock(), files=files).require()
    return Side(str(path), context, pipeline.choose(context, audit), dict(places or {}))
