"""What is scored: an audit over items, countries, groups and models, with random answers and people.

Expects sizes. Ensures that equal sizes give equal distributions, that scales have 2 to 10 options and are padded with
zeros to the longest, and that nothing is missing.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

MEASURES = ("js", "tv", "emd", "ent", "pos")
"""1 - js_distance, tv, emd_norm, entropy, and the distance of mean positions: each a mean over items."""

AXES = ("model", "country", "group", "item")
LENGTHS = (2, 3, 4, 5, 7, 10)
LEVEL = 0.95


@dataclass(frozen=True, slots=True)
class Sizes:
    """The levels of each axis, and the draws of each interval."""

    items: int
    countries: int
    groups: int
    models: int
    draws: int

    @property
    def cells(self) -> int:
        """The number of distributions that models answer with."""
        return self.items * self.countries * self.groups * self.models

    @property
    def means(self) -> int:
        """The number of cells of each measure."""
        return self.cells // self.items


FULL = Sizes(items=1000, countries=50, groups=18, models=4, draws=2000)
QUICK = Sizes(items=40, countries=3, groups=2, models=2, draws=200)


@dataclass(frozen=True, slots=True, eq=False)
class Shares:
    """`answers` float32 [model, country, group, item, option], `people` float64 [country, group, item, option].

    `lengths` [item] counts options.
    """

    answers: NDArray[np.float32]
    people: NDArray[np.float64]
    lengths: NDArray[np.int64]


def shares(sizes: Sizes) -> Shares:
    """Random distributions, uniform over all that a scale allows."""
    lengths = _lengths(sizes.items)
    rng = np.random.default_rng(11)
    exists = np.arange(max(LENGTHS)) < lengths[:, None]
    shape = (sizes.countries, sizes.groups, *exists.shape)
    answers = rng.standard_exponential((sizes.models, *shape), dtype=np.float32) * exists
    answers /= answers.sum(axis=-1, keepdims=True)
    people = rng.standard_exponential(shape) * exists
    people /= people.sum(axis=-1, keepdims=True)
    return Shares(answers, people, lengths)


def _lengths(items: int) -> NDArray[np.int64]:
    return np.random.default_rng(7).choice(LENGTHS, items)


def write_audit(folder: Path, sizes: Sizes) -> Path:
    """The audit with its tables; the shares of people in it are there to be replaced."""
    rows = [
        {"item": f"q{at}", "question": f"Question {at}?", "options": [f"o{n}" for n in range(length)]}
        for at, length in enumerate(_lengths(sizes.items).tolist())
    ]
    published = [
        {
            "item": row["item"],
            "country": "c0",
            "group": "g0",
            "share": {option: 1 / len(options) for option in options},
        }
        for row in rows[:1]
        for options in [row["options"]]
    ]
    _write_lines(folder / "items.jsonl", rows)
    _write_lines(folder / "published.jsonl", published)
    path = folder / "scores.cycl"
    path.write_text(_text(sizes), encoding="utf-8")
    return path


def _write_lines(path: Path, rows: list[dict[str, object]]) -> None:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")


def _text(sizes: Sizes) -> str:
    axes = _axis("country", sizes.countries) + _axis("group", sizes.groups)
    models = "\n".join(f"  model m{at} = demo()" for at in range(sizes.models))
    interval = f"{{ interval = bootstrap(over = item, draws = {sizes.draws}, level = {LEVEL:.0%}) }}"
    return f"""cycl 1
import std.metrics as m version "1"
{axes}
corpus survey {{
  table items {{
    source = jsonl("items.jsonl")
    item : key
    question : text
    options : scale(ordinal, 2..10)
  }}
  table published {{
    source = jsonl("published.jsonl")
    item : ref(items)
    country : country
    group : group
    share : dist(item.options)
  }}
}}
prompt asked(item: survey.items, country: country, group: group) -> choice(item.options) {{
  user "{{country}} {{group}} {{item.question}}\\n{{item.options|lettered}}"
  prefix "Answer:"
}}
panel models {{
{models}
}}
audit scores {{
  each item in survey.items
  each country in country
  each group in group
  each model in models
  ask reply = asked(item, country, group) {{ model = model, read = first_token(labels = letters) }}
  let human = survey.published.share
  measure js by model, country, group : share = mean over item of 1 - m.js_distance(reply, human) {interval}
  measure tv by model, country, group : share = mean over item of m.tv(reply, human) {interval}
  measure emd by model, country, group : share = mean over item of m.emd_norm(reply, human) {interval}
  measure ent by model, country, group : bits = mean over item of m.entropy(reply) {interval}
  measure pos by model, country, group : share =
    mean over item of abs(m.mean_position(reply) - m.mean_position(human)) {interval}
}}
"""


def _axis(name: str, size: int) -> str:
    levels = "\n".join(f'  {name[0]}{at} "{name} {at}"' for at in range(size))
    return f"axis {name} : nominal {{\n{levels}\n}}\n"
