"""The files that are open in an editor, and what is known of each: diagnostics, views, the last view that was good.

Expects whole texts. Ensures that texts in the editor stand for those on disk in every program that imports them, and
that nothing is computed twice for the same texts.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from cyclspec import pipeline
from cyclspec.language.diagnostics import Diagnostic
from cyclspec.language.spans import Source, Span
from cyclspec.lsp.view import View, path_of, plain, view


@dataclass(slots=True)
class Desk:
    """`texts` are what the editor holds, by resolved path; `opened` the paths as the editor names them."""

    opened: dict[Path, Path] = field(default_factory=dict)
    texts: dict[Path, str] = field(default_factory=dict)
    _views: dict[Path, View | None] = field(default_factory=dict)
    _reports: dict[Path, Mapping[Path, tuple[Diagnostic, ...]]] = field(default_factory=dict)
    _good: dict[Path, View] = field(default_factory=dict)
    _sources: dict[Path, Source] = field(default_factory=dict)

    def put(self, path: Path, text: str) -> None:
        """A file was opened or changed."""
        self.opened[path.resolve()] = path
        self.texts[path.resolve()] = text
        self.forget()

    def drop(self, path: Path) -> None:
        """A file was closed: what is on disk counts again."""
        for table in (self.opened, self.texts, self._good):
            table.pop(path.resolve(), None)
        self.forget()

    def forget(self) -> None:
        """Something changed."""
        self._views.clear()
        self._reports.clear()
        self._sources.clear()

    def source(self, path: Path) -> Source:
        """The text of an open file, with the line ends that places are counted in."""
        if path not in self._sources:
            self._sources[path] = Source(str(path), plain(self.texts.get(path.resolve(), "")))
        return self._sources[path]

    def true(self, span: Span) -> Span:
        """A span in the text as it is, where the one it was found in had been repaired."""
        path = path_of(span.source.name)
        if path not in self._sources and path.resolve() not in self.texts:
            return span
        return Span(self.source(path), span.start, span.end)

    def view(self, path: Path) -> View | None:
        """What can be understood of a file now."""
        key = path.resolve()
        if key not in self._views:
            self._views[key] = found = view(path, self.texts)
            if found is not None:
                self._good[key] = found
        return self._views[key]

    def good(self, path: Path) -> View | None:
        """What could be understood of a file when it last could be."""
        return self._good.get(path.resolve())

    def report(self, path: Path) -> Mapping[Path, tuple[Diagnostic, ...]]:
        """Everything that is wrong with an open file and what it imports, by file.

        A diagnostic without a place is the open file's.
        """
        if path not in self._reports:
            found: dict[Path, list[Diagnostic]] = {path: []}
            for diagnostic in pipeline.check(path, texts=self.texts).diagnostics:
                place = path_of(diagnostic.span.source.name) if diagnostic.span is not None else path
                found.setdefault(self.opened.get(place.resolve(), place), []).append(diagnostic)
            self._reports[path] = {place: tuple(dict.fromkeys(items)) for place, items in found.items()}
        return self._reports[path]

    def program(self, path: Path) -> Iterator[Path]:
        """The files of the project in which a name of an open file can be used: those open, and all they import."""
        seen: set[Path] = set()
        for opened in (path, *self.opened.values()):
            here = self.view(opened)
            modules = here.context.program.modules.values() if here is not None else ()
            for file in (opened, *(path_of(m.source.name) for m in modules if not m.key.startswith("std."))):
                if file.resolve() not in seen:
                    seen.add(file.resolve())
                    yield self.opened.get(file.resolve(), file)
