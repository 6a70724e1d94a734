"""Pass 1: scales and axes, and the literals that their levels are made of.

Expects a parsed program. Ensures a `Vocabulary` for every `scale` and `axis`: levels have distinct names and codes,
labels are by language, ranges are numbers, attributes are words.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from cyclspec.language.diagnostics import Label
from cyclspec.language.diagnostics.cy01_names import Duplicate, NothingInIt, ReservedWord, UnknownName
from cyclspec.language.diagnostics.cy02_types import WrongType
from cyclspec.language.diagnostics.mend import Mend, write
from cyclspec.language.names.modules import twice
from cyclspec.language.names.suggest import did_you_mean, suggest
from cyclspec.language.spans import Span
from cyclspec.language.syntax import tree as t
from cyclspec.language.syntax.alphabet import composed
from cyclspec.language.syntax.pieces import DECLARATIONS, STATEMENTS
from cyclspec.language.types.context import Context, Symbol
from cyclspec.language.types.kinds import Level, Unit, Vocabulary

RESERVED = frozenset(
    {
        *DECLARATIONS,
        *STATEMENTS,
        "import",
        "as",
        "from",
        "version",
        "hash",
        "table",
        "factor",
        "model",
        "python",
    }
    | {"in", "where", "by", "weighted", "of", "if", "then", "else", "and", "or", "not", "is", "true", "false"}
    | {"record", "over", "along", "missing", "system", "user", "assistant", "prefix", "cycl"}
) - {"model", "version", "hash", "missing", "user", "system", "table"}
_MAGNITUDE = {"%": 0.01, "k": 1e3, "M": 1e6, "B": 1e9}
_SECONDS = {"ms": 1e-3, "s": 1.0, "min": 60.0, "h": 3600.0, "d": 86400.0, "w": 604800.0}


def check_name(ctx: Context, ident: t.Ident) -> None:
    """Refuses to declare a word of the language."""
    if ident.name in RESERVED:
        ctx.report(ReservedWord(span=ident.span, name=ident.name))


def quantity(node: t.Quantity) -> tuple[float, Unit]:
    """The value and unit of `95%`, `7B`, `7d`, `18y`; durations are in seconds."""
    number = float(node.value)
    if node.unit == "%":
        return number / 100, Unit.SHARE
    if node.unit in _MAGNITUDE:
        return number * _MAGNITUDE[node.unit], Unit.PARAMETERS
    if node.unit == "y":
        return number, Unit.YEARS
    return number * _SECONDS[node.unit], Unit.DURATION


def number_of(expr: t.Expr) -> int | float | None:
    """The number that a literal stands for, or None where it is not one."""
    match expr:
        case t.Whole(value=value):
            return int(value)
        case t.Real(value=value):
            return float(value)
        case t.Quantity():
            return quantity(expr)[0]
        case t.Negative(of=of):
            inner = number_of(of)
            return None if inner is None else -inner
        case t.Name(name="inf"):
            return math.inf
    return None


def range_of(expr: t.Expr) -> tuple[float, float] | None:
    """The two ends of a range of literals."""
    if not (isinstance(expr, t.Binary) and expr.sign == ".."):
        return None
    low, high = number_of(expr.left), number_of(expr.right)
    return None if low is None or high is None else (float(low), float(high))


def labels_of(name: str, label: t.TextValue | t.I18n | None) -> dict[str, str]:
    """Labels by language; the key "" for a label without a language. One that repeats the name is none."""
    match label:
        case None:
            return {}
        case t.TextValue(value=value) if value == name:
            return {}
        case t.TextValue(value=value):
            return {"": value}
        case t.I18n(entries=entries):
            return {entry.lang: entry.text for entry in entries}


VALUE = "value"
"""The field of a level that gives its number, where that is not its code."""


def _value(ctx: Context, level: t.Level, code: int | float | str) -> float | None:
    """The number that a level stands for: its field `value`, else its code where that is a number."""
    given = next((field for field in level.attributes if field.name.name == VALUE), None)
    if given is None:
        return float(code) if isinstance(code, int | float) else None
    number = number_of(given.value)
    if number is None or math.isinf(number):
        ctx.report(_not_a(given.value.span, f"`{VALUE}`", "a number", given.value.span.text))
        return None
    return float(number)


def _attributes(ctx: Context, level: t.Level) -> dict[str, str]:
    found: dict[str, str] = {}
    for field in level.attributes:
        if field.name.name == VALUE:
            continue
        word = _word_of(field.value)
        if word is None:
            ctx.report(_not_a(field.value.span, "the attribute", "a word", "an expression"))
        else:
            found[field.name.name] = word
    return found


def _word_of(value: t.Expr) -> str | None:
    match value:
        case t.Name(name=word) | t.TextValue(value=word):
            return word
    return None


def _not_a(span: Span, what: str, expected: str, found: str) -> WrongType:
    return WrongType(span=span, what=what, expected=expected, found=found)


def make_level(ctx: Context, level: t.Level) -> Level:
    """One level with its code or range; a code that is not a literal is an error."""
    check_name(ctx, level.name)
    code: int | float | str = level.name.name
    low: float | None = None
    high: float | None = None
    if level.code is not None:
        ends, number = range_of(level.code), number_of(level.code)
        if ends is not None:
            low, high = ends
        elif number is not None:
            code = number
        elif isinstance(level.code, t.TextValue):
            code = level.code.value
        else:
            flaw = _not_a(level.code.span, "this code", "a number, a text or a range", "an expression")
            ctx.report(replace(flaw, **_label_meant(level)._asdict()))
    if low is not None and high is not None and low > high:
        assert level.code is not None
        found = level.code.span.text
        ctx.report(_not_a(level.code.span, "this range", "a low end, then a high end", found))
    attributes = _attributes(ctx, level)
    return Level(
        name=level.name.name,
        code=code,
        label=labels_of(level.name.name, level.label),
        low=low,
        high=high,
        value=_value(ctx, level, code),
        missing=level.missing,
        attributes=attributes,
    )


def _label_meant(level: t.Level) -> Mend:
    """`a = {en: "A"}`: a label behind an equals sign."""
    assert level.code is not None
    if not isinstance(level.code, t.I18n):
        return Mend()
    span = level.name.span.to(level.code.span)
    return write(span, f"{level.name.name} {level.code.span.text}")


def make_levels(ctx: Context, levels: Sequence[t.Level]) -> tuple[Level, ...]:
    """Levels with distinct names and distinct codes."""
    names: dict[str, t.Ident] = {}
    made: list[tuple[Level, Span]] = []
    for level in levels:
        first = names.setdefault(level.name.name, level.name)
        if first is not level.name:
            ctx.report(twice(level.name, first, "vocabulary"))
            continue
        made.append((make_level(ctx, level), level.span if level.code is None else level.code.span))
    _distinct_codes(ctx, made)
    return tuple(level for level, _ in made)


def _distinct_codes(ctx: Context, levels: Sequence[tuple[Level, Span]]) -> None:
    """Reports what in data would stand for two levels: one code of two, or a number in two ranges."""
    codes: dict[str, Span] = {}
    for level, span in levels:
        first = codes.setdefault(_as_in_data(level.code), span) if level.low is None else span
        if first is not span:
            _report_code(ctx, str(level.code), span, first)
    for low, high, span, first in _overlaps(levels):
        _report_code(ctx, _number(low) if low == high else f"{_number(low)}..{_number(high)}", span, first)


def _overlaps(levels: Sequence[tuple[Level, Span]]) -> Iterator[tuple[float, float, Span, Span]]:
    """The numbers that two levels share, at least one of them a range, with the places of both."""
    ends = [(level.low, level.high, span) for level, span in levels]
    spans = [(low, high, span) for low, high, span in ends if low is not None and high is not None]
    codes = [(level.code, span) for level, span in levels if level.low is None]
    spans += [(code, code, span) for code, span in codes if isinstance(code, int | float)]
    spans.sort(key=lambda found: (found[0], found[2].start))
    reach: tuple[float, float, Span] | None = None
    for low, high, span in spans:
        if reach is not None and low <= reach[1] and (low < high or reach[0] < reach[1]):
            yield low, min(high, reach[1]), span, reach[2]
        if reach is None or high > reach[1]:
            reach = (low, high, span)


def _as_in_data(code: int | float | str) -> str:
    """A code as data holds it: `1` and `"1"` are one."""
    if isinstance(code, str):
        return composed(code).strip()
    return str(int(code)) if float(code).is_integer() else repr(float(code))


def _number(value: float) -> str:
    """A number as a spec would write it."""
    for magnitude, letter in ((1e9, "B"), (1e6, "M")):
        if magnitude <= value < math.inf:
            return f"{value / magnitude:g}{letter}"
    return f"{value:g}"


def _report_code(ctx: Context, code: str, span: Span, first: Span) -> None:
    again, before = (span, first) if span.start > first.start else (first, span)
    also = (Label(before, "first given here"),)
    ctx.report(Duplicate(span=again, name=code, where="vocabulary", also=also))


def order_and_unit(ctx: Context, type_: t.TypeExpr) -> tuple[bool, Unit]:
    """What `nominal`, `ordinal` or `ordinal(years)` says."""
    if not isinstance(type_, t.NamedType) or type_.dotted not in ("nominal", "ordinal"):
        close = suggest(type_.dotted, ("nominal", "ordinal")) if isinstance(type_, t.NamedType) else ()
        mend = write(type_.span, close[0]) if close else Mend()
        flaw = _not_a(type_.span, "this vocabulary", "nominal` or `ordinal", type_.span.text)
        ctx.report(replace(flaw, **mend._asdict()))
        return False, Unit.NONE
    unit = Unit.NONE
    for arg in type_.args:
        word = arg.value.name if isinstance(arg.value, t.Name) else ""
        if word not in (Unit.YEARS, Unit.PARAMETERS, Unit.DURATION):
            ctx.report(_not_a(arg.span, "this unit", "years`, `parameters` or `duration", arg.span.text))
            continue
        unit = Unit(word)
    return type_.dotted == "ordinal", unit


def attribute_names(levels: Sequence[Level]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name for level in levels for name in level.attributes))


def attribute_axes(ctx: Context, symbol: Symbol) -> Mapping[str, Symbol]:
    """The axes whose levels the attributes of a vocabulary are: those that the module of the vocabulary has by name."""
    vocabulary = ctx.vocabularies.get(symbol)
    names = () if vocabulary is None else vocabulary.attributes
    found = {name: ctx.resolve(ctx.module(symbol.module), name) for name in names}
    return {
        name: axis
        for name, (axis, decl) in ((name, pair) for name, pair in found.items() if pair is not None)
        if isinstance(decl, t.VocabularyDecl) and decl.word == "axis"
    }


def elaborate_vocabularies(ctx: Context) -> None:
    """Fills `ctx.vocabularies`."""
    for module, decl in ctx.declarations(t.VocabularyDecl):
        assert isinstance(decl, t.VocabularyDecl)
        check_name(ctx, decl.name)
        ordered, unit = order_and_unit(ctx, decl.type)
        levels = make_levels(ctx, decl.levels)
        if all(level.missing for level in levels):
            parts = "levels but `missing` ones" if levels else "levels"
            helps = ('add one: `yes "I agree"`',)
            ctx.report(
                NothingInIt(
                    span=decl.name.span, what=decl.word, name=decl.name.name, parts=parts, helps=helps
                )
            )
        ctx.vocabularies[Symbol(module.key, decl.name.name)] = Vocabulary(
            name=decl.name.name,
            ordered=ordered,
            levels=levels,
            unit=unit,
            is_axis=decl.word == "axis",
            attributes=attribute_names(levels),
        )
    for symbol in ctx.vocabularies:
        _check_attributes(ctx, symbol)
    ctx.vocabularies |= {symbol: _with_axes(ctx, symbol, frozenset()) for symbol in ctx.vocabularies}


def _with_axes(ctx: Context, symbol: Symbol, above: frozenset[Symbol]) -> Vocabulary:
    """A vocabulary with the axes of its attributes, and those with theirs; one that leads back to itself ends there."""
    axes = attribute_axes(ctx, symbol)
    inside = above | {symbol}
    found = tuple((n, _with_axes(ctx, axis, inside)) for n, axis in axes.items() if axis not in inside)
    return replace(ctx.vocabularies[symbol], axes=found)


def _check_attributes(ctx: Context, symbol: Symbol) -> None:
    """Reports attributes that are no levels of the axis of their name."""
    axes, decl = attribute_axes(ctx, symbol), ctx.declaration(symbol)
    assert isinstance(decl, t.VocabularyDecl)
    for field in (field for level in decl.levels for field in level.attributes):
        axis = axes.get(field.name.name)
        known = () if axis is None else ctx.vocabularies[axis].names
        word = _word_of(field.value)
        if axis is not None and word is not None and word not in known:
            helps, where = did_you_mean(word, known), f" of `{axis.name}`"
            ctx.report(UnknownName(span=field.value.span, what="level", name=word, where=where, helps=helps))
