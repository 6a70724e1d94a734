"""A declaration for metadata that bring none: what Croissant says of its record sets, in the language.

Expects metadata whose files are known. Ensures text that parses: names that the language cannot hold are made
into names, columns whose name it cannot hold are left out, and everything that was left out or guessed is told
of. An export describes a field by the declared type of its column: where Croissant has no word for that type, it is
taken back, if it is of the kind that the metadata give.
"""

from __future__ import annotations

import keyword
import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cyclspec.compiler.croissant.files import Place
from cyclspec.compiler.croissant.metadata import Field, Metadata, RecordSet
from cyclspec.compiler.croissant.shapes import first_rows
from cyclspec.compiler.data.contracts import Budget, Table
from cyclspec.language.format.texts import quoted
from cyclspec.language.types.vocabularies import RESERVED

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z", re.ASCII)
_LANGUAGE = re.compile(r"[a-z]{2,3}\Z", re.ASCII)
_TEXTS = {"title": "alternateName", "release": "version", "licence": "license", "citation": "citeAs"}
_SCALE = "scale(nominal, 2..1000)"
_DECLARED_SCALE = re.compile(r"scale\((?:nominal|ordinal), \d{1,4}\.\.\d{1,4}\)\??\Z", re.ASCII)
_DECLARED_WORD = re.compile(r"nominal(?:\((?P<words>[\w, ]+)\))?\??\Z", re.ASCII)


