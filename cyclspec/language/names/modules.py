"""Modules: reading an entry file and everything it imports.

Expects a path. Ensures that every module is read once, that imports stay inside the project root (links resolved),
form no cycle and match their pins, in the source and in the project's lock, and that the standard library is found in
the package. Diagnostics of all files are collected. A name that failed (its import, its declaration, or being given
twice) is broken in its module: whatever else is found because of it is a consequence, and stays quiet.
"""

from __future__ import annotations

import os
import re
import shlex
import stat
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from importlib.resources import files
from pathlib import Path

from cyclspec.language.canonical.hashes import module_hash
from cyclspec.language.diagnostics import Diagnostic, Findings, Label
from cyclspec.language.diagnostics.base import Edit
from cyclspec.language.diagnostics.cy00_syntax import SourceUnreadable, TooLarge
from cyclspec.language.diagnostics.cy01_names import (
    Duplicate,
    ImportCycle,
    ImportRefused,
    PinMismatch,
    UnknownName,
    VersionWithoutMeaning,
)
from cyclspec.language.diagnostics.mend import Mend, write
from cyclspec.language.names.files import file_meant, path_meant
from cyclspec.language.names.lock import FILE, Lock, key_in, lock_of
from cyclspec.language.names.suggest import did_you_mean, sparing, suggest
from cyclspec.language.spans import Source, Span, with_plain_ends
from cyclspec.language.syntax import tree as t
from cyclspec.language.syntax.escapes import bad_escapes
from cyclspec.language.syntax.parse import MAX_CHARACTERS, parse

STD_VERSION = "1"
MAX_MODULES = 200
_HALF = re.compile("[\ud800-\udfff]")
"""Half of a character: an editor can hold one, and no file can."""

ABSENT = "does not exist"


