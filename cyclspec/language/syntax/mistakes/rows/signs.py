"""Numbers, quotation marks, comments and operators as they are written elsewhere."""

from __future__ import annotations

import regex as re

from cyclspec.language.syntax.mistakes.habits import NAME, VALUE, row

_SIGN = r"(?:==|!=|<=|>=|<|>)"
_DECLARED = (
    "param|scale|axis|corpus|target|prompt|metric|panel|audit|table|factor|model|each|ask|let|measure|check"
)
_INSTEAD = {
    "<>": "!=", "=!": "!=", "!==": "!=", "~=": "!=", "=/=": "!=", "=>": ">=", "=<": "<=", "===": "==", "&&": "and",
    "||": "or", "&": "and", "|": "or", "**": "^", "≠": "!=", "≤": "<=", "≥": ">=", "×": "*", "·": "*", "÷": "/",
    "…": "..", "...": "..", "..=": "..", "..<": "..", "→": "->", "−": "-", "–": "-", "—": "-", "‐": "-",
    "∧": "and", "∨": "or", "¬": "not ", "∈": "in", "∞": "inf",
}  # fmt: skip
_SIGNS = "|".join(re.escape(sign) for sign in sorted(_INSTEAD, key=len, reverse=True))

NUMBERS = (
    # numbers
    row(r"(?<![\w.,])(?P<all>(?P<a>\d{1,3})(?P<at>,)(?P<b>\d{3}))\b(?<!0,\d{3})(?![.,]?\d)",
        "a number is written without commas", "{a}{b}"),
    row(r"(?<![\w.,])(?P<all>(?P<a>\d+)(?P<at>,)(?P<b>\d+%?))", "a decimal number is written with a point",
        "{a}.{b}"),
    row(r"(?<![\w.])(?P<at>\d+(?:_\d+)+)", "a number is written without `_`", "{bare}"),
    row(r"[\w)][ \t]+(?P<at>%|\bmod\b|\bdiv\b)[ \t]*[\w(]", "`{at}` is no operation of the language"),
    row(r"(?<![\w.])(?P<all>(?P<a>\d+(?:\.\d+)?)[ \t]+(?P<at>%|(?:ms|min|s|h|d|w|y|k|M|B)\b))",
        "a number and its unit are written without a blank", "{a}{at}"),
    row(r"(?<![\w.])(?P<all>(?P<a>\d+(?:\.\d+)?)[ \t]*(?P<at>percent|pct|％))\b",
        "a percentage is written with its sign", "{a}%"),
    row(r"(?<![\w.)\]}])(?P<at>\.(?P<a>\d+%?))", "a number begins with a digit", "0.{a}"),
    row(r"(?<![\w.])(?P<at>(?P<a>\d+)\.)(?![\d.\w])", "a number ends with a digit", "{a}"),
    row(r"(?<![\w.])(?P<all>(?P<a>\d+)[ \t]*(?P<at>:|\bto\b|-)[ \t]*(?P<b>\w+))",
        "a range is written with `..`", "{a}..{b}"),
    row(r"(?P<at>\brange\([ \t]*(?P<a>[\w.]+)[ \t]*,[ \t]*(?P<b>[\w.]+)[ \t]*\))", "a range is written with `..`",
        "{a}..{b}", note="both ends belong to it"),
    row(r"(?<![\w.])(?P<at>\d+[^\W\d]\w*)[ \t]*(?:[:={,}]|\bin\b|\")", "a name begins with a letter",
        help_="rename `{at}`"),
)  # fmt: skip

