"""Within which of their groups people are dealt out, where a permutation of people does not say so.

Expects typed terms and the lets and measures that they name. Ensures that at least one group axis is left to deal over.
"""

from __future__ import annotations

from collections.abc import Iterator

from cyclspec.language.types import terms as h
from cyclspec.language.types.contrasts import Named, read_by, through


def groups_of(term: h.Term, named: Named, people: str) -> tuple[str, ...]:
    """The axes by which a term counts the people of a table."""
    leaves = (leaf for leaf in read_by(term, named) if leaf.people == people)
    return tuple(dict.fromkeys(axis for leaf in leaves for axis in leaf.by))


def groups_apart(term: h.Term, named: Named, people: str) -> tuple[str, ...]:
    """The group axes within which people are dealt out, in order.

    Those that a measure keeps apart: it neither reduces over them nor takes one level of them. And those that answers
    have which it reads: a model that was told of a town is compared with people of that town. Where both together are
    all axes only the first count, and none where these are all.
    """
    groups = groups_of(term, named, people)
    mixed = frozenset(axis for inner in through(term, named) for axis in _mixed(inner))
    answers = (inner for inner in through(term, named) if isinstance(inner, h.AnswerTerm))
    told = frozenset(axis for answer in answers for axis in answer.type.axes)
    apart = tuple(axis for axis in groups if axis not in mixed)
    within = tuple(axis for axis in groups if axis in told or axis in apart)
    return next((some for some in (within, apart) if len(some) < len(groups)), ())


def _mixed(term: h.Term) -> Iterator[str]:
    """The axes whose levels a term takes together, or takes one of."""
    match term:
        case h.ReduceTerm(axes=axes):
            yield from axes
        case h.PickTerm(at=at):
            yield from (axis for axis, _ in at)
        case h.LookupTerm(axis=axis):
            yield axis
        case h.CallTerm(words=words):
            yield from (axis for axes in words.values() for axis in axes)
