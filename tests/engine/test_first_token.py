"""Option probabilities are over the whole vocabulary, and batches run as programs of known shape."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import jax
import numpy as np
import pytest
import torch
from scipy.special import logsumexp

from cyclspec.compiler.plan.batches import NO_LABEL, Batch
from cyclspec.language.diagnostics.base import InternalError, SpecError
from cyclspec.runtime.engine import FirstTokenEngine, Missing, Scored
from cyclspec.runtime.models import Decoder
from cyclspec.runtime.store.tables import probabilities

LABELS = np.array(
    [
        [[10, 11], [12, -1], [13, 14], [-1, -1]],
        [[20, -1], [21, -1], [-1, -1], [-1, -1]],
        [[5, 6], [7, 8], [9, 10], [306, 3]],
        [[30, -1], [31, 33], [32, -1], [-1, -1]],
    ],
    np.int32,
)


def _batch(padded: Callable[..., Any], keys: tuple[str, ...] = ("a", "b", "c", "d")) -> Batch:
    tokens, _, valid = padded("right")
    return Batch(tokens, valid.sum(axis=-1).astype(np.int32), LABELS, keys)


def _expected(reference: Any, batch: Batch, row: int) -> np.ndarray:
    """Label log-probabilities of one row alone, in float64 from torch's logits."""
    tokens = batch.tokens[row : row + 1, : batch.lengths[row]]
    logits = reference.logits(tokens, np.arange(tokens.shape[1])[None], np.ones_like(tokens))[0, -1].astype(
        np.float64
    )
    logprobs = logits - logsumexp(logits)
    options = [[logprobs[i] for i in option if i != NO_LABEL] for option in batch.label_ids[row]]
    return np.array([logsumexp(option) for option in options if option])


@pytest.mark.parametrize("family", ["llama_tied", "qwen2_window", "gemma2", "gpt2", "mixtral"], indirect=True)
def test_option_probabilities_agree_with_torch(
    family: Any, loaded: Callable[..., Decoder], padded: Callable[..., Any]
) -> None:
    batch = _batch(padded)
    outcomes = list(FirstTokenEngine(loaded(family.folder), model="m").run([batch]))
    assert [one.request for one in outcomes] == ["a", "b", "c", "d"]
    for row, outcome in enumerate(outcomes):
        assert isinstance(outcome, Scored)
        assert outcome.label_logprobs.dtype == np.float32
        expected = _expected(family, batch, row)
        np.testing.assert_allclose(np.exp(outcome.label_logprobs), np.exp(expected), rtol=0, atol=1e-5)
        np.testing.assert_allclose(outcome.label_logprobs, expected, rtol=0, atol=1e-4)
        probs, mass = probabilities(outcome.label_logprobs)
        np.testing.assert_allclose(probs, np.exp(expected - logsumexp(expected)), rtol=0, atol=1e-5)
        np.testing.assert_allclose(mass, np.exp(expected).sum(), rtol=0, atol=1e-5)


def test_rows_beyond_the_requests_give_no_outcome(
    grouped: Any, loaded: Callable[..., Decoder], padded: Callable[..., Any]
) -> None:
    whole = _batch(padded)
    lengths = whole.lengths * np.array([1, 1, 0, 0], np.int32)
    tail = Batch(whole.tokens, lengths, np.where(lengths[:, None, None] > 0, LABELS, NO_LABEL), ("a", "b"))
    outcomes = list(FirstTokenEngine(loaded(grouped.folder), model="m").run([tail]))
    assert [one.request for one in outcomes] == ["a", "b"]
    for row, outcome in enumerate(outcomes):
        assert isinstance(outcome, Scored)
        np.testing.assert_allclose(outcome.label_logprobs, _expected(grouped, whole, row), rtol=0, atol=1e-4)


def test_rows_in_another_order_give_the_same_bits(
    grouped: Any, loaded: Callable[..., Decoder], padded: Callable[..., Any]
) -> None:
    batch, order = _batch(padded), np.array([2, 0, 3, 1])
    keys = tuple(batch.requests[i] for i in order)
    moved = Batch(batch.tokens[order], batch.lengths[order], batch.label_ids[order], keys)
    engine = FirstTokenEngine(loaded(grouped.folder), model="m")
    first = {one.request: one for one in engine.run([batch])}
    for outcome in engine.run([moved]):
        before = first[outcome.request]
        assert isinstance(outcome, Scored)
        assert isinstance(before, Scored)
        np.testing.assert_array_equal(outcome.label_logprobs, before.label_logprobs)


@pytest.fixture
def compilations() -> Iterator[list[str]]:
    """The compilations that jax itself reports while a test runs."""
    seen: list[str] = []

    def listen(event: str, duration_secs: float, **_: object) -> None:
        if event == "/jax/core/compile/backend_compile_duration":
            seen.append(event)

    jax.monitoring.register_event_duration_secs_listener(listen)
    yield seen
    jax.monitoring.unregister_event_duration_listener(listen)


def test_each_shape_is_compiled_once_and_no_other(
    grouped: Any, loaded: Callable[..., Decoder], padded: Callable[..., Any], compilations: list[str]
) -> None:
    engine = FirstTokenEngine(loaded(grouped.folder), model="m")
    wide = _batch(padded)
    narrow = Batch(wide.tokens[:2, :8], np.array([8, 3], np.int32), LABELS[:2, :, :1], ("e", "f"))
    compilations.clear()
    outcomes = list(engine.run([wide, narrow, wide, narrow, wide]))
    assert len(outcomes) == 16
    assert engine.compiled_programs == len({wide.shape, narrow.shape}) == 2
    assert len(compilations) == 2


