"""Axes that depend on others, orders, draws, shuffles and samples, run on the demo model and computed a second time."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
import transformers
from worlds_on_disk import COUNTRIES, SURVEY, Said, World, make_world, spec_text, write_table

import cyclspec

DEMO = Path(str(cyclspec.__file__)).parent / "specs" / "demo"
PROMPTS = """
prompt worded(
  phrasing : text(en),
  order    : order(small.items.options),
  country  : country,
  told     : country,
  place    : country,
) -> choice(order) {
  system[en] "You live in {country}, not in {told}. You were born in {place}."
  user[en] "{phrasing}\\n{order|lettered}\\nReply with a letter."
  prefix "Answer:"
}

prompt person_says(item: small.items, person: small.people) -> choice(item.options) {
  user[en] "A {person.gender} in {person.country}: {item.question}\\n{item.options|lettered}\\nReply with a letter."
  prefix "Answer:"
}
"""
VARIANTS = """
audit variants {
  seed = 11

  each item     in small.items
  each phrasing in item.phrasings
  each order    in permutations(item.options, n = 4, keep = identity)
  each country  in country where item.theme == family or country == avria
  each told     in shuffled(country)
  each place    in draw(country, per = item)
  each model    in models

  ask reply = worded(phrasing, order, country, told, place) {
    model = model
    read  = first_token(labels = letters)
  }

  let settled  = mean over phrasing, order of reply
  let by_order = mean over phrasing of reply

  measure order_effect by model, country : share =
    mean over item of (max over order of m.tv(by_order, settled))
  measure mass by model : share = mean over item, phrasing, order, country of reply.mass
}
"""
PEOPLE = """
audit people {
  seed = 11

  each item   in small.items where item.theme == work
  each person in sample(small.people, n = 14, strata = [country], weight = weight)
  each model  in models

  ask reply = person_says(item, person) { model = model, read = first_token(labels = letters) }

  measure mass by model : share = mean over item, person of reply.mass
}
"""


def rich_world() -> World:
    """The small world with one to three phrasings of each question."""
    world = make_world()
    for i, item in enumerate(world.items):
        item["phrasings"] = [{"en": f"Phrasing {j} of matter {i}?"} for j in range(1 + i % 3)]
    return world


def write_rich(folder: Path, world: World, audit: str) -> Path:
    """The world with its phrasings, the demo model, and one audit."""
    survey = SURVEY.replace(
        "    theme    : nominal(family, work)\n",
        "    theme    : nominal(family, work)\n    phrasings : list(text(en))\n",
    )
    text = spec_text(audit=audit, survey=survey + PROMPTS)
    text = text.replace('model tiny = local("tiny")', "model tiny = demo()")
    for name, rows in (("items.jsonl", world.items), ("people.csv", world.people)):
        write_table(folder / name, rows)
    write_table(folder / "answers.parquet", world.answers)
    (folder / "audit.cycl").write_text(text, encoding="utf-8")
    return folder / "audit.cycl"


@dataclass(frozen=True)
class Done:
    """A run with its tables as frames."""

    world: World
    answers: pd.DataFrame
    requests: pd.DataFrame
    measures: pd.DataFrame


def _done(folder: Path, audit: str, command: Callable[..., Said]) -> Done:
    world = rich_world()
    spec = write_rich(folder, world, audit)
    said = command("run", spec, "--out", folder / "out", "--quiet")
    assert said.code == 0, said.err
    run = cyclspec.open_run(folder / "out")
    tables = [t.to_pandas() for t in (run.answers, run.requests, run.measures)]
    frames = [t.astype({c: str for c in t.columns if str(t[c].dtype) == "category"}) for t in tables]
    return Done(world, *frames)


@pytest.fixture(scope="module")
def variants(tmp_path_factory: pytest.TempPathFactory, command: Callable[..., Said]) -> Done:
    return _done(tmp_path_factory.mktemp("variants"), VARIANTS, command)


@pytest.fixture(scope="module")
def people(tmp_path_factory: pytest.TempPathFactory, command: Callable[..., Said]) -> Done:
    return _done(tmp_path_factory.mktemp("people"), PEOPLE, command)


def options_of(world: World, item: str) -> dict[str, str]:
    """Codes of an item's options by their English words, without the missing ones."""
    row = next(row for row in world.items if row["item"] == item)
    return {o["label"]["en"]: o["code"] for o in row["options"] if not o.get("missing")}


