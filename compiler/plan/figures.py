"""What each ask does and costs with each model: cells, requests, tokens.

Expects conversations, and how many cells say each of them. Ensures that a figure which depends on answers that are not
there yet is an upper bound and says so: an earlier answer counts with all the tokens that it may have (where a model
is told its words again, they count as the tokens it wrote them in).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import assert_never

import numpy as np
from numpy.typing import NDArray

from cyclspec.compiler.plan.cells import AskCells, Said
from cyclspec.compiler.plan.reads import Labels, Likeliest, Options, Writing
from cyclspec.compiler.plan.requests import Request, label_of
from cyclspec.compiler.plan.upstream import most_tokens
from cyclspec.compiler.prompts.messages import holes
from cyclspec.compiler.prompts.tokens import Tokenizer
from cyclspec.language.types import typed as d

Count = Callable[[str], int]
_LABEL_TOKENS = 4


@dataclass(frozen=True, slots=True)
class AskFigures:
    """One ask with one model (`model` is empty where answers are recorded; `digest` is its identity in requests).

    `tokens_naive` is what asking every cell alone would feed to the model, `tokens_distinct` what its distinct prompts
    feed; both are upper bounds where `at_most`. `longest` is the most tokens of one text, `outputs` counts the places
    at which the next token is asked for. `output_tokens` is what it writes at most, in all of its `tries`.

    Of a `hosted` model, which has no tokenizer here, all tokens are estimates, and `characters` counts what is sent.
    """

    ask: str
    stage: int
    reader: str
    model: str
    digest: str
    cells: int
    requests: int
    prompts: int
    tokens_naive: int
    tokens_distinct: int
    longest: int
    outputs: int
    output_tokens: int
    tries: int
    at_most: bool
    hosted: bool = False
    characters: int = 0


def told_heat(temperature: float | str) -> str:
    """A temperature as the language spells it: a number, or the name of what differs between cells."""
    return temperature if isinstance(temperature, str) else f"{temperature:g}"


def reader_text(reader: d.Reader) -> str:
    """A reader as the language spells it, with what decides its answers."""
    match reader:
        case d.FirstToken(labels=labels, variants=variants):
            return f"first_token({labels})" if variants == "exact" else f"first_token({labels}, {variants})"
        case d.OptionLikelihood(normalise=normalise, boundary=boundary):
            rest = "" if boundary == "joint" else f", {boundary}"
            return f"option_likelihood({normalise}{rest})"
        case d.Sampled(temperature=heat, max_tokens=most):
            return f"sampled(temperature {told_heat(heat)}, max_tokens {most})"
        case d.TextReader(temperature=heat, max_tokens=most):
            return f"text(temperature {told_heat(heat)}, max_tokens {most})"
        case d.JsonReader(temperature=heat, max_tokens=most, constrained=constrained):
            rest = "" if constrained else ", free"
            return f"json(temperature {told_heat(heat)}, max_tokens {most}{rest})"
        case d.Recorded(table=table, column=column):
            return f"recorded({table}.{column})"
    assert_never(reader)


def known_ahead(ask: d.TypedAsk) -> bool:
    """Whether every prompt of an ask is known before anything is asked."""
    return ask.stage == 1 and ask.history is None


def drawn(reader: d.Reader) -> bool:
    """Whether equal prompts have answers of their own, each with its own seed."""
    match reader:
        case d.Sampled(temperature=heat) | d.TextReader(temperature=heat) | d.JsonReader(temperature=heat):
            return isinstance(heat, str) or heat > 0
    return False


def recorded_figures(ask: d.TypedAsk, cells: int) -> AskFigures:
    """An ask whose answers exist already."""
    return AskFigures(
        ask=ask.name,
        stage=ask.stage,
        reader=reader_text(ask.reader),
        model="",
        digest="",
        cells=cells,
        requests=0,
        prompts=0,
        tokens_naive=0,
        tokens_distinct=0,
        longest=0,
        outputs=0,
        output_tokens=0,
        tries=1,
        at_most=False,
    )


def figures(
    ask: d.TypedAsk,
    model: tuple[str, str],
    counts: NDArray[np.int64],
    lengths: NDArray[np.int64],
    *,
    extra: NDArray[np.int64],
    distinct: int | None = None,
) -> AskFigures:
    """The figures of one ask with one model, given by its name and digest.

    `counts` are the cells of each conversation, `lengths` its tokens, `extra` the tokens beside it that are read once
    for each distinct prompt (options that are scored). `distinct` is the number of requests where that is known.
    """
    used = counts > 0
    cells, prompts = int(counts.sum()), int(used.sum())
    ahead = known_ahead(ask)
    separate = cells if drawn(ask.reader) or not ahead else prompts
    requests = separate if distinct is None else distinct
    whole = lengths + extra
    times = used if ahead else counts
    return AskFigures(
        ask=ask.name,
        stage=ask.stage,
        reader=reader_text(ask.reader),
        model=model[0],
        digest=model[1],
        cells=cells,
        requests=requests,
        prompts=prompts if ahead else cells,
        tokens_naive=int((counts * whole).sum()),
        tokens_distinct=int((times * whole).sum()),
        longest=int(whole[used].max(initial=0)),
        outputs=requests + int((times * extra).sum()),
        output_tokens=requests * most_tokens(ask.reader) * (1 + ask.retries),
        tries=1 + ask.retries,
        at_most=not ahead,
    )


def counter(tokenizer: Tokenizer) -> Count:
    """Counts the tokens of a text for one tokenizer, each text once."""
    known: dict[str, int] = {"": 0}

    def count(text: str) -> int:
        if text not in known:
            known[text] = len(tokenizer.encode([text], prompt=text, plain=False)[0].ids)
        return known[text]

    return count


def open_tokens(ask: d.TypedAsk, cells: AskCells, count: Count) -> NDArray[np.int64]:
    """For each conversation, the most tokens that earlier answers and earlier turns add to it."""
    bounds = {name: found.bound(count) for name, found in cells.open.items()}
    shown = {lang: holes(ask.prompt, lang) for lang in {said.lang for said in cells.conversations}}
    return np.array(
        [
            sum(bound * shown[said.lang][name] for name, bound in bounds.items())
            for said in cells.conversations
        ],
        dtype=np.int64,
    )


def turn_tokens(ask: d.TypedAsk, longest: int, said: Sequence[Said], count: Count) -> int:
    """The most tokens that earlier turns add to a prompt: each a prompt and its answer, which may be told in words."""
    if ask.history is None:
        return 0
    words = {label_of(option, one.lang) for one in said for option in one.options}
    named = max(map(count, words), default=0) + _LABEL_TOKENS
    return ask.history.high * (longest + most_tokens(ask.reader) + named)


def option_tokens(ask: d.TypedAsk, said: Sequence[Said], count: Count) -> NDArray[np.int64]:
    """The most tokens of the options whose likelihood is read, for each conversation."""
    if not isinstance(ask.reader, d.OptionLikelihood):
        return np.zeros(len(said), dtype=np.int64)
    times = 2 if ask.reader.normalise == "unconditional" else 1
    sums = [sum(count(label_of(option, one.lang)) for option in one.options) for one in said]
    return np.array(sums, dtype=np.int64) * times


def tokens_beside(request: Request) -> int:
    """The tokens that a request reads beside its prompt: options without their last token, which nothing follows.

    Options that are scored once more without the prompt are read twice, each behind the tokens of its context.
    """
    match request.read:
        case Options(ids=ids, context=context):
            each = sum(len(one) - 1 for one in ids)
            return each + (each + len(ids) * len(context) if context else 0)
        case Labels() | Writing() | Likeliest():
            return 0
    assert_never(request.read)
