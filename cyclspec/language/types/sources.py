"""Where the levels of an `each` come from: tables, vocabularies, panels, targets, lists and ranges, list columns.

Expects the declarations of every module. Ensures that the names an `each` binds are those that its source has, and
that the levels are known before any model is called. Sources that are written as calls are in `draws`.
"""

from __future__ import annotations

from dataclasses import dataclass

from cyclspec.language.diagnostics.base import Edit
from cyclspec.language.diagnostics.cy01_names import Duplicate, UnknownName
from cyclspec.language.diagnostics.cy02_types import WrongType
from cyclspec.language.diagnostics.cy03_axes import AxisNameTaken
from cyclspec.language.diagnostics.wording import article
from cyclspec.language.names.modules import twice
from cyclspec.language.names.suggest import did_you_mean
from cyclspec.language.syntax import tree as t
from cyclspec.language.types import kinds as k
from cyclspec.language.types import meant
from cyclspec.language.types import terms as h
from cyclspec.language.types import typed as d
from cyclspec.language.types.context import Symbol
from cyclspec.language.types.panels import level_name
from cyclspec.language.types.renaming import renamed_axis
from cyclspec.language.types.scope import Scope, dotted_parts, failed, key_of

MAX_VALUES = 1_000_000
_LONGEST_LANGUAGE = 3


@dataclass(frozen=True, slots=True)
class Found:
    """A source, the kinds of the names it binds, and the axes that they depend on.

    `drawn` where the source gives a value in each cell of `on` and no axis of its own.
    """

    source: d.AxisSource
    kinds: tuple[k.Kind, ...]
    phase: k.Phase
    on: tuple[str, ...] = ()
    drawn: bool = False


@dataclass(frozen=True, slots=True)
class Wanted:
    """The names that an `each` binds and the source it gives them; `free` where the source does not say the names."""

    names: tuple[t.Ident, ...]
    node: t.Expr
    free: bool = False


def declared(scope: Scope, parts: tuple[str, ...]) -> tuple[Symbol, t.Decl, tuple[str, ...]] | None:
    """The declaration that a path means as a source; None where it begins with an axis or with nothing known."""
    found = scope.ctx.resolve_dotted(scope.module, parts)
    return None if found is None or (parts[0] in scope.locals and not _is_whole(found)) else found


def _is_whole(found: tuple[Symbol, t.Decl, tuple[str, ...]]) -> bool:
    """Whether a path names a declaration or a table to its end, so that an axis of its first name is not meant."""
    _, decl, rest = found
    tables = {table.name.name for table in decl.tables} if isinstance(decl, t.Corpus) else set()
    return not rest or rest[0] in tables


def begins_with_an_axis(scope: Scope, parts: tuple[str, ...]) -> bool:
    """Whether a path is that of a value, `case.rewordings`, and not that of a declaration."""
    found = scope.ctx.resolve_dotted(scope.module, parts)
    return len(parts) > 1 and (found is None or not _is_whole(found))


def plain_source(scope: Scope, wanted: Wanted) -> Found | None:
    """A source that is a name, a path, a list or a range; None after reporting."""
    parts = dotted_parts(wanted.node)
    if parts is not None and parts[0] in scope.broken:
        return None
    if parts is not None and parts[0] in scope.locals and declared(scope, parts) is None:
        return _entries(scope, wanted)
    if parts is not None:
        made = _declaration(scope, wanted, parts)
        if made is not None:
            return made[0]
    return _values(scope, wanted)


