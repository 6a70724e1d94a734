"""Log-probabilities are over the whole vocabulary and rest on each text alone, whatever is computed beside it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import replace
from itertools import islice
from typing import Any

import numpy as np
import pytest
import torch
from scored_texts import VOCAB, Requests, expected, laid_out, logprobs, outcomes, requests

from cyclspec.compiler.plan.sharing.plan import Layout
from cyclspec.compiler.plan.sharing.questions import Probe, Sequence
from cyclspec.language.diagnostics import SpecError
from cyclspec.runtime.engine import Missing, Scored, ScoringEngine, scoring
from cyclspec.runtime.models import Decoder
from cyclspec.runtime.store.answers import probabilities

TOLERANCE = 1e-4
Load = Callable[..., Decoder]
Numbers = Mapping[str, np.ndarray]


def assert_close(found: Numbers, wanted: Numbers, tolerance: float = TOLERANCE) -> None:
    assert found.keys() == wanted.keys()
    for key, numbers in found.items():
        assert numbers.dtype == np.float32
        np.testing.assert_allclose(numbers, wanted[key], rtol=0, atol=tolerance)


def assert_same_bits(found: Numbers, wanted: Numbers) -> None:
    assert found.keys() == wanted.keys()
    for key, numbers in found.items():
        np.testing.assert_array_equal(numbers.view(np.int32), wanted[key].view(np.int32))


@pytest.fixture(scope="module")
def decoder(grouped: Any, loaded: Load) -> Decoder:
    """The llama with grouped heads."""
    return loaded(grouped.folder)


@pytest.fixture(scope="module")
def asked() -> Requests:
    return requests()


@pytest.fixture(scope="module")
def engine(decoder: Decoder, asked: Requests) -> ScoringEngine:
    """One that has its programs already, for tests that do not count them."""
    found = ScoringEngine(decoder, laid_out(asked, decoder), model="m")
    found.compile()
    return found


@pytest.fixture(scope="module")
def first(engine: ScoringEngine) -> Numbers:
    """What it finds for all requests."""
    return logprobs(engine)


def alike(engine: ScoringEngine, layout: Layout, decoder: Decoder) -> ScoringEngine:
    """An engine with the same programs, which fit: the compiled ones take weights and arrays of one shape."""
    assert set(layout.shapes) <= set(engine.layout.shapes)
    other = ScoringEngine(decoder, layout, model="m")
    other._programs = engine._programs
    return other


def test_log_probabilities_of_every_family_agree_with_torch(
    family: Any, loaded: Load, asked: Requests
) -> None:
    """Windows, soft caps, learned positions and mixtures; texts on both sides of where long-context factors change."""
    decoder = loaded(family.folder)
    layout = laid_out(asked, decoder)
    assert sum(len(part.shards) for part in layout.parts) > 1
    lengths = [len(one.ids) for own in asked.values() for one in own]
    split = min(lengths) <= family.longest < max(lengths)
    assert len(layout.parts) == 1 + split
    wanted = expected(family, asked)
    assert_close(logprobs(ScoringEngine(decoder, layout, model="m")), wanted)
    assert np.ptp(np.concatenate(list(wanted.values()))) > 2, "numbers so alike that anything agrees"


def test_texts_of_many_waves_and_of_one_token_agree_with_torch(grouped: Any, decoder: Decoder) -> None:
    asked = requests(2, trunk=90, branches=4, longest=130)
    assert max(len(one.ids) for own in asked.values() for one in own) > 3 * 64
    assert_close(
        logprobs(ScoringEngine(decoder, laid_out(asked, decoder), model="m")), expected(grouped, asked)
    )


def test_shards_in_another_order_give_the_same_bits(
    engine: ScoringEngine, decoder: Decoder, first: Numbers
) -> None:
    (part,) = engine.layout.parts
    assert len(part.shards) > 1
    backwards = replace(part, shards=part.shards[::-1], shapes=part.shapes[::-1])
    turned = alike(engine, replace(engine.layout, parts=(backwards,)), decoder)
    found = logprobs(turned)
    assert list(found) != list(first)
    assert_same_bits(found, first)


@pytest.mark.parametrize("at_once", [2, 3])
def test_shards_beside_each_other_give_the_same_bits(
    at_once: int, engine: ScoringEngine, first: Numbers
) -> None:
    compiled = engine.compiled_programs
    listed = list(engine.run({}, at_once=at_once))
    assert_same_bits({one.request: one.logprobs for one in listed if isinstance(one, Scored)}, first)
    assert len(listed) == len(first)
    assert engine.compiled_programs == compiled


@pytest.mark.parametrize(("tokens", "order"), [(512, "run run host"), (64, "run host run")])
def test_only_a_shard_that_is_alone_has_its_next_wave_to_do_while_one_is_handed_out(
    tokens: int, order: str, decoder: Decoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Beside another there is work anyway, and a second wave of each would be memory for nothing."""
    layout = laid_out(requests(branches=60), decoder, tokens=tokens)
    shards = [shard for part in layout.parts for shard in part.shards]
    assert (len(shards) == 1) == (tokens == 512)
    engine, done = ScoringEngine(decoder, layout, model="m"), dict[str, list[str]]()

    def noted(what: str, call: Callable[..., Any]) -> Callable[..., Any]:
        def noting(*given: Any) -> Any:
            done.setdefault(threading.current_thread().name, []).append(what)
            return call(*given)

        return noting

    engine.compile()
    engine._programs = {shape: noted("run", one) for shape, one in engine._programs.items()}
    monkeypatch.setattr(scoring, "_on_host", noted("host", scoring._on_host))
    list(engine.run({}, at_once=2))
    assert {" ".join(each[:3]) for each in done.values()} == {order}


