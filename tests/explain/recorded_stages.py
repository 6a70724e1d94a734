"""The recorded prints of stages, and the command line run in this process."""

from __future__ import annotations

import contextlib
import io
import os
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

from cyclspec.cli import main as entry

ROOT = Path(__file__).parents[2]
STAGES = ROOT / "tests" / "stages"


class Said(NamedTuple):
    """What a command said, and how it ended."""

    code: int
    out: str
    err: str


def command(*args: str | Path) -> Said:
    """Runs the command line; a traceback or an internal error fails the test."""
    out, err = io.StringIO(), io.StringIO()
    before, sys.argv = sys.argv, ["cyclspec", *map(str, args)]
    try:
        with (
            contextlib.redirect_stdout(out),
            contextlib.redirect_stderr(err),
            pytest.raises(SystemExit) as ended,
        ):
            entry.main()
    finally:
        sys.argv = before
    code = ended.value.code if isinstance(ended.value.code, int) else 0
    assert code != entry.INTERNAL, err.getvalue()
    return Said(code, out.getvalue(), err.getvalue())


def same_as_recorded(name: str, text: str) -> bool:
    """Whether a print is the recorded one; `CYCLSPEC_BLESS=1` records it anew."""
    path = STAGES / f"{name}.txt"
    if os.environ.get("CYCLSPEC_BLESS") == "1":
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
    assert text == path.read_text(encoding="utf-8"), f"{name} differs from {path}"
    return True
