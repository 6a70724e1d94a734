"""What of the axes and asks of an audit cannot run yet: everything is refused by name, all in one go.

Expects a typed audit. Ensures that whatever passes is scored or written by the engines, in every cell of its grid, and
that what an earlier answer tells a prompt is an answer, a level or a value of a table.
"""

from __future__ import annotations

from collections.abc import Iterator

from cyclspec.compiler.plan.sessions import session_refusals
from cyclspec.compiler.plan.upstream import is_upstream, named_lets
from cyclspec.compiler.records.conditions import uncheckable
from cyclspec.language.diagnostics.cy08_not_yet import NotLowered
from cyclspec.language.types import kinds as k
from cyclspec.language.types import terms as h
from cyclspec.language.types import typed as d

OPTION = "option"


def not_executable(audit: d.TypedAudit) -> tuple[NotLowered, ...]:
    """A refusal (CY0801) for each construct of `each` and `ask` that is checked and planned, and not run."""
    found = list(session_refusals(audit))
    found += [NotLowered(span=ask.span, what=what) for ask in audit.asks for what in _ask(ask)]
    told = (part for ask in audit.asks for _, term in ask.args for part in _told(audit, term))
    found += [NotLowered(span=term.span, what=f"telling `{term.span.text}` in a prompt") for term in told]
    return tuple(found)


def _ask(ask: d.TypedAsk) -> Iterator[str]:
    for field, check in ask.prompt.checks if isinstance(ask.reader, d.JsonReader) else ():
        for part in uncheckable(check):
            yield f"`{part.span.text}` in the condition of `{ask.name}.{field}`"
    if isinstance(ask.type.kind, k.Picks):
        yield f"reading several options, ask `{ask.name}`,"


def _told(audit: d.TypedAudit, term: h.Term) -> Iterator[h.Term]:
    """The parts of an argument, known only after an earlier ask, that cannot be told."""
    match term:
        case h.LetTerm(name=name):
            yield from _told(audit, named_lets(audit)[name])
        case h.PickTerm(of=of, at=at) if OPTION not in dict(at):
            yield from _told(audit, of)
        case h.LookupTerm(of=of, axis=axis, key=key) if axis != OPTION:
            yield from _told(audit, of)
            yield from _told(audit, key)
        case h.AnswerTerm(field="value" | "text") if isinstance(term.type.kind, k.Choice | k.Text | k.Picks):
            return
        case h.FieldTerm():
            return
        case _ if is_upstream(term):
            yield term
