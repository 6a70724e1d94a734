"""Rotary position embeddings as `config.json` gives them.

Reads `rope_parameters` (transformers 5) as well as `rope_theta` beside `rope_scaling` (before). What is not
known is refused, since a wrong frequency changes every answer without a sign.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TypeAlias

from cyclspec.compiler.checkpoints.fields import Fields
from cyclspec.compiler.checkpoints.refusal import refused

ROPE_TYPES = ("default", "linear", "llama3", "yarn", "longrope", "su")
_DEFAULT_THETA = 10_000.0
_KNOWN_KEYS = frozenset(
    {
        "type",
        "rope_type",
        "rope_theta",
        "factor",
        "low_freq_factor",
        "high_freq_factor",
        "original_max_position_embeddings",
        "partial_rotary_factor",
        "attention_factor",
        "beta_fast",
        "beta_slow",
        "truncate",
        "short_factor",
        "long_factor",
    }
)


@dataclass(frozen=True, slots=True)
class Unscaled:
    """The frequencies of Su et al. 2021 (RoFormer)."""


@dataclass(frozen=True, slots=True)
class LinearScaling:
    """Every frequency divided by `factor` (Chen et al. 2023, position interpolation)."""

    factor: float


@dataclass(frozen=True, slots=True)
class Llama3Scaling:
    """Long wavelengths divided by `factor`, short ones kept, those between interpolated (Llama 3.1)."""

    factor: float
    low_freq_factor: float
    high_freq_factor: float
    original_max_positions: int


@dataclass(frozen=True, slots=True)
class Yarn:
    """Frequencies that turn seldom divided by `factor`, those that turn often kept (Peng et al. 2023, YaRN).

    `beta_fast` and `beta_slow` are the turns over the original length between which a ramp runs, its ends rounded
    outwards where `truncate`; angles' sines and cosines are multiplied by `attention_factor`.
    """

    factor: float
    original_max_positions: int
    beta_fast: float
    beta_slow: float
    truncate: bool
    attention_factor: float


@dataclass(frozen=True, slots=True)
class LongRope:
    """Each frequency divided by a factor of its own (Ding et al. 2024, LongRoPE).

    A text up to `original_max_positions` tokens takes the `short` factors, a longer one the `long`; sines and
    cosines are multiplied by `attention_factor` in both.
    """

    short: tuple[float, ...]
    long: tuple[float, ...]
    original_max_positions: int
    attention_factor: float


Scaling: TypeAlias = Unscaled | LinearScaling | Llama3Scaling | Yarn | LongRope


@dataclass(frozen=True, slots=True)
class Rope:
    """The base of the wavelengths and their scaling.

    The first `turned` of a head's dimensions are turned, all of them where it is None; `interleaved` says that a
    pair is (2i, 2i + 1), not (i, i + turned / 2).
    """

    theta: float
    scaling: Scaling
    turned: int | None = None
    interleaved: bool = False


def rope(
    top: Fields,
    *,
    head_dim: int,
    inner: Fields | None = None,
    partial: float | None = None,
    interleaved: bool = False,
    default_theta: float = _DEFAULT_THETA,
) -> Rope:
    """The rotary embedding of a configuration whose heads have `head_dim` dimensions.

    `inner` is the object of the parameters where a family keeps several. A fraction of the head that is turned
    (`partial_rotary_factor`) is refused unless the family has a default for it, `partial`.

    Raises:
        SpecError: a field is missing, malformed or of an unknown kind.
    """
    fields = parameters(top) if inner is None else inner
    strange = sorted(set(fields.values) - _KNOWN_KEYS)
    if strange:
        raise fields.unknown(strange[0], fields.values[strange[0]], tuple(sorted(_KNOWN_KEYS)))
    turned = _turned(top, fields, head_dim, partial)
    theta = fields if fields.has("rope_theta") else top
    scaling = _scaling(top, fields, turned)
    return Rope(
        theta.positive("rope_theta", default=default_theta),
        scaling,
        None if turned == head_dim else turned,
        interleaved,
    )


def parameters(top: Fields) -> Fields:
    """The object of the parameters, whichever of its two names it has; empty where there is none."""
    found = {key: top.values[key] for key in ("rope_parameters", "rope_scaling") if top.values.get(key)}
    if len(found) == 2 and found["rope_parameters"] != found["rope_scaling"]:
        raise refused(top.model, "has `rope_parameters` and `rope_scaling` that differ in its config.json")
    for key, values in found.items():
        if not isinstance(values, dict):
            raise top.wrong(key, "an object")
        return Fields(top.model, values, f"{key}.")
    return Fields(top.model, {}, "rope_scaling.")


def _turned(top: Fields, fields: Fields, head_dim: int, partial: float | None) -> int:
    place = fields if fields.has("partial_rotary_factor") else top
    if partial is None:
        if place.has("partial_rotary_factor") and place.values["partial_rotary_factor"] != 1:
            raise place.wrong("partial_rotary_factor", "1")
        return head_dim
    fraction = place.positive("partial_rotary_factor", default=partial)
    turned = int(head_dim * fraction)
    if fraction > 1 or turned < 2 or turned % 2:
        raise place.wrong("partial_rotary_factor", f"a fraction that turns an even part of {head_dim}")
    return turned


def _scaling(top: Fields, fields: Fields, turned: int) -> Scaling:
    key = "rope_type" if fields.has("rope_type") or not fields.has("type") else "type"
    kind = fields.one_of(key, ROPE_TYPES) if fields.has(key) else "default"
    match kind:
        case "linear":
            return LinearScaling(fields.positive("factor"))
        case "llama3":
            return _llama3(top, fields)
        case "yarn":
            return _yarn(top, fields)
        case "longrope" | "su":
            return _longrope(top, fields, turned)
    return Unscaled()


def _original(top: Fields, fields: Fields) -> int:
    """transformers lets a field beside the object win over the one within."""
    place = top if top.has("original_max_position_embeddings") else fields
    return place.integer("original_max_position_embeddings")


def _llama3(top: Fields, fields: Fields) -> Llama3Scaling:
    low, high = fields.positive("low_freq_factor"), fields.positive("high_freq_factor")
    if high <= low:
        raise fields.wrong("high_freq_factor", f"above low_freq_factor = {low}")
    return Llama3Scaling(fields.positive("factor"), low, high, _original(top, fields))


def _yarn(top: Fields, fields: Fields) -> Yarn:
    factor = fields.positive("factor")
    fast, slow = fields.positive("beta_fast", default=32.0), fields.positive("beta_slow", default=1.0)
    if fast <= slow:
        raise fields.wrong("beta_fast", f"above beta_slow = {slow}")
    original = _original(top, fields)
    truncate = fields.flag("truncate") if fields.has("truncate") else True
    default = 1.0 if factor <= 1 else 0.1 * math.log(factor) + 1.0
    return Yarn(factor, original, fast, slow, truncate, fields.positive("attention_factor", default=default))


def _longrope(top: Fields, fields: Fields, turned: int) -> LongRope:
    original = _original(top, fields)
    factor = fields.positive("factor", default=top.integer("max_position_embeddings") / original)
    default = 1.0 if factor <= 1 else math.sqrt(1 + math.log(factor) / math.log(original))
    short, long = (fields.numbers(key, turned // 2) for key in ("short_factor", "long_factor"))
    return LongRope(short, long, original, fields.positive("attention_factor", default=default))
