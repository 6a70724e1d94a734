"""Answers that exist already, as rows: choices with repeats, texts, and vectors of two models. All invented."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from worlds_on_disk import COUNTRIES, World, make_world, spec_text, write_table

MODELS = {"one": "org/One-7B", "two": "two"}
REPEATS = 4

TABLES = """
corpus earlier {
  table replies {
    source = csv("replies.csv")
    item    : ref(small.items)
    country : country
    model   : nominal
    repeat  : count
    value   : choice(small.items.options)?
    said    : text?
    why     : text?
  }
  table vectors {
    source = jsonl("vectors.jsonl")
    item    : ref(small.items)
    country : country
    model   : nominal
    tally   : counts(item.options)
    shares  : dist(item.options)
    logs    : logprobs(item.options)
  }
}

panel seen {
  model one = recorded("org/One-7B")
  model two = recorded()
}

prompt asked(item: small.items, country: country) -> choice(item.options) {
  user[en] "In {country}: {item.question}\\n{item.options|lettered}"
}
"""

AUDIT = """
audit recorded_answers {
  each item    in small.items
  each country in country
  each model   in seen
  each repeat  in 1..4

  ask chosen = asked(item, country) {
    model   = model
    per     = [repeat]
    read    = recorded(earlier.replies.value, reason = earlier.replies.why)
    missing = drop
  }
  ask told    = asked(item, country) {
    model = model, per = [repeat], read = recorded(earlier.replies.said), missing = keep
  }
  ask counted = asked(item, country) { model = model, read = recorded(earlier.vectors.tally) }
  ask shared  = asked(item, country) { model = model, read = recorded(earlier.vectors.shares) }
  ask logged  = asked(item, country) { model = model, read = recorded(earlier.vectors.logs) }

  let human  = share over person by country weighted by person.weight of small.answers.value
  let picked = share over repeat of chosen
  let spoken = share over repeat of told

  measure near_picked  by model : share = mean over item, country of 1 - m.js_distance(picked, human)
  measure near_spoken  by model : share = mean over item, country of 1 - m.js_distance(spoken, human)
  measure near_counted by model : share = mean over item, country of 1 - m.js_distance(counted, human)
  {
    interval = bootstrap(over = item, draws = 200, level = 95%)
  }
  measure near_shared by model : share = mean over item, country of 1 - m.js_distance(shared, human)
  measure near_logged by model : share = mean over item, country of 1 - m.js_distance(logged, human)
  measure others by country : share = mean over item of m.tv(human_mean(human, leave_out = country), human)
  measure lost by model : share = mean over item, country, repeat of is_missing(chosen)
  measure mass by model : share = mean over item, country of logged.mass

  check mass_is_there = (min over item, country of logged.mass) >= 85% { on_fail = warn }
}
"""


@dataclass(frozen=True)
class Recorded:
    """A world with what two models answered in it; rows are in no order."""

    world: World
    replies: list[dict[str, Any]]
    vectors: list[dict[str, Any]]
    audit: str = AUDIT
    tables: str = TABLES
    replaced: Mapping[str, str] = field(default_factory=dict)

    def write(self, folder: Path) -> Path:
        """Tables and `audit.cycl` in a folder; the path of the spec."""
        folder.mkdir(parents=True, exist_ok=True)
        write_table(folder / "items.jsonl", self.world.items)
        write_table(folder / "people.csv", self.world.people)
        write_table(folder / "answers.parquet", self.world.answers)
        write_table(folder / "replies.csv", self.replies)
        write_table(folder / "vectors.jsonl", self.vectors)
        text = spec_text(audit=self.tables + self.audit)
        for old, new in self.replaced.items():
            assert old in text, old
            text = text.replace(old, new)
        (folder / "audit.cycl").write_text(text, encoding="utf-8")
        return folder / "audit.cycl"


def _label(world: World, item: str, code: str) -> str:
    row = next(row for row in world.items if row["item"] == item)
    return str(next(o["label"]["en"] for o in row["options"] if o["code"] == code))


def make_recorded(seed: int = 3) -> Recorded:
    """Two models in every cell: what is refused has a reason, what is unreadable has none, one cell has no row."""
    rng = np.random.default_rng(seed)
    world = make_world()
    replies: list[dict[str, Any]] = []
    vectors: list[dict[str, Any]] = []
    for item in (row["item"] for row in world.items):
        codes = world.codes(item)
        for country in COUNTRIES.values():
            for model in MODELS.values():
                replies += [
                    _reply(rng, world, item, {"country": country, "model": model, "repeat": at + 1})
                    for at in range(REPEATS)
                ]
                vectors.append({"item": item, "country": country, "model": model, **_vectors(rng, codes)})
    absent = next(i for i, row in enumerate(replies) if row["item"] == "q003" and row["model"] == "two")
    del replies[absent]
    rng.shuffle(replies)  # type: ignore[arg-type]
    rng.shuffle(vectors)  # type: ignore[arg-type]
    return Recorded(world, replies, vectors)


def _reply(rng: np.random.Generator, world: World, item: str, at: Mapping[str, Any]) -> dict[str, Any]:
    code = str(rng.choice(world.codes(item)))
    row: dict[str, Any] = {
        "item": item,
        **at,
        "value": code,
        "said": f"I would say {_label(world, item, code)}.",
    }
    fate = rng.uniform()
    if fate < 0.1:
        return row | {"value": None, "said": None, "why": "refused"}
    if fate < 0.2:
        return row | {"said": "One of these, it depends.", "why": None}
    return row | {"why": None}


def _vectors(rng: np.random.Generator, codes: list[str]) -> dict[str, Any]:
    """The same distribution three times: counted, as shares in the order of the options, as log-probabilities."""
    tally = rng.integers(1, 40, len(codes))
    shares = tally / tally.sum()
    order = rng.permutation(len(codes))
    return {
        "tally": {codes[i]: int(tally[i]) for i in order},
        "shares": [*shares.tolist(), 0.0],
        "logs": {codes[i]: float(np.log(0.9 * shares[i])) for i in order},
    }
