"""Permutations that change nothing are refused before anything is asked; those that may change something are not."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from score_terms import (
    SCALE,
    SPAN,
    answer,
    arithmetic,
    attribute,
    audit,
    axis_list,
    call,
    choice,
    compare,
    grid,
    let,
    measure,
    metric,
    pick,
    reduce,
    type_of,
)

from cyclspec.compiler.axes import Presence
from cyclspec.compiler.scores.rearranged import breaking_tests, idle_tests
from cyclspec.language.types import kinds as k
from cyclspec.language.types import terms as h
from cyclspec.language.types import typed as d

AXES = ("model", "country", "item")
SHAPE = {"model": 2, "country": 3, "item": 4}
reply = answer(*AXES)
mass = answer(*AXES, field="mass")
by_country = reduce("mean", ["item", "model"], mass)
far = metric("entropy", reply)
ALL = list(AXES)


def people(*by: str) -> h.PeopleTerm:
    kind = type_of(k.Dist(SCALE), "item", *by)
    return h.PeopleTerm(
        type=kind, span=SPAN, table="a", column="value", people="p", person="person", by=by, weight=None
    )


def ends(of: h.Term) -> h.Term:
    return arithmetic("-", *(reduce(end, ["country"], of) for end in ("max", "min")))


def found(
    term: h.Term,
    *within: str,
    over: str = "country",
    table: str | None = None,
    by: tuple[str, ...] = (),
    shape: dict[str, int] = SHAPE,
    lets: Any = None,
    **more: Any,
) -> list[Any]:
    tested = replace(measure("m", by, term), test=d.Permutation(over, table, within, 100, "upper"))
    place = grid(shape, [2] * shape["item"], **more)
    return list(idle_tests(audit(axes=AXES, measures=[tested], lets=lets), place))


def broken(term: h.Term, *within: str) -> list[Any]:
    tested = replace(measure("m", (), term), test=d.Permutation("country", None, within, 100, "upper"))
    return list(breaking_tests(audit(axes=AXES, measures=[tested]), grid(SHAPE, [2] * SHAPE["item"])))


IDLE = {
    "a mean over the labels": (reduce("mean", ALL, far), ("item",)),
    "a mean in two steps": (reduce("mean", ["item"], reduce("mean", ["country", "model"], mass)), ("item",)),
    "within all axes": (reduce("mean", ALL, mass), ("item", "model")),
    "a gap between whole labels": (ends(by_country), ()),
    "the middle of differences": (
        reduce("median", ["country"], arithmetic("-", by_country, reduce("mean", ["country"], by_country))),
        (),
    ),
    "beside the mean of all others": (
        reduce("mean", ALL, metric("tv", reply, call("human_mean", reply, leave_out=("country",)))),
        ("item",),
    ),
    "pairs of labels": (
        reduce("mean", ["item", "model"], reduce("pair_agreement", ["country"], choice(*AXES))),
        ("item",),
    ),
    "raters that are alike": (
        reduce("krippendorff", ALL, mass, units=axis_list("item", "model"), raters=axis_list("country")),
        ("item",),
    ),
    "a share of labels that are nearest": (
        reduce("mean", ["country"], compare("<=", by_country, reduce("min", ["country"], by_country))),
        (),
    ),
}
MOVED = {
    "a gap within items": (ends(by_country), ("item",)),
    "one label": (pick(by_country, country="country0"), ()),
    "a slope on what a label is": (
        reduce("slope", ["country"], by_country, on=attribute("country", "size")),
        (),
    ),
    "weights of labels": (
        reduce("mean", ALL, mass, weight=attribute("country", "size")),
        ("item",),
    ),
    "units whose raters part": (
        reduce("krippendorff", ALL, mass, units=axis_list("country", "item"), raters=axis_list("model")),
        ("item", "model"),
    ),
    "beside the mean of other items": (
        reduce("mean", ALL, metric("tv", reply, call("human_mean", reply, leave_out=("item",)))),
        ("item",),
    ),
    "pairs of some labels": (
        reduce("pair_agreement", ["country", "item"], choice(*AXES), between=axis_list("country")),
        ("item",),
    ),
    "raters": (reduce("cohen_kappa", ["country", "item"], mass), ("item",)),
}


@pytest.mark.parametrize("name", IDLE)
def test_what_is_the_same_in_every_order_is_refused(name: str) -> None:
    term, within = IDLE[name]
    (one,) = found(term, *within)
    assert one.code == "CY0211" and "taken together" in one.flaw
    named = let("all_of_it")
    assert len(found(named, *within, lets={"all_of_it": term})) == 1


@pytest.mark.parametrize("name", MOVED)
def test_what_hangs_on_labels_is_tested(name: str) -> None:
    term, within = MOVED[name]
    assert found(term, *within, attributes={"country": {"size": (1.0, 2.0, 3.0)}}) == []


def test_the_help_permutes_within_what_is_averaged() -> None:
    (one,) = found(ends(by_country))
    assert one.helps == ("permute within levels: `permutation(over = country, within = item)`",)
    assert found(ends(by_country), "item") == []
    (mean,) = found(reduce("mean", ALL, mass))
    assert mean.helps == ("keep the levels apart: measure `by country`, or the largest less the smallest",)


def test_a_measure_by_the_labels_is_tested() -> None:
    assert found(by_country, by=("country",)) == []


def test_an_axis_without_levels_to_permute_is_refused() -> None:
    (one,) = found(ends(by_country), "item", shape=SHAPE | {"country": 1})
    assert one.flaw == "`country` has one level within `item`"
    alone = Presence(
        ("country", "item"), np.array([[1, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]], dtype=np.bool_)
    )
    (inside,) = found(ends(by_country), "item", presence=[alone])
    assert inside.flaw == "`country` has one level within `item`"
    (other,) = found(reduce("mean", ["item"], answer("item", field="mass")))
    assert other.flaw == "nothing that it reads varies along `country`"


def test_cells_that_do_not_exist_can_take_a_value_away() -> None:
    """A model that some countries lack: what is moved there is lost, so a mean can change."""
    some = Presence(("model", "country"), np.array([[1, 1, 0], [1, 1, 1]], dtype=np.bool_))
    assert found(reduce("mean", ALL, mass), "item", presence=[some]) == []
    assert len(found(reduce("mean", ALL, mass), "item", "model", presence=[some])) == 1


def test_cells_that_exist_in_no_country_are_not_places_for_one_label() -> None:
    """Phrasings that some items lack are lacking in every country."""
    axes, some = ("country", "item", "phrasing"), np.array([[1, 1], [1, 0], [1, 0], [1, 1]], dtype=np.bool_)
    each = answer(*axes, field="mass")
    gap = ends(reduce("mean", ["item", "phrasing"], each))
    shape = SHAPE | {"phrasing": 2}
    assert found(gap, "item", "phrasing", shape=shape, presence=[Presence(axes[1:], some)]) == []


def test_labels_are_not_dealt_out_within_what_some_of_it_lacks() -> None:
    human = people("country")
    apart = metric("tv", reply, human)
    gap = ends(reduce("mean", ["item", "model"], apart))
    (one,) = broken(gap, "item", "model")
    assert one.code == "CY0209" and one.problem.endswith("some of what moves has no `model`")
    assert one.helps == ("leave out what some of it lacks: `permutation(over = country, within = item)`",)
    assert found(gap, "item", "model") == [] and broken(gap, "item") == []
    assert broken(ends(by_country), "item", "model") == []
    (idle,) = broken(reduce("mean", ALL, apart), "item", "model")
    assert idle.helps == ("keep the levels apart: measure `by country`, or the largest less the smallest",)


def test_no_help_permutes_within_what_some_of_it_lacks() -> None:
    """Within repeats labels would tell orders apart, but people have none."""
    best = reduce("max", ["repeat"], answer(*AXES, "repeat", field="mass"))
    shape = SHAPE | {"repeat": 2}
    (one,) = found(reduce("mean", ALL, best), "item", "model", shape=shape)
    words = "permute within levels: `permutation(over = country, within = [item, model, repeat])`"
    assert one.helps == (words,)
    beside = arithmetic("-", best, metric("entropy", people("country")))
    (two,) = found(reduce("mean", ALL, beside), "item", shape=shape)
    assert two.helps == ("keep the levels apart: measure `by country`, or the largest less the smallest",)


def test_people_are_dealt_out_to_groups_of_which_there_are_several() -> None:
    age = SHAPE | {"age": 2}
    apart = reduce("mean", ["item"], metric("entropy", people("age")))
    assert found(apart, over="person", table="p", by=("age",), shape=age) == []
    (one,) = found(reduce("mean", ["item"], metric("entropy", people())), over="person", table="p")
    assert one.flaw == "it tells no groups of these people apart"
    assert len(found(apart, over="person", table="p", by=("age",), shape=SHAPE | {"age": 1})) == 1


def test_people_are_dealt_out_within_some_of_their_groups() -> None:
    age = SHAPE | {"age": 2}
    apart = reduce("mean", ["item"], metric("entropy", people("country", "age")))
    by = ("country", "age")
    assert found(apart, "country", over="person", table="p", by=by, shape=age) == []
    (one,) = found(apart, "country", "age", over="person", table="p", by=by, shape=age)
    assert one.flaw == "it tells no groups of these people apart within `country` and `age`"
    words = "let people change their groups along more axes: `permutation(over = person, within = {})`"
    assert one.helps == (words.format("age"), words.format("country"))
    alone = reduce("mean", ["item"], metric("entropy", people("age")))
    (two,) = found(alone, "age", over="person", table="p", by=("age",), shape=age)
    assert two.helps == (words.format("[]"),)