@dataclass(slots=True)
class Definition:
    """A declaration while it is written, of files in `folder`; `notes` are what a reader should look at."""

    metadata: Metadata
    places: Mapping[str, Place]
    folder: Path
    budget: Budget
    notes: list[str] = field(default_factory=list)
    taken: set[str] = field(default_factory=set)
    axes: dict[str, str] = field(default_factory=dict)
    ranged: dict[str, str] = field(default_factory=dict)
    tables: dict[str, str] = field(default_factory=dict)

    def text(self) -> str:
        """The text of a module with one corpus."""
        sets = self.metadata.record_sets
        vocabularies = [block for one in sets for block in self._vocabulary(one)]
        corpus = self._name(self.metadata.name, "corpus")
        kept = [one for one in sets if one.id not in self.axes and self._file(one) is not None]
        self.tables = {one.id: self._name(one.name.rsplit(".", maxsplit=1)[-1], "table") for one in kept}
        left = [one.id for one in sets if one.id not in self.axes and one.id not in self.tables]
        self.notes += [
            f"record set `{id_}` is left out: its fields are not columns of one file" for id_ in left
        ]
        tables = [self._table(one) for one in kept]
        return "\n".join(
            ["cycl 1", "", *vocabularies, f"corpus {corpus} {{", *self._about(), *tables, "}", ""]
        )

    # ---- names

    def _name(self, wanted: str, fallback: str) -> str:
        """A name of the language that no other declaration has."""
        plain = unicodedata.normalize("NFKD", wanted).encode("ascii", "ignore").decode("ascii")
        base = re.sub(r"\W+", "_", plain).strip("_") or fallback
        base = base if _usable(base) else f"{fallback}_{base}"
        name, number = base, 2
        while name in self.taken:
            name, number = f"{base}_{number}", number + 1
        self.taken.add(name)
        return name

    def _about(self) -> Iterator[str]:
        about = {**self.metadata.about}
        about.setdefault("alternateName", self.metadata.name)
        for name, of in _TEXTS.items():
            if about.get(of):
                yield f"  {name} = {_quoted(about[of])}"
        if about.get("description"):
            yield f"  note = {_quoted(about['description'])}"

    # ---- vocabularies

    def _vocabulary(self, one: RecordSet) -> Iterator[str]:
        """An axis or a scale, where a record set has its records in place."""
        if not one.data:
            return
        columns = {f.name: f.id for f in one.fields}
        declared, _, bare = one.name.rpartition(".")
        word = "scale" if declared == "scale" else "axis"
        self.axes[one.id] = name = self._name(bare, word)
        if {"low", "high"} & set(columns):
            self.ranged[bare] = name
        key = one.key[0] if len(one.key) == 1 else None
        levels: set[str] = set()
        yield f"{word} {name} : {'ordinal' if 'position' in columns else 'nominal'} {{"
        for row in one.data:
            yield f"  {_level(row, columns, key, levels)}"
        yield "}"
        yield ""

    # ---- tables

    def _file(self, one: RecordSet) -> Place | None:
        """The one file that the fields of a record set are columns of."""
        files = {leaf.file for leaf in _leaves(one.fields)}
        if len(files) != 1:
            return None
        place = self.places.get(str(files.pop()))
        return None if place is None or place.format is None else place

    def _table(self, one: RecordSet) -> str:
        place = self._file(one)
        assert place is not None and place.format is not None
        lines = [
            "",
            f"  table {self.tables[one.id]} {{",
            f"    source = {place.format}({_quoted(str(place.relative))})",
            f"    hash = sha256:{place.sha256}",
            "",
        ]
        held: set[str] = set()
        as_text = self._held_as_text(one, place)
        for one_field in one.fields:
            name = (one_field.column or _first_column(one_field)) or ""
            if not _usable_column(name) or name in held:
                problem = f"`{name[:60]}` cannot be the name of a column"
                self.notes.append(f"field `{one_field.id}` is left out: {problem}")
                continue
            type_ = self._type(one, one_field)
            if name in as_text and type_ in ("real?", "bool?"):
                word = "a number" if type_ == "real?" else "a truth value"
                self.notes.append(f"field `{one_field.id}` is {word} in the metadata and text in the file")
                type_ = "text?"
            if type_ is None:
                self.notes.append(f"field `{one_field.id}` is left out: no type of the language holds it")
                continue
            held.add(name)
            lines.append(f"    {name} : {type_}")
        return "\n".join([*lines, "  }"])

    def _held_as_text(self, one: RecordSet, place: Place) -> frozenset[str]:
        """The columns whose cells are texts, in a file that could hold others."""
        assert place.format is not None
        wanted = [f.column for f in one.fields if f.column is not None]
        table = Table(one.name, self.folder / place.relative, place.format, ())
        rows = first_rows(table, wanted, self.budget)
        found = (name for name, cells in rows.cells.items() if any(isinstance(cell, str) for cell in cells))
        return frozenset() if rows.textual else frozenset(found)

    def _type(self, one: RecordSet, found: Field) -> str | None:
        """The type of a column, None where the language has none for it. Whatever is no key may be absent."""
        if one.key == (found.id,):
            return "key"
        referred = self._referred(one, found)
        if referred is not None:
            return referred
        if found.inner:
            return self._of_records(found)
        leaf = found.types[0] if found.types else ""
        ranged = self.ranged.get(found.about.removesuffix("?").rsplit(".", maxsplit=1)[-1])
        if ranged is not None:
            return f"{ranged}?"
        if leaf in ("Text", "URL"):
            if found.repeated:
                return "list(text)?"
            declared = _DECLARED_WORD.match(found.about)
            if declared is not None:
                words = (declared["words"] or "").split(", ")
                return f"nominal({', '.join(words)})?" if all(map(_usable, words)) else "nominal?"
            doubt = "say `nominal`, or an axis, if it tells groups apart"
            self.notes.append(f"field `{found.id}` is declared as text: {doubt}")
            return "text?"
        if found.repeated:
            return None
        if leaf == "Boolean":
            return "bool?"
        numeric = leaf in ("Integer", "Float", "Number") or leaf.startswith(("Int", "UInt", "Float"))
        return "real?" if numeric else None

    def _referred(self, one: RecordSet, found: Field) -> str | None:
        """What a reference says: a level, a row of another table, an option of an item."""
        if found.references is None:
            return None
        record_set = next(
            (r for r in self.metadata.record_sets if any(f.id == found.references for f in r.fields)), None
        )
        if record_set is None:
            return None
        if record_set.id in self.axes:
            return f"{self.axes[record_set.id]}?"
        if record_set.id not in self.tables:
            return None
        if record_set.key == (found.references,):
            return f"ref({self.tables[record_set.id]})"
        return self._over_options(one, found, record_set)

    def _over_options(self, one: RecordSet, found: Field, items: RecordSet) -> str | None:
        """A choice or a distribution, where a field refers to the options of the item that its row refers to."""
        options = next(f for f in items.fields if f.id == found.references)
        via = next((f for f in one.fields if f.references is not None and items.key == (f.references,)), None)
        if via is None or not (self._type(items, options) or "").startswith("scale("):
            return None
        kind = "choice" if found.types == ("Text",) and not found.repeated and not found.inner else "dist"
        return f"{kind}({via.column}.{options.column or _first_column(options)})?"

    def _of_records(self, found: Field) -> str | None:
        names = [leaf.path or leaf.name for leaf in found.inner]
        if not found.repeated and all(_LANGUAGE.match(name) for name in names):
            return f"text({', '.join(names)})"
        if not (found.repeated and "code" in names):
            return None
        return found.about if _DECLARED_SCALE.match(found.about) else _SCALE


