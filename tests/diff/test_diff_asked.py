"""What would be asked again, on the quickstart with its data: cells, requests and tokens."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest
from edited_audits import copied_quickstart

from cyclspec import pipeline
from cyclspec.diff.asked import Asked, AskedCells
from cyclspec.diff.opened import compared as compared_open

CELLS, COUNTRY = 198, 33


def asked(before: Path, after: Path, places: Mapping[str, str] | None = None) -> Asked:
    found, cost = compared_open(before, after, places=places, data=True)
    assert cost is not None
    assert found.notes == ()
    return cost


@pytest.fixture(scope="module")
def quickstart(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return copied_quickstart(tmp_path_factory.mktemp("quickstart"))


def variant(quickstart: Path, name: str, old: str, new: str) -> Path:
    text = quickstart.read_text(encoding="utf-8")
    assert old in text
    path = quickstart.with_name(name)
    path.write_text(text.replace(old, new), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def smaller(quickstart: Path) -> Path:
    old = "each country in survey.country"
    return variant(quickstart, "smaller.cycl", old, f"{old} where country != quorlith")


def test_another_measure_asks_nothing(quickstart: Path) -> None:
    after = variant(quickstart, "measure.cycl", "m.emd_norm(reply, human)", "m.tv(reply, human)")
    found = asked(quickstart, after)
    assert found.asks == (AskedCells("reply", same=CELLS, changed=0, new=0, gone=0),)
    assert (found.requests, found.requests_again, found.tokens_again) == (CELLS, 0, 0)


def test_a_country_less_asks_nothing(quickstart: Path, smaller: Path) -> None:
    found = asked(quickstart, smaller)
    assert found.asks == (AskedCells("reply", same=CELLS - COUNTRY, changed=0, new=0, gone=COUNTRY),)
    assert found.requests_again == 0


def test_a_country_more_asks_that_country_alone(quickstart: Path, smaller: Path) -> None:
    found = asked(smaller, quickstart)
    assert found.asks == (AskedCells("reply", same=CELLS - COUNTRY, changed=0, new=COUNTRY, gone=0),)
    context = pipeline.check(quickstart).require()
    planned = pipeline.plan(pipeline.open_data(context, pipeline.choose(context, None)), weights="if here")
    mine = [len(r.token_ids) for r in planned.requests if "Quorlith" in r.text]
    assert (found.requests_again, found.tokens_again) == (COUNTRY, sum(mine))
    assert (found.requests, found.tokens) == (CELLS, planned.tokens_distinct)


def test_another_language_asks_everything(quickstart: Path) -> None:
    found = asked(quickstart, variant(quickstart, "zh.cycl", "lang = en", "lang = zh"))
    assert found.asks == (AskedCells("reply", same=0, changed=CELLS, new=0, gone=0),)
    assert (found.requests_again, found.requests) == (CELLS, CELLS)


def test_an_ask_by_another_name_shares_its_requests(quickstart: Path) -> None:
    text = quickstart.read_text(encoding="utf-8").replace("reply", "said")
    after = quickstart.with_name("said.cycl")
    after.write_text(text, encoding="utf-8")
    found = asked(quickstart, after)
    assert found.asks == (
        AskedCells("reply", same=0, changed=0, new=0, gone=CELLS),
        AskedCells("said", same=0, changed=0, new=CELLS, gone=0),
    )
    assert found.requests_again == 0


def test_without_a_tokenizer_cells_are_compared_by_what_is_said(quickstart: Path, smaller: Path) -> None:
    nowhere = {"tiny": str(quickstart.parent / "nowhere")}
    found = asked(smaller, quickstart, nowhere)
    assert found.asks == (AskedCells("reply", same=CELLS - COUNTRY, changed=0, new=COUNTRY, gone=0),)
    assert (found.requests_again, found.tokens, found.tokens_again) == (COUNTRY, None, None)
    assert "tokens are not counted: CY07" in found.notes[0]


def test_other_data_moves_the_design_and_asks_what_it_says(quickstart: Path, tmp_path: Path) -> None:
    other = copied_quickstart(tmp_path)
    items = other.parent / "quickstart" / "data" / "items.jsonl"
    text = items.read_text(encoding="utf-8")
    items.write_text(
        text.replace("How important is it to you to eat", "How good is it to eat"), encoding="utf-8"
    )
    difference, cost = compared_open(quickstart, other, data=True)
    assert [(c.what, sorted(c.moves)) for c in difference.changes] == [
        ("data invented.items", ["design", "score"])
    ]
    assert difference.moved("design")
    assert not difference.moved("module")
    assert cost is not None
    assert cost.asks[0].changed == 6