def shown_labels(content: str) -> list[str]:
    """The options as a prompt shows them, in the order of their letters."""
    lines = [line for line in content.split("\n") if line[1:3] == ". "]
    assert [line[0] for line in lines] == list("ABCDEFGHIJ")[: len(lines)]
    return [line[3:] for line in lines]


def request_of(done: Done, key: str) -> Any:
    return done.requests[done.requests.request == key].iloc[0]


def test_cells_are_those_that_lists_orders_and_conditions_leave(variants: Done) -> None:
    expected = {
        (item["item"], str(phrasing + 1), str(order + 1), country)
        for item in variants.world.items
        for phrasing in range(len(item["phrasings"]))
        for order in range(min(4, math.factorial(len(item["options"]) - 1)))
        for country in COUNTRIES
        if item["theme"] == "family" or country == "avria"
    }
    found = variants.answers[["item", "phrasing", "order", "country"]].itertuples(index=False)
    assert sorted(map(tuple, found)) == sorted(expected)


def test_the_prompt_of_a_cell_says_its_phrasing_country_and_options(variants: Done) -> None:
    tokenizer = transformers.AutoTokenizer.from_pretrained(DEMO)
    for row in variants.answers.itertuples():
        request = request_of(variants, row.request)
        system, user = request.messages
        item = next(i for i in variants.world.items if i["item"] == row.item)
        assert user["content"].startswith(item["phrasings"][int(row.phrasing) - 1]["en"] + "\n")
        assert system["content"].startswith(f"You live in {row.country.title()}, not in ")
        assert sorted(shown_labels(user["content"])) == sorted(options_of(variants.world, row.item))
        text = tokenizer.apply_chat_template(
            [{"role": m["role"], "content": m["content"]} for m in request.messages],
            tokenize=False,
            add_generation_prompt=True,
        )
        assert list(request.token_ids) == tokenizer(text + "Answer:", add_special_tokens=False)["input_ids"]


def test_probabilities_stand_at_the_codes_of_their_options_whatever_the_order(variants: Done) -> None:
    model = transformers.AutoModelForCausalLM.from_pretrained(DEMO, dtype=torch.float32).eval()
    known: dict[str, dict[str, float]] = {}
    for row in variants.answers.itertuples():
        codes = options_of(variants.world, row.item)
        assert list(row.codes) == list(codes.values())
        assert list(row.options) == list(codes)
        if row.request not in known:
            request = request_of(variants, row.request)
            with torch.no_grad():
                logits = model(input_ids=torch.tensor([list(request.token_ids)])).logits[0, -1].double()
            probs = torch.softmax(logits, dim=-1)
            letters = [float(probs[list(ids)].sum()) for ids in request.label_ids]
            known[row.request] = dict(
                zip(shown_labels(request.messages[-1]["content"]), letters, strict=True)
            )
        expected = np.array([known[row.request][label] for label in codes])
        np.testing.assert_allclose(row.probs, expected / expected.sum(), atol=1e-5)
        assert row.mass == pytest.approx(expected.sum(), abs=1e-5)


def test_orders_are_distinct_and_the_first_is_the_scales_own(variants: Done) -> None:
    for item, rows in variants.answers.groupby("item"):
        shown = {
            row.order: tuple(shown_labels(request_of(variants, row.request).messages[-1]["content"]))
            for row in rows.itertuples()
        }
        assert len(set(shown.values())) == len(shown)
        assert shown["1"] == tuple(options_of(variants.world, str(item)))


