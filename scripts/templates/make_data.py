"""Writes the survey in specs/templates/survey: six questions, sixty people who do not exist, and what they answer.

    python scripts/templates/make_data.py

One seed gives one set of files. `--check` writes nothing and says whether the files are those.
"""

from __future__ import annotations

import argparse
import csv
import io
import json
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np

FOLDER = Path(__file__).resolve().parents[2] / "specs" / "templates" / "survey"
SEED, PEOPLE = 4, 60
IMPORTANT = ["Very important", "Fairly important", "Slightly important", "Of no importance"]
AGREE = ["Agree fully", "Rather agree", "Rather disagree", "Disagree fully"]
OFTEN = ["Every week", "Every month", "Less often", "Never"]
ITEMS = {
    "meals": ("How important is it to you to eat with your family on most days?", IMPORTANT),
    "work": ("How important is it to you that a job leaves time for other things?", IMPORTANT),
    "trust": ("Do you agree with this sentence? Most people can be trusted.", AGREE),
    "advice": (
        "Do you agree with this sentence? The old should be asked before something is decided.",
        AGREE,
    ),
    "help": ("How often do you help a neighbour with something?", OFTEN),
    "change": ("Do you agree with this sentence? It is good when a town changes.", AGREE),
}
LEANS = {
    "AV": {"meals": -0.9, "work": 0.4, "trust": 0.8, "advice": -0.8, "help": -0.4, "change": 0.9},
    "BR": {"meals": 0.6, "work": -0.9, "trust": -0.6, "advice": 0.9, "help": 0.5, "change": -0.7},
    "CO": {"meals": -0.1, "work": -0.3, "trust": 0.1, "advice": 0.0, "help": -0.9, "change": 0.2},
}
Row = dict[str, object]


def people(draw: np.random.Generator) -> list[Row]:
    """The people, twenty of each country."""
    return [
        {
            "person": f"p{number:02}",
            "country": list(LEANS)[number % 3],
            "age": int(draw.integers(18, 85)),
            "gender": str(draw.choice(["w", "m"])),
            "weight": f"{draw.uniform(0.6, 1.4):.2f}",
        }
        for number in range(1, PEOPLE + 1)
    ]


def answers(draw: np.random.Generator, asked: list[Row]) -> Iterator[Row]:
    """One answer for most people and questions: around the country's, lower for the old."""
    for person in asked:
        for item, (_, options) in ITEMS.items():
            if draw.uniform() < 0.05:
                continue
            centre = LEANS[str(person["country"])][item] + (0.3 if int(str(person["age"])) < 45 else -0.3)
            at = int(np.clip(np.rint(1.5 + centre + draw.normal(0, 0.8)), 0, len(options) - 1))
            yield {"item": item, "person": person["person"], "value": options[at]}


def table(rows: list[Row]) -> str:
    """Rows as CSV."""
    out = io.StringIO()
    writer = csv.DictWriter(out, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue()


def files() -> dict[str, str]:
    """The text of every file, by name."""
    draw = np.random.default_rng(SEED)
    asked = people(draw)
    items = [
        {"item": item, "question": question, "options": options}
        for item, (question, options) in ITEMS.items()
    ]
    return {
        "items.jsonl": "".join(json.dumps(item) + "\n" for item in items),
        "people.csv": table(asked),
        "answers.csv": table(list(answers(draw, asked))),
    }


def main() -> int:
    """Writes the files, or with `--check` says which are other ones."""
    arguments = argparse.ArgumentParser(description="Write the survey of the templates.")
    arguments.add_argument("--check", action="store_true", help="say which files differ, write nothing")
    made = files()
    if arguments.parse_args().check:
        differing = [name for name, text in made.items() if (FOLDER / name).read_text("utf-8") != text]
        print(f"other: {', '.join(differing)}" if differing else "up to date")
        return 1 if differing else 0
    for name, text in made.items():
        (FOLDER / name).write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
