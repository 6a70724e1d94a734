"""MARK as shipped, on scripted replies: every measure against NumPy, SciPy and scikit-learn on the table of answers.

Nothing of the scoring graph is used. Tolerance 1e-9: everything is made of choices and of weights in the table.
"""

from __future__ import annotations

import json
from collections import Counter

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner
from scipy.spatial.distance import jensenshannon
from scipy.stats import entropy, wasserstein_distance
from scripted_methods import Script, people_answers, plain, ran, scales, shares
from sklearn.metrics import accuracy_score, cohen_kappa_score

import cyclspec
from cyclspec.cli.main import group

MODELS = ("tiny", "a", "b")
CODES = scales({"trust"})
SIDES = {"": "mark", "_demo": "demo", "_ideo": "ideo", "_opinion": "opinion"}


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> cyclspec.Run:
    params = {"people": "8", "words": "120"}
    return ran("mark", tmp_path_factory.mktemp("mark"), params, Script(broken=0.35))


@pytest.fixture(scope="module")
def answers(run: cyclspec.Run) -> pd.DataFrame:
    return plain(run.answers.to_pandas())


@pytest.fixture(scope="module")
def said(answers: pd.DataFrame) -> pd.DataFrame:
    """A row a model, item and person: what each side answered, and what the person did."""
    keys = ["model", "item", "person"]
    final = answers[answers["ask"] == "final"].copy()
    final["choice"] = [field(fields, "answer") for fields in final["fields"]]
    table = final.set_index(keys)[["choice"]].rename(columns={"choice": "mark"})
    for ask in ("demo", "ideo", "opinion", "without"):
        rows = answers[answers["ask"] == ask].set_index(keys)["choice"]
        table[ask] = rows.reindex(table.index)
    own = answers[answers["ask"] == "own"].set_index(["item", "person"])["choice"]
    return table.reset_index().merge(own.rename("own").reset_index(), on=["item", "person"])


@pytest.fixture(scope="module")
def measured(run: cyclspec.Run) -> dict[tuple[str, str], float]:
    rows = run.measures.to_pylist()
    return {(row["measure"], row["model"]): row["value"] for row in rows}


def field(fields: object, name: str) -> object:
    """The value of a field of a record, None where it has none."""
    values = {one["field"]: one["value"] for one in fields} if fields is not None else {}
    return None if values.get(name) is None else json.loads(values[name])


def valid(rows: pd.DataFrame, side: str) -> pd.DataFrame:
    """Where both the side and the person gave an option that counts."""
    codes = CODES[rows["item"].iloc[0]]
    return rows[rows[side].isin(codes) & rows["own"].isin(codes)]


def mean_over_items(said: pd.DataFrame, model: str, score: object) -> float:
    own = said[said["model"] == model]
    return float(np.nanmean([score(rows) for _, rows in own.groupby("item")]))  # type: ignore[operator]


