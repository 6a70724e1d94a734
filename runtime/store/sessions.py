"""The sessions of a run on disk: each in a folder of its own, with its day, who answered, its replies and its tables.

    OUT/<design>/sessions/<session>/session.json      the day, whether it is answered, the digest of each model
    OUT/<design>/sessions/<session>/replies/          its replies: no session reuses those of another
    OUT/<design>/sessions/<session>/answers.parquet   requests.parquet, plan.json

Ensures that the answers of a run are those of its sessions together, and that a session keeps who answered it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from cyclspec.compiler.plan.plan import Plan
from cyclspec.compiler.readings.reading import Served
from cyclspec.language.diagnostics import SpecError
from cyclspec.language.diagnostics.cy07_data_and_plan import FileUnreadable
from cyclspec.runtime.store.files import write_bytes, write_parquet
from cyclspec.runtime.store.runs import Run
from cyclspec.runtime.store.tables import metadata, table_of

NOT_ASKED_YET = "not asked yet"


@dataclass(frozen=True, slots=True)
class Answerer:
    """A model of a session: the digest it has here, and what a server said it answered with."""

    panel: str
    model: str
    digest: str
    served: tuple[str, ...] = ()

    @property
    def version(self) -> str:
        return " ".join((self.digest, *self.served))


@dataclass(frozen=True, slots=True)
class AskedSession:
    """A session that was begun on a day; `ended` once all of it is answered."""

    level: str
    day: date
    ended: bool
    answerers: tuple[Answerer, ...]

    @property
    def versions(self) -> Mapping[tuple[str, str], str]:
        """What answered, by panel and model."""
        return {(one.panel, one.model): one.version for one in self.answerers}

    @property
    def facts(self) -> dict[str, Any]:
        """As it stands in files."""
        models = [
            {"panel": one.panel, "model": one.model, "digest": one.digest, "served": list(one.served)}
            for one in self.answerers
        ]
        return {
            "session": self.level,
            "day": self.day.isoformat(),
            "ended": self.ended,
            "models": models,
        }


def session_run(run: Run, level: str) -> Run:
    """The part of a run that one session is."""
    return Run(run.path / "sessions" / level)


def asked_sessions(run: Run, levels: Iterable[str]) -> list[AskedSession]:
    """The sessions of a run that were begun, in the order of `levels`."""
    places = ((level, session_run(run, level).path / "session.json") for level in levels)
    return [_read(level, place) for level, place in places if place.exists()]


def _read(level: str, place: Path) -> AskedSession:
    try:
        facts = json.loads(place.read_text(encoding="utf-8"))
        answerers = tuple(
            Answerer(str(one["panel"]), str(one["model"]), str(one["digest"]), tuple(map(str, one["served"])))
            for one in facts["models"]
        )
        return AskedSession(level, date.fromisoformat(facts["day"]), bool(facts["ended"]), answerers)
    except (OSError, ValueError, TypeError, KeyError):
        helps = (f"remove `{place.parent}` to ask the session anew",)
        problem = FileUnreadable(file=str(place), problem="is damaged", place=str(place), helps=helps)
        raise SpecError([problem]) from None


def note_session(run: Run, session: AskedSession) -> None:
    """Writes what is known of a session."""
    text = json.dumps(session.facts, ensure_ascii=False, indent=1, sort_keys=True) + "\n"
    write_bytes(session_run(run, session.level).path / "session.json", text.encode())


def answerers_of(plan: Plan, served: Mapping[str, Iterable[Served]]) -> tuple[Answerer, ...]:
    """The models of a plan as they are here."""
    here = {key: model.digest for key, model in plan.planner.asked.items()}
    hosted = {key: model.digest for key, model in plan.planner.hosted.items()}
    return tuple(
        Answerer(*key, digest, tuple(sorted({one.model for one in served.get(digest, ()) if one.model})))
        for key, digest in sorted((here | hosted).items())
    )


def join_answers(
    run: Run, sessions: Sequence[AskedSession], dated: Iterable[str], unasked: Sequence[Mapping[str, Any]]
) -> None:
    """Writes the answers of a run: those of `dated` asks from each session, all others from the first.

    `unasked` are the cells of sessions that nobody has asked yet.
    """
    parts = [session_run(run, one.level) for one in sessions]
    tables = [part.answers for part in parts]
    names = pa.array(sorted(dated), pa.string())
    later = [table.filter(pc.is_in(table["ask"].cast(pa.string()), value_set=names)) for table in tables[1:]]
    rows = [{**cell, "status": "missing", "reason": NOT_ASKED_YET} for cell in unasked]
    definition = {"design": run.plan["hashes"]["design"], "environment": run.plan["environment"]}
    answers = _together([tables[0], *later, table_of(rows, tables[0].schema)])
    write_parquet(
        run.path / "answers.parquet", answers.replace_schema_metadata(metadata("answers", definition))
    )
    requests = _together(_distinct([part.requests for part in parts]))
    write_parquet(
        run.path / "requests.parquet", requests.replace_schema_metadata(metadata("requests", definition))
    )


def _distinct(tables: Sequence[pa.Table]) -> list[pa.Table]:
    """Each request as the first session had it."""
    known: set[str] = set()
    found = []
    for table in tables:
        fresh = [key not in known for key in table["request"].to_pylist()]
        known.update(table["request"].to_pylist())
        found.append(table.filter(pa.array(fresh, pa.bool_())))
    return found


def _together(tables: Sequence[pa.Table]) -> pa.Table:
    return pa.concat_tables([one.replace_schema_metadata(None) for one in tables]).unify_dictionaries()
