"""A run on disk: `plan.json`, answers and requests under the design hash, measures and checks under the score hash.

    OUT/replies/...                        replies by request key, shared by all runs under OUT
    OUT/<design>/plan.json                 the canonical audit, its hashes and the figures of its plan
    OUT/<design>/answers.parquet           requests.parquet
    OUT/<design>/scores/<score>/           measures.parquet, checks.parquet, people.parquet
    OUT/<design>/latest                    the score hash that `show` shows
    OUT/<design>/origin.json               where the spec was, for `score`; not part of any result
    OUT/<design>/given_up.json             replies of hosted models that are not waited for any longer, with reasons
    OUT/<design>/sessions/                 dated sessions, each with all of this (`sessions`)

Ensures that every table carries its definition, and that the same work writes the same bytes.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from cyclspec.compiler.axes import Grid
from cyclspec.compiler.plan.plan import Plan
from cyclspec.compiler.plan.summary import summary
from cyclspec.compiler.scores.tables import HumanTerm, PeopleCells, Scores
from cyclspec.language.canonical.hashes import run_hash
from cyclspec.language.diagnostics import SpecError
from cyclspec.language.diagnostics.cy07_data_and_plan import FileUnreadable, OtherDesign
from cyclspec.language.types.typed import TypedAudit
from cyclspec.runtime.store.answers import answers_table
from cyclspec.runtime.store.files import read_parquet, write_bytes, write_parquet
from cyclspec.runtime.store.people_table import people_table
from cyclspec.runtime.store.tables import checks_table, measures_table, requests_table

if TYPE_CHECKING:
    # At run time it would bring the models along, which scoring and showing a run do without.
    from cyclspec.runtime.execute import Outcome

SHORT = 12
_ABSENT = "is not there: the run has not come so far"


@dataclass(frozen=True, slots=True)
class Origin:
    """How a run was started: the spec, its parameters, the places of models, and which audit."""

    spec: Path
    params: Mapping[str, str]
    places: Mapping[str, str]
    audit: str


def _json(data: Any) -> bytes:
    return (json.dumps(data, ensure_ascii=False, indent=1, sort_keys=True) + "\n").encode()


def _unusable(path: Path, problem: str) -> SpecError:
    helps = ("run the audit again; what was answered is not asked again",)
    return SpecError([FileUnreadable(file=str(path), problem=problem, place=str(path), helps=helps)])


@dataclass(frozen=True, slots=True)
class Run:
    """A folder that holds the answers of one design and the scores read off them."""

    path: Path

    @property
    def answers(self) -> pa.Table:
        """One row a cell and ask."""
        return self._read(self.path / "answers.parquet")

    @property
    def requests(self) -> pa.Table:
        """One row a distinct prompt to one model."""
        return self._read(self.path / "requests.parquet")

    @property
    def measures(self) -> pa.Table:
        """One row a cell of a measure, of the latest scores."""
        return self._read(self.scores / "measures.parquet")

    @property
    def checks(self) -> pa.Table:
        """One row a cell of a check, of the latest scores."""
        return self._read(self.scores / "checks.parquet")

    @property
    def people(self) -> pa.Table:
        """One row a cell of a distribution of people's answers, of the latest scores."""
        return self._read(self.scores / "people.parquet")

    @property
    def scores(self) -> Path:
        """The folder of the latest scores."""
        return self.path / "scores" / self._text("latest").strip()

    @property
    def plan(self) -> dict[str, Any]:
        """What `plan.json` holds."""
        return self._object("plan.json", ("hashes", "environment"))

    @property
    def origin(self) -> Origin:
        """How this run was started."""
        facts = self._object("origin.json", ("spec", "params", "places", "audit"))
        return Origin(Path(facts["spec"]), facts["params"], facts["places"], facts["audit"])

    @property
    def given_up(self) -> dict[str, str]:
        """The requests whose replies are not waited for any longer, with the reasons that their answers then have."""
        if not (self.path / "given_up.json").exists():
            return {}
        found = self._object("given_up.json", ())
        if not all(isinstance(reason, str) for reason in found.values()):
            raise _unusable(self.path / "given_up.json", "is damaged")
        return found

    def give_up(self, reasons: Mapping[str, str]) -> None:
        """Notes requests whose replies will not come, beside those of before."""
        write_bytes(self.path / "given_up.json", _json({**self.given_up, **reasons}))

    def remember(self, spec: Path, params: Mapping[str, str], places: Mapping[str, str], audit: str) -> None:
        """Notes how the run was started, so that it can be scored again without being told."""
        facts = {"spec": str(spec.resolve()), "params": dict(params), "places": dict(places), "audit": audit}
        write_bytes(self.path / "origin.json", _json(facts))

    def _read(self, path: Path) -> pa.Table:
        try:
            return read_parquet(path)
        except FileNotFoundError:
            raise _unusable(path, _ABSENT) from None
        except (OSError, pa.ArrowException):
            raise _unusable(path, "is damaged: its checksums do not hold") from None

    def _text(self, name: str) -> str:
        try:
            return (self.path / name).read_text(encoding="utf-8")
        except FileNotFoundError:
            raise _unusable(self.path / name, _ABSENT) from None
        except (OSError, UnicodeDecodeError):
            raise _unusable(self.path / name, "is damaged") from None

    def _object(self, name: str, members: tuple[str, ...]) -> dict[str, Any]:
        try:
            found = json.loads(self._text(name))
        except ValueError:
            found = None
        if not isinstance(found, dict) or not found.keys() >= set(members):
            raise _unusable(self.path / name, "is damaged")
        return found

    def write_answers(self, plan: Plan, outcome: Outcome) -> None:
        """Answers and requests, with the design hash and the environment."""
        definition = {"design": plan.hashes["design"], "environment": self.plan["environment"]}
        write_parquet(self.path / "requests.parquet", requests_table(plan, outcome, definition))
        answers = answers_table(plan, outcome, definition)
        write_parquet(self.path / "answers.parquet", answers)

    def write_scores(
        self,
        scores: Scores,
        audit: TypedAudit,
        grid: Grid,
        people: Mapping[HumanTerm, PeopleCells],
        hashes: Mapping[str, str],
        document: Mapping[str, Any],
    ) -> None:
        """Measures, checks and people, with all four hashes and the canonical audit that made them."""
        environment = self.plan["environment"]
        definition = {
            "hashes": {**hashes, "run": run_hash(hashes["score"], environment)},
            "environment": environment,
            "audit": dict(document),
            "name": audit.name,
            "params": dict(audit.params),
        }
        folder = self.path / "scores" / hashes["score"][:SHORT]
        write_parquet(folder / "measures.parquet", measures_table(scores.measures, grid, definition))
        write_parquet(folder / "checks.parquet", checks_table(scores.checks, grid, definition))
        write_parquet(folder / "people.parquet", people_table(audit, grid, people, definition))
        write_bytes(self.path / "latest", (hashes["score"][:SHORT] + "\n").encode())

    def require_design(self, design: str, audit: TypedAudit) -> None:
        """Refuses to score an audit that asks something else than this run has asked."""
        here = self.plan["hashes"]["design"]
        if here == design:
            return
        helps = (f"`cyclspec run {audit.span.source.name}` asks what is not answered yet",)
        raise SpecError(
            [
                OtherDesign(
                    span=audit.span, run=str(self.path), here=here[:SHORT], given=design[:SHORT], helps=helps
                )
            ]
        )


