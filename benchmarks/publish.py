"""Puts the tables of the last run into docs/performance.md: `python -m benchmarks.publish`.

Expects records under `build/bench`, those of a GPU under `build/bench/gpu`, and a page with a pair of marks for each.
Ensures that nothing else of the page changes, and that tables of a device of which nothing is recorded here stay.
"""

from __future__ import annotations

from pathlib import Path

import click

from benchmarks.cases import CASES, ON_A_GPU
from benchmarks.checkpoints import RESULTS, ROOT
from benchmarks.records import Records


def marks(name: str) -> tuple[str, str]:
    """The lines between which the tables of a device stand."""
    return f"<!-- measured on a {name} -->", f"<!-- end of what was measured on a {name} -->"


def published(page: str, tables: str, name: str) -> str:
    """The page with other tables of a device between its marks, their headings one level down.

    Raises:
        click.ClickException: the page lacks its marks.
    """
    opening, closing = marks(name)
    before, begin, rest = page.partition(opening)
    _, end, after = rest.partition(closing)
    if not begin or not end:
        raise click.ClickException(f"the page needs the lines `{opening}` and `{closing}`")
    lowered = tables.replace("\n## ", "\n### ")
    return f"{before}{begin}\n\n{lowered.strip()}\n\n{end}{after}"


@click.command()
@click.option("--records", type=click.Path(path_type=Path), default=ROOT / "build" / "bench")
def main(records: Path) -> None:
    """Writes what was measured into the page on performance."""
    page = RESULTS.read_text(encoding="utf-8")
    for name, folder, cases in (("CPU", records, CASES), ("GPU", records / "gpu", ON_A_GPU)):
        found = Records(folder)
        if found.has_any(cases):
            page = published(page, found.page(cases), name)
            click.echo(f"the tables of a {name} are those of {folder}")
        else:
            click.echo(f"the tables of a {name} stay as they are: nothing is recorded in {folder}")
    RESULTS.write_text(page, encoding="utf-8")


if __name__ == "__main__":
    main()
