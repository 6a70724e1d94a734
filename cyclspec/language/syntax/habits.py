"""Mistakes that come with other habits: the signs of other languages, of typography, of spreadsheets.

Expects a broken text and the place where reading it stopped. Ensures that a mistake is only found at that place: a
pattern must cover it or end at it. The rows are tried in order; each gives the sentence and what to write instead, with
the groups of its pattern filled in.
"""

from __future__ import annotations

import unicodedata
from typing import NamedTuple

import regex as re

_BEFORE, _AFTER = 300, 200
_NAME = r"[^\W\d]\w*"
_VALUE = r'[\w.%"-]+'
_SIGN = r"(?:==|!=|<=|>=|<|>)"


class Habit(NamedTuple):
    """One row: `pattern` with the group `at` under the carets, the sentence, the words beside the carets, the help."""

    pattern: re.Pattern[str]
    sentence: str
    label: str = ""
    help: str = ""
    note: str = ""


class Found(NamedTuple):
    """A habit at a place: `start..end` go under the carets."""

    start: int
    end: int
    sentence: str
    label: str
    help: str
    note: str


def _row(pattern: str, sentence: str, help_: str = "", *, label: str = "", note: str = "") -> Habit:
    return Habit(re.compile(pattern, re.MULTILINE), sentence, label, help_, note)


_INSTEAD = {
    "<>": "!=", "=!": "!=", "!==": "!=", "=>": ">=", "=<": "<=", "===": "==", "&&": "and", "||": "or", "&": "and",
    "|": "or", "**": "^", "≠": "!=", "≤": "<=", "≥": ">=", "×": "*", "·": "*", "÷": "/", "…": "..", "...": "..",
    "→": "->", "−": "-", "–": "-", "—": "-", "‐": "-", "∧": "and", "∨": "or", "¬": "not",
}  # fmt: skip
_SIGNS = "|".join(re.escape(sign) for sign in sorted(_INSTEAD, key=len, reverse=True))

_WORDS = {
    "for": "an axis is every one of its levels: `each town in ...`",
    "foreach": "an axis is every one of its levels: `each town in ...`",
    "while": "an axis is every one of its levels: `each town in ...`",
    "def": "a metric is one expression: `metric half(p: dist(S)) -> share = ...`",
    "function": "a metric is one expression: `metric half(p: dist(S)) -> share = ...`",
    "func": "a metric is one expression: `metric half(p: dist(S)) -> share = ...`",
    "fn": "a metric is one expression: `metric half(p: dist(S)) -> share = ...`",
    "lambda": "a metric is one expression: `metric half(p: dist(S)) -> share = ...`",
    "return": "leave it out: a metric is its expression, a prompt is its messages",
    "class": "what is declared is a `scale`, an `axis`, a `corpus`, a `prompt`, a `metric`, a `panel` or an `audit`",
    "var": "write `let`",
    "const": "write `let`, or `param` at the top of a module",
    "val": "write `let`",
    "elif": "write `else if`",
    "using": "write `import`",
    "include": "write `import`",
    "require": "write `import`",
    "model_panel": "write `panel`",
}
_FOREIGN = "|".join(_WORDS)
_SMALL = "and|or|not|in|of|over|along|by|weighted|where|if|then|else|is|each|ask|let|measure|check"

