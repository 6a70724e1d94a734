"""Parameters: every type they can have, given by the spec or from outside, and the range each must keep to."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner
from spec_files import check_text, codes, shown

from cyclspec.cli.main import group
from cyclspec.language.types.constants import evaluate

TYPES = """cycl 1
scale grade : ordinal {{ worst, middling, best }}
axis town : nominal {{ harbour, mill }}
param p : {}
"""
GIVEN = [
    ("nominal(family, work) = family", "work", "work"),
    ("ordinal(low, middle, high) = high where p >= middle", "middle", "middle"),
    ("grade = best where p > worst", "middling", "middling"),
    ("town = mill", "harbour", "harbour"),
    ("list(town) = [mill] where size(p) >= 1", "[mill, harbour]", ("mill", "harbour")),
    ("list(lang) = [en] where size(p) in 1..3", "[en, zh]", ("en", "zh")),
    ("list(nominal(a, b)) = [a]", "[b, a]", ("b", "a")),
    ("duration = 7d where p in 1d..52w", "36h", 129600.0),
    ("duration = 7d where p <= 4w", "14d", 1209600.0),
    ("date = 2024-02-29 where p >= 2024-01-01 and p < 2025-01-01", "2024-12-31", "2024-12-31"),
    ("years = 18y where p in 0..120", "65y", 65.0),
    ("parameters = 7B where log10(p) >= 6", "1M", 1e6),
    ("share = 15% where p in 0%..50%", "10%", 0.1),
    ("points = 0 where p in -1..1", "-0.5", -0.5),
    ("nats = 0", "0", 0),
    ("count = 4 where round(p / 2) == 2", "5", 5),
    ("real = 2 where clip(p, 0, 1) == 1", "1.5", 1.5),
    ("real = 2 where sqrt(abs(p)) <= 4 and sign(p) != 0", "-16", -16),
    ("bool = false", "true", True),
    ("text = \"a\" where p != \"\"", '"b"', "b"),
]  # fmt: skip


@pytest.mark.parametrize(("type_", "given", "value"), GIVEN, ids=[f"{g[0]} / {g[1]}" for g in GIVEN])
def test_a_parameter_takes_a_value_of_its_type(type_: str, given: str, value: object, tmp_path: Path) -> None:
    checked = check_text(tmp_path, TYPES.format(type_))
    assert codes(checked) == [], shown(checked)
    checked = check_text(tmp_path, TYPES.format(type_), {"p": given})
    assert codes(checked) == [], shown(checked)
    (param,) = checked.require().params.values()
    found = evaluate(param.term)
    assert found == (pytest.approx(value) if isinstance(value, float) else value)
    assert param.origin == "command line"


REFUSED = [
    ("nominal(family, work) = family", "politics", "CY0101"),
    ("ordinal(low, middle, high) = high where p >= middle", "low", "CY0503"),
    ("grade = best where p > worst", "worst", "CY0503"),
    ("list(lang) = [en] where size(p) in 1..3", "[en, zh, es, fr]", "CY0503"),
    ("list(town) = [mill]", "[mill, ridge]", "CY0101"),
    ("list(town) = [mill]", "mill", "CY0201"),
    ("duration = 7d where p <= 4w", "5w", "CY0503"),
    ("duration = 7d", "7", "CY0201"),
    ("date = 2024-02-29", "2024-02-30", "CY0201"),
    ("date = 2024-02-29 where p >= 2024-01-01", "2023-12-31", "CY0503"),
    ("share = 15% where p in 0%..50%", "80%", "CY0503"),
    ("count = 4", "4.5", "CY0201"),
    ("real = 2 where sqrt(p) <= 4", "-16", "CY0201"),
    ("bool = false", "1", "CY0201"),
]


@pytest.mark.parametrize(("type_", "given", "code"), REFUSED, ids=[f"{r[0]} / {r[1]}" for r in REFUSED])
def test_a_value_outside_its_type_or_range_is_one_error(
    type_: str, given: str, code: str, tmp_path: Path
) -> None:
    checked = check_text(tmp_path, TYPES.format(type_), {"p": given})
    assert [d.code for d in checked.errors] == [code], shown(checked)


def test_a_value_outside_its_range_says_where_the_range_is_declared(tmp_path: Path) -> None:
    text = TYPES.format("share = 15% where p in 0%..50%")
    (error,) = check_text(tmp_path, text, {"p": "80%"}).errors
    assert error.message == "`p = 80%` is outside its declared range"
    assert error.caption == "must satisfy `p in 0%..50%`"
    assert error.notes[0].startswith("declared at ")
    assert error.notes[0].endswith("main.cycl:4:7")


def test_a_parameter_named_as_a_column_compares_with_it(tmp_path: Path) -> None:
    text = """cycl 1
param theme : nominal(family, work) = family
corpus book {{
  table items {{
    source  = csv("items.csv")
    item    : key
    text    : text(en)
    options : scale(ordinal, 2..5)
    theme   : nominal({})
  }}
}}
prompt put(item: book.items) -> choice(item.options) {{ user "{{item.text}} {{item.options|lettered}}" }}
panel models {{ model a = demo() }}
audit one {{
  each item  in book.items where item.theme == {}
  each model in models
  ask reply = put(item) {{ model = model, read = first_token }}
  check sure = (min over item of reply.mass) >= 0.5
}}
"""
    for levels, word, found in (
        ("family, work", "theme", []),
        ("family, work, religion", "theme", []),
        ("family", "param.theme", []),
        ("family, theme", "theme", ["CY0106"]),
        ("family, work, theme", "param.theme", []),
        ("family, work, theme", "level.theme", []),
        ("religion, trust", "theme", ["CY0501"]),
    ):
        checked = check_text(tmp_path, text.format(levels, word))
        assert codes(checked) == found, shown(checked)


def test_a_list_that_failed_is_the_only_error_of_the_audit_that_uses_it(tmp_path: Path) -> None:
    text = """cycl 1
param langs : list(lang) = [en]
axis town : nominal { harbour, mill }
prompt hail(town: town, lang: lang) -> choice(town) { user[en] "{town}?" user[fr] "{town} ?" }
panel models { model a = demo() }
audit one {
  each town  in town
  each lang  in langs
  each model in models
  ask reply = hail(town, lang) { model = model, read = first_token }
  measure sure by model, lang : share = mean over town of reply.mass
  check enough = (min over town, lang of reply.mass) >= 0.5
}
"""
    (error,) = check_text(tmp_path, text, {"langs": "en"}).diagnostics
    assert (error.code, error.helps) == ("CY0201", ("write `[en]`",))


def test_check_takes_parameters_from_the_command_line(tmp_path: Path) -> None:
    spec = tmp_path / "main.cycl"
    spec.write_text("cycl 1\nparam n : count where n in 1..5\n", encoding="utf-8")
    unbound, bound, outside = (
        CliRunner().invoke(group, ["check", *given, str(spec)])
        for given in ([], ["-p", "n=2"], ["-p", "n=9"])
    )
    assert (unbound.exit_code, bound.exit_code, outside.exit_code) == (1, 0, 1)
    assert "CY0107" in unbound.output and "CY0503" in outside.output
