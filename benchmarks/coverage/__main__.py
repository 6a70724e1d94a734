"""`make coverage-study`: six designs, 10,000 simulated audits for each number of clusters, into docs/statistics.md.

`python -m benchmarks.coverage --worlds 1000 --only crossed --clusters 2 3` for a part; what is measured is printed as
it comes. `--write` puts these rows into the page's tables, whose other rows stay.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from benchmarks.coverage.designs import DESIGNS
from benchmarks.coverage.study import METHODS, Coverage, covered

PAGE: Final = Path(__file__).parents[2] / "docs" / "statistics.md"
BEGIN, END = "<!-- begin coverage -->", "<!-- end coverage -->"
HELD: Final = (
    "| design | clusters | percentile | t | width, percentile | width, t |\n|---|---:|---:|---:|---:|---:|"
)
REJECTED: Final = "| design | clusters | p-values up to 5 % |\n|---|---:|---:|"

Rows = dict[tuple[str, int], str]
"""Lines of a table by design and number of clusters."""


def held(one: Coverage) -> str:
    """The row of one design in the table of intervals."""
    shares = [f"{100.0 * one.held[method]:.1f} %" for method in METHODS]
    width = [f"{one.width[method]:.2f}" for method in METHODS]
    return f"| {one.design} | {one.clusters} | {' | '.join((*shares, *width))} |"


def rejected(one: Coverage) -> str:
    """The row of one design in the table of p-values."""
    return f"| {one.design} | {one.clusters} | {100.0 * (one.rejected or 0.0):.1f} % |"


def recorded(page: str, head: str) -> Rows:
    """The rows below this head that stand between the marks of the page."""
    _, *rest = page.split(BEGIN)[1].split(END, maxsplit=1)[0].split(head)
    lines = rest[0].split("\n\n")[0].split("\n") if rest else []
    cells = [(line, line.split("|")) for line in lines if line]
    return {(cell[1].strip(), int(cell[2])): line for line, cell in cells}


def _table(head: str, rows: Rows) -> str:
    """Rows in the order of the study; those of designs that it has no more are left out."""
    places = ((design.name, clusters) for design in DESIGNS for clusters in design.counts)
    return "\n".join((head, *(rows[place] for place in places if place in rows)))


def written(page: str, found: Sequence[Coverage]) -> str:
    """The page with these figures between its marks, beside those of it that were not measured anew."""
    intervals = recorded(page, HELD) | {(one.design, one.clusters): held(one) for one in found}
    tested = [one for one in found if one.rejected is not None]
    p_values = recorded(page, REJECTED) | {(one.design, one.clusters): rejected(one) for one in tested}
    tables = [_table(HELD, intervals), *([_table(REJECTED, p_values)] if p_values else [])]
    before, after = page.split(BEGIN, maxsplit=1)[0], page.split(END)[1]
    return "\n\n".join((before + BEGIN, *tables, END + after))


def main() -> None:
    """Runs what is asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--worlds", type=int, default=10_000, help="simulated audits for each row")
    parser.add_argument("--only", nargs="*", default=[], choices=[one.name for one in DESIGNS])
    parser.add_argument(
        "--clusters",
        nargs="*",
        default=[],
        type=int,
        choices=sorted({n for one in DESIGNS for n in one.counts}),
    )
    parser.add_argument("--write", action="store_true", help="write these rows to docs/statistics.md")
    asked = parser.parse_args()
    found = []
    for design in DESIGNS:
        if asked.only and design.name not in asked.only:
            continue
        for clusters in design.counts:
            if asked.clusters and clusters not in asked.clusters:
                continue
            start = time.monotonic()
            one = covered(design, clusters, asked.worlds)
            found.append(one)
            shares = ", ".join(f"{method} {100.0 * share:.2f} %" for method, share in one.held.items())
            said = "" if one.rejected is None else f", p <= 5 % in {100.0 * one.rejected:.2f} %"
            seconds = time.monotonic() - start
            sys.stdout.write(f"{design.name}, {clusters} clusters: {shares}{said} ({seconds:.0f} s)\n")
            sys.stdout.flush()
    if asked.write:
        PAGE.write_text(written(PAGE.read_text(encoding="utf-8"), found), encoding="utf-8")


if __name__ == "__main__":
    main()
