"""What `--locked` refuses: whatever a spec reaches and does not pin by its content.

Expects a program. Ensures one diagnostic for each import without a pin and each table without a hash, in any module
that the project owns: the standard library is pinned by its version, and its own imports by the package.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import assert_never

from cyclspec.language.diagnostics import Diagnostic
from cyclspec.language.diagnostics.cy01_names import Unpinned
from cyclspec.language.names.modules import STD_VERSION, Module, Program
from cyclspec.language.syntax import tree as t

_SHORT = 12


def unpinned(program: Program) -> Iterator[Diagnostic]:
    """Every import and table of the project that nothing pins, module by module."""
    for module in program.modules.values():
        if module.key.startswith("std."):
            continue
        yield from _imports(program, module)
        yield from _tables(module)


def _imports(program: Program, module: Module) -> Iterator[Diagnostic]:
    for asked in module.tree.imports:
        wanted = "version" if isinstance(asked, t.ImportStd) else "hash"
        if any(pin.of == wanted for pin in asked.pins):
            continue
        name, pin = _named(program, module, asked)
        if pin is not None:
            yield Unpinned(span=asked.span, name=name, wanted=f"a {wanted}", helps=(f"add `{pin}`",))


def _named(program: Program, module: Module, asked: t.Import) -> tuple[str, str | None]:
    """What is imported, and the pin that it should have."""
    match asked:
        case t.ImportStd(module=parts):
            return ".".join(part.name for part in parts), f'version "{STD_VERSION}"'
        case t.ImportFile(path=path, alias=alias):
            return path.value, _pin(program, module.aliases.get(alias.name))
        case t.ImportNames(path=path, names=names):
            return path.value, _pin(program, module.imported.get(names[0].name))
        case _:
            assert_never(asked)


def _pin(program: Program, key: str | None) -> str | None:
    """The pin of a module as it is; None where the import itself failed."""
    return None if key is None else f"hash sha256:{program.modules[key].hash[:_SHORT]}"


def _tables(module: Module) -> Iterator[Diagnostic]:
    for decl in module.tree.decls:
        for table in decl.tables if isinstance(decl, t.Corpus) else ():
            given = {field.name.name: field for field in table.fields}
            if "source" in given and "hash" not in given:
                name = f"{decl.name.name}.{table.name.name}"
                helps = ("add `hash = sha256:...`, the digest that `sha256sum` prints for the file",)
                yield Unpinned(span=given["source"].span, name=name, wanted="a `hash`", helps=helps)
