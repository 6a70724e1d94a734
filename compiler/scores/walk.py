"""Walks over typed terms: their parts, and what a term depends on.

Expects terms of one audit. Ensures that dependencies see through `let` and measure names, that each of these is walked
once however often it is named, and that a chain of them of any length needs no recursion.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import assert_never

from cyclspec.compiler.axes import Grid
from cyclspec.language.diagnostics import InternalError
from cyclspec.language.names.order import in_order
from cyclspec.language.types.kinds import Choice, Dist, scale_name
from cyclspec.language.types.terms import (
    AnswerTerm,
    ArithmeticTerm,
    AttributeTerm,
    AxisTerm,
    CallTerm,
    ColumnTerm,
    CompareTerm,
    DrawnTerm,
    FieldTerm,
    FormalTerm,
    HeadcountTerm,
    IfTerm,
    KindTerm,
    LetTerm,
    LevelTerm,
    ListTerm,
    Literal_,
    LogicTerm,
    LookupTerm,
    MemberTerm,
    MetricTerm,
    NegateTerm,
    PeopleTerm,
    PickTerm,
    PopulationTerm,
    PythonTerm,
    RangeTerm,
    ReduceTerm,
    Term,
    TextsTerm,
    VocabularyTerm,
)
from cyclspec.language.types.typed import TypedAudit

Leaf = AnswerTerm | PeopleTerm | ColumnTerm | HeadcountTerm | PopulationTerm


def parts(term: Term) -> tuple[Term, ...]:
    """The terms directly below a term. The body of a metric is not among them: it names formals, not cells."""
    match term:
        case NegateTerm(of=of) | KindTerm(of=of) | PickTerm(of=of):
            return (of,)
        case LookupTerm(of=of, key=key):
            return (of, key)
        case ArithmeticTerm(left=left, right=right) | CompareTerm(left=left, right=right):
            return (left, right)
        case MemberTerm(of=of, among=among):
            return (of, among)
        case LogicTerm(args=args) | CallTerm(args=args) | MetricTerm(args=args) | ListTerm(items=args):
            return args
        case IfTerm(condition=condition, then=then, otherwise=otherwise):
            return (condition, then, otherwise)
        case ReduceTerm(of=of, weight=weight, args=args):
            return (of, *(() if weight is None else (weight,)), *(arg for _, arg in args))
        case (
            Literal_()
            | TextsTerm()
            | LevelTerm()
            | RangeTerm()
            | AxisTerm()
            | AttributeTerm()
            | VocabularyTerm()
            | AnswerTerm()
            | ColumnTerm()
            | PeopleTerm()
            | HeadcountTerm()
            | LetTerm()
            | FormalTerm()
            | FieldTerm()
            | DrawnTerm()
            | PopulationTerm()
            | PythonTerm()
        ):
            return ()
        case _:
            assert_never(term)


def below(term: Term) -> Iterator[Term]:
    """A term and everything in it, outermost first."""
    yield term
    for part in parts(term):
        yield from below(part)


def named_terms(audit: TypedAudit) -> dict[str, Term]:
    """What a `LetTerm` may name: lets, measures and checks."""
    return {read.name: read.term for read in audit.reads}


def names_in(term: Term) -> tuple[str, ...]:
    """The lets and measures that a term names itself, each once."""
    return tuple(dict.fromkeys(inner.name for inner in below(term) if isinstance(inner, LetTerm)))


def _circle(user: str, used: str, _place: None) -> None:
    raise InternalError("score", f"`{user}` and `{used}` name each other")


def derived_axes(term: Term, grid: Grid) -> Iterator[tuple[str, str]]:
    """The axes that `by` makes of attributes, each with the axis that has the attribute."""
    for inner in below(term):
        if isinstance(inner, ReduceTerm):
            yield from ((name, source_axis(inner, name, grid)) for name in inner.by)


def source_axis(term: ReduceTerm, attribute: str, grid: Grid) -> str:
    """Which of the reduced axes has an attribute; the empty string where none does."""
    return next((a for a in term.axes if a in grid.axes and attribute in grid.axes[a].attributes), "")


def scale_of_leaf(leaf: Leaf) -> str | None:
    """The scale of a leaf that is a distribution; None for the mass on the labels."""
    match leaf.type.kind:
        case Dist(scale):
            return scale_name(scale)
        case _:
            return None


def options_of_leaf(leaf: Leaf) -> str | None:
    """The scale whose options a leaf is about: those it has shares of, or one of which it chose."""
    match leaf.type.kind:
        case Dist(scale) | Choice(scale):
            return scale_name(scale)
        case _:
            return None


@dataclass(frozen=True, slots=True)
class Dependencies:
    """The asked and counted values that a term reads, and the axes that it reduces over."""

    leaves: frozenset[Leaf] = frozenset()
    reduced: frozenset[str] = frozenset()

    def __or__(self, other: Dependencies) -> Dependencies:
        return Dependencies(self.leaves | other.leaves, self.reduced | other.reduced)


class Reach:
    """Dependencies of the terms of one audit, each computed once."""

    def __init__(self, named: Mapping[str, Term]) -> None:
        self._named = named
        self._known: dict[Term, Dependencies] = {}
        self._names = {name: names_in(term) for name, term in named.items()}
        # What a name needs is known before the name itself is looked at.
        for name in self.needed(named):
            self.of(named[name])

    def needed(self, names: Iterable[str], known: Container[str] = ()) -> Iterator[str]:
        """Some names and all that they name in their turn, except what is known; each after what it needs."""
        return in_order(
            names, lambda user: ((name, None) for name in self._names[user] if name not in known), _circle
        )

    def of(self, term: Term) -> Dependencies:
        """What `term` depends on, through the lets and measures that it names."""
        known = self._known.get(term)
        if known is None:
            known = self._own(term)
            for part in parts(term):
                known |= self.of(part)
            self._known[term] = known
        return known

    def _own(self, term: Term) -> Dependencies:
        match term:
            case AnswerTerm() | PeopleTerm() | ColumnTerm() | HeadcountTerm() | PopulationTerm():
                return Dependencies(leaves=frozenset((term,)))
            case ReduceTerm(direction="over", axes=axes):
                return Dependencies(reduced=frozenset(axes))
            case LetTerm(name=name):
                return self.of(self._named[name])
            case _:
                return Dependencies()
