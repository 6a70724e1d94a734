"""Puts the tables of the last run into docs/performance.md: `python -m benchmarks.publish`.

Expects records under `build/bench` and a page with the marks `BEGIN` and `END`. Ensures that nothing else of the page
changes.
"""

from __future__ import annotations

from pathlib import Path

import click

from benchmarks.cases import CASES
from benchmarks.checkpoints import RESULTS, ROOT
from benchmarks.records import Records

BEGIN, END = "<!-- measured -->", "<!-- end of what was measured -->"


def published(page: str, tables: str) -> str:
    """The page with other tables between its marks, their headings one level down.

    Raises:
        click.ClickException: the page lacks its marks.
    """
    before, begin, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise click.ClickException(f"the page needs the lines `{BEGIN}` and `{END}`")
    lowered = tables.replace("\n## ", "\n### ")
    return f"{before}{BEGIN}\n\n{lowered.strip()}\n\n{END}{after}"


@click.command()
@click.option("--records", type=click.Path(path_type=Path), default=ROOT / "build" / "bench")
def main(records: Path) -> None:
    """Writes what was measured into the page on performance."""
    tables = Records(records).page(CASES)
    RESULTS.write_text(published(RESULTS.read_text(encoding="utf-8"), tables), encoding="utf-8")
    click.echo(f"{RESULTS.relative_to(ROOT)} has the tables of {records}")


if __name__ == "__main__":
    main()
