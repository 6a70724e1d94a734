"""What is known of the levels of an axis, as columns: those of rows, factors of models, and the attributes in these.

Expects a typed audit. Ensures that what `by` can keep of an axis is a column of it, and that a column or factor hides
an attribute of that name.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from cyclspec.compiler.axes import Attribute, Axis
from cyclspec.language.types import kinds as k
from cyclspec.language.types import typed as d
from cyclspec.language.types.attributes import groups_of

Columns = Mapping[str, Sequence[Attribute]]


def inner_columns(levels: Mapping[str, k.Vocabulary], columns: Columns) -> dict[str, tuple[Attribute, ...]]:
    """The attributes of the levels in some columns; of two attributes with one name that of the first column."""
    found: dict[str, tuple[Attribute, ...]] = {}
    for column, vocabulary in levels.items():
        for name in vocabulary.attributes:
            words = {level.name: level.attributes.get(name) for level in vocabulary.levels}
            found.setdefault(name, tuple(words.get(str(level)) for level in columns[column]))
    return found


def levels_of(factor: k.Vocabulary, models: Iterable[d.TypedModel]) -> tuple[str, ...]:
    """The level of a factor that each model has."""
    return tuple(factor.levels[level_position(factor, model.factors[factor.name])].name for model in models)


def level_position(factor: k.Vocabulary, level: str | float) -> int:
    """Where a model's level stands among the levels of a factor."""
    return next(i for i, known in enumerate(factor.levels) if level in (known.code, known.name))


def groups(audit: d.TypedAudit, owner: Axis, name: str) -> tuple[str, ...]:
    """The levels of an attribute that an axis has, in the order of their vocabulary, then in that of the axis."""
    found = dict.fromkeys(str(value) for value in owner.attributes[name] if value is not None)
    kind = _kind(audit, owner.name)
    known = {} if kind is None else groups_of(kind, audit.tables, audit.panels)
    names = known[name].names if name in known else ()
    return tuple(sorted(found, key=lambda level: names.index(level) if level in names else len(names)))


def _kind(audit: d.TypedAudit, axis: str) -> k.Kind | None:
    """What the levels of an axis are, where they have attributes."""
    source = next(each.source for each in audit.eaches if axis in each.names)
    match source:
        case d.TableSource(table) | d.SampleSource(table=table):
            return k.Row(table)
        case d.VocabularySource(vocabulary):
            return k.Of(vocabulary)
        case d.TargetSource(target):
            column = audit.tables[audit.targets[target].people].column(axis)
            return None if column is None else column.kind
        case d.PanelSource(panel):
            factor = next((f for f in audit.panels[panel].factors if f.name == axis), None)
            return k.ModelKind(panel) if factor is None else k.Of(factor)
    return None
