"""What a metric may be of, and what the blocks of measures and checks may say."""

from __future__ import annotations

from pathlib import Path

import pytest
from spec_files import TESTS, check_text, shown

from cyclspec.language.types import terms as h
from cyclspec.language.types import typed as d

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
    assert [one.code for one in checked.errors] == found, shown(checked)


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
    ("{ interval = bootstrap(over = item) better = lower }", "", []),
    ("{ interval = bootstrap(over = item) adjust = bh better = higher }", "", ["CY0210"]),
    ("{ adjust = holm }", "", ["CY0209"]),
    ("{ interval = bootstrap(over = item, method = t, cluster = item.theme) }", "", []),
    ("{ interval = bootstrap(over = [item, town], cluster = [item, town.side], strata = item.theme) }", "", []),
    ("{ interval = bootstrap(over = [item, repeat], design = nested) }", "", []),
    ("{ interval = bootstrap(over = item, method = basic) }", "", ["CY0101"]),
    ("{ interval = bootstrap(over = item, design = paired) }", "", ["CY0101"]),
    ("{ interval = bootstrap(over = item, cluster = item.question) }", "", ["CY0101"]),
    ("{ interval = bootstrap(over = item, cluster = town.side) }", "", ["CY0209"]),
    ("{ interval = bootstrap(over = [item, item]) }", "", ["CY0102"]),
    ("{ interval = bootstrap(over = item, times = 3) }", "", ["CY0209"]),
    ("{ test = sign_flip(over = item) }", "", ["CY0210"]),
    ("{ test = permutation(over = town, within = item) }", "", []),
    ("{ test = permutation(over = town, within = item, tail = both, draws = 500) }", "", []),
    ("{ test = permutation(over = [town, item]) }", "", ["CY0209"]),
    ("{ test = permutation(over = place) }", "", ["CY0101"]),
    ("{ test = permutation(over = town, within = place) }", "", ["CY0101"]),
    ("{ test = permutation(over = town, tail = left) }", "", ["CY0101"]),
    ("{ test = permutation(over = town, draws = 1) }", "", ["CY0503"]),
    ("{ test = t_test(over = item) }", "", ["CY0201"]),
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
    assert [one.code for one in checked.errors] == found, shown(checked)


CONTRAST = "mean over item, repeat of reply.mass[town: mill] - reply.mass[town: ridge]"

WITH_PEOPLE = f"number(({CONTRAST})) + number(ent)"


@pytest.mark.parametrize(
    ("value", "fields", "found"),
    [
        (CONTRAST, "{ test = sign_flip(over = item) adjust = holm }", []),
        (CONTRAST, "{ interval = bootstrap(over = item) adjust = bh }", []),
        (CONTRAST, "{ test = sign_flip(over = town) }", ["CY0210"]),
        (f"-2 * ({CONTRAST})", "{ test = sign_flip(over = [item, repeat]) }", []),
        (f"abs(({CONTRAST}))", "{ test = sign_flip(over = item) }", ["CY0210"]),
        ("mean over item, repeat of reply.mass[town: mill] - sure", "{ test = sign_flip(over = item) }", ["CY0210"]),
        ("mean over item, repeat, town of 1 - reply.mass", "{ test = sign_flip(over = item) }", ["CY0210"]),
        ("mean over item, repeat, town of reply.mass - 50%", "{ test = sign_flip(over = item) }", []),
        (WITH_PEOPLE, "{ interval = bootstrap(over = [item, person]) }", []),
        (WITH_PEOPLE, "{ test = permutation(over = person) }", []),
        (WITH_PEOPLE, "{ test = permutation(over = person, within = town) }", []),
        (WITH_PEOPLE, "{ test = permutation(over = person, within = item) }", ["CY0209"]),
        (WITH_PEOPLE, "{ test = permutation(over = person, within = place) }", ["CY0209"]),
        (WITH_PEOPLE, "{ interval = bootstrap(over = person, cluster = person.age) }", []),
        (WITH_PEOPLE, "{ interval = bootstrap(over = person, cluster = person.x) }", ["CY0101"]),
        (WITH_PEOPLE, "{ test = sign_flip(over = person) }", ["CY0210"]),
        (CONTRAST, "{ interval = bootstrap(over = person) }", ["CY0101"]),
    ],
)  # fmt: skip
def test_tests_and_draws_of_people_fit_what_is_measured(
    value: str, fields: str, found: list[str], tmp_path: Path
) -> None:
    text = AUDIT.format(unit=" : real", value=value, measure=fields, check="").replace(
        "  measure sure",
        """  let people = share over person by town weighted by person.weight of towns.answers.value
  let ent = mean over item of m.entropy((mean over town of people))
  let sure = mean over item, repeat of reply.mass[town: mill]
  measure tested""",
    )
    checked = check_text(tmp_path, text.replace("cycl 1\n", 'cycl 1\nimport std.metrics as m version "1"\n'))
    assert [one.code for one in checked.errors] == found, shown(checked)


