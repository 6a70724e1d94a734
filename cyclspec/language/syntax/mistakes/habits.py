"""How a mistake is told that a pattern finds: the signs of other languages, of typography, of spreadsheets.

Expects a broken text and the place where reading it stopped. Ensures that a mistake is only found at that place: a
pattern must cover it or end at it. Each row gives the sentence and what to write instead, with the groups of its
pattern filled in.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

import regex as re

from cyclspec.language.diagnostics import Diagnostic
from cyclspec.language.diagnostics import cy00_syntax as cy00
from cyclspec.language.diagnostics.mend import Mend, write
from cyclspec.language.diagnostics.wording import with_article
from cyclspec.language.syntax.mistakes.failure import Failure
from cyclspec.language.syntax.mistakes.literals import slug, type_of

_BEFORE, _AFTER, _AROUND = 300, 200, 1000
NAME = r"[^\W\d]\w*"
VALUE = r'[\w.%"-]+'
PATH = rf"{NAME}(?:[ \t]*\.[ \t]*{NAME})*"
LIST = rf"{NAME}(?:[ \t]*,[ \t]*{NAME})*"
VALUE_SIGN = cy00.ValueSignMissing.title


MADE = ("instead", "small", "small_a", "slug", "bare", "kind", "an_a", "an_b")
"""What a row can name besides the groups of its pattern: each is made of them."""


class Habit(NamedTuple):
    """One row. The group `at` of `pattern` goes under the carets; `inside` is found in what stands before.

    `put` is written in the place of the group `all`, or of `at`; `help` says so where `write `put`` does not.
    `words` gives more to fill in, by the text of `at`.
    """

    pattern: re.Pattern[str]
    sentence: str
    put: str | None
    help: str
    inside: re.Pattern[str] | None
    label: str
    note: str
    words: Mapping[str, str]


def row(
    pattern: str,
    sentence: str,
    put: str | None = None,
    help_: str = "",
    *,
    inside: str = "",
    label: str = "",
    note: str = "",
    words: Mapping[str, str] | None = None,
) -> Habit:
    """One row of a table."""
    around = re.compile(inside + r"\Z", re.MULTILINE) if inside else None
    return Habit(re.compile(pattern, re.MULTILINE), sentence, put, help_, around, label, note, words or {})


def shown_at(f: Failure, rows: Iterable[Habit]) -> Iterator[Diagnostic]:
    """What the rows say that the text shows where reading stopped, looking at nothing outside of the piece."""
    place = f.span.start
    start = max(f.piece.start, place - _BEFORE)
    window = f.source.text[start : min(f.piece.end, place + _AFTER)]
    for habit in rows:
        for match in habit.pattern.finditer(window):
            if match.start() <= place - start < match.end() and _stands(f, habit, start + match.start()):
                yield _filled(f, habit, match, start)
                break


def _stands(f: Failure, habit: Habit, start: int) -> bool:
    """Whether a match stands where its row says."""
    if habit.inside is None:
        return True
    return habit.inside.search(f.source.text[max(f.piece.start, start - _AROUND) : start]) is not None


def _filled(f: Failure, habit: Habit, match: re.Match[str], start: int) -> Diagnostic:
    given = _words(habit, match)
    span = f.place(start + match.start("at"), max(start + match.end("at"), start + match.start("at") + 1))
    mend = _mend(f, habit, match, start, given)
    if habit.sentence == VALUE_SIGN:
        return cy00.ValueSignMissing(span=span, helps=mend.helps, edits=mend.edits)
    return cy00.Unexpected(
        span=span,
        sentence=" ".join(habit.sentence.format_map(given).split()),
        label=habit.label.format_map(given),
        helps=mend.helps,
        notes=(habit.note,) if habit.note else (),
        edits=mend.edits,
    )


def _words(habit: Habit, match: re.Match[str]) -> dict[str, str]:
    """What the words of a row are filled in with: the groups of its pattern, and what is made of them."""
    given = {name: value or "" for name, value in match.groupdict().items()}
    at, a, b = given["at"], given.get("a", ""), given.get("b", "")
    made = (
        habit.words.get(at, ""),
        at.lower(),
        a.lower(),
        slug(b or at),
        at.replace("_", ""),
        type_of(given.get("c", "")),
        with_article(a),
        with_article(b),
    )
    return given | dict(zip(MADE, made, strict=True))


def _mend(f: Failure, habit: Habit, match: re.Match[str], start: int, given: Mapping[str, str]) -> Mend:
    says = habit.help.format_map(given)
    if habit.put is None:
        return Mend((says,) if says else ())
    group = "all" if "all" in match.re.groupindex else "at"
    span = f.place(start + match.start(group), start + match.end(group))
    mend = write(span, habit.put.format_map(given))
    return mend._replace(helps=(says,)) if says else mend
