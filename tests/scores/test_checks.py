"""Checks: what they exclude, withhold, stop and record; and what is refused before anything runs."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from score_terms import (
    SPAN,
    answer,
    answers,
    arithmetic,
    audit,
    call,
    check,
    compare,
    grid,
    let,
    measure,
    metric,
    people,
    people_cells,
    real,
    reduce,
)

from cyclspec.compiler.scores import ScoreInputs, Scores, lower
from cyclspec.language.diagnostics import InternalError, SpecError
from cyclspec.language.types import kinds as k
from cyclspec.language.types import terms as h
from cyclspec.language.types import typed as d

AXES = ("model", "country", "item")
RNG = np.random.default_rng(31)
MASS = RNG.uniform(0.2, 1.0, (3, 2, 6)).astype(np.float32)
PROBS = RNG.dirichlet(np.ones(3), size=(3, 2, 6)).astype(np.float32)
SHARE = RNG.dirichlet(np.ones(3), size=(2, 6))
mass, reply, human = answer(*AXES, field="mass"), answer(*AXES), people("country", "item")
distance = metric("tv", reply, human)
P64 = PROBS.astype(np.float64) / PROBS.astype(np.float64).sum(axis=-1, keepdims=True)
TV = 0.5 * np.abs(P64 - SHARE).sum(axis=-1)


def scored(measures: list[d.TypedMeasure], checks: list[d.TypedCheck]) -> Scores:
    spec = audit(axes=AXES, measures=measures, checks=checks)
    graph = lower(spec, grid({"model": 3, "country": 2, "item": 6}, [3] * 6))
    inputs = ScoreInputs(
        {"reply": answers(AXES, PROBS, mass=MASS)}, {human: people_cells(["country", "item"], SHARE)}
    )
    return graph.evaluate(inputs)


def by_model() -> d.TypedMeasure:
    return measure("m", ["model"], reduce("mean", ["country", "item"], distance))


def test_an_excluding_check_takes_cells_out_before_measuring_and_keeps_the_other_value() -> None:
    found = scored([by_model()], [check("trusted", AXES, compare(">=", mass, real(0.5)), "exclude")])
    cells, kept = found.measures[0], MASS >= 0.5
    for model in range(3):
        assert abs(cells.value[model] - TV[model][kept[model]].mean()) < 1e-12
        assert abs(cells.value_unexcluded[model] - TV[model].mean()) < 1e-12
    assert cells.missing["check trusted"].tolist() == (~kept).sum(axis=(1, 2)).tolist()
    assert cells.n_used.tolist() == kept.sum(axis=(1, 2)).tolist()
    assert found.check("trusted").n_failed == (~kept).sum()


def test_an_excluding_check_on_fewer_axes_takes_out_all_it_covers() -> None:
    low = compare(">=", reduce("min", ["item"], mass), real(float(np.sort(MASS.min(axis=2).ravel())[3])))
    cells = scored([by_model()], [check("steady", ["model", "country"], low, "exclude")]).measures[0]
    kept = MASS.min(axis=2) >= np.sort(MASS.min(axis=2).ravel())[3]
    wanted = [TV[m][kept[m]].mean() if kept[m].any() else np.nan for m in range(3)]
    np.testing.assert_allclose(cells.value, wanted, rtol=0, atol=1e-12)
    assert cells.missing["check steady"].sum() == 3 * 6


def test_a_withholding_check_takes_back_every_measured_cell_it_covers() -> None:
    lowest = MASS.min(axis=(1, 2))
    gate = compare(">=", reduce("min", ["country", "item"], mass), real(float(np.median(lowest))))
    country = measure("c", ["country"], reduce("mean", ["model", "item"], distance))
    found = scored([by_model(), country], [check("gate", ["model"], gate, "withhold")])
    bad = lowest < np.median(lowest)
    assert bad.sum() == 1
    assert np.isnan(found.measure("m").value).tolist() == bad.tolist()
    assert np.isnan(found.measure("m").value_unexcluded).tolist() == bad.tolist()
    assert list(found.measure("m").withheld_by) == [("gate",) if here else () for here in bad]
    assert (
        np.isnan(found.measure("c").value).all() and list(found.measure("c").withheld_by) == [("gate",)] * 2
    )


@pytest.mark.parametrize(("on_fail", "withheld"), [("stop", True), ("warn", False)])
def test_stop_withholds_everything_and_warn_nothing(on_fail: Any, withheld: bool) -> None:
    gate = compare(">=", reduce("min", ["item"], mass), real(2.0))
    overall = measure("all", [], reduce("mean", ["model", "country", "item"], distance))
    found = scored([by_model(), overall], [check("gate", ["model", "country"], gate, on_fail)])
    assert np.isnan(found.measure("m").value).all() == withheld
    assert np.isnan(found.measure("all").value) == withheld
    assert found.check("gate").n_failed == 6


def test_a_check_may_refer_to_a_measure() -> None:
    gate = compare("<=", let("m", "model"), real(float(np.median(TV.mean(axis=(1, 2))))))
    found = scored([by_model()], [check("close", ["model"], gate, "warn")])
    np.testing.assert_array_equal(
        found.check("close").passed, TV.mean(axis=(1, 2)) <= np.median(TV.mean(axis=(1, 2)))
    )


def test_a_check_that_cannot_be_evaluated_neither_passes_nor_acts() -> None:
    gate = compare(">=", call("log2", arithmetic("-", mass, real(5.0))), real(0.0))
    found = scored([by_model()], [check("gate", AXES, gate, "withhold")])
    assert not found.check("gate").ok.any() and found.check("gate").n_missing == 36
    assert not found.check("gate").failing.any() and np.isfinite(found.measure("m").value).all()


def test_what_cannot_run_is_refused_by_name_all_at_once() -> None:
    by_item = d.Permutation("item", None, (), 100, "upper")
    measures = [
        measure("included", AXES, call("includes", mass)),
        measure("shuffled", AXES, call("prompt_shuffled", mass)),
        replace(measure("permuted", ["model"], reduce("mean", ["country", "item"], distance)), test=by_item),
    ]
    with pytest.raises(SpecError) as refused:
        lower(audit(axes=AXES, measures=measures), grid({"model": 1, "country": 1, "item": 1}, [2]))
    assert [diagnostic.code for diagnostic in refused.value.diagnostics] == ["CY0801"] * 3
    messages = {diagnostic.message for diagnostic in refused.value.diagnostics}
    assert messages == {
        "`includes(..)` over cells is checked but cannot run yet",
        "`prompt_shuffled(..)` over cells is checked but cannot run yet",
        "a permutation over `item`, whose levels have options of their own, is checked but cannot run yet",
    }


def test_inputs_of_another_shape_are_an_internal_error() -> None:
    graph = lower(
        audit(axes=AXES, measures=[by_model()]), grid({"model": 3, "country": 2, "item": 6}, [3] * 6)
    )
    cells = {human: people_cells(["country", "item"], SHARE)}
    with pytest.raises(InternalError, match="no input"):
        graph.evaluate(ScoreInputs({}, cells))
    with pytest.raises(InternalError, match="shape"):
        graph.evaluate(ScoreInputs({"reply": answers(AXES, PROBS[:2])}, cells))


def test_the_program_prints_as_a_jaxpr() -> None:
    spec = audit(
        axes=AXES,
        measures=[by_model()],
        checks=[check("gate", AXES, compare(">=", mass, real(0.5)), "exclude")],
    )
    graph = lower(spec, grid({"model": 3, "country": 2, "item": 6}, [3] * 6))
    kernel = graph.metric_text("tv", 5)
    assert "f64[5]" in kernel and "reduce_sum" in kernel and kernel.count("\n") < 15
    text = graph.jaxpr_text("m")
    assert "f64[6,2,3,3]" in text and text.count("\n") < 300
    assert len(graph.jaxpr_text()) > len(text)
    with pytest.raises(KeyError):
        graph.jaxpr_text("nothing")


def test_an_undefined_branch_of_a_metric_stays_undefined_through_a_comparison() -> None:
    """`if kl(p, q) > 0 then 1 else 0` must not turn an undefined divergence into a number."""
    p, q = (h.FormalTerm(type=k.Type(k.Number()), span=SPAN, name=name) for name in "pq")
    test = compare(">", metric("kl", p, q), real(0.0))
    body = h.IfTerm(type=test.type, span=SPAN, condition=test, then=real(1), otherwise=real(0))
    call_ = metric("kl", reply, human)
    assert isinstance(call_, h.MetricTerm)
    term = h.MetricTerm(
        type=call_.type,
        span=SPAN,
        metric="some",
        formals=("p", "q"),
        args=call_.args,
        body=body,
        scale=call_.scale,
    )
    share = np.array([[[[0.5, 0.5]]]])
    inputs = ScoreInputs(
        {"reply": answers(AXES, share)}, {human: people_cells(["country", "item"], np.array([[[1.0, 0.0]]]))}
    )
    spec = audit(axes=AXES, measures=[measure("m", AXES, term)])
    cells = lower(spec, grid({"model": 1, "country": 1, "item": 1}, [2])).evaluate(inputs).measures[0]
    assert np.isnan(cells.value).all() and cells.missing["undefined"].all()
