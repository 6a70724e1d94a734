"""Codes: the text by which a file and a spec name the same level, option or key.

Ensures that codes are compared as text after one normalisation: `1`, `1.0` and `"1"` are the same code, `"01"` is
another; text is stripped and brought to Unicode NFC.
"""

from __future__ import annotations

import difflib
import math
import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from cyclspec.compiler.data.contracts import Level, Option, Scale
from cyclspec.language.diagnostics import InternalError

_INTEGRAL_TEXT = re.compile(r"-?(?:0|[1-9][0-9]*)\.0+\Z")
_LISTED = 12


def normal_code(value: Any) -> str:
    """The code of a scalar: integral numbers print as the integer, other floats as their shortest text."""
    match value:
        case str():
            return unicodedata.normalize("NFC", value).strip()
        case bool():
            return "true" if value else "false"
        case int():
            return str(value)
        case float() | Decimal():
            number = float(value)
            return str(int(number)) if number.is_integer() else repr(number)
    raise InternalError("data", f"a {type(value).__name__} is not a code")


def find_code(positions: Mapping[str, int], code: str) -> int:
    """The position of a normalised code, or -1.

    Text such as `2.0` falls back to `2`: tables that were written with gaps hold integer codes as floats.
    """
    found = positions.get(code)
    if found is not None:
        return found
    integer = integer_text(code)
    return -1 if integer is None else positions.get(integer, -1)


def integer_text(code: str) -> str | None:
    """`2` for `2.0`; None for any other code."""
    return code.split(".", 1)[0] if _INTEGRAL_TEXT.match(code) else None


def positions_of(codes: Iterable[str]) -> dict[str, int]:
    """The first position of each code."""
    positions: dict[str, int] = {}
    for position, code in enumerate(codes):
        positions.setdefault(code, position)
    return positions


def level_code(level: Level) -> str:
    """The code of a level in files: its name where it declares none."""
    return normal_code(level.name if level.code is None else level.code)


def scale_of_levels(levels: Sequence[Level], *, ordered: bool) -> Scale:
    """Listed levels as the options of a scale; a level without a label is shown by its name."""
    options = tuple(
        Option(level_code(level), dict(level.label) or {"": level.name}, level.value, level.missing)
        for level in levels
    )
    return Scale(options, ordered)


def range_position(levels: Sequence[Level], number: float) -> int:
    """The first range level that holds `number` (both ends included), or -1."""
    for position, level in enumerate(levels):
        if not level.is_range:
            continue
        low = -math.inf if level.low is None else level.low
        high = math.inf if level.high is None else level.high
        if low <= number <= high:
            return position
    return -1


def suggest(word: str, known: Sequence[str], what: str) -> tuple[str, ...]:
    """Help for an unknown word: the closest known one, and a list of those there are."""
    folded = {name.casefold(): name for name in reversed(known)}
    close = (
        difflib.get_close_matches(word.casefold(), folded, n=1, cutoff=0.6) if len(known) <= 10_000 else []
    )
    helps = [f"did you mean `{folded[close[0]]}`?"] if close else []
    if known:
        listed = ", ".join(f"`{name[:60]}`" for name in known[:_LISTED])
        more = f" and {len(known) - _LISTED} more" if len(known) > _LISTED else ""
        helps.append(f"{what}: {listed}{more}")
    return tuple(helps)
