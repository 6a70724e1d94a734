"""Texts that models write, read as one of some options or as none."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cyclspec.compiler.readings.choices import MOST_CHARACTERS, PARSERS, Offered, is_off_scale, read_option
from cyclspec.compiler.readings.missing import kind_of_missing
from cyclspec.compiler.readings.reading import EMPTY, Reading, WrittenText, read_text

OFFERED = (
    Offered("1", ("A",), "Very important"),
    Offered("2", ("B",), "Important"),
    Offered("9", ("C",), "Not at all important"),
)
DEFAULT = ("leading_letter", "labelled", "option_text")


def read(text: str, *parsers: str, offered: tuple[Offered, ...] = OFFERED) -> str | None:
    return read_option(text, offered, parsers or DEFAULT)


@pytest.mark.parametrize(
    "text",
    [
        "B",
        " b.",
        "B) because",
        "(B)",
        "**B**",
        "B: yes",
        "B - yes\n",
        "> B.",
        "“B”",
        "\u200bB\nC",
        "B important",
    ],
)
def test_a_text_that_begins_with_a_label_names_its_option(text: str) -> None:
    assert read(text, "leading_letter") == "2"


@pytest.mark.parametrize(
    "text",
    ["A person would", "a", "A, B or C", "B/C", "D.", "Bx", "It is B", "", "B very much"],
)
def test_a_text_that_begins_otherwise_is_left_to_the_next_parser(text: str) -> None:
    assert read(text, "leading_letter") == ("1" if text == "a" else None)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("Answer: B", "2"),
        ("Answer: B\nExplanation: A. is too much, C) too little.", "2"),
        ("Answer: very important, since", "1"),
        ("答案：C。", "9"),
        ("I would say (C), really", "9"),
        ("My choice is **A**", "1"),
        ("I think the answer is B.", "2"),
        ("I think the answer is B", "2"),
        ("Option A is better than B", None),
        ("(A) or (B)", None),
        ("A: very important\nC: not at all important", None),
        ("vitamin D", None),
        ("so it is, a", None),
    ],
)
def test_a_marked_label_names_its_option_where_it_is_the_only_one(text: str, code: str | None) -> None:
    assert read(text, "labelled") == code


@pytest.mark.parametrize(
    ("prefix", "text", "code"),
    [
        ("Answer:", " B\nExplanation: A. is too much.", "2"),
        ("答案：", "C。\n解释：A。", "9"),
        ("Fields.\nAnswer: ", "very important, since it is not at all important\nExplanation: B.", "1"),
        ("Answer:", "Answer: B\nExplanation: A.", "2"),
        ("Answer:", "I cannot say\nExplanation: none.", None),
        ("My answer is (", "B\nExplanation: A is wrong", None),
        ("", "B\nExplanation: A is wrong", None),
    ],
)
def test_a_text_goes_on_with_the_field_that_its_prefix_begins(
    prefix: str, text: str, code: str | None
) -> None:
    assert read_option(text, OFFERED, ("labelled",), prefix) == code


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("It is VERY  important to me.", "1"),
        ("I find it important", "2"),
        ("not at all important", "9"),
        ("important, or even very important", None),
        ("unimportant", None),
        ("importantly", None),
        ("nothing of the kind", None),
    ],
)
def test_the_words_of_one_option_name_it(text: str, code: str | None) -> None:
    assert read(text, "option_text") == code


def test_words_need_no_spaces_around_them_where_the_script_has_none() -> None:
    offered = (Offered("1", ("A",), "同意"), Offered("2", ("B",), "反对"))
    assert read("我同意这种说法", "option_text", offered=offered) == "1"
    assert read("既不同意也不反对", "option_text", offered=offered) is None


def test_options_with_the_same_words_are_told_apart_by_labels_alone() -> None:
    offered = (Offered("1", ("A",), "yes"), Offered("2", ("B",), "yes"))
    assert read("yes", offered=offered) is None
    assert read("B. yes", offered=offered) == "2"


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ('{"answer": "B", "why": "it is"}', "2"),
        ('Sure: {"choice": "very important"}', "1"),
        ('{"choice": 9}', "9"),
        ('"c"', "9"),
        ('{"a": "A", "b": "B"}', None),
        ('{"answer": "B"', None),
        ("[" * 9000, None),
        ('{"a":' * 9000, None),
    ],
)
def test_a_value_in_json_names_its_option(text: str, code: str | None) -> None:
    assert read(text, "json") == code


def test_parsers_are_tried_in_the_order_given() -> None:
    text = "A. I mean: not at all important"
    assert read(text, "leading_letter", "option_text") == "1"
    assert read(text, "option_text", "leading_letter") == "9"
    assert read("quite important", "leading_letter") is None


def test_numbers_are_labels_where_they_are_shown_as_such() -> None:
    offered = (Offered("x", ("1",), "low"), Offered("y", ("2",), "high"))
    assert read("2. high", offered=offered) == "y"
    assert read("B", offered=offered) is None


@given(st.text(max_size=200), st.sampled_from(sorted(PARSERS)))
def test_any_text_is_read_as_an_option_or_as_none(text: str, parser: str) -> None:
    assert read(text, parser) in (None, "1", "2", "9")


@given(
    st.permutations(OFFERED),
    st.sampled_from(["B.", "Answer: C", "very important", "I choose (A)", "A and B"]),
)
def test_the_order_of_a_scale_does_not_change_what_labels_and_words_name(
    offered: list[Offered], text: str
) -> None:
    assert read(text, offered=tuple(offered)) == read(text)


@pytest.mark.parametrize("piece", ["(A", "important ", "A: ", "**", '{"', "A, ", "\u0600", ":\n", "ﷺ"])
def test_a_hostile_text_costs_little(piece: str) -> None:
    started = time.process_time()
    for parser in PARSERS:
        read(piece * (1_000_000 // len(piece)), parser)
    assert time.process_time() - started < 2.0


def test_what_comes_late_is_not_read() -> None:
    assert read("x" * (MOST_CHARACTERS - 4) + " (B)", "labelled") == "2"
    assert read("x" * MOST_CHARACTERS + " (B)", "labelled") is None


def test_a_text_is_an_answer_unless_it_is_empty() -> None:
    assert read_text(WrittenText((5,), " Good day.\n", "stop")) == Reading(text="Good day.")
    assert read_text(WrittenText((5,), " \n\u3000", "length")) == Reading(reason=EMPTY)


@pytest.mark.parametrize("text", ["D.", "(F)", "**E**, because", "Answer: G", "Z"])
def test_a_label_that_was_not_shown_is_off_the_scale(text: str) -> None:
    assert read(text) is None and is_off_scale(text, OFFERED)


@pytest.mark.parametrize("text", ["B.", "7", "I would rather not say.", "", "A or D", "Don't know", "d"])
def test_other_texts_are_not_off_the_scale(text: str) -> None:
    assert not is_off_scale(text, OFFERED)


def test_a_number_beyond_a_numbered_scale_is_off_the_scale() -> None:
    numbered = tuple(Offered(str(at), (str(at),), f"step {at}") for at in range(1, 6))
    assert is_off_scale("7", numbered) and is_off_scale("10.", numbered)
    assert not is_off_scale("5", numbered) and not is_off_scale("B.", numbered)


@pytest.mark.parametrize(
    ("reason", "kind"),
    [
        ("refused", "refused"),
        ("Declined", "refused"),
        ("filtered", "refused"),
        ("empty", "unreadable"),
        ("OFF-SCALE", "off scale"),
        ("out_of_range", "off scale"),
        ("not recorded", "absent"),
        ("upstream", "absent"),
        ("the dog ate it", "absent"),
    ],
)
def test_every_reason_is_of_one_kind(reason: str, kind: str) -> None:
    assert kind_of_missing(reason) == kind
