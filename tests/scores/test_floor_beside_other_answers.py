"""A floor is of the answers that vary as people do, whatever else is asked on the same scales."""

from __future__ import annotations

import shutil
from pathlib import Path

import cyclspec

SPECS = Path(str(cyclspec.__file__)).parent / "specs"
SPEC = """cycl 1
import std.metrics as m version "1"
import "quickstart/survey.cycl" as survey
import { as_resident } from "quickstart/prompts.cycl"
panel models { model tiny = demo() }
prompt alone(item: survey.invented.items, lang: lang) -> choice(item.options) {
  user[en] "{item.question}\\n{item.options|lettered}"
  prefix[en] "Answer:"
}
audit beside {
  each item    in survey.invented.items where item.theme == family
  each country in survey.country where country in [vestrilo, wexarro]
  each repeat  in 1..2
  each model   in models
  ask reply = as_resident(item, country, lang = en) { model = model, read = first_token }
  ask other = alone(item, lang = en) { model = model, per = [repeat], read = sampled(max_tokens = 4), missing = drop }
  let human = share over person by country of survey.invented.answers.value
  measure alignment by model, country : share = mean over item of 1 - m.js_distance(reply, human)
  measure spread by model : bits = mean over item of m.entropy((share over repeat of other))
  check label_mass = (min over item, country of reply.mass) >= 0 { on_fail = warn }
}
"""


def test_sampled_answers_without_the_country_stand_beside_a_floor(tmp_path: Path) -> None:
    shutil.copytree(SPECS / "quickstart", tmp_path / "quickstart")
    path = tmp_path / "beside.cycl"
    path.write_text(SPEC, encoding="utf-8")
    measures = cyclspec.load(path).run(out=tmp_path / "runs").measures.to_pandas()
    found = measures.set_index("measure")
    assert found.loc["alignment", "floor"].between(0.5, 1).all()
    assert found.loc[["spread"], "floor"].isna().all() and found.loc[["spread"], "value"].notna().all()
