"""Defaults are written out: what means the same has the same hash, and the canonical form means what its text means."""

from __future__ import annotations

from pathlib import Path

import pytest
from spec_files import GOOD, SHIPPED, codes, module_of, name_of

from cyclspec import pipeline
from cyclspec.language.canonical.closure import hash_audit
from cyclspec.language.canonical.defaults import completed
from cyclspec.language.canonical.form import reshaped
from cyclspec.language.canonical.hashes import Hashes, complete, module_hash
from cyclspec.language.format.printer import print_module

PROGRAM = """cycl 1

scale mood : ordinal { low = 1 "low", high = 2 "high" }
axis place : nominal { here, there }
panel models { model tiny = demo() }

corpus town {
  title = "A town"
  table items  { source = jsonl("items.jsonl")  item : key  question : text  options : scale(ordinal, 2..4) }
  table people { source = csv("people.csv")     person : key  place : place  weight : real }
}
target citizens { axes = [place]  rows = town.people }

prompt told(item: town.items, n: count = 3) -> choice(item.options) {
  user "{n}: {item.question}\\n{item.options|lettered}"
}
prompt tale(place: place) -> text { user "{place}?" }
metric near(p: dist(S), q: dist(S), by: real = 0.5) -> share = by * (sum over option of abs(p - q))

audit main {
  each item   in town.items
  each place  in place
  each person in sample(holdout(town.people, share = 20%), n = 5)
  each repeat in 1..2
  each model  in models

  ask reply = told(item) { model = model, read = first_token }
  ask drawn = told(item) { model = model, per = [repeat], read = sampled, missing = drop }
  ask story = tale(place) {
    model = model, per = [person, repeat], read = text, missing = drop
    history = turns(along = repeat, last = 2)
  }

  let parted = near(reply, uniform(item.options))
  let alike  = cohen_kappa(raters = repeat) over item, repeat of drawn

  measure far by model : share = mean over item of parted { interval = bootstrap(over = item) }
  check mass = (min over item of reply.mass) >= 0.5
}
"""

SAME = [
    ("read = first_token", "read = first_token(labels = letters)"),
    ("read = first_token", "read = first_token(variants = exact, labels = letters)"),
    ("model = model, read = first_token", "read = first_token, model = model"),
    ("model = model, read = first_token", "model = model, per = [], read = first_token"),
    ("read = sampled", "read = sampled()"),
    ("read = sampled", "read = sampled(max_tokens = 64)"),
    ("read = sampled", "read = sampled(top_p = 1.0, temperature = 1.0)"),
    ("read = sampled", "read = sampled, parse = [leading_letter, labelled, option_text]"),
    ("read = text", "read = text(max_tokens = 256)"),
    ("n = 5)", "strata = [], n = 5)"),
    ("share = 20%)", 'name = "", share = 20%)'),
    ("turns(along = repeat, last = 2)", "turns(last = 2, along = repeat)"),
    ("bootstrap(over = item)", "bootstrap(over = item, level = 95%)"),
    ("bootstrap(over = item)", "bootstrap(draws = 2000, over = item)"),
    ("cohen_kappa(raters = repeat)", "cohen_kappa(weights = none, raters = repeat)"),
    ("mass) >= 0.5", "mass) >= 0.5 { on_fail = withhold }"),
    ("mass) >= 0.5", 'mass) >= 0.5 { because = "little is left" }'),
    ("mass) >= 0.5", "mass) >= 0.5 { }"),
    ("audit main {", "audit main {\n  seed = 0"),
    ("audit main {", "audit main {\n  count_missing = false\n  offer_missing = false"),
    ("rows = town.people", "min_n = 0  rows = town.people"),
    ('source = csv("people.csv")', 'tolerance = 0.005  source = csv("people.csv")'),
    ('low = 1 "low"', 'low = 1'),
    ("{ here, there }", '{ here = "here", there "there" }'),
]  # fmt: skip

# What hashes of audits cover and the hash of a file does not: the spelling of calls and of imported names.
SPELT_OTHERWISE = [
    ("told(item) { model = model, read", "told(item, 3) { model = model, read"),
    ("told(item) { model = model, read", "told(n = 3, item = item) { model = model, read"),
    ("near(reply, uniform(item.options))", "near(q = uniform(item.options), p = reply)"),
    ("near(reply, uniform(item.options))", "near(reply, uniform(item.options), by = 0.5)"),
]  # fmt: skip

