"""A typing rule as data: what it says, what applies it, a program that keeps it and one that breaks it.

The reference's table of rules and the tests of them are made from these. An example is one or more statements of an
audit, or declarations beside it, set into `SCAFFOLD`; it is a complete program and nothing in it is hidden.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from cyclspec.language.diagnostics import Diagnostic

SCAFFOLD = """cycl 1

import std.metrics as m

axis town : nominal {{
  harbour "the harbour" {{ side = coast }}
  mill    "the mill"    {{ side = inland }}
}}
scale colour : nominal {{ red "red", blue "blue" }}

corpus survey {{
  table items {{
    source = parquet("items.parquet")
    item      : key
    question  : text
    phrasings : list(text) where size(phrasings) >= 2
    options   : scale(ordinal, 2..5)
    theme     : nominal(work, home)
  }}
  table people {{
    source = parquet("people.parquet")
    person : key
    town   : town
    weight : real where weight >= 0
  }}
  table answers {{
    source = parquet("answers.parquet")
    item   : ref(items)
    person : ref(people)
    value  : choice(item.options)
  }}
}}
target residents {{ axes = [town], rows = survey.people, weight = survey.people.weight }}

prompt neighbour(item: survey.items, town: town) -> choice(item.options) {{
  user "You live at {{town}}. {{item.question}} {{item.options|lettered}}"
}}
prompt reworded(phrasing: text, item: survey.items) -> choice(item.options) {{
  user "{{phrasing}} {{item.options|lettered}}"
}}
prompt diary(town: town) -> record {{ mood : share  worries : list(text) }} {{
  user "You live at {{town}}. How was your day?"
}}
prompt recall(worries: list(text), item: survey.items) -> choice(item.options) {{
  user "{{worries|bulleted}} {{item.question}} {{item.options|lettered}}"
}}
panel pair {{
  factor tuning : nominal {{ base, chat }}
  model a = demo() {{ tuning = base }}
  model b = demo() {{ tuning = chat }}
}}
{declarations}
audit example {{
  each item  in survey.items{where}
  each town  in town
  each model in pair
  ask reply = neighbour(item, town) {{ model = model, read = first_token }}
  let people = share over person by town weighted by person.weight of survey.answers.value
  check enough = (min over item, town of reply.mass) >= 0.5
  {statements}
}}
"""


@dataclass(frozen=True, slots=True)
class Example:
    """What is set into the scaffold: statements, declarations beside the audit, a condition on its items."""

    statements: str = ""
    declarations: str = ""
    where: str = ""

    @property
    def shown(self) -> str:
        """The example alone, as the reference prints it."""
        condition = f"each item in survey.items{self.where}" if self.where else ""
        return "\n".join(part for part in (self.declarations, condition, self.statements) if part)

    @property
    def program(self) -> str:
        """The example as a whole module."""
        return SCAFFOLD.format(declarations=self.declarations, where=self.where, statements=self.statements)


def holds(statements: str, *, beside: str = "", where: str = "") -> Example:
    """An example by its statements, with what they need beside them."""
    return Example(statements, beside, where)


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule of language.md section 4.

    `formula` is the rule as an inference or an identity; `says` the same in words; `applied_by` the function of the
    type checker that applies it; `breaks` the diagnostic that `bad` gets, and nothing else but warnings.
    """

    name: str
    formula: str
    says: str
    applied_by: Callable[..., Any]
    breaks: type[Diagnostic]
    good: Example
    bad: Example
