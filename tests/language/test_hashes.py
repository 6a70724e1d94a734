"""What moves the hashes of an audit: questions move the design, readings move the score, prose moves nothing."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path

import pytest
from spec_files import TESTS

from cyclspec import pipeline
from cyclspec.language.canonical.closure import hash_audit
from cyclspec.language.canonical.hashes import Hashes, run_hash

AUDIT = """## About it.
cycl 1

import "lib/town.cycl" as survey
import { town } from "lib/town.cycl"

param repeats : count = 3
param least   : share = 0.5
param kept    : survey.town = mill
param start   : count = 7

axis idle : nominal { a, b }

metric half(p: dist(S), q: dist(S)) -> share = 0.5 * (sum over option of abs(p - q))
metric unused(p: dist(S)) -> share = max over option of p

## An audit.
audit main {
  title = "A title"
  seed  = start

  each item   in survey.towns.items where item.theme == streets
  each town   in town
  each repeat in 1..repeats
  each model  in survey.pair

  ask reply = survey.neighbour(item, town, lang = en) {
    model = model, per = [repeat], read = first_token(labels = letters)
  }

  let people = share over person by town of survey.towns.answers.value
  let gap    = half(reply, people)

  ## How far apart.
  measure far by model : share = mean over item, town, repeat of gap { better = lower }

  check mass = (min over item, town, repeat of reply.mass) >= least { on_fail = warn, because = "little" }
}
"""
LIBRARY = (TESTS / "good" / "lib" / "town.cycl").read_text(encoding="utf-8")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    shutil.copytree(TESTS / "good" / "lib", tmp_path / "lib")
    return tmp_path


def hashes_of(
    folder: Path,
    text: str = AUDIT,
    library: str = LIBRARY,
    params: Mapping[str, str] | None = None,
    tables: Mapping[str, str] | None = None,
    models: Mapping[str, str] | None = None,
) -> Hashes:
    (folder / "main.cycl").write_text(text, encoding="utf-8")
    (folder / "lib" / "town.cycl").write_text(library, encoding="utf-8")
    context = pipeline.check(folder / "main.cycl", params).require()
    return hash_audit(context, "main", tables=tables or {}, models=models or {})


def moved(before: Hashes, after: Hashes) -> str:
    design, score = before.design != after.design, before.score != after.score
    assert score or not design, "a score covers its design"
    return "design" if design else "score" if score else "nothing"


def swap(text: str, old: str, new: str) -> str:
    assert old in text, old
    return text.replace(old, new)


IN_THE_AUDIT = [
    ("nothing", "## About it.", "## About something else."),
    ("nothing", "## An audit.", "# An audit, in a comment."),
    ("nothing", '"A title"', '"Another title"'),
    ("nothing", '"little"', '"very little"'),
    ("nothing", "  ## How far apart.\n", ""),
    ("nothing", "  each town   in town\n", "  each   town in town # towns\n"),
    ("nothing", "axis idle : nominal { a, b }", "axis idle : nominal { a, b, c }"),
    ("nothing", "max over option of p", "min over option of p"),
    ("nothing", "0.5 * (sum over option of abs(p - q))", "(0.5) * ((sum over option of (abs((p - q)))))"),
    ("score", "0.5 * (sum", "0.4 * (sum"),
    ("score", "let gap    = half(reply, people)", "let gap    = half(people, reply)"),
    ("score", "mean over item, town, repeat of gap", "max over item, town, repeat of gap"),
    ("score", "measure far by model", "measure farther by model"),
    ("score", "better = lower", "better = higher"),
    ("score", "reply.mass) >= least", "reply.mass) > least"),
    ("score", "on_fail = warn", "on_fail = stop"),
    ("score", "least   : share = 0.5", "least   : share = 0.6"),
    ("score", "  check mass", "  let more = 1\n  check mass"),
    ("score", '  title = "A title"\n', "  count_missing = true\n"),
    ("design", '  title = "A title"\n', "  offer_missing = true\n"),
    ("design", "start   : count = 7", "start   : count = 8"),
    ("design", "seed  = start", "seed  = 8"),
    ("design", "repeats : count = 3", "repeats : count = 4"),
    ("design", "item.theme == streets", "item.theme == schools"),
    ("design", "each town   in town", "each town   in town where town != ridge"),
    ("design", "lang = en", "lang = fr"),
    ("design", "labels = letters", "labels = numbers"),
]  # fmt: skip
IN_THE_LIBRARY = [
    ("nothing", 'licence = "CC0-1.0"', 'licence = "MIT"'),
    ("nothing", 'title   = "Three towns"', 'title   = "Towns"'),
    ("nothing", "## A made-up survey", "## An invented survey"),
    ("nothing", "axis age", "scale mood : ordinal { low, high }\naxis age"),
    ("design", "You live in {town}.", "You are from {town}."),
    ("design", "One letter, please.", "One letter."),
    ("design", "harbour = 1", "harbour = 4"),
    ("design", '"Mill"', '"The Mill"'),
    ("design", "side = coast", "side = sea"),
    ("design", 'local("models/second")', 'local("models/third")'),
    ("design", "scale(ordinal, 2..7)", "scale(ordinal, 2..8)"),
    ("design", 'jsonl("items.jsonl")', 'jsonl("other.jsonl")'),
]  # fmt: skip


@pytest.mark.parametrize(("what", "old", "new"), IN_THE_AUDIT, ids=lambda v: " ".join(v.split()))
def test_a_change_of_the_audit_moves_the_hash_that_covers_it(
    what: str, old: str, new: str, folder: Path
) -> None:
    assert moved(hashes_of(folder), hashes_of(folder, swap(AUDIT, old, new))) == what


@pytest.mark.parametrize(("what", "old", "new"), IN_THE_LIBRARY, ids=lambda v: " ".join(v.split()))
def test_a_change_of_what_is_imported_moves_the_hash_that_covers_it(
    what: str, old: str, new: str, folder: Path
) -> None:
    assert moved(hashes_of(folder), hashes_of(folder, library=swap(LIBRARY, old, new))) == what


@pytest.mark.parametrize(
    ("what", "params"),
    [
        ("nothing", {"repeats": "3"}),
        ("nothing", {"least": "50%"}),
        ("nothing", {"kept": "ridge"}),
        ("score", {"least": "60%"}),
        ("design", {"repeats": "4"}),
        ("design", {"start": "8"}),
    ],
    ids=str,
)
def test_a_parameter_moves_the_hash_of_what_uses_it(what: str, params: dict[str, str], folder: Path) -> None:
    assert moved(hashes_of(folder), hashes_of(folder, params=params)) == what


def test_statements_and_declarations_have_no_order(folder: Path) -> None:
    head, _, rest = AUDIT.partition("  each town   in town\n")
    statements = swap(head + rest, "\n  let people", "\n  each town   in town\n\n  let people")
    assert moved(hashes_of(folder), hashes_of(folder, statements)) == "nothing"
    axis = "axis idle : nominal { a, b }\n"
    metric = AUDIT[AUDIT.index("metric half") :].split("\n", maxsplit=1)[0]
    declarations = swap(swap(AUDIT, metric + "\n", ""), axis, f"{metric}\n{axis}")
    assert moved(hashes_of(folder), hashes_of(folder, declarations)) == "nothing"


def test_names_of_files_leave_no_trace(folder: Path) -> None:
    before = hashes_of(folder)
    shutil.copy(folder / "lib" / "town.cycl", folder / "lib" / "renamed.cycl")
    assert moved(before, hashes_of(folder, AUDIT.replace("lib/town.cycl", "lib/renamed.cycl"))) == "nothing"


def test_digests_of_data_and_replaced_models_move_the_design(folder: Path) -> None:
    before = hashes_of(folder)
    assert moved(before, hashes_of(folder, tables={"towns.items": "0" * 64})) == "design"
    assert moved(before, hashes_of(folder, tables={"elsewhere.items": "0" * 64})) == "nothing"
    assert moved(before, hashes_of(folder, models={"first": "local:x"})) == "design"


def test_the_run_hash_covers_the_environment(folder: Path) -> None:
    score = hashes_of(folder).score
    assert run_hash(score, {"device": "cpu"}) != run_hash(score, {"device": "gpu"})
    assert run_hash(score, {"a": 1, "b": 2}) == run_hash(score, {"b": 2, "a": 1})


def test_an_import_is_pinned_by_the_hash_of_its_meaning(folder: Path) -> None:
    context = pipeline.check(folder / "lib" / "town.cycl").require()
    pin = f'import "lib/town.cycl" as survey hash sha256:{context.program.main.hash[:16]}'
    pinned = swap(AUDIT, 'import "lib/town.cycl" as survey', pin)
    hashes_of(folder, pinned, LIBRARY.replace("## A made-up survey", "## Another comment"))
    (folder / "lib" / "town.cycl").write_text(swap(LIBRARY, '"Mill"', '"Windmill"'), encoding="utf-8")
    assert [d.code for d in pipeline.check(folder / "main.cycl").diagnostics] == ["CY0105"]
