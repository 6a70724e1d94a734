"""Arguments of constructs that are read where they stand: sources of axes, readers, histories, policies.

Expects a scope in which parameters have their values. Ensures that every argument is known, given once, and a constant
inside its range; a function gives None after it has reported.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from cyclspec.language.diagnostics.cy01_names import UnknownName
from cyclspec.language.diagnostics.cy02_types import WrongArguments, WrongType
from cyclspec.language.diagnostics.cy03_axes import KnownTooLate
from cyclspec.language.diagnostics.cy05_units import OutsideRange
from cyclspec.language.diagnostics.mend import Mend, before, renamed
from cyclspec.language.names.suggest import did_you_mean
from cyclspec.language.spans import Span
from cyclspec.language.syntax import tree as t
from cyclspec.language.types import kinds as k
from cyclspec.language.types import terms as h
from cyclspec.language.types import units
from cyclspec.language.types.constants import NotConstant, Value, evaluate
from cyclspec.language.types.scope import Scope, failed

Arguments = Mapping[str, t.Argument]
MAX_SHOWN = 10**6
_AMOUNTS = frozenset({"n", "share", "count", "every", "last", "range"})


def called(node: t.Expr) -> tuple[str, tuple[t.Argument, ...], Span]:
    """`sampled(temperature = 1.0)` or the bare `sampled` as its word, its arguments, and the place of the word."""
    if isinstance(node, t.Call):
        return node.fn.span.text, node.args, node.fn.span
    return node.span.text, (), node.span


def bind(
    scope: Scope,
    node: t.Expr,
    formals: Sequence[str],
    *,
    required: Sequence[str] = (),
    by_position: int = 0,
) -> Arguments | None:
    """The arguments of a call by formal; the first `by_position` formals may be given without their name."""
    callee, args, _ = called(node)
    bound: dict[str, t.Argument] = {}
    for position, arg in enumerate(args):
        name = arg.name.name if arg.name else formals[position] if position < by_position else ""
        problem = _flaw(arg, name, formals, bound)
        if problem:
            mend = _name_meant(args, position, formals, required)
            if name:
                helps = did_you_mean(name, formals)
                mend = Mend(helps, renamed(arg.name.span, helps) if arg.name else ())
            scope.report(WrongArguments(span=arg.span, callee=callee, problem=problem, **mend._asdict()))
            return None
        bound[name] = arg
    missing = [name for name in required if name not in bound]
    if missing:
        problem = "needs " + ", ".join(f"`{name}`" for name in missing)
        scope.report(WrongArguments(span=node.span, callee=callee, problem=problem))
        return None
    return bound


def _name_meant(
    args: Sequence[t.Argument], position: int, formals: Sequence[str], required: Sequence[str]
) -> Mend:
    """The name of an argument that is given by its position: that of the required formal which stands there."""
    given = {arg.name.name for arg in args if arg.name is not None}
    arg, name = args[position], formals[position] if position < len(formals) else ""
    if name in required and name not in given and _may_be(arg.value, name):
        return before(arg.span, f"{name} = ", f"{name} = {arg.span.text}")
    free = [f"`{formal}`" for formal in formals if formal not in given]
    return Mend((f"arguments have names here: {', '.join(free)}",)) if free else Mend()


def _may_be(value: t.Expr, name: str) -> bool:
    """Whether a value is of the kind that a formal takes, as far as its spelling tells: numbers are for amounts."""
    match value:
        case t.Whole() | t.Real() | t.Quantity() | t.Negative():
            return name in _AMOUNTS
        case t.TextValue() | t.I18n() | t.List():
            return name not in _AMOUNTS
    return True


def _flaw(arg: t.Argument, name: str, formals: Sequence[str], bound: Arguments) -> str:
    if name in bound:
        return f"is given `{name}` twice"
    if name not in formals:
        return f"has no argument `{arg.span.text}`" if formals else "takes no arguments"
    return ""


def constant(scope: Scope, expr: t.Expr, name: str, expected: str) -> tuple[Value, h.Term] | None:
    """The value of an argument that is known from the text, with its term."""
    term = scope.infer(expr)
    if failed(term):
        return None
    if term.type.phase is k.Phase.RESPONSE:
        notes = (f"`{name}` is known before any model is called",)
        scope.report(KnownTooLate(span=expr.span, notes=notes))
        return None
    try:
        return evaluate(term), term
    except NotConstant:
        found = "data" if term.type.phase is k.Phase.DATA else k.kind_text(term.type.kind)
        scope.report(WrongType(span=expr.span, what=f"`{name}`", expected=expected, found=found))
        return None


def _refuse(scope: Scope, expr: t.Expr, name: str, expected: str) -> None:
    scope.report(WrongType(span=expr.span, what=f"`{name}`", expected=expected, found=expr.span.text))


def _outside(scope: Scope, expr: t.Expr, name: str, value: float, condition: str) -> None:
    """Reports a number outside its range; one of very many digits is shown as it is written."""
    shown = f"{value:g}" if abs(value) < MAX_SHOWN else expr.span.text
    scope.report(OutsideRange(span=expr.span, what=f"{name} = {shown}", condition=condition))


def whole(scope: Scope, expr: t.Expr, name: str, low: int, high: int) -> int | None:
    """A constant whole number in `low..high`."""
    expected = "a whole number"
    found = constant(scope, expr, name, expected)
    if found is None:
        return None
    value, term = found
    plain = units.unit_of(term) is k.Unit.NONE
    if isinstance(value, bool) or not isinstance(value, int | float) or value % 1 != 0 or not plain:
        _refuse(scope, expr, name, expected)
        return None
    if not low <= value <= high:
        _outside(scope, expr, name, value, f"{name} in {low}..{high}")
        return None
    return int(value)


def number(scope: Scope, expr: t.Expr, name: str, low: float, high: float, *, above: bool) -> float | None:
    """A constant number or share in `low..high`; with `above`, more than `low`."""
    expected = "a number"
    found = constant(scope, expr, name, expected)
    if found is None:
        return None
    value, term = found
    fraction = units.unit_of(term) in (k.Unit.NONE, k.Unit.SHARE, k.Unit.RATIO)
    if isinstance(value, bool) or not isinstance(value, int | float) or not fraction:
        _refuse(scope, expr, name, expected)
        return None
    if not low <= value <= high or (above and value == low):
        also = f" and {name} > {low:g}" if above else ""
        _outside(scope, expr, name, value, f"{name} in {low:g}..{high:g}{also}")
        return None
    return float(value)


def duration(scope: Scope, expr: t.Expr, name: str) -> float | None:
    """A constant length of time above zero, in seconds."""
    expected = "a duration such as 7d"
    found = constant(scope, expr, name, expected)
    if found is None:
        return None
    value, term = found
    if units.unit_of(term) is not k.Unit.DURATION or not isinstance(value, int | float):
        _refuse(scope, expr, name, expected)
        return None
    if value <= 0:
        _outside(scope, expr, name, value, f"{name} > 0d")
        return None
    return float(value)


def word(scope: Scope, expr: t.Expr, name: str, known: Sequence[str]) -> str | None:
    """One of a closed list of words."""
    found = expr.name if isinstance(expr, t.Name) else expr.span.text
    if found in known:
        return found
    helps = did_you_mean(found, known) or (f"`{name}` is one of: {', '.join(known)}",)
    scope.report(UnknownName(span=expr.span, what=f"value of `{name}`", name=found, helps=helps))
    return None


def words(scope: Scope, expr: t.Expr, name: str, known: Sequence[str]) -> tuple[str, ...] | None:
    """One word or a list of words, which are distinct in a program without errors."""
    nodes = [item.value for item in expr.items] if isinstance(expr, t.List) else [expr]
    found: list[str] = []
    for node in nodes:
        given = word(scope, node, name, known)
        if given is None:
            return None
        found.append(given)
    if not found:
        _refuse(scope, expr, name, f"some of {', '.join(known)}")
        return None
    return tuple(found)
