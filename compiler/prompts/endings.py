"""Which tokens end a model's turn: what its checkpoint says, and what its chat template writes after a turn.

Expects a checkpoint's files and tokenizer; no weights. Ensures ids of the model's vocabulary, each once, in order, and
that a template which cannot say how a turn ends adds nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache

from cyclspec.compiler.checkpoints.checkpoint import Checkpoint
from cyclspec.compiler.checkpoints.documents import read_object
from cyclspec.compiler.checkpoints.families import decoder_config
from cyclspec.compiler.checkpoints.refusal import refused
from cyclspec.compiler.prompts.chat import render
from cyclspec.compiler.prompts.messages import Conversation, Message
from cyclspec.compiler.prompts.tokens import Tokenizer
from cyclspec.language.diagnostics import SpecError

GENERATION = "generation_config.json"
_LIMIT = 2**20
_MOST_IDS = 64
_MARK = "Zebra"


def stop_ids(checkpoint: Checkpoint, tokenizer: Tokenizer, *, plain: bool) -> tuple[int, ...]:
    """The tokens that end a reply: of `generation_config.json`, `config.json`, the tokenizer, and the end of a turn.

    `plain` for a base model, which has no turns. Raises `SpecError` where the files name ids that are none.
    """
    found = set(_named(checkpoint))
    if tokenizer.end_id is not None:
        found.add(tokenizer.end_id)
    if not plain:
        found |= set(_end_of_turn(tokenizer))
    vocabulary = decoder_config(checkpoint.name, checkpoint.config).vocab_size
    return tuple(sorted(i for i in found if i < vocabulary))


def _named(checkpoint: Checkpoint) -> Iterator[int]:
    yield from _ids(checkpoint.name, "config.json", checkpoint.config)
    path = checkpoint.folder / GENERATION
    if path.is_file():
        yield from _ids(checkpoint.name, GENERATION, read_object(checkpoint.name, path, _LIMIT))


def _ids(model: str, file: str, facts: Mapping[str, object]) -> tuple[int, ...]:
    given = facts.get("eos_token_id")
    listed = given if isinstance(given, list) else [] if given is None else [given]
    ids = [one for one in listed if isinstance(one, int) and not isinstance(one, bool) and one >= 0]
    if len(ids) != len(listed) or len(ids) > _MOST_IDS:
        found = f"has `eos_token_id` = {given!r:.80} in its {file}"
        raise refused(model, f"{found}; it must be a token id, or a few")
    return tuple(ids)


@lru_cache(maxsize=64)
def _end_of_turn(tokenizer: Tokenizer) -> tuple[int, ...]:
    """The special token that the chat template writes after what an assistant says."""
    turns = (Message("user", _MARK), Message("assistant", _MARK), Message("user", _MARK))
    try:
        text = render(tokenizer.chat_format(plain=False), "end of turn", [Conversation(turns, "")]).texts[0]
    except SpecError:
        return ()
    pieces = text.split(_MARK)
    ids = tokenizer.special_ids(pieces[2].lstrip()) if len(pieces) == len(turns) + 1 else ()
    return ids[:1]