HABITS: tuple[Habit, ...] = (
    # numbers
    _row(r"(?<![\w.,])(?P<a>\d{1,3})(?P<at>,)(?P<b>\d{3})\b(?<!0,\d{3})(?![.,]?\d)",
         "a number is written without commas", "write `{a}{b}`"),
    _row(r"(?<![\w.,])(?P<a>\d+)(?P<at>,)(?P<b>\d+%?)", "a decimal number is written with a point", "write `{a}.{b}`"),
    _row(r"(?<![\w.])(?P<a>\d+(?:\.\d+)?)[ \t]+(?P<at>%|(?:ms|min|s|h|d|w|y|k|M|B)\b)",
         "a number and its unit are written without a blank", "write `{a}{at}`"),
    _row(r"(?<![\w.)\]}])(?P<at>\.(?P<a>\d+%?))", "a number begins with a digit", "write `0.{a}`"),
    _row(r"(?<![\w.])(?P<at>\d+[^\W\d]\w*)[ \t]*(?:[:={,}]|\bin\b|\")", "a name begins with a letter",
         "rename `{at}`"),
    # quotation marks
    _row(r"(?P<at>'(?P<a>[^'\n]*)'?)", "text stands in double quotation marks", 'write `"{a}"`'),
    _row(r"(?P<at>[“”„«»‘’‚`](?P<a>[^“”„«»‘’‚`\n]*)[“”„«»‘’‚`]?)",
         "text stands in the plain quotation marks of the keyboard", 'write `"{a}"`'),
    _row(r"\b(?:param|scale|axis|corpus|target|prompt|metric|panel|audit|table|factor|model|each|ask|let|measure|check)"
         r'[ \t]+(?P<at>"(?P<a>[^"\n]*)")', "a name stands without quotation marks", "write `{a}`"),
    # comments and ends of lines
    _row(r"(?P<at>//+|/\*|<!--)", "a comment begins with `#`", "write `# ...`"),
    _row(r"(?P<at>;)", "`;` cannot stand here", "leave it out: a statement ends where the next one begins"),
    _row(r"(?P<at>\\)[ \t]*$", "`\\` cannot stand here", "leave it out: the ends of lines mean nothing"),
    # signs
    _row(rf"\b(?P<a>{_NAME})[ \t]*(?P<at>:=|\+=|-=|\*=|<-)[ \t]*", "`{at}` cannot stand here",
         "write `{a} = ...`", note="a value is given once, and `=` gives it"),
    _row(rf"(?P<a>{_VALUE})[ \t]*(?P<o>{_SIGN})[ \t]*(?P<b>{_VALUE})[ \t]*(?P<at>{_SIGN})[ \t]*(?P<c>{_VALUE})",
         "a comparison has two sides", "write `{a} {o} {b} and {b} {at} {c}`"),
    _row(rf"(?P<at>{_SIGNS})", "`{at}` is no sign of the language", "write `{instead}`"),
    _row(r"(?P<at>!)[ \t]*(?P<a>[\w.]+)", "`!` is no sign of the language", "write `not {a}`"),
    _row(r"\b(?:param|scale|axis|target|prompt|metric|panel|audit|let|measure|check|ask|each)[ \t]+"
         r"(?P<at>(?P<a>[^\W\d]\w*)-(?P<b>\w+))", "a name has no `-` in it", "write `{a}_{b}`"),
    # reductions
    _row(r"\bof\s+(?P<at>of)\b\s+\S", "`of` is written twice", "write it once"),
    _row(r"(?P<at>\b(?:over|along)\b)\s+of\b\s+\S", "`{at}` names no axis", "name it: `mean {at} item of ...`"),
    _row(r"(?P<at>\bby\b)\s+of\b\s+\S", "`by` names no attribute", "name it: `share over person by town of ...`"),
    _row(r"(?P<at>\bweighted\b)[ \t]+(?!by\b)(?P<a>[\w.]+)", "`weighted` needs `by`", "write `weighted by {a}`"),
    _row(r"\bweighted\s+by\b[^{}=\n]*?(?P<at>\bweighted\b(?:[ \t]+by\b)?)", "a reduction has one weight",
         "write the product: `weighted by a * b`"),
    _row(r"\b(?:over|along)\s+(?P<a>[\w, \t]*\w)[ \t]+(?P<at>[^\W\d]\w*)(?=\s+(?:of|by|weighted)\b|[ \t]*,)",
         "a comma is missing before `{at}`", "write `{a}, {at}`"),
    _row(rf"(?<![\w.])(?P<at>(?P<a>{_NAME})[ \t]+of)\b", "`{a}` does not say what it goes over",
         "name the axes: `{a} over ... of ...`"),
    # conditions
    _row(r"(?P<at>\bif\b)(?:(?!\bthen\b)[^{}=\n])*:", "an `if` is written with `then` and `else`",
         "write `if ... then ... else ...`"),
    _row(r"(?P<at>\bif\b)[^{}=\n]*\bthen\b(?:(?!\belse\b)[^{}])*\Z", "this `if` has no `else`",
         "write `if ... then ... else ...`"),
    _row(r"(?P<a>[\w.]+)[ \t]+(?P<at>\?)[ \t]*(?P<b>[\w.]+)[ \t]*:[ \t]*(?P<c>[\w.]+)", "`?` cannot stand here",
         "write `if {a} then {b} else {c}`"),
    # words
    _row(rf"(?P<at>\b(?:{_FOREIGN})\b)(?![ \t]*[=:.,)\]])(?:\s+\S)?", "`{at}` is no word of the language",
         "{word}"),
    _row(rf"(?P<at>\b(?=\w*[A-Z])(?i:{_SMALL})\b)", "`{at}` is no word of the language",
         "words of the language are small: write `{small}`"),
    _row(r"^[ \t]*(?P<at>from)[ \t]+(?P<a>\"[^\"\n]*\"|[\w.]+)", "an import begins with `import`",
         "write `import {{ town, age }} from {a}`"),
    _row(r"\bimport[ \t]+(?P<at>\*)(?:[ \t]+(?:as[ \t]+\w+[ \t]+)?from[ \t]+(?P<a>\"[^\"\n]*\"))?",
         "an import names what it takes", 'write `import {{ town, age }} from "..."`, or `import "..." as survey`'),
    _row(r"\bimport[ \t]+(?P<at>\"(?:[^\"\n]*/)?(?P<a>[^\W\d]\w*)\.cycl\")(?!\s*as\b)",
         "an imported file needs a name", "write `import {at} as {a}`"),
    _row(r"\bimport[ \t]+(?P<a>[^\W\d]\w*(?:[ \t]*,[ \t]*[^\W\d]\w*)*)[ \t]+(?P<at>from)\b[ \t]*(?P<b>\"[^\"\n]*\")?",
         "imported names stand in braces", "write `import {{ {a} }} from {b}`"),
    # types, lists and blocks
    _row(r"\bmetric\b[^{}=]*->[ \t]*[\w.]+[ \t]+(?P<at>(?!where\b)[\w.(]+)", "the value of a metric stands behind `=`",
         "write `= {at} ...`"),
    _row(r"\b(?P<a>list|text|choice|dist|order|picks|ref|ordinal|nominal)(?P<at>\[)(?P<b>[^\]\n]*)\]?",
         "a type takes what it is of in round brackets", "write `{a}({b})`"),
    _row(r"^[ \t]*(?:scale|axis)\b[^{\n]*\{[^{}]*?(?P<at><|>)", "the order of levels is the order they stand in",
         "write them from low to high, with commas"),
    _row(r"^[ \t]*(?:scale|axis)\b[^{\n]*\{[^{}]*?\b(?P<a>\w+)[ \t]*(?P<at>:)[ \t]*(?P<b>\"[^\"\n]*\"?)",
         "the label of a level stands behind its name", "write `{a} {b}`"),
    _row(r"\bmeasure\s+(?P<a>\w+)\s+(?P<at>per|for|across|over|along|on)\s+(?P<b>\w+)",
         "the axes of a measure stand behind `by`", "write `measure {a} by {b}`"),
    _row(r"\bmeasure\s+(?P<a>\w+(?:\s+by\s+[\w, \t]*?\w)?)[ \t]+"
         r"(?P<at>share|ratio|bits|steps|rank|points|coefficient|real|count)\b",
         "`:` is expected between a name and its type", "write `measure {a} : {at}`"),
    _row(r"(?<=[\w)\]])\[\s*(?P<a>\w+)\s*(?P<at>=)\s*(?P<b>\w+)", "a level is picked with `:`", "write `[{a}: {b}]`"),
    _row(r"(?<=[\w)\]])\[\s*(?P<at>\w+)\s*\]", "a level is picked along an axis", "write `[axis: {at}]`"),
    _row(r"\bmodel[ \t]+(?P<at>(?:hf|local|openai|demo)\b)\s*\(", "a model has a name",
         "write `model NAME = {at}(...)`"),
    _row(r"^[ \t]*(?:prompt|metric)\s+\w+\((?:[^()]*,)?\s*(?P<at>\w+)\s*[),]", "`{at}` has no type",
         "write `{at}: ...`, with a type"),
    _row(r"(?:[=(,]|\bin\b)[ \t]*(?P<at>\{)[ \t]*(?P<a>[^{}:\n]*?)[ \t]*\}", "a list stands in square brackets",
         "write `[{a}]`"),
    _row(r"^[ \t]*(?P<a>param|factor)[ \t]+(?P<b>\w+)[ \t]*(?P<at>=)", "a `{a}` says its type",
         "write `{a} {b} : count = ...`, or another type", label="expected `:` and a type before this"),
    _row(r"^[ \t]*(?P<a>scale|axis)[ \t]+(?P<b>\w+)[ \t]*(?P<at>\{)", "a `{a}` says whether its levels have an order",
         "write `{a} {b} : nominal {{`, or `ordinal`", label="expected `:` and `nominal` or `ordinal` before this"),
    _row(r"\b(?P<a>param|scale|axis|factor)[ \t]+(?P<b>\w+)[ \t]+(?P<at>[^\W\d]\w*)",
         "`:` is expected between a name and its type", "write `{a} {b} : {at}`"),
    _row(r"\b(?:audit|panel|corpus|table|target|scale|axis|prompt|model|ask)\b[^\n{}]*?(?P<at>:)[ \t]*$",
         "a block stands in braces", "write `{{` here and `}}` at the end of the block"),
    _row(r"\{[ \t\n]*(?P<at>\"[^\"\n]*\"?)", "a message says who speaks", "write `user {at}`"),
    _row(r"\b(?P<a>system|user|assistant|prefix)[ \t]*(?P<at>[:=])", "`{at}` cannot stand here",
         'write `{a} "..."`, or `{a}[en] "..."`'),
    _row(r"\b(?P<a>system|user|assistant|prefix)[ \t]+(?P<at>[a-z]{2,3})\b",
         "the language of a message stands in square brackets", "write `{a}[{at}]`"),
    _row(r"\beach\s+(?P<at>in)\b\s+\S", "`each` names no axis", "name it: `each town in ...`"),
    # ends
    _row(rf"(?P<at>{_SIGN}|\.\.|[-+*/^]|\b(?:and|or|not|in|of)\b)\s*\Z", "`{at}` has nothing after it",
         "write a value after it"),
    _row(r"(?P<at>=)\s*\Z", "`=` has no value after it", "write the value after it"),
)  # fmt: skip


