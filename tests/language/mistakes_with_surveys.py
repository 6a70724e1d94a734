"""What social scientists write: tables for columns, labels for levels, names without the module they are in.

The entries are those of `mistakes`: what is written, the code, the message, the first help or the label, and the text
under the carets.
"""

from __future__ import annotations

from mistakes import line, top, whole

BEHIND_AN_ALIAS = 'cycl 1\nimport std.metrics as m\nimport "lib/town.cycl" as survey\n'
SURVEYED = """audit small {
  each item in survey.towns.items
  each model in survey.pair
"""

MISTAKES = (
    line("a table for its answers", "let people = share over person by town of towns.answers", "CY0201",
        "this has the wrong type",
        "write `towns.answers.value`", "towns.answers"),
    line("a table of rows as a value", "let people = towns.people", "CY0201",
        "this has the wrong type",
        "name a column: `person`, `town`, `age`, `weight`", "towns.people"),
    line("a share over the questions", "let people = share over person, item by town of towns.answers.value", "CY0208",
        "`share` cannot reduce `choice(item.options)` over `item`, of which each has options of its own",
        "keep `item`: `share over person by town of towns.answers.value`", "share"),
    line("a mean of answers to several questions", "let means = mean over item of reply", "CY0208",
        "`mean` cannot reduce `dist(item.options)` over `item`, of which each has options of its own",
        "compare within each item, then reduce: `mean over item of m.tv(.., ..)`", "mean"),
    whole("levels in quotes", BEHIND_AN_ALIAS + SURVEYED.replace("items\n",
        'items where item.theme in ["streets", "schools"]\n') + "}\n", "CY0501",
        "cannot compare `theme` with `text`",
        "write `[streets, schools]`", 'item.theme in ["streets", "schools"]'),
    whole("some levels as an axis", BEHIND_AN_ALIAS + SURVEYED + "  each town in [harbour, ridge]\n}\n", "CY0201",
        "this source has the wrong type",
        "write `each town in survey.town where town in [harbour, ridge]`", "[harbour, ridge]"),
    whole("a type without its module",
        BEHIND_AN_ALIAS + 'prompt p(town: town) -> text { user "{town}?" }\n', "CY0101",
        "there is no type named `town`",
        "did you mean `survey.town`?", "town"),
    whole("a corpus without its module", BEHIND_AN_ALIAS + SURVEYED
        + "  let people = share over person of towns.answers.value\n}\n", "CY0101",
        "there is no value named `towns`",
        "did you mean `survey.towns`?", "towns"),
    line("a weight without its row",
        "let people = share over person by town weighted by weight of towns.answers.value", "CY0101",
        "there is no value named `weight`",
        "did you mean `person.weight`?", "weight"),
    line("a metric by its other name", "let far = mean over item of m.wasserstein(reply, reply)", "CY0101",
        "there is no metric named `wasserstein` in `std.metrics`",
        "did you mean `emd_norm` or `w1`?", "wasserstein"),
    top("the name of a level in a hole", 'prompt p(town: town) -> text { user "You live in {town.name}." }', "CY0401",
        "the template uses a name the prompt does not have",
        "a level is shown by its label: `{town}`", "{town.name}"),
)  # fmt: skip
