"""Readers: how an answer is read, and the type that it then has (language.md section 4.2, rule A8).

`first_token` and `option_likelihood` read a distribution, `sampled` a choice or picks, `text` a text, `json` a record,
`recorded` what a column holds. Ensures that options are constants in their range, that a reader fits its prompt, and
that an answer which can be missing says what is done then.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Literal, cast

from cyclspec.language.diagnostics.cy01_names import UnknownName
from cyclspec.language.diagnostics.cy02_types import (
    MissingPolicyAbsent,
    ReaderDoesNotFit,
    WrongArguments,
)
from cyclspec.language.diagnostics.cy03_axes import AxisAbsent
from cyclspec.language.diagnostics.cy05_units import OutsideRange
from cyclspec.language.names.suggest import did_you_mean
from cyclspec.language.syntax import tree as t
from cyclspec.language.types import kinds as k
from cyclspec.language.types import terms as h
from cyclspec.language.types import typed as d
from cyclspec.language.types.arguments import Arguments, bind, called, number, whole, word, words
from cyclspec.language.types.recorded import column_answer, recorded_reader
from cyclspec.language.types.scope import Scope

PARSERS = ("leading_letter", "labelled", "option_text", "json")
DEFAULT_PARSERS = ("leading_letter", "labelled", "option_text")
MAX_TEMPERATURE = 10.0
MAX_TOKENS = 1_000_000
MAX_RETRIES = 100
_POLICIES = ("drop", "keep", "retry(n)")
_NORMALISE = ("none", "by_token", "by_byte", "unconditional")
_BOUNDARY = ("joint", "harness")
_SAMPLING = ("temperature", "top_p", "max_tokens")
# How a sentence speaks of each reader, and what it asks of a prompt.
_SPOKEN: Mapping[type, tuple[str, str, str]] = {
    d.FirstToken: ("a first-token", "first-token", "a choice"),
    d.OptionLikelihood: ("an option-likelihood", "option-likelihood", "a choice"),
    d.Sampled: ("a sampled", "sampled", "a choice or picks"),
    d.TextReader: ("a text", "text", "a text"),
    d.JsonReader: ("a JSON", "JSON", "a record"),
    d.Recorded: ("a recorded", "recorded", "what is recorded"),
}


def read_reader(scope: Scope, node: t.Expr) -> d.Reader | None:
    """The reader that a field `read` says, or None after reporting."""
    name, _, place = called(node)
    if name in _READERS:
        return _READERS[name](scope, node)
    scope.report(UnknownName(span=place, what="reader", name=name, helps=did_you_mean(name, _READERS)))
    return None


def _chosen(scope: Scope, args: Arguments, name: str, known: tuple[str, ...]) -> str | None:
    return word(scope, args[name].value, name, known) if name in args else known[0]


def _first_token(scope: Scope, node: t.Expr) -> d.Reader | None:
    args = bind(scope, node, ("labels", "variants"))
    if args is None:
        return None
    labels = _chosen(scope, args, "labels", ("letters", "numbers"))
    variants = _chosen(scope, args, "variants", ("exact", "union"))
    if labels is None or variants is None:
        return None
    return d.FirstToken(
        labels=cast(Literal["letters", "numbers"], labels),
        variants=cast(Literal["exact", "union"], variants),
    )


def _option_likelihood(scope: Scope, node: t.Expr) -> d.Reader | None:
    args = bind(scope, node, ("normalise", "boundary"))
    if args is None:
        return None
    normalise = _chosen(scope, args, "normalise", _NORMALISE)
    boundary = _chosen(scope, args, "boundary", _BOUNDARY)
    if normalise is None or boundary is None:
        return None
    return d.OptionLikelihood(
        normalise=cast(Literal["none", "by_token", "by_byte", "unconditional"], normalise),
        boundary=cast(Literal["joint", "harness"], boundary),
    )


def _sampling(
    scope: Scope, node: t.Expr, most: int, make: Callable[[float | str, float, int], d.Reader]
) -> d.Reader | None:
    """A reader that draws text; without options it draws from the model as it is."""
    args = bind(scope, node, _SAMPLING)
    return None if args is None else _drawn(scope, args, most, make)


def _drawn(
    scope: Scope, args: Arguments, most: int, make: Callable[[float | str, float, int], d.Reader]
) -> d.Reader | None:
    temperature: float | str | None = 1.0
    top_p: float | None = 1.0
    tokens: int | None = most
    if "temperature" in args:
        at = args["temperature"].value
        temperature = _bound_number(scope, at) or number(
            scope, at, "temperature", 0, MAX_TEMPERATURE, above=False
        )
    if "top_p" in args:
        top_p = number(scope, args["top_p"].value, "top_p", 0, 1, above=True)
    if "max_tokens" in args:
        tokens = whole(scope, args["max_tokens"].value, "max_tokens", 1, MAX_TOKENS)
    if temperature is None or top_p is None or tokens is None:
        return None
    return make(temperature, top_p, tokens)


def _bound_number(scope: Scope, node: t.Expr) -> str | None:
    """The name of an axis or a draw of numbers, which differ between cells."""
    term = scope.locals.get(node.name) if isinstance(node, t.Name) else None
    numbers = isinstance(term, h.AxisTerm | h.DrawnTerm) and isinstance(term.type.kind, k.Number)
    return node.name if numbers and isinstance(node, t.Name) else None


def temperatures(
    scope: Scope, reader: d.Reader, axes: frozenset[str], sources: Mapping[str, d.AxisSource], field: t.Field
) -> bool:
    """Whether a temperature that differs between the cells of an ask is in range in each; reports where it is not."""
    if not isinstance(reader, d.Sampled | d.TextReader | d.JsonReader) or isinstance(
        reader.temperature, float
    ):
        return True
    name, source = reader.temperature, sources[reader.temperature]
    lacking = sorted(scope.locals[name].type.axes - axes)
    if lacking:
        helps = (f"add `{lacking[0]}` to `per`, or pass it to the prompt",)
        scope.report(AxisAbsent(span=field.value.span, axis=lacking[0], helps=helps))
        return False
    values = source.source if isinstance(source, d.DrawSource) else source
    known = values.values if isinstance(values, d.ValuesSource) else ()
    for value in known:
        if not isinstance(value, int | float) or not 0 <= value <= MAX_TEMPERATURE:
            what, condition = f"{name} = {value}", f"temperature in 0..{MAX_TEMPERATURE:g}"
            scope.report(OutsideRange(span=field.value.span, what=what, condition=condition))
            return False
    return bool(known)


def _sampled(scope: Scope, node: t.Expr) -> d.Reader | None:
    return _sampling(scope, node, 64, d.Sampled)


def _text(scope: Scope, node: t.Expr) -> d.Reader | None:
    return _sampling(scope, node, 256, d.TextReader)


def _json(scope: Scope, node: t.Expr) -> d.Reader | None:
    args = bind(scope, node, (*_SAMPLING, "decoding"))
    decoding = None if args is None else _chosen(scope, args, "decoding", ("constrained", "free"))
    if args is None or decoding is None:
        return None
    constrained = decoding == "constrained"

    def record(temperature: float | str, top_p: float, max_tokens: int) -> d.Reader:
        return d.JsonReader(temperature, top_p, max_tokens, constrained)

    return _drawn(scope, args, 256, record)


_READERS: Mapping[str, Callable[[Scope, t.Expr], d.Reader | None]] = {
    "first_token": _first_token,
    "option_likelihood": _option_likelihood,
    "sampled": _sampled,
    "text": _text,
    "json": _json,
    "recorded": recorded_reader,
}


# ---- the type of an answer


def fitted(
    scope: Scope, prompt: d.TypedPrompt, reader: d.Reader, node: t.Expr
) -> tuple[d.Reader, k.Kind, bool] | None:
    """The reader as the prompt needs it, the kind of an answer, and whether it can be missing; None after reporting.

    `sampled` on a prompt that asks for a text reads the text.
    """
    result = prompt.result
    match reader, result:
        case _, k.Unknown():
            return None
        case d.FirstToken() | d.OptionLikelihood(), k.Choice(scale):
            return reader, k.Dist(scale), False
        case d.Sampled(), k.Choice() | k.Picks():
            return reader, result, True
        case d.Sampled(temperature, top_p, tokens), k.Text():
            return d.TextReader(temperature, top_p, tokens), result, True
        case d.TextReader(), k.Text():
            return reader, result, True
        case d.JsonReader(), k.Record():
            return reader, result, True
        case d.Recorded(), _:
            return _fitted_column(scope, prompt, reader, node)
    _report_misfit(scope, prompt, reader, node, _SPOKEN[type(reader)][2])
    return None


def _fitted_column(
    scope: Scope, prompt: d.TypedPrompt, reader: d.Recorded, node: t.Expr
) -> tuple[d.Reader, k.Kind, bool] | None:
    """A column that holds what the prompt asks for: answers, their distributions, or texts that name them."""
    column = scope.ctx.tables[reader.table].column(reader.column)
    assert column is not None
    if isinstance(column.kind, k.Unknown):
        return None
    found = column_answer(column, prompt.result)
    if found is None:
        _report_misfit(scope, prompt, reader, node, f"`{k.kind_text(column.kind)}`")
        return None
    return reader, *found


def _report_misfit(scope: Scope, prompt: d.TypedPrompt, reader: d.Reader, node: t.Expr, wanted: str) -> None:
    found, helps = _asked_for(prompt.result)
    if isinstance(reader, d.Recorded):
        found, helps = f"`{k.kind_text(prompt.result)}`", ()
    name = _SPOKEN[type(reader)][0]
    at = called(node)[2]
    scope.report(
        ReaderDoesNotFit(span=at, reader=name, wanted=wanted, prompt=prompt.name, found=found, helps=helps)
    )


def _asked_for(result: k.Kind) -> tuple[str, tuple[str, ...]]:
    """What a prompt asks for, in words, and the reader that reads it."""
    match result:
        case k.Choice():
            return "a choice", ("use `read = first_token(..)` or `read = sampled(..)` for a choice",)
        case k.Picks():
            return "picks", ("use `read = sampled(..)` for picks",)
        case k.Text():
            return "a text", ("use `read = text(..)` for a text",)
        case k.Record():
            return "a record", ("use `read = json(..)` for a record",)
    return f"`{k.kind_text(result)}`", ("let the prompt ask for a choice, picks, a text or a record",)


# ---- what is done with a missing answer, and how one is parsed


def missing_policy(
    scope: Scope, field: t.Field | None, reader: d.Reader, node: t.Expr, gives: k.Kind | None
) -> tuple[d.MissingPolicy | None, int] | None:
    """`drop`, `keep` or `retry(n)` and its count of further tries; `gives` is the kind of what can be missing."""
    if field is None:
        if gives is None:
            return None, 0
        label = f"gives `{k.kind_text(gives)}?`"
        helps = ("add `missing = drop`, `missing = keep` or `missing = retry(n)`",)
        spoken, at = _SPOKEN[type(reader)][1], called(node)[2]
        scope.report(MissingPolicyAbsent(span=at, reader=spoken, label=label, helps=helps))
        return None
    name, _, place = called(field.value)
    if name != "retry":
        policy = word(scope, field.value, "missing", _POLICIES)
        return None if policy is None else (cast(d.MissingPolicy, policy), 0)
    if isinstance(reader, d.Recorded):
        problem = "cannot ask again for an answer that is recorded"
        scope.report(WrongArguments(span=place, callee="retry", problem=problem))
        return None
    args = bind(scope, field.value, ("n",), required=("n",), by_position=1)
    tries = None if args is None else whole(scope, args["n"].value, "n", 1, MAX_RETRIES)
    return None if tries is None else ("retry", tries)


def check_words(scope: Scope, missing: t.Field | None, parse: t.Field | None) -> None:
    """What can be said of a policy and of parsers where the reader is not known."""
    if missing is not None and called(missing.value)[0] != "retry":
        word(scope, missing.value, "missing", _POLICIES)
    if parse is not None:
        words(scope, parse.value, "parse", PARSERS)


def parsers(
    scope: Scope, field: t.Field | None, reader: d.Reader, prompt: d.TypedPrompt
) -> tuple[str, ...] | None:
    """The parsers of a text in which options are found, sampled or recorded, in the order they are tried."""
    parsed = isinstance(reader, d.Sampled) or _is_recorded_text(scope, reader, prompt)
    if field is None:
        return DEFAULT_PARSERS if parsed else ()
    if not parsed:
        spoken = _SPOKEN[type(reader)][1]
        problem = f"says how options are found in a text, and this reader is {spoken}"
        helps = ("leave it out, or use `read = sampled(..)`",)
        scope.report(WrongArguments(span=field.span, callee="parse", problem=problem, helps=helps))
        return None
    return words(scope, field.value, "parse", PARSERS)


def _is_recorded_text(scope: Scope, reader: d.Reader, prompt: d.TypedPrompt) -> bool:
    """Whether a table holds texts where the prompt asks for a choice."""
    if not isinstance(reader, d.Recorded) or not isinstance(prompt.result, k.Choice):
        return False
    column = scope.ctx.tables[reader.table].column(reader.column)
    return column is not None and isinstance(column.kind, k.Text)
