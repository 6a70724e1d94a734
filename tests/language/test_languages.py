"""Languages: what an ask shows must exist in every language that it is asked in, and in one where none is named."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import pytest
from spec_files import check_text, shown

from cyclspec import pipeline
from cyclspec.language.diagnostics import SpecError

PROGRAM = """cycl 1
axis zone : nominal {{ cold {{en: "the cold zone", fr: "la zone froide"}}  warm {{en: "the warm zone"}} }}
axis town : nominal {{
  mill {{en: "the mill", fr: "le moulin"}} {{ zone = cold }}
  quay {{en: "the quay", fr: "le quai"}}   {{ zone = cold }}
}}
axis side : nominal {{ east {{en: "the east"}}  west }}
scale mood : ordinal {{ low {{en: "low", fr: "bas"}}  high {{en: "high", fr: "haut"}} }}
corpus towns {{
  table items {{
    source = jsonl("items.jsonl")
    item : key  question : text(en, fr)  remark : text  short : text(en)  phrasings : list(text(en, fr))
    spoken : lang  side : side
    options : scale(ordinal, 2..4)
  }}
}}
panel models {{ model tiny = demo() }}
{prompt}
audit main {{
  each item     in towns.items
  each town     in town
  each phrasing in item.phrasings
  each lang     in [en, fr]
  each told     in shuffled(town)
  each model    in models
  ask reply = {ask}
}}
"""
READ = "{ model = model, read = text, missing = drop }"
NO_LANGUAGE = "no single wording for prompt `p`"


def program(prompt: str, ask: str) -> str:
    ask = ask if "{" in ask else f"{ask} {READ}"
    return PROGRAM.format(prompt=prompt, ask=ask).replace("prompt p(", "prompt p(")


def said(folder: Path, prompt: str, ask: str) -> list[tuple[str, str]]:
    """The code and message of every error about languages."""
    checked = check_text(folder, program(prompt, ask))
    return [(d.code, d.message) for d in checked.errors]


@pytest.mark.parametrize(
    ("prompt", "ask", "found"),
    [
        ('prompt p(item: towns.items) -> text { user "{item.question}" }', "p(item)", [("CY0404", NO_LANGUAGE)]),
        ('prompt p(town: town) -> text { user "{town}" }', "p(town)", [("CY0404", NO_LANGUAGE)]),
        ('prompt p(town: town) -> text { user "{town}" }', "p(told)", [("CY0404", NO_LANGUAGE)]),
        ('prompt p(town: town) -> text { user "{town}" }', "p(quay)", [("CY0404", NO_LANGUAGE)]),
        ('prompt p(town: town) -> text { user "{town.zone}" }', "p(town)", [("CY0404", NO_LANGUAGE)]),
        ('prompt p(text_: text) -> text { user "{text_}" }', "p(phrasing)", [("CY0404", NO_LANGUAGE)]),
        ('prompt p(town: town) -> text { user[en] "{town}" user[fr] "{town}" }', "p(town)", [("CY0404", NO_LANGUAGE)]),
        ('prompt p(item: towns.items) -> choice(mood) { user "{item.remark}" }',
         "p(item) { model = model, read = option_likelihood }", [("CY0404", NO_LANGUAGE)]),
        ('prompt p(item: towns.items) -> text { system "{item.short}" user[fr] "{item.remark}" }', "p(item)",
         [("CY0404", "no fr wording for `item.short`")]),
        ('prompt p(item: towns.items, lang: lang) -> text { user "{item.short}" }', "p(item, lang)",
         [("CY0404", "no fr wording for `item.short`")]),
        ('prompt p(item: towns.items, lang: lang) -> text { user "{item.short}" }', "p(item, fr)",
         [("CY0404", "no fr wording for `item.short`")]),
        ('prompt p(text_: text, lang: lang) -> text { user "{text_}" }', "p(item.short, lang)",
         [("CY0404", "no fr wording for argument `text_`")]),
        ('prompt p(town: town) -> text { user[fr] "{town.zone}" }', "p(town)",
         [("CY0405", "`zone` has levels without a label in fr")]),
        ('prompt p(side: side) -> text { user[fr] "{side}" }', "p(item.side)",
         [("CY0405", "`side` has levels without a label in fr")]),
        ('prompt p(item: towns.items) -> text { user[fr] "{item.side}" }', "p(item)",
         [("CY0405", "`side` has levels without a label in fr")]),
        ('prompt p(item: towns.items) -> choice(mood) { user[de] "{item.remark}" }',
         "p(item) { model = model, read = option_likelihood }",
         [("CY0405", "`mood` has levels without a label in de")]),
    ],
)  # fmt: skip
def test_what_does_not_exist_in_a_language_is_told_of_once_and_with_a_help(
    prompt: str, ask: str, found: list[tuple[str, str]], tmp_path: Path
) -> None:
    assert said(tmp_path, prompt, ask) == found
    checked = check_text(tmp_path, program(prompt, ask))
    assert all(diagnostic.helps for diagnostic in checked.errors), shown(checked)


@pytest.mark.parametrize(
    ("prompt", "ask"),
    [
        ('prompt p(item: towns.items) -> text { user "{item.remark} {item.short} {item.side}" }', "p(item)"),
        ('prompt p(item: towns.items) -> text { user[en] "{item.question} {item.side}" }', "p(item)"),
        ('prompt p(item: towns.items, lang: lang) -> text { user "{item.question}" }', "p(item, lang)"),
        ('prompt p(item: towns.items, town: town) -> text { system[en] "{town.zone}" user "{item.remark}" }',
         "p(item, town)"),
        # What is not shown need not be said.
        ('prompt p(item: towns.items, town: town) -> choice(town) { user "{item.remark}" }',
         "p(item, town) { model = model, read = first_token }"),
        # Which language it is in, the data will say.
        ('prompt p(item: towns.items, lang: lang) -> text { user "{item.question}" }', "p(item, item.spoken)"),
    ],
)  # fmt: skip
def test_what_exists_in_the_languages_that_are_asked_is_no_error(
    prompt: str, ask: str, tmp_path: Path
) -> None:
    assert said(tmp_path, prompt, ask) == []


@pytest.mark.parametrize("prompt", [
    'prompt p(item: towns.items) -> text { user "{item.question}" }',
    'prompt p(town: town) -> text { user "{town}" }',
])  # fmt: skip
def test_the_help_for_a_prompt_without_a_language_mends_it(prompt: str, tmp_path: Path) -> None:
    ask = "p(item)" if "item" in prompt else "p(town)"
    checked = check_text(tmp_path, program(prompt, ask))
    assert checked.errors[0].helps == (
        'write `user[en] "..."` in `p` to ask in en',
        "or give it a parameter `lang: lang` and pass it",
    )
    assert said(tmp_path, prompt.replace("user ", "user[en] "), ask) == []
    assert said(tmp_path, prompt.replace(") ->", ", lang: lang) ->"), ask.replace(")", ", lang)")) == []


# ---- what only the data tell


def items(folder: Path, *labels: Mapping[str, str]) -> None:
    """A table of items, each with two options of which the second is labelled as given."""
    rows = [
        {"item": f"i{n}", "question": {"en": "Q?", "fr": "Q ?"}, "remark": "R", "short": {"en": "S"},
         "phrasings": [{"en": "P", "fr": "P"}], "spoken": "fr", "side": "east",
         "options": [{"code": "a", "label": {"en": "yes", "fr": "oui"}}, {"code": "b", "label": label}]}
        for n, label in enumerate(labels)
    ]  # fmt: skip
    (folder / "items.jsonl").write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")


def opened(folder: Path, prompt: str, ask: str) -> None:
    context = check_text(folder, program(prompt, ask)).require()
    pipeline.open_data(context, pipeline.choose(context, None))


OPTIONS = 'prompt p(item: towns.items, lang: lang) -> choice(item.options) { user "{item.options|lettered}" }'


@pytest.mark.parametrize(
    ("prompt", "ask", "what", "note"),
    [
        (OPTIONS, "p(item, lang)", "no fr wording for option `b` of item `i1`",
         "its label is in en; so it is with 1 of 2 items"),
        (OPTIONS.replace(", lang: lang", ""), "p(item)", "no single wording for option `a` of item `i0`",
         "its label is in en, fr; so it is with 2 of 2 items"),
        (OPTIONS.replace("{item.options|lettered}", "{item.remark}"),
         "p(item, fr) { model = model, read = option_likelihood }", "no fr wording for option `b` of item `i1`",
         "its label is in en; so it is with 1 of 2 items"),
    ],
)  # fmt: skip
def test_options_that_have_no_words_are_told_of_when_the_data_are_open(
    prompt: str, ask: str, what: str, note: str, tmp_path: Path
) -> None:
    items(tmp_path, {"en": "no", "fr": "non"}, {"en": "no"})
    ask = ask if "{" in ask else f"{ask} {{ model = model, read = first_token }}"
    with pytest.raises(SpecError) as error:
        opened(tmp_path, prompt, ask)
    assert [(d.code, d.message, d.notes) for d in error.value.diagnostics] == [("CY0404", what, (note,))]
    assert error.value.diagnostics[0].helps


def test_options_that_have_words_open(tmp_path: Path) -> None:
    items(tmp_path, {"en": "no", "fr": "non"}, {"": "0"})
    opened(tmp_path, OPTIONS, "p(item, lang) { model = model, read = first_token }")
    items(tmp_path, {"en": "no", "fr": "non"}, {"en": "no"})
    opened(tmp_path, OPTIONS, "p(item, en) { model = model, read = first_token }")


def test_an_attribute_is_a_level_of_the_axis_of_its_name(tmp_path: Path) -> None:
    text = program('prompt p(town: town) -> text { user[en] "{town.zone}" }', "p(town)")
    assert not check_text(tmp_path, text).errors
    checked = check_text(tmp_path, text.replace("{ zone = cold }", "{ zone = could }", 1))
    assert [d.code for d in checked.errors] == ["CY0101"]
    assert "there is no level named `could` of `zone`" in shown(checked)
    assert "did you mean `cold`?" in shown(checked)


def test_an_attribute_is_shown_by_the_label_of_its_level(tmp_path: Path) -> None:
    items(tmp_path, {"en": "no", "fr": "non"})
    text = program(
        'prompt p(town: town, side: side) -> text { user[en] "{town.zone}, {side}" }', "p(town, item.side)"
    )
    context = check_text(tmp_path, text).require()
    plan = pipeline.plan(pipeline.open_data(context, pipeline.choose(context, None)))
    assert {message.content for request in plan.requests for message in request.messages} == {
        "the cold zone, the east"
    }


def test_a_label_in_one_language_is_shown_by_a_prompt_that_is_in_none(tmp_path: Path) -> None:
    items(tmp_path, {"en": "no", "fr": "non"})
    text = program('prompt p(side: side) -> text { user "{side}" }', "p(item.side)")
    context = check_text(tmp_path, text).require()
    plan = pipeline.plan(pipeline.open_data(context, pipeline.choose(context, None)))
    assert [m.content for request in plan.requests for m in request.messages] == ["the east"]
