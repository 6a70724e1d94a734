"""Staged asks, prompts of every kind, and draws among the arguments."""

from __future__ import annotations

from pathlib import Path

import pytest
from ask_programs import DIARY, DROP, asks, checked, errors
from spec_files import TESTS, codes, shown

from cyclspec import pipeline
from cyclspec.language.types import kinds as k
from cyclspec.language.types import terms as h

SAMPLED = f"{DROP}, read = sampled"

# ---- stages (A7)


def test_stages_count_the_asks_on_the_longest_path_wherever_they_stand(tmp_path: Path) -> None:
    made = asks(
        tmp_path,
        f"ask last = judged(middle, item) {{ {DROP}, read = first_token }}"
        f"ask middle = recall(item, day.worries, day.mood, day.rate) {{ {DROP}, read = sampled }}"
        f"ask beside = judged(once, item) {{ {DROP}, read = sampled }}"
        f"ask once = pick(item, town) {{ {DROP}, read = sampled }}" + DIARY,
    )
    assert {name: ask.stage for name, ask in made.items()} == {
        "last": 3,
        "middle": 2,
        "day": 1,
        "beside": 2,
        "once": 1,
    }
    names = list(made)
    assert names.index("day") < names.index("middle") < names.index("last")
    assert names.index("once") < names.index("beside")


def test_a_later_ask_has_the_axes_of_the_answers_it_takes_and_may_miss_what_they_miss(tmp_path: Path) -> None:
    made = asks(
        tmp_path,
        DIARY + f"ask next = recall(item, day.worries, day.mood, day.rate) {{ {DROP}, read = first_token }}",
    )
    assert made["day"].axes == {"town", "repeat", "model"}
    assert made["next"].axes == {"item", "town", "repeat", "model"}
    assert made["next"].type.optional
    fields = [term for _, term in made["next"].args if isinstance(term, h.FieldTerm)]
    assert [(term.ask, term.field, term.type.optional) for term in fields] == [
        ("day", "worries", True),
        ("day", "mood", True),
        ("day", "rate", True),
    ]


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        ("day.mood", "choice(mood)"),
        ("day.worries", "list(text)"),
        ("day.rate", "share"),
        ("is_missing(day)", "bool"),
        ("is_missing(day.words)", "bool"),
        ("share over repeat of day.mood", "dist(mood)"),
        ("mean over repeat of day.rate", "share"),
    ],
)
def test_the_fields_of_a_record_are_values(value: str, kind: str, tmp_path: Path) -> None:
    found = checked(tmp_path, DIARY + f"let x = {value}")
    assert not found.errors, shown(found)
    assert k.kind_text(found.require().audits["one"].lets[0].term.type.kind) == kind


@pytest.mark.parametrize(
    ("statements", "found"),
    [
        (f"ask a = judged(a, item) {{ {DROP}, read = sampled }}", ["CY0601"]),
        (
            (
                f"ask a = judged(b, item) {{ {SAMPLED} }} ask b = judged(c, item) {{ {SAMPLED} }} "
                f"ask c = judged(a, item) {{ {SAMPLED} }} let x = is_missing(a)"
            ),
            ["CY0601"],
        ),
        (DIARY + f"ask a = recall(item, day.worry, day.mood, day.rate) {{ {DROP}, read = sampled }}", ["CY0303"]),
        (DIARY + f"ask a = recall(item, day.words, day.mood, day.rate) {{ {DROP}, read = sampled }}", ["CY0201"]),
        (DIARY + f"ask a = judged(day.mood, item) {{ {DROP}, read = sampled }}", ["CY0201"]),
        (DIARY + f"ask a = judged(day, item) {{ {DROP}, read = sampled }}", ["CY0201"]),
        (
            f"ask a = pick(item, town) {{ {DROP}, read = first_token }} ask b = judged(a, item) {{ {SAMPLED} }}",
            ["CY0201"],
        ),
        (
            (
                f"ask a = pick(item, town) {{ {SAMPLED}, per = repeat }} "
                f"ask b = judged((mode over repeat of a), item) {{ {SAMPLED} }}"
            ),
            ["CY0201"],
        ),
        (DIARY + f"ask a = tell(town) {{ {DROP}, read = text, seed = day.rate }}", ["CY0306"]),
        (DIARY + "each worry in day.worries", ["CY0306"]),
        (DIARY + "each day_ in 1..3 where day.rate > 0.5", ["CY0306"]),
        (DIARY + "each other in draw(town, per = day)", ["CY0306"]),
        (f"ask a = missing(town) {{ {SAMPLED} }} ask b = judged(a, item) {{ {SAMPLED} }}", ["CY0101"]),
    ],
)  # fmt: skip
def test_a_stage_that_breaks_a_rule_is_one_error(statements: str, found: list[str], tmp_path: Path) -> None:
    assert errors(tmp_path, statements) == found


