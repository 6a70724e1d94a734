"""Human baselines, the seeds behind them, and their independence of what else is in the audit."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from score_terms import (
    SCALE,
    audit,
    call,
    distributions,
    grid,
    measure,
    metric,
    people,
    people_cells,
)

from cyclspec.compiler.scores import ScoreInputs, lower
from cyclspec.compiler.seeds import generator, other_level, seed_of
from cyclspec.language.types import kinds as k

Floats = NDArray[np.float64]
OPTIONS = (4, 2, 3)
EXISTS = np.arange(4) < np.array(OPTIONS)[:, None]
human = people("country", "item")
BASELINES = {
    "human_mean": call("human_mean", human, kind=k.Dist(SCALE), leave_out=("country",)),
    "human_mean_in_sample": call("human_mean_in_sample", human, kind=k.Dist(SCALE), over=("country",)),
    "human_shuffled": call("human_shuffled", human, kind=k.Dist(SCALE), over=("country",)),
}


def shares(countries: int, seed: int = 1) -> Floats:
    return distributions(np.random.default_rng(seed), (countries, 3), EXISTS, 1)


def distances(share: Floats, ok: NDArray[np.bool_]) -> dict[str, Floats]:
    """The distance of each cell from each baseline: [country, item]."""
    measures = [
        measure(name, ["country", "item"], metric("tv", human, term)) for name, term in BASELINES.items()
    ]
    graph = lower(audit(axes=["item"], measures=measures), grid({"country": len(share), "item": 3}, OPTIONS))
    cells = people_cells(["country", "item"], share, ok=ok)
    return {found.name: found.value for found in graph.evaluate(ScoreInputs({}, {human: cells})).measures}


def tv(p: Floats, q: Floats) -> float:
    return 0.5 * float(np.abs(p - q).sum())


def test_the_human_mean_leaves_the_own_country_out_and_skips_what_is_missing() -> None:
    share, ok = shares(5), np.ones((5, 3), dtype=bool)
    ok[1, 0] = ok[2:, 1] = False
    found = distances(share, ok)
    for country, item in zip(*np.nonzero(ok), strict=True):
        others = ok[:, item] & (np.arange(5) != country)
        assert (
            abs(
                found["human_mean"][country, item]
                - tv(share[country, item], share[others, item].mean(axis=0))
            )
            < 1e-12
        )
        everyone = share[ok[:, item], item].mean(axis=0)
        assert abs(found["human_mean_in_sample"][country, item] - tv(share[country, item], everyone)) < 1e-12


def test_the_human_mean_of_a_lone_country_is_missing() -> None:
    share, ok = shares(3), np.ones((3, 3), dtype=bool)
    ok[1:, 2] = False
    found = distances(share, ok)
    assert np.isnan(found["human_mean"][0, 2]) and found["human_mean_in_sample"][0, 2] < 1e-15
    single = distances(share[:1], ok[:1])
    assert np.isnan(single["human_mean"]).all() and np.isnan(single["human_shuffled"]).all()


def test_shuffled_people_are_those_of_the_level_chosen_by_name() -> None:
    share = shares(6)
    levels = [f"country{at}" for at in range(6)]
    found = distances(share, np.ones((6, 3), dtype=bool))["human_shuffled"]
    for at, level in enumerate(levels):
        other = other_level(7, "human_shuffled", "country", level, levels)
        assert other is not None and other != level
        for item in range(3):
            assert abs(found[at, item] - tv(share[at, item], share[levels.index(other), item])) < 1e-12


@settings(max_examples=80, deadline=None, derandomize=True)
@given(st.sets(st.text(min_size=1, max_size=6), min_size=3, max_size=12), st.integers(0, 2**63))
def test_adding_a_level_changes_only_what_the_new_level_wins(names: set[str], seed: int) -> None:
    levels = sorted(names)
    new, old = levels[0], levels[1:]
    for level in old:
        before = other_level(seed, "s", "country", level, old)
        after = other_level(seed, "s", "country", level, reversed(levels))
        assert after in (before, new) and after != level


def test_choices_are_spread_over_all_other_levels() -> None:
    levels = [f"l{at}" for at in range(8)]
    chosen = [other_level(seed, "s", "a", "l0", levels) for seed in range(1400)]
    counts = [chosen.count(level) for level in levels]
    assert counts[0] == 0 and all(abs(count - 200) < 5 * np.sqrt(200 * 6 / 7) for count in counts[1:])


def test_seeds_are_fixed_and_tell_names_apart() -> None:
    assert seed_of(7, "bootstrap", "m") == 0xC108911AE917B404
    assert seed_of(7, "ab", "c") != seed_of(7, "a", "bc") != seed_of(7, "a", "b", "c")
    assert 0 <= seed_of(-1, "x") < 2**64
    assert generator(7, "x").integers(1 << 30) == generator(7, "x").integers(1 << 30)
