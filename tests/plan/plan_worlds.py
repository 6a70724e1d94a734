"""A small invented survey on disk, with audits that only bind axes, for tests of the grid."""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from cyclspec import pipeline
from cyclspec.compiler.axes import Grid
from cyclspec.compiler.data.loaded import LoadedTable
from cyclspec.compiler.plan.grid import build_grid
from cyclspec.compiler.plan.sources import open_tables, tables_of
from cyclspec.language.diagnostics import SpecError
from cyclspec.language.diagnostics.render import render
from cyclspec.language.types.typed import TypedAudit

MISSING_AT = 1
SPEC = """cycl 1
axis country : nominal {
  avria  = "AV" "Avria"  { region = north }
  belmar = "BE" "Belmar" { region = north }
  corvin = "CO" "Corvin" { region = south }
}
corpus small {
  title = "An invented survey"
  table items {
    source = jsonl("items.jsonl")
    item     : key
    options  : scale(nominal, 2..5)
    wordings : list(text(en))
    theme    : nominal(family, work)
  }
  table people {
    source = csv("people.csv")
    person  : key
    country : country
    weight  : real where weight > 0
  }
}
prompt said() -> choice(country) { user "Where?" }
panel models { model tiny = demo() }
audit grid {
  seed = 5
  EACHES
  each model in models
  ask reply = said() { model = model, read = first_token }
  measure mass by model : share = reply.mass
}
"""


@dataclass(frozen=True)
class Small:
    """Items of 2, 3, 4, 5, 2, .. options and a missing one, the second; 1, 2, 3, 1, .. wordings."""

    items: int = 2
    people: int = 6
    more_in: str = ""
    heavy: bool = False

    def write(self, folder: Path) -> None:
        """The two tables."""
        folder.mkdir(parents=True, exist_ok=True)
        lines = (json.dumps(self._item(i)) + "\n" for i in range(self.items))
        (folder / "items.jsonl").write_text("".join(lines), encoding="utf-8")
        rows = [
            (f"p{j}", ("AV", "BE", "CO")[j % 3], self.people - 1 if self.heavy and j == 0 else 1 + 0.0 * j)
            for j in range(self.people)
        ]
        rows += [(f"new{j}", self.more_in, 1.0) for j in range(3) if self.more_in]
        with (folder / "people.csv").open("w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows([("person", "country", "weight"), *rows])

    def _item(self, i: int) -> dict[str, object]:
        count = 2 + i % 4
        options: list[dict[str, object]] = [
            {"code": str(j + 1), "label": f"choice {j + 1}"} for j in range(count)
        ]
        options.insert(MISSING_AT, {"code": "-1", "label": "Don't know", "missing": True})
        wordings = [{"en": f"wording {j}"} for j in range(1 + i % 3)]
        theme = ("family", "work")[i % 2]
        return {"item": f"q{i}", "options": options, "wordings": wordings, "theme": theme}


def open_world(folder: Path, world: Small, eaches: str) -> tuple[TypedAudit, Mapping[str, LoadedTable]]:
    """An audit with the given axes, and its tables."""
    world.write(folder)
    spec = folder / "audit.cycl"
    spec.write_text(SPEC.replace("EACHES", eaches), encoding="utf-8")
    context = pipeline.check(spec).require()
    audit = pipeline.choose(context, None)
    return audit, open_tables(audit.tables, tables_of(audit))


def grid_of(folder: Path, world: Small, eaches: str) -> Grid:
    """The grid of an audit with the given axes."""
    return build_grid(*open_world(folder, world, eaches))


def refusal_of(folder: Path, world: Small, eaches: str) -> str:
    """What is said where the grid is refused."""
    try:
        grid_of(folder, world, eaches)
    except SpecError as error:
        return render(error.diagnostics, "text")
    raise AssertionError("the grid was built")
