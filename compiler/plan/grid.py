"""The grid of an audit: its axes with their levels, and the cells that do not exist.

Expects a typed audit and its opened tables. Ensures that levels are distinct and in a fixed order (rows as in the
file, levels as declared), that conditions have been applied, that an axis without levels is an error, and that the
options of every scale are laid out along its axis.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, assert_never

import numpy as np

from cyclspec.compiler.axes import Attribute, Axis, Grid, OptionLayout, Orders, Presence
from cyclspec.compiler.data.codes import scale_of_levels
from cyclspec.compiler.data.contracts import Scale
from cyclspec.compiler.data.groups import groups_of
from cyclspec.compiler.data.loaded import LoadedTable
from cyclspec.compiler.data.people import weights_of
from cyclspec.compiler.plan.attributes import groups, inner_columns, level_position, levels_of
from cyclspec.compiler.plan.columns import column_values, scale_rows
from cyclspec.compiler.plan.conditions import holds, own_condition
from cyclspec.compiler.plan.dependent import child_axis, counted_axis, order_axis, scale_orders
from cyclspec.compiler.plan.holdout import part_rows
from cyclspec.compiler.plan.joint import joint_presence, require_few
from cyclspec.compiler.plan.sample import sampled_rows
from cyclspec.compiler.plan.sources import audit_terms, contract_levels
from cyclspec.compiler.records.schema import scales_in
from cyclspec.language.diagnostics import Diagnostic, InternalError, SpecError
from cyclspec.language.diagnostics.cy07_data_and_plan import EmptyCells, EmptyTable
from cyclspec.language.types import kinds as k
from cyclspec.language.types import terms as h
from cyclspec.language.types import typed as d

Tables = Mapping[str, LoadedTable]
_SCALARS = ("level", "levels_open", "real", "count", "bool", "lang")


def _attribute(value: Any) -> Attribute:
    return float(value) if isinstance(value, bool | int) else value


def _rows(each: d.TypedEach, declared: d.TypedTable, table: LoadedTable, kept: list[int]) -> Axis:
    """The axis of some rows, with their columns and the attributes of the levels in these."""
    keys = table.only("key").codes
    values = {
        name: column_values(column)
        for name, column in table.columns.items()
        if column.column.kind in _SCALARS
    }
    columns = {name: tuple(_attribute(found[row]) for row in kept) for name, found in values.items()}
    levels = {c.name: c.kind.vocabulary for c in declared.columns if isinstance(c.kind, k.Of)}
    return Axis(
        each.names[0], tuple(keys[row] for row in kept), {**inner_columns(levels, columns), **columns}
    )


def kept_rows(each: d.TypedEach, table: LoadedTable, part: d.HeldOut | None) -> list[int]:
    """The rows of a table, or of one side of a split of them, that an `each` keeps, from zero."""
    condition, rows = own_condition(each), list(range(table.n_rows))
    if condition is not None:
        values = {name: column_values(column) for name, column in table.columns.items()}
        values[each.names[0]] = list(table.only("key").codes)
        rows = [int(row) for row in np.flatnonzero(holds(condition, values, table.n_rows))]
    return rows if part is None else part_rows(part, each.names[0], table, rows)


def vocabulary_axis(name: str, vocabulary: k.Vocabulary, where: h.Term | None) -> Axis:
    """The axis of a closed vocabulary, with the attributes of its levels and their numbers as `value`."""
    names = list(vocabulary.names)
    columns: dict[str, list[Attribute]] = {
        attribute: [level.attributes.get(attribute) for level in vocabulary.levels]
        for attribute in vocabulary.attributes
    }
    if any(level.value is not None for level in vocabulary.levels):
        columns["value"] = [level.value for level in vocabulary.levels]
    kept = list(range(len(names)))
    if where is not None:
        truth = holds(where, {**columns, name: names}, len(names))
        kept = [int(i) for i in np.flatnonzero(truth)]
    attributes = {a: tuple(column[i] for i in kept) for a, column in columns.items()}
    return Axis(name, tuple(names[i] for i in kept), attributes)


def _values_axis(each: d.TypedEach, source: d.ValuesSource) -> Axis:
    values = list(source.values)
    condition = own_condition(each)
    if condition is not None:
        truth = holds(condition, {each.names[0]: values}, len(values))
        values = [value for value, keep in zip(values, truth, strict=True) if keep]
    numeric = tuple(float(v) for v in values if isinstance(v, int | float))
    attributes = {"value": numeric} if len(numeric) == len(values) else {}
    return Axis(each.names[0], tuple(str(v) for v in values), attributes)


def _panel_axes(each: d.TypedEach, panel: d.TypedPanel) -> tuple[tuple[Axis, ...], tuple[Presence, ...]]:
    factors = {factor.name: factor for factor in panel.factors}
    if each.names[0] not in factors:
        models = kept_models(each, panel)
        columns = {name: levels_of(factor, models) for name, factor in factors.items()}
        attributes = {**inner_columns(factors, columns), **columns}
        return (Axis(each.names[0], tuple(m.name for m in models), attributes),), ()
    axes = tuple(vocabulary_axis(name, factors[name], None) for name in each.names)
    helps = (f"ask by model: `each model in {panel.name}`",)
    require_few(each, {a.name: len(a) for a in axes}, f"the factors of panel `{panel.name}` are", helps)
    cells = np.zeros([len(axis) for axis in axes], dtype=np.bool_)
    for model in kept_models(each, panel):
        cells[tuple(level_position(factors[name], model.factors[name]) for name in each.names)] = True
    return axes, (Presence(each.names, cells),)


def kept_models(each: d.TypedEach, panel: d.TypedPanel) -> list[d.TypedModel]:
    """The models of a panel that the condition of an `each` keeps."""
    models = list(panel.models)
    condition = own_condition(each)
    if condition is None:
        return models
    columns: dict[str, list[Any]] = {f.name: list(levels_of(f, models)) for f in panel.factors}
    columns[each.names[0]] = columns.get(each.names[0], [m.name for m in models])
    truth = holds(condition, columns, len(models))
    return [model for model, keep in zip(models, truth, strict=True) if keep]


def _target_axes(
    each: d.TypedEach, target: d.TypedTarget, table: d.TypedTable, people: LoadedTable
) -> tuple[tuple[Axis, ...], tuple[Presence, ...]]:
    """Cells of people with at least `min_n` of positive weight: who weighs nothing stands for nobody."""
    kinds = {column.name: column.kind for column in table.columns}
    axes: list[Axis] = []
    for name in each.names:
        kind = kinds[name]
        assert isinstance(kind, k.Of)
        axes.append(vocabulary_axis(name, kind.vocabulary, None))
    helps = ("give the target fewer axes, or axes with fewer levels",)
    require_few(each, {a.name: len(a) for a in axes}, f"the axes of target `{target.name}` are", helps)
    groups = groups_of(people, each.names)
    inside = (groups.index >= 0) & (weights_of(people, target.weight) > 0.0)
    counts = np.bincount(groups.index[inside], minlength=groups.size).reshape(groups.shape)
    cells = np.zeros([len(axis) for axis in axes], np.int64)
    # A level that is missing (don't know, refused) is no group of people.
    places = [[axis.levels.index(level) for level in groups.levels[i]] for i, axis in enumerate(axes)]
    cells[np.ix_(*places)] = counts
    least = max(target.min_n, 1)
    if cells.max(initial=0) < least:
        notes = (f"its largest combination has {cells.max(initial=0)} people, and `min_n` is {least}",)
        raise SpecError(
            [EmptyTable(span=each.span, what=f"target `{target.name}`", notes=notes, helps=helps)]
        )
    return tuple(axes), (Presence(each.names, cells >= least),)


@dataclass(slots=True)
class GridBuilder:
    """Builds the axes of one audit, each after those that it depends on."""

    audit: d.TypedAudit
    tables: Tables
    axes: dict[str, Axis] = field(default_factory=dict)
    presence: list[Presence] = field(default_factory=list)
    orders: dict[str, Orders] = field(default_factory=dict)
    warnings: list[Diagnostic] = field(default_factory=list)

    def add(self, each: d.TypedEach) -> None:
        """The axes of one `each`. An axis without levels is an error."""
        made, holes = self._made(each)
        self.presence.extend(holes)
        for axis in made:
            if not len(axis):
                notes = ("the condition keeps none of them",) if each.where is not None else ()
                if isinstance(each.source, d.TableSource) and each.source.part is not None:
                    notes = ("none of the rows is on this side of the split",)
                raise SpecError([EmptyTable(span=each.span, what=f"axis `{axis.name}`", notes=notes)])
            self.axes[axis.name] = axis

    def _made(self, each: d.TypedEach) -> tuple[tuple[Axis, ...], tuple[Presence, ...]]:
        audit, tables, source = self.audit, self.tables, each.source
        match source:
            case d.TableSource(table, part):
                return (self._rows(each, table, kept_rows(each, tables[table], part)),), ()
            case d.VocabularySource(vocabulary):
                return (vocabulary_axis(each.names[0], vocabulary, own_condition(each)),), ()
            case d.ValuesSource():
                return (_values_axis(each, source),), ()
            case d.PanelSource(panel):
                return _panel_axes(each, audit.panels[panel])
            case d.TargetSource(name):
                target = audit.targets[name]
                return _target_axes(each, target, audit.tables[target.people], tables[target.people])
            case d.ChildSource(parent=parent):
                axis, holes = child_axis(each, source, self.axes[parent], tables)
                return (axis,), holes
            case d.PermutationsSource():
                return self._orders(each, source)
            case d.WavesSource(count=count):
                return (_kept(each, counted_axis(each.names[0], count)),), ()
            case d.SampleSource():
                return (self._sample(each, source),), ()
            case d.DrawSource() | d.ShuffledSource():
                return (), ()
            case _:
                assert_never(source)

    def _orders(
        self, each: d.TypedEach, source: d.PermutationsSource
    ) -> tuple[tuple[Axis, ...], tuple[Presence, ...]]:
        scales, parent = self._scales_of(source)
        found = scale_orders(self.audit.seed, each, source, scales)
        self.orders[each.names[0]] = found
        axis, holes = order_axis(each, parent, found)
        return (axis,), holes

    def _scales_of(self, source: d.PermutationsSource) -> tuple[dict[str, Scale], Axis | None]:
        """The scales that are put in orders by the level that brings them, and the axis of those levels."""
        match source.scale:
            case k.ItemScale(table=table, column=column, axis=axis):
                parent = self.axes[source.parent or axis]
                by_key = self.tables[table].scales(column)
                return {level: by_key[level] for level in parent.levels}, parent
            case k.Vocabulary() as scale:
                return {"": scale_of_levels(contract_levels(scale), ordered=scale.ordered)}, None
        raise InternalError("grid", f"permutations of {source.scale}")

    def _sample(self, each: d.TypedEach, source: d.SampleSource) -> Axis:
        table = self.tables[source.table]
        kept = sampled_rows(
            self.audit.seed, each.names[0], source, table, kept_rows(each, table, source.part)
        )
        if kept and len(kept) < source.n:
            lacking = source.n - len(kept)
            self.warnings.append(
                EmptyCells(span=each.span, count=lacking, total=source.n, what=f"sample `{each.names[0]}`")
            )
        return self._rows(each, source.table, kept)

    def _rows(self, each: d.TypedEach, table: str, kept: list[int]) -> Axis:
        return _rows(each, self.audit.tables[table], self.tables[table], kept)


def _kept(each: d.TypedEach, axis: Axis) -> Axis:
    """The levels of a counted axis that a condition keeps."""
    condition = own_condition(each)
    if condition is None:
        return axis
    numbers = axis.attributes["value"]
    kept = np.flatnonzero(holds(condition, {axis.name: list(numbers)}, len(axis))).tolist()
    return Axis(
        axis.name, tuple(axis.levels[at] for at in kept), {"value": tuple(numbers[at] for at in kept)}
    )


def _scales(audit: d.TypedAudit) -> Iterator[k.Scale]:
    """Every scale that an ask or a value of the audit is over."""
    for ask in audit.asks:
        if ask.scale is not None:
            yield ask.scale
        if isinstance(ask.prompt.result, k.Record):
            yield from (scale for _, kind in ask.prompt.result.fields for scale in scales_in(kind))
    for term in audit_terms(audit):
        match term.type.kind:
            case k.Dist(scale) | k.Choice(scale) | k.ScaleValue(scale) if not isinstance(
                scale, k.ScaleVariable
            ):
                yield scale


def layout(axis: str | None, scales: Iterable[Scale]) -> OptionLayout:
    """The options of some scales, padded to the widest."""
    rows = tuple(scales)
    width = max((len(scale.options) for scale in rows), default=1)
    shape = (len(rows), width)
    exists, missing = np.zeros(shape, np.bool_), np.zeros(shape, np.bool_)
    value = np.full(shape, np.nan)
    for i, scale in enumerate(rows):
        for j, option in enumerate(scale.options):
            exists[i, j], missing[i, j] = True, option.missing
            value[i, j] = np.nan if option.value is None else option.value
    ordered = all(scale.ordered for scale in rows)
    return OptionLayout(axis, tuple(scale.codes for scale in rows), exists, missing, value, ordered)


def _options(audit: d.TypedAudit, axes: Mapping[str, Axis], tables: Tables) -> dict[str, OptionLayout]:
    found: dict[str, OptionLayout] = {}
    for scale in _scales(audit):
        name = k.scale_name(scale)
        if name in found:
            continue
        if isinstance(scale, k.ItemScale):
            if scale.axis in axes and scale.table in tables:
                found[name] = layout(scale.axis, scale_rows(scale, axes, tables))
        elif isinstance(scale, k.Vocabulary):
            made = scale_of_levels(contract_levels(scale), ordered=scale.ordered)
            found[name] = layout(None, [made])
    return found


def _people_levels(audit: d.TypedAudit, people: str, name: str) -> tuple[str, ...]:
    """The levels of a column of people, or of an attribute of a column's levels."""
    for column in audit.tables[people].columns:
        if not isinstance(column.kind, k.Of):
            continue
        vocabulary = column.kind.vocabulary
        if column.name == name:
            return vocabulary.names
        if name in vocabulary.attributes:
            words = (level.attributes[name] for level in vocabulary.levels if name in level.attributes)
            return tuple(dict.fromkeys(words))
    return ()


