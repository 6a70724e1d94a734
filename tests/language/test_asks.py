"""Asks: readers and the types they give, what may be missing, parsers, seeds and histories."""

from __future__ import annotations

from pathlib import Path

import pytest
from ask_programs import DROP, SCAFFOLD, asks, checked, errors
from spec_files import check_text, codes, shown

from cyclspec.language.types import kinds as k
from cyclspec.language.types import typed as d

# ---- readers (A8)

READERS: list[tuple[str, str, d.Reader, str, bool]] = [
    ("pick(item, town)", "first_token", d.FirstToken("letters", "exact"), "dist(item.options)", False),
    (
        "pick(item, town)",
        "first_token(variants = union, labels = numbers)",
        d.FirstToken("numbers", "union"),
        "dist(item.options)",
        False,
    ),
    (
        "pick(item, town)",
        "option_likelihood",
        d.OptionLikelihood("none", "joint"),
        "dist(item.options)",
        False,
    ),
    (
        "pick(item, town)",
        "option_likelihood(normalise = unconditional)",
        d.OptionLikelihood("unconditional", "joint"),
        "dist(item.options)",
        False,
    ),
    (
        "pick(item, town)",
        "option_likelihood(boundary = harness, normalise = by_byte)",
        d.OptionLikelihood("by_byte", "harness"),
        "dist(item.options)",
        False,
    ),
    ("felt(town)", "first_token", d.FirstToken("letters", "exact"), "dist(mood)", False),
    ("pick(item, town)", "sampled", d.Sampled(1.0, 1.0, 64), "choice(item.options)", True),
    (
        "pick(item, town)",
        "sampled(temperature = warm, top_p = least, max_tokens = tries * 2)",
        d.Sampled(0.5, 0.9, 6),
        "choice(item.options)",
        True,
    ),
    ("several(item)", "sampled(temperature = 0)", d.Sampled(0.0, 1.0, 64), "picks(item.options, 0..3)", True),
    ("tell(town)", "text(max_tokens = 9)", d.TextReader(1.0, 1.0, 9), "text", True),
    ("tell(town)", "sampled(max_tokens = 9)", d.TextReader(1.0, 1.0, 9), "text", True),
    (
        "diary(town)",
        "json(top_p = 0.5)",
        d.JsonReader(1.0, 0.5, 256, constrained=True),
        "record {mood : choice(mood), worries : list(text), rate : share, words : text}",
        True,
    ),
    (
        "diary(town)",
        "json(decoding = free)",
        d.JsonReader(1.0, 1.0, 256, constrained=False),
        "record {mood : choice(mood), worries : list(text), rate : share, words : text}",
        True,
    ),
]


@pytest.mark.parametrize(("call", "read", "reader", "kind", "optional"), READERS, ids=[r[1] for r in READERS])
def test_the_reader_decides_the_type_of_an_answer(
    call: str, read: str, reader: d.Reader, kind: str, optional: bool, tmp_path: Path
) -> None:
    ask = asks(tmp_path, f"ask a = {call} {{ {DROP}, read = {read} }}")["a"]
    assert ask.reader == reader
    assert (k.kind_text(ask.type.kind), ask.type.optional, ask.type.phase) == (
        kind,
        optional,
        k.Phase.RESPONSE,
    )


@pytest.mark.parametrize(
    ("call", "column", "kind", "optional", "missing"),
    [
        ("pick(item, town)", "spread", "dist(item.options)", False, ""),
        ("pick(item, town)", "tally", "dist(item.options)", False, ""),
        ("pick(item, town)", "logs", "dist(item.options)", False, ""),
        ("pick(item, town)", "first", "choice(item.options)", True, ", missing = keep"),
        ("pick(item, town)", "why", "choice(item.options)", True, ", missing = keep, parse = json"),
        ("felt(town)", "mood", "choice(mood)", False, ", per = item"),
        ("tell(town)", "why", "text", True, ", per = item, missing = drop"),
    ],
)
def test_a_recorded_answer_has_the_type_of_its_column_and_no_model(
    call: str, column: str, kind: str, optional: bool, missing: str, tmp_path: Path
) -> None:
    ask = asks(tmp_path, f"ask a = {call} {{ read = recorded(c.published.{column}){missing} }}")["a"]
    assert ask.reader == d.Recorded("c.published", column)
    assert (k.kind_text(ask.type.kind), ask.type.optional) == (kind, optional)
    assert (ask.panel, ask.model_axes) == (None, ())
    assert ask.axes == {"item", "town"}


