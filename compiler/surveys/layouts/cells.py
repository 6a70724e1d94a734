"""Structured cells of published files: lists, mappings and distributions, however a program printed them.

Expects the text of one cell. Ensures plain values: JSON, or a literal of Python that is parsed and never run, with a
bare `nan` for nothing. Sizes and depths are bounded by the reader of cells and by the parser.
"""

from __future__ import annotations

import ast
import math
import re
from typing import Any

from cyclspec.compiler.data.codes import normal_code
from cyclspec.language import strict_json

_MOST = 100_000
_DEFAULTS = re.compile(r"\s*defaultdict\(<class '\w+'>,\s*(?P<inside>.*)\)\s*\Z", re.DOTALL)
_BRACES = re.compile(r"\{.*\}", re.DOTALL)
_FAULTS = (ValueError, SyntaxError, RecursionError, MemoryError, TypeError)


class _Nan(ast.NodeTransformer):
    """A bare `nan` is nothing."""

    def visit_Name(self, node: ast.Name) -> ast.AST:
        return ast.copy_location(ast.Constant(None), node) if node.id == "nan" else node


def value_of(cell: str) -> Any:
    """The value that a cell writes, or None where it writes none."""
    if len(cell) > _MOST:
        return None
    try:
        return strict_json.loads(cell)
    except (ValueError, RecursionError):
        pass
    found = _DEFAULTS.match(cell)
    try:
        tree = ast.parse((found["inside"] if found else cell).strip(), mode="eval")
        return ast.literal_eval(_Nan().visit(tree))
    except _FAULTS:
        return None


def texts_of(cell: str) -> list[str] | None:
    """A list of texts or numbers as texts; None for anything else."""
    value = value_of(cell)
    if not isinstance(value, list | tuple) or not value:
        return None
    if not all(isinstance(part, str | int | float) for part in value):
        return None
    return [part.strip() if isinstance(part, str) else normal_code(part) for part in value]


def numbers_of(value: Any) -> list[float] | None:
    """A list of finite numbers that are not negative; None for anything else."""
    if not isinstance(value, list | tuple) or not value:
        return None
    numbers = [number(part) for part in value]
    return None if any(part is None for part in numbers) else [part for part in numbers if part is not None]


def number(value: Any) -> float | None:
    """A share: a finite number from zero on, or a percentage such as `12.5%`; None for anything else."""
    if isinstance(value, bool):
        return None
    try:
        found = float(value.rstrip("% ")) if isinstance(value, str) else float(value)
    except (TypeError, ValueError, OverflowError):
        return None
    return found if math.isfinite(found) and found >= 0 else None


def mapping_in(cell: str) -> dict[Any, Any] | None:
    """The mapping between the outermost braces of a cell; None where there is none."""
    found = _BRACES.search(cell)
    value = value_of(found[0]) if found else None
    return value if isinstance(value, dict) else None


def percentages_of(cell: str) -> dict[str, float] | None:
    """Codes and percentages of a cell such as `(1.4, {'1.0': '60.70%', '2.0': '39.30%'})`; None where it has none."""
    shares: dict[str, float] = {}
    for code, share in (mapping_in(cell) or {}).items():
        amount, spelled = number(share), _code(code)
        if amount is None or not spelled:
            return None
        shares[spelled] = shares.get(spelled, 0.0) + amount
    return shares or None


def _code(code: Any) -> str:
    """`1` for `1`, `1.0` and `"1.0"`."""
    if isinstance(code, str):
        amount = number(code)
        return code.strip() if amount is None else normal_code(amount)
    return normal_code(code) if isinstance(code, int | float) else ""
