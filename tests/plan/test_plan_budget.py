"""Which cells exist, found without looking at each: the first of a grid, and grids that are too large to look at."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cyclspec import pipeline
from cyclspec.compiler.axes import Axis, Grid, Presence
from cyclspec.compiler.plan.budget import first_cell, present_cells
from cyclspec.language.diagnostics import SpecError

AXES = ("a", "b", "c", "d")


def grid_of(sizes: dict[str, int], *presence: Presence) -> Grid:
    axes = {name: Axis(name, tuple(map(str, range(size)))) for name, size in sizes.items()}
    return Grid(axes, presence, {})


@st.composite
def grids(draw: st.DrawFn) -> Grid:
    """Up to four axes, and up to four groups of them with holes."""
    sizes = {name: draw(st.integers(1, 4)) for name in AXES}
    presence = []
    for _ in range(draw(st.integers(0, 4))):
        names = tuple(draw(st.lists(st.sampled_from(AXES), min_size=1, max_size=3, unique=True)))
        shape = tuple(sizes[name] for name in names)
        number = int(np.prod(shape))
        flat = draw(st.lists(st.booleans(), min_size=number, max_size=number))
        presence.append(Presence(names, np.array(flat).reshape(shape)))
    return grid_of(sizes, *presence)


@given(grids(), st.permutations(AXES), st.integers(1, 4), st.data())
def test_the_first_cell_is_the_first_of_all_that_exist(
    grid: Grid, order: list[str], kept: int, data: st.DataObject
) -> None:
    axes = tuple(order[:kept])
    fixed = {
        axis: data.draw(st.integers(0, len(grid.axes[axis]) - 1))
        for axis in data.draw(st.lists(st.sampled_from(axes), unique=True))
    }
    present = present_cells(grid, axes)
    wanted = (slice(fixed[axis], fixed[axis] + 1) if axis in fixed else slice(None) for axis in axes)
    chosen = np.zeros_like(present)
    place = tuple(wanted)
    chosen[place] = present[place]
    expected = tuple(int(at) for at in np.argwhere(chosen)[0]) if chosen.any() else None
    assert first_cell(grid, axes, fixed) == expected


@pytest.mark.timeout(30)
def test_the_first_cell_of_a_grid_that_no_memory_holds() -> None:
    corner = np.zeros((1000, 1000), dtype=np.bool_)
    corner[999, 998] = True
    grid = grid_of(dict.fromkeys(AXES, 1000), Presence(("b", "d"), corner))
    assert first_cell(grid, AXES, {"a": 5}) == (5, 999, 0, 998)
    assert first_cell(grid, AXES, {"b": 5}) is None


PANEL = """cycl 1
scale mood : ordinal {{ low, high }}
prompt feel() -> choice(mood) {{ user "How do you feel?" }}
panel models {{
  {factors}
  model tiny = demo() {{ f0 = l0, f1 = l0, f2 = l0 }}
}}
audit small {{
  each f0, f1, f2 in models
  ask reply = feel() {{ model = models, read = first_token }}
  check mass = (min over f0, f1, f2 of reply.mass) >= 0.5
}}
"""


@pytest.mark.timeout(60)
def test_factors_with_more_combinations_than_can_be_looked_at_are_refused(tmp_path: Path) -> None:
    levels = " ".join(f"l{n}" for n in range(400))
    factors = "\n  ".join(f"factor f{n} : nominal {{ {levels} }}" for n in range(3))
    spec = tmp_path / "audit.cycl"
    spec.write_text(PANEL.format(factors=factors), encoding="utf-8")
    context = pipeline.check(spec).require()
    with pytest.raises(SpecError) as refused:
        pipeline.open_data(context, pipeline.choose(context, None))
    (diagnostic,) = refused.value.diagnostics
    assert diagnostic.code == "CY0705"
    assert diagnostic.notes == ("the factors of panel `models` are f0 400 x f1 400 x f2 400",)
    assert diagnostic.helps == ("ask by model: `each model in models`",)
