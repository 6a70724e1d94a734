"""A whole audit, with every number computed a second time by other libraries."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch
import transformers
from scipy.spatial.distance import jensenshannon
from scipy.stats import wasserstein_distance
from worlds_on_disk import COUNTRIES, Ran, Said, World, write_world


def test_every_answer_equals_what_torch_transformers_gives_for_the_stored_tokens(ran: Ran) -> None:
    model = transformers.AutoModelForCausalLM.from_pretrained(
        ran.spec.parent / "tiny", dtype=torch.float32
    ).eval()
    expected: dict[str, tuple[np.ndarray, float]] = {}
    for row in pq.read_table(ran.run / "requests.parquet").to_pylist():
        with torch.no_grad():
            logits = model(input_ids=torch.tensor([row["token_ids"]])).logits[0, -1].double()
        probs = torch.softmax(logits, dim=-1)
        shares = np.array([float(probs[ids].sum()) for ids in row["label_ids"]])
        expected[row["request"]] = (shares / shares.sum(), float(shares.sum()))
    answers = pq.read_table(ran.run / "answers.parquet").to_pylist()
    assert len(answers) == 6 * 3
    for row in answers:
        probs_, mass = expected[row["request"]]
        np.testing.assert_allclose(row["probs"], probs_, atol=1e-5)
        assert row["mass"] == pytest.approx(mass, abs=1e-5)
        assert row["status"] == "answered"
        np.testing.assert_allclose(np.exp(row["logprobs"]).sum(), row["mass"], rtol=1e-5)


def human(world: World, item: str, country: str | None = None) -> np.ndarray:
    """Weighted shares over the options that count, by pandas."""
    frame = world.frame()
    frame = frame[(frame["item"] == item) & (frame["value"] != "-1")]
    if country is not None:
        frame = frame[frame["country"] == COUNTRIES[country]]
    weights = frame.groupby("value")["weight"].sum().reindex(world.codes(item)).fillna(0.0)
    shares: np.ndarray = (weights / weights.sum()).to_numpy()
    return shares


def cells(world: World, answers: pd.DataFrame) -> pd.DataFrame:
    """Every cell's distances, by scipy."""
    rows = []
    for row in answers.itertuples():
        p, q = np.array(row.probs, dtype=np.float64), human(world, row.item, row.country)
        assert list(row.codes) == world.codes(row.item)
        at = np.arange(len(p))
        others = np.mean([human(world, row.item, c) for c in COUNTRIES if c != row.country], axis=0)
        uniform = np.full(len(p), 1 / len(p))
        rows.append(
            {
                "country": row.country,
                "alignment": 1 - jensenshannon(p, q, base=2),
                "transport": wasserstein_distance(at, at, p, q) / (len(p) - 1),
                "distance": abs(p - q).sum() / 2,
                "flat": abs(uniform - q).sum() / 2,
                "others": abs(others - q).sum() / 2,
            }
        )
    return pd.DataFrame(rows)


def assert_measures(world: World, answers: pa.Table, measures: pa.Table) -> None:
    expected = cells(world, answers.to_pandas())
    found = measures.to_pandas().set_index(["measure", "country"])["value"]
    means = expected.groupby("country").mean()
    for country in COUNTRIES:
        for name in ("alignment", "transport", "flat", "others"):
            assert found[name, country] == pytest.approx(means.loc[country, name], abs=1e-6)
    whole = measures.filter(pa.compute.equal(measures["measure"].cast(pa.string()), "distance")).to_pylist()
    assert [row["value"] for row in whole] == [pytest.approx(expected["distance"].mean(), abs=1e-6)]


def test_every_measure_equals_what_scipy_and_pandas_compute_from_the_raw_rows(ran: Ran, world: World) -> None:
    assert (ran.said.code, "18 asked, 0 reused" in ran.said.err) == (0, True)
    answers = pq.read_table(ran.run / "answers.parquet")
    measures = pq.read_table(next(ran.run.glob("scores/*/measures.parquet")))
    assert_measures(world, answers, measures)
    rows: list[dict[str, Any]] = measures.to_pylist()
    assert {row["n_used"] for row in rows if row["measure"] == "alignment"} == {6}
    assert {row["n_used"] for row in rows if row["measure"] == "distance"} == {18}
    assert all(row["n_missing"] == 0 and row["withheld_by"] is None for row in rows)
    for row in rows:
        if row["measure"] == "alignment":
            assert row["low"] <= row["value"] <= row["high"] and row["n_clusters"] == 6


@pytest.mark.parametrize(
    "suffixes",
    [
        (".csv", ".parquet", ".arrow"),
        (".parquet", ".jsonl", ".json"),
        (".arrow", ".json", ".csv"),
        (".json", ".arrow", ".jsonl"),
    ],
)
def test_the_same_rows_in_other_file_formats_ask_nothing_and_measure_the_same(
    tmp_path: Path, ran: Ran, world: World, command: Callable[..., Said], suffixes: tuple[str, str, str]
) -> None:
    spec = write_world(tmp_path, world, suffixes=suffixes, models={"tiny": "tiny"})
    (tmp_path / "tiny").symlink_to(ran.spec.parent / "tiny")
    out = tmp_path / "out"
    out.mkdir()
    (out / "replies").symlink_to(ran.out / "replies")
    said = command("run", spec, "--out", out, "--quiet")
    assert (said.code, said.out) == (0, ""), said.err
    assert "0 asked, 18 reused" in said.err
    found = pq.read_table(next(out.glob("*/scores/*/measures.parquet"))).to_pandas()
    expected = pq.read_table(next(ran.run.glob("scores/*/measures.parquet"))).to_pandas()
    pd.testing.assert_frame_equal(found, expected)
