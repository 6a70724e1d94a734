"""Pass 8a: the axes of an audit.

Ensures that every `each` has a source whose levels are known before any model is called, that names are free, that
the condition on them needs nothing but data, and that an axis comes after those that its source or condition names.
Order of statements carries no meaning.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from cyclspec.language.diagnostics import Label
from cyclspec.language.diagnostics.cy01_names import UnknownName
from cyclspec.language.diagnostics.cy02_types import WrongArguments
from cyclspec.language.diagnostics.cy03_axes import AxisNameTaken, KnownTooLate
from cyclspec.language.diagnostics.cy06_bounds import Recursion
from cyclspec.language.names.modules import twice
from cyclspec.language.names.order import in_order
from cyclspec.language.names.suggest import did_you_mean
from cyclspec.language.syntax import tree as t
from cyclspec.language.syntax.walk import walk
from cyclspec.language.types import kinds as k
from cyclspec.language.types import meant
from cyclspec.language.types import terms as h
from cyclspec.language.types import typed as d
from cyclspec.language.types.draws import CONSTRUCTED, NAMING_AXES
from cyclspec.language.types.expressions import truth_of
from cyclspec.language.types.narrowing import narrowed
from cyclspec.language.types.references import value_names
from cyclspec.language.types.renaming import renamed_axis
from cyclspec.language.types.scope import Scope, dotted_parts, failed, key_of
from cyclspec.language.types.sources import Found, Wanted, begins_with_an_axis, plain_source
from cyclspec.language.types.subterms import subterms
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
    | {
        "floor",
        "unit",
        "null",
        "times_null",
        "p_value",
        "p_adjusted",
        "n_used",
        "n_clusters",
        "n_missing",
        "uniform",
        "others",
        "shuffled",
        "equal_n",
        "n_refused",
        "n_off_scale",
        "n_unreadable",
        "n_absent",
        "bound_low",
        "bound_high",
        "outside",
        "outside_most",
        "withheld_by",
        "error",
        "bias",
        "deff",
        "interval",
        "estimand",
        "draws",
        "test",
        "adjust",
        "warning",
        "check",
        "passed",
        "because",
        "text",
    }
    | {"on_fail", "messages", "token_ids", "label_ids", "schema_version", "option", "value_unexcluded"}
)


def axes_of(scope: Scope, decl: t.Audit) -> tuple[Scope, list[d.TypedEach]]:
    """The scope in which the names of every `each` stand, and the typed statements, each after what it depends on."""
    asked = frozenset(s.name.name for s in decl.statements if isinstance(s, t.Ask))
    eaches, cut = _in_dependence_order(scope, [s for s in decl.statements if isinstance(s, t.Each)])
    scope = replace(scope, broken=scope.broken | cut)
    taken: dict[str, t.Ident] = {}
    made: list[d.TypedEach] = []
    for statement in eaches:
        found = None if _knows_too_late(scope, statement, asked) else each_statement(scope, statement, taken)
        taken.update({ident.name: ident for ident in statement.names})
        if found is None:
            scope = replace(scope, broken=scope.broken | {ident.name for ident in statement.names})
            continue
        each, terms = found
        made.append(each)
        scope = _with(scope, statement, each, terms)
    return _without(scope, made, _given_twice(eaches))


def _given_twice(eaches: Sequence[t.Each]) -> frozenset[str]:
    names = [ident.name for each in eaches for ident in each.names]
    return frozenset(name for name in names if names.count(name) > 1)


def _without(
    scope: Scope, made: list[d.TypedEach], twice_: frozenset[str]
) -> tuple[Scope, list[d.TypedEach]]:
    """The axes without those that are given twice: neither of the two counts."""
    if not twice_:
        return scope, made
    locals_ = {name: term for name, term in scope.locals.items() if name not in twice_}
    kept = [each for each in made if twice_.isdisjoint(each.names)]
    return replace(scope, locals=locals_, broken=scope.broken | twice_), kept


def _with(scope: Scope, statement: t.Each, each: d.TypedEach, terms: Mapping[str, h.Term]) -> Scope:
    """The scope below one `each`."""
    axes = tuple(name for name in each.names if isinstance(terms[name], h.AxisTerm))
    refinements = scope.refinements
    inner = scope.with_locals(terms)
    if each.where is not None:
        refinements = narrowed(inner, frozenset(axes), each.where)
    parents = dict.fromkeys(axes, each.parents) if each.parents else {}
    return replace(
        inner,
        siblings={**scope.siblings, **dict.fromkeys(axes, each.names)},
        languages=_languages(scope, each),
        parents={**scope.parents, **parents},
        sources={**scope.sources, **dict.fromkeys(axes, statement.source.span)},
        refinements=refinements,
    )


def _languages(scope: Scope, each: d.TypedEach) -> Mapping[str, tuple[str | int | float, ...]]:
    match each.source:
        case d.ValuesSource(values) | d.DrawSource(source=d.ValuesSource(values)):
            return {**scope.languages, each.names[0]: values}
        case d.WavesSource(count=count):
            return {**scope.languages, each.names[0]: tuple(range(1, count + 1))}
        case d.ShuffledSource(axis) if axis in scope.languages:
            return {**scope.languages, each.names[0]: scope.languages[axis]}
    return scope.languages


# ---- dependence


def _in_dependence_order(scope: Scope, eaches: Sequence[t.Each]) -> tuple[list[t.Each], frozenset[str]]:
    """The statements, each after those it names; and the names of those that depend on themselves."""
    binds: dict[str, int] = {}
    for number, each in enumerate(eaches):
        for ident in each.names:
            binds.setdefault(ident.name, number)
    cut: set[str] = set()

    def uses(number: int) -> Iterator[tuple[int, t.Name]]:
        own = {ident.name for ident in eaches[number].names}
        for name in _axis_names(scope, eaches[number]):
            if name.name in binds and name.name not in own:
                yield binds[name.name], name

    def recursive(user: int, used: int, place: t.Name) -> None:
        name = eaches[user].names[0]
        also = (Label(name.span, f"in the `each` of `{name}`"),)
        notes = ("an axis comes after those that its source or its condition names",)
        scope.report(Recursion(span=place.span, name=place.name, user=name.name, also=also, notes=notes))
        cut.update(ident.name for ident in eaches[user].names)

    order = list(in_order(range(len(eaches)), uses, recursive))
    return [eaches[number] for number in order], frozenset(cut)


def _axis_names(scope: Scope, each: t.Each) -> Iterator[t.Name]:
    """The names in an `each` that may be axes: those of its condition, and those of its source."""
    if each.where is not None:
        yield from value_names(each.where)
        yield from _axes_of_data(scope, each.where)
    source = each.source
    if isinstance(source, t.Call):
        yield from _argument_names(source)
        return
    parts = dotted_parts(source)
    if parts is None or begins_with_an_axis(scope, parts):
        yield from value_names(source)


def _axes_of_data(scope: Scope, where: t.Expr) -> Iterator[t.Name]:
    """The axes by which the columns of tables are indexed that a condition names: `survey.shares.share`."""
    for node in walk(where):
        parts = dotted_parts(node) if isinstance(node, t.Dot) else None
        found = None if parts is None else scope.ctx.resolve_dotted(scope.module, parts)
        if found is None or not isinstance(found[1], t.Corpus) or len(found[2]) != 2:
            continue
        table = scope.ctx.tables.get(f"{found[1].name.name}.{found[2][0]}")
        for column in () if table is None else table.columns:
            match column.kind:
                case k.Ref(name):
                    yield from (t.Name(span=node.span, name=key) for key in key_of(scope.ctx, name))
                case k.Of():
                    yield t.Name(span=node.span, name=column.name)


def _argument_names(source: t.Call) -> Iterator[t.Name]:
    naming = NAMING_AXES.get(source.fn.span.text, ())
    for arg in source.args:
        if (arg.name.name if arg.name else "") in naming:
            yield from value_names(arg.value)


def _knows_too_late(scope: Scope, each: t.Each, asked: frozenset[str]) -> bool:
    """Whether a source or a condition names an ask, whose answers are known only after inference."""
    own = {ident.name for ident in each.names}
    nodes = (each.source,) if each.where is None else (each.source, each.where)
    for node in nodes:
        for name in value_names(node):
            known = name.name in own or name.name in scope.locals or name.name in scope.broken
            if name.name in asked and not known and scope.ctx.resolve(scope.module, name.name) is None:
                _too_late(scope, each, node)
                return True
    return False


def _too_late(scope: Scope, each: t.Each, node: t.Expr) -> None:
    axis = each.names[0].name
    helps = (f"keep the {axis} and filter in a measure: `mean over {axis} weighted by ...`",)
    scope.report(KnownTooLate(span=node.span, helps=helps))


# ---- one statement


def each_statement(
    scope: Scope, each: t.Each, taken: Mapping[str, t.Ident]
) -> tuple[d.TypedEach, Mapping[str, h.Term]] | None:
    """One `each` with the terms of the names it binds, or None after reporting."""
    for ident in each.names:
        _check_axis_name(scope, each, ident, taken)
    found = _source(scope, each)
    if found is None:
        return None
    parents = with_parents(scope, found.on)
    terms = {
        ident.name: _bound(ident, kind, found, parents)
        for ident, kind in zip(each.names, found.kinds, strict=True)
    }
    where: h.Term | None = None
    if each.where is not None:
        where = _condition(scope.with_locals(terms), each, each.where)
        if found.drawn and not _narrows_a_draw(scope, each, found, where):
            return None
    names = tuple(ident.name for ident in each.names)
    return d.TypedEach(names, found.source, where, each.span, parents), terms


def _narrows_a_draw(scope: Scope, each: t.Each, found: Found, where: h.Term | None) -> bool:
    """Whether a condition says which levels can be drawn: of these alone, not of the cells that draw them."""
    assert each.where is not None
    callee = each.source.span.text.split("(")[0]
    if isinstance(found.source, d.ShuffledSource):
        problem, helps = (
            "adds no axis, so nothing can be left out of it",
            ("leave it out of the axis itself",),
        )
    elif where is None or _names_alone(where, each.names[0].name):
        return True
    else:
        problem, helps = (
            "draws from the same levels in every cell",
            (f"name attributes of `{each.names[0].name}` alone",),
        )
    scope.report(WrongArguments(span=each.where.span, callee=callee, problem=problem, helps=helps))
    return False


def _names_alone(where: h.Term, name: str) -> bool:
    for part in subterms(where):
        match part:
            case h.AxisTerm(axis=axis) | h.AttributeTerm(axis=axis) if axis != name:
                return False
            case h.DrawnTerm(name=drawn) if drawn != name:
                return False
            case _:
                pass
    return True


def with_parents(scope: Scope, axes: Sequence[str]) -> tuple[str, ...]:
    """Axes with those that they depend on: whatever has a wording has its item too."""
    return tuple(dict.fromkeys(name for axis in axes for name in (axis, *scope.parents.get(axis, ()))))


def _bound(ident: t.Ident, kind: k.Kind, found: Found, parents: tuple[str, ...]) -> h.Term:
    if found.drawn:
        type_ = k.Type(kind, frozenset(parents), found.phase)
        return h.DrawnTerm(type=type_, span=ident.span, name=ident.name)
    type_ = k.Type(kind, frozenset({ident.name, *parents}), found.phase)
    return h.AxisTerm(type=type_, span=ident.span, axis=ident.name)


def _check_axis_name(scope: Scope, each: t.Each, ident: t.Ident, taken: Mapping[str, t.Ident]) -> None:
    check_name(scope.ctx, ident)
    name = ident.name
    if name in taken:
        keyed = any(name in key_of(scope.ctx, table) for table in scope.ctx.tables)
        rows = f"rows are an axis by their key: declare that of one table by another name, `{name}_2 : key`"
        scope.report(twice(ident, taken[name], "audit", helps=(rows,) if keyed else ()))
    if name in RESERVED_COLUMNS:
        notes = ("the results have a column of that name",)
        helps = (f"name it otherwise: `each {name}_ in {each.source.span.text}`",)
        edits = renamed_axis(scope, ident, f"{name}_")
        scope.report(AxisNameTaken(span=ident.span, axis=name, notes=notes, helps=helps, edits=edits))


def _source(scope: Scope, each: t.Each) -> Found | None:
    wanted = Wanted(each.names, each.source)
    if not isinstance(each.source, t.Call):
        return plain_source(scope, wanted)
    word = each.source.fn.span.text
    if word in CONSTRUCTED:
        return CONSTRUCTED[word](scope, wanted)
    mend = meant.range_meant(each.source)
    helps, at = mend.helps or did_you_mean(word, CONSTRUCTED), each.source.fn.span
    scope.report(UnknownName(span=at, what="source", name=word, helps=helps, edits=mend.edits))
    return None


def _condition(scope: Scope, each: t.Each, where: t.Expr) -> h.Term | None:
    term = truth_of(scope, where)
    if failed(term):
        return None
    if term.type.phase is k.Phase.RESPONSE:
        _too_late(scope, each, where)
        return None
    if term.type.axes & scope.broken:
        return None
    for axis in sorted(term.type.axes):
        if not isinstance(scope.locals.get(axis), h.AxisTerm):
            helps = (f"add `each {axis} in ...`",)
            scope.report(UnknownName(span=where.span, what="axis", name=axis, helps=helps))
            return None
    return term
