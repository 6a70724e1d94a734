"""Conversations to the exact text that a model reads.

Expects conversations and a tokenizer's chat template, or none for a base model. Ensures one text a conversation, the
prefix as the start of the model's own turn, a fixed date instead of today's, and a record of a system message that had
to be folded into the user's turn because the template has no place for it.
"""

from __future__ import annotations

import datetime
import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from cyclspec.compiler.prompts import chat_worker
from cyclspec.compiler.prompts.chat_worker import seconds_for
from cyclspec.compiler.prompts.messages import Conversation, Message
from cyclspec.language.diagnostics import SpecError
from cyclspec.language.diagnostics.cy07_data_and_plan import CheckpointRefused, PromptRefused

DATE = datetime.date(2025, 1, 1)
_TOO_MUCH = "uses more time or memory than a template may"


@dataclass(frozen=True, slots=True)
class ChatFormat:
    """How one model's conversations become text: its template with the special tokens it names, or plain text."""

    model: str
    template: str | None
    variables: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Rendered:
    """Texts in the order of the conversations; `folded` where system messages went into the user's turn."""

    texts: tuple[str, ...]
    folded: bool


def _plain(conversation: Conversation) -> str:
    """A base model reads the turns as paragraphs."""
    turns = [message.content for message in conversation.messages]
    return "\n\n".join([*turns, conversation.prefix] if conversation.prefix else turns)


def _fold(conversation: Conversation) -> Conversation:
    """The same conversation with the system message at the head of the first user's turn."""
    system = "\n\n".join(m.content for m in conversation.messages if m.role == "system")
    rest = [m for m in conversation.messages if m.role != "system"]
    if not system or not rest:
        return conversation
    first = Message(rest[0].role, f"{system}\n\n{rest[0].content}")
    return Conversation((first, *rest[1:]), conversation.prefix)


def _work(format_: ChatFormat, conversations: Sequence[Conversation]) -> list[dict[str, str]]:
    asked = {
        "template": format_.template,
        "variables": {**format_.variables, "date_string": DATE.strftime("%d %b %Y")},
        "date": DATE.isoformat(),
        "conversations": [
            [{"role": m.role, "content": m.content} for m in c.messages] for c in conversations
        ],
    }
    # -P: a folder that holds a hostile `jinja2.py` must not be able to lend it to the child.
    command = [sys.executable, "-P", str(Path(chat_worker.__file__))]
    try:
        done = subprocess.run(
            command,
            check=False,
            input=json.dumps(asked),
            capture_output=True,
            text=True,
            timeout=3 * seconds_for(len(conversations)),
        )
    except subprocess.TimeoutExpired:
        raise _refused(format_, _TOO_MUCH) from None
    if done.returncode != 0:
        raise _refused(format_, _TOO_MUCH)
    replies: list[dict[str, str]] = json.loads(done.stdout)
    return replies


def _refused(format_: ChatFormat, problem: str) -> SpecError:
    return SpecError([CheckpointRefused(model=format_.model, problem=f"has a chat template that {problem}")])


def _has_system(conversation: Conversation) -> bool:
    return any(message.role == "system" for message in conversation.messages)


@lru_cache(maxsize=64)
def _loses(model: str, template: str | None, variables: tuple[tuple[str, str], ...], words: str) -> bool:
    turns = (Message("system", words), Message("user", "Hello"))
    reply = _work(ChatFormat(model, template, dict(variables)), [Conversation(turns, "")])[0]
    return "error" in reply or words not in reply["text"]


def _loses_system(format_: ChatFormat, conversation: Conversation) -> bool:
    """Whether the template refuses a system message, or drops its words; asked once for each of its texts."""
    words = " ".join(m.content for m in conversation.messages if m.role == "system").strip()
    return _loses(format_.model, format_.template, tuple(sorted(format_.variables.items())), words)


def render(format_: ChatFormat, prompt: str, conversations: Sequence[Conversation]) -> Rendered:
    """The text of every conversation of one prompt for one model."""
    if format_.template is None:
        return Rendered(tuple(_plain(c) for c in conversations), folded=False)
    first = next((c for c in conversations if _has_system(c)), None)
    folded = first is not None and _loses_system(format_, first)
    asked = [_fold(c) for c in conversations] if folded else list(conversations)
    texts: list[str] = []
    for conversation, reply in zip(conversations, _work(format_, asked), strict=True):
        if "error" in reply:
            problem = f"is refused by the chat template of `{format_.model}`: {reply['error'][:200]}"
            raise SpecError([PromptRefused(prompt=prompt, problem=problem)])
        texts.append(reply["text"] + conversation.prefix)
    return Rendered(tuple(texts), folded)
