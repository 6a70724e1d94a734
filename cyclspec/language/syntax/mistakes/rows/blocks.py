"""Parameters, tables, models, and what stands in brackets, as other languages write them."""

from __future__ import annotations

from cyclspec.language.syntax.mistakes.habits import NAME, PATH, VALUE_SIGN, row

_TABLE = r"\btable\b[^{}]*\{[^{}]*"
_TYPE_SIGN = "`:` is expected between a name and its type"
_BLOCKS = "audit|panel|corpus|table|target"
_METRIC = rf"\bmetric\b[^{{}}=]*->[ \t]*{PATH}\??"

ROWS = (
    # metrics
    row(r"(?P<all>(?P<at>\{)[ \t]*(?P<a>[^{}\n]*?)[ \t]*\})", "the value of a metric stands behind `=`", "= {a}",
        inside=_METRIC + r"[ \t]*"),
    row(r"(?P<all>[ \t]*(?P<at>=>|:=|:))", "the value of a metric stands behind `=`", " =", "write `=`",
        inside=_METRIC),
    row(r"(?P<at>(?!where\b)[\w.(]+)", "the value of a metric stands behind `=`", "= {at}", inside=_METRIC + r"\s+"),
    row(rf"(?P<at>{NAME})", "the type of a metric stands behind `->`", "-> {at}",
        inside=rf"\b(?:metric|prompt)[ \t]+{NAME}\((?:[^()]|\([^()]*\))*\)[ \t]+"),
    # selections and lists
    row(r"\[\s*(?P<a>\w+)\s*(?P<at>=)\s*(?P<b>\w+)", "a level is picked with `:`", ":", "write `[{a}: {b}]`",
        inside=r"[\w)\]]"),
    row(r"\[\s*(?P<at>\w+|\"[^\"\n]*\")\s*\]", "a level is picked along an axis",
        help_="name the axis: `[axis: level]`",
        inside=r"[\w)\]]"),
    row(r"(?P<all>(?P<at>\{)[ \t]*(?P<a>[^{}:=\n]*?)[ \t]*\})", "a list stands in square brackets", "[{a}]",
        inside=r"(?:[=(,]|\bin\b)[ \t]*"),
    # parameters
    row(rf"\bparam[ \t]+(?P<b>{NAME})[^{{}}\n]*?[ \t](?P<at>in|between|>=|<=|>|<)(?=[ \t]*[\d.])",
        "what holds of a parameter stands behind `where`", "where {b} {at}"),
    row(rf"\bparam[ \t]+(?P<b>{NAME})[ \t]*:[ \t]*[\w.()]+[ \t]+(?P<at>default|is|be|to)\b", VALUE_SIGN, "="),
    row(rf"\bparam[ \t]+{NAME}[ \t]*:[ \t]*[\w.]+[ \t]+(?P<all>(?P<at>where)[ \t]+"
        rf"(?P<a>[^={{}}\n]*?[^=<>!{{}}\n])[ \t]*=[ \t]*"
        r"(?P<b>[\w.%\"]+))[ \t]*$", "`where` stands behind the value", "= {b} where {a}"),
    row(rf"^[ \t]*(?P<a>param)[ \t]+(?P<b>{NAME})[ \t]*(?P<at>=)[ \t]*(?P<c>[^\n]*)", "a `param` says its type",
        ": {kind} =",
        "write `param {b} : {kind} = {c}`", label="expected `:` and a type before this"),
    row(rf"^[ \t]*(?P<a>param|factor)[ \t]+(?P<b>{NAME})[ \t]*(?P<at>=)", "{an_a} says its type",
        label="expected `:` and a type before this"),
    row(rf"\b(?P<a>param|scale|axis|factor)[ \t]+(?P<b>{NAME})[ \t]+(?P<at>{NAME})", _TYPE_SIGN, ": {at}",
        "write `{a} {b} : {at}`"),
    # tables
    row(rf"(?P<all>(?P<a>{NAME})[ \t]*:[ \t]*(?P<b>\w+(?:\([^()\n]*\))?)[ \t]*(?P<at>>=|<=|==|>|<|\bin\b)"
        rf"[ \t]*(?P<c>[\w.%]+))",
        "what holds of a column stands behind `where`", "{a} : {b} where {a} {at} {c}", inside=_TABLE),
    row(rf"(?P<all>\b(?!source\b|hash\b|tolerance\b)(?P<b>{NAME})[ \t]+(?P<at>{NAME}))[ \t]*[\n,(}}]", _TYPE_SIGN,
        "{b} : {at}", inside=_TABLE + r"(?<=[{}\n,)])[ \t]*"),
    row(rf"(?P<all>\b(?!source\b|hash\b|tolerance\b)(?P<b>{NAME})[ \t]+(?P<at>{NAME}))(?=[ \t]*[\n,(}}])", _TYPE_SIGN,
        "{b} : {at}", inside=_TABLE),
    row(rf"\btable[ \t]+{NAME}[ \t]*(?P<at>(?:=|from\b|:)[ \t]*(?P<a>\w+\(\"[^\"\n]*\"\)))(?=[ \t]*(?:[{{}}]|$))",
        "the file of a table is its `source`", " {{ source = {a} }}", "write `{{ source = {a} }}`"),
    row(rf"\btable[ \t]+{NAME}[ \t]*(?P<at>\([ \t]*\"[^\"\n]*\"[ \t]*\))", "the file of a table is its `source`",
        help_="give it inside of the braces: `source = csv(\"items.csv\")`"),
    row(rf"(?P<at>{NAME})[ \t]*\{{", "what stands in a corpus is a `table`", "table {at}",
        inside=r"\bcorpus\b[^{}]*\{(?:[^{}]|\{[^{}]*\})*"),
    # models
    row(r"\bmodel[ \t]+(?P<at>(?:hf|local|openai|demo)\b)\s*\(", "a model has a name",
        help_="name it: `model NAME = {at}(...)`"),
    row(rf"\bmodel[ \t]+(?P<b>{NAME})[ \t]*(?P<at>:)", VALUE_SIGN, " =", "write `model {b} =`"),
    # blocks
    row(rf"\b(?:{_BLOCKS}|scale|axis|prompt|model|ask)\b[^\n{{}}]*?(?P<at>:)[ \t]*$", "a block stands in braces",
        help_="put `{{` here and `}}` at the end of the block"),
    row(rf"\b(?:{_BLOCKS})[ \t]+{NAME}[ \t]*(?P<at>\[)", "a block stands in braces",
        help_="put `{{` here and `}}` at the end of the block"),
    row(rf"\b(?P<b>{_BLOCKS})[ \t]+(?P<a>{NAME})[ \t]*(?P<at>=|:|\([ \t]*\)|->)[ \t]*(?=\{{)",
        "the braces of {an_b} stand directly behind its name", "", "leave `{at}` out"),
    row(rf"\b(?P<a>{_BLOCKS}|prompt|metric|scale|axis|param)[ \t]*(?P<at>[{{(:=])", "{an_a} has a name",
        help_="name it: `{a} NAME`"),
)  # fmt: skip
