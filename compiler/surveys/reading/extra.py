"""Libraries of the extra `survey`: asked for where they are used, and named in the error where they are absent."""

from __future__ import annotations

import importlib
import importlib.util
from pathlib import Path
from typing import Any

from cyclspec.compiler.surveys.refusals import refuse_file

_HELP = "install the extra that reads it: `pip install 'cyclspec[survey]'`"


def library(name: str, path: Path, what: str) -> Any:
    """A module of the extra. Raises `SpecError` (`FileUnreadable`) where it is not installed."""
    require(name, path, what)
    return importlib.import_module(name)


def require(name: str, path: Path, what: str) -> None:
    """Refuses a file that cannot be read without a library that is not installed."""
    if importlib.util.find_spec(name) is None:
        refuse_file(path, f"is {what}, which needs the library {name}", _HELP)
