"""The walk is the prefix trie of all texts: its size, its ancestors and its subtrees are those of a set of prefixes."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from sharing_worlds import Ids, Shared, few, large, many, prefixes, questions

from cyclspec.compiler.plan.sharing.questions import Probe, Sequence
from cyclspec.compiler.plan.sharing.shards import WAVES_A_SHARD, cut
from cyclspec.compiler.plan.sharing.walk import Walk, walk
from cyclspec.language.diagnostics import InternalError


def texts_of(found: Walk) -> list[Ids]:
    """The text up to each token of a walk, by its depth alone."""
    texts: list[Ids] = []
    path: list[int] = []
    for token, depth in zip(found.tokens.tolist(), found.depth.tolist(), strict=True):
        assert depth <= len(path)
        path[depth:] = [token]
        texts.append(tuple(path))
    return texts


@given(st.one_of(few(), large()))
@settings(max_examples=150)
def test_every_distinct_prefix_is_one_token_of_the_walk(sequences: Shared) -> None:
    found = walk(sequences)
    texts = texts_of(found)
    assert len(found) == len(texts) == len(set(texts))
    assert set(texts) == prefixes(sequences)
    assert found.deepest == max(len(one.ids) for one in sequences)


@given(st.one_of(few(), st.builds(many, st.integers(0, 2**20), st.just(300), st.just(60))))
def test_a_subtree_ends_where_the_first_text_without_it_begins(sequences: Shared) -> None:
    found = walk(sequences)
    texts = texts_of(found)
    for at, text in enumerate(texts):
        after = range(at + 1, len(texts))
        beyond = (
            other for other in after if len(texts[other]) <= len(text) or texts[other][: len(text)] != text
        )
        assert found.end[at] == next(beyond, len(texts))


@given(st.one_of(few(), large()), st.data())
def test_the_path_to_a_token_is_its_ancestors_by_depth(sequences: Shared, data: st.DataObject) -> None:
    found = walk(sequences)
    texts = texts_of(found)
    index = {text: at for at, text in enumerate(texts)}
    for at in data.draw(st.lists(st.integers(0, len(texts) - 1), max_size=20)):
        expected = [index[texts[at][:stop]] for stop in range(1, len(texts[at]))]
        assert found.path(at).tolist() == expected


def test_the_path_is_found_across_long_stretches_of_other_texts() -> None:
    """The search goes back in steps of some thousand tokens, and an ancestor may be many steps away."""
    trunk = tuple(range(1, 40))
    sequences = tuple(
        Sequence((*trunk[:kept], 100 + n, *range(200, 245)), ()) for kept in (39, 20, 3) for n in range(120)
    )
    found = walk(sequences)
    texts = texts_of(found)
    assert len(found) > 16_000
    index = {text: at for at, text in enumerate(texts)}
    for at in range(0, len(texts), 37):
        assert found.path(at).tolist() == [index[texts[at][:stop]] for stop in range(1, len(texts[at]))]


@given(st.one_of(few(), large()))
def test_everything_asked_is_one_pair_and_each_pair_stands_once(sequences: Shared) -> None:
    found = walk(sequences)
    texts, asked = texts_of(found), found.asked
    pairs = [
        (texts[node], target) for node, target in zip(asked.node.tolist(), asked.target.tolist(), strict=True)
    ]
    assert len(pairs) == len(set(pairs))
    assert [pairs[place] for place in asked.place] == questions(sequences)
    assert (np.diff(asked.node) >= 0).all()


@given(st.one_of(few(), large()), st.data())
def test_the_sequences_that_end_in_a_stretch_are_found_in_order(
    sequences: Shared, data: st.DataObject
) -> None:
    found = walk(sequences)
    texts = texts_of(found)
    assert [texts[last] for last in found.lasts] == [one.ids for one in sequences]
    start = data.draw(st.integers(0, len(texts)))
    stop = data.draw(st.integers(start, len(texts)))
    expected = sorted((last, at) for at, last in enumerate(found.lasts.tolist()) if start <= last < stop)
    assert found.ending(start, stop).tolist() == [at for _, at in expected]


@given(st.one_of(few(), large()), st.randoms(use_true_random=False))
def test_the_order_in_which_texts_are_given_changes_no_token(sequences: Shared, draw: object) -> None:
    other = list(sequences)
    draw.shuffle(other)  # type: ignore[attr-defined]
    first, second = walk(sequences), walk(other)
    for name in ("tokens", "depth", "end"):
        np.testing.assert_array_equal(getattr(first, name), getattr(second, name))
    np.testing.assert_array_equal(first.asked.node, second.asked.node)
    np.testing.assert_array_equal(first.asked.target, second.asked.target)


@given(st.one_of(few(), large()), st.sampled_from([64, 128, 192]))
@example(many(3, 6000, 40), 64)
@example(many(3, 6000, 900), 64)
def test_shards_cover_the_walk_once_in_full_waves(sequences: Shared, wave: int) -> None:
    found = walk(sequences)
    shards = cut(found, wave)
    assert [one.start for one in shards] == [0, *(one.stop for one in shards[:-1])]
    assert shards[-1].stop == len(found)
    for one in shards:
        assert one.before == found.depth[one.start]
        assert one.tokens(found).tolist() == [*found.path(one.start).tolist(), *range(one.start, one.stop)]
        computed = one.before + one.stop - one.start
        assert one.waves == -(-computed // wave)
        assert computed == one.waves * wave or one is shards[-1]
    assert all(one.waves >= WAVES_A_SHARD[0] for one in shards[:-1])


def test_a_shard_ends_where_least_is_computed_again() -> None:
    """Texts of seven waves that share nothing: every cut falls between two of them."""
    found = walk([Sequence((n, *range(1, 7 * 64)), ()) for n in range(9)])
    assert [(one.before, one.waves) for one in cut(found, 64)[:-1]] == [(0, 7)] * 8


def test_ids_of_any_size_are_in_order_and_kept_apart() -> None:
    ids = [0, 1, 255, 256, 65_535, 65_536, 2**24, 2**31 - 1]
    sequences = tuple(Sequence((one, other), (Probe(2, (one,)),)) for one in ids for other in ids)
    found = walk(sequences)
    assert set(texts_of(found)) == prefixes(sequences)
    assert found.tokens[found.depth == 0].tolist() == ids
    assert [found.asked.target[place] for place in found.asked.place] == [one for one in ids for _ in ids]


@pytest.mark.parametrize(
    ("wrong", "what"),
    [
        (Sequence((), ()), "without tokens"),
        (Sequence((1, 2), (Probe(0, (1,)),)), "after 0 of 2 tokens"),
        (Sequence((1, 2), (Probe(3, (1,)),)), "after 3 of 2 tokens"),
    ],
)
def test_a_question_that_no_token_precedes_is_an_internal_error(wrong: Sequence, what: str) -> None:
    with pytest.raises(InternalError, match=what):
        walk([Sequence((1, 2, 3), (Probe(3, (1,)),)), wrong])


@pytest.mark.parametrize("wrong", [-1, 2**31])
def test_an_id_that_is_no_id_is_an_internal_error(wrong: int) -> None:
    for one in (Sequence((1, wrong), ()), Sequence((1, 2), (Probe(2, (wrong,)),))):
        with pytest.raises(InternalError, match=f"{wrong} is no token id"):
            walk([one])


def test_nothing_to_read_is_an_empty_walk() -> None:
    found = walk([])
    assert (len(found), found.deepest, cut(found, 64)) == (0, 0, ())
