"""Fixtures of the data tests."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tables_on_disk import Rows, declare, write_rows

from cyclspec.compiler.data import Column, LoadedTable, read_table


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "realdata: needs the folder ../shared/data beside the repository")


@pytest.fixture
def load(tmp_path: Path) -> Callable[..., LoadedTable]:
    """Writes rows and reads them back by their contract."""

    def read(
        rows: Rows, *columns: Column, suffix: str = ".csv", name: str = "items", **others: Any
    ) -> LoadedTable:
        path = write_rows(tmp_path / f"{name}{suffix}", rows)
        return read_table(declare(path, *columns, name=name), **others)

    return read
