"""What stands before the cursor, by tokens alone: it works in any text, however broken.

Expects a text and an offset. Ensures the brackets that are open there, the tokens of each of them with what is closed
folded into one, and the word that is being typed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import regex as re

from cyclspec.language.syntax.alphabet import NAME, composed
from cyclspec.language.syntax.pieces import DECLARATIONS, STATEMENTS

_TOKEN = re.compile(
    r'(?P<text>"""(?:.|\n)*?(?:"""|\Z)|"(?:[^"\\\n]|\\.)*(?:"|(?=\n)|\Z))'
    r"|(?P<comment>\#[^\n]*)"
    r"|(?P<open>[\[({])|(?P<close>[\])}])"
    rf"|(?P<word>{NAME})"
    r"|(?P<number>\d[\w.%:-]*)"
    r"|(?P<sign>->|==|!=|<=|>=|\.\.|[-+*/^<>=.,:|?])"
)
_PARTNER = {")": "(", "]": "[", "}": "{"}
_INSIDE = {
    "": frozenset({*DECLARATIONS, "import"}),
    "audit": frozenset(STATEMENTS),
    "corpus": frozenset({"table"}),
    "panel": frozenset({"factor", "model"}),
}
ROLES = ("system", "user", "assistant", "prefix")


class Token(NamedTuple):
    """One token, or a bracket with all that is in it (`group`)."""

    kind: str
    text: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Cursor:
    """Where a cursor stands.

    `levels` are the tokens of each open bracket, outermost first and the file itself before them; `openers` the open
    brackets; `typed` the word in front of the cursor; `literal` what has been written of a text that is open.
    """

    offset: int
    levels: tuple[tuple[Token, ...], ...]
    openers: tuple[Token, ...]
    typed: str
    literal: str | None
    in_comment: bool

    @property
    def here(self) -> tuple[Token, ...]:
        return self.levels[-1]

    @property
    def before(self) -> tuple[Token, ...]:
        """The tokens in front of the innermost open bracket."""
        return self.levels[-2] if len(self.levels) > 1 else ()

    @property
    def blocks(self) -> tuple[str, ...]:
        """What the open braces are, outermost first: `("audit", "ask")`."""
        found: list[str] = []
        for opener, tokens in zip(self.openers, self.levels, strict=False):
            if opener.text == "{":
                found.append(_block(tokens, found[-1] if found else ""))
        return tuple(found)


def _block(tokens: tuple[Token, ...], outer: str) -> str:
    if tokens and tokens[-1].text in ("record", "import"):
        return tokens[-1].text
    index = last_keyword(tokens, _INSIDE.get(outer, frozenset()))
    if index is not None:
        return tokens[index].text
    return "level" if outer in ("scale", "axis", "factor") else ""


def last_keyword(tokens: tuple[Token, ...], words: frozenset[str]) -> int | None:
    """The place of the last of some keywords: a word in front of `=`, `:` or `.` is a name."""
    for index in range(len(tokens) - 1, -1, -1):
        after = tokens[index + 1].text if index + 1 < len(tokens) else ""
        ahead = tokens[index - 1].text if index > 0 else ""
        if tokens[index].text in words and after not in ("=", ":", ".") and ahead != ".":
            return index
    return None


def ends_value(tokens: tuple[Token, ...]) -> bool:
    """Whether an expression could end with the last token."""
    if not tokens:
        return True
    last = tokens[-1]
    if last.kind == "word":
        return last.text not in _OPEN_WORDS
    return last.kind in ("group", "text", "number") or last.text in (",", "?")


_OPEN_WORDS = frozenset(
    {"over", "along", "by", "of", "in", "where", "weighted", "if", "then", "else", "and", "or", "not", "is"}
    | {*DECLARATIONS, *STATEMENTS, "table", "factor", "import", "as", "from"}
)


def _closed(text: str) -> bool:
    quotes = '"""' if text.startswith('"""') else '"'
    return len(text) >= 2 * len(quotes) and text.endswith(quotes) and (quotes != '"' or not _escaped(text))


def _escaped(text: str) -> bool:
    body = text[:-1]
    return (len(body) - len(body.rstrip("\\"))) % 2 == 1


def scan(text: str, offset: int) -> Cursor:
    """The cursor at an offset."""
    levels: list[list[Token]] = [[]]
    openers: list[Token] = []
    literal: str | None = None
    in_comment = False
    for match in _TOKEN.finditer(text, 0, offset):
        kind, written = match.lastgroup or "", match.group()
        token = Token(kind, composed(written) if kind == "word" else written, match.start(), match.end())
        at_line = token.start == 0 or text[token.start - 1] == "\n"
        if token.text in (*DECLARATIONS, "import") and at_line and openers:
            _fold(levels, openers, 0)
        match token.kind:
            case "open":
                openers.append(token)
                levels.append([])
            case "close":
                _close(levels, openers, token)
            case "comment":
                in_comment = token.end == offset
            case "text" if token.end == offset and not _closed(token.text):
                literal = token.text
            case _:
                levels[-1].append(token)
    typed = ""
    if literal is None and levels[-1] and levels[-1][-1].kind == "word" and levels[-1][-1].end == offset:
        typed = text[levels[-1].pop().start : offset]
    return Cursor(offset, tuple(tuple(level) for level in levels), tuple(openers), typed, literal, in_comment)


def _close(levels: list[list[Token]], openers: list[Token], token: Token) -> None:
    partner = _PARTNER[token.text]
    for depth in range(len(openers) - 1, -1, -1):
        if openers[depth].text == partner:
            _fold(levels, openers, depth, token.end)
            return


def _fold(levels: list[list[Token]], openers: list[Token], depth: int, end: int | None = None) -> None:
    """Folds the brackets from `depth` on into one token of the level that they stand in."""
    first = openers[depth]
    last = end if end is not None else first.end
    del levels[depth + 1 :], openers[depth:]
    levels[-1].append(Token("group", first.text, first.start, last))


def operand(tokens: tuple[Token, ...]) -> tuple[int, int] | None:
    """The range of the dotted, called or picked name that the tokens end with."""
    index = len(tokens)
    while index > 0 and tokens[index - 1].kind in ("word", "group"):
        index -= 1
        if tokens[index].kind == "group":
            if (
                index > 0
                and tokens[index - 1].kind in ("word", "group")
                and tokens[index - 1].text not in _OPEN_WORDS
            ):
                continue
            break
        if index > 0 and tokens[index - 1].text == ".":
            index -= 1
            continue
        break
    return None if index == len(tokens) else (tokens[index].start, tokens[-1].end)


def dotted(tokens: tuple[Token, ...]) -> tuple[str, ...]:
    """The dotted name that the tokens end with, nothing where they end with something else."""
    parts: list[str] = []
    index = len(tokens) - 1
    while index >= 0 and tokens[index].kind == "word":
        parts.append(tokens[index].text)
        if index == 0 or tokens[index - 1].text != ".":
            break
        index -= 2
    return tuple(reversed(parts))
