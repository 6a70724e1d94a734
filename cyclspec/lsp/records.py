"""Diagnostics as the protocol's JSON, for tools that read it without a server.

Expects diagnostics of one check. Ensures what a server would publish: one entry a file, positions from zero in UTF-16,
and under `data` the edits that make the first help.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from cyclspec.language.diagnostics import Diagnostic
from cyclspec.language.diagnostics.mend import edits_of
from cyclspec.language.spans import Span
from cyclspec.lsp.positions import Place, extent_of

_SEVERITY = {"error": 1, "warning": 2}
_NOWHERE = {"start": {"line": 0, "character": 0}, "end": {"line": 0, "character": 0}}


def message(diagnostic: Diagnostic) -> str:
    """What a terminal says beside the source: the message, the caption, notes and help."""
    lines = [diagnostic.message]
    lines += [caption for caption in (diagnostic.caption,) if caption]
    lines += [f"at {place}" for place in (diagnostic.place,) if place]
    lines += [f"note: {note}" for note in diagnostic.notes]
    lines += [f"help: {text}" for text in diagnostic.helps]
    return "\n".join(lines)


def published(file: Path, diagnostics: Iterable[Diagnostic]) -> list[dict[str, Any]]:
    """The parameters of `textDocument/publishDiagnostics` for a checked file and every file it imports."""
    found: dict[str, list[dict[str, Any]]] = {_uri(str(file)): []}
    for diagnostic in sorted(diagnostics, key=Diagnostic.order):
        name = str(file) if diagnostic.span is None else diagnostic.span.source.name
        found.setdefault(_uri(name), []).append(_record(diagnostic))
    return [{"uri": uri, "diagnostics": records} for uri, records in found.items()]


def _uri(name: str) -> str:
    return name if name.startswith(("std.", "command line")) else Path(name).absolute().as_uri()


def _place(place: Place) -> dict[str, int]:
    return {"line": place.line, "character": place.character}


def _range(span: Span) -> dict[str, Any]:
    extent = extent_of(span, "utf-16")
    return {"start": _place(extent.start), "end": _place(extent.end)}


def _record(diagnostic: Diagnostic) -> dict[str, Any]:
    related = [
        {
            "location": {"uri": _uri(label.span.source.name), "range": _range(label.span)},
            "message": label.text,
        }
        for label in diagnostic.also
    ]
    edits = [{"range": _range(edit.span), "newText": edit.text} for edit in edits_of(diagnostic)]
    return {
        "range": _range(diagnostic.span) if diagnostic.span is not None else _NOWHERE,
        "severity": _SEVERITY[diagnostic.severity.value],
        "code": diagnostic.code,
        "source": "cyclspec",
        "message": message(diagnostic),
        "relatedInformation": related,
        "data": {"edits": edits},
    }
