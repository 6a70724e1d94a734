"""The Diversity-Enhanced Framework as shipped, on scripted replies: every measure against NumPy, SciPy, scikit-learn.

Nothing of the scoring graph is used. Tolerance 1e-9: everything is made of choices and of people who are counted.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.stats import entropy
from scripted_methods import Script, people_answers, plain, ran, scales, shares
from sklearn.decomposition import PCA

import cyclspec

MODELS = ("tiny", "a", "b")
ASKS = ("plain", "placed", "configured", "remembering", "together")
THEMES = ("corruption", "trust")
BY_THEME = {theme: scales({theme}) for theme in THEMES}
CODES = {item: codes for found in BY_THEME.values() for item, codes in found.items()}
SIMULATIONS = 4
PEOPLE = people_answers()
BANDS = ("age_16_24", "age_25_34", "age_35_44", "age_45_54", "age_55_64", "age_65_up")
PEOPLE["age"] = pd.cut(PEOPLE["age"].astype(int), [15, 24, 34, 44, 54, 64, 200], labels=BANDS).astype(object)
PEOPLE["sex"] = PEOPLE["sex"].map({"1": "male", "2": "female"})
AMERICANS = PEOPLE[PEOPLE["country"] == "USA"]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> cyclspec.Run:
    params = {
        "themes": f"[{', '.join(THEMES)}]",
        "simulations": str(SIMULATIONS),
        "memory": "2",
        "words": "24",
    }
    return ran("def", tmp_path_factory.mktemp("def"), params, Script(broken=0.05))


@pytest.fixture(scope="module")
def answers(run: cyclspec.Run) -> pd.DataFrame:
    return plain(run.answers.to_pandas())


@pytest.fixture(scope="module")
def measured(run: cyclspec.Run) -> pd.DataFrame:
    return plain(run.measures.to_pandas())


def value(measured: pd.DataFrame, name: str, **levels: str) -> float:
    rows = measured[measured["measure"] == name]
    for axis, level in levels.items():
        rows = rows[rows[axis] == level]
    assert len(rows) == 1, (name, levels, len(rows))
    return float(rows["value"].iloc[0])


def choices(answers: pd.DataFrame, ask: str, model: str) -> dict[str, pd.Series]:
    """What the simulations chose, by item; NaN where a reply could not be read."""
    rows = answers[(answers["ask"] == ask) & (answers["model"] == model)]
    return {item: own["choice"] for item, own in rows.groupby("item")}


def human(item: str, people: pd.DataFrame = AMERICANS) -> np.ndarray:
    return shares(people.loc[people["item"] == item, "value"], CODES[item])


def columns(chosen: pd.Series, item: str) -> tuple[np.ndarray, np.ndarray]:
    """The table of the source: shares of model and people over the options and, last, the answers that failed."""
    failed = chosen.isna().mean()
    kept = np.nan_to_num(shares(chosen, CODES[item])) * (1 - failed)
    return np.append(kept, failed), np.append(human(item), 0.0)


def divergences(answers: pd.DataFrame, ask: str, model: str) -> tuple[dict[str, float], set[str]]:
    """KL(model || people) by item as the source replaces it, and the items where it does."""
    found = {
        item: float(entropy(*columns(chosen, item))) for item, chosen in choices(answers, ask, model).items()
    }
    finite = {item: kl for item, kl in found.items() if np.isfinite(kl)}
    largest = max(finite.values(), default=np.nan) + 1
    return {item: finite.get(item, largest) for item in found}, set(found) - set(finite)


def test_the_replies_are_worth_scoring(answers: pd.DataFrame) -> None:
    assert len(answers[answers["ask"] == "plain"]) == 3 * len(CODES) * SIMULATIONS
    replaced = [len(divergences(answers, ask, model)[1]) for ask in ASKS for model in MODELS]
    assert sum(replaced) > 0 and min(replaced) < len(CODES)
    assert answers.groupby("ask")["choice"].nunique().min() > 1


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("ask", ASKS)
def test_divergence_its_replacement_and_diversity(
    ask: str, model: str, answers: pd.DataFrame, measured: pd.DataFrame
) -> None:
    kl, replaced = divergences(answers, ask, model)
    chosen = choices(answers, ask, model)
    means = {theme: np.mean([kl[item] for item in items]) for theme, items in BY_THEME.items()}
    for theme, mean in means.items():
        assert value(measured, f"divergence_{ask}", model=model, theme=theme) == pytest.approx(
            mean, abs=1e-9, nan_ok=True
        )
    if ask == "together":
        assert value(measured, "divergence", model=model) == pytest.approx(
            np.mean([*means.values()]), abs=1e-9, nan_ok=True
        )
    assert value(measured, f"replaced_{ask}", model=model) == pytest.approx(len(replaced) / len(CODES))

    smoothed, diverse, possible = [], [], []
    for item, said in chosen.items():
        p, q = shares(said, CODES[item]), human(item)
        kinds, n = said.nunique(), said.notna().sum()
        if n:
            smoothed.append(entropy(p + 0.01, q + 0.01, base=2))
        if n > 1:
            diverse.append((kinds - 1) / (n - 1))
            possible.append((kinds - 1) / (min(n, p.size) - 1))
    expected = {
        f"smoothed_{ask}": np.mean(smoothed),
        f"failed_{ask}_share": np.mean([said.isna().mean() for said in chosen.values()]),
        f"diversity_{ask}": np.mean(diverse),
        f"diversity_of_possible_{ask}": np.mean(possible),
    }
    for name, number in expected.items():
        assert value(measured, name, model=model) == pytest.approx(number, abs=1e-9), name


def favourites(column: str, item: str) -> set[str]:
    """The groups with the most heads among those who chose the favourite option of everybody."""
    shares_of_all = human(item)
    best = {
        code for code, share in zip(CODES[item], shares_of_all, strict=True) if share == shares_of_all.max()
    }
    chose = AMERICANS[(AMERICANS["item"] == item) & AMERICANS["value"].isin(best)]
    heads = chose[column].value_counts()
    return set(heads[heads == heads.max()].index)


@pytest.mark.parametrize("column", ["sex", "age"])
def test_whose_preferences_are_met(column: str, answers: pd.DataFrame, measured: pd.DataFrame) -> None:
    groups = {item: favourites(column, item) for item in CODES}
    for group in sorted(set(AMERICANS[column])):
        everywhere = np.mean([group in found for found in groups.values()])
        here = {column: group}
        assert value(measured, f"{column}_of_all", **here) == pytest.approx(everywhere, abs=1e-12)
        for model in MODELS:
            met = [
                item
                for item, said in choices(answers, "together", model).items()
                if said.notna().any() and np.argmax(shares(said, CODES[item])) == np.argmax(human(item))
            ]
            assert value(measured, "met_share", model=model) == pytest.approx(len(met) / len(CODES))
            of_met = np.mean([group in groups[item] for item in met]) if met else np.nan
            found = value(measured, f"{column}_of_met", model=model, **here)
            assert found == pytest.approx(of_met, abs=1e-12, nan_ok=True)


def positions(chosen: dict[str, np.ndarray]) -> np.ndarray:
    """The mean position of each dimension, 0 for the first option and 1 for the last."""
    at = {item: float(p @ np.linspace(0, 1, p.size)) for item, p in chosen.items()}
    return np.array([np.nanmean([at[item] for item in items]) for items in BY_THEME.values()])


def test_the_maps_are_principal_components(answers: pd.DataFrame, measured: pd.DataFrame) -> None:
    """Up to the sign of a component, which no table fixes."""
    models = [
        positions(
            {item: shares(said, CODES[item]) for item, said in choices(answers, "together", model).items()}
        )
        for model in MODELS
    ]
    found = measured[measured["measure"] == "map"].pivot(index="model", columns="component", values="value")
    _same_map(found.loc[[*MODELS]].to_numpy(), np.array(models))

    lands = sorted(set(PEOPLE["country"]))
    people = [
        positions({item: human(item, PEOPLE[PEOPLE["country"] == land]) for item in CODES}) for land in lands
    ]
    table = measured[measured["measure"] == "people_map"]
    found = table.pivot(index="country", columns="component", values="value")
    expected = PCA(2).fit_transform(np.array(people))
    order = lambda scores: np.sort(np.abs(scores), axis=0)  # noqa: E731 - the levels have names, the table has codes
    np.testing.assert_allclose(order(found.to_numpy()), order(expected), atol=1e-9)


def _same_map(found: np.ndarray, points: np.ndarray) -> None:
    expected = PCA(2).fit_transform(points)
    np.testing.assert_allclose(np.abs(found), np.abs(expected), atol=1e-9)


@pytest.mark.parametrize("model", MODELS)
def test_what_the_judge_found(model: str, answers: pd.DataFrame, measured: pd.DataFrame) -> None:
    rows = answers[(answers["ask"] == "found") & (answers["model"] == model)]
    assert len(rows) == len(CODES) * 6
    assert value(measured, "unjudged", model=model) == pytest.approx(rows["choice"].isna().mean())
    for aspect, own in rows.groupby("aspect"):
        known = own["choice"].dropna()
        expected = (known == "fails").mean()
        assert value(measured, "insensitivity", model=model, aspect=str(aspect)) == pytest.approx(expected)
