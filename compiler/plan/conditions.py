"""Conditions on rows and levels, evaluated as arrays before anything is asked.

Expects terms of phase `static` or `data` and the values they name, one entry a row. Ensures one truth value a row; a
comparison with a value that is not there is false, and `is_missing` says where that is so.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cyclspec.compiler.data.contracts import Scale
from cyclspec.language.diagnostics import SpecError
from cyclspec.language.diagnostics.cy08_not_yet import NotLowered
from cyclspec.language.types import kinds as k
from cyclspec.language.types import terms as h
from cyclspec.language.types import typed as d
from cyclspec.language.types.constants import as_text
from cyclspec.language.types.subterms import subterms

Values = Mapping[Any, Any]
Array = NDArray[Any]

_COMPARE: Mapping[str, Callable[[Any, Any], Any]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_ARITHMETIC: Mapping[str, Callable[[Any, Any], Any]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
    "^": operator.pow,
}


def conjuncts(term: h.Term | None) -> Iterator[h.Term]:
    """The conditions that a condition joins by `and`."""
    if isinstance(term, h.LogicTerm) and term.op == "and":
        for part in term.args:
            yield from conjuncts(part)
    elif term is not None:
        yield term


def joined(terms: Iterable[h.Term]) -> h.Term | None:
    """Conditions joined by `and`; None for none of them."""
    parts = tuple(terms)
    if len(parts) < 2:
        return parts[0] if parts else None
    axes = frozenset[str]().union(*(part.type.axes for part in parts))
    type_ = k.Type(k.Bool(), axes, max(part.type.phase for part in parts))
    return h.LogicTerm(type=type_, span=parts[0].span.to(parts[-1].span), op="and", args=parts)


def own_condition(each: d.TypedEach) -> h.Term | None:
    """The part of a condition that speaks of what its `each` binds alone, and can be settled level by level."""
    if isinstance(each.source, d.TargetSource | d.ChildSource):
        return None
    return joined(part for part in conjuncts(each.where) if _is_own(part, each))


def joint_condition(each: d.TypedEach) -> h.Term | None:
    """The part of a condition that ties what its `each` binds to other axes, to each other, or to people."""
    if isinstance(each.source, d.TargetSource | d.ChildSource):
        return each.where
    return joined(part for part in conjuncts(each.where) if not _is_own(part, each))


def _is_own(part: h.Term, each: d.TypedEach) -> bool:
    return part.type.axes <= frozenset(each.names) and not any(True for _ in people_in(part))


def people_in(term: h.Term) -> Iterator[h.PeopleTerm | h.ColumnTerm]:
    """The distributions of people that a condition names."""
    for part in subterms(term):
        is_dist = isinstance(part.type.kind, k.Dist)
        if isinstance(part, h.PeopleTerm) or (isinstance(part, h.ColumnTerm) and is_dist):
            yield part


def holds(term: h.Term, values: Values, count: int) -> NDArray[np.bool_]:
    """Where a condition is true: bool [count].

    `values` gives rows by the name of a column, attribute or axis, or as `axis.attribute` where several axes meet; and
    by the term of a distribution of people whether there are any.
    """
    found = np.broadcast_to(np.asarray(_evaluate(term, values)), (count,))
    return np.array(found, dtype=np.bool_)


def evaluated(term: h.Term, values: Values, count: int) -> Array:
    """The value of a term over data: [count], of objects where they are not numbers."""
    return np.array(np.broadcast_to(np.asarray(_evaluate(term, values)), (count,)))


def _order(kind: k.Kind) -> Mapping[str, int] | None:
    """Positions of the levels of an ordered vocabulary, by which they compare."""
    if isinstance(kind, k.Of) and kind.vocabulary.ordered:
        return {name: i for i, name in enumerate(kind.vocabulary.names)}
    return None


def _column(values: Values, name: str) -> Array:
    rows: Any = values[name]
    if isinstance(rows, np.ndarray):
        return rows
    found = np.empty(len(rows), dtype=object)
    found[:] = list(rows)
    return found


def _evaluate(term: h.Term, values: Values) -> Any:
    match term:
        case h.Literal_(value=value):
            return value
        case h.TextsTerm(texts=texts):
            return dict(texts)
        case h.LevelTerm(level=level):
            return level
        case h.FormalTerm(name=name) | h.AxisTerm(axis=name) | h.DrawnTerm(name=name) if name in values:
            return _column(values, name)
        case h.AttributeTerm(axis=axis, attribute=name) if f"{axis}.{name}" in values:
            return _column(values, f"{axis}.{name}")
        case h.AttributeTerm(attribute=name) if name in values:
            return _column(values, name)
        case h.NegateTerm(of=of):
            return -_evaluate(of, values)
        case h.ArithmeticTerm(op=op, left=left, right=right):
            with np.errstate(all="ignore"):
                return _ARITHMETIC[op](_evaluate(left, values), _evaluate(right, values))
        case h.CompareTerm():
            return _compare(term, values)
        case h.MemberTerm():
            return _member(term, values)
        case h.LogicTerm(op="not", args=(arg,)):
            return ~np.asarray(_evaluate(arg, values), dtype=np.bool_)
        case h.LogicTerm(op=op, args=args):
            parts = [np.asarray(_evaluate(arg, values), dtype=np.bool_) for arg in args]
            return np.logical_and.reduce(parts) if op == "and" else np.logical_or.reduce(parts)
        case h.IfTerm(condition=condition, then=then, otherwise=otherwise):
            return np.where(
                _evaluate(condition, values), _evaluate(then, values), _evaluate(otherwise, values)
            )
        case h.KindTerm(of=of, word=word):
            scales = _evaluate(of, values)
            return np.array([s.ordered == (word == "ordinal") for s in scales], dtype=np.bool_)
        case h.CallTerm(function="size", args=(of,)):
            return np.array([_size(cell) for cell in _evaluate(of, values)], dtype=np.float64)
        case h.CallTerm(function="is_missing", args=(of,)) if of in values:
            return ~np.asarray(values[of], dtype=np.bool_)
        case h.CallTerm(function="is_missing", args=(of,)):
            return np.array([one is None for one in np.atleast_1d(_evaluate(of, values)).tolist()])
        case h.CallTerm(function="abs", args=(of,)):
            return np.abs(_evaluate(of, values))
        case h.CallTerm(function="number", args=(of,)):
            return _evaluate(of, values)
    raise SpecError([NotLowered(span=term.span, what=f"`{term.span.text}` in a condition")])


def _size(cell: Any) -> int:
    """Options that are not missing, or entries of a list."""
    if isinstance(cell, Scale):
        return sum(not option.missing for option in cell.options)
    return 0 if cell is None else len(cell)


def _elementwise(function: Callable[[Any, Any], Any], left: Any, right: Any) -> Array:
    """Compares row by row; a row without a value compares false."""
    if not isinstance(left, np.ndarray) and not isinstance(right, np.ndarray):
        return np.asarray(function(left, right))
    left, right = np.broadcast_arrays(np.asarray(left), np.asarray(right))
    if left.dtype != object and right.dtype != object:
        return np.asarray(function(left, right))
    pairs = zip(left.tolist(), right.tolist(), strict=True)
    return np.array([a is not None and b is not None and bool(function(a, b)) for a, b in pairs])


def _compare(term: h.CompareTerm, values: Values) -> Array:
    left, right = _told(term.left, values), _told(term.right, values)
    kinds = term.left.type.kind, term.right.type.kind
    order = _order(kinds[0]) or _order(kinds[1])
    if any(isinstance(kind, k.Number) for kind in kinds):
        left, right = (_amounts(side, kind) for side, kind in zip((left, right), kinds, strict=True))
    elif order is not None and term.op not in ("==", "!="):
        left, right = _looked_up(left, order), _looked_up(right, order)
    return _elementwise(_COMPARE[term.op], left, right)


def _told(term: h.Term, values: Values) -> Any:
    """A value as it is compared: texts by their words, whatever their column calls the language."""
    found, kind = _evaluate(term, values), term.type.kind
    if not isinstance(kind, k.Text):
        return found
    if not isinstance(found, np.ndarray):
        return as_text(found, kind)
    told = np.empty(found.size, dtype=object)
    told[:] = [as_text(one, kind) for one in found.ravel().tolist()]
    return told.reshape(found.shape)


def _amounts(names: Any, kind: k.Kind) -> Any:
    """Levels as the numbers that they stand for; numbers as they are."""
    if not isinstance(kind, k.Of):
        return names
    known = {level.name: level.value for level in kind.vocabulary.levels}
    if not kind.vocabulary.open:
        return _looked_up(names, known)
    found = names.tolist() if isinstance(names, np.ndarray) else [names]
    return np.array([None if name is None else float(name) for name in found], dtype=object)


def _looked_up(names: Any, known: Mapping[str, Any]) -> Any:
    if isinstance(names, np.ndarray):
        return np.array([known.get(name) for name in names.tolist()], dtype=object)
    return known.get(names)


def _member(term: h.MemberTerm, values: Values) -> Array:
    found = _told(term.of, values)
    if isinstance(term.among, h.RangeTerm):
        found, high = _amounts(found, term.of.type.kind), term.among.high
        above = _elementwise(operator.ge, found, term.among.low)
        inside = above & _elementwise(operator.le, found, np.inf if high is None else high)
    else:
        if any(isinstance(item.type.kind, k.Number) for item in term.among.items):
            found = _amounts(found, term.of.type.kind)
        wanted = [_told(item, values) for item in term.among.items]
        inside = np.array([value in wanted for value in np.atleast_1d(found).tolist()])
    return ~inside if term.negated else inside
