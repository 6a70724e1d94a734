"""MENA Values: published scores cell by cell beside those of recorded answers, with the reason of each difference.

    python scripts/realdata/mena.py ../shared/data/mena_values OUT

writes the tables of `mena.cycl` to OUT, runs both of its audits there, and prints the comparison. The spreadsheets are
those of
github.com/llm-lab-org/MENA-Values-Benchmark-Evaluating-Cultural-Alignment-and-Multilingual-Bias-in-Large-Language-Models.
"""

from __future__ import annotations

import ast
import json
import shutil
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import openpyxl
from comparison import Line, laid_out, shown

import cyclspec

BENCHMARK = "MenaValues_Benchmark.xlsx"
CONSISTENCY = "FCS_Llama_Zero.xlsx"
SCORES = {
    ("llama", "persona"): "NVAS_persona_llama_Zero.xlsx",
    ("llama", "observer"): "NOVAS_observer_Llama_Zero.xlsx",
    ("mistral", "persona"): "NVAS_persona_Mistral_Zero.xlsx",
    ("aya", "observer"): "NOVAS_observer_AYA_Zero.xlsx",
}
SPELT = {"Tusnia": "Tunisia"}
NO_COUNTRY = ("Source", "Sub Question", "Min", "MAX", "Scale", "Category", "Sub Category", "Full Question")
EXACT = 1e-6
MEANS_HEAD = ("model", "country", "published", "ours", "low", "high", "questions", "alike, no order")

Cell = tuple[int, str]
Scores = Mapping[Cell, float]


@dataclass(frozen=True, slots=True)
class Question:
    """One question of the benchmark: its published scale `least..most`, and all codes that its marginals use."""

    number: int
    text: str
    least: int
    most: int
    has_order: bool
    codes: tuple[int, ...]

    @property
    def span(self) -> int:
        return self.most - self.least

    def score(self, picked: int, mean: float) -> float:
        """The published score of an answer, 0 to 100."""
        return 100 * (1 - abs(picked - mean) / self.span)


@dataclass(frozen=True, slots=True)
class Marginal:
    """What people of a country answered: the published mean, and percentages by code."""

    mean: float
    percent: Mapping[int, float]


@dataclass(frozen=True, slots=True)
class Published:
    """The spreadsheets: questions, marginals, scores by base model and framing, and Llama's framing consistency."""

    questions: tuple[Question, ...]
    marginals: Mapping[Cell, Marginal]
    scores: Mapping[tuple[str, str], Scores]
    averages: Mapping[tuple[str, str], Mapping[str, float]]
    consistency: Scores


def read(folder: Path) -> Published:
    """The published spreadsheets of a folder."""
    rows = {str(row[0]): row[1:] for row in _rows(folder / BENCHMARK)}
    marginals = {
        (number, country): marginal
        for country in rows
        if country not in NO_COUNTRY
        for number, cell in enumerate(rows[country], start=1)
        if (marginal := _marginal(cell)) is not None
    }
    questions = tuple(_questions(rows, marginals))
    scores = {who: _scores(folder / name) for who, name in SCORES.items()}
    averages = {who: _averages(folder / name) for who, name in SCORES.items()}
    return Published(questions, marginals, scores, averages, _scores(folder / CONSISTENCY))


def _rows(path: Path) -> list[tuple[Any, ...]]:
    book = openpyxl.load_workbook(path, read_only=True, data_only=True)
    return list(book.active.iter_rows(values_only=True))


def _marginal(cell: str | None) -> Marginal | None:
    """`(1.03, {'1': '97.25%', ..})`; None where the cell says that there are no data."""
    if cell is None or cell.startswith("(No "):
        return None
    mean, shares = ast.literal_eval(cell)
    return Marginal(
        float(mean), {int(float(code)): float(share.rstrip("%")) for code, share in shares.items()}
    )


