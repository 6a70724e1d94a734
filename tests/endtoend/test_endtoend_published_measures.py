"""One audit for each module of the standard library, from recorded answers to measures, against pandas and SciPy."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from itertools import combinations, pairwise
from pathlib import Path
from typing import Any

import krippendorff
import numpy as np
import pandas as pd
import pytest
import scipy.stats
from numpy.typing import NDArray
from published_measures import (
    AUDITS,
    COUNTRIES,
    FORMS,
    GOODS,
    MODELS,
    REPEATS,
    SESSIONS,
    SEXES,
    SIZES,
    STEERINGS,
    Recorded,
    make_recorded,
)

import cyclspec

Floats = NDArray[np.float64]


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Recorded:
    return make_recorded(tmp_path_factory.mktemp("measures"))


@pytest.fixture(scope="module")
def found(recorded: Recorded, command: Callable[..., Any]) -> dict[str, list[dict[str, Any]]]:
    """The rows of every measure of all audits."""
    rows: dict[str, list[dict[str, Any]]] = {}
    for name in AUDITS:
        command("run", recorded.spec, "--audit", name, "--out", recorded.folder / name)
        for row in cyclspec.open_run(recorded.folder / name).measures.to_pylist():
            rows.setdefault(row["measure"], []).append(row)
    return rows


Value = Callable[..., float]


@pytest.fixture(scope="module")
def value(found: dict[str, list[dict[str, Any]]]) -> Value:
    def of(measure: str, **at: object) -> float:
        (row,) = (r for r in found[measure] if all(str(r[name]) == str(level) for name, level in at.items()))
        return float(row["value"])

    return of


def near(value: Any) -> Any:
    """Equal, as far as answers are kept: in single precision."""
    return pytest.approx(value, abs=1e-6, rel=1e-6)


def shares(counts: str, width: int) -> Floats:
    tally = json.loads(counts)
    drawn = np.array([tally[f"o{at}"] for at in range(width)], dtype=float)
    return drawn / drawn.sum()


def chosen(codes: pd.Series, width: int) -> Floats:
    """Shares of so many choices, by place."""
    tally = np.bincount([int(code[1:]) for code in codes], minlength=width)
    return tally / tally.sum()


def people_of(recorded: Recorded, item: str, sex: str | None = None) -> Floats:
    answers = recorded.table("answers").merge(pd.read_csv(recorded.folder / "people.csv"), on="person")
    here = answers[(answers["item"] == item) & (True if sex is None else answers["sex"] == sex)]
    return chosen(here["value"], len(recorded.values[item]))


def heads_of(recorded: Recorded, item: str, sex: str) -> Floats:
    """How many people of one sex chose each option."""
    answers = recorded.table("answers").merge(pd.read_csv(recorded.folder / "people.csv"), on="person")
    here = answers[(answers["item"] == item) & (answers["sex"] == sex)]
    return chosen(here["value"], len(recorded.values[item])) * len(here)


def moved(p: Floats, q: Floats, numbers: list[float]) -> float:
    """The Wasserstein distance along the numbers of the options, as a share of what they span."""
    return float(scipy.stats.wasserstein_distance(numbers, numbers, p, q)) / (max(numbers) - min(numbers))


# ---- std.opinion and std.metrics


@pytest.fixture(scope="module")
def fits(recorded: Recorded) -> pd.DataFrame:
    """Both kinds of representativeness of every question, group, way of asking and model."""
    rows = []
    for row in recorded.table("opinions").itertuples():
        numbers = recorded.values[row.item]
        p, q = people_of(recorded, row.item, row.sex), shares(row.value, len(numbers))
        rows.append(
            {
                "item": row.item,
                "sex": row.sex,
                "steering": row.steering,
                "model": row.model,
                "topic": "work" if int(row.item[1:]) % 2 == 0 else "home",
                "fit": 1 - moved(p, q, list(range(len(numbers)))),
                "numbered": 1 - moved(p, q, numbers),
                "brier": float((p[:, None] * (np.eye(len(p)) - q) ** 2).sum()),
                "surprise": float(-(p * np.log(q)).sum()),
                "right": float(p.argmax() == q.argmax()),
            }
        )
    return pd.DataFrame(rows)


def test_representativeness_steerability_and_consistency(fits: pd.DataFrame, value: Value) -> None:
    for model in MODELS:
        of_model = fits[fits["model"] == model]
        by_way = of_model.groupby(["sex", "steering"])[["fit", "numbered"]].mean()
        for sex in SEXES:
            for way in STEERINGS:
                at = {"model": model, "sex": sex, "steering": way}
                assert value("representativeness", **at) == near(by_way.loc[(sex, way), "fit"])
                assert value("by_value", **at) == near(by_way.loc[(sex, way), "numbered"])
        steered = by_way["fit"].groupby("sex").max().mean()
        assert value("steerability", model=model) == near(steered)
        best = of_model.groupby(["item", "topic", "sex"])["fit"].max().reset_index()
        of_topic = best.groupby(["topic", "sex"])["fit"].mean().unstack().idxmax(axis=1)
        of_all = best.groupby("sex")["fit"].mean().idxmax()
        assert value("consistency", model=model) == near((of_topic == of_all).mean())


def test_forecasts_of_peoples_answers(fits: pd.DataFrame, recorded: Recorded, value: Value) -> None:
    means = fits.groupby("model")[["brier", "surprise", "right"]].mean()
    for model in MODELS:
        assert value("forecast", model=model) == near(means.loc[model, "brier"])
        assert value("surprise", model=model) == near(means.loc[model, "surprise"])
        assert value("right", model=model) == near(means.loc[model, "right"])
    for sex in SEXES:
        reached = [np.cumsum(people_of(recorded, item, sex)) for item in recorded.values]
        apart = [2 * np.minimum(f, 1 - f).sum() / (len(f) - 1) for f in reached]
        assert value("divided", sex=sex) == near(float(np.mean(apart)))


# ---- std.def


@pytest.mark.parametrize("model", MODELS)
def test_the_framework_with_a_column_for_failures(model: str, recorded: Recorded, value: Value) -> None:
    table = recorded.table("simulated")
    kls, unique, possible, spread, matched, mine = {}, [], [], [], {}, {}
    for item, numbers in recorded.values.items():
        width = len(numbers)
        said = table[(table["item"] == item) & (table["model"] == model)]["value"]
        here, human = chosen(said.dropna(), width), people_of(recorded, item)
        wide = np.append(here * said.notna().mean(), said.isna().mean())
        with np.errstate(divide="ignore", invalid="ignore"):
            kls[item] = np.where(wide > 0, wide * np.log(wide / np.append(human, 0.0)), 0.0).sum()
        n, kinds = int(said.notna().sum()), said.nunique()
        unique.append((kinds - 1) / (n - 1))
        possible.append((kinds - 1) / (min(n, width) - 1))
        spread.append((scipy.stats.entropy(here) + (kinds - 1) / (2 * n)) / np.log(2))
        matched[item] = here.argmax() == human.argmax()
        liked = human == human.max()
        parts = [(heads_of(recorded, item, sex) * liked).sum() for sex in SEXES]
        mine[item] = [part >= max(parts) for part in parts]
    finite = [kl for kl in kls.values() if np.isfinite(kl)]
    replaced = [kl if np.isfinite(kl) else max(finite) + 1 for kl in kls.values()]
    assert 0 < len(finite) < len(kls)
    assert value("divergence", model=model) == near(float(np.mean(replaced)))
    assert value("replaced", model=model) == near(1 - len(finite) / len(kls))
    assert value("diversity", model=model) == near(float(np.mean(unique)))
    assert value("of_possible", model=model) == near(float(np.mean(possible)))
    assert value("spread", model=model) == near(float(np.mean(spread)))
    hits = [item for item, hit in matched.items() if hit]
    assert value("matches", model=model) == near(len(hits) / len(kls))
    for at, sex in enumerate(SEXES):
        assert value("theirs_of_matched", model=model, sex=sex) == near(np.mean([mine[i][at] for i in hits]))
        assert value("theirs_of_all", sex=sex) == near(float(np.mean([own[at] for own in mine.values()])))


# ---- std.agreement and std.ranking


@pytest.mark.parametrize("model", MODELS)
def test_the_spread_within_without_its_sampling_variance(
    model: str, recorded: Recorded, value: Value
) -> None:
    simulated = recorded.table("simulated").dropna()
    sides = (simulated[simulated["model"] == model], recorded.table("answers"))

    def spread(side: pd.DataFrame) -> float:
        places = side["value"].str[1:].astype(int) / (side["item"].map(recorded.values).map(len) - 1)
        return float(places.groupby(side["item"]).var(ddof=1).mean())

    assert value("spread_within", model=model) == near(np.sqrt(spread(sides[0]) / spread(sides[1])))


@pytest.fixture(scope="module", params=MODELS)
def decided(request: pytest.FixtureRequest, recorded: Recorded) -> tuple[str, Floats, list[tuple[str, str]]]:
    """A model, what it chose [case, form, session, repeat] with NaN where nothing, and the goods of each case."""
    table = recorded.table("replies")
    mine = table[table["model"] == request.param].assign(
        code=lambda t: t["value"].map({"a": 0.0, "b": 1.0}), at=lambda t: t["case"].str[1:].astype(int)
    )
    codes = np.full((12, len(FORMS), SESSIONS, REPEATS), np.nan)
    codes[mine["at"], mine["form"].map(FORMS.index), mine["session"] - 1, mine["repeat"] - 1] = mine["code"]
    sides = [(a, b) for a in GOODS for b in GOODS if a != b]
    return request.param, codes, sides


def _pairs(cells: Floats) -> Iterator[tuple[bool, bool]]:
    """For each pair of answers [session, repeat]: whether it is of one session, and whether it differs."""
    places = [at for at in np.ndindex(cells.shape) if np.isfinite(cells[at])]
    return ((a[0] == b[0], bool(cells[a] != cells[b])) for a, b in combinations(places, 2))


def test_sessions_and_forms(decided: tuple[str, Floats, Any], value: Value) -> None:
    model, codes, _ = decided
    between, within = [], []
    for case, form in np.ndindex(codes.shape[:2]):
        told = list(_pairs(codes[case, form]))
        between.append(np.mean([differs for same, differs in told if not same]))
        within.append(np.mean([differs for same, differs in told if same]))
    assert value("between", model=model) == near(float(np.mean(between)))
    assert value("drift", model=model) == near(float(np.mean(np.array(between) - np.array(within))))

    often = np.nanmean(codes, axis=(2, 3))
    usual = np.where(often == 0.5, np.nan, np.round(often))
    agreed = [
        [a == b for a, b in combinations(row[np.isfinite(row)], 2)]
        for row in usual
        if np.isfinite(row).sum() > 1
    ]
    assert value("form_pairs", model=model) == near(float(np.mean([np.mean(row) for row in agreed])))
    assert value("form_agreement", model=model) == near(float(np.mean([all(row) for row in agreed])))

    pooled = often.mean(axis=1)
    bits = [scipy.stats.entropy([p, 1 - p], base=2) for p in pooled]
    single = [np.mean([scipy.stats.entropy([p, 1 - p], base=2) for p in row]) for row in often]
    assert value("undecided", model=model) == near(float(np.mean(bits)))
    assert value("form_consistency", model=model) == near(
        float(np.mean(1 - np.array(bits) + np.array(single)))
    )
    assert value("first_preferred", model=model) == near(float(np.mean(1 - pooled)))

    in_session = np.nanmean(codes, axis=3)
    settled = np.where(in_session == 0.5, np.nan, np.round(in_session)).reshape(-1, SESSIONS)
    alpha = krippendorff.alpha(reliability_data=settled.T, level_of_measurement="nominal")
    assert value("retest", model=model) == near(float(alpha))


def test_wins_and_circles(decided: tuple[str, Floats, list[tuple[str, str]]], value: Value) -> None:
    model, codes, sides = decided
    wins = pd.DataFrame(0.0, index=list(GOODS), columns=list(GOODS))
    for case, (first, second) in enumerate(sides):
        given = codes[case][np.isfinite(codes[case])]
        wins.loc[first, second] += (given == 0).sum()
        wins.loc[second, first] += (given == 1).sum()
    for good in GOODS:
        won, lost = wins.loc[good].sum(), wins[good].sum()
        assert value("wins", model=model, good=good) == near(won / (won + lost))
    circles = []
    for a, b, c in combinations(GOODS, 3):
        ahead = [np.sign(wins.loc[x, y] - wins.loc[y, x]) for x, y in ((a, b), (b, c), (c, a))]
        if all(ahead):
            circles.append(abs(sum(ahead)) == 3)
    assert value("circles", model=model) == near(float(np.mean(circles)))


# ---- std.association


def test_size(recorded: Recorded, found: dict[str, list[dict[str, Any]]], value: Value) -> None:
    table = recorded.table("sized")
    fit = pd.DataFrame(index=list(recorded.values), columns=list(SIZES), dtype=float)
    for row in table.itertuples():
        p, q = people_of(recorded, row.item), shares(row.value, len(recorded.values[row.item]))
        fit.loc[row.item, int(row.size[:-1])] = 1 - 0.5 * np.abs(p - q).sum()
    means = [float(fit[size].mean()) for size in SIZES]
    steps = [later - sooner for sooner, later in pairwise(means)]
    rows = [row for row in found["steps"] if row["value"] is not None]
    assert [row["value"] for row in sorted(rows, key=lambda row: int(row["size"][:-1]))] == near(steps)
    assert value("fall") == near(max(0.0, -min(steps)))
    slope = scipy.stats.linregress(np.log10(np.array(SIZES) * 1e9), means).slope
    (growth,) = found["growth"]
    assert growth["value"] == near(float(slope))
    assert growth["low"] < growth["value"] < growth["high"]
    (trend,) = found["trend"]
    assert trend["value"] == near(float(scipy.stats.kendalltau(SIZES, means).statistic))
    assert 0.0 < trend["p_value"] <= 1.0
    home = [item for item in fit.index if int(item[1:]) % 2]
    work = [item for item in fit.index if item not in home]
    change = [fit.loc[half, 70].mean() - fit.loc[half, 1].mean() for half in (home, work)]
    assert value("homeward") == near(change[0] - change[1])


# ---- std.culture


def test_places_of_countries_and_models(recorded: Recorded, value: Value) -> None:
    scored = recorded.table("scored")
    mean = {
        (row.model, row.country, row.question): float(shares(row.value, 5) @ np.arange(1, 6))
        for row in scored.itertuples()
    }
    for model in MODELS:
        for country in COUNTRIES:
            m = {at: mean[model, country, f"m{at:02d}"] for at in range(1, 25)}
            at = {"model": model, "country": country}
            assert value("power_distance", **at) == near(35 * (m[7] - m[2]) + 25 * (m[20] - m[23]))
            assert value("indulgence", **at) == near(35 * (m[12] - m[11]) + 40 * (m[17] - m[16]) + 50)
    items = pd.read_json(recorded.folder / "items.jsonl", lines=True).set_index("item")
    table, places = recorded.table("simulated").dropna(subset="value"), []
    for model in MODELS:
        mine = table[table["model"] == model]
        numbers = mine.assign(
            n=[recorded.values[i][int(v[1:])] for i, v in zip(mine["item"], mine["value"], strict=True)]
        )
        by_item = numbers.groupby("item")["n"].mean()
        parts = items["loading"] * (by_item - items["centre"]) / items["spread"]
        places.append(float(parts.sum()))
        assert value("survival", model=model) == near(1.81 * places[-1] + 0.38)
        assert value("secular", model=model) == near(1.61 * places[-1] - 0.01)
        assert value("numbers", model=model) == near(float(numbers["n"].mean()))
    assert value("apart") == near(abs(places[0] - places[1]) * float(np.hypot(1.81, 1.61)))


def test_every_module_of_the_standard_library_is_in_an_audit(recorded: Recorded) -> None:
    text = recorded.spec.read_text(encoding="utf-8")
    modules = (Path(cyclspec.__file__).parent / "specs" / "std").glob("*.cycl")
    assert all(f"import std.{path.stem} as" in text for path in modules)
