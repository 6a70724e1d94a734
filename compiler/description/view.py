"""Facts of a corpus as tables that a person reads.

Ensures that every row of a table has its columns, that what has no rows is left out, and that what is cut
from a long table is counted. Numbers stay numbers: how they are shown is left to whoever prints them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from cyclspec.compiler.description.facts import (
    AnswersFacts,
    CellsFacts,
    CorpusFacts,
    PeopleFacts,
    PublishedFacts,
    Share,
)

_LONG = 40
_SHORT = 10
_SHARE = ("n", "n_eff", "unweighted", "weighted", "deff_weights", "se", "deff")

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Section:
    """One table under a title; `cut` rows more are not shown. Without rows, the title says it all."""

    title: str
    rows: tuple[Row, ...]
    cut: int = 0


def sections(facts: CorpusFacts, *, every: bool) -> Iterator[Section]:
    """The tables of one corpus; `every` shows all their rows, and the options of every item."""
    yield from _section("tables", [_table(facts, i) for i in range(len(facts.tables))], None)
    for people in facts.people:
        yield from _people(people, every=every)
    for answers in facts.answers:
        yield from _answers(answers, every=every)
    for published in facts.published:
        yield from _published(published, every=every)
    yield from _languages(facts)
    rows = [
        {"table": one.table, "what": one.kind, "repeat": one.count, "of": one.total}
        for one in facts.duplicates
    ]
    yield from _section("rows that say the same as another", rows, None)


def _section(title: str, rows: Sequence[Row], most: int | None) -> Iterator[Section]:
    """Columns that are empty in every row are left out."""
    if not rows:
        return
    used = [name for name in rows[0] if any(row[name] is not None for row in rows)]
    shown = rows if most is None else rows[:most]
    yield Section(title, tuple({name: row[name] for name in used} for row in shown), len(rows) - len(shown))


def _table(facts: CorpusFacts, i: int) -> Row:
    table = facts.tables[i]
    return {"table": table.table, "file": table.file, "rows": table.rows, "sha256": table.sha256[:12]}


def _people(people: PeopleFacts, *, every: bool) -> Iterator[Section]:
    design = people.design
    summary = {
        "n": people.n,
        "n_eff": round(people.n_eff),
        "weight": people.weight or "none",
        "deff_weights": people.n / people.n_eff if people.n else None,
        "strata": design.n_strata if design and design.strata else None,
        "clusters": design.n_clusters if design and design.cluster else None,
    }
    yield from _section(f"people of {people.table}", [summary], None)
    for cells in people.cells:
        yield from _cells(cells, people, every=every)
    if people.too_many_cells:
        yield Section(
            f"cells of {people.table}: {people.too_many_cells:,}, too many to list; declare a `target`", ()
        )
    rows = [
        {"axis": one.axis, "level": share.name, **_share(share)}
        for one in people.marginals
        for share in one.levels
    ]
    rows += [
        {"axis": one.axis, "level": "(none)", **dict.fromkeys(_SHARE), "n": one.n_without}
        for one in people.marginals
        if one.n_without
    ]
    yield from _section(f"marginals of {people.table}", rows, None if every else 2 * _LONG)
    weights = [
        {
            people.within or "people": found.level or "all",
            "n": found.n,
            "n_zero": found.n_zero,
            "mean": found.mean,
            "least": found.least,
            "largest": found.largest,
            "deff_weights": found.deff_weights,
        }
        for found in people.weights
    ]
    yield from _section(f"weights of {people.table}", weights, None if every else _LONG)


def _share(share: Share) -> Row:
    return {**{name: getattr(share, name) for name in _SHARE}, "n_eff": round(share.n_eff)}


def _cells(cells: CellsFacts, people: PeopleFacts, *, every: bool) -> Iterator[Section]:
    rows = [
        {
            **dict(zip(cells.axes, cell.levels, strict=True)),
            "n": cell.n,
            "n_eff": round(cell.n_eff),
            "share": cell.share,
            "": "empty" if cell.n == 0 else f"fewer than {cells.least}" if cell.n < cells.least else "",
        }
        for cell in cells.cells
    ]
    what = f"target {cells.target}" if cells.target else people.table
    counted = f"{cells.total:,} cells, {cells.empty:,} empty, {cells.small:,} with fewer than {cells.least}"
    yield from _section(f"cells of {what}: {counted}", rows, None if every else _LONG)


def _answers(answers: AnswersFacts, *, every: bool) -> Iterator[Section]:
    rows = [
        {
            "item": item.item,
            "n": item.n,
            "n_eff": round(item.n_eff),
            "n_missing": item.n_missing,
            "missing": item.missing,
            "n_absent": item.n_absent,
            "never chosen": ", ".join(item.never) or None,
            **{f"in {axis} (of {n})": item.asked_in[axis] for axis, n in answers.levels.items()},
        }
        for item in answers.items
    ]
    name = f"{answers.table}.{answers.column}"
    yield from _section(f"items of {name}", rows, None if every else _LONG)
    if every:
        options = [{"item": i.item, "option": s.name, **_share(s)} for i in answers.items for s in i.options]
        yield from _section(f"options of {name}", options, None)
    groups = [
        {
            "item": group.item,
            "axis": group.axis,
            "level": group.level,
            "n": group.n,
            "n_missing": group.n_missing,
            "missing": group.n_missing / group.n,
        }
        for group in sorted(answers.missing, key=lambda group: -group.n_missing / group.n)
        if group.n_missing
    ]
    yield from _section(f"most missing answers of {name} by group", groups, None if every else _SHORT)


def _published(published: PublishedFacts, *, every: bool) -> Iterator[Section]:
    name = f"{published.table}.{published.column}"
    rows = [
        {
            "item": item.item,
            "rows": item.rows,
            "missing": item.missing,
            "never chosen": ", ".join(item.never) or None,
            **{f"in {axis} (of {n})": item.asked_in[axis] for axis, n in published.levels.items()},
        }
        for item in published.items
    ]
    yield from _section(f"items of {name}", rows, None if every else _LONG)
    off = [
        {
            "row": one.row,
            "item": one.item,
            **dict(zip(published.axes, one.levels, strict=True)),
            "sum": 1 + one.deviation,
            "": "refused" if abs(one.deviation) > published.tolerance else "brought to 1",
        }
        for one in published.off
    ]
    title = f"sums of {name}: {len(off):,} of {published.rows:,} are not 1"
    yield from _section(title, off, None if every else _SHORT)


def _languages(facts: CorpusFacts) -> Iterator[Section]:
    every = sorted({lang for found in facts.languages for lang in found.have})
    rows = [
        {
            "texts": found.what,
            "total": found.total,
            **{lang: found.have.get(lang, 0) for lang in every},
            "in no language": found.plain or None,
        }
        for found in facts.languages
    ]
    yield from _section("languages", rows, None)
