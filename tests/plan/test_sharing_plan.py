"""The layout of a model's requests: who asked what is found again, and little is computed that need not be."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sharing_worlds import Ids, Shared, few, large, many, prefixes, questions, survey, tiny_config

from cyclspec.compiler.checkpoints.architecture import DecoderConfig, LongRope, Rope
from cyclspec.compiler.plan.reads import Labels, Options, Writing
from cyclspec.compiler.plan.requests import Request
from cyclspec.compiler.plan.sharing.layout import needs
from cyclspec.compiler.plan.sharing.plan import Layout, lay_out
from cyclspec.compiler.plan.sharing.questions import Probe, Sequence, reply_of, sequences_of
from cyclspec.compiler.plan.sharing.shapes import MOST_SHAPES, Budget, NoRoom, wave_bytes
from cyclspec.language.diagnostics import InternalError

CONFIG = tiny_config()
M135 = tiny_config(
    hidden_size=576,
    intermediate_size=1536,
    num_hidden_layers=30,
    num_attention_heads=9,
    num_key_value_heads=3,
)
WAVES = st.sampled_from([64, 128, 1024])


def alone(sequences: Shared) -> list[tuple[str, Shared]]:
    return [(f"r{at}", (one,)) for at, one in enumerate(sequences)]


def pairs_of(found: Layout) -> list[tuple[Ids, int]]:
    """What each pair of a layout asks."""
    return [
        (tuple(part.walk.tokens[[*part.walk.path(node), node]].tolist()), target)
        for part in found.parts
        for node, target in zip(part.walk.asked.node.tolist(), part.walk.asked.target.tolist(), strict=True)
    ]


@given(st.one_of(few(), large()), st.integers(1, 5), WAVES, st.booleans())
def test_each_request_finds_what_it_asks_in_its_order(
    sequences: Shared, size: int, wave: int, split: bool
) -> None:
    requests = [(f"r{at}", sequences[at : at + size]) for at in range(0, len(sequences), size)]
    found = lay_out(requests, long_rope(40) if split else CONFIG, Budget(tokens=wave))
    pairs = pairs_of(found)
    assert found.requests == tuple(key for key, _ in requests)
    assert found.pairs == len(pairs)
    for at, (_, own) in enumerate(requests):
        places = found.places[found.bounds[at] : found.bounds[at + 1]]
        assert [pairs[place] for place in places] == questions(own)
    assert found.bounds[-1] == len(found.places)


@given(st.one_of(few(), large()), WAVES)
@settings(max_examples=60)
def test_few_programs_hold_every_shard(sequences: Shared, wave: int) -> None:
    for config in (CONFIG, M135):
        found = lay_out(alone(sequences), config, Budget(tokens=wave))
        assert found.tokens_shared == len(prefixes(sequences))
        assert len(found.shapes) <= MOST_SHAPES
        for part in found.parts:
            assert len(part.shards) == len(part.shapes)
            for shard, shape in zip(part.shards, part.shapes, strict=True):
                need = needs(part.walk, shard, shape.wave)
                assert need.ancestors <= shape.ancestors
                assert need.outputs <= shape.outputs
                assert need.targets <= shape.targets
                assert shape.wave <= wave
        assert found.tokens_planned == sum(
            s.wave * n.waves for p in found.parts for s, n in zip(p.shapes, p.shards, strict=True)
        )
        assert found.tokens_planned >= found.tokens_shared


def test_texts_of_different_depth_get_programs_of_their_own_where_that_pays() -> None:
    """On a model where attention is dear, shallow texts are not read with the ancestors of deep ones."""
    deep = survey(20, persona=900, questions=12)
    shallow = tuple(Sequence((99, n, *range(40)), (Probe(42, (1,)),)) for n in range(1500))
    found = lay_out(alone(deep + shallow), M135, Budget(tokens=256))
    assert 1 < len(found.shapes) <= MOST_SHAPES


@pytest.mark.parametrize("config", [CONFIG, M135], ids=["small", "m135"])
@pytest.mark.parametrize(("persona", "shared"), [(80, 3.4), (325, 7.0)], ids=["W1", "W2"])
def test_a_survey_is_planned_within_a_tenth_of_its_trie(
    config: DecoderConfig, persona: int, shared: float
) -> None:
    """40 personas, 25 questions, 2 orders; `shared` is how often a token is asked for and computed once."""
    sequences = survey(40, persona=persona)
    assert len(sequences) == 2000
    found = lay_out(alone(sequences), config, Budget())
    assert found.tokens_shared == len(prefixes(sequences))
    assert found.tokens_planned <= 1.10 * found.tokens_shared
    assert sum(len(one.ids) for one in sequences) > shared * found.tokens_shared
    assert len(found.shapes) == 1


@pytest.mark.parametrize("personas", [1, 2, 5, 13])
def test_small_surveys_waste_no_more(personas: int) -> None:
    found = lay_out(alone(survey(personas, persona=80)), CONFIG, Budget())
    assert found.tokens_planned <= 1.10 * found.tokens_shared


def test_a_long_text_that_all_share_is_not_computed_for_every_few_of_them() -> None:
    trunk = tuple(range(3000))
    sequences = tuple(Sequence((*trunk, 5000 + n, *range(30)), (Probe(3031, (1,)),)) for n in range(1500))
    for config in (CONFIG, M135):
        found = lay_out(alone(sequences), config, Budget())
        assert found.tokens_planned <= 1.15 * found.tokens_shared


@pytest.mark.parametrize("length", [640, 641, 901])
def test_every_shard_answers_something(length: int) -> None:
    """A text longer than ten waves is not cut where nothing has been asked yet."""
    sequences = tuple(Sequence((n, *range(1, length)), (Probe(length, (1,)),)) for n in range(4))
    found = lay_out(alone(sequences), CONFIG, Budget(tokens=64))
    assert len(found.parts[0].shards) > 1
    assert all(shape.outputs for shape in found.shapes)
    assert len(found.unanswered({})) == len(found.parts[0].shards)


def test_a_program_has_room_for_the_shard_that_asks_most() -> None:
    """Texts of one token, each asked about, stand beside long ones that are asked about once."""
    dense = tuple(Sequence((n,), (Probe(1, (1, 2, 3)),)) for n in range(1000))
    sparse = tuple(Sequence((2000 + n, *range(300)), (Probe(301, (1,)),)) for n in range(10))
    found = lay_out(alone(dense + sparse), CONFIG, Budget(tokens=64))
    (part,) = found.parts
    needed = [
        needs(part.walk, shard, shape.wave) for shard, shape in zip(part.shards, part.shapes, strict=True)
    ]
    assert {need.outputs for need in needed} >= {64, 1}
    for need, shape in zip(needed, part.shapes, strict=True):
        assert need.outputs <= shape.outputs
        assert need.targets <= shape.targets


@given(st.one_of(few(), large()), WAVES)
def test_a_wave_fits_the_memory_that_it_may_take(sequences: Shared, wave: int) -> None:
    free = lay_out(alone(sequences), M135, Budget(tokens=wave))
    most = free.wave_bytes(M135, 4)
    assert most == max(wave_bytes(M135, shape, 4) for shape in free.shapes) <= Budget().bytes
    less = most * 3 // 4
    try:
        tight = lay_out(alone(sequences), M135, Budget(bytes=less, tokens=wave))
    except NoRoom as refused:
        assert refused.needed > less
    else:
        assert tight.wave_bytes(M135, 4) <= less


@given(st.one_of(few(), large()), WAVES, st.randoms(use_true_random=False))
def test_a_shard_is_run_where_it_holds_something_unknown_and_only_there(
    sequences: Shared, wave: int, draw: object
) -> None:
    found = lay_out(alone(sequences), CONFIG, Budget(tokens=wave))
    known = {key: None for key in found.requests if draw.random() < 0.8}  # type: ignore[attr-defined]
    wanted = {
        int(place)
        for at, key in enumerate(found.requests)
        if key not in known
        for place in found.places[found.bounds[at] : found.bounds[at + 1]]
    }
    run = found.unanswered(known)
    given_pairs = [
        {int(p) + part.first for one in found.waves_of(part, shard, shape) for p in one.pairs[one.pairs >= 0]}
        for part, shard, shape in run
    ]
    assert all(pairs & wanted for pairs in given_pairs)
    assert wanted <= set().union(*given_pairs)
    assert found.unanswered(dict.fromkeys(found.requests)) == ()


def test_the_layout_depends_on_the_requests_alone() -> None:
    """What is known chooses among shards and changes none of them."""
    sequences = many(5, 3000, 80)
    first, second = (lay_out(alone(sequences), CONFIG, Budget(tokens=64)) for _ in range(2))
    assert [p.shards for p in first.parts] == [p.shards for p in second.parts]
    known = dict.fromkeys(first.requests[::2])
    every = {shard.start: shard for _, shard, _ in first.unanswered({})}
    assert all(every[shard.start] == shard for _, shard, _ in second.unanswered(known))


def long_rope(original: int) -> DecoderConfig:
    """A model that turns texts beyond `original` tokens by other factors."""
    scaling = LongRope((1.0,), (2.0,), original, 1.0)
    assert CONFIG.rope is not None
    return replace(CONFIG, rope=Rope(CONFIG.rope.theta, scaling))


@given(large())
def test_texts_beyond_the_length_where_factors_change_share_nothing_with_shorter_ones(
    sequences: Shared,
) -> None:
    found = lay_out(alone(sequences), long_rope(25), Budget(tokens=64))
    parts = [tuple(one for one in sequences if (len(one.ids) > 25) == beyond) for beyond in (False, True)]
    expected = [
        (25 if not at else CONFIG.max_positions, prefixes(own)) for at, own in enumerate(parts) if own
    ]
    assert [part.longest for part in found.parts] == [longest for longest, _ in expected]
    assert [len(part.walk) for part in found.parts] == [len(nodes) for _, nodes in expected]
    assert [part.first for part in found.parts] == [0, len(found.parts[0].walk.asked.node)][
        : len(found.parts)
    ]
    assert len(lay_out(alone(sequences), CONFIG, Budget(tokens=64)).parts) == 1


def test_a_model_that_turns_all_lengths_alike_has_one_walk() -> None:
    sequences = (Sequence((1,) * 25, ()), Sequence((1,) * 26, ()))
    assert [len(p.walk) for p in lay_out(alone(sequences), long_rope(25), Budget()).parts] == [25, 26]
    assert [len(p.walk) for p in lay_out(alone(sequences), long_rope(26), Budget()).parts] == [26]
    assert [len(p.walk) for p in lay_out(alone(sequences), CONFIG, Budget()).parts] == [26]


def test_nothing_asked_is_an_empty_layout() -> None:
    found = lay_out([], CONFIG, Budget())
    assert (found.shapes, found.pairs, found.tokens_planned, found.unanswered({})) == ((), 0, 0, ())


def request(read: Labels | Options | Writing) -> Request:
    return Request(
        key="k",
        model="m",
        digest="0" * 64,
        messages=(),
        prefix="",
        text="",
        token_ids=(3, 4),
        read=read,
        labels=(),
        codes=(),
        system_folded=False,
    )


def test_labels_are_read_after_the_prompt_and_their_variants_added() -> None:
    one = request(Labels(((5, 6), (7,))))
    assert sequences_of(one) == (Sequence((3, 4), (Probe(2, (5, 6, 7)),)),)
    logprobs = np.log(np.array([0.1, 0.2, 0.4], np.float32))
    np.testing.assert_allclose(reply_of(one, logprobs), np.log([0.3, 0.4]), rtol=1e-6)
    never = np.full(3, -np.inf, np.float32)
    assert reply_of(one, never).tolist() == [-np.inf, -np.inf]


def test_every_token_of_an_option_is_read_and_kept() -> None:
    one = request(Options(ids=((5, 6), (7,)), byte_counts=(2, 1), context=(9,)))
    assert sequences_of(one) == (
        Sequence((3, 4, 5), (Probe(2, (5,)), Probe(3, (6,)))),
        Sequence((3, 4), (Probe(2, (7,)),)),
        Sequence((9, 5), (Probe(1, (5,)), Probe(2, (6,)))),
        Sequence((9,), (Probe(1, (7,)),)),
    )
    logprobs = np.arange(6, dtype=np.float32)
    np.testing.assert_array_equal(reply_of(one, logprobs), logprobs)


def test_a_count_of_log_probabilities_that_is_not_the_requests_is_an_internal_error() -> None:
    for read in (Labels(((5, 6), (7,))), Options(((5, 6),), (2,), (9,))):
        with pytest.raises(InternalError, match="has 2 log-probabilities of"):
            reply_of(request(read), np.zeros(2, np.float32))
