"""Writes the data of specs/examples: an invented survey, its simulated people, their answers, and dilemmas.

    python scripts/examples/make_data.py

Everything is made up from one seed; no one was asked. The same version of pyarrow writes the same bytes each time;
`--check` compares contents and writes nothing.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path
from statistics import NormalDist
from typing import Any

import numpy as np
import pyarrow as pa  # type: ignore[import-untyped]
from dilemma_cases import CASES
from numpy.typing import NDArray
from pyarrow import parquet
from survey_items import ITEMS, Item

SEED = 20260611
FOLDER = Path(__file__).resolve().parents[2] / "specs" / "examples" / "data"
NAMES = ("items", "people", "answers", "cases")
# Code, people, and mean on (custom, reach): ISO 3166-1 gives the codes XAA to XZZ to no country.
COUNTRIES = (
    ("XVE", 170, -0.9, 1.0),
    ("XWE", 160, 0.9, 0.8),
    ("XQU", 150, 1.0, -0.9),
    ("XFI", 120, 1.6, -1.8),
)
WOMAN, MAN = 2, 1
_NORMAL = NormalDist()
Floats = NDArray[np.float64]


def people_table(rng: np.random.Generator) -> tuple[pa.Table, Floats]:
    """People with their weights (mean 1 a country; women and the old are over-represented), and their positions."""
    country = np.repeat(np.arange(len(COUNTRIES)), [count for _, count, _, _ in COUNTRIES])
    count = country.size
    age = 18 + np.floor(70 * (1 - rng.random(count) ** 0.9)).astype(np.int64)
    gender = np.where(rng.random(count) < 0.56, WOMAN, MAN)
    weight = np.where(gender == WOMAN, 0.9, 1.15) * np.where(age >= 50, 0.85, 1.1)
    for index in range(len(COUNTRIES)):
        weight[country == index] /= weight[country == index].mean()
    means = np.array([[custom, reach] for _, _, custom, reach in COUNTRIES])
    noise = np.vectorize(_NORMAL.inv_cdf)(rng.random((count, 2)) * 0.9998 + 0.0001)
    shift = np.stack([0.015 * (age - 47) - 0.2 * (gender == WOMAN), 0.15 * (gender == WOMAN)], axis=1)
    table = pa.table(
        {
            "person": pa.array([f"r{number:04d}" for number in range(1, count + 1)]),
            "country": pa.array([COUNTRIES[index][0] for index in country]),
            "age": pa.array(age, pa.int16()),
            "gender": pa.array(gender, pa.int8()),
            "weight": pa.array(np.round(weight, 4), pa.float64()),
        }
    )
    return table, means[country] + 0.8 * noise + shift


def answers_table(rng: np.random.Generator, people: pa.Table, positions: Floats) -> pa.Table:
    """Long answers by a graded response model (Samejima 1969); one in fifty is absent."""
    items, persons, values = [], [], []
    names = people.column("person").to_pylist()
    for item in ITEMS:
        chosen = _choose(item, positions, rng.random(len(names)))
        asked = rng.random(len(names)) >= 0.02
        for name, option in zip(np.array(names)[asked], chosen[asked], strict=True):
            items.append(item.name)
            persons.append(str(name))
            values.append(str(option + 1))
    columns = {"item": pa.array(items), "person": pa.array(persons), "value": pa.array(values)}
    return pa.table(columns)


def _choose(item: Item, positions: Floats, draws: Floats) -> NDArray[np.int64]:
    """The option of each person: thresholds stand evenly, a strong pull favours the first options."""
    count = len(item.options)
    thresholds = np.linspace(-3.0, 3.0, count + 1)[1:-1] if count > 2 else np.zeros(1)
    logits = positions @ np.array(item.pull)
    above = 1 / (1 + np.exp(-(thresholds[None, :] + logits[:, None])))
    return np.asarray((draws[:, None] > above).sum(axis=1), dtype=np.int64)


def items_table() -> pa.Table:
    """One row a question, with its phrasings and its own options."""
    rows = [
        {
            "item": item.name,
            "question": item.phrasings[0]._asdict(),
            "phrasings": [words._asdict() for words in item.phrasings],
            "options": [
                {"code": str(number), "label": words._asdict(), "value": float(number)}
                for number, words in enumerate(item.options, 1)
            ],
            "theme": item.theme,
        }
        for item in ITEMS
    ]
    return pa.Table.from_pylist(rows)


def cases_table() -> pa.Table:
    """One row a dilemma."""
    rows = [
        {
            "case": case.name,
            "situation": case.situation,
            "rewordings": [case.situation, *case.rewordings],
            "actions": [{"code": "1", "label": case.first[0]}, {"code": "2", "label": case.second[0]}],
            "serves_a": case.first[1],
            "serves_b": case.second[1],
        }
        for case in CASES
    ]
    return pa.Table.from_pylist(rows)


def make_all() -> dict[str, Any]:
    """The tables by name."""
    rng = np.random.Generator(np.random.Philox(SEED))
    people, positions = people_table(rng)
    answers = answers_table(rng, people, positions)
    return {"items": items_table(), "people": people, "answers": answers, "cases": cases_table()}


def write_all(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, table in make_all().items():
        parquet.write_table(table, folder / f"{name}.parquet", compression="zstd", compression_level=19)


def changed(folder: Path) -> list[str]:
    """The names of tables whose contents in `folder` are not what this script writes."""
    with tempfile.TemporaryDirectory() as made:
        write_all(Path(made))
        return [
            name
            for name in NAMES
            if not parquet.read_table(Path(made) / f"{name}.parquet").equals(
                parquet.read_table(folder / f"{name}.parquet")
            )
        ]


def main() -> int:
    """Writes the files, or with `--check` says whether they are what this script writes."""
    arguments = argparse.ArgumentParser(description="Write the data of the examples.")
    arguments.add_argument("--check", action="store_true", help="compare with the files that are there")
    if arguments.parse_args().check:
        found = changed(FOLDER)
        print(f"changed: {', '.join(found)}" if found else "unchanged")
        return 1 if found else 0
    write_all(FOLDER)
    for path in sorted(FOLDER.iterdir()):
        print(f"{path.stat().st_size:9,} bytes  {path.name}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
