"""The Python face: load an audit, plan it, run it, read its tables.

    audit = cyclspec.load("audit.cycl")
    run = audit.run(out="runs")
    run.measures            # a pyarrow Table

Every function raises `SpecError` with all diagnostics where a spec, its data or its models are refused.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cyclspec import pipeline
from cyclspec.language.diagnostics import Diagnostic
from cyclspec.language.types.typed import TypedAudit

if TYPE_CHECKING:
    from cyclspec.compiler.plan.plan import Plan
    from cyclspec.diff.asked import Asked
    from cyclspec.diff.change import Difference
    from cyclspec.explain.stages import Stage
    from cyclspec.runtime.execute import Progress
    from cyclspec.runtime.store.runs import Run


@dataclass(frozen=True, slots=True)
class Audit:
    """A checked audit. `diagnostics` holds its warnings; `typed` the audit as the compiler sees it."""

    path: Path
    typed: TypedAudit
    diagnostics: tuple[Diagnostic, ...]
    _context: Any = field(repr=False)
    _params: Mapping[str, str] = field(repr=False)
    _locked: bool = field(default=False, repr=False)

    @property
    def name(self) -> str:
        return self.typed.name

    @property
    def title(self) -> str:
        return self.typed.title

    def explain(
        self,
        stage: Stage = "types",
        *,
        measure: str | None = None,
        metric: str | None = None,
        models: Mapping[str, str] | None = None,
        data: bool = False,
    ) -> str:
        """What a stage of the compiler made of the audit: `ast`, `types`, `logical`, `physical` or `jax`.

        `measure` and `metric` choose what is shown; `data` lets `types` open the data and count.
        """
        from cyclspec.explain.stages import Wanted, stage_text

        wanted = Wanted(self.name, measure, metric, dict(models or {}), data)
        return stage_text(self._context, stage, wanted)

    def plan(
        self,
        *,
        models: Mapping[str, str] | None = None,
        max_requests: int = pipeline.DEFAULT_MAX_REQUESTS,
        memory: int = pipeline.DEFAULT_MEMORY,
        wave: int | None = None,
        numerics: pipeline.Numerics = "float32",
    ) -> Plan:
        """Everything that a run would do, without loading weights.

        `models` gives places by model name: a folder, a hub id with `@revision`, or `demo`. `memory` is how many bytes
        tokens at work may take beside a model's weights, `wave` how many are read at once at most.
        """
        opened = pipeline.open_data(self._context, self.typed)
        return pipeline.plan(
            opened,
            places=models,
            max_requests=max_requests,
            memory=memory,
            wave=wave,
            numerics=numerics,
            weights="if here",
            locked=self._locked,
        )

    def run(
        self,
        *,
        out: str | PathLike[str] = "runs",
        models: Mapping[str, str] | None = None,
        max_requests: int = pipeline.DEFAULT_MAX_REQUESTS,
        memory: int = pipeline.DEFAULT_MEMORY,
        wave: int | None = None,
        numerics: pipeline.Numerics = "float32",
        progress: Progress | None = None,
        session: str | None = None,
        day: date | None = None,
    ) -> Run:
        """Asks what is not answered yet, scores, and writes the tables under `out`.

        Of dated sessions one is asked: `session`, or the one that was begun, or the next that is due. `day` is the
        day it counts for, today by default.
        """
        from cyclspec import sessions

        opened = pipeline.open_data(self._context, self.typed)
        opened = sessions.at_session(opened, models or {}, Path(out), session, day)
        planned = pipeline.plan(
            opened,
            places=models,
            max_requests=max_requests,
            memory=memory,
            wave=wave,
            device=pipeline.device_here(),
            numerics=numerics,
            locked=self._locked,
        )
        found, _ = pipeline.run(opened, planned, Path(out), progress)
        found.remember(self.path, self._params, models or {}, self.name)
        return found


def load(
    path: str | PathLike[str],
    *,
    params: Mapping[str, str] | None = None,
    audit: str | None = None,
    locked: bool = False,
) -> Audit:
    """The audit of a spec or pack, checked; `params` are expressions by name, `audit` chooses among several.

    `locked` refuses what neither the spec nor `cycl.lock` pins.
    """
    checked = pipeline.check(Path(path), params, locked=locked)
    context = checked.require()
    typed = pipeline.choose(context, audit)
    return Audit(Path(path), typed, checked.diagnostics, context, dict(params or {}), locked)


def compare(
    before: str | PathLike[str],
    after: str | PathLike[str],
    *,
    audit: str | None = None,
    params: Mapping[str, str] | None = None,
    models: Mapping[str, str] | None = None,
    data: bool = False,
) -> tuple[Difference, Asked | None]:
    """What two specs, runs or canonical documents say differently, and which hashes that moves.

    With `data` also what a run of the second would ask after a run of the first.
    """
    from cyclspec.diff.opened import compared

    return compared(Path(before), Path(after), audit=audit, params=params, places=models, data=data)


def open_run(path: str | PathLike[str]) -> Run:
    """A run on disk: its folder, or a folder that holds runs (the latest of them)."""
    from cyclspec.runtime.store.runs import find_run

    return find_run(Path(path))
