"""What people write who come from other languages, other keyboards or a word processor, and what they are told."""

from __future__ import annotations

import contextlib
import re
import shutil
from pathlib import Path

import mistakes
import mistakes_in_audits
import mistakes_in_declarations
import mistakes_with_surveys
import pytest
from mistakes import Mistake
from spec_files import TESTS, codes, shown

from cyclspec import pipeline
from cyclspec.language.diagnostics.base import applied
from cyclspec.language.diagnostics.mend import edits_of
from cyclspec.language.syntax.mistakes.explain import HABITS
from cyclspec.language.syntax.mistakes.habits import MADE

MISTAKES = (
    *mistakes.MISTAKES,
    *mistakes_in_audits.MISTAKES,
    *mistakes_in_declarations.MISTAKES,
    *mistakes_with_surveys.MISTAKES,
)
_WRITE = re.compile(r"write `([^`]+)`|did you mean `([^`]+)`\?")
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
    return {mistake.name: checked_in(folder, mistake.text) for mistake in MISTAKES}


def checked_in(folder: Path, text: str) -> pipeline.Checked:
    """A text checked where it can import the library; files are shown by their path from there."""
    (folder / "main.cycl").write_text(text, encoding="utf-8")
    with contextlib.chdir(folder):
        return pipeline.check(Path("main.cycl"))


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


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda m: m.name)
def test_what_a_help_says_to_write_can_be_written_and_mends_the_mistake(
    mistake: Mistake, checked: dict[str, pipeline.Checked], folder: Path
) -> None:
    told = checked[mistake.name].diagnostics[0]
    said = _WRITE.match(told.helps[0]) if told.helps else None
    if said is None:
        assert not (told.helps and told.helps[0].startswith("write `")), told.helps
        return
    edits = edits_of(told)
    assert edits
    mended = applied(mistake.text, edits)
    if told.code not in ("CY0013", "CY0406") and "..." not in said[0]:
        assert "".join((said[1] or said[2]).split()) in "".join(mended.split())
    again = checked_in(folder, mended)
    same = [found for found in again.diagnostics if (found.code, found.message) == (told.code, told.message)]
    assert told.span is not None
    assert all(found.span is not None and found.span.start > told.span.start for found in same), shown(again)


def test_the_words_of_every_habit_are_filled_in() -> None:
    for habit in HABITS:
        groups = dict.fromkeys(habit.pattern.groupindex, "x")
        known = groups | dict.fromkeys(MADE, "x")
        for template in (habit.sentence, habit.put or "", habit.help, habit.label):
            template.format_map(known)


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