@dataclass(frozen=True, slots=True)
class Module:
    """One parsed module.

    `key` is its real path or `std.name`; `aliases` and `imported` map names to the keys of other modules; `broken` are
    names that stand for nothing, for a reason that was told.
    """

    key: str
    folder: Path
    source: Source
    tree: t.Module
    hash: str
    aliases: Mapping[str, str]
    imported: Mapping[str, str]
    decls: Mapping[str, t.Decl]
    broken: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Sealed:
    """Where a program came in a pack: all that it may read lies in `folder`.

    `elsewhere` says of files that did not travel, by their paths, what they are.
    """

    folder: Path
    elsewhere: Mapping[Path, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Program:
    """An entry module with everything it reaches, by key, and the lock of its project."""

    entry: str
    modules: Mapping[str, Module]
    root: Path
    lock: Lock = field(default_factory=Lock)
    sealed: Sealed | None = None

    @property
    def main(self) -> Module:
        return self.modules[self.entry]

    def without(self, names: Iterable[str]) -> Program:
        """The same program, with more names that are broken in its entry module."""
        main = replace(self.main, broken=self.main.broken.union(names))
        return replace(self, modules={**self.modules, self.entry: main})

    def accepting(self, key: str) -> str:
        """The command that takes a change of what the lock has under a key."""
        return accepting(self.main.source.name, key)


def accepting(entry: str, key: str) -> str:
    """The command by which the lock of a spec takes the change of one of its pins."""
    return f"`cyclspec lock {shlex.quote(entry)}` shows what changed; `--accept {shlex.quote(key)}` takes it"


def module_key(module: Module, root: Path) -> str:
    """How a lock names a module."""
    return module.key if module.key.startswith("std.") else key_in(root, Path(module.key))


def project_root(entry: Path) -> Path:
    """The nearest folder above with a `cycl.lock`, else with a `pyproject.toml`, else the file's own folder."""
    folder = entry.resolve().parent
    for marker in (FILE, "pyproject.toml"):
        for candidate in (folder, *folder.parents):
            if (candidate / marker).is_file():
                return candidate
    return folder


def read_source(path: Path, name: str) -> Source | Diagnostic:
    """The text of a source file; its name is how people are shown it."""
    try:
        status = os.stat(path)
        if not stat.S_ISREG(status.st_mode):
            return SourceUnreadable(file=name, problem="is not a plain file", place=name)
        if status.st_size > 4 * MAX_CHARACTERS:
            return TooLarge(what=f"`{name}`", limit=f"{4 * MAX_CHARACTERS >> 20} MiB", place=name)
        data = path.read_bytes()
    except FileNotFoundError:
        return SourceUnreadable(file=name, problem=ABSENT, place=name)
    except OSError as error:
        return SourceUnreadable(file=name, problem=f"cannot be read: {error.strerror}", place=name)
    try:
        return Source(name, with_plain_ends(data.decode("utf-8-sig")))
    except UnicodeDecodeError as error:
        return _no_text(name, data.count(b"\n", 0, error.start) + 1)


def _no_text(name: str, line: int) -> SourceUnreadable:
    helps = ("save the file as UTF-8",)
    return SourceUnreadable(file=name, problem="is not UTF-8", place=f"{name}, line {line}", helps=helps)


@dataclass(slots=True)
class _Loader:
    root: Path
    findings: Findings
    texts: Mapping[Path, str]
    lock: Lock
    entry: str
    modules: dict[str, Module] = field(default_factory=dict)
    open: list[str] = field(default_factory=list)
    told: set[str] = field(default_factory=set)

    def load(self, key: str, path: Path, name: str, asked: t.Import | None) -> Module | None:
        if key in self.modules:
            return self.modules[key]
        if key in self.open:
            assert asked is not None
            self.findings.add(ImportCycle(span=asked.span, path=name))
            return None
        if len(self.modules) + len(self.open) >= MAX_MODULES:
            self.findings.add(TooLarge(what="the number of modules", limit=str(MAX_MODULES), place=name))
            return None
        source = self._source(path, name)
        if isinstance(source, Diagnostic):
            self.findings.add(self._unreadable(source, path, asked))
            return None
        parsed = parse(source)
        for diagnostic in parsed.diagnostics:
            self.findings.add(diagnostic)
        tree = parsed.module or parsed.rest
        if tree is None:
            return None
        self.open.append(key)
        module = self._link(key, path, source, tree, parsed.broken)
        self.open.pop()
        self.modules[key] = module
        return module

    def _source(self, path: Path, name: str) -> Source | Diagnostic:
        text = self.texts.get(path)
        if text is None:
            return read_source(path, name)
        half = _HALF.search(text)
        if half is not None:
            return _no_text(name, text.count("\n", 0, half.start()) + 1)
        return Source(name, with_plain_ends(text.removeprefix("\ufeff")))

    def _unreadable(self, diagnostic: Diagnostic, path: Path, asked: t.Import | None) -> Diagnostic:
        if not isinstance(diagnostic, SourceUnreadable):
            return diagnostic
        if asked is None:
            meant = path_meant(diagnostic.file, path) if diagnostic.problem == ABSENT else ""
            return replace(diagnostic, helps=(f"did you mean `{meant}`?",)) if meant else diagnostic
        mend = Mend(diagnostic.helps)
        if diagnostic.problem == ABSENT and not isinstance(asked, t.ImportStd):
            mend = file_meant(asked, path, Path(self.open[-1]).parent)
        return SourceUnreadable(
            span=_path_span(asked), file=diagnostic.file, problem=diagnostic.problem, **mend._asdict()
        )

    def _link(self, key: str, path: Path, source: Source, tree: t.Module, failed: Iterable[str]) -> Module:
        aliases: dict[str, str] = {}
        imported: dict[str, str] = {}
        broken = set(failed)
        decls, again = self._declare(tree, broken)
        taken = {name: decl.name for name, decl in decls.items()}
        for asked in tree.imports:
            target = self._resolve(path, source.name, asked)
            self._check_free(asked, taken, broken)
            if target is None:
                broken.update(ident.name for ident in _names(asked))
                continue
            if not target.broken and self._fits_pins(asked, target):
                self._check_lock(asked, target)
            match asked:
                case t.ImportStd(alias=alias, module=parts):
                    aliases[str(alias or parts[-1])] = target.key
                case t.ImportFile(alias=alias):
                    aliases[alias.name] = target.key
                case t.ImportNames(names=names):
                    for ident in names:
                        self._import_name(ident, target, imported, broken)
        digest = module_hash(tree)
        whole = replace(tree, decls=(*decls.values(), *again))
        return Module(key, path.parent, source, whole, digest, aliases, imported, decls, frozenset(broken))

    def _check_free(self, asked: t.Import, taken: dict[str, t.Ident], broken: set[str]) -> None:
        """What an import is called must not be taken by a declaration or another import."""
        for ident in _names(asked):
            first = taken.setdefault(ident.name, ident)
            if first is ident:
                continue
            broken.add(ident.name)
            again, first = sorted((ident, first), key=lambda i: -i.span.start)
            self.findings.add(twice(again, first, "module"))

    def _import_name(
        self, ident: t.Ident, target: Module, imported: dict[str, str], broken: set[str]
    ) -> None:
        if ident.name in target.broken:
            broken.add(ident.name)
            return
        if ident.name not in target.decls or ident.name.startswith("_"):
            public = [name for name in target.decls if not name.startswith("_")]
            broken.update((ident.name, *suggest(ident.name, public)))
            helps = did_you_mean(ident.name, public)
            where = f" in `{target.source.name}`"
            self.findings.add(
                UnknownName(span=ident.span, what="declaration", name=ident.name, where=where, helps=helps)
            )
            return
        imported[ident.name] = target.key

    def _declare(self, tree: t.Module, broken: set[str]) -> tuple[dict[str, t.Decl], list[t.Decl]]:
        """The declarations by name, and those whose name is taken: they are checked, and nothing can name them."""
        decls: dict[str, t.Decl] = {}
        again: list[t.Decl] = []
        for decl in tree.decls:
            first = decls.setdefault(decl.name.name, decl)
            if first is decl:
                continue
            broken.add(decl.name.name)
            self.findings.add(twice(decl.name, first.name, "module"))
            unsayable = replace(decl.name, name=f"{decl.name.name} ({len(again) + 2})")
            again.append(replace(decl, name=unsayable))
        return decls, again

    def _resolve(self, path: Path, name: str, asked: t.Import) -> Module | None:
        if isinstance(asked, t.ImportStd):
            return self._resolve_std(asked)
        text, at = asked.path.value, asked.path.span
        if any(bad_escapes(at.source.text, at.start, at.end)):
            return None
        try:
            target = (path.parent / text).resolve()
        except (OSError, RuntimeError, ValueError):
            problem = "it is no path of a file"
            self.findings.add(ImportRefused(span=asked.path.span, path=text, problem=problem))
            return None
        shown = os.path.normpath(os.path.join(os.path.dirname(name), text))
        if os.path.isabs(text) or not target.is_relative_to(self.root):
            problem = "it is outside of the project"
            notes = ("a project is the folder with a `cycl.lock` or a `pyproject.toml`",)
            helps = ("copy it into the project, with the files that it names",)
            span = asked.path.span
            self.findings.add(ImportRefused(span=span, path=text, problem=problem, notes=notes, helps=helps))
            return None
        return self.load(str(target), target, shown, asked)

    def _resolve_std(self, asked: t.ImportStd) -> Module | None:
        dotted = ".".join(ident.name for ident in asked.module)
        folder = Path(str(files("cyclspec").joinpath("specs", "std")))
        known = sorted(f"std.{p.stem}" for p in folder.glob("*.cycl"))
        if dotted not in known:
            helps = did_you_mean(dotted, known)
            span = asked.module[0].span.to(asked.module[-1].span)
            self.findings.add(UnknownName(span=span, what="module", name=dotted, helps=helps))
            return None
        return self.load(dotted, folder / f"{asked.module[-1].name}.cycl", dotted, asked)

    def _fits_pins(self, asked: t.Import, target: Module) -> bool:
        """Whether a module is the one that the pins of its import say; reports where it is not."""
        told = len(self.findings.errors)
        for pin in asked.pins:
            if pin.of == "hash" and not target.hash.startswith(pin.value.removeprefix("sha256:")):
                found = f"sha256:{target.hash[:12]}"
                helps = (f"if the change is meant, write `hash {found}`",)
                self.findings.add(PinMismatch(span=pin.span, found=found, helps=helps))
            if pin.of == "version" and isinstance(asked, t.ImportStd) and pin.value != STD_VERSION:
                mend = write(pin.span, f'"{STD_VERSION}"', f'version "{STD_VERSION}"')
                found = f"version {STD_VERSION}"
                self.findings.add(PinMismatch(span=pin.span, found=found, **mend._asdict()))
            if pin.of == "version" and not isinstance(asked, t.ImportStd):
                pinned, text = f"hash sha256:{target.hash[:12]}", pin.span.source.text
                whole = Span(pin.span.source, text.rindex(pin.of, 0, pin.span.start), pin.span.end)
                helps, edits = (f"pin it by what is in it: `{pinned}`",), (Edit(whole, pinned),)
                self.findings.add(VersionWithoutMeaning(span=pin.span, helps=helps, edits=edits))
        return len(self.findings.errors) == told

    def _check_lock(self, asked: t.Import, target: Module) -> None:
        """What the lock has of a module is told of once, at the first import."""
        key = module_key(target, self.root)
        pin = self.lock.modules.get(key)
        if pin is None or pin.sha256 == target.hash or key in self.told:
            return
        self.told.add(key)
        found = f"sha256:{target.hash[:12]}"
        label = f"`{FILE}` has sha256:{pin.sha256[:12]}, the module is now {found}"
        span, helps = _path_span(asked), (accepting(self.entry, key),)
        self.findings.add(PinMismatch(span=span, found=found, label=label, helps=helps))


def _names(asked: t.Import) -> tuple[t.Ident, ...]:
    """The names that an import gives to what it imports."""
    match asked:
        case t.ImportStd(alias=alias, module=parts):
            return (alias or parts[-1],)
        case t.ImportFile(alias=alias):
            return (alias,)
        case t.ImportNames(names=names):
            return names


def _path_span(asked: t.Import) -> Span:
    return asked.span if isinstance(asked, t.ImportStd) else asked.path.span


def twice(again: t.Ident, first: t.Ident, where: str, helps: tuple[str, ...] = ()) -> Diagnostic:
    """The diagnostic for a name that is given twice in one place."""
    also = (Label(first.span, "first given here"),)
    return Duplicate(span=again.span, name=again.name, where=where, also=also, helps=helps)


def declared_twice(name: t.Ident, what: str, here: Module, first: Module) -> Diagnostic:
    """The diagnostic for a corpus, a panel or a target that another module declares by the same name."""
    notes = (f"`{first.source.name}` declares a {what} of that name too, and results know it by its name",)
    other = re.sub(r"\W+", "_", Path(here.source.name).stem)
    helps = (f"name one of them otherwise: `{what} {name.name}_of_{other}`",)
    return Duplicate(span=name.span, name=name.name, where="audit and its imports", notes=notes, helps=helps)


def _locked(root: Path, findings: Findings) -> Lock:
    """The lock of a project; one that cannot be read is reported, and locks nothing."""
    lock = lock_of(root)
    if isinstance(lock, Lock):
        return lock
    findings.add(lock)
    return Lock()


@sparing()
def load_program(
    entry: Path,
    findings: Findings,
    texts: Mapping[Path, str] | None = None,
    *,
    partial: bool = False,
    name: str | None = None,
    lock: Lock | None = None,
    sealed: Sealed | None = None,
) -> Program | None:
    """The program of an entry file, or None with the reasons in `findings`.

    `texts` stand for files, by resolved path: what an editor holds and has not saved. A `partial` program is returned
    wherever the entry file itself parses, with the imports that could be read. `name` is how people are shown the entry
    file. `lock` stands for the one of the project; `sealed` is given where the file came in a pack.
    """
    root = project_root(entry)
    shown = name or str(entry)
    held = _locked(root, findings) if lock is None else lock
    loader = _Loader(root, findings, texts or {}, held, shown)
    main = loader.load(str(entry.resolve()), entry.resolve(), shown, None)
    if main is None or (findings.errors and not partial):
        return None
    return Program(main.key, loader.modules, root, held, sealed)
