"""The tables of a run, as other programs open them."""

from __future__ import annotations

import datetime
import getpass
import json
import re
import socket
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from worlds_on_disk import Ran

import cyclspec

TEXTS, REALS = pa.list_(pa.string()), pa.list_(pa.float32())
LEVEL = pa.dictionary(pa.int32(), pa.string())
COLUMNS: dict[str, dict[str, pa.DataType]] = {
    "answers": {
        "ask": LEVEL,
        "item": LEVEL,
        "country": LEVEL,
        "model": LEVEL,
        "request": pa.string(),
        "options": TEXTS,
        "codes": TEXTS,
        "probs": REALS,
        "logprobs": REALS,
        "mass": pa.float32(),
        "unseen": pa.float32(),
        "n": pa.int64(),
        **dict.fromkeys(("choice", "text"), pa.string()),
        "fields": pa.list_(pa.struct([(name, pa.string()) for name in ("field", "value", "reason")])),
        "ended": LEVEL,
        "attempts": pa.int32(),
        "status": LEVEL,
        "reason": LEVEL,
    },
    "requests": {
        "request": pa.string(),
        "model": LEVEL,
        "messages": pa.list_(pa.struct([("role", pa.string()), ("content", pa.string())])),
        "prefix": pa.string(),
        "text": pa.string(),
        "token_ids": pa.list_(pa.int32()),
        "read": LEVEL,
        **dict.fromkeys(("label_ids", "option_ids"), pa.list_(pa.list_(pa.int32()))),
        **dict.fromkeys(("option_bytes", "context_ids"), pa.list_(pa.int32())),
        **dict.fromkeys(("temperature", "top_p"), pa.float64()),
        "max_tokens": pa.int32(),
        "stop_ids": pa.list_(pa.int32()),
        "seed": pa.list_(pa.uint32()),
        "record": pa.string(),
        "options": TEXTS,
        "codes": TEXTS,
        "top_tokens": pa.int32(),
        **dict.fromkeys(("system_folded", "prefix_folded"), pa.bool_()),
        **dict.fromkeys(("served", "fingerprint"), pa.string()),
    },
    "measures": {
        "measure": LEVEL,
        "country": LEVEL,
        "model": LEVEL,
        **dict.fromkeys(
            (
                "value",
                "low",
                "high",
                "floor",
                "uniform",
                "others",
                "shuffled",
                "equal_n",
                "null",
                "times_null",
                "p_value",
                "p_adjusted",
            ),
            pa.float64(),
        ),
        "unit": LEVEL,
        **dict.fromkeys(("n_used", "n_clusters", "n_missing"), pa.int64()),
        **dict.fromkeys(("n_refused", "n_off_scale", "n_unreadable", "n_absent"), pa.int64()),
        "missing": pa.string(),
        **dict.fromkeys(("bound_low", "bound_high", "outside", "outside_most"), pa.float64()),
        "withheld_by": pa.string(),
        **dict.fromkeys(("value_unexcluded", "error", "bias", "deff"), pa.float64()),
        **dict.fromkeys(("interval", "estimand"), LEVEL),
        "draws": pa.int64(),
        **dict.fromkeys(("test", "adjust"), LEVEL),
        "warning": pa.string(),
    },
    "checks": {
        "check": LEVEL,
        "model": LEVEL,
        "passed": pa.bool_(),
        "on_fail": LEVEL,
        "because": pa.string(),
    },
}
ROWS = {"answers": 18, "requests": 18, "measures": 13, "checks": 1}


def file_of(ran: Ran, table: str) -> Path:
    return next(ran.run.glob(f"**/{table}.parquet"))


def metadata(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(pq.read_schema(path).metadata[b"cyclspec"])
    return found


@pytest.mark.parametrize("table", COLUMNS)
def test_every_library_opens_a_table_with_its_documented_columns(ran: Ran, table: str) -> None:
    path, columns = file_of(ran, table), list(COLUMNS[table])
    schema = pq.read_schema(path)
    assert {field.name: field.type for field in schema} == COLUMNS[table]
    assert pq.read_table(path).num_rows == ROWS[table]
    frame = pd.read_parquet(path)
    assert (list(frame.columns), len(frame)) == (columns, ROWS[table])
    polar = pl.read_parquet(path)
    assert (polar.columns, polar.height) == (columns, ROWS[table])
    duck = duckdb.sql(f"select * from '{path}'")
    assert (duck.columns, len(duck.fetchall())) == (columns, ROWS[table])


def test_libraries_agree_on_the_values(ran: Ran) -> None:
    path = file_of(ran, "measures")
    expected = pq.read_table(path)["value"].to_pylist()
    assert pd.read_parquet(path)["value"].tolist() == expected
    assert pl.read_parquet(path)["value"].to_list() == expected
    assert [row[0] for row in duckdb.sql(f"select value from '{path}'").fetchall()] == expected
    best = duckdb.sql(
        f"select country from '{path}' where measure = 'flat' order by value limit 1"
    ).fetchall()
    flat = pl.read_parquet(path).filter(pl.col("measure") == "flat").sort("value")
    assert best[0][0] == flat["country"].to_list()[0]


@pytest.mark.parametrize("table", COLUMNS)
def test_the_definition_travels_with_every_table(ran: Ran, table: str) -> None:
    found = metadata(file_of(ran, table))
    assert (found["schema_version"], found["table"]) == (1, table)
    environment = found["environment"]
    assert {"jax", "pyarrow", "transformers", "cyclspec"} <= environment["versions"].keys()
    assert environment["numerics"] == "float32"
    (model,) = environment["models"]
    assert (model["model"], re.fullmatch("[0-9a-f]{64}", model["digest"]) is not None) == ("tiny", True)
    if table in ("answers", "requests"):
        assert re.fullmatch("[0-9a-f]{64}", found["design"])
        assert found["design"].startswith(ran.run.name)
        return
    assert found["hashes"].keys() == {"module", "design", "score", "run"}
    assert found["hashes"]["design"].startswith(ran.run.name)
    assert file_of(ran, table).parent.name == found["hashes"]["score"][:12]
    assert found["audit"].keys() == {"audit.cycl", "std.metrics"}


def test_no_table_holds_a_time_a_host_or_a_path(ran: Ran) -> None:
    today = datetime.date.today()  # noqa: DTZ011 - a local date is what would leak
    for table in COLUMNS:
        path = file_of(ran, table)
        text = (
            json.dumps(metadata(path))
            + json.dumps(pq.read_table(path).to_pylist())
            + str(pq.read_schema(path))
        )
        raw = path.read_bytes()
        for secret in (
            str(ran.out),
            str(Path.home()),
            "/tmp",
            str(Path.cwd()),
            socket.gethostname(),
            getpass.getuser() + "@",
        ):
            assert secret not in text, (table, secret)
            assert secret.encode() not in raw
        assert today.isoformat() not in text
        assert not re.search(r"\d\d:\d\d:\d\d", text)


def test_the_python_face_gives_the_same_tables(ran: Ran) -> None:
    run = cyclspec.open_run(ran.out)
    for table in COLUMNS:
        assert getattr(run, table).equals(pq.read_table(file_of(ran, table)))
