"""What another order of a prompt's parts would share: counts against sets of prefixes, and when to say so."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from cyclspec import pipeline
from cyclspec.compiler.plan import ordering
from cyclspec.compiler.plan.plan import Plan
from cyclspec.compiler.prompts.parts import parts_of, shown_in
from cyclspec.language.diagnostics.cy07_data_and_plan import SharesLittle

LONG = (
    "You have lived here all your life, know everyone in the street, and would not want to live anywhere else. "
    * 2
)
QUESTION = "How do you feel about {topic}, all in all?"
TOPICS = ", ".join(f'"number {n} of the matters at hand"' for n in range(30))
SPEC = """cycl 1
axis town : nominal {{ mill, harbour, ridge }}
scale mood : ordinal {{ low, high }}
prompt feel(topic: text, town: town, lang: lang) -> choice(mood) {{
{messages}
}}
panel models {{
  model first = demo()
}}
audit small {{
  each town  in town
  each topic in [{topics}]
  each lang  in [{langs}]
  each model in models
  ask reply = feel(topic, town, lang) {{ model = model, read = first_token }}
  check label_mass = (min over town, topic, lang of reply.mass) >= 0.5
}}
"""


def planned(folder: Path, *messages: str, topics: str = TOPICS, langs: str = "en") -> Plan:
    """The plan of an audit whose prompt has some messages."""
    path = folder / "audit.cycl"
    shown = "\n".join(messages)
    path.write_text(SPEC.format(messages=shown, topics=topics, langs=langs), encoding="utf-8")
    context = pipeline.check(path).require()
    opened = pipeline.open_data(context, pipeline.choose(context, None))
    return pipeline.plan(opened, weights="if here")


def user(*parts: str, between: str = "\\n", lang: str = "en") -> str:
    return f'  user[{lang}] "{between.join(parts)}"'


def warnings(plan: Plan) -> list[SharesLittle]:
    return [one for one in plan.warnings if isinstance(one, SharesLittle)]


def prefixes(plan: Plan) -> int:
    """The tokens of the prefix tree, as a set."""
    prompts = [one.token_ids for one in plan.requests]
    return len({ids[:n] for ids in prompts for n in range(1, len(ids) + 1)})


def numbers(label: str) -> tuple[int, int]:
    """The two counts of tokens in a warning."""
    found = [int(one.replace(" ", "")) for one in re.findall(r"(\d[\d ]*\d|\d) (?:tokens|\()", label)]
    return found[0], found[1]


@pytest.mark.parametrize("between", ["\\n", "\\n\\n", " "], ids=["lines", "paragraphs", "sentences"])
def test_a_question_before_a_long_persona_is_told_with_the_tokens_of_both_orders(
    tmp_path: Path, between: str
) -> None:
    persona = (
        f"You are from {{town}}: {LONG}"
        if between != " "
        else f"You are from {{town}}, {LONG.replace('.', ',')}."
    )
    author = planned(tmp_path, user(QUESTION, persona, between=between))
    better = planned(tmp_path, user(persona, QUESTION, between=between))
    (told,) = warnings(author)
    assert told.ask == "reply"
    assert told.label.startswith("`topic` before `town`: ")
    assert "; `town` before `topic`: " in told.label
    now, then = numbers(told.label)
    assert now == prefixes(author)
    assert then == pytest.approx(prefixes(better), rel=0.02)
    assert f"({now / then:.1f}x less)" in told.label
    assert warnings(better) == []


def test_the_order_of_the_author_is_never_changed(tmp_path: Path) -> None:
    plan = planned(tmp_path, user(QUESTION, "You are from {town}. " + LONG))
    assert warnings(plan)
    for request in plan.requests:
        assert request.text.index("How do you feel") < request.text.index("You are from")
    assert "the order is part of what is measured" in warnings(plan)[0].help


def test_a_fixed_text_behind_what_varies_is_told_of(tmp_path: Path) -> None:
    (told,) = warnings(planned(tmp_path, user("{town}:", QUESTION, LONG)))
    assert told.label.startswith("`town` before `topic` before the fixed text: ")
    assert "; the fixed text before `to" in told.label


def test_what_a_system_message_says_first_stays_first(tmp_path: Path) -> None:
    system = f'  system[en] "{LONG.replace(".", ",")} and of {{topic}} you think at times"'
    assert warnings(planned(tmp_path, system, user("You are from {town}.", "Answer A or B."))) == []


def test_a_small_saving_is_not_worth_a_warning(tmp_path: Path) -> None:
    few = planned(tmp_path, user(QUESTION, "You are from {town}. " + LONG), topics='"rain", "the river"')
    assert warnings(few) == []
    short = planned(tmp_path, user(QUESTION, "You are from {town}."))
    assert warnings(short) == []


def test_every_language_has_its_own_order(tmp_path: Path) -> None:
    spanish = user("Eres de {town}. " + LONG, "¿Qué te parece {topic}?", lang="es")
    author = planned(tmp_path, user(QUESTION, "You are from {town}. " + LONG), spanish, langs="en, es")
    better = planned(tmp_path, user("You are from {town}. " + LONG, QUESTION), spanish, langs="en, es")
    (told,) = warnings(author)
    now, then = numbers(told.label)
    assert (now, warnings(better)) == (prefixes(author), [])
    assert then == pytest.approx(prefixes(better), rel=0.02)


def test_a_large_ask_is_estimated_and_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    messages = user(QUESTION, "You are from {town}. " + LONG)
    (counted,) = warnings(planned(tmp_path, messages))
    monkeypatch.setattr(ordering, "MOST_RENDERED", 10)
    monkeypatch.setattr(ordering, "SAMPLE", 20)
    (estimated,) = warnings(planned(tmp_path, messages))
    assert "about" in estimated.label
    assert "about" not in counted.label
    assert any("estimated from 20 of 90 prompts" in note for note in estimated.notes)
    assert numbers(estimated.label.replace("about ", ""))[0] == numbers(counted.label)[0]
    estimate, count = numbers(estimated.label.replace("about ", ""))[1], numbers(counted.label)[1]
    assert estimate == pytest.approx(count, rel=0.15)


def test_the_parts_of_a_template_are_paragraphs_or_lines_or_sentences() -> None:
    assert parts_of("a\nb\n \n\nc").texts == ("a\nb", "c")
    assert parts_of("a. b\nc").texts == ("a. b", "c")
    assert parts_of("Is {a} so? Yes: {b.c|lettered} is.").texts == (
        "Is {a} so?",
        "Yes:",
        "{b.c|lettered} is.",
    )
    assert parts_of("no end").texts == ("no end",)
    assert parts_of("").texts == ("",)


def test_a_part_ends_in_no_hole() -> None:
    assert parts_of("{ a\n|\nlower }\n{{b}}").texts == ("{ a\n|\nlower }", "{{b}}")
    assert shown_in("{ a\n|\nlower } {{b}} {c.d} {c}") == ("a", "c")


def test_parts_in_their_own_order_are_the_template() -> None:
    for template in ("a\n\nb\nc\n\nd", "a\nb {x}\nc", "One. Two? Three."):
        parts = parts_of(template)
        assert parts.arranged(range(len(parts.texts))) == template
    assert parts_of("a\nb\nc").arranged((2, 0, 1)) == "c\na\nb"
