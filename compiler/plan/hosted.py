"""Hosted models: what they are asked, message by message, without a tokenizer and without weights.

Expects conversations. Ensures that a request says all that is sent and nothing of the machine it was planned on, that
what a hosted model cannot answer is refused by name, and that tokens are called an estimate.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from cyclspec.compiler.plan.cells import AskCells, Said
from cyclspec.compiler.plan.figures import AskFigures, drawn, figures, open_tokens, turn_tokens
from cyclspec.compiler.plan.reads import Likeliest, Read, Writing, before_a_cell
from cyclspec.compiler.plan.requests import NO_SEED, Request, hosted_key, offered_words
from cyclspec.compiler.prompts.messages import Conversation, Message
from cyclspec.language.diagnostics import InternalError, SpecError
from cyclspec.language.diagnostics.cy07_data_and_plan import HostedRefused
from cyclspec.language.types import typed as d

MOST_TOLD = 20
BYTES_A_TOKEN = 4
_TOKENS_A_MESSAGE = 4


@dataclass(frozen=True, slots=True)
class HostedModel:
    """A model that others run: its name in the panel, its name there, and whose server it is on, where that is said."""

    name: str
    location: str
    host: str

    @property
    def digest(self) -> str:
        """Its identity in the keys of requests: what it is called and where, since nobody tells its weights."""
        named = "\n".join(("hosted", self.host, self.location))
        return hashlib.sha256(named.encode()).hexdigest()

    @property
    def place(self) -> str:
        """Where it is, as it can be given on the command line."""
        return f"openai:{self.location}" + (f"@{self.host}" if self.host else "")


@dataclass(frozen=True, slots=True)
class PlannedHosted:
    """A hosted model with the number of its requests in a plan."""

    asked: HostedModel
    requests: int


def hosted_requests(
    ask: d.TypedAsk, said: Sequence[Said], asked: HostedModel, model: d.TypedModel
) -> Iterator[Request]:
    """The requests of one ask to a hosted model, in the order of its conversations; what is drawn has no seed yet."""
    if model.factors.get("tuning") == "base":
        raise _refused(ask, asked, "is a base model by its tuning, and a batch asks in chats")
    for one in said:
        read = _read(ask, asked, one)
        messages = as_sent(one.conversation)
        yield Request(
            key=hosted_key(asked.digest, messages, read),
            model=asked.name,
            digest=asked.digest,
            messages=messages,
            prefix=one.conversation.prefix,
            text="",
            token_ids=(),
            read=read,
            labels=offered_words(one),
            codes=tuple(option.code for option in one.options),
            system_folded=False,
            prefix_folded=bool(one.conversation.prefix),
        )


def as_sent(conversation: Conversation) -> tuple[Message, ...]:
    """The messages of a chat; a prefix stands on a line of its own at the end of the user's last turn."""
    messages, prefix = conversation.messages, conversation.prefix
    if not prefix:
        return messages
    if messages and messages[-1].role == "user":
        return (*messages[:-1], replace(messages[-1], content=f"{messages[-1].content}\n{prefix}"))
    return (*messages, Message("user", prefix))


def _read(ask: d.TypedAsk, asked: HostedModel, said: Said) -> Read:
    match ask.reader:
        case d.FirstToken():
            if len(said.options) > MOST_TOLD:
                problem = (
                    f"tells of {MOST_TOLD} tokens at most, and ask `{ask.name}` offers {len(said.options)}"
                )
                raise _refused(ask, asked, problem, "use `read = sampled(..)`")
            return Likeliest(MOST_TOLD)
        case d.Sampled(temperature, top_p, most) | d.TextReader(temperature, top_p, most):
            return Writing(before_a_cell(temperature), top_p, most, (), NO_SEED)
        case d.JsonReader(temperature, top_p, most, constrained):
            return Writing(
                before_a_cell(temperature), top_p, most, (), NO_SEED, said.record if constrained else None
            )
        case d.OptionLikelihood():
            problem = f"tells no likelihood of whole options, which ask `{ask.name}` reads"
            raise _refused(ask, asked, problem, "use `read = first_token(..)` or `read = sampled(..)`")
    raise InternalError("plan", f"the requests of `{ask.name}` are not laid out")


def _refused(ask: d.TypedAsk, asked: HostedModel, problem: str, *helps: str) -> SpecError:
    place = f"or run it here: `--model {asked.name}=FOLDER`"
    return SpecError([HostedRefused(span=ask.span, model=asked.name, problem=problem, helps=(*helps, place))])


def estimated_tokens(text: str) -> int:
    """About how many tokens a text has: one for four bytes of UTF-8."""
    return -(-len(text.encode("utf-8", "replace")) // BYTES_A_TOKEN)


def hosted_figures(
    ask: d.TypedAsk,
    cells: AskCells,
    asked: HostedModel,
    counts: NDArray[np.int64],
    *,
    distinct: int | None = None,
) -> AskFigures:
    """The figures of one ask with a hosted model; `counts` are the cells of each conversation.

    `distinct` is the number of requests where they are laid out; else what earlier answers add is bounded.
    """
    sent = [as_sent(one.conversation) for one in cells.conversations]
    texts = [[message.content for message in messages] for messages in sent]
    lengths = np.array(
        [sum(map(estimated_tokens, some)) + _TOKENS_A_MESSAGE * len(some) for some in texts], dtype=np.int64
    )
    characters = np.array([sum(map(len, some)) for some in texts], dtype=np.int64)
    if distinct is None:
        lengths = lengths + open_tokens(ask, cells, estimated_tokens)
        lengths = lengths + turn_tokens(
            ask, int(lengths.max(initial=0)), cells.conversations, estimated_tokens
        )
    extra = np.zeros(len(lengths), dtype=np.int64)
    found = figures(ask, (asked.name, asked.digest), counts, lengths, extra=extra, distinct=distinct)
    each = drawn(ask.reader) or distinct is None
    times = counts if each else (counts > 0).astype(np.int64)
    tokens = int((times * lengths).sum())
    return replace(
        found,
        hosted=True,
        characters=int((times * characters).sum()),
        tokens_naive=int((counts * lengths).sum()),
        tokens_distinct=tokens,
    )
