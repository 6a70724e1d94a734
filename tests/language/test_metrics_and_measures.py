"""What a metric may be of, and what the blocks of measures and checks may say."""

from __future__ import annotations

from pathlib import Path

import pytest
from spec_files import TESTS, check_text, shown

from cyclspec.language.types import terms as h

METRICS = """cycl 1
scale colour : nominal {{ red, blue }}
scale grade  : ordinal {{ low, high }}
metric above(p: dist(S), least: share = 10%) -> share = maximum(least, (max over option of p))
metric {metric}
audit one {{ let x = {value} }}
"""


@pytest.mark.parametrize(
    ("metric", "value", "found"),
    [
        ("f(p: dist(S)) -> share = above(p)", "f(uniform(colour))", []),
        ("f(p: dist(S)) -> share = above(p, 0.5)", "above(uniform(grade), least = 20%)", []),
        ("f(p: dist(S)) -> share = above(p)", "f(uniform(colour), 1)", ["CY0209"]),
        ("f(p: dist(S)) -> share = above(p, least = 3d)", "1", ["CY0201"]),
        ("f(p: dist(S), low: share = 3d) -> share = low", "1", ["CY0201"]),
        ("f(p: dist(S), low: share = p) -> share = low", "1", ["CY0101"]),
        ("f(p: dist(S), q: dist(T)) -> share = max over option of p", "1", ["CY0201"]),
        ("f(p: dist(S), q: text) -> share = max over option of p", "1", ["CY0201"]),
        (
            "f(p: dist(grade)) -> share = max over option of (cumsum along option of p)",
            "f(uniform(grade))",
            [],
        ),
        ("f(p: dist(colour)) -> share = max over option of (cumsum along option of p)", "1", ["CY0202"]),
        ("f(p: dist(colour)) -> share = max over option of p", "f(uniform(grade))", ["CY0201"]),
        ("f(p: dist(S)) -> share = sum over option of p", "sum over option of uniform(grade)", ["CY0301"]),
        ("f(p: dist(S)) -> steps = sum over option of p * span(S)", "f(uniform(grade))", []),
        ("f(p: dist(S)) -> real = size(S) / 2", "f(uniform(grade))", []),
    ],
)
def test_a_metric_is_of_distributions_over_one_scale_and_of_numbers(
    metric: str, value: str, found: list[str], tmp_path: Path
) -> None:
    checked = check_text(tmp_path, METRICS.format(metric=metric, value=value))
    assert [d.code for d in checked.errors] == found, shown(checked)


def test_a_formal_that_is_left_out_has_its_default(tmp_path: Path) -> None:
    text = METRICS.format(metric="f(p: dist(S)) -> share = above(p)", value="above(uniform(colour))")
    (term,) = (let.term for let in check_text(tmp_path, text).require().audits["one"].lets)
    assert isinstance(term, h.MetricTerm)
    assert term.formals == ("p", "least")
    assert isinstance(term.args[1], h.Literal_)
    assert term.args[1].value == pytest.approx(0.1)


AUDIT = """cycl 1
import {{ towns, town, neighbour, pair }} from "town.cycl"
audit one {{
  each item   in towns.items
  each town   in town
  each repeat in 1..3
  each model  in pair
  ask reply = neighbour(item, town, lang = en) {{ model = model, per = [repeat], read = first_token }}
  measure sure by model{unit} = {value} {measure}
  check enough = (min over item, town, repeat of reply.mass) >= 0.5 {check}
}}
"""
_MEAN = "mean over item, town, repeat of reply.mass"
FIELDS = [
    ("{ interval = bootstrap(over = [item, town], draws = 500, level = 90%) }", "", []),
    ("{ interval = bootstrap(over = item) adjust = holm better = lower }", "", []),
    ("{ interval = bootstrap(over = item) adjust = bh better = higher }", "", []),
    ("{ adjust = bonferroni }", "", ["CY0101"]),
    ("{ better = larger }", "", ["CY0101"]),
    ("{ interval = jackknife(over = item) }", "", ["CY0201"]),
    ("{ interval = bootstrap(over = person) }", "", ["CY0101"]),
    ("{ interval = bootstrap(over = model) }", "", ["CY0209"]),
    ("{ interval = bootstrap(over = item, draws = 1) }", "", ["CY0503"]),
    ("{ interval = bootstrap(over = item, level = 100%) }", "", ["CY0503"]),
    ("{ interval = bootstrap(draws = 100) }", "", ["CY0209"]),
    ("", "{ on_fail = exclude because = \"too little\" }", []),
    ("", "{ on_fail = withhold }", []),
    ("", "{ on_fail = warn }", []),
    ("", "{ on_fail = stop }", []),
    ("", "{ on_fail = ignore }", ["CY0101"]),
    ("", "{ because = 3 }", ["CY0201"]),
]  # fmt: skip


@pytest.fixture(autouse=True)
def library(tmp_path: Path) -> None:
    text = (TESTS / "good" / "lib" / "town.cycl").read_text(encoding="utf-8")
    (tmp_path / "town.cycl").write_text(text, encoding="utf-8")


@pytest.mark.parametrize(("measure", "check", "found"), FIELDS, ids=[f[0] + f[1] for f in FIELDS])
def test_measures_and_checks_say_how_they_are_judged(
    measure: str, check: str, found: list[str], tmp_path: Path
) -> None:
    text = AUDIT.format(unit=" : share", value=_MEAN, measure=measure, check=check)
    checked = check_text(tmp_path, text)
    assert [d.code for d in checked.errors] == found, shown(checked)


@pytest.mark.parametrize(
    ("unit", "value", "found"),
    [
        (" : points", "mean over item, town, repeat of reply.mass - reply.mass[town: mill]", []),
        (" : nats", f"log({_MEAN})".replace("(mean", "((mean") + ")", []),
        (" : bits", f"log({_MEAN})".replace("(mean", "((mean") + ")", ["CY0501"]),
        (
            " : coefficient",
            "pearson(against = repeat) over repeat of (mean over item, town of reply.mass)",
            [],
        ),
        (" : rank", "max over town of (rank along town of (mean over item, repeat of reply.mass))", []),
        (" : count", "count over item, town, repeat of reply.mass > 0.9", []),
        (" : real", "var over item, town, repeat of reply.mass", []),
        ("", _MEAN, []),
        (" : share", "mode over item, town, repeat of reply.mass > 0.9", ["CY0201"]),
    ],
)
def test_a_measure_has_the_unit_it_declares(unit: str, value: str, found: list[str], tmp_path: Path) -> None:
    text = AUDIT.format(unit=unit, value=value, measure="", check="")
    checked = check_text(tmp_path, text)
    assert [d.code for d in checked.errors] == found, shown(checked)
