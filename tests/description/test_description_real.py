"""Real surveys described: what is said of them equals pandas, the textbook, and what others published."""

from __future__ import annotations

import ast
import json
import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from oracles import check_shares, kish, one_plus_cv_squared
from pytest import approx
from surveys_on_disk import corpus
from test_description_published import write_lines

FOLDER = Path(__file__).parents[3] / "shared" / "data"
MICRO = FOLDER / "microdata_weights"
PEW = MICRO / "pew_dec13" / "dec13_excerpt.csv"
ANES = MICRO / "anes_2020" / "anes_2020_labelled_columns.csv"
GSS = MICRO / "gss_infer" / "gss.csv"
OPINIONS = (
    FOLDER
    / "globalopinionqa_and_moralchoice_distributions"
    / "distributional_test_globalopinionqa_small.json"
)
VALUES = FOLDER / "mena_values" / "MenaValues_Benchmark.xlsx"

pytestmark = [
    pytest.mark.realdata,
    pytest.mark.skipif(not FOLDER.is_dir(), reason="the folder ../shared/data is not beside the repository"),
]


def axis(name: str, codes: Sequence[str]) -> str:
    levels = "".join(f"  l{i} = {json.dumps(code)}\n" for i, code in enumerate(codes))
    return f"axis {name} : nominal {{\n{levels}}}\n\n"


def microdata(
    folder: Path, wide: pd.DataFrame, person: str, axes: Sequence[str], questions: Sequence[str], design: str
) -> Path:
    """Long form, items and a declaration from a wide file; `design` are the fields and columns of the design."""
    wide.to_csv(folder / "people.csv", index=False)
    long = wide.melt(person, questions, var_name="item", value_name="value").astype(str)
    long["value"] = long["value"].mask(long["value"].isin(["nan", "None"]))
    long.to_parquet(folder / "answers.parquet", index=False)
    options = {q: sorted(wide[q].dropna().unique()) for q in questions}
    write_lines(
        folder / "items.jsonl", [{"item": q, "question": q, "options": options[q]} for q in questions]
    )
    declared = "".join(axis(name, sorted(wide[name].dropna().unique())) for name in axes)
    columns = "".join(f"    {name} : {name}?\n" for name in axes)
    spec = f"""cycl 1

{declared}corpus survey {{
  table items {{
    source = jsonl("items.jsonl")
    item     : key
    question : text
    options  : scale(nominal, 2..30)
  }}
  table people {{
    source = csv("people.csv")
    {person} : key
{columns}{design}  }}
  table answers {{
    source = parquet("answers.parquet")
    item : ref(items)
    {person} : ref(people)
    value : choice(item.options)?
  }}
}}
"""
    path = folder / "survey.cycl"
    path.write_text(spec, encoding="utf-8")
    return path


def read(path: Path) -> pd.DataFrame:
    return pd.read_csv(path, keep_default_na=False, na_values=[""])


def described(path: Path) -> Any:
    said = corpus("describe", path, "--format", "json")
    assert said.code == 0, said.err
    return said.facts


ANES_DESIGN = """    weight  = Weight
    strata  = Stratum
    cluster = VarUnit
    Stratum : count
    VarUnit : count
    Weight  : real where Weight >= 0
"""
TRUST = {
    "Always": (0.0155, 0.00204),
    "Most of the time": (0.132, 0.00553),
    "About half the time": (0.309, 0.00829),
    "Some of the time": (0.434, 0.00855),
    "Never": (0.110, 0.00566),
}
"""Zimmer, Powell and Velasquez, Exploring Complex Survey Data Analysis Using R, section 8.3: shares and standard errors
of the R package survey (Taylor linearisation, nested clusters), to three digits."""


