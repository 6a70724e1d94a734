"""Folders of the user's cache that nobody else can write into: what is read from them is believed.

Ensures that a folder is made with the user's permission alone, and that one which belongs to somebody else, or into
which others may write, is not used.
"""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Unusable:
    """Why a folder is not used."""

    reason: str


def private_folder(*names: str) -> Path | Unusable:
    """A folder under `$CYCLSPEC_CACHE`, `$XDG_CACHE_HOME/cyclspec` or `~/.cache/cyclspec`, made where it is not there.

    Every folder that `names` say is looked at, not only the last.
    """
    try:
        folder = _root()
        for name in names:
            folder = folder / name
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            state = folder.stat()
            if state.st_uid != os.getuid():
                return Unusable(f"{folder} belongs to somebody else")
            if stat.S_IMODE(state.st_mode) & 0o022:
                return Unusable(f"others can write into {folder}")
    except (OSError, RuntimeError) as error:
        return Unusable(str(error))
    return folder


def _root() -> Path:
    if own := os.environ.get("CYCLSPEC_CACHE"):
        return Path(own)
    if shared := os.environ.get("XDG_CACHE_HOME"):
        return Path(shared) / "cyclspec"
    return Path.home() / ".cache" / "cyclspec"
