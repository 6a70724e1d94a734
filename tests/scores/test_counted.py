"""How many answers stand behind a value: each once, however often and by whatever reduction it is read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from score_terms import (
    SPAN,
    TRUTH,
    answer,
    answers,
    arithmetic,
    attribute,
    audit,
    call,
    check,
    compare,
    grid,
    measure,
    people,
    people_cells,
    pick,
    real,
    reduce,
)

from cyclspec.compiler.scores import MeasureCells, ScoreInputs, lower
from cyclspec.language.types import kinds as k
from cyclspec.language.types import terms as h
from cyclspec.language.types import typed as d

SIZES = {"model": 2, "country": 4, "item": 5, "group": 3}
AXES = ("model", "country", "item")
RNG = np.random.default_rng(5)
OK = RNG.uniform(size=(2, 4, 5)) > 0.2
OK[0, :, 3] = False
OTHER = RNG.uniform(size=(2, 4, 5)) > 0.2
PROBS = np.full((2, 4, 5, 2), 0.5)
ATTRIBUTES: Any = {
    "item": {
        "theme": ("a", "b", "a", "a", "b"),
        "size": (1.0, 2.0, 3.0, 4.0, 5.0),
        "half": (1.0, 0.0, 1.0, 1.0, 0.0),
    },
    "country": {"kind": ("group0", "group1", "group2", "group0")},
    "group": {"weight": (1.0, 2.0, 3.0), "home": ("country1", "country2", "country0")},
}
COUNTRIES = k.Vocabulary("country", False, tuple(k.Level(f"country{at}", "", {}) for at in range(4)))
GROUPS = k.Vocabulary("group", False, tuple(k.Level(f"group{at}", "", {}) for at in range(3)))
mass = answer(*AXES, field="mass")
second = replace(mass, ask="second")


def scored(
    by: tuple[str, ...], term: h.Term, *checks: d.TypedCheck, interval: d.Interval | None = None
) -> MeasureCells:
    spec = audit(axes=AXES, measures=[measure("it", by, term, interval)], checks=checks)
    again = replace(spec.asks[0], name="second")
    spec = replace(spec, asks=(*spec.asks, again))
    given = {"reply": answers(AXES, PROBS, ok=OK), "second": answers(AXES, PROBS, ok=OTHER)}
    human = people("item", "group")
    shares = people_cells(("item", "group"), np.full((5, 3, 2), 0.5))
    world = grid(SIZES, [2] * 5, attributes=ATTRIBUTES)
    return lower(spec, world).evaluate(ScoreInputs(given, {human: shares})).measure("it")


def mean(over: Sequence[str], of: h.Term, **more: Any) -> h.Term:
    return reduce("mean", over, of, **more)


def counts(cells: MeasureCells) -> tuple[list[int], list[int]]:
    return cells.n_used.tolist(), cells.n_missing.tolist()


PER_MODEL = (OK.sum(axis=(1, 2)).tolist(), (~OK).sum(axis=(1, 2)).tolist())


def test_an_answer_beside_the_mean_of_all_counts_once() -> None:
    apart = arithmetic("-", mass, mean(["country"], mass))
    assert counts(scored(("model",), mean(["item", "country"], apart))) == PER_MODEL


def test_residuals_of_two_means_count_each_answer_once() -> None:
    rows, columns = mean(["country"], mass), mean(["item"], mass)
    apart = arithmetic("-", arithmetic("-", mass, rows), columns)
    assert counts(scored(("model",), mean(["item", "country"], apart))) == PER_MODEL


def test_an_answer_that_is_read_for_every_group_counts_once() -> None:
    weighed = arithmetic("*", mass, attribute("group", "weight"))
    nearest = reduce("min", ["group"], weighed)
    assert counts(scored(("model",), mean(["country", "item"], nearest))) == PER_MODEL
    assert counts(scored(("model",), mean(["group", "item", "country"], weighed))) == PER_MODEL
    inner = mean(["group"], arithmetic("*", mean(["country"], mass), attribute("group", "weight")))
    assert counts(scored(("model",), mean(["item"], inner))) == PER_MODEL


def test_groups_made_of_an_attribute_add_up() -> None:
    themes = mean(["item"], mass, by=["theme"])
    assert counts(scored(("model",), mean(["theme", "country"], themes))) == PER_MODEL


def test_answers_of_two_levels_add_up_and_pairs_are_counted_as_pairs() -> None:
    left, right = pick(mass, model="model0"), pick(mass, model="model1")
    summarised = arithmetic("-", mean(["item", "country"], left), mean(["item", "country"], right))
    assert counts(scored((), summarised)) == (int(OK.sum()), int((~OK).sum()))
    both = OK[0] & OK[1]
    pairs = mean(["item", "country"], arithmetic("-", left, right))
    assert counts(scored((), pairs)) == (int(both.sum()), int((~both).sum()))


def test_answers_of_two_asks_add_up_and_pairs_are_counted_as_pairs() -> None:
    summarised = arithmetic("-", mean(["item", "country"], mass), mean(["item", "country"], second))
    assert counts(scored(("model",), summarised)) == (
        (OK.sum(axis=(1, 2)) + OTHER.sum(axis=(1, 2))).tolist(),
        ((~OK).sum(axis=(1, 2)) + (~OTHER).sum(axis=(1, 2))).tolist(),
    )
    both = (OK & OTHER).sum(axis=(1, 2))
    pairs = mean(["item", "country"], arithmetic("-", mass, second))
    assert counts(scored(("model",), pairs)) == (both.tolist(), (20 - both).tolist())


def test_a_value_at_its_own_level_beside_the_mean_of_all_rests_on_all() -> None:
    cells = scored(
        ("country", "model"), arithmetic("-", mean(["item"], mass), mean(["item", "country"], mass))
    )
    there = OK.any(axis=2).T
    wanted = np.where(there, OK.sum(axis=(1, 2))[None], 0)
    assert cells.n_used.tolist() == wanted.tolist()


def test_people_are_counted_where_there_is_no_answer() -> None:
    share = pick(people("item", "group"), option="first")
    assert counts(scored((), mean(["item", "group"], share))) == (15, 0)
    both = arithmetic("-", mass, share)
    assert counts(scored(("model",), mean(["group", "item", "country"], both))) == PER_MODEL


def test_whether_answers_are_missing_is_counted_by_what_was_asked_in_any_nesting() -> None:
    missing = call("is_missing", mass, kind=TRUTH)
    for term in (
        reduce("share", ["item", "country"], missing),
        mean(["item"], reduce("share", ["country"], missing)),
        mean(["country"], reduce("share", ["item"], missing)),
    ):
        assert counts(scored(("model",), term)) == ([20, 20], [0, 0])


def test_values_without_answers_count_their_cells_in_any_nesting() -> None:
    weight = attribute("group", "weight")
    wide = arithmetic("*", weight, attribute("item", "size"))
    assert counts(scored((), mean(["group"], mean(["item"], wide)))) == (15, 0)
    assert counts(scored((), mean(["item", "group"], wide))) == (15, 0)


def test_a_level_beside_the_mean_of_all_levels_is_among_them() -> None:
    there = pick(mass, country="country1")
    apart = arithmetic("-", mean(["item"], there), mean(["item", "country"], mass))
    assert counts(scored(("model",), apart)) == PER_MODEL


def test_what_weighs_nothing_is_not_read() -> None:
    weighed = reduce("mean", ["item"], mass, weight=attribute("item", "half"))
    kept = np.array([True, False, True, True, False])
    used = OK[:, :, kept].sum(axis=(1, 2)).tolist()
    assert counts(scored(("model",), mean(["country"], weighed))) == (
        used,
        [12 - number for number in used],
    )


def test_answers_at_a_level_that_a_value_names_are_counted_beside_the_others() -> None:
    said = mean(["item"], mass)
    there = h.LookupTerm(
        type=k.Type(k.Number(), frozenset({"model", "group"})),
        span=SPAN,
        of=said,
        axis="country",
        key=attribute("group", "home", k.Of(COUNTRIES)),
    )
    found = scored(("country", "group", "model"), arithmetic("-", said, there))
    used, lost = OK.sum(axis=2).T[:, None], (~OK).sum(axis=2).T[:, None]
    homes = [1, 2, 0]
    assert found.n_used.tolist() == (used + used[homes, 0]).tolist()
    assert found.n_missing.tolist() == (lost + lost[homes, 0]).tolist()
    beside = arithmetic("-", there, mean(["country"], said))
    among = scored(("group", "model"), beside)
    assert (among.n_used == np.array(PER_MODEL[0])).all() and (
        among.n_missing == np.array(PER_MODEL[1])
    ).all()


def test_answers_that_are_alike_at_all_levels_are_no_others_at_a_level_that_is_looked_up() -> None:
    weighed = arithmetic("*", mean(["item"], mass), attribute("group", "weight"))
    there = h.LookupTerm(
        type=k.Type(k.Number(), frozenset({"model", "country"})),
        span=SPAN,
        of=mean(["country"], weighed),
        axis="group",
        key=attribute("country", "kind", k.Of(GROUPS)),
    )
    assert counts(scored(("model",), mean(["country"], there))) == PER_MODEL


def test_clusters_of_groups_add_up_in_any_nesting() -> None:
    drawn = d.Interval(("item",), 20, 0.95)
    for term in (
        mean(["item", "country"], mass),
        mean(["theme"], mean(["item", "country"], mass, by=["theme"])),
        mean(["country"], mean(["item"], mass)),
    ):
        found = scored(("model",), term, interval=drawn)
        assert found.n_clusters.tolist() == OK.any(axis=1).sum(axis=1).tolist()


def test_what_a_check_takes_out_is_neither_missing_nor_a_count_of_nothing() -> None:
    out = check("few", ["model", "item"], compare(">", attribute("item", "size"), real(1.5)), "exclude")
    missing = scored(
        ("model",), reduce("share", ["item", "country"], call("is_missing", mass, kind=TRUTH)), out
    )
    kept = ~OK[:, :, 1:]
    np.testing.assert_allclose(missing.value, kept.mean(axis=(1, 2)), rtol=0, atol=1e-12)
    assert counts(missing) == ([16, 16], [4, 4])
    number = reduce("count", ["country"], mass)
    per_item = OK[:, :, 1:].sum(axis=1)
    drawn = d.Interval(("item",), 400, 0.95, "t")
    found = scored(("model",), mean(["item"], number), out, interval=drawn)
    np.testing.assert_allclose(found.value, per_item.mean(axis=1), rtol=0, atol=1e-12)
    wanted = per_item.std(axis=1, ddof=1) / 2.0
    np.testing.assert_allclose(found.error, wanted, rtol=0.25, atol=1e-9)


def test_an_answer_that_was_missing_is_taken_out_with_its_cell() -> None:
    out = check("none", ["model", "item"], compare(">", attribute("item", "size"), real(9.0)), "exclude")
    missing = scored(
        ("model",), reduce("share", ["item", "country"], call("is_missing", mass, kind=TRUTH)), out
    )
    assert np.isnan(missing.value).all() and counts(missing) == ([0, 0], [20, 20])
    number = scored(("model",), mean(["item"], reduce("count", ["country"], mass)), out)
    assert np.isnan(number.value).all()
