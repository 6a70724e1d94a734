"""Every reducer: what it makes of a value, and what it refuses; the table that both are read from."""

from __future__ import annotations

from pathlib import Path

import pytest
from spec_files import check_text, shown

from cyclspec.language.types import kinds as k
from cyclspec.language.types.reducers import REDUCERS, UNIT_OF, reducer_names

AUDIT = """cycl 1
import std.metrics as m

axis virtue : nominal {{ care "care", duty "duty", truth "truth" }}
axis vice   : nominal {{ pride "pride", greed "greed" }}
axis age    : ordinal(years) {{ younger = 16..39 "under 40", elder = 40..inf "40 or over" }}
scale mood : ordinal {{ low "low", middle "middle", high "high" }}
scale side : nominal {{ left "left", right "right" }}

corpus book {{
  table cases {{
    source  = parquet("cases.parquet")
    case    : key
    text    : text(en)
    wordings : list(text(en)) where size(wordings) >= 2
    options : scale(ordinal, 2..5)
    pair    : scale(nominal, 2..2)
    a       : virtue
    b       : virtue
    day     : date
    weight  : real where weight >= 0
  }}
  table people {{
    source = parquet("people.parquet")
    person : key
    age    : age
    weight : real where weight >= 0
  }}
  table answers {{
    source = parquet("answers.parquet")
    case   : ref(cases)
    person : ref(people)
    value  : choice(case.options)
  }}
}}
target residents {{ axes = [age], rows = book.people, weight = book.people.weight }}

prompt choose(case: book.cases, age: age) -> choice(case.pair) {{ user "{{age}} {{case.text}} {{case.pair|lettered}}" }}
prompt rate(case: book.cases, age: age) -> choice(case.options) {{
  user "{{age}} {{case.text}} {{case.options|lettered}}"
}}
prompt feel(age: age) -> choice(mood) {{ user "{{age}}: how do you feel?" }}
prompt wear(age: age) -> picks(mood, 0..2) {{ user "{{age}}: which?" }}
prompt tell(age: age) -> record {{ mood : choice(mood)  sure : share }} {{ user "{{age}}: tell" }}
prompt reword(wording: text, case: book.cases) -> choice(case.pair) {{ user "{{wording}} {{case.pair|lettered}}" }}

panel grid {{
  factor size : ordinal(parameters)
  model a = demo() {{ size = 1B }}
  model b = demo() {{ size = 7B }}
}}
audit one {{
  each case    in book.cases
  each wording in case.wordings
  each age     in age
  each day     in 1..4
  each repeat  in 1..2
  each size    in grid
  ask pick  = choose(case, age) {{ model = grid, per = [day, repeat], read = sampled, missing = keep }}
  ask rated = rate(case, age)   {{ model = grid, read = first_token }}
  ask felt  = feel(age)         {{ model = grid, per = [day, repeat], read = sampled, missing = keep }}
  ask worn  = wear(age)         {{ model = grid, read = sampled, missing = keep }}
  ask told  = tell(age)         {{ model = grid, read = json, missing = keep }}
  ask again = reword(wording, case) {{ model = grid, read = sampled, missing = drop }}
  let mass  = rated.mass
  let place = m.mean_position(rated)
  let bits  = m.entropy(rated)
  let moods = share over repeat of felt
  let strong = bradley_terry(first = case.a, second = case.b, items = virtue) over case, repeat of pick
  check enough = (min over case, age, size of mass) >= 0.5
  {statement}
}}
"""
GIVEN = [
    # numbers
    ("mean over age of mass", "share", {"case", "size"}, False),
    ("sum over age of mass > 0.5", "count", {"case", "size"}, False),
    ("mean over age of mass > 0.5", "share", {"case", "size"}, False),
    ("var over age of mass", "real", {"case", "size"}, False),
    ("sd over age of mass - 0.5 * mass", "share", {"case", "size"}, False),
    ("quantile(at = 25%) over age of bits", "bits", {"case", "size"}, False),
    ("quantile(at = 0.5) over case of mass", "share", {"age", "size"}, False),
    ("count over age of mass > 0.5", "count", {"case", "size"}, False),
    ("count over day, repeat of pick", "count", {"case", "age", "size"}, False),
    ("max over case of case.day", "date", set(), False),
    ("min over day of felt", "choice(mood)", {"age", "repeat", "size"}, False),
    # choices, and answers that may be missing
    ("share over repeat of felt", "dist(mood)", {"age", "day", "size"}, False),
    ("share over person of book.people.age", "dist(age)", set(), False),
    ("mode over repeat of felt", "choice(mood)", {"age", "day", "size"}, True),
    ("mode over repeat weighted by repeat of felt", "choice(mood)", {"age", "day", "size"}, True),
    ("share over age of told.mood", "dist(mood)", {"size"}, False),
    ("mean over age of told.sure", "share", {"size"}, False),
    ("mean over age of is_missing(told.sure)", "share", {"size"}, False),
    ("share over age of includes(worn, low)", "share", {"size"}, False),
    ("mean over day weighted by day of moods", "dist(mood)", {"age", "size"}, False),
    # relations
    ("slope(against = log10(size)) over size of mass", "points", {"case", "age"}, False),
    ("pearson(against = place) over case of mass", "coefficient", {"age", "size"}, False),
    ("spearman(against = place) over case, age of mass", "coefficient", {"size"}, False),
    ("kendall(against = day) over day of felt", "coefficient", {"age", "repeat", "size"}, False),
    # agreement
    ("pair_agreement over repeat of felt", "share", {"age", "day", "size"}, False),
    ("pair_disagreement over day, repeat of pick", "share", {"case", "age", "size"}, False),
    ("pair_disagreement over age of mass > 0.5", "share", {"case", "size"}, False),
    ("pair_disagreement(within = day) over day, repeat of pick", "share", {"case", "age", "size"}, False),
    ("pair_agreement(between = day) over day, repeat of felt", "share", {"age", "size"}, False),
    (
        "pair_agreement(within = age, between = [day, repeat]) over age, day, repeat of pick",
        "share", {"case", "size"}, False,
    ),
    (
        "krippendorff(units = case, raters = day) over case, day of pick",
        "coefficient", {"age", "repeat", "size"}, False,
    ),
    (
        "krippendorff(units = [age, day], raters = repeat, level = ordinal) over age, day, repeat of felt",
        "coefficient", {"size"}, False,
    ),
    (
        "krippendorff(units = case, raters = age, level = interval) over case, age of mass",
        "coefficient", {"size"}, False,
    ),
    ("cohen_kappa(raters = repeat) over case, repeat of pick", "coefficient", {"age", "day", "size"}, False),
    ("cohen_kappa(raters = repeat, weights = linear) over day, repeat of felt", "coefficient", {"age", "size"}, False),
    # fitted, with an axis of their own
    ("strong", "real", {"virtue", "age", "day", "size"}, False),
    ("strong[virtue: care]", "real", {"age", "day", "size"}, False),
    (
        "win_share(first = case.a, second = case.b, items = virtue) over case, repeat of pick",
        "share", {"virtue", "age", "day", "size"}, False,
    ),
    (
        "nontransitive_triples(first = case.a, second = case.b, items = virtue) over case, day, repeat of pick",
        "share", {"age", "size"}, False,
    ),
    ("principal_components(units = age) over case of mass", "real", {"age", "size", "component"}, False),
    ("principal_components(units = size, n = 1) over case of mass", "real", {"age", "size", "component"}, False),
    # along
    ("rank along virtue of (mean over day of strong)", "rank", {"virtue", "age", "size"}, False),
    ("rank along case of mass", "rank", {"case", "age", "size"}, False),
    ("cumsum along day of (mean over virtue of strong)", "real", {"age", "day", "size"}, False),
    ("cumsum along age of mass", "share", {"case", "age", "size"}, False),
    ("diff along size of mass", "points", {"case", "age", "size"}, False),
    ("diff along day of (mean over virtue of strong)", "real", {"age", "day", "size"}, False),
    ("sorted along case of mass", "share", {"case", "age", "size"}, False),
    # weights
    ("mean over age, case weighted by residents.share of mass", "share", {"size"}, False),
    ("share over person weighted by (person.weight + 1) of book.answers.value", "dist(case.options)", {"case"}, False),
]  # fmt: skip