def test_anes_2020_has_the_standard_errors_that_the_r_package_survey_gives(tmp_path: Path) -> None:
    wide = read(ANES)
    questions = ["TrustGovernment", "TrustPeople", "CampaignInterest"]
    facts = described(microdata(tmp_path, wide, "CaseID", ["Gender", "AgeGroup"], questions, ANES_DESIGN))
    (people,) = facts["people"]
    assert (people["n"], people["design"]["n_strata"], people["design"]["n_clusters"]) == (7453, 50, 101)
    assert (people["design"]["lonely"], people["design"]["incomplete"]) == ([], 0)
    assert people["n_eff"] == approx(kish(wide["Weight"]), rel=1e-12)
    (weights,) = people["weights"]
    assert weights["deff_weights"] == approx(one_plus_cv_squared(wide["Weight"]), rel=1e-10)
    trust = next(item for item in facts["answers"][0]["items"] if item["item"] == "TrustGovernment")
    assert (trust["n"], trust["n_missing"]) == (7453 - 29, 29)
    for share in trust["options"]:
        p, se = TRUST[share["name"]]
        assert (share["weighted"], share["se"]) == (approx(p, rel=5e-3), approx(se, rel=3e-3))


def test_anes_2020_has_the_shares_and_design_effects_of_the_textbook(tmp_path: Path) -> None:
    wide = read(ANES)
    facts = described(
        microdata(tmp_path, wide, "CaseID", ["Gender"], ["TrustGovernment", "PartyID"], ANES_DESIGN)
    )
    people = wide.rename(columns={"Weight": "weight", "Stratum": "stratum", "VarUnit": "psu"})
    levels = {code: f"l{i}" for i, code in enumerate(sorted(wide["Gender"].dropna().unique()))}
    check_shares(
        facts["people"][0]["marginals"][0]["levels"], people, people["Gender"].map(levels), design=True
    )
    for item in facts["answers"][0]["items"]:
        check_shares(item["options"], people, people[item["item"]], design=True)
        assert all(0.5 < share["deff"] < 10 for share in item["options"])


@pytest.mark.parametrize("weight", ["weight", "llweight", "cellweight"])
def test_pew_december_2013_with_each_of_its_weights(weight: str, tmp_path: Path) -> None:
    wide = read(PEW)
    design = f"    weight = {weight}\n    {weight} : real where {weight} >= 0\n"
    path = microdata(tmp_path, wide, "psraid", ["cregion", "sex"], ["q1", "q45"], design)
    facts = described(path)
    (people,) = facts["people"]
    used = wide[wide[weight] > 0]
    assert (people["n"], people["n_eff"]) == (len(used), approx(kish(used[weight]), rel=1e-12))
    (found,) = people["weights"]
    assert (found["n_zero"], found["mean"]) == (int((wide[weight] == 0).sum()), approx(wide[weight].mean()))
    frame = wide.rename(columns={weight: "weight"} | ({"weight": "other"} if weight != "weight" else {}))
    for marginal in people["marginals"]:
        codes = {code: f"l{i}" for i, code in enumerate(sorted(wide[marginal["axis"]].dropna().unique()))}
        check_shares(marginal["levels"], frame, frame[marginal["axis"]].map(codes), design=False)
    for item in facts["answers"][0]["items"]:
        check_shares(item["options"], frame, frame[item["item"]], design=False)
    assert "CY0734" in corpus("check", path, "--format", "json").codes


def test_the_general_social_survey_over_its_years(tmp_path: Path) -> None:
    wide = read(GSS).assign(person=lambda frame: frame.index)
    wide["year"] = wide["year"].astype(int).astype(str)
    design = "    weight = weight\n    weight : real where weight >= 0\n"
    path = microdata(tmp_path, wide, "person", ["year", "sex"], ["finrela", "class"], design)
    said = corpus("describe", path, "--within", "year", "--format", "json")
    (people,) = said.facts["people"]
    years = sorted(wide["year"].unique())
    means = wide.groupby("year")["weight"].mean()
    assert {row["level"]: row["mean"] for row in people["weights"]} == {
        f"l{i}": approx(means[year], rel=1e-12) for i, year in enumerate(years)
    }
    (cells,) = people["cells"]
    counts = wide.groupby(["year", "sex"]).size()
    assert (cells["total"], cells["empty"]) == (len(years) * 2, len(years) * 2 - len(counts))
    assert cells["small"] == int((counts < 30).sum())
    (found,) = [
        one
        for one in json.loads(corpus("check", path, "--within", "year", "--format", "json").out)
        if one["code"] == "CY0734"
    ]
    off = int(((means - 1).abs() > 0.05).sum())
    assert found["message"] == f"weights do not average 1 in {off} of {len(years)} levels of `year`"


