"""Writes the simulated survey that the methods are shown on: `specs/corpora/values`.

    python scripts/methods/make_values.py

The people are simulated in the form of the cross-national file of the World Values Survey, wave 7, and imported like
that file, by the recipe `wvs7`; then the questions get their wording. So the real file fits wherever this one does.
Nothing here is measured: where a country stands is drawn from a seed.
"""

from __future__ import annotations

import csv
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import NormalDist
from typing import Any

import numpy as np
from labels import LABELS
from numpy.typing import NDArray
from wording import QUESTIONS, Question

SEED = 20261127
FOLDER = Path(__file__).resolve().parents[2] / "specs" / "corpora" / "values"
PEOPLE_EACH = 150
# The countries of the second and third block of the source study, in part, and others of the first.
COUNTRIES = (
    "USA",
    "CHN",
    "DEU",
    "JPN",
    "BRA",
    "IND",
    "EGY",
    "KEN",
    "NGA",
    "MAR",
    "MYS",
    "GRC",
    "MEX",
    "NZL",
    "FRA",
)
_NORMAL = NormalDist()
Floats = NDArray[np.float64]
Cells = NDArray[np.int64]


def simulated(seed: int) -> list[dict[str, Any]]:
    """One row a person, as in the cross-national file."""
    rng = np.random.default_rng(seed)
    count = PEOPLE_EACH * len(COUNTRIES)
    place = np.repeat(np.arange(len(COUNTRIES)), PEOPLE_EACH)
    age = 18 + np.floor(65 * (1 - rng.random(count) ** 0.8)).astype(np.int64)
    sex = np.where(rng.random(count) < 0.53, 2, 1)
    education = 1 + np.floor(3 * rng.random(count) ** (1.0 + age / 100)).astype(np.int64)
    means = 0.8 * _normal(rng, (len(COUNTRIES), 2))
    values = means[place] + 0.8 * _normal(rng, (count, 2))
    values[:, 0] += 0.015 * (age - 45) - 0.25 * (education - 2)
    values[:, 1] += -0.006 * (age - 45) + 0.25 * (education - 2)
    weight = np.exp(0.3 * _normal(rng, (count,))) * np.where(age < 30, 1.4, 0.9)
    weight /= (np.bincount(place, weight) / PEOPLE_EACH)[place]
    columns: dict[str, Any] = {
        "B_COUNTRY_ALPHA": [COUNTRIES[one] for one in place],
        "D_INTERVIEW": np.arange(1, count + 1),
        "W_WEIGHT": np.round(weight, 4),
        "I_PSU": 1 + np.arange(count) % PEOPLE_EACH // 10,
        "Q260": sex,
        "Q262": age,
        "Q275R": education,
        "Q288R": 1 + np.floor(3 * rng.random(count)).astype(np.int64),
        "H_URBRURAL": np.where(rng.random(count) < 0.65, 1, 2),
        "Q279": _employment(rng, age),
    }
    columns |= {one.name: _answers(one, values, place, rng) for one in QUESTIONS}
    names = list(columns)
    return [dict(zip(names, row, strict=True)) for row in zip(*columns.values(), strict=True)]


def _employment(rng: np.random.Generator, age: Cells) -> Cells:
    """Full time, part time, self employed, retired, student or unemployed, by the codes of the file."""
    drawn = np.array([1, 1, 1, 2, 3, 7])[np.floor(6 * rng.random(age.size)).astype(np.int64)]
    drawn = np.where(age >= 65, 4, drawn)
    return np.where((age < 24) & (rng.random(age.size) < 0.5), 6, drawn)


def _answers(question: Question, values: Floats, place: Cells, rng: np.random.Generator) -> Cells:
    """Codes 1, 2, .. of a graded response (Samejima 1969); one in thirty does not know, one in sixty is not asked."""
    size = len(LABELS[question.scale])
    latent = values @ np.array(question.pull) + 0.35 * _normal(rng, (len(COUNTRIES),))[place]
    latent += rng.random() - 0.5 + _logit(rng.random(place.size))
    thresholds = (1.2 + 0.6 * rng.random()) * _logit(np.arange(1, size) / size)
    codes = 1 + (latent[:, None] > thresholds).sum(axis=1)
    codes = np.where(rng.random(place.size) < 1 / 30, -1, codes)
    return np.asarray(np.where(rng.random(place.size) < 1 / 60, -4, codes))


def _normal(rng: np.random.Generator, shape: tuple[int, ...]) -> Floats:
    uniform = np.clip(rng.random(shape), 1e-12, 1 - 1e-12)
    return np.array([_NORMAL.inv_cdf(float(one)) for one in uniform.ravel()]).reshape(shape)


def _logit(share: Floats) -> Floats:
    return np.asarray(np.log(share) - np.log1p(-share))


def write_wave(path: Path, rows: list[dict[str, Any]]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


def worded(line: str) -> str:
    """An item with its own wording, and labels in Chinese."""
    item = json.loads(line)
    question = next(one for one in QUESTIONS if one.name == item["item"])
    counted = [option["code"] for option in item["options"] if not option.get("missing")]
    chinese = dict(zip(counted, LABELS[question.scale], strict=True))
    chinese["-1"] = "不知道"
    item["question"] = {"en": question.en, "zh": question.zh}
    for option in item["options"]:
        option["label"]["zh"] = chinese[option["code"]]
    return json.dumps(item, ensure_ascii=False, separators=(",", ":"))


def main() -> int:
    """Simulates, imports, words, and writes the tables beside the definition that is kept by hand."""
    with tempfile.TemporaryDirectory() as folder:
        wave, made = Path(folder, "wave7.csv"), Path(folder, "made")
        write_wave(wave, simulated(SEED))
        command = ["corpus", "import", str(wave), "--recipe", "wvs7", "--name", "values", "-o", str(made)]
        subprocess.run([sys.executable, "-m", "cyclspec", *command], check=True)
        FOLDER.mkdir(parents=True, exist_ok=True)
        for name in ("items.jsonl", "choices.jsonl"):
            lines = (made / name).read_text(encoding="utf-8").splitlines()
            (FOLDER / name).write_text("".join(f"{worded(line)}\n" for line in lines), encoding="utf-8")
        for name in ("people.parquet", "answers.parquet", "choice_answers.parquet"):
            (FOLDER / name).write_bytes((made / name).read_bytes())
    return 0


if __name__ == "__main__":
    sys.exit(main())
