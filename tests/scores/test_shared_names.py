"""Lets and metrics that many name: computed once, whatever the number of paths that lead to them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

import numpy as np
import pytest
from score_terms import (
    SPAN,
    answer,
    answers,
    arithmetic,
    audit,
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

from cyclspec.compiler.scores import Graph, MeasureCells, ScoreInputs, lower
from cyclspec.compiler.scores.support import refusals
from cyclspec.compiler.scores.walk import Reach, below
from cyclspec.language.types import terms as h
from cyclspec.language.types import typed as d

pytestmark = pytest.mark.timeout(60)

AXES = ("country", "item")
SIZES = {"country": 3, "item": 4}
MASS = np.random.default_rng(3).uniform(0.1, 1.0, (3, 4)).astype(np.float32)
PROBS = np.full((3, 4, 2), 0.5)
mass = answer(*AXES, field="mass")

Step = Callable[[h.Term], h.Term]


def chained(step: Step, length: int) -> Mapping[str, h.Term]:
    """Lets `x0`, `x1`, .. of which each names the next; the last is the mass."""
    lets = {f"x{n}": step(let(f"x{n + 1}", *AXES)) for n in range(length)}
    return lets | {f"x{length}": mass}


def doubled(term: h.Term) -> h.Term:
    return arithmetic("+", term, term)


def one_more(term: h.Term) -> h.Term:
    return arithmetic("+", term, real(1.0))


def summed(*, interval: d.Interval | None = None) -> d.TypedMeasure:
    return measure("m", ["country"], reduce("mean", ["item"], let("x0", *AXES)), interval)


def graph_of(
    lets: Mapping[str, h.Term], *measures: d.TypedMeasure, checks: tuple[d.TypedCheck, ...] = ()
) -> Graph:
    return lower(audit(axes=AXES, measures=measures, lets=lets, checks=checks), grid(SIZES, [2] * 4))


def scored(graph: Graph) -> MeasureCells:
    return graph.evaluate(ScoreInputs({"reply": answers(AXES, PROBS, mass=MASS)}, {})).measures[0]


def test_a_let_that_is_named_twice_is_computed_once() -> None:
    lets = chained(doubled, 40)
    graph = graph_of(lets, summed())
    adds = [line for line in graph.jaxpr_text("m").splitlines() if "= add " in line]
    assert len(adds) == 40
    expected = MASS.astype(np.float64).mean(axis=1) * 2.0**40
    np.testing.assert_allclose(scored(graph).value, expected, rtol=1e-12)


def test_an_interval_over_lets_that_are_named_twice_is_computed() -> None:
    cells = scored(graph_of(chained(doubled, 40), summed(interval=d.Interval(("item",), 20, 0.9))))
    assert (cells.low <= cells.value).all()
    assert (cells.value <= cells.high).all()


def test_a_long_chain_of_lets_needs_no_recursion() -> None:
    # Tracing takes some milliseconds a let, so that the chain is no longer than a recursion would need to fail.
    cells = scored(graph_of(chained(one_more, 600), summed()))
    np.testing.assert_allclose(cells.value, MASS.astype(np.float64).mean(axis=1) + 600.0, rtol=1e-12)


def test_what_a_name_needs_comes_before_it_and_once() -> None:
    lets = chained(doubled, 300)
    order = list(Reach(lets).needed(["x7", "x0"]))
    assert order == [f"x{n}" for n in reversed(range(301))]
    assert list(Reach(lets).needed(["x5"], {"x6"})) == ["x5"]


def test_a_measure_may_name_a_check() -> None:
    gate = check("gate", ["country"], compare(">=", reduce("min", ["item"], mass), real(0.2)), "warn")
    truth = h.LetTerm(type=gate.term.type, span=SPAN, name="gate")
    number = reduce("mean", [], real(1.0)).type
    chosen = h.IfTerm(
        type=replace(number, axes=gate.term.type.axes),
        span=SPAN,
        condition=truth,
        then=real(1.0),
        otherwise=real(2.0),
    )
    graph = graph_of({}, measure("m", ["country"], chosen), checks=(gate,))
    np.testing.assert_array_equal(scored(graph).value, np.where(MASS.min(axis=1) >= 0.2, 1.0, 2.0))


def called(body: h.Term, *args: h.Term, name: str = "twice") -> h.Term:
    """A call of a metric with some body, over the formal `p`."""
    return replace(metric("tv", *args, *args[:1]), metric=name, formals=("p",), args=args, body=body)  # type: ignore[call-arg]


def test_the_body_of_a_metric_is_looked_at_once_however_often_it_is_called() -> None:
    formal = h.FormalTerm(type=metric("tv", people(), people()).type, span=SPAN, name="p")
    body: h.Term = reduce(
        "max", ["option"], replace(formal, type=replace(formal.type, axes=frozenset({"option"})))
    )
    for _ in range(40):
        call = called(body, formal)
        body = arithmetic("+", call, call)
    near = reduce("mean", ["item"], called(body, people(*AXES)))
    spec = audit(axes=AXES, measures=[measure("m", ["country"], near)])
    assert refusals(spec) == ()
    assert len(list(below(near))) == 3
    shares = np.broadcast_to([0.25, 0.75], (3, 4, 2))
    inputs = ScoreInputs({}, {people(*AXES): people_cells(AXES, shares)})
    found = lower(spec, grid(SIZES, [2] * 4)).evaluate(inputs).measures[0]
    np.testing.assert_allclose(found.value, 0.75 * 2.0**40, rtol=1e-12)
