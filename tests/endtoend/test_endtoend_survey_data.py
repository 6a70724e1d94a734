"""Real survey data through the whole command line: published distributions and weighted microdata."""

from __future__ import annotations

import ast
import json
import re
import shutil
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from worlds_on_disk import Said, write_checkpoint, write_table

import cyclspec
from cyclspec import pipeline
from cyclspec.compiler.plan.people import people_cells
from cyclspec.language.types.terms import PeopleTerm

FOLDER = Path(__file__).parents[3] / "shared" / "data"
OPINIONS = (
    FOLDER
    / "globalopinionqa_and_moralchoice_distributions"
    / "distributional_test_globalopinionqa_small.json"
)
VALUES = FOLDER / "mena_values" / "MenaValues_Benchmark.xlsx"
PEW = FOLDER / "microdata_weights" / "pew_dec13" / "dec13_excerpt.csv"
ANES = FOLDER / "microdata_weights" / "anes_2020" / "anes_2020_labelled_columns.csv"

pytestmark = [
    pytest.mark.realdata,
    pytest.mark.skipif(not FOLDER.is_dir(), reason="the folder ../shared/data is not beside the repository"),
]

HEAD = (
    'cycl 1\n\nimport std.metrics as m version "1"\n\npanel models {\n  model random = local("random")\n}\n'
)


def axis(name: str, codes: Sequence[str]) -> str:
    """An axis whose levels are named l0, l1, ... with the codes of the file as their labels."""
    levels = "".join(
        f"  l{i} = {json.dumps(code, ensure_ascii=False)} {{en: {json.dumps(code, ensure_ascii=False)}}}\n"
        for i, code in enumerate(codes)
    )
    return f"\naxis {name} : nominal {{\n{levels}}}\n"


def published_spec(countries: Sequence[str], kind: str, metric: str) -> str:
    return f"""{HEAD}{axis("country", countries)}
corpus published {{
  table items {{
    source = parquet("items.parquet")

    item     : key
    question : text
    options  : scale({kind}, 2..10)
  }}

  table shares {{
    source = parquet("shares.parquet")

    item    : ref(items)
    country : country
    share   : dist(item.options)
  }}
}}

prompt resident(item: published.items, country: country) -> choice(item.options) {{
  user[en] "You live in {{country}}. {{item.question}}\\n{{item.options|lettered}}\\nReply with a letter."
  prefix "Answer:"
}}

audit published_shares {{
  title = "Published distributions"

  each item    in published.items
  each country in country
  each model   in models

  ask reply = resident(item, country) {{
    model = model
    read  = first_token(labels = letters)
  }}

  let human = published.shares.share

  measure flat by country : share = mean over item of {metric}(uniform(item.options), human)
  measure distance by model, country : share = mean over item of {metric}(reply, human)

  check labels = (min over item, country of reply.mass) >= 0.0 {{ on_fail = warn }}
}}
"""


def through_the_command_line(
    folder: Path, spec: str, family: str, command: Callable[..., Said]
) -> tuple[dict[str, Any], pd.DataFrame, pd.DataFrame]:
    """`check`, `plan`, `run` and `show` of a spec on a random checkpoint: plan, answers, measures."""
    path = folder / "audit.cycl"
    path.write_text(spec, encoding="utf-8")
    write_checkpoint(folder / "random", family=family)
    out = folder / "out"
    checked = command("check", path, "--data")
    assert checked.code == 0 and "error[" not in checked.out, checked.out + checked.err
    planned = command("plan", path, "--format", "json")
    assert planned.code == 0, planned.err
    plan = json.loads(planned.out)
    ran = command("run", path, "--out", out, "--quiet")
    assert (ran.code, f"{plan['requests']} asked, 0 reused" in ran.err) == (0, True), ran.err
    shown = [command("show", out, table, "--format", "json") for table in ("answers", "measures")]
    assert [said.code for said in shown] == [0, 0]
    answers, measures = (pd.DataFrame(json.loads(said.out)) for said in shown)
    assert len(answers) == plan["cells"]
    return plan, answers, measures


def uniform_distance(shares: np.ndarray) -> float:
    return float(abs(shares / shares.sum() - 1 / len(shares)).sum() / 2)


def assert_published(
    measures: pd.DataFrame,
    answers: pd.DataFrame,
    cells: Mapping[tuple[str, str], np.ndarray],
    n_items: int,
    countries: Sequence[str],
    distance: Callable[[np.ndarray, np.ndarray], float],
) -> None:
    """`cells` are the shares over the options that count; what numpy makes of them is what was measured."""
    found = measures.set_index(["measure", "country"])
    replies = {
        (row["item"], countries[int(row["country"][1:])]): row["probs"] for row in answers.to_dict("records")
    }
    for i, country in enumerate(countries):
        mine = {key: shares for key, shares in cells.items() if key[1] == country}
        flat = np.mean([distance(np.full(len(s), 1 / len(s)), s) for s in mine.values()])
        model = np.mean([distance(np.array(replies[key]), shares) for key, shares in mine.items()])
        for name, value in (("flat", flat), ("distance", model)):
            row = found.loc[(name, f"l{i}")]
            assert row["value"] == pytest.approx(value, abs=1e-6)
            assert (row["n_used"], row["n_missing"]) == (len(mine), n_items - len(mine))


