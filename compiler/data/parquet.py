"""Parquet files, text kept dictionary-encoded while it is read.

A Parquet file of 500 bytes can stand for gigabytes: row counts and sizes of its footer are checked first, and, since
a footer may lie, the stream is counted again by the reader of batches.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from cyclspec.compiler.data.contracts import Budget
from cyclspec.compiler.data.files import OpenedFile
from cyclspec.compiler.data.refusals import refuse_file
from cyclspec.compiler.data.sources import ROWS, Batch, Source

_DAMAGE = (pa.ArrowException, OSError, ValueError, MemoryError, TypeError)
# The least that one value of a column takes once decoded, in bytes.
_LEAST = 1


def parquet_source(opened: OpenedFile, budget: Budget) -> Source:
    """Raises `SpecError` (`FileUnreadable`): damaged, encrypted, or over the budget by its own footer."""
    try:
        plain = pq.ParquetFile(opened.handle)
        metadata, schema = plain.metadata, plain.schema
        names = tuple(plain.schema_arrow.names)
        leaves = [schema.column(i) for i in range(len(schema))]
        texts = [leaf.path for leaf in leaves if leaf.physical_type == "BYTE_ARRAY"]
    except _DAMAGE as error:
        refuse_file(opened.path, f"is not a readable Parquet file: {_first_line(error)}", span=opened.span)
    if metadata.num_rows > budget.rows:
        problem = f"has {metadata.num_rows:,} rows; the limit is {budget.rows:,}"
        refuse_file(opened.path, problem, span=opened.span)

    def stream(wanted: tuple[str, ...]) -> Iterator[Batch]:
        _check_footer(opened, budget, metadata, wanted)
        return _stream(opened, texts, wanted)

    return Source(names, False, stream)


def _check_footer(opened: OpenedFile, budget: Budget, metadata: Any, wanted: tuple[str, ...]) -> None:
    size, values = 0, 0
    for group in range(metadata.num_row_groups):
        for i in range(metadata.num_columns):
            chunk = metadata.row_group(group).column(i)
            path = chunk.path_in_schema
            if not any(path == name or path.startswith(name + ".") for name in wanted):
                continue
            size += chunk.total_uncompressed_size
            values += chunk.num_values
    if max(size, values * _LEAST) > budget.bytes:
        refuse_file(opened.path, f"holds more than {budget.bytes:,} bytes once decoded", span=opened.span)


def _stream(opened: OpenedFile, texts: list[str], wanted: tuple[str, ...]) -> Iterator[Batch]:
    try:
        opened.handle.seek(0)
        file = pq.ParquetFile(opened.handle, read_dictionary=texts, pre_buffer=False)
        for batch in file.iter_batches(batch_size=ROWS, columns=list(wanted), use_threads=False):
            batch.validate()
            yield Batch(batch.num_rows, {name: batch.column(name) for name in wanted})
    except _DAMAGE as error:
        refuse_file(opened.path, f"is damaged: {_first_line(error)}", span=opened.span)


def _first_line(error: BaseException) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0][:160]
