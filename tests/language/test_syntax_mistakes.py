"""What people write who come from other languages, other keyboards or a word processor, and what they are told."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest
from mistakes import MISTAKES, Mistake
from spec_files import TESTS, codes, shown

from cyclspec import pipeline
from cyclspec.language.syntax.mistakes.explain import HABITS

_PARSER_TALK = re.compile(
    r"\b(?:token|parser|lexer|terminal|grammar|unexpected|syntax|EOF|INT)s?\b|\$END|__ANON"
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project with the library that the mistakes import."""
    made = tmp_path_factory.mktemp("mistakes")
    shutil.copytree(TESTS / "good" / "lib", made / "lib")
    return made


@pytest.fixture(scope="module")
def checked(folder: Path) -> dict[str, pipeline.Checked]:
    """Every mistake, checked once."""
    found: dict[str, pipeline.Checked] = {}
    for mistake in MISTAKES:
        path = folder / "main.cycl"
        path.write_text(mistake.text, encoding="utf-8")
        found[mistake.name] = pipeline.check(path)
    return found


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda m: m.name)
def test_a_common_mistake_is_told_of_once_and_in_words_that_help(
    mistake: Mistake, checked: dict[str, pipeline.Checked]
) -> None:
    found = checked[mistake.name]
    assert codes(found) == [mistake.code]
    told = found.diagnostics[0]
    assert told.message == mistake.title
    assert mistake.helped in (told.helps[0] if told.helps else told.caption)
    assert told.span is not None
    assert told.span.text == mistake.at


def test_a_message_speaks_of_the_language_and_not_of_its_parser(checked: dict[str, pipeline.Checked]) -> None:
    for name, found in checked.items():
        said = [line for line in shown(found).splitlines() if not re.match(r"\s*\d+ \| ", line)]
        assert not _PARSER_TALK.search("\n".join(said)), name


def test_there_are_at_least_forty_mistakes_and_no_name_twice() -> None:
    assert len({mistake.name for mistake in MISTAKES}) == len(MISTAKES) >= 40


def test_every_habit_is_shown_by_a_mistake(checked: dict[str, pipeline.Checked]) -> None:
    told = {found.diagnostics[0].message for found in checked.values()}
    shapes = {re.sub(r"\{\w+\}", "*", habit.sentence) for habit in HABITS}
    plain = [re.compile(".+".join(map(re.escape, shape.split("*")))) for shape in shapes]
    unseen = [shape.pattern for shape in plain if not any(shape.fullmatch(message) for message in told)]
    assert not unseen, unseen


@pytest.mark.parametrize(
    "tabs", ["\t", " \t ", "\r\n", "\n\n\n"], ids=["tabs", "mixed", "CRLF", "blank lines"]
)
def test_blanks_of_any_kind_are_no_mistake(tabs: str, folder: Path) -> None:
    path = folder / "main.cycl"
    path.write_bytes(f"cycl 1\n{tabs}param p : real ={tabs} 1{tabs}\n".encode())
    assert codes(pipeline.check(path)) == []


def test_a_byte_order_mark_is_no_mistake(folder: Path) -> None:
    path = folder / "main.cycl"
    path.write_bytes(b"\xef\xbb\xbfcycl 1\nparam p : real = 1\n")
    assert codes(pipeline.check(path)) == []
