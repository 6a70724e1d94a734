"""Reductions: `mean over item of x`, `share over person by country weighted by person.weight of answers.value`.

Rules over, by, along and weight of language.md section 4.2: the axes must be there, what is left is exact, a group is
an attribute of a reduced axis, a weight meets the reduced axes, and each reducer says what it can reduce.
"""

from __future__ import annotations

from dataclasses import replace

from cyclspec.language.diagnostics.cy01_names import UnknownName
from cyclspec.language.diagnostics.cy02_types import CannotReduce, MeanOfOrdinal, WrongArguments
from cyclspec.language.diagnostics.cy03_axes import NotAnAttribute, WeightAxes
from cyclspec.language.diagnostics.cy05_units import MixedSteps
from cyclspec.language.names.suggest import did_you_mean
from cyclspec.language.syntax import tree as t
from cyclspec.language.types import kinds as k
from cyclspec.language.types import terms as h
from cyclspec.language.types import units
from cyclspec.language.types.scope import Scope, failed, key_of, unknown
from cyclspec.language.types.values import absent_axis, not_checked

OF_NUMBERS = ("mean", "sum", "min", "max", "sd", "median", "mode")
REDUCERS = (*OF_NUMBERS, "share", "slope")
LATER = (
    "krippendorff", "kendall", "bradley_terry", "pair_agreement", "pair_disagreement", "cohen_kappa", "spearman",
    "pearson", "count", "var", "quantile",
)  # fmt: skip
_WEIGHTED = ("mean", "sum", "share", "slope")


def infer_reduce(scope: Scope, node: t.Reduce) -> h.Term:
    """The term of one reduction."""
    name, args = _reducer(scope, node)
    if name is None:
        return unknown(node.span)
    of = scope.infer(node.of)
    if failed(of):
        return of
    if node.direction == "along":
        return _along(scope, node, name, of)
    missing = [axis for axis in node.axes if axis.name not in of.type.axes]
    if missing:
        scope.report(absent_axis(scope, missing[0], of))
        return unknown(node.span)
    rows = _row_scope(scope, node)
    by = _groups(rows, node)
    if by is None:
        return unknown(node.span)
    weight = None if node.weight is None else _weight(rows, node, node.weight, of)
    if weight is not None and failed(weight):
        return unknown(node.span)
    kind = _result(scope, node, name, of)
    if kind is None:
        return unknown(node.span)
    return _build(scope, node, name, of, by, weight, kind, _named(rows, args))


def _reducer(scope: Scope, node: t.Reduce) -> tuple[str | None, tuple[t.Argument, ...]]:
    match node.reducer:
        case t.Name(name=name):
            args: tuple[t.Argument, ...] = ()
        case t.Call(fn=t.Name(name=name), args=args):
            pass
        case _:
            name, args = node.reducer.span.text, ()
    if name in LATER or (name == "rank" and node.direction == "along"):
        not_checked(scope, node.reducer.span, f"the reducer `{name}`")
        return None, ()
    known = ("cumsum",) if node.direction == "along" else REDUCERS
    if name not in known:
        helps = did_you_mean(name, (*REDUCERS, "cumsum"))
        scope.report(UnknownName(span=node.reducer.span, what="reducer", name=name, helps=helps))
        return None, ()
    wanted = ("against",) if name == "slope" else ()
    given = tuple(arg.name.name if arg.name else "" for arg in args)
    if given != wanted:
        problem = "is written `slope(against = ...)`" if wanted else "takes no arguments"
        scope.report(WrongArguments(span=node.reducer.span, callee=name, problem=problem))
        return None, ()
    return name, args


def _row_scope(scope: Scope, node: t.Reduce) -> Scope:
    """The scope in which the rows of reduced tables have their names: `person` in `over person`."""
    rows: dict[str, h.Term] = {}
    for axis in node.axes:
        if axis.name in scope.locals:
            continue
        for table, declared in scope.ctx.tables.items():
            if axis.name in key_of(scope.ctx, table) and declared is not None:
                type_ = k.Type(k.Row(table), frozenset({axis.name}), k.Phase.DATA)
                rows[axis.name] = h.AxisTerm(type=type_, span=axis.span, axis=axis.name)
    return scope.with_locals(rows)


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
    match term.type.kind if term is not None else None:
        case k.Row(table):
            declared = scope.ctx.tables[table]
            coded = [c for c in declared.columns if isinstance(c.kind, k.Of)]
            names = [c.name for c in coded]
            return (
                *names,
                *(a for c in coded if isinstance(c.kind, k.Of) for a in c.kind.vocabulary.attributes),
            )
        case k.Of(vocabulary):
            return vocabulary.attributes
    return ()


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


def _named(scope: Scope, args: tuple[t.Argument, ...]) -> tuple[tuple[str, h.Term], ...]:
    return tuple((arg.name.name, scope.infer(arg.value)) for arg in args if arg.name is not None)


