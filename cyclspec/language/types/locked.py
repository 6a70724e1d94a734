"""What `--locked` refuses: whatever a spec reaches and neither it nor the lock of its project pins by its content.

Expects a checked program. Ensures one diagnostic for each import, table and model without a pin, in any module that the
project owns: the standard library is pinned by its version, and its own imports and the demo model by the package.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Container, Iterable, Iterator
from typing import assert_never

from cyclspec.language.diagnostics import Diagnostic
from cyclspec.language.diagnostics.cy01_names import Unpinned
from cyclspec.language.names.modules import STD_VERSION, Module, Program, module_key
from cyclspec.language.syntax import tree as t
from cyclspec.language.types.context import Context
from cyclspec.language.types.typed import TypedModel

_SHORT = 12
_COMMIT = re.compile(r"[0-9a-f]{7,40}")
_FILE_HELP = "add `hash = sha256:...`, the digest that `sha256sum` prints for the file"


def unpinned(ctx: Context, tables: Container[str], models: Iterable[TypedModel]) -> Iterator[Diagnostic]:
    """Every import of the project that nothing pins, and every one of some tables and models.

    `tables` are the names of those that audits read, `models` those that they ask.
    """
    program = ctx.program
    lock = f"or run `cyclspec lock {shlex.quote(program.main.source.name)}`"
    for module in program.modules.values():
        if module.key.startswith("std."):
            continue
        yield from _imports(program, module, lock)
        yield from _tables(ctx, module, tables, lock)
    yield from (_model(model, lock) for model in models if not _is_pinned(model))


def _imports(program: Program, module: Module, lock: str) -> Iterator[Diagnostic]:
    for asked in module.tree.imports:
        wanted = "version" if isinstance(asked, t.ImportStd) else "hash"
        if any(pin.of == wanted for pin in asked.pins):
            continue
        name, key = _named(module, asked)
        if key is None or module_key(program.modules[key], program.root) in program.lock.modules:
            continue
        pin = f'version "{STD_VERSION}"'
        if not isinstance(asked, t.ImportStd):
            pin = f"hash sha256:{program.modules[key].hash[:_SHORT]}"
        yield Unpinned(span=asked.span, name=name, wanted=f"a {wanted}", helps=(f"add `{pin}`", lock))


def _named(module: Module, asked: t.Import) -> tuple[str, str | None]:
    """What is imported, and the key of its module; None where the import itself failed."""
    match asked:
        case t.ImportStd(module=parts, alias=alias):
            return ".".join(part.name for part in parts), module.aliases.get(str(alias or parts[-1]))
        case t.ImportFile(path=path, alias=alias):
            return path.value, module.aliases.get(alias.name)
        case t.ImportNames(path=path, names=names):
            return path.value, module.imported.get(names[0].name)
        case _:
            assert_never(asked)


def _tables(ctx: Context, module: Module, used: Container[str], lock: str) -> Iterator[Diagnostic]:
    for decl in module.tree.decls:
        for table in decl.tables if isinstance(decl, t.Corpus) else ():
            name = f"{decl.name.name}.{table.name.name}"
            given = {field.name.name: field for field in table.fields}
            found = ctx.tables.get(name)
            locked = found is not None and found.locked is not None
            if name in used and "source" in given and "hash" not in given and not locked:
                span, helps = given["source"].span, (_FILE_HELP, lock)
                yield Unpinned(span=span, name=name, wanted="a `hash`", helps=helps)


def _is_pinned(model: TypedModel) -> bool:
    """Whether a model is told by a commit, by its digests, by the package, or by the table that holds its answers."""
    by_commit = model.source == "hf" and _COMMIT.fullmatch(model.revision or "") is not None
    return model.locked is not None or by_commit or model.source in ("demo", "recorded")


def _model(model: TypedModel, lock: str) -> Diagnostic:
    helps: tuple[str, ...] = (lock.removeprefix("or "),)
    if model.source == "hf":
        helps = ('add `revision = "..."`, the commit that the hub shows', lock)
    notes = (
        ("who hosts a model can change it, and nothing here would tell",) if model.source == "openai" else ()
    )
    return Unpinned(
        span=model.span,
        name=model.name,
        wanted="a commit or a digest",
        notes=notes,
        helps=() if notes else helps,
    )