def habit_at(text: str, place: int, low: int, high: int) -> Found | None:
    """The first habit that `text` shows at `place`, looking at nothing outside of `low..high`."""
    start = max(low, place - _BEFORE)
    window = text[start : min(high, place + _AFTER)]
    for habit in HABITS:
        for match in habit.pattern.finditer(window):
            if match.start() <= place - start < match.end():
                return _filled(habit, match, start)
    return None


def _filled(habit: Habit, match: re.Match[str], start: int) -> Found:
    at = match["at"]
    words = {name: " ".join((value or "").split()) for name, value in match.groupdict().items()}
    words |= {"instead": _INSTEAD.get(at, ""), "word": _WORDS.get(at, ""), "small": at.lower()}
    return Found(
        start + match.start("at"),
        start + match.end("at"),
        habit.sentence.format_map(words),
        habit.label.format_map(words),
        habit.help.format_map(words),
        habit.note,
    )


def strange_character(char: str) -> tuple[str, str] | None:
    """What to call a character that nobody types on purpose, and what to do about it."""
    if not char or char in "\t\n\r " or (char.isascii() and char.isprintable()):
        return None
    category, number = unicodedata.category(char), f"U+{ord(char):04X}"
    plain = unicodedata.normalize("NFKC", char)
    if category == "Zs":
        return f"a blank that is no plain blank ({number})", "write a plain blank"
    if category in ("Cc", "Cf", "Cs", "Zl", "Zp"):
        return f"an invisible character ({number})", "delete it"
    if len(plain) == 1 and plain.isascii():
        return f"`{char}`", f"write `{plain}`"
    return None