ROWS = (
    # quotation marks
    row(r"(?<!\w)(?P<at>'(?P<a>[^'\"\n]*)'?)", "text stands in double quotation marks", '"{a}"'),
    row(r"(?P<at>[“”„«»‘’‚`](?P<a>[^“”„«»‘’‚`\n]*)[“”„«»‘’‚`]?)",
        "text stands in the plain quotation marks of the keyboard", '"{a}"'),
    row(r"(?P<at>\b[fFrRbBuU](?=\"))", "a text has no letter before its quotation marks", "",
        'leave `{at}` out'),
    row(rf'\b(?:{_DECLARED})[ \t]+(?P<at>"(?P<a>{NAME})")', "a name stands without quotation marks", "{a}"),
    row(rf'\b(?:{_DECLARED})[ \t]+(?P<at>"[^"\n]*")', "a name stands without quotation marks", "{slug}"),
    row(rf"\b(?:{_DECLARED})[ \t]+(?P<at>[$@:](?P<b>{NAME}))", "a name has no sign before it",
        "{b}"),
    row(rf"(?P<at>[$@](?P<a>{NAME}))", "a name has no sign before it", "{a}"),
    # comments and ends of lines
    row(r"(?P<at>//+|/\*|<!--)", "a comment begins with `#`", "#"),
    row(r"(?:^|[ \t])(?P<at>--)[ \t][^\n]*", "a comment begins with `#`", "#"),
    row(r"^[ \t]*(?P<at>%+|REM\b|'(?!\S+'))[ \t]", "a comment begins with `#`", "# "),
    row(r"^[ \t]*(?P<at>(?:```|~~~|---|===)[^\n]*)$", "this line is no part of a program", "", "leave it out"),
    row(r"(?P<at>;)", "`;` cannot stand here", "", "leave it out: a statement ends where the next one begins"),
    row(r"(?P<at>\\)[ \t]*$", "`\\` cannot stand here", "", "leave it out: the ends of lines mean nothing"),
    # signs
    row(rf"(?:[{{,(]|^)[ \t]*(?P<a>{NAME})[ \t]*(?P<at>=>)", "`=` gives a field or an argument its value", "="),
    row(rf"\b(?P<a>{NAME})[ \t]*(?P<at>:=|\+=|-=|\*=|<-)[ \t]*", "`{at}` cannot stand here", "= ",
        "write `=`", note="a value is given once, and `=` gives it"),
    row(rf"\b(?:let|check|ask)[ \t]+{NAME}[ \t]*(?P<at>==)", "`==` compares; `=` gives a value", "="),
    row(rf"(?P<all>(?P<a>{VALUE})[ \t]*(?P<o>{_SIGN})[ \t]*(?P<b>{VALUE})[ \t]*(?P<at>{_SIGN})[ \t]*(?P<c>{VALUE}))",
        "a comparison has two sides", "{a} {o} {b} and {b} {at} {c}"),
    row(rf"\b(?P<all>(?P<a>{NAME})(?P<at>::|->|:)(?P<b>{NAME}))(?=[ \t]*\()",
        "what is in a module stands behind a dot", "{a}.{b}"),
    row(rf"(?P<at>{_SIGNS})", "`{at}` is no sign of the language", "{instead}", words=_INSTEAD),
    row(r"(?P<all>(?P<at>!)[ \t]*(?P<a>[\w.]+))", "`!` is no sign of the language", "not {a}"),
    row(r"(?P<all>(?P<at>!)[ \t]*(?=\())", "`!` is no sign of the language", "not ", "write `not`"),
    row(r"\b(?:param|scale|axis|target|prompt|metric|panel|audit|let|measure|check|ask|each|table|model)[ \t]+"
        r"(?P<at>(?P<a>[^\W\d]\w*)-(?P<b>\w+))", "a name has no `-` in it", "{a}_{b}"),
    row(r"(?:[{,\[]|^)[ \t]*(?P<at>(?P<a>[^\W\d]\w*)-(?P<b>[^\W\d]\w*))(?=[ \t]*(?:[\"=:{,}\]]|$))",
        "a name has no `-` in it", "{a}_{b}"),
)  # fmt: skip

ENDS = (
    row(rf"(?P<at>{_SIGN}|\.\.|[-+*/^]|\b(?:and|or|not|in|of)\b)\s*\Z", "`{at}` has nothing after it",
        help_="go on with a value"),
    row(r"(?P<at>=)\s*\Z", "`=` has no value after it", help_="go on with the value"),
)  # fmt: skip