def _questions(rows: Mapping[str, tuple[Any, ...]], marginals: Mapping[Cell, Marginal]) -> Iterator[Question]:
    used: dict[int, set[int]] = {}
    for (number, _), marginal in marginals.items():
        used.setdefault(number, set()).update(marginal.percent)
    named = zip(rows["Full Question"], rows["Min"], rows["MAX"], rows["Scale"], strict=True)
    for number, (text, least, most, scale) in enumerate(named, start=1):
        codes = sorted({*range(least, most + 1), *used.get(number, ())})
        # One question is marked `s`; it is a four-point scale like its neighbours, marked `y`.
        yield Question(number, str(text).strip(), least, most, scale != "n", tuple(codes))


def _named(path: Path) -> Iterator[tuple[Any, str, Any]]:
    head, *rows = _rows(path)
    for row in rows:
        for country, value in zip(head[1:], row[1:], strict=True):
            if isinstance(value, int | float):
                yield row[0], SPELT.get(country, country), value


def _scores(path: Path) -> Scores:
    return {(int(code), country): float(v) for code, country, v in _named(path) if code != "Average"}


def _averages(path: Path) -> Mapping[str, float]:
    return {country: float(value) for code, country, value in _named(path) if code == "Average"}


# ---- from scores to answers, and into tables


def fitting(question: Question, mean: float, score: float) -> list[int]:
    """The options that give a published score."""
    options = range(question.least, question.most + 1)
    return [code for code in options if abs(question.score(code, mean) - score) < EXACT]


def write_tables(published: Published, folder: Path) -> None:
    """The tables that `mena.cycl` declares."""
    folder.mkdir(parents=True, exist_ok=True)
    for prefix, wanted in (("", True), ("choice_", False)):
        asked = {q.number: q for q in published.questions if q.has_order is wanted}
        people = {cell: m for cell, m in published.marginals.items() if cell[0] in asked}
        _write(folder / ("items.jsonl" if wanted else "choices.jsonl"), map(_item, asked.values()))
        _write(
            folder / f"{prefix}marginals.jsonl",
            (_marginal_row(asked[cell[0]], cell, marginal) for cell, marginal in people.items()),
        )
        _write(
            folder / f"{prefix}answers.jsonl",
            (
                {"base": base, "framing": framing, **_answer(asked[cell[0]], cell, people[cell], score)}
                for (base, framing), scores in published.scores.items()
                for cell, score in scores.items()
                if cell in people
            ),
        )


def _write(path: Path, rows: Iterator[dict[str, Any]]) -> None:
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")


def _item(question: Question) -> dict[str, Any]:
    options = [
        {"code": str(code), "label": str(code), "missing": not question.least <= code <= question.most}
        for code in question.codes
    ]
    return {
        "item": f"q{question.number}",
        "question": question.text,
        "options": options,
        "ends": ["lower", "upper"],
    }


def _marginal_row(question: Question, cell: Cell, marginal: Marginal) -> dict[str, Any]:
    row = {
        "item": f"q{cell[0]}",
        "country": cell[1],
        "shares": {str(code): share for code, share in marginal.percent.items()},
    }
    if not question.has_order:
        return row
    above = (marginal.mean - question.least) / question.span
    return row | ({"stated": {"lower": 1 - above, "upper": above}} if 0 <= above <= 1 else {})


def _answer(question: Question, cell: Cell, marginal: Marginal, score: float) -> dict[str, Any]:
    row: dict[str, Any] = {
        "item": f"q{cell[0]}",
        "country": cell[1],
        "repeat": 1,
        "picked": None,
        "why": None,
    }
    match fitting(question, marginal.mean, score):
        case [code]:
            return row | {"picked": {str(code): 1}}
        case []:
            return row | {"why": "no option gives the score"}
        case _:
            return row | {"why": "ambiguous"}


# ---- the comparison


def compare(published: Published, ordered: Any) -> list[Line]:
    """What became of every published score, by measure and reason."""
    rows = ordered.measures.to_pylist()
    return [
        *_cells(published, _by_cell(rows, "as_published"), "as_published"),
        *_cells(published, _by_cell(rows, "nvas"), "nvas"),
        *_consistent(published, _by_cell(rows, "consistency")),
    ]


def _by_cell(rows: list[dict[str, Any]], measure: str) -> dict[tuple[Any, ...], float | None]:
    found = {}
    for row in rows:
        if row["measure"] == measure:
            who = (row["base"], row["framing"]) if row["base"] else ()
            country = row["country"].replace("_", " ").title()
            found[(*who, int(row["item"][1:]), country)] = row["value"]
    return found


