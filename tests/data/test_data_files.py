"""Files that are not what they say, and files that are larger than they look."""

from __future__ import annotations

import gzip
import hashlib
import os
import random
import resource
import time
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pyarrow import feather
from tables_on_disk import declare, refusal, write_rows

from cyclspec.compiler.data import Budget, Column, format_of, read_table
from cyclspec.language.diagnostics import SpecError

KEY = Column("item", "key")
REAL = Column("x", "real")


def problem(path: Path, *columns: Column, budget: Budget | None = None) -> str:
    found = refusal(lambda: read_table(declare(path, *(columns or (KEY,))), budget))
    assert found[0].code == "CY0707", found
    return found[0].message


@pytest.mark.parametrize("suffix", [".csv", ".json", ".jsonl", ".parquet", ".arrow"])
def test_every_format_gives_the_same_table(tmp_path: Path, suffix: str) -> None:
    rows = [{"item": f"q{i}", "x": i / 8, "extra": "not declared"} for i in range(300)]
    found = read_table(declare(write_rows(tmp_path / f"t{suffix}", rows), KEY, REAL))
    assert found["item"].codes == tuple(f"q{i}" for i in range(300))
    np.testing.assert_array_equal(found["x"].values, np.arange(300) / 8)
    assert found.rows.tolist() == list(range(1, 301))
    assert found.digest == hashlib.sha256((tmp_path / f"t{suffix}").read_bytes()).hexdigest()


def test_arrow_streams_and_compressed_feather_files_are_read(tmp_path: Path) -> None:
    table = pa.table({"item": ["a", "b"], "x": [1.0, 2.0]})
    with pa.ipc.new_stream(tmp_path / "s.arrow", table.schema) as writer:
        writer.write_table(table)
    feather.write_feather(table, tmp_path / "z.feather", compression="zstd")
    for name in ("s.arrow", "z.feather"):
        assert read_table(declare(tmp_path / name, KEY, REAL))["x"].values.tolist() == [1.0, 2.0]


def test_suffixes_name_formats_and_others_are_refused() -> None:
    assert format_of(Path("a.PARQUET")) == "parquet"
    assert format_of(Path("a.ndjson")) == "jsonl"
    assert "compressed" in refusal(lambda: format_of(Path("a.csv.gz")))[0].message
    assert "suffix" in refusal(lambda: format_of(Path("a.xlsx")))[0].message