@pytest.mark.parametrize("wrong", [-1, 307, 2**31 - 1])
def test_a_token_id_outside_the_vocabulary_is_refused_before_running(
    wrong: int, grouped: Any, loaded: Callable[..., Decoder], padded: Callable[..., Any]
) -> None:
    good = _batch(padded)
    tokens = good.tokens.copy()
    tokens[1, 2] = wrong
    engine = FirstTokenEngine(loaded(grouped.folder), model="m")
    with pytest.raises(SpecError, match=f"gave the token id {wrong}"):
        list(engine.run([Batch(tokens, good.lengths, LABELS, good.requests)]))
    assert engine.compiled_programs == 0


@pytest.mark.parametrize("wrong", [-2, 307])
def test_a_label_id_outside_the_vocabulary_is_refused_before_running(
    wrong: int, grouped: Any, loaded: Callable[..., Decoder], padded: Callable[..., Any]
) -> None:
    good, labels = _batch(padded), LABELS.copy()
    labels[0, 0, 0] = wrong
    engine = FirstTokenEngine(loaded(grouped.folder), model="m")
    with pytest.raises(SpecError, match=f"gave the label id {wrong}"):
        list(engine.run([Batch(good.tokens, good.lengths, labels, good.requests)]))
    assert engine.compiled_programs == 0


def test_a_prompt_longer_than_the_positions_is_refused(grouped: Any, loaded: Callable[..., Decoder]) -> None:
    batch = Batch(np.ones((1, 300), np.int32), np.array([257], np.int32), LABELS[:1], ("a",))
    with pytest.raises(SpecError, match="has 256 positions; a prompt has 257 tokens"):
        list(FirstTokenEngine(loaded(grouped.folder), model="m").run([batch]))


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_a_row_without_finite_logits_is_missing_and_the_others_are_not(
    bad: float, grouped: Any, loaded: Callable[..., Decoder], padded: Callable[..., Any]
) -> None:
    batch, decoder = _batch(padded), loaded(grouped.folder)
    only_in_b = batch.tokens[1, 1]
    assert np.count_nonzero(batch.tokens == only_in_b) == 1
    decoder.embedding[...] = decoder.embedding[...].at[only_in_b].set(bad)
    outcomes = {one.request: one for one in FirstTokenEngine(decoder, model="m").run([batch])}
    assert outcomes.pop("b") == Missing("b", "not_finite")
    assert set(outcomes) == {"a", "c", "d"}
    for row in (0, 2, 3):
        outcome = outcomes[batch.requests[row]]
        assert isinstance(outcome, Scored)
        np.testing.assert_allclose(outcome.label_logprobs, _expected(grouped, batch, row), rtol=0, atol=1e-4)


def test_shares_are_exact_where_the_mass_underflows() -> None:
    share = 1 / (1 + np.exp(-1))
    for logprobs, shares, together in (
        ([-200.0, -201.0], [share, 1 - share], 0),
        ([-1.0, -np.inf, -2.0], [share, 0, 1 - share], np.exp(-1) + np.exp(-2)),
        ([-np.inf, -np.inf], [0, 0], 0),
    ):
        probs, mass = probabilities(np.array(logprobs, dtype=np.float32))
        np.testing.assert_allclose(probs, shares, rtol=0, atol=1e-6)
        np.testing.assert_allclose(mass, together, rtol=0, atol=1e-6)


def test_shares_agree_with_torch_softmax() -> None:
    for logprobs in np.log(np.random.default_rng(1).dirichlet(np.ones(9), 7))[:, :6].astype(np.float32):
        probs, mass = probabilities(logprobs)
        np.testing.assert_allclose(
            probs, torch.softmax(torch.tensor(logprobs), -1).numpy(), rtol=0, atol=1e-6
        )
        np.testing.assert_allclose(mass, np.exp(logprobs).sum(), rtol=0, atol=1e-6)


@pytest.mark.parametrize(
    ("change", "what"),
    [
        ({"tokens": np.zeros((4, 5), np.int64)}, "int32"),
        ({"lengths": np.ones(3, np.int32)}, "one length"),
        ({"lengths": np.array([1, 0, 1, 1], np.int32)}, "a token in each request"),
        ({"lengths": np.array([1, 1, 6, 1], np.int32)}, "lengths up to the width"),
        ({"requests": ("a", "b", "c", "d", "e")}, "no more requests"),
        ({"requests": ("a", "a")}, "each request once"),
        ({"label_ids": np.array([[[-1], [4]]] * 4, np.int32)}, "options before"),
        ({"label_ids": np.array([[[4], [4]]] * 4, np.int32)}, "each label id once"),
    ],
)
def test_a_batch_that_contradicts_itself_is_an_internal_error(change: dict[str, Any], what: str) -> None:
    good: dict[str, Any] = {
        "tokens": np.zeros((4, 5), np.int32),
        "lengths": np.ones(4, np.int32),
        "label_ids": LABELS,
        "requests": ("a", "b"),
    }
    Batch(**good)
    with pytest.raises(InternalError, match=what):
        Batch(**(good | change))
