"""One editor: its files, and an answer for every kind of request."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any, cast

from lsprotocol import types as p

from cyclspec.language.diagnostics.mend import edits_of
from cyclspec.language.format.printer import format_source
from cyclspec.language.spans import Span
from cyclspec.lsp import convert
from cyclspec.lsp.checking import Checking
from cyclspec.lsp.completion import complete
from cyclspec.lsp.convert import path_at
from cyclspec.lsp.desk import Desk
from cyclspec.lsp.hover import hover
from cyclspec.lsp.navigation import definition, hints, is_name, outline, renamable, uses
from cyclspec.lsp.positions import Encoding, Place, offset_of, whole
from cyclspec.lsp.view import View, for_completion, path_of

_LIBRARY = Path(str(files("cyclspec").joinpath("specs", "std")))


@dataclass(slots=True)
class Session:
    """Answers by the names of the protocol; each is given its parameters and returns its result or nothing."""

    desk: Desk
    checking: Checking

    @property
    def encoding(self) -> Encoding:
        return self.checking.encoding

    # -- files

    def opened(self, params: p.DidOpenTextDocumentParams) -> None:
        path = path_at(params.text_document.uri)
        self.desk.put(path, params.text_document.text)
        self.checking.now(path)

    def changed(self, params: p.DidChangeTextDocumentParams) -> None:
        path = path_at(params.text_document.uri)
        self.desk.put(path, params.content_changes[-1].text)
        self.checking.after_typing(path)

    def saved(self, params: p.DidSaveTextDocumentParams) -> None:
        self.desk.forget()
        self.checking.now(path_at(params.text_document.uri))

    def closed(self, params: p.DidCloseTextDocumentParams) -> None:
        path = path_at(params.text_document.uri)
        self.desk.drop(path)
        self.checking.publish(path, {})
        self.checking.others(path)

    # -- requests

    def _at(self, params: Any) -> tuple[View, int] | None:
        """The view of the file of a request, and the offset of its position."""
        path = path_at(params.text_document.uri)
        found = self.desk.view(path)
        return None if found is None else (found, self._offset(path, params.position))

    def _offset(self, path: Path, position: p.Position) -> int:
        return offset_of(self.desk.source(path), Place(position.line, position.character), self.encoding)

    def _range(self, span: Span) -> p.Range:
        return convert.span_range(self.desk.true(span), self.encoding)

    def _location(self, span: Span) -> p.Location:
        uri = self.checking.uri(path_of(span.source.name).absolute())
        return p.Location(uri, self._range(span))

    def hover(self, params: p.HoverParams) -> p.Hover | None:
        at = self._at(params)
        found = hover(*at) if at is not None else None
        if found is None:
            return None
        return p.Hover(p.MarkupContent(p.MarkupKind.Markdown, found[1]), self._range(found[0]))

    def complete(self, params: p.CompletionParams) -> p.CompletionList | None:
        path = path_at(params.text_document.uri)
        text = self.desk.source(path).text
        offset = self._offset(path, params.position)
        good = self.desk.good(path) or self.desk.view(path)
        here = for_completion(path, self.desk.texts, text, offset) or good
        found = complete(here, text, offset, good, self.desk.texts)
        return p.CompletionList(is_incomplete=False, items=[convert.completion_item(item) for item in found])

    def define(self, params: p.DefinitionParams) -> p.Location | None:
        at = self._at(params)
        target = definition(*at) if at is not None else None
        return None if target is None else self._location(target)

    def _uses(self, path: Path, target: Span) -> list[Span]:
        found: list[Span] = []
        for file in self.desk.program(path):
            here = self.desk.view(file)
            found.extend(uses(here, target) if here is not None else ())
        return found

    def references(self, params: p.ReferenceParams) -> list[p.Location] | None:
        at = self._at(params)
        target = definition(*at) if at is not None else None
        if target is None:
            return None
        found = [self._location(span) for span in self._uses(path_at(params.text_document.uri), target)]
        declared = self._location(target)
        return (
            found if params.context.include_declaration else [place for place in found if place != declared]
        )

    def prepare_rename(self, params: p.PrepareRenameParams) -> p.Range | None:
        at = self._at(params)
        span = renamable(*at, _LIBRARY) if at is not None else None
        return None if span is None else self._range(span)

    def rename(self, params: p.RenameParams) -> p.WorkspaceEdit | None:
        at = self._at(params)
        span = renamable(*at, _LIBRARY) if at is not None else None
        target = definition(*at) if at is not None else None
        if span is None or target is None or not is_name(params.new_name):
            return None
        changes: dict[str, list[p.TextEdit]] = {}
        for use in self._uses(path_at(params.text_document.uri), target):
            place = self._location(use)
            if use.text == target.text:
                changes.setdefault(place.uri, []).append(p.TextEdit(place.range, params.new_name))
        return p.WorkspaceEdit(changes=cast(dict[str, Sequence[p.TextEdit]], changes))

    def symbols(self, params: p.DocumentSymbolParams) -> list[p.DocumentSymbol] | None:
        here = self.desk.view(path_at(params.text_document.uri))
        if here is None:
            return None
        return [convert.symbol(entry, self.encoding, self.desk.true) for entry in outline(here)]

    def inlay_hints(self, params: p.InlayHintParams) -> list[p.InlayHint] | None:
        here = self.desk.view(path_at(params.text_document.uri))
        if here is None:
            return None
        found = [convert.hint(hint, here, self.encoding) for hint in hints(here)]
        first, last = params.range.start.line, params.range.end.line
        return [hint for hint in found if first <= hint.position.line <= last]

    def actions(self, params: p.CodeActionParams) -> list[p.CodeAction] | None:
        """What mends a mistake of the range, where a machine can."""
        path = path_at(params.text_document.uri)
        wanted = range(params.range.start.line, params.range.end.line + 1)
        found = [told for told in self.desk.report(path).get(path, ()) if edits_of(told)]
        return [
            convert.action(told, self.encoding, self.checking.uri)
            for told in found
            if told.span is not None and told.span.begin.line - 1 in wanted
        ]

    def format(self, params: p.DocumentFormattingParams) -> list[p.TextEdit] | None:
        source = self.desk.source(path_at(params.text_document.uri))
        text = format_source(source).text
        if text is None or text == source.text:
            return None
        return [p.TextEdit(convert.range_(whole(source, self.encoding)), text)]
