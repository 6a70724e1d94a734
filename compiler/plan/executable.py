"""What of the axes and asks of an audit cannot run yet: everything is refused by name, all in one go.

Expects a typed audit. Ensures that whatever passes is asked by the first-token engine, in every cell of its grid.
"""

from __future__ import annotations

from collections.abc import Iterator

from cyclspec.language.diagnostics.cy08_not_yet import NotLowered
from cyclspec.language.types import typed as d


def not_executable(audit: d.TypedAudit) -> tuple[NotLowered, ...]:
    """A refusal (CY0801) for each construct of `each` and `ask` that is checked and planned, and not run."""
    found = [NotLowered(span=each.span, what=what) for each in audit.eaches for what in _source(each.source)]
    found += [NotLowered(span=ask.span, what=what) for ask in audit.asks for what in _ask(ask)]
    return tuple(found)


def _source(source: d.AxisSource) -> Iterator[str]:
    match source:
        case d.WavesSource(count=count) if count > 1:
            yield f"`waves` of {count} dated sessions"


def _ask(ask: d.TypedAsk) -> Iterator[str]:
    reader = _reader(ask.reader)
    if reader:
        yield f"the reader `{reader}` of ask `{ask.name}`"
    if ask.stage > 1:
        yield f"stage {ask.stage}, ask `{ask.name}` on earlier answers,"
    if ask.history is not None:
        yield f"the `history` of ask `{ask.name}`"


def _reader(reader: d.Reader) -> str:
    match reader:
        case d.FirstToken():
            return ""
        case d.OptionLikelihood():
            return "option_likelihood"
        case d.Sampled():
            return "sampled"
        case d.TextReader():
            return "text"
        case d.JsonReader():
            return "json"
        case d.Recorded():
            return "recorded"