def run_of(out: Path, design: str) -> Run:
    """The run of a design under `out`, whether there is one yet or not."""
    return Run(out / design[:SHORT])


def begin_run(out: Path, plan: Plan, environment: Mapping[str, Any]) -> Run:
    """The run of a plan's design under `out`, with its `plan.json`."""
    run = run_of(out, plan.hashes["design"])
    begin_at(run, plan, environment)
    return run


def begin_at(run: Run, plan: Plan, environment: Mapping[str, Any]) -> None:
    """Writes the `plan.json` of a run."""
    facts = {
        **summary(plan, None),
        "environment": dict(environment),
        "document": dict(plan.document),
    }
    write_bytes(run.path / "plan.json", _json(facts))


def find_run(path: Path) -> Run:
    """The run at `path`, or the latest of the runs in it."""
    if (path / "plan.json").is_file():
        return Run(path)
    inside = [found.parent for found in path.glob("*/plan.json")]
    if inside:
        return Run(max(inside, key=lambda run: (run / "plan.json").stat().st_mtime_ns))
    problem = "is not a run" if path.exists() else "does not exist"
    helps = ("give the folder that `cyclspec run` named, or the one given to `--out`",)
    raise SpecError([FileUnreadable(file=str(path), problem=problem, place=str(path), helps=helps)])
