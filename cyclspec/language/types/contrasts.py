"""Paired contrasts, and whose answers a measure counts: what tests and resamples of people need to know of its term.

Expects typed terms and the lets and measures that they name. Ensures that a contrast is a sum of means of differences,
so that the sign of what one cluster adds can be flipped.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from cyclspec.language.types import terms as h
from cyclspec.language.types.subterms import subterms

Named = Mapping[str, h.Term]
_LINEAR = ("mean", "sum")


def read_by(term: h.Term, named: Named) -> Iterator[h.PeopleTerm]:
    """The distributions of people below a term, through names."""
    return (inner for inner in through(term, named) if isinstance(inner, h.PeopleTerm))


def through(term: h.Term, named: Named) -> Iterator[h.Term]:
    """Every term below a term, what a name stands for once."""
    waiting, seen = [term], set[str]()
    while waiting:
        for inner in subterms(waiting.pop()):
            yield inner
            if isinstance(inner, h.LetTerm) and inner.name in named and inner.name not in seen:
                seen.add(inner.name)
                waiting.append(named[inner.name])


def flaw_of_contrast(term: h.Term, named: Named, axes: tuple[str, ...]) -> str:
    """Why signs cannot be flipped over some axes, one at a time; empty where they can."""
    if not any(_is_difference(inner) for inner in through(term, named)):
        return "it is no difference, and a test of it against zero says nothing"
    return next((flaw for axis in axes if (flaw := _flaw(term, named, axis))), "")


def _is_difference(term: h.Term) -> bool:
    """Of two things, or of one and what it is held against: `1 - distance` is a closeness, and zero for no model."""
    match term:
        case h.ArithmeticTerm(op="-", left=h.Literal_(value=value)):
            return value != 1
        case h.ArithmeticTerm(op="-"):
            return True
        case _:
            return False


def pairing(term: h.Term, named: Named, axis: str) -> str | None:
    """The reducer, if any, that would pair copies of one answer where an axis is drawn again."""
    reduced = (inner for inner in through(term, named) if isinstance(inner, h.ReduceTerm))
    return next((inner.reducer for inner in reduced if axis in _paired(inner)), None)


def _paired(term: h.ReduceTerm) -> frozenset[str]:
    """The axes along which the values of a pair differ."""
    given = {name: arg.type.axes for name, arg in term.args}
    match term.reducer:
        case "pair_agreement" | "pair_disagreement":
            return given.get("between") or frozenset(term.axes) - given.get("within", frozenset())
        case "krippendorff":
            return given["raters"]
        case _:
            return frozenset()


def _flaw(term: h.Term, named: Named, axis: str) -> str:
    """Follows sums, differences and multiples down to the mean over the axis."""
    match term:
        case h.LetTerm(name=name) if name in named:
            return _flaw(named[name], named, axis)
        case h.NegateTerm(of=of):
            return _flaw(of, named, axis)
        case h.ArithmeticTerm(op="+" | "-", left=left, right=right):
            return _flaw(left, named, axis) or _flaw(right, named, axis)
        case h.ArithmeticTerm(op="*", left=left, right=of) if _is_given(left):
            return _flaw(of, named, axis)
        case h.ArithmeticTerm(op="*" | "/", left=of, right=right) if _is_given(right):
            return _flaw(of, named, axis)
        case h.CallTerm(function="number", args=(of,)):
            return _flaw(of, named, axis)
        case h.PickTerm(of=of, at=at) if all(name not in ("option", axis) for name, _ in at):
            return _flaw(of, named, axis)
        case h.ReduceTerm(reducer=reducer, direction="over", of=of, axes=axes) if reducer in _LINEAR:
            return _inside(of, named, axis) if axis in axes else _flaw(of, named, axis)
    return f"it is not a mean over `{axis}` of differences"


def _is_given(term: h.Term) -> bool:
    """Whether a term is a number of the spec."""
    return isinstance(term.of if isinstance(term, h.NegateTerm) else term, h.Literal_)


def _inside(term: h.Term, named: Named, axis: str) -> str:
    """What stands below the mean may hang on the cells of each level alone."""
    again = (
        isinstance(inner, h.ReduceTerm) and inner.direction == "over" and axis in inner.axes
        for inner in through(term, named)
    )
    return f"what is averaged over `{axis}` is itself taken over `{axis}`" if any(again) else ""