@pytest.mark.parametrize(("value", "kind", "axes", "optional"), GIVEN, ids=[given[0] for given in GIVEN])
def test_a_reducer_gives_its_kind_on_the_axes_that_are_left(
    value: str, kind: str, axes: set[str], optional: bool, tmp_path: Path
) -> None:
    checked = check_text(tmp_path, AUDIT.format(statement=f"let x = {value}"))
    assert not checked.errors, shown(checked)
    found = next(let for let in checked.require().audits["one"].lets if let.name == "x").term.type
    assert (k.kind_text(found.kind), set(found.axes), found.optional) == (kind, axes, optional)


REFUSED = [
    # what does not reduce
    ("mean over age of felt", "CY0207"),
    ("quantile(at = 0.5) over age of felt", "CY0207"),
    ("var over age of bits", "CY0208"),
    ("var over age of moods", "CY0208"),
    ("share over age of worn", "CY0208"),
    ("mode over age of worn", "CY0208"),
    ("share over age of told", "CY0208"),
    ("share over age of mass", "CY0208"),
    ("max over case of case.a", "CY0208"),
    ("pair_agreement over age of mass", "CY0208"),
    ("kendall(against = mass) over case of case.a", "CY0208"),
    ("bradley_terry(first = case.a, second = case.b, items = virtue) over case of rated", "CY0208"),
    ("bradley_terry(first = case.a, second = case.b, items = virtue) over day of felt", "CY0208"),
    ("median over age weighted by mass of mass", "CY0208"),
    ("share over age, case weighted by residents.share of told.sure", "CY0301"),
    # names and arguments
    ("krippendorf(units = case) over case of pick", "CY0101"),
    ("rank over case of mass", "CY0101"),
    ("mean along case of mass", "CY0101"),
    ("quantile over age of mass", "CY0209"),
    ("quantile(0.5) over age of mass", "CY0209"),
    ("quantile(at = 0.5, at = 0.6) over age of mass", "CY0209"),
    ("quantile(at = 2) over age of mass", "CY0503"),
    ("quantile(at = mass) over age of mass", "CY0503"),
    ("slope(agianst = size) over size of mass", "CY0209"),
    ("slope(against = case.a) over case of mass", "CY0201"),
    ("slope(against = strong) over case of mass", "CY0209"),
    ("slope(against = log10(size)) over case of mass", "CY0209"),
    ("krippendorff(units = case, raters = case) over case of pick", "CY0209"),
    ("krippendorff(units = case, raters = day) over case, day, repeat of pick", "CY0209"),
    ("krippendorff(units = case, raters = size) over case, day of pick", "CY0209"),
    ("krippendorff(units = case, raters = nobody) over case, day of pick", "CY0301"),
    ("krippendorff(units = case, raters = day, level = ratio) over case, day of pick", "CY0101"),
    ("krippendorff(units = case, raters = day, level = ordinal) over case, day of pick", "CY0202"),
    ("krippendorff(units = case, raters = day, level = interval) over case, day of pick", "CY0201"),
    ("cohen_kappa(raters = repeat) over repeat of felt", "CY0209"),
    ("cohen_kappa(raters = day) over case, day of pick", "CY0209"),
    ("cohen_kappa(raters = [day, repeat]) over case, day, repeat of pick", "CY0209"),
    ("cohen_kappa(raters = repeat, weights = linear) over case, repeat of pick", "CY0202"),
    ("bradley_terry(first = case.a, second = case.b, items = mood) over case of pick", "CY0201"),
    ("bradley_terry(first = case.a, second = case.b, items = vice) over case of pick", "CY0201"),
    ("bradley_terry(first = case.a, second = age, items = virtue) over case of pick", "CY0209"),
    ("bradley_terry(first = case.a, second = case.b) over case of pick", "CY0209"),
    ("principal_components(units = case) over case of mass", "CY0209"),
    ("pair_agreement(within = day, between = day) over day, repeat of pick", "CY0209"),
    ("pair_agreement(within = [day, repeat]) over day, repeat of pick", "CY0209"),
    ("pair_agreement(between = size) over day, repeat of pick", "CY0209"),
    ("pair_agreement(between = nobody) over day, repeat of pick", "CY0301"),
    ("pair_agreement(day) over day, repeat of pick", "CY0209"),
    ("win_share(first = case.a, second = case.b, items = virtue) over day of felt", "CY0208"),
    ("nontransitive_triples(first = case.a, second = case.b, items = vice) over case of pick", "CY0201"),
    ("nontransitive_triples(first = case.a, second = case.b) over case of pick", "CY0209"),
    ("diff along case of mass", "CY0202"),
    ("diff over size of mass", "CY0101"),
    ("sorted along day, repeat of felt", "CY0209"),
    ("sorted along day of felt", "CY0208"),
    ("principal_components(units = age, n = 0) over case of mass", "CY0503"),
    # axes
    ("cumsum along case of mass", "CY0202"),
    ("cumsum along virtue of strong", "CY0202"),
    ("rank along case, age of mass", "CY0209"),
    ("rank along virtue by age of strong", "CY0209"),
    ("rank along virtue of mass", "CY0301"),
    ("mode over case of again", "CY0305"),
    ("again[case: first]", "CY0202"),
    ('again[case: "a"]', "CY0305"),
]