def test_what_is_not_a_plain_file_is_refused_without_waiting(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.csv")
    (tmp_path / "folder.csv").mkdir()
    (tmp_path / "zero.csv").symlink_to("/dev/zero")
    for name in ("pipe.csv", "folder.csv", "zero.csv"):
        assert "not a plain file" in problem(tmp_path / name)
    assert "does not exist" in problem(tmp_path / "absent.csv")
    (tmp_path / "empty.csv").write_bytes(b"")
    assert "is empty" in problem(tmp_path / "empty.csv")


def test_a_file_over_its_size_limit_is_refused(tmp_path: Path) -> None:
    path = write_rows(tmp_path / "t.csv", [{"item": i} for i in range(100)])
    assert "the limit is 64" in problem(path, budget=Budget(file_bytes=64))


def test_a_pin_is_a_prefix_of_the_digest(tmp_path: Path) -> None:
    path = write_rows(tmp_path / "t.csv", [{"item": "a"}])
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    for length in (12, 30, 64):
        read_table(declare(path, KEY, pin=f"sha256:{digest[:length]}"))
    wrong = "0" * 12 if digest[0] != "0" else "1" * 12
    for pin in (f"sha256:{wrong}", f"sha256:{digest[:11]}", digest, "sha256:"):
        found = refusal(lambda pin=pin: read_table(declare(path, KEY, pin=pin)))
        assert found[0].code == "CY0703"
        assert digest[:12] in found[0].caption and digest[:12] in found[0].help


def test_a_file_that_is_not_utf8_is_refused_with_byte_and_line(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_bytes(b"item\na\nb\nM\xe9xico\n")
    assert "byte 10, line 4" in problem(path)
    lines = b"item\n" + b"".join(b"k%07d\n" % i for i in range(200_000)) + "é".encode() + b"\n"
    # A character that straddles the reader's blocks is no error, and the count goes on across them.
    start = b"item\n" + b"a" * ((1 << 20) - 6) + "é".encode() + b"\n"
    path.write_bytes(start)
    assert read_table(declare(path, KEY), Budget(cell_chars=1 << 21)).n_rows == 1
    path.write_bytes(lines + b"\xff\n")
    assert f"byte {len(lines):,}, line 200,003" in problem(path)
    path.write_bytes("item\nx\n".encode("utf-16"))
    assert "UTF-16" in problem(path)
    path.write_bytes(b"item\nx\xc3")
    assert "within a character" in problem(path)


def test_a_byte_order_mark_is_no_part_of_the_first_name(tmp_path: Path) -> None:
    for name, text in (("t.csv", "item\na\n"), ("t.json", '[{"item": "a"}]'), ("t.jsonl", '{"item": "a"}\n')):
        (tmp_path / name).write_text(text, encoding="utf-8-sig")
        assert read_table(declare(tmp_path / name, KEY))["item"].codes == ("a",)


def test_ragged_rows_are_named(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text('item,x\na,1\n"b\nc",2\nd\ne,1,2\n')
    found = refusal(lambda: read_table(declare(path, KEY, REAL)))
    assert [d.place for d in found] == ["t.csv, row 3", "t.csv, row 4"]
    assert found[1].message == "a row of 3 cells under a header of 2"


def test_a_file_compressed_with_gzip_is_refused_with_the_reason(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_bytes(gzip.compress(b"item\na\n"))
    assert "compressed with gzip" in problem(tmp_path / "t.csv")


def test_two_columns_of_one_name_are_refused(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("item,item\na,b\n")
    table = pa.Table.from_arrays([pa.array(["a"]), pa.array(["b"])], names=["item", "item"])
    pq.write_table(table, tmp_path / "t.parquet")
    with pa.ipc.new_file(tmp_path / "t.arrow", table.schema) as writer:
        writer.write_table(table)
    for name in ("t.csv", "t.parquet", "t.arrow"):
        assert "two columns" in problem(tmp_path / name)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('{"item": 1}', "not a list of records"),
        ('[{"item": 1}, 3]', "record 2"),
        ('[{"item": NaN}]', "NaN"),
        ('[{"item": 1, "item": 2}]', "written twice"),
        ("[" * 200_000, "nested too deeply"),
        ('[{"item": 1},]', "line 1"),
    ],
)
def test_json_is_strict(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "t.json").write_text(text)
    assert said in problem(tmp_path / "t.json")


def test_a_bad_json_line_is_named(tmp_path: Path) -> None:
    (tmp_path / "t.jsonl").write_text('{"item": 1}\n\n{"item"}\n')
    assert "line 3" in problem(tmp_path / "t.jsonl")


def rows_bomb(path: Path, groups: int, rows: int) -> Path:
    """A small file of `groups * rows` rows: run lengths of nothing, compressed."""
    table = pa.table({"item": pa.nulls(rows, pa.null())})
    with pq.ParquetWriter(path, table.schema, compression="zstd") as writer:
        for _ in range(groups):
            writer.write_table(table, row_group_size=rows)
    return path


def test_a_parquet_file_of_a_thousand_million_rows_is_refused_quickly(tmp_path: Path) -> None:
    path = rows_bomb(tmp_path / "bomb.parquet", 10, 100_000_000)
    assert path.stat().st_size < 2_000_000
    start = time.perf_counter()
    assert "1,000,000,000 rows" in problem(path, Column("item", "levels_open"))
    assert time.perf_counter() - start < 2.0


def test_repeated_long_text_is_counted_before_it_is_expanded(tmp_path: Path) -> None:
    short = pa.DictionaryArray.from_arrays(np.zeros(100_000, np.int32), ["x" * 90_000])
    long = pa.DictionaryArray.from_arrays(np.zeros(10, np.int32), ["x" * 5_000_000])
    lists = pa.ListArray.from_arrays(np.arange(0, 100_001, 2, dtype=np.int32), short)
    pq.write_table(pa.table({"x": short}), tmp_path / "short.parquet")
    pq.write_table(pa.table({"x": long}), tmp_path / "long.parquet")
    pq.write_table(pa.table({"x": lists}), tmp_path / "lists.parquet", store_schema=False)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert "decoded" in problem(tmp_path / "short.parquet", Column("x", "text"))
    assert "decoded" in problem(tmp_path / "lists.parquet", Column("x", "texts"))
    found = refusal(lambda: read_table(declare(tmp_path / "long.parquet", Column("x", "text"))))
    assert (found[0].code, found[0].place) == ("CY0708", "long.parquet, row 1, column `x`")
    assert "5,000,000 characters" in found[0].message
    # Kilobytes: what the three files stand for would be nearly 20 GB.
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 400_000


def test_a_compressed_arrow_file_may_not_take_more_memory_than_its_budget(tmp_path: Path) -> None:
    column = pa.array(np.zeros(60_000_000))
    feather.write_feather(
        pa.table({"x": column}), tmp_path / "b.arrow", compression="zstd", chunksize=60_000_000
    )
    del column
    assert (tmp_path / "b.arrow").stat().st_size < 1_000_000
    budget = Budget(bytes=1 << 20)
    assert "1,048,576 bytes" in problem(tmp_path / "b.arrow", REAL, budget=budget)


def test_rows_are_counted_in_every_format(tmp_path: Path) -> None:
    for suffix in (".csv", ".json", ".jsonl", ".parquet", ".arrow"):
        path = write_rows(tmp_path / f"t{suffix}", [{"item": i} for i in range(100)])
        assert "99" in problem(path, budget=Budget(rows=99))


@pytest.mark.parametrize("suffix", [".parquet", ".arrow"])
def test_damage_is_refused_and_never_ends_the_process(tmp_path: Path, suffix: str) -> None:
    rows = [{"item": f"item number {i}", "x": float(i)} for i in range(500)]
    whole = write_rows(tmp_path / f"t{suffix}", rows).read_bytes()
    chance = random.Random(7)
    refused = 0
    for _ in range(6):
        damaged = bytearray(whole)
        for _ in range(4):
            damaged[chance.randrange(len(damaged))] ^= 1 << chance.randrange(8)
        path = tmp_path / f"d{suffix}"
        path.write_bytes(damaged if chance.random() < 0.7 else damaged[: chance.randrange(1, len(damaged))])
        try:
            read_table(declare(path, KEY, REAL))
        except SpecError:
            refused += 1
    assert refused >= 2
