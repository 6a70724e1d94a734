"""What the audits of a file reach beyond its modules, and what `--locked` refuses of that.

Expects a checked spec. Opens no table; of files that are here and pinned it takes the digest, where that is asked for.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from cyclspec.compiler.data.files import changed_files
from cyclspec.compiler.plan.models import asked_models
from cyclspec.compiler.plan.sources import declared_table, tables_of
from cyclspec.language.diagnostics import Diagnostic
from cyclspec.language.diagnostics.cy01_names import PinMismatch
from cyclspec.language.types.context import Context
from cyclspec.language.types.locked import unpinned
from cyclspec.language.types.typed import TypedModel


def reached(context: Context) -> tuple[frozenset[str], Mapping[str, TypedModel]]:
    """The tables that the audits of a file read, and the models that they ask by `panel.model`; else all of them."""
    audits = tuple(context.audits.values())
    if not audits:
        panels = context.panels.values()
        every = {f"{panel.name}.{model.name}": model for panel in panels for model in panel.models}
        return frozenset(context.tables), every
    models = {".".join(key): model for audit in audits for key, model in asked_models(audit).items()}
    return frozenset(name for audit in audits for name in tables_of(audit)), models


def not_locked(context: Context) -> Iterator[Diagnostic]:
    """What `--locked` refuses beyond what any lock does. In a spec with errors, what it reaches is not known yet."""
    if any(not isinstance(error, PinMismatch) for error in context.findings.errors):
        yield from unpinned(context, (), ())
        return
    tables, models = reached(context)
    yield from unpinned(context, tables, models.values())
    yield from changed_files(declared_table(context.tables[name]) for name in sorted(tables))