def _declaration(scope: Scope, wanted: Wanted, parts: tuple[str, ...]) -> tuple[Found | None] | None:
    """A table, vocabulary, panel or target; None where the path names none of them."""
    found = declared(scope, parts)
    if found is None:
        if parts[0] in scope.module.aliases or len(parts) == 1:
            _report_unknown(scope, wanted, parts)
            return (None,)
        return None
    symbol, decl, rest = found
    if not isinstance(decl, t.Param):
        scope.ctx.means(wanted.node.span, symbol, rest)
    match decl:
        case t.Corpus() if len(rest) == 1:
            return (_table(scope, wanted, f"{decl.name.name}.{rest[0]}", decl, rest[0]),)
        case t.VocabularyDecl() if not rest:
            return (_vocabulary(scope, wanted, symbol),)
        case t.Panel() if not rest:
            return (_panel(scope, wanted, scope.ctx.panels.get(decl.name.name)),)
        case t.Target() if not rest:
            return (_target(scope, wanted, scope.ctx.targets.get(decl.name.name)),)
        case t.Param() if not rest:
            return None
    not_a_source(scope, wanted, f"{article(decl.kind)} {decl.kind}")
    return (None,)


def _report_unknown(scope: Scope, wanted: Wanted, parts: tuple[str, ...]) -> None:
    alias = parts[0] in scope.module.aliases and len(parts) > 1
    names = scope.ctx.public(scope.module, parts[0]) if alias else scope.ctx.names(scope.module)
    name = parts[1] if alias else parts[0]
    where = f" in `{scope.ctx.module(scope.module.aliases[parts[0]]).source.name}`" if alias else ""
    span = wanted.node.span
    scope.report(
        UnknownName(span=span, what="source", name=name, where=where, helps=did_you_mean(name, names))
    )


def not_a_source(scope: Scope, wanted: Wanted, found: str) -> None:
    """Reports a source that has no levels."""
    expected = "a table, an axis, a panel, a target, a list or a range"
    mend = meant.range_meant(wanted.node)
    scope.report(
        WrongType(span=wanted.node.span, what="this source", expected=expected, found=found, **mend._asdict())
    )


def _refuse_texts(scope: Scope, wanted: Wanted) -> None:
    """Reports texts in several languages, none of which is the name of its level."""
    name = wanted.names[0].name
    helps = (f'declare levels that have them as labels: `axis {name} : nominal {{ first {{en: "..."}} }}`',)
    expected, found = "levels with names", "a list of texts in several languages"
    span = wanted.node.span
    scope.report(WrongType(span=span, what="this source", expected=expected, found=found, helps=helps))


def names_are(scope: Scope, wanted: Wanted, known: tuple[str, ...], what: str, *, because: str = "") -> bool:
    """Whether the bound names are exactly those that the source has; `because` says why it has them."""
    given = tuple(ident.name for ident in wanted.names)
    if wanted.free or (set(given) == set(known) and len(given) == len(known)):
        return True
    first = next((i for i in wanted.names if i.name not in known), wanted.names[0])
    helps = (f"write `each {', '.join(known)} in {wanted.node.span.text}`",)
    notes = (because or f"{what} has {', '.join(known)}",)
    edits = _renamed(scope, wanted.names, known)
    scope.report(AxisNameTaken(span=first.span, axis=first.name, notes=notes, helps=helps, edits=edits))
    return False


def _renamed(scope: Scope, names: tuple[t.Ident, ...], known: tuple[str, ...]) -> tuple[Edit, ...]:
    """The edits that bind the names that a source has: one that is called otherwise, or those that are left out."""
    given = {ident.name for ident in names}
    others, lacking = given.difference(known), set(known) - given
    if len(others) == len(lacking) == 1 and len(names) == len(known):
        other = next(ident for ident in names if ident.name in others)
        return renamed_axis(scope, other, lacking.pop())
    return () if others else (Edit(names[0].span.to(names[-1].span), ", ".join(known)),)


def one_name(scope: Scope, wanted: Wanted) -> bool:
    """Whether one name is bound, where the source has one value in each cell."""
    if len(wanted.names) == 1:
        return True
    not_a_source(scope, wanted, "one value for several names")
    return False