def total_variation(p: np.ndarray, q: np.ndarray) -> float:
    return float(abs(p / p.sum() - q / q.sum()).sum() / 2)


def transport(p: np.ndarray, q: np.ndarray) -> float:
    return float(abs(np.cumsum(p / p.sum()) - np.cumsum(q / q.sum())).sum() / (len(p) - 1))


MISSING = re.compile(r"DK/Refused|Don't know(/Refused)?|Refused")


def test_global_opinions_go_through_as_published_distributions(
    tmp_path: Path, command: Callable[..., Said]
) -> None:
    rows = [row for row in json.loads(OPINIONS.read_text(encoding="utf-8")) if "(" not in row["attribute"]]
    asked = [question for question, _ in Counter(row["question"] for row in rows).most_common(40)]
    rows = [row for row in rows if row["question"] in asked]
    countries = [name for name, n in sorted(Counter(row["attribute"] for row in rows).items()) if n >= 10]
    rows = [row for row in rows if row["attribute"] in countries]
    items: dict[str, dict[str, Any]] = {}
    shares, cells, rounded = [], {}, 0
    for number, row in enumerate(rows):
        key = f"q{asked.index(row['question']):02d}"
        text = row["question"].removeprefix("Question: ").split("\nOptions:")[0]
        missing = [MISSING.fullmatch(label) is not None for label in row["options"]]
        options = [
            {"code": label, "label": label, "missing": lost}
            for label, lost in zip(row["options"], missing, strict=True)
        ]
        items.setdefault(key, {"item": key, "question": text, "options": options})
        values = np.array(row["gold_distribution"])
        if number % 3 == 0:  # as if printed with three digits, which leaves sums a little off one
            values = np.round(values, 3)
            rounded += abs(values.sum() - 1) > 2e-6
        shares.append({"item": key, "country": row["attribute"], "share": values.tolist()})
        kept = values[~np.array(missing)]
        if kept.sum() > 0:
            cells[key, row["attribute"]] = kept
    assert len(items) == 40 and len(countries) >= 10 and rounded >= 5
    assert any(option["missing"] for item in items.values() for option in item["options"])
    write_table(tmp_path / "items.parquet", list(items.values()))
    write_table(tmp_path / "shares.parquet", shares)
    plan, answers, measures = through_the_command_line(
        tmp_path, published_spec(countries, "nominal", "m.tv"), "qwen2", command
    )
    assert plan["cells"] == 40 * len(countries)
    (table,) = (table for table in plan["data"] if table["table"] == "published.shares")
    assert table["renormalised"]["share"]["rows"] == rounded
    assert 0 < table["renormalised"]["share"]["largest"] <= 0.005
    assert (
        f"{rounded} rows of `share` brought to a sum of one" in command("plan", tmp_path / "audit.cycl").out
    )
    assert_published(measures, answers, cells, 40, countries, total_variation)


def test_values_of_the_middle_east_go_through_as_published_percentages(
    tmp_path: Path, command: Callable[..., Said]
) -> None:
    raw = pd.read_excel(VALUES, header=None, dtype=str).set_index(0)
    names = list(raw.index[8:])
    items, shares, cells = [], [], {}
    for column in raw.columns:
        low, high = (raw.loc[name, column] for name in ("Min", "MAX"))
        if raw.loc["Scale", column] != "y" or not str(low).isdigit() or not 1 <= int(high) - int(low) <= 9:
            continue
        codes = [str(code) for code in range(int(low), int(high) + 1)]
        key = f"v{column:03d}"
        found = {}
        for country in names:
            cell = re.search(r"\{.*\}", str(raw.loc[country, column]))
            percent = (
                {str(int(float(c))): float(p.rstrip("%")) for c, p in ast.literal_eval(cell[0]).items()}
                if cell
                else {}
            )
            if percent and percent.keys() <= set(codes) and abs(sum(percent.values()) / 100 - 1) <= 0.005:
                found[country] = percent
        if len(found) < 4:
            continue
        question = str(raw.loc["Full Question", column])[:300]
        items.append(
            {
                "item": key,
                "question": question,
                "options": [{"code": c, "label": f"answer {c}"} for c in codes],
            }
        )
        for country, percent in found.items():
            shares.append(
                {
                    "item": key,
                    "country": country,
                    "share": [{"code": c, "share": p} for c, p in percent.items()],
                }
            )
            cells[key, country] = np.array([percent.get(c, 0.0) for c in codes])
        if len(items) == 30:
            break
    countries = [name for name in names if any(key[1] == name for key in cells)]
    assert len(items) == 30 and len(countries) >= 5
    write_table(tmp_path / "items.parquet", items)
    write_table(tmp_path / "shares.parquet", shares)
    _, answers, measures = through_the_command_line(
        tmp_path, published_spec(countries, "ordinal", "m.emd_norm"), "mistral", command
    )
    assert_published(measures, answers, cells, 30, countries, transport)


