"""Why a file cannot be imported, as diagnostics: what is wrong, and what can be typed against it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from cyclspec.compiler.data.codes import suggest
from cyclspec.compiler.data.refusals import refuse_file
from cyclspec.language.diagnostics import SpecError
from cyclspec.language.diagnostics.cy07_data_and_plan import ColumnMissing, ColumnTypeDiffers

__all__ = ["refuse_column", "refuse_file", "refuse_option"]


def refuse_option(path: Path, option: str, name: str, names: Sequence[str]) -> NoReturn:
    """An option names a column that the file does not have."""
    helps = suggest(name, names, "columns of the file")
    place = f"{option} {name}"
    raise SpecError([ColumnMissing(column=name, file=path.name, place=place, helps=helps)])


def refuse_column(path: Path, column: str, found: str, declared: str, *helps: str) -> NoReturn:
    """A column cannot have the role that it is given."""
    place = f"{path.name}, column `{column}`"
    problem = ColumnTypeDiffers(column=column, found=found, declared=declared, place=place, helps=helps)
    raise SpecError([problem])
