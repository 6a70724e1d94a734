"""Arrow IPC files and streams, read through a child process.

Damaged IPC data has been seen to end the reading process, and its compressed buffers claim their own size. The child
(`ipc_child.py`) has a memory limit, validates every batch in full and hands over plain batches.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa

from cyclspec.compiler.data.contracts import Budget
from cyclspec.compiler.data.files import OpenedFile
from cyclspec.compiler.data.ipc_child import OVER_MEMORY, TWICE
from cyclspec.compiler.data.refusals import refuse_file
from cyclspec.compiler.data.sources import Batch, Source

# Address space of an interpreter with Arrow loaded, before it reads anything.
_OWN = 3 << 30


def ipc_source(opened: OpenedFile, budget: Budget) -> Source:
    """Raises `SpecError` (`FileUnreadable`) where the file's schema cannot be read."""
    with contextlib.closing(_schemas_and_batches(opened, budget, ())) as found:
        schema = next(found)
    assert isinstance(schema, pa.Schema)
    return Source(tuple(schema.names), False, lambda wanted: _stream(opened, budget, wanted))


def _stream(opened: OpenedFile, budget: Budget, wanted: tuple[str, ...]) -> Iterator[Batch]:
    with contextlib.closing(_schemas_and_batches(opened, budget, wanted)) as found:
        next(found)
        for batch in found:
            yield Batch(batch.num_rows, {name: batch.column(name) for name in wanted})


def _schemas_and_batches(
    opened: OpenedFile, budget: Budget, wanted: tuple[str, ...]
) -> Generator[Any, None, None]:
    """The schema, then every batch."""
    # -P: the child's folder must not shadow the modules that Arrow imports.
    command = [
        sys.executable,
        "-P",
        str(Path(__file__).with_name("ipc_child.py")),
        str(budget.bytes + _OWN),
        *wanted,
    ]
    child = subprocess.Popen(
        command,
        stdin=opened.handle,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "ARROW_DEFAULT_MEMORY_POOL": "system"},
    )
    broken = False
    with child:
        try:
            with pa.ipc.open_stream(child.stdout) as reader:
                yield reader.schema
                yield from reader
        except (pa.ArrowException, OSError, ValueError):
            broken = True
        except GeneratorExit:
            child.kill()
            raise
    match child.returncode:
        case 0 if not broken:
            return
        case code if code == OVER_MEMORY:
            problem = f"needs more than {budget.bytes:,} bytes to decode"
        case code if code == TWICE:
            problem = "has two columns of one name"
        case code if code == -signal.SIGKILL:
            problem = "could not be read: its reader was ended from outside, most likely for want of memory"
        case _:
            problem = "is not an Arrow file, or is damaged"
    refuse_file(opened.path, problem, span=opened.span)
