"""Rotary position embeddings as `config.json` gives them.

Reads `rope_parameters` (transformers 5) as well as `rope_theta` beside `rope_scaling` (before). What is not
known is refused, since a wrong frequency changes every answer without a sign.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from cyclspec.compiler.checkpoints.fields import Fields
from cyclspec.compiler.checkpoints.refusal import refused

ROPE_TYPES = ("default", "linear", "llama3")
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


Scaling: TypeAlias = Unscaled | LinearScaling | Llama3Scaling


@dataclass(frozen=True, slots=True)
class Rope:
    """The base of the wavelengths and their scaling."""

    theta: float
    scaling: Scaling


def rope(top: Fields) -> Rope:
    """The rotary embedding of a configuration.

    Raises:
        SpecError: a field is missing, malformed or of an unknown kind.
    """
    fields = _parameters(top)
    _refuse_strange_keys(top, fields)
    theta = fields if fields.has("rope_theta") else top
    return Rope(theta.positive("rope_theta", default=_DEFAULT_THETA), _scaling(top, fields))


def _parameters(top: Fields) -> Fields:
    """The object of the parameters, whichever of its two names it has; empty where there is none."""
    found = {key: top.values[key] for key in ("rope_parameters", "rope_scaling") if top.values.get(key)}
    if len(found) == 2 and found["rope_parameters"] != found["rope_scaling"]:
        raise refused(top.model, "has `rope_parameters` and `rope_scaling` that differ in its config.json")
    for key, values in found.items():
        if not isinstance(values, dict):
            raise top.wrong(key, "an object")
        return Fields(top.model, values, f"{key}.")
    return Fields(top.model, {}, "rope_scaling.")


def _refuse_strange_keys(top: Fields, fields: Fields) -> None:
    strange = sorted(set(fields.values) - _KNOWN_KEYS)
    if strange:
        raise fields.unknown(strange[0], fields.values[strange[0]], tuple(sorted(_KNOWN_KEYS)))
    for place in (top, fields):
        if place.has("partial_rotary_factor") and place.values["partial_rotary_factor"] != 1:
            raise place.wrong("partial_rotary_factor", "1")


def _scaling(top: Fields, fields: Fields) -> Scaling:
    key = "rope_type" if fields.has("rope_type") or not fields.has("type") else "type"
    kind = fields.one_of(key, ROPE_TYPES) if fields.has(key) else "default"
    if kind == "default":
        return Unscaled()
    if kind == "linear":
        return LinearScaling(fields.positive("factor"))
    low, high = fields.positive("low_freq_factor"), fields.positive("high_freq_factor")
    if high <= low:
        raise fields.wrong("high_freq_factor", f"above low_freq_factor = {low}")
    # transformers lets a field beside the object win over the one within.
    original = top if top.has("original_max_position_embeddings") else fields
    return Llama3Scaling(
        fields.positive("factor"), low, high, original.integer("original_max_position_embeddings")
    )
