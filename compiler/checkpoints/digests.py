"""What makes two checkpoints the same model: a digest of the configuration and of every weight file.

Digests of files are remembered in memory and in a private folder of the user, by real path, size and time
of change; without a folder that can be written, they are computed anew in every process.
"""

from __future__ import annotations

import hashlib
import os
import re
import tempfile
from collections.abc import Mapping
from pathlib import Path

from cyclspec.compiler.checkpoints.checkpoint import Checkpoint
from cyclspec.compiler.checkpoints.private import private_folder
from cyclspec.compiler.checkpoints.refusal import refused
from cyclspec.language.diagnostics.base import InternalError

_HEX = re.compile(r"[0-9a-f]{64}")
_remembered: dict[str, str] = {}


def digest(checkpoint: Checkpoint) -> str:
    """SHA-256, as 64 hexadecimal digits, over `config.json` and the names and contents of the weight files.

    The tokenizer and the generation settings are left out: they do not change what the weights answer to
    token ids.

    Raises:
        SpecError: a file cannot be read.
        InternalError: the checkpoint was opened without its weights.
    """
    if not checkpoint.weights:
        raise InternalError("checkpoints", "the digest of a checkpoint that was opened without weights")
    paths = (checkpoint.folder / "config.json", *checkpoint.weights)
    return over({path.name: file_digest(checkpoint.name, path) for path in paths})


def over(files: Mapping[str, str]) -> str:
    """The digest of a checkpoint, from those of its configuration and weight files by name, in that order."""
    lines = ["cyclspec checkpoint 1", *(f"{name} {known}" for name, known in files.items())]
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def file_digest(model: str, path: Path) -> str:
    """SHA-256 of one file of a checkpoint.

    Raises:
        SpecError: it cannot be read.
    """
    try:
        real = path.resolve(strict=True)
        key = _key(real)
        known = _remembered.get(key) or _recall(key)
        if known is None:
            with real.open("rb") as file:
                known = hashlib.file_digest(file, "sha256").hexdigest()
            if _key(real) == key:
                _store(key, known)
    except OSError as error:
        raise refused(model, f"has a file `{path.name}` that cannot be read: {error.strerror}") from error
    _remembered[key] = known
    return known


def _key(real: Path) -> str:
    state = real.stat()
    return hashlib.sha256(f"{real}\0{state.st_size}\0{state.st_mtime_ns}".encode()).hexdigest()


def _recall(key: str) -> str | None:
    folder = _private_folder()
    if folder is None:
        return None
    try:
        text = (folder / key).read_bytes()[:65].decode("ascii", "replace")
    except OSError:
        return None
    return text if _HEX.fullmatch(text) else None


def _store(key: str, known: str) -> None:
    """Written beside and renamed, so that another process sees a whole digest or none."""
    folder = _private_folder()
    if folder is None:
        return
    try:
        handle, name = tempfile.mkstemp(dir=folder)
        with os.fdopen(handle, "w") as file:
            file.write(known)
        os.replace(name, folder / key)
    except OSError:
        return


def _private_folder() -> Path | None:
    """The folder of digests; None where it cannot be made, or where another user could write into it."""
    found = private_folder("digests")
    return found if isinstance(found, Path) else None
