"""Published files to corpora: distributions by level, dilemmas, questionnaires.

Expects a survey file whose rows are records, and a layout that fits. Ensures items with two options or more that are
not missing, one distribution at most for each item and level, sums within the tolerance; what is left out is counted
and noted.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from cyclspec.compiler.data.contracts import Option
from cyclspec.compiler.data.shares import TOLERANCE
from cyclspec.compiler.surveys.corpus import Axis, AxisLevel, Item, Share
from cyclspec.compiler.surveys.deciding.identifiers import word
from cyclspec.compiler.surveys.deciding.wording import cut
from cyclspec.compiler.surveys.layouts.companions import Texts, companion_texts
from cyclspec.compiler.surveys.layouts.layout import Layout
from cyclspec.compiler.surveys.layouts.options import ItemOptions, options_of
from cyclspec.compiler.surveys.layouts.records import Record, records_of
from cyclspec.compiler.surveys.layouts.shares import Cell, cells_of
from cyclspec.compiler.surveys.notes import Notes, Topic, first_of, option
from cyclspec.compiler.surveys.reading.textual import plain
from cyclspec.compiler.surveys.refusals import refuse_file
from cyclspec.compiler.surveys.settings import Settings, matching
from cyclspec.compiler.surveys.survey import Limits, SurveyFile

_KEY = re.compile(r"[\w.-]{1,60}")
_ABBREVIATED = re.compile(r"[A-Z]{2,3}\Z")
_EXACT = 2e-6
_SHOWN = 5


@dataclass(frozen=True, slots=True)
class Published:
    """Items with their published distributions; dilemmas and questionnaires have none."""

    items: tuple[Item, ...]
    axes: tuple[Axis, ...]
    shares: tuple[Share, ...]
    shares_axis: str


@dataclass(slots=True)
class _Desk:
    """Items and distributions while the records come in."""

    survey: SurveyFile
    layout: Layout
    settings: Settings
    notes: Notes
    texts: Texts
    items: dict[str, Item] = field(default_factory=dict)
    by_text: dict[tuple[str, tuple[str, ...]], str] = field(default_factory=dict)
    shares: dict[tuple[str, str], Share] = field(default_factory=dict)
    refused: dict[str, list[str]] = field(default_factory=dict)
    rounded: int = 0
    words: dict[tuple[str, str], str] = field(default_factory=dict)

    def word(self, column: str, text: str | None) -> str:
        """A value of a column of the items as a level of its vocabulary; "" for nothing."""
        spelled = plain(text or "")
        if spelled and (column, spelled) not in self.words:
            taken = [level for (name, _), level in self.words.items() if name == column]
            self.words[column, spelled] = word(spelled, taken, column)
        return self.words[column, spelled] if spelled else ""

    def refuse(self, why: str, subject: str) -> None:
        self.refused.setdefault(why, []).append(subject)


def decide_published(survey: SurveyFile, layout: Layout, settings: Settings, notes: Notes) -> Published:
    """The corpus of a published file. Raises `SpecError` where nothing of it can be used."""
    desk = _Desk(survey, layout, settings, notes, companion_texts(survey.path, layout, notes))
    for number, group in enumerate(records_of(survey, layout), start=1):
        _take(desk, group, number)
    if not desk.items:
        refuse_file(survey.path, "has no record that can be an item", *_reasons(desk))
    _say(desk)
    axis = _axis(desk) if desk.shares else None
    return Published(
        items=tuple(desk.items.values()),
        axes=() if axis is None else (axis,),
        shares=tuple(desk.shares.values()),
        shares_axis="" if axis is None else axis.name,
    )


def _take(desk: _Desk, group: Sequence[Record], number: int) -> None:
    """One item from its records, with the distributions that they hold."""
    record = group[0]
    question = _question(desk, record)
    found = options_of(group, desk.layout, desk.texts)
    place = f"record {number}"
    if not question:
        desk.refuse("it has no question", place)
        return
    if desk.texts and (record.get(desk.layout.key) or "").casefold() not in desk.texts:
        desk.refuse("nothing words its options", record.get(desk.layout.key) or place)
        return
    if desk.layout.kind == "texts":
        found = ItemOptions((), (), False, "", True)
    elif found is None or sum(not o.missing for o in found.options) < 2:
        desk.refuse("it has no two options that are not missing", place)
        return
    key = _item(desk, record, question, found, number)
    for cell in cells_of(record, desk.layout, desk.survey.names, found):
        _share(desk, key, cell)


def _question(desk: _Desk, record: Record) -> str:
    text = record.get(desk.layout.question) or (
        "" if desk.layout.question in desk.survey.names else desk.layout.question
    )
    for hole, member in desk.layout.fills.items():
        text = text.replace(hole, record.get(member) or hole)
    for pattern in desk.layout.cut:
        text = re.sub(pattern, "", text, flags=re.DOTALL)
    return cut(plain(text), Limits().question_chars, text[:40], desk.notes)


def _item(desk: _Desk, record: Record, question: str, found: ItemOptions, number: int) -> str:
    """The key of the item that a record is about; the item is made where it is new."""
    codes = tuple(o.code for o in found.options)
    same = desk.by_text.get((question, codes)) if not desk.layout.key else None
    if same is not None:
        return same
    named = _KEY.match(record.get(desk.layout.key) or "") if desk.layout.key else None
    key = named[0] if named else f"q{len(desk.items) + 1:04d}"
    known = desk.items.get(key)
    if known is not None and known.question == question and _codes(known) == codes:
        return key
    if known is not None:
        desk.notes.open(
            Topic.WORDING, "several records have this key and other words; they are items of their own", key
        )
        key = _free(key, desk.items)
    desk.by_text[question, codes] = key
    desk.items[key] = _made(desk, record, key, question, found)
    return key


def _codes(item: Item) -> tuple[str, ...]:
    return tuple(o.code for o in item.options)


def _free(key: str, taken: Mapping[str, Item]) -> str:
    number = 2
    while f"{key}#{number}" in taken:
        number += 1
    return f"{key}#{number}"


def _made(desk: _Desk, record: Record, key: str, question: str, found: ItemOptions) -> Item:
    ordered, options, why, certain = found.ordered, found.options, found.why, found.certain
    for patterns, wanted in ((desk.settings.ordinal, True), (desk.settings.nominal, False)):
        if any(matching(pattern, [key]) for pattern in patterns):
            ordered, why, certain = wanted, "the command line says so", True
    if options:
        note = desk.notes.decided if certain else desk.notes.open
        settle = option(f"--{'nominal' if ordered else 'ordinal'}", key)
        note(Topic.SCALES, f"{'ordinal' if ordered else 'nominal'}: {why}", key, settle)
    for choice in options:
        if choice.missing:
            label = next(iter(choice.label.values()))
            desk.notes.decided(Topic.MISSING, f"by their words, kept as missing options: `{label[:40]}`", key)
    attributes = {
        name: found_word
        for name, member in desk.layout.attributes.items()
        if (found_word := desk.word(name, record.get(member)))
    }
    theme = desk.word("theme", record.get(desk.layout.theme)) if desk.layout.theme else ""
    return Item(key, question, _cut_labels(desk, options, key), ordered, theme, "", attributes)


def _cut_labels(desk: _Desk, options: Sequence[Option], key: str) -> tuple[Option, ...]:
    most = Limits().label_chars
    return tuple(
        Option(
            o.code,
            {lang: cut(text, most, key, desk.notes) for lang, text in o.label.items()},
            o.value,
            o.missing,
        )
        for o in options
    )


def _share(desk: _Desk, key: str, cell: Cell) -> None:
    """One distribution, if it is one."""
    where = f"{key} at {cell.level}"
    if cell.shares is None:
        desk.refuse(cell.problem, where)
        return
    total = sum(share for _, share in cell.shares)
    unit = 100.0 if total > 10.0 else 1.0
    deviation = abs(total / unit - 1.0)
    if not deviation <= TOLERANCE:
        desk.refuse(f"its shares do not sum to one within {TOLERANCE:.1%}", f"{where} ({total:.5g})")
        return
    if (key, cell.level) in desk.shares:
        desk.refuse("there is one already for this item and level; the first is kept", where)
        return
    desk.rounded += deviation > _EXACT
    desk.shares[key, cell.level] = Share(key, cell.level, tuple(cell.shares))


def _axis(desk: _Desk) -> Axis:
    """The levels of the distributions, in the order of the alphabet."""
    found = sorted({share.level for share in desk.shares.values()})
    levels: list[AxisLevel] = []
    taken: list[str] = []
    for code in found:
        taken.append(word(code, taken, desk.layout.axis))
        levels.append(AxisLevel(taken[-1], code, code))
    short = [code for code in found if _ABBREVIATED.match(code)]
    if 2 * len(short) > len(found):
        what = f"its levels are abbreviations, such as `{short[0]}`, and a prompt shows them so"
        desk.notes.open(Topic.LABELS, f"{what}: write their labels into the axis", desk.layout.axis)
    qualified = [code for code in found if "(" in code]
    if qualified:
        desk.notes.open(
            Topic.SHARES,
            f"{len(qualified)} of {len(found)} levels carry a remark, such as `{qualified[0]}`; they are levels of "
            "their own",
        )
    desk.notes.decided(Topic.DEMOGRAPHICS, f"an axis of {len(levels)} levels, nominal", desk.layout.axis)
    return Axis(desk.layout.axis, tuple(levels), doc=(desk.layout.axis_doc,) if desk.layout.axis_doc else ())


def _say(desk: _Desk) -> None:
    notes = desk.notes
    for why, places in desk.refused.items():
        listed = first_of(places, _SHOWN)
        notes.open(Topic.LEFT_OUT, f"left out because {why}: {len(places):,} ({listed})")
    if desk.layout.kind == "texts":
        notes.found(Topic.SCALES, "the questions are open: they have no options, and a text is asked for")
    if desk.layout.note:
        notes.found(Topic.RECIPE, desk.layout.note)
    if not desk.shares:
        notes.found(
            Topic.SHARES,
            "the file has no distributions of people: its items are asked, and compared with nobody",
        )
        return
    zeros = sum(share == 0 for found in desk.shares.values() for _, share in found.shares)
    notes.found(Topic.SHARES, f"{len(desk.shares):,} distributions; {zeros:,} of their shares are zero")
    notes.found(Topic.SHARES, "nothing says how many people they rest on: distances have no noise floor")
    if desk.rounded:
        notes.decided(
            Topic.SHARES,
            f"sums that miss one by rounding, at most {TOLERANCE:.1%}: {desk.rounded:,}; they are kept as they are "
            "published, and brought to one when they are read",
        )


def _reasons(desk: _Desk) -> Iterator[str]:
    for why, places in desk.refused.items():
        yield f"{len(places):,} records: {why}"