def test_a_recorded_answer_has_the_axes_of_a_panel_and_asks_none_of_its_models(tmp_path: Path) -> None:
    fields = "model = model, per = repeat, read = recorded(c.runs.value, reason = c.runs.why), missing = drop"
    ask = asks(tmp_path, f"ask a = pick(item, town) {{ {fields} }}")["a"]
    assert (ask.panel, ask.model_axes) == (None, ("model",))
    assert ask.axes == {"item", "town", "model", "repeat"}
    assert ask.reader == d.Recorded("c.runs", "value", "why")


def test_texts_are_parsed_as_those_of_a_sampled_answer(tmp_path: Path) -> None:
    fields = "read = recorded(c.published.why), missing = drop"
    found = asks(
        tmp_path,
        f"ask a = pick(item, town) {{ {fields} }} ask b = pick(item, town) {{ {fields}, parse = json }}",
    )
    assert (found["a"].parse, found["b"].parse) == (("leading_letter", "labelled", "option_text"), ("json",))


MISFITS = [
    ("tell(town)", "first_token", "use `read = text(..)` for a text"),
    ("diary(town)", "option_likelihood", "use `read = json(..)` for a record"),
    ("several(item)", "first_token", "use `read = sampled(..)` for picks"),
    ("diary(town)", "sampled", "use `read = json(..)` for a record"),
    ("pick(item, town)", "text", "use `read = first_token(..)` or `read = sampled(..)` for a choice"),
    ("diary(town)", "text", "use `read = json(..)` for a record"),
    ("tell(town)", "json", "use `read = text(..)` for a text"),
    ("several(item)", "json", "use `read = sampled(..)` for picks"),
]


@pytest.mark.parametrize(("call", "read", "help_"), MISFITS, ids=[f"{c} {r}" for c, r, _ in MISFITS])
def test_a_reader_that_does_not_fit_is_told_which_one_does(
    call: str, read: str, help_: str, tmp_path: Path
) -> None:
    found = checked(tmp_path, f"ask a = {call} {{ {DROP}, read = {read} }}")
    assert [(d.code, d.help) for d in found.errors] == [("CY0205", help_)]


@pytest.mark.parametrize(
    ("call", "fields", "code"),
    [
        ("tell(town)", "read = recorded(c.published.spread), per = item", "CY0205"),
        ("felt(town)", "read = recorded(c.published.spread), per = item", "CY0205"),
        ("pick(item, town)", "read = recorded(c.published.number)", "CY0205"),
        ("tell(town)", "read = recorded(c.published.why), missing = drop", "CY0301"),
        ("pick(item, town)", "read = recorded(c.published.first)", "CY0204"),
        ("pick(item, town)", "read = recorded(c.published.first), missing = retry(2)", "CY0209"),
        ("pick(item, town)", "read = recorded(c.published.spread), model = model", "CY0301"),
        ("pick(item, town)", "read = recorded(c.published.spread), per = repeat", "CY0301"),
        (
            "pick(item, town)",
            "read = recorded(c.published.why, reason = c.runs.why), missing = drop",
            "CY0101",
        ),
        ("pick(item, town)", "read = recorded(c.published.why, reason = c.published.number)", "CY0201"),
        ("pick(item, town)", "read = recorded(c.published.why, why = c.published.why)", "CY0209"),
        ("felt(town)", "read = recorded(c.published.tally), per = item", "CY0205"),
        ("pick(item, town)", "read = recorded(c.published.nothing)", "CY0101"),
        ("pick(item, town)", "read = recorded(item.options)", "CY0201"),
        ("pick(item, town)", "read = recorded", "CY0209"),
        ("pick(item, town)", "read = recorded(c.published.spread), parse = json", "CY0209"),
        ("pick(item, town)", "read = sampled, missing = drop", "CY0111"),
        ("pick(item, town)", "missing = drop, model = model", "CY0111"),
        ("pick(item, town)", "model = model, read = first_tokens", "CY0101"),
        ("pick(item, town)", f"{DROP}, read = sampled(1.0)", "CY0209"),
        ("pick(item, town)", f"{DROP}, read = sampled(temperature = 1, temperature = 2)", "CY0209"),
        ("pick(item, town)", f"{DROP}, read = sampled(temperature = -1)", "CY0503"),
        ("pick(item, town)", f"{DROP}, read = sampled(temperature = warmer)", "CY0101"),
        ("pick(item, town)", f"{DROP}, read = sampled(temperature = repeat)", "CY0301"),
        ("pick(item, town)", f"{DROP}, read = sampled(top_p = 120%)", "CY0503"),
        ("pick(item, town)", f"{DROP}, read = sampled(max_tokens = 0)", "CY0503"),
        ("pick(item, town)", f"{DROP}, read = sampled(max_tokens = 7d)", "CY0201"),
        ("pick(item, town)", f"{DROP}, read = first_token(labels = words)", "CY0101"),
        ("pick(item, town)", f"{DROP}, read = option_likelihood(by_token)", "CY0209"),
        ("pick(item, town)", f"{DROP}, read = option_likelihood(boundary = ours)", "CY0101"),
    ],
)
def test_a_reader_is_written_with_its_own_options(call: str, fields: str, code: str, tmp_path: Path) -> None:
    assert errors(tmp_path, f"ask a = {call} {{ {fields} }}") == [code]


