"""The specs of the study: one measure each, twice, with a percentile and a t interval.

Expects nothing. Ensures that what is measured is what the text says: it is parsed, checked and lowered as any spec.
"""

from __future__ import annotations

from typing import Final

_HEAD: Final = """cycl 1
import std.metrics as m version "1"
axis country : nominal {{ {countries} }}
axis psu : nominal {{ {units} }}
axis region : nominal {{ {units} }}
corpus survey {{
  table items {{
    source   = jsonl("items.jsonl")
    item     : key
    question : text
    options  : scale(ordinal, 2..5)
    battery  : nominal?
  }}
  table people {{
    source  = csv("people.csv")
    strata  = region
    cluster = psu
    person  : key
    region  : region
    psu     : psu
    weight  : real where weight > 0
  }}
  table answers {{
    source = csv("answers.csv")
    item   : ref(items)
    person : ref(people)
    value  : choice(item.options)
  }}
}}
prompt asked(item: survey.items) -> choice(item.options) {{
  user "{{item.question}} {{item.options|lettered}}"
}}
panel pair {{
  factor side : nominal {{ left, right }}
  model first  = demo() {{ side = left }}
  model second = demo() {{ side = right }}
}}
panel one {{ model only = demo() }}
audit study {{
  each item in survey.items
  {axes}
  {value}
  measure by_percentile by {by} : {unit} = {term} {{ interval = bootstrap({over}, draws = {draws}) {test} }}
  measure by_t by {by} : {unit} = {term} {{ interval = bootstrap({over}, draws = {draws}, method = t) }}
}}
"""
_ASKED: Final = """each world in 1..{worlds}
  {more}"""


def spec(
    *,
    worlds: int,
    draws: int,
    clusters: int,
    term: str,
    over: str,
    more: str = "each model in one",
    model: str = "model",
    per: str = "world",
    unit: str = "real",
    test: str = "",
    people: bool = False,
) -> str:
    """The text of one design; `people` are measured by item, answers by world."""
    reply = f"ask reply = asked(item) {{ model = {model}, per = [{per}], read = first_token }}"
    human = "let human = share over person weighted by person.weight of survey.answers.value"
    return _HEAD.format(
        countries=", ".join(f"c{at}" for at in range(clusters)),
        units=", ".join(f"u{at}" for at in range(clusters)),
        axes="" if people else _ASKED.format(worlds=worlds, more=more),
        value=human if people else reply,
        by="item" if people else "world",
        unit=unit,
        term=term,
        over=over,
        draws=draws,
        test=test,
    )
