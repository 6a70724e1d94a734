"""The words that the language itself brings: what hover says of them and completion offers, by place.

Everything that a program declares is not here. A test holds the tables against those of the type checker.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from cyclspec.language.types import functions, reducers

Words = Mapping[str, str]

REDUCERS: Final[Words] = {reducer.name: reducer.says for reducer in reducers.REDUCERS.values()}
FUNCTIONS: Final[Words] = {function.name: function.says for function in functions.FUNCTIONS.values()}
SOURCES: Final[Words] = {
    "draw": "One level for each cell, drawn by counter: `draw(places, per = simulation)`. Adds no axis.",
    "shuffled": "Another level of an axis in each of its cells, for a control: `shuffled(country)`. Adds no axis.",
    "permutations": "Orders of a scale: `permutations(item.options, n = 4, keep = identity)`.",
    "waves": "Dated sessions, asked one a run: `waves(count = 4, every = 7d)`.",
    "holdout": "A share of the rows of a table, drawn by key: `holdout(survey.items, share = 20%)`.",
    "rest": "The rows that a hold-out leaves: `rest(survey.items, share = 20%)`.",
    "sample": "Rows of a table: `sample(survey.people, n = 200, strata = [country], weight = weight)`.",
}
READERS: Final[Words] = {
    "first_token": "The probability over option labels at the first answer position: a distribution.",
    "option_likelihood": "The likelihood of each option's whole text: a distribution.",
    "sampled": "Text drawn from the model, of which a choice is parsed.",
    "text": "The text itself.",
    "json": "A record, written by the model as JSON.",
    "recorded": "Answers that already exist: `recorded(corpus.table.column)`. No model is asked.",
}
TYPES: Final[Words] = {
    "bool": "True or false.",
    "count": "A whole number.",
    "real": "A number without a unit.",
    "text": "A text; `text(en, zh)` is known to exist in those languages.",
    "lang": "A language tag.",
    "date": "A day of the calendar.",
    "key": "The key column of a table: the axis that its rows span.",
    "list": "A list: `list(text)`.",
    "nominal": "Levels without an order.",
    "ordinal": "Levels in their order.",
    "ref": "A row of another table of the corpus: `ref(items)`.",
    "scale": "Answer options that every row brings along: `scale(ordinal, 2..10)`.",
    "choice": "One option of a scale: `choice(item.options)`.",
    "dist": "A share for every option of a scale: `dist(item.options)`.",
    "counts": "How many answers each option of a scale got: `counts(item.options)`, a column of a table.",
    "logprobs": "The log-probability of each option in nats: `logprobs(item.options)`, a column of a table.",
    "order": "The options of a scale in some order.",
    "picks": "Several options of a scale: `picks(item.options, 0..5)`.",
    "record": "Named fields: `record { mood : share }`.",
    "share": "A number in 0..1.",
    "points": "A difference of shares, in -1..1.",
    "ratio": "A quotient of two values of one unit.",
    "bits": "Information, logarithm to base two.",
    "nats": "Information, natural logarithm.",
    "steps": "Steps along an ordered scale.",
    "rank": "A place in an order, from one.",
    "coefficient": "A number in -1..1, such as a correlation.",
    "years": "Years of age or of time.",
    "duration": "A time: `7d`, `90min`.",
    "parameters": "The size of a model: `7B`.",
}
STYLES: Final[Words] = {
    "lettered": "Options or entries, one a line, lettered A, B, C.",
    "numbered": "Options or entries, one a line, numbered from 1.",
    "bulleted": "Options or entries, one a line, with a bullet.",
    "inline": "Options or entries in one line.",
    "percent": "A number as a percentage.",
    "lower": "A label in lower case.",
}
PLACES: Final[Words] = {
    "demo": "The small model that comes with the package.",
    "hf": 'A model of the Hugging Face hub: `hf("name", revision = "a09a354")`.',
    "local": 'A folder beside the spec: `local("path")`.',
    "openai": 'A hosted model, asked by batch: `openai("gpt-4o-mini", host = "api.openai.com")`.',
    "recorded": 'A model whose answers exist already: `recorded()`, or `recorded("its name in the table")`.',
}
FORMATS: Final[Words] = {
    "parquet": 'An Apache Parquet file: `parquet("items.parquet")`.',
    "csv": "Comma-separated values with a header.",
    "json": "One JSON list of objects.",
    "jsonl": "One JSON object a line.",
    "arrow": "An Arrow IPC file.",
}
FIELDS: Final[Mapping[str, Words]] = {
    "audit": {
        "title": "What results are headed with.",
        "seed": "The seed of all draws, a whole number.",
        "offer_missing": "Whether options such as don't know are shown to the model.",
        "count_missing": "Whether options such as don't know count among the options.",
    },
    "ask": {
        "model": "The axis or panel of the models that are asked.",
        "per": "Axes over which the same prompt is asked again: `per = [repeat]`.",
        "read": "How an answer is read: a reader.",
        "parse": "How a choice is found in a text; several are tried in order.",
        "missing": "What becomes of an answer that is missing.",
        "seed": "A seed of this ask's own.",
        "history": "Earlier turns that the model sees: `turns(along = item, last = draw(0..5))`.",
    },
    "measure": {
        "better": "Which way is better.",
        "interval": "An interval by resampling: `bootstrap(over = item, draws = 2000, level = 95%)`.",
        "test": "A p-value: `sign_flip(over = item)` or `permutation(over = country, within = item)`.",
        "sizes": "The measure with as few people, and answers, behind every cell as behind the smallest: `equal`.",
        "bounds": "The lowest and highest value that missing answers allow: `worst_case`.",
        "adjust": "The correction for several comparisons, those of the cells of this measure.",
    },
    "check": {
        "on_fail": "What happens to the measures that a failing cell covers; `withhold` where nothing is said.",
        "because": "What a failure means, in a sentence for the reader of the results.",
    },
    "target": {
        "axes": "The columns that cut people into cells.",
        "rows": "The table of people.",
        "weight": "The column of their weights.",
        "min_n": "The fewest people of a cell that is scored.",
    },
    "corpus": {
        "title": "What the data are called.",
        "release": "Which release of them.",
        "licence": "Under which terms they may be used.",
        "citation": "What to cite where they are used.",
        "note": "What a reader should know.",
    },
    "table": {
        "source": 'The file: `parquet("items.parquet")`.',
        "hash": "The hash of the file: `sha256:...`.",
        "tolerance": "How far from one a distribution may sum and still be taken as rounded.",
        "weight": "The column of people's weights.",
        "strata": "The column of the strata that people were drawn in.",
        "cluster": "The column of the clusters (primary sampling units) that people were drawn in.",
    },
    "panel": {},
    "prompt": {},
}
VALUES: Final[Mapping[tuple[str, str], Words]] = {
    ("ask", "parse"): {
        "leading_letter": "The letter that the reply begins with.",
        "labelled": "The letter behind a word such as `Answer:`.",
        "option_text": "The text of an option in the reply.",
        "json": "A field of a JSON object in the reply.",
    },
    ("ask", "missing"): {
        "drop": "It leaves the distribution and is counted.",
        "keep": "It stays missing.",
        "retry": "It is asked again, up to `retry(n)` times.",
    },
    ("ask", "history"): {"turns": "Earlier turns of the same cell along an axis."},
    ("ask", "read"): READERS,
    ("measure", "better"): {"higher": "More is better.", "lower": "Less is better."},
    ("measure", "interval"): {"bootstrap": "The measure with levels of axes, or people, drawn again."},
    ("measure", "test"): {
        "sign_flip": "Whether a paired contrast is zero, by flipping the signs of what clusters add to it.",
        "permutation": "What a maximum, a gap or a share is where labels mean nothing.",
    },
    ("measure", "sizes"): {"equal": "People and answers are thinned to the smallest number, 200 times."},
    ("measure", "bounds"): {
        "worst_case": "Missing answers are put where the measure is lowest, and highest."
    },
    ("measure", "adjust"): {"holm": "Holm's step-down method.", "bh": "Benjamini and Hochberg's method."},
    ("check", "on_fail"): {
        "withhold": "The measure cells that it covers get no number.",
        "exclude": "The failing cells are left out; the value with them is kept beside.",
        "warn": "The report says so.",
        "stop": "The audit stops.",
    },
    ("audit", "offer_missing"): {"true": "Shown.", "false": "Not shown."},
    ("audit", "count_missing"): {"true": "Counted.", "false": "Not counted."},
    ("table", "source"): FORMATS,
}
_SAMPLING: Final[Words] = {
    "temperature": "How far the model strays from its likeliest words.",
    "top_p": "The share of probability that is drawn from.",
    "max_tokens": "How long an answer may be.",
}
_SPLIT: Final[Words] = {
    "share": "How much of the rows is held out.",
    "name": "What tells one split of a table from another.",
    "cluster": "A column whose rows of one level are held out together.",
}
ARGUMENTS: Final[Mapping[str, Words]] = {
    "first_token": {"labels": "How options are labelled.", "variants": "Which spellings of a label count."},
    "option_likelihood": {
        "normalise": "By what the likelihood of an option is divided.",
        "boundary": "Where the tokens of the prompt end and those of an option begin.",
    },
    "sampled": _SAMPLING,
    "text": _SAMPLING,
    "json": {**_SAMPLING, "decoding": "Whether the model can write anything but the record."},
    "bootstrap": {
        "over": "The axes that are resampled, or the key of people.",
        "draws": "How often.",
        "level": "How often the interval should hold the truth.",
        "method": "`percentile` of the draws, or `t`: their standard error times a quantile of t.",
        "cluster": "Attributes whose levels are drawn as wholes: `item.theme`; `item` for each by itself.",
        "strata": "Attributes within whose levels is drawn.",
        "design": "`crossed`: axes are drawn independently. `nested`: each within the ones before it.",
    },
    "sign_flip": {
        "over": "The axes whose levels keep or change their sign, one axis at a time.",
        "draws": "How many sign patterns, unless there are fewer.",
        "cluster": "Attributes whose levels change sign as wholes: `item.theme`.",
    },
    "permutation": {
        "over": "The axis whose labels are permuted, or the key of people whose groups are.",
        "within": "Axes in whose every level labels are permuted by themselves; of people, groups that they stay in.",
        "draws": "How many permutations.",
        "tail": "`upper`, `lower` or `both`: which values speak against the null.",
    },
    "permutations": {
        "n": "How many orders at most.",
        "keep": "`identity`: the scale's own order comes first.",
    },
    "waves": {"count": "How many sessions.", "every": "The time between two of them."},
    "sample": {
        "n": "How many rows.",
        "strata": "Columns that cut the table.",
        "weight": "The column of weights.",
    },
    "holdout": _SPLIT,
    "rest": _SPLIT,
    "draw": {"per": "The axes in whose cells one level is drawn."},
    "turns": {
        "along": "The axis that turns run along.",
        "last": "How many turns.",
        "clean": "What of a turn stays.",
    },
    "hf": {"revision": "The commit of the model."},
    "openai": {"host": "Whose server it is on, for the record."},
    **{name: {x.name: x.is_a for x in function.arguments} for name, function in functions.FUNCTIONS.items()},
    **{r.name: {x.name: x.says for x in r.parameters} for r in reducers.REDUCERS.values() if r.parameters},
}
CHOICES: Final[Mapping[tuple[str, str], tuple[str, ...]]] = {
    ("first_token", "labels"): ("letters", "numbers"),
    ("first_token", "variants"): ("exact", "union"),
    ("option_likelihood", "normalise"): ("none", "by_token", "by_byte", "unconditional"),
    ("option_likelihood", "boundary"): ("joint", "harness"),
    ("permutations", "keep"): ("identity",),
    ("turns", "clean"): ("answer", "first_sentence"),
    **{(r.name, x.name): x.words for r in reducers.REDUCERS.values() for x in r.parameters if x.words},
}
AXIS_ARGUMENTS: Final = frozenset(
    {
        ("bootstrap", "over"),
        ("draw", "per"),
        ("turns", "along"),
        ("complete", "over"),
        ("models_unchanged", "over"),
    }
    | {(name, "leave_out") for name in functions.FUNCTIONS}
    | {("human_mean_in_sample", "over"), ("human_shuffled", "over")}
    | {
        (r.name, x.name)
        for r in reducers.REDUCERS.values()
        for x in r.parameters
        if x.is_a in ("axes", "kept")
    }
)


def reducer_lines(name: str) -> tuple[str, tuple[str, ...]]:
    """How a reducer is written, and what there is to say of it, both directions together."""
    found = [reducer for (known, _), reducer in reducers.REDUCERS.items() if known == name]
    first = found[0]
    given = ", ".join(f"{x.name} = {x.default or '..'}" for x in first.parameters)
    code = f"{name}{f'({given})' if given else ''} {first.direction} .. of .."
    notes = [f"- `{x.name}`: {x.says}" for x in first.parameters]
    notes += [f"Formula: {reducer.formula}" for reducer in found]
    notes += [f"Source: {reducer.source}" for reducer in found if reducer.source]
    return code, tuple(notes)


def function_lines(name: str) -> tuple[str, tuple[str, ...]]:
    """How a function is called, and what its arguments are."""
    function = functions.FUNCTIONS[name]
    code = f"{name}({', '.join(function.formals)}) -> {function.gives}"
    return code, tuple(f"- `{x.name}`: {x.is_a}" for x in function.arguments)
