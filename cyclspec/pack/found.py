"""Files by their digests: what did not travel with a pack, in folders of whoever runs it.

Ensures that a folder is walked once, without following links, that only files of the right size are read, and that what
is found has the digest that was asked for.
"""

from __future__ import annotations

import hashlib
import os
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

MAX_FILES = 200_000


def found_by_digest(
    wanted: Mapping[str, tuple[int, str]], places: Iterable[Path]
) -> Iterator[tuple[str, Path]]:
    """The files that are found, by name of what is wanted: its size in bytes and its SHA-256."""
    left: defaultdict[int, dict[str, str]] = defaultdict(dict)
    for name, (size, digest) in wanted.items():
        left[size][name] = digest
    for path in _walked(places) if left else ():
        try:
            here = left.get(path.stat().st_size)
        except OSError:
            continue
        if not here:
            continue
        known = _digest(path)
        for name in [name for name, digest in here.items() if digest == known]:
            del here[name]
            yield name, path.resolve()
        if not any(left.values()):
            return


def _walked(places: Iterable[Path]) -> Iterator[Path]:
    count = 0
    for place in places:
        if place.is_file():
            yield place
            continue
        for folder, _, names in os.walk(place):
            for name in sorted(names):
                count += 1
                if count > MAX_FILES:
                    return
                path = Path(folder) / name
                if path.is_file():
                    yield path


def _digest(path: Path) -> str | None:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return None
