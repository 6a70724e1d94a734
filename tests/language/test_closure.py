"""What the hashes of an audit cover follows what its names mean: a spelling alone covers nothing and hides nothing."""

from __future__ import annotations

from pathlib import Path

import pytest
from spec_files import GOOD, SHIPPED, name_of

from cyclspec import pipeline
from cyclspec.language.canonical.closure import ASKED, hash_audit, reached
from cyclspec.language.canonical.hashes import Hashes
from cyclspec.language.syntax import tree as t

ONE = """cycl 1
axis zone : nominal { cold "the cold zone", warm }
axis side : nominal { east { zone = cold }  west { zone = warm } }
corpus towns {
  table items { source = jsonl("items.jsonl")  item : key  question : text  theme : nominal(family, half, repeats)
                options : scale(ordinal, 2..4) }
  table people  { source = csv("people.csv")   person : key  side : side }
  table answers { source = csv("answers.csv")  item : ref(items)  person : ref(people)  value : choice(item.options) }
}
prompt told(item: towns.items, side: side) -> choice(item.options) {
  user "In {side.zone}: {item.question}\\n{item.options|lettered}"
}
metric half(p: dist(S), q: dist(S)) -> share = 0.5 * whole(p, q)
metric whole(p: dist(S), q: dist(S)) -> share = sum over option of abs(p - q)
"""
OTHER = """cycl 1
import { towns, side } from "one.cycl"
prompt told(item: towns.items, side: side) -> choice(item.options) {
  user "{item.question}\\n{item.options|lettered}\\n({side})"
}
metric half(p: dist(S), q: dist(S)) -> share = 0.5 * whole(p, q)
metric whole(p: dist(S), q: dist(S)) -> share = max over option of abs(p - q)
"""
MAIN = """cycl 1
import "one.cycl" as one
import "other.cycl" as other

param most    : count = 9
param repeats : count = 2 where repeats in 1..most

metric family(p: dist(S), q: dist(S)) -> share = one.half(p, q)

panel pair {
  factor kind    : nominal
  factor release : nominal
  model a = demo() { kind = family, release = later }
  model b = demo() { kind = main,   release = early }
}

audit later {
  each item in one.towns.items where item.theme == half
}

audit main {
  each item   in one.towns.items where item.theme in [family, level.repeats]
  each side   in one.side
  each repeat in 1..repeats
  each model  in pair

  ask reply = one.told(item, side)   { model = model, per = [repeat], read = first_token }
  ask again = other.told(item, side) { model = model, read = first_token }

  let people = share over person by side of one.towns.answers.value

  measure far   by model : share = mean over item, side, repeat of family(reply, people)
  measure near  by model : share = mean over item, side of other.half(again, people)
  check mass = (min over item, side, repeat of reply.mass) >= 0.5
  check more = (min over item, side of again.mass) >= 0.5
}
"""
FILES = {"one.cycl": ONE, "other.cycl": OTHER, "main.cycl": MAIN}


def hashes_of(folder: Path, *edits: tuple[str, str, str]) -> Hashes:
    """The hashes of the audit after replacements, each in one file."""
    texts = dict(FILES)
    for file, old, new in edits:
        assert old in texts[file], old
        texts[file] = texts[file].replace(old, new)
    for file, text in texts.items():
        (folder / file).write_text(text, encoding="utf-8")
    return hash_audit(pipeline.check(folder / "main.cycl").require(), "main", tables={}, models={})


def moved(folder: Path, *edits: tuple[str, str, str]) -> set[str]:
    one, other = hashes_of(folder), hashes_of(folder, *edits)
    return {name for name in ("module", "design", "score") if getattr(one, name) != getattr(other, name)}


@pytest.mark.parametrize(
    ("old", "new", "moves"),
    [
        ("one.half(p, q)", "0.9 * one.half(p, q)", {"module", "score"}),
        ("where item.theme == half\n", "where item.theme == family\n", {"module"}),
        ("audit later {", "audit later {\n  seed = 4", {"module"}),
        ("most    : count = 9", "most    : count = 8", {"module"}),
        ("repeats : count = 2", "repeats : count = 3", {"module", "design", "score"}),
        ("kind = main", "kind = other", {"module", "design", "score"}),
        ("release = early", "release = late", {"module", "design", "score"}),
    ],
)
def test_a_word_covers_what_it_means_and_not_what_is_called_so(
    old: str, new: str, moves: set[str], tmp_path: Path
) -> None:
    """`family`, `half` and `repeats` are levels of a theme, `family`, `later` and `main` levels of factors."""
    assert moved(tmp_path, ("main.cycl", old, new)) == moves


def test_an_attribute_covers_the_axis_that_its_words_are_of(tmp_path: Path) -> None:
    assert moved(tmp_path, ("one.cycl", "the cold zone", "the far north")) == {"design", "score"}


def test_another_alias_or_way_of_importing_moves_the_module_alone(tmp_path: Path) -> None:
    assert moved(
        tmp_path, ("main.cycl", "as one", "as first"), ("main.cycl", "one.", "first."),
        ("main.cycl", '"first.cycl"', '"one.cycl"'),
    ) == {"module"}  # fmt: skip
    imported = (
        "main.cycl",
        'import "one.cycl" as one\n',
        'import "one.cycl" as one\nimport { side } from "one.cycl"\n',
    )
    assert moved(tmp_path, imported, ("main.cycl", "in one.side", "in side")) == {"module"}


SWAP = (
    ("main.cycl", 'import "one.cycl" as one\nimport "other.cycl" as other', 'import "x.cycl" as other'),
    ("main.cycl", 'import "x.cycl" as other', 'import "one.cycl" as other\nimport "other.cycl" as one'),
    ("main.cycl", "one.towns", "other.towns"),
    ("main.cycl", "one.side", "other.side"),
)


def test_two_aliases_that_change_places_ask_and_measure_something_else(tmp_path: Path) -> None:
    """Each name is still spelt as before and both declarations are still reached, the one where the other was."""
    assert moved(tmp_path, *SWAP) == {"module", "design", "score"}
    undone = [
        ("main.cycl", "one.told", "x.told"),
        ("main.cycl", "other.told", "one.told"),
        ("main.cycl", "x.told", "other.told"),
    ]
    assert moved(tmp_path, *SWAP, *undone) == {"module", "score"}
    halves = [
        ("main.cycl", "one.half", "x.half"),
        ("main.cycl", "other.half", "one.half"),
        ("main.cycl", "x.half", "other.half"),
    ]
    assert moved(tmp_path, *SWAP, *undone, *halves) == {"module"}


@pytest.mark.parametrize("path", [*GOOD, *SHIPPED], ids=name_of)
def test_no_question_reaches_a_metric_or_an_audit(path: Path) -> None:
    """Editing a metric asks nothing."""
    context = pipeline.check(path).require()
    for name in context.audits:
        audit = context.program.main.decls[name]
        assert isinstance(audit, t.Audit)
        found = reached(context, [s for s in audit.statements if isinstance(s, ASKED)])
        assert not [decl for decl in found.values() if isinstance(decl, t.Metric | t.Audit)]
