"""One mistake is one message, and a mistake never hides another.

Every statement, declaration and import of the good programs is broken in turn: whatever names what is broken stays
quiet, and the rest of the file is still checked.
"""

from __future__ import annotations

import random
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from spec_files import GOOD, ROOT, SHIPPED, TESTS, check_text, codes, shown

from cyclspec import pipeline
from cyclspec.cli.main import REFUSED
from cyclspec.language.syntax.pieces import DECLARATIONS, IMPORTS, STATEMENTS, Piece, cut
from cyclspec.language.types.locked import unpinned

CASES, SHARDS = 80, 2
LAID_OUT_TO_CONFUSE = {"layout.cycl"}
_HEAD = re.compile(r"\b(" + "|".join((*IMPORTS, *DECLARATIONS, *STATEMENTS)) + r")\b\s*")
_PATH = re.compile(r'"(?=[^"]*\.cycl")|std\.')


def broken(text: str, piece: Piece) -> Iterator[str]:
    """The text with one piece that does not parse, cannot be imported, or stands there twice."""
    written = text[piece.start : piece.end]
    head = _HEAD.match(written)
    if head is None:
        return
    if head[1] in IMPORTS:
        place = _PATH.search(written)
        made = None if place is None else f"{written[: place.end()]}no_such_{written[place.end() :]}"
    else:
        names = re.compile(r"[\w, ]*").match(written, head.end())
        assert names is not None
        made = f"{written[: names.end()]} ] {written[names.end() :]}"
    if made is not None:
        yield text[: piece.start] + made + text[piece.end :]
    if head[1] in DECLARATIONS:
        whole = written.rstrip()
        yield f"{text[: piece.start]}{whole}\n{whole}\n{text[piece.end :]}"


@pytest.fixture(scope="module")
def mistakes(tmp_path_factory: pytest.TempPathFactory) -> list[tuple[Path, str]]:
    """Texts with one mistake each, with the place where each can import what it imports."""
    folder = tmp_path_factory.mktemp("copies")
    for path in (*GOOD, *SHIPPED):
        target = folder / path.relative_to(TESTS if path.is_relative_to(TESTS) else ROOT)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, target)
    made: list[tuple[Path, str]] = []
    for path in sorted(folder.rglob("*.cycl")):
        if path.name in LAID_OUT_TO_CONFUSE:
            continue
        text = path.read_text(encoding="utf-8")
        made.extend((path, wrong) for piece in cut(text)[1:] for wrong in broken(text, piece))
    return random.Random(11).sample(made, min(CASES, len(made)))


@pytest.mark.parametrize("shard", range(SHARDS))
def test_one_mistake_is_one_message_and_the_rest_is_checked(
    mistakes: list[tuple[Path, str]], shard: int
) -> None:
    for path, text in mistakes[shard::SHARDS]:
        mutant = path.with_name("mutant.cycl")
        mutant.write_text(text, encoding="utf-8")
        checked = pipeline.check(mutant)
        mutant.unlink()
        assert len(checked.diagnostics) == 1, f"{path.name}\n{shown(checked)}"
        assert checked.context is not None, f"{path.name}\n{shown(checked)}"


TWO = "cycl 1\n{first}\naxis town : nominal {{ mill, ridge }}\naudit a {{ each place in town where place == mil }}\n"
EARLIER = {
    "an import of a file that is not there": ('import "gone.cycl" as x', "CY0014"),
    "an import of a name that is not there": ('import { gone } from "other.cycl"', "CY0101"),
    "an import of a file that is broken": ('import "broken.cycl" as x', "CY0012"),
    "an unknown module of the standard library": ("import std.metric as m", "CY0101"),
    "a pin that does not match": ('import std.metrics as m version "2"', "CY0105"),
    "an import that cannot be read": ("import { a b } from x", "CY0012"),
    "a declaration that cannot be read": ("scale mood ordinal { low }", "CY0012"),
    "a declaration that is given twice": ("param p : real = 1\nparam p : real = 2", "CY0102"),
    "an import after a declaration": ("param p : real = 1\nimport std.metrics as m", "CY0012"),
}


@pytest.mark.parametrize(("first", "code"), EARLIER.values(), ids=EARLIER)
def test_a_mistake_of_an_earlier_stage_hides_no_later_one(first: str, code: str, tmp_path: Path) -> None:
    (tmp_path / "other.cycl").write_text("cycl 1\naxis age : nominal { young, old }\n")
    (tmp_path / "broken.cycl").write_text("cycl 1\nparam p : real = 1 + * 2\n")
    found = sorted(codes(check_text(tmp_path, TWO.format(first=first))))
    assert found == sorted([code, "CY0101"])


def test_what_stands_behind_a_broken_name_of_an_import_is_quiet(tmp_path: Path) -> None:
    (tmp_path / "other.cycl").write_text(
        "cycl 1\naxis age : nominal { young old ) }\naxis town : nominal { mill }\n"
    )
    text = 'cycl 1\nimport "other.cycl" as o\naudit a { each age in o.age each town in o.town each x in o.gone }\n'
    found = check_text(tmp_path, text)
    assert sorted(codes(found)) == ["CY0012", "CY0101"]
    assert "`gone`" in shown(found)


