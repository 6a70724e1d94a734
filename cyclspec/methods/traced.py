"""One answer of an audit in stages, from its first prompt to its last: what was said, what was written, what was read.

Expects the facts of a run. Ensures that every stage the answer depends on stands in the order it was asked in, with its
whole text, whether or not anything was read in it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from cyclspec.language.types import terms as h
from cyclspec.language.types import typed as d
from cyclspec.language.types.subterms import inner_terms
from cyclspec.methods.blocks import Block, Code, Heading, Paragraph, Prose, Quote, number
from cyclspec.methods.facts import Facts, Row


class NoTrace(Exception):
    """No answer is the one that a trace is wanted of."""


def trace_blocks(facts: Facts, wanted: Mapping[str, str] | None = None) -> Iterator[Block]:
    """How one answer came about; nothing where no ask tells the answer of another, unless one is `wanted`.

    `wanted` gives levels by axis, and may give the `ask`; without it the first answer of the last stage is shown.
    `NoTrace` where there is none such.
    """
    staged = max((ask.stage for ask in facts.audit.asks), default=1) > 1
    if not staged and wanted is None:
        return
    last = _chosen_ask(facts, dict(wanted or {}).get("ask"))
    row = _chosen_row(facts, last, {axis: level for axis, level in (wanted or {}).items() if axis != "ask"})
    yield Heading("One answer, stage by stage", 2)
    fixed = {axis: str(row[axis]) for axis in facts.axes_of(facts.answers) if row.get(axis) is not None}
    yield Paragraph(
        ("The answer of ", Code(last.name), " in the cell ", *_cell(fixed), ", and all that it was told.")
    )
    told = _told(facts.audit, last)
    for ask in (one for one in facts.audit.asks if one.name in told):
        yield from _stage(facts, ask, {**fixed, **told[ask.name]})


def _chosen_ask(facts: Facts, name: str | None) -> d.TypedAsk:
    """The ask of that name, or the last of those that depend on most stages."""
    asks = {ask.name: ask for ask in facts.audit.asks}
    if name is not None and name not in asks:
        raise NoTrace(f"there is no ask {name!r}; there are {', '.join(asks)}")
    return asks[name] if name is not None else max(asks.values(), key=lambda ask: ask.stage)


def _chosen_row(facts: Facts, ask: d.TypedAsk, levels: Mapping[str, str]) -> Row:
    """The first answer at some levels, or the first cell where none is answered."""
    unknown = sorted(set(levels) - ask.axes)
    if unknown:
        raise NoTrace(f"{ask.name} has no axis {unknown[0]!r}; it has {', '.join(sorted(ask.axes))}")
    rows = [
        row for row in facts.answers_of(ask.name) if all(row[axis] == level for axis, level in levels.items())
    ]
    if not rows:
        said = ", ".join(f"{axis}={level}" for axis, level in levels.items())
        raise NoTrace(f"{ask.name} has no cell {said}")
    return next((row for row in rows if row["status"] == "answered"), rows[0])


def _told(audit: d.TypedAudit, ask: d.TypedAsk) -> Mapping[str, Mapping[str, str]]:
    """The asks that an ask is told of, itself among them, with the levels at which it is told of them."""
    named = {read.name: read.term for read in audit.reads}
    asks = {one.name: one for one in audit.asks}
    found: dict[str, dict[str, str]] = {ask.name: {}}
    waiting: list[tuple[h.Term, dict[str, str]]] = [(term, {}) for _, term in ask.args]
    while waiting:
        term, levels = waiting.pop()
        match term:
            case h.PickTerm(of=of, at=at):
                waiting.append((of, levels | dict(at)))
            case h.LetTerm(name=name) if name in named:
                waiting.append((named[name], levels))
            case h.AnswerTerm(ask=name) | h.FieldTerm(ask=name) if name not in found:
                found[name] = levels
                waiting.extend((term, levels) for _, term in asks[name].args)
            case _:
                waiting.extend((part, levels) for part in inner_terms(term))
    return found


def _stage(facts: Facts, ask: d.TypedAsk, at: Mapping[str, str]) -> Iterator[Block]:
    here = {axis: at[axis] for axis in sorted(ask.axes) if axis in at}
    rows = [
        row for row in facts.answers_of(ask.name) if all(row[axis] == level for axis, level in here.items())
    ]
    yield Heading(f"Stage {ask.stage}: {ask.name}", 3)
    if not rows:
        yield Paragraph(("There is no such cell.",))
        return
    row = rows[0]
    request = next((one for one in facts.requests if one["request"] == row["request"]), None)
    if request is not None:
        for message in request["messages"]:
            yield Paragraph((f"{message['role']}:",))
            yield Quote(tuple(str(message["content"]).split("\n")))
        if request["prefix"]:
            yield Paragraph(("the model's own turn begins with:",))
            yield Quote(tuple(str(request["prefix"]).split("\n")))
    if row["text"]:
        yield Paragraph(("the model wrote:",))
        yield Quote(tuple(str(row["text"]).split("\n")))
    yield Paragraph(_read(row))


def _read(row: Row) -> Prose:
    """What was made of a reply."""
    tries = f", in try {row['attempts']}" if (row["attempts"] or 1) > 1 else ""
    if row["status"] != "answered":
        return ("Missing: ", Code(str(row["reason"])), f"{tries}.")
    if row["choice"] is not None:
        return ("Read as ", Code(str(row["choice"])), f"{tries}.")
    if row["probs"] is not None:
        shares = zip(row["codes"], row["probs"], strict=True)
        said = ", ".join(f"{code} {number(share)}" for code, share in shares)
        return ("Probabilities: ", Code(said), ".")
    lost = [one["field"] for one in row["fields"] or () if one["reason"]]
    return (f"Read whole{tries}.",) if not lost else ("Read but for ", Code(", ".join(lost)), f"{tries}.")


def _cell(levels: Mapping[str, str]) -> Prose:
    return (Code(", ".join(f"{axis} = {level}" for axis, level in levels.items())),)
