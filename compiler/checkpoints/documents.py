"""Reads a small JSON object of a checkpoint: a size limit, no NaN, no surprise at the root."""

from __future__ import annotations

import json
from pathlib import Path
from typing import NoReturn

from cyclspec.compiler.checkpoints.refusal import refused


def read_object(model: str, path: Path, limit: int) -> dict[str, object]:
    """The JSON object in `path`, which is at most `limit` bytes.

    Raises:
        SpecError: the file is absent, not a plain file, too large, not UTF-8 JSON, or not an object.
    """
    text = _read(model, path, limit)
    try:
        found = json.loads(text.decode("utf-8"), parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise refused(model, f"has a `{path.name}` that is not JSON") from error
    if not isinstance(found, dict):
        raise refused(model, f"has a `{path.name}` that is not a JSON object")
    return found


def _read(model: str, path: Path, limit: int) -> bytes:
    if not path.is_file():
        raise refused(
            model, f"has no file `{path.name}`", f"the folder must hold `{path.name}`: {path.parent}"
        )
    try:
        with path.open("rb") as file:
            text = file.read(limit + 1)
    except OSError as error:
        raise refused(model, f"has a `{path.name}` that cannot be read: {error.strerror}") from error
    if len(text) > limit:
        raise refused(model, f"has a `{path.name}` of more than {limit // 2**20} MiB")
    return text


def _no_constant(text: str) -> NoReturn:
    raise ValueError(text)
