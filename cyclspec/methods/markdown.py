"""A methods section as Markdown (CommonMark with tables), in which nothing but this package makes constructs."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import assert_never

from cyclspec.language.diagnostics.render import printable
from cyclspec.methods.blocks import Block, Bullets, Code, Heading, Paragraph, Piece, Prose, Quote, Table

_SPECIAL = re.compile(r"([\\`*_{}\[\]<>#|~&$^]|:(?=//)|(?<=www)\.|(?<=\w)@(?=\w))")
_OPENS_BLOCK = re.compile(r"^([-+=]|\d{1,9}(?=[.)]))")
_RUN = re.compile("`+")


def as_markdown(blocks: Iterable[Block]) -> str:
    """The text, with one line end at its end."""
    return "\n\n".join("\n".join(_block(block)) for block in blocks) + "\n"


def _block(block: Block) -> Iterator[str]:
    match block:
        case Heading(text, level):
            yield f"{'#' * level} {_plain(text)}"
        case Paragraph(prose):
            yield _started(_prose(prose))
        case Bullets(items):
            yield from (f"- {_started(_prose(item))}" for item in items)
        case Quote(lines):
            yield from _quote(lines)
        case Table():
            yield from _table(block)
        case _:
            assert_never(block)


def _quote(lines: tuple[str, ...]) -> Iterator[str]:
    shown = [printable(line) for line in lines]
    longest = max((len(run) for line in shown for run in _RUN.findall(line)), default=0)
    fence = "`" * max(3, longest + 1)
    yield f"{fence}text"
    yield from shown
    yield fence


def _table(table: Table) -> Iterator[str]:
    yield _row(tuple((name,) for name in table.head))
    yield "|" + "|".join(" ---: " if at in table.numeric else " --- " for at in range(len(table.head))) + "|"
    yield from (_row(row) for row in table.rows)


def _row(cells: tuple[Prose, ...]) -> str:
    return "| " + " | ".join(_prose(cell, in_table=True) for cell in cells) + " |"


def _started(line: str) -> str:
    """A line that begins no list and no rule, whatever its first word is."""
    if line[:1].isdigit() and _OPENS_BLOCK.match(line):
        return re.sub(r"^(\d+)([.)])", r"\1\\\2", line)
    return f"\\{line}" if _OPENS_BLOCK.match(line) else line


def _prose(prose: Prose, *, in_table: bool = False) -> str:
    return "".join(_piece(piece, in_table=in_table) for piece in prose).strip()


def _piece(piece: Piece, *, in_table: bool) -> str:
    return _code(piece.text, in_table=in_table) if isinstance(piece, Code) else _plain(piece)


def _plain(text: str) -> str:
    return _SPECIAL.sub(r"\\\1", printable(" ".join(text.split()) if "\n" in text else text))


def _code(text: str, *, in_table: bool) -> str:
    shown = printable(" ".join(text.split()))
    if in_table:
        shown = shown.replace("|", "\\|")
    longest = max((len(run) for run in _RUN.findall(shown)), default=0)
    fence = "`" * (longest + 1)
    padding = " " if shown.startswith("`") or shown.endswith("`") or not shown else ""
    return f"{fence}{padding}{shown or ' '}{padding}{fence}"
