"""A corpus as Croissant metadata.

Expects a checked program whose data fit it. Ensures that every file is named relative to the metadata, with its
size and SHA-256; that the modules that declare the corpus are among the files, so that the metadata are enough to
have it back exactly; that nothing outside of the folder of the metadata is named; and that equal corpora give
equal bytes.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from cyclspec.compiler.croissant.records import (
    Record,
    TableFile,
    structured,
    table_records,
    vocabulary_record,
)
from cyclspec.compiler.croissant.refusals import refuse
from cyclspec.compiler.croissant.shapes import first_rows
from cyclspec.compiler.croissant.words import CONFORMS_TO, CONTEXT, DEFINITION, WRITTEN
from cyclspec.compiler.data.contracts import Budget, Format
from cyclspec.compiler.data.loaded import LoadedTable
from cyclspec.compiler.data.tables import read_tables
from cyclspec.compiler.description.layout import declared_vocabularies
from cyclspec.compiler.plan.sources import declared_table
from cyclspec.language.names.modules import Module
from cyclspec.language.syntax import tree as t
from cyclspec.language.types import kinds as k
from cyclspec.language.types import typed as d
from cyclspec.language.types.context import Context


@dataclass(frozen=True, slots=True)
class About:
    """What Croissant asks for and a corpus does not say: a page, who made it, the day of its publication."""

    url: str | None = None
    creator: str | None = None
    published: str | None = None


def export(
    context: Context, corpus: t.Corpus, to: Path, about: About, budget: Budget | None = None
) -> Record:
    """The metadata of `corpus`, to be written to the file `to`, beside or below which all its files must lie.

    Raises `SpecError` for data that are refused, and (`CroissantRefused`) for what Croissant cannot say.
    """
    limits = budget or Budget()
    tables = reached_tables(context, corpus.name.name)
    modules = _modules(context, corpus)
    folder = Path(os.path.abspath(to.parent))
    files = {name: relative(declared_table(table).path, folder) for name, table in tables.items()}
    loaded = read_tables([declared_table(table) for table in tables.values()], limits)
    held = {name: _held(table, files[name], limits) for name, table in tables.items()}
    vocabularies = _vocabularies(context, tables)
    ids = {vocabulary: id_ for id_, (_, vocabulary) in vocabularies.items()}
    data = [_data_file(held[name], loaded[name], folder) for name in tables]
    named = {one["@id"]: one for one in (*data, *(_module_file(module, folder) for module in modules))}
    return {
        "@context": dict(CONTEXT),
        "@type": "sc:Dataset",
        **_about(corpus, modules[0].tree.doc, about),
        "conformsTo": CONFORMS_TO,
        "distribution": list(named.values()),
        "recordSet": [
            *(vocabulary_record(id_, decl, vocabulary) for id_, (decl, vocabulary) in vocabularies.items()),
            *table_records(held, ids),
        ],
    }


def reached_tables(context: Context, corpus: str) -> dict[str, d.TypedTable]:
    """The tables of a corpus with those that they point to, by name."""
    found: dict[str, d.TypedTable] = {}
    waiting = [table for name, table in context.tables.items() if name.split(".")[0] == corpus]
    while waiting:
        table = waiting.pop(0)
        if table.name not in found:
            found[table.name] = table
            waiting += [context.tables[c.kind.table] for c in table.columns if isinstance(c.kind, k.Ref)]
    return found


def _vocabularies(
    context: Context, tables: Mapping[str, d.TypedTable]
) -> dict[str, tuple[t.VocabularyDecl, k.Vocabulary]]:
    """The vocabularies that the tables use, by the id of their record sets."""
    found: dict[str, tuple[t.VocabularyDecl, k.Vocabulary]] = {}
    for decl, vocabulary in declared_vocabularies(context, tables.values()):
        first = found.setdefault(f"{decl.word}.{decl.name}", (decl, vocabulary))
        if first[1] != vocabulary:
            problem = f"uses two vocabularies named `{decl.name}`, and metadata tell them apart by name"
            refuse(context.program.main.source.name, problem, "give one of them another name")
    return found


def _about(corpus: t.Corpus, doc: Sequence[str], about: About) -> Record:
    """What the metadata say of the whole; `doc` is the documentation of the module."""
    given = {f.name.name: f.value.value for f in corpus.fields if isinstance(f.value, t.TextValue)}
    words = [given.get("title", ""), *(line.strip() for line in (*doc, *corpus.doc)), given.get("note", "")]
    name = corpus.name.name
    members = {
        "name": name,
        "alternateName": given.get("title"),
        "description": "\n".join(line for line in words if line) or f"Corpus {name}",
        "license": given.get("licence"),
        "citeAs": given.get("citation"),
        "version": given.get("release"),
        "url": about.url,
        "creator": about.creator and {"@type": "sc:Organization", "name": about.creator},
        "datePublished": about.published,
    }
    return {name: value for name, value in members.items() if value}


# ---- files


def relative(path: Path, folder: Path) -> str:
    """A path as the metadata name it. Raises `SpecError` where it leads out of their folder."""
    whole = Path(os.path.abspath(path))
    if whole.is_relative_to(folder):
        return whole.relative_to(folder).as_posix()
    above = os.path.commonpath([whole.parent, folder])
    place = os.path.join(os.path.relpath(above), "croissant.json")
    refuse(path.name, "does not lie beside or below the metadata", f"write them to `{place}`")


def _held(table: d.TypedTable, file: str, budget: Budget) -> TableFile:
    wanted = [column.name for column in table.columns if structured(column)]
    return TableFile(table, file, first_rows(declared_table(table), wanted, budget))


def _data_file(held: TableFile, loaded: LoadedTable, folder: Path) -> Record:
    size = (folder / held.file).stat().st_size
    format_: Format = loaded.table.format
    return _file_object(held.file, WRITTEN[format_], size, loaded.digest, None)


def _module_file(module: Module, folder: Path) -> Record:
    path = Path(module.key)
    data = path.read_bytes()
    about = "declares the corpus, in the language of cyclspec"
    return _file_object(
        relative(path, folder), DEFINITION, len(data), hashlib.sha256(data).hexdigest(), about
    )


def _file_object(path: str, encoding: str, size: int, sha256: str, about: str | None) -> Record:
    found = {
        "@type": "cr:FileObject",
        "@id": path,
        "name": path.rsplit("/", maxsplit=1)[-1],
        "description": about,
        "contentUrl": path,
        "contentSize": f"{size} B",
        "encodingFormat": encoding,
        "sha256": sha256,
    }
    return {name: value for name, value in found.items() if value is not None}


def _modules(context: Context, corpus: t.Corpus) -> Sequence[Module]:
    """The module that declares a corpus and those that it imports, but for the standard library."""
    first = next(m for m, decl in context.declarations(t.Corpus) if decl.name.name == corpus.name.name)
    found: dict[str, Module] = {}
    waiting = [first.key]
    while waiting:
        key = waiting.pop(0)
        if key not in found and not key.startswith("std."):
            found[key] = module = context.module(key)
            _refuse_python(module)
            waiting += [*module.aliases.values(), *module.imported.values()]
    return tuple(found.values())


def _refuse_python(module: Module) -> None:
    for decl in module.tree.decls:
        if isinstance(decl, t.Metric) and isinstance(decl.body, t.PythonBody):
            problem = f"declares `{decl.name}` in Python, and code does not travel with data"
            refuse(module.source.name, problem, "declare the corpus in a file of its own")
