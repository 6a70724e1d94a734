"""A small audit and single edits of it, with the hashes that each of them moves."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from cyclspec.diff.change import HASHES, Difference
from cyclspec.diff.compare import compare
from cyclspec.diff.sides import load_side

ROOT = Path(__file__).parents[2]
AUDIT = """## About it.
cycl 1

import "lib/town.cycl" as survey
import { town } from "lib/town.cycl"

param repeats : count = 3
param least   : share = 0.5
param start   : count = 7

axis idle : nominal { a, b }

metric half(p: dist(S), q: dist(S)) -> share = 0.5 * (sum over option of abs(p - q))
metric unused(p: dist(S)) -> share = max over option of p

## An audit.
audit main {
  title = "A title"
  seed  = start

  each item   in survey.towns.items where item.theme == streets
  each town   in town
  each repeat in 1..repeats
  each model  in survey.pair

  ask reply = survey.neighbour(item, town, lang = en) {
    model = model
    per   = [repeat]
    read  = first_token(labels = letters)
  }

  let people = share over person by town of survey.towns.answers.value
  let gap    = half(reply, people)

  ## How far apart.
  measure far by model : share = mean over item, town, repeat of gap {
    better   = lower
    interval = bootstrap(over = item, draws = 500, level = 90%)
  }

  check mass = (min over item, town, repeat of reply.mass) >= least { on_fail = warn, because = "little" }
}
"""
LIBRARY = (ROOT / "tests" / "good" / "lib" / "town.cycl").read_text(encoding="utf-8")


class Edit(NamedTuple):
    """One replacement, in the audit or in its library; what moves, and what the change is called."""

    moves: str
    old: str
    new: str
    told: str
    where: str = "main"


EDITS = [
    Edit("", "## About it.", "## About something else.", "file: documentation"),
    Edit("", "## An audit.", "# A comment.", "audit main: documentation"),
    Edit("", '"A title"', '"Another"', "audit main: title"),
    Edit("", '"little"', '"very little"', "check mass: because"),
    Edit("", "## How far apart.", "## How near.", "measure far: documentation"),
    Edit("module", "nominal { a, b }", "nominal { a, b, c }", "axis idle: level c"),
    Edit("module", "max over option of p", "min over option of p", "metric unused: formula"),
    Edit("module", "metric unused", "metric useless", "metric unused"),
    Edit("module score", "0.5 * (sum", "0.4 * (sum", "metric half: formula"),
    Edit("module score", "half(reply, people)", "half(people, reply)", "let gap: formula"),
    Edit("module score", "mean over item, town, repeat of", "max over item, town, repeat of", "measure far: formula"),
    Edit("module score", "measure far by", "measure farther by", "measure farther"),
    Edit("module score", "better   = lower", "better   = higher", "measure far: better"),
    Edit("module score", "draws = 500", "draws = 600", "measure far: interval, draws"),
    Edit("module score", ", level = 90%", "", "measure far: interval, level"),
    Edit("module score", "reply.mass) >= least", "reply.mass) > least", "check mass: condition"),
    Edit("module score", "on_fail = warn", "on_fail = stop", "check mass: on_fail"),
    Edit("module score", "least   : share = 0.5", "least   : share = 0.6", "param least: default"),
    Edit("module score", "  check mass", "  let more = 1\n  check mass", "let more"),
    Edit("module score", '  title = "A title"\n', "  count_missing = true\n", "audit main: count_missing"),
    Edit("module design score", '  title = "A title"\n', "  offer_missing = true\n", "audit main: offer_missing"),
    Edit("module design score", "start   : count = 7", "start   : count = 8", "audit main: seed"),
    Edit("module design score", "seed  = start", "seed  = 8", "audit main: seed"),
    Edit("module", "seed  = start", "seed  = 7", "audit main: seed"),
    Edit("module design score", "repeats : count = 3", "repeats : count = 4", "param repeats: default"),
    Edit("module design score", "item.theme == streets", "item.theme == schools", "each item: condition"),
    Edit("module design score", " where item.theme == streets", "", "each item: condition"),
    Edit("module design score", "each town   in town", "each town in town where town != ridge", "each town: condition"),
    Edit("module design score", "lang = en", "lang = fr", "ask reply: prompt, lang"),
    Edit("module design score", "labels = letters", "labels = numbers", "ask reply: read, labels"),
    Edit("module design score", "= [repeat]\n", "= [repeat]\n    missing = keep\n", "ask reply: missing"),
    Edit("", 'licence = "CC0-1.0"', 'licence = "MIT"', "corpus towns (lib/town.cycl): licence", "library"),
    Edit("design score", "You live in {town}.", "You are from {town}.", "message system[en]", "library"),
    Edit("design score", "harbour = 1", "harbour = 4", "axis town (lib/town.cycl): level harbour, code", "library"),
    Edit("design score", '"Mill"', '"The Mill"', "axis town (lib/town.cycl): level mill, label", "library"),
    Edit("design score", "side = coast", "side = sea", "level harbour, side", "library"),
    Edit("design score", "where weight > 0", "where weight >= 0", "table people, column weight, bound", "library"),
    Edit("design score", 'local("models/second")', 'local("models/third")', "model second, place", "library"),
    Edit("design score", "scale(ordinal, 2..7)", "scale(ordinal, 2..8)", "column options, type", "library"),
    Edit("design score", 'jsonl("items.jsonl")', 'jsonl("other.jsonl")', "table items, source", "library"),
]  # fmt: skip


def written(folder: Path, audit: str = AUDIT, library: str = LIBRARY) -> Path:
    """The audit and its library in a folder of their own."""
    (folder / "lib").mkdir(parents=True)
    (folder / "lib" / "town.cycl").write_text(library, encoding="utf-8")
    path = folder / "main.cycl"
    path.write_text(audit, encoding="utf-8")
    return path


def edited(folder: Path, edit: Edit) -> Path:
    """The audit after one edit, which must find what it replaces."""
    text = AUDIT if edit.where == "main" else LIBRARY
    assert edit.old in text, edit.old
    changed = text.replace(edit.old, edit.new)
    return written(folder, changed) if edit.where == "main" else written(folder, library=changed)


def compared(before: Path, after: Path, params: Mapping[str, str] | None = None) -> Difference:
    """Two specs compared without their data; `params` bind in the second."""
    return compare(load_side(before, None), load_side(after, None, params))


def moved(found: Difference) -> set[str]:
    """The hashes that differ."""
    return {which for which in HASHES if found.moved(which)}


def told(found: Difference) -> list[str]:
    """What the changes are called."""
    return [f"{change.what}: {change.part}".removesuffix(": ") for change in found.changes]


def copied_quickstart(folder: Path) -> Path:
    """The quickstart with its data in a folder of its own."""
    shutil.copytree(ROOT / "specs" / "quickstart", folder / "quickstart")
    shutil.copy(ROOT / "specs" / "quickstart.cycl", folder / "quickstart.cycl")
    return folder / "quickstart.cycl"
