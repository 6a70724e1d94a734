"""An editor for tests: starts the server as a process of its own and speaks the protocol with it over stdio."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from lsprotocol import types as p
from pygls.lsp.client import LanguageClient

SECONDS = 60
Diagnostics = Sequence[p.Diagnostic]


class Editor:
    """One client; `shown` is what the server last published for each address."""

    def __init__(self, client: LanguageClient) -> None:
        self.client = client
        self.shown: dict[str, Diagnostics] = {}
        self.versions: dict[str, int] = {}
        self.exit_code: int | None = None
        self.log = b""
        self._news = asyncio.Event()

        @client.feature(p.TEXT_DOCUMENT_PUBLISH_DIAGNOSTICS)
        def published(params: p.PublishDiagnosticsParams) -> None:
            self.shown[params.uri] = params.diagnostics
            self._news.set()

    async def initialize(
        self, folder: Path, encodings: Sequence[p.PositionEncodingKind] | None = None
    ) -> Any:
        general = p.GeneralClientCapabilities(position_encodings=list(encodings)) if encodings else None
        result = await self._soon(
            self.client.initialize_async(
                p.InitializeParams(
                    capabilities=p.ClientCapabilities(general=general), root_uri=folder.as_uri()
                )
            )
        )
        self.client.initialized(p.InitializedParams())
        return result

    async def _soon(self, answer: Any) -> Any:
        return await asyncio.wait_for(answer, SECONDS)

    def open(self, path: Path, text: str | None = None) -> str:
        uri = path.as_uri()
        self.versions[uri] = 1
        written = path.read_text(encoding="utf-8") if text is None else text
        item = p.TextDocumentItem(uri, "cycl", 1, written)
        self.client.text_document_did_open(p.DidOpenTextDocumentParams(item))
        return uri

    def change(self, uri: str, text: str) -> None:
        self.versions[uri] += 1
        self.shown.pop(uri, None)
        self.client.text_document_did_change(
            p.DidChangeTextDocumentParams(
                p.VersionedTextDocumentIdentifier(self.versions[uri], uri),
                [p.TextDocumentContentChangeWholeDocument(text)],
            )
        )

    def close(self, uri: str) -> None:
        self.client.text_document_did_close(p.DidCloseTextDocumentParams(p.TextDocumentIdentifier(uri)))

    async def diagnostics(
        self, uri: str, until: Callable[[Diagnostics], bool] = lambda _: True
    ) -> Diagnostics:
        """What is published for an address, once it is as expected."""
        async with asyncio.timeout(SECONDS):
            while uri not in self.shown or not until(self.shown[uri]):
                self._news.clear()
                await self._news.wait()
        return self.shown[uri]

    async def hover(self, uri: str, line: int, character: int) -> p.Hover | None:
        at = p.HoverParams(p.TextDocumentIdentifier(uri), p.Position(line, character))
        return await self._soon(self.client.text_document_hover_async(at))

    async def complete(self, uri: str, line: int, character: int) -> list[str]:
        at = p.CompletionParams(p.TextDocumentIdentifier(uri), p.Position(line, character))
        found = await self._soon(self.client.text_document_completion_async(at))
        return [item.label for item in found.items] if found is not None else []

    async def define(self, uri: str, line: int, character: int) -> p.Location | None:
        at = p.DefinitionParams(p.TextDocumentIdentifier(uri), p.Position(line, character))
        return await self._soon(self.client.text_document_definition_async(at))

    async def format(self, uri: str) -> Sequence[p.TextEdit] | None:
        options = p.FormattingOptions(tab_size=2, insert_spaces=True)
        asked = p.DocumentFormattingParams(p.TextDocumentIdentifier(uri), options)
        return await self._soon(self.client.text_document_formatting_async(asked))

    async def actions(self, uri: str, line: int) -> Sequence[p.CodeAction]:
        """What the server offers to mend in a line."""
        here = p.Range(p.Position(line, 0), p.Position(line, 999))
        asked = p.CodeActionParams(p.TextDocumentIdentifier(uri), here, p.CodeActionContext([]))
        found = await self._soon(self.client.text_document_code_action_async(asked))
        return [action for action in found or () if isinstance(action, p.CodeAction)]

    async def leave(self) -> None:
        """Says goodbye and waits for the end of the server."""
        process = self.client._server
        assert process is not None and process.stderr is not None
        if process.returncode is None:
            await self._soon(self.client.shutdown_async(None))
            self.client.exit(None)
        self.log = await self._soon(process.stderr.read())
        await self._soon(self.client.stop())
        self.exit_code = process.returncode
        process._transport.close()  # type: ignore[attr-defined]


@asynccontextmanager
async def started(folder: Path, *encodings: p.PositionEncodingKind) -> AsyncIterator[Editor]:
    """An editor whose server runs and has been greeted; it leaves cleanly, and the server has logged nothing."""
    client = LanguageClient("tests", "1")
    await client.start_io(sys.executable, "-W", "error", "-m", "cyclspec", "lsp", cwd=folder)
    editor = Editor(client)
    try:
        await editor.initialize(folder, encodings)
        yield editor
    finally:
        await editor.leave()
    assert editor.exit_code == 0, editor.log.decode()
    assert editor.log.decode() == ""


def place(text: str, before: str) -> tuple[int, int]:
    """Line and character in UTF-16 units right behind the first occurrence of some words."""
    offset = text.index(before) + len(before)
    line = text.count("\n", 0, offset)
    start = text.rfind("\n", 0, offset) + 1
    return line, len(text[start:offset].encode("utf-16-le")) // 2
