"""What is offered where: by place, by expected type, and in texts that are broken around the cursor."""

from __future__ import annotations

from pathlib import Path

import pytest
from marked import PROMPTS, QUICKSTART, SURVEY, Marked, at, written

from cyclspec import pipeline
from cyclspec.language.types import templates
from cyclspec.language.types.declared import TYPE_NAMES
from cyclspec.language.types.draws import CONSTRUCTED
from cyclspec.language.types.panels import PLACES
from cyclspec.language.types.readers import PARSERS
from cyclspec.language.types.tables import FORMATS
from cyclspec.lsp import words

THEMES = {"family", "work", "trust", "community", "future"}
COUNTRIES = {"vestrilo", "zephrune", "wexarro", "quorlith", "yimbrava", "fizzomar"}
REDUCTION = "mean over item of 1 - m.js_distance(reply, human)"
READ = "read  = first_token(labels = letters)"


def first(marked: Marked, wanted: set[str]) -> None:
    """What fits is offered before all else."""
    assert set(marked.complete()[: len(wanted)]) == wanted


@pytest.mark.parametrize(
    ("old", "new", "wanted"),
    [
        ("m.js_distance(reply", "m.¦", {"tv", "jsd", "js_distance", "emd_norm", "kl", "entropy"}),
        ("m.js_distance(reply", "m.js¦_distance(reply", {"jsd", "js_distance"}),
        ("item.options", "item.¦", {"theme", "question", "options", "battery", "item"}),
        ("survey.invented.items", "survey.¦", {"country", "age", "gender", "invented"}),
        ("survey.invented.items", "survey.invented.¦", {"items", "people", "answers"}),
        ("person.weight", "person.¦", {"weight", "country", "age"}),
        ("of survey.invented.answers.value", "of survey.invented.answers.¦", {"item", "person", "value"}),
        ("reply.mass", "reply.¦", {"mass"}),
        ("import std.metrics", "import std.¦", {"metrics"}),
    ],
)
def test_behind_a_dot_stand_the_members_of_what_is_before_it(old: str, new: str, wanted: set[str]) -> None:
    offered = at(QUICKSTART, old, new).complete()
    assert wanted <= set(offered)
    assert not {"mean", "audit", "abs"} & set(offered)


PANEL = "panel models {\n  model tiny = demo()\n}"
FACTORS = """panel models {
  factor origin : nominal { north, south }
  factor size   : ordinal(parameters)
  model tiny = demo() { origin = north, size = 500k }
}"""


@pytest.mark.parametrize(
    ("statement", "wanted"),
    [
        ("mean over item of (if model.¦ == north then 1 else 0)", {"origin", "size"}),
        ("mean over item, model by ¦ of reply.mass", {"origin", "size", "theme"}),
        ("mean over item of (if model.origin == ¦ then 1 else 0)", {"north", "south"}),
    ],
)
def test_models_have_their_factors(statement: str, wanted: set[str]) -> None:
    text = QUICKSTART.read_text(encoding="utf-8")
    assert PANEL in text
    before = text.replace(PANEL, FACTORS)
    marked = written(QUICKSTART, before.replace(REDUCTION, statement, 1), before)
    assert wanted <= set(marked.complete())


@pytest.mark.parametrize(
    "condition",
    [
        "item.theme == ¦",
        "item.theme == w¦",
        "item.theme != ¦",
        "item.theme in [¦]",
        "item.theme in [work, ¦]",
        "item.theme not in [¦",
    ],
)
def test_where_a_vocabulary_is_expected_its_levels_come_first(condition: str) -> None:
    first(at(QUICKSTART, "survey.invented.items\n", f"survey.invented.items where {condition}\n"), THEMES)


