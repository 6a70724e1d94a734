"""The options that a record of a published file gives its item, and whether they have an order.

Expects the records of one item. Ensures distinct codes; an option whose words stand for no answer has the flag
`missing`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from cyclspec.compiler.data.contracts import Option
from cyclspec.compiler.surveys.deciding.scales import Choices, Evidence, KnownScale, ordering
from cyclspec.compiler.surveys.deciding.words import unanswered
from cyclspec.compiler.surveys.layouts.cells import percentages_of, texts_of
from cyclspec.compiler.surveys.layouts.companions import Texts
from cyclspec.compiler.surveys.layouts.layout import Layout
from cyclspec.compiler.surveys.layouts.records import Record
from cyclspec.compiler.surveys.reading.textual import plain

_NUMBERED = re.compile(
    r"(?:^|[\s,.?])(?P<code>\d{1,2}):\s*(?P<label>.+?)(?=[,;.]?\s+\d{1,2}:\s|[.\s]*\Z)", re.DOTALL
)
_QUOTED = re.compile(r"[‘'](?P<code>\d{1,2})[’'] (?:being|meaning|for|means|is)\s+[‘'](?P<label>[^’']+)[’']")
_WIDEST = 60
Pair = tuple[str, str]


@dataclass(frozen=True, slots=True)
class ItemOptions:
    """Options in their order, missing ones last; `listed` are their codes in the order of the file."""

    options: tuple[Option, ...]
    listed: tuple[str, ...]
    ordered: bool
    why: str
    certain: bool


def options_of(group: Sequence[Record], layout: Layout, texts: Texts) -> ItemOptions | None:
    """The options of an item, `texts` those of a companion; None where its records give none."""
    pairs = _pairs(group, layout, texts)
    if not pairs:
        return None
    pairs = _distinct(pairs)
    gone = {code for code, label in pairs if unanswered(label) is not None}
    codes = tuple(code for code, _ in pairs if code not in gone)
    labels = dict(pairs)
    choices = ordering(
        codes, labels, Evidence(KnownScale(ordered=_known_order(group[0], layout)), standing=True)
    )
    return _made(choices, labels, pairs, gone)


def _made(choices: Choices, labels: Mapping[str, str], pairs: Sequence[Pair], gone: set[str]) -> ItemOptions:
    kept = [
        Option(code, {"": labels[code]}, float(at) if choices.ordered else None)
        for at, code in enumerate(choices.codes, start=1)
    ]
    lost = [Option(code, {"": label}, None, missing=True) for code, label in pairs if code in gone]
    listed = tuple(code for code, _ in pairs)
    return ItemOptions((*kept, *lost), listed, choices.ordered, choices.why, choices.certain)


def _known_order(record: Record, layout: Layout) -> bool | None:
    if layout.scale_kind:
        return (record.get(layout.scale_kind) or "").strip().casefold() == "y"
    return layout.ordered


def _pairs(group: Sequence[Record], layout: Layout, texts: Texts) -> list[Pair]:
    """Codes and labels as the layout has them."""
    record = group[0]
    if layout.fixed:
        own = texts.get((record.get(layout.key) or "").casefold(), ())
        worded = len(own) == len(layout.fixed)
        return [(code, own[at] if worded else label) for at, (code, label) in enumerate(layout.fixed)]
    if layout.scale_low:
        return _range(record, layout)
    if layout.kind == "options":
        found = [(_words(r, layout.option_code), _words(r, layout.options[0])) for r in group]
        return [(code, text) for code, text in found if code and text]
    if len(layout.options) > 1:
        return [(member, text) for member in layout.options if (text := _words(record, member))]
    if not layout.options:
        return []
    listed = texts_of(record.get(layout.options[0]) or "")
    return [(text, text) for text in map(plain, listed or ()) if text]


def _words(record: Record, member: str) -> str:
    return plain(record.get(member) or "")


def _distinct(pairs: Iterable[Pair]) -> list[Pair]:
    """Codes that differ: one that is there already gets `#2`."""
    taken: set[str] = set()
    found: list[Pair] = []
    for code, label in pairs:
        own, number = code, 2
        while own in taken:
            own, number = f"{code}#{number}", number + 1
        taken.add(own)
        found.append((own, label))
    return found


def _range(record: Record, layout: Layout) -> list[Pair]:
    """Whole numbers from a lowest to a highest, and those that the distributions hold, labelled by the question."""
    ends = [record.get(layout.scale_low) or "", record.get(layout.scale_high) or ""]
    if not all(re.fullmatch(r"-?\d{1,4}", end) for end in ends):
        return []
    low, high = int(ends[0]), int(ends[1])
    if not 0 < high - low < _WIDEST:
        return []
    codes = {str(number) for number in range(low, high + 1)}
    for cell in record.values():
        codes |= (percentages_of(cell or "") or {}).keys() if "{" in (cell or "") else set()
    labels = _labels(record.get(layout.question) or "")
    whole = sorted((code for code in codes if re.fullmatch(r"-?\d{1,4}", code)), key=int)
    return [(code, labels.get(code, code)) for code in whole]


def _labels(question: str) -> dict[str, str]:
    """Labels that a question itself gives to numbers: `1: Yes, 2: No`, `'1' being 'Very important'`."""
    found = {m["code"]: plain(m["label"]).rstrip(" ,.") for m in _NUMBERED.finditer(question)}
    found |= {m["code"]: plain(m["label"]) for m in _QUOTED.finditer(question)}
    return {code: label for code, label in found.items() if label}
