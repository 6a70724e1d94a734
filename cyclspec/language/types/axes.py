"""Pass 7a: the axes of an audit.

Ensures that every `each` has a source whose levels are known before any model is called, that names are free, and that
the condition on them needs nothing but data.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from cyclspec.language.diagnostics.cy01_names import UnknownName
from cyclspec.language.diagnostics.cy02_types import WrongType
from cyclspec.language.diagnostics.cy03_axes import AxisNameTaken, KnownTooLate
from cyclspec.language.names.modules import twice
from cyclspec.language.names.suggest import did_you_mean
from cyclspec.language.syntax import tree as t
from cyclspec.language.types import kinds as k
from cyclspec.language.types import terms as h
from cyclspec.language.types.context import Symbol
from cyclspec.language.types.expressions import infer, truth_of
from cyclspec.language.types.scope import Scope, dotted_parts, failed, key_of
from cyclspec.language.types.values import not_checked
from cyclspec.language.types.vocabularies import check_name

RESERVED_COLUMNS = frozenset(
    {
        "ask",
        "request",
        "options",
        "probs",
        "logprobs",
        "mass",
        "status",
        "reason",
        "measure",
        "value",
        "low",
        "high",
    }
    | {"floor", "unit", "n_used", "n_units", "n_missing", "withheld_by", "check", "passed", "because", "text"}
    | {"on_fail", "messages", "token_ids", "label_ids", "schema_version", "option", "value_unexcluded"}
)
Bound = list[tuple[str, k.Kind]]


@dataclass(frozen=True, slots=True)
class Found:
    """Where the levels of an `each` come from, and the kinds of the names it binds."""

    source: h.AxisSource
    kinds: tuple[k.Kind, ...]
    phase: k.Phase


def each_statement(
    scope: Scope, each: t.Each, taken: Mapping[str, t.Ident]
) -> tuple[h.TypedEach, Mapping[str, h.Term]] | None:
    """One `each` with the terms of the names it binds, or None after reporting."""
    for ident in each.names:
        _check_axis_name(scope, ident, taken)
    found = _source(scope, each)
    if found is None:
        return None
    terms: dict[str, h.Term] = {}
    for ident, kind in zip(each.names, found.kinds, strict=True):
        type_ = k.Type(kind, frozenset({ident.name}), found.phase)
        terms[ident.name] = h.AxisTerm(type=type_, span=ident.span, axis=ident.name)
    where = None if each.where is None else _condition(scope.with_locals(terms), each, each.where)
    names = tuple(ident.name for ident in each.names)
    return h.TypedEach(names=names, source=found.source, where=where, span=each.span), terms


def _check_axis_name(scope: Scope, ident: t.Ident, taken: Mapping[str, t.Ident]) -> None:
    check_name(scope.ctx, ident)
    if ident.name in taken:
        scope.report(twice(ident, taken[ident.name], "audit"))
    if ident.name in RESERVED_COLUMNS:
        notes = ("the results have a column of that name",)
        scope.report(AxisNameTaken(span=ident.span, axis=ident.name, notes=notes))


def _condition(scope: Scope, each: t.Each, where: t.Expr) -> h.Term | None:
    term = truth_of(scope, where)
    if failed(term):
        return None
    if term.type.phase is k.Phase.RESPONSE:
        scope.report(KnownTooLate(span=where.span))
        return None
    own = {ident.name for ident in each.names}
    others = term.type.axes - own
    if others:
        not_checked(scope, where.span, f"a condition that also depends on {', '.join(sorted(others))}")
        return None
    return term


def _source(scope: Scope, each: t.Each) -> Found | None:
    parts = dotted_parts(each.source)
    if parts is not None:
        declared = _declared_source(scope, each, parts)
        if declared is not None:
            return declared[0]
    if isinstance(each.source, t.Call) and isinstance(each.source.fn, t.Name):
        not_checked(scope, each.source.span, f"`each ... in {each.source.fn.name}(..)`")
        return None
    return _values(scope, each)


def _declared_source(scope: Scope, each: t.Each, parts: tuple[str, ...]) -> tuple[Found | None] | None:
    """A table, vocabulary, panel or target; None where the path names none of them."""
    found = scope.ctx.resolve_dotted(scope.module, parts)
    if parts[0] in scope.locals and (found is None or len(parts) > 1):
        not_checked(
            scope, each.source.span, f"`each ... in {'.'.join(parts)}`, an axis that depends on another,"
        )
        return (None,)
    if found is None:
        if parts[0] in scope.module.aliases or len(parts) == 1:
            _report_unknown(scope, each, parts)
            return (None,)
        return None
    symbol, decl, rest = found
    match decl:
        case t.Corpus() if len(rest) == 1:
            return (_table(scope, each, f"{decl.name.name}.{rest[0]}", decl, rest[0]),)
        case t.VocabularyDecl() if not rest:
            return (_vocabulary(scope, each, symbol),)
        case t.Panel() if not rest:
            return (_panel(scope, each, scope.ctx.panels.get(decl.name.name)),)
        case t.Target() if not rest:
            return (_target(scope, each, scope.ctx.targets.get(decl.name.name)),)
        case t.Param() if not rest:
            return None
    _not_a_source(scope, each, f"a {decl.kind}")
    return (None,)


def _report_unknown(scope: Scope, each: t.Each, parts: tuple[str, ...]) -> None:
    alias = parts[0] in scope.module.aliases and len(parts) > 1
    names = scope.ctx.public(scope.module, parts[0]) if alias else scope.ctx.names(scope.module)
    name = parts[1] if alias else parts[0]
    where = f" in `{scope.ctx.module(scope.module.aliases[parts[0]]).source.name}`" if alias else ""
    span = each.source.span
    scope.report(
        UnknownName(span=span, what="source", name=name, where=where, helps=did_you_mean(name, names))
    )


def _not_a_source(scope: Scope, each: t.Each, found: str) -> None:
    expected = "a table, an axis, a panel, a target, a list or a range"
    scope.report(WrongType(span=each.source.span, what="this source", expected=expected, found=found))


def _names_are(scope: Scope, each: t.Each, wanted: tuple[str, ...], what: str) -> bool:
    """Whether the bound names are exactly those that the source has."""
    given = tuple(ident.name for ident in each.names)
    if set(given) == set(wanted) and len(given) == len(wanted):
        return True
    first = next((i for i in each.names if i.name not in wanted), each.names[0])
    helps = (f"write `each {', '.join(wanted)} in {each.source.span.text}`",)
    notes = (f"{what} has {', '.join(wanted)}",)
    scope.report(AxisNameTaken(span=first.span, axis=first.name, notes=notes, helps=helps))
    return False


def _table(scope: Scope, each: t.Each, name: str, corpus: t.Corpus, short: str) -> Found | None:
    keys = tuple(key_of(scope.ctx, name))
    if not keys:
        known = [f"{table.name.name}" for table in corpus.tables]
        helps = did_you_mean(short, known) if short not in known else ("give the table a `key` column",)
        what = "table" if short not in known else "table with a key"
        where = f" in `{corpus.name.name}`"
        scope.report(UnknownName(span=each.source.span, what=what, name=short, where=where, helps=helps))
        return None
    if not _names_are(scope, each, keys, f"`{name}`"):
        return None
    return Found(h.TableSource(name), (k.Row(name),), k.Phase.DATA)


def _vocabulary(scope: Scope, each: t.Each, symbol: Symbol) -> Found | None:
    vocabulary = scope.ctx.vocabularies[symbol]
    if len(each.names) != 1:
        _names_are(scope, each, (vocabulary.name,), f"`{vocabulary.name}`")
        return None
    return Found(h.VocabularySource(vocabulary), (k.Of(vocabulary),), k.Phase.STATIC)


def _panel(scope: Scope, each: t.Each, panel: h.TypedPanel | None) -> Found | None:
    if panel is None:
        return None
    if len(each.names) == 1 and each.names[0].name not in {f.name for f in panel.factors}:
        return Found(h.PanelSource(panel.name), (k.ModelKind(panel.name),), k.Phase.STATIC)
    factors = {factor.name: factor for factor in panel.factors}
    if not _names_are(scope, each, tuple(factors), f"panel `{panel.name}`"):
        return None
    kinds = tuple(k.Of(factors[ident.name]) for ident in each.names)
    return Found(h.PanelSource(panel.name), kinds, k.Phase.STATIC)


def _target(scope: Scope, each: t.Each, target: h.TypedTarget | None) -> Found | None:
    if target is None or not _names_are(scope, each, target.axes, f"target `{target.name}`"):
        return None
    columns = {c.name: c.kind for c in scope.ctx.tables[target.people].columns}
    kinds = tuple(columns[ident.name] for ident in each.names)
    return Found(h.TargetSource(target.name), kinds, k.Phase.DATA)


def _values(scope: Scope, each: t.Each) -> Found | None:
    """A list or a range of plain values."""
    if len(each.names) != 1:
        _not_a_source(scope, each, "one value for several names")
        return None
    only_words = isinstance(each.source, t.List) and all(
        isinstance(i.value, t.Name) for i in each.source.items
    )
    term = infer(scope, each.source, k.ListOf(k.Lang()) if only_words else None)
    if failed(term):
        return None
    match term:
        case h.RangeTerm(low=low, high=high) if high is not None and float(low).is_integer():
            if high - low >= 1_000_000:
                _not_a_source(scope, each, f"a range of {high - low:.0f} values")
                return None
            values: tuple[str | int | float, ...] = tuple(range(int(low), int(high) + 1))
            return Found(h.ValuesSource(values), (k.Number(whole=True),), k.Phase.STATIC)
        case h.ListTerm(items=items) if items:
            return _list(scope, each, items)
    _not_a_source(scope, each, f"`{k.kind_text(term.type.kind)}`")
    return None


def _list(scope: Scope, each: t.Each, items: tuple[h.Term, ...]) -> Found | None:
    values: list[str | int | float] = []
    for item in items:
        match item:
            case h.LevelTerm(level=level):
                values.append(level)
            case h.Literal_(value=str() | int() | float() as value):
                values.append(value)
            case _:
                _not_a_source(scope, each, "a list of expressions")
                return None
    repeated = next((v for v in values if values.count(v) > 1), None)
    if repeated is not None:
        first = t.Ident(span=items[0].span, name=str(repeated))
        again = t.Ident(span=each.source.span, name=str(repeated))
        scope.report(twice(again, first, "list"))
        return None
    return Found(h.ValuesSource(tuple(values)), (items[0].type.kind,), k.Phase.STATIC)
