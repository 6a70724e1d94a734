"""What grows without bound when names that name names are written out: evaluated once, or refused in one sentence."""

from __future__ import annotations

from pathlib import Path

import pytest
from spec_files import check_text, codes, shown

from cyclspec.language.syntax.parse import MAX_PARTS
from cyclspec.language.types import terms as h
from cyclspec.language.types.constants import has_more
from cyclspec.language.types.context import Symbol
from cyclspec.language.types.extents import MOST_LEVELS, MOST_PARTS

# What these programs would take without a limit is more than there is time; with one it is far below a second.
pytestmark = pytest.mark.timeout(30)


def chained(words: str, length: int) -> str:
    """Declarations of which each names the one before it."""
    return "\n".join(words.format(n=n, before=n - 1) for n in range(1, length))


def test_a_parameter_that_many_name_is_evaluated_once(tmp_path: Path) -> None:
    doubled = chained("param q{n} : real = q{before} + q{before}", 100)
    checked = check_text(tmp_path, f"cycl 1\nparam q0 : real = 1\n{doubled}\n")
    assert codes(checked) == []
    context = checked.require()
    last = context.params[Symbol(context.program.main.key, "q99")].term
    assert isinstance(last, h.Literal_)
    assert last.value == 2**99
    assert last.span.text == "q98 + q98"


@pytest.mark.parametrize(
    ("kind", "given", "value"),
    [
        ("real", "base * 2", 6),
        ("bool", "base > 2", True),
        ("text", 'if base > 2 then "more" else "less"', "more"),
        ("share", "10% + 20%", pytest.approx(0.3)),
        ("real", "abs(0 - base)", 3),
    ],
)
def test_a_parameter_is_its_value(kind: str, given: str, value: object, tmp_path: Path) -> None:
    checked = check_text(tmp_path, f"cycl 1\nparam base : real = 3\nparam p : {kind} = {given}\n")
    assert codes(checked) == []
    context = checked.require()
    term = context.params[Symbol(context.program.main.key, "p")].term
    assert isinstance(term, h.Literal_)
    assert term.value == value


def test_the_items_of_a_list_are_values(tmp_path: Path) -> None:
    text = "cycl 1\nparam n : real = 3\nparam p : list(real) = [n + 1, if n > 3 then 0 else n]\n"
    context = check_text(tmp_path, text).require()
    term = context.params[Symbol(context.program.main.key, "p")].term
    assert isinstance(term, h.ListTerm)
    assert [item.value for item in term.items if isinstance(item, h.Literal_)] == [4, 3]


def test_lists_of_lists_have_as_many_values_as_a_list_may_have(tmp_path: Path) -> None:
    def kind(n: int) -> str:
        return "list(" * (n + 1) + "real" + ")" * (n + 1)

    lists = "\n".join(f"param q{n} : {kind(n)} = [q{n - 1}, q{n - 1}]" for n in range(1, 30))
    checked = check_text(tmp_path, f"cycl 1\nparam q0 : list(real) = [1, 2]\n{lists}\n")
    assert codes(checked)[0] == "CY0013"
    assert f"the number of values in parameter `q12` is over the limit of {MAX_PARTS}" in shown(checked)
    context = checked.context
    assert context is not None
    largest = context.params[Symbol(context.program.main.key, "q11")].term
    assert not has_more(largest, MAX_PARTS)


def metric(name: str, body: str) -> str:
    return f"metric {name}(p: dist(S)) -> real = {body}"


def test_metrics_that_call_metrics_are_refused_by_their_size_written_out(tmp_path: Path) -> None:
    doubled = chained(metric("f{n}", "f{before}(p) + f{before}(p)"), 60)
    checked = check_text(tmp_path, f"cycl 1\n{metric('f0', 'max over option of p')}\n{doubled}\n")
    assert codes(checked) == ["CY0013"]
    assert f"over the limit of {MOST_PARTS:,} parts".replace(",", " ") in shown(checked)


def test_metrics_that_call_metrics_are_refused_by_their_depth_written_out(tmp_path: Path) -> None:
    chain = chained(metric("f{n}", "1 + f{before}(p)"), 900)
    checked = check_text(tmp_path, f"cycl 1\n{metric('f0', 'max over option of p')}\n{chain}\n")
    assert codes(checked) == ["CY0013"]
    assert f"over the limit of {MOST_LEVELS} levels" in shown(checked)


def test_metrics_within_the_limits_may_share_what_they_call(tmp_path: Path) -> None:
    doubled = chained(metric("f{n}", "f{before}(p) + f{before}(p)"), 9)
    assert codes(check_text(tmp_path, f"cycl 1\n{metric('f0', 'max over option of p')}\n{doubled}\n")) == []


def test_whoever_calls_a_metric_that_is_too_large_is_not_told_of_it_again(tmp_path: Path) -> None:
    chain = chained(metric("f{n}", "f{before}(p) + f{before}(p)"), 20)
    use = "scale s : nominal { a, b }\naudit z { let x = f19(uniform(s))\nlet y = f18(uniform(s)) }"
    text = f"cycl 1\n{metric('f0', 'max over option of p')}\n{chain}\n{use}\n"
    assert codes(check_text(tmp_path, text)) == ["CY0013"]
