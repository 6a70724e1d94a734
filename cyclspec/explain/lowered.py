"""The graphs of an audit for `explain`: of everything where all of it can be lowered, else measure by measure.

Ensures that a construct which cannot run yet hides only the measures that use it, and is named.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from cyclspec.explain import jaxprs
from cyclspec.language.diagnostics import SpecError
from cyclspec.language.types import typed as d

if TYPE_CHECKING:
    from cyclspec.compiler.axes import Grid
    from cyclspec.compiler.scores import Graph


def _alone(audit: d.TypedAudit, measure: d.TypedMeasure) -> d.TypedAudit:
    """An audit with one measure and no checks; what the measure names of other measures becomes a let."""
    others = tuple(d.TypedLet(m.name, m.term, m.span) for m in audit.measures if m is not measure)
    return replace(audit, measures=(measure,), checks=(), lets=(*audit.lets, *others))


def _lowered(audit: d.TypedAudit, grid: Grid) -> Graph | SpecError:
    from cyclspec.compiler.scores import lower

    try:
        return lower(audit, grid)
    except SpecError as error:
        return error


def _each(audit: d.TypedAudit, grid: Grid) -> Iterator[tuple[str, Graph | SpecError]]:
    for measure in audit.measures:
        yield measure.name, _lowered(_alone(audit, measure), grid)


def _whole_or_alone(audit: d.TypedAudit, grid: Grid, name: str) -> Graph:
    """The graph of the audit, or of one measure where the audit as a whole cannot be lowered."""
    whole = _lowered(audit, grid)
    if not isinstance(whole, SpecError):
        return whole
    found = dict(_each(audit, grid)).get(name, whole)
    if isinstance(found, SpecError):
        raise found
    return found


def measure_text(audit: d.TypedAudit, grid: Grid, name: str) -> str:
    """The signature and the jaxpr of one measure. `SpecError` where there is none, or it cannot be lowered."""
    if all(measure.name != name for measure in audit.measures):
        raise jaxprs.unknown(audit, "measure", name, [measure.name for measure in audit.measures])
    return jaxprs.measure_text(_whole_or_alone(audit, grid, name), name)


def metric_text(audit: d.TypedAudit, grid: Grid, name: str) -> str:
    """The signature and the jaxpr of one metric that some measure calls which can be lowered."""
    whole = _lowered(audit, grid)
    graphs = dict(_each(audit, grid)).values() if isinstance(whole, SpecError) else [whole]
    known: dict[str, Graph] = {}
    for graph in graphs:
        if not isinstance(graph, SpecError):
            known |= dict.fromkeys(jaxprs.calls(graph), graph)
    if name not in known:
        raise jaxprs.unknown(audit, "metric", name, known)
    return jaxprs.metric_text(known[name], name)


def graph_text(audit: d.TypedAudit, grid: Grid) -> str:
    """The signatures of all measures and metrics; a measure that cannot be lowered with the reason."""
    whole = _lowered(audit, grid)
    if not isinstance(whole, SpecError):
        return jaxprs.graph_text([whole])
    graphs = dict(_each(audit, grid))
    lines = [jaxprs.graph_text([graph for graph in graphs.values() if not isinstance(graph, SpecError)])]
    lines += [
        f"{name} : not lowered: {found.diagnostics[0].code}: {found.diagnostics[0].message}"
        for name, found in graphs.items()
        if isinstance(found, SpecError)
    ]
    return "\n".join(line for line in lines if line)
