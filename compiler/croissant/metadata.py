"""Croissant metadata as they are read: plain values, checked for form and not yet for content.

Expects any bytes. Ensures that metadata are JSON of bounded size without a member given twice, that they say that
they conform to Croissant 1.0 or 1.1, and that every member that is used has the type that it should. Names are
those of the standard context; other JSON-LD is not expanded.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cyclspec.compiler.croissant.refusals import refuse
from cyclspec.compiler.croissant.words import READABLE, last_word
from cyclspec.language import strict_json

MAX_BYTES = 16 << 20


@dataclass(frozen=True, slots=True)
class FileObject:
    """One file: `url` as it is written, `encoding` the name of its format."""

    id: str
    url: str
    sha256: str | None
    encoding: str


@dataclass(frozen=True, slots=True)
class Field:
    """One field. `column` is that of a file, None where the value comes about in another way.

    `inner` are the fields of its records; `path` is where such a field stands in them; `about` is its description.
    """

    id: str
    name: str
    types: tuple[str, ...]
    file: str | None
    column: str | None
    path: str | None
    references: str | None
    repeated: bool
    inner: tuple[Field, ...]
    about: str


@dataclass(frozen=True, slots=True)
class RecordSet:
    """One record set; `data` are records in place, by the ids of fields."""

    id: str
    name: str
    key: tuple[str, ...]
    types: tuple[str, ...]
    fields: tuple[Field, ...]
    data: tuple[Mapping[str, Any], ...]


@dataclass(frozen=True, slots=True)
class Metadata:
    """The metadata of a corpus; `about` are its texts by the names of Croissant."""

    name: str
    about: Mapping[str, str]
    files: tuple[FileObject, ...]
    record_sets: tuple[RecordSet, ...]


_ABOUT = ("alternateName", "description", "license", "citeAs", "version")


def read_metadata(path: Path) -> Metadata:
    """The metadata of a file. Raises `SpecError` (`CroissantRefused`)."""
    return _Reader(path.name).metadata(_json(path))


def _json(path: Path) -> Any:
    try:
        if os.stat(path).st_size > MAX_BYTES:
            refuse(path.name, f"has more than {MAX_BYTES >> 20} MiB")
        if not path.is_file():
            refuse(path.name, "is not a plain file")
        return strict_json.loads(path.read_bytes().decode("utf-8-sig"))
    except FileNotFoundError:
        refuse(path.name, "does not exist")
    except OSError as error:
        refuse(path.name, f"cannot be read: {error.strerror}")
    except UnicodeDecodeError:
        refuse(path.name, "is not UTF-8", "save it as UTF-8")
    except (ValueError, RecursionError) as error:
        refuse(path.name, f"is not JSON: {str(error)[:120]}")


@dataclass(frozen=True, slots=True)
class _Reader:
    """Reads the parts of one file; `at` is where in it a part stands."""

    file: str

    def metadata(self, data: Any) -> Metadata:
        whole = self._object(data, "the metadata")
        if last_word(whole.get("@type")) != "Dataset":
            refuse(self.file, "describes no `sc:Dataset`")
        claimed = [str(version) for version in self._list(whole.get("conformsTo"))]
        if not set(claimed) & set(READABLE):
            said = f"conforms to `{claimed[0][:80]}`" if claimed else "does not say what it conforms to"
            refuse(self.file, f"{said}, not to Croissant 1.0", f'"conformsTo": "{READABLE[0]}"')
        files = [
            self._file(one, f"distribution {i}")
            for i, one in enumerate(self._list(whole.get("distribution")), 1)
        ]
        sets = [
            self._set(one, f"recordSet {i}") for i, one in enumerate(self._list(whole.get("recordSet")), 1)
        ]
        self._once([one.id for one in files], "two files")
        self._once([one.id for one in sets], "two record sets")
        about = {name: self._words(whole[name]) for name in _ABOUT if name in whole}
        return Metadata(self._text(whole, "name", "the metadata"), about, tuple(files), tuple(sets))

    def _file(self, data: Any, at: str) -> FileObject:
        found = self._object(data, at)
        if last_word(found.get("@type")) != "FileObject":
            kind = last_word(found.get("@type"))[:40]
            refuse(self.file, f"has a {kind} at {at}, and only a FileObject names one file and its digest")
        if "containedIn" in found:
            refuse(self.file, f"has a file inside another at {at}", "unpack the archive, and name each file")
        encodings = self._list(found.get("encodingFormat"))
        return FileObject(
            id=self._id(found, at),
            url=self._text(found, "contentUrl", at),
            sha256=self._text(found, "sha256", at) if "sha256" in found else None,
            encoding=str(encodings[0]) if encodings else "",
        )

    def _set(self, data: Any, at: str) -> RecordSet:
        found = self._object(data, at)
        fields = [
            self._field(one, f"{at}, field {i}", 0) for i, one in enumerate(self._list(found.get("field")), 1)
        ]
        self._once([one.id for one in fields], "two fields")
        id_ = self._id(found, at)
        return RecordSet(
            id=id_,
            name=str(found.get("name", id_)),
            key=tuple(self._reference(one, f"{at}, key") for one in self._list(found.get("key"))),
            types=tuple(last_word(one) for one in self._list(found.get("dataType"))),
            fields=tuple(fields),
            data=tuple(self._object(one, f"{at}, data") for one in self._list(found.get("data"))),
        )

    def _field(self, data: Any, at: str, depth: int) -> Field:
        found = self._object(data, at)
        if depth > 8:
            refuse(self.file, f"nests fields too deeply at {at}")
        source = self._object(found.get("source", {}), f"{at}, source")
        inner = [self._field(one, at, depth + 1) for one in self._list(found.get("subField"))]
        references = self._object(found.get("references", {}), f"{at}, references").get("field")
        file = source.get("fileObject")
        column, path = self._extracted(source, at)
        return Field(
            id=self._id(found, at),
            name=str(found.get("name", found["@id"])),
            types=tuple(last_word(one) for one in self._list(found.get("dataType"))),
            file=None if file is None else self._reference(file, f"{at}, source"),
            column=column,
            path=path,
            references=None if references is None else self._reference(references, f"{at}, references"),
            repeated=found.get("repeated") is True or found.get("isArray") is True,
            inner=tuple(inner),
            about=self._words(found.get("description")),
        )

    def _extracted(self, source: Mapping[str, Any], at: str) -> tuple[str | None, str | None]:
        """The column of a file, and the path in its cells, that a source names; None for any other way."""
        extract = self._object(source.get("extract", {}), f"{at}, extract")
        steps = [self._object(one, f"{at}, transform") for one in self._list(source.get("transform"))]
        paths = [step.get("jsonPath") for step in steps]
        if any(set(step) - {"jsonPath"} for step in steps) or len(paths) > 1:
            return None, None
        column, json_path = extract.get("column"), extract.get("jsonPath")
        if isinstance(json_path, str) and json_path.startswith("$[*]."):
            column = json_path.removeprefix("$[*].").strip("'\"")
        path = paths[0] if paths else None
        return (column if isinstance(column, str) else None), (path if isinstance(path, str) else None)

    # ---- members

    def _object(self, value: Any, at: str) -> Mapping[str, Any]:
        if not isinstance(value, dict):
            refuse(self.file, f"has no object at {at}")
        return value

    def _list(self, value: Any) -> list[Any]:
        """One or many, as JSON-LD has it."""
        return [] if value is None else value if isinstance(value, list) else [value]

    def _text(self, found: Mapping[str, Any], name: str, at: str) -> str:
        value = found.get(name)
        if not isinstance(value, str) or not value.strip():
            refuse(self.file, f"has no text `{name}` at {at}")
        return value

    def _words(self, value: Any) -> str:
        """A text, or the first of several; an object stands for its name or address."""
        first = next(iter(self._list(value)), "")
        if isinstance(first, dict):
            first = first.get("name") or first.get("url") or first.get("@value") or first.get("@id") or ""
        return str(first)

    def _id(self, found: Mapping[str, Any], at: str) -> str:
        return self._text(found, "@id", at)

    def _reference(self, value: Any, at: str) -> str:
        return value if isinstance(value, str) else self._id(self._object(value, at), at)

    def _once(self, ids: list[str], what: str) -> None:
        seen: set[str] = set()
        for id_ in ids:
            if id_ in seen:
                refuse(self.file, f"has {what} with the id `{id_[:80]}`")
            seen.add(id_)