def test_asks_and_axes_have_names_of_their_own(tmp_path: Path) -> None:
    assert errors(tmp_path, f"ask town = tell(mill) {{ {DROP}, read = text }}") == ["CY0102"]


# ---- prompts


@pytest.mark.parametrize(
    ("declaration", "code"),
    [
        ("prompt p(town: town) -> share { user '{town}' }", "CY0201"),
        ("prompt p(town: town) -> town { user '{town}' }", "CY0201"),
        ("prompt p(town: town) -> record { } { user '{town}' }", "CY0111"),
        ("prompt p(town: town) -> record { a : share a : text } { user '{town}' }", "CY0102"),
        ("prompt p(town: town) -> record { a : c.items } { user '{town}' }", "CY0201"),
        ("prompt p(town: town) -> record { a : list(list(text)) } { user '{town}' }", "CY0201"),
        ("prompt p(town: town) -> record { a : dist(mood) } { user '{town}' }", "CY0201"),
        ("prompt p(town: town) -> record { a : share where a + b == 1 } { user '{town}' }", "CY0101"),
        ("prompt p(town: town) -> record { a : share where a } { user '{town}' }", "CY0201"),
        (
            "prompt p(town: town) -> record { a : text where a == c.published.why } { user '{town}' }",
            "CY0201",
        ),
        ("prompt p(town: town, n: count = many) -> text { user '{town} {n}' }", "CY0101"),
        ("prompt p(town: town, n: count = c.published.number) -> text { user '{town} {n}' }", "CY0201"),
        ("prompt p(mood: choice(mood)) -> text { user '{mood|lettered}' }", "CY0402"),
        ("prompt p(picked: picks(mood, 1..2)) -> text { user '{picked}' }", "CY0402"),
        ("prompt p(words: list(text)) -> text { user '{words|percent}' }", "CY0402"),
        ("prompt p(length: years) -> text { user '{length|percent}' }", "CY0402"),
        ("prompt p(town: town) -> picks(nothing, 1..2) { user '{town}' }", "CY0101"),
    ],
)
def test_a_prompt_that_breaks_a_rule_is_one_error(declaration: str, code: str, tmp_path: Path) -> None:
    assert errors(tmp_path, "", declaration.replace("'", '"')) == [code]


def test_the_conditions_of_a_record_see_all_its_fields(tmp_path: Path) -> None:
    declaration = (
        "prompt p(town: town) -> record { a : share where a + b == 1 and size(list_) < 4  b : share "
        ' list_ : list(text) where size(list_) in 2..5 } { user[en] "{town}" }'
    )
    prompt = asks(tmp_path, f"ask x = p(town) {{ {DROP}, read = json }}", declaration)["x"].prompt
    assert [name for name, _ in prompt.checks] == ["a", "list_"]
    assert dict(prompt.result.fields)["list_"] == k.ListOf(k.Text(), 2, 5)  # type: ignore[union-attr]


def test_a_formal_with_a_default_need_not_be_given(tmp_path: Path) -> None:
    message = 'user[en] "{town} {n} {where_}"'
    declaration = f"prompt p(town: town, n: count = tries, where_: town = quay) -> text {{ {message} }}"
    made = asks(
        tmp_path,
        f"ask x = p(town) {{ {DROP}, read = text }} ask y = p(town, where_ = mill) {{ {DROP}, read = text }}",
        declaration,
    )
    assert [name for name, _ in made["x"].args] == ["town", "n", "where_"]
    values = {name: getattr(term, "level", getattr(term, "value", None)) for name, term in made["y"].args}
    assert values == {"town": None, "n": 3, "where_": "mill"}


