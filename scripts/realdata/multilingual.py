"""Replies of nine models in four languages: published scores beside those of recorded answers.

    python scripts/realdata/multilingual.py ../shared/data/multicultural_alignment_da_nl_pt_en OUT

writes the tables of `multilingual.cycl` to OUT, runs its audit there, and prints the comparison. The files are those of
github.com/jhrystrom/multicultural-alignment, folder `output`: 9148 replies with the score that was published of each,
and the score of people beside it. Their paper has its scores by model and language in figures alone; here they follow
from the published columns by the definition of their `mean_alignment`: one minus the mean distance, reply by reply.
"""

from __future__ import annotations

import csv
import json
import shutil
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from comparison import Line, laid_out, shown
from scipy.stats import spearmanr

import cyclspec

REPLIES = "all_lang_model_responses_with_scores.csv"
SPEAKERS = "ground_truth_per_language.csv"
STANCES = "stance_labels.json"
EXACT = 1e-6
TABLE_HEAD = ("model", "language", "published", "ours", "by question", "low", "high", "replies")

RANKS_HEAD = ("model", "language", "Spearman", "SciPy", "low", "high", "replies")

Row = Mapping[str, str]
Group = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Published:
    """The published files: `replies` as rows, the stances of each question, the share of speakers who are for it."""

    replies: tuple[Row, ...]
    stances: Mapping[str, tuple[str, str]]
    speakers: Mapping[tuple[str, str], float]

    @property
    def beside(self) -> dict[tuple[str, str], float]:
        """The share of people beside each reply, by question and language."""
        return {_cell(row): float(row["ground_truth_pro_score"]) for row in self.replies}


def read(folder: Path) -> Published:
    """The published files of a folder."""
    stances = json.loads((folder / STANCES).read_text(encoding="utf-8"))
    replies = tuple(_rows(folder / REPLIES))
    asked = {row["question_key"] for row in replies}
    # This file has its keys in capitals.
    speakers = {
        (row["question_key"].lower(), row["lnge_iso"]): float(row["pro_score"])
        for row in _rows(folder / SPEAKERS)
        if row["question_key"].lower() in asked
    }
    return Published(replies, {key: tuple(stances[key]) for key in sorted(asked)}, speakers)


def _rows(path: Path) -> Iterator[Row]:
    with path.open(encoding="utf-8", newline="") as handle:
        yield from csv.DictReader(handle)


def _cell(row: Row) -> tuple[str, str]:
    return row["question_key"], row["language"]


def write_tables(published: Published, folder: Path) -> None:
    """The tables that `multilingual.cycl` declares."""
    folder.mkdir(parents=True, exist_ok=True)
    _write(folder / "items.jsonl", (_item(key, both) for key, both in published.stances.items()))
    _write(folder / "replies.jsonl", _replies(published))
    _write(folder / "beside.jsonl", _shares(published.beside))
    _write(folder / "speakers.jsonl", _shares(published.speakers))


def _write(path: Path, rows: Iterable[dict[str, Any]]) -> None:
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")


def _item(key: str, both: tuple[str, str]) -> dict[str, Any]:
    pro, con = both
    stances = [{"code": "con", "label": con}, {"code": "pro", "label": pro}]
    return {"item": key, "topic": pro, "stances": stances}


def _replies(published: Published) -> Iterator[dict[str, Any]]:
    """The replies in the order of the file; the repeats of a prompt have no number there."""
    seen: dict[tuple[str, str, str], int] = defaultdict(int)
    for row in published.replies:
        key, spoken = _cell(row)
        seen[row["model_name"], key, spoken] += 1
        yield {
            "item": key,
            "spoken": spoken,
            "model": row["model_name"],
            "repeat": seen[row["model_name"], key, spoken],
            "shares": _both(float(row["response_pro_score"])),
        }


def _shares(by_cell: Mapping[tuple[str, str], float]) -> Iterator[dict[str, Any]]:
    for (key, spoken), share in by_cell.items():
        yield {"item": key, "spoken": spoken, "shares": _both(share)}


def _both(share: float) -> dict[str, float]:
    return {"con": 1 - share, "pro": share}