def _leaves(fields: tuple[Field, ...]) -> Iterator[Field]:
    for one in fields:
        yield from _leaves(one.inner) if one.inner else (one,)


def _first_column(found: Field) -> str | None:
    return next((leaf.column for leaf in _leaves(found.inner)), None)


def _quoted(text: str) -> str:
    """A text as a literal, without characters that no source holds."""
    kept = (char for char in text if char in "\n\t" or unicodedata.category(char) not in ("Cc", "Cs"))
    return quoted("".join(kept))


def _usable(name: str) -> bool:
    return _NAME.match(name) is not None and name not in RESERVED and not keyword.iskeyword(name)


def _usable_column(name: str) -> bool:
    return _NAME.match(name) is not None and name not in RESERVED


def _level(row: Mapping[str, Any], columns: Mapping[str, str], key: str | None, taken: set[str]) -> str:
    """One level: its name, what files hold, its labels and its attributes."""

    def value(name: str) -> Any:
        return row.get(columns.get(name, ""))

    code = value("code") if "code" in columns else row.get(key or "")
    name = _level_name([value("name"), code, value("label"), value("label_en")], taken)
    parts = ["missing" if value("missing") is True else "", name]
    if value("low") is not None or value("high") is not None:
        parts.append(f"= {_number(value('low'), '-inf')}..{_number(value('high'), 'inf')}")
    elif code is not None and str(code) != name:
        parts.append(f"= {_quoted(str(code))}")
    parts.append(_labels(row, columns))
    attributes = [
        f"{column.removeprefix('attribute_')} = {_quoted(str(row[id_]))}"
        for column, id_ in columns.items()
        if column.startswith("attribute_") and row.get(id_) is not None and _usable(column)
    ]
    number = value("value")
    if isinstance(number, int | float) and not isinstance(number, bool):
        attributes.append(f"value = {_number(number, '0')}")
    parts.append(f"{{ {', '.join(attributes)} }}" if attributes else "")
    return " ".join(part for part in parts if part)


def _level_name(wanted: Sequence[Any], taken: set[str]) -> str:
    """A name that no other level has: the first wanted one that can be a name, else a number."""
    plain = [
        re.sub(r"\W+", "_", str(one), flags=re.ASCII).strip("_").lower() for one in wanted if one is not None
    ]
    base = next((one for one in plain if _usable(one)), f"level_{next(iter(plain), '')}".rstrip("_"))
    name, number = base, 2
    while name in taken:
        name, number = f"{base}_{number}", number + 1
    taken.add(name)
    return name


def _labels(row: Mapping[str, Any], columns: Mapping[str, str]) -> str:
    plain = row.get(columns.get("label", ""))
    if isinstance(plain, str) and plain.strip():
        return _quoted(plain)
    found = {
        name.removeprefix("label_"): row.get(id_)
        for name, id_ in columns.items()
        if name.startswith("label_")
    }
    labels = [
        f"{lang}: {_quoted(text)}"
        for lang, text in found.items()
        if isinstance(text, str) and text.strip() and _usable(lang)
    ]
    return f"{{{', '.join(labels)}}}" if labels else ""


def _number(value: Any, otherwise: str) -> str:
    if not isinstance(value, int | float) or isinstance(value, bool):
        return otherwise
    return str(int(value)) if float(value).is_integer() else repr(float(value))
