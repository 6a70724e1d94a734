"""The stages of the compiler by name, each with what it needs: the text alone, or data, or models too.

Ensures that a stage opens no more than it shows, and that heavy libraries are imported by the stages that need them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal, assert_never, get_args

from cyclspec import pipeline
from cyclspec.explain.declarations import module_text
from cyclspec.explain.narrowed import narrowed, no_measure
from cyclspec.explain.syntax import tree_text
from cyclspec.explain.types import Sizes, audit_text
from cyclspec.language.diagnostics import Diagnostic, SpecError
from cyclspec.language.diagnostics.cy01_names import UnknownName
from cyclspec.language.names.modules import read_source
from cyclspec.language.names.suggest import did_you_mean
from cyclspec.language.syntax import tree as t
from cyclspec.language.syntax.parse import parse
from cyclspec.language.types import typed as d
from cyclspec.language.types.context import Context
from cyclspec.pack.source import source_of

if TYPE_CHECKING:
    from cyclspec.pipeline import Opened

Stage = Literal["ast", "types", "logical", "physical", "jax"]
STAGES: tuple[Stage, ...] = get_args(Stage)
_PLACE = "command line"


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be shown of a stage: one audit of several, one measure or metric, models at other places.

    `data` opens the data for the types stage; `rewrites` adds to the logical plan what each rule changed.
    """

    audit: str | None = None
    measure: str | None = None
    metric: str | None = None
    places: Mapping[str, str] = field(default_factory=dict)
    data: bool = False
    rewrites: bool = False


def stage_text(context: Context, stage: Stage, wanted: Wanted) -> str:
    """One stage of a checked spec. `SpecError` where its data or its models are refused."""
    match stage:
        case "ast":
            return tree_text(context.program.main.tree)
        case "types":
            return types_text(context, wanted)
        case "logical":
            return logical_text(_opened(context, wanted), wanted)
        case "physical":
            return physical_text(_opened(context, wanted), wanted)
        case "jax":
            return jax_text(_opened(context, wanted), wanted)
        case _:
            assert_never(stage)


def syntax_text(path: Path, measure: str | None = None) -> str:
    """Stage 1, of a file by itself, or of one of its measures: what it imports and means need not be right.

    `SpecError` on syntax errors.
    """
    at = source_of(path)
    source = read_source(at.file, at.name)
    if isinstance(source, Diagnostic):
        raise SpecError([source])
    parsed = parse(source)
    if parsed.module is None:
        raise SpecError(parsed.diagnostics)
    return tree_text(parsed.module if measure is None else _statement(parsed.module, measure))


def _statement(module: t.Module, name: str) -> t.Node:
    """The measure or check of that name, in any audit of a file."""
    audits = (decl for decl in module.decls if isinstance(decl, t.Audit))
    found = [s for audit in audits for s in audit.statements if isinstance(s, t.Measure | t.Check)]
    for statement in found:
        if statement.name.name == name:
            return statement
    helps, where = did_you_mean(name, (s.name.name for s in found)), f" in `{module.span.source.name}`"
    raise SpecError([UnknownName(what="measure", name=name, where=where, place=_PLACE, helps=helps)])


def _opened(context: Context, wanted: Wanted) -> Opened:
    return pipeline.open_data(context, pipeline.choose(context, wanted.audit))


def types_text(context: Context, wanted: Wanted) -> str:
    """Every audit of a file, or the one that is wanted; the declarations of a file without any."""
    audits = list(context.audits.values())
    if wanted.audit is not None or wanted.measure is not None:
        audits = [pipeline.choose(context, wanted.audit)]
    if not audits:
        return module_text(context)
    return "\n\n".join(_audit_types(context, audit, wanted) for audit in audits)


def _audit_types(context: Context, audit: d.TypedAudit, wanted: Wanted) -> str:
    """One audit: with its data, what is counted and all hashes; without, the hash of the text alone."""
    shown = audit if wanted.measure is None else narrowed(audit, wanted.measure)
    if not wanted.data:
        return audit_text(shown, {"module": context.program.main.hash})
    opened = pipeline.open_data(context, audit)
    found = pipeline.hashes(opened, wanted.places)
    return audit_text(shown, {"design": found.design, "score": found.score}, sizes_of(opened))


def sizes_of(opened: Opened) -> Sizes:
    """What open data tells of an audit."""
    from cyclspec.compiler.plan.budget import count_cells, ordered_axes

    audit, grid = opened.audit, opened.grid
    cells = {ask.name: count_cells(grid, ordered_axes(audit, ask.axes)) for ask in audit.asks}
    rows = {name: table.n_rows for name, table in opened.tables.items()}
    return Sizes({name: len(axis) for name, axis in grid.axes.items()}, rows, cells)


def logical_text(opened: Opened, wanted: Wanted) -> str:
    """Stage 6 and 7: the operators of an audit with their cells, of one measure or of all, and the rewrites applied."""
    from cyclspec.compiler.plan.logical import logical_plan

    plan = logical_plan(opened.audit, opened.grid)
    known = {sink.name for sink in plan.sinks}
    if wanted.measure is not None and wanted.measure not in known:
        raise SpecError([no_measure(opened.audit, wanted.measure, known)])
    shown = plan.text(wanted.measure)
    return f"{shown}\n\n{plan.rewrites_text()}" if wanted.rewrites else shown


def physical_text(opened: Opened, wanted: Wanted) -> str:
    """Stage 8: requests, tokens, buckets and cost; needs tokenizers, no weights."""
    from cyclspec.compiler.plan.physical import physical_text as shown

    if wanted.measure is not None:
        opened = replace(opened, audit=narrowed(opened.audit, wanted.measure))
    if not opened.audit.asks:
        return f"measure {wanted.measure} asks nothing"
    return shown(pipeline.plan(opened, places=wanted.places, weights="if here"))


def jax_text(opened: Opened, wanted: Wanted) -> str:
    """Stage 9: one measure, one metric, or the signatures of all."""
    from cyclspec.explain import lowered

    audit, grid = opened.audit, opened.grid
    shown = [] if wanted.measure is None else [lowered.measure_text(audit, grid, wanted.measure)]
    shown += [] if wanted.metric is None else [lowered.metric_text(audit, grid, wanted.metric)]
    return "\n\n".join(shown) or lowered.graph_text(audit, grid)


def prompt_text(opened: Opened, given: Mapping[str, str], places: Mapping[str, str], *, tokens: bool) -> str:
    """One rendered prompt of one cell, with its tokens where they are asked for and a tokenizer can be reached."""
    from cyclspec.compiler.plan.cells import CellReader
    from cyclspec.compiler.plan.models import hosted_model
    from cyclspec.explain.cells import choose_cell
    from cyclspec.explain.prompts import cell_text, sent_text, tokenized, tokens_text

    cell = choose_cell(opened.audit, opened.grid, given)
    said = CellReader(opened.audit, opened.grid, opened.tables, cell.ask).at(cell.positions)
    shown = cell_text(cell, opened.grid, said)
    if cell.model is None:
        return f"{shown}\n\nthe answers are recorded: no model is asked"
    hosted = hosted_model(cell.model, places)
    if hosted is not None:
        return f"{shown}\n\n{sent_text(hosted, said)}"
    if not tokens:
        return f"{shown}\n\nnot tokenised: `--no-tokens`"
    try:
        found = tokenized(opened.audit, cell, said, places)
    except SpecError as error:
        first = error.diagnostics[0]
        return f"{shown}\n\nnot tokenised: {first.code}: {first.message}"
    return f"{shown}\n\n{tokens_text(cell, said, found)}"
