"""Writes the data of the quickstart: an invented survey, its simulated people and their answers.

    python scripts/demo/make_data.py

The same version of NumPy and pyarrow writes the same bytes each time; `--check` compares contents and writes nothing.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa  # type: ignore[import-untyped]
from choices import NOMINAL
from items import ORDINAL
from population import COUNTRIES, Answers, People, draw_answers, draw_people
from pyarrow import parquet
from wording import MISSING, Item, Words

SEED = 20260321
FOLDER = Path(__file__).resolve().parents[2] / "specs" / "quickstart" / "data"
ITEMS, CHOICES, PEOPLE = "items.jsonl", "choices.jsonl", "people.csv"
ANSWERS, CHOICE_ANSWERS = "answers.parquet", "choice_answers.parquet"


def write_all(folder: Path) -> None:
    """Simulates the survey and writes its five files."""
    folder.mkdir(parents=True, exist_ok=True)
    people_seed, ordinal_seed, nominal_seed = np.random.SeedSequence(SEED).spawn(3)
    people = draw_people(people_seed)
    _write_items(folder / ITEMS, ORDINAL)
    _write_items(folder / CHOICES, NOMINAL)
    _write_people(folder / PEOPLE, people)
    _write_answers(folder / ANSWERS, draw_answers(ORDINAL, people, ordinal_seed))
    _write_answers(folder / CHOICE_ANSWERS, draw_answers(NOMINAL, people, nominal_seed))


def _write_items(path: Path, items: Sequence[Item]) -> None:
    lines = (json.dumps(_item_row(item), ensure_ascii=False, separators=(",", ":")) for item in items)
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")


def _item_row(item: Item) -> dict[str, Any]:
    ordered = len(item.loadings) == 1
    options = [
        _option(str(number), words, number if ordered else None)
        for number, words in enumerate(item.options, 1)
    ]
    options += [{**_option(code, MISSING[code], None), "missing": True} for code in item.missing]
    row: dict[str, Any] = {"item": item.name, "question": item.question._asdict(), "options": options}
    return {**row, "ordered": ordered, "theme": item.theme, "battery": item.battery}


def _option(code: str, label: Words, value: int | None) -> dict[str, Any]:
    option: dict[str, Any] = {"code": code, "label": label._asdict()}
    return option if value is None else {**option, "value": float(value)}


def _write_people(path: Path, people: People) -> None:
    codes = [COUNTRIES[index].code for index in people.country]
    rows = zip(people.names, codes, people.age, people.gender, people.weight, strict=True)
    lines = (f"{name},{code},{age},{gender},{weight:.4f}\n" for name, code, age, gender, weight in rows)
    path.write_text("person,country,age,gender,weight\n" + "".join(lines), encoding="utf-8")


def _write_answers(path: Path, answers: Iterable[Answers]) -> None:
    held = list(answers)
    table = pa.table(
        {
            "item": pa.array([one.item for one in held for _ in one.names], pa.string()),
            "person": pa.array([name for one in held for name in one.names], pa.string()),
            "value": pa.array([value for one in held for value in one.values], pa.string()),
        }
    )
    parquet.write_table(table, path, compression="zstd", compression_level=19)


def differences(made: Path, kept: Path) -> list[str]:
    """The names of files whose contents differ between two folders."""
    text = [
        name for name in (ITEMS, CHOICES, PEOPLE) if (made / name).read_bytes() != (kept / name).read_bytes()
    ]
    tables = (ANSWERS, CHOICE_ANSWERS)
    return text + [name for name in tables if not _table(made / name).equals(_table(kept / name))]


def _table(path: Path) -> pa.Table:
    return parquet.read_table(path)


def main() -> int:
    """Writes the files, or with `--check` says whether they are what this script writes."""
    arguments = argparse.ArgumentParser(description="Write the invented survey of the quickstart.")
    arguments.add_argument("--check", action="store_true", help="compare with the files that are there")
    if arguments.parse_args().check:
        return _compare()
    write_all(FOLDER)
    for path in sorted(FOLDER.iterdir()):
        print(f"{path.stat().st_size:9,} bytes  {path.name}")
    return 0


def _compare() -> int:
    with tempfile.TemporaryDirectory() as folder:
        write_all(Path(folder))
        changed = differences(Path(folder), FOLDER)
    print(f"changed: {', '.join(changed)}" if changed else "unchanged")
    return 1 if changed else 0


if __name__ == "__main__":
    sys.exit(main())