def _result(scope: Scope, node: t.Reduce, name: str, of: h.Term) -> k.Kind | None:
    """What the reducer makes of its operand, or None after reporting."""
    if node.weight is not None and name not in _WEIGHTED:
        scope.report(CannotReduce(span=node.reducer.span, reducer=name, found="with weights"))
        return None
    match name, of.type.kind:
        case "share", k.Choice(scale):
            return k.Dist(scale)
        case "share", k.Bool():
            return k.Number(k.Unit.SHARE)
        case "mean", k.Bool():
            return k.Number(k.Unit.SHARE)
        case "mean", k.Dist():
            return of.type.kind
        case "mode", k.Choice() | k.Of():
            return of.type.kind
        case "mean" | "median" | "sum", k.Of(vocabulary) if vocabulary.unit is k.Unit.NONE:
            helps = (
                f"take `share over ...` first, or `mode over {', '.join(a.name for a in node.axes)} of ...`",
            )
            found = "an ordinal" if vocabulary.ordered else "a nominal"
            scope.report(MeanOfOrdinal(span=node.reducer.span, reducer=name, found=found, helps=helps))
            return None
        case "mean" | "median" | "sum", k.Choice(scale):
            helps = ("take `share over ...` first, then a metric such as `m.mean_position`",)
            found = "an ordinal" if scale.ordered else "a nominal"
            scope.report(MeanOfOrdinal(span=node.reducer.span, reducer=name, found=found, helps=helps))
            return None
    unit = units.unit_of(of)
    if unit is None or name not in (*OF_NUMBERS, "slope"):
        found = f"`{k.kind_text(of.type.kind)}`"
        hints: tuple[str, ...] = (
            ("`mean over ... of` a distribution is a distribution",)
            if isinstance(of.type.kind, k.Dist)
            else ()
        )
        scope.report(CannotReduce(span=node.reducer.span, reducer=name, found=found, helps=hints))
        return None
    if unit is k.Unit.STEPS and not _steps_agree(scope, node, of):
        return None
    if name == "slope":
        return k.Number(k.Unit.POINTS if unit is k.Unit.SHARE else unit)
    return k.Number(k.Unit.SHARE if name == "sd" and unit is k.Unit.POINTS else unit)


def _steps_agree(scope: Scope, node: t.Reduce, of: h.Term) -> bool:
    """Steps may not be averaged over items whose scales differ in length."""
    if scope.metric_scale is not None:
        return True
    for axis in node.axes:
        term = scope.locals.get(axis.name)
        if term is None or not isinstance(term.type.kind, k.Row):
            continue
        for column in scope.ctx.tables[term.type.kind.table].columns:
            if not isinstance(column.kind, k.ScaleValue) or not isinstance(column.kind.scale, k.ItemScale):
                continue
            scale = column.kind.scale
            if scale.low != scale.high:
                helps = (
                    f"use `emd_norm`, or restrict the items: `where size({axis.name}.{column.name}) == 4`",
                )
                high = "any number of" if scale.high is None else str(scale.high)
                scope.report(MixedSteps(span=node.head, low=scale.low, high=high, helps=helps))
                return False
    return True


def _build(
    scope: Scope,
    node: t.Reduce,
    name: str,
    of: h.Term,
    by: tuple[str, ...],
    weight: h.Term | None,
    kind: k.Kind,
    args: tuple[tuple[str, h.Term], ...],
) -> h.Term:
    axes = tuple(axis.name for axis in node.axes)
    if any(failed(term) for _, term in args):
        return unknown(node.span)
    left = (of.type.axes - set(axes)) | set(by)
    optional = of.type.optional and name == "mode"
    type_ = k.Type(kind, left, of.type.phase, optional)
    people = _people(scope, node, name, of, by, weight, type_)
    if people is not None:
        return people
    return h.ReduceTerm(
        type=type_,
        span=node.span,
        reducer=name,
        direction="over",
        axes=axes,
        by=by,
        weight=weight,
        of=of,
        args=args,
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
    """A share of people's own answers is taken on the data, where n and effective n are known."""
    if name != "share" or not isinstance(of, h.ColumnTerm) or not isinstance(of.type.kind, k.Choice):
        return None
    person = node.axes[0].name
    owner = [table for table in scope.ctx.tables if person in key_of(scope.ctx, table)]
    if len(node.axes) != 1 or not owner:
        return None
    column = weight.attribute if isinstance(weight, h.AttributeTerm) else None
    if weight is not None and column is None:
        not_checked(scope, weight.span, "a weight that is more than a column of the people's table")
        return unknown(node.span)
    return h.PeopleTerm(
        type=replace(type_, phase=k.Phase.DATA),
        span=node.span,
        table=of.table,
        column=of.column,
        people=owner[0],
        person=person,
        by=by,
        weight=column,
    )


def _along(scope: Scope, node: t.Reduce, name: str, of: h.Term) -> h.Term:
    """`cumsum along option of p`: keeps its axes."""
    axes = tuple(axis.name for axis in node.axes)
    for axis in node.axes:
        if axis.name not in of.type.axes:
            scope.report(absent_axis(scope, axis, of))
            return unknown(node.span)
    if axes != ("option",):
        return not_checked(scope, node.reducer.span, f"`{name} along {', '.join(axes)}`")
    unit = units.unit_of(of)
    if unit is None:
        found = k.kind_text(of.type.kind)
        scope.report(CannotReduce(span=node.reducer.span, reducer=name, found=f"`{found}`"))
        return unknown(node.span)
    return h.ReduceTerm(
        type=of.type, span=node.span, reducer=name, direction="along", axes=axes, by=(), weight=None, of=of
    )
