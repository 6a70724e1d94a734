"""Words of other languages, and imports in another order."""

from __future__ import annotations

from cyclspec.language.syntax.mistakes.habits import NAME, row

_AXIS = "an axis is every one of its levels: `each town in ...`"
_METRIC = "a metric is one expression: `metric half(p: dist(S)) -> share = ...`"
_SAYS = {
    "foreach": _AXIS, "while": _AXIS, "loop": _AXIS, "repeat": _AXIS,
    "def": _METRIC, "function": _METRIC, "func": _METRIC, "fn": _METRIC, "lambda": _METRIC,
    "return": "leave it out: a metric is its expression, a prompt is its messages",
    "class": "what is declared is a `scale`, an `axis`, a `corpus`, a `prompt`, a `metric`, a `panel` or an `audit`",
    "struct": "what is declared is a `scale`, an `axis`, a `corpus`, a `prompt`, a `metric`, a `panel` or an `audit`",
    "switch": "choose with `if ... then ... else ...`", "match": "choose with `if ... then ... else ...`",
    "case": "choose with `if ... then ... else ...`",
}  # fmt: skip
_PUT = {
    "var": "let", "val": "let", "const": "let", "set": "let", "define": "let", "elif": "else if", "elsif": "else if",
    "require": "import", "include": "import", "use": "import", "using": "import", "load": "import",
    "assert": "check", "ensure": "check", "test": "check", "metrics": "metric", "enum": "scale", "survey": "corpus",
    "dataset": "corpus", "data": "corpus", "models": "panel", "experiment": "audit", "template": "prompt",
    "report": "measure", "output": "measure", "score": "measure", "dimension": "axis", "filter": "where",
    "constant": "param", "parameter": "param", "option": "param",
}  # fmt: skip
_TOP = ("require", "include", "use", "using", "load", "metrics", "enum", "survey", "dataset", "data", "models",
        "experiment", "template", "dimension", "constant", "parameter", "option")  # fmt: skip
_INSIDE = ("var", "val", "const", "set", "define", "assert", "ensure", "test", "report", "output", "score")
_SMALL = "and|or|not|in|of|over|along|by|weighted|where|if|then|else|is|each|ask|let|measure|check"
_IMPORTED = rf"{NAME}(?:[ \t]*,[ \t]*{NAME})*"

