"""Runs of the dilemma audit on several days, as the tables of `specs/methods/dilemma_sessions.cycl`.

    python scripts/methods/join_sessions.py 2026-01-15=runs/f93c837ef0dd 2026-01-22=runs/91aa02c47d10 -o sessions

A run is one session; what it calls sessions and repeats are repeats of that day. The digest of a model is that of the
weights and settings that answered, from the metadata of the answers; `version` counts the digests of a model in the
order in which they appear, so that it changes where the model did.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq


@dataclass(frozen=True, slots=True)
class Session:
    """A day, the answers of its run, and the digest of each model."""

    day: date
    replies: pd.DataFrame
    digests: Mapping[str, str]


def session_of(text: str, ask: str) -> Session:
    """`2026-01-15=FOLDER`: the answers to one ask of a run."""
    day, _, folder = text.partition("=")
    found = pq.read_table(Path(folder) / "answers.parquet")
    environment = json.loads(found.schema.metadata[b"cyclspec"])["environment"]
    plan = json.loads((Path(folder) / "plan.json").read_text(encoding="utf-8"))
    digest = {model["model"]: model["digest"] for model in environment["models"]}
    names = {name: digest[model["model"]] for model in plan["models"] for name in model["names"]}
    replies = found.to_pandas()
    return Session(date.fromisoformat(day), replies[replies["ask"] == ask], names)


def joined(sessions: Sequence[Session], models: Sequence[str]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Replies and versions of the models, of the earliest session first."""
    replies, versions = [], []
    seen: dict[str, list[str]] = {model: [] for model in models}
    for at, session in enumerate(sorted(sessions, key=lambda one: one.day), start=1):
        own = session.replies[session.replies["model"].astype(str).isin(models)]
        draws = own["session"].astype(int) - 1
        replies.append(
            pd.DataFrame(
                {
                    "case": own["case"].astype(str),
                    "wording": own["wording"].astype(int),
                    "form": own["form"].astype(str),
                    "order": own["order"].astype(int),
                    "session": at,
                    "repeat": draws * own["repeat"].astype(int).max() + own["repeat"].astype(int),
                    "model": own["model"].astype(str),
                    "value": own["choice"].astype(object).where(own["choice"].notna(), None),
                    "why": own["reason"].astype(object).where(own["choice"].isna(), None),
                }
            )
        )
        for model in models:
            digest = session.digests[model]
            if digest not in seen[model]:
                seen[model].append(digest)
            version = seen[model].index(digest) + 1
            versions.append(
                {
                    "session": at,
                    "model": model,
                    "day": session.day.isoformat(),
                    "digest": digest,
                    "version": version,
                }
            )
    return pd.concat(replies, ignore_index=True), pd.DataFrame(versions)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("runs", nargs="+", metavar="DAY=FOLDER", help="a day and the folder of its run")
    parser.add_argument(
        "--model", action="append", help="a model of the runs; all of the first run by default"
    )
    parser.add_argument("--ask", default="pick")
    parser.add_argument("--output", "-o", type=Path, required=True, metavar="FOLDER")
    given = parser.parse_args()
    sessions = [session_of(text, given.ask) for text in given.runs]
    replies, versions = joined(sessions, given.model or list(sessions[0].digests))
    given.output.mkdir(parents=True, exist_ok=True)
    replies.to_parquet(given.output / "replies.parquet", index=False)
    versions.to_parquet(given.output / "versions.parquet", index=False)
    drifted = versions.groupby("model")["version"].max()
    print(f"{len(sessions)} sessions, {len(replies)} replies")
    for model, last in drifted.items():
        print(f"{model}: {'one version' if last == 1 else f'{last} versions: drift'}")


if __name__ == "__main__":
    main()