PUBLISHED = """corpus survey {{
  table items {{
    source = jsonl("items.jsonl")
    item     : key
    question : text
    options  : scale(nominal, 2..30)
  }}
  table shares {{
    source    = jsonl("shares.jsonl")
    item    : ref(items)
    country : country
    share   : dist(item.options)
  }}
}}
"""


def published(folder: Path, countries: Sequence[str], items: list[Any], shares: list[Any]) -> Path:
    write_lines(folder / "items.jsonl", items)
    write_lines(folder / "shares.jsonl", shares)
    path = folder / "survey.cycl"
    path.write_text("cycl 1\n\n" + axis("country", countries) + PUBLISHED.format(), encoding="utf-8")
    return path


def test_where_global_opinions_were_asked_and_which_options_nobody_chose(tmp_path: Path) -> None:
    rows = [row for row in json.loads(OPINIONS.read_text(encoding="utf-8")) if "(" not in row["attribute"]]
    questions = list(dict.fromkeys((row["question"], tuple(row["options"])) for row in rows))
    keys = {
        question: f"q{i}" for i, question in enumerate(questions) if len(set(question[1])) == len(question[1])
    }
    kept = [row for row in rows if (row["question"], tuple(row["options"])) in keys]
    shares, seen = [], set()
    for row in kept:
        cell = (keys[row["question"], tuple(row["options"])], row["attribute"])
        if cell not in seen:
            seen.add(cell)
            shares.append({"item": cell[0], "country": cell[1], "share": row["gold_distribution"]})
    items = [{"item": key, "question": q, "options": list(options)} for (q, options), key in keys.items()]
    countries = sorted({share["country"] for share in shares})
    facts = described(published(tmp_path, countries, items, shares))
    (found,) = facts["published"]
    frame = pd.DataFrame(shares)
    asked = frame.groupby("item")["country"].nunique()
    assert {item["item"]: item["asked_in"]["country"] for item in found["items"]} == asked.to_dict()
    assert len(found["items"]) > 1000 and found["rows"] == len(shares)
    for item in found["items"]:
        total = sum(pd.Series(share) for share in frame.loc[frame["item"] == item["item"], "share"])
        options = next(one["options"] for one in items if one["item"] == item["item"])
        assert item["never"] == [o.strip() for o, mass in zip(options, total, strict=True) if mass == 0]
    few = int((asked < len(countries) / 2).sum())
    said = corpus("check", tmp_path / "survey.cycl").out
    assert f"{few} of {len(items)} items are asked in fewer than half of the levels of `country`" in said


def test_the_sums_of_the_values_of_the_middle_east(tmp_path: Path) -> None:
    raw = pd.read_excel(VALUES, header=None, dtype=str).set_index(0)
    names = list(raw.index[8:])
    items, shares, sums = [], [], Counter[str]()
    for column in raw.columns:
        percents = {}
        for country in names:
            cell = re.search(r"\{.*\}", str(raw.loc[country, column]))
            if cell is not None:
                pairs = ast.literal_eval(cell[0]).items()
                percents[country] = {str(c): float(p.rstrip("%")) for c, p in pairs}
        percents = {c: p for c, p in percents.items() if len(p) > 1 and 50 < sum(p.values()) < 150}
        codes = sorted({code for percent in percents.values() for code in percent})
        if not 2 <= len(codes) <= 30:
            continue
        items.append(
            {"item": f"v{column}", "question": str(raw.loc["Full Question", column])[:300], "options": codes}
        )
        for country, percent in percents.items():
            off = abs(sum(percent.values()) / 100 - 1)
            sums["rounded" if 2e-6 < off <= 0.005 else "off" if off > 0.005 else "one"] += 1
            shares.append({"item": f"v{column}", "country": country, "share": percent})
    path = published(tmp_path, names, items, shares)
    (found,) = described(path)["published"]
    assert len(shares) == found["rows"] == sums.total() > 3000
    off = [abs(one["deviation"]) > found["tolerance"] for one in found["off"]]
    assert (len(off), sum(off)) == (sums["rounded"] + sums["off"], sums["off"])
    assert sums["rounded"] > found["rows"] / 5
    said = corpus("check", path)
    assert said.code == int(sums["off"] > 0)
    assert (f"{sums['off']:,} of {found['rows']:,} distributions do not sum to 1" in said.out) == bool(
        sums["off"]
    )