def test_a_draw_is_one_for_each_item_and_a_shuffle_moves_every_country(variants: Done) -> None:
    told: dict[str, set[str]] = {}
    place: dict[str, set[str]] = {}
    for row in variants.answers.itertuples():
        system = request_of(variants, row.request).messages[0]["content"]
        told.setdefault(row.country, set()).add(system.split("not in ")[1].split(".")[0].lower())
        place.setdefault(row.item, set()).add(system.split("born in ")[1].rstrip(".").lower())
    assert all(len(found) == 1 for found in [*told.values(), *place.values()])
    moved = {country: found.pop() for country, found in told.items()}
    assert sorted(moved.values()) == sorted(COUNTRIES)
    assert all(country != other for country, other in moved.items())
    assert len(set(map(min, place.values()))) > 1


def test_measures_over_ragged_axes_equal_those_of_numpy(variants: Done) -> None:
    rows = variants.answers
    assert float(variants.measures.set_index("measure").value["mass"]) == pytest.approx(
        float(rows.mass.mean()), abs=1e-6
    )
    for country in COUNTRIES:
        effects = []
        for _, mine in rows[rows.country == country].groupby("item"):
            probs = {key: np.stack(list(one.probs)) for key, one in mine.groupby("order")}
            settled = np.stack(list(mine.probs)).mean(axis=0)
            effects.append(max(abs(one.mean(axis=0) - settled).sum() / 2 for one in probs.values()))
        found = variants.measures.query("measure == 'order_effect' and country == @country").value.iloc[0]
        assert found == pytest.approx(float(np.mean(effects)), abs=1e-6)


def test_a_sample_gives_each_stratum_its_weighted_share(people: Done) -> None:
    frame = pd.DataFrame(people.world.people)
    sizes = frame.groupby("country").weight.sum()
    quotas = 14 * sizes / sizes.sum()
    seats = np.floor(quotas)
    order = (quotas - seats).sort_values(ascending=False).index
    for country in itertools.islice(order, 14 - int(seats.sum())):
        seats[country] += 1
    drawn = frame[frame.person.isin(people.answers.person.unique())]
    assert drawn.groupby("country").size().to_dict() == seats.astype(int).to_dict()
    assert len(people.answers) == 14 * people.answers.item.nunique()


def test_a_sampled_person_is_shown_with_their_own_columns(people: Done) -> None:
    known = {row["person"]: row for row in people.world.people}
    names = {code: name.title() for name, code in COUNTRIES.items()}
    for row in people.answers.itertuples():
        person = known[row.person]
        said = request_of(people, row.request).messages[0]["content"]
        who = "woman" if person["gender"] == 2 else "man"
        assert said.startswith(f"A {who} in {names[person['country']]}: How do you see")


BLIND = """
prompt blind(phrasing: text(en), order: order(small.items.options)) -> choice(order) {
  user[en] "{phrasing} Reply with a letter."
  prefix "Answer:"
}

audit unseen {
  seed = 11
  each item     in small.items where size(item.options) == 4
  each phrasing in item.phrasings
  each order    in permutations(item.options, n = 6, keep = identity)
  each model    in models
  ask reply = blind(phrasing, order) { model = model, read = first_token(labels = letters) }
  measure mass by model : share = mean over item, phrasing, order of reply.mass
}
"""


def test_one_reply_to_an_order_that_no_prompt_shows_still_counts_for_the_options_of_each_cell(
    tmp_path: Path, command: Callable[..., Said]
) -> None:
    done = _done(tmp_path, BLIND, command)
    assert len(done.requests) < len(done.answers)
    for _, rows in done.answers.groupby("request"):
        letters = rows[rows.order == "1"].iloc[0].probs
        shares = {tuple(row.probs) for row in rows.itertuples()}
        assert len(shares) == len(rows) == 6
        assert all(sorted(found) == sorted(letters) for found in shares)
        assert {tuple(row.codes) for row in rows.itertuples()} == {("1", "2", "3", "4")}
