"""Within which of their groups people are dealt out, where a permutation of people does not say so.

Expects typed terms and the lets and measures that they name. Ensures that at least one group axis is left to deal over.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from cyclspec.language.types import terms as h
from cyclspec.language.types.contrasts import Named, read_by, through


def groups_of(term: h.Term, named: Named, people: str) -> tuple[str, ...]:
    """The axes by which a term counts the people of a table."""
    leaves = (leaf for leaf in read_by(term, named) if leaf.people == people)
    return tuple(dict.fromkeys(axis for leaf in leaves for axis in leaf.by))


def groups_apart(term: h.Term, named: Named, people: str) -> tuple[str, ...]:
    """The group axes within which people are dealt out, in order.

    Those that a measure keeps apart: it does not reduce over them, and takes one level of them at most. And those that
    it only averages over, where answers that it reads have them: a model that was told of a town is compared with
    people of that town. Where both together are all axes only the first count, and none where these are all.
    """
    groups, inner = groups_of(term, named, people), tuple(through(term, named))
    compared = frozenset(axis for one in inner if not _averages(one) for axis in _mixed(one)) | _picked(inner)
    averaged = frozenset(axis for one in inner if _averages(one) for axis in _mixed(one))
    told = frozenset(axis for one in inner if isinstance(one, h.AnswerTerm) for axis in one.type.axes)
    apart = tuple(axis for axis in groups if axis not in compared | averaged)
    within = tuple(axis for axis in groups if axis in apart or axis in told - compared)
    return next((some for some in (within, apart) if len(some) < len(groups)), ())


def _picked(terms: Iterable[h.Term]) -> frozenset[str]:
    """The axes of which several levels are taken."""
    at = {pick for term in terms if isinstance(term, h.PickTerm) for pick in term.at}
    axes = [axis for axis, _ in at]
    return frozenset(axis for axis in axes if axes.count(axis) > 1)


def _averages(term: h.Term) -> bool:
    return isinstance(term, h.ReduceTerm) and term.reducer in ("mean", "share", "sum", "median")


def _mixed(term: h.Term) -> Iterator[str]:
    """The axes whose levels a term takes together."""
    match term:
        case h.ReduceTerm(axes=axes):
            yield from axes
        case h.LookupTerm(axis=axis):
            yield axis
        case h.CallTerm(words=words):
            yield from (axis for axes in words.values() for axis in axes)
