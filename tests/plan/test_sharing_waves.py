"""The arrays of the waves, followed token by token: each sees its own text up to itself, and nothing else.

What a program does with the arrays is simulated in plain Python. A computed token is known by the text that its keys
and values depend on, so that a token which sees a wrong one, or a right one that saw a wrong one, is found.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from sharing_worlds import Ids, Shared, Trie, few, large, many, questions, survey

from cyclspec.compiler.plan.sharing.layout import BLOCK, Needs, Shape, Wave, needs, waves_of
from cyclspec.compiler.plan.sharing.questions import Probe, Sequence
from cyclspec.compiler.plan.sharing.shards import Shard, cut
from cyclspec.compiler.plan.sharing.walk import Walk, walk

Memory = list[int]
"""The text up to each token whose keys and values are there; -1 where there are none."""


def seen(wave: Wave, memory: Memory, at: int) -> Memory:
    """What one token of a wave sees but itself, by the rule that the arrays are made for, nearest last."""
    ancestors = wave.path.shape[1]
    block, first = at // BLOCK, at - at % BLOCK
    lowest = min(wave.depth[first : at + 1].tolist())
    above = wave.path[block, :lowest].tolist()
    beside = [first + other for other in np.flatnonzero(wave.end[first:at] > at).tolist()]
    assert len(above) == lowest, "more ancestors than places"
    assert max(above, default=-1) < ancestors + first, "an ancestor that is not computed before the block"
    return [memory[place] for place in above] + [memory[ancestors + other] for other in beside]


def computed(trie: Trie, wave: Wave, carried: Memory) -> Memory:
    """The memory after a wave: what was carried, then its own tokens."""
    memory = list(carried)
    for at, token in enumerate(wave.tokens.tolist()):
        texts = seen(wave, memory, at)
        assert len(texts) == wave.depth[at], "a token sees as many tokens as its position says"
        assert -1 not in texts, "a token sees a place that holds nothing"
        assert [trie.parents[text] for text in texts] == [0, *texts][:-1], "a token sees one of another text"
        memory.append(trie.child(texts[-1] if texts else 0, token))
    return memory


def runs(trie: Trie, found: Walk, shard: Shard, shape: Shape) -> Iterator[tuple[Wave, Memory]]:
    """The waves of a shard with the memory that each leaves."""
    carried = [-1] * shape.ancestors
    for wave in waves_of(found, shard, shape):
        memory = computed(trie, wave, carried)
        yield wave, memory
        carried = [memory[place] for place in wave.carry]


def shape_of(found: Walk, shards: tuple[Shard, ...], wave: int, texts: int = 0) -> Shape:
    """The least shape that holds every shard."""
    each = [needs(found, shard, wave) for shard in shards]
    ancestors = (
        max(one.ancestors for one in each) if not texts else max(found.deepest, *(n.ancestors for n in each))
    )
    most_first = tuple(map(max, zip(*(one.most_first for one in each), strict=True)))
    outputs, targets = max(n.outputs for n in each), max(n.targets for n in each)
    return Shape(wave, ancestors, outputs, targets, texts, most_first)


def asked_at_the_end(ids: Ids) -> Sequence:
    return Sequence(ids, (Probe(len(ids), (5,)),))


SIZES = st.sampled_from([64, 128, 192])


@given(st.one_of(few(), large()), SIZES)
@settings(max_examples=120)
@example(many(1, 6000, 60), 64)
@example(many(2, 6000, 900), 64)
@example(many(4, 6000, 300), 128)
def test_each_answer_rests_on_exactly_its_own_text(sequences: Shared, wave: int) -> None:
    found = walk(sequences)
    shards = cut(found, wave)
    shape, trie = shape_of(found, shards, wave), Trie()
    asked = [(trie.nodes(text)[-1], target) for text, target in questions(sequences)]
    expected = dict(zip(found.asked.place.tolist(), asked, strict=True))
    times = np.zeros(len(expected), int)
    for shard in shards:
        for one, memory in runs(trie, found, shard, shape):
            assert one.tokens.shape == (wave,)
            firsts = one.depth[::BLOCK][one.order]
            assert sorted(one.order.tolist()) == list(range(shape.blocks))
            assert (firsts <= shape.seen).all(), "a block with more ancestors than its place reads"
            for row, column in np.argwhere(one.pairs >= 0).tolist():
                pair = int(one.pairs[row, column])
                times[pair] += 1
                text = memory[shape.ancestors + one.outputs[row]]
                assert (text, one.targets[row, column]) == expected[pair]
            np.testing.assert_array_equal(one.pairs >= 0, one.targets >= 0)
    assert (times == 1).all(), "everything asked is answered in exactly one wave"


@given(st.one_of(few(), large()), SIZES)
@example(many(1, 6000, 60), 64)
def test_the_whole_of_each_text_is_handed_out_once(sequences: Shared, wave: int) -> None:
    found = walk(sequences)
    shards = cut(found, wave)
    shape, trie = shape_of(found, shards, wave, texts=len(sequences)), Trie()
    times = np.zeros(len(sequences), int)
    for shard in shards:
        for one, memory in runs(trie, found, shard, shape):
            for text, row in zip(one.texts, one.kept, strict=False):
                times[text] += 1
                expected = trie.nodes(sequences[text].ids)
                assert [memory[place] for place in row[: len(expected)]] == expected
    assert (times == 1).all()


@given(st.one_of(few(), large()), SIZES)
def test_the_needs_of_a_shard_are_the_least_that_hold_its_waves(sequences: Shared, wave: int) -> None:
    found = walk(sequences)
    for shard in cut(found, wave):
        need = needs(found, shard, wave)
        waves = list(waves_of(found, shard, Shape(wave, need.ancestors, need.outputs, need.targets)))
        assert len(waves) == shard.waves
        firsts = [int(d) for one in waves for d in one.depth[::BLOCK]]
        rows = [(one.pairs >= 0).any(axis=1).sum() for one in waves]
        columns = [(one.pairs >= 0).sum(axis=1).max(initial=0) for one in waves]
        assert need == Needs(max(firsts), max(rows), max(columns), need.most_first)
        blocks = [sorted(one.depth[::BLOCK].tolist(), reverse=True) for one in waves]
        assert list(need.most_first) == [max(rank) for rank in zip(*blocks, strict=True)]


@given(large(), SIZES)
def test_a_wider_shape_changes_nothing_that_is_computed(sequences: Shared, wave: int) -> None:
    found = walk(sequences)
    shards = cut(found, wave)
    least, trie = shape_of(found, shards, wave), Trie()
    wider = Shape(wave, least.ancestors + 7, least.outputs + 3, least.targets + 2)
    assert wider.seen == (wider.ancestors,) * wider.blocks
    for shard in shards:
        for (one, memory), (other, again) in zip(
            runs(trie, found, shard, least), runs(trie, found, shard, wider), strict=True
        ):
            assert memory[least.ancestors :] == again[wider.ancestors :]
            np.testing.assert_array_equal(one.pairs[one.pairs >= 0], other.pairs[other.pairs >= 0])


def test_a_shard_that_begins_under_more_ancestors_than_a_wave_has_tokens_answers_nothing_twice() -> None:
    """The whole first waves of such a shard are computed again."""
    trunk = tuple(range(200))
    sequences = tuple(
        asked_at_the_end(trunk[:kept] + tuple(range(1000 + 40 * n, 1000 + 40 * n + 30)))
        for n, kept in enumerate([200, 190, 150, 130] * 12)
    )
    found = walk(sequences)
    shards = cut(found, 64)
    assert any(one.before > 64 for one in shards)
    shape, trie = shape_of(found, shards, 64), Trie()
    answered = [
        int(pair)
        for shard in shards
        for one, _ in runs(trie, found, shard, shape)
        for pair in one.pairs[one.pairs >= 0]
    ]
    assert sorted(answered) == list(range(len(sequences)))


@pytest.mark.parametrize("wave", [64, 192, 1024])
def test_a_survey_is_read_as_it_is_written(wave: int) -> None:
    sequences = survey(3, persona=80, questions=7)
    found = walk(sequences)
    shards = cut(found, wave)
    shape, trie = shape_of(found, shards, wave), Trie()
    texts = {text for shard in shards for _, memory in runs(trie, found, shard, shape) for text in memory}
    assert {trie.nodes(one.ids)[-1] for one in sequences} <= texts
