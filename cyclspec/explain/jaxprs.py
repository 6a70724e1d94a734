"""Stage 9, lower: measures and metrics as JAX functions: signatures with named dimensions, and their jaxprs.

Expects the graph of an audit with its data open. Ensures that dimensions are named in the order of the arrays; nothing
is compiled or evaluated.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from cyclspec.explain.layout import WIDTH
from cyclspec.language.diagnostics import SpecError
from cyclspec.language.diagnostics.cy01_names import UnknownName
from cyclspec.language.names.suggest import did_you_mean
from cyclspec.language.types import terms as h
from cyclspec.language.types import typed as d
from cyclspec.language.types.kinds import Choice, Dist, Type, scale_name

if TYPE_CHECKING:
    from cyclspec.compiler.scores import Graph

_PLACE = "command line"


def _array(element: str, dimensions: Iterable[str]) -> str:
    return f'{element}["{" ".join(dimensions)}"]'


def _signature(name: str, inputs: Sequence[str], result: str) -> str:
    """One line, or one line an input where that is too wide."""
    line = f"{name} : ({', '.join(inputs)}) -> {result}"
    if len(line) <= WIDTH:
        return line
    return f"{name} : (\n    " + ",\n    ".join(inputs) + f"\n  ) -> {result}"


def _ordered(graph: Graph, axes: Iterable[str]) -> list[str]:
    given = frozenset(axes)
    return [name for name in graph.frame.names if name in given]


def _option(type_: Type) -> list[str]:
    return ["option"] if isinstance(type_.kind, Dist) else []


def _leaf_name(graph: Graph, leaf: h.Term) -> str:
    """What an input is called in the audit: an ask, a let of people, or the column itself."""
    match leaf:
        case h.AnswerTerm(ask=ask, field=field):
            return ask if field == "value" else f"{ask}.{field}"
        case h.PeopleTerm(table=table, column=column) | h.ColumnTerm(table=table, column=column):
            named = (name for name, term in graph.program.setting.named.items() if term == leaf)
            return next(named, f"{table}.{column}")
        case h.HeadcountTerm(column=column, table=table, number=number):
            named = (name for name, term in graph.program.setting.named.items() if term == leaf)
            return next(named, f"{table}.{column}.{number}")
        case h.PopulationTerm(target=target):
            return f"{target}.share"
    return type(leaf).__name__


def _inputs(graph: Graph, term: h.Term) -> Iterator[str]:
    reached = graph.program.setting.reach.of(term).leaves
    for leaf in graph.program.leaves:
        if leaf in reached:
            axes = _ordered(graph, graph.program.axes_of[leaf])
            name = _leaf_name(graph, leaf)
            element = "Int" if isinstance(leaf.type.kind, Choice) else "Float"
            yield f"{name} {_array(element, [*axes, *_option(leaf.type)])}"
            yield f"{name} present {_array('Bool', axes)}"


def measure_signature(graph: Graph, measure: d.TypedMeasure) -> str:
    """`alignment : (reply Float["model country item option"], ...) -> Float["model country"]`."""
    return _signature(
        measure.name, list(_inputs(graph, measure.term)), _array("Float", _ordered(graph, measure.by))
    )


def check_signature(graph: Graph, check: d.TypedCheck) -> str:
    """`label_mass : (reply.mass Float["model country item"], ...) -> Bool["model"]`."""
    return _signature(
        f"check {check.name}",
        list(_inputs(graph, check.term)),
        _array("Bool", _ordered(graph, check.axes)),
    )


def calls(graph: Graph) -> dict[str, h.MetricTerm]:
    """One call of every metric that the audit calls, by the name of the metric."""
    from cyclspec.compiler.scores.walk import below

    terms = graph.program.setting.named.values()
    return {call.metric: call for term in terms for call in below(term) if isinstance(call, h.MetricTerm)}


def metric_signature(call: h.MetricTerm) -> str:
    """`tv : (options Bool["cell option"], p Float["cell option"], q ...) -> Float["cell"]`."""
    formals = zip(call.formals, call.args, strict=True)
    given = [f"{name} {_array('Float', ['cell', *_option(arg.type)])}" for name, arg in formals]
    return _signature(
        call.metric, [_array("options Bool", ["cell", "option"]), *given], _array("Float", ["cell"])
    )


def _sizes(graph: Graph) -> str:
    return ", ".join(f"{name} {len(graph.frame.axes[name])}" for name in graph.frame.names)


def _blocks(graph: Graph) -> Iterator[str]:
    """`blocks of item.options: item 4 x option 3, item 10 x option 5`, for each scale that items bring along."""
    program = graph.program
    scales = {scale_name(leaf.type.kind.scale) for leaf in program.leaves if isinstance(leaf.type.kind, Dist)}
    for scale in sorted(scales):
        blocks = program.setting.blocks[scale]
        if blocks.at is None:
            continue
        axis = graph.frame.names[blocks.at]
        parts = (f"{axis} {len(block.rows)} x option {block.places.shape[1]}" for block in blocks.parts)
        yield f"blocks of {scale}: {', '.join(parts)}"


def unknown(audit: d.TypedAudit, what: str, name: str, known: Iterable[str]) -> SpecError:
    """The refusal of a name that is no measure or metric of an audit."""
    helps = did_you_mean(name, known)
    where = f" in audit `{audit.name}`"
    return SpecError([UnknownName(what=what, name=name, where=where, place=_PLACE, helps=helps)])


def measure_text(graph: Graph, name: str) -> str:
    """The signature and the jaxpr of one measure of the graph."""
    measure = next(measure for measure in graph.program.measures if measure.name == name)
    return f"{measure_signature(graph, measure)}\nlevels: {_sizes(graph)}\n{graph.jaxpr_text(name)}"


def metric_text(graph: Graph, name: str) -> str:
    """The signature of a metric that the graph calls, and its jaxpr for one cell."""
    call = calls(graph)[name]
    options = graph.frame.scored(scale_name(call.scale)).shape[-1]
    return f"{metric_signature(call)}\none cell of {options} options:\n{graph.metric_text(name, options)}"


def graph_text(graphs: Sequence[Graph]) -> str:
    """The signatures of what some graphs of one audit compute, and of the metrics that they call."""
    lines = [f"levels: {_sizes(graph)}" for graph in graphs[:1]]
    lines += dict.fromkeys(line for graph in graphs for line in _blocks(graph))
    lines += [measure_signature(graph, m) for graph in graphs for m in graph.program.measures]
    lines += [check_signature(graph, check) for graph in graphs for check in graph.program.checks]
    metrics = {name: call for graph in graphs for name, call in calls(graph).items()}
    return "\n".join([*lines, *(metric_signature(call) for call in metrics.values())])
