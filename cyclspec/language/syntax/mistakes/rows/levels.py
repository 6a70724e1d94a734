"""Types, and the levels of scales, axes and factors, as other languages write them."""

from __future__ import annotations

from cyclspec.language.syntax.mistakes.habits import LIST, NAME, PATH, row

_LEVELS = r"^[ \t]*(?:##[^\n]*\n[ \t]*)*(?:scale|axis|factor)\b[^{}\n]*\{(?:[^{}]|\{[^{}]*\})*"
_LABEL = r"\"(?P<b>[^\"\n]*)\""
_OF = "(?i:list|set|array|text|choice|dist|order|picks|ref|nominal|ordinal|scale)"
_TYPES = (
    "bool|boolean|count|int|integer|real|float|double|number|text|str|string|share|ratio|points|bits|nats|steps|rank|"
    "coefficient|years|duration|parameters|lang|date"
)
_ORDER = "the order of levels is the order they stand in"
_ROUND = "a type takes what it is of in round brackets"

ROWS = (
    # types
    row(rf"(?P<all>(?P<a>{NAME})(?P<at>\[[ \t]*\]))", "a list says what it is of in round brackets", "list({a})",
        inside=r"(?::|->)[ \t]*"),
    row(rf"(?P<all>(?P<a>{_OF})(?P<at>[\[<])[ \t]*(?P<b>[^\[\]<>\n]+?)[ \t]*[\]>])", _ROUND, "{small_a}({b})",
        inside=r"(?::|->|\()[ \t]*"),
    row(rf"(?P<all>(?P<a>list|choice|dist|order|picks)[ \t]+(?P<at>of|over)[ \t]+(?P<b>{PATH}))", _ROUND, "{a}({b})",
        inside=r"(?::|->)[ \t]*"),
    row(rf"\b(?P<all>(?P<a>param|let)[ \t]+(?P<at>{_TYPES})[ \t]+(?P<b>{NAME}))",
        "a type stands behind the name, after `:`",
        "{a} {b} : {at}"),
    # how a vocabulary begins
    row(rf"^[ \t]*(?:scale|axis|factor)[ \t]+{NAME}[ \t]*(?P<at>=)[ \t]*(?:nominal|ordinal)\b",
        "`:` is expected between a name and its type", ":"),
    row(rf"^[ \t]*(?P<a>scale|axis)[ \t]+(?P<b>{NAME})[ \t]*(?P<at>:?[ \t]*\{{)",
        "{an_a} says whether its levels have an order",
        " : nominal {{", "write `{a} {b} : nominal {{`, or `ordinal`",
        label="expected `nominal` or `ordinal` before this"),
    row(rf"^[ \t]*(?:scale|axis|factor)[ \t]+{NAME}[ \t]*:[ \t]*(?P<all>(?P<c>nominal|ordinal)[ \t]*"
        rf"(?P<at>[=\[(])[ \t]*[\[{{]?"
        r"[ \t]*(?P<b>[^\[\]{}()\n]*?)[ \t]*[\]})])", "levels stand in braces", "{c} {{ {b} }}"),
    row(rf"^[ \t]*(?:scale|axis|factor)[ \t]+{NAME}[ \t]*:[ \t]*(?:nominal|ordinal)[ \t]+(?P<at>{LIST})[ \t]*$",
        "levels stand in braces", "{{ {at} }}"),
    row(rf"^[ \t]*(?:scale|axis|factor)[ \t]+(?P<a>{NAME})[ \t]*:[ \t]*(?:(?P<b>nominal|ordinal)[ \t]*)?"
        rf"(?P<at>\d[\w.]*)",
        "levels have names", help_="name them: `{a} : ordinal {{ low = 1, high = 5 }}`"),
    # levels
    row(r"(?P<at>[;|])", "levels are listed with commas", ",", inside=_LEVELS),
    row(r"(?P<at>[<>]|->)", _ORDER, ",", "write them from low to high, with commas", inside=_LEVELS),
    row(rf"(?P<all>(?P<a>{NAME})[ \t]*(?P<at>[:–—]|=>|->|-(?!\w))[ \t]*{_LABEL})",
        "the label of a level stands behind its name",
        '{a} "{b}"', inside=_LEVELS),
    row(rf"(?P<all>(?P<a>{NAME})[ \t]*(?P<at>:)[ \t]*(?P<b>\{{[^{{}}\n]*\}}))",
        "the label of a level stands behind its name",
        "{a} {b}", inside=_LEVELS),
    row(rf"(?P<at>\([ \t]*{_LABEL}[ \t]*\))", "the label of a level stands behind its name", '"{b}"', inside=_LEVELS),
    row(rf"(?P<all>(?P<a>\d+)[ \t]*[:=.)]?[ \t]*(?P<at>{_LABEL}))", "a level has a name, then its code and its label",
        '{slug} = {a} "{b}"', inside=_LEVELS),
    row(r"(?P<at>\d+)(?=[ \t]*[,}\n])", "a level has a name, then its code", "{slug} = {at}",
        inside=_LEVELS + r"(?<=[{,\n])[ \t]*"),
    row(r"(?P<at>\"(?P<b>[^\"\n]*)\")(?=[ \t]*[,}\n])", "a level has a name before its label", '{slug} "{b}"',
        inside=_LEVELS + r"(?<=[{,\n])[ \t]*"),
    row(rf"(?P<all>(?P<at>missing)[ \t]*:[ \t]*(?P<a>{NAME}))", "`missing` stands before the name of a level",
        "missing {a}",
        inside=_LEVELS),
    row(rf"(?P<all>(?P<a>{NAME})[ \t]+(?P<at>missing))[ \t]*[,}}\n]", "`missing` stands before the name of a level",
        "missing {a}", inside=_LEVELS),
    row(r"\"[ \t]*(?P<at>\{)[ \t]*[a-z]{2,3}[ \t]*:", "a level has one label",
        help_="give it in each language: `{{en: \"A\"}}`",
        inside=_LEVELS + r"\"[^\"\n]*"),
    row(r"(?P<at>\"(?P<a>[a-z]{2,3})\")[ \t]*:", "a language stands without quotation marks", "{a}",
        inside=r"\{[^{}]*"),
)  # fmt: skip
