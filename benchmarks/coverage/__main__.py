"""`make coverage-study`: six designs, 10,000 simulated audits for each number of clusters, into docs/statistics.md.

`python -m benchmarks.coverage --worlds 1000 --only crossed` for a part; what is measured is printed as it comes, and
written to the page by `--write`.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from benchmarks.coverage.designs import DESIGNS
from benchmarks.coverage.study import Coverage, covered

PAGE: Final = Path(__file__).parents[2] / "docs" / "statistics.md"
CLUSTERS: Final = (5, 10, 20, 30, 50)
BEGIN, END = "<!-- begin coverage -->", "<!-- end coverage -->"


def table(found: Sequence[Coverage]) -> Iterator[str]:
    """The lines of the page's table."""
    yield "| design | clusters | percentile | t | width, percentile | width, t |"
    yield "|---|---:|---:|---:|---:|---:|"
    for one in found:
        held = [f"{100.0 * one.held[method]:.1f} %" for method in ("percentile", "t")]
        width = [f"{one.width[method]:.2f}" for method in ("percentile", "t")]
        yield f"| {one.design} | {one.clusters} | {' | '.join((*held, *width))} |"
    tested = [one for one in found if one.rejected is not None]
    if tested:
        yield ""
        yield "| design | clusters | p-values up to 5 % |"
        yield "|---|---:|---:|"
        yield from (f"| {one.design} | {one.clusters} | {100.0 * one.rejected:.1f} % |" for one in tested)


def written(page: str, found: Sequence[Coverage]) -> str:
    """The page with these figures between its marks."""
    head, rest = page.split(BEGIN)
    _, tail = rest.split(END)
    lines = "\n".join(table(found))
    return f"{head}{BEGIN}\n\n{lines}\n\n{END}{tail}"


def main() -> None:
    """Runs what is asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--worlds", type=int, default=10_000, help="simulated audits for each row")
    parser.add_argument("--only", nargs="*", default=[], help="names of designs")
    parser.add_argument("--write", action="store_true", help="write the table to docs/statistics.md")
    asked = parser.parse_args()
    found = []
    for design in DESIGNS:
        if asked.only and design.name not in asked.only:
            continue
        for clusters in CLUSTERS:
            start = time.monotonic()
            one = covered(design, clusters, asked.worlds)
            found.append(one)
            held = ", ".join(f"{method} {100.0 * share:.2f} %" for method, share in one.held.items())
            said = "" if one.rejected is None else f", p <= 5 % in {100.0 * one.rejected:.2f} %"
            seconds = time.monotonic() - start
            sys.stdout.write(f"{design.name}, {clusters} clusters: {held}{said} ({seconds:.0f} s)\n")
            sys.stdout.flush()
    if asked.write:
        PAGE.write_text(written(PAGE.read_text(encoding="utf-8"), found), encoding="utf-8")


if __name__ == "__main__":
    main()