def table_rows(scope: Scope, wanted: Wanted, parts: tuple[str, ...]) -> str | None:
    """The table that a path names and whose key the `each` binds; None after reporting."""
    found = declared(scope, parts)
    if found is None or not isinstance(found[1], t.Corpus) or len(found[2]) != 1:
        what, text = "a table of a corpus", wanted.node.span.text
        scope.report(WrongType(span=wanted.node.span, what="this source", expected=what, found=text))
        return None
    corpus, short = found[1], found[2][0]
    scope.ctx.means(wanted.node.span, found[0], found[2])
    made = _table(scope, wanted, f"{corpus.name.name}.{short}", corpus, short)
    return None if made is None else f"{corpus.name.name}.{short}"


def _table(scope: Scope, wanted: Wanted, name: str, corpus: t.Corpus, short: str) -> Found | None:
    keys = tuple(key_of(scope.ctx, name))
    if not keys:
        known = [f"{table.name.name}" for table in corpus.tables]
        helps = did_you_mean(short, known) if short not in known else ("give the table a `key` column",)
        what = "table" if short not in known else "table with a key"
        where = f" in `{corpus.name.name}`"
        scope.report(UnknownName(span=wanted.node.span, what=what, name=short, where=where, helps=helps))
        return None
    because = (
        f"the rows of `{name}` are an axis named by their key, `{keys[0]}`, where answers and people meet"
    )
    if not names_are(scope, wanted, keys, f"`{name}`", because=because):
        return None
    return Found(d.TableSource(name), (k.Row(name),), k.Phase.DATA)


def _vocabulary(scope: Scope, wanted: Wanted, symbol: Symbol) -> Found | None:
    vocabulary = scope.ctx.vocabularies[symbol]
    if len(wanted.names) != 1:
        names_are(scope, wanted, (vocabulary.name,), f"`{vocabulary.name}`")
        return None
    return Found(d.VocabularySource(vocabulary), (k.Of(vocabulary),), k.Phase.STATIC)


def _panel(scope: Scope, wanted: Wanted, panel: d.TypedPanel | None) -> Found | None:
    if panel is None:
        return None
    if len(wanted.names) == 1 and wanted.names[0].name not in {f.name for f in panel.factors}:
        return Found(d.PanelSource(panel.name), (k.ModelKind(panel.name),), k.Phase.STATIC)
    factors = {factor.name: factor for factor in panel.factors}
    if not names_are(scope, wanted, tuple(factors), f"panel `{panel.name}`"):
        return None
    _one_model_each(scope, wanted, panel)
    kinds = tuple(k.Of(factors[ident.name]) for ident in wanted.names)
    return Found(d.PanelSource(panel.name), kinds, k.Phase.STATIC)


def _one_model_each(scope: Scope, wanted: Wanted, panel: d.TypedPanel) -> None:
    """Reports two models with the same factors: a cell of the factors has room for one."""
    first: dict[tuple[tuple[str, str], ...], str] = {}
    for model in panel.models:
        if len(model.factors) < len(panel.factors):
            continue
        combination = tuple((name, level_name(level)) for name, level in model.factors.items())
        other = first.setdefault(combination, model.name)
        if other != model.name:
            scope.report(
                Duplicate(
                    span=wanted.node.span,
                    name=", ".join(f"{name} = {level}" for name, level in combination),
                    where="panel",
                    label=f"of `{other}` and of `{model.name}`",
                    notes=("an axis of factors has one model in each cell",),
                    helps=(
                        "tell them apart by one more factor",
                        f"or write `each model in {wanted.node.span.text}`",
                    ),
                )
            )


def _target(scope: Scope, wanted: Wanted, target: d.TypedTarget | None) -> Found | None:
    if target is None or not names_are(scope, wanted, target.axes, f"target `{target.name}`"):
        return None
    columns = {c.name: c.kind for c in scope.ctx.tables[target.people].columns}
    kinds = tuple(columns.get(ident.name, k.Unknown()) for ident in wanted.names)
    return Found(d.TargetSource(target.name), kinds, k.Phase.DATA)


