"""The page of a diagnostic, by its code."""

from __future__ import annotations

import pytest
from recorded_stages import ROOT, command

from cyclspec.language.diagnostics.pages import looks_like_code, page, page_codes

PAGES = sorted((ROOT / "docs" / "errors").glob("CY*.md"))


def test_the_package_holds_every_page() -> None:
    assert PAGES
    assert page_codes() == tuple(path.stem for path in PAGES)


def test_a_page_is_printed_as_it_is_where_nobody_looks_at_a_terminal() -> None:
    text = PAGES[0].read_text(encoding="utf-8")
    assert command("explain", PAGES[0].stem).out == text
    assert command("explain", PAGES[0].stem.lower()).out == text


def test_an_unknown_code_is_a_usage_error_with_what_was_meant() -> None:
    found = command("explain", "cy9999")
    assert found.code == 2
    assert "there is no diagnostic CY9999" in found.err
    meant = f"{PAGES[0].stem[:-1]}0"
    assert meant in page_codes() or "did you mean" in command("explain", meant).err


@pytest.mark.parametrize(
    ("text", "is_code"),
    [("CY0302", True), ("cy1", True), ("CY0302.cycl", False), ("specs/CY0302", False), ("CY", False)],
)
def test_only_a_bare_code_is_taken_for_one(text: str, is_code: bool) -> None:
    assert looks_like_code(text) is is_code


def test_a_page_is_looked_for_by_its_code_alone() -> None:
    assert page("../errors/CY0101") is None
    assert page("CY0101\n") is None
