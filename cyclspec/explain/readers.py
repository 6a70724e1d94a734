"""How a reply becomes an answer, in the words of the spec: readers, policies on missing answers, histories."""

from __future__ import annotations

from collections.abc import Iterator
from typing import assert_never

from cyclspec.language.types import typed as d


def _drawn(reader: d.Sampled | d.TextReader | d.JsonReader) -> str:
    top = "" if reader.top_p == 1 else f", top_p = {reader.top_p:g}"
    heat = reader.temperature if isinstance(reader.temperature, str) else f"{reader.temperature:g}"
    return f"temperature = {heat}{top}, max_tokens = {reader.max_tokens}"


def reader_text(ask: d.TypedAsk) -> str:
    """The reader of an ask with its settings: `first_token(letters)`."""
    reader = ask.reader
    match reader:
        case d.FirstToken(labels=labels, variants=variants):
            return f"first_token({labels}{', union' if variants == 'union' else ''})"
        case d.OptionLikelihood(normalise=normalise, boundary=boundary):
            rest = "" if boundary == "joint" else f", {boundary}"
            return f"option_likelihood({normalise}{rest})"
        case d.Sampled():
            return f"sampled({_drawn(reader)})"
        case d.TextReader():
            return f"text({_drawn(reader)})"
        case d.JsonReader():
            return f"json({_drawn(reader)}{'' if reader.constrained else ', free'})"
        case d.Recorded(table=table, column=column):
            return f"recorded({table}.{column})"
        case _:
            assert_never(reader)


def policy_text(ask: d.TypedAsk) -> Iterator[str]:
    """What else an ask says: parsers, what becomes of missing answers, and the turns it remembers."""
    if ask.parse:
        yield f"parsed by {', '.join(ask.parse)}"
    if ask.missing is not None:
        yield f"missing = retry({ask.retries})" if ask.missing == "retry" else f"missing = {ask.missing}"
    if ask.history is not None:
        per = "" if ask.history.per is None else f", drawn per {', '.join(ask.history.per)}"
        yield f"remembers {ask.history.low}..{ask.history.high} turns along {ask.history.along}{per}"
