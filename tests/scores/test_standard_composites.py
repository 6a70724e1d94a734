"""Published composites and measures of numbers: the formulas as their sources print them, and degenerate arguments."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import statsmodels.formula.api as smf
from numpy.typing import NDArray
from score_terms import audit, declared, grid, measure, metric, people, people_cells, real

from cyclspec.compiler.scores import ScoreInputs, lower

Floats = NDArray[np.float64]

# Hofstede and Minkov 2013: dimension, then factor, question added, question taken away, twice.
VSM = {
    "power_distance": ((35, 7, 2), (25, 20, 23)),
    "individualism": ((35, 4, 1), (35, 9, 6)),
    "masculinity": ((35, 5, 3), (35, 8, 10)),
    "uncertainty_avoidance": ((40, 18, 15), (25, 21, 24)),
    "long_term_orientation": ((40, 13, 14), (25, 19, 22)),
    "indulgence": ((35, 12, 11), (40, 17, 16)),
}
P, Q = people("item", column="p"), people("item", column="q")


def of_numbers(name: str, **given: float) -> float:
    """A metric of numbers alone, with its arguments by name; `default` stands for those that have one."""
    spec = declared()[name]
    args = [
        spec.defaults[formal] if formal not in given else real(given[formal]) for formal, _ in spec.formals
    ]
    program = audit(axes=["item"], measures=[measure("x", [], metric(name, *args))])
    found = lower(program, grid({"item": 1}, [2])).evaluate(ScoreInputs({}, {})).measure("x")
    return float(found.value)


@pytest.mark.parametrize("dimension", VSM)
def test_an_index_of_the_values_survey_module_is_its_published_formula(dimension: str) -> None:
    rng = np.random.default_rng(1)
    for constant in (0.0, 50.0):
        scores = rng.uniform(1, 5, 25)
        wanted = constant + sum(by * (scores[plus] - scores[less]) for by, plus, less in VSM[dimension])
        used = {f"m{at:02d}": float(scores[at]) for _, *pair in VSM[dimension] for at in pair}
        found = of_numbers(f"vsm_{dimension}", **used, constant=constant)
        assert found == pytest.approx(wanted, abs=1e-12)
        assert of_numbers(f"vsm_{dimension}", **used) == pytest.approx(wanted - constant, abs=1e-12)


def test_every_question_of_the_module_is_in_one_index() -> None:
    asked = sorted(at for pairs in VSM.values() for _, *pair in pairs for at in pair)
    assert asked == list(range(1, 25))
    named = [f for d in VSM for f, _ in declared()[f"vsm_{d}"].formals if f != "constant"]
    assert sorted(named) == [f"m{at:02d}" for at in range(1, 25)]


def test_axes_of_the_cultural_map_and_distances_on_it() -> None:
    """Tao et al. 2024: PC1' = 1.81 PC1 + .38 and PC2' = 1.61 PC2 - .01."""
    assert of_numbers("survival_self_expression", component=-0.5) == pytest.approx(
        1.81 * -0.5 + 0.38, abs=1e-15
    )
    assert of_numbers("traditional_secular", component=2.0) == pytest.approx(1.61 * 2 - 0.01, abs=1e-15)
    far = of_numbers("map_distance", x=1.0, y=-2.0, other_x=4.0, other_y=2.0)
    assert far == pytest.approx(5.0, abs=1e-15)
    assert of_numbers("map_distance", x=0.3, y=0.1, other_x=0.3, other_y=0.1) == 0.0
    part = of_numbers("component_part", score=4.0, mean=2.5, sd=0.75, loading=-0.6)
    assert part == pytest.approx(-1.2, abs=1e-15)
    assert np.isnan(of_numbers("component_part", score=4.0, mean=2.5, sd=0.0, loading=1.0))


def test_difference_in_differences_is_the_interaction_of_a_regression() -> None:
    rng = np.random.default_rng(2)
    cells = [(changed, after) for changed in (0, 1) for after in (0, 1) for _ in range(9)]
    frame = pd.DataFrame(cells, columns=["changed", "after"]).assign(y=rng.uniform(size=len(cells)))
    means = frame.groupby(["changed", "after"])["y"].mean()
    fitted = smf.ols("y ~ changed * after", frame).fit()
    found = of_numbers(
        "difference_in_differences",
        after=means[1, 1],
        before=means[1, 0],
        control_after=means[0, 1],
        control_before=means[0, 0],
    )
    assert found == pytest.approx(float(fitted.params["changed:after"]), abs=1e-12)


def test_small_metrics_of_numbers() -> None:
    assert of_numbers("fall", least_step=-0.25) == 0.25
    assert of_numbers("fall", least_step=0.1) == 0.0
    assert of_numbers("unanimous", agreement=1.0) == 1.0
    assert of_numbers("unanimous", agreement=1 - 1e-9) == 0.0
    assert of_numbers("session_flips", between=0.5, within=0.2) == pytest.approx(0.3, abs=1e-15)
    assert of_numbers("win_probability", first=1.5, second=0.5) == pytest.approx(
        1 / (1 + np.exp(-1)), abs=1e-15
    )
    assert of_numbers("win_probability", first=0.0, second=0.0) == 0.5
    assert of_numbers("replaced", largest=2.5) == 3.5
    for value, overall, wanted in ((0.7, 0.8, 1.0), (0.6, 0.8, 0.0), (0.7, 0.5, 0.0)):
        assert of_numbers("both_best", value=value, best=0.7, overall=overall, best_of_all=0.8) == wanted


def of_shares(name: str, p: Floats, *given: float, q: Floats | None = None) -> Floats:
    """A metric of one or two distributions [item, option] and of numbers."""
    shares = (P,) if q is None else (P, Q)
    program = audit(
        axes=["item"], measures=[measure("x", ["item"], metric(name, *shares, *map(real, given)))]
    )
    inputs = {P: people_cells(["item"], p)} | ({} if q is None else {Q: people_cells(["item"], q)})
    place = grid({"item": len(p)}, [p.shape[1]] * len(p))
    return lower(program, place).evaluate(ScoreInputs({}, inputs)).measure("x").value


def test_divergence_with_the_rule_of_the_framework() -> None:
    """A column for failures, as its code has it: infinite as soon as one simulation fails."""
    rng = np.random.default_rng(3)
    model, human = (rng.dirichlet(np.ones(4), 6) for _ in range(2))
    model[1], human[2] = (0.5, 0.5, 0.0, 0.0), (0.0, 0.5, 0.25, 0.25)
    for failed in (0.0, 0.05):
        with np.errstate(divide="ignore", invalid="ignore"):
            wide = np.column_stack([model * (1 - failed), np.full(6, failed)])
            people_ = np.column_stack([human, np.zeros(6)])
            terms = np.where(wide > 0, wide * np.log(wide / people_), 0.0)
        wanted = terms.sum(axis=1)
        found = of_shares("preference_kl", model, failed, q=human)
        np.testing.assert_allclose(found, np.where(np.isinf(wanted), np.nan, wanted), rtol=0, atol=1e-12)
    assert np.isnan(found).all()


def test_the_group_of_a_favourite() -> None:
    """Counts of two groups of 30 and 10; the favourite of all is the second option, or two where they tie."""
    women, men = np.array([[5.0, 20, 5], [15, 15, 0]]), np.array([[6.0, 2, 2], [0, 5, 5]])
    everybody = women + men
    everybody[1] = (20.0, 20.0, 0.0)
    shares = everybody / 40
    chose = shares == shares.max(axis=1, keepdims=True)
    for group, size in ((women, 30), (men, 10)):
        wanted = (group * chose).sum(axis=1) / (everybody * chose).sum(axis=1)
        part = metric("part_by_heads", real(size), real(40))
        program = audit(
            axes=["item"],
            measures=[measure("x", ["item"], metric("favourite_of", P, Q, part))],
        )
        inputs = {P: people_cells(["item"], shares), Q: people_cells(["item"], group / size)}
        found = lower(program, grid({"item": 2}, [3, 3])).evaluate(ScoreInputs({}, inputs)).measure("x")
        np.testing.assert_allclose(found.value, wanted, rtol=0, atol=1e-12)


def test_forms_that_agree_are_consistent_and_forms_that_contradict_each_other_are_not() -> None:
    """The generalised Jensen-Shannon divergence of three forms, written out with natural logarithms."""
    rng = np.random.default_rng(4)
    forms = rng.dirichlet(np.ones(2), (5, 3))
    forms[0] = forms[0, :1]
    forms[1] = ((1, 0), (1, 0), (0, 1))
    forms[2] = ((1, 0), (0, 1), (0.5, 0.5))

    def nats(p: Floats) -> Floats:
        return -np.where(p > 0, p * np.log(np.where(p > 0, p, 1)), 0).sum(axis=-1)

    pooled = forms.mean(axis=1)
    single = nats(forms).mean(axis=1) / np.log(2)
    for item in range(5):
        wanted = 1 - (nats(pooled[item]) / np.log(2) - single[item])
        found = of_shares("form_consistency", pooled[item : item + 1], float(single[item]))
        assert found[0] == pytest.approx(wanted, abs=1e-12)
        assert 0.0 <= found[0] <= 1.0
    assert of_shares("form_consistency", pooled[:1], float(single[0]))[0] == pytest.approx(1.0, abs=1e-12)
    np.testing.assert_allclose(
        of_shares("action_entropy", pooled), nats(pooled) / np.log(2), rtol=0, atol=1e-12
    )
    np.testing.assert_allclose(of_shares("preference", pooled), pooled[:, 0], rtol=0, atol=1e-15)


def test_diversity_of_simulations() -> None:
    """Five simulations: all alike, two answers, and as many answers as three options allow."""
    p = np.array([[1.0, 0, 0], [0.6, 0.4, 0], [0.4, 0.4, 0.2]])
    np.testing.assert_allclose(of_shares("diversity", p, 5), [0, 1 / 4, 2 / 4], rtol=0, atol=1e-15)
    np.testing.assert_allclose(of_shares("diversity_of_possible", p, 5), [0, 1 / 2, 1], rtol=0, atol=1e-15)
    np.testing.assert_allclose(of_shares("diversity_of_possible", p, 2), [0, 1, 2], rtol=0, atol=1e-15)
    assert np.isnan(of_shares("diversity", p, 1)).all()


def test_every_metric_of_the_standard_library_has_an_oracle() -> None:
    """Its name stands in a test of this folder, or it is private."""
    tests = "".join(
        path.read_text(encoding="utf-8") for path in Path(__file__).parent.glob("test_standard_*.py")
    )
    lacking = [
        n for n in declared() if not n.startswith("_") and f'"{n}"' not in tests and not n.startswith("vsm_")
    ]
    assert not lacking
