"""A methods section as LaTeX, to be put into a document: it needs the package `longtable` and an engine for Unicode."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import assert_never

from cyclspec.language.diagnostics.render import printable
from cyclspec.methods.blocks import Block, Bullets, Code, Heading, Paragraph, Piece, Prose, Quote, Table

_PREAMBLE = (
    "% A fragment: \\usepackage{longtable}, and XeLaTeX or LuaLaTeX where texts are not in Latin letters.",
    "% Made from a run of cyclspec; every number in it stands in the tables of that run.",
)
_COMMANDS = {1: "section", 2: "subsection", 3: "subsubsection"}
_ESCAPES = {
    "\\": "\\textbackslash{}",
    "{": "\\{",
    "}": "\\}",
    "$": "\\$",
    "&": "\\&",
    "#": "\\#",
    "%": "\\%",
    "_": "\\_",
    "^": "\\textasciicircum{}",
    "~": "\\textasciitilde{}",
    "<": "\\textless{}",
    ">": "\\textgreater{}",
    "|": "\\textbar{}",
    '"': "\\textquotedbl{}",
    "'": "\\textquotesingle{}",
    "`": "\\textasciigrave{}",
    "-": "{-}",
}
_WIDE, _LONG, _PIECE = 30, 24, 8


def as_latex(blocks: Iterable[Block]) -> str:
    """The fragment, with one line end at its end."""
    found = ["\n".join(_PREAMBLE), *("\n".join(_block(block)) for block in blocks)]
    return "\n\n".join(found) + "\n"


def _block(block: Block) -> Iterator[str]:
    match block:
        case Heading(text, level):
            yield f"\\{_COMMANDS[level]}*{{{_escaped(text)}}}"
        case Paragraph(prose):
            yield f"\\noindent {_prose(prose)}"
        case Bullets(items):
            yield "\\begin{itemize}"
            yield from (f"\\item {_prose(item)}" for item in items)
            yield "\\end{itemize}"
        case Quote(lines):
            yield "\\begin{quote}"
            yield "\\\\\n".join(_typed(line) if line.strip() else "\\mbox{}" for line in lines)
            yield "\\end{quote}"
        case Table():
            yield from _table(block)
        case _:
            assert_never(block)


def _table(table: Table) -> Iterator[str]:
    yield "{\\footnotesize"
    yield f"\\begin{{longtable}}{{{''.join(_columns(table))}}}"
    yield " & ".join(_escaped(name) for name in table.head) + " \\\\ \\hline"
    yield "\\endhead"
    for row in table.rows:
        yield " & ".join(_prose(cell) for cell in row) + " \\\\"
    yield "\\end{longtable}"
    yield "}"


def _columns(table: Table) -> Iterator[str]:
    """Numbers to the right; a column with long cells has a width, shared by all such columns."""
    widths = [max([len(_width(row[at])) for row in table.rows] or [0]) for at in range(len(table.head))]
    wide = [at for at, width in enumerate(widths) if width > _WIDE]
    share = 0.6 / max(1, len(wide))
    for at in range(len(table.head)):
        yield "r" if at in table.numeric else f"p{{{share:.2f}\\linewidth}}" if at in wide else "l"


def _width(prose: Prose) -> str:
    return "".join(piece.text if isinstance(piece, Code) else piece for piece in prose)


def _prose(prose: Prose) -> str:
    return "".join(map(_piece, prose)).strip()


def _piece(piece: Piece) -> str:
    return _typed(" ".join(piece.text.split())) if isinstance(piece, Code) else _escaped(piece)


def _typed(text: str) -> str:
    """In the typewriter face; a long word may be broken anywhere, since digests have no spaces."""
    words = ("\\allowbreak{}".join(_pieces(word)) for word in text.split(" "))
    return f"\\texttt{{{' '.join(words)}}}"


def _pieces(word: str) -> Iterator[str]:
    step = _PIECE if len(word) > _LONG else len(word) or 1
    for start in range(0, len(word) or 1, step):
        yield _escaped(word[start : start + step])


def _escaped(text: str) -> str:
    flat = " ".join(text.split()) if "\n" in text else text
    return "".join(_ESCAPES.get(char, char) for char in printable(flat))
