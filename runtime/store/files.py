"""Files that are whole or absent.

A file is written beside its place, flushed to disk, and renamed; the folder is flushed too. Ensures that a reader never
sees half a file, whenever the writer is stopped.
"""

from __future__ import annotations

import contextlib
import os
import tempfile
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq


def _flush_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def write_bytes(path: Path, data: bytes) -> None:
    """Puts `data` at `path`, whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(name, 0o644)
        os.replace(name, path)
    except BaseException:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(name)
        raise
    _flush_folder(path.parent)


def parquet_bytes(table: pa.Table) -> bytes:
    """A table as Parquet with page checksums; equal tables give equal bytes."""
    sink = pa.BufferOutputStream()
    pq.write_table(table, sink, compression="zstd", write_page_checksum=True, store_schema=True)
    data: bytes = sink.getvalue().to_pybytes()
    return data


def write_parquet(path: Path, table: pa.Table) -> None:
    write_bytes(path, parquet_bytes(table))


def read_parquet(path: Path) -> pa.Table:
    """A table whose checksums hold; raises `OSError` or `pyarrow.ArrowException` where they do not."""
    with pq.ParquetFile(path, page_checksum_verification=True) as file:
        return file.read()
