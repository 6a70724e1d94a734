"""Conversations to requests: one distinct prompt to one model, whatever the number of cells that share it.

Expects conversations, checkpoints and tokenizers; no weights. Ensures that a request's key names everything its answer
depends on (weights, token ids, what is read after them, numerics) and nothing else, so that equal keys are equal
questions in every audit.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal, assert_never

from cyclspec.compiler.checkpoints.checkpoint import Checkpoint
from cyclspec.compiler.checkpoints.families import decoder_config
from cyclspec.compiler.data.contracts import Option
from cyclspec.compiler.plan.cells import Said
from cyclspec.compiler.plan.reads import Labels, Likeliest, Options, Read, Writing, before_a_cell
from cyclspec.compiler.plan.upstream import most_tokens
from cyclspec.compiler.prompts.chat import render
from cyclspec.compiler.prompts.endings import stop_ids
from cyclspec.compiler.prompts.messages import Message
from cyclspec.compiler.prompts.options import OptionTokenizer
from cyclspec.compiler.prompts.tokens import TokenizedPrompt, Tokenizer
from cyclspec.compiler.records.schema import FORM, RecordSchema
from cyclspec.language.diagnostics import InternalError, SpecError
from cyclspec.language.diagnostics.cy07_data_and_plan import CheckpointRefused, PromptRefused
from cyclspec.language.types import typed as d

Numerics = Literal["float32", "bfloat16"]
NO_SEED = (0, 0)


@dataclass(frozen=True, slots=True)
class Request:
    """One distinct prompt to one model, with what is needed to answer it anywhere.

    `read` says what is read after the prompt; `labels` are the words of the offered options and `codes` their stable
    codes, in the order offered. `digest` is the identity of the model's weights, or of a hosted model's name, which is
    asked by its messages: it has no text and no ids. `system_folded` and `prefix_folded` say that a system message or
    a prefix went into the user's turn, where there is no other place for it.
    """

    key: str
    model: str
    digest: str
    messages: tuple[Message, ...]
    prefix: str
    text: str
    token_ids: tuple[int, ...]
    read: Read
    labels: tuple[str, ...]
    codes: tuple[str, ...]
    system_folded: bool
    prefix_folded: bool = False


@dataclass(frozen=True, slots=True)
class Offer:
    """The offered options of a cell in the order of their scale, whatever order the prompt shows them in.

    `labels` are their words, `codes` their stable codes; `at` says where each stood in the prompt. `record` says what
    the fields of a record can be.
    """

    labels: tuple[str, ...]
    codes: tuple[str, ...]
    at: tuple[int, ...]
    record: RecordSchema | None = None


@dataclass(frozen=True, slots=True)
class AskedModel:
    """One model of a panel as it is asked: its checkpoint, its identity in keys, and how it is told apart."""

    name: str
    checkpoint: Checkpoint
    digest: str
    plain: bool


def request_key(digest: str, token_ids: Sequence[int], read: Read, numerics: str) -> str:
    """SHA-256 over everything that an answer depends on."""
    way, *rest = _key_facts(read)
    facts = [digest, way, list(token_ids), *rest, numerics]
    return hashlib.sha256(json.dumps(facts, separators=(",", ":")).encode()).hexdigest()


def hosted_key(digest: str, messages: Sequence[Message], read: Read) -> str:
    """SHA-256 over everything that the answer of a hosted model depends on, as far as it can be known."""
    way, *rest = _key_facts(read)
    said = [[message.role, message.content] for message in messages]
    facts = ["hosted", digest, way, said, *rest]
    return hashlib.sha256(json.dumps(facts, separators=(",", ":")).encode()).hexdigest()


def read_otherwise(request: Request, read: Read, numerics: Numerics) -> Request:
    """The same prompt, read in another way."""
    if request.token_ids:
        key = request_key(request.digest, request.token_ids, read, numerics)
    else:
        key = hosted_key(request.digest, request.messages, read)
    return replace(request, read=read, key=key)


def _key_facts(read: Read) -> tuple[object, ...]:
    """The way of reading, and what of it decides an answer; stored replies are found by these."""
    match read:
        case Labels(ids=ids):
            return "first_token", ids
        case Options(ids=ids, byte_counts=counts, context=context):
            return "option_likelihood", ids, counts, context
        case Writing():
            drawn = (read.temperature, read.top_p) if read.temperature > 0 else (0, 1)
            form = () if read.record is None else (FORM, read.record.text)
            return "writing", *drawn, read.max_tokens, read.stop_ids, read.seed, *form
        case Likeliest(count=count):
            return "likeliest", count
    assert_never(read)


def is_plain(model: d.TypedModel, tokenizer: Tokenizer, prompt: d.TypedPrompt) -> bool:
    """Whether a model reads plain text: a base model by its `tuning`, or one that has no chat template.

    Raises `SpecError` where a prompt has turns that only a chat template can mark.
    """
    tuning = model.factors.get("tuning")
    if tuning == "base":
        return True
    if tokenizer.chat_template is not None:
        return False
    roles = {message.role for message in prompt.messages} & {"system", "assistant"}
    if tuning is None and not roles:
        return True
    what = "its tuning" if tuning is not None else f"its `{min(roles)}` message"
    raise SpecError(
        [
            CheckpointRefused(
                span=model.span,
                model=model.name,
                problem=f"has no chat template, and prompt `{prompt.name}` needs one for {what}",
                helps=(
                    "for a base model, say so: `factor tuning : nominal` and `tuning = base`",
                    "or use a prompt with only a `user` message",
                ),
            )
        ]
    )


@dataclass(frozen=True, slots=True)
class Tokenized:
    """Conversations as one model reads them, in their order; `folded` where system messages had no place."""

    prompts: tuple[TokenizedPrompt, ...]
    folded: bool


def tokenize(ask: d.TypedAsk, said: Sequence[Said], asked: AskedModel, tokenizer: Tokenizer) -> Tokenized:
    """The conversations of one ask for one model. `SpecError` where one is longer than the model reads."""
    tokenized = encoded(ask, said, asked, tokenizer)
    _require_length(ask, asked, max((len(one.ids) for one in tokenized.prompts), default=0))
    return tokenized


def encoded(ask: d.TypedAsk, said: Sequence[Said], asked: AskedModel, tokenizer: Tokenizer) -> Tokenized:
    """The conversations of one ask for one model, however long they are."""
    if not said:
        return Tokenized((), folded=False)
    format_ = tokenizer.chat_format(plain=asked.plain)
    rendered = render(format_, ask.prompt.name, [one.conversation for one in said])
    prompts = tokenizer.encode(rendered.texts, prompt=ask.prompt.name, plain=asked.plain)
    return Tokenized(prompts, rendered.folded)


def fits(ask: d.TypedAsk, asked: AskedModel, tokens: int) -> bool:
    """Whether a model can read so many tokens and then write as many as an ask lets it."""
    longest = decoder_config(asked.name, asked.checkpoint.config).max_positions
    return longest is None or tokens + most_tokens(ask.reader) <= longest


def requests_for(
    ask: d.TypedAsk,
    said: Sequence[Said],
    tokenized: Tokenized,
    asked: AskedModel,
    tokenizer: Tokenizer,
    numerics: Numerics,
) -> Iterator[Request]:
    """The requests of one ask to one model, in the order of its conversations.

    What is drawn has no seed yet: its cells have.
    """
    reads = _reads(ask, said, tokenized.prompts, asked, tokenizer)
    for one, prompt, (ids, read) in zip(said, tokenized.prompts, reads, strict=True):
        folded = tokenized.folded and any(m.role == "system" for m in one.conversation.messages)
        yield Request(
            key=request_key(asked.digest, ids, read, numerics),
            model=asked.name,
            digest=asked.digest,
            messages=one.conversation.messages,
            prefix=one.conversation.prefix,
            text=prompt.text,
            token_ids=ids,
            read=read,
            labels=offered_words(one),
            codes=tuple(option.code for option in one.options),
            system_folded=folded,
        )


def offer_of(said: Said) -> Offer:
    """What a conversation offers, with the order of its options undone."""
    shown = {option.code: at for at, option in enumerate(said.options)}
    at = tuple(shown[code] for code in said.codes)
    labels = offered_words(said)
    return Offer(tuple(labels[place] for place in at), said.codes, at, said.record)


def offered_words(said: Said) -> tuple[str, ...]:
    """The words of the offered options, in the order offered."""
    return tuple(label_of(option, said.lang) for option in said.options)


def _reads(
    ask: d.TypedAsk,
    said: Sequence[Said],
    prompts: Sequence[TokenizedPrompt],
    asked: AskedModel,
    tokenizer: Tokenizer,
) -> Iterator[tuple[tuple[int, ...], Read]]:
    """The token ids of each prompt as they are asked, with what is read after them."""
    match ask.reader:
        case d.FirstToken() as reader:
            for one, prompt in zip(said, prompts, strict=True):
                yield prompt.ids, Labels(tokenizer.label_ids(prompt.text, len(one.options), reader, ask.span))
        case d.OptionLikelihood(boundary=boundary) as reader:
            options = OptionTokenizer(tokenizer, ask.prompt.name, asked.plain, boundary, ask.span)
            alone = _alone(ask, reader, asked, tokenizer)
            followed = options.follow(prompts, [offered_words(one) for one in said])
            lengths = (len(one.context) + max(map(len, one.ids)) - 1 for one in followed)
            _require_length(ask, asked, max(lengths, default=0))
            yield from ((one.context, Options(one.ids, one.byte_counts, alone)) for one in followed)
        case d.Sampled() | d.TextReader() as reader:
            ends = stop_ids(asked.checkpoint, tokenizer, plain=asked.plain)
            read = Writing(before_a_cell(reader.temperature), reader.top_p, reader.max_tokens, ends, NO_SEED)
            yield from ((prompt.ids, read) for prompt in prompts)
        case d.JsonReader() as reader:
            ends = stop_ids(asked.checkpoint, tokenizer, plain=asked.plain)
            read = Writing(before_a_cell(reader.temperature), reader.top_p, reader.max_tokens, ends, NO_SEED)
            for one, prompt in zip(said, prompts, strict=True):
                yield prompt.ids, replace(read, record=one.record if reader.constrained else None)
        case d.Recorded():
            raise InternalError("plan", f"the requests of `{ask.name}` are not laid out")


def _alone(
    ask: d.TypedAsk, reader: d.OptionLikelihood, asked: AskedModel, tokenizer: Tokenizer
) -> tuple[int, ...]:
    """What an option follows where it is scored without the prompt, empty where it is not."""
    if reader.normalise != "unconditional":
        return ()
    if tokenizer.start is None:
        problem = "has no token that begins or ends a text, which an option without its prompt would follow"
        helps = ("use `normalise = by_token` or another",)
        raise SpecError([CheckpointRefused(span=ask.span, model=asked.name, problem=problem, helps=helps)])
    return (tokenizer.start,)


def _require_length(ask: d.TypedAsk, asked: AskedModel, tokens: int) -> None:
    """Raises `SpecError` where a model does not read so many tokens, or has no room for what it is to write."""
    if fits(ask, asked, tokens):
        return
    longest = decoder_config(asked.name, asked.checkpoint.config).max_positions
    most = most_tokens(ask.reader)
    written = f" and may be answered by {most}" if most else ""
    problem = f"has {tokens} tokens{written} for `{asked.name}`, which reads at most {longest}"
    left = longest - tokens
    helps = (f"`max_tokens = {left}` fits",) if most and left > 0 else ()
    raise SpecError([PromptRefused(span=ask.span, prompt=ask.prompt.name, problem=problem, helps=helps)])


def label_of(option: Option, lang: str | None) -> str:
    """An option's words in the language of its prompt, or in any where it has no other."""
    label = option.label
    return label.get(lang or "", label.get("", next(iter(label.values()), "")))