@pytest.mark.parametrize("pick", ["reply.mass[country: ¦]", "reply.mass[country: ¦"])
def test_a_pick_offers_levels_of_its_axis_and_both_ends_where_there_is_an_order(pick: str) -> None:
    offered = at(QUICKSTART, "reply.mass", pick).complete()
    assert set(offered) == COUNTRIES
    text = "each country in survey.country\n"
    ages = at(QUICKSTART, text, f"{text}  each age in survey.age\n  let x = age[age: ¦]\n")
    assert {"first", "last"} <= set(ages.complete())


def test_the_braces_of_an_import_offer_the_names_of_its_file() -> None:
    new = 'import { country, ¦ } from "quickstart/survey.cycl"\nimport { as_resident }'
    offered = at(QUICKSTART, "import { as_resident }", new).complete()
    assert set(offered) == {"age", "gender", "invented"}
    assert "as_resident" in at(QUICKSTART, "{ as_resident }", "{ ¦ }").complete()
    assert at(QUICKSTART, "{ as_resident }", "{ ¦ }").text.count("quickstart/prompts.cycl") == 1
    outside = at(QUICKSTART, '{ as_resident } from "quickstart/', '{ ¦ } from "../../../')
    assert outside.complete() == ()


@pytest.mark.parametrize("value", ["¦", "v¦"])
def test_the_default_of_a_parameter_offers_the_levels_of_its_type(value: str) -> None:
    line = f"param place : survey.country = {value}\npanel models {{"
    offered = at(QUICKSTART, "panel models {", line).complete()
    assert set(offered[:6]) == COUNTRIES


@pytest.mark.parametrize("text", ["¦", "c¦", "\n\n¦", "# a comment\n¦"])
def test_a_file_begins_with_its_edition(text: str, tmp_path: Path) -> None:
    assert written(tmp_path / "new.cycl", text).complete() == ("cycl 1",)
    assert "param" in written(tmp_path / "new.cycl", f"cycl 1\n{text.replace('c', '')}").complete()


@pytest.mark.parametrize(
    ("old", "new", "wanted"),
    [
        (REDUCTION, "mean over ¦", {"item", "country", "model", "person"}),
        (REDUCTION, "mean over item, ¦", {"item", "country", "model", "person"}),
        ("by model, country : share", "by ¦", {"item", "country", "model"}),
        ("by model, country : share", "by model, ¦ : share", {"item", "country", "model"}),
        (
            "over person by country weighted",
            "over person by ¦ weighted",
            {"country", "age", "gender", "weight"},
        ),
        (READ, READ + "\n    per = [¦]", {"item", "country", "model"}),
        ("over = item", "over = ¦", {"item", "country", "model"}),
        ("leave_out = country", "leave_out = ¦", {"item", "country", "model"}),
    ],
)
def test_where_axes_are_named_axes_come_first(old: str, new: str, wanted: set[str]) -> None:
    offered = at(QUICKSTART, old, new).complete()
    assert wanted <= set(offered[: len(wanted) + 3])
    assert "reply" not in offered


@pytest.mark.parametrize(
    ("old", "new", "wanted"),
    [
        (READ, "read = ¦", {"first_token", "option_likelihood", "sampled", "text", "json", "recorded"}),
        (READ, "read = first_token(¦)", {"labels", "variants"}),
        (READ, "read = first_token(labels = ¦)", {"letters", "numbers"}),
        (READ, "read = option_likelihood(¦)", {"normalise", "boundary"}),
        (READ, "read = option_likelihood(boundary = ¦)", {"joint", "harness"}),
        (READ, READ + "\n    missing = ¦", {"drop", "keep", "retry"}),
        (READ, READ + "\n    parse = [¦]", {"leading_letter", "labelled", "option_text", "json"}),
        ("model = model\n", "model = ¦\n", {"model", "models"}),
        ("on_fail = withhold", "on_fail = ¦", {"withhold", "exclude", "warn", "stop"}),
        ("better   = higher", "better = ¦", {"higher", "lower"}),
        ("interval = bootstrap(over", "interval = ¦(over", {"bootstrap"}),
        ("tiny = demo()", "tiny = ¦", {"demo", "hf", "local", "openai"}),
        ("= as_resident(item", "= ¦(item", {"as_resident"}),
    ],
)
def test_a_field_offers_the_values_that_it_takes(old: str, new: str, wanted: set[str]) -> None:
    first(at(QUICKSTART, old, new), wanted)