@pytest.mark.parametrize("every", [2, 7])
def test_some_requests_alone_get_the_bits_that_they_get_among_all(
    every: int, engine: ScoringEngine, first: Numbers
) -> None:
    wanted = dict(islice(first.items(), 0, None, every))
    known = dict.fromkeys(first.keys() - wanted.keys())
    assert_same_bits(logprobs(engine, known), wanted)


@pytest.mark.parametrize("at_once", [1, 2])
@pytest.mark.parametrize("stop", [1, 20])
def test_a_run_that_was_stopped_goes_on_to_the_same_bits(
    stop: int, at_once: int, engine: ScoringEngine, first: Numbers
) -> None:
    begun = engine.run({}, at_once=at_once)
    known = {one.request: one.logprobs for one in islice(begun, stop) if isinstance(one, Scored)}
    begun.close()  # type: ignore[attr-defined]
    rest = logprobs(engine, known)
    assert not known.keys() & rest.keys()
    assert_same_bits(known | rest, first)


def test_replies_that_come_while_it_runs_do_not_change_what_is_run(
    engine: ScoringEngine, first: Numbers
) -> None:
    """A run stores each reply in the mapping that says what is known."""
    known: dict[str, np.ndarray] = {}
    for one in engine.run(known):
        assert isinstance(one, Scored)
        known[one.request] = one.logprobs
    assert_same_bits(known, first)


def test_nothing_is_run_where_all_is_known(engine: ScoringEngine, first: Numbers) -> None:
    assert outcomes(engine, first) == {}


def test_two_layouts_of_the_same_requests_agree(decoder: Decoder, asked: Requests, first: Numbers) -> None:
    wide = laid_out(asked, decoder, tokens=192)
    half = dict(islice(asked.items(), 0, None, 2))
    for layout in (wide, laid_out(half, decoder, tokens=128)):
        assert not set(layout.shapes) & set(laid_out(asked, decoder).shapes)
        found = logprobs(ScoringEngine(decoder, layout, model="m"))
        assert_close(found, {key: first[key] for key in found})


def test_bfloat16_is_near_float32(grouped: Any, loaded: Load, asked: Requests, first: Numbers) -> None:
    """Weights of eight bits: one percent of probability at most, a twentieth of that on average."""
    decoder = loaded(grouped.folder, "bfloat16")
    found = logprobs(ScoringEngine(decoder, laid_out(asked, decoder), model="m"))
    differences = np.concatenate([np.abs(np.exp(found[key]) - np.exp(first[key])) for key in first])
    assert 0 < differences.max() < 1e-2
    assert differences.mean() < 5e-4


def test_the_planned_programs_are_compiled_once_and_no_other(
    grouped: Any, loaded: Load, write_checkpoint: Any, tmp_path: Any, compilations: list[str], asked: Requests
) -> None:
    """A model whose long texts turn otherwise, so that there is more than one program."""
    write_checkpoint(tmp_path, "phi3_long")
    decoder = loaded(tmp_path)
    layout = laid_out(asked, decoder)
    assert len(layout.shapes) > 1
    engine = ScoringEngine(decoder, layout, model="m")
    compilations.clear()
    engine.compile()
    assert len(compilations) == engine.compiled_programs == len(layout.shapes)
    for known in ({}, {}, dict.fromkeys(list(asked)[:9])):
        logprobs(engine, known)
    assert len(compilations) == engine.compiled_programs == len(layout.shapes)


