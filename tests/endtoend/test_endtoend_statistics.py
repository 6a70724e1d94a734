"""Sampled choices to statistics: agreement, ranking, association and components of a whole run, against libraries.

A script answers; the answers table of the run is what the libraries see.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import choix
import krippendorff
import numpy as np
import pandas as pd
import pytest
import scipy.stats
from numpy.typing import NDArray
from scripted import Scripted, number_of, run
from sklearn.decomposition import PCA
from sklearn.metrics import cohen_kappa_score

from cyclspec.compiler.plan.requests import Request
from cyclspec.compiler.seeds import resampling_counts, seed_of

Floats = NDArray[np.float64]
SPEC = """
cycl 1

import std.metrics as m

axis principle : nominal {
  care     "care for others"
  fairness "fairness"
  loyalty  "loyalty"
}

scale mood : ordinal { low = 1 "low", middle = 2 "middle", high = 3 "high", missing unsure = 9 "unsure" }

corpus dilemmas {
  table cases {
    source = jsonl("cases.jsonl")
    case      : key
    situation : text(en)
    actions   : scale(nominal, 2..2)
    favours_a : principle
    favours_b : principle
    weight    : real where weight >= 0
  }
}

prompt decide(case: dilemmas.cases) -> choice(case.actions) {
  user[en] "{case.situation} What should they do? {case.actions|lettered}"
}
prompt feel(case: dilemmas.cases) -> choice(mood) {
  user[en] "{case.situation} How do you feel?\\nA. low\\nB. middle\\nC. high\\nD. unsure"
}

panel models {
  factor size   : ordinal(parameters)
  model small = demo() { size = 1B }
  model large = demo() { size = 7B }
}

