"""Which measures have sensitivity bounds: those in which missing answers enter by what `bounds` knows the direction of.

Expects a typed audit. Ensures that everything else is refused by name before anything is asked.
"""

from __future__ import annotations

from collections.abc import Iterator

from cyclspec.compiler.scores.arithmetic import FUNCTIONS
from cyclspec.compiler.scores.bounds import RISING
from cyclspec.compiler.scores.walk import Reach, named_terms
from cyclspec.language.diagnostics.cy08_not_yet import NotLowered
from cyclspec.language.types.kinds import Choice, Dist
from cyclspec.language.types.terms import (
    AnswerTerm,
    ArithmeticTerm,
    CallTerm,
    CompareTerm,
    IfTerm,
    LetTerm,
    LogicTerm,
    MemberTerm,
    MetricTerm,
    NegateTerm,
    PickTerm,
    RangeTerm,
    ReduceTerm,
    Term,
)
from cyclspec.language.types.typed import TypedAudit


def unbounded(audit: TypedAudit) -> tuple[NotLowered, ...]:
    """What stands between missing answers and the measures that ask for bounds."""
    looked = _Looked(audit)
    found: dict[NotLowered, None] = {}
    for measure in audit.measures:
        if measure.bounds is not None:
            found |= dict.fromkeys(looked.refused(measure.term))
    return tuple(found)


class _Looked:
    """The terms of one audit, each looked at once."""

    def __init__(self, audit: TypedAudit) -> None:
        self._named = named_terms(audit)
        self._reach = Reach(self._named)
        self._seen: set[Term] = set()

    def refused(self, term: Term) -> Iterator[NotLowered]:
        """What of a term of numbers or truth values has no bounds."""
        if term in self._seen or not self._asked(term):
            return
        self._seen.add(term)
        match term:
            case LetTerm(name=name):
                yield from self.refused(self._named[name])
            case AnswerTerm(field="mass"):
                return
            case NegateTerm(of=of):
                yield from self.refused(of)
            case ArithmeticTerm(op="+" | "-" | "*" | "/", left=left, right=right):
                yield from (*self.refused(left), *self.refused(right))
            case CallTerm(function=function, args=(of,)) if function in FUNCTIONS:
                yield from self.refused(of)
            case CompareTerm(op=op, left=left, right=right):
                sides = [side for side in (left, right) if isinstance(side.type.kind, Choice)]
                if sides:
                    yield from (one for side in sides for one in self._answer(side))
                elif op in ("==", "!="):
                    yield self._not(term, f"`{op}` of numbers")
                else:
                    yield from (*self.refused(left), *self.refused(right))
            case MemberTerm(of=of, among=among):
                plain = isinstance(of.type.kind, Choice) and not isinstance(among, RangeTerm)
                yield from self._answer(of) if plain else iter((self._not(term, "`in` of numbers"),))
            case LogicTerm(args=args):
                yield from (one for arg in args for one in self.refused(arg))
            case IfTerm(condition=condition, then=then, otherwise=otherwise):
                if self._asked(condition):
                    yield self._not(condition, "a condition on answers")
                yield from (*self.refused(then), *self.refused(otherwise))
            case MetricTerm(args=args):
                yield from self._metric(term, tuple(arg for arg in args if self._asked(arg)))
            case PickTerm(of=of, at=((axis, _),)) if isinstance(of.type.kind, Dist) and axis == "option":
                yield from self._shares(of)
            case PickTerm(of=of) if not isinstance(of.type.kind, Dist | Choice):
                yield from self.refused(of)
            case ReduceTerm(reducer=name, direction="over", weight=weight) if name in RISING:
                if weight is not None and self._asked(weight):
                    yield self._not(weight, "a weight that is an answer")
                yield from self.refused(term.of)
            case ReduceTerm(reducer=name, direction=direction):
                yield self._not(term, f"`{name} {direction}`")
            case _:
                yield self._not(term, "this")

    def _asked(self, term: Term) -> bool:
        match term:
            case CallTerm(function="is_missing") | ReduceTerm(reducer="count"):
                return False
            case _:
                return any(isinstance(leaf, AnswerTerm) for leaf in self._reach.of(term).leaves)

    def _metric(self, term: MetricTerm, asked: tuple[Term, ...]) -> Iterator[NotLowered]:
        if len(asked) == 1 and isinstance(asked[0].type.kind, Dist):
            yield from self._shares(asked[0])
        else:
            yield self._not(term, f"metric `{term.metric}` of several answers")

    def _shares(self, term: Term) -> Iterator[NotLowered]:
        """What of a distribution is no mean of answers."""
        match term:
            case LetTerm(name=name):
                yield from self._shares(self._named[name])
            case AnswerTerm():
                return
            case PickTerm(of=of):
                yield from self._shares(of)
            case ReduceTerm(reducer="mean" | "share", direction="over", of=of, weight=weight) if (
                weight is None or not self._asked(weight)
            ):
                yield from self._shares(of)
            case _:
                yield self._not(term, "this distribution")

    def _answer(self, term: Term) -> Iterator[NotLowered]:
        """What of a choice is not an answer itself."""
        match term:
            case LetTerm(name=name):
                yield from self._answer(self._named[name])
            case PickTerm(of=of):
                yield from self._answer(of)
            case AnswerTerm():
                return
            case _ if self._asked(term):
                yield self._not(term, "this choice")

    def _not(self, term: Term, what: str) -> NotLowered:
        return NotLowered(span=term.span, what=f"{what} under `bounds = worst_case`")
