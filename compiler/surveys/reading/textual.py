"""Columns whose cells are text, as variables: what is a number, what is nothing, which sign is the decimal one.

Expects the distinct texts of a column and which of them each row holds. Ensures codes as everywhere else: numbers
lose their padding (`2.0` is `2`), codes with leading zeros stay text, long whole numbers keep every digit. Whatever
was taken for a number or for nothing is said.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cyclspec.compiler.data.coded import Coded, Index
from cyclspec.compiler.data.codes import normal_code
from cyclspec.compiler.surveys.notes import Notes, Topic
from cyclspec.compiler.surveys.survey import Kind, Variable

# What programs write into a cell that holds nothing.
NOTHING = frozenset({"NA", "N/A", "#N/A", "#NULL!", "NULL", "NaN", "nan", ".", "<NA>", "None"})
_NUMBER = re.compile(r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d{1,3})?\Z")
_WHOLE = re.compile(r"[+-]?(?P<digits>\d+)(?:\.0*)?\Z")
_COMMA = re.compile(r"[+-]?\d*,\d+\Z")
_THOUSANDS = re.compile(r"[+-]?\d{1,3}(?:,\d{3})+\Z")
_PADDED = re.compile(r"[+-]?0\d+\Z")
_COUNTRY = re.compile(r"[A-Z]{2}\Z")
_KEPT_FORMAT = "\u200c\u200d"  # joiners that are part of how a script is written


def plain(text: str) -> str:
    """A text on one line in Unicode NFC, without control and direction characters, blanks collapsed."""
    cleaned = "".join(
        " "
        if unicodedata.category(char) in ("Cc", "Zl", "Zp", "Zs")
        else ""
        if unicodedata.category(char) in ("Cf", "Cs", "Cn", "Co") and char not in _KEPT_FORMAT
        else char
        for char in text
    )
    return unicodedata.normalize("NFC", " ".join(cleaned.split()))


@dataclass(frozen=True, slots=True)
class Cells:
    """The distinct texts of a column, and which of them each row holds; -1 for an empty cell."""

    texts: Sequence[str]
    index: Index


def textual_variable(name: str, cells: Cells, decimal: str, notes: Notes) -> Variable:
    """A column of texts as a variable. `decimal` is `,`, `.` or "" for the rule."""
    texts = [text.strip() for text in cells.texts]
    present = [text for text in texts if text and not _is_nothing(text, texts)]
    _say_nothing(name, texts, cells.index, notes)
    if decimal != "." and any(_COMMA.match(text) for text in present):
        texts = _with_points(name, texts, present, decimal, notes)
        present = [text for text in texts if text and not _is_nothing(text, texts)]
    numeric = bool(present) and all(_NUMBER.match(text) for text in present)
    if numeric and any(_PADDED.match(text) for text in present):
        notes.decided(Topic.NUMBERS, "codes with leading zeros are kept as text", name)
        numeric = False
    kind: Kind = "number" if numeric else "text"
    codes = [_code(text, kind) if text and not _is_nothing(text, texts) else "" for text in texts]
    return Variable(name, coded(codes, cells.index), kind)


def coded(codes: Sequence[str], index: Index) -> Coded:
    """Codes of distinct texts, equal ones joined; "" stands for nothing."""
    positions: dict[str, int] = {}
    table = [positions.setdefault(code, len(positions)) if code else -1 for code in codes]
    moved: NDArray[np.int32] = np.array([*table, -1], np.int32)[index]
    return Coded(tuple(positions), moved)


def _is_nothing(text: str, texts: Sequence[str]) -> bool:
    """`NA` stands for nothing, but not among the two-letter codes of countries, where it is Namibia."""
    if text not in NOTHING:
        return False
    return text != "NA" or not all(_COUNTRY.match(other) for other in texts if other)


def _say_nothing(name: str, texts: Sequence[str], index: Index, notes: Notes) -> None:
    for position, text in enumerate(texts):
        if text not in NOTHING:
            continue
        count = int(np.count_nonzero(index == position))
        if _is_nothing(text, texts):
            notes.decided(Topic.NUMBERS, f"cells `{text}` hold nothing: {count:,}", name)
        else:
            notes.decided(Topic.NUMBERS, f"`{text}` is a code like the others, not an empty cell", name)


def _with_points(
    name: str, texts: list[str], present: Sequence[str], decimal: str, notes: Notes
) -> list[str]:
    """Numbers with their decimal comma as a point, where the whole column can be read so."""
    if not all(_COMMA.match(text) or _NUMBER.match(text) for text in present) or any(
        "." in text and _NUMBER.match(text) for text in present
    ):
        return texts
    if not decimal and all(_THOUSANDS.match(text) for text in present if "," in text):
        notes.open(
            Topic.NUMBERS,
            "a comma stands before three digits everywhere: it could be a decimal sign or one of thousands; the "
            "column is kept as text",
            name,
            "--decimal ,",
        )
        return texts
    rule = "as the command line says" if decimal else "every cell is a number once it is a point"
    notes.decided(Topic.NUMBERS, f"the comma is the decimal sign: {rule}", name)
    return [text.replace(",", ".") if _COMMA.match(text) else text for text in texts]


def _code(text: str, kind: Kind) -> str:
    if kind == "text":
        return plain(text) or text
    whole = _WHOLE.match(text)
    if whole is None:
        return normal_code(float(text))
    digits = whole["digits"].lstrip("0") or "0"
    return f"-{digits}" if text.startswith("-") and digits != "0" else digits