OTHER = [
    ("read = first_token", "read = first_token(labels = numbers)"),
    ("read = sampled", "read = sampled(max_tokens = 63)"),
    ("share = 20%)", "share = 21%)"),
    ("share = 20%)", 'share = 20%, name = "tuning")'),
    ("share = 20%)", "share = 20%, cluster = place)"),
    ("holdout(", "rest("),
    ("read = sampled", "read = sampled, parse = [labelled, leading_letter, option_text]"),
    ("told(item) { model = model, read", "told(item, 4) { model = model, read"),
    ("bootstrap(over = item)", "bootstrap(over = item, level = 90%)"),
    ("near(reply, uniform(item.options))", "near(uniform(item.options), reply)"),
    ("near(reply, uniform(item.options))", "near(reply, uniform(item.options), 0.4)"),
    ("mass) >= 0.5", "mass) >= 0.5 { on_fail = warn }"),
    ("{ here, there }", '{ here = "h", there }'),
    ("{ here, there }", '{ here "Here", there }'),
]  # fmt: skip


def hashes_of(folder: Path, old: str = "", new: str = "") -> Hashes:
    assert old in PROGRAM, old
    path = folder / "main.cycl"
    path.write_text(PROGRAM.replace(old, new, 1) if old else PROGRAM, encoding="utf-8")
    checked = pipeline.check(path)
    assert set(codes(checked)) <= {"CY0206"}, checked.diagnostics
    return hash_audit(checked.require(), "main", tables={}, models={})


@pytest.mark.parametrize(("old", "new"), SAME)
def test_a_default_that_is_spelt_moves_no_hash(old: str, new: str, tmp_path: Path) -> None:
    assert hashes_of(tmp_path, old, new) == hashes_of(tmp_path)


@pytest.mark.parametrize(("old", "new"), SPELT_OTHERWISE)
def test_an_argument_that_is_given_otherwise_moves_no_hash_of_an_audit(
    old: str, new: str, tmp_path: Path
) -> None:
    one, other = hashes_of(tmp_path), hashes_of(tmp_path, old, new)
    assert (one.design, one.score) == (other.design, other.score)
    assert one.module != other.module


@pytest.mark.parametrize(("old", "new"), OTHER)
def test_what_is_no_default_moves_the_score(old: str, new: str, tmp_path: Path) -> None:
    one, other = hashes_of(tmp_path), hashes_of(tmp_path, old, new)
    assert one.score != other.score
    assert one.module != other.module


@pytest.mark.parametrize("path", [*GOOD, *SHIPPED], ids=name_of)
def test_a_program_with_its_defaults_written_out_means_the_same(path: Path) -> None:
    """The canonical form, printed, is the same program to the checker; and nothing is written out twice."""
    tree = module_of(path.read_text(encoding="utf-8"))
    whole = reshaped(tree, completed)
    assert reshaped(whole, completed) == whole
    assert module_hash(whole) == module_hash(tree)
    plain, written = (
        pipeline.check(path, texts={path.resolve(): print_module(one)}) for one in (tree, whole)
    )
    assert codes(written) == codes(plain)
    assert written.require().audits == plain.require().audits
    assert written.require().panels == plain.require().panels
    assert written.require().targets == plain.require().targets


def test_canonical_json_has_every_default() -> None:
    data = complete(module_of(PROGRAM))
    audit = next(decl for decl in data["decls"] if decl["kind"] == "audit")
    asks = {s["name"]: s for s in audit["statements"] if s["kind"] == "ask"}
    assert [field["name"] for field in asks["reply"]["fields"]] == ["model", "per", "read"]
    read = next(field["value"] for field in asks["reply"]["fields"] if field["name"] == "read")
    assert [(arg["name"], arg["value"]["name"]) for arg in read["args"]] == [
        ("labels", "letters"),
        ("variants", "exact"),
    ]
    assert [field["name"] for field in audit["fields"]] == ["count_missing", "offer_missing", "seed"]
    check = next(s for s in audit["statements"] if s["kind"] == "check")
    assert [(field["name"], field["value"]["name"]) for field in check["fields"]] == [("on_fail", "withhold")]
