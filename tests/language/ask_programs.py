"""The program that the tests of asks and stages put their statements into."""

from __future__ import annotations

from pathlib import Path

from spec_files import check_text, shown

from cyclspec import pipeline
from cyclspec.language.types import typed as d

SCAFFOLD = """cycl 1
import std.metrics as m

param tries : count = 3
param warm  : real  = 0.5
param least : share = 90%

axis town  : nominal {{ mill {{en: "the mill", fr: "le moulin"}}, quay {{en: "the quay", fr: "le quai"}} }}
scale mood : nominal {{ calm {{en: "calm"}}, cross {{en: "cross"}} }}

corpus c {{
  table items {{
    source   = jsonl("items.jsonl")
    item     : key
    question : text(en, fr)
    phrasings : list(text(en))
    options  : scale(ordinal, 2..7)
  }}
  table published {{
    source = csv("published.csv")
    item   : ref(items)
    town   : town
    spread : dist(item.options)
    tally  : counts(item.options)
    logs   : logprobs(item.options)
    first  : choice(item.options)?
    mood   : mood
    why    : text?
    number : real
  }}
  table runs {{
    source = csv("runs.csv")
    item   : ref(items)
    town   : town
    model  : nominal
    repeat : count
    value  : choice(item.options)?
    why    : text?
  }}
}}
panel duo {{ factor size : ordinal(parameters)
  model one = demo() {{ size = 1B }}  model two = demo() {{ size = 2B }} }}

prompt pick(item: c.items, town: town) -> choice(item.options) {{
  user[en] "{{town}}: {{item.question}} {{item.options|lettered}}" }}
prompt several(item: c.items) -> picks(item.options, 0..3) {{
  user[en] "{{item.question}} {{item.options|lettered}}" }}
prompt tell(town: town) -> text {{ user[en] "Tell of {{town}}." }}
prompt felt(town: town) -> choice(mood) {{ user[en] "How is {{town}}?" }}
prompt diary(town: town) -> record {{
  mood : choice(mood)  worries : list(text) where size(worries) in 1..3  rate : share  words : text
}} {{ user[en] "How was {{town}}?" }}
prompt recall(item: c.items, worries: list(text), mood: choice(mood), rate: share) -> choice(item.options) {{
  user[en] "{{worries|bulleted}} {{mood}} {{rate|percent}} {{item.question}} {{item.options|lettered}}" }}
prompt judged(before: choice(c.items.options), item: c.items) -> choice(item.options) {{
  user[en] "{{before}} {{item.question}} {{item.options|lettered}}" }}
{declarations}

audit one {{
  each item in c.items   each town in town   each repeat in 1..3   each model in duo
  {statements}
}}
"""
DROP = "model = model, missing = drop"
DIARY = f"ask day = diary(town) {{ {DROP}, per = repeat, read = json }} "


def checked(tmp_path: Path, statements: str, declarations: str = "") -> pipeline.Checked:
    return check_text(tmp_path, SCAFFOLD.format(statements=statements, declarations=declarations))


def errors(tmp_path: Path, statements: str, declarations: str = "") -> list[str]:
    return [found.code for found in checked(tmp_path, statements, declarations).errors]


def asks(tmp_path: Path, statements: str, declarations: str = "") -> dict[str, d.TypedAsk]:
    found = checked(tmp_path, statements, declarations)
    assert not found.errors, shown(found)
    return {ask.name: ask for ask in found.require().audits["one"].asks}
