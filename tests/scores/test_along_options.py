"""Options apart from each other against options as one array: every standard metric, and what is compiled."""

from __future__ import annotations

from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from numpy.typing import NDArray
from score_terms import audit, declared, distributions, grid, measure, metric, people, people_cells, real

from cyclspec.compiler.scores import Graph, ScoreInputs, along_options, lower
from cyclspec.compiler.scores.along_options import (
    LEAST_ENTRIES,
    MOST_OPTIONS,
    called,
    each,
    highest,
    lowest,
    parted,
    running,
    together,
    total,
    worth_parting,
)
from cyclspec.language.types import kinds as k

Floats = NDArray[np.float64]
COUNTS = (5, 2, 1, 4, 3)
EXISTS = np.arange(5) < np.array(COUNTS)[:, None]
VALUES = np.array([[1, 2, 3, 4, 5], [0, 1, 0, 0, 0], [7, 0, 0, 0, 0], [1, 3, 2, 4, 0], [1, np.nan, 3, 0, 0]])
ANSWERS = 40


@pytest.fixture(params=[True, False], ids=["apart", "together"])
def form(request: pytest.FixtureRequest) -> Callable[[Floats], along_options.Spread]:
    return (lambda array: parted(jnp.asarray(array))) if request.param else jnp.asarray


def graph() -> Graph:
    """Every standard metric."""
    p, q = people("item", column="p"), people("item", column="q")
    measures = []
    for name, spec in declared().items():
        shares = iter((p, q))
        args = [next(shares) if isinstance(kind, k.Dist) else real(ANSWERS) for _, kind in spec.formals]
        measures.append(measure(name, ["item"], metric(name, *args)))
    return lower(audit(axes=["item"], measures=measures), grid({"item": len(COUNTS)}, COUNTS, values=VALUES))


def inputs() -> ScoreInputs:
    rng = np.random.default_rng(5)
    columns = {name: distributions(rng, (len(COUNTS),), EXISTS, 0) for name in "pq"}
    columns["q"][0, 1:3] = (0.0, columns["q"][0, 1:3].sum())
    return ScoreInputs({}, {people("item", column=n): people_cells(["item"], s) for n, s in columns.items()})


def compiled(graph: Graph) -> str:
    with jax.enable_x64(True):
        lowered = jax.jit(graph.program.run).lower(graph.tensors(inputs()))
        return lowered.compile().as_text() or ""


def test_every_standard_metric_is_the_same_with_options_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = graph()
    wanted = whole.evaluate(inputs())
    monkeypatch.setattr(along_options, "LEAST_ENTRIES", 0)
    found = graph().evaluate(inputs())
    for one in wanted.measures:
        value = found.measure(one.name).value
        np.testing.assert_allclose(value, one.value, rtol=1e-14, atol=1e-15, err_msg=one.name)


def test_a_metric_stays_a_function_of_its_own_in_the_compiled_program(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Without that the parts of its sums would be stored, which is slower than options as one array."""
    assert " call(" not in compiled(graph())
    monkeypatch.setattr(along_options, "LEAST_ENTRIES", 0)
    of_shares = [
        one for one in declared().values() if any(isinstance(kind, k.Dist) for _, kind in one.formals)
    ]
    assert compiled(graph()).count(" call(") >= len(of_shares)


def test_options_are_apart_where_they_are_few_and_cells_are_many() -> None:
    assert worth_parting(4, LEAST_ENTRIES // 4)
    assert not worth_parting(4, LEAST_ENTRIES // 4 - 1)
    assert not worth_parting(MOST_OPTIONS + 1, LEAST_ENTRIES)
    assert not worth_parting(0, LEAST_ENTRIES)


def test_what_is_done_along_options(form: Callable[[Floats], along_options.Spread]) -> None:
    values = np.random.default_rng(1).normal(size=(3, 4))
    given = form(values)
    for found, wanted in (
        (given, values),
        (total(given), values.sum(-1)),
        (lowest(given), values.min(-1)),
        (highest(given), values.max(-1)),
        (running(given), values.cumsum(-1)),
        (each(jnp.add, given, each(jnp.multiply, 1.0, given)), 2 * values),
    ):
        np.testing.assert_allclose(together(found), wanted, rtol=1e-6)


def test_a_function_that_is_called_can_be_batched() -> None:
    values = jnp.arange(6.0).reshape(2, 3)
    found = jax.vmap(lambda row: called(jnp.sum, row))(values)
    np.testing.assert_array_equal(found, [3.0, 12.0])
