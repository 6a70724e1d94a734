"""The paragraph that a paper needs: the whole method in a few sentences, each of which a later section spells out."""

from __future__ import annotations

from collections.abc import Iterator

from cyclspec.language.types import terms as h
from cyclspec.language.types import typed as d
from cyclspec.language.types.subterms import subterms
from cyclspec.methods.blocks import Prose, counted, joined, listed, number, prose
from cyclspec.methods.facts import Facts
from cyclspec.methods.measured import spread
from cyclspec.runtime.store.tables import NO_ANSWER


def summary_prose(facts: Facts) -> Prose:
    """The method in one paragraph."""
    return joined((*_asked(facts), *_people(facts), *_measured(facts), *_checked(facts)))


def _asked(facts: Facts) -> Iterator[Prose]:
    names = [model["model"] for model in facts.environment["models"]]
    if names:
        yield (
            "The audit ",
            *listed([facts.audit.name]),
            f" asked {counted(len(names), 'model')} (",
            *listed(names),
            ").",
        )
    else:
        yield ("The audit ", *listed([facts.audit.name]), " scored answers that were recorded before.")
    answered = sum(row["status"] == "answered" for row in facts.answers)
    yield (f"Of {counted(len(facts.answers), 'cell')}, {number(answered)} have an answer.",)
    readers = dict.fromkeys(one["reader"] for one in facts.plan["asks"])
    yield ("Answers were read by ", *listed(list(readers)), ".")


def _people(facts: Facts) -> Iterator[Prose]:
    if not facts.people:
        return
    n, n_eff = (spread([row[column] for row in facts.people]) for column in ("n", "n_eff"))
    terms = [part for let in facts.audit.lets for part in subterms(let.term)]
    weights = sorted({term.weight for term in terms if isinstance(term, h.PeopleTerm) and term.weight})
    weighted: Prose = ("weighted by ", *listed(weights)) if weights else ("unweighted",)
    if n == "not known":
        yield ("They stand beside published distributions of people whose number is not known.",)
        return
    yield (
        f"They stand beside people's answers: n a cell {n} (least, median, most), effective n {n_eff}, ",
        *weighted,
        ".",
    )


def _measured(facts: Facts) -> Iterator[Prose]:
    yield ("Measures: ", *listed([measure.name for measure in facts.audit.measures]), ".")
    found = (measure.interval for measure in facts.audit.measures if measure.interval is not None)
    for level, draws, method in sorted({(one.level, one.draws, one.method) for one in found}):
        yield prose(f"Intervals are {level:.0%} {method} intervals of {draws} bootstrap draws.")
    missing = sum(row["n_missing"] for row in facts.measures)
    split = {column: sum(row[column] for row in facts.measures) for column in NO_ANSWER}
    reasons = [f"{number(count)} {NO_ANSWER[column]}" for column, count in split.items() if count]
    answers = f"; answers: {', '.join(reasons)}" if reasons else ""
    yield prose(f"Over all measures, {counted(missing, 'cell')} below them had no value{answers}.")
    most = [row["outside_most"] for row in facts.measures if row["outside_most"] is not None]
    if most:
        mean = max(row["outside"] for row in facts.measures if row["outside"] is not None)
        yield prose(
            f"Probability outside of the labels was at most {number(mean)} on average in any cell of a measure,"
            f" and at most {number(max(most))} for one answer."
        )


def _checked(facts: Facts) -> Iterator[Prose]:
    failed: list[d.TypedCheck] = [
        check
        for check in facts.audit.checks
        if any(row["check"] == check.name and row["passed"] is False for row in facts.checks)
    ]
    if failed:
        yield ("Checks that failed somewhere: ", *listed([check.name for check in failed]), ".")
    elif facts.audit.checks:
        yield (f"No check failed ({counted(len(facts.audit.checks), 'check')}).",)
    held = sum(row["withheld_by"] is not None for row in facts.measures)
    if held:
        yield (f"{counted(held, 'value')} of measures are withheld.",)
