"""Where the files of an import go.

Expects whole contents. Ensures that a file that is there is not overwritten unless that is wanted, that each is whole
or absent, and that what was written can be named.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping
from pathlib import Path

from cyclspec.compiler.surveys.refusals import refuse_file


def refuse_existing(folder: Path, names: Mapping[str, object]) -> None:
    """Refuses to write over files. Raises `SpecError` (`FileUnreadable`)."""
    there = [name for name in names if (folder / name).exists() or (folder / name).is_symlink()]
    if not there:
        return
    more = f" and {len(there) - 1} more" if len(there) > 1 else ""
    refuse_file(
        folder / there[0],
        f"is there already{more}, and an import would write over it",
        "import into another folder: `-o DIR`",
        "or write over what is there: `--force`",
    )


def write_files(folder: Path, contents: Mapping[str, bytes]) -> None:
    """Writes every file beside its place first, then puts all of them there. Raises `SpecError` (`FileUnreadable`)."""
    written: dict[str, str] = {}
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, data in contents.items():
            handle, temporary = tempfile.mkstemp(dir=folder, prefix=f".{name}.")
            written[name] = temporary
            with os.fdopen(handle, "wb") as file:
                file.write(data)
            os.chmod(temporary, 0o644)
        for name, temporary in written.items():
            os.replace(temporary, folder / name)
    except OSError as error:
        refuse_file(folder, f"cannot be written: {error.strerror or error}")
    finally:
        for temporary in written.values():
            Path(temporary).unlink(missing_ok=True)