def _derived(audit: d.TypedAudit, axes: Mapping[str, Axis]) -> Iterator[Axis]:
    """The axes that only a reduction brings: attributes of a reduced axis, fitted levels, groups of people."""
    terms = list(audit_terms(audit))
    for term in terms:
        if not isinstance(term, h.ReduceTerm):
            continue
        for name in term.by:
            owners = [axes[a] for a in term.axes if a in axes and name in axes[a].attributes]
            if owners:
                yield Axis(name, groups(audit, owners[0], name))
        yield from _fitted(term)
    for term in terms:
        if isinstance(term, h.PeopleTerm | h.HeadcountTerm):
            yield from (Axis(name, _people_levels(audit, term.people, name)) for name in term.by)
        if isinstance(term, h.PopulationTerm):
            target = audit.targets[term.target]
            yield from (Axis(name, _people_levels(audit, target.people, name)) for name in target.axes)


def _fitted(term: h.ReduceTerm) -> Iterator[Axis]:
    """The axis that a fitted statistic adds: the levels that it ranks, or its components."""
    for name, argument in term.args:
        match argument:
            case h.VocabularyTerm(vocabulary=vocabulary) if vocabulary.name in term.type.axes:
                yield vocabulary_axis(vocabulary.name, vocabulary, None)
            case h.Literal_(value=int() as count) if name == "n" and "component" in term.type.axes:
                yield counted_axis("component", count)


def _is_longer(axis: Axis, known: Axis) -> bool:
    """Whether an axis of components goes on where another statistic of the audit has fewer."""
    return axis.name == "component" and axis.levels[: len(known)] == known.levels and len(axis) > len(known)


def build_grid(audit: d.TypedAudit, tables: Tables) -> Grid:
    """The grid of an audit; an axis without levels, or a condition that leaves no cell, is an error."""
    builder = GridBuilder(audit, tables)
    for each in audit.eaches:
        builder.add(each)
    axes = builder.axes
    presence = (*builder.presence, *joint_presence(audit, axes, tables))
    for axis in _derived(audit, axes):
        if len(axis) and (axis.name not in axes or _is_longer(axis, axes[axis.name])):
            axes[axis.name] = axis
    return Grid(
        axes=axes,
        presence=presence,
        options=_options(audit, axes, tables),
        orders=builder.orders,
        rows={name: table.n_rows for name, table in tables.items()},
        warnings=tuple(builder.warnings),
    )
