"""Further standard metrics against SciPy, scikit-learn, torch and NumPy, on random and degenerate distributions."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from itertools import product
from math import factorial, prod

import numpy as np
import pytest
import scipy.stats
import torch
from numpy.typing import NDArray
from score_terms import audit, distributions, grid, measure, metric, people, people_cells, real
from sklearn.metrics import log_loss

from cyclspec.compiler.scores import Graph, MeasureCells, ScoreInputs, lower

Floats = NDArray[np.float64]
COUNTS = (5, 2, 1, 4, 5, 4, 3)
EXISTS = np.arange(5) < np.array(COUNTS)[:, None]
TURNING, WITHOUT = 5, 6
VALUES = np.array(
    [
        [1, 2, 3, 4, 5],
        [0, 1, 0, 0, 0],
        [7, 0, 0, 0, 0],
        [10, 5.5, 5.5, -1, 0],
        [-2, -1.7, 0, 0.1, 9],
        [1, 3, 2, 4, 0],
        [1, np.nan, 3, 0, 0],
    ]
)
ANSWERS = 40
ONE = (
    "mean_value",
    "span_of_values",
    "path_of_values",
    "entropy_nats",
    "polarisation",
    "number_of_modes",
    "place_of_mode",
)
TWO = (
    "hellinger",
    "kl_per_option",
    "uncovered",
    "sorted_mass",
    "w1",
    "w1_norm",
    "brier",
    "log_loss",
    "same_mode",
    "same_first_mode",
    "alike",
    "representativeness",
    "representativeness_by_value",
)
COUNTED = ("miller_madow", "miller_madow_nats", "diversity", "diversity_of_possible")


@cache
def graph() -> Graph:
    p, q = people("item", column="p"), people("item", column="q")
    measures = [measure(name, ["item"], metric(name, p)) for name in ONE]
    measures += [measure(name, ["item"], metric(name, p, q)) for name in TWO]
    measures += [measure(name, ["item"], metric(name, p, real(ANSWERS))) for name in COUNTED]
    return lower(audit(axes=["item"], measures=measures), grid({"item": len(COUNTS)}, COUNTS, values=VALUES))


def scores(p: Floats, q: Floats) -> dict[str, MeasureCells]:
    inputs = {people("item", column=name): people_cells(["item"], s) for name, s in (("p", p), ("q", q))}
    result = graph().evaluate(ScoreInputs({}, inputs))
    return {cells.name: cells for cells in result.measures}


def finite(value: float) -> float:
    return float(value) if np.isfinite(value) else np.nan


def _torch_kl(p: Floats, q: Floats) -> float:
    """As in training: the reduction of a loss over one distribution alone."""
    value = torch.nn.functional.kl_div(
        torch.log(torch.tensor(np.where(p > 0, q, 1))), torch.tensor(p), reduction="batchmean"
    )
    return finite(float(value))


def _written_out(p: Floats) -> NDArray[np.int64]:
    """The option of each of so many answers."""
    return np.repeat(np.arange(len(p)), np.rint(p * ANSWERS).astype(int))


def _brier(p: Floats, q: Floats) -> float:
    answers = np.eye(len(p))[_written_out(p)]
    return float(((answers - q) ** 2).sum(axis=1).mean())


def _log_loss(p: Floats, q: Floats) -> float:
    if (q[p > 0] == 0).any():
        return np.nan
    answers = _written_out(p)
    if len(p) == 1:
        return 0.0
    return float(log_loss(answers, np.tile(q, (len(answers), 1)), labels=np.arange(len(p))))


def _w1(values: Floats, p: Floats, q: Floats) -> float:
    steps = np.diff(values)
    if np.isnan(values).any() or ((steps > 0).any() and (steps < 0).any()):
        return np.nan
    return float(scipy.stats.wasserstein_distance(values, values, p, q))


def _share(over: float, under: float) -> float:
    return over / under if under else np.nan


def _steps(p: Floats, q: Floats) -> float:
    places = np.arange(len(p))
    return _share(float(scipy.stats.wasserstein_distance(places, places, p, q)), len(p) - 1)


def _leik(p: Floats) -> float:
    reached = np.cumsum(p)
    apart = np.minimum(reached, 1 - reached).sum()
    return _share(2 * float(apart), len(p) - 1)


def _modes(p: Floats) -> set[int]:
    return {int(at) for at in np.flatnonzero(p == p.max())}


def _same_mode(p: Floats, q: Floats) -> float:
    tied = len(_modes(p)) > 1 or len(_modes(q)) > 1
    return np.nan if tied else float(p.argmax() == q.argmax())


def _corrected(p: Floats) -> float:
    counts = np.bincount(_written_out(p), minlength=len(p))
    return float(scipy.stats.entropy(counts)) + (np.count_nonzero(counts) - 1) / (2 * ANSWERS)


ORACLES: dict[str, Callable[[Floats, Floats, Floats], float]] = {
    "mean_value": lambda v, p, q: float(np.average(v, weights=p)),
    "span_of_values": lambda v, p, q: float(np.ptp(v)),
    "path_of_values": lambda v, p, q: float(np.abs(np.diff(v)).sum()),
    "number_of_modes": lambda v, p, q: float(len(_modes(p))),
    "place_of_mode": lambda v, p, q: float(p.argmax()),
    "entropy_nats": lambda v, p, q: float(scipy.stats.entropy(p)),
    "polarisation": lambda v, p, q: _leik(p),
    "hellinger": lambda v, p, q: float(np.linalg.norm(np.sqrt(p) - np.sqrt(q)) / np.sqrt(2)),
    "kl_per_option": lambda v, p, q: _torch_kl(p, q),
    "uncovered": lambda v, p, q: float(p[q == 0].sum()),
    "sorted_mass": lambda v, p, q: float(scipy.stats.wasserstein_distance(p, q)),
    "w1": _w1,
    "w1_norm": lambda v, p, q: _share(_w1(v, p, q), float(np.ptp(v))),
    "brier": lambda v, p, q: _brier(p, q),
    "log_loss": lambda v, p, q: _log_loss(p, q),
    "same_mode": lambda v, p, q: _same_mode(p, q),
    "same_first_mode": lambda v, p, q: float(p.argmax() == q.argmax()),
    "alike": lambda v, p, q: float(p @ q),
    "representativeness": lambda v, p, q: 1 - _steps(p, q),
    "representativeness_by_value": lambda v, p, q: 1 - _share(_w1(v, p, q), float(np.ptp(v))),
    "miller_madow_nats": lambda v, p, q: _corrected(p),
    "miller_madow": lambda v, p, q: _corrected(p) / np.log(2),
    "diversity": lambda v, p, q: (len(set(_written_out(p))) - 1) / (ANSWERS - 1),
    "diversity_of_possible": lambda v, p, q: _share(len(set(_written_out(p))) - 1, len(p) - 1),
}


def counted(rng: np.random.Generator) -> Floats:
    """Shares of so many answers, some options chosen by nobody."""
    raw = distributions(rng, (len(COUNTS),), EXISTS, 0)
    drawn = [rng.multinomial(ANSWERS, row / row.sum()) for row in raw]
    return np.array(drawn) / ANSWERS


def pairs() -> list[tuple[Floats, Floats]]:
    """Random pairs; then equal ones, ones without a common option, ties, and everything on one option."""
    rng = np.random.default_rng(3)
    random = [(counted(rng), distributions(rng, (len(COUNTS),), EXISTS, 0)) for _ in range(4)]
    p, q = counted(rng), np.zeros(EXISTS.shape)
    first, last, half = np.zeros(EXISTS.shape), np.zeros(EXISTS.shape), np.zeros(EXISTS.shape)
    first[:, 0] = 1.0
    last[np.arange(len(COUNTS)), np.array(COUNTS) - 1] = 1.0
    half = (first + last) / 2
    q[:, 0], q[:, 1] = 0.25, 0.75
    q[2] = first[2]
    return [*random, (p, p), (first, last), (half, q), (half, half), (first, first)]


@pytest.mark.parametrize("name", ORACLES)
def test_a_standard_metric_agrees_with_its_oracle(name: str) -> None:
    for p, q in pairs():
        found = scores(p, q)[name]
        wanted = [ORACLES[name](VALUES[at, :n], p[at, :n], q[at, :n]) for at, n in enumerate(COUNTS)]
        np.testing.assert_allclose(found.value, wanted, rtol=0, atol=1e-12, err_msg=name)
        undefined = np.isnan(wanted)
        np.testing.assert_array_equal(found.missing["undefined"], undefined.astype(int))


def test_a_scale_that_turns_or_lacks_a_number_has_no_distance_of_values() -> None:
    p, q = pairs()[0]
    found = scores(p, q)
    for name in ("w1", "w1_norm", "representativeness_by_value"):
        assert np.isnan(found[name].value[[TURNING, WITHOUT]]).all()
    assert np.isfinite(found["mean_value"].value[TURNING])
    assert np.isnan(found["mean_value"].value[WITHOUT])


def test_sorted_mass_sees_no_order_and_the_distance_along_the_scale_does() -> None:
    p, _ = pairs()[0]
    reversed_ = np.array(
        [np.append(row[:n][::-1], np.zeros(5 - n)) for row, n in zip(p, COUNTS, strict=True)]
    )
    found = scores(p, reversed_)
    np.testing.assert_allclose(found["sorted_mass"].value, 0.0, rtol=0, atol=1e-16)
    assert found["w1"].value[0] > 0.1


def test_hellinger_and_total_variation_bound_each_other() -> None:
    for p, q in pairs():
        distance = scores(p, q)["hellinger"].value
        tv = 0.5 * np.abs(p - q).sum(axis=1)
        assert (distance**2 <= tv + 1e-12).all() and (tv <= np.sqrt(2) * distance + 1e-12).all()


def test_published_and_worked_values() -> None:
    """Equal shares on five options have the ordinal consensus .4 (Leik 1966, by hand); a forecast of 70 and 30 %."""
    p, q = np.zeros(EXISTS.shape), np.zeros(EXISTS.shape)
    p[:, 0] = q[:, 0] = 1.0
    p[0] = 0.2
    p[1, :2], q[1, :2] = (1.0, 0.0), (0.7, 0.3)
    found = scores(p, q)
    assert found["polarisation"].value[0] == pytest.approx(0.6, abs=1e-15)
    assert found["brier"].value[1] == pytest.approx(0.18, abs=1e-15)


def test_the_corrected_entropy_has_less_bias_than_the_plain_one() -> None:
    """The expectation over all samples of four answers, summed exactly."""
    truth, n = np.array([0.5, 0.3, 0.2]), 4
    samples = [c for c in product(range(n + 1), repeat=3) if sum(c) == n]
    weight = [factorial(n) / prod(map(factorial, c)) * float(np.prod(truth**c)) for c in samples]
    assert sum(weight) == pytest.approx(1.0, abs=1e-12)
    shares = np.array(samples) / n
    term = metric("miller_madow_nats", people("item"), real(n))
    spec = audit(axes=["item"], measures=[measure("h", ["item"], term)])
    sizes = grid({"item": len(samples)}, [3] * len(samples))
    inputs = ScoreInputs({}, {people("item"): people_cells(["item"], shares)})
    corrected = float(np.dot(weight, lower(spec, sizes).evaluate(inputs).measure("h").value))
    plain = float(np.dot(weight, [scipy.stats.entropy(row) for row in shares]))
    true = float(scipy.stats.entropy(truth))
    assert abs(corrected - true) < abs(plain - true) / 2
    assert plain < corrected