def test_the_replies_are_worth_scoring(said: pd.DataFrame, answers: pd.DataFrame) -> None:
    assert len(said) == 3 * len(CODES) * 8
    lost = said["mark"].isna().mean()
    assert 0.01 < lost < 0.6
    assert {"upstream"} < set(answers.loc[answers["ask"] == "final", "reason"].dropna())
    assert answers["attempts"].max() == 4  # a first try and three more


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize(("suffix", "side"), SIDES.items())
def test_against_the_respondents(
    suffix: str, side: str, model: str, said: pd.DataFrame, measured: dict[tuple[str, str], float]
) -> None:
    def both(rows: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
        codes = CODES[rows["item"].iloc[0]]
        return shares(rows[side], codes), shares(rows["own"], codes)

    def accuracy(rows: pd.DataFrame) -> float:
        pairs = valid(rows, side)
        return accuracy_score(pairs["own"], pairs[side]) if len(pairs) else np.nan

    def kappa(rows: pd.DataFrame) -> float:
        pairs = valid(rows, side)
        told_apart = pairs[["own", side]].stack().nunique() > 1
        return cohen_kappa_score(pairs["own"], pairs[side]) if told_apart else np.nan

    expected = {
        "accuracy": accuracy,
        "sample_alignment": lambda rows: 1 - jensenshannon(*both(rows)),
        "sample_emd": lambda rows: wasserstein_distance(*both(rows)),
        "sample_kappa": kappa,
    }
    for name, score in expected.items():
        found = measured[f"{name}{suffix}", model]
        assert found == pytest.approx(mean_over_items(said, model, score), abs=1e-9), name


@pytest.mark.parametrize("model", MODELS)
def test_against_the_country(model: str, said: pd.DataFrame, measured: dict[tuple[str, str], float]) -> None:
    people = people_answers()
    people = people[people["country"] == "USA"]

    def both(rows: pd.DataFrame, side: str) -> tuple[np.ndarray, np.ndarray]:
        item = rows["item"].iloc[0]
        return shares(rows[side], CODES[item]), shares(
            people.loc[people["item"] == item, "value"], CODES[item]
        )

    def transport(p: np.ndarray, q: np.ndarray) -> float:
        at = np.arange(p.size)
        return float(wasserstein_distance(at, at, p, q) / (p.size - 1)) if np.isfinite(p).all() else np.nan

    for suffix, side in {**SIDES, "_without": "without"}.items():
        close = mean_over_items(said, model, lambda rows, s=side: 1 - jensenshannon(*both(rows, s)))
        assert measured[f"alignment{suffix}", model] == pytest.approx(close, abs=1e-9)
        if f"transport{suffix}" in {name for name, _ in measured}:
            far = mean_over_items(said, model, lambda rows, s=side: transport(*both(rows, s)))
            assert measured[f"transport{suffix}", model] == pytest.approx(far, abs=1e-9)


@pytest.mark.parametrize("model", MODELS)
def test_what_the_reasoning_is_made_of(
    model: str, said: pd.DataFrame, answers: pd.DataFrame, measured: dict[tuple[str, str], float]
) -> None:
    rows = answers[(answers["ask"] == "weighing") & (answers["model"] == model)]
    functions = ("dominant", "auxiliary", "tertiary", "inferior")
    weights = pd.DataFrame(
        {name: [field(one, f"{name}_weight") for one in rows["fields"]] for name in functions}, dtype=float
    ).dropna()
    falls = (np.diff(weights.to_numpy(), axis=1) <= 0).all(axis=1)
    assert measured["weights_fall", model] == pytest.approx(falls.mean(), abs=1e-6)
    assert measured["weights_sum", model] == pytest.approx(weights.sum(axis=1).mean(), abs=1e-6)

    first = {
        (item, person): field(one, "dominant_option")
        for item, person, one in zip(rows["item"], rows["person"], rows["fields"], strict=True)
    }
    own = said[(said["model"] == model) & said["mark"].notna()]
    met = [
        answer == first[item, person]
        for item, person, answer in zip(own["item"], own["person"], own["mark"], strict=True)
    ]
    assert measured["as_dominant", model] == pytest.approx(np.mean(met), abs=1e-12)
    lost = said.loc[said["model"] == model, "mark"].isna().mean()
    assert measured["unanswered", model] == pytest.approx(lost, abs=1e-12)

    selves = answers[(answers["ask"] == "self") & (answers["model"] == model)]["fields"]
    types = Counter(filter(None, (field(one, "personality") for one in selves)))
    assert measured["types_told_apart", model] == pytest.approx(entropy([*types.values()], base=2), abs=1e-12)


def test_the_trace_of_an_answer_has_every_stage_with_its_whole_text(
    run: cyclspec.Run, answers: pd.DataFrame
) -> None:
    final = answers[(answers["ask"] == "final") & (answers["model"] == "b")]
    row = final[final["choice"].isna() & final["text"].notna()].iloc[-1]
    cell = f"item={row['item']},person={row['person']},model=b"
    said = CliRunner().invoke(group, ["methods", str(run.path), "--trace", cell])
    assert said.exit_code == 0, said.output
    trace = said.stdout.partition("## One answer, stage by stage")[2].partition("## Versions")[0]
    stages = ("life", "self", "impact", "weighing", "final")
    parts = [trace.index(f"### Stage {at}: {name}") for at, name in enumerate(stages, start=1)]
    assert parts == sorted(parts)
    prompts = {one["request"]: one for one in run.requests.to_pylist()}
    for name, start, end in zip(stages, parts, [*parts[1:], len(trace)], strict=True):
        own = answers[
            (answers["ask"] == name) & (answers["model"] == "b") & (answers["person"] == row["person"])
        ]
        own = own[own["item"].isna() | (own["item"] == row["item"])].iloc[0]
        assert own["text"] in trace[start:end]
        assert all(one["content"] in trace[start:end] for one in prompts[own["request"]]["messages"])


@pytest.mark.parametrize(
    ("cell", "words"),
    [
        ("ask=finale", "there is no ask 'finale'; there are life, self,"),
        ("country=mexico", "final has no axis 'country'; it has item, model, person"),
        ("item=Q1", "final has no cell item=Q1"),
    ],
)
def test_an_answer_that_is_not_there_has_no_trace(run: cyclspec.Run, cell: str, words: str) -> None:
    said = CliRunner().invoke(group, ["methods", str(run.path), "--trace", cell])
    assert said.exit_code == 1 and words in said.output
