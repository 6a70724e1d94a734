"""The operators and functions of the language on JAX numbers, guarded where they are undefined.

Expects float64 (or bool and integer codes for comparisons). Ensures that an undefined operation gives NaN, never an
infinity that a later division could turn into a number, and that no operation sees an argument outside its domain.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from typing import Final

import jax.numpy as jnp

from cyclspec.compiler.scores.cells import Array, choose

NAN: Final = float("nan")


def divide(over: Array, under: Array) -> Array:
    """A quotient; undefined where the divisor is zero."""
    defined = under != 0.0
    return choose(defined, over / choose(defined, under, 1.0), NAN)


def power(base: Array, exponent: Array) -> Array:
    """A power; undefined where it is not a finite real number."""
    raised = jnp.power(base, exponent)
    return choose(jnp.isfinite(raised), raised, NAN)


def log(number: Array) -> Array:
    """The natural logarithm; undefined at and below zero."""
    defined = number > 0.0
    return choose(defined, jnp.log(choose(defined, number, 1.0)), NAN)


def log2(number: Array) -> Array:
    """The logarithm in base two; undefined at and below zero."""
    defined = number > 0.0
    return choose(defined, jnp.log2(choose(defined, number, 1.0)), NAN)


def log10(number: Array) -> Array:
    """The logarithm in base ten; undefined at and below zero."""
    defined = number > 0.0
    return choose(defined, jnp.log10(choose(defined, number, 1.0)), NAN)


def sqrt(number: Array) -> Array:
    """The square root; undefined below zero."""
    defined = number >= 0.0
    return choose(defined, jnp.sqrt(choose(defined, number, 0.0)), NAN)


def exp(number: Array) -> Array:
    """The exponential; undefined where it overflows."""
    raised = jnp.exp(number)
    return choose(jnp.isfinite(raised), raised, NAN)


def number(value: Array) -> Array:
    """The value without its unit."""
    return value


def clip(value: Array, low: Array, high: Array) -> Array:
    """The value, but no less than `low`, and no more than `high` whatever `low` is."""
    return jnp.minimum(jnp.maximum(value, low), high)


TOTAL: Final[Mapping[str, Callable[..., Array]]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "abs": jnp.abs,
    "number": number,
    "sign": jnp.sign,
    "round": jnp.round,
    "minimum": jnp.minimum,
    "maximum": jnp.maximum,
    "clip": clip,
}

PARTIAL: Final[Mapping[str, Callable[..., Array]]] = {
    "/": divide,
    "^": power,
    "sqrt": sqrt,
    "log": log,
    "log2": log2,
    "log10": log10,
    "exp": exp,
}

COMPARE: Final[Mapping[str, Callable[..., Array]]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}

FUNCTIONS: Final = (TOTAL.keys() | PARTIAL.keys()) - {"+", "-", "*", "/", "^"}
