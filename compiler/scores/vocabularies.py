"""Levels and attributes as cells: integer codes for vocabularies, numbers where they are numbers.

Expects attributes in the grid. Ensures that two coded values are compared by the names of their levels, in the order
of their vocabulary, never by position in a file.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import jax.numpy as jnp
import numpy as np
from numpy.typing import NDArray

from cyclspec.compiler.axes import Attribute
from cyclspec.compiler.scores.cells import Array, Cells, apply, choose, refuse
from cyclspec.compiler.scores.frame import Frame, vocabulary_of
from cyclspec.compiler.scores.reasons import NO_VALUE, OK
from cyclspec.language.diagnostics import InternalError
from cyclspec.language.types.kinds import Bool, Kind, Number, Of
from cyclspec.language.types.terms import AttributeTerm, AxisTerm, LevelTerm, ListTerm, Literal_, Term


def attribute_cells(frame: Frame, term: AxisTerm | AttributeTerm) -> Cells:
    """The value of an axis or of one of its attributes, per level of the axis."""
    axis = frame.axes[term.axis]
    if _is_numeric(term):
        values = _numbers(frame, term)
        absent = np.isnan(values)
        return _placed(frame, term.axis, np.where(absent, 0.0, values), absent, None)
    texts = _texts(axis.levels if isinstance(term, AxisTerm) else frame.attribute(term.axis, term.attribute))
    names = _names(term, texts)
    codes = np.array(
        [-1 if text is None or text not in names else names.index(text) for text in texts], dtype=np.int32
    )
    return _placed(frame, term.axis, codes, codes < 0, names)


def _is_numeric(term: Term) -> bool:
    """Numbers, and vocabularies with a unit: the levels of `size : ordinal parameters` are numbers."""
    match term.type.kind:
        case Number() | Bool():
            return True
        case Of(vocabulary):
            return vocabulary.numeric
        case _:
            return False


def _placed(
    frame: Frame,
    axis: str,
    values: NDArray[np.generic],
    absent: NDArray[np.bool_],
    names: tuple[str, ...] | None,
) -> Cells:
    status = None
    if absent.any():
        reason = np.where(absent, np.int8(NO_VALUE), np.int8(OK))
        status = jnp.asarray(frame.placed(reason, (axis,)))
    return Cells(frozenset((axis,)), jnp.asarray(frame.placed(values, (axis,))), status, names=names)


def _numbers(frame: Frame, term: AxisTerm | AttributeTerm) -> NDArray[np.float64]:
    held: tuple[Attribute, ...]
    if isinstance(term, AttributeTerm):
        held = frame.attribute(term.axis, term.attribute)
    else:
        axis = frame.axes[term.axis]
        held = axis.attributes.get("value", axis.levels)
    return np.array([_number(value, term) for value in held], dtype=np.float64)


def _number(value: Attribute, term: Term) -> float:
    """A number as it is, a level of a vocabulary as the number that it stands for; NaN where there is none."""
    kind = term.type.kind
    level = kind.vocabulary.level(value) if isinstance(kind, Of) and isinstance(value, str) else None
    found = value if level is None else level.value
    return np.nan if found is None else float(found)


def _texts(values: tuple[Attribute, ...]) -> tuple[str | None, ...]:
    return tuple(None if value is None else str(value) for value in values)


def _names(term: AxisTerm | AttributeTerm, texts: tuple[str | None, ...]) -> tuple[str, ...]:
    vocabulary = vocabulary_of(term.type)
    if vocabulary is not None:
        return vocabulary.names
    return tuple(sorted({text for text in texts if text is not None}))


def word_of(term: Term) -> str | None:
    """The level or text that a term spells out."""
    match term:
        case LevelTerm(level=level):
            return level
        case Literal_(value=str() as text):
            return text
        case _:
            return None


def coded_pair(left: Term, right: Term, cells: Callable[[Term], Cells]) -> tuple[Cells, Cells] | None:
    """Both sides of a comparison of levels as codes of one list of names; None for a comparison of numbers."""
    words = word_of(left), word_of(right)
    match words:
        case str() as first, str() as second:
            return _code(first, (first, second)), _code(second, (first, second))
        case str() as first, None:
            other = cells(right)
            return _word(left, first, other), other
        case None, str() as second:
            other = cells(left)
            return other, _word(right, second, other)
        case _:
            return _same_names(cells(left), cells(right))


def _word(term: Term, word: str, other: Cells) -> Cells:
    """A word beside coded cells as its code; beside numbers as the number of its level."""
    if other.names is not None:
        return _code(word, other.names)
    level = (
        None if not isinstance(term, LevelTerm) or term.vocabulary is None else term.vocabulary.level(word)
    )
    if level is None or level.value is None:
        raise InternalError("score", f"level {word} is compared with numbers and has no value")
    return Cells(frozenset(), jnp.asarray(level.value))


def _code(word: str, names: tuple[str, ...]) -> Cells:
    code = names.index(word) if word in names else -1
    return Cells(frozenset(), jnp.asarray(code, jnp.int32), names=names)


def _same_names(left: Cells, right: Cells) -> tuple[Cells, Cells] | None:
    """Two coded values as codes of one list of names; None where one of them is not coded."""
    if left.names is None or right.names is None:
        return None
    if left.names == right.names:
        return left, right
    names = tuple(dict.fromkeys((*left.names, *right.names)))
    return _recode(left, names), _recode(right, names)


def _recode(cells: Cells, names: tuple[str, ...]) -> Cells:
    table = jnp.asarray([names.index(name) for name in cells.names or ()], jnp.int32)
    return replace(cells, value=table[cells.value], names=names, choices=None)


def value_of(frame: Frame, of: Cells, kind: Kind) -> Cells:
    """The number that each level or chosen option stands for; missing where it has none."""
    if of.choices is not None:
        layout = frame.layout(of.choices)
        rows: Array = jnp.asarray(0)
        if layout.axis is not None:
            rows = jnp.asarray(frame.placed(np.arange(len(layout.codes)), (layout.axis,)))
        return _valued(of, jnp.asarray(layout.value)[rows, of.value])
    if of.names is None or not isinstance(kind, Of):
        return of
    levels = [kind.vocabulary.level(name) for name in of.names]
    numbers = [np.nan if level is None or level.value is None else float(level.value) for level in levels]
    return _valued(of, jnp.asarray(numbers)[of.value])


def _valued(of: Cells, value: Array) -> Cells:
    absent = jnp.isnan(value)
    status = refuse(of.status, absent, NO_VALUE)
    return replace(of, value=choose(absent, 0.0, value), status=status, names=None, choices=None)


def among(of: Cells, of_term: Term, items: ListTerm, cells: Callable[[Term], Cells]) -> Cells:
    """Whether a value equals one of a list."""
    if of.names is not None:
        words = {word_of(item) for item in items.items}
        hits = np.array([name in words for name in of.names], dtype=np.bool_)
        return apply(lambda codes: jnp.asarray(hits)[codes], of)
    total = apply(lambda value: jnp.zeros_like(value, bool), of)
    for item in items.items:
        total = apply(_or_equal, total, of, cells(item))
    return total


def _or_equal(known: Array, value: Array, item: Array) -> Array:
    return known | (value == item)


def index_of(levels: tuple[str, ...], level: str) -> int:
    """The index of a level; `first` and `last` stand for the ends unless a level has that name."""
    if level in levels:
        return levels.index(level)
    if level in ("first", "last"):
        return 0 if level == "first" else len(levels) - 1
    raise InternalError("score", f"no level {level} among {levels}")