def _entries(scope: Scope, wanted: Wanted) -> Found | None:
    """The entries of a list column of a row, an axis that depends on the row's."""
    term = scope.infer(wanted.node)
    if failed(term) or not one_name(scope, wanted):
        return None
    if isinstance(term, h.AttributeTerm) and isinstance(term.type.kind, k.ListOf):
        owner = scope.locals[term.axis]
        if isinstance(owner, h.AxisTerm) and isinstance(owner.type.kind, k.Row):
            source = d.ChildSource(parent=term.axis, table=owner.type.kind.table, column=term.attribute)
            return Found(source, (term.type.kind.of,), k.Phase.DATA, (term.axis,))
    not_a_source(scope, wanted, k.kind_text(term.type.kind))
    return None


def _levels_meant(scope: Scope, wanted: Wanted, node: t.List) -> bool:
    """Whether bare words that are too long for languages are levels of one axis; reports that they are."""
    words = [item.span.text for item in node.items]
    if all(len(word) <= _LONGEST_LANGUAGE for word in words) or any(map(scope.knows, words)):
        return False
    symbols = (
        s for s, v in scope.ctx.vocabularies.items() if all(v.level(word) is not None for word in words)
    )
    paths = [path for symbol in symbols if (path := scope.ctx.path_to(scope.module, symbol)) is not None]
    if len(paths) != 1:
        return False
    name, text = wanted.names[0].name, node.span.source.text
    help_ = f"write `each {name} in {paths[0]} where {name} in {node.span.text}`"
    edit = Edit(node.span, f"{paths[0]} where {name} in {node.span.text}")
    has_condition = text[node.span.end :].lstrip().startswith("where")
    expected, found = "an axis", "a list of its levels"
    edits = () if has_condition else (edit,)
    told = WrongType(
        span=node.span, what="this source", expected=expected, found=found, helps=(help_,), edits=edits
    )
    scope.report(told)
    return True


def _values(scope: Scope, wanted: Wanted) -> Found | None:
    """A list or a range of plain values."""
    if not one_name(scope, wanted):
        return None
    only_words = isinstance(wanted.node, t.List) and all(
        isinstance(i.value, t.Name) for i in wanted.node.items
    )
    if isinstance(wanted.node, t.List) and only_words and _levels_meant(scope, wanted, wanted.node):
        return None
    term = scope.infer(wanted.node, k.ListOf(k.Lang()) if only_words else None)
    if failed(term):
        return None
    match term:
        case h.RangeTerm(low=low, high=high) if high is not None and float(low).is_integer():
            if high - low >= MAX_VALUES:
                not_a_source(scope, wanted, f"a range of {high - low:.0f} values")
                return None
            values: tuple[str | int | float, ...] = tuple(range(int(low), int(high) + 1))
            return Found(d.ValuesSource(values), (k.Number(whole=True),), k.Phase.STATIC)
        case h.ListTerm(items=items) if items:
            return _list(scope, wanted, items)
    empty = isinstance(term, h.ListTerm) and not term.items
    not_a_source(scope, wanted, "an empty list" if empty else k.kind_text(term.type.kind))
    return None


def _list(scope: Scope, wanted: Wanted, items: tuple[h.Term, ...]) -> Found | None:
    values: list[str | int | float] = []
    for item in items:
        match item:
            case h.LevelTerm(level=level):
                values.append(level)
            case h.Literal_(value=str() | int() | float() as value):
                values.append(value)
            case h.TextsTerm():
                _refuse_texts(scope, wanted)
                return None
            case _:
                not_a_source(scope, wanted, "a list of expressions")
                return None
    places: dict[str | int | float, h.Term] = {}
    for value, item in zip(values, items, strict=True):
        first = places.setdefault(value, item)
        if first is not item:
            if not isinstance(item, h.LevelTerm):  # a name that stands twice was told of before
                again = t.Ident(span=item.span, name=str(value))
                scope.report(twice(again, t.Ident(span=first.span, name=str(value)), "list"))
            return None
    return Found(d.ValuesSource(tuple(values)), (items[0].type.kind,), k.Phase.STATIC)