FORMALS = [
    ("order(c.items.options)", "{x|lettered}", "order", []),
    ("list(text)", "{x|bulleted}", "item.phrasings", []),
    ("list(text)", "{x|bulleted}", '["one", "two"]', []),
    ("choice(mood)", "{x|lower}", "calm", []),
    ("text", "{x}", '"word"', []),
    ("text(en)", "{x}", "item.question", []),
    ("text(en, es)", "{x}", "item.question", ["CY0201"]),
    ("share", "{x|percent}", "50%", []),
    ("share", "{x|percent}", "0.5", []),
    ("share", "{x|percent}", "7d", ["CY0201"]),
    ("count", "{x}", "repeat", []),
    ("lang", "{x}", "en", []),
    ("date", "{x}", "2024-02-29", []),
    ("bool", "{x}", "true", []),
    ("order(mood)", "{x|numbered}", "order", ["CY0201"]),
    ("list(text)", "{x|inline}", "item.question", ["CY0201"]),
    ("choice(mood)", "{x}", "glad", ["CY0101"]),
]


@pytest.mark.parametrize(
    ("formal", "hole", "argument", "found"), FORMALS, ids=[f"{f} {a}" for f, _, a, _ in FORMALS]
)
def test_a_formal_takes_values_of_its_kind(
    formal: str, hole: str, argument: str, found: list[str], tmp_path: Path
) -> None:
    declaration = f'prompt p(x: {formal}) -> text {{ user[en] "{hole}" }}'
    statements = (
        f"each order in permutations(item.options, n = 2) ask a = p({argument}) {{ {DROP}, read = text }}"
    )
    assert errors(tmp_path, statements, declaration) == found


def test_texts_and_choices_are_shown_in_the_languages_they_have(tmp_path: Path) -> None:
    words = 'user[en] "{x} {mood}" user[fr] "{x} {mood}"'
    declaration = f"prompt p(x: text, mood: choice(mood), lang: lang) -> text {{ {words} }}"
    for lang, found in (("en", []), ("fr", ["CY0405", "CY0404"])):
        statements = f"each x in item.phrasings ask a = p(x, calm, lang = {lang}) {{ {DROP}, read = text }}"
        assert sorted(errors(tmp_path, statements, declaration)) == sorted(found)
    drawn = (
        f"each l in draw([en, de], per = town) ask a = p(item.question, calm, l) {{ {DROP}, read = text }}"
    )
    assert errors(tmp_path, drawn, declaration) == ["CY0404"]


# ---- draws and samples among the arguments


def test_a_draw_among_the_arguments_brings_its_axes_and_counts_as_asked(tmp_path: Path) -> None:
    statements = (
        "each who in 1..5 each place in draw(town, per = who) each told in shuffled(town)"
        f"ask a = pick(item, place) {{ {SAMPLED} }} ask b = tell(told) {{ {DROP}, per = repeat, read = text }}"
    )
    found = checked(tmp_path, statements)
    assert found.diagnostics == (), shown(found)
    made = {ask.name: ask for ask in found.require().audits["one"].asks}
    assert made["a"].axes == {"item", "who", "model"}
    assert made["b"].axes == {"town", "repeat", "model"}


def test_a_draw_that_no_ask_mentions_is_pointed_out(tmp_path: Path) -> None:
    statements = (
        f"each place in draw(town, per = town) ask a = pick(item, town) {{ {SAMPLED}, per = repeat }}"
    )
    assert codes(checked(tmp_path, statements)) == ["CY0308"]


def test_naming_a_child_in_per_brings_its_parent(tmp_path: Path) -> None:
    statements = f"each wording in item.phrasings ask a = tell(town) {{ {DROP}, per = [wording, repeat], read = text }}"
    assert asks(tmp_path, statements)["a"].axes == {"wording", "item", "repeat", "town", "model"}


def test_the_good_program_of_stages_has_its_stages() -> None:
    made = pipeline.check(TESTS / "good" / "stages.cycl").require().audits["one_day"]
    assert {ask.name: ask.stage for ask in made.asks} == {
        "diary": 1,
        "story_": 2,
        "next": 2,
        "tale": 3,
        "final": 3,
        "last": 4,
    }
