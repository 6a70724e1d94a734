"""What was measured: with whose answers models are compared, by which formulas, with which intervals and checks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from statistics import median_low
from typing import Any

from cyclspec.language.types import terms as h
from cyclspec.language.types import typed as d
from cyclspec.language.types.subterms import subterms
from cyclspec.methods.blocks import (
    Block,
    Bullets,
    Code,
    Heading,
    Paragraph,
    Piece,
    Prose,
    Table,
    joined,
    listed,
    number,
    one_line,
    prose,
)
from cyclspec.methods.facts import Facts, Metric
from cyclspec.runtime.report.notices import few_clusters
from cyclspec.runtime.store.tables import BESIDE


def people_blocks(facts: Facts) -> Iterator[Block]:
    """The people whose answers stand beside those of the models."""
    if not facts.people:
        return
    yield Heading("People", 2)
    rows: list[tuple[Prose, ...]] = []
    for name in dict.fromkeys(row["people"] for row in facts.people):
        mine = [row for row in facts.people if row["people"] == name]
        empty = sum(row["shares"] is None for row in mine)
        n, n_eff = (spread([row[column] for row in mine]) for column in ("n", "n_eff"))
        rows.append(((Code(name),), (number(len(mine)),), (number(empty),), (n,), (n_eff,)))
    head = ("distribution", "cells", "empty", "n: least, median, most", "effective n: least, median, most")
    yield Table(head, tuple(rows), frozenset({1, 2}))
    yield Bullets(tuple(_drawn(facts)))
    kish = "the effective n is Kish's: the sum of weights, squared, by the sum of squared weights"
    yield Paragraph((f"n counts the people in the denominator of a cell; {kish}.",))


def spread(values: Sequence[Any]) -> str:
    """The least, the median and the most of some numbers of a table, each of them one of these numbers."""
    known = [value for value in values if value is not None]
    if not known:
        return "not known"
    three = (min(known), median_low(known), max(known))
    return ", ".join(number(value) if isinstance(value, int) else f"{value:.1f}" for value in three)


def _drawn(facts: Facts) -> Iterator[Prose]:
    """How each distribution of people is taken."""
    seen: set[h.Term] = set()
    for let in facts.audit.lets:
        for term in subterms(let.term):
            if term in seen or not isinstance(term, h.PeopleTerm):
                continue
            seen.add(term)
            weight = f"weighted by `{term.weight}`" if term.weight else "unweighted"
            by = f" by {', '.join(f'`{name}`' for name in term.by)}" if term.by else ""
            yield joined(
                ((Code(let.name), ":"), prose(f"shares of `{term.table}.{term.column}`{by}, {weight}."))
            )


def measure_blocks(facts: Facts) -> Iterator[Block]:
    """The definitions of measures and of the metrics in them, intervals, the noise floor."""
    yield Heading("Measures", 2)
    for let in facts.audit.lets:
        yield Paragraph((Code(f"let {let.name} = {one_line(let.term.span.text)}"),))
    for measure in facts.audit.measures:
        by = f" by {', '.join(measure.by)}" if measure.by else ""
        head = f"measure {measure.name}{by} : {measure.unit.value} = {one_line(measure.term.span.text)}"
        yield Paragraph(joined(((Code(head),), _documented(measure.doc), _better(measure))))
    yield from _intervals(facts)
    yield from _tests(facts)
    if any(row["floor"] is not None for row in facts.measures):
        drawn = "people's shares are drawn again at their effective number (Dirichlet, half a pseudo-count an option)"
        told = (
            "the model is given the truth of each draw, and as many answers as it gave where they are counted"
        )
        yield Paragraph(
            prose(f"The `floor` of a measure is what a perfect model would get: {drawn}, {told}.")
        )
        said = "`uniform` gives every option the same share, `others` is the mean of all other people (left out: the"
        yield Paragraph(
            prose(
                f"{said} people themselves), and `shuffled` some other people: the measure without any model."
            )
        )
    yield from _metrics(facts.metrics)


def _better(measure: d.TypedMeasure) -> Prose:
    return () if measure.better is None else (f"{measure.better.capitalize()} is better.",)


def _documented(lines: Sequence[str]) -> Prose:
    """What a documentation comment says, its paragraphs one after the other."""
    return prose(one_line(" ".join(lines)))


def _intervals(facts: Facts) -> Iterator[Block]:
    found = [measure for measure in facts.audit.measures if measure.interval is not None]
    if not found:
        return
    items: list[Prose] = []
    for measure in found:
        assert measure.interval is not None
        draws, level, method = measure.interval.draws, measure.interval.level, measure.interval.method
        rows = [row for row in facts.measures if row["measure"] == measure.name]
        clusters = sorted({row["n_clusters"] for row in rows})
        resting = f" Clusters: {', '.join(map(str, clusters))}." if clusters else ""
        estimand = next((row["estimand"] for row in rows), "")
        pieces: list[Piece] = [
            Code(measure.name),
            f": {level:.0%} {method} interval of {draws} bootstrap draws over ",
            *listed([one.words for one in measure.interval.drawings]),
            f".{resting}",
            *((f" Estimand: {estimand}.",) if estimand else ()),
        ]
        items.append(tuple(pieces))
    yield Bullets(tuple(items))
    for one in few_clusters(facts.measures):
        about = f"{one.what.capitalize()} of "
        yield Paragraph((about, *listed(one.measures), f" {one.rest} ", *prose(f"{one.clusters}.")))


def _tests(facts: Facts) -> Iterator[Block]:
    """How p-values were found, and for how many cells they are adjusted."""
    items: list[Prose] = []
    for measure in facts.audit.measures:
        rows = [row for row in facts.measures if row["measure"] == measure.name]
        tested = [row for row in rows if row["p_value"] is not None]
        if measure.test is None or not tested:
            continue
        family = "1 cell" if len(tested) == 1 else f"{len(tested)} cells"
        adjusted = f", adjusted for {family} by {measure.adjust}" if measure.adjust else ""
        said = f": p-values by {tested[0]['test']}, {measure.test.draws} draws at most{adjusted}."
        items.append((Code(measure.name), said))
    if items:
        yield Bullets(tuple(items))


def _metrics(metrics: Sequence[Metric]) -> Iterator[Block]:
    if not metrics:
        return
    yield Heading("Definitions", 3)
    for metric in metrics:
        formula = f"{one_line(metric.head)} = {one_line(metric.formula)}"
        yield Paragraph(joined(((Code(formula),), _documented(metric.doc))))


def check_blocks(facts: Facts) -> Iterator[Block]:
    """The checks, and what they withheld."""
    yield Heading("Checks", 2)
    if not facts.audit.checks:
        yield Paragraph(("The audit has no checks.",))
        return
    rows = []
    for check in facts.audit.checks:
        mine = [row for row in facts.checks if row["check"] == check.name]
        counts = Counter(row["passed"] for row in mine)
        rows.append(
            (
                (Code(check.name),),
                (Code(one_line(check.term.span.text)),),
                (check.on_fail,),
                (number(counts[True]),),
                (number(counts[False]),),
                (number(counts[None]),),
                (check.because,),
            )
        )
    head = ("check", "condition", "on failure", "passed", "failed", "not evaluated", "because")
    yield Table(head, tuple(rows), frozenset({3, 4, 5}))
    held = Counter((row["withheld_by"], row["measure"]) for row in facts.measures if row["withheld_by"])
    if not held:
        yield Paragraph(("No measure was withheld.",))
        return
    yield Bullets(
        tuple(
            (Code(measure), f": {count} withheld by ", *listed(by.split(", ")))
            for (by, measure), count in held.items()
        )
    )


def result_blocks(facts: Facts) -> Iterator[Block]:
    """Every cell of every measure."""
    yield Heading("Results", 2)
    axes = facts.axes_of(facts.measures)
    wanted = ("low", "high", "floor", *BESIDE, "equal_n", "bound_low", "bound_high")
    shown = [name for name in wanted if any(row[name] is not None for row in facts.measures)]
    head = ("measure", *axes, "value", *shown, "unit", "used", "missing", "withheld by")
    rows = [
        (
            (Code(row["measure"]),),
            *((row[axis] or "",) for axis in axes),
            *((number(row[name]),) for name in ("value", *shown)),
            (row["unit"],),
            (number(row["n_used"]),),
            (number(row["n_missing"]),),
            (row["withheld_by"] or "",),
        )
        for row in facts.measures
    ]
    start = 1 + len(axes)
    numeric = {*range(start, start + 1 + len(shown)), len(head) - 3, len(head) - 2}
    yield Table(head, tuple(rows), frozenset(numeric))
