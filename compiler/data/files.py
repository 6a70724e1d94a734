"""Opens a data file safely.

Expects a path from a spec: it may name anything. Ensures a regular file under its size limit, read through one
handle, whose digest fits its pins, in the spec and in the lock; text formats are UTF-8. What is refused raises
`SpecError` with `FileUnreadable` or `CorpusHashDiffers`.
"""

from __future__ import annotations

import codecs
import hashlib
import os
import re
import stat
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, NoReturn

from cyclspec.compiler.data.contracts import Budget, Format, Table
from cyclspec.compiler.data.refusals import refuse_file
from cyclspec.language.diagnostics.base import Diagnostic, SpecError
from cyclspec.language.diagnostics.cy07_data_and_plan import CorpusHashDiffers
from cyclspec.language.names.lock import FILE
from cyclspec.language.spans import Span

_CHUNK = 1 << 20
_PIN = re.compile(r"sha256:([0-9a-f]{12,64})\Z")
_SUFFIXES: dict[str, Format] = {
    ".parquet": "parquet",
    ".pq": "parquet",
    ".csv": "csv",
    ".json": "json",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".arrow": "arrow",
    ".feather": "arrow",
    ".ipc": "arrow",
}
_PACKED = {
    b"\x1f\x8b": "is compressed with gzip; unpack it first",
    b"\x28\xb5\x2f\xfd": "is compressed with zstd; unpack it first",
    b"BZh": "is compressed with bzip2; unpack it first",
    b"\xfd7zXZ": "is compressed with xz; unpack it first",
    b"PK\x03\x04": "is a zip archive or a spreadsheet; save it as CSV or Parquet",
    b"\xff\xfe": "is UTF-16, not UTF-8; save it as UTF-8",
    b"\xfe\xff": "is UTF-16, not UTF-8; save it as UTF-8",
}


@dataclass(frozen=True, slots=True)
class OpenedFile:
    """A regular file, open at its start. `digest` is 64 hex digits of SHA-256; `size` counts bytes."""

    path: Path
    format: Format
    handle: BinaryIO
    size: int
    digest: str
    span: Span | None = None


def format_of(path: Path) -> Format:
    """The format that a file's suffix names. Raises `SpecError` (`FileUnreadable`) for any other suffix."""
    found = _SUFFIXES.get(path.suffix.lower())
    if found is not None:
        return found
    if path.suffix.lower() in {".gz", ".zst", ".bz2", ".xz", ".zip"}:
        refuse_file(path, "is compressed; unpack it first")
    refuse_file(path, "has no suffix of a data format", f"known suffixes: {', '.join(_SUFFIXES)}")


@contextmanager
def open_table(table: Table, budget: Budget) -> Iterator[OpenedFile]:
    """Opens the file of `table`, checks its size, encoding and pin, and closes it at the end.

    Raises `SpecError`: `FileUnreadable` or `CorpusHashDiffers`.
    """
    with open_regular(table.path, table.span, table.elsewhere) as handle:
        before = os.fstat(handle.fileno())
        if before.st_size > budget.file_bytes:
            limit = f"{budget.file_bytes:,}"
            refuse_file(table.path, f"has {before.st_size:,} bytes; the limit is {limit}", span=table.span)
        if before.st_size == 0:
            refuse_file(table.path, "is empty", span=table.span)
        textual = table.format in ("csv", "json", "jsonl")
        digest = _digest_text(handle, table.path) if textual else digest_bytes(handle)
        _check_pin(table, digest)
        handle.seek(0)
        yield OpenedFile(table.path, table.format, handle, before.st_size, digest, table.span)
        after = os.fstat(handle.fileno())
        if (after.st_size, after.st_mtime_ns) != (before.st_size, before.st_mtime_ns):
            refuse_file(table.path, "changed while it was read", span=table.span)


def changed_files(tables: Iterable[Table], budget: Budget | None = None) -> Iterator[Diagnostic]:
    """What differs from its pin among files that are here; one that is absent is left to whoever reads it."""
    for table in tables:
        if (table.hash is None and table.locked is None) or not table.path.is_file():
            continue
        try:
            with open_table(table, budget or Budget()):
                pass
        except SpecError as error:
            yield from error.diagnostics


def open_regular(path: Path, span: Span | None = None, elsewhere: tuple[str, ...] = ()) -> BinaryIO:
    """A plain file, open for reading. Raises `SpecError` (`FileUnreadable`) for anything else.

    `elsewhere` is what is known of a file that did not travel with a pack.
    """
    try:
        # O_NONBLOCK: opening a fifo must not wait for a writer.
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError:
        if elsewhere:
            helps = "`--files FOLDER` finds it by its digest"
            refuse_file(path, "did not travel with the pack", helps, span=span, notes=elsewhere)
        refuse_file(path, "does not exist", f"it was looked for at {path}", span=span)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else "its path is not valid"
        refuse_file(path, f"cannot be opened: {reason}", span=span)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        refuse_file(path, "is not a plain file", span=span)
    return os.fdopen(descriptor, "rb")


def digest_bytes(handle: BinaryIO) -> str:
    """SHA-256 of what is left of a file, as 64 hex digits."""
    digest = hashlib.sha256()
    while chunk := handle.read(_CHUNK):
        digest.update(chunk)
    return digest.hexdigest()


def _digest_text(handle: BinaryIO, path: Path) -> str:
    """The digest of a text file, which is refused where it is not UTF-8."""
    digest = hashlib.sha256()
    decoder = codecs.getincrementaldecoder("utf-8")()
    offset, lines = 0, 0
    while chunk := handle.read(_CHUNK):
        if offset == 0:
            _refuse_packed(chunk, path)
        digest.update(chunk)
        pending = len(decoder.getstate()[0])
        try:
            decoder.decode(chunk)
        except UnicodeDecodeError as error:
            # `error.start` counts from the bytes that were kept from the chunk before.
            at = error.start - pending
            line = lines + chunk.count(b"\n", 0, max(at, 0)) + 1
            refuse_file(path, f"is not UTF-8: byte {offset + at:,}, line {line:,}", "save it as UTF-8")
        if b"\0" in chunk:
            at = chunk.index(b"\0")
            refuse_file(path, f"is not text: byte {offset + at:,} is zero", "save it as UTF-8")
        offset += len(chunk)
        lines += chunk.count(b"\n")
    if decoder.getstate()[0]:
        refuse_file(path, f"is not UTF-8: it ends within a character, line {lines + 1:,}", "save it as UTF-8")
    return digest.hexdigest()


def _refuse_packed(start: bytes, path: Path) -> None:
    for magic, problem in _PACKED.items():
        if start.startswith(magic):
            refuse_file(path, problem)


def _check_pin(table: Table, digest: str) -> None:
    if table.hash is not None:
        pin = _PIN.match(table.hash)
        note = () if pin else ("the hash in the spec is not `sha256:` and 12 to 64 hex digits",)
        if pin is None or not digest.startswith(pin.group(1)):
            _differs(table, digest, f"if the change is wanted, write `hash = sha256:{digest[:12]}`", note)
    locked = table.locked
    if locked is not None and locked.pin.sha256 != digest:
        note = (f"`{FILE}` has sha256:{locked.pin.sha256[:12]}",)
        _differs(table, digest, locked.help, note)


def _differs(table: Table, digest: str, wanted: str, notes: tuple[str, ...]) -> NoReturn:
    found = CorpusHashDiffers(
        file=table.path.name,
        found=digest[:12],
        span=table.span,
        place=table.path.name,
        notes=notes,
        helps=(wanted,),
    )
    raise SpecError([found])