@pytest.mark.parametrize(("value", "code"), REFUSED, ids=[value for value, _ in REFUSED])
def test_a_reduction_that_makes_no_sense_is_one_error(value: str, code: str, tmp_path: Path) -> None:
    checked = check_text(tmp_path, AUDIT.format(statement=f"let x = {value}"))
    assert [d.code for d in checked.errors] == [code], shown(checked)


def test_a_narrowed_scale_has_the_order_and_length_that_its_condition_gives(tmp_path: Path) -> None:
    text = AUDIT.format(statement="let x = mean over case of m.emd(rated, rated)")
    assert [d.code for d in check_text(tmp_path, text).errors] == ["CY0502"]
    narrowed = text.replace("in book.cases\n", "in book.cases where size(case.options) == 3\n")
    checked = check_text(tmp_path, narrowed)
    assert not checked.errors, shown(checked)


def test_a_running_sum_over_options_needs_their_order(tmp_path: Path) -> None:
    metric = "metric reach(p: dist(S)) -> share {} = max over option of (cumsum along option of p)"
    for where, codes in (("", ["CY0202"]), ("where S is ordinal", [])):
        checked = check_text(tmp_path, f"cycl 1\n{metric.format(where)}\n")
        assert [d.code for d in checked.errors] == codes, shown(checked)


def test_the_result_of_a_reduction_is_known_when_its_last_part_is(tmp_path: Path) -> None:
    text = AUDIT.format(
        statement="let x = mean over case weighted by (mean over age, size of mass) of case.weight"
    )
    found = next(let for let in check_text(tmp_path, text).require().audits["one"].lets if let.name == "x")
    assert found.term.type.phase is k.Phase.RESPONSE


def test_every_reducer_says_what_it_is() -> None:
    for (name, direction), reducer in REDUCERS.items():
        assert (name, direction) == (reducer.name, reducer.direction)
        assert reducer.takes
        assert reducer.formula
        assert reducer.says.endswith(".")
        assert all(parameter.says for parameter in reducer.parameters)
        assert reducer.adds in ("", "component", *reducer.required)
        for _, result in reducer.takes:
            assert result in UNIT_OF or result in ("same", "dist", "spread", "square", "change")


def test_the_reducers_of_both_directions_have_names_of_their_own() -> None:
    assert not set(reducer_names("over")) & set(reducer_names("along"))
