"""A conversation that carries over from one cell of an ask to later ones.

`history = turns(along = item, last = draw(0..5), clean = [answer, first_sentence])`: each cell sees earlier turns of
the same person, chosen by counter. Ensures that the turns run along an axis of the ask and that there is text to carry.
"""

from __future__ import annotations

from collections.abc import Sequence

from cyclspec.language.diagnostics.cy01_names import UnknownName
from cyclspec.language.diagnostics.cy02_types import WrongArguments, WrongType
from cyclspec.language.diagnostics.cy05_units import OutsideRange
from cyclspec.language.names.suggest import did_you_mean
from cyclspec.language.syntax import tree as t
from cyclspec.language.types import typed as d
from cyclspec.language.types.arguments import Arguments, bind, called, constant, whole, words
from cyclspec.language.types.scope import Scope
from cyclspec.language.types.values import axis_words

_Last = tuple[int, int, tuple[str, ...] | None]
MAX_TURNS = 1000
CLEANERS = ("answer", "first_sentence")


def history_of(
    scope: Scope, field: t.Field | None, reader: d.Reader, axes: frozenset[str], models: Sequence[str]
) -> tuple[d.History | None] | None:
    """The history that a field says, None inside for none; None after reporting."""
    if field is None:
        return (None,)
    if not isinstance(reader, d.Sampled | d.TextReader | d.JsonReader):
        problem = "carries over what a model wrote, and this reader draws no text"
        helps = ("use `read = sampled(..)`, `text(..)` or `json(..)`",)
        scope.report(WrongArguments(span=field.span, callee="history", problem=problem, helps=helps))
        return None
    name, _, place = called(field.value)
    if name != "turns":
        helps = ("write `history = turns(along = item, last = 5)`",)
        scope.report(UnknownName(span=place, what="value of `history`", name=name, helps=helps))
        return None
    args = bind(scope, field.value, ("along", "last", "clean"), required=("along", "last"))
    if args is None:
        return None
    along = _along(scope, args["along"], axes, models)
    last = _turns(scope, args["last"].value, axes)
    clean = words(scope, args["clean"].value, "clean", CLEANERS) if "clean" in args else ()
    if along is None or last is None or clean is None:
        return None
    low, high, per = last
    return (d.History(along=along, low=low, high=high, clean=clean, per=per),)


def _along(scope: Scope, arg: t.Argument, axes: frozenset[str], models: Sequence[str]) -> str | None:
    named = axis_words(scope, t.Argument(span=arg.span, name=None, value=arg.value))
    if len(named) != 1:
        if named:
            problem = "runs along one axis"
            scope.report(WrongArguments(span=arg.span, callee="turns", problem=problem))
        return None
    axis = named[0]
    if axis.name in models:
        problem = f"cannot run along `{axis.name}`: a model remembers its own turns"
        scope.report(WrongArguments(span=axis.span, callee="turns", problem=problem))
        return None
    if axis.name in axes:
        return axis.name
    if axis.name not in scope.broken:
        helps = did_you_mean(axis.name, axes - set(models))
        scope.report(UnknownName(span=axis.span, what="axis of this ask", name=axis.name, helps=helps))
    return None


def _turns(scope: Scope, node: t.Expr, axes: frozenset[str]) -> _Last | None:
    """How many turns: a number, or `draw(0..5, per = run)`, one number for each cell of `per`, else for each cell."""
    if called(node)[0] != "draw":
        last = whole(scope, node, "last", 0, MAX_TURNS)
        return None if last is None else (last, last, None)
    args = bind(scope, node, ("range", "per"), required=("range",), by_position=1)
    per = None if args is None or "per" not in args else _per(scope, args["per"], axes)
    if args is None or ("per" in args and per is None):
        return None
    ends = _ends(scope, args)
    return None if ends is None else (*ends, per)


def _per(scope: Scope, arg: t.Argument, axes: frozenset[str]) -> tuple[str, ...] | None:
    named = axis_words(scope, t.Argument(span=arg.span, name=None, value=arg.value))
    for axis in named:
        if axis.name not in axes:
            helps = did_you_mean(axis.name, axes)
            scope.report(UnknownName(span=axis.span, what="axis of this ask", name=axis.name, helps=helps))
            return None
    return tuple(dict.fromkeys(axis.name for axis in named)) or None


def _ends(scope: Scope, args: Arguments) -> tuple[int, int] | None:
    at = args["range"].value
    found = constant(scope, at, "last", "a range of whole numbers")
    match None if found is None else found[0]:
        case None:
            return None
        case (int() | float() as low, int() | float() as high) if low <= high and low % 1 == high % 1 == 0:
            if low >= 0 and high <= MAX_TURNS:
                return int(low), int(high)
            condition = f"last in 0..{MAX_TURNS}"
            scope.report(OutsideRange(span=at.span, what=f"last = {at.span.text}", condition=condition))
            return None
    expected = "a range of whole numbers, the low end first"
    scope.report(WrongType(span=at.span, what="`last`", expected=expected, found=at.span.text))
    return None
