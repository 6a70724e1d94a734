"""The standard metrics against SciPy, NumPy and extended precision, on random and degenerate distributions."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
import pytest
import scipy.stats
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.spatial.distance import jensenshannon
from score_terms import (
    answer,
    answers,
    audit,
    distributions,
    grid,
    measure,
    metric,
    people,
    people_cells,
    real,
)

from cyclspec.compiler.scores import Graph, ScoreInputs, lower

Floats = NDArray[np.float64]
COUNTS = (5, 2, 1, 4, 5, 3)
EPSILON = 0.01
EXISTS = np.arange(5) < np.array(COUNTS)[:, None]
ONE = ("entropy", "mean_position")
TWO = ("tv", "kl", "kl_nats", "jsd", "jsd_nats", "js_distance", "js_distance_nats", "emd", "emd_norm")


@cache
def graph() -> Graph:
    """Every standard metric of two people columns p and q over `item`, both of them float64."""
    p, q = people("item", column="p"), people("item", column="q")
    measures = [measure(name, ["item"], metric(name, p)) for name in ONE]
    measures += [measure(name, ["item"], metric(name, p, q)) for name in TWO]
    measures.append(measure("kl_smoothed", ["item"], metric("kl_smoothed", p, q, real(EPSILON))))
    return lower(audit(axes=["item"], measures=measures), grid({"item": len(COUNTS)}, COUNTS))


def scores(p: Floats, q: Floats) -> dict[str, Floats]:
    columns = {"p": p, "q": q}
    inputs = {people("item", column=name): people_cells(["item"], share) for name, share in columns.items()}
    result = graph().evaluate(ScoreInputs({}, inputs))
    return {cells.name: cells.value for cells in result.measures}


def _kl(p: Floats, q: Floats) -> float:
    value = scipy.stats.entropy(p, q, base=2)
    return float(value) if np.isfinite(value) else np.nan


def _smoothed(p: Floats, q: Floats) -> float:
    return float(scipy.stats.entropy(p + EPSILON, q + EPSILON, base=2))


def _position(p: Floats) -> float:
    return float(np.dot(p, np.linspace(0, 1, len(p)))) if len(p) > 1 else np.nan


def _steps(p: Floats, q: Floats) -> float:
    steps = np.arange(len(p))
    return float(scipy.stats.wasserstein_distance(steps, steps, p, q))


ORACLES: dict[str, Callable[..., float]] = {
    "entropy": lambda p, q: float(scipy.stats.entropy(p, base=2)),
    "mean_position": lambda p, q: _position(p),
    "tv": lambda p, q: 0.5 * float(np.abs(p - q).sum()),
    "kl": _kl,
    "kl_nats": lambda p, q: _kl(p, q) * np.log(2),
    "kl_smoothed": _smoothed,
    "jsd": lambda p, q: float(jensenshannon(p, q, base=2)) ** 2,
    "jsd_nats": lambda p, q: float(jensenshannon(p, q)) ** 2,
    "js_distance": lambda p, q: float(jensenshannon(p, q, base=2)),
    "js_distance_nats": lambda p, q: float(jensenshannon(p, q)),
    "emd": _steps,
    "emd_norm": lambda p, q: _steps(p, q) / (len(p) - 1) if len(p) > 1 else np.nan,
}


def random_pair(seed: int) -> tuple[Floats, Floats]:
    """Two random distributions an item; the last item has a zero in p, and one in q that p does not share."""
    rng = np.random.default_rng(seed)
    p, q = (distributions(rng, (len(COUNTS),), EXISTS, 0) for _ in range(2))
    p[3, :4] = 0.0, 0.5, 0.25, 0.25
    q[4, :5] = 0.0, 0.25, 0.25, 0.25, 0.25
    return p, q


@pytest.mark.parametrize("name", ORACLES)
def test_a_standard_metric_agrees_with_its_oracle(name: str) -> None:
    for seed in range(3):
        p, q = random_pair(seed)
        found = scores(p, q)[name]
        wanted = [ORACLES[name](p[at, :n], q[at, :n]) for at, n in enumerate(COUNTS)]
        np.testing.assert_allclose(found, wanted, rtol=0, atol=1e-9)


def test_identical_distributions_are_at_distance_zero() -> None:
    """Up to one rounding: the compiler may fuse the normalisation of both sides with their difference."""
    p, _ = random_pair(5)
    found = scores(p, p)
    for name in set(TWO) - {"emd_norm"}:
        np.testing.assert_allclose(found[name], 0.0, rtol=0, atol=1e-16)


@pytest.mark.parametrize(("gap", "tolerance"), [(1e-3, 1e-12), (1e-6, 1e-10), (1e-8, 2e-8)])
def test_nearly_equal_distributions_keep_their_distance(gap: float, tolerance: float) -> None:
    """Against extended precision. The square root turns rounding of 1e-16 in the divergence into 1e-8 at worst."""
    p, _ = random_pair(6)
    q = p.copy()
    q[0, 0] += gap
    q[0, 1] -= gap
    long_p, long_q = p[0].astype(np.longdouble), q[0].astype(np.longdouble)
    middle = (long_p + long_q) / 2
    parts = [np.where(a > 0, a * np.log2(a / middle), 0).sum() for a in (long_p, long_q)]
    wanted = float(np.sqrt(sum(parts) / 2))
    assert abs(scores(p, q)["js_distance"][0] - wanted) < tolerance


def test_divergence_is_missing_as_undefined_where_q_has_no_share_and_p_has_some() -> None:
    p, q = random_pair(7)
    inputs = {people("item", column=name): people_cells(["item"], s) for name, s in (("p", p), ("q", q))}
    kl = graph().evaluate(ScoreInputs({}, inputs)).measure("kl")
    assert np.isnan(kl.value[4]) and kl.n_used[4] == 0 and kl.n_missing[4] == 1
    assert kl.missing["undefined"].tolist() == [0, 0, 0, 0, 1, 0]
    assert np.isfinite(np.delete(kl.value, 4)).all()


def test_missing_options_leave_both_sides_and_the_rest_is_renormalised() -> None:
    """Item 0 has three options that count and one "don't know"; counting it gives another number."""
    share, probs = np.array([[0.2, 0.2, 0.2, 0.4]]), np.array([[0.5, 0.125, 0.125, 0.25]])
    term = metric("tv", people("item"), people("item", column="other"))
    inputs = ScoreInputs(
        {},
        {
            people("item"): people_cells(["item"], share),
            people("item", column="other"): people_cells(["item"], probs),
        },
    )
    found = {}
    for count_missing in (False, True):
        spec = audit(axes=["item"], measures=[measure("tv", ["item"], term)], count_missing=count_missing)
        found[count_missing] = (
            lower(spec, grid({"item": 1}, [4], missing={0: 1})).evaluate(inputs).measures[0].value[0]
        )
    a, b = share[0, :3] / 0.6, probs[0, :3] / 0.75
    assert abs(found[False] - 0.5 * np.abs(a - b).sum()) < 1e-12
    assert abs(found[True] - 0.5 * np.abs(share - probs).sum()) < 1e-12


def shares(size: int) -> st.SearchStrategy[Any]:
    weights = st.lists(st.integers(0, 1000), min_size=size, max_size=size).filter(any)
    return weights.map(lambda given: np.array(given, dtype=np.float64) / sum(given))


@settings(max_examples=60, deadline=None, derandomize=True)
@given(st.tuples(shares(5), shares(5), shares(5)))
def test_distances_obey_the_axioms_of_a_metric(given_shares: tuple[Floats, Floats, Floats]) -> None:
    """One evaluation holds all pairs: rows 0 and 4 have five options each."""
    x, y, z = given_shares
    first, second = np.zeros((len(COUNTS), 5)), np.zeros((len(COUNTS), 5))
    first[:, 0] = second[:, 0] = 1.0
    first[0], second[0], first[4], second[4] = x, y, y, z
    forward = scores(first, second)
    back = scores(second, first)
    second[0], first[4], second[4] = z, x, x
    across = scores(first, second)
    for name in ("tv", "js_distance", "js_distance_nats", "emd", "emd_norm"):
        assert forward[name][0] >= 0.0
        assert across[name][4] < 1e-15
        assert abs(forward[name][0] - back[name][0]) < 1e-12
        assert across[name][0] <= forward[name][0] + forward[name][4] + 1e-9
        assert (forward[name][0] > 1e-9) or np.abs(x - y).max() < 1e-6
    assert max(forward["tv"][0], forward["js_distance"][0], forward["emd_norm"][0]) <= 1.0 + 1e-12
    assert forward["js_distance_nats"][0] <= np.sqrt(np.log(2)) + 1e-12
    assert forward["tv"][0] ** 2 / 2 <= forward["jsd"][0] * np.log(2) + 1e-12


def test_metrics_do_not_see_what_stands_on_padded_options() -> None:
    p, q = random_pair(8)
    clean = scores(p, q)
    dirty_p, dirty_q = np.where(EXISTS, p, np.nan), np.where(EXISTS, q, 17.0)
    for name, value in scores(dirty_p, dirty_q).items():
        np.testing.assert_array_equal(value, clean[name])


def test_float32_answers_are_scored_in_float64() -> None:
    rng = np.random.default_rng(9)
    probs, share = (distributions(rng, (6,), EXISTS, 0) for _ in range(2))
    spec = audit(
        axes=["item"], measures=[measure("tv", ["item"], metric("tv", people("item"), answer("item")))]
    )
    cells = answers(["item"], probs)
    inputs = ScoreInputs({"reply": cells}, {people("item"): people_cells(["item"], share)})
    found = lower(spec, grid({"item": 6}, COUNTS)).evaluate(inputs).measures[0].value
    exact = cells.probs.astype(np.float64)
    exact /= exact.sum(axis=1, keepdims=True)
    assert found.dtype == np.float64
    np.testing.assert_allclose(found, 0.5 * np.abs(exact - share).sum(axis=1), rtol=0, atol=1e-12)
