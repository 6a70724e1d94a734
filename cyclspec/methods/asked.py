"""What was asked: the grid, the wording, the models, how replies were read, and what is missing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any, assert_never

from cyclspec.language.types import kinds as k
from cyclspec.language.types import terms as h
from cyclspec.language.types import typed as d
from cyclspec.methods.blocks import (
    Block,
    Code,
    Heading,
    Paragraph,
    Prose,
    Quote,
    Table,
    counted,
    joined,
    listed,
    number,
    one_line,
    prose,
)
from cyclspec.methods.facts import Facts

_POLICY: Mapping[str, str] = {
    "drop": "missing answers are left out of every mean and counted beside it",
    "keep": "missing answers stay missing and are counted",
    "retry": "what could not be read was asked again, with another seed; what is still missing is left out and counted",
}


def asked_blocks(facts: Facts) -> Iterator[Block]:
    """The sections on what was asked."""
    yield Heading("What was asked", 2)
    yield Paragraph(_grid(facts))
    if facts.audit.params:
        params = (f"`{name}` = `{one_line(text)}`" for name, text in facts.audit.params.items())
        yield Paragraph(prose(f"Parameters: {', '.join(params)}."))
    for ask in facts.audit.asks:
        yield from _ask(facts, ask)
    yield Heading("Models", 2)
    yield from _models(facts)
    yield Heading("Answers, and what is missing", 2)
    yield _answers(facts)
    yield Paragraph(joined(_options(facts)))


def _grid(facts: Facts) -> Prose:
    axes = ", ".join(f"`{name}` {size}" for name, size in facts.plan["axes"].items())
    cells, sent = counted(len(facts.answers), "cell"), counted(len(facts.requests), "distinct request")
    sizes = f"There are {cells} of answers, along {axes}" if axes else f"There is {cells} of answers"
    sent = f"answered by {sent}" if facts.requests else "answered in tables: no model was asked"
    return joined(
        (
            prose(f"{sizes}, {sent}."),
            prose(
                f"Random choices follow from the seed `{facts.audit.seed}` and the names of what they belong to."
            ),
        )
    )


def _ask(facts: Facts, ask: d.TypedAsk) -> Iterator[Block]:
    yield Heading(f"Ask {ask.name}", 3)
    if isinstance(ask.reader, d.Recorded):
        yield Paragraph(joined((_recorded(facts, ask), _parsed(ask), _missing(ask))))
        return
    axes = [name for each in facts.audit.eaches for name in each.names if name in ask.axes]
    args = ", ".join(f"{name} = {one_line(term.span.text)}" for name, term in ask.args)
    where: Prose = ("In every cell of ", *listed(axes), ", the prompt ") if axes else ("The prompt ",)
    told: Prose = (" is said with ", Code(args), ".") if args else (" is said.",)
    yield Paragraph((*where, Code(ask.prompt.name), *told))
    yield from _wording(ask)
    yield Paragraph(joined((_reader(ask), _parsed(ask), _missing(ask), *_folded(facts, ask))))


def _wording(ask: d.TypedAsk) -> Iterator[Block]:
    """The messages of a prompt in the languages that are asked in, holes and all."""
    langs = _languages(ask)
    for message in ask.prompt.messages:
        if message.lang is not None and langs and message.lang not in langs:
            continue
        tag = f" [{message.lang}]" if message.lang else ""
        who = "the model's own turn begins with" if message.role == "prefix" else message.role
        yield Paragraph((f"{who}{tag}:",))
        yield Quote(tuple(message.template.split("\n")))


def _languages(ask: d.TypedAsk) -> frozenset[str]:
    """The languages that an argument names; none where every language is asked in."""
    formals = dict(ask.prompt.formals)
    named = [term for name, term in ask.args if isinstance(formals.get(name), k.Lang)]
    return frozenset(term.level for term in named if isinstance(term, h.LevelTerm))


def _reader(ask: d.TypedAsk) -> Prose:
    reader = ask.reader
    match reader:
        case d.FirstToken(labels=labels, variants=variants):
            also = ", with and without a space before them added up," if variants == "union" else ""
            return prose(
                f"The answer is the probability of each option's label (`{labels}`) as the first token of the reply,"
                f"{also} brought to a sum of one over the labels; `mass` is their probability in the whole vocabulary."
            )
        case d.OptionLikelihood(normalise=normalise, boundary=boundary):
            return prose(
                "The answer is the likelihood of the whole text of each option after the prompt, normalised "
                f"`{normalise}`, with the boundary `{boundary}`, brought to a sum of one over the options."
            )
        case d.Sampled():
            return (f"The model wrote a text in which an option was found ({_settings(reader)}).",)
        case d.TextReader():
            return (f"The answer is the text that the model wrote ({_settings(reader)}).",)
        case d.JsonReader():
            how = "constrained to its fields" if reader.constrained else "and was not constrained"
            return (f"The answer is a record that the model wrote as JSON, {how} ({_settings(reader)}).",)
        case d.Recorded():
            return ()
    assert_never(reader)


def _settings(reader: d.Sampled | d.TextReader | d.JsonReader) -> str:
    match reader.temperature:
        case str() as name:
            heat = f"temperature as `{name}` says"
        case 0:
            heat = "the likeliest token each time"
        case number:
            heat = f"temperature {number:g}"
    return f"{heat}, top-p {reader.top_p:g}, at most {reader.max_tokens} tokens"


def _parsed(ask: d.TypedAsk) -> Prose:
    if not ask.parse:
        return ()
    return (
        "Options were looked for by ",
        *listed(ask.parse),
        ", the first that finds one; two options are none.",
    )


def _missing(ask: d.TypedAsk) -> Prose:
    if ask.missing is None:
        return ()
    tries = f" (at most {ask.retries} times more)" if ask.missing == "retry" else ""
    return prose(f"With `missing = {ask.missing}`{tries}, {_POLICY[ask.missing]}.")


def _folded(facts: Facts, ask: d.TypedAsk) -> Iterator[Prose]:
    keys = {row["request"] for row in facts.answers_of(ask.name)}
    mine = [row for row in facts.requests if row["request"] in keys]
    for column, what in (
        ("system_folded", "system message"),
        ("prefix_folded", "beginning of the model's turn"),
    ):
        models = sorted({row["model"] for row in mine if row[column]})
        if models:
            yield (f"The {what} stood in the user's turn for ", *listed(models), ".")


def _recorded(facts: Facts, ask: d.TypedAsk) -> Prose:
    assert isinstance(ask.reader, d.Recorded)
    found = next(one for one in facts.plan["recorded"] if one["ask"] == ask.name)
    other = f", of which {number(found['other_rows'])} are of no cell" if found["other_rows"] else ""
    return prose(
        f"No model was asked: the answers were recorded in column `{ask.reader.column}` of table `{ask.reader.table}` "
        f"({counted(found['rows'], 'row')}{other}), and matched to cells by their levels."
    )


def _models(facts: Facts) -> Iterator[Block]:
    models = facts.environment["models"]
    if not models:
        yield Paragraph(("No model was asked.",))
        return
    sent = Counter(row["model"] for row in facts.requests)
    rows = []
    for model in models:
        served = ", ".join(model.get("served", ()))
        named = model["revision"] or served or "not said"
        rows.append(
            (
                (Code(model["model"]),),
                (Code(model["place"]),),
                (Code(named),) if named != "not said" else (named,),
                (Code(model["digest"]),),
                (number(sent[model["model"]]),),
            )
        )
    head = ("model", "place", "revision", "digest", "requests")
    yield Table(head, tuple(rows), frozenset({4}))
    if any("served" in model for model in models):
        said = "The digest of a hosted model is that of its name and host: its weights are not known."
        yield Paragraph((f"{said} Its revision is what its server said it answered with.",))
    weights = facts.environment["numerics"]
    if any("served" not in model for model in models):
        said = f"Weights, keys and values are {weights}; softmax and log-probabilities are float32, scores float64."
        yield Paragraph((f"{said} The digest of a model covers its configuration and every weight.",))


def _answers(facts: Facts) -> Table:
    rows = []
    for ask in facts.audit.asks:
        mine = facts.answers_of(ask.name)
        reasons = Counter(str(row["reason"]) for row in mine if row["status"] == "missing")
        said = ", ".join(f"{count} {reason}" for reason, count in sorted(reasons.items()))
        rows.append(
            (
                (Code(ask.name),),
                (number(len(mine)),),
                (number(sum(row["status"] == "answered" for row in mine)),),
                (number(reasons.total()),),
                (said or "none",),
            )
        )
    head = ("ask", "cells", "answered", "missing", "reasons")
    return Table(head, tuple(rows), frozenset({1, 2, 3}))


def _options(facts: Facts) -> Iterator[Prose]:
    """What becomes of don't know, and what hosted models did not tell of."""
    offered = "offered to the models" if facts.audit.offer_missing else "not offered to the models"
    asked = any(not isinstance(ask.reader, d.Recorded) for ask in facts.audit.asks)
    among = "count" if facts.audit.count_missing else "do not count"
    yield (
        "Options that are flagged missing, such as don't know and refused, "
        + (f"were {offered} and " if asked else "")
        + f"{among} among the shares of people and answers.",
    )
    unseen = [row["unseen"] for row in facts.answers if row["unseen"] is not None]
    if unseen:
        yield prose(
            "Of a hosted model only the likeliest tokens are known; labels outside of them count with nothing, and the "
            f"most that they can have is in the column `unseen` of the answers: at most {number(max(unseen))}."
        )
    tries = [row["attempts"] for row in facts.answers if row["attempts"]]
    if tries and max(tries) > 1:
        yield (
            f"The answers in the table are those of the last try, of which there were up to {max(tries)}.",
        )


def data_blocks(facts: Facts) -> Iterator[Block]:
    """The files that were read, by their digests, with what was mended in them."""
    yield Heading("Data", 2)
    rows = [
        ((Code(one["table"]),), (number(one["rows"]),), (Code(one["digest"]),), (_mended(one),))
        for one in facts.plan["data"]
    ]
    yield Table(("table", "rows", "sha256", "noted"), tuple(rows), frozenset({1}))


def _mended(one: Mapping[str, Any]) -> str:
    noted = [
        f"{found['rows']} rows of {column} brought to a sum of one, by {found['largest']:.2%} at most"
        for column, found in one["renormalised"].items()
    ]
    noted += [f"{count} rows of {column} in no level" for column, count in one["outside"].items()]
    return "; ".join(noted)
