"""The report of an import as data, as Markdown and for a terminal.

Expects the notes of an import and what it made. Ensures that Markdown and JSON hold every note, that the terminal
shows what somebody should look at and how much else there is, and that no text of the file reaches a terminal
unprintable.
"""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cyclspec.compiler.surveys.corpus import SurveyCorpus
from cyclspec.compiler.surveys.notes import Group, Note, State, Topic, first_of, grouped
from cyclspec.compiler.surveys.survey import SurveyFile

SCHEMA_VERSION = 1
REPORT_JSON, REPORT_MARKDOWN = "report.json", "report.md"
_SUBJECTS_SHOWN, _TERMINAL_SUBJECTS, _WIDTH = 40, 6, 110


@dataclass(frozen=True, slots=True)
class Report:
    """What was imported, from which file, and every note."""

    source: Mapping[str, Any]
    result: Mapping[str, Any]
    notes: tuple[Note, ...]

    def count(self, state: State) -> int:
        return sum(note.state is state for note in self.notes)


def report_of(survey: SurveyFile, corpus: SurveyCorpus, recipe: str, notes: Sequence[Note]) -> Report:
    """The report of one import. Nothing in it depends on the day, the machine or a folder."""
    source = {
        "file": survey.path.name,
        "format": survey.format,
        "sha256": survey.digest,
        "rows": survey.n_rows,
        "columns": len(survey.variables),
        "recipe": recipe or None,
    }
    result = {
        "corpus": corpus.name,
        "items": len(corpus.items),
        "ordinal_items": len(corpus.ordered_items),
        "nominal_items": len(corpus.unordered_items) - len(corpus.open_items),
        "open_items": len(corpus.open_items),
        "axes": {axis.name: len(axis.levels) for axis in corpus.axes},
        "people": 0 if corpus.people is None else len(corpus.people.keys),
        "answers": sum(len(found.person) for found in corpus.answers),
        "shares": len(corpus.shares),
    }
    return Report(source, result, tuple(notes))


def report_json(report: Report) -> bytes:
    data = {
        "schema_version": SCHEMA_VERSION,
        "source": dict(report.source),
        "result": dict(report.result),
        "counts": {state.value: report.count(state) for state in State},
        "notes": [_note(note) for note in report.notes],
    }
    return (json.dumps(data, ensure_ascii=False, indent=2) + "\n").encode("utf-8")


def _note(note: Note) -> dict[str, Any]:
    return {
        "topic": note.topic.value,
        "state": note.state.value,
        "subject": note.subject or None,
        "text": note.text,
        "settle": note.settle or None,
    }


def report_markdown(report: Report) -> bytes:
    """Every note, by topic; those to look at come first."""
    return ("\n".join(_markdown(report)) + "\n").encode("utf-8")


def _markdown(report: Report) -> Iterator[str]:
    source, result = report.source, report.result
    yield f"# Import of `{source['file']}`"
    yield ""
    recipe = f", recipe `{source['recipe']}`" if source["recipe"] else ""
    size = f"{source['rows']:,} rows, {source['columns']:,} columns"
    yield f"{source['format']}, {size}{recipe}. sha256 `{source['sha256']}`"
    yield ""
    yield f"It became corpus `{result['corpus']}`: {made_of(result)}."
    yield ""
    groups = list(grouped(report.notes))
    yield "## To look at"
    yield ""
    yield from _lists([group for group in groups if group.state is State.OPEN])
    yield "## What was decided and found"
    yield ""
    yield from _lists([group for group in groups if group.state is not State.OPEN])


def made_of(result: Mapping[str, Any]) -> str:
    """What a corpus holds, in one phrase."""
    said = [
        f"{count:,} {kind} item{'' if count == 1 else 's'}"
        for kind in ("ordinal", "nominal", "open")
        if (count := result[f"{kind}_items"])
    ]
    if result["people"]:
        said += [f"{result['people']:,} people", f"{result['answers']:,} answers"]
    if result["shares"]:
        said.append(f"{result['shares']:,} published distributions")
    if result["axes"]:
        said.append("axes " + ", ".join(f"{name} ({levels})" for name, levels in result["axes"].items()))
    return ", ".join(said)


def _lists(groups: Sequence[Group]) -> Iterator[str]:
    topic: Topic | None = None
    for group in groups:
        if group.topic is not topic:
            topic = group.topic
            yield f"### {topic.value.capitalize()}"
            yield ""
        yield f"- {_sentence(group, _SUBJECTS_SHOWN, code=True)}"
        yield ""
    if not groups:
        yield "Nothing."
        yield ""


def _sentence(group: Group, most: int, *, code: bool) -> str:
    sign = "`" if code else ""
    listed = first_of([f"{sign}{name}{sign}" for name in group.subjects], most)
    about = f"{listed}: " if listed else ""
    settle = f" To settle it: {sign}{group.settle}{sign}." if group.settle else ""
    return f"{about}{group.text}.{settle}"


def terminal_lines(report: Report) -> Iterator[str]:
    """What somebody should look at, in full sentences; the rest is counted by topic."""
    yield made_of(report.result)
    groups = [group for group in grouped(report.notes) if group.state is State.OPEN]
    if groups:
        yield ""
        yield "to look at:"
    for group in groups:
        said = f"{group.topic.value}: {_sentence(group, _TERMINAL_SUBJECTS, code=False)}"
        yield from _wrapped(said)
    yield ""
    yield f"decided by stated rules: {_counted(report.notes, State.DECIDED)}"


def _wrapped(text: str) -> Iterator[str]:
    """A sentence over lines that a terminal takes."""
    yield from textwrap.wrap(
        text,
        _WIDTH,
        initial_indent="  ",
        subsequent_indent="    ",
        break_long_words=False,
        break_on_hyphens=False,
    )


def _counted(notes: Iterable[Note], state: State) -> str:
    counts: dict[str, int] = {}
    for note in notes:
        if note.state is state:
            counts[note.topic.value] = counts.get(note.topic.value, 0) + 1
    return ", ".join(f"{topic} {count}" for topic, count in counts.items()) or "nothing"