def test_a_program_is_compiled_only_once_it_is_needed(
    decoder: Decoder, asked: Requests, compilations: list[str]
) -> None:
    engine = ScoringEngine(decoder, laid_out(asked, decoder, tokens=128), model="m")
    compilations.clear()
    assert outcomes(engine, dict.fromkeys(asked)) == {}
    assert (len(compilations), engine.compiled_programs) == (0, 0)


def test_no_requests_are_no_programs(decoder: Decoder, compilations: list[str]) -> None:
    engine = ScoringEngine(decoder, laid_out({}, decoder), model="m")
    compilations.clear()
    engine.compile()
    assert (outcomes(engine), compilations) == ({}, [])


def one_text(*ids: int, targets: tuple[int, ...] = (5,)) -> Requests:
    return {
        "good": (Sequence((4, 5), (Probe(2, (6,)),)),),
        "bad": (Sequence(ids, (Probe(len(ids), targets),)),),
    }


@pytest.mark.parametrize("wrong", [VOCAB, 2**31 - 1])
def test_a_token_id_outside_the_vocabulary_is_refused_before_running(wrong: int, decoder: Decoder) -> None:
    with pytest.raises(SpecError, match=f"gave the token id {wrong}"):
        ScoringEngine(decoder, laid_out(one_text(3, wrong, 4), decoder), model="m")


@pytest.mark.parametrize("wrong", [VOCAB, 2**31 - 1])
def test_a_label_id_outside_the_vocabulary_is_refused_before_running(wrong: int, decoder: Decoder) -> None:
    with pytest.raises(SpecError, match=f"gave the label id {wrong}"):
        ScoringEngine(decoder, laid_out(one_text(3, targets=(4, wrong)), decoder), model="m")


def test_a_text_longer_than_the_positions_is_refused(decoder: Decoder) -> None:
    longest = decoder.config.max_positions
    ScoringEngine(decoder, laid_out(one_text(*[1] * longest), decoder), model="m")
    with pytest.raises(SpecError, match="has 256 positions; a prompt has 257 tokens"):
        ScoringEngine(decoder, laid_out(one_text(*[1] * (longest + 1)), decoder), model="m")


@pytest.mark.parametrize("bad", [np.nan, np.inf])
@pytest.mark.parametrize("deep", [False, True], ids=["in one text", "in a prefix of several"])
def test_texts_with_a_token_that_has_no_finite_logits_are_missing_and_the_others_are_not(
    bad: float, deep: bool, grouped: Any, loaded: Load, asked: Requests, engine: ScoringEngine, first: Numbers
) -> None:
    """They are computed side by side: what is not finite must not reach a text that does not hold it."""
    readers: dict[int, set[str]] = {}
    for key, own in asked.items():
        for token in {token for one in own for p in one.probes for token in one.ids[: p.after]}:
            readers.setdefault(token, set()).add(key)
    counts = ((token, len(keys)) for token, keys in sorted(readers.items()))
    token = next(token for token, n in counts if (5 < n < len(asked) // 2 if deep else n == 1))
    # The projection is not tied to it: a bad embedding is bad where it is read, and only there.
    decoder = loaded(grouped.folder)
    decoder.embedding[...] = decoder.embedding[...].at[token].set(bad)
    found = outcomes(alike(engine, engine.layout, decoder))
    assert {key for key, one in found.items() if isinstance(one, Missing)} == readers[token]
    assert all(found[key] == Missing(key, "not_finite") for key in readers[token])
    rest = {key: one.logprobs for key, one in found.items() if isinstance(one, Scored)}
    assert_same_bits(rest, {key: first[key] for key in rest})


def test_shares_are_exact_where_the_mass_underflows() -> None:
    share = 1 / (1 + np.exp(-1))
    for logs, shares, together in (
        ([-200.0, -201.0], [share, 1 - share], 0),
        ([-1.0, -np.inf, -2.0], [share, 0, 1 - share], np.exp(-1) + np.exp(-2)),
        ([-np.inf, -np.inf], [0, 0], 0),
    ):
        probs, mass = probabilities(np.array(logs, dtype=np.float32))
        np.testing.assert_allclose(probs, shares, rtol=0, atol=1e-6)
        np.testing.assert_allclose(mass, together, rtol=0, atol=1e-6)


def test_shares_agree_with_torch_softmax() -> None:
    for logs in np.log(np.random.default_rng(1).dirichlet(np.ones(9), 7))[:, :6].astype(np.float32):
        probs, mass = probabilities(logs)
        np.testing.assert_allclose(probs, torch.softmax(torch.tensor(logs), -1).numpy(), rtol=0, atol=1e-6)
        np.testing.assert_allclose(mass, np.exp(logs).sum(), rtol=0, atol=1e-6)
