"""Draws that leave nothing to measure: an interval stands on nearly all of its draws, or there is none."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import cyclspec

SPEC = """cycl 1

scale pick : nominal { yes "first", no "second" }
axis good : nominal { truth, mercy, loyalty }

corpus small {
  table cases {
    source = csv("cases.csv")
    case   : key
    text   : text
    first  : good
    second : good
  }
  table replies {
    source = csv("replies.csv")
    case   : ref(cases)
    model  : nominal
    value  : choice(pick)
  }
}
panel models { model one = recorded() }
prompt asked(case: small.cases) -> choice(pick) { user "{case.text}" }

audit circle {
  each case  in small.cases
  each model in models
  ask reply = asked(case) { model = model, read = recorded(small.replies.value), missing = drop }
  measure strength by model, good : real =
    bradley_terry(first = case.first, second = case.second, items = good) over case of reply
    { interval = bootstrap(over = case, draws = 400) }
}
"""
CIRCLE = (("truth", "mercy"), ("mercy", "loyalty"), ("loyalty", "truth"))


@pytest.mark.parametrize(("copies", "kept"), [(1, False), (9, True)])
def test_an_interval_stands_on_nearly_all_of_its_draws(
    copies: int, tmp_path: Path, command: Callable[..., Any], *, kept: bool
) -> None:
    """Of three cases in a circle only draws of all three connect, 3! of 3^3; of nine circles nearly all do."""
    pairs = CIRCLE * copies
    cases = [f"c{at},which,{first},{second}" for at, (first, second) in enumerate(pairs)]
    (tmp_path / "cases.csv").write_text("\n".join(["case,text,first,second", *cases]) + "\n")
    replies = [f"c{at},one,yes" for at in range(len(pairs))]
    (tmp_path / "replies.csv").write_text("\n".join(["case,model,value", *replies]) + "\n")
    (tmp_path / "audit.cycl").write_text(SPEC)
    said = command("run", tmp_path / "audit.cycl", "--out", tmp_path / "out")
    assert said.code == 0, said.err
    rows = cyclspec.open_run(tmp_path / "out").measures.to_pylist()
    assert [row["value"] for row in rows] == pytest.approx([0.0] * 3, abs=1e-6)
    if kept:
        assert all(row["low"] < 0 < row["high"] for row in rows)
        assert "leave nothing" not in said.err
        return
    assert all(row["low"] is None and row["high"] is None for row in rows)
    assert all(
        "of the draws leave nothing to measure: there is no interval" in row["warning"] for row in rows
    )
    assert "some draws of strength leave nothing to measure (`warning`)" in said.err
