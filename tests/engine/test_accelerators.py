"""The attention that waves get on accelerators, where it can be computed without one.

The kernel of a TPU runs in jax's interpreter of the chip; batches of blocks are what XLA makes of them anywhere.
"""

from __future__ import annotations

import gc
import threading
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.experimental.pallas import tpu as pltpu
from scored_texts import Requests, expected, laid_out, logprobs, outcomes, requests

from cyclspec.runtime.engine import Missing, ScoringEngine
from cyclspec.runtime.engine.compiled import compiled
from cyclspec.runtime.models import Decoder
from cyclspec.runtime.models.decoder.attention import Spans
from cyclspec.runtime.models.decoder.kernels import Kernel, kernel_here
from cyclspec.runtime.models.decoder.stack import part_of
from cyclspec.runtime.models.decoder.tree_attention import TILE, _runs, tree_attention

Load = Callable[..., Decoder]
WAVE = 256


def device(kernel: Kernel) -> AbstractContextManager[Any]:
    """Where a kernel runs."""
    return pltpu.force_tpu_interpret_mode() if kernel == "tiles" else nullcontext()


@pytest.fixture(scope="module")
def asked() -> Requests:
    """Texts of more than one wave, and so of more than one tile of keys."""
    return requests(branches=8)


def scored(decoder: Decoder, asked: Requests, kernel: Kernel) -> Mapping[str, np.ndarray]:
    layout = laid_out(asked, decoder, tokens=WAVE)
    assert layout.waves > 1
    with device(kernel):
        return logprobs(ScoringEngine(decoder, layout, model="m", kernel=kernel))


def assert_close(found: Mapping[str, np.ndarray], wanted: Mapping[str, np.ndarray]) -> None:
    assert found.keys() == wanted.keys()
    for key, numbers in found.items():
        np.testing.assert_allclose(numbers, wanted[key], rtol=0, atol=1e-4)


def test_log_probabilities_of_every_family_in_tiles_agree_with_torch(
    family: Any, loaded: Load, asked: Requests
) -> None:
    assert_close(scored(loaded(family.folder), asked, "tiles"), expected(family, asked))


def test_log_probabilities_in_batches_of_blocks_agree_with_torch(
    grouped: Any, loaded: Load, asked: Requests
) -> None:
    assert_close(scored(loaded(grouped.folder), asked, "batches"), expected(grouped, asked))


def test_a_token_that_is_no_number_reaches_those_that_see_it_and_no_other(
    grouped: Any, loaded: Load, asked: Requests
) -> None:
    decoder = loaded(grouped.folder)
    readers = {
        key: {token for one in own for p in one.probes for token in one.ids[: p.after]}
        for key, own in asked.items()
    }
    token = next(token for token in range(3, 300) if 3 < sum(token in one for one in readers.values()) < 20)
    decoder.embedding[...] = decoder.embedding[...].at[token].set(np.nan)
    with device("tiles"):
        found = outcomes(
            ScoringEngine(decoder, laid_out(asked, decoder, tokens=WAVE), model="m", kernel="tiles")
        )
    assert {key for key, one in found.items() if isinstance(one, Missing)} == {
        key for key, tokens in readers.items() if token in tokens
    }


@pytest.mark.parametrize("window", [None, 40])
@pytest.mark.parametrize(("dtype", "tolerance"), [("float32", 2e-6), ("bfloat16", 8e-3)])
def test_tiles_mix_what_each_query_sees(window: int | None, dtype: str, tolerance: float) -> None:
    """Spans at random, so that some tiles are empty, some queries see nothing, and sizes are no whole tiles.

    In bfloat16 weights are rounded to it before they meet the values, as in every such kernel.
    """
    draw = np.random.default_rng(3)
    queries, keys, dim = TILE + 70, 2 * TILE + 100, 24
    query = draw.standard_normal((queries, 4, dim)).astype(np.float32)
    key, value = (jnp.asarray(draw.standard_normal((2, keys, dim)), dtype) for _ in range(2))
    first = draw.integers(0, queries, keys)
    until = np.minimum(first + draw.integers(0, 60, keys), queries - 5)
    depths = draw.integers(0, 100, keys), draw.integers(0, 100, queries)
    place = np.arange(queries)[:, None]
    sees = (first <= place) & (place < until)
    if window is not None:
        sees &= depths[1][:, None] - depths[0] < window
    spans = Spans(*(jnp.asarray(one, jnp.int32) for one in (first, until, *depths)))
    with device("tiles"):
        near = None if window is None else jnp.int32(window)
        mixed = np.asarray(tree_attention(jnp.asarray(query), key, value, spans, near, cap=3.0))
    rounded = np.asarray(jnp.asarray(query, dtype), np.float64).reshape(queries, 2, 2, dim)
    scores = 3 * np.tanh(np.einsum("qkgd,ksd->kgqs", rounded, np.asarray(key, np.float64)) / 3)
    weights = np.exp(scores) * sees
    some = sees.any(axis=1)
    with np.errstate(invalid="ignore"):
        wanted = np.einsum(
            "kgqs,ksd->qkgd", weights / weights.sum(axis=-1, keepdims=True), np.asarray(value, np.float64)
        )
    assert 0 < some.sum() < queries
    np.testing.assert_allclose(mixed[some], wanted.reshape(query.shape)[some], rtol=0, atol=tolerance)
    assert not mixed[~some].any()