@pytest.mark.parametrize(
    ("path", "old", "new", "wanted"),
    [
        (QUICKSTART, READ, "¦", {"read", "per", "missing", "history"}),
        (QUICKSTART, "on_fail = withhold", "¦", {"on_fail"}),
        (QUICKSTART, "better   = higher", "¦", {"better", "adjust"}),
        (
            QUICKSTART,
            "  check label_mass",
            "  ¦\n  check label_mass",
            {"each", "ask", "let", "measure", "check"},
        ),
        (QUICKSTART, "panel models {", "¦\npanel models {", {"param", "audit", "corpus", "prompt"}),
        (PROMPTS, "prefix[en]", "¦", {"system", "user", "assistant", "prefix"}),
        (PROMPTS, "prefix[en]", "prefix[¦]", {"en", "zh", "es"}),
        (
            SURVEY,
            'source = jsonl("data/items.jsonl")',
            "¦",
            {"source", "hash", "tolerance", "weight", "strata", "cluster"},
        ),
        (SURVEY, 'source = jsonl("data/items.jsonl")', "source = ¦", {"parquet", "csv", "jsonl", "arrow"}),
        (SURVEY, "{ region = north, training = seen }", "{ ¦ }", {"region", "training"}),
        (SURVEY, "{ region = north, training = seen }", "{ region = ¦ }", {"north", "south"}),
    ],
)
def test_a_block_offers_its_fields_and_parts(path: Path, old: str, new: str, wanted: set[str]) -> None:
    assert wanted <= set(at(path, old, new).complete())


def test_a_field_that_is_given_is_not_offered_again() -> None:
    offered = at(QUICKSTART, READ, READ + "\n    ¦").complete()
    assert "per" in offered
    assert not {"read", "model"} & set(offered)


@pytest.mark.parametrize(
    ("path", "old", "new", "wanted"),
    [
        (SURVEY, "value  : choice(item.options)", "value : ¦", {"country", "choice", "ref", "share"}),
        (SURVEY, "ref(items)", "ref(¦)", {"items", "people", "answers"}),
        (PROMPTS, "-> choice(item.options)", "-> ¦", {"choice", "record", "text", "country"}),
        (PROMPTS, "-> choice(item.options)", "-> choice(¦)", {"item", "country"}),
        (PROMPTS, "-> choice(item.options)", "-> choice(item.¦)", {"options", "theme"}),
        (PROMPTS, "item: invented.items", "item: invented.¦", {"items", "people"}),
        (QUICKSTART, "min_mass : share", "min_mass : ¦", {"share", "count", "list"}),
        (
            QUICKSTART,
            "by model, country : share =\n    mean over item of 1 - m.js",
            "by model : ¦ =\n mean over item of m.js",
            {"bits", "share"},
        ),
    ],
)
def test_behind_a_colon_stand_types(path: Path, old: str, new: str, wanted: set[str]) -> None:
    offered = at(path, old, new).complete()
    assert wanted <= set(offered)
    assert not {"mean", "letters", "audit"} & set(offered)


@pytest.mark.parametrize(
    ("old", "new", "wanted"),
    [
        ("{item.question}", "{¦}", ("country", "item", "lang")),
        ("{item.question}", "{item.¦}", ("battery", "item", "options", "question", "theme")),
        ("{item.question}", "{item.¦", ("battery", "item", "options", "question", "theme")),
        ("{country} would", "{country.¦} would", ("code", "label", "region", "training")),
        ("|lettered", "|¦", tuple(sorted(templates.STYLES))),
        ("|lettered", "|let¦", tuple(sorted(templates.STYLES))),
        ("{item.question}", "¦", ()),
        ("{item.question}", "{{¦", ()),
    ],
)
def test_a_hole_offers_formals_their_columns_and_styles(old: str, new: str, wanted: tuple[str, ...]) -> None:
    assert at(PROMPTS, old, new).complete() == wanted