ROWS = (
    row(r"(?P<all>(?P<at>\bfor\b)(?:[ \t]+each)?)[ \t]+[^\W\d]\w*[ \t]+in[ \t]+[\w.]+[ \t]*(?=$|\Z)",
        "`for` is no word of the language", "each"),
    row(r"(?P<at>\bfor\b)[ \t]*\Z", "`for` is no word of the language", "", "leave it out"),
    row(r"(?P<at>\bfor\b)(?![ \t]*[=:.,)\]])(?:\s+\S)?", "`for` is no word of the language", help_=_AXIS),
    row(rf"(?:^|[={{(,])[ \t]*(?P<at>\b(?:{'|'.join(_SAYS)})\b)(?![ \t]*[=:.,)\]])(?:\s+\S)?",
        "`{at}` is no word of the language", help_="{instead}", words=_SAYS),
    row(rf"^[ \t]*(?P<at>(?:{'|'.join((*_INSIDE, *_TOP))})\b)(?=[ \t]+[\"{{]?[^\W\d\s])",
        "`{at}` is no word of the language",
        "{instead}", words=_PUT),
    row(r"(?P<at>\b(?:elif|elsif)\b)", "`{at}` is no word of the language", "{instead}", words=_PUT),
    row(r"^[ \t]*(?P<at>(?:export|public|private|static|global))[ \t]*\Z", "`{at}` is no word of the language", "",
        "leave it out"),
    row(r"^[ \t]*(?P<at>(?:export|public|private|static|global|final|async|abstract|override)[ \t]+)(?=[^\W\d])",
        "`{at}` is no word of the language", "", "leave it out"),
    row(rf"(?P<at>\b(?=\w*[A-Z])(?i:{_SMALL})\b)", "`{at}` is no word of the language", "{small}",
        "words of the language are small: write `{small}`"),
    # imports
    row(rf"^[ \t]*(?P<all>(?P<at>from)[ \t]+(?P<a>std(?:\.(?P<b>{NAME}))+)[ \t]+import\b[^\n]*)",
        "an import begins with `import`", "import {a} as {b}"),
    row(rf"^[ \t]*(?P<all>(?P<at>from)[ \t]+(?P<a>\"[^\"\n]*\")[ \t]+import[ \t]+\{{?[ \t]*(?P<b>{_IMPORTED})"
        rf"[ \t]*\}}?)",
        "an import begins with `import`", "import {{ {b} }} from {a}"),
    row(rf"^[ \t]*(?P<all>(?P<at>from)[ \t]+std[ \t]+import[ \t]+(?P<a>{NAME}))", "an import begins with `import`",
        "import std.{a} as {a}"),
    row(r"^[ \t]*(?P<at>from)[ \t]+(?:\"[^\"\n]*\"|[\w.]+)", "an import begins with `import`"),
    row(rf"\bimport[ \t]+(?P<all>(?P<at>\*)(?:[ \t]+as[ \t]+\w+)?[ \t]+from[ \t]+(?P<a>\"(?:[^\"\n]*/)?"
        rf"(?P<b>{NAME})\.cycl\"))",
        "an import names what it takes", "{a} as {b}", "write `import {a} as {b}`"),
    row(r"\bimport[ \t]+(?P<at>\*)", "an import names what it takes",
        help_="name it: `import {{ town, age }} from ...`"),
    row(rf"\bimport[ \t]+(?P<at>\"(?:[^\"\n]*/)?(?P<a>{NAME})\.cycl\")(?!\s*as\b)", "an imported file needs a name",
        "{at} as {a}", "write `import {at} as {a}`"),
    row(rf"\bimport[ \t]+(?P<all>(?P<a>{_IMPORTED})[ \t]+(?P<at>from)\b)", "imported names stand in braces",
        "{{ {a} }} from", "write `import {{ {a} }} from`"),
    row(rf"\bimport[ \t]+(?P<all>(?P<b>\"[^\"\n]*\")[ \t]+(?P<at>\{{)[ \t]*(?P<a>{_IMPORTED})[ \t]*,?[ \t]*\}})",
        "the names that are imported stand before the file", "{{ {a} }} from {b}",
        "write `import {{ {a} }} from {b}`"),
    row(rf"\bimport[ \t]+\{{[ \t]*(?P<a>{_IMPORTED})(?P<at>[ \t]*,)[ \t]*\}}",
        "the last name of an import has no comma", "",
        "leave it out"),
    row(rf"\bimport[ \t]+\{{[ \t]*{_IMPORTED}[ \t]*\}}[ \t]*(?P<all>(?P<at>(?:in|of|at|=)?[ \t]*(?P<a>\"[^\"\n]*\")))",
        "`from` stands before the file of an import", "from {a}"),
    row(rf"\bimport[ \t]+[\w.\"/ \t]+?[ \t]+as[ \t]+(?P<at>\"(?P<a>{NAME})\")",
        "a name stands without quotation marks", "{a}",
        "write `as {a}`"),
    row(r"\bimport[ \t]+(?P<all>(?P<at>(?P<a>[\w./-]+\.cycl)))\b", "the file of an import stands in quotation marks",
        '"{a}"'),
    row(rf"\bimport[ \t]+[\w.]+(?:[ \t]+as[ \t]+{NAME})?(?P<at>[ \t]*,)[ \t]*[\w\"]", "an import takes one module",
        "\nimport",
        "write `import` for each"),
    row(rf"\bimport\b[^\n]*?\{{(?P<all>(?P<a>[^{{}}\n]*?)[ \t]*(?P<at>\bas[ \t]+{NAME}))",
        "a name that is imported alone keeps it", "{a}",
        "leave `{at}` out, or import the file: `import \"...\" as survey`"),
    row(r"\bimport\b[^\n]*\bversion[ \t]+(?P<at>v?(?P<a>\d[\d.]*))", "a version is a text", '"{a}"',
        'write `version "{a}"`'),
    row(r"\bimport\b[^\n]*[ \t](?P<at>v(?P<a>\d[\d.]*)|@[ \t]*(?P<b>\d[\d.]*))(?=\s*$)",
        "a version stands behind `version`",
        'version "{a}{b}"'),
    # hashes
    row(r"\bhash[ \t]*=?[ \t]*(?P<at>\"?(?:sha256:)?(?P<a>[0-9a-f]{12,64})\"?)(?![\w:])",
        "a hash is written as `sha256sum` names it, without quotation marks", "sha256:{a}"),
    row(r"\bhash[ \t]*=?[ \t]*(?P<at>\"?(?i:sha-?256)[:=]?[ \t]*(?P<a>[0-9a-fA-F]{12,64})\"?)(?![\w:])",
        "a hash is written in small letters, without quotation marks", "sha256:{small_a}"),
    row(r"\bhash[ \t]*=?[ \t]*(?P<at>\"?(?:sha256:)?[0-9a-fA-F]{1,11}\"?)(?![\w:])", "a hash has 12 digits or more",
        help_="take them from `sha256sum FILE`"),
    row(r"\bhash[ \t]*=?[ \t]*(?P<at>\"?(?:(?:sha256|md5|sha1):)?[\w.]+\"?)(?![\w:])",
        "a hash is `sha256:` and 12 to 64 of the digits 0 to 9 and a to f"),
)  # fmt: skip
