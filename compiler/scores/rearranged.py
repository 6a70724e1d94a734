"""Which permutations can change what they test: a test whose draws all equal the data says nothing.

Expects measures that can run, and the grid. Ensures that a test is refused only where no answers could make a draw that
differs; where only the numbers tell, the row of the result says so.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from enum import Enum
from math import prod
from typing import Final

import numpy as np

from cyclspec.compiler.axes import Grid
from cyclspec.compiler.scores.arithmetic import FUNCTIONS
from cyclspec.compiler.scores.frame import Frame, frame_of
from cyclspec.compiler.scores.walk import Leaf, Reach, named_terms, names_in, parts
from cyclspec.language.diagnostics.cy02_types import IdleTest, WrongArguments
from cyclspec.language.types.terms import (
    ArithmeticTerm,
    CallTerm,
    CompareTerm,
    IfTerm,
    LetTerm,
    ListTerm,
    LogicTerm,
    MemberTerm,
    MetricTerm,
    NegateTerm,
    PeopleTerm,
    PickTerm,
    ReduceTerm,
    Term,
)
from cyclspec.language.types.typed import Permutation, TypedAudit, TypedMeasure

_CELL_BY_CELL: Final = FUNCTIONS | {"is_missing"}
_OF_MULTISETS: Final = frozenset(
    {
        "mean",
        "share",
        "sum",
        "count",
        "effective_count",
        "sd",
        "var",
        "min",
        "max",
        "median",
        "quantile",
        "mode",
    }
    | {"pearson", "spearman", "kendall", "slope"}
)
"""Reducers that do not see the order of the cells, only what stands together in one."""
_OF_PAIRS: Final = frozenset({"pair_agreement", "pair_disagreement"})
"""Reducers that do not see it unless they are told which pairs count."""


class Moves(Enum):
    """What a permutation does to a term: nothing; its cells change places as the labels do; anything else."""

    STILL = "still"
    ALONG = "along"
    OTHERWISE = "otherwise"


def idle_tests(audit: TypedAudit, grid: Grid) -> Iterator[IdleTest]:
    """The permutations of an audit that leave their measures as they are."""
    named, frame = named_terms(audit), frame_of(audit, grid)
    reach = Reach(named)
    for measure in audit.measures:
        if not isinstance(measure.test, Permutation):
            continue
        found = _idle(measure, measure.test, reach, frame, named)
        if found is not None:
            flaw, helps = found
            yield IdleTest(
                span=measure.span, measure=measure.name, over=measure.test.over, flaw=flaw, helps=helps
            )


def breaking_tests(audit: TypedAudit, grid: Grid) -> Iterator[WrongArguments]:
    """The permutations of an audit within axes that not all that they move has."""
    named, frame = named_terms(audit), frame_of(audit, grid)
    reach = Reach(named)
    for measure in audit.measures:
        test = measure.test
        if not isinstance(test, Permutation) or test.people is not None:
            continue
        lost = lacking(test, reach.of(measure.term).leaves)
        if lost:
            other = replace(test, within=tuple(axis for axis in test.within if axis not in lost))
            idle = _idle(measure, other, reach, frame, named)
            helps = idle[1] if idle else (f"leave out what some of it lacks: {written(other)}",)
            problem = (
                f"cannot deal `{test.over}` out within `{lost[0]}`: some of what moves has no `{lost[0]}`"
            )
            yield WrongArguments(span=measure.span, callee="permutation", problem=problem, helps=helps)


def _idle(
    measure: TypedMeasure, test: Permutation, reach: Reach, frame: Frame, named: Mapping[str, Term]
) -> tuple[str, tuple[str, ...]] | None:
    """Why a permutation changes nothing, and what to do about it; None where it may change something."""
    leaves = reach.of(measure.term).leaves
    if test.people is not None:
        return _no_groups(test, [leaf for leaf in leaves if _of_people(leaf, test.people)], frame)
    if not any(test.over in leaf.type.axes for leaf in leaves):
        return f"nothing that it reads varies along `{test.over}`", ("permute an axis of its answers",)
    if lacking(test, leaves):
        return None
    inside = _inside(test)
    if _most_levels(frame, test) < 2:
        return f"`{test.over}` has one level{inside}", ("keep more levels, or leave the test out",)
    if not _is_still(test, measure, reach, named) or not _closed(frame, test):
        return None
    reduced = sorted(reach.of(measure.term).reduced - {test.over, *test.within})
    for axis in reduced:
        other = replace(test, within=(*test.within, axis))
        if lacking(other, leaves) or _most_levels(frame, other) < 2:
            continue
        if not _is_still(other, measure, reach, named):
            helps = (f"permute within levels: {written(other)}",)
            return f"all levels of `{test.over}` are taken together, alike in every order", helps
    helps = (f"keep the levels apart: measure `by {test.over}`, or the largest less the smallest",)
    return f"all levels of `{test.over}` are taken together, alike in every order", helps


def _is_still(test: Permutation, measure: TypedMeasure, reach: Reach, named: Mapping[str, Term]) -> bool:
    walk = _Walk(test, named)
    # What a name needs is known before the name itself is looked at.
    for name in reach.needed(names_in(measure.term)):
        walk.of(named[name])
    return walk.of(measure.term) is Moves.STILL


def _of_people(leaf: Leaf, people: str) -> bool:
    return isinstance(leaf, PeopleTerm) and leaf.people == people


def _no_groups(test: Permutation, leaves: list[Leaf], frame: Frame) -> tuple[str, tuple[str, ...]] | None:
    """Why people cannot be dealt out to groups; None where some distribution tells several apart."""
    if max((_groups(leaf, frame, test.within) for leaf in leaves), default=1) > 1:
        return None
    fewer = (replace(test, within=tuple(a for a in test.within if a != axis)) for axis in test.within)
    helps = tuple(
        f"let people change their groups along more axes: {written(other)}"
        for other in fewer
        if any(_groups(leaf, frame, other.within) > 1 for leaf in leaves)
    )
    helps = helps or ("count people by what tells them apart: `share over person by age of ..`",)
    return f"it tells no groups of these people apart{_inside(test)}", helps


def _groups(leaf: Leaf, frame: Frame, within: tuple[str, ...]) -> int:
    """How many groups a distribution tells apart, of those that the grid has; two where that is not known."""
    assert isinstance(leaf, PeopleTerm)
    return prod(len(frame.axes[a]) if a in frame.axes else 2 for a in leaf.by if a not in within)


def _inside(test: Permutation) -> str:
    return f" within {' and '.join(f'`{axis}`' for axis in test.within)}" if test.within else ""


def written(test: Permutation) -> str:
    """A permutation as a spec writes it; people that are dealt out within nothing need that said."""
    words = test.within[0] if len(test.within) == 1 else f"[{', '.join(test.within)}]"
    inside = f", within = {words}" if test.within or test.people is not None else ""
    return f"`permutation(over = {test.over}{inside})`"


def lacking(test: Permutation, leaves: Iterable[Leaf]) -> tuple[str, ...]:
    """The axes of `within` that something lacks whose labels change places: dealt out within them it would break."""
    moved = [leaf.type.axes for leaf in leaves if test.over in leaf.type.axes]
    return tuple(axis for axis in test.within if any(axis not in axes for axes in moved))


def _most_levels(frame: Frame, test: Permutation) -> int:
    """The most levels that exist beside one another where labels are dealt out."""
    axes = frozenset((test.over, *test.within))
    holes = frame.holes(axes)
    if holes is None:
        return len(frame.axes[test.over])
    # Cells that do not exist whatever the label have one place along its axis.
    here = np.broadcast_to(~holes, frame.shape(axes))
    return int(np.sum(here, axis=frame.place_of(test.over)).max())


def _closed(frame: Frame, test: Permutation) -> bool:
    """Whether no permutation moves a value to where a cell does not exist."""
    axes = {test.over, *test.within}
    return all(test.over not in one.axes or axes.issuperset(one.axes) for one in frame.grid.presence)


@dataclass(frozen=True, slots=True)
class _Walk:
    """What a permutation does to each term."""

    test: Permutation
    named: Mapping[str, Term]
    known: dict[Term, Moves] = field(default_factory=dict)

    def of(self, term: Term) -> Moves:
        if term not in self.known:
            self.known[term] = self._of(term)
        return self.known[term]

    def _of(self, term: Term) -> Moves:
        if isinstance(term, LetTerm):
            return self.of(self.named[term.name])
        if isinstance(term, Leaf):
            return Moves.ALONG if self.test.over in term.type.axes else Moves.STILL
        together = self._together(_values(term))
        if together is not Moves.ALONG:
            return together
        match term:
            case ReduceTerm():
                return self._reduced(term)
            case PickTerm(at=at):
                kept = {self.test.over, *self.test.within}.isdisjoint(axis for axis, _ in at)
                return Moves.ALONG if kept else Moves.OTHERWISE
            case CallTerm(function="human_mean" | "human_mean_in_sample", words=words):
                # Means of levels do not see their order, only what stands together in one cell of the other axes.
                apart = set(self.test.within).isdisjoint(axis for axes in words.values() for axis in axes)
                return Moves.ALONG if apart else Moves.OTHERWISE
            case CallTerm(function=function) if function not in _CELL_BY_CELL:
                return Moves.OTHERWISE
            case NegateTerm() | ArithmeticTerm() | CompareTerm() | MemberTerm() | LogicTerm() | IfTerm():
                return Moves.ALONG
            case CallTerm() | MetricTerm() | ListTerm():
                return Moves.ALONG
            case _:
                return Moves.OTHERWISE

    def _together(self, terms: tuple[Term, ...]) -> Moves:
        """What happens to values that stand in one cell: they stay together only where all of them move."""
        found = [(self.of(one), self.test.over in one.type.axes) for one in terms]
        if any(moves is Moves.OTHERWISE for moves, _ in found):
            return Moves.OTHERWISE
        if all(moves is Moves.STILL for moves, _ in found):
            return Moves.STILL
        stays = any(moves is Moves.STILL and along for moves, along in found)
        return Moves.OTHERWISE if stays else Moves.ALONG

    def _reduced(self, term: ReduceTerm) -> Moves:
        """Of cells that change places: nothing where all levels are reduced together by what sees no order."""
        if term.direction == "along" or term.by or not _sees_no_order(term):
            return Moves.OTHERWISE
        if self.test.over in term.axes:
            return Moves.STILL if self._whole(term) else Moves.OTHERWISE
        return Moves.ALONG if set(self.test.within).isdisjoint(term.axes) else Moves.OTHERWISE

    def _whole(self, term: ReduceTerm) -> bool:
        """Whether the values of each unit stay together: in one, raters may change places."""
        raters = dict(term.args).get("raters")
        if raters is None or self.test.over in raters.type.axes:
            return True
        return raters.type.axes.isdisjoint(self.test.within)


def _values(term: Term) -> tuple[Term, ...]:
    """What a term is computed from; of raters and units the names alone say how."""
    match term:
        case ReduceTerm(reducer="krippendorff", of=of, weight=weight):
            return (of,) if weight is None else (of, weight)
        case _:
            return parts(term)


def _sees_no_order(term: ReduceTerm) -> bool:
    if term.reducer in _OF_PAIRS:
        return not term.args
    return term.reducer in _OF_MULTISETS or term.reducer == "krippendorff"
