"""What facts of a corpus should be, written again from the textbooks with pandas, stratum by stratum."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import pandas as pd
from pytest import approx


def kish(weight: pd.Series) -> float:
    return float(weight.sum() ** 2 / (weight**2).sum()) if (weight > 0).any() else 0.0


def one_plus_cv_squared(weight: pd.Series) -> float:
    """Kish's design effect by its definition: the variance is that of the sample itself."""
    return float(1 + weight.var(ddof=0) / weight.mean() ** 2)


def linearised_se(people: pd.DataFrame, chosen: pd.Series, inside: pd.Series) -> float:
    """The standard error of the weighted share of `chosen` among `inside`, both over all `people`.

    `people` has weight, stratum and psu. Clusters that have nobody inside count with zero; a stratum with one
    cluster is not centred.
    """
    w = people["weight"].where(inside, 0.0)
    p = (w * chosen).sum() / w.sum()
    score = w * (chosen.astype(float) - p) / w.sum()
    variance = 0.0
    for _, stratum in people.assign(score=score).groupby("stratum"):
        totals = stratum.groupby("psu")["score"].sum().to_numpy()
        if len(totals) == 1:
            variance += totals[0] ** 2
            continue
        mean = totals.sum() / len(totals)
        variance += len(totals) / (len(totals) - 1) * sum((total - mean) ** 2 for total in totals)
    return math.sqrt(variance)


def check_shares(
    found: Sequence[Mapping[str, object]], people: pd.DataFrame, position: pd.Series, *, design: bool
) -> None:
    """Compares shares with those of the column `position` of names, which is null for people outside."""
    # Every number is free of the scale of the weights; near one, squares neither overflow nor vanish.
    people = people.assign(weight=people["weight"] / (people["weight"].max() or 1.0))
    inside = position.notna() & (people["weight"] > 0)
    n, w = int(inside.sum()), people["weight"]
    for share in found:
        chosen = inside & (position == share["name"])
        assert share["n"] == int(chosen.sum())
        assert share["n_eff"] == approx(kish(w[chosen]), rel=1e-12)
        if not n:
            assert (share["unweighted"], share["weighted"], share["se"], share["deff"]) == (None,) * 4
            continue
        p = float(w[chosen].sum() / w[inside].sum())
        assert share["unweighted"] == approx(float(chosen.sum()) / n, rel=1e-12)
        assert share["weighted"] == approx(p, rel=1e-12, abs=1e-15)
        if chosen.any():
            assert share["deff_weights"] == approx(one_plus_cv_squared(w[chosen]), rel=1e-10)
        if not design or n < 2:
            assert (share["se"], share["deff"]) == (None, None)
            continue
        se = linearised_se(people, chosen, inside)
        assert share["se"] == approx(se, rel=1e-9, abs=1e-15)
        if 0 < chosen.sum() < n:
            assert share["deff"] == approx(se**2 / (p * (1 - p) / (n - 1)), rel=1e-8)
        else:
            assert share["deff"] is None
