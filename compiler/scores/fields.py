"""Fields of records as answers of their own, so that everything after sees choices and numbers.

Expects a typed audit. Ensures that `day.mood` is the answer of an ask of that name over the axes of `day`, and that
nothing else changes.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Literal

from cyclspec.language.types import kinds as k
from cyclspec.language.types import terms as h
from cyclspec.language.types import typed as d
from cyclspec.language.types.subterms import rewritten

DOT = "."


def with_fields(audit: d.TypedAudit) -> d.TypedAudit:
    """The audit as it is scored; one that is that already stays as it is."""
    names = {ask.name for ask in audit.asks}
    fields = tuple(field for ask in audit.asks for field in field_asks(ask) if field.name not in names)
    if not fields:
        return audit
    return replace(
        audit,
        asks=(*audit.asks, *fields),
        lets=tuple(replace(let, term=rewritten(let.term, _answer)) for let in audit.lets),
        measures=tuple(replace(one, term=rewritten(one.term, _answer)) for one in audit.measures),
        checks=tuple(replace(check, term=rewritten(check.term, _answer)) for check in audit.checks),
    )


def field_asks(ask: d.TypedAsk) -> Iterator[d.TypedAsk]:
    """Each field of a record as an ask that reads it alone."""
    if not isinstance(ask.type.kind, k.Record):
        return
    for name, kind in ask.type.kind.fields:
        type_ = replace(ask.type, kind=scored_kind(kind), optional=True)
        yield replace(ask, name=f"{ask.name}{DOT}{name}", type=type_)


def ask_of(name: str) -> str:
    """The ask that was asked, of an ask or of one of its fields."""
    return name.split(DOT, 1)[0]


def scored_kind(kind: k.Kind) -> k.Kind:
    """How a measure reads a field: a level is a choice, a truth value a number."""
    match kind:
        case k.Of(vocabulary) if vocabulary.levels:
            return k.Choice(vocabulary)
        case k.Bool():
            return k.Number()
    return kind


def _answer(term: h.Term) -> h.Term | None:
    if not isinstance(term, h.FieldTerm):
        return None
    kind = scored_kind(term.type.kind)
    field: Literal["value", "mass"] = "mass" if isinstance(kind, k.Number) else "value"
    type_ = replace(term.type, kind=kind)
    answer = h.AnswerTerm(type=type_, span=term.span, ask=f"{term.ask}{DOT}{term.field}", field=field)
    if not isinstance(term.type.kind, k.Bool):
        return answer
    one = h.Literal_(type=k.Type(k.Number()), span=term.span, value=1)
    return h.CompareTerm(type=term.type, span=term.span, op="==", left=answer, right=one)
