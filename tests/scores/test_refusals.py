"""What is checked and cannot run is refused by its name, never by a fault of the program."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from cyclspec import pipeline
from cyclspec.compiler.scores.support import refusals
from cyclspec.compiler.scores.walk import Reach, below, named_terms
from cyclspec.language.types.terms import Term
from cyclspec.language.types.typed import TypedAudit

GOOD = Path(__file__).parents[1] / "good"
REFUSED = {
    ("lookups", "minded"): (
        "a lookup `[option: ...]` by a value", "`includes(..)`",
    ),
}  # fmt: skip


def audit(file: str, name: str) -> TypedAudit:
    return pipeline.check(GOOD / f"{file}.cycl").require().audits[name]


@pytest.mark.parametrize(("place", "words"), REFUSED.items(), ids=[name for _, name in REFUSED])
def test_every_construct_without_an_array_program_is_refused_by_name(
    place: tuple[str, str], words: tuple[str, ...]
) -> None:
    said = [found.what for found in refusals(audit(*place))]
    for word in words:
        assert any(word in what for what in said), (word, said)
    assert not any("word that is not compared" in what for what in said)


def test_numbers_of_people_that_meet_a_condition_are_refused_and_shares_are_pointed_to(
    tmp_path: Path,
) -> None:
    library = tmp_path / "lib" / "town.cycl"
    library.parent.mkdir()
    library.write_text((GOOD / "lib" / "town.cycl").read_text(encoding="utf-8"), encoding="utf-8")
    program = tmp_path / "heads.cycl"
    program.write_text(
        """cycl 1
import { towns, town, pair, neighbour } from "lib/town.cycl"
target residents { axes = [town], rows = towns.people, weight = towns.people.weight }
audit one {
  each item  in towns.items
  each town  in residents
  each model in pair
  ask reply = neighbour(item, town, lang = en) { model = model, read = first_token }
  measure fit by model : share = mean over item, town weighted by residents.share of reply.mass
  measure ends by item, town : count = count over person by town of is_missing(towns.answers.value)
}
""",
        encoding="utf-8",
    )
    typed = pipeline.check(program).require().audits["one"]
    (found,) = refusals(typed)
    assert found.what == "a measure of values that are not distributions"
    assert "share over person" in found.helps[0]


def terms(typed: TypedAudit) -> Iterator[Term]:
    reads = [let.term for let in typed.lets] + [measure.term for measure in typed.measures]
    for term in reads + [check.term for check in typed.checks]:
        yield from below(term)


@pytest.mark.parametrize("place", REFUSED, ids=[name for _, name in REFUSED])
def test_every_term_has_parts_and_dependencies(place: tuple[str, str]) -> None:
    typed = audit(*place)
    reach = Reach(named_terms(typed))
    assert all(reach.of(term) is not None for term in terms(typed))
