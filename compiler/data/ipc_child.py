"""Reads an Arrow IPC file or stream from standard input and writes validated batches to standard output.

Run as a process of its own: damaged IPC data can end the interpreter that reads it, and compressed buffers may claim
any size, so this process has a memory limit (first argument, bytes; columns follow). It imports pyarrow alone.
Exit codes: 0 done, 3 damaged, 4 over the memory limit, 5 a column is there twice.
"""

from __future__ import annotations

import os
import resource
import sys

import pyarrow as pa

ROWS = 65_536
DAMAGED, OVER_MEMORY, TWICE = 3, 4, 5


def main(limit: int, wanted: list[str]) -> int:
    """Copies the columns `wanted` (none: the schema alone). Gives the exit code."""
    _soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (limit if hard < 0 else min(limit, hard), hard))
    try:
        return _copy(wanted)
    except MemoryError:
        return OVER_MEMORY
    except (pa.ArrowException, OSError, ValueError, KeyError, TypeError):
        return DAMAGED


def _copy(wanted: list[str]) -> int:
    # The offset is shared with the parent and with readers before this one.
    sys.stdin.buffer.seek(0, os.SEEK_END)
    sys.stdin.buffer.seek(0)
    source = pa.PythonFile(sys.stdin.buffer, mode="r")
    is_file = sys.stdin.buffer.read(6) == b"ARROW1"
    sys.stdin.buffer.seek(0)
    reader = pa.ipc.open_file(source) if is_file else pa.ipc.open_stream(source)
    names = reader.schema.names
    if len(set(names)) < len(names):
        return TWICE
    schema = pa.schema([reader.schema.field(name) for name in wanted]) if wanted else reader.schema
    batches = (reader.get_batch(i) for i in range(reader.num_record_batches)) if is_file else reader
    with pa.ipc.new_stream(sys.stdout.buffer, schema) as writer:
        for batch in batches if wanted else ():
            batch.validate(full=True)
            chosen = batch.select(wanted)
            for start in range(0, chosen.num_rows, ROWS):
                writer.write_batch(chosen.slice(start, ROWS))
    return 0


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), sys.argv[2:]))
