"""`cycl.lock`: what the audits of a project reach, each thing by what is in it.

Expects text from outside: a lock travels in packs. Ensures that what is read is whole and of a known version, that
`read(text(lock)) == lock`, and that equal locks are equal bytes: sorted, one member a line, no time and no machine. A
file without anything but comments locks nothing; it only marks the root of a project.
"""

from __future__ import annotations

import json
import os
import re
import stat
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any, Generic, NoReturn, TypeVar

from cyclspec.language import strict_json
from cyclspec.language.diagnostics import Diagnostic, SpecError
from cyclspec.language.diagnostics.cy09_sharing import LockUnreadable

FILE = "cycl.lock"
VERSION = 1
MAX_BYTES = 16 << 20
KINDS = ("modules", "data", "metrics", "models")
_DIGEST = re.compile(r"[0-9a-f]{64}")
_COMMIT = re.compile(r"[0-9a-f]{40}")
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class ModulePin:
    """A module by its hash, which no layout and no comment moves; `version` is that of the standard library."""

    sha256: str
    edition: int
    version: str | None = None


@dataclass(frozen=True, slots=True)
class FilePin:
    """A file by its bytes: a table of data, or the source of a metric in Python."""

    sha256: str
    bytes: int


@dataclass(frozen=True, slots=True)
class ModelPin:
    """A model by its digests.

    `revision` is the commit on the hub, where the model was taken from there. `weights` is over the configuration and
    every weight file, as answers record it; `config` and `tokenizer` are those of `config.json` and `tokenizer.json`;
    `chat_template` is that of the template's text and `settings` over the other files that decide what is read and
    where writing ends, None where there are none.
    """

    weights: str
    config: str
    tokenizer: str
    settings: str | None = None
    chat_template: str | None = None
    revision: str | None = None


Pin = ModulePin | FilePin | ModelPin
P = TypeVar("P")


@dataclass(frozen=True, slots=True)
class Locked(Generic[P]):
    """What the lock of the project has of a thing, and the help that says how its change is taken."""

    pin: P
    help: str


@dataclass(frozen=True, slots=True)
class Reached:
    """What the audits of one file reach: the keys of pins, by the names that the audits give them."""

    edition: int
    modules: tuple[str, ...] = ()
    data: Mapping[str, str] = field(default_factory=dict)
    metrics: Mapping[str, str] = field(default_factory=dict)
    models: Mapping[str, str] = field(default_factory=dict)

    def keys(self, kind: str) -> frozenset[str]:
        """The keys of one of `KINDS`."""
        found = getattr(self, kind)
        return frozenset(found if kind == "modules" else found.values())


@dataclass(frozen=True, slots=True)
class Lock:
    """The pins of a project. Keys are paths from its root, `std.metrics` and its like, and places of models."""

    audits: Mapping[str, Reached] = field(default_factory=dict)
    modules: Mapping[str, ModulePin] = field(default_factory=dict)
    data: Mapping[str, FilePin] = field(default_factory=dict)
    metrics: Mapping[str, FilePin] = field(default_factory=dict)
    models: Mapping[str, ModelPin] = field(default_factory=dict)

    def pins(self, kind: str) -> Mapping[str, Pin]:
        """The pins of one of `KINDS`, by key."""
        found: Mapping[str, Pin] = getattr(self, kind)
        return found


def key_in(root: Path, path: Path) -> str:
    """How a lock names a file: by its path from the root of the project, links in it left alone."""
    return Path(os.path.relpath(path, root)).as_posix()


def model_key(root: Path, source: str, location: str, folder: str, revision: str | None) -> str | None:
    """How a lock names a model: as a place is typed; None where the model is hosted, or its answers are recorded."""
    match source:
        case "demo":
            return "demo"
        case "local" if os.path.isabs(location):
            return location
        case "local":
            return "./" + key_in(root, Path(folder) / location)
        case "hf":
            return f"{location}@{revision}" if revision else location
    return None