audit dilemmas_asked {
  seed = 11
  offer_missing = true
  each case         in dilemmas.cases
  each session      in 1..4
  each repeat       in 1..5
  each size         in models

  ask pick = decide(case) {
    model = models, per = [session, repeat], read = sampled(temperature = 1.0, max_tokens = 8), missing = keep
  }
  ask mood = feel(case) {
    model = models, per = [session, repeat], read = sampled(temperature = 1.0, max_tokens = 8), missing = keep
  }

  let settled  = mode over repeat of pick
  let voted    = mode over repeat weighted by repeat of pick
  let shares   = share over repeat of mood
  let position = m.mean_position(shares)
  let middle   = mean over session of position
  let strength : real =
    bradley_terry(first = case.favours_a, second = case.favours_b, items = principle) over case, repeat of pick

  measure flips by size : share = mean over case of (pair_disagreement over session of settled) {
    interval = bootstrap(over = case, draws = 60, level = 90%)
  }
  measure stays by size : share = mean over case of (pair_agreement over session of voted)
  measure retest by size : coefficient =
    krippendorff(units = case, raters = session) over case, session of settled
  measure moods by size : coefficient =
    krippendorff(units = [case, session], raters = repeat, level = ordinal) over case, session, repeat of mood {
      interval = bootstrap(over = case, draws = 60, level = 90%)
    }
  measure kappa by session : coefficient =
    cohen_kappa(raters = size, weights = quadratic) over case, repeat, size of mood
  measure ranking by size, principle : rank = rank along principle of (mean over session of strength)
  measure strengths by size, session, principle : real = strength
  measure drift by size : coefficient =
    kendall(against = strength[session: last]) over principle of strength[session: first]
  measure steady by size : coefficient =
    spearman(against = strength[session: last]) over principle of strength[session: first]
  measure linear by size : coefficient = pearson(against = case.weight) over case of middle
  measure growth by session : real = slope(against = log10(size)) over size of number((mean over case of position))
  measure low by size : share = quantile(at = 10%) over case of middle
  measure varied by size : real = var over case of middle
  measure answered by size : count = count over case, session, repeat of pick
  measure moved by size : count = count over case of middle > 0.5
  measure sad by size : count = sum over case of middle < 0.5
  measure places by size, case, component : real =
    principal_components(units = case, n = 2) over session of position
  measure deeper by size, case, component : real =
    principal_components(units = case, n = 3) over session of position
  measure usual by size : share = share over case, session, repeat of pick == settled
  measure running by size, session : share = mean over case of (cumsum along session of 0.25 * position)
  measure carer by size : real = mean over session of strength[principle: care]
  measure gloomy by size : share = share over case, session, repeat of mood == low
  measure lowest by size : share = share over case, session of (min over repeat of mood) == low
}
"""
CASES = 12
LETTERS = "ABCD"


def say(request: Request) -> str:
    """Mostly one answer a case, sometimes another, sometimes nothing that can be read."""
    drawn = np.random.default_rng(number_of(request))
    situation = int(request.text.split("Situation ")[1].split(".")[0])
    options = 2 if "What should they do" in request.text else 4
    if drawn.uniform() < 0.1:
        return "I would rather not say"
    usual = situation % min(options, 3)
    return LETTERS[usual if drawn.uniform() < 0.55 else int(drawn.integers(options))]


@dataclass(frozen=True)
class Asked:
    """A run as the libraries see it: answers [size, case, session, repeat], NaN where missing, and its measures."""

    pick: Floats
    mood: Floats
    unsure: NDArray[np.bool_]
    measures: Mapping[str, Any]

    def of(self, name: str, **at: str) -> Any:
        """The row of a measure."""
        rows = [row for row in self.measures[name] if all(row[axis] == level for axis, level in at.items())]
        assert len(rows) == 1, (name, at, rows)
        return rows[0]


def case_rows() -> list[dict[str, Any]]:
    principles = ["care", "fairness", "loyalty"]
    return [
        {
            "case": f"c{at}",
            "situation": {"en": f"Situation {at}."},
            "actions": [{"code": f"{at}-{side}", "label": {"en": f"{side} {at}"}} for side in ("go", "stay")],
            "favours_a": principles[at % 3],
            "favours_b": principles[(at + 1 + at % 2) % 3],
            "weight": float((at * 7) % 5),
        }
        for at in range(CASES)
    ]


@pytest.fixture(scope="module")
def asked(tmp_path_factory: pytest.TempPathFactory) -> Asked:
    folder = tmp_path_factory.mktemp("statistics")
    spec = folder / "audit.cycl"
    spec.write_text(SPEC.lstrip(), encoding="utf-8")
    lines = "".join(json.dumps(row) + "\n" for row in case_rows())
    (folder / "cases.jsonl").write_text(lines, encoding="utf-8")
    found, _ = run(spec, folder / "run", Scripted(say))
    answers = found.answers.to_pandas()
    measures = pd.concat([found.measures.to_pandas()]).to_dict("records")
    by_name: dict[str, list[Any]] = {}
    for row in measures:
        by_name.setdefault(row["measure"], []).append(row)
    codes = {"1": 0.0, "2": 1.0, "3": 2.0}
    pick, mood = np.full((2, 2, CASES, 4, 5), np.nan)
    unsure = np.zeros(mood.shape, dtype=np.bool_)
    for row in answers.to_dict("records"):
        place = (
            SIZES.index(row["size"]),
            int(row["case"][1:]),
            int(row["session"]) - 1,
            int(row["repeat"]) - 1,
        )
        if row["status"] == "answered" and row["ask"] == "pick":
            pick[place] = float(row["choice"].endswith("stay"))
        elif row["status"] == "answered":
            mood[place], unsure[place] = codes.get(row["choice"], np.nan), row["choice"] == "9"
    return Asked(pick, mood, unsure, by_name)


SIZES = ("1B", "7B")


def modes(codes: Floats, weights: Floats) -> Floats:
    """The code with the most weight along the last axis; NaN where two have as much, or none is there."""
    sums = np.stack([((codes == code) * weights).sum(axis=-1) for code in range(3)], axis=-1)
    best = sums.max(axis=-1)
    alone = ((sums == best[..., None]).sum(axis=-1) == 1) & (best > 0)
    return np.where(alone, sums.argmax(axis=-1), np.nan)


def pair_share(codes: Floats) -> float:
    there = codes[np.isfinite(codes)]
    n = there.size
    counts = np.unique(there, return_counts=True)[1]
    return float((counts * (counts - 1)).sum() / (n * (n - 1))) if n > 1 else np.nan


def positions(mood: Floats) -> Floats:
    """The mean position of the shares of moods, 0..1: [size, case, session]."""
    return np.asarray(np.nanmean(mood, axis=-1) / 2)


def strengths(pick: Floats) -> Floats:
    """Bradley-Terry strengths [size, session, principle]."""
    principles, rows = ["care", "fairness", "loyalty"], case_rows()
    found = np.zeros((2, 4, 3))
    for size, session in np.ndindex(2, 4):
        data = []
        for case in range(CASES):
            a, b = (principles.index(rows[case][side]) for side in ("favours_a", "favours_b"))
            for code in pick[size, case, session]:
                if np.isfinite(code):
                    data.append((a, b) if code == 0 else (b, a))
        found[size, session] = choix.ilsr_pairwise(3, data, tol=1e-12)
    return found


def close(row: Any, wanted: float, tolerance: float = 1e-10) -> None:
    assert abs(row["value"] - wanted) < tolerance, (row, wanted)


def test_agreement_of_choices_equals_that_of_libraries(asked: Asked) -> None:
    settled = modes(asked.pick, np.ones(5))
    voted = modes(asked.pick, np.arange(1.0, 6.0))
    assert np.isnan(settled).any()
    for at, size in enumerate(SIZES):
        flips = [1 - pair_share(settled[at, case]) for case in range(CASES)]
        close(asked.of("flips", size=size), float(np.nanmean(flips)))
        close(
            asked.of("stays", size=size), float(np.nanmean([pair_share(voted[at, c]) for c in range(CASES)]))
        )
        coded = np.where(np.isnan(settled[at]), np.nan, settled[at] + 2 * np.arange(CASES)[:, None])
        retest = krippendorff.alpha(reliability_data=coded.T, level_of_measurement="nominal")
        close(asked.of("retest", size=size), float(retest))
        units = asked.mood[at].reshape(-1, 5)
        moods = krippendorff.alpha(reliability_data=units.T, level_of_measurement="ordinal")
        close(asked.of("moods", size=size), float(moods))
    for session in range(4):
        first, second = asked.mood[0, :, session].ravel(), asked.mood[1, :, session].ravel()
        both = np.isfinite(first) & np.isfinite(second)
        kappa = cohen_kappa_score(first[both].astype(int), second[both].astype(int), weights="quadratic")
        close(asked.of("kappa", session=str(session + 1)), float(kappa))


def test_intervals_refit_agreement_in_every_resample(asked: Asked) -> None:
    settled = modes(asked.pick, np.ones(5))
    for at, size in enumerate(SIZES):
        flips = np.array([1 - pair_share(settled[at, case]) for case in range(CASES)])

        def mean_flips(cases: NDArray[np.int64], flips: Floats = flips) -> float:
            return float(np.nanmean(flips[cases]))

        def alpha(cases: NDArray[np.int64], at: int = at) -> float:
            units = asked.mood[at][cases].reshape(-1, 5)
            return float(krippendorff.alpha(reliability_data=units.T, level_of_measurement="ordinal"))

        for name, of in (("flips", mean_flips), ("moods", alpha)):
            counts = resampling_counts(seed_of(11, "bootstrap", name, "case"), 60, CASES).astype(np.int64)
            drawn = [of(np.repeat(np.arange(CASES), row)) for row in counts]
            reach = scipy.stats.t.ppf(0.95, CASES - 1)
            tail = scipy.stats.norm.cdf(-np.sqrt(CASES / (CASES - 1)) * reach)
            low, high = np.quantile(drawn, [tail, 1 - tail])
            row = asked.of(name, size=size)
            assert abs(row["low"] - low) < 1e-10 and abs(row["high"] - high) < 1e-10
            assert row["n_clusters"] == CASES


def test_strengths_and_what_is_made_of_them(asked: Asked) -> None:
    fitted = strengths(asked.pick)
    names = ("care", "fairness", "loyalty")
    for at, size in enumerate(SIZES):
        for session, principle in np.ndindex(4, 3):
            row = asked.of("strengths", size=size, session=str(session + 1), principle=names[principle])
            close(row, fitted[at, session, principle], 1e-8)
        ranks = scipy.stats.rankdata(-fitted[at].mean(axis=0))
        for principle, rank in zip(names, ranks, strict=True):
            close(asked.of("ranking", size=size, principle=principle), float(rank))
        first, last = fitted[at, 0], fitted[at, -1]
        close(asked.of("drift", size=size), scipy.stats.kendalltau(first, last).statistic)
        close(asked.of("steady", size=size), scipy.stats.spearmanr(first, last).statistic)
        close(asked.of("carer", size=size), fitted[at, :, 0].mean(), 1e-8)


def test_association_spread_and_components(asked: Asked) -> None:
    # The third component is that of another measure.
    for name, number in (("places", 2), ("deeper", 3)):
        assert {int(row["component"]) for row in asked.measures[name]} == set(range(1, number + 1))
    position = positions(asked.mood)
    middle = np.nanmean(position, axis=-1)
    weight = [row["weight"] for row in case_rows()]
    for at, size in enumerate(SIZES):
        close(asked.of("linear", size=size), scipy.stats.pearsonr(middle[at], weight).statistic)
        close(asked.of("low", size=size), np.quantile(middle[at], 0.1))
        close(asked.of("varied", size=size), np.var(middle[at], ddof=1))
        close(asked.of("moved", size=size), (middle[at] > 0.5).sum())
        close(asked.of("sad", size=size), (middle[at] < 0.5).sum())
        scores = PCA(n_components=2, svd_solver="full").fit_transform(position[at])
        for case, component in np.ndindex(CASES, 2):
            row = asked.of("places", size=size, case=f"c{case}", component=str(component + 1))
            close(row, scores[case, component])
            close(asked.of("deeper", **{a: row[a] for a in ("size", "case", "component")}), row["value"])
        running = np.cumsum(0.25 * position[at], axis=-1).mean(axis=0)
        for session in range(4):
            close(asked.of("running", size=size, session=str(session + 1)), running[session])
    for session in range(4):
        growth = scipy.stats.linregress([9.0, np.log10(7e9)], position[:, :, session].mean(axis=1)).slope
        close(asked.of("growth", session=str(session + 1)), growth)


def test_what_is_missing_is_counted_by_its_reason(asked: Asked) -> None:
    settled, ties = modes(asked.pick, np.ones(5)), 0
    for at, size in enumerate(SIZES):
        there = np.isfinite(asked.pick[at])
        close(asked.of("answered", size=size), there.sum())
        lost = json.loads(asked.of("moods", size=size)["missing"])
        unsure = int(asked.unsure[at].sum())
        assert unsure > 0 and lost["missing option"] == unsure
        assert sum(lost.values()) == int(np.isnan(asked.mood[at]).sum())
        tied = np.isnan(settled[at]) & there.any(axis=-1)
        lost = json.loads(asked.of("flips", size=size)["missing"])
        assert lost.get("tie", 0) == int(there.sum(axis=-1)[tied].sum())
        ties += lost.get("tie", 0)
        mood = asked.mood[at]
        close(asked.of("gloomy", size=size), (mood == 0).sum() / np.isfinite(mood).sum())
        same = (asked.pick[at] == settled[at][..., None])[there & np.isfinite(settled[at])[..., None]]
        close(asked.of("usual", size=size), same.mean())
        close(asked.of("lowest", size=size), (np.nanmin(mood, axis=-1) == 0).mean())
    assert ties > 0
