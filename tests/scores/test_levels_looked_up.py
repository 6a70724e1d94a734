"""A value at the level that another value names, against the same picks written one by one."""

from __future__ import annotations

import shutil
from pathlib import Path

import pandas as pd
import pytest

import cyclspec

SPECS = Path(str(cyclspec.__file__)).parent / "specs"
SPEC = """cycl 1
import std.metrics as m version "1"
import "{specs}/survey.cycl" as survey
panel models {{ model tiny = demo() }}
prompt plain(item: survey.invented.items, country: survey.country, lang: lang) -> choice(item.options) {{
  user[en] "{{country}}: {{item.question}}\\n{{item.options|lettered}}"
}}
audit apart {{
  each item    in survey.invented.items where item.theme == family
  each country in survey.country where country in [vestrilo, wexarro]
  each other   in survey.country where other in [vestrilo, zephrune, wexarro]
  each model   in models
  ask reply = plain(item, country, lang = en) {{ model = model, read = first_token }}
  let human = share over person by country of survey.invented.answers.value
  measure between by model, country, other : share = mean over item of m.tv(reply, reply[country: other])
  measure of_people by country, other : share = mean over item of m.tv(human, human[country: other])
  measure written by model : share = mean over item of m.tv(reply[country: vestrilo], reply[country: wexarro])
  check label_mass = (min over item, country of reply.mass) >= 0 {{ on_fail = warn }}
}}
"""


@pytest.fixture(scope="module")
def measures(tmp_path_factory: pytest.TempPathFactory) -> pd.DataFrame:
    folder = tmp_path_factory.mktemp("lookups")
    shutil.copytree(SPECS / "quickstart", folder / "quickstart")
    path = folder / "apart.cycl"
    path.write_text(SPEC.format(specs="quickstart"), encoding="utf-8")
    return cyclspec.load(path).run(out=folder / "runs").measures.to_pandas()


def of(measures: pd.DataFrame, name: str, country: str, other: str) -> pd.Series:
    table = measures[measures["measure"].astype(str) == name]
    found = table[(table["country"].astype(str) == country) & (table["other"].astype(str) == other)]
    return found.iloc[0]


def test_a_level_is_found_by_its_name(measures: pd.DataFrame) -> None:
    written = measures.loc[measures["measure"].astype(str) == "written", "value"].iloc[0]
    assert written > 0
    for pair in (("vestrilo", "wexarro"), ("wexarro", "vestrilo")):
        assert of(measures, "between", *pair)["value"] == pytest.approx(written, abs=1e-12)
    for name in ("vestrilo", "wexarro"):
        assert of(measures, "between", name, name)["value"] == pytest.approx(0, abs=1e-15)


@pytest.mark.parametrize("name", ["between", "of_people"])
def test_a_level_that_is_not_on_the_axis_has_no_value(measures: pd.DataFrame, name: str) -> None:
    lost = of(measures, name, "vestrilo", "zephrune")
    assert pd.isna(lost["value"]) and lost["n_used"] == 0 and lost["n_missing"] > 0
