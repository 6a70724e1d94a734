"""Draws by name: orders, samples, draws and shuffles, and what they do not depend on."""

from __future__ import annotations

import itertools
import math
from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cyclspec.compiler.plan.sample import allocate
from cyclspec.compiler.seeds import cycle, fraction, one_of, orders

NAMES = st.lists(st.text("abcdef", min_size=1, max_size=3), min_size=2, max_size=8, unique=True)


@given(size=st.integers(0, 5), count=st.integers(1, 130), keep=st.booleans(), seed=st.integers(0, 9))
def test_orders_are_distinct_permutations_and_the_first_is_kept(
    size: int, count: int, keep: bool, seed: int
) -> None:
    found = orders(seed, ("order", "q1"), size, count, keep_identity=keep)
    assert len(found) == len(set(found)) == min(count, math.factorial(size))
    assert set(found) <= set(itertools.permutations(range(size)))
    if keep:
        assert found[0] == tuple(range(size))


def test_more_orders_only_add_to_those_drawn_before() -> None:
    few = orders(3, ("order", "q1"), 6, 4, keep_identity=True)
    assert orders(3, ("order", "q1"), 6, 40, keep_identity=True)[:4] == few
    assert orders(3, ("order", "q2"), 6, 4, keep_identity=True) != few
    assert orders(4, ("order", "q1"), 6, 4, keep_identity=True) != few


def test_orders_are_uniform() -> None:
    """Chi-square over the 24 orders of 4 places, 4800 draws: far below the 1e-4 quantile of 23 degrees (57.6)."""
    counts = Counter(orders(0, ("order", f"q{i}"), 4, 1, keep_identity=False)[0] for i in range(4800))
    assert sum((counts[p] - 200) ** 2 / 200 for p in itertools.permutations(range(4))) < 57.6


@given(names=NAMES, seed=st.integers(0, 9))
def test_a_shuffle_uses_every_level_once_and_leaves_none_in_place(names: list[str], seed: int) -> None:
    found = cycle(seed, "told", names)
    assert sorted(found) == sorted(found.values()) == sorted(names)
    assert all(level != other for level, other in found.items())
    assert found == cycle(seed, "told", reversed(names))


@given(names=NAMES, seed=st.integers(0, 9))
def test_a_new_level_changes_what_one_other_level_is_told(names: list[str], seed: int) -> None:
    before, after = cycle(seed, "told", names), cycle(seed, "told", [*names, "zz"])
    assert sum(before[name] != after[name] for name in names) == 1


@given(names=NAMES, seed=st.integers(0, 9))
def test_a_new_level_changes_a_draw_only_where_it_is_drawn(names: list[str], seed: int) -> None:
    before, after = one_of(seed, ("place", "s1"), names), one_of(seed, ("place", "s1"), [*names, "zz"])
    assert after in (before, "zz")


def test_fractions_are_uniform_on_the_open_interval() -> None:
    drawn = np.sort([fraction(0, "people", str(i)) for i in range(4000)])
    assert drawn[0] > 0.0
    assert drawn[-1] < 1.0
    steps = np.arange(1, 4001) / 4000
    assert np.abs(drawn - steps).max() < 1.95 / math.sqrt(4000)  # Kolmogorov, 0.1 %


SIZES = st.dictionaries(
    st.text("abc", min_size=1, max_size=2).map(lambda s: (s,)),
    st.tuples(st.floats(0.01, 1000), st.integers(1, 30)),
    min_size=1,
    max_size=6,
)


@settings(max_examples=200)
@given(strata=SIZES, n=st.integers(1, 120))
def test_an_allocation_gives_all_that_is_asked_for_and_no_stratum_more_than_it_holds(
    strata: dict[tuple[str, ...], tuple[float, int]], n: int
) -> None:
    sizes = {name: size for name, (size, _) in strata.items()}
    held = {name: count for name, (_, count) in strata.items()}
    found = allocate(sizes, held, n)
    assert sum(found.values()) == min(n, sum(held.values()))
    assert all(0 <= found[name] <= held[name] for name in strata)


@pytest.mark.parametrize(
    ("sizes", "n", "expected"),
    [((41, 30, 29), 10, (4, 3, 3)), ((416, 338, 246), 10, (4, 3, 3)), ((1, 1, 1), 2, (1, 1, 0))],
)
def test_an_allocation_is_by_largest_remainder(
    sizes: tuple[int, ...], n: int, expected: tuple[int, ...]
) -> None:
    names = [("a",), ("b",), ("c",)]
    held = dict.fromkeys(names, 1000)
    found = allocate(dict(zip(names, map(float, sizes), strict=True)), held, n)
    assert tuple(found[name] for name in names) == expected
