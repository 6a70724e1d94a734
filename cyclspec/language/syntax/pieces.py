"""Cuts a broken file into declarations and statements that can be parsed alone.

Expects any text. Ensures that the pieces cover all imports and declarations in order, that a statement of an audit is a
piece of its own, and that an unclosed brace costs one piece, not the rest of the file: a declaration keyword at the
start of a line ends whatever is open.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise, zip_longest

import regex as re

from cyclspec.language.syntax.alphabet import names_in

DECLARATIONS = ("param", "scale", "axis", "corpus", "target", "prompt", "metric", "panel", "audit")
STATEMENTS = ("each", "ask", "let", "measure", "check")
IMPORTS = ("import",)
ANYTHING = frozenset("*")
"""What an import names that may mean to take everything of a file."""

_OTHER_WORDS = """
    cycl as from version hash table factor model python in where by weighted of if then else and or not is true false
    record over along missing system user assistant prefix
"""
KEYWORDS = frozenset((*DECLARATIONS, *STATEMENTS, *IMPORTS, *_OTHER_WORDS.split()))

_TOKEN = re.compile(
    r'(?P<text>"""(?:.|\n)*?"""|"(?:[^"\\\n]|\\.)*")'
    r"|(?P<comment>\#[^\n]*)"
    r"|(?P<open>[\[({])|(?P<close>[\])}])"
    r"|(?P<word>[^\W\d]\w*)(?=(?P<named>(?:\s|\#[^\n]*\n)*[=:(.])?)"
)
_DECLARES = re.compile(r"(?m)^[ \t]*[^\W\d]\w*[ \t]+([^\W\d]\w*(?:[ \t]*,[ \t]*[^\W\d]\w*)*)")
_BLANK = re.compile(r"(?:\s|#[^\n]*(?:\n|\Z))*")
_EACH = re.compile(r"each[ \t]+([^\W\d]\w*(?:[ \t]*,[ \t]*[^\W\d]\w*)*)")
_FROM = re.compile(r"from[ \t]+[^\n]*?\bimport\b")
_FIELD = re.compile(r"(?m)^[ \t]*([^\W\d]\w*)\s*[=:]")


@dataclass(frozen=True, slots=True)
class Piece:
    """A range of the text, the grammar symbol it should be, and the offset of the `{` it left open (or -1)."""

    start: int
    end: int
    start_symbol: str
    opened: int


@dataclass(frozen=True, slots=True)
class _Mark:
    start: int
    word: str
    depth: int
    opened: int


def _close(text: str, opens: list[int], bracket: str) -> None:
    """Closes the bracket that fits: a brace closes what is open inside of it, a stray one closes nothing."""
    partner = {")": "(", "]": "[", "}": "{"}[bracket]
    if partner == "{" and any(text[start] == "{" for start in opens):
        while text[opens[-1]] != "{":
            opens.pop()
    if opens and text[opens[-1]] == partner:
        opens.pop()


def _given(text: str, word: re.Match[str]) -> bool:
    """Whether a word is the value of something, or a part of another word: `reply = ask ...`, `my-audit`."""
    before = text[max(0, word.start() - 20) : word.start()]
    if before.endswith("-"):
        return True
    before = before.rstrip(" \t")
    return before.endswith("=") and not before.endswith(("==", "!=", "<=", ">="))


def _marks(text: str) -> Iterator[_Mark]:
    """Every place where a declaration, an import or a statement of an audit begins, and every closing brace."""
    opens: list[int] = []
    inside, passed = "", 0
    for match in _TOKEN.finditer(text):
        if match.start() < passed:
            continue
        match match.lastgroup:
            case "open":
                opens.append(match.start())
                continue
            case "close":
                _close(text, opens, match.group())
                continue
            case "text" | "comment":
                continue
        word = match["word"]
        if (match["named"] is not None and word not in IMPORTS) or _given(text, match):
            continue
        depth, opened = len(opens), opens[-1] if opens else -1
        at_line = match.start() == 0 or text[match.start() - 1] == "\n"
        if at_line and (other := _FROM.match(text, match.start())):
            word, passed = IMPORTS[0], other.end()
        if word in DECLARATIONS + IMPORTS and (depth == 0 or at_line):
            yield _Mark(match.start(), word, depth, opened)
            opens, inside = [], word
        elif word in STATEMENTS and (depth == 0 or (depth == 1 and inside == "audit")):
            yield _Mark(match.start(), word, depth, opened)


def _symbol(word: str) -> str:
    if word in STATEMENTS:
        return "statement"
    return "import_" if word in IMPORTS else "decl"


def names_of(text: str, piece: Piece) -> frozenset[str]:
    """The names that a piece may have meant to declare, where it does not parse; an axis also stands for its source."""
    written = text[piece.start : piece.end]
    axes = _EACH.match(written)
    if axes is not None:
        return (frozenset(names_in(written)) - KEYWORDS).union(names_in(axes[1]))
    if piece.start_symbol == "import_":
        return (frozenset(names_in(written)) - KEYWORDS) | (ANYTHING if "*" in written else frozenset())
    return frozenset(name for found in _DECLARES.findall(written) for name in names_in(found)) - KEYWORDS


def doc_start(text: str, start: int, floor: int) -> int:
    """The start of the doc comment above a declaration, which belongs to no piece; not before `floor`."""
    lines = text[floor:start].split("\n")
    kept = len(lines[-1])
    for line in reversed(lines[:-1]):
        if not line.lstrip().startswith("##"):
            break
        kept += len(line) + 1
    return start - kept if lines[-1].strip() == "" else start


def cut(text: str) -> list[Piece]:
    """The pieces of a file, in order; the head (the edition) is the first, as symbol `start`."""
    marks = list(_marks(text))
    head_end = doc_start(text, marks[0].start, 0) if marks else len(text)
    pieces = [Piece(0, head_end, "start", -1)]
    for mark, after in zip_longest(marks, marks[1:]):
        assert mark is not None
        end = len(text) if after is None else doc_start(text, after.start, mark.start)
        opened = after.opened if after is not None and after.depth > 0 else -1
        pieces.extend(_pieces_of(text, mark, end, opened, after))
    return pieces


def _pieces_of(text: str, mark: _Mark, end: int, opened: int, after: _Mark | None) -> Iterator[Piece]:
    if mark.word == "audit" and after is not None and after.depth == 1 and after.word in STATEMENTS:
        yield from _audit_head(text, mark.start, end)
        return
    if mark.word in STATEMENTS and mark.depth == 1:
        end = _strip_closing(text, mark.start, end, final=after is None or after.depth == 0)
        yield Piece(mark.start, end, "statement", -1)
        return
    if mark.word in STATEMENTS:
        yield Piece(mark.start, end, "decl", -1)
        return
    yield Piece(mark.start, end, _symbol(mark.word), opened)


def _audit_head(text: str, start: int, end: int) -> Iterator[Piece]:
    """The fields between `audit NAME {` and the first statement, each alone."""
    brace = text.find("{", start, end)
    begins = [match.start(1) for match in _FIELD.finditer(text, brace + 1, end)]
    first = _BLANK.match(text, brace + 1, end)
    if first is not None and first.end() < min([*begins, end]):
        begins = [first.end(), *begins]
    for begin, stop in pairwise([*begins, end]):
        yield Piece(begin, stop, "field", -1)


def _strip_closing(text: str, start: int, end: int, *, final: bool) -> int:
    """Leaves the audit's own closing brace out of its last statement."""
    if not final:
        return end
    depth = 0
    for match in _TOKEN.finditer(text, start, end):
        if match.lastgroup == "open":
            depth += 1
        elif match.lastgroup == "close" and depth > 0:
            depth -= 1
        elif match.group() == "}":
            return match.start()
    return end
