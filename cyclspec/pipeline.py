"""The whole compiler on one page: every stage in one line, for the command line, the Python face and the tests.

    text --check--> audit --open--> grid and data --plan--> plan --run--> answers --score--> measures

Each stage can be stopped after; each raises `SpecError` with every diagnostic it found. Heavy libraries are imported by
the stages that need them, so that checking a spec stays a matter of milliseconds.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from cyclspec.compiler.plan.device import ACCELERATOR, CPU, Device
from cyclspec.language.canonical.closure import hash_audit
from cyclspec.language.canonical.hashes import Hashes, complete
from cyclspec.language.diagnostics import Diagnostic, Findings, SpecError
from cyclspec.language.diagnostics.cy01_names import AuditNotChosen, UnknownName
from cyclspec.language.diagnostics.cy09_sharing import OtherHash
from cyclspec.language.names.lock import Lock
from cyclspec.language.names.modules import load_program
from cyclspec.language.names.suggest import did_you_mean
from cyclspec.language.types.check import check_program
from cyclspec.language.types.context import Context
from cyclspec.language.types.given import given_values, without_edits
from cyclspec.language.types.typed import TypedAudit
from cyclspec.pack.source import SpecSource, source_of

if TYPE_CHECKING:
    from cyclspec.compiler.axes import Grid
    from cyclspec.compiler.data.loaded import LoadedTable
    from cyclspec.compiler.plan.plan import Plan
    from cyclspec.compiler.plan.recorded import RecordedAnswers
    from cyclspec.compiler.plan.sessions import Session
    from cyclspec.compiler.scores.tables import Headcount, HeadcountCells, HumanTerm, PeopleCells
    from cyclspec.pack.manifest import Manifest
    from cyclspec.runtime.execute import Answering, Outcome, Progress
    from cyclspec.runtime.store.runs import Run

DEFAULT_MAX_REQUESTS = 1_000_000
DEFAULT_MEMORY = 2**30
Weights = Literal["required", "if here"]
Numerics = Literal["float32", "bfloat16"]


@dataclass(frozen=True, slots=True)
class Checked:
    """A spec after checking: `context` is None where its file cannot be read at all.

    `packed` is the manifest of the pack that it came in, where nothing was bound otherwise than in it.
    """

    path: Path
    context: Context | None
    diagnostics: tuple[Diagnostic, ...]
    packed: Manifest | None = None

    @property
    def errors(self) -> tuple[Diagnostic, ...]:
        return tuple(d for d in self.diagnostics if d.severity == "error")

    def require(self) -> Context:
        """The context of a spec without errors; raises `SpecError` with them otherwise."""
        if self.errors or self.context is None:
            raise SpecError(self.diagnostics)
        return self.context


@dataclass(frozen=True, slots=True)
class Opened:
    """An audit with its data: tables, grid, people's answers and numbers, and what tables have recorded.

    `session` is the one that is asked, where sessions are dated; without it a plan holds all of them.
    """

    context: Context
    audit: TypedAudit
    tables: Mapping[str, LoadedTable]
    grid: Grid
    people: Mapping[HumanTerm, PeopleCells]
    headcounts: Mapping[Headcount, HeadcountCells]
    recorded: Mapping[str, RecordedAnswers]
    session: Session | None = None

    @property
    def asked_grid(self) -> Grid:
        """The cells that are asked now: those of one session where there are dated ones."""
        from cyclspec.compiler.plan.sessions import only_session

        return self.grid if self.session is None else only_session(self.grid, self.session)

    @property
    def warnings(self) -> tuple[Diagnostic, ...]:
        """What the data lacks: people in cells of samples and distributions, levels that nobody recorded."""
        from cyclspec.compiler.plan.people import empty_cells

        unrecorded = (lack for answers in self.recorded.values() for lack in answers.warnings)
        return (*self.grid.warnings, *empty_cells(self.audit, self.grid, self.people), *unrecorded)


def check(
    path: Path | SpecSource,
    params: Mapping[str, str] | None = None,
    texts: Mapping[Path, str] | None = None,
    *,
    locked: bool = False,
    lock: Lock | None = None,
    files: Iterable[Path] = (),
) -> Checked:
    """Stages parse to type: everything that can be said of a spec, or of the one in a pack, without opening data.

    `texts` stand for files, by resolved path: what an editor holds and has not saved. `locked` refuses what is reached
    and not pinned, and files that are here and are not those that are pinned. `lock` stands for the one of the project.
    `files` is where data is that did not travel with a pack.
    """
    try:
        source = source_of(path, files) if isinstance(path, Path) else path
    except SpecError as error:
        return Checked(Path(str(path)), None, error.diagnostics)
    bound = {**source.params, **(params or {})}
    findings = Findings()
    bindings = given_values(bound, findings)
    program = load_program(
        source.file, findings, texts, partial=True, name=source.name, lock=lock, sealed=source.sealed
    )
    unread = set(bound) - set(bindings)
    context = None if program is None else check_program(program.without(unread), findings, bindings)
    if context is not None and locked:
        from cyclspec.lock.reached import not_locked

        findings.items.extend(not_locked(context))
    packed = source.manifest if bound == source.params else None
    told = (without_edits(diagnostic, bindings) for diagnostic in findings.items)
    return Checked(source.path, context, tuple(sorted(told, key=Diagnostic.order)), packed)


def choose(context: Context, name: str | None) -> TypedAudit:
    """The audit of the entry module: the only one, or the one of that name."""
    known = list(context.audits)
    if name is None and len(known) == 1:
        return context.audits[known[0]]
    if name in context.audits:
        return context.audits[name]
    place = context.program.main.source.name
    if name is None:
        helps = tuple(f"choose one: `--audit {audit}`" for audit in known) or ("declare `audit NAME { .. }`",)
        found = f"{len(known)} audits" if known else "no audit"
        raise SpecError([AuditNotChosen(file=place, found=found, place=place, helps=helps)])
    helps = did_you_mean(name, known)
    raise SpecError([UnknownName(what="audit", name=name, where=f" in `{place}`", place=place, helps=helps)])


def open_data(context: Context, audit: TypedAudit) -> Opened:
    """Opens and checks the data that an audit reaches, and lays out its grid."""
    from cyclspec.compiler.plan.grid import build_grid
    from cyclspec.compiler.plan.headcounts import headcounts
    from cyclspec.compiler.plan.people import people_cells
    from cyclspec.compiler.plan.recorded import recorded_answers
    from cyclspec.compiler.plan.sources import open_tables, tables_of
    from cyclspec.compiler.plan.wordings import unworded_options

    tables = open_tables(audit.tables, tables_of(audit))
    grid = build_grid(audit, tables)
    unworded = unworded_options(audit, grid, tables)
    if unworded:
        raise SpecError(unworded)
    people, recorded = people_cells(audit, grid, tables), recorded_answers(audit, grid, tables)
    return Opened(context, audit, tables, grid, people, headcounts(audit, grid, tables, people), recorded)


def hashes(opened: Opened, places: Mapping[str, str]) -> Hashes:
    """Module, design and score hash of an audit with its data."""
    digests = {name: table.digest for name, table in opened.tables.items()}
    return hash_audit(opened.context, opened.audit.name, tables=digests, models=places)


def other_hashes(checked: Checked, opened: Opened) -> Iterator[Diagnostic]:
    """A warning for each hash that a packed audit does not have as it had it where it was packed."""
    home = None if checked.packed is None else checked.packed.audits.get(opened.audit.name)
    if checked.packed is None or home is None:
        return
    here, by = hashes(opened, {}), checked.packed.made_by
    for which, known in (("module", home.module), ("design", home.design), ("score", home.score)):
        found = getattr(here, which)
        if found != known:
            notes = (f"it is sha256:{found[:12]} here, and sha256:{known[:12]} where {by} packed it",)
            yield OtherHash(which=which, audit=opened.audit.name, place=str(checked.path), notes=notes)


def document(context: Context) -> dict[str, Any]:
    """The canonical form of a program: every module by its path from the entry file, wherever that was run from."""
    here = context.program.main.folder.resolve()

    def name(key: str) -> str:
        return Path(os.path.relpath(key, here)).as_posix() if os.path.isabs(key) else key

    return {name(key): complete(module.tree) for key, module in context.program.modules.items()}


def plan(
    opened: Opened,
    *,
    places: Mapping[str, str] | None = None,
    max_requests: int = DEFAULT_MAX_REQUESTS,
    memory: int = DEFAULT_MEMORY,
    wave: int | None = None,
    device: Device = CPU,
    numerics: Numerics = "float32",
    weights: Weights = "required",
    locked: bool = False,
) -> Plan:
    """Expands, renders, tokenises, finds what prompts share and lays it out. `places` replaces models' places by name.

    `memory` is how many bytes waves of tokens may take beside a model's weights, or the texts that are being written;
    `wave` how many tokens one has at most, as many as suit the `device` where it is None; `numerics` the type of
    weights, keys and values. Sums, softmax and scores are float32 with either.
    With `weights="required"`, as for a run, what cannot run yet is refused before a checkpoint is opened. A model that
    is not the one in the lock is refused; `locked` takes no demo model in its place either.
    """
    from cyclspec.compiler.plan.budget import check_budget
    from cyclspec.compiler.plan.models import ask_models
    from cyclspec.compiler.plan.planner import Planner
    from cyclspec.compiler.plan.sharing.shapes import BYTES, Budget
    from cyclspec.compiler.plan.writing import WritingBudget

    check_budget(opened.audit, opened.asked_grid, max_requests)
    if weights == "required":
        require_executable(opened)
    models = ask_models(opened.audit, dict(places or {}), weights=weights, locked=locked)
    planner = Planner(
        audit=opened.audit,
        grid=opened.asked_grid,
        tables=opened.tables,
        asked=models.asked,
        tokenizers=models.tokenizers,
        hosted=models.hosted,
        numerics=numerics,
        recorded=opened.recorded,
        budget=Budget(memory, wave or device.wave, BYTES[numerics], device.at_once),
        writing=WritingBudget(memory // 2, item=BYTES[numerics], at_once=device.at_once),
    )
    found = hashes(opened, dict(places or {}))
    named = {"module": found.module, "design": found.design, "score": found.score}
    return planner.plan(named, document(opened.context))


def device_here() -> Device:
    """What jax runs on."""
    import jax

    return CPU if jax.default_backend() == "cpu" else ACCELERATOR


def require_executable(opened: Opened) -> None:
    """Raises `SpecError` with a CY0801 for every construct that is checked and planned, and cannot run yet."""
    from cyclspec.compiler.plan.executable import not_executable
    from cyclspec.compiler.plan.people import refused_people
    from cyclspec.compiler.scores.support import misfits, refusals

    audit = opened.audit
    found: tuple[Diagnostic, ...] = (
        *not_executable(audit),
        *refused_people(audit, opened.grid),
        *refusals(audit),
    )
    found = found or misfits(audit, opened.grid)
    if found:
        raise SpecError(dict.fromkeys(found))


def run(
    opened: Opened,
    planned: Plan,
    out: Path,
    progress: Progress | None = None,
    answering: Answering | None = None,
) -> tuple[Run, Outcome]:
    """Asks, stores, scores and writes. Nothing is written before everything that can be refused was.

    `answering` answers in the place of this machine's engines. Where replies of hosted models are waited for, the run
    stops before it has answers: `outcome.waiting` says which. Where sessions are dated, `opened` is of one of them.
    """
    from cyclspec import sessions
    from cyclspec.compiler.plan.stages import Stages
    from cyclspec.compiler.scores import lower
    from cyclspec.runtime.engine.programs import kept_programs
    from cyclspec.runtime.environment import environment
    from cyclspec.runtime.execute import Silent, execute
    from cyclspec.runtime.store.runs import begin_run

    require_executable(opened)
    lower(opened.audit, opened.grid)
    part, store = sessions.asking(opened, planned, out)
    stages = Stages(planned)
    with kept_programs():
        outcome = execute(planned, store, stages, progress or Silent(), answering, part.given_up)
        facts = environment(planned, outcome.served)
        found = begin_run(out, planned, facts)
        answered = None if outcome.waiting else stages.answered()
        if opened.session is not None:
            sessions.keep(found, opened, planned, answered, outcome, facts)
        elif answered is not None:
            found.write_answers(answered, outcome)
        if answered is not None:
            _score(found, opened, dict(planned.hashes))
    return found, outcome


def score(found: Run, opened: Opened, places: Mapping[str, str], *, locked: bool = False) -> None:
    """New measures from the stored answers of a run; no model is loaded."""
    from cyclspec.compiler.plan.models import require_locked_answers

    current = hashes(opened, places)
    found.require_design(current.design, opened.audit)
    asked = {one["model"]: one["digest"] for one in found.plan["environment"].get("models", [])}
    rehearsed = () if locked else [name for name, place in places.items() if place == "demo"]
    require_locked_answers(opened.audit, asked, except_for=rehearsed)
    require_executable(opened)
    named = {"module": current.module, "design": current.design, "score": current.score}
    _score(found, opened, named)


def _score(found: Run, opened: Opened, named: Mapping[str, str]) -> None:
    from cyclspec import sessions
    from cyclspec.compiler.scores import ScoreInputs, lower
    from cyclspec.compiler.scores.fields import with_fields
    from cyclspec.compiler.scores.sessions import drift_of, labelled
    from cyclspec.runtime.store.cells import answer_cells

    versions = sessions.versions(found, opened)
    drift = drift_of(opened.audit, opened.grid, versions)
    graph = lower(opened.audit, opened.grid, drift)
    answers = answer_cells(found.answers, with_fields(opened.audit), opened.grid)
    scores = graph.evaluate(ScoreInputs(answers, opened.people, opened.headcounts))
    scores = labelled(scores, opened.audit, drift, len(versions))
    found.write_scores(scores, opened.audit, opened.grid, opened.people, named, document(opened.context))
