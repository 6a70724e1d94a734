"""Ragged scales in blocks against the same computation item by item, and what a block is made of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from score_terms import (
    SCALE,
    answer,
    answers,
    arithmetic,
    audit,
    call,
    check,
    compare,
    distributions,
    grid,
    let,
    measure,
    metric,
    people,
    people_cells,
    pick,
    real,
    reduce,
)

from cyclspec.compiler.axes import Grid, Presence
from cyclspec.compiler.scores import ScoreInputs, Scores, lower
from cyclspec.compiler.scores import blocks as module
from cyclspec.compiler.scores.blocks import MOST_BLOCKS, Blocks, blocks_of
from cyclspec.compiler.scores.cells import Cells
from cyclspec.compiler.scores.frame import frame_of
from cyclspec.language.diagnostics import InternalError
from cyclspec.language.types import kinds as k
from cyclspec.language.types import terms as h
from cyclspec.language.types import typed as d

Floats = NDArray[np.float64]
AXES = ("model", "country", "item")
OPTIONS = (4, 2, 7, 2, 4, 4, 3)
MISSING = {0: 1, 2: 3}
SIZES = {"model": 2, "country": 3, "item": len(OPTIONS)}
DIST = k.Dist(SCALE)
reply, human = answer(*AXES), people("country", "item")


def world(options: Sequence[int] = OPTIONS, **given: Any) -> Grid:
    return grid({**SIZES, "item": len(options)}, options, missing=given.pop("missing", MISSING), **given)


def blocks(world: Grid) -> Blocks:
    return blocks_of(frame_of(audit(axes=AXES), world), "item.options")


def drawn(options: Sequence[int] = OPTIONS) -> tuple[Floats, Floats]:
    rng = np.random.default_rng(8)
    exists = np.arange(max(options)) < np.array(options)[:, None]
    probs = distributions(rng, (2, 3, len(options)), exists, 2).astype(np.float32).astype(np.float64)
    return probs, distributions(rng, (3, len(options)), exists, 1)


def scored(
    *measures: d.TypedMeasure,
    options: Sequence[int] = OPTIONS,
    checks: Sequence[d.TypedCheck] = (),
    lets: dict[str, h.Term] | None = None,
    ok: NDArray[np.bool_] | None = None,
    **given: Any,
) -> Scores:
    probs, share = drawn(options)
    spec = audit(axes=AXES, measures=measures, checks=checks, lets=lets)
    cells = answers(AXES, probs) if ok is None else answers(AXES, probs, ok=ok)
    inputs = ScoreInputs({"reply": cells}, {human: people_cells(("country", "item"), share)})
    return lower(spec, world(options, **given)).evaluate(inputs)


def counted(options: Sequence[int] = OPTIONS, missing: dict[int, int] | None = None) -> tuple[Floats, Floats]:
    """Both distributions over the options that count, renormalised; zero elsewhere."""
    probs, share = drawn(options)
    for item, number in (MISSING if missing is None else missing).items():
        for array in (probs, share):
            array[..., item, options[item] - number :] = 0.0
    return tuple(array / array.sum(axis=-1, keepdims=True) for array in (probs, share))  # type: ignore[return-value]


def tv(p: Floats, q: Floats) -> Floats:
    return np.asarray(np.abs(p - q).sum(axis=-1) / 2)


@pytest.fixture(autouse=True)
def _small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    """A block for every number of options, however few its cells."""
    monkeypatch.setattr(module, "BLOCK_COST", 1)


# ---- what a block is made of


def test_a_block_has_the_items_with_so_many_options_that_count_and_nothing_else() -> None:
    found = blocks(world())
    assert [(block.rows.tolist(), block.places.shape[1]) for block in found.parts] == [
        ([1, 3], 2),
        ([0, 6], 3),
        ([2, 4, 5], 4),
    ]
    for block in found.parts:
        assert block.frame.scored("item.options").all()
        assert block.frame.axes["item"].levels == tuple(f"item{row}" for row in block.rows)


def test_options_that_do_not_count_may_stand_anywhere() -> None:
    plain = world([3, 3], missing={})
    layout = plain.options["item.options"]
    first = np.array([[True, False, False], [False, False, True]])
    moved = Grid(plain.axes, (), {"item.options": replace(layout, missing=first)})
    (block,) = blocks(moved).parts
    assert block.places.tolist() == [[1, 2], [0, 1]]
    assert block.frame.layout("item.options").codes == (("o1", "o2"), ("o0", "o1"))


def test_many_option_counts_share_blocks_that_are_little_padded() -> None:
    options = [*range(2, 65), 3, 64]
    found = blocks(world(options, missing={}))
    assert MOST_BLOCKS / 2 <= len(found.parts) <= MOST_BLOCKS < len(set(options))
    assert sorted(row for block in found.parts for row in block.rows) == list(range(len(options)))
    for block in found.parts:
        needed = np.array(options)[block.rows]
        assert (needed <= block.places.shape[1]).all()
        assert block.places.shape[1] <= needed.min() + 10
        assert (block.frame.scored("item.options").sum(axis=-1).ravel() == needed).all()


def test_what_is_cut_and_joined_is_as_it_was() -> None:
    found = blocks(world())
    rng = np.random.default_rng(1)
    for shape in ((7, 3, 2, 1), (7, 1, 1, 1)):
        value = rng.normal(size=shape).astype(np.float32)
        status = rng.integers(0, 3, shape).astype(np.int8)
        whole = Cells(frozenset(AXES), value, status)  # type: ignore[arg-type]
        again = found.joined([found.cut(block, whole) for block in found.parts])
        np.testing.assert_array_equal(again.value, value)
        np.testing.assert_array_equal(again.status, status)


def test_a_part_that_is_the_same_for_all_items_is_joined_with_others() -> None:
    found = blocks(world())
    parts = [Cells(frozenset(), np.full((1, 1, 1, 1), float(at))) for at in range(3)]  # type: ignore[arg-type]
    parts[1] = replace(parts[1], status=np.ones((1, 2, 1, 1), np.int8))  # type: ignore[arg-type]
    joined = found.joined(parts)
    assert joined.value[:, 0, 0, 0].tolist() == [1.0, 0.0, 2.0, 0.0, 2.0, 2.0, 1.0]
    assert joined.status is not None
    assert joined.status[:, 1, 0, 0].tolist() == [1, 0, 0, 0, 0, 0, 1]


def test_a_small_audit_is_padded_and_a_large_one_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "BLOCK_COST", 1 << 18)
    assert len(blocks(world()).parts) == 1
    axes = {"model": 40, "country": 3000, "item": len(OPTIONS)}
    assert len(blocks(grid(axes, OPTIONS, missing=MISSING)).parts) == 2
    axes["country"] = 30_000
    assert [block.places.shape[1] for block in blocks(grid(axes, OPTIONS, missing=MISSING)).parts] == [
        2,
        3,
        4,
    ]


# ---- measures over blocks


def test_a_measure_over_ragged_scales_is_that_of_each_item() -> None:
    p, q = counted()
    found = scored(
        measure("each", AXES, metric("tv", reply, human)),
        measure("mean", ["model"], reduce("mean", ["country", "item"], metric("emd", reply, human))),
    )
    np.testing.assert_allclose(found.measure("each").value, tv(p, q), rtol=0, atol=1e-15)
    steps = np.abs(np.cumsum(p - q, axis=-1)).sum(axis=-1)
    np.testing.assert_allclose(found.measure("mean").value, steps.mean(axis=(1, 2)), rtol=0, atol=1e-14)


def test_padded_blocks_give_what_exact_ones_give(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_BLOCKS", 2)
    options = [*range(2, 10), 5, 8]
    p, q = counted(options, {})
    found = scored(
        measure("each", AXES, metric("tv", reply, human)),
        measure("place", AXES, metric("mean_position", reply)),
        measure("last", AXES, pick(reply, option="last")),
        options=options,
        missing={},
    )
    places = p @ np.arange(max(options)) / (np.array(options) - 1)
    last = np.take_along_axis(p, np.array(options)[None, None, :, None] - 1, -1)[..., 0]
    np.testing.assert_allclose(found.measure("each").value, tv(p, q), rtol=0, atol=1e-15)
    np.testing.assert_allclose(found.measure("place").value, places, rtol=0, atol=1e-14)
    np.testing.assert_allclose(found.measure("last").value, last, rtol=0, atol=1e-15)


def test_lets_mixtures_and_means_of_distributions_stay_in_their_blocks() -> None:
    p, q = counted()
    near = replace(arithmetic("*", real(0.5), reply), type=k.Type(DIST, frozenset(AXES)))
    far = replace(arithmetic("*", real(0.5), let("others", "country", "item", kind=DIST)), type=near.type)
    mixed = replace(arithmetic("+", near, far), type=near.type)
    lets: dict[str, h.Term] = {
        "others": call("human_mean", human, kind=DIST, leave_out=("country",)),
        "mixed": mixed,
    }
    pooled = reduce("mean", ["country"], human)
    found = scored(
        measure("near", AXES, metric("tv", let("mixed", *AXES, kind=DIST), human)),
        measure("pooled", ["item"], metric("entropy", pooled)),
        lets=lets,
    )
    others = (q.sum(axis=0) - q) / 2
    np.testing.assert_allclose(found.measure("near").value, tv(0.5 * p + 0.5 * others, q), rtol=0, atol=1e-14)
    mean = q.mean(axis=0)
    entropy = -(mean * np.log2(mean, where=mean > 0, out=np.zeros_like(mean))).sum(axis=-1)
    np.testing.assert_allclose(found.measure("pooled").value, entropy, rtol=0, atol=1e-14)


def test_missing_answers_exclusions_and_holes_reach_their_block() -> None:
    p, q = counted()
    ok = np.ones((2, 3, 7), dtype=bool)
    ok[0, 1, 2] = ok[1, 0, 0] = False
    bad = check(
        "short",
        ["item"],
        compare("<", reduce("max", ["model", "country"], metric("entropy", reply)), real(9.0)),
        "exclude",
    )
    holes = np.ones((3, 7), dtype=bool)
    holes[2, 5] = False
    given = {"ok": ok, "presence": [Presence(("country", "item"), holes)]}
    distance = metric("tv", reply, human)
    found = scored(
        measure("m", ["model"], reduce("mean", ["country", "item"], distance)), checks=[bad], **given
    )
    kept = np.where(ok & holes, tv(p, q), np.nan)
    cells = found.measure("m")
    np.testing.assert_allclose(cells.value, np.nanmean(kept, axis=(1, 2)), rtol=0, atol=1e-15)
    assert cells.n_used.tolist() == [19, 19]
    assert cells.missing["absent"].tolist() == [1, 1]
    strict = replace(
        bad, term=compare("<", reduce("max", ["model", "country"], metric("entropy", reply)), real(1.5))
    )
    excluded = scored(
        measure("m", ["model"], reduce("mean", ["country", "item"], distance)), checks=[strict], **given
    )
    with np.errstate(divide="ignore", invalid="ignore"):
        entropy = -np.where(p > 0, p * np.log2(p), 0.0).sum(axis=-1)
    failing = np.where(ok & holes, entropy, -1).max(axis=(0, 1)) >= 1.5
    assert failing.any() and not failing.all()
    kept[:, :, failing] = np.nan
    np.testing.assert_allclose(excluded.measure("m").value, np.nanmean(kept, axis=(1, 2)), rtol=0, atol=1e-15)


def test_whether_an_answer_is_missing_is_joined_over_blocks() -> None:
    ok = np.ones((2, 3, 7), dtype=bool)
    ok[0, 1, [0, 1, 2]] = False
    gone = call("is_missing", reply, kind=k.Bool())
    found = scored(measure("m", ["model", "item"], reduce("share", ["country"], gone)), ok=ok)
    np.testing.assert_allclose(found.measure("m").value, (~ok).mean(axis=1), rtol=0, atol=1e-15)


def test_one_item_of_a_picked_option_is_the_share_of_that_item() -> None:
    p, _ = counted()
    found = scored(measure("m", ["model", "country"], pick(reply, option="o1", item="item4")))
    np.testing.assert_allclose(found.measure("m").value, p[:, :, 4, 1], rtol=0, atol=1e-15)


@pytest.mark.parametrize("over", [("item",), ("country",), ("item", "country")])
def test_an_interval_over_blocks_is_that_of_the_joined_values(over: tuple[str, ...]) -> None:
    """The same interval as over a plain value that holds the distances themselves."""
    p, q = counted()
    interval = d.Interval(over, 50, 0.9)
    term = reduce("mean", ["country", "item"], metric("tv", reply, human))
    blocked = scored(measure("m", ["model"], term, interval)).measure("m")
    cells = answers(AXES, drawn()[0], mass=np.zeros((2, 3, 7)))
    held = reduce("mean", ["country", "item"], answer(*AXES, field="mass"))
    spec = audit(axes=AXES, measures=[measure("m", ["model"], held, interval)])
    plain = replace(cells, mass=tv(p, q))
    whole = lower(spec, world()).evaluate(ScoreInputs({"reply": plain}, {})).measure("m")
    for one, other in ((blocked.low, whole.low), (blocked.high, whole.high)):
        np.testing.assert_allclose(one, other, rtol=0, atol=1e-13)


@pytest.mark.parametrize("width", [6, 8])
def test_a_block_takes_arrays_of_its_layout_alone(width: int) -> None:
    with pytest.raises(InternalError, match="expected 7 options"):
        blocks(world()).placed(np.zeros((2, 3, 7, width)))


def test_an_axis_without_levels_leaves_empty_blocks() -> None:
    found = blocks(world()).placed(np.zeros((2, 0, 7, 7)))
    assert [part.shape[:2] for part in found] == [(2, 0)] * len(found)
