"""Did you mean: the same names as comparing with each, for the first mistakes of a file, at a bounded price."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from spec_files import check_text, codes

from cyclspec.language.names import suggest as suggestions
from cyclspec.language.names.suggest import MOST_WORK, did_you_mean, similarity, sparing, suggest

WORDS = st.text("abcXY_é", min_size=1, max_size=9)


@given(WORDS, st.lists(WORDS, max_size=12))
def test_what_is_left_out_early_is_not_close(name: str, known: list[str]) -> None:
    ranked = sorted((-similarity(name, word), word) for word in set(known))
    assert suggest(name, known) == tuple(word for score, word in ranked if -score >= 0.6)[:3]


def test_a_budget_that_is_spent_suggests_nothing_and_ends_where_it_was_set() -> None:
    with sparing(100):
        assert did_you_mean("contry", ["country"]) == ("did you mean `country`?",)
        assert did_you_mean("contry", [f"country{n}" for n in range(100)]) == ()
        assert did_you_mean("contry", ["country"]) == ()
    assert did_you_mean("contry", ["country"]) == ("did you mean `country`?",)


def params(count: int) -> str:
    return "".join(f"param parameter_{n} : real = paramter_{n}x\n" for n in range(count))


def levels(count: int) -> str:
    known, given_ = (", ".join(f"{word}_{n}" for n in range(count)) for word in ("level", "levle"))
    return f"axis a : nominal {{ {known} }}\nparam q : list(a) = [{given_}]\n"


def columns(count: int) -> str:
    known = " ".join(f"column_{n} : real" for n in range(count))
    lets = " ".join(f"let x{n} = k.colunm_{n}" for n in range(count))
    table = f'corpus c {{ table t {{ source = csv("t.csv") k : key {known} }} }}'
    return f"{table}\naudit z {{ each k in c.t {lets} }}\n"


@pytest.mark.parametrize("text", [params, levels, columns])
def test_suggestions_for_many_mistakes_among_many_names_are_bounded(
    text: Callable[[int], str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    compared: list[int] = []
    whole = suggestions.edit_distance

    def counting(a: str, b: str) -> int:
        compared.append(len(a) * len(b))
        return whole(a, b)

    monkeypatch.setattr(suggestions, "edit_distance", counting)
    checked = check_text(tmp_path, f"cycl 1\n{text(1000)}")
    assert codes(checked) == ["CY0101"] * 1000
    helps = [diagnostic.help for diagnostic in checked.diagnostics]
    assert all(help_.startswith("did you mean `") for help_ in helps[:5])
    assert helps[-1] == ""
    assert 0 < sum(compared) <= MOST_WORK


def test_few_mistakes_among_few_names_all_have_suggestions(tmp_path: Path) -> None:
    checked = check_text(tmp_path, f"cycl 1\n{params(50)}")
    assert all("did you mean" in diagnostic.help for diagnostic in checked.diagnostics)


def test_names_that_are_imported_and_not_there_are_bounded_too(tmp_path: Path) -> None:
    (tmp_path / "lib.cycl").write_text(
        "cycl 1\n" + "".join(f"param name_{n} : real = 1\n" for n in range(2000))
    )
    names = ", ".join(f"nmae_{n}" for n in range(1500))
    with sparing(0):
        checked = check_text(tmp_path, f'cycl 1\nimport {{ {names} }} from "lib.cycl"\n')
    assert codes(checked) == ["CY0101"] * 1500
    assert "did you mean" in checked.diagnostics[0].help
    assert checked.diagnostics[-1].help == ""


def test_what_a_spent_budget_leaves_out_does_not_hang_on_the_order_of_names() -> None:
    known = [f"country_{n}" for n in range(100)]
    found = []
    for order in (known, known[::-1], frozenset(known)):
        with sparing(4000):
            found.append(suggest("contry_77", order))
    assert found[0] == found[1] == found[2] != ()
