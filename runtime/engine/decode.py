"""The step program: every row's text grows by a token, until the steps of a call are done or no row is left.

A row attends to its prompt, to what it wrote and to its own token; the cache is only read until the layers
are through.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float32, Int32, UInt32

from cyclspec.compiler.checkpoints.architecture import DecoderConfig
from cyclspec.compiler.plan.writing import Choice
from cyclspec.runtime.engine.cache import Cache, written
from cyclspec.runtime.engine.constrain import Records, allowed, following
from cyclspec.runtime.engine.sampling import choose
from cyclspec.runtime.models.decoder import Decoder
from cyclspec.runtime.models.decoder.attention import MASKED, Attend, Heads
from cyclspec.runtime.models.decoder.layers import capped, product
from cyclspec.runtime.models.decoder.stack import Stack, empty, slots_of

STEPS = 8


class Rows(NamedTuple):
    """Where every row stands.

    `token` is the last of the text, at `position`, not yet read; of those before it, `prompt` are in slots of
    the prompt and `held` in the ring. `step` counts what the text has written, of `most` tokens at all, `left`
    what it may write here still. Where texts are records, `record` says which, and `state` how far it is.
    """

    token: Int32[Array, " row"]
    position: Int32[Array, " row"]
    prompt: Int32[Array, " row"]
    held: Int32[Array, " row"]
    step: Int32[Array, " row"]
    most: Int32[Array, " row"]
    record: Int32[Array, " row"]
    state: Int32[Array, " row"]
    left: Int32[Array, " row"]
    done: Bool[Array, " row"]
    finite: Bool[Array, " row"]
    temperature: Float32[Array, " row"]
    top_p: Float32[Array, " row"]
    seed: UInt32[Array, "row 2"]
    stops: Int32[Array, "row stop"]


class Latest(NamedTuple):
    """Keys and values of one token of every row, of each layer [row kv dim]."""

    key: Stack
    value: Stack


class Call(NamedTuple):
    """What one call of the program changes.

    `latest` holds keys and values of the tokens that were read last, which the next step puts into the ring
    at `slot`: written before the layers read it, the ring is not copied. `tokens` is -1 where a row wrote
    nothing.
    """

    cache: Cache[Stack]
    rows: Rows
    latest: Latest
    slot: Int32[Array, ""]
    tokens: Int32[Array, "step row"]


def decode(
    decoder: Decoder,
    cache: Cache[Stack],
    rows: Rows,
    latest: Latest,
    slot: Int32[Array, ""],
    steps: Int32[Array, ""],
    longest: Int32[Array, ""],
    records: Records | None,
    *,
    choice: Choice,
) -> Call:
    """At most `steps` tokens, up to `STEPS`, for every row that is not done; `records` say what they may be."""

    def goes_on(state: tuple[Array, Call]) -> Array:
        return (state[0] < steps) & ~state[1].rows.done.all()

    def grow(state: tuple[Array, Call]) -> tuple[Array, Call]:
        at, call = state
        cache = written(call.cache, *_kept(call), call.slot)
        hidden, latest = decoder.hidden(
            call.rows.token, call.rows.position, longest, _attend(decoder.config, call), cache
        )
        rows, tokens = _grown(call.rows, decoder.logits(hidden), records, choice)
        slot = (call.slot + 1) % slots_of(cache.new_key)
        return at + 1, Call(cache, rows, Latest(*latest), slot, call.tokens.at[at].set(tokens))

    nothing = jnp.full((STEPS, rows.token.shape[0]), -1, jnp.int32)
    start = Call(cache, rows, latest, slot, nothing)
    done: Call = jax.lax.while_loop(goes_on, grow, (jnp.int32(0), start))[1]
    return done


def empty_latest(config: DecoderConfig, rows: int, dtype: jnp.dtype) -> Latest:
    """What stands before a first step."""
    size = (rows, config.kv_heads, config.head_dim)
    return Latest(*(empty(config.layers, size, dtype) for _ in range(2)))


def _kept(call: Call) -> Latest:
    """Of rows that hold nothing yet, what was read last belongs to another text, and may not be finite."""
    own = (call.rows.held > 0)[:, None, None]
    kept: Latest = jax.tree.map(lambda a: jnp.where(own, a, 0), call.latest)
    return kept


def _grown(
    rows: Rows, logits: Float32[Array, "row vocab"], records: Records | None, choice: Choice
) -> tuple[Rows, Int32[Array, " row"]]:
    """Every row with one more token, and these. Without finite scores a row is done, its token means nothing."""
    # Zero times anything finite, in one pass over a whole vocabulary.
    finite = (logits * 0.0).sum(axis=-1) == 0.0
    if records is not None:
        room = rows.most - rows.step
        logits = jax.vmap(allowed, in_axes=(None, 0, 0, 0, 0))(records, rows.record, rows.state, room, logits)
    pick: Callable[..., Array] = jax.vmap(partial(choose, choice=choice))
    token = pick(logits, rows.temperature, rows.top_p, rows.seed, rows.step)
    goes = ~rows.done
    stopped = (token[:, None] == rows.stops).any(axis=-1)
    state = rows.state
    if records is not None:
        state = following(records, rows.record, state, token)
        stopped = records.needs[rows.record, state] == 0
    new = rows._replace(
        token=token,
        position=rows.position + 1,
        held=rows.held + 1,
        step=rows.step + 1,
        state=state,
        left=rows.left - 1,
        done=stopped | (rows.left <= 1) | ~finite,
        finite=finite,
    )
    kept = jax.tree.map(lambda a, b: jnp.where(goes.reshape(-1, *(1,) * (a.ndim - 1)), a, b), new, rows)
    return kept, jnp.where(goes, token, -1)


def _attend(config: DecoderConfig, call: Call) -> Attend:
    """Every row's token attends to its row of the cache and to itself; its keys and values are handed out."""
    rows = call.rows
    group = config.heads // config.kv_heads
    at = jnp.arange(slots_of(call.cache.prompt_key))
    new = slots_of(call.cache.new_key)
    back = ((call.slot - jnp.arange(new)) % new + 1)[None, :]

    def attend(heads: Heads, own: Cache[Array], window: Array) -> tuple[Array, tuple[Array, Array]]:
        query = (heads.query * config.score_factor).reshape(-1, config.kv_heads, group, config.head_dim)
        reach = rows.position[:, None] - at
        parts = [
            _Part(own.prompt_key, own.prompt_value, (at < rows.prompt[:, None]) & (reach < window)),
            _Part(own.new_key, own.new_value, (back <= rows.held[:, None]) & (back < window)),
        ]
        scores = [_scores(config, query, one) for one in parts]
        itself = capped(product("rkgd,rkd->rkg", query, heads.key), config.attention_cap)[..., None]
        top = jnp.maximum(itself, jnp.maximum(*(one.max(axis=-1, keepdims=True) for one in scores)))
        weights = [jnp.exp(one - top) for one in scores]
        own_weight = jnp.exp(itself - top)
        total = own_weight + sum(one.sum(axis=-1, keepdims=True) for one in weights)
        mixed = own_weight * heads.value[:, :, None].astype(jnp.float32)
        for one, part in zip(weights, parts, strict=True):
            mixed = mixed + product("rkgs,rksd->rkgd", one, part.value)
        return (mixed / total).reshape(heads.query.shape), (heads.key, heads.value)

    return attend


class _Part(NamedTuple):
    """Some slots of every row, and which of them its token sees."""

    key: Array
    value: Array
    sees: Bool[Array, "row slot"]


def _scores(
    config: DecoderConfig, query: Float32[Array, "row kv group dim"], part: _Part
) -> Float32[Array, "row kv group slot"]:
    scores = capped(product("rkgd,rkds->rkgs", query, part.key), config.attention_cap)
    return jnp.where(part.sees[:, None, None, :], scores, MASKED)
