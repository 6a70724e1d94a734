"""What stands below a table of measures: each fact once, however many cells it holds for."""

from __future__ import annotations

from typing import Any

import pyarrow as pa

from cyclspec.compiler.scores.few_clusters import caution, lack
from cyclspec.runtime.report.notices import notices
from cyclspec.runtime.store.tables import UNBOUNDED


def row(measure: str, **facts: Any) -> dict[str, Any]:
    nothing = dict.fromkeys(
        ("low", "p_value", "interval", "draws", "estimand", "test", "adjust", "bias", "error", "warning")
    )
    return {"measure": measure, "n_clusters": 40, **nothing, **facts}


def sure(measure: str, **facts: Any) -> dict[str, Any]:
    known = {"low": 0.1, "interval": "t 95%", "draws": 500, "estimand": "another item; the same model"}
    return row(measure, **{**known, "bias": 0.0, "error": 0.1, **facts})


def said(*rows: dict[str, Any], checks: tuple[dict[str, Any], ...] = ()) -> list[str]:
    schema = pa.schema(
        [("check", pa.string()), ("passed", pa.bool_()), ("on_fail", pa.string()), ("because", pa.string())]
    )
    return notices(pa.Table.from_pylist(list(rows)), pa.Table.from_pylist(list(checks), schema=schema))


def test_measures_with_one_estimand_share_a_line() -> None:
    found = said(sure("a"), sure("a"), sure("b"), sure("c", draws=900), row("d"))
    assert found == [
        "intervals of a, b: t 95%, 500 draws, for another item; the same model",
        "intervals of c: t 95%, 900 draws, for another item; the same model",
    ]


def few(clusters: int) -> str:
    return caution("t 95%", clusters, clusters - 1)


def test_few_clusters_and_bias_are_told_with_the_worst_case() -> None:
    found = said(
        sure("a", n_clusters=29, warning=few(29)),
        sure("b", n_clusters=7, warning=f"{few(7)}; draws lie off"),
        sure("c", bias=-0.03),
    )
    assert found[1:] == [
        f"intervals of a rest on {few(29)}",
        "intervals of b rest on 7 clusters: such intervals held the truth in as few as 93 % of simulated audits",
        "draws of c lie off the value by more than a quarter of its standard error (`bias`)",
    ]


def test_the_worst_is_what_held_the_truth_least_often() -> None:
    """By `t` that is not what rests on the fewest clusters. What holds for several measures is said once."""
    found = said(*(sure(name, n_clusters=at, warning=few(at)) for name in "ab" for at in (4, 12, 20)))
    assert found[1:] == [f"intervals of a, b rest in some cells on {few(12)}"]
    assert "92 %" in few(12)


def test_cells_without_an_interval_are_told_with_their_reason() -> None:
    kind = "percentile 95%"
    lacking = [row("a", interval=kind, n_clusters=at, warning=lack(kind, at, at - 1)) for at in (3, 1, 2, 3)]
    one, two, three = (lack(kind, at, at - 1) for at in (1, 2, 3))
    assert said(*lacking) == [
        f"cells of a rest on {three}",
        f"cells of a rest on {one}",
        f"cells of a rest on {two}",
    ]


def test_bounds_that_are_blank_are_told() -> None:
    (line,) = said(row("a", warning=f"no bound: {UNBOUNDED}"), row("a", warning=f"no bound: {UNBOUNDED}"))
    assert line == "cells of a have no bound: some ways to fill missing answers in leave it undefined"


def test_p_values_name_their_test_and_their_family() -> None:
    tested = {"test": "sign flip over item", "adjust": "holm"}
    found = said(row("a", p_value=0.1, **tested), row("a", p_value=0.2, **tested), row("a", **tested))
    assert found == ["p-values of a: sign flip over item, adjusted for 2 cells by holm"]


def test_failed_checks_come_first() -> None:
    failed = {"check": "mass", "passed": False, "on_fail": "warn", "because": "little"}
    assert said(sure("a"), checks=(failed, failed))[0] == "check mass failed in 2 cells (warn): little"
