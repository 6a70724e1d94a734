"""What a reader of measures must know beside the numbers: how sure they are, what was withheld, where clusters are few.

Expects the tables of measures and checks. Ensures that each fact is said once, however many cells it holds for.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import pyarrow as pa

from cyclspec.compiler.scores.few_clusters import NO_INTERVAL, SUCH
from cyclspec.compiler.scores.tables import VERSION_DRIFT
from cyclspec.runtime.store.tables import LOST_DRAWS, UNBOUNDED

Rows = Sequence[Mapping[str, Any]]
MUCH_OUTSIDE = 0.05
"""Probability outside of the labels of which a reader is told."""


def notices(measures: pa.Table, checks: pa.Table) -> list[str]:
    """Lines to stand below the table of measures."""
    rows = measures.to_pylist()
    return [
        *_checks(checks.to_pylist()),
        *_intervals(rows),
        *_tests(rows),
        *_few(rows),
        *_biased(rows),
        *_lost(rows),
        *_unbounded(rows),
        *_outside(rows),
    ]


def _checks(rows: Rows) -> Iterator[str]:
    for name in dict.fromkeys(row["check"] for row in rows if row["passed"] is False):
        failing = [row for row in rows if row["check"] == name and row["passed"] is False]
        because = f": {failing[0]['because']}" if failing[0]["because"] else ""
        yield f"check {name} failed in {len(failing)} cells ({failing[0]['on_fail']}){because}"
    for name in dict.fromkeys(row["check"] for row in rows if row["passed"] is None):
        count = sum(row["check"] == name and row["passed"] is None for row in rows)
        yield f"check {name} could not be evaluated in {count} cells, and withholds nothing there"


def _intervals(rows: Rows) -> Iterator[str]:
    """What intervals are of, the measures that share a line together."""
    shared: dict[tuple[Any, ...], dict[str, None]] = {}
    for row in rows:
        if row["low"] is not None:
            facts = (row["interval"], row["draws"], row["estimand"])
            shared.setdefault(facts, {})[row["measure"]] = None
    for (interval, draws, estimand), names in shared.items():
        yield f"intervals of {', '.join(names)}: {interval}, {draws} draws, for {estimand}"


def _tests(rows: Rows) -> Iterator[str]:
    tested = {row["measure"]: row for row in rows if row["p_value"] is not None}
    for name, row in tested.items():
        family = sum(one["measure"] == name and one["p_value"] is not None for one in rows)
        cells = "1 cell" if family == 1 else f"{family} cells"
        adjusted = f", adjusted for {cells} by {row['adjust']}" if row["adjust"] else ""
        yield f"p-values of {name}: {row['test']}{adjusted}"


def _few(rows: Rows) -> Iterator[str]:
    for one in few_clusters(rows):
        yield f"{one.what} of {', '.join(one.measures)} {one.rest} {one.clusters}"


class Few(NamedTuple):
    """That `what` of some `measures` rests on few `clusters`, with what that means; `rest` says in which cells."""

    what: str
    measures: tuple[str, ...]
    rest: str
    clusters: str


def few_clusters(rows: Rows) -> Iterator[Few]:
    """The worst of each measure: intervals on few clusters, and cells that have none for one reason.

    Of intervals those are the worst that held the truth least often, else those on the fewest clusters.
    """
    told: dict[tuple[str, str, str], list[tuple[int, int, str]]] = {}
    for row in rows:
        for part in (row["warning"] or "").split("; "):
            _, _, rest = part.partition(": ")
            what, kind = ("intervals", "") if rest.startswith(SUCH) else ("cells", rest)
            if rest.startswith((SUCH, NO_INTERVAL)):
                found = told.setdefault((what, kind, row["measure"]), [])
                found.append((_held(rest), row["n_clusters"], part))
    same: dict[tuple[str, str, str], list[str]] = {}
    for (what, _, measure), parts in told.items():
        *_, worst = min(parts)
        rest = "rest on" if all(part == worst for *_, part in parts) else "rest in some cells on"
        same.setdefault((what, rest, worst), []).append(measure)
    for (what, rest, worst), names in same.items():
        yield Few(what, tuple(dict.fromkeys(names)), rest, worst)


def _held(words: str) -> int:
    """How often such intervals held the truth, in percent; all of them where nobody knows."""
    share = re.search(r"as few as (\d+) %", words)
    return int(share[1]) if share else 100


def _lost(rows: Rows) -> Iterator[str]:
    names = _warned(rows, LOST_DRAWS)
    if names:
        yield f"some draws of {names} {LOST_DRAWS} (`warning`)"


def _unbounded(rows: Rows) -> Iterator[str]:
    names = _warned(rows, UNBOUNDED)
    if names:
        yield f"cells of {names} have no bound: {UNBOUNDED}"


def _warned(rows: Rows, words: str) -> str:
    """The measures that say so in their warnings."""
    return ", ".join(dict.fromkeys(row["measure"] for row in rows if words in (row["warning"] or "")))


def _biased(rows: Rows) -> Iterator[str]:
    biased = [row for row in rows if row["low"] is not None and abs(row["bias"]) > row["error"] / 4.0]
    if biased:
        names = ", ".join(dict.fromkeys(row["measure"] for row in biased))
        yield f"draws of {names} lie off the value by more than a quarter of its standard error (`bias`)"


def _outside(rows: Rows) -> Iterator[str]:
    """Where models would rather have said something else than a label."""
    much = [row for row in rows if (row.get("outside") or 0.0) > MUCH_OUTSIDE]
    if much:
        names = ", ".join(dict.fromkeys(row["measure"] for row in much))
        mean, most = (max(row[column] for row in much) for column in ("outside", "outside_most"))
        yield (
            f"answers behind {names} have up to {100 * mean:.0f} % of their probability outside of the labels,"
            f" one of them {100 * most:.0f} %"
        )


def session_lines(environment: Mapping[str, Any], measures: pa.Table) -> Iterator[str]:
    """The days of dated sessions, and the models of which other weights answered in a later one."""
    sessions = environment.get("sessions", ())
    if not sessions:
        return
    days = ", ".join(f"{one['session']} on {one['day']}" for one in sessions)
    yield f"answered: session {days}"
    rows = measures.to_pylist()
    names = ", ".join(
        dict.fromkeys(row["measure"] for row in rows if row["sessions_differ_by"] == VERSION_DRIFT)
    )
    for model, places in _versions(sessions).items():
        if len(places) > 1:
            each = "; ".join(f"{version[:12]} in {', '.join(found)}" for version, found in places.items())
            yield f"{VERSION_DRIFT}: {model} was {each}" + (f"; see {names}" if names else "")


def _versions(sessions: Rows) -> Mapping[str, Mapping[str, list[str]]]:
    """The sessions in which each version of each model answered."""
    found: dict[str, dict[str, list[str]]] = {}
    for session in sessions:
        for one in session["models"]:
            version = " ".join((one["digest"], *one["served"]))
            found.setdefault(one["model"], {}).setdefault(version, []).append(session["session"])
    return found