@pytest.mark.parametrize(
    ("by", "value", "test", "within"),
    [
        ("by town", "max over age of far", "over = person", ("town",)),
        ("by age", "max over town of far", "over = person", ("age",)),
        ("", "mean over town, age of far", "over = person", ()),
        ("by town, age", "far", "over = person", ()),
        ("", "max over age of far[town: mill]", "over = person", ("town",)),
        ("by age", "far[town: mill] - far[town: harbour]", "over = person", ("age",)),
        ("", "max over age of (mean over town of far + told)", "over = person", ("town",)),
        ("", "max over age of far[town: mill] + told[town: mill]", "over = person", ("town",)),
        ("", "max over town of (mean over age of far + told)", "over = person", ()),
        ("by age", "max over town of far + told", "over = person", ("age",)),
        ("", "max over town of (mean over age of far + told)", "over = person", ()),
        ("", "max over age of (mean over town of far + told)", "over = person, within = []", ()),
        ("", "max over age of (mean over town of far + told)", "over = person, within = age", ("age",)),
    ],
)  # fmt: skip
def test_people_are_dealt_out_within_what_is_kept_apart_or_told(
    by: str, value: str, test: str, within: tuple[str, ...], tmp_path: Path
) -> None:
    text = AUDIT.format(unit="", value=_MEAN, measure="", check="").replace(
        "  measure sure",
        f"""  let people = share over person by town, age of towns.answers.value
  let far = number((mean over item of m.entropy(people)))
  let told = number((mean over item, repeat, model of reply.mass))
  measure tested {by} : real = {value} {{ test = permutation({test}) }}
  measure sure""",
    )
    checked = check_text(tmp_path, text.replace("cycl 1\n", 'cycl 1\nimport std.metrics as m version "1"\n'))
    assert not checked.errors, shown(checked)
    tested = next(one for one in checked.require().audits["one"].measures if one.name == "tested")
    assert isinstance(tested.test, d.Permutation) and tested.test.within == within


@pytest.mark.parametrize(
    ("test", "words"),
    [
        ("over = age", ("`age` is a group of people", "write `permutation(over = person)`")),
        ("over = person, within = gender", ("write `permutation(over = person, within = age)`",)),
    ],
)
def test_groups_that_cannot_be_moved_lead_to_those_that_can(
    test: str, words: tuple[str, ...], tmp_path: Path
) -> None:
    text = AUDIT.format(unit="", value=_MEAN, measure="", check="").replace(
        "  measure sure",
        f"""  let people = share over person by town, age of towns.answers.value
  measure tested : real = max over age of number((mean over item, town of m.entropy(people))) {{
    test = permutation({test})
  }}
  measure sure""",
    )
    checked = check_text(tmp_path, text.replace("cycl 1\n", 'cycl 1\nimport std.metrics as m version "1"\n'))
    assert [one.code for one in checked.errors] == ["CY0209"]
    assert all(part in shown(checked) for part in words)


def test_a_unit_is_dropped_from_a_reduction_in_parentheses(tmp_path: Path) -> None:
    body = "1 + (max over option of {})"
    module = (
        'cycl 1\nimport std.metrics as m version "1"\nmetric far(p: dist(S)) -> real where S is ordinal = '
    )
    wrong = check_text(tmp_path, module + body.format("index(option)"))
    assert "`number((max over option of index(option)))`" in shown(wrong)


def test_what_a_table_says_of_its_rows_is_how_they_are_drawn(tmp_path: Path) -> None:
    text = AUDIT.format(
        unit=" : share", value=_MEAN, measure="{ interval = bootstrap(over = [item, town]) }", check=""
    )
    (measure,) = check_text(tmp_path, text).require().audits["one"].measures
    assert measure.interval is not None
    assert measure.interval.drawings == (d.Drawn("item", cluster="battery"), d.Drawn("town"))
    text = AUDIT.format(
        unit=" : share",
        value=_MEAN,
        measure="{ interval = bootstrap(over = [item, repeat], design = nested, cluster = item) }",
        check="",
    )
    (measure,) = check_text(tmp_path, text).require().audits["one"].measures
    assert measure.interval is not None
    assert measure.interval.drawings == (d.Drawn("item"), d.Drawn("repeat", within=("item",)))


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
    assert [one.code for one in checked.errors] == found, shown(checked)