def test_a_tile_is_computed_where_anything_in_it_is_seen_and_nowhere_else() -> None:
    """Few keys are seen at all, by few queries each, so that most tiles hang on a single one."""
    draw = np.random.default_rng(5)
    place = np.arange(4 * TILE)[:, None]
    for _ in range(400):
        first = draw.integers(0, 4 * TILE, 3 * TILE)
        until = np.where(draw.random(3 * TILE) < 0.01, first + draw.integers(0, 20, 3 * TILE), 0)
        sees = (first <= place) & (place < until)
        spans = Spans(*(jnp.asarray(one, jnp.int32) for one in (first, until, first, place[:, 0])))
        tiles = sees.reshape(4, TILE, 3, TILE).any(axis=(1, 3))
        np.testing.assert_array_equal(_runs(spans, 4), tiles)


def test_values_that_a_query_does_not_see_never_reach_it_however_large() -> None:
    """Two texts in one wave: the first tile of keys is the first text's alone, and the sum of its values overflows."""
    index = np.arange(2 * TILE)
    texts = np.where(index < TILE + 40, TILE + 40, 2 * TILE)
    spans = Spans(*(jnp.asarray(one, jnp.int32) for one in (index, texts, index, index)))
    draw = np.random.default_rng(4)
    query = jnp.asarray(draw.standard_normal((2 * TILE, 1, 16)), jnp.float32)
    key = jnp.asarray(draw.standard_normal((1, 2 * TILE, 16)), jnp.float32)
    value = jnp.where(index < TILE + 40, 2e36, 1.0)[None, :, None] * jnp.ones(16)
    with device("tiles"):
        mixed = np.asarray(tree_attention(query, key, value, spans, None, cap=None))
    np.testing.assert_allclose(mixed[TILE + 40 :], 1, rtol=1e-6)


def test_layers_are_read_where_they_are_on_an_accelerator(monkeypatch: pytest.MonkeyPatch) -> None:
    """A detour by way of integers, which a CPU needs to slice bfloat16, copies all weights anywhere else."""
    stack = jnp.zeros((3, 4), jnp.bfloat16)

    def steps() -> str:
        return str(jax.make_jaxpr(lambda at: part_of(stack, at))(1))

    assert "bitcast" in steps()
    monkeypatch.setattr(jax, "default_backend", lambda: "gpu")
    assert "bitcast" not in steps()


@pytest.mark.parametrize(("backend", "kernel"), [("cpu", "chains"), ("tpu", "tiles"), ("gpu", "batches")])
def test_each_kind_of_device_has_its_attention(
    backend: str, kernel: Kernel, grouped: Any, loaded: Load, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A GPU that is not of NVIDIA, which this machine's only device is not either, has no kernel."""
    monkeypatch.setattr(jax, "default_backend", lambda: backend)
    assert kernel_here(loaded(grouped.folder).config, jnp.dtype(jnp.bfloat16)) == kernel


@pytest.mark.parametrize("searched", [True, False])
def test_garbage_is_searched_for_after_a_program_is_made_as_it_was_before(searched: bool) -> None:
    def fails(_: Any) -> None:
        assert not gc.isenabled()
        raise ValueError("a program that cannot be made")

    try:
        gc.enable() if searched else gc.disable()
        assert compiled(lambda x: x + 1, jnp.zeros(2))(jnp.zeros(2)).tolist() == [1, 1]
        assert gc.isenabled() == searched
        with pytest.raises(ValueError, match="cannot be made"):
            compiled(fails, jnp.zeros(2))
        assert gc.isenabled() == searched
    finally:
        gc.enable()


def test_programs_are_made_one_at_a_time() -> None:
    """Or one that begins while another ends could leave the search for garbage off."""
    begun, ends, order = threading.Event(), threading.Event(), list[str]()

    def first(x: Any) -> Any:
        begun.set()
        assert ends.wait(30)
        order.append("first")
        return x

    def second(x: Any) -> Any:
        order.append("second")
        return x

    one, other = (threading.Thread(target=compiled, args=(each, np.zeros(2))) for each in (first, second))
    one.start()
    assert begun.wait(30)
    other.start()
    other.join(0.5)
    ends.set()
    one.join(30)
    other.join(30)
    assert order == ["first", "second"]
    assert gc.isenabled()
