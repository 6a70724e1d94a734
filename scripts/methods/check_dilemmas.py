"""What `specs/corpora/dilemmas` promises: counts, balance, languages, wordings, actions, lengths.

    python scripts/methods/check_dilemmas.py

prints what the corpus holds, and each promise that it breaks; the exit code is 1 where there is one.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from difflib import SequenceMatcher
from itertools import combinations
from pathlib import Path
from typing import Any, Final

CASES: Final = Path(__file__).resolve().parents[2] / "specs" / "corpora" / "dilemmas" / "cases.jsonl"
LANGUAGES: Final = ("en", "zh", "es")
VALUES: Final = ("truth", "loyalty", "justice", "mercy", "freedom", "community", "present", "future")
MAIN: Final = ("truth_loyalty", "justice_mercy", "freedom_community", "present_future")
DOMAINS: Final = ("family", "work", "school", "health", "neighbourhood", "public")
STEPS: Final = ("small", "larger", "serious", "grave")
## Characters; Chinese says the same in fewer.
SITUATION: Final = {"en": (80, 240), "zh": (25, 70), "es": (80, 240)}
ACTION: Final = {"en": (6, 60), "zh": (3, 16), "es": (6, 60)}
OUTCOME: Final = {"en": (20, 110), "zh": (8, 40), "es": (20, 110)}
## Two wordings may share at most this much of their text, in order.
ALIKE: Final = 0.85

Case = Mapping[str, Any]


def cases() -> list[Case]:
    """The rows of the corpus."""
    return [json.loads(line) for line in CASES.read_text(encoding="utf-8").splitlines()]


def broken(rows: Sequence[Case]) -> list[str]:
    """Every promise that some rows break, in words."""
    return [*_whole(rows), *(f"{row['case']}: {said}" for row in rows for said in _row(row))]


def _whole(rows: Sequence[Case]) -> Iterator[str]:
    pairs, domains = Counter(row["pair"] for row in rows), Counter(row["domain"] for row in rows)
    if len(rows) < 64 or len({row["case"] for row in rows}) != len(rows):
        yield f"{len(rows)} cases, not 64 or more with names of their own"
    yield from (f"{pair} has {pairs[pair]} cases, not 10" for pair in MAIN if pairs[pair] != 10)
    yield from (
        f"{domain} has {domains[domain]} cases, not 6 or more" for domain in DOMAINS if domains[domain] < 6
    )
    for pair, count in pairs.items():
        first = sum(row["serves_a"] == row["named"] for row in rows if row["pair"] == pair)
        if abs(2 * first - count) > 1:
            yield f"{pair}: the value that is named first has the first action in {first} of {count} cases"
    yield from _graph(pairs)
    stories = Counter((row["story"], row["step"]) for row in rows if "story" in row)
    names = {story for story, _ in stories}
    if len(names) != 5 or any(stories[story, step] != 1 for story in names for step in STEPS):
        yield "not five stories of four steps"


def _graph(pairs: Iterable[str]) -> Iterator[str]:
    """Every value meets three others or more, and any value can be reached from any other."""
    meets: dict[str, set[str]] = {value: set() for value in VALUES}
    for pair in pairs:
        one, _, other = pair.partition("_")
        meets[one].add(other)
        meets[other].add(one)
    yield from (
        f"{value} meets {len(others)} values only" for value, others in meets.items() if len(others) < 3
    )
    reached, left = {VALUES[0]}, [VALUES[0]]
    while left:
        new = meets[left.pop()] - reached
        reached |= new
        left.extend(new)
    if reached != set(VALUES):
        yield f"not connected: {sorted(set(VALUES) - reached)}"


def _row(row: Case) -> Iterator[str]:
    if row["pair"] not in (f"{row['serves_a']}_{row['serves_b']}", f"{row['serves_b']}_{row['serves_a']}"):
        yield "the actions do not serve the values of the pair"
    if row["named"] != row["pair"].partition("_")[0] or ("story" in row) != ("step" in row):
        yield "the named value is not the first of the pair, or a story lacks a step"
    labels = [option["label"] for option in row["actions"]]
    if labels != [row["action_a"], row["action_b"]] or [o["code"] for o in row["actions"]] != ["a", "b"]:
        yield "the actions differ from their columns"
    texts = [*row["situations"], *labels, row["outcome_a"], row["outcome_b"]]
    if any(set(text) != set(LANGUAGES) or not all(text.values()) for text in texts):
        yield "a language is missing"
        return
    for lang in LANGUAGES:
        situations = [situation[lang] for situation in row["situations"]]
        actions, outcomes = (
            [label[lang] for label in labels],
            [row["outcome_a"][lang], row["outcome_b"][lang]],
        )
        yield from (f"{lang}: {said}" for said in _texts(lang, situations, actions, outcomes))


def _texts(
    lang: str, situations: Sequence[str], actions: Sequence[str], outcomes: Sequence[str]
) -> Iterator[str]:
    for kind, bounds, texts in (
        ("situation", SITUATION, situations),
        ("action", ACTION, actions),
        ("outcome", OUTCOME, outcomes),
    ):
        low, high = bounds[lang]
        yield from (f"{kind} of {len(t)} characters: {t}" for t in texts if not low <= len(t) <= high)
    if len(situations) != 3 or any(
        SequenceMatcher(None, one, other, autojunk=False).ratio() > ALIKE
        for one, other in combinations(situations, 2)
    ):
        yield "not three wordings that differ"
    folded = [action.casefold() for action in actions]
    if any(one in other.casefold() for one in folded for other in (*situations, *outcomes)):
        yield "an action stands in the situation or in an outcome"
    if folded[0] in folded[1] or folded[1] in folded[0]:
        yield "one action stands in the other"


def main() -> int:
    rows = cases()
    for name in ("pair", "domain"):
        print(name, dict(Counter(row[name] for row in rows)))
    print(f"{len(rows)} cases; the first action serves the named value in", end=" ")
    print(sum(row["serves_a"] == row["named"] for row in rows))
    found = broken(rows)
    print(*found, sep="\n") if found else print("nothing is amiss")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
