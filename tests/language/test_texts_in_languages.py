"""Texts in several languages as values: parameters, arguments, defaults, lists; typed, hashed, printed and shown."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner
from spec_files import check_text, codes, shown

from cyclspec import pipeline
from cyclspec.cli.main import group
from cyclspec.language.types.constants import evaluate

HELLO = {"en": "Good day.", "fr": "Bonjour."}
HELLO_TEXT = '{en: "Good day.", fr: "Bonjour."}'
AUDIT = """cycl 1
axis town : nominal {{ mill {{en: "the mill", fr: "le moulin"}} quay {{en: "the quay", fr: "le quai"}} }}
scale mood : nominal {{ calm {{en: "calm", fr: "calme"}}, cross {{en: "cross", fr: "en colère"}} }}
param hello : text(en, fr) = {hello}
prompt greet(town: town, lang: lang, {formals}) -> choice(mood) {{ user "{template} {{town}}?" }}
panel models {{ model tiny = demo() }}
audit main {{
  each town  in town
  each lang  in {langs}
  each model in models
  ask reply = greet(town, lang{args}) {{ model = model, read = first_token }}
  check enough = (min over town, lang of reply.mass) >= 0
}}
"""


def audit(
    *,
    hello: str = HELLO_TEXT,
    formals: str = "opening: text(en, fr)",
    template: str = "{opening}",
    langs: str = "[en, fr]",
    args: str = ", hello",
) -> str:
    return AUDIT.format(hello=hello, formals=formals, template=template, langs=langs, args=args)


def asked(folder: Path, text: str, params: dict[str, str] | None = None) -> set[str]:
    """What the audit says to its model."""
    context = check_text(folder, text, params).require()
    plan = pipeline.plan(pipeline.open_data(context, pipeline.choose(context, None)))
    return {message.content for request in plan.requests for message in request.messages}


@pytest.mark.parametrize(
    ("type_", "given", "value"),
    [
        ("text(en, fr)", HELLO_TEXT, HELLO),
        ("text(en)", HELLO_TEXT, HELLO),
        ("text", HELLO_TEXT, HELLO),
        ("text(en, fr)", '"Hello."', "Hello."),
        ("list(text(en))", f'[{{en: "a"}}, {HELLO_TEXT}]', ({"en": "a"}, HELLO)),
        ("list(text(en))", f'[{HELLO_TEXT}, {{en: "a"}}]', (HELLO, {"en": "a"})),
        ("text(en)", '{en: "a"} where p in [{en: "b"}, {en: "a"}] and p != {en: "b"}', {"en": "a"}),
        ("text(en)", f'{HELLO_TEXT} where p == "Good day." and p not in ["", "Bonjour."]', HELLO),
        ("text(en, fr)", '{en: "a", fr: "b"} where p == {fr: "b", en: "a"}', {"en": "a", "fr": "b"}),
        ("text(en, fr)", f'if 1 < 2 then {HELLO_TEXT} else {{en: "a", fr: "b"}}', HELLO),
    ],
)
def test_a_text_in_several_languages_is_a_value(
    type_: str, given: str, value: object, tmp_path: Path
) -> None:
    declared = f"cycl 1\nparam p : {type_} = {given}\nparam q : {type_} = p\n"
    bound = {"p": given.split(" where ", maxsplit=1)[0]}
    for checked in (check_text(tmp_path, declared), check_text(tmp_path, declared, bound)):
        assert codes(checked) == [], shown(checked)
        assert [evaluate(param.term) for param in checked.require().params.values()] == [value, value]


@pytest.mark.parametrize(
    ("type_", "given", "message", "help_"),
    [
        ("text(en, fr)", '{en: "a"}', "no fr wording for this text", 'add `fr: "..."`'),
        ("text(en, fr, de)", '{en: "a"}', "no fr or de wording for this text", 'add `fr: "..."`, `de: "..."`'),
        ("list(text(en, fr))", f'[{HELLO_TEXT}, {{fr: "b"}}]', "no en wording for this text", 'add `en: "..."`'),
    ],
)  # fmt: skip
def test_a_missing_language_is_told_of_once(
    type_: str, given: str, message: str, help_: str, tmp_path: Path
) -> None:
    declared = f"cycl 1\nparam p : {type_} = {given}\nparam q : {type_} = p\n"
    (error,) = check_text(tmp_path, declared).diagnostics
    assert (error.code, error.message, error.helps) == ("CY0404", message, (help_,))
    assert error.span is not None
    assert error.span.text.startswith("{")


@pytest.mark.parametrize(
    ("line", "code", "message"),
    [
        ('param p : count = {en: "a"}', "CY0201", "parameter `p` has the wrong type"),
        ('param p : text(en, fr) = {en: "a", fr: "b"} where p != ""', "CY0501",
         "cannot compare `text(en, fr)` with `text`"),
        ('param p : text = {en: "a", en: "b"}', "CY0102", "`en` is given twice in one text"),
        ("param p : text = sha256:c0ffee12ab34", "CY0201", "this has the wrong type"),
    ],
)  # fmt: skip
def test_what_no_text_in_several_languages_can_be_is_told_of(
    line: str, code: str, message: str, tmp_path: Path
) -> None:
    found = check_text(tmp_path, f"cycl 1\n{line}\n").diagnostics
    assert [(d.code, d.message) for d in found] == [(code, message)]


def test_texts_without_names_are_no_axis(tmp_path: Path) -> None:
    text = audit().replace("each lang  in", 'each aside in [{en: "a"}, {en: "b"}]\n  each lang  in')
    (error, *_) = check_text(tmp_path, text).errors
    assert (error.code, error.helps) == (
        "CY0201",
        ('declare levels that have them as labels: `axis aside : nominal { first {en: "..."} }`',),
    )


@pytest.mark.parametrize(
    "program",
    [
        audit(),
        audit(formals="opening: text"),
        audit(args=f", {HELLO_TEXT}"),
        audit(formals=f"opening: text(en, fr) = {HELLO_TEXT}", args=""),
        audit(formals="opening: text = hello", args=""),
        audit(formals="asides: list(text(en, fr))", template="{asides|inline}", args=", [hello]"),
    ],
    ids=["parameter", "plain formal", "argument", "default", "default by name", "list"],
)
def test_a_prompt_shows_it_in_the_language_that_is_asked(program: str, tmp_path: Path) -> None:
    assert asked(tmp_path, program) == {
        "Good day. the mill?", "Good day. the quay?", "Bonjour. le moulin?", "Bonjour. le quai?",
    }  # fmt: skip


def test_a_list_of_levels_is_shown_by_their_labels(tmp_path: Path) -> None:
    program = audit(
        formals="towns: list(town)", template="{towns|bulleted}", args=", [mill, quay]", langs="[fr]"
    )
    assert asked(tmp_path, program) == {
        "- le moulin\n- le quai le moulin?",
        "- le moulin\n- le quai le quai?",
    }
    checked = check_text(tmp_path, program.replace("[fr]", "[de]"))
    assert {d.code for d in checked.errors} == {"CY0405"}


def test_a_value_given_from_outside_is_what_is_asked(tmp_path: Path) -> None:
    given = {"hello": '{fr: "Salut.", en: "Hi.", de: "Hallo."}'}
    assert "Salut. le quai?" in asked(tmp_path, audit(), given)


@pytest.mark.parametrize(
    ("program", "said"),
    [
        (audit(hello='{en: "a", fr: "b"}', langs="[en, fr, de]"),
         [("CY0404", "no de wording for argument `opening`", "leave de out")]),
        (audit(args=', {en: "a", fr: "b"}', langs="[en, fr, de]"),
         [("CY0404", "no de wording for argument `opening`", 'add `de: "..."`, or leave de out')]),
        (audit(args=', {en: "a"}'), [("CY0404", "no fr wording for this text", 'add `fr: "..."`')]),
    ],
    ids=["a parameter", "an argument", "an argument of a type"],
)  # fmt: skip
def test_a_language_that_is_asked_and_missing_is_told_of_where_it_is_lacking(
    program: str, said: list[tuple[str, str, str]], tmp_path: Path
) -> None:
    found = [d for d in check_text(tmp_path, program).errors if d.code == "CY0404"]
    assert [(d.code, d.message) for d in found] == [(code, message) for code, message, _ in said]
    assert all(d.helps[0].startswith(help_) for d, (_, _, help_) in zip(found, said, strict=True))


def designs(folder: Path, text: str, params: dict[str, str] | None = None) -> str:
    context = check_text(folder, text, params).require()
    opened = pipeline.open_data(context, pipeline.choose(context, None))
    return pipeline.hashes(opened, {}).design


def test_its_words_count_for_the_design_and_the_order_of_its_languages_does_not(tmp_path: Path) -> None:
    design = designs(tmp_path, audit())
    turned = audit(hello='{fr: "Bonjour.", en: "Good day."}')
    assert designs(tmp_path, turned) == design
    assert designs(tmp_path, audit(), {"hello": '{fr: "Bonjour.", en: "Good day."}'}) == design
    assert designs(tmp_path, audit(), {"hello": '{fr: "Bonjour.", en: "Hello."}'}) != design


def test_it_is_printed_and_read_back(tmp_path: Path) -> None:
    spec, document, again = tmp_path / "a.cycl", tmp_path / "a.json", tmp_path / "b.cycl"
    spec.write_text(audit(), encoding="utf-8")
    run = CliRunner().invoke
    document.write_text(run(group, ["json", str(spec)]).output, encoding="utf-8")
    again.write_text(run(group, ["json", "--back", str(document)]).output, encoding="utf-8")
    assert json.loads(run(group, ["json", str(again)]).output) == json.loads(
        document.read_text(encoding="utf-8")
    )
    assert f"param hello : text(en, fr) = {HELLO_TEXT}" in again.read_text(encoding="utf-8")
    assert run(group, ["fmt", str(spec)]).exit_code == 0
    assert f"param hello : text(en, fr) = {HELLO_TEXT}" in spec.read_text(encoding="utf-8")
    spec.write_text(f"cycl 1\nparam hello : text(en, fr) = {HELLO_TEXT}\n", encoding="utf-8")
    types = run(group, ["explain", str(spec), "--stage", "types"]).output
    assert f"text(en, fr)  {HELLO_TEXT}, default" in types


ITEMS = """cycl 1
corpus c {{
  table items {{ source = jsonl("items.jsonl") item : key question : text(en) remark : text both : text(en, fr) }}
}}
scale mood : nominal {{ calm "calm", cross "cross" }}
prompt p(item: c.items) -> choice(mood) {{ user[en] "{{item.question}} {{item.remark}} {{item.both}}" }}
panel models {{ model tiny = demo() }}
audit main {{
  each item  in c.items where {condition}
  each model in models
  ask reply = p(item) {{ model = model, read = first_token }}
  check enough = (min over item of reply.mass) >= 0
}}
"""


@pytest.mark.parametrize(
    ("condition", "kept"),
    [
        ('item.question == "Why?"', ["a"]),
        ('item.question == {en: "Why?"}', ["a"]),
        ('item.question != "Why?"', ["b"]),
        ('item.remark in ["new", "none"]', ["b"]),
        ('item.remark not in ["new", "none"]', ["a"]),
        ('item.both == {fr: "Oui", en: "Yes"}', ["a"]),
        ('item.both in [{fr: "Non", en: "No"}]', ["b"]),
        ("item.question == item.remark", ["b"]),
    ],
)
def test_texts_of_data_are_compared_by_their_words(condition: str, kept: list[str], tmp_path: Path) -> None:
    rows = [
        {"item": "a", "question": {"en": "Why?"}, "remark": "old", "both": {"en": "Yes", "fr": "Oui"}},
        {"item": "b", "question": "new", "remark": "new", "both": {"en": "No", "fr": "Non"}},
    ]
    (tmp_path / "items.jsonl").write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    context = check_text(tmp_path, ITEMS.format(condition=condition)).require()
    opened = pipeline.open_data(context, pipeline.choose(context, None))
    assert list(opened.grid.axes["item"].levels) == kept