def test_the_axis_of_a_recorded_column_has_the_levels_of_the_ask(tmp_path: Path) -> None:
    text = SCAFFOLD.format(
        declarations="axis village : nominal { top, dale }",
        statements="ask a = pick(item, mill) { read = recorded(c.published.spread), per = town }",
    ).replace("each town in town", "each town in village")
    assert [d.code for d in check_text(tmp_path, text).errors] == ["CY0201"]


@pytest.mark.parametrize(("column", "codes"), [("spread", ["CY0303"]), ("tally", ["CY0303"]), ("logs", [])])
def test_only_recorded_log_probabilities_have_a_label_mass(
    column: str, codes: list[str], tmp_path: Path
) -> None:
    ask = f"ask a = pick(item, town) {{ read = recorded(c.published.{column}) }} let x = a.mass"
    assert errors(tmp_path, ask) == codes


def test_counts_are_a_distribution_wherever_else_they_stand(tmp_path: Path) -> None:
    let = "let x = c.published.tally measure far by town : share = mean over item of m.tv(x, c.published.spread)"
    assert errors(tmp_path, let) == []


@pytest.mark.parametrize("word", ["counts", "logprobs"])
def test_a_type_of_columns_stands_in_tables_alone(word: str, tmp_path: Path) -> None:
    prompt = f'prompt odd(item: c.items, x: {word}(item.options)) -> text {{ user "{{x}}" }}'
    found = checked(tmp_path, "", prompt)
    assert "CY0209" in [error.code for error in found.errors]


def test_only_first_token_answers_are_warned_of_their_mass(tmp_path: Path) -> None:
    every = "each only in [1]"
    assert "CY0206" in codes(
        checked(tmp_path, f"{every} ask a = pick(item, town) {{ {DROP}, read = first_token }}")
    )
    for read in ("sampled", "option_likelihood"):
        found = codes(checked(tmp_path, f"ask a = pick(item, town) {{ {DROP}, read = {read} }}"))
        assert "CY0206" not in found


# ---- missing, parse, seed


@pytest.mark.parametrize(
    ("missing", "policy", "retries"),
    [("drop", "drop", 0), ("keep", "keep", 0), ("retry(2)", "retry", 2), ("retry(n = tries)", "retry", 3)],
)
def test_a_missing_answer_has_a_policy(missing: str, policy: str, retries: int, tmp_path: Path) -> None:
    ask = asks(
        tmp_path, f"ask a = pick(item, town) {{ model = model, read = sampled, missing = {missing} }}"
    )["a"]
    assert (ask.missing, ask.retries) == (policy, retries)


def test_an_answer_that_cannot_be_missing_needs_no_policy(tmp_path: Path) -> None:
    ask = asks(tmp_path, "ask a = pick(item, town) { model = model, read = first_token }")["a"]
    assert (ask.missing, ask.retries) == (None, 0)


def test_a_missing_policy_is_asked_for_in_the_words_of_the_language(tmp_path: Path) -> None:
    said = shown(
        checked(tmp_path, "ask a = pick(item, town) { model = model, read = sampled(temperature = 1.0) }")
    )
    assert "error[CY0204]: sampled answers can be missing, and nothing says what to do then" in said
    assert "^^^^^^^ gives `choice(item.options)?`\n" in said
    assert "= help: add `missing = drop`, `missing = keep` or `missing = retry(n)`" in said


@pytest.mark.parametrize(
    ("missing", "code"),
    [
        ("skip", "CY0101"),
        ("retry", "CY0209"),
        ("retry(0)", "CY0503"),
        ("retry(101)", "CY0503"),
        ("retry(1.5)", "CY0201"),
        ("retry(1, 2)", "CY0209"),
        ("retry(repeat)", "CY0201"),
    ],
)
def test_a_policy_is_drop_keep_or_retry(missing: str, code: str, tmp_path: Path) -> None:
    assert errors(
        tmp_path, f"ask a = pick(item, town) {{ model = model, read = sampled, missing = {missing} }}"
    ) == [code]


