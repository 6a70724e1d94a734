"""Where the axes and the drawn values of an audit come from, as operators.

Expects a typed audit and the sizes of its grid. Ensures that a scan of a table knows which of its columns something
uses.
"""

from __future__ import annotations

from collections.abc import Iterator

from cyclspec.compiler.plan.logical import operators as o
from cyclspec.compiler.plan.logical.sizes import Sizes
from cyclspec.compiler.plan.sources import audit_terms, terms_in
from cyclspec.language.types import kinds as k
from cyclspec.language.types import terms as h
from cyclspec.language.types import typed as d
from cyclspec.language.types.templates import Hole, split


def axis_source(audit: d.TypedAudit, sizes: Sizes, each: d.TypedEach) -> o.Operator:
    """What one `each` binds, without its condition."""
    axes, total = sizes.ordered(each.names), sizes.total(each)
    match each.source:
        case d.TableSource(table, None):
            return _table(audit, axes, table, total, each.names[0])
        case d.TableSource(table, part) if part is not None:
            scan = _table(audit, axes, table, sizes.grid.rows.get(table, total), each.names[0], part=part)
            return o.Draw(axes=axes, cells=sizes.kept(each), inputs=(scan,), name=axes[0], how=str(part))
        case d.SampleSource(table=table):
            rows = sizes.grid.rows.get(table, total)
            scan = _table(audit, axes, table, rows, each.names[0], each.source, each.source.part)
            drawn = sizes.kept(each)
            return o.Draw(axes=axes, cells=drawn, inputs=(scan,), name=axes[0], how=_sample(each.source))
        case d.PermutationsSource() as found:
            how = f"{'all' if found.n is None else found.n} orders of {k.scale_name(found.scale)}"
            how += ", the first its own" if found.keep_identity else ""
            return o.Draw(axes=axes, cells=total, name=axes[0], how=how)
    return o.Scan(axes=axes, cells=total, source=_name(audit, each.source))


def _name(audit: d.TypedAudit, source: d.AxisSource) -> str:
    match source:
        case d.VocabularySource(vocabulary):
            return vocabulary.name
        case d.ValuesSource(values):
            shown = [str(value) for value in values]
            return ", ".join(shown) if len(shown) <= 4 else f"{shown[0]} .. {shown[-1]}"
        case d.PanelSource(panel):
            return panel
        case d.TargetSource(target):
            least = audit.targets[target].min_n
            return f"{target} of {audit.targets[target].people}, {least} people or more"
        case d.ChildSource(parent=parent, column=column):
            return f"{parent}.{column}"
        case d.WavesSource(count=count, every=every):
            return f"{count} waves, {every:g} days apart"
    return ""


def _sample(source: d.SampleSource) -> str:
    strata = f" by {', '.join(source.strata)}" if source.strata else ""
    weighted = f" weighted by {source.weight}" if source.weight else ""
    return f"{source.n} rows{strata}{weighted}" + (f" of {source.part}" if source.part else "")


def _table(
    audit: d.TypedAudit,
    axes: tuple[str, ...],
    table: str,
    rows: int,
    axis: str,
    sample: d.SampleSource | None = None,
    part: d.HeldOut | None = None,
) -> o.Scan:
    columns = tuple(column.name for column in audit.tables[table].columns)
    used = set(_used(audit, axis, table))
    if sample is not None:
        used |= {*sample.strata, *([sample.weight] if sample.weight else [])}
    if part is not None and part.cluster is not None:
        used.add(part.cluster)
    needed = tuple(name for name in columns if name in used)
    return o.Scan(axes=axes, cells=rows, source=table, columns=columns, needed=needed)


def drawn_again(audit: d.TypedAudit) -> Iterator[d.Drawn]:
    """What intervals draw again, and whose signs tests flip."""
    for measure in audit.measures:
        if measure.interval is not None:
            yield from measure.interval.drawings
        if isinstance(measure.test, d.SignFlip):
            yield from measure.test.drawn


def _used(audit: d.TypedAudit, axis: str, table: str) -> Iterator[str]:
    """The columns of an axis' table that keys, conditions, prompts, scales or measures use."""
    yield from (c.name for c in audit.tables[table].columns if isinstance(c.kind, k.Key))
    for term in audit_terms(audit):
        match term:
            case h.AttributeTerm(axis=owner, attribute=attribute) if owner == axis:
                yield attribute
            case h.ReduceTerm(by=by):
                yield from (name for group in by for name in _columns_of(audit.tables[table], group))
        yield from _scale_column(term.type.kind, table)
    for one in drawn_again(audit):
        if one.axis == axis:
            yield from (name for name in (one.cluster, one.strata) if name is not None)
    for each in audit.eaches:
        if isinstance(each.source, d.ChildSource) and each.source.parent == axis:
            yield each.source.column
        if isinstance(each.source, d.PermutationsSource):
            yield from _scale_column(k.Order(each.source.scale), table)
    for ask in audit.asks:
        for name, argument in ask.args:
            if any(isinstance(t, h.AxisTerm) and t.axis == axis for t in terms_in(argument)):
                yield from _shown(ask.prompt, name)
        if ask.scale is not None:
            yield from _scale_column(k.Choice(ask.scale), table)


def _columns_of(table: d.TypedTable, group: str) -> Iterator[str]:
    """The column that `by` keeps, or those whose levels have such an attribute."""
    if table.column(group) is not None:
        yield group
        return
    for column in table.columns:
        if isinstance(column.kind, k.Of) and group in column.kind.vocabulary.attributes:
            yield column.name


def _scale_column(kind: k.Kind, table: str) -> Iterator[str]:
    match kind:
        case (
            k.Choice(k.ItemScale(table=of, column=column))
            | k.Dist(k.ItemScale(table=of, column=column))
            | k.Counts(k.ItemScale(table=of, column=column))
            | k.LogProbs(k.ItemScale(table=of, column=column))
            | k.Order(k.ItemScale(table=of, column=column))
            | k.ScaleValue(k.ItemScale(table=of, column=column))
        ) if of == table:
            yield column


def _shown(prompt: d.TypedPrompt, formal: str) -> Iterator[str]:
    """The columns of a row that a prompt shows."""
    for message in prompt.messages:
        for part in split(message.template)[0]:
            if isinstance(part, Hole) and part.path[0] == formal and len(part.path) > 1:
                yield part.path[1]


def drawn_value(audit: d.TypedAudit, sizes: Sizes, name: str) -> o.Draw:
    """A value that is drawn in the cells of some axes."""
    source = next(each.source for each in audit.eaches if name in each.names)
    match source:
        case d.DrawSource(source=of, per=per):
            axes = sizes.ordered(per)
            match of:
                case d.TableSource(table):
                    listed = table
                case d.PermutationsSource(scale=scale):
                    listed = f"the orders of {k.scale_name(scale)}"
                case _:
                    listed = _name(audit, of)
            how = f"one of {listed} for each {', '.join(per)}"
        case d.ShuffledSource(axis=axis):
            axes, how = sizes.ordered((axis,)), f"{axis}, shuffled"
        case _:
            axes, how = (), ""
    return o.Draw(axes=axes, cells=sizes.cells(axes), name=name, how=how)
