"""Sensitivity bounds: the lowest and the highest value that a measure could have, whatever the missing answers are.

Expects terms that `boundable` accepts. Ensures that a bound covers every way to fill the missing answers in. It is
attained where each answer enters the measure once; where one enters twice (`fit / (fit + flat)`) it is wider than need
be. Values that are missing for another reason stay missing (Horowitz and Manski 1995).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

import jax.numpy as jnp
from jax import lax

from cyclspec.compiler.scores import builtins
from cyclspec.compiler.scores.arithmetic import FUNCTIONS
from cyclspec.compiler.scores.cells import Array, Blocked, Cells, apply, choose, undefined, worst
from cyclspec.compiler.scores.expressions import Scope
from cyclspec.compiler.scores.kernels import batched, takes_numbers
from cyclspec.compiler.scores.picks import picked_level
from cyclspec.compiler.scores.reasons import ABSENT, OK, REFUSED
from cyclspec.compiler.scores.walk import Leaf
from cyclspec.language.diagnostics import InternalError
from cyclspec.language.types.kinds import Choice, Dist, scale_name
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
    ReduceTerm,
    Term,
)

RISING = frozenset({"mean", "sum", "share", "min", "max", "median", "quantile"})
"""Reducers of numbers that never fall where a value rises."""

_HALVINGS = 8


@dataclass(frozen=True, slots=True)
class Ends:
    """The lowest and the highest values of cells."""

    low: Cells
    high: Cells


@dataclass(slots=True)
class Bounds:
    """The bounds of terms: `final` holds the answers that count; in `filled` missing ones are on no option."""

    final: Scope
    answers: Mapping[AnswerTerm, Cells | Blocked]
    filled: Scope = field(init=False)
    known: dict[Term, Ends] = field(default_factory=dict)

    def __post_init__(self) -> None:
        leaves: dict[Leaf, Cells | Blocked] = {leaf: _filled(held) for leaf, held in self.answers.items()}
        self.filled = Scope(self.final.setting, leaves, outer=self.final, counting=False)

    def of(self, term: Term) -> Ends:
        """The bounds of a term of numbers or truth values."""
        if term not in self.known:
            self.known[term] = self._of(term) if self._asked(term) else _same(self.final.cells(term))
        return self.known[term]

    def _asked(self, term: Term) -> bool:
        """Whether a term depends on what was answered, and not only on whether there is an answer."""
        match term:
            case CallTerm(function="is_missing") | ReduceTerm(reducer="count"):
                return False
            case _:
                return self.filled.touches(term)

    def _of(self, term: Term) -> Ends:
        match term:
            case LetTerm(name=name):
                return self.of(self.final.setting.named[name])
            case AnswerTerm():
                return self._mass(term)
            case NegateTerm(of=of):
                inner = self.of(of)
                return Ends(apply(jnp.negative, inner.high), apply(jnp.negative, inner.low))
            case ArithmeticTerm(op=op, left=left, right=right):
                return _arithmetic(op, self.of(left), self.of(right))
            case CallTerm(function="abs", args=(of,)):
                return _absolute(self.of(of))
            case CallTerm(args=(of,)) if term.function in FUNCTIONS:
                return self._each(term, of)
            case CompareTerm(left=left, right=right):
                return self._compared(term, (left, right))
            case MemberTerm(of=of):
                return self._compared(term, (of,))
            case LogicTerm(op=op, args=args):
                return self._logic(op, tuple(self.of(arg) for arg in args))
            case IfTerm():
                return self._branch(term)
            case MetricTerm():
                return self._metric(term)
            case PickTerm(of=of) if isinstance(of.type.kind, Dist):
                return self._option(term)
            case PickTerm(of=of) | ReduceTerm(of=of):
                return self._each(term, of)
            case _:
                raise InternalError("score", f"bounds of {type(term).__name__}")

    def _each(self, term: Term, of: Term) -> Ends:
        """A term that never falls where `of` rises, at both ends of it."""
        inner = self.of(of)
        return Ends(*(self._at({of: cells}).cells(term) for cells in (inner.low, inner.high)))

    def _at(self, known: dict[Term, Cells]) -> Scope:
        return Scope(self.final.setting, self.filled.leaves, outer=self.final, counting=False, known=known)

    def _mass(self, leaf: AnswerTerm) -> Ends:
        """The mass on labels of a missing answer is anything from nothing to one."""
        cells, lost = self.filled.cells(leaf), self._lost(leaf)
        return Ends(*(replace(cells, value=choose(lost, end, cells.value)) for end in (0.0, 1.0)))

    def _lost(self, term: Term) -> Array:
        """Where an answer is missing."""
        match term:
            case LetTerm(name=name):
                return self._lost(self.final.setting.named[name])
            case AnswerTerm() if self.filled.touches(term):
                return _missing(self.final.cells(term).status)
            case PickTerm(of=of, at=at):
                scope, cells = self.final, self.final.cells(of)
                held = replace(
                    cells, value=self._lost(of), status=None, counts=None, names=None, choices=None
                )
                for axis, level in at:
                    held = picked_level(scope.setting.frame, held, axis, level)
                return held.value
            case _:
                return jnp.asarray(False)

    def _compared(self, term: CompareTerm | MemberTerm, sides: tuple[Term, ...]) -> Ends:
        if isinstance(term, CompareTerm) and not any(isinstance(s.type.kind, Choice) for s in sides):
            return _ordered(term.op, self.of(term.left), self.of(term.right))
        cells, lost = self.filled.cells(term), jnp.asarray(False)
        for side in sides:
            lost = lost | self._lost(side)
        return Ends(
            replace(cells, value=cells.value.astype(bool) & ~lost),
            replace(cells, value=cells.value.astype(bool) | lost),
        )

    def _logic(self, op: str, args: tuple[Ends, ...]) -> Ends:
        if op == "not":
            return Ends(apply(jnp.logical_not, args[0].high), apply(jnp.logical_not, args[0].low))
        low, high = args[0].low, args[0].high
        function = jnp.logical_and if op == "and" else jnp.logical_or
        for one in args[1:]:
            low, high = apply(function, low, one.low), apply(function, high, one.high)
        return Ends(low, high)

    def _branch(self, term: IfTerm) -> Ends:
        then, otherwise = self.of(term.then), self.of(term.otherwise)
        pairs = ((then.low, otherwise.low), (then.high, otherwise.high))
        given = ({term.then: left, term.otherwise: right} for left, right in pairs)
        return Ends(*(self._at(known).cells(term) for known in given))

    def _option(self, term: PickTerm) -> Ends:
        """The share of one option: without the missing answers, and with all of them."""
        ((_, level),) = term.at
        kind = term.of.type.kind
        assert isinstance(kind, Dist)
        name = scale_name(kind.scale)

        def share(scope: Scope, extra: float) -> Cells:
            cells = scope.pick_option(term.of, kind.scale, level)
            return replace(cells, value=cells.value + extra * _left(scope.cells(term.of).value))

        return Ends(
            self.filled.joined(name, lambda scope: share(scope, 0.0)),
            self.filled.joined(name, lambda scope: share(scope, 1.0)),
        )

    def _metric(self, term: MetricTerm) -> Ends:
        """A metric of one distribution with missing answers: these are put where it is lowest, and highest."""
        name = scale_name(term.scale)
        return Ends(
            self.filled.joined(name, lambda scope: self._extreme(term, scope, 1.0)),
            self.filled.joined(name, lambda scope: self._extreme(term, scope, -1.0)),
        )

    def _extreme(self, term: MetricTerm, scope: Scope, sign: float) -> Cells:
        frame = scope.setting.frame
        args = tuple(scope.cells(arg) for arg in term.args)
        at = next(at for at, arg in enumerate(term.args) if self._asked(arg))
        mask = builtins.mask_of(frame, scale_name(term.scale))
        numbers = builtins.numbers_of(frame, scale_name(term.scale)) if takes_numbers(term) else None
        values = [cells.value.astype(jnp.float64) for cells in args]
        units = self._units(term.args[at], scope)

        def metric(shares: Array) -> Array:
            given = [*values[:at], shares, *values[at + 1 :]]
            found = sign * batched(term, mask, numbers, given, frame.rank)
            # Undefined somewhere means unbounded: a metric that has no value there has no end.
            return choose(jnp.isnan(found), -jnp.inf, found)

        value = sign * lowest(metric, values[at], mask, units)
        axes = frozenset[str]().union(*(cells.axes for cells in args))
        axes |= frame.scale_axes(scale_name(term.scale))
        return Cells(axes, value, undefined(worst(*(cells.status for cells in args)), jnp.isnan(value)))

    def _units(self, term: Term, scope: Scope) -> Array | None:
        """How many answers are missing behind each distribution; None where they do not count alike."""
        match term:
            case LetTerm(name=name):
                return self._units(self.final.setting.named[name], scope)
            case ReduceTerm(of=AnswerTerm() as leaf, weight=None, by=()) if isinstance(
                leaf.type.kind, Choice
            ):
                whole = self.final.setting
                places = tuple(whole.frame.place_of(axis) for axis in term.axes)
                lost = _missing(self.final.cells(leaf).status).sum(axis=places, keepdims=True)
                counted = Cells(leaf.type.axes - set(term.axes), lost)
                assert scope.inside is not None
                inside = scope.inside
                return whole.blocks[inside.scale].cut(inside.block, counted).value
            case _:
                return None


def lowest(metric: Callable[[Array], Array], base: Array, mask: Array, units: Array | None) -> Array:
    """The lowest value of a metric over all ways to put what `base` [.., option] lacks to one on its options.

    From the best single option, by moves from one option to another that halve until they are single answers (`units`
    of them are missing). Exact where such moves lead to the minimum: sums of convex functions of shares or of
    cumulated shares, and their opposites, whose lowest value is at a single option.
    """
    left = _left(base)
    width = base.shape[-1]
    mask = jnp.broadcast_to(mask, (*mask.shape[:-1], width))
    shape = jnp.broadcast_shapes(base.shape[:-1], mask.shape[:-1])
    base, left = jnp.broadcast_to(base, (*shape, width)), jnp.broadcast_to(left, shape)

    def single(option: int) -> tuple[Array, Array]:
        put = jnp.zeros(width).at[option].set(1.0) * left[..., None]
        value = metric(base + put)
        allowed = jnp.broadcast_to(mask[..., option], value.shape)
        return put, choose(allowed, value, jnp.inf)

    put, value = single(0)
    put = jnp.broadcast_to(put, (*value.shape, width))
    for option in range(1, width):
        other, there = single(option)
        better = there < value
        put, value = choose(better[..., None], other, put), choose(better, there, value)

    def move(at: Array, state: tuple[Array, Array]) -> tuple[Array, Array]:
        put, value = state
        halving, pair = at // (2 * width * width), at % (width * width)
        source, target = pair // width, pair % width
        step = _step(left, units, halving)
        moved = jnp.minimum(step, put[..., source])
        other = put.at[..., source].add(-moved).at[..., target].add(moved)
        there = metric(base + other)
        better = (there < value) & mask[..., target]
        return choose(better[..., None], other, put), choose(better, there, value)

    moves = _HALVINGS * 2 * width * width
    found: Array = lax.fori_loop(0, moves, move, (put, value))[1]
    return found


def _step(left: Array, units: Array | None, halving: Array) -> Array:
    """How much moves at once: a half of what is missing, a quarter and so on; whole answers where they count alike."""
    part = 0.5 ** (halving + 1.0)
    if units is None:
        return left * part
    whole = jnp.maximum(units.astype(jnp.float64), 1.0)
    moved: Array = left * jnp.maximum(jnp.floor(whole * part), 1.0) / whole
    return moved


def _left(shares: Array) -> Array:
    """What shares lack to one; nothing where that is rounding."""
    lacking = 1.0 - shares.sum(axis=-1)
    return choose(lacking > 1e-12, lacking, 0.0)


def _missing(status: Array | None) -> Array:
    """Where the answer itself is missing."""
    if status is None:
        return jnp.asarray(False)
    return (status >= ABSENT) & (status <= REFUSED)


def _filled(held: Cells | Blocked) -> Cells | Blocked:
    if isinstance(held, Blocked):
        return replace(held, parts=tuple(_emptied(part) for part in held.parts))
    return _emptied(held)


def _emptied(cells: Cells) -> Cells:
    """An answer that is there and on no option, where it is missing."""
    lost = _missing(cells.status)
    if cells.scale is not None:
        value = choose(lost[..., None], 0.0, cells.value)
    else:
        nothing = -1 if cells.choices is not None else 0.0
        value = choose(lost, jnp.asarray(nothing, cells.value.dtype), cells.value)
    status = None if cells.status is None else choose(lost, jnp.int8(OK), cells.status)
    return replace(cells, value=value, status=status)


def _same(cells: Cells) -> Ends:
    return Ends(cells, cells)


def _corners(function: Callable[..., Array], left: Ends, right: Ends) -> Ends:
    """The lowest and highest of a function at the four pairs of ends."""
    found = [
        apply(function, one, other) for one in (left.low, left.high) for other in (right.low, right.high)
    ]
    low = apply(lambda *values: jnp.stack(jnp.broadcast_arrays(*values)).min(axis=0), *found)
    high = apply(lambda *values: jnp.stack(jnp.broadcast_arrays(*values)).max(axis=0), *found)
    return Ends(low, high)


def _arithmetic(op: str, left: Ends, right: Ends) -> Ends:
    match op:
        case "+":
            return Ends(apply(jnp.add, left.low, right.low), apply(jnp.add, left.high, right.high))
        case "-":
            return Ends(apply(jnp.subtract, left.low, right.high), apply(jnp.subtract, left.high, right.low))
        case "*":
            return _corners(jnp.multiply, left, right)
        case "/":
            return _quotient(left, right)
        case _:
            raise InternalError("score", f"bounds of {op}")


def _quotient(left: Ends, right: Ends) -> Ends:
    """Undefined where the divisor is zero at both ends, and without ends where zero lies between them."""
    zero = apply(lambda low, high: (low <= 0.0) & (high >= 0.0), right.low, right.high).value
    divisor = Ends(*(replace(end, value=choose(zero, 1.0, end.value)) for end in (right.low, right.high)))
    found = _corners(jnp.divide, left, divisor)
    never = (right.low.value == 0.0) & (right.high.value == 0.0)
    low = replace(found.low, value=choose(zero, -jnp.inf, found.low.value))
    high = replace(found.high, value=choose(zero, jnp.inf, found.high.value))
    return Ends(*(replace(end, status=undefined(end.status, never)) for end in (low, high)))


def _absolute(inner: Ends) -> Ends:
    both = (inner.low, inner.high)
    high = apply(lambda low, high: jnp.maximum(jnp.abs(low), jnp.abs(high)), *both)
    low = apply(lambda low, high: choose(low > 0.0, low, choose(high < 0.0, jnp.negative(high), 0.0)), *both)
    return Ends(low, high)


def _ordered(op: str, left: Ends, right: Ends) -> Ends:
    function = {"<": jnp.less, "<=": jnp.less_equal, ">": jnp.greater, ">=": jnp.greater_equal}[op]
    sure, might = (left.high, right.low), (left.low, right.high)
    if op in (">", ">="):
        sure, might = (left.low, right.high), (left.high, right.low)
    return Ends(apply(function, *sure), apply(function, *might))
