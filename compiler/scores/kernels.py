"""Metrics as kernels: a typed body becomes a function of one example, batched over cells by `vmap`.

Expects a body over its formals: distributions of shape [option] with one mask [option] of the options that count, or
scalars. Ensures that masked options never enter a result, that 0 log 0 behind an `if` is its other branch, and that an
undefined operation on the taken path makes the result NaN, which the caller turns into a missing cell.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial, reduce

import jax
import jax.numpy as jnp
from jax import lax
from jaxtyping import Bool, Float

from cyclspec.compiler.scores.along_options import (
    Spread,
    called,
    each,
    highest,
    lowest,
    parted,
    running,
    together,
    total,
    worth_parting,
)
from cyclspec.compiler.scores.arithmetic import COMPARE, FUNCTIONS, NAN, PARTIAL, TOTAL
from cyclspec.compiler.scores.cells import Array, choose
from cyclspec.compiler.scores.walk import below
from cyclspec.language.diagnostics import InternalError
from cyclspec.language.types.terms import (
    ArithmeticTerm,
    CallTerm,
    CompareTerm,
    FormalTerm,
    IfTerm,
    Literal_,
    LogicTerm,
    MetricTerm,
    NegateTerm,
    PickTerm,
    ReduceTerm,
    Term,
)

Shares = Float[Array, "option"]
Mask = Bool[Array, "option"]
Scalar = Float[Array, ""]


@dataclass(frozen=True, slots=True, eq=False)
class Truth:
    """A truth value with where it is known; `known` None means everywhere."""

    value: Spread
    known: Spread | None


Value = Spread | Truth


@dataclass(slots=True)
class Body:
    """Evaluates the body of one call of a metric; equal subterms are computed once.

    `numbers` are those that the options stand for, NaN where one has none; None where no metric asks for them.
    """

    formals: Mapping[str, Spread]
    mask: Spread | None
    numbers: Spread | None = None
    known: dict[Term, Value] = field(default_factory=dict)

    def number(self, term: Term) -> Spread:
        """A term of numbers: with options or a scalar."""
        value = self.value(term)
        if isinstance(value, Truth):
            raise InternalError("score", "a truth value stands where a metric needs a number")
        return value

    def truth(self, term: Term) -> Truth:
        """A term of truth values."""
        value = self.value(term)
        return value if isinstance(value, Truth) else Truth(value, None)

    def value(self, term: Term) -> Value:
        if term not in self.known:
            self.known[term] = self._value(term)
        return self.known[term]

    def _value(self, term: Term) -> Value:
        match term:
            case Literal_(value=bool() as value):
                return Truth(jnp.asarray(value), None)
            case Literal_(value=int() | float() as value):
                return jnp.asarray(float(value))
            case FormalTerm(name=name):
                return self.formals[name]
            case NegateTerm(of=of):
                return each(operator.neg, self.number(of))
            case ArithmeticTerm(op=op, left=left, right=right):
                return each(TOTAL.get(op) or PARTIAL[op], self.number(left), self.number(right))
            case CompareTerm():
                return self._compare(term)
            case LogicTerm():
                return self._logic(term)
            case IfTerm(condition=condition, then=then, otherwise=otherwise):
                test = self.truth(condition)
                picked = each(choose, test.value, self.number(then), self.number(otherwise))
                return picked if test.known is None else each(choose, test.known, picked, NAN)
            case CallTerm():
                return self._call(term)
            case MetricTerm(formals=formals, args=args, body=body):
                given = {name: self.number(arg) for name, arg in zip(formals, args, strict=True)}
                return Body(given, self.mask, self.numbers).number(body)
            case ReduceTerm():
                return self._reduce(term)
            case PickTerm(of=of, at=(("option", ("first" | "last") as end),)):
                return together(self.number(of))[self._end(end)]
            case _:
                raise InternalError("score", f"{type(term).__name__} in the body of a metric")

    def _compare(self, term: CompareTerm) -> Truth:
        left, right = self.number(term.left), self.number(term.right)
        defined = [
            each(jnp.isfinite, value)
            for part, value in ((term.left, left), (term.right, right))
            if not isinstance(part, Literal_ | FormalTerm)
        ]
        return Truth(each(COMPARE[term.op], left, right), _all(defined))

    def _logic(self, term: LogicTerm) -> Truth:
        tests = [self.truth(arg) for arg in term.args]
        known = _all([test.known for test in tests if test.known is not None])
        if term.op == "not":
            return Truth(each(operator.invert, tests[0].value), known)
        both = operator.and_ if term.op == "and" else operator.or_
        return Truth(reduce(partial(each, both), (test.value for test in tests)), known)

    def _call(self, term: CallTerm) -> Spread:
        if term.function in FUNCTIONS:
            function = TOTAL.get(term.function) or PARTIAL[term.function]
            return each(function, *(self.number(arg) for arg in term.args))
        match term.function:
            case "size":
                return total(self._counted())
            case "span":
                return total(self._counted()) - 1.0
            case "index":
                return each(lambda upto: upto - 1.0, running(self._counted()))
            case "value" if self.numbers is not None:
                return self.numbers
            case _:
                raise InternalError("score", f"function {term.function} in the body of a metric")

    def _reduce(self, term: ReduceTerm) -> Spread:
        mask, values = self._options(), self.number(term.of)
        match term.reducer, term.direction:
            case "sum", "over":
                return total(each(choose, mask, values, 0.0))
            case "mean", "over":
                number = jnp.maximum(total(self._counted()), 1.0)
                return total(each(choose, mask, values, 0.0)) / number
            case "min", "over":
                return lowest(each(choose, mask, values, jnp.inf))
            case "max", "over":
                return highest(each(choose, mask, values, -jnp.inf))
            case "cumsum", "along":
                return running(each(choose, mask, values, 0.0))
            case "diff", "along":
                return self._along(_from_before, values)
            case "sorted", "along":
                return self._along(_rising, values)
            case _:
                raise InternalError("score", f"{term.reducer} {term.direction} option in a metric")

    def _along(self, function: Callable[[Mask, Shares], Shares], values: Spread) -> Spread:
        """A function of all options at once, in the form that the options of this body have."""
        options = self._options()
        mask = together(options)
        found = function(mask, jnp.broadcast_to(together(values), mask.shape))
        return parted(found) if isinstance(options, tuple) else found

    def _end(self, end: str) -> Array:
        mask = together(self._options())
        return jnp.argmax(mask) if end == "first" else mask.shape[0] - 1 - jnp.argmax(mask[::-1])

    def _counted(self) -> Spread:
        """One for each option that counts, zero for the others."""
        return each(lambda counts: counts.astype(jnp.float64), self._options())

    def _options(self) -> Spread:
        if self.mask is None:
            raise InternalError("score", "a metric of plain numbers speaks of options")
        return self.mask


def _rising(mask: Mask, values: Shares) -> Shares:
    """The values of the options that count in rising order, each in the place of one of them."""
    rising = jnp.sort(choose(mask, values, jnp.inf))
    return rising[jnp.maximum(lax.cumsum(mask.astype(jnp.int32)) - 1, 0)]


def _from_before(mask: Mask, values: Shares) -> Shares:
    """What each option that counts has more than the one that counts before it; the first has nothing before it."""
    place = jnp.arange(mask.shape[0])
    counted = lax.cummax(choose(mask, place, -1))
    before = jnp.concatenate([jnp.full_like(counted[:1], -1), counted[:-1]])
    return choose(before >= 0, values - values[jnp.maximum(before, 0)], NAN)


def _all(tests: Sequence[Spread]) -> Spread | None:
    return reduce(partial(each, operator.and_), tests) if tests else None


Kernel = Callable[..., Scalar]


def kernel(term: MetricTerm) -> Kernel:
    """The metric for one example: `kernel(mask, numbers, *args)`.

    `mask` is None where no argument is a distribution, `numbers` where the metric takes no `value(option)`. What has
    options is [option], or a scalar for each of them.
    """

    def one(mask: Spread | None, numbers: Spread | None, *args: Spread) -> Scalar:
        value = Body(dict(zip(term.formals, args, strict=True)), mask, numbers).number(term.body)
        if isinstance(value, tuple) or value.ndim:
            raise InternalError("score", f"metric {term.metric} gives a value per option")
        return value

    return one


def takes_numbers(term: MetricTerm) -> bool:
    """Whether the metric, or one that it calls, asks what numbers the options stand for."""
    seen: set[int] = set()
    waiting = [term.body]
    while waiting:
        body = waiting.pop()
        if id(body) in seen:
            continue
        seen.add(id(body))
        for part in below(body):
            if isinstance(part, CallTerm) and part.function == "value":
                return True
            if isinstance(part, MetricTerm):
                waiting.append(part.body)
    return False


def batched(
    term: MetricTerm, mask: Array | None, numbers: Array | None, args: Sequence[Array], rank: int
) -> Array:
    """The kernel over all cells, axis by axis, without repeating an argument along an axis that it lacks.

    `mask`, `numbers` and `args` are full rank (`rank` axes, then `option` for distributions) or scalars. Returns full
    rank.
    """
    slim: list[Array] = []
    maps: list[list[int | None]] = [[] for _ in range(rank)]
    shared = [array for array in (mask, numbers) if array is not None]
    given = [*shared, *args]
    for array in given:
        alike = [at for at in range(min(rank, array.ndim)) if array.shape[at] == 1]
        for at in range(rank):
            maps[at].append(None if array.ndim == 0 or at in alike else 0)
        slim.append(lax.squeeze(array, alike))
    one, shape = kernel(term), jnp.broadcast_shapes(*(array.shape[:rank] for array in given))
    apart = mask is not None and worth_parting(mask.shape[-1], math.prod(shape))

    def call(*values: Array) -> Array:
        parts = [parted(value) if apart and value.ndim else value for value in values]
        options = (*parts[: len(shared)], None, None)[:2]
        return one(*options, *parts[len(shared) :])

    batch: Callable[..., Array] = call
    for at in reversed(range(rank)):
        if any(place == 0 for place in maps[at]):
            batch = jax.vmap(batch, in_axes=tuple(maps[at]))
    found = called(batch, *slim) if apart else batch(*slim)
    return found.reshape(shape or (1,) * rank)
