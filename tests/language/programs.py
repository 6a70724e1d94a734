"""Hypothesis strategies: modules that are syntactically possible, and programs that are right.

`modules()` draws trees of every class of node, straight from the dataclasses; nothing in them need make sense.
`sound_programs()` composes the text of a program from parts that fit together by construction.
"""

from __future__ import annotations

import types
import unicodedata
from dataclasses import fields
from functools import cache
from typing import Any, Literal, Union, get_args, get_origin

from hypothesis import strategies as st

from cyclspec.language.canonical.form import hints_of, marks
from cyclspec.language.spans import Source, Span
from cyclspec.language.syntax import shapes as s
from cyclspec.language.syntax import tree as t

NOWHERE = Span(Source("drawn", ""), 0, 0)
DEPTH = 4


# ---- trees


def _written(text: str) -> str:
    """A text as a source can hold it."""
    return unicodedata.normalize("NFC", text)


def _line(text: str) -> str:
    """A text as a line of documentation can hold it."""
    return _written(text.replace("\n", "")).strip()


CHARACTERS = st.characters(exclude_categories=("Cs",), exclude_characters="\0")
TEXTS = st.one_of(
    st.text(CHARACTERS, max_size=12),
    st.text(st.sampled_from('ab {}"\\\n\t#é中'), max_size=24),
    st.sampled_from(
        ["", "two\nlines", "  indented\nlines", "one\n\n  more", 'a """ fence', "\\n", "x" * 90, "{a|b}"]
    ),
).map(_written)
NAMES = st.sampled_from(
    ["a", "b_2", "item", "größe", "x1", "国", "देश", "ที่", "overt", "long_name_of_something", "a" * 60]
)
_NUMBERS = {
    s.DIGITS: st.sampled_from(["0", "1", "007", "123456"]),
    s.REAL: st.sampled_from(["0.5", "1e9", "2.50E-3", "10.0"]),
    s.DECIMAL: st.sampled_from(["95", "1.5", "0.10"]),
    s.DATE: st.dates().map(str),
    s.HASH: st.text("0123456789abcdef", min_size=12, max_size=64).map("sha256:{}".format),
    s.DOC: st.text(CHARACTERS, max_size=30).map(_line),
    s.NAME: NAMES,
}
_LEAVES = (t.Name, t.Whole, t.Real, t.Quantity, t.DateValue, t.TextValue, t.HashValue, t.Truth)


def _choices(hint: Any) -> list[Any]:
    if get_origin(hint) in (Union, types.UnionType):
        return [leaf for arg in get_args(hint) for leaf in _choices(arg)]
    return [hint]


def _plain(hint: Any) -> st.SearchStrategy[Any]:
    """A value that is no node and no list."""
    for mark in marks(hint):
        match mark:
            case s.Matches():
                return _NUMBERS[mark]
            case s.OneOf(values=values):
                return st.sampled_from(values)
    match hint:
        case _ if hint is str:
            return TEXTS
        case _ if hint is types.NoneType:
            return st.none()
        case _ if get_origin(hint) is Literal:
            return st.sampled_from(get_args(hint))
    return st.booleans()


def _value(hint: Any, depth: int) -> st.SearchStrategy[Any]:
    """A value of a member of some type, with at most `depth` nodes below one another."""
    bare = get_args(hint)[0] if marks(hint) else hint
    if get_origin(bare) is tuple:
        least = next((mark.count for mark in marks(hint) if isinstance(mark, s.AtLeast)), 0)
        most = least if depth <= 0 else max(least, 3)
        return st.lists(_value(get_args(bare)[0], depth), min_size=least, max_size=most).map(tuple)
    choices = _choices(hint)
    if len(choices) == 1 and isinstance(bare, type) and issubclass(bare, t.Node):
        return node(bare, depth)
    if len(choices) == 1:
        return _plain(hint)
    if t.PythonBody in choices:
        return st.one_of(node(t.PythonBody, depth), _value(t.Expr, depth))
    if depth <= 0:
        shallow = [c for c in choices if c in (*_LEAVES, t.NamedType, types.NoneType)]
        choices = shallow or choices
    return st.one_of([_value(choice, depth) for choice in choices])


@cache
def node(cls: type[t.Node], depth: int) -> st.SearchStrategy[Any]:
    """Nodes of one class."""
    return st.deferred(lambda: _built(cls, depth))


def _built(cls: type[t.Node], depth: int) -> st.SearchStrategy[Any]:
    hints = hints_of(cls.__name__)
    places = {f.name: st.just(NOWHERE) for f in fields(cls) if f.name in ("span", "head")}
    members = {f.name: _value(hints[f.name], depth - 1) for f in fields(cls) if f.name not in places}
    built = st.builds(cls, **places, **members)
    return built.map(_pin) if cls is t.Pin else built


