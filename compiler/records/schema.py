"""The shape of a record in one cell: its fields, and the values that each of them can have.

Expects the fields of a prompt's record, and the options that a cell offers. Ensures frozen values that are equal where
the same replies can be read, so that cells which offer the same share their requests.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, assert_never

from cyclspec.language.diagnostics import InternalError
from cyclspec.language.types import kinds as k
from cyclspec.language.types import terms as h

FORM = "record 1"
"""Names the grammar of constrained replies: another one has replies of its own."""
_RANGES: Mapping[k.Unit, tuple[float, float]] = {
    k.Unit.SHARE: (0.0, 1.0),
    k.Unit.POINTS: (-1.0, 1.0),
    k.Unit.COEFFICIENT: (-1.0, 1.0),
    k.Unit.RANK: (1.0, math.inf),
    k.Unit.DURATION: (0.0, math.inf),
    k.Unit.PARAMETERS: (0.0, math.inf),
}


@dataclass(frozen=True, slots=True)
class Word:
    """One of several options: its code, how a reply spells it, and what else a reader takes for it."""

    code: str
    spelling: str
    others: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class TextShape:
    """Any text that is not empty."""


@dataclass(frozen=True, slots=True)
class BoolShape:
    """True or false."""


@dataclass(frozen=True, slots=True)
class DateShape:
    """A day, as `2026-01-31`."""


@dataclass(frozen=True, slots=True)
class NumberShape:
    """A number between two ends, both included."""

    low: float
    high: float
    whole: bool


@dataclass(frozen=True, slots=True)
class WordShape:
    """One of some options."""

    words: tuple[Word, ...]


@dataclass(frozen=True, slots=True)
class ListShape:
    """Several values, from `low` to `high` of them; `distinct` where none may stand twice."""

    of: Single
    low: int
    high: int | None
    distinct: bool = False


Single = TextShape | BoolShape | DateShape | NumberShape | WordShape
Shape = Single | ListShape


@dataclass(frozen=True)
class RecordSchema:
    """The fields of a record, in the order in which a constrained reply writes them."""

    fields: tuple[tuple[str, Shape], ...]

    @cached_property
    def json_schema(self) -> dict[str, Any]:
        """The same as JSON Schema (draft 2020-12), with the spellings that a reply should use."""
        return {
            "type": "object",
            "properties": {name: _schema(shape) for name, shape in self.fields},
            "required": [name for name, _ in self.fields],
            "additionalProperties": False,
        }

    @cached_property
    def text(self) -> str:
        """The JSON Schema as text; equal texts are equal grammars."""
        return json.dumps(self.json_schema, ensure_ascii=False, separators=(",", ":"))


def shape_of(kind: k.Kind, words: Mapping[str, Sequence[Word]], bounds: tuple[float, float]) -> Shape:
    """The shape of one field; `words` are those of each scale, `bounds` what its condition leaves of a number."""
    match kind:
        case k.ListOf(of, low, high):
            inner = shape_of(of, words, (-math.inf, math.inf))
            if isinstance(inner, ListShape):
                raise InternalError("plan", "a list of lists in a record")
            return ListShape(inner, low or 0, high)
        case k.Picks(scale, low, high):
            return ListShape(WordShape(tuple(words[k.scale_name(scale)])), low, high, distinct=True)
        case k.Choice(scale):
            return WordShape(tuple(words[k.scale_name(scale)]))
        case k.Of(vocabulary):
            return WordShape(tuple(words[vocabulary.name])) if vocabulary.levels else TextShape()
        case k.Bool():
            return BoolShape()
        case k.Date():
            return DateShape()
        case k.Text():
            return TextShape()
        case k.Number(unit, whole):
            least, most = _RANGES.get(unit, (0.0 if whole else -math.inf, math.inf))
            return NumberShape(max(least, bounds[0]), min(most, bounds[1]), whole)
    raise InternalError("plan", f"`{k.kind_text(kind)}` in a record")


def scales_in(kind: k.Kind) -> tuple[k.Scale, ...]:
    """The scales whose options a field can name."""
    match kind:
        case k.ListOf(of):
            return scales_in(of)
        case k.Choice(scale) | k.Picks(scale, _, _):
            return (scale,)
        case k.Of(vocabulary) if vocabulary.levels:
            return (vocabulary,)
    return ()


def bounds_of(field: str, check: h.Term | None) -> tuple[float, float]:
    """The ends that a condition sets for a number alone: `where stress in 0..100`, `where a >= 0 and a <= 1`."""
    match check:
        case h.MemberTerm(of=h.FormalTerm(name=name), among=h.RangeTerm(low=low, high=high), negated=False):
            if name == field:
                return float(low), math.inf if high is None else float(high)
        case h.CompareTerm(
            op=op, left=h.FormalTerm(name=name), right=h.Literal_(value=int() | float() as at)
        ):
            if name == field and op in (">=", "<=", "=="):
                return (-math.inf if op == "<=" else float(at)), (math.inf if op == ">=" else float(at))
        case h.LogicTerm(op="and", args=args):
            ends = [bounds_of(field, arg) for arg in args]
            return max(low for low, _ in ends), min(high for _, high in ends)
    return -math.inf, math.inf


def _schema(shape: Shape) -> dict[str, Any]:
    match shape:
        case TextShape():
            return {"type": "string"}
        case BoolShape():
            return {"type": "boolean"}
        case DateShape():
            return {"type": "string", "format": "date"}
        case NumberShape(low, high, whole):
            ends = {"minimum": low, "maximum": high}
            kept = {name: int(end) if whole else end for name, end in ends.items() if math.isfinite(end)}
            return {"type": "integer" if whole else "number", **kept}
        case WordShape(words):
            return {"type": "string", "enum": [word.spelling for word in words]}
        case ListShape(of, low, high, distinct):
            most = {} if high is None else {"maxItems": high}
            once = {"uniqueItems": True} if distinct else {}
            return {"type": "array", "items": _schema(of), "minItems": low, **most, **once}
    assert_never(shape)