def microdata_spec(person: str, weight: str, group: str, levels: Sequence[str]) -> str:
    return f"""{HEAD}{axis("part", levels)}
corpus micro {{
  table items {{
    source = jsonl("items.jsonl")

    item     : key
    question : text
    options  : scale(nominal, 2..10)
  }}

  table people {{
    source = csv("people.csv")

    {person} : key
    {group}  : part?
    {weight} : real where {weight} >= 0
  }}

  table answers {{
    source = parquet("answers.parquet")

    item     : ref(items)
    {person} : ref(people)
    value    : choice(item.options)
  }}
}}

prompt anyone(item: micro.items) -> choice(item.options) {{
  user[en] "{{item.question}}\\n{{item.options|lettered}}"
  prefix "Answer:"
}}

audit marginals {{
  title = "Weighted marginals"

  each item  in micro.items
  each model in models

  ask reply = anyone(item) {{
    model = model
    read  = first_token(labels = letters)
  }}

  let parts = share over {person} by {group} weighted by {person}.{weight} of micro.answers.value
  let whole = share over {person} weighted by {person}.{weight} of micro.answers.value

  measure flat : share = mean over item of m.tv(uniform(item.options), whole)
  measure flat_parts by {group} : share = mean over item of m.tv(uniform(item.options), parts)
  measure distance by model : share = mean over item of m.tv(reply, whole)

  check labels = (min over item of reply.mass) >= 0.0 {{ on_fail = warn }}
}}
"""


@pytest.mark.parametrize(
    ("source", "person", "weight", "group", "questions"),
    [
        (PEW, "psraid", "weight", "cregion", ["q1", "q45", "party"]),
        (ANES, "CaseID", "Weight", "AgeGroup", ["TrustGovernment", "TrustPeople", "CampaignInterest"]),
    ],
    ids=["pew", "anes"],
)
def test_weighted_marginals_of_microdata_equal_those_of_pandas(
    tmp_path: Path,
    command: Callable[..., Said],
    source: Path,
    person: str,
    weight: str,
    group: str,
    questions: list[str],
) -> None:
    shutil.copy(source, tmp_path / "people.csv")
    wide = pd.read_csv(source, dtype={person: str}, keep_default_na=False, na_values=[""])
    long = wide.melt(person, questions, var_name="item", value_name="value").dropna()
    options = {q: sorted(wide[q].dropna().unique()) for q in questions}
    write_table(tmp_path / "answers.parquet", long.to_dict("records"))
    write_table(
        tmp_path / "items.jsonl",
        [{"item": q, "question": f"What about {q}?", "options": options[q]} for q in questions],
    )
    levels = sorted(wide[group].dropna().unique())
    _, _, measures = through_the_command_line(
        tmp_path, microdata_spec(person, weight, group, levels), "llama", command
    )
    joined = long.merge(wide[[person, weight, group]], on=person)

    def marginal(rows: pd.DataFrame, question: str) -> np.ndarray:
        mine = rows[rows["item"] == question]
        sums = mine.groupby("value")[weight].sum().reindex(options[question]).fillna(0.0)
        shares: np.ndarray = (sums / sums.sum()).to_numpy()
        return shares

    def flat(rows: pd.DataFrame) -> float:
        return float(np.mean([uniform_distance(marginal(rows, q)) for q in questions]))

    whole = measures[measures["measure"] == "flat"]["value"].tolist()
    assert whole == [pytest.approx(flat(joined), abs=1e-9)]
    parts = measures[measures["measure"] == "flat_parts"].set_index(group)["value"]
    assert len(parts) == len(levels) >= 4
    for i, level in enumerate(levels):
        assert parts[f"l{i}"] == pytest.approx(flat(joined[joined[group] == level]), abs=1e-9)

    audit = cyclspec.load(tmp_path / "audit.cycl")
    opened = pipeline.open_data(pipeline.check(audit.path).require(), audit.typed)
    compared = 0
    for term, cells in people_cells(opened.audit, opened.grid, opened.tables).items():
        if not isinstance(term, PeopleTerm) or not term.by:
            continue
        assert cells.n is not None and cells.n_eff is not None
        for i, question in enumerate(questions):
            for j, level in enumerate(levels):
                rows = joined[(joined[group] == level) & (joined["item"] == question)]
                expected = marginal(joined[joined[group] == level], question)
                np.testing.assert_allclose(cells.share[i, j, : len(expected)], expected, atol=1e-12)
                w = rows[rows[weight] > 0][weight]
                assert cells.n[i, j] == len(w)
                assert cells.n_eff[i, j] == pytest.approx(w.sum() ** 2 / (w**2).sum(), rel=1e-12)
                compared += 1
    assert compared == len(questions) * len(levels)
