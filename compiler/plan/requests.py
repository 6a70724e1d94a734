"""Conversations to requests: one distinct prompt to one model, whatever the number of cells that share it.

Expects conversations, checkpoints and tokenizers; no weights. Ensures that a request's key names everything its answer
depends on (weights, token ids, reader with its label ids, numerics) and nothing else, so that equal keys are equal
questions in every audit.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from cyclspec.compiler.checkpoints.checkpoint import Checkpoint
from cyclspec.compiler.checkpoints.families import decoder_config
from cyclspec.compiler.data.contracts import Option
from cyclspec.compiler.plan.cells import Said
from cyclspec.compiler.prompts.chat import render
from cyclspec.compiler.prompts.messages import Message
from cyclspec.compiler.prompts.tokens import TokenizedPrompt, Tokenizer
from cyclspec.language.diagnostics import InternalError, SpecError
from cyclspec.language.diagnostics.cy07_data_and_plan import CheckpointRefused, PromptRefused
from cyclspec.language.types import typed as d

Numerics = Literal["float32", "bfloat16"]


@dataclass(frozen=True, slots=True)
class Request:
    """One distinct prompt to one model, with what is needed to answer it anywhere.

    `label_ids` gives for each offered option the token ids whose probability counts for it; `labels` are the words of
    the options and `codes` their stable codes, in the order offered. `digest` is the identity of the model's weights;
    `system_folded` says that the system message went into the user's turn, which has no other place in the template.
    """

    key: str
    model: str
    digest: str
    messages: tuple[Message, ...]
    prefix: str
    text: str
    token_ids: tuple[int, ...]
    label_ids: tuple[tuple[int, ...], ...]
    labels: tuple[str, ...]
    codes: tuple[str, ...]
    system_folded: bool


@dataclass(frozen=True, slots=True)
class Offer:
    """The offered options of a cell in the order of their scale, whatever order the prompt shows them in.

    `labels` are their words, `codes` their stable codes; `at` says where each stood in the prompt.
    """

    labels: tuple[str, ...]
    codes: tuple[str, ...]
    at: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class AskedModel:
    """One model of a panel as it is asked: its checkpoint, its identity in keys, and how it is told apart."""

    name: str
    checkpoint: Checkpoint
    digest: str
    plain: bool


def request_key(
    digest: str, token_ids: Sequence[int], label_ids: Sequence[Sequence[int]], numerics: str
) -> str:
    """SHA-256 over everything that a first-token answer depends on."""
    facts = [digest, "first_token", list(token_ids), [list(ids) for ids in label_ids], numerics]
    return hashlib.sha256(json.dumps(facts, separators=(",", ":")).encode()).hexdigest()


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
    what = "its tuning" if tuning is not None else f"a {max(roles)} message"
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
    format_ = tokenizer.chat_format(plain=asked.plain)
    rendered = render(format_, ask.prompt.name, [one.conversation for one in said])
    encoded = tokenizer.encode(rendered.texts, prompt=ask.prompt.name, plain=asked.plain)
    longest = decoder_config(asked.name, asked.checkpoint.config).max_positions
    for tokenized in encoded:
        if longest is not None and len(tokenized.ids) > longest:
            problem = f"has {len(tokenized.ids)} tokens for `{asked.name}`, which reads at most {longest}"
            raise SpecError([PromptRefused(span=ask.span, prompt=ask.prompt.name, problem=problem)])
    return Tokenized(encoded, rendered.folded)


def requests_for(
    ask: d.TypedAsk, said: Sequence[Said], asked: AskedModel, tokenizer: Tokenizer, numerics: Numerics
) -> Iterator[Request]:
    """The requests of one first-token ask to one model, in the order of its conversations."""
    tokenized = tokenize(ask, said, asked, tokenizer)
    for one, prompt in zip(said, tokenized.prompts, strict=True):
        folded = tokenized.folded and any(m.role == "system" for m in one.conversation.messages)
        yield _request(ask, one, prompt, asked, tokenizer, numerics, system_folded=folded)


def offer_of(said: Said) -> Offer:
    """What a conversation offers, with the order of its options undone."""
    shown = {option.code: at for at, option in enumerate(said.options)}
    at = tuple(shown[code] for code in said.codes)
    labels = tuple(label_of(said.options[place], said.lang) for place in at)
    return Offer(labels, said.codes, at)


def _request(
    ask: d.TypedAsk,
    one: Said,
    tokenized: TokenizedPrompt,
    asked: AskedModel,
    tokenizer: Tokenizer,
    numerics: Numerics,
    *,
    system_folded: bool,
) -> Request:
    if not isinstance(ask.reader, d.FirstToken):
        raise InternalError("plan", f"`{ask.name}` is not read by its first token")
    label_ids = tokenizer.label_ids(tokenized.text, len(one.options), ask.reader, ask.span)
    return Request(
        key=request_key(asked.digest, tokenized.ids, label_ids, numerics),
        model=asked.name,
        digest=asked.digest,
        messages=one.conversation.messages,
        prefix=one.conversation.prefix,
        text=tokenized.text,
        token_ids=tokenized.ids,
        label_ids=label_ids,
        labels=tuple(label_of(option, one.lang) for option in one.options),
        codes=tuple(option.code for option in one.options),
        system_folded=system_folded,
    )


def label_of(option: Option, lang: str | None) -> str:
    """An option's words in the language of its prompt, or in any where it has no other."""
    label = option.label
    return label.get(lang or "", label.get("", next(iter(label.values()), "")))