def test_an_argument_offers_what_its_formal_expects_first() -> None:
    first(at(QUICKSTART, "lang = en)", "lang = ¦)"), {"en", "zh", "es"})
    assert set(
        at(QUICKSTART, "as_resident(item, country, lang", "as_resident(¦, country, lang").complete()[:1]
    ) == {"item"}
    assert (
        "country"
        in at(QUICKSTART, "as_resident(item, country, lang", "as_resident(item, ¦, lang").complete()[:7]
    )


@pytest.mark.parametrize(
    "broken",
    [
        "  measure alignment by model, country : share =\n    mean over item of (((",
        '  title = "',
        "  each item in in",
        "  ask reply = as_resident(item { {",
    ],
)
def test_completion_works_beside_other_mistakes(broken: str) -> None:
    marked = at(
        QUICKSTART,
        "  check label_mass = ",
        f"{broken}\n  check label_mass = (min over item of reply.¦) >= 0\n  check rest = ",
    )
    assert "mass" in marked.complete() or broken.startswith('  title = "')


def test_nothing_is_offered_in_comments_numbers_and_plain_texts() -> None:
    for new in ("# see ¦\n  seed", "seed = 1¦\n  seed", 'title = "see ¦"\n  seed'):
        assert at(QUICKSTART, "seed", new).complete() == ()


def test_the_body_of_a_metric_sees_its_formals_and_options(tmp_path: Path) -> None:
    text = "cycl 1\nmetric tv(p: dist(S), q: dist(S)) -> share =\n  0.5 * (sum over option of abs(¦))\n"
    offered = written(tmp_path / "metrics.cycl", text).complete()
    assert {"p", "q"} <= set(offered[:8])
    over = "cycl 1\nmetric tv(p: dist(S), q: dist(S)) -> share =\n  0.5 * (sum over ¦ of abs(p - q))\n"
    assert "option" in written(tmp_path / "metrics.cycl", over).complete()


def test_the_condition_of_a_column_sees_the_columns_of_its_row() -> None:
    assert "weight" in at(SURVEY, "where weight > 0", "where ¦").complete()


def test_the_words_of_the_language_are_those_of_the_type_checker() -> None:
    assert set(words.TYPES) == set(TYPE_NAMES) | {"record"}
    assert set(words.STYLES) == set(templates.STYLES)
    assert set(words.SOURCES) == set(CONSTRUCTED)
    assert set(words.FORMATS) == set(FORMATS)
    assert set(words.PLACES) == set(PLACES)
    assert set(words.VALUES["ask", "parse"]) == set(PARSERS)


BLOCKS = {
    "ask": 'prompt q() -> text { user "?" } audit a { ask b = q() { nonsense = 1 } }',
    "measure": "audit a { measure b = 1 { nonsense = 1 } }",
    "check": "audit a { check b = true { nonsense = 1 } }",
    "audit": "audit a { nonsense = 1 }",
    "target": "target a { nonsense = 1 }",
    "table": "corpus c { table d { nonsense = 1 } }",
    "corpus": "corpus c { nonsense = 1 }",
}


@pytest.mark.parametrize("block", BLOCKS)
def test_the_fields_of_a_block_are_those_of_the_type_checker(block: str, tmp_path: Path) -> None:
    path = tmp_path / "fields.cycl"
    path.write_text(f"cycl 1\n{BLOCKS[block]}", encoding="utf-8")
    (note,) = [
        note for found in pipeline.check(path).diagnostics if found.code == "CY0103" for note in found.notes
    ]
    assert note.startswith(f"fields of `{block}`: ")
    assert set(note.partition(": ")[2].split(", ")) == set(words.FIELDS[block])
