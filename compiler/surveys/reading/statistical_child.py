"""Reads an SPSS or Stata file and writes it to standard output as an Arrow stream; a process of its own.

Arguments: path, `sav` or `dta`, encoding ("" for what the file says), most bytes of address space. It imports pyarrow
and pyreadstat alone. A column of numbers with extended missing values has a second one beside it with their letters.
What the file says of itself is JSON in the metadata of the schema. Exit codes: 0 done, 3 damaged, 4 over the memory
limit, 5 texts are in another encoding.
"""

from __future__ import annotations

import json
import resource
import sys
from collections.abc import Iterator
from typing import Any, Literal

DAMAGED, OVER_MEMORY, WRONG_ENCODING = 3, 4, 5
TAG = ".tag"
_CELLS = 2_000_000
_DATES = (
    *(
        "DATE",
        "ADATE",
        "EDATE",
        "SDATE",
        "JDATE",
        "QYR",
        "MOYR",
        "WKYR",
        "DATETIME",
        "YMDHMS",
        "TIME",
        "DTIME",
    ),
    *("MTIME", "WKDAY", "MONTH", "%T", "%D", "%-T", "%-D"),
)


def main(path: str, kind: str, encoding: str, limit: int) -> int:
    """Copies the file. Gives the exit code."""
    _soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (limit if hard < 0 else min(limit, hard), hard))
    import pyreadstat

    try:
        return _copy(pyreadstat, path, kind, encoding or None)
    except MemoryError:
        return OVER_MEMORY
    except (UnicodeError, LookupError):
        return WRONG_ENCODING
    except (pyreadstat.ReadstatError, pyreadstat.PyreadstatError) as error:
        return WRONG_ENCODING if "encoding" in str(error).lower() else DAMAGED
    except (ValueError, TypeError, OSError):
        return DAMAGED


def _copy(library: Any, path: str, kind: str, encoding: str | None) -> int:
    import pyarrow as pa

    read = library.read_dta if kind == "dta" else library.read_sav
    options = {"output_format": "dict", "disable_datetime_conversion": True, "user_missing": True}
    if encoding is not None:
        options["encoding"] = encoding
    _, meta = read(path, metadataonly=True, **options)
    columns = [_column(meta, name, kind) for name in meta.column_names]
    about = {
        "title": meta.file_label or "",
        "encoding": meta.file_encoding or "",
        "rows": meta.number_rows,
        "columns": columns,
        "weight": None if kind == "dta" else _weight(path, meta),
        "sets": {str(name): list(found["variable_list"]) for name, found in (meta.mr_sets or {}).items()},
    }
    schema = _schema(columns).with_metadata({b"survey": json.dumps(about).encode()})
    step = max(1, _CELLS // max(1, len(columns)))
    with pa.ipc.new_stream(sys.stdout.buffer, schema) as writer:
        for data in _chunks(read, path, options, step) if columns else ():
            arrays = [
                array for i, c in enumerate(columns) for array in _arrays(data[meta.column_names[i]], c)
            ]
            writer.write_batch(pa.record_batch(arrays, schema=schema))
    return 0


def _chunks(read: Any, path: str, options: dict[str, Any], step: int) -> Iterator[dict[str, list[Any]]]:
    offset = 0
    while True:
        data, _ = read(path, row_offset=offset, row_limit=step, **options)
        rows = len(next(iter(data.values()), ()))
        if rows or offset == 0:
            yield data
        if rows < step:
            return
        offset += rows


def _column(meta: Any, name: str, kind: str) -> dict[str, Any]:
    textual = meta.readstat_variable_types[name] == "string"
    format_ = (meta.original_variable_types.get(name) or "").upper()
    labels = meta.variable_value_labels.get(name) or {}
    return {
        "name": name,
        "label": meta.column_names_to_labels.get(name) or "",
        "kind": "text" if textual else "date" if format_.startswith(_DATES) else "number",
        "measure": meta.variable_measure.get(name) or "unknown",
        "labels": [[value, str(label or "")] for value, label in labels.items() if _is_value(value)],
        "missing": [[part["lo"], part["hi"]] for part in meta.missing_ranges.get(name) or []],
        "tagged": kind == "dta" and not textual,
    }


def _weight(path: str, meta: Any) -> int | None:
    """The position of the column by which an SPSS file weights its cases, None where it does not.

    Its header counts in cells of eight bytes, from one (PSPP developers' guide, "File Header Record").
    """
    with open(path, "rb") as file:
        header = file.read(80)
    order: Literal["little", "big"] = "little" if header[64] in (2, 3) else "big"
    wanted, cell = int.from_bytes(header[76:80], order), 1
    for position, name in enumerate(meta.column_names):
        if cell == wanted:
            return position
        cell += _cells(meta.variable_storage_width[name])
    return None


def _cells(width: int) -> int:
    """Cells of eight bytes that a variable takes; a longer text is cut into pieces of 252, each padded to 255."""
    whole = 0 if width <= 255 else (width - 1) // 252
    return whole * 32 + -(-(width - whole * 252) // 8)


def _is_value(value: Any) -> bool:
    return isinstance(value, str) or (isinstance(value, (int, float)) and value == value)


def _schema(columns: list[dict[str, Any]]) -> Any:
    import pyarrow as pa

    fields = []
    for position, column in enumerate(columns):
        fields.append((str(position), pa.string() if column["kind"] == "text" else pa.float64()))
        if column["tagged"]:
            fields.append((f"{position}{TAG}", pa.string()))
    return pa.schema(fields)


def _arrays(values: list[Any], column: dict[str, Any]) -> list[Any]:
    import pyarrow as pa

    if column["kind"] == "text":
        return [pa.array([value or None for value in values], pa.string())]
    if not column["tagged"]:
        return [pa.array(values, pa.float64())]
    numbers = [None if isinstance(value, str) else value for value in values]
    tags = [value if isinstance(value, str) else None for value in values]
    return [pa.array(numbers, pa.float64()), pa.array(tags, pa.string())]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4])))
