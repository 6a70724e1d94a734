"""The rules that make a logical plan cheaper, and the plan with what they did.

Expects operators as `build` makes them. Ensures that a rule changes how a measure is computed and never what it is;
that what was applied is recorded, with the trees before and after; and that nothing here needs data or a device.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace

from cyclspec.compiler.axes import Grid
from cyclspec.compiler.plan.conditions import joint_condition, own_condition
from cyclspec.compiler.plan.logical import operators as o
from cyclspec.compiler.plan.logical.applied import Applied, Rule, Sinks
from cyclspec.compiler.plan.logical.build import Builder
from cyclspec.compiler.plan.logical.sizes import Sizes
from cyclspec.compiler.plan.logical.text import diff_text, plan_text
from cyclspec.language.types import terms as h
from cyclspec.language.types import typed as d


@dataclass(frozen=True, slots=True)
class LogicalPlan:
    """The sinks of an audit as they are computed, as they were written, and the rewrites between the two."""

    sinks: Sinks
    written: Sinks
    applied: tuple[Applied, ...]

    def text(self, sink: str | None = None) -> str:
        """The operator tree of every measure and check, or of one. KeyError where nothing has that name."""
        sinks = self.sinks if sink is None else tuple(one for one in self.sinks if one.name == sink)
        if sink is not None and not sinks:
            raise KeyError(sink)
        return plan_text(sinks, self.applied)

    def rewrites_text(self) -> str:
        """What each rewrite changed, as lines taken away and lines put in their place."""
        return diff_text(self.applied)


def _each(sinks: Sinks, rule: Callable[[o.Operator], o.Operator]) -> Sinks:
    return tuple(o.sink(o.rewritten(sink, rule)) for sink in sinks)


def _push_filters(sinks: Sinks, sizes: Sizes) -> Sinks:
    def push(found: o.Operator) -> o.Operator:
        inner = found
        while isinstance(inner, o.Filter):
            inner = inner.inputs[0]
        # A cross with a filter below it was pushed through before.
        if (
            found is inner
            or not isinstance(inner, o.Cross)
            or any(isinstance(i, o.Filter) for i in inner.inputs)
        ):
            return found
        return _pushed(inner, sizes)

    return tuple(o.sink(_outermost(sink, push)) for sink in sinks)


_STACK = o.Filter | o.Cross


def _pushed(cross: o.Cross, sizes: Sizes) -> o.Operator:
    """The cross with each condition of one axis on that axis, and those of several on top."""
    bound = {name: each for each in sizes.audit.eaches for name in each.names}
    inputs = []
    for source in cross.inputs:
        each = bound[source.axes[0]]
        condition = own_condition(each)
        inputs.append(source if condition is None else _narrowed(source, each, condition, sizes))
    axes = cross.axes
    found: o.Operator = replace(
        cross, inputs=tuple(inputs), cells=sizes.before(axes, sizes.audit.eaches, joint=False)
    )
    tied = [each for each in sizes.audit.eaches if joint_condition(each) is not None]
    for each in tied:
        condition = joint_condition(each)
        assert condition is not None
        found = o.Filter(
            axes=axes,
            cells=sizes.cells(axes) if each is tied[-1] else found.cells,
            inputs=(found,),
            condition=_text(condition.span.text),
            over=sizes.ordered(condition.type.axes),
        )
    return found


def _narrowed(source: o.Operator, each: d.TypedEach, condition: h.Term, sizes: Sizes) -> o.Operator:
    """A source with its condition on top; below a sample, where it says who can be drawn."""
    if not isinstance(source, o.Draw) or not source.inputs:
        return _filter(source, sizes.kept(each), condition)
    return replace(source, inputs=(_filter(source.inputs[0], source.inputs[0].cells, condition),))


def _filter(source: o.Operator, cells: int, condition: h.Term) -> o.Filter:
    return o.Filter(
        axes=source.axes,
        cells=cells,
        inputs=(source,),
        condition=_text(condition.span.text),
        over=source.axes,
    )


def _text(source: str) -> str:
    return " ".join(source.split())


def _prune_columns(sinks: Sinks, sizes: Sizes) -> Sinks:
    def prune(found: o.Operator) -> o.Operator:
        if isinstance(found, o.Scan) and found.needed:
            return replace(found, columns=tuple(c for c in found.columns if c in found.needed))
        return found

    return _each(sinks, prune)


def _prune_axes(sinks: Sinks, sizes: Sizes) -> Sinks:
    def prune(found: o.Operator) -> o.Operator:
        if not isinstance(found, o.Render) or set(found.needs) == set(found.axes):
            return found
        grid, *others = found.inputs
        kept = _without(grid, frozenset(found.needs), sizes)
        inputs = (*(() if kept is None else (kept,)), *others)
        return replace(found, axes=found.needs, cells=sizes.cells(found.needs), inputs=inputs)

    return _each(sinks, prune)


def _without(grid: o.Operator, needed: frozenset[str], sizes: Sizes) -> o.Operator | None:
    """A grid over the needed axes only; None where it needs none."""
    match grid:
        case o.Cross():
            found = [one for one in grid.inputs if needed & set(one.axes)]
            axes = sizes.ordered(axis for one in found for axis in one.axes)
            if len(found) < 2:
                return found[0] if found else None
            cells = sizes.before(axes, sizes.audit.eaches, joint=False)
            return replace(grid, inputs=tuple(found), axes=axes, cells=cells)
        case o.Filter() if set(grid.over) <= needed and isinstance(grid.inputs[0], _STACK):
            inner = _without(grid.inputs[0], needed, sizes)
            if inner is None:
                return None
            return replace(grid, inputs=(inner,), axes=inner.axes, cells=sizes.cells(inner.axes))
        case o.Filter() if isinstance(grid.inputs[0], _STACK):
            return _without(grid.inputs[0], needed, sizes)
    return grid


def _shared(kind: type[o.Operator]) -> Callable[[Sinks, Sizes], Sinks]:
    """Gives equal operators of a kind one copy, and says how many use it."""

    def share(sinks: Sinks, sizes: Sizes) -> Sinks:
        def plain(found: o.Operator) -> o.Operator:
            return replace(found, copy=0) if _shareable(found, kind) else found

        merged = _each(sinks, plain)
        if kind is not o.Reduce and len(set(_all(merged, kind))) == len(list(_all(merged, kind))):
            return sinks
        uses = Counter(_all(merged, kind))

        def count(found: o.Operator) -> o.Operator:
            return replace(found, uses=number) if (number := uses.get(found, 1)) > 1 else found

        return tuple(o.sink(_outermost(sink, count)) for sink in merged)

    return share


def _all(sinks: Sinks, kind: type[o.Operator]) -> Iterator[o.Operator]:
    """Everything of a kind that can be shared."""
    return (found for sink in sinks for found in o.below(sink) if _shareable(found, kind))


def _outermost(operator: o.Operator, rule: Callable[[o.Operator], o.Operator]) -> o.Operator:
    """The tree with `rule` applied to every operator, outermost first, so that it sees them as they stood."""
    found = rule(operator)
    inputs = tuple(_outermost(one, rule) for one in found.inputs)
    return found if inputs == found.inputs else replace(found, inputs=inputs)


def _shareable(found: o.Operator, kind: type[o.Operator]) -> bool:
    return isinstance(found, kind) and (not isinstance(found, o.Reduce) or found.human)


_ASSOCIATIVE = ("sum", "min", "max")


def _merge_reductions(sinks: Sinks, sizes: Sizes) -> Sinks:
    def merge(found: o.Operator) -> o.Operator:
        if not isinstance(found, o.Reduce) or len(found.inputs) != 1:
            return found
        inner = found.inputs[0]
        if not isinstance(inner, o.Reduce) or not (_mergeable(found) and _mergeable(inner)):
            return found
        if found.reducer != inner.reducer:
            return found
        return replace(found, over=(*found.over, *inner.over), inputs=inner.inputs)

    return _each(sinks, merge)


def _mergeable(found: o.Reduce) -> bool:
    plain = found.direction == "over" and not found.by and not found.weighted
    return found.reducer in _ASSOCIATIVE and plain


RULES: tuple[Rule, ...] = (
    Rule("push-filters", "a condition on one axis is settled before axes are crossed", _push_filters),
    Rule("prune-columns", "columns that nothing uses are not read", _prune_columns),
    Rule("prune-axes", "a prompt is rendered only along the axes that its arguments name", _prune_axes),
    Rule("share-render", "equal prompts with equal arguments are rendered once", _shared(o.Render)),
    Rule("share-generate", "equal questions to equal models are asked once", _shared(o.Generate)),
    Rule(
        "merge-reductions", "sums, minima and maxima inside their like are one reduction", _merge_reductions
    ),
    Rule(
        "hoist-human",
        "distributions of people are counted once, before any model is asked",
        _shared(o.Reduce),
    ),
)


def _most_uses(sinks: Sinks, kind: type[o.Operator]) -> int:
    return max((f.uses for sink in sinks for f in o.below(sink) if isinstance(f, kind)), default=1)


def _note(rule: Rule, before: Sinks, after: Sinks) -> str:
    """What a rule came to, in a few words."""
    match rule.name:
        case "share-render":
            return f"{_most_uses(after, o.Render)} uses of one Render"
        case "share-generate":
            return f"{_most_uses(after, o.Generate)} uses of one Generate"
        case "hoist-human":
            uses = _most_uses(after, o.Reduce)
            return f"{uses} uses of one distribution" if uses > 1 else ""
        case "prune-columns":
            return f"{_columns(before) - _columns(after)} not read"
        case "merge-reductions":
            return f"{_reductions(before) - _reductions(after)} into the one around it"
    return ""


def _reductions(sinks: Sinks) -> int:
    return sum(isinstance(found, o.Reduce) for sink in sinks for found in o.below(sink))


def _columns(sinks: Sinks) -> int:
    scans: Mapping[str, int] = {
        f.source: len(f.columns) for sink in sinks for f in o.below(sink) if isinstance(f, o.Scan)
    }
    return sum(scans.values())


def logical_plan(audit: d.TypedAudit, grid: Grid) -> LogicalPlan:
    """The logical plan of an audit on its opened data, rewritten. Asks nothing, and opens no checkpoint."""
    sizes = Sizes(audit, grid)
    written = sinks = Builder(audit, grid).sinks()
    applied: list[Applied] = []
    for rule in RULES:
        after = rule.apply(sinks, sizes)
        if after != sinks:
            applied.append(Applied(rule, _note(rule, sinks, after), sinks, after))
        sinks = after
    return LogicalPlan(sinks, written, tuple(applied))


def text(plan: LogicalPlan, sink: str | None = None) -> str:
    """The operator tree of every measure and check, or of one, with the rewrites that were applied."""
    return plan.text(sink)


def rewrites_text(plan: LogicalPlan) -> str:
    """Before and after of every rewrite that changed something, rule by rule."""
    return plan.rewrites_text()
