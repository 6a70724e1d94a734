"""The corpora of a program, whether an audit reaches them or not: which are meant, what is in them, what is amiss.

Expects a checked program. Ensures that only the tables that are asked for are opened.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from cyclspec.language.diagnostics import Diagnostic, SpecError
from cyclspec.language.diagnostics.cy01_names import UnknownName
from cyclspec.language.diagnostics.cy07_corpora import CorpusAbsent
from cyclspec.language.names.suggest import did_you_mean
from cyclspec.language.syntax import tree as t
from cyclspec.language.types.context import Context
from cyclspec.language.types.kinds import Of

if TYPE_CHECKING:
    from cyclspec.compiler.data.loaded import LoadedTable
    from cyclspec.compiler.description.facts import CorpusFacts
    from cyclspec.compiler.description.findings import Limits


def chosen(context: Context, name: str | None) -> tuple[t.Corpus, ...]:
    """The corpus of that name; else those of the entry module, else all that it imports. Raises `SpecError`."""
    known = {decl.name.name: (module, decl) for module, decl in context.declarations(t.Corpus)}
    _require(context, "corpus", name, known)
    own = [decl for module, decl in known.values() if module.key == context.program.entry]
    found = [known[name][1]] if name is not None else own or [decl for _, decl in known.values()]
    if not found:
        place = context.program.main.source.name
        helps = ("declare `corpus NAME { .. }`, or import a file that does",)
        raise SpecError([CorpusAbsent(file=Path(place).name, place=place, helps=helps)])
    return tuple(decl for decl in found if isinstance(decl, t.Corpus))


def describe(
    context: Context,
    *,
    corpus: str | None = None,
    target: str | None = None,
    within: str | None = None,
    min_n: int | None = None,
) -> tuple[CorpusFacts, ...]:
    """What is in the corpora of a program; weights should average one in each level of `within` (`country`).

    Raises `SpecError` for names that there are not, and for refused data.
    """
    from cyclspec.compiler.description import describe as facts

    _require(context, "target", target, context.targets)
    columns = {c.name for t in context.tables.values() for c in t.columns if isinstance(c.kind, Of)}
    _require(context, "axis", within, sorted(columns))
    scope = facts.Scope(target, within or facts.WITHIN, min_n)
    return tuple(facts.describe(context, found, scope) for found in chosen(context, corpus))


def _require(context: Context, what: str, name: str | None, known: Iterable[str]) -> None:
    """Refuses a name that was given and is none of those that there are."""
    if name is None or name in known:
        return
    helps, place = did_you_mean(name, known), context.program.main.source.name
    where = f" in `{place}`"
    raise SpecError([UnknownName(what=what, name=name, where=where, place=place, helps=helps)])


def findings(context: Context, found: tuple[CorpusFacts, ...], limits: Limits) -> tuple[Diagnostic, ...]:
    """What is amiss in described corpora, corpus by corpus."""
    from cyclspec.compiler.description import findings as amiss

    return tuple(dict.fromkeys(one for facts in found for one in amiss.findings(facts, context, limits)))


def opened(context: Context, known: Collection[str] = ()) -> Mapping[str, LoadedTable]:
    """Opens and checks the tables that the entry module itself declares, whether an audit reaches them or not.

    Tables in `known` are left out where no other table refers to them.
    """
    from cyclspec.compiler.plan.sources import open_tables, with_pointed

    corpora = (decl for decl in context.program.main.tree.decls if isinstance(decl, t.Corpus))
    names = {f"{corpus.name.name}.{table.name.name}" for corpus in corpora for table in corpus.tables}
    return open_tables(context.tables, with_pointed(context.tables, names - set(known)))
