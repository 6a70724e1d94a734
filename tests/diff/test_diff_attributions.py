"""What is said of an edit agrees with the hashes: a change is said to move a hash if and only if the hash differs."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest
from edited_audits import AUDIT, EDITS, LIBRARY, Edit, compared, edited, moved, told, written

from cyclspec.diff.change import Difference


def attributed(found: Difference) -> set[str]:
    return {which for change in found.changes for which in change.moves}


@pytest.mark.parametrize("edit", EDITS, ids=lambda e: " ".join(f"{e.old} > {e.new}".split()))
def test_one_edit_is_named_and_moves_what_it_is_said_to_move(edit: Edit, tmp_path: Path) -> None:
    found = compared(written(tmp_path / "a"), edited(tmp_path / "b", edit))
    assert moved(found) == set(edit.moves.split())
    assert attributed(found) == moved(found)
    assert any(edit.told in one for one in told(found)), told(found)


@pytest.mark.parametrize("edit", EDITS, ids=lambda e: " ".join(f"{e.old} > {e.new}".split()))
def test_an_edit_undone_is_named_and_moves_the_same(edit: Edit, tmp_path: Path) -> None:
    found = compared(edited(tmp_path / "b", edit), written(tmp_path / "a"))
    assert moved(found) == set(edit.moves.split())
    assert attributed(found) == moved(found)


@pytest.mark.parametrize(("one", "other"), list(pairwise(EDITS)), ids=str)
def test_two_edits_at_once_move_what_both_are_said_to_move(one: Edit, other: Edit, tmp_path: Path) -> None:
    found = compared(edited(tmp_path / "a", one), edited(tmp_path / "b", other))
    assert attributed(found) == moved(found)


def test_nothing_differs_from_itself(tmp_path: Path) -> None:
    found = compared(written(tmp_path / "a"), written(tmp_path / "b"))
    assert not found.differs
    assert found.changes == ()


def test_layout_and_comments_are_no_difference(tmp_path: Path) -> None:
    text = AUDIT.replace("  each town   in town\n", "  each\n    town in (town) # towns\n")
    text = text.replace("0.5 * (sum", "(0.5)   * (sum")
    assert not compared(written(tmp_path / "a"), written(tmp_path / "b", text)).differs


def test_order_of_statements_moves_the_module_alone(tmp_path: Path) -> None:
    head, _, rest = AUDIT.partition("  each town   in town\n")
    text = (head + rest).replace("\n  let people", "\n  each town   in town\n\n  let people")
    found = compared(written(tmp_path / "a"), written(tmp_path / "b", text))
    assert moved(found) == attributed(found) == {"module"}


def test_a_renamed_library_moves_the_module_alone(tmp_path: Path) -> None:
    after = written(tmp_path / "b", AUDIT.replace("lib/town.cycl", "lib/place.cycl"))
    (tmp_path / "b" / "lib" / "place.cycl").write_text(LIBRARY, encoding="utf-8")
    found = compared(written(tmp_path / "a"), after)
    assert moved(found) == attributed(found) == {"module"}
    assert all(one.startswith("import") for one in told(found))


def test_a_metric_that_goes_to_a_library_keeps_its_score(tmp_path: Path) -> None:
    metric = next(line for line in AUDIT.splitlines() if line.startswith("metric half"))
    text = AUDIT.replace(metric + "\n", "").replace("import { town }", "import { town, half }")
    after = written(tmp_path / "b", text, f"{LIBRARY}\n{metric}\n")
    found = compared(written(tmp_path / "a"), after)
    assert moved(found) == attributed(found) == {"module"}
    assert "metric half (lib/town.cycl): file" in told(found)


@pytest.mark.parametrize(
    ("params", "moves", "name"),
    [
        ({"least": "50%"}, (), None),
        ({"least": "60%"}, ("score",), "param least: value"),
        ({"repeats": "4"}, ("design", "score"), "param repeats: value"),
        ({"start": "8"}, ("design", "score"), "audit main: seed"),
    ],
    ids=str,
)
def test_a_bound_parameter_is_a_difference_of_its_value(
    params: dict[str, str], moves: tuple[str, ...], name: str | None, tmp_path: Path
) -> None:
    found = compared(written(tmp_path / "a"), written(tmp_path / "b"), params)
    assert moved(found) == attributed(found) == set(moves)
    assert told(found) == ([] if name is None else [name])


def test_a_level_added_in_the_middle_is_one_change(tmp_path: Path) -> None:
    text = LIBRARY.replace("  mill    = 2", "  moor = 9\n  mill    = 2")
    found = compared(written(tmp_path / "a"), written(tmp_path / "b", library=text))
    (change,) = found.changes
    assert (change.part, change.how, change.after) == ("level moor", "added", "moor = 9")


def test_levels_in_another_order_are_told_as_such(tmp_path: Path) -> None:
    lines = LIBRARY.splitlines(keepends=True)
    mill = next(i for i, line in enumerate(lines) if line.startswith("  mill"))
    lines[mill], lines[mill + 1] = lines[mill + 1], lines[mill]
    found = compared(written(tmp_path / "a"), written(tmp_path / "b", library="".join(lines)))
    assert told(found) == ["axis town (lib/town.cycl): order of levels"]
    assert moved(found) == attributed(found) == {"design", "score"}
