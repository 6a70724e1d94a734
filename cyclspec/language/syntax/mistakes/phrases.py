"""Small words and signs that are missing inside of statements and expressions, or stand where another should."""

from __future__ import annotations

from collections.abc import Iterator

import regex as re

from cyclspec.language.diagnostics import Diagnostic
from cyclspec.language.diagnostics import cy00_syntax as cy00
from cyclspec.language.diagnostics.base import Edit
from cyclspec.language.diagnostics.mend import before, several, write
from cyclspec.language.names.suggest import suggest
from cyclspec.language.syntax.mistakes.brackets import open_brackets
from cyclspec.language.syntax.mistakes.failure import Failure, one_line, without_comments
from cyclspec.language.syntax.pieces import KEYWORDS

ROLES = ("system", "user", "assistant", "prefix")
_GIVES = re.compile(
    r"(?:\b(?:let|check|ask|model)\s+|\bmeasure\b[^={}\n]*(?<!\w)|(?:^|[{,\n])[ \t]*)(?P<name>[^\W\d]\w*)\s*$"
)
_VALUE_WORDS = ("true", "false", "if", "not")
_SHOWN = 40


def of(f: Failure) -> Iterator[Diagnostic]:
    """`of` is missing in a reduction, or another word stands there."""
    if "_OF" not in f.expected or f.word in ("of", "weighted"):
        return
    above = f.recent + f.text if f.at_end else f.recent
    head = re.search(r"([\w.]+(?:\([^()]*\))?\s+(?:over|along)\s+(?:(?!\bof\b)[\w\s,.])+?)\s*$", above)
    if head is None:
        return
    phrase = " ".join(head.group(1).split())
    if f.at_end:
        yield cy00.OfMissing(span=f.span, helps=(f"go on with what is reduced: `{phrase} of ...`",))
        return
    wrong = re.match(r"(?:in|for|from|on|to)\b|:|->|=>|=", f.after)
    rest = _closed(one_line(without_comments(f.after[wrong.end() if wrong else 0 :])))
    span = f.place(f.span.start, f.span.start + (wrong.end() if wrong else 0))
    mend = write(
        span, "of" if wrong and wrong.group().isalpha() else " of" if wrong else "of ", f"{phrase} of {rest}"
    )
    yield cy00.OfMissing(span=f.span, helps=mend.helps, edits=mend.edits)


def _closed(text: str) -> str:
    """A text up to the bracket that it does not open."""
    depth = 0
    for n, char in enumerate(text):
        depth += (char in "([{") - (char in ")]}")
        if depth < 0:
            return text[:n].rstrip()
    return text


def bare_reduction(f: Failure) -> Iterator[Diagnostic]:
    """A reduction that is an operand, an argument or an entry of a list."""
    if f.word not in ("over", "along") or re.search(r"\b(?:over|along|by|of)\s*$", f.recent):
        return
    reducer = re.search(r"[\w.]+(?:\([^()]*\))?\s*$", f.recent)
    start = f.span.start - len(reducer.group()) if reducer else f.span.start
    operand = re.search(
        r"[=(,{]\s*([^=(),{}\n]{1,60}[-+*/<>]=?[ \t]*)$", f.recent[: len(f.recent) - (f.span.start - start)]
    )
    ahead = operand.group(1) if operand else ""
    span = f.place(start, f.span.end)
    for end in _reduction_ends(f, start):
        whole = f.source.text[start:end]
        edits = (Edit(f.place(start, start), "("), Edit(f.place(end, end), ")"))
        mend = several(edits, f"{ahead}({without_comments(whole)})", otherwise="put it in parentheses")
        yield cy00.BareReduction(span=span, helps=mend.helps, edits=mend.edits)
    yield cy00.BareReduction(span=span)


def _reduction_ends(f: Failure, start: int) -> Iterator[int]:
    """Where a reduction may end: at a comma, before a bracket that it does not open, with its line or its piece."""
    text = f.source.text[start : f.piece.end]
    line = without_comments(text.split("\n", maxsplit=1)[0])
    for part in (line, text):
        whole = _closed(part)
        said = re.search(r"\bof\b", whole)
        if said is not None:
            yield start + said.end() + len(_before_comma(whole[said.end() :]).rstrip())


def _before_comma(text: str) -> str:
    """A text up to the first comma that stands in none of its brackets."""
    depth = 0
    for n, char in enumerate(text):
        depth += (char in "([{") - (char in ")]}")
        if char == "," and depth == 0:
            return text[:n]
    return text


def in_(f: Failure) -> Iterator[Diagnostic]:
    """`in` is missing in an `each`, or another word stands there."""
    above = f.recent + f.text if f.at_end else f.recent
    head = re.search(r"\beach\b[\w\s,]*$", above)
    if "_IN" not in f.expected or head is None or re.search(r"\bin\b", head.group()):
        return
    if f.at_end:
        helps = (f"go on with its levels: `{' '.join(head.group().split())} in ...`",)
        yield cy00.InMissing(span=f.span, helps=helps)
        return
    if f.word == "where":
        yield cy00.InMissing(span=f.span, label="expected `in` and what it takes its levels from before this")
        return
    wrong = re.match(r"(?:from|of|over|on|across|within|is|as)\b|=|:", f.after)
    rest = f.after[wrong.end() if wrong else 0 :]
    span = f.place(f.span.start, f.span.start + (wrong.end() if wrong else 0))
    word = " in" if wrong and wrong.group() == ":" else "in" if wrong else "in "
    mend = write(span, word, f"{head.group()} in {one_line(without_comments(rest))}")
    yield cy00.InMissing(span=f.span, helps=mend.helps, edits=mend.edits)


