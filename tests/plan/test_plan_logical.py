"""The logical plan: its operators, what each rewrite does, and how it is printed."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from typing import TypeVar

import pytest

import cyclspec
from cyclspec import pipeline
from cyclspec.compiler.plan.logical import (
    RULES,
    Cross,
    Draw,
    Filter,
    Generate,
    Lift,
    LogicalPlan,
    Operator,
    Pick,
    Read,
    Reduce,
    Render,
    Resample,
    Scan,
    Sink,
    logical_plan,
    rewrites_text,
    text,
)

T = TypeVar("T", bound=Operator)
SPECS = Path(str(cyclspec.__file__)).parent / "specs"
HEAD = """cycl 1
import std.metrics as m version "1"
import "quickstart/survey.cycl" as survey
import { as_resident } from "quickstart/prompts.cycl"
panel models { model tiny = demo() }
"""
AUDIT = """
audit shared {
  each item    in survey.invented.items where item.theme == family
  each country in survey.country where country.region == north
  each lang    in [en, es]
  each told    in shuffled(country)
  each model   in models

  ask reply = as_resident(item, country, lang = en) { model = model, read = first_token }
  ask again = as_resident(item, country, lang = en) { model = model, read = first_token }
  ask other = as_resident(item, told, lang) { model = model, read = first_token }

  let human = share over person by country weighted by person.weight of survey.invented.answers.value
  let far   = m.tv(reply, human)

  measure near by model : share = mean over item, country of 1 - far { interval = bootstrap(over = item, draws = 200) }
  measure most by model : share = max over country of (max over item of far)
  measure moved by model, lang : share = mean over item, country of m.tv(other, again)
}
"""


def plan_of(folder: Path, audit: str) -> LogicalPlan:
    shutil.copytree(SPECS / "quickstart", folder / "quickstart", dirs_exist_ok=True)
    (folder / "audit.cycl").write_text(HEAD + audit, encoding="utf-8")
    context = pipeline.check(folder / "audit.cycl").require()
    opened = pipeline.open_data(context, pipeline.choose(context, None))
    return logical_plan(opened.audit, opened.grid)


@pytest.fixture(scope="module")
def plan(tmp_path_factory: pytest.TempPathFactory) -> LogicalPlan:
    return plan_of(tmp_path_factory.mktemp("logical"), AUDIT)


def found(root: Operator, kind: type[T]) -> list[T]:
    here = [root] if isinstance(root, kind) else []
    return here + [one for inner in root.inputs for one in found(inner, kind)]


def sink(sinks: tuple[Sink, ...], name: str) -> Sink:
    return next(one for one in sinks if one.name == name)


def test_a_measure_is_a_sink_over_its_reductions_lifts_answers_and_people(plan: LogicalPlan) -> None:
    near = sink(plan.sinks, "near")
    (resample,) = near.inputs
    assert isinstance(resample, Resample)
    assert (resample.over, resample.draws) == (("item",), 200)
    (reduction,) = resample.inputs
    assert isinstance(reduction, Reduce)
    assert (reduction.reducer, reduction.over, reduction.cells) == ("mean", ("item", "country"), 1)
    (lift,) = reduction.inputs
    assert isinstance(lift, Lift)
    assert lift.what == "1 - tv"
    read, human = lift.inputs
    assert isinstance(read, Read)
    assert isinstance(human, Reduce)
    assert human.human
    assert read.cells == human.cells == lift.cells


def test_sizes_are_those_of_the_grid(plan: LogicalPlan, tmp_path: Path) -> None:
    items = (SPECS / "quickstart" / "data" / "items.jsonl").read_text(encoding="utf-8").splitlines()
    family = sum('"theme": "family"' in line or '"theme":"family"' in line for line in items)
    filters = {one.condition: one for one in found(sink(plan.sinks, "near"), Filter)}
    assert filters["item.theme == family"].cells == family
    assert filters["item.theme == family"].inputs[0].cells == len(items)
    assert filters["country.region == north"].cells == 3
    assert filters["country.region == north"].inputs[0].cells == 6
    (render,) = found(sink(plan.sinks, "near"), Render)
    assert (render.axes, render.cells) == (("item", "country"), 3 * family)
    (other,) = (r for r in found(sink(plan.sinks, "moved"), Render) if "lang = lang" in r.args)
    assert (set(other.axes), other.cells) == ({"item", "country", "lang"}, 6 * family)


def test_filters_stand_on_top_as_written_and_under_the_cross_as_computed(plan: LogicalPlan) -> None:
    written, computed = sink(plan.written, "near"), sink(plan.sinks, "near")
    assert all(not found(cross, Filter) for cross in found(written, Cross))
    assert all(found(one, Cross) for one in found(written, Filter))
    assert all(not found(one, Cross) for one in found(computed, Filter))
    (cross,) = found(computed, Cross)
    assert len(found(cross, Filter)) == 2


def test_columns_that_nothing_uses_are_not_read(plan: LogicalPlan) -> None:
    columns = {scan.source: scan.columns for one in plan.sinks for scan in found(one, Scan)}
    assert columns["invented.items"] == ("item", "question", "options", "theme", "battery")
    assert set(columns["invented.answers join people"]) == {"item", "person", "value", "country", "weight"}


def test_equal_asks_are_rendered_and_asked_once_and_others_are_not(plan: LogicalPlan) -> None:
    written = [one.copy for top in plan.written for one in found(top, Generate)]
    assert len(set(written)) == len(written) == 4
    generates = [one for top in plan.sinks for one in found(top, Generate)]
    assert len(set(generates)) == 2
    assert {one.uses for one in generates} == {1, 3}
    assert sink(plan.sinks, "moved") in plan.sinks


def test_a_maximum_of_maxima_is_one_reduction(plan: LogicalPlan) -> None:
    (reduction,) = sink(plan.sinks, "most").inputs
    assert isinstance(reduction, Reduce)
    assert (reduction.over, reduction.reducer) == (("country", "item"), "max")
    assert len([r for r in found(sink(plan.written, "most"), Reduce) if not r.human]) == 2


def test_people_are_counted_once(plan: LogicalPlan) -> None:
    humans = [r for top in plan.sinks for r in found(top, Reduce) if r.human]
    assert len(humans) == 2
    assert len(set(humans)) == 1
    assert humans[0].uses == 2


def test_a_shuffle_is_a_draw_below_its_prompts(plan: LogicalPlan) -> None:
    (draw,) = found(sink(plan.sinks, "moved"), Draw)
    assert (draw.name, draw.axes, draw.cells, draw.how) == ("told", ("country",), 3, "country, shuffled")


def test_every_rule_is_recorded_with_what_it_changed(plan: LogicalPlan) -> None:
    assert [one.rule.name for one in plan.applied] == [rule.name for rule in RULES]
    assert plan.applied[0].before == plan.written
    assert plan.applied[-1].after == plan.sinks
    for before, after in zip(plan.applied, plan.applied[1:], strict=False):
        assert before.after == after.before != before.before
    assert all(rule.doc and "\n" not in rule.doc for rule in RULES)


def test_the_tree_is_printed_with_shared_work_once(plan: LogicalPlan) -> None:
    shown = text(plan)
    lines = shown.split("\n")
    assert lines[0].split() == ["Sink", "near", "1", "cell"]
    assert sum("Generate models" in line and "as above" in line for line in lines) == 2
    assert sum(line.strip().startswith("Scan invented.answers") for line in lines) == 1
    assert lines[-1].startswith("rewrites applied: push-filters, prune-columns (")
    assert "share-generate (3 uses of one Generate)" in lines[-1]
    assert text(plan, "most").startswith("Sink most")
    with pytest.raises(KeyError):
        text(plan, "nothing")


def test_the_rewrites_are_printed_as_differences_rule_by_rule(plan: LogicalPlan) -> None:
    shown = rewrites_text(plan)
    heads = [line.split(":")[0] for line in shown.split("\n") if line and not line.startswith(" ")]
    assert heads == [rule.name for rule in RULES]
    pushed = shown.split("\n\n")[0]
    assert any(
        line.startswith("  -") and "Filter item.theme == family" in line for line in pushed.split("\n")
    )
    assert any(
        line.startswith("  +") and "Filter item.theme == family" in line for line in pushed.split("\n")
    )


JOINT = """
audit joint {
  each item    in survey.invented.items
  each country in survey.country where item.theme == family or country == vestrilo
  each repeat  in 1..2 where repeat < 2
  each model   in models
  ask reply = as_resident(item, country, lang = en) { model = model, read = first_token }
  measure mass by model : share = mean over item, country of reply.mass
}
"""


def test_a_condition_over_several_axes_stays_on_their_cross(tmp_path: Path) -> None:
    plan = plan_of(tmp_path, JOINT)
    (top,) = found(sink(plan.sinks, "mass"), Filter)
    (cross,) = top.inputs
    assert isinstance(cross, Cross)
    assert set(top.over) == {"item", "country"}
    (render,) = found(sink(plan.sinks, "mass"), Render)
    assert render.cells == top.cells < cross.cells
    assert not [scan for scan in found(top, Scan) if scan.axes == ("repeat",)]


def test_a_pick_is_an_operator_of_its_own(tmp_path: Path) -> None:
    audit = AUDIT.replace(
        "\n}\n", "\n  measure gap by model : points = (mean over item of far)[country: vestrilo] - "
        "(mean over item of far)[country: zephrune]\n}\n"
    )  # fmt: skip
    picks = found(sink(plan_of(tmp_path, audit).sinks, "gap"), Pick)
    assert sorted(pick.at for pick in picks) == ["[country: vestrilo]", "[country: zephrune]"]


def test_a_logical_plan_needs_no_jax() -> None:
    code = (
        "import sys, cyclspec.compiler.plan.logical; sys.exit('jax' in sys.modules or 'flax' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
