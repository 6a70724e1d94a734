"""Reducers that are fitted or ranked, in the graph: points and resamples against a loop, missing cells and reasons."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from typing import Any

import krippendorff
import numpy as np
import pytest
import scipy.stats
from fitted_world import (
    AXES,
    CODES,
    DRAWS,
    LEVEL,
    OK,
    SHAPE,
    SIZE,
    VALUES,
    Floats,
    against,
    chosen,
    mass,
    over,
    scored,
    statistic,
    world,
)
from numpy.typing import NDArray
from score_terms import (
    NUMBER,
    axis_list,
    compare,
    grid,
    measure,
    pick,
    real,
    reduce,
    tails,
    word,
)
from sklearn.decomposition import PCA
from sklearn.metrics import cohen_kappa_score

from cyclspec.compiler.seeds import resampling_counts, seed_of
from cyclspec.language.diagnostics import SpecError
from cyclspec.language.types import kinds as k
from cyclspec.language.types import terms as h
from cyclspec.language.types import typed as d


@dataclass(frozen=True)
class Case:
    """A reduction of one model over items and repeats, and what it is for values [item, repeat], NaN where missing."""

    term: h.Term
    oracle: Callable[[Floats], Any]
    of: str = "value"
    more: Mapping[str, int] = field(default_factory=dict)


def flat(values: Floats) -> Floats:
    return values[np.isfinite(values)]


def beside(statistic: Callable[[Floats, Floats], Any]) -> Callable[[Floats], Any]:
    """A statistic of the values and the size of their items, which the caller appends as a last column."""

    def of(values: Floats) -> Any:
        sizes = np.broadcast_to(values[:, -1:], values[:, :-1].shape)
        there = np.isfinite(values[:, :-1])
        return statistic(values[:, :-1][there], sizes[there])

    return of


def alpha(level: str) -> Callable[[Floats], float]:
    return lambda values: float(krippendorff.alpha(reliability_data=values.T, level_of_measurement=level))


def pairs(values: Floats) -> float:
    counts = np.unique(flat(values), return_counts=True)[1]
    return float((counts * (counts - 1)).sum() / (counts.sum() * (counts.sum() - 1)))


def apart(within: Sequence[int], between: Sequence[int]) -> Callable[[Floats], float]:
    """Agreement of the pairs of cells that have one level on some dimensions and different ones on others."""

    def of(values: Floats) -> float:
        cells = [at for at in np.ndindex(values.shape) if np.isfinite(values[at])]
        told = [
            values[a] == values[b]
            for a, b in combinations(cells, 2)
            if all(a[at] == b[at] for at in within) and (not between or any(a[at] != b[at] for at in between))
        ]
        return float(np.mean(told)) if told else np.nan

    return of


CASES: dict[str, Case] = {
    "var": Case(reduce("var", over, mass), lambda x: np.var(flat(x), ddof=1)),
    "count": Case(statistic("count", over, mass), lambda x: flat(x).size),
    "quantile": Case(reduce("quantile", over, mass, at=real(0.3)), lambda x: np.quantile(flat(x), 0.3)),
    "pearson": Case(
        reduce("pearson", over, mass, against=against),
        beside(lambda x, y: scipy.stats.pearsonr(x, y).statistic),
        of="beside",
    ),
    "spearman": Case(
        reduce("spearman", over, mass, against=against),
        beside(lambda x, y: scipy.stats.spearmanr(x, y).statistic),
        of="beside",
    ),
    "kendall": Case(
        statistic("kendall", over, mass, against=against),
        beside(lambda x, y: scipy.stats.kendalltau(x, y).statistic),
        of="beside",
    ),
    "kendall of options": Case(
        statistic("kendall", over, chosen, against=against),
        beside(lambda x, y: scipy.stats.kendalltau(x, y).statistic),
        of="codes beside",
    ),
    "pair_agreement": Case(statistic("pair_agreement", over, chosen), pairs, of="codes"),
    "pair_disagreement": Case(
        statistic("pair_disagreement", over, chosen), lambda x: 1 - pairs(x), of="codes"
    ),
    "pairs within an item": Case(
        statistic("pair_agreement", over, chosen, within=axis_list("item")), apart([0], []), of="codes"
    ),
    "pairs between items": Case(
        statistic("pair_agreement", over, chosen, between=axis_list("item")), apart([], [0]), of="codes"
    ),
    "pairs within an item and between repeats": Case(
        statistic("pair_agreement", over, chosen, within=axis_list("item"), between=axis_list("repeat")),
        apart([0], [1]),
        of="codes",
    ),
    "pairs between both": Case(
        statistic("pair_disagreement", over, chosen, between=axis_list("item", "repeat")),
        lambda x: 1 - apart([], [0, 1])(x),
        of="codes",
    ),
    "nominal": Case(
        statistic(
            "krippendorff",
            over,
            chosen,
            units=axis_list("item"),
            raters=axis_list("repeat"),
            level=word("nominal"),
        ),
        alpha("nominal"),
        of="codes",
    ),
    "ordinal": Case(
        statistic(
            "krippendorff",
            over,
            chosen,
            units=axis_list("item"),
            raters=axis_list("repeat"),
            level=word("ordinal"),
        ),
        alpha("ordinal"),
        of="codes",
    ),
    "interval": Case(
        statistic(
            "krippendorff",
            over,
            mass,
            units=axis_list("item"),
            raters=axis_list("repeat"),
            level=word("interval"),
        ),
        alpha("interval"),
    ),
}


def table(case: Case, model: int) -> Floats:
    values = VALUES[model] if case.of in ("value", "beside") else CODES[model].astype(np.float64)
    values = np.where(OK[model], values, np.nan)
    return np.column_stack([values, SIZE]) if "beside" in case.of else values


@pytest.mark.parametrize("name", CASES)
def test_a_point_and_its_interval_equal_those_of_a_loop(name: str) -> None:
    case = CASES[name]
    found = scored(measure(name, ["model"], case.term, d.Interval(("item",), DRAWS, LEVEL)))[name]
    counts = resampling_counts(seed_of(3, "bootstrap", name, "item"), DRAWS, SHAPE[1]).astype(np.int64)
    for model in range(2):
        values = table(case, model)
        np.testing.assert_allclose(found.value[model], case.oracle(values), rtol=0, atol=1e-12)
        drawn = [float(case.oracle(np.repeat(values, row, axis=0))) for row in counts]
        low, high = np.nanquantile(drawn, tails(int(found.n_clusters[model]), LEVEL))
        np.testing.assert_allclose([found.low[model], found.high[model]], [low, high], rtol=0, atol=1e-10)
        assert found.n_used[model] == OK[model].sum()
        assert found.missing["absent"][model] == (~OK[model]).sum()


@pytest.mark.parametrize("weights", ["none", "linear", "quadratic"])
def test_kappa_of_two_models_and_its_interval_equal_those_of_a_loop(weights: str) -> None:
    term = statistic(
        "cohen_kappa", ("model", "item", "repeat"), chosen, raters=axis_list("model"), weights=word(weights)
    )
    found = scored(measure("kappa", [], term, d.Interval(("item",), DRAWS, LEVEL)))["kappa"]
    both = OK.all(axis=0)

    def of(items: NDArray[np.int64]) -> float:
        first, second = (CODES[model][items][both[items]] for model in range(2))
        name = None if weights == "none" else weights
        return float(cohen_kappa_score(first, second, labels=[0, 1, 2, 3], weights=name))

    np.testing.assert_allclose(found.value, of(np.arange(14)), rtol=0, atol=1e-12)
    counts = resampling_counts(seed_of(3, "bootstrap", "kappa", "item"), DRAWS, 14).astype(np.int64)
    drawn = [of(np.repeat(np.arange(14), row)) for row in counts]
    wanted = np.quantile(drawn, tails(int(found.n_clusters), LEVEL))
    np.testing.assert_allclose([found.low, found.high], wanted, rtol=0, atol=1e-10)


def test_three_raters_are_refused_where_the_data_has_them() -> None:
    term = statistic(
        "cohen_kappa", ("item", "repeat"), chosen, raters=axis_list("repeat"), weights=word("none")
    )
    with pytest.raises(SpecError) as raised:
        scored(measure("kappa", ["model"], term))
    assert [found.code for found in raised.value.diagnostics] == ["CY0209"]


def test_scores_of_units_on_components_leave_out_units_that_lack_a_value() -> None:
    ok = OK.copy()
    ok[:, :5] = True
    placed = h.ReduceTerm(
        type=k.Type(NUMBER, frozenset({"model", "item", "component"})),
        span=mass.span,
        reducer="principal_components",
        direction="over",
        axes=("repeat",),
        by=(),
        weight=None,
        of=mass,
        args=(("units", axis_list("item")), ("n", h.Literal_(type=k.Type(NUMBER), span=mass.span, value=2))),
    )
    found = scored(measure("place", ["model", "item", "component"], placed), ok=ok, grid_=world(component=2))[
        "place"
    ]
    for model in range(2):
        whole = ok[model].all(axis=1)
        wanted = PCA(n_components=2, svd_solver="full").fit_transform(VALUES[model][whole])
        np.testing.assert_allclose(found.value[model][whole], wanted, rtol=0, atol=1e-10)
        assert np.isnan(found.value[model][~whole]).all()
        lost = (~ok[model]).sum(axis=1)
        np.testing.assert_array_equal(found.missing["absent"][model], np.stack([lost, lost], axis=1))


def test_components_that_only_another_measure_asks_for_are_holes() -> None:
    def placed(number: int) -> h.Term:
        return h.ReduceTerm(
            type=k.Type(NUMBER, frozenset({"model", "item", "component"})),
            span=mass.span,
            reducer="principal_components",
            direction="over",
            axes=("repeat",),
            by=(),
            weight=None,
            of=mass,
            args=(
                ("units", axis_list("item")),
                ("n", h.Literal_(type=k.Type(NUMBER), span=mass.span, value=number)),
            ),
        )

    found = scored(
        measure("one", ["model", "item", "component"], placed(1)),
        measure("two", ["model", "item", "component"], placed(2)),
        measure("apart", ["model", "component"], reduce("sd", ("item",), placed(1))),
        ok=np.ones_like(OK),
        grid_=world(component=2),
    )
    assert found["two"].exists.all()
    assert found["one"].exists[..., 0].all() and not found["one"].exists[..., 1].any()
    assert found["apart"].exists.tolist() == [[True, False]] * 2
    np.testing.assert_allclose(found["one"].value[..., 0], found["two"].value[..., 0], rtol=1e-12)


def test_choices_are_counted_compared_and_shared() -> None:
    settled = reduce("mode", ("repeat",), chosen)
    share = h.ReduceTerm(
        type=k.Type(k.Dist(chosen.type.kind.scale), frozenset({"model", "item"})),  # type: ignore[union-attr]
        span=mass.span,
        reducer="share",
        direction="over",
        axes=("repeat",),
        by=(),
        weight=None,
        of=chosen,
    )
    other = pick(settled, model="model0")
    found = scored(
        measure("last", ["model", "item"], pick(share, option="o3")),
        measure("same", [], reduce("share", ("item",), compare("==", pick(settled, model="model1"), other))),
        measure("there", ["model"], statistic("count", over, chosen)),
        measure("high", ["model"], statistic("count", over, compare(">", mass, real(0.5)))),
    )
    for model, item in np.ndindex(2, 14):
        here = CODES[model, item][OK[model, item]]
        wanted = (here == 3).mean() if here.size else np.nan
        np.testing.assert_allclose(found["last"].value[model, item], wanted, rtol=0, atol=1e-12)
    modes = np.full((2, 14), -1)
    for model, item in np.ndindex(2, 14):
        values, times = np.unique(CODES[model, item][OK[model, item]], return_counts=True)
        if (times == times.max(initial=0)).sum() == 1:
            modes[model, item] = values[times.argmax()]
    both = (modes >= 0).all(axis=0)
    assert abs(found["same"].value - (modes[0] == modes[1])[both].mean()) < 1e-12
    assert found["same"].missing["tie"] > 0
    np.testing.assert_array_equal(found["there"].value, OK.sum(axis=(1, 2)))
    np.testing.assert_array_equal(found["high"].value, (OK & (VALUES > 0.5)).sum(axis=(1, 2)))


def test_nothing_there_counts_as_zero_and_lacks_everything_else() -> None:
    none = np.zeros(SHAPE, dtype=np.bool_)
    found = scored(
        measure("count", ["model"], statistic("count", over, chosen)),
        measure("pairs", ["model"], statistic("pair_agreement", over, chosen)),
        measure("tau", ["model"], statistic("kendall", over, mass, against=against)),
        measure("at", ["model"], reduce("quantile", over, mass, at=real(0.5))),
        ok=none,
    )
    assert found["count"].value.tolist() == [0.0, 0.0]
    for name in ("pairs", "tau", "at"):
        assert np.isnan(found[name].value).all()
        assert (found[name].missing["absent"] == 42).all() and (found[name].n_used == 0).all()


def test_an_option_that_is_a_missing_answer_is_missing_with_that_reason() -> None:
    place = grid(dict(zip(AXES, SHAPE, strict=True)), [4] * 14, missing=dict.fromkeys(range(14), 1))
    found = scored(measure("equal", ["model"], statistic("pair_agreement", over, chosen)), grid_=place)[
        "equal"
    ]
    for model in range(2):
        here = CODES[model][OK[model]]
        kept = here[here < 3]
        assert abs(found.value[model] - pairs(kept.astype(np.float64))) < 1e-12
        assert found.missing["missing option"][model] == (here == 3).sum()
        assert found.n_used[model] == kept.size