def _pin(pin: t.Pin) -> t.Pin:
    """A pin by hash has a hash."""
    return t.Pin(span=pin.span, of=pin.of, value="sha256:0123456789ab") if pin.of == "hash" else pin


def modules() -> st.SearchStrategy[t.Module]:
    """Modules of every class of node."""
    return node(t.Module, DEPTH + 2)


def expressions() -> st.SearchStrategy[t.Expr]:
    """Expressions of every class, a little deeper."""
    return _value(t.Expr, DEPTH)


# ---- programs that are right


WORDS = ("red", "green", "blue", "amber", "violet")


@st.composite
def _vocabulary(draw: st.DrawFn, word: str, name: str) -> tuple[str, list[str]]:
    """A scale or an axis and the names of its levels."""
    levels = draw(st.lists(st.sampled_from(WORDS), min_size=2, max_size=4, unique=True))
    kind = draw(st.sampled_from(["nominal", "ordinal"]))
    style = draw(st.integers(0, 2))
    written = [
        (level, f'{level} "{level.title()}"', f'{level} = {code} {{en: "{level}", fr: "{level}e"}}')[style]
        for code, level in enumerate(levels)
    ]
    between = draw(st.sampled_from([", ", "\n  ", " "])) if style == 0 else "\n"
    return f"{word} {name} : {kind} {{ {between.join(written)} }}\n", levels


METRICS = (
    "m.tv(reply, people)", "m.js_distance(reply, people)", "half(reply, people)", "m.tv(reply, uniform(item.options))",
)  # fmt: skip
AXES = ("item", "town", "repeat")


@st.composite
def _measure(draw: st.DrawFn, index: int) -> str:
    """A measure that reduces every axis it does not keep."""
    kept = [axis for axis in AXES if axis != "item" and draw(st.booleans())]
    gone = ", ".join(axis for axis in AXES if axis not in kept)
    by = ", ".join(["model", *kept])
    reducer = draw(st.sampled_from(["mean", "max", "min"]))
    body = draw(st.sampled_from(["gap", "1 - gap", "0.5 * gap", "if gap > 50% then gap else 0.5 * gap"]))
    block = draw(st.sampled_from(["", " { better = lower }", "\n  {\n better = higher }"]))
    after = draw(st.sampled_from(["=", "=\n   "]))
    return f"  measure m{index} by {by} : share {after} {reducer} over {gone} of {body}{block}\n"


@st.composite
def sound_programs(draw: st.DrawFn) -> str:
    """The text of a program of which nothing can be said but that it is right."""
    axis, towns = draw(_vocabulary("axis", "town"))
    scale, _ = draw(_vocabulary("scale", "mood"))
    repeats = draw(st.integers(2, 9))
    where = draw(
        st.sampled_from(["", " where item.theme == a", " where item.theme in [a, b] and not item.theme == c"])
    )
    weighted = draw(st.sampled_from(["", " weighted by person.weight"]))
    models = "\n".join(f"  model m{n} = demo()" for n in range(draw(st.integers(1, 3))))
    cut = f" where town != {draw(st.sampled_from(towns))}" if draw(st.booleans()) else ""
    metric = draw(st.sampled_from(METRICS))
    measures = "".join(draw(_measure(index)) for index in range(draw(st.integers(1, 4))))
    checks = draw(
        st.sampled_from(["", "  check sure = (min over item, town, repeat of reply.mass) >= least\n"])
    )
    blank = draw(st.sampled_from(["", "\n", "\n\n"]))
    comment = draw(st.sampled_from(["", "# a comment\n", "  # indented\n\n"]))
    return f"""## A drawn program.
cycl 1
import std.metrics as m
{comment}param least : share = {draw(st.sampled_from(["50%", "0.5"]))} where least in 0%..100%
{axis}{scale}{blank}
corpus survey {{
  table items {{ source = jsonl("items.jsonl") item : key question : text(en)
    options : scale(ordinal, 2..7) theme : nominal(a, b, c) mood : mood? }}
  table people {{ source = csv("people.csv") person : key town : town weight : real where weight > 0 }}
  table answers {{ source = csv("answers.csv") item : ref(items) person : ref(people) value : choice(item.options) }}
}}
prompt neighbour(item: survey.items, town: town) -> choice(item.options) {{
  system[en] "You live in {{town}}." user[en] "{{item.question}}\\n{{item.options|lettered}}"
}}
metric half(p: dist(S), q: dist(S)) -> share = 0.5 * (sum over option of abs(p - q))
panel models {{
{models}
}}
{comment}audit main {{
  each item in survey.items{where} each town in town{cut}
  each repeat in 1..{repeats}
  each model in models{blank}
  ask reply = neighbour(item, town) {{ model = model per = [repeat]
    read = first_token(labels = letters) }}
  let people = share over person by town{weighted} of survey.answers.value
  let gap = {metric}
{measures}{checks}  check mass = (min over item, town, repeat of reply.mass) >= 0.5 {{ on_fail = warn }}
}}
"""
