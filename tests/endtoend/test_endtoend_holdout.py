"""An audit on a part that is held out and one on the rest: run, and no item or person is in both."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner

import cyclspec
from cyclspec.cli.main import group

SPECS = Path(str(cyclspec.__file__)).parent / "specs"
SPEC = """cycl 1
import std.metrics as m version "1"
import "quickstart/survey.cycl" as survey
import { as_resident } from "quickstart/prompts.cycl"
panel models { model tiny = demo() }
prompt of_person(person: survey.invented.people, item: survey.invented.items) -> choice(item.options) {
  user[en] "You live in {person.country}. {item.question}\\n{item.options|lettered}"
}

param tuning : share = 40%

audit held {
  each item    in holdout(survey.invented.items, share = tuning, name = "tuning", cluster = battery)
  each country in survey.country where country.training == seen
  each person  in sample(holdout(survey.invented.people, share = 10%), n = 5)
  each model   in models
  ask reply = as_resident(item, country, lang = en) { model = model, read = first_token }
  ask told  = of_person(person, item) { model = model, read = first_token }
  let human = share over person by country weighted by person.weight of survey.invented.answers.value
  measure alignment by model : share = mean over item, country of 1 - m.js_distance(reply, human)
    { interval = bootstrap(over = item, draws = 50, cluster = item) }
  measure mass by model : share = mean over item, person of told.mass
  check label_mass = (min over item, country of reply.mass) >= 0 { on_fail = warn }
  check told_mass = (min over item, person of told.mass) >= 0 { on_fail = warn }
}
"""


@pytest.fixture(scope="module")
def spec(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("holdout")
    shutil.copytree(SPECS / "quickstart", folder / "quickstart")
    path = folder / "held.cycl"
    rest = (
        SPEC[SPEC.index("audit held") :]
        .replace("audit held {", "audit rest_ {\n  seed = 7")
        .replace("holdout(", "rest(")
    )
    path.write_text(f"{SPEC}\n{rest}", encoding="utf-8")
    return path


def asked(spec: Path, audit: str) -> tuple[set[str], set[str], int]:
    """The items and the people of a run's answers, and how many items its measure used."""
    run = cyclspec.load(spec, audit=audit).run(out=spec.parent / "runs")
    answers = run.answers.to_pandas()
    told = answers[answers.ask.astype(str) == "told"]
    measures = run.measures.to_pandas().set_index("measure")
    return set(told.item.astype(str)), set(told.person.astype(str)), int(measures.loc["alignment"].n_clusters)


def test_the_two_audits_ask_everything_once_between_them(spec: Path) -> None:
    rows = [
        json.loads(line) for line in (spec.parent / "quickstart/data/items.jsonl").read_text().splitlines()
    ]
    held, people, units = asked(spec, "held")
    rest, others, more = asked(spec, "rest_")
    assert (len(held), len(rest)) == (units, more)
    assert held.isdisjoint(rest) and people.isdisjoint(others)
    assert held | rest == {row["item"] for row in rows}
    assert len(people) == len(others) == 5
    batteries = [
        {row["battery"] for row in rows if row["item"] in side and row.get("battery")}
        for side in (held, rest)
    ]
    assert batteries[0].isdisjoint(batteries[1])
    # Items of no battery are drawn one by one.
    assert all(any(row["item"] in side for row in rows if not row.get("battery")) for side in (held, rest))


def printed(*args: str | Path) -> str:
    result = CliRunner().invoke(group, list(map(str, args)), catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.output


def test_a_split_is_explained_in_its_own_words(spec: Path) -> None:
    types = printed("explain", spec, "--audit", "held", "--stage", "types")
    assert "the 40% held out as tuning, by battery" in types
    assert "sample of 5, of the 10% held out" in types
    logical = printed("explain", spec, "--audit", "rest_", "--stage", "logical")
    assert "the rest of 40% held out as tuning, by battery" in logical
    assert "5 rows of the rest of 10% held out" in logical
    assert "Scan invented.items (item, question, options, battery)" in logical
