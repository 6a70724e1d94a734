"""Checking while the author types: when, of which files, and what is published of it.

Ensures that a file is checked once the author has stopped typing for a moment, that the other open files follow, and
that a diagnostic found from two of them is shown once.
"""

from __future__ import annotations

import asyncio
import logging
import time
from dataclasses import dataclass, field
from pathlib import Path

from lsprotocol import types as p
from pygls.lsp.server import LanguageServer
from pygls.workspace import TextDocument

from cyclspec.lsp import convert
from cyclspec.lsp.desk import Desk
from cyclspec.lsp.positions import Encoding

log = logging.getLogger(__name__)
QUIET_SECONDS = 0.15
LONGEST_WAIT = 1.0
Found = dict[Path, list[p.Diagnostic]]


@dataclass(slots=True)
class Checking:
    """`sent` is what has been published, by the open file it was found from and the file it is about.

    `addresses` are the files as the editor spells them, which may be closed by now. `waiting` are the files to be
    checked, `seconds` how long the last check took: whoever has slow files waits longer.
    """

    server: LanguageServer
    desk: Desk
    sent: dict[Path, Found] = field(default_factory=dict)
    addresses: dict[Path, str] = field(default_factory=dict)
    waiting: dict[Path, asyncio.TimerHandle] = field(default_factory=dict)
    seconds: float = 0.0

    @property
    def encoding(self) -> Encoding:
        """What client and server agreed to count in."""
        match self.server.workspace.position_encoding:
            case p.PositionEncodingKind.Utf8:
                return "utf-8"
            case p.PositionEncodingKind.Utf32:
                return "utf-32"
        return "utf-16"

    def document(self, path: Path) -> TextDocument | None:
        """The open document of a path."""
        documents = self.server.workspace.text_documents.values()
        return next((document for document in documents if convert.path_at(document.uri) == path), None)

    def uri(self, path: Path) -> str:
        """The address of a file, as the editor spells it or last did."""
        document = self.document(path)
        if document is not None:
            self.addresses[path] = document.uri
        return self.addresses.get(path) or convert.uri_of(str(path))

    def after_typing(self, path: Path) -> None:
        """Checks a file when nothing has been typed for a moment."""
        self._later(path, min(LONGEST_WAIT, max(QUIET_SECONDS, 2 * self.seconds)))

    def now(self, path: Path) -> None:
        """Checks a file as soon as this message has been dealt with."""
        self._later(path, 0.0)

    def _later(self, path: Path, delay: float) -> None:
        if path in self.waiting:
            self.waiting.pop(path).cancel()
        loop = asyncio.get_running_loop()
        self.waiting[path] = loop.call_later(delay, self._check_with_others, path)

    def _check_with_others(self, path: Path) -> None:
        self._check(path)
        self.others(path)

    def others(self, path: Path) -> None:
        """The other open files, which may import what has changed. A request that comes in between goes first."""
        loop = asyncio.get_running_loop()
        for other in [other for other in self.desk.opened.values() if other != path]:
            if other not in self.waiting:
                self.waiting[other] = loop.call_later(0.0, self._check, other)

    def _check(self, path: Path) -> None:
        self.waiting.pop(path, None)
        if path.resolve() not in self.desk.opened:
            return
        started = time.monotonic()
        try:
            found = self.desk.report(path)
            shown = {
                about: [convert.diagnostic(d, self.encoding, self.uri) for d in items]
                for about, items in found.items()
            }
            self.publish(path, shown)
        except Exception:
            log.exception("%s could not be checked", path.name)
        self.seconds = time.monotonic() - started

    def publish(self, path: Path, found: Found) -> None:
        """Replaces what was found from one open file; nothing is found from a closed one."""
        before = self.sent.pop(path, {})
        if found:
            self.sent[path] = found
        for about in {**before, **found}:
            self._send(about)

    def _send(self, about: Path) -> None:
        found = [item for found in self.sent.values() for item in found.get(about, [])]
        merged = list({_identity(item): item for item in reversed(found)}.values())[::-1]
        document = self.document(about)
        version = document.version if document is not None else None
        self.server.text_document_publish_diagnostics(
            p.PublishDiagnosticsParams(self.uri(about), merged, version)
        )


def _identity(item: p.Diagnostic) -> tuple[object, ...]:
    """What two diagnostics share that say the same of the same place."""
    start, end = item.range.start, item.range.end
    return (start.line, start.character, end.line, end.character, item.code, item.message)
