"""Earlier turns of a conversation, and where they stand in it.

Expects a conversation that ends with what a user says now. Ensures that examples of the prompt stay before what was
really said.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from cyclspec.compiler.prompts.messages import Conversation, Message


@dataclass(frozen=True, slots=True)
class Turn:
    """What a user said and what was answered, as later turns are told it."""

    asked: str
    answered: str


def after_turns(conversation: Conversation, turns: Sequence[Turn]) -> Conversation:
    """A conversation with earlier turns before its last message."""
    *before, last = conversation.messages
    told = (
        message
        for turn in turns
        for message in (Message("user", turn.asked), Message("assistant", turn.answered))
    )
    return replace(conversation, messages=(*before, *told, last))
