"""What a value is to a reducer, and what a reducer makes of it.

Expects the table of reducers. Ensures that a value which a reducer cannot take is refused once, with what can be
written instead (language.md section 4.2, A4).
"""

from __future__ import annotations

from cyclspec.language.diagnostics.cy02_types import CannotReduce, MeanOfOrdinal
from cyclspec.language.syntax import tree as t
from cyclspec.language.types import kinds as k
from cyclspec.language.types import meant, units
from cyclspec.language.types import terms as h
from cyclspec.language.types.meant import in_number
from cyclspec.language.types.reducers import UNIT_OF, Operand, Reducer, Result
from cyclspec.language.types.scope import Scope
from cyclspec.language.types.values import is_ordered

_OF_AMOUNTS = frozenset({"mean", "median", "sum", "quantile"})
_FRACTIONS = frozenset({k.Unit.NONE, k.Unit.SHARE, k.Unit.POINTS, k.Unit.RATIO, k.Unit.COEFFICIENT})


def operands_of(scope: Scope, of: h.Term) -> frozenset[Operand]:
    """Everything that a value can be taken as."""
    found: set[Operand] = {"anything"}
    if units.unit_of(of) is not None:
        found.add("number")
    match of.type.kind:
        case k.Bool():
            found.add("truth")
        case k.Choice(scale):
            found |= {"choice", "pair"} if _two_options(scope.refined(scale)) else {"choice"}
        case k.Of(vocabulary) if not vocabulary.open:
            found.add("level")
        case k.Dist():
            found.add("distribution")
        case k.Text():
            found.add("text")
        case k.Date():
            found.add("date")
    if is_ordered(scope, of.type.kind):
        found.add("ordered")
    return frozenset(found)


def _two_options(scale: k.Scale) -> bool:
    match scale:
        case k.Vocabulary(levels=levels):
            return sum(not level.missing for level in levels) == 2
        case k.ItemScale(low=low, high=high):
            return low == high == 2
        case k.ScaleVariable():
            return False


def result_kind(scope: Scope, node: t.Reduce, reducer: Reducer, of: h.Term) -> k.Kind | None:
    """What the reducer makes of its operand, or None after reporting."""
    if node.weight is not None and not reducer.weighted:
        weights = "`effective_count` takes weights: how many of equal weight tell as much"
        helps = (weights,) if reducer.name == "count" else ()
        scope.report(
            CannotReduce(span=node.reducer.span, reducer=reducer.name, found="with weights", helps=helps)
        )
        return None
    known = operands_of(scope, of)
    result = next((result for operand, result in reducer.takes if operand in known), None)
    if result is None:
        _refuse(scope, node, reducer, of)
        return None
    unit = units.unit_of(of)
    if result == "square" and unit not in _FRACTIONS:
        helps = (f"drop the unit on purpose: `{reducer.name} over ... of {in_number(node.of)}`",)
        found = f"`{k.kind_text(of.type.kind)}`: its square has no unit"
        scope.report(CannotReduce(span=node.reducer.span, reducer=reducer.name, found=found, helps=helps))
        return None
    return _kind(result, of, unit, as_number="number" in known and reducer.takes[0][0] == "number")


def _kind(result: Result, of: h.Term, unit: k.Unit | None, *, as_number: bool) -> k.Kind:
    kind = of.type.kind
    match result:
        case "dist":
            assert isinstance(kind, k.Choice | k.Of)
            return k.Dist(kind.scale if isinstance(kind, k.Choice) else kind.vocabulary)
        case "same":
            return k.Number(unit) if unit is not None and as_number else kind
        case "spread":
            return k.Number(k.Unit.SHARE if unit is k.Unit.POINTS else unit or k.Unit.NONE)
        case "change":
            return k.Number(k.Unit.POINTS if unit is k.Unit.SHARE else unit or k.Unit.NONE)
        case "square":
            return k.Number()
        case "count":
            return k.Number(whole=True)
        case _:
            return k.Number(UNIT_OF[result])


def _refuse(scope: Scope, node: t.Reduce, reducer: Reducer, of: h.Term) -> None:
    name, span, kind = reducer.name, node.reducer.span, of.type.kind
    axes = ", ".join(axis.name for axis in node.axes)
    if name in _OF_AMOUNTS and isinstance(kind, k.Of | k.Choice):
        ordered = is_ordered(scope, kind)
        helps = (
            ("take `share over ...` first, then a metric such as `m.mean_position`",)
            if isinstance(kind, k.Choice)
            else (f"take `share over ...` first, or `mode over {axes} of ...`",)
        )
        found = "an ordinal" if ordered else "a nominal"
        scope.report(MeanOfOrdinal(span=span, reducer=name, found=found, helps=helps))
        return
    found = f"`{k.kind_text(kind)}`"
    mend = meant.comparison_of_reduction_meant(node)
    said = mend.helps or _hints(node, reducer, kind, axes)
    scope.report(CannotReduce(span=span, reducer=name, found=found, helps=said, edits=mend.edits))


def _hints(node: t.Reduce, reducer: Reducer, kind: k.Kind, axes: str) -> tuple[str, ...]:
    """What can be written instead."""
    text = node.of.span.text
    pairs = any(operand == "pair" for operand, _ in reducer.takes)
    match kind:
        case k.Dist():
            return ("`mean over ... of` a distribution is a distribution",)
        case k.Picks():
            return (f"take one option: `share over {axes} of includes({text}, first)`",)
        case k.Record(fields) if fields and isinstance(node.of, t.Name):
            return (f"take one of its fields: `{text}.{fields[0][0]}`",)
        case k.Choice(k.ItemScale() as scale) if pairs:
            return (f"take questions with two options: `where size({scale}) == 2`",)
        case k.Choice() if pairs:
            return ("it compares two options at a time",)
    return ()