def test_a_parameter_that_was_bound_to_nonsense_is_told_of_once(tmp_path: Path) -> None:
    checked = check_text(tmp_path, "cycl 1\nparam cut : share\nparam other : shares = 1\n", {"cut": "1 +"})
    assert sorted(codes(checked)) == ["CY0012", "CY0101"]


@pytest.mark.parametrize("condition", ["lost and town == mill", "town == mill or lost", "not lost"])
def test_a_condition_with_an_unknown_part_has_unknown_axes(condition: str, tmp_path: Path) -> None:
    text = f"""cycl 1
axis town : nominal {{ mill, ridge }}
axis size : ordinal(years) {{ few = 1, many = 5 }}
audit a {{
  each town in town
  each size in size
  let lost = gone > 0
  measure counted by size : count = sum over town of {condition}
}}
"""
    assert codes(check_text(tmp_path, text)) == ["CY0101"]


def test_statements_that_forgot_their_audit_are_told_of_once(tmp_path: Path) -> None:
    text = "cycl 1\naxis town : nominal { mill }\neach a in town\neach b in town\nlet c = 1\n"
    assert codes(check_text(tmp_path, text)) == ["CY0010"]


# ---- what `--locked` refuses

SPEC = """cycl 1
import std.metrics as m{version}
import "other.cycl" as o{pin}
import {{ age }} from "other.cycl"{pin}
"""


def locked(folder: Path, version: str, pin: str) -> list[str]:
    (folder / "other.cycl").write_text("cycl 1\naxis age : nominal { young, old }\n")
    path = folder / "main.cycl"
    path.write_text(SPEC.format(version=version, pin=pin))
    assert pipeline.check(path).diagnostics == ()
    return [d.help for d in pipeline.check(path, locked=True).diagnostics if d.code == "CY0109"]


def test_locked_refuses_every_import_without_a_pin_and_says_which_pin(tmp_path: Path) -> None:
    helps = locked(tmp_path, "", "")
    assert len(helps) == 3
    pin = re.search(r"hash sha256:[0-9a-f]{12}", helps[1])
    assert helps[0].splitlines()[0] == 'add `version "1"`'
    assert helps[0].splitlines()[1].startswith("or run `cyclspec lock ")
    assert pin is not None
    assert locked(tmp_path, ' version "1"', f" {pin[0]}") == []


def test_locked_refuses_a_table_without_a_hash_in_any_module(tmp_path: Path) -> None:
    table = 'cycl 1\ncorpus c {{ table t {{ source = csv("t.csv"){hash} item : key }} }}\n'
    (tmp_path / "data.cycl").write_text(table.format(hash=""))
    path = tmp_path / "main.cycl"
    path.write_text('cycl 1\nimport "data.cycl" as d hash sha256:000000000000\n')
    found = pipeline.check(path, locked=True).diagnostics
    assert sorted(d.code for d in found) == ["CY0105", "CY0109"]
    assert next(d for d in found if d.code == "CY0109").message == "`c.t` is not pinned"
    (tmp_path / "main.cycl").write_text(table.format(hash=" hash = sha256:000000000000"))
    assert pipeline.check(path, locked=True).diagnostics == ()


def test_the_standard_library_needs_no_pins_of_its_own(tmp_path: Path) -> None:
    path = tmp_path / "main.cycl"
    modules = sorted((ROOT / "specs" / "std").glob("*.cycl"))
    path.write_text(
        "cycl 1\n" + "".join(f'import std.{p.stem} as x{n} version "1"\n' for n, p in enumerate(modules))
    )
    checked = pipeline.check(path)
    assert list(unpinned(checked.require(), (), ())) == []


def test_the_command_refuses_with_its_own_exit_code(tmp_path: Path) -> None:
    from click.testing import CliRunner

    from cyclspec.cli.check import command

    path = tmp_path / "main.cycl"
    path.write_text("cycl 1\nimport std.metrics as m\n")
    assert CliRunner().invoke(command, [str(path)]).exit_code == 0
    refused = CliRunner().invoke(command, ["--locked", str(path)])
    assert refused.exit_code == REFUSED
    assert "error[CY0109]: `std.metrics` is not pinned" in refused.output


def test_an_ask_that_is_given_again_without_a_reader_is_told_of(tmp_path: Path) -> None:
    text = """cycl 1
axis town : nominal { mill "the mill", ridge "the ridge" }
prompt p(town: town) -> choice(town) { user "{town}?" }
panel models { model a = demo() }
audit one {
  each town  in town
  each model in models
  ask reply = p(town) { model = model, read = first_token }
  ask reply = p(town)
}
"""
    found = [d.code for d in check_text(tmp_path, text).errors]
    assert found[0] == "CY0102" and set(found) <= {"CY0102", "CY0111"}


def test_a_second_check_of_a_file_tells_what_the_first_told(tmp_path: Path) -> None:
    text = 'cycl 1\nimport "absent.cycl" as other\nprompt say(town: other.town) -> text { user "{town}?" }\n'
    assert codes(check_text(tmp_path, text)) == codes(check_text(tmp_path, text)) == ["CY0014"]