def expected(published: Published) -> dict[str, dict[Group, float]]:
    """The published definition over the published columns, by model and language."""
    beside: dict[Group, list[float]] = defaultdict(list)
    speakers: dict[Group, list[float]] = defaultdict(list)
    for row in published.replies:
        group, said = (row["model_name"], row["language"]), float(row["response_pro_score"])
        beside[group].append(1 - abs(said - float(row["ground_truth_pro_score"])))
        if _cell(row) in published.speakers:
            speakers[group].append(1 - abs(said - published.speakers[_cell(row)]))
    return {
        "by_reply": {group: sum(values) / len(values) for group, values in beside.items()},
        "by_speakers": {group: sum(values) / len(values) for group, values in speakers.items()},
    }


def compare(published: Published, found: Any) -> list[Line]:
    """Ours minus the published definition, by measure."""
    theirs = expected(published)
    theirs["by_question"] = theirs["by_reply"]
    why = {"by_question": "each question counts once, and its replies are averaged first"}
    lines = []
    for measure, scores in theirs.items():
        ours = by_group(found, measure)
        gaps = [ours[group]["value"] - score for group, score in scores.items()]
        equal = all(abs(gap) < EXACT for gap in gaps)
        lines.append(Line(measure, "all nine", "equal" if equal else why.get(measure, "unexplained"), gaps))
    return lines


def by_group(found: Any, measure: str) -> dict[Group, dict[str, Any]]:
    """The rows of a measure by model, as the files call it, and language."""
    places = {model.name: model.location or model.name for model in found.models}
    return {
        (places[row["model"]], row["spoken"]): row
        for row in found.run.measures.to_pylist()
        if row["measure"] == measure
    }


@dataclass(frozen=True, slots=True)
class Found:
    """A run, and the models of its panel."""

    run: Any
    models: tuple[Any, ...]


def run(data: Path, folder: Path) -> tuple[Published, Found]:
    """Writes the tables, and runs the audit."""
    published = read(data)
    write_tables(published, folder)
    spec = folder / "multilingual.cycl"
    shutil.copyfile(Path(__file__).with_name("multilingual.cycl"), spec)
    audit = cyclspec.load(spec)
    return published, Found(audit.run(out=folder / "runs"), audit.typed.panels["models"].models)


def rank_correlation(published: Published, group: Group) -> float:
    """Spearman's correlation of the mean share of the invented people and that of people, over questions."""
    said: dict[str, list[float]] = defaultdict(list)
    for row in published.replies:
        if (row["model_name"], row["language"]) == group:
            said[row["question_key"]].append(float(row["response_pro_score"]))
    people = [published.beside[key, group[1]] for key in said]
    return float(spearmanr([sum(one) / len(one) for one in said.values()], people).statistic)


def ranks(published: Published, found: Found) -> Iterator[tuple[str, ...]]:
    """By model and language: Spearman's correlation over questions, ours and that of SciPy."""
    for group, row in by_group(found, "ranks").items():
        theirs = rank_correlation(published, group)
        numbers = (row["value"], theirs, row["low"], row["high"])
        yield (*group, *(f"{number:.4f}" for number in numbers), str(row["n_used"]))


def table(published: Published, found: Found) -> Iterator[tuple[str, ...]]:
    """By model and language: the published definition, ours of the same, ours by question with its interval."""
    theirs = expected(published)["by_reply"]
    ours, questions = by_group(found, "by_reply"), by_group(found, "by_question")
    for group, row in ours.items():
        own = questions[group]
        numbers = (theirs[group], row["value"], own["value"], own["low"], own["high"])
        yield (*group, *(f"{number:.4f}" for number in numbers), str(row["n_used"]))


def main(data: str, folder: str) -> None:
    published, found = run(Path(data), Path(folder))
    print(shown(compare(published, found)))
    print("\n" + laid_out([TABLE_HEAD, *table(published, found)]))
    print("\n" + laid_out([RANKS_HEAD, *ranks(published, found)]))


if __name__ == "__main__":
    main(*sys.argv[1:3])
