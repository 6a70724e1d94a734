"""A level that no row has: a measure that names it has no value, and one by it has no cell."""

from __future__ import annotations

from pathlib import Path

import pytest

import cyclspec

AUDIT = """cycl 1

axis theme : nominal { work, home }

corpus survey {
  table items {
    source  = csv("items.csv")
    item    : key
    theme   : theme?
    options : scale(nominal, 2..2)
  }
  table replies {
    source = csv("replies.csv")
    item   : ref(items)
    value  : choice(item.options)
  }
}

prompt asked(item: survey.items) -> choice(item.options) { user "{item.options|lettered}" }

audit left_out {
  each item in survey.items
  ask reply = asked(item) { read = recorded(survey.replies.value) }

  let of_theme = mean over item by theme of (if is_missing(reply) then 0 else 1)

  measure at_work  : real          = of_theme[theme: work]
  measure at_home  : real          = of_theme[theme: home]
  measure both     : real          = of_theme[theme: work] + of_theme[theme: home]
  measure by_theme by theme : real = of_theme
}
"""


@pytest.mark.parametrize(("themes", "there"), [(("work", "work"), {"at_work"}), (("", ""), set())])
def test_a_level_that_nothing_has_is_no_value(
    tmp_path: Path, themes: tuple[str, str], there: set[str]
) -> None:
    rows = [f'q{at},{theme},"[""a"", ""b""]"\n' for at, theme in enumerate(themes)]
    (tmp_path / "items.csv").write_text("item,theme,options\n" + "".join(rows), encoding="utf-8")
    (tmp_path / "replies.csv").write_text("item,value\nq0,a\nq1,b\n", encoding="utf-8")
    (tmp_path / "audit.cycl").write_text(AUDIT, encoding="utf-8")
    measures = cyclspec.load(tmp_path / "audit.cycl").run(out=tmp_path / "runs").measures.to_pandas()
    values = measures.set_index("measure")["value"]
    assert {name for name in ("at_work", "at_home", "both") if values[name] == 1.0} == there
    assert values[["at_work", "at_home", "both"]].isna().sum() == 3 - len(there)
    assert list(values.index.astype(str)).count("by_theme") == len(there)
