"""The server: which feature answers which message. Standard input and output only.

Ensures that no request ends the server: an internal error is logged and answered with nothing.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable
from typing import TypeVar

from lsprotocol import types as p
from pygls.lsp.server import LanguageServer

from cyclspec import __version__
from cyclspec.lsp.checking import Checking
from cyclspec.lsp.desk import Desk
from cyclspec.lsp.session import Session

log = logging.getLogger(__name__)
Params = TypeVar("Params")
Result = TypeVar("Result")
_TRIGGERS = [".", "|", "{", "[", "(", "="]


def guarded(answer: Callable[[Params], Result]) -> Callable[[Params], Result | None]:
    """The same answer, or nothing where it fails."""

    def handle(params: Params) -> Result | None:
        try:
            return answer(params)
        except Exception:
            log.exception("no answer to %s", type(params).__name__)
            return None

    return handle


def make_server() -> LanguageServer:
    """A server with every feature, which no editor has spoken to yet."""
    server = LanguageServer("cyclspec", __version__, text_document_sync_kind=p.TextDocumentSyncKind.Full)
    desk = Desk()
    session = Session(desk, Checking(server, desk))
    for name, answer in (
        (p.TEXT_DOCUMENT_DID_OPEN, session.opened),
        (p.TEXT_DOCUMENT_DID_CHANGE, session.changed),
        (p.TEXT_DOCUMENT_DID_SAVE, session.saved),
        (p.TEXT_DOCUMENT_DID_CLOSE, session.closed),
        (p.TEXT_DOCUMENT_HOVER, session.hover),
        (p.TEXT_DOCUMENT_DEFINITION, session.define),
        (p.TEXT_DOCUMENT_REFERENCES, session.references),
        (p.TEXT_DOCUMENT_DOCUMENT_SYMBOL, session.symbols),
        (p.TEXT_DOCUMENT_INLAY_HINT, session.inlay_hints),
        (p.TEXT_DOCUMENT_FORMATTING, session.format),
        (p.TEXT_DOCUMENT_PREPARE_RENAME, session.prepare_rename),
    ):
        server.feature(name)(guarded(answer))
    server.feature(p.TEXT_DOCUMENT_RENAME, p.RenameOptions(prepare_provider=True))(guarded(session.rename))
    kinds = p.CodeActionOptions(code_action_kinds=[p.CodeActionKind.QuickFix])
    server.feature(p.TEXT_DOCUMENT_CODE_ACTION, kinds)(guarded(session.actions))
    options = p.CompletionOptions(trigger_characters=_TRIGGERS)
    server.feature(p.TEXT_DOCUMENT_COMPLETION, options)(guarded(session.complete))
    return server


def serve() -> None:
    """Serves one editor over standard input and output until it says goodbye.

    What anything prints goes to standard error: standard output is the protocol's.
    """
    logging.basicConfig(level=logging.WARNING)
    speech = sys.stdout.buffer
    sys.stdout = sys.stderr
    make_server().start_io(sys.stdin.buffer, speech)
