"""Reductions: `mean over item of x`, `share over person by country weighted by person.weight of answers.value`.

Rules over, by, along and weight of language.md section 4.2: the axes must be there and none that stays may depend on
one that goes, what is left is exact, a group is an attribute of a reduced axis, a weight meets the reduced axes, and
each reducer says what it can reduce.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from cyclspec.language.diagnostics.cy01_names import UnknownName
from cyclspec.language.diagnostics.cy02_types import CannotReduce, NeedsOrdered, WrongArguments
from cyclspec.language.diagnostics.cy03_axes import NotAnAttribute, ParentBeforeChild, WeightAxes
from cyclspec.language.diagnostics.cy05_units import MixedSteps
from cyclspec.language.names.suggest import did_you_mean
from cyclspec.language.syntax import tree as t
from cyclspec.language.types import kinds as k
from cyclspec.language.types import terms as h
from cyclspec.language.types import units
from cyclspec.language.types.attributes import groups_of
from cyclspec.language.types.fitted import Arguments, Reduced, name_arguments, read_arguments
from cyclspec.language.types.operands import result_kind
from cyclspec.language.types.reducers import REDUCERS, Reducer, reducer_names
from cyclspec.language.types.scope import Scope, failed, key_of, unknown
from cyclspec.language.types.values import absent_axis, axis_kind, joint

_IN_ORDER = frozenset({"cumsum", "diff"})
_OF_PEOPLE = frozenset({"share", "count", "effective_count"})


def infer_reduce(scope: Scope, node: t.Reduce) -> h.Term:
    """The term of one reduction."""
    found = _reducer(scope, node)
    if found is None:
        return unknown(node.span)
    reducer, args = found
    of = scope.infer(node.of)
    if failed(of):
        return of
    missing = [axis for axis in node.axes if axis.name not in of.type.axes]
    if missing:
        scope.report(absent_axis(scope, missing[0], of))
        return unknown(node.span)
    if node.direction == "along":
        return _along(scope, node, reducer, of)
    rows = _row_scope(scope, node, of)
    by = _groups(rows, node)
    if by is None:
        return unknown(node.span)
    weight = None if node.weight is None else _weight(rows, node, node.weight, of)
    if weight is not None and failed(weight):
        return unknown(node.span)
    kind = result_kind(scope, node, reducer, of)
    if kind is None or not _steps_agree(scope, node, kind):
        return unknown(node.span)
    named = read_arguments(Reduced(rows, node, reducer, of), args)
    if named is None:
        return unknown(node.span)
    return _build(scope, node, reducer, of, by, weight, kind, named)


def _reducer(scope: Scope, node: t.Reduce) -> tuple[Reducer, Mapping[str, t.Argument]] | None:
    match node.reducer:
        case t.Name(name=name):
            args: tuple[t.Argument, ...] = ()
        case t.Call(fn=t.Name(name=name), args=args):
            pass
        case _:
            name, args = node.reducer.span.text, ()
    reducer = REDUCERS.get((name, node.direction))
    if reducer is not None:
        given = name_arguments(scope, node, reducer, args)
        return None if given is None else (reducer, given)
    other = "along" if node.direction == "over" else "over"
    if name in reducer_names("along") + reducer_names("over"):
        axes = ", ".join(axis.name for axis in node.axes)
        helps: tuple[str, ...] = (f"write `{name} {other} {axes} of ...`",)
        where = f" for `{node.direction}`"
    else:
        helps, where = did_you_mean(name, reducer_names("over") + reducer_names("along")), ""
    scope.report(UnknownName(span=node.reducer.span, what="reducer", name=name, where=where, helps=helps))
    return None


def _row_scope(scope: Scope, node: t.Reduce, of: h.Term) -> Scope:
    """The scope in which the rows of reduced tables have their names: `person` in `over person`."""
    rows: dict[str, h.Term] = {}
    for axis in node.axes:
        table = None if axis.name in scope.locals else _rows_of(scope, axis.name, of)
        if table is not None:
            type_ = k.Type(k.Row(table), frozenset({axis.name}), k.Phase.DATA)
            rows[axis.name] = h.AxisTerm(type=type_, span=axis.span, axis=axis.name)
    return scope.with_locals(rows)


def _rows_of(scope: Scope, axis: str, of: h.Term) -> str | None:
    """The table whose rows an axis is: the one that the reduced column refers to, where several have such a key."""
    owners = [table for table in scope.ctx.tables if axis in key_of(scope.ctx, table)]
    columns = scope.ctx.tables[of.table].columns if isinstance(of, h.ColumnTerm) else ()
    meant = [c.kind.table for c in columns if isinstance(c.kind, k.Ref) and c.kind.table in owners]
    return next(iter([*meant, *owners]), None)


def _groups(scope: Scope, node: t.Reduce) -> tuple[str, ...] | None:
    """The attributes that `by` keeps; each must belong to a reduced axis."""
    for ident in node.by:
        owners = [axis.name for axis in node.axes if ident.name in _attributes(scope, axis.name)]
        if not owners:
            known = [name for axis in node.axes for name in _attributes(scope, axis.name)]
            of = ", ".join(f"`{axis.name}`" for axis in node.axes)
            helps = did_you_mean(ident.name, known)
            scope.report(NotAnAttribute(span=ident.span, name=ident.name, of=of, helps=helps))
            return None
    return tuple(ident.name for ident in node.by)


def _attributes(scope: Scope, axis: str) -> tuple[str, ...]:
    term = scope.locals.get(axis)
    found = {} if term is None else groups_of(term.type.kind, scope.ctx.tables, scope.ctx.panels)
    return tuple(found)


def _weight(scope: Scope, node: t.Reduce, expr: t.Expr, of: h.Term) -> h.Term:
    weight = scope.infer(expr)
    if failed(weight):
        return weight
    problem = ""
    if units.unit_of(weight) is None:
        problem = f"is `{k.kind_text(weight.type.kind)}`, not a number"
    elif not weight.type.axes <= of.type.axes:
        extra = ", ".join(sorted(weight.type.axes - of.type.axes))
        problem = f"varies over {extra}, which the value does not have"
    elif not weight.type.axes & {axis.name for axis in node.axes}:
        problem = "does not vary over what is reduced"
    if not problem:
        return weight
    scope.report(WeightAxes(span=expr.span, problem=problem))
    return unknown(expr.span)


def _one_scale(scope: Scope, node: t.Reduce, reducer: Reducer, of: h.Term, kind: k.Kind) -> bool:
    """Whether what is left is over one scale: options that each item brings along go with their item (A9)."""
    match kind:
        case k.Dist(k.ItemScale(axis=axis)) | k.Choice(k.ItemScale(axis=axis)):
            reduced = axis in {ident.name for ident in node.axes}
        case _:
            return True
    if not reduced:
        return True
    found = f"`{k.kind_text(of.type.kind)}` over `{axis}`, of which each has options of its own"
    others = ", ".join(ident.name for ident in node.axes if ident.name != axis)
    source, end = node.span.source, node.axes[-1].span.end
    inner = f"{reducer.name} over {others}{source.text[end : node.span.end]}"
    first = (f"keep `{axis}`: `{' '.join(inner.split())}`",) if others else ()
    helps = (*first, f"compare within each {axis}, then reduce: `mean over {axis} of m.tv(.., ..)`")
    scope.report(CannotReduce(span=node.reducer.span, reducer=reducer.name, found=found, helps=helps))
    return False


def _steps_agree(scope: Scope, node: t.Reduce, kind: k.Kind) -> bool:
    """Steps may not be averaged over items whose scales differ in length, narrowed or not (A9, A10)."""
    if scope.metric_scale is not None or not (isinstance(kind, k.Number) and kind.unit is k.Unit.STEPS):
        return True
    for axis in node.axes:
        term = scope.locals.get(axis.name)
        if term is None or not isinstance(term.type.kind, k.Row):
            continue
        for column in scope.ctx.tables[term.type.kind.table].columns:
            if not isinstance(column.kind, k.ScaleValue):
                continue
            scale = scope.refined(column.kind.scale)
            if isinstance(scale, k.ItemScale) and scale.low != scale.high:
                helps = (
                    f"use `emd_norm`, or restrict the items: `where size({axis.name}.{column.name}) == 4`",
                )
                high = "any number of" if scale.high is None else str(scale.high)
                scope.report(MixedSteps(span=node.head, low=scale.low, high=high, helps=helps))
                return False
    return True


def children_stay(
    scope: Scope, removed: dict[str, t.Ident], left: frozenset[str], *, verb: str, helps: tuple[str, ...] = ()
) -> bool:
    """Whether no axis that is left depends on one that goes; reports one that does (rule over, A5)."""
    pair = scope.orphan(removed, left)
    if pair is None:
        return True
    parent, child = pair
    also = scope.dependence(child, parent)
    scope.report(
        ParentBeforeChild(
            span=removed[parent].span, parent=parent, child=child, verb=verb, also=also, helps=helps
        )
    )
    return False


def _added(reducer: Reducer, named: Arguments) -> str:
    """The axis that a fitted statistic adds: that of its items, or its components."""
    term = dict(named).get(reducer.adds)
    return term.vocabulary.name if isinstance(term, h.VocabularyTerm) else reducer.adds


def _build(
    scope: Scope,
    node: t.Reduce,
    reducer: Reducer,
    of: h.Term,
    by: tuple[str, ...],
    weight: h.Term | None,
    kind: k.Kind,
    named: Arguments,
) -> h.Term:
    axes = tuple(axis.name for axis in node.axes)
    left = (of.type.axes - set(axes)) | set(by)
    dependent = [axis for axis in scope.parents if axis in left]
    spelled = f"`{node.reducer.span.text} over {', '.join([*axes, *dependent])} of ...`"
    helps = (f"reduce the dependent axis as well: {spelled}",)
    if not children_stay(scope, {a.name: a for a in node.axes}, left, verb="reduced", helps=helps):
        return unknown(node.span)
    if not _one_scale(scope, node, reducer, of, kind):
        return unknown(node.span)
    added = _added(reducer, named)
    if added in left:
        problem = f"adds the axis `{added}`, which the value has already"
        scope.report(WrongArguments(span=node.reducer.span, callee=reducer.name, problem=problem))
        return unknown(node.span)
    left |= {added} if added else frozenset()
    extra = [term for _, term in named] + ([] if weight is None else [weight])
    phase = joint(of, *extra)[1]
    type_ = k.Type(kind, left, phase, of.type.optional and reducer.keeps_missing)
    people = _people(scope, node, reducer.name, of, by, weight, type_)
    if people is not None:
        return people
    return h.ReduceTerm(
        type=type_,
        span=node.span,
        reducer=reducer.name,
        direction="over",
        axes=axes,
        by=by,
        weight=weight,
        of=of,
        args=named,
    )


def _people(
    scope: Scope,
    node: t.Reduce,
    name: str,
    of: h.Term,
    by: tuple[str, ...],
    weight: h.Term | None,
    type_: k.Type,
) -> h.Term | None:
    """What is taken on the data, where people and their weights are: shares of their answers, and how many they are."""
    if name not in _OF_PEOPLE or not isinstance(of, h.ColumnTerm) or not isinstance(of.type.kind, k.Choice):
        return None
    person = node.axes[0].name
    owner = _rows_of(scope, person, of)
    column = weight.attribute if isinstance(weight, h.AttributeTerm) and weight.axis == person else None
    if len(node.axes) != 1 or owner is None or (weight is not None and column is None):
        return None
    counted = h.HeadcountTerm(
        type=replace(type_, phase=k.Phase.DATA),
        span=node.span,
        table=of.table,
        column=of.column,
        people=owner,
        person=person,
        by=by,
        weight=column,
        scale=of.type.kind.scale,
        number="n" if name == "count" else "n_eff",
    )
    return counted.shares if name == "share" else counted


# ---- along


def _along(scope: Scope, node: t.Reduce, reducer: Reducer, of: h.Term) -> h.Term:
    """`cumsum along option of p`, `rank along principle of x`: keeps its axes."""
    problem = ""
    if len(node.axes) != 1:
        problem = "runs along one axis"
    elif node.by:
        problem = "keeps its axes and takes no `by`"
    if problem:
        scope.report(WrongArguments(span=node.head, callee=reducer.name, problem=problem))
        return unknown(node.span)
    kind = result_kind(scope, node, reducer, of)
    if kind is None or not _runs(scope, node, reducer):
        return unknown(node.span)
    axes = tuple(axis.name for axis in node.axes)
    return h.ReduceTerm(
        type=replace(of.type, kind=kind),
        span=node.span,
        reducer=reducer.name,
        direction="along",
        axes=axes,
        by=(),
        weight=None,
        of=of,
    )


def _runs(scope: Scope, node: t.Reduce, reducer: Reducer) -> bool:
    """Running sums and differences need an order to run in; ranks and sorted values make their own."""
    axis = node.axes[0].name
    if reducer.name not in _IN_ORDER or _has_order(scope, axis):
        return True
    label = f"`{axis}` has no order"
    helps = ("declare the metric `where S is ordinal`",) if axis == "option" else ()
    scope.report(
        NeedsOrdered(span=node.axes[0].span, metric=reducer.name, scale=axis, label=label, helps=helps)
    )
    return False


def _has_order(scope: Scope, axis: str) -> bool:
    if axis == "option":
        return scope.metric_scale is not None and scope.metric_scale.ordered
    match axis_kind(scope, axis):
        case k.Of(vocabulary):
            return vocabulary.ordered
        case k.Number() | k.Date():
            return True
    return False
