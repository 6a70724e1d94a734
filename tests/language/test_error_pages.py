"""Every code has its page: a program that gets it, the message as it is given, a program that does not, and why.

`CYCLSPEC_BLESS=1 pytest tests/language/test_error_pages.py` writes the messages and the table of the index anew.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from commands import codes_in
from error_pages import CHECK, FOLDER, Page, diagnosed, diagnosed_when_mended, page_of, sections, table
from shared_audits import is_prepared
from spec_files import ROOT

from cyclspec.language.diagnostics import Diagnostic
from cyclspec.language.diagnostics.catalogue import catalogue

PAGES = [page_of(path) for path in sorted(FOLDER.glob("CY*.md"))]
BLESS = os.environ.get("CYCLSPEC_BLESS") == "1"
INDEX = FOLDER / "index.md"


@pytest.fixture
def beside(tmp_path: Path) -> Iterator[Path]:
    """A folder with the module that one page imports; programs are checked in it."""
    (tmp_path / "specs").mkdir()
    shutil.copytree(ROOT / "specs" / "quickstart", tmp_path / "specs" / "quickstart")
    with contextlib.chdir(tmp_path):
        yield tmp_path


def test_every_code_has_a_page_and_every_page_a_code() -> None:
    assert [page.code for page in PAGES] == [kind.code for kind in catalogue()]


def test_every_code_is_given_once() -> None:
    given = [kind.code for kind in catalogue()]
    assert len(given) == len(set(given))


@pytest.mark.parametrize("page", PAGES, ids=str)
def test_the_program_of_a_page_gets_its_code_in_the_words_of_the_page(page: Page, beside: Path) -> None:
    said = diagnosed(page, beside)
    assert set(codes_in(said)) == {page.code}
    if BLESS and said != page.said:
        path = FOLDER / f"{page.code}.md"
        path.write_text(page.text.replace(page.said, said), encoding="utf-8")
        return
    assert said == page.said


@pytest.mark.parametrize("page", PAGES, ids=str)
def test_the_mended_program_of_a_page_gets_nothing(page: Page, beside: Path) -> None:
    assert diagnosed_when_mended(page, beside) == ""


@pytest.mark.parametrize("page", PAGES, ids=str)
def test_a_page_says_what_it_means_how_to_mend_it_and_why(page: Page) -> None:
    assert sections(page) == ["A program that gets it", "How to mend it", "Why"]
    meaning, reason = page.text.split("\n## ")[0], page.text.rsplit("## Why\n", maxsplit=1)[1]
    assert len(meaning.split()) >= 20
    assert len(reason.split()) >= 12
    assert page.marked == (page.commands == (CHECK,) and not is_prepared(page.code))


def test_a_page_and_its_code_are_of_one_kind() -> None:
    for kind, page in zip(catalogue(), PAGES, strict=True):
        assert issubclass(kind, Diagnostic)
        assert ("This is a warning" in page.text) == (kind.severity == "warning"), page.code


def test_the_index_lists_the_catalogue() -> None:
    text = INDEX.read_text(encoding="utf-8")
    shown = re.search(r"^\| code .*?(?=\n\n|\Z)", text, re.MULTILINE | re.DOTALL)
    assert shown is not None
    if BLESS:
        INDEX.write_text(text.replace(shown[0].rstrip(), table()), encoding="utf-8")
        return
    assert shown[0].rstrip() == table()
