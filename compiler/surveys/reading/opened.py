"""Opens a survey file safely, whatever its format.

Expects a path that may name anything. Ensures a plain file under its size limit, read through one handle that stands
at its start, and its digest.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from cyclspec.compiler.data.files import digest_bytes, open_regular
from cyclspec.compiler.surveys.refusals import refuse_file
from cyclspec.compiler.surveys.survey import Limits


@dataclass(frozen=True, slots=True)
class Opened:
    """A file, open at its start. `digest` is 64 hex digits of SHA-256; `size` counts bytes."""

    path: Path
    handle: BinaryIO
    size: int
    digest: str
    limits: Limits


@contextmanager
def opened(path: Path, limits: Limits) -> Iterator[Opened]:
    """Opens `path` and closes it at the end. Raises `SpecError` (`FileUnreadable`)."""
    with open_regular(path) as handle:
        before = os.fstat(handle.fileno())
        if before.st_size > limits.file_bytes:
            refuse_file(path, f"has {before.st_size:,} bytes; the limit is {limits.file_bytes:,}")
        if before.st_size == 0:
            refuse_file(path, "is empty")
        digest = digest_bytes(handle)
        handle.seek(0)
        yield Opened(path, handle, before.st_size, digest, limits)
        after = os.fstat(handle.fileno())
        if (after.st_size, after.st_mtime_ns) != (before.st_size, before.st_mtime_ns):
            refuse_file(path, "changed while it was read")


def check_shape(path: Path, rows: int, columns: int, limits: Limits) -> None:
    """Refuses more rows, columns or cells than the limits allow."""
    for count, most, what in (
        (columns, limits.columns, "columns"),
        (rows, limits.rows, "rows"),
        (rows * columns, limits.cells, "cells"),
    ):
        if count > most:
            refuse_file(path, f"has {count:,} {what}; the limit is {most:,}")