def comparison(f: Failure) -> Iterator[Diagnostic]:
    """`=` where two values are compared."""
    if f.text != "=" or f.after[1:2] in ("!", ">", "<", "="):
        return
    if not re.search(r"\b(where|if|and|or|not)\b[^{}=\n]*$", f.recent):
        return
    left = re.search(r"[\w.]+\s*$", f.recent)
    right = re.match(r"=\s*([\w.\"%]+)", f.after)
    if left is not None and right is not None:
        mend = write(f.span, "==", f"{left.group().strip()} == {right.group(1)}")
        yield cy00.AssignmentForComparison(span=f.span, helps=mend.helps, edits=mend.edits)
    elif not f.at_end:
        yield cy00.AssignmentForComparison(span=f.span)


def field_colon(f: Failure) -> Iterator[Diagnostic]:
    """`title: "Small"`: reading stops at the colon, or at the name where a statement stands above it."""
    colon = re.match(r"([^\W\d]\w*)?[ \t]*(:)(?!=)", f.after)
    if colon is None or not ("EQUAL" in f.expected or f.piece.start_symbol == "statement"):
        return
    name = colon.group(1) or (found.group() if (found := re.search(r"[^\W\d]\w*(?=\s*$)", f.recent)) else "")
    line = f.recent.rsplit("\n", maxsplit=1)[-1]
    alone = line.strip() in ("", name) or re.search(rf"[{{,]\s*{name}\s*$", line)
    if not name or name in ROLES or not alone:
        return
    place = f.span.start + colon.start(2)
    value = _shown(f.source.text[place + 1 : f.piece.end])
    mend = write(f.place(place, place + 1), " =", f"{name} = {value}")
    yield cy00.ValueSignMissing(span=f.place(place, place + 1), helps=mend.helps, edits=mend.edits)


def _shown(text: str) -> str:
    """A value as far as a help shows it: to the comma or the bracket that ends it."""
    line = _closed(one_line(without_comments(text)))
    short = re.match(r'"[^"\n]*"|[^,]*', line)
    value = short.group().strip() if short else ""
    return value if value.count("(") == value.count(")") else line


def value_sign(f: Failure) -> Iterator[Diagnostic]:
    """`=` is missing between a name and its value."""
    given = _GIVES.search(f.recent)
    if "EQUAL" not in f.expected or given is None or f.at_end or not re.match(r'[\w"\[({-]', f.after):
        return
    name, line = given["name"], f.recent.rsplit("\n", maxsplit=1)[-1]
    elsewhere = f.word in KEYWORDS and f.word not in _VALUE_WORDS and "\n" in f.recent[given.end("name") :]
    if f.text == "{" or elsewhere or line.count("(") > line.count(")"):
        return
    label = "expected `=` before this"
    wrong = re.match(r"(?:is|be|if|as|to|equals|becomes|default)\b|->|-(?=\s)", f.after)
    if wrong is not None:
        span = f.place(f.span.start, f.span.start + wrong.end())
        mend = write(span, "=", f"{name} = {_shown(f.after[wrong.end() :])}")
        yield cy00.ValueSignMissing(span=span, label="expected `=` here", helps=mend.helps, edits=mend.edits)
    if re.match(r"[^\W\d]\w*[ \t]*(?:=(?!=)|\{)", f.after):
        yield from _member(f, given)
        return
    value = _shown(f.after)
    mend = before(f.span, "= ", f"{name} = {value}")
    yield cy00.ValueSignMissing(span=f.span, label=label, helps=mend.helps, edits=mend.edits)


_MEMBERS = ("model", "factor", "table", "each", "ask", "let", "measure", "check")


def _member(f: Failure, given: re.Match[str]) -> Iterator[Diagnostic]:
    """A word before a name that is nearly one that declares: `models small = demo()`."""
    start = f.span.start - len(f.recent) + given.start("name")
    span = f.place(start, start + len(given["name"]))
    for close in suggest(span.text, _MEMBERS)[:1]:
        edits = (Edit(span, close),)
        sentence = f"`{span.text}` is no word of the language"
        yield cy00.Unexpected(span=span, sentence=sentence, helps=(f"did you mean `{close}`?",), edits=edits)


def comma(f: Failure) -> Iterator[Diagnostic]:
    """A value directly after a value, inside of brackets."""
    opens = open_brackets(f)
    left = re.search(r'([\w.%]+|"[^"\n]*")\s*$', f.recent)
    inside = bool(opens) and f.source.text[opens[-1]] in "(["
    if not inside or left is None or left.group(1) in KEYWORDS or not re.match(r'[\w"]', f.after):
        return
    if f.word in KEYWORDS or "COMMA" not in f.expected:
        return
    value = f.text if len(f.text) <= _SHOWN else "..."
    end = f.span.start - (len(left.group()) - len(left.group(1)))
    mend = write(f.place(end, end), ",", f"{left.group(1)}, {value}")
    sentence = f"a comma is missing before `{value}`"
    yield cy00.Unexpected(span=f.span, sentence=sentence, helps=mend.helps, edits=mend.edits)