@pytest.mark.parametrize(
    ("parse", "parsers"),
    [
        ("", ("leading_letter", "labelled", "option_text")),
        (", parse = leading_letter", ("leading_letter",)),
        (", parse = [json, option_text]", ("json", "option_text")),
    ],
)
def test_parsers_are_tried_in_the_order_they_are_written(
    parse: str, parsers: tuple[str, ...], tmp_path: Path
) -> None:
    assert (
        asks(tmp_path, f"ask a = pick(item, town) {{ {DROP}, read = sampled{parse} }}")["a"].parse == parsers
    )


@pytest.mark.parametrize(
    ("call", "fields", "code"),
    [
        ("pick(item, town)", "read = sampled, parse = letters", "CY0101"),
        ("pick(item, town)", "read = sampled, parse = []", "CY0201"),
        ("pick(item, town)", "read = sampled, parse = [json, json]", "CY0102"),
        ("pick(item, town)", "read = first_token, parse = json", "CY0209"),
        ("tell(town)", "read = text, parse = json", "CY0209"),
        ("pick(item, town)", "read = sampled, seed = -1", "CY0503"),
        ("pick(item, town)", "read = sampled, seed = 1.5", "CY0201"),
        ("pick(item, town)", "read = sampled, seed = item", "CY0201"),
        ("pick(item, town)", "read = sampled, seed = 9223372036854775808", "CY0503"),
    ],
)
def test_parsers_and_seeds_are_checked(call: str, fields: str, code: str, tmp_path: Path) -> None:
    assert errors(tmp_path, f"ask a = {call} {{ {DROP}, {fields} }}") == [code]


def test_an_ask_has_its_own_seed(tmp_path: Path) -> None:
    made = asks(
        tmp_path,
        f"ask a = tell(town) {{ {DROP}, read = text, seed = tries + 1 }} ask b = tell(town) {{ {DROP}, read = text }}",
    )
    assert (made["a"].seed, made["b"].seed) == (4, None)


# ---- history


@pytest.mark.parametrize(
    ("turns", "history"),
    [
        ("along = item, last = 2", d.History("item", 2, 2, ())),
        ("along = item, last = tries", d.History("item", 3, 3, ())),
        ("along = [repeat], last = draw(0..5)", d.History("repeat", 0, 5, ())),
        (
            "clean = [answer, first_sentence], last = draw(1..tries), along = item",
            d.History("item", 1, 3, ("answer", "first_sentence")),
        ),
    ],
)
def test_a_history_runs_along_an_axis_of_its_ask(turns: str, history: d.History, tmp_path: Path) -> None:
    ask = f"ask a = pick(item, town) {{ {DROP}, per = repeat, read = sampled, history = turns({turns}) }}"
    assert asks(tmp_path, ask)["a"].history == history


@pytest.mark.parametrize(
    ("read", "history", "code"),
    [
        ("sampled", "turns(along = item)", "CY0209"),
        ("sampled", "turns(item, 3)", "CY0209"),
        ("sampled", "item", "CY0101"),
        ("sampled", "turns(along = repeat, last = 3)", "CY0101"),
        ("sampled", "turns(along = [item, town], last = 3)", "CY0209"),
        ("sampled", "turns(along = item + 1, last = 3)", "CY0201"),
        ("sampled", "turns(along = model, last = 3)", "CY0209"),
        ("sampled", "turns(along = item, last = -1)", "CY0503"),
        ("sampled", "turns(along = item, last = 1.5)", "CY0201"),
        ("sampled", "turns(along = item, last = draw(5..1))", "CY0201"),
        ("sampled", "turns(along = item, last = draw(0.5..1))", "CY0201"),
        ("sampled", "turns(along = item, last = draw(0..1001))", "CY0503"),
        ("sampled", "turns(along = item, last = draw(3))", "CY0201"),
        ("sampled", "turns(along = item, last = draw())", "CY0209"),
        ("sampled", "turns(along = item, last = 2, clean = [reason])", "CY0101"),
        ("first_token", "turns(along = item, last = 2)", "CY0209"),
        ("option_likelihood", "turns(along = item, last = 2)", "CY0209"),
    ],
)
def test_a_history_that_cannot_be_carried_is_refused(
    read: str, history: str, code: str, tmp_path: Path
) -> None:
    ask = f"ask a = pick(item, town) {{ {DROP}, read = {read}, history = {history} }}"
    assert errors(tmp_path, ask) == [code]
