"""What is known of the levels of an axis beside their names: columns of rows, attributes of levels, factors of models.

Expects the tables and panels of the program. Ensures one answer to what `by` can keep of an axis, in the order in which
it was declared: a column or a factor hides an attribute of that name which its own levels have.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from cyclspec.language.types import kinds as k
from cyclspec.language.types import typed as d

Groups = Mapping[str, k.Vocabulary]


def groups_of(kind: k.Kind, tables: Mapping[str, d.TypedTable], panels: Mapping[str, d.TypedPanel]) -> Groups:
    """What `by` can keep of an axis whose levels are of some kind, and the vocabulary that each is of."""
    match kind:
        case k.Row(table):
            columns = tables[table].columns
            return _with_inner((c.name, c.kind.vocabulary) for c in columns if isinstance(c.kind, k.Of))
        case k.ModelKind(panel) if panel in panels:
            return _with_inner((factor.name, factor) for factor in panels[panel].factors)
        case k.Of(vocabulary):
            return {name: vocabulary.attribute(name) for name in vocabulary.attributes}
    return {}


def _with_inner(own: Iterable[tuple[str, k.Vocabulary]]) -> Groups:
    """Columns or factors, and the attributes of their levels; of two attributes with one name the first."""
    found = dict(own)
    for held in tuple(found.values()):
        for name in held.attributes:
            found.setdefault(name, held.attribute(name))
    return found
