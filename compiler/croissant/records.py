"""Tables and vocabularies as Croissant record sets.

Expects declared tables whose files fit them. Ensures that a record set is named as the spec names its table
(`survey.people`) or vocabulary (`axis.country`), a field as the column of the file, and that references say what
the declaration says: rows of another table, codes of an axis, options of an item.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from cyclspec.compiler.croissant.shapes import TEXT_SHAPE, FirstRows, Path, Shape, json_path, shape_of
from cyclspec.compiler.croissant.words import ENUMERATION, NUMBER, TEXT, TRUTH, WHOLE
from cyclspec.language.syntax import tree as t
from cyclspec.language.types import kinds as k
from cyclspec.language.types import typed as d

Record = dict[str, Any]


@dataclass(frozen=True, slots=True)
class TableFile:
    """A declared table, the id of its file, and how its structured cells look."""

    table: d.TypedTable
    file: str
    rows: FirstRows

    def shape(self, column: str) -> Shape:
        if self.rows.textual or column not in self.rows.cells:
            return TEXT_SHAPE
        return shape_of(self.rows.cells[column])


def structured(column: d.TypedColumn) -> bool:
    """Whether the cells of a column can be more than one value."""
    return isinstance(column.kind, k.Text | k.ListOf | k.ScaleValue | k.Dist)


def table_records(
    tables: Mapping[str, TableFile], vocabularies: Mapping[k.Vocabulary, str]
) -> Iterator[Record]:
    """The record sets of tables; `vocabularies` gives the id of the record set of each that is declared."""
    for name, held in tables.items():
        keys = [column.name for column in held.table.columns if isinstance(column.kind, k.Key)]
        yield {
            "@type": "cr:RecordSet",
            "@id": name,
            "name": name,
            **({"key": {"@id": f"{name}/{keys[0]}"}} if keys else {}),
            "field": [
                field
                for column in sorted(held.table.columns, key=_rank)
                for field in _fields(held, column, _references(column, held, tables, vocabularies))
            ],
        }


def _rank(column: d.TypedColumn) -> int:
    """Keys and references first: readers join a record set to the first field that it refers to."""
    return {k.Key: 0, k.Ref: 1}.get(type(column.kind), 2)


def _fields(held: TableFile, column: d.TypedColumn, references: str | None) -> Iterator[Record]:
    """The field of a column; one for each language where the file has a column for each."""
    langs = column.kind.langs if isinstance(column.kind, k.Text) else ()
    if column.name not in held.rows.names:
        for lang in langs:
            spelled = (f"{column.name}_{lang}", f"{column.name}.{lang}")
            name = next(name for name in spelled if name in held.rows.names)
            yield _field(held, column, name, TEXT_SHAPE, None)
        return
    yield _field(held, column, column.name, held.shape(column.name), references)


def _field(held: TableFile, column: d.TypedColumn, name: str, shape: Shape, references: str | None) -> Record:
    id_ = f"{held.table.name}/{name}"
    leaf = shape.types.get((), None)
    found: Record = {"@type": "cr:Field", "@id": id_, "name": name, "description": column.declared}
    if leaf is not None:
        found["dataType"] = leaf if structured(column) else _plain_type(column.kind)
    if leaf is not None or held.table.format == "json":
        # Readers of JSON look for paths in the fields of a record set, not in the fields of its fields.
        found["source"] = _source(held, name, None)
    if references is not None:
        found["references"] = {"field": {"@id": references}}
    if shape.repeated:
        found["repeated"] = True
    if leaf is None:
        found["subField"] = [
            {
                "@type": "cr:Field",
                "@id": f"{id_}/{'.'.join(path)}",
                "name": ".".join(path),
                "dataType": type_,
                "source": _source(held, name, path),
            }
            for path, type_ in shape.types.items()
        ]
    return found


def _source(held: TableFile, name: str, path: Path | None) -> Record:
    """Where values come from; a list of records in JSON has no columns."""
    extract = {"jsonPath": f"$[*].{json_path((name,))}"} if held.table.format == "json" else {"column": name}
    found: Record = {"fileObject": {"@id": held.file}, "extract": extract}
    return found if path is None else {**found, "transform": {"jsonPath": json_path(path)}}


def _plain_type(kind: k.Kind) -> str:
    match kind:
        case k.Number(whole=True):
            return WHOLE
        case k.Number():
            return NUMBER
        case k.Bool():
            return TRUTH
        case k.Of(vocabulary) if vocabulary.levels and all(lv.low is not None for lv in vocabulary.levels):
            return NUMBER
    return TEXT


def _references(
    column: d.TypedColumn,
    held: TableFile,
    tables: Mapping[str, TableFile],
    vocabularies: Mapping[k.Vocabulary, str],
) -> str | None:
    """The id of the field whose values a column holds."""
    match column.kind:
        case k.Ref(name):
            key = next(c.name for c in tables[name].table.columns if isinstance(c.kind, k.Key))
            return f"{name}/{key}"
        case k.Choice(k.ItemScale() as scale) | k.Dist(k.ItemScale() as scale):
            return f"{scale.table}/{scale.column}" if scale.table != held.table.name else None
        case k.Of(vocabulary) | k.Choice(k.Vocabulary() as vocabulary) | k.Dist(k.Vocabulary() as vocabulary):
            coded = all(level.low is None for level in vocabulary.levels)
            return f"{vocabularies[vocabulary]}/code" if vocabulary in vocabularies and coded else None
    return None


# ---- vocabularies


def vocabulary_record(id_: str, decl: t.VocabularyDecl, vocabulary: k.Vocabulary) -> Record:
    """An axis or a scale as an enumeration with its levels in place. Without `position` its levels have no order."""
    rows = [_level(level, position) for position, level in enumerate(vocabulary.levels, start=1)]
    names = [name for name in dict.fromkeys(name for row in rows for name in row) if _used(name, rows)]
    if not vocabulary.ordered:
        names.remove("position")
    key = "name" if any(level.low is not None for level in vocabulary.levels) else "code"
    types = {"low": NUMBER, "high": NUMBER, "value": NUMBER, "missing": TRUTH, "position": WHOLE}
    return {
        "@type": "cr:RecordSet",
        "@id": id_,
        "name": id_,
        "description": " ".join(line.strip() for line in decl.doc)
        or f"The levels of {decl.word} {decl.name}",
        "dataType": ENUMERATION,
        "key": {"@id": f"{id_}/{key}"},
        "field": [
            {"@type": "cr:Field", "@id": f"{id_}/{name}", "name": name, "dataType": types.get(name, TEXT)}
            for name in names
        ],
        "data": [{f"{id_}/{name}": row.get(name) for name in names} for row in rows],
    }


def _used(name: str, rows: list[Record]) -> bool:
    return name in ("name", "code") or any(row.get(name) not in (None, False) for row in rows)


def _level(level: k.Level, position: int) -> Record:
    ranged = level.low is not None
    labels = {f"label_{lang}" if lang else "label": text for lang, text in sorted(level.label.items())}
    return {
        "name": level.name,
        "code": None if ranged else str(level.code),
        **labels,
        "low": _finite(level.low),
        "high": _finite(level.high),
        "value": _finite(level.value),
        "missing": level.missing,
        **{f"attribute_{name}": value for name, value in level.attributes.items()},
        "position": position,
    }


def _finite(number: float | None) -> float | None:
    """A number that JSON can hold: the open end of a range is null."""
    return number if number is not None and abs(number) != float("inf") else None
