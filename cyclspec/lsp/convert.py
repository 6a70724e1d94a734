"""Plain data of this package as types of the protocol."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final, cast

from lsprotocol import types as p
from pygls import uris

from cyclspec.language.diagnostics import Diagnostic
from cyclspec.language.diagnostics.mend import edits_of
from cyclspec.language.spans import Span
from cyclspec.lsp.hover import harmless
from cyclspec.lsp.items import Item
from cyclspec.lsp.navigation import Entry, Hint
from cyclspec.lsp.positions import Encoding, Extent, Place, extent_of, place_of
from cyclspec.lsp.records import message
from cyclspec.lsp.view import View, path_of

_ITEMS: Final = {
    "level": p.CompletionItemKind.EnumMember,
    "axis": p.CompletionItemKind.Variable,
    "let": p.CompletionItemKind.Variable,
    "ask": p.CompletionItemKind.Variable,
    "formal": p.CompletionItemKind.Variable,
    "column": p.CompletionItemKind.Field,
    "attribute": p.CompletionItemKind.Field,
    "field": p.CompletionItemKind.Property,
    "argument": p.CompletionItemKind.Property,
    "module": p.CompletionItemKind.Module,
    "keyword": p.CompletionItemKind.Keyword,
    "type": p.CompletionItemKind.TypeParameter,
    "function": p.CompletionItemKind.Function,
    "reducer": p.CompletionItemKind.Operator,
    "metric": p.CompletionItemKind.Function,
    "prompt": p.CompletionItemKind.Function,
    "param": p.CompletionItemKind.Constant,
    "scale": p.CompletionItemKind.Enum,
    "corpus": p.CompletionItemKind.Struct,
    "table": p.CompletionItemKind.Struct,
    "panel": p.CompletionItemKind.Class,
    "target": p.CompletionItemKind.Class,
    "audit": p.CompletionItemKind.Event,
}
_SYMBOLS: Final = {
    "param": p.SymbolKind.Constant,
    "scale": p.SymbolKind.Enum,
    "axis": p.SymbolKind.Enum,
    "level": p.SymbolKind.EnumMember,
    "corpus": p.SymbolKind.Package,
    "table": p.SymbolKind.Struct,
    "column": p.SymbolKind.Field,
    "target": p.SymbolKind.Object,
    "prompt": p.SymbolKind.Function,
    "metric": p.SymbolKind.Function,
    "formal": p.SymbolKind.Variable,
    "panel": p.SymbolKind.Class,
    "factor": p.SymbolKind.Property,
    "model": p.SymbolKind.Object,
    "audit": p.SymbolKind.Module,
    "each": p.SymbolKind.Array,
    "ask": p.SymbolKind.Event,
    "let": p.SymbolKind.Variable,
    "measure": p.SymbolKind.Number,
    "check": p.SymbolKind.Boolean,
}
True_ = Callable[[Span], Span]
Address = Callable[[Path], str]


def position(place: Place) -> p.Position:
    return p.Position(place.line, place.character)


def range_(extent: Extent) -> p.Range:
    return p.Range(position(extent.start), position(extent.end))


def span_range(span: Span, encoding: Encoding) -> p.Range:
    return range_(extent_of(span, encoding))


def path_at(uri: str) -> Path:
    """The path that an address stands for; a file that was never saved gets one of its own."""
    return Path(uris.to_fs_path(uri) or uri).absolute()


def uri_of(name: str) -> str:
    """The address of the file that a source is called after."""
    return uris.from_fs_path(str(path_of(name).absolute())) or ""


def location(span: Span, encoding: Encoding, uri: Address) -> p.Location:
    return p.Location(uri(path_of(span.source.name).absolute()), span_range(span, encoding))


def diagnostic(found: Diagnostic, encoding: Encoding, uri: Address) -> p.Diagnostic:
    """One diagnostic; without a place it stands at the start of the file."""
    start = Extent(Place(0, 0), Place(0, 0))
    error = found.severity == "error"
    return p.Diagnostic(
        range=range_(start) if found.span is None else span_range(found.span, encoding),
        severity=p.DiagnosticSeverity.Error if error else p.DiagnosticSeverity.Warning,
        code=found.code,
        source="cyclspec",
        message=message(found),
        related_information=[
            p.DiagnosticRelatedInformation(location(label.span, encoding, uri), label.text)
            for label in found.also
        ],
    )


def action(found: Diagnostic, encoding: Encoding, uri: Address) -> p.CodeAction:
    """The first help of a diagnostic as a change of the text."""
    changes: dict[str, list[p.TextEdit]] = {}
    for edit in edits_of(found):
        place = location(edit.span, encoding, uri)
        changes.setdefault(place.uri, []).append(p.TextEdit(place.range, edit.text))
    return p.CodeAction(
        title=found.helps[0] if found.helps else found.message,
        kind=p.CodeActionKind.QuickFix,
        diagnostics=[diagnostic(found, encoding, uri)],
        edit=p.WorkspaceEdit(changes=cast(dict[str, Sequence[p.TextEdit]], changes)),
        is_preferred=True,
    )


def completion_item(item: Item) -> p.CompletionItem:
    return p.CompletionItem(
        label=item.label,
        kind=_ITEMS.get(item.kind, p.CompletionItemKind.Value),
        detail=item.detail or None,
        documentation=p.MarkupContent(p.MarkupKind.Markdown, harmless(item.doc)) if item.doc else None,
        sort_text=f"{item.rank}{item.label}",
    )


def symbol(entry: Entry, encoding: Encoding, true: True_) -> p.DocumentSymbol:
    return p.DocumentSymbol(
        name=entry.name,
        kind=_SYMBOLS[entry.kind],
        range=span_range(true(entry.span), encoding),
        selection_range=span_range(true(entry.at), encoding),
        detail=entry.detail or None,
        children=[symbol(inner, encoding, true) for inner in entry.below],
    )


def hint(found: Hint, view: View, encoding: Encoding) -> p.InlayHint:
    place = place_of(view.source, found.offset, encoding)
    return p.InlayHint(position(place), found.text, kind=p.InlayHintKind.Type)