def _cells(
    published: Published, ours: Mapping[tuple[Any, ...], float | None], measure: str
) -> Iterator[Line]:
    questions = {question.number: question for question in published.questions}
    for (base, framing), scores in published.scores.items():
        found: dict[str, list[float | None]] = {}
        for cell, score in scores.items():
            question, marginal = questions[cell[0]], published.marginals[cell]
            value = ours.get((base, framing, *cell))
            gap = None if value is None else 100 * value - score
            found.setdefault(_reason(question, marginal, gap), []).append(gap)
        yield from (Line(measure, f"{base} {framing}", why, gaps) for why, gaps in sorted(found.items()))


def _reason(question: Question, marginal: Marginal, gap: float | None) -> str:
    if not question.has_order:
        return "options have no order, published with the mode as the mean"
    if gap is None and not question.least <= marginal.mean <= question.most:
        return "the published mean lies outside of the published scale"
    if gap is None:
        return "ambiguous: two options give the published score"
    if abs(gap) < EXACT:
        return "equal"
    if any(not question.least <= code <= question.most for code in marginal.percent):
        return "people's code outside of the scale, part of the published mean"
    if abs(gap) <= _rounding(question):
        return "the published mean and percentages have two decimals"
    return "unexplained"


def _rounding(question: Question) -> float:
    """How far a mean of two decimals and one of percentages with two decimals can be apart, in points of the score."""
    percentages = sum(0.005 * (code - question.least) for code in question.codes) / 100
    return 100 * (0.005 + percentages) / question.span


def _consistent(published: Published, ours: Mapping[tuple[Any, ...], float | None]) -> Iterator[Line]:
    """The framing consistency is published in a file of its own, which no answer was taken from."""
    found: dict[str, list[float | None]] = {}
    have_order = {question.number for question in published.questions if question.has_order}
    for cell, score in published.consistency.items():
        value = ours.get(cell)
        gap = None if value is None else 100 * value - score
        if cell[0] not in have_order:
            why = "options have no order"
        elif gap is None:
            why = "one of the two answers is not known"
        else:
            why = "equal" if abs(gap) < EXACT else "unexplained"
        found.setdefault(why, []).append(gap)
    yield from (Line("consistency", "llama", why, gaps) for why, gaps in sorted(found.items()))


def means(published: Published, ordered: Any, unordered: Any) -> Iterator[tuple[str, ...]]:
    """The published average of each country beside ours, which leaves out what has no order."""
    alike = _by_country(unordered.measures.to_pylist(), "alike")
    for (base, framing, country), row in _by_country(ordered.measures.to_pylist(), "nvas_mean").items():
        there = alike.get((base, framing, country))
        yield (
            f"{base} {framing}",
            country,
            f"{published.averages[base, framing][country]:.2f}",
            f"{100 * row['value']:.2f}",
            f"{100 * row['low']:.2f}",
            f"{100 * row['high']:.2f}",
            str(row["n_used"]),
            "" if there is None else f"{100 * there['value']:.2f}",
        )


def _by_country(rows: list[dict[str, Any]], measure: str) -> dict[tuple[str, str, str], dict[str, Any]]:
    return {
        (row["base"], row["framing"], row["country"].replace("_", " ").title()): row
        for row in rows
        if row["measure"] == measure and row["value"] is not None
    }


def run(data: Path, folder: Path) -> tuple[Published, Any, Any]:
    """Writes the tables, and runs both audits."""
    published = read(data)
    write_tables(published, folder)
    spec = folder / "mena.cycl"
    shutil.copyfile(Path(__file__).with_name("mena.cycl"), spec)
    ordered, unordered = (
        cyclspec.load(spec, audit=name).run(out=folder / "runs") for name in ("ordered", "unordered")
    )
    return published, ordered, unordered


def main(data: str, folder: str) -> None:
    published, ordered, unordered = run(Path(data), Path(folder))
    print(shown(compare(published, ordered)))
    print("\n" + laid_out([MEANS_HEAD, *means(published, ordered, unordered)]))


if __name__ == "__main__":
    main(*sys.argv[1:3])
