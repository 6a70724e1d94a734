"""First-token alignment as it is shipped, against SciPy and pandas on the tables of its run and of its corpus.

The model-free predictors are computed from the answers of people alone, the measures of the model from the shares that
the run wrote; nothing of the scoring graph is used. Tolerance 1e-12 for what is float64 on both sides, 1e-6 where
answers are float32.
"""

from __future__ import annotations

import itertools
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.spatial.distance import jensenshannon
from scipy.stats import entropy, wasserstein_distance

import cyclspec

ROOT = Path(__file__).resolve().parents[2]
SPEC = ROOT / "specs" / "methods" / "first_token.cycl"
DATA = ROOT / "specs" / "corpora" / "values"
THEMES = ("political_interest",)
COUNTRIES = ("greece", "mexico", "nigeria")


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> cyclspec.Run:
    spec = cyclspec.load(
        SPEC, params={"themes": f"[{', '.join(THEMES)}]", "countries": f"[{', '.join(COUNTRIES)}]"}
    )
    return spec.run(out=tmp_path_factory.mktemp("first"))


@pytest.fixture(scope="module")
def human() -> dict[tuple[str, str], np.ndarray]:
    """Shares of people by item and country, unweighted, without the options that are flagged missing."""
    items = [json.loads(line) for line in (DATA / "items.jsonl").read_text("utf-8").splitlines()]
    answers = pd.read_parquet(DATA / "answers.parquet").merge(
        pd.read_parquet(DATA / "people.parquet")[["person", "country"]], on="person"
    )
    names = {"GRC": "greece", "MEX": "mexico", "NGA": "nigeria"}
    answers["country"] = answers["country"].astype(str).map(names)
    shares = {}
    for item in (one for one in items if one["theme"] in THEMES):
        codes = [option["code"] for option in item["options"] if not option.get("missing")]
        for country in COUNTRIES:
            own = answers[(answers["item"] == item["item"]) & (answers["country"] == country)]
            counts = own["value"].astype(str).value_counts().reindex(codes).fillna(0).to_numpy(float)
            shares[item["item"], country] = counts / counts.sum()
    return shares


@pytest.fixture(scope="module")
def measured(run: cyclspec.Run) -> pd.Series:
    """The measures of the first model, by name."""
    table = run.measures.to_pandas()
    table = table[table["model"].isna() | (table["model"].astype(str) == "tiny")]
    return table[table["measure"] != "alignment"].set_index("measure")["value"]


def published(q: np.ndarray, p: np.ndarray) -> float:
    return float(1 - jensenshannon(p, q))


def sorted_mass(q: np.ndarray, p: np.ndarray) -> float:
    """What the source calls EMD: shares handed over as samples."""
    return float(wasserstein_distance(p, q))


def same_first(q: np.ndarray, p: np.ndarray) -> float:
    return float(np.argmax(p) == np.argmax(q))


def test_the_predictors_without_a_model(
    measured: pd.Series, human: dict[tuple[str, str], np.ndarray]
) -> None:
    items = list(dict.fromkeys(item for item, _ in human))
    assert len(items) == 7

    def others(item: str, country: str) -> np.ndarray:
        return np.mean([human[item, other] for other in COUNTRIES if other != country], axis=0)

    predictors = {
        "uniform": lambda item, country: np.full(human[item, country].size, 1 / human[item, country].size),
        "others": others,
        "in_sample": lambda item, country: np.mean([human[item, one] for one in COUNTRIES], axis=0),
        "one_hot": lambda item, country: np.eye(human[item, country].size)[0],
    }
    kinds = {"alignment": published, "emd": sorted_mass, "accuracy": same_first}
    for (name, predict), (kind, metric) in itertools.product(predictors.items(), kinds.items()):
        expected = np.mean([metric(predict(*at), shares) for at, shares in human.items()])
        assert measured[f"{name}_{kind}"] == pytest.approx(expected, abs=1e-12), (name, kind)


def test_shuffled_people_are_those_of_another_country(
    measured: pd.Series, human: dict[tuple[str, str], np.ndarray]
) -> None:
    """Which one is drawn; the mean is one of those that the two choices for each country can give."""
    items = list(dict.fromkeys(item for item, _ in human))
    others = [[other for other in COUNTRIES if other != one] for one in COUNTRIES]
    possible = [
        np.mean(
            [
                published(human[item, other], human[item, country])
                for item in items
                for country, other in zip(COUNTRIES, chosen, strict=True)
            ]
        )
        for chosen in itertools.product(*others)
    ]
    assert min(abs(measured["shuffled_alignment"] - one) for one in possible) < 1e-12


def test_the_measures_of_the_model(
    run: cyclspec.Run, measured: pd.Series, human: dict[tuple[str, str], np.ndarray]
) -> None:
    answers = run.answers.to_pandas()
    answers = answers[answers["model"].astype(str) == "tiny"]

    own = answers[answers["ask"].astype(str) == "reply"]
    cells = zip(own["item"].astype(str), own["country"].astype(str), own["probs"], strict=True)
    reply = {
        (item, country): np.asarray(probs, float)[: human[item, country].size]
        for item, country, probs in cells
    }
    assert set(reply) == set(human)

    def mean(metric) -> float:  # type: ignore[no-untyped-def]
        return float(np.mean([metric(reply[at], p) for at, p in human.items()]))

    assert measured["published_alignment"] == pytest.approx(mean(published), abs=1e-6)
    assert measured["published_emd"] == pytest.approx(mean(sorted_mass), abs=1e-6)
    assert measured["accuracy"] == pytest.approx(mean(same_first), abs=1e-12)
    assert measured["published_loss"] == pytest.approx(mean(lambda q, p: entropy(p, q) / p.size), abs=1e-6)
    assert measured["divergence"] == pytest.approx(
        mean(lambda q, p: jensenshannon(p, q, base=2) ** 2), abs=1e-6
    )
    assert measured["transport"] == pytest.approx(
        mean(lambda q, p: np.abs(np.cumsum(p) - np.cumsum(q)).sum() / (p.size - 1)), abs=1e-6
    )
    items = list(dict.fromkeys(item for item, _ in human))
    likeness = np.mean(
        [
            published(reply[item, a], reply[item, b])
            for item in items
            for a, b in itertools.permutations(COUNTRIES, 2)
        ]
    )
    assert measured["likeness"] == pytest.approx(likeness, abs=1e-6)
