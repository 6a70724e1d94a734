"""Softmax attention of a wave on a TPU in one kernel, tile by tile (Dao et al. 2022), with the mask of a tree.

In a walk that is depth first, the tokens that see a key stand beside one another. So a mask is two numbers for each
key, which the kernel compares with the place of a query: no mask is ever in memory, and tiles of it that are empty,
which are most, are neither fetched nor computed.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
from jax.experimental import pallas as pl
from jax.experimental.pallas import tpu as pltpu
from jaxtyping import Array, Float, Float32, Int32

from cyclspec.runtime.models.decoder.attention import MASKED, Spans
from cyclspec.runtime.models.decoder.layers import capped

TILE = 256
_LANES, _SUBLANES = 128, 8


def tree_attention(
    query: Float32[Array, "query head dim"],
    key: Float[Array, "kv key dim"],
    value: Float[Array, "kv key dim"],
    spans: Spans,
    window: Int32[Array, ""] | None,
    *,
    cap: float | None,
) -> Float32[Array, "query head dim"]:
    """What queries, scaled, mix of the values that they see; one that sees nothing gets 0."""
    queries, heads, dim = query.shape
    group = heads // key.shape[0]
    asking = _padded(query.astype(key.dtype).swapaxes(0, 1), axis=1)
    keys, values = (_padded(one, axis=1) for one in (key, value))
    padded = Spans(*(_padded(one, axis=0) for one in spans))
    runs = _runs(padded, asking.shape[1] // TILE)
    steps = (heads, *runs.shape)

    def of_queries(head: Any, row: Any, column: Any, *_: Any) -> tuple[Any, ...]:
        return head, row, 0

    def of_keys(head: Any, row: Any, column: Any, held: Any, *_: Any) -> tuple[Any, ...]:
        return jax.lax.div(head, group), held[row, column], 0

    by_key = pl.BlockSpec((_SUBLANES, TILE), lambda head, row, column, held, *_: (0, held[row, column]))
    by_query = pl.BlockSpec((TILE, _LANES), lambda head, row, column, *_: (row, 0))
    one_head = partial(pl.BlockSpec, (None, TILE, dim))
    mixed: Array = pl.pallas_call(
        partial(_tile, cap=cap, windowed=window is not None),
        grid_spec=pltpu.PrefetchScalarGridSpec(
            num_scalar_prefetch=3,
            grid=steps,
            in_specs=[one_head(of_queries), one_head(of_keys), one_head(of_keys), *([by_key] * 3), by_query],
            out_specs=one_head(of_queries),
            scratch_shapes=[
                pltpu.VMEM((TILE, _LANES), jnp.float32),
                pltpu.VMEM((TILE, _LANES), jnp.float32),
                pltpu.VMEM((TILE, dim), jnp.float32),
            ],
        ),
        compiler_params=pltpu.CompilerParams(dimension_semantics=("parallel", "parallel", "arbitrary")),
        out_shape=jax.eval_shape(lambda: jnp.zeros(asking.shape, jnp.float32)),
        name="tree_attention",
    )(
        _held(runs),
        runs.astype(jnp.int32),
        jnp.zeros(1, jnp.int32) if window is None else window[None],
        asking,
        keys,
        values,
        *(jnp.broadcast_to(one, (_SUBLANES, len(one))) for one in padded[:3]),
        jnp.broadcast_to(padded.query_depth[:, None], (asking.shape[1], _LANES)),
    )
    return mixed[:, :queries].swapaxes(0, 1)


def _padded(array: Array, *, axis: int) -> Array:
    """To whole tiles. A key that is added is seen by no query, since it is `until` 0."""
    widths = [(0, 0)] * array.ndim
    widths[axis] = (0, -array.shape[axis] % TILE)
    return jnp.pad(array, widths)


def _runs(spans: Spans, rows: int) -> Array:
    """Which tiles, by queries and keys, have anything that is seen; windows left aside."""
    start = TILE * jnp.arange(rows)[:, None]
    meets = (spans.first < start + TILE) & (spans.until > start) & (spans.first < spans.until)
    return meets.reshape(rows, -1, TILE).any(axis=-1)


def _held(runs: Array) -> Array:
    """The tile of keys that is in place at each step: the last that ran, so that what is left out is not fetched."""
    columns = jnp.arange(runs.shape[1])
    return jnp.maximum(jax.lax.cummax(jnp.where(runs, columns, -1), axis=1), 0).astype(jnp.int32)


def _tile(
    held: Any,
    runs: Any,
    window: Any,
    query: Any,
    key: Any,
    value: Any,
    first: Any,
    until: Any,
    key_depth: Any,
    query_depth: Any,
    out: Any,
    highest: Any,
    total: Any,
    mixed: Any,
    *,
    cap: float | None,
    windowed: bool,
) -> None:
    """One step: a tile of queries against a tile of keys, after those before it. References to memory of the chip."""
    row, column = pl.program_id(1), pl.program_id(2)
    exact = jax.lax.Precision.HIGHEST if key.dtype == jnp.float32 else jax.lax.Precision.DEFAULT
    product = partial(jax.lax.dot_general, precision=exact, preferred_element_type=jnp.float32)

    @pl.when(column == 0)
    def _begin() -> None:
        highest[...] = jnp.full_like(highest, MASKED)
        total[...] = jnp.zeros_like(total)
        mixed[...] = jnp.zeros_like(mixed)

    @pl.when(runs[row, column] == 1)
    def _weigh() -> None:
        scores = capped(product(query[...], key[...], (((1,), (1,)), ((), ()))), cap)
        place = row * TILE + jax.lax.broadcasted_iota(jnp.int32, scores.shape, 0)
        sees = (first[:1, :] <= place) & (place < until[:1, :])
        if windowed:
            sees &= query_depth[:, :1] - key_depth[:1, :] < window[0]
        seen = jnp.where(sees, scores, MASKED)
        before = highest[...]
        now = jnp.maximum(before, seen.max(axis=1, keepdims=True))
        # Where nothing was seen yet, what is masked would weigh as much as what is not.
        weights, kept = jnp.where(sees, jnp.exp(seen - now[:, :1]), 0), jnp.exp(before - now)
        highest[...] = now
        total[...] = kept * total[...] + weights.sum(axis=1, keepdims=True)
        gained = product(weights.astype(value.dtype), value[...], (((1,), (0,)), ((), ())))
        mixed[...] = kept[:, :1] * mixed[...] + gained

    @pl.when(column == pl.num_programs(2) - 1)
    def _end() -> None:
        nothing = total[:, :1] == 0
        out[...] = jnp.where(nothing, 0, mixed[...] / jnp.where(nothing, 1, total[:, :1]))
