"""How a request is read: the tokens whose probability is asked for, or how a text is to be written.

Expects token ids of one model's vocabulary. Holds everything about a reader that an answer depends on beside the
prompt, and nothing else: it is part of the request's key.
"""

from __future__ import annotations

from dataclasses import dataclass

from cyclspec.compiler.records.schema import RecordSchema


@dataclass(frozen=True, slots=True)
class Labels:
    """The next token is read: `ids` gives for each offered option the token ids whose probability counts for it."""

    ids: tuple[tuple[int, ...], ...]


@dataclass(frozen=True, slots=True)
class Options:
    """Every token of every option is read, in the order offered.

    `ids` is what an option adds to the prompt's tokens, one id or more; `byte_counts` is the length of its text in
    UTF-8. `context` is what an option follows where it is scored once more without the prompt, empty where it is not.
    """

    ids: tuple[tuple[int, ...], ...]
    byte_counts: tuple[int, ...]
    context: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Writing:
    """A text is written: drawn at `temperature` from the smallest set of tokens with probability `top_p`.

    At most `max_tokens` are written; any of `stop_ids` ends the text and is not part of it (a model that others run
    knows its own ends). `seed` gives the two words of the generator's key; at temperature 0 nothing is drawn. Nothing
    but the JSON of `record` can be written where there is one.
    """

    temperature: float
    top_p: float
    max_tokens: int
    stop_ids: tuple[int, ...]
    seed: tuple[int, int]
    record: RecordSchema | None = None


@dataclass(frozen=True, slots=True)
class Likeliest:
    """The next token is read of a model that others run, which tells of the likeliest `count` tokens alone."""

    count: int


Read = Labels | Options | Writing | Likeliest


def before_a_cell(temperature: float | str) -> float:
    """The temperature of a request that no cell has yet: one that differs between cells is put in with the seed."""
    return 1.0 if isinstance(temperature, str) else temperature
