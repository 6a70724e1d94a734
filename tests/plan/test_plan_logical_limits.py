"""Logical plans of lets that name one another: as large as what is computed, or refused."""

from __future__ import annotations

import pathlib
from collections.abc import Iterator

import pytest
from test_plan_logical import plan_of

from cyclspec.compiler.plan.logical import Lift, LogicalPlan, Reduce
from cyclspec.compiler.plan.logical.build import MOST_LEVELS, MOST_OPERATORS
from cyclspec.compiler.plan.logical.operators import Operator, below
from cyclspec.compiler.plan.logical.words import MOST
from cyclspec.language.diagnostics import SpecError

pytestmark = pytest.mark.timeout(60)

BODY = """
audit shared {{
  each item    in survey.invented.items
  each country in survey.country
  each model   in models
  ask reply = as_resident(item, country, lang = en) {{ model = model, read = first_token }}
  check mass = (min over item, country of reply.mass) >= 0.5
{lets}
  measure m by model : {unit} = mean over item, country of x0
}}
"""


def planned(folder: pathlib.Path, step: str, length: int, unit: str = "share") -> LogicalPlan:
    lets = [f"  let x{n} = {step.format(next=f'x{n + 1}')}" for n in range(length)]
    lets.append(f"  let x{length} = reply.mass")
    return plan_of(folder, BODY.format(lets="\n".join(lets), unit=unit))


def operators(plan: LogicalPlan) -> Iterator[Operator]:
    sink = next(sink for sink in plan.sinks if sink.name == "m")
    return below(sink)


def test_a_let_that_is_named_twice_flows_in_once(tmp_path: pathlib.Path) -> None:
    plan = planned(tmp_path, "{next} + {next}", 60)
    kinds = [type(one).__name__ for one in operators(plan)]
    assert kinds == ["Sink", "Reduce", "Lift", "Read", "Generate", "Render", "Cross", "Scan", "Scan"]
    lift = next(one for one in operators(plan) if isinstance(one, Lift))
    assert len(lift.what) <= MOST
    assert lift.what.endswith(" …")


def test_a_long_chain_of_lets_is_one_expression(tmp_path: pathlib.Path) -> None:
    lifts = [one for one in operators(planned(tmp_path, "{next} + 1", 1500)) if isinstance(one, Lift)]
    assert len(lifts) == 1
    assert len(lifts[0].what) <= MOST


def test_a_short_expression_is_spelled_out(tmp_path: pathlib.Path) -> None:
    plan = planned(tmp_path, "1 - {next}", 2)
    assert [one.what for one in operators(plan) if isinstance(one, Lift)] == ["1 - (1 - x2)"]


def refusal(folder: pathlib.Path, step: str, length: int) -> str:
    with pytest.raises(SpecError) as refused:
        planned(folder, step, length, "rank")
    (diagnostic,) = refused.value.diagnostics
    assert diagnostic.code == "CY0013"
    return diagnostic.message


def test_more_operators_than_anybody_reads_are_refused(tmp_path: pathlib.Path) -> None:
    message = refusal(tmp_path, "(rank along item of {next}) + (rank along country of {next})", 25)
    assert f"the limit of {MOST_OPERATORS:,} operators".replace(",", " ") in message


def test_operators_nested_deeper_than_anybody_reads_are_refused(tmp_path: pathlib.Path) -> None:
    assert f"the limit of {MOST_LEVELS} levels" in refusal(tmp_path, "rank along item of {next}", 900)


def test_a_few_reductions_inside_one_another_are_not(tmp_path: pathlib.Path) -> None:
    plan = planned(tmp_path, "(rank along item of {next}) + (rank along country of {next})", 4, "rank")
    reductions = [one for one in operators(plan) if isinstance(one, Reduce)]
    assert len(reductions) == 1 + sum(2**n for n in range(1, 5))