def _without_nothing(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    return {name: value for name, value in pairs if value not in (None, (), {})}


def text(lock: Lock) -> str:
    """A lock as it is written."""
    data = {"version": VERSION, **asdict(lock, dict_factory=_without_nothing)}
    return json.dumps(data, ensure_ascii=False, indent=2, sort_keys=True) + "\n"


class _Flaw(ValueError):
    """What is wrong with a lock, as the rest of a sentence about it."""


def _flaw(problem: str) -> NoReturn:
    raise _Flaw(problem)


def _mapping(data: Any, where: str) -> dict[str, Any]:
    if not isinstance(data, dict):
        _flaw(f"has no object at `{where}`")
    return data


def _members(data: Any, where: str, cls: type) -> dict[str, Any]:
    """The members of a written dataclass, none of them unknown."""
    found = _mapping(data, where)
    unknown = found.keys() - {one.name for one in fields(cls)}
    if unknown:
        _flaw(f"has an unknown member `{min(unknown)[:60]}` at `{where}`")
    return found


def _matching(pattern: re.Pattern[str], what: str) -> Callable[[Any, str], str]:
    def read_one(value: Any, where: str) -> str:
        if not isinstance(value, str) or not pattern.fullmatch(value):
            _flaw(f"has no {what} at `{where}`")
        return value

    return read_one


_digest = _matching(_DIGEST, "digest of 64 hexadecimal digits")
_commit = _matching(_COMMIT, "commit of 40 hexadecimal digits")
_text = _matching(re.compile(r"[^\x00-\x1f\x7f]{1,1000}"), "text")


def _count(value: Any, where: str) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        _flaw(f"has no count at `{where}`")
    return value


def _module(data: Any, where: str) -> ModulePin:
    found = _members(data, where, ModulePin)
    version = _text(found["version"], where) if "version" in found else None
    return ModulePin(_digest(found.get("sha256"), where), _count(found.get("edition"), where), version)


def _file(data: Any, where: str) -> FilePin:
    found = _members(data, where, FilePin)
    return FilePin(_digest(found.get("sha256"), where), _count(found.get("bytes"), where))


def _model(data: Any, where: str) -> ModelPin:
    found = _members(data, where, ModelPin)
    whole = {name: _digest(found.get(name), where) for name in ("weights", "config", "tokenizer")}
    rest = {name: _digest(found[name], where) for name in ("settings", "chat_template") if name in found}
    revision = _commit(found["revision"], where) if "revision" in found else None
    return ModelPin(**whole, **rest, revision=revision)


def _names(data: Any, where: str) -> dict[str, str]:
    return {_text(name, where): _text(key, where) for name, key in _mapping(data, where).items()}


def _reached(data: Any, where: str) -> Reached:
    found = _members(data, where, Reached)
    modules = found.get("modules", [])
    if not isinstance(modules, list):
        _flaw(f"has no list at `{where}`")
    named = {kind: _names(found.get(kind, {}), f"{where}.{kind}") for kind in KINDS[1:]}
    keys = tuple(_text(key, where) for key in modules)
    return Reached(_count(found.get("edition"), where), keys, **named)


def _all(data: Mapping[str, Any], member: str, read_one: Callable[[Any, str], T]) -> dict[str, T]:
    written = _mapping(data.get(member, {}), member)
    return {_text(key, member): read_one(one, f"{member}.{key[:80]}") for key, one in written.items()}


def read(written: str) -> Lock:
    """The lock that a text is. Raises ValueError with the rest of a sentence about it where it is none."""
    lines = written.splitlines()
    if all(not line.strip() or line.lstrip().startswith("#") for line in lines):
        return Lock()
    try:
        data = strict_json.loads(written)
    except strict_json.MemberTwice:
        _flaw("gives a member twice")
    except (ValueError, RecursionError):
        _flaw("is not JSON")
    found = _mapping(data, "its root")
    if found.get("version") != VERSION:
        _flaw(f"is of version {str(found.get('version'))[:20]}, and this program reads version {VERSION}")
    _members({name: one for name, one in found.items() if name != "version"}, "its root", Lock)
    lock = Lock(
        audits=_all(found, "audits", _reached),
        modules=_all(found, "modules", _module),
        data=_all(found, "data", _file),
        metrics=_all(found, "metrics", _file),
        models=_all(found, "models", _model),
    )
    for name, reached in lock.audits.items():
        lost = [key for kind in KINDS for key in reached.keys(kind) - lock.pins(kind).keys()]
        if lost:
            _flaw(f"names `{min(lost)[:80]}` for `{name[:80]}` and does not pin it")
    return lock


def _unreadable(problem: str, *helps: str) -> LockUnreadable:
    return LockUnreadable(file=FILE, problem=problem, place=FILE, helps=helps)


def lock_of(root: Path) -> Lock | Diagnostic:
    """The lock of a project: one without pins where it has none, a diagnostic where it cannot be read."""
    again = "take it from version control, or delete it and run `cyclspec lock` for each audit"
    try:
        status = os.stat(root / FILE)
        if not stat.S_ISREG(status.st_mode):
            return _unreadable("is not a plain file", "delete it and run `cyclspec lock`")
        if status.st_size > MAX_BYTES:
            return _unreadable(f"has more than {MAX_BYTES >> 20} MiB", again)
        return read((root / FILE).read_bytes().decode("utf-8"))
    except FileNotFoundError:
        return Lock()
    except UnicodeDecodeError:
        return _unreadable("is not UTF-8", again)
    except _Flaw as flaw:
        return _unreadable(str(flaw), again)
    except OSError as error:
        return _unreadable(f"cannot be read: {error.strerror}")


def require_lock(root: Path) -> Lock:
    """The lock of a project. Raises `SpecError` where it cannot be read."""
    found = lock_of(root)
    if isinstance(found, Diagnostic):
        raise SpecError([found])
    return found
