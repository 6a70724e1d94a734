"""The files that metadata name: where they are, whether they are what they were, and their copies.

Expects metadata from outside: an address may name anything. Ensures that a file lies beside or below the metadata
(links resolved), that its format is known, and that the bytes that are copied are those whose SHA-256 the
metadata give. Nothing is fetched: a file of another machine is looked for beside the metadata, by the last part
of its address.
"""

from __future__ import annotations

import hashlib
import os
import re
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import BinaryIO
from urllib.parse import urlsplit

from cyclspec.compiler.croissant.metadata import FileObject
from cyclspec.compiler.croissant.refusals import refuse
from cyclspec.compiler.croissant.words import DEFINITION, FORMATS, SUFFIX, WRITTEN
from cyclspec.compiler.data.contracts import Budget, Format
from cyclspec.compiler.data.files import open_regular

_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")
_DIGEST = re.compile(r"[0-9a-fA-F]{64}\Z")
_CHUNK = 1 << 20


@dataclass(frozen=True, slots=True)
class Place:
    """A file of the metadata: `relative` is its path below the metadata and below what is made of them.

    `format` is None for a file that declares a corpus.
    """

    file: FileObject
    relative: PurePosixPath
    sha256: str
    format: Format | None


def place_of(file: FileObject) -> Place:
    """Where a file is to be looked for. Raises `SpecError` (`CroissantRefused`) for what does not fit."""
    name = file.url[:120]
    remote = _SCHEME.match(file.url) is not None
    if file.sha256 is None or not _DIGEST.match(file.sha256):
        what = "is on another machine and has no sha256" if remote else "has no sha256 of 64 digits"
        refuse(name, what, "add `sha256` to its FileObject: what `sha256sum` prints for the file")
    relative = _last_part(file.url) if remote else _below(file.url)
    return Place(file, relative, file.sha256.lower(), _format(file, relative))


def _below(url: str) -> PurePosixPath:
    path = PurePosixPath(url)
    unsafe = path.is_absolute() or ".." in path.parts or not path.parts or "\\" in url
    if unsafe or any(ord(char) < 32 for char in url):
        refuse(url[:120], "leads out of the folder of the metadata")
    return path


def _last_part(url: str) -> PurePosixPath:
    try:
        parts = urlsplit(url)
    except ValueError:
        refuse(url[:120], "is no address")
    if parts.scheme not in ("http", "https"):
        refuse(url[:120], f"is reached by `{parts.scheme}:`, and only files, http and https are")
    name = PurePosixPath(parts.path).name
    if not name:
        refuse(url[:120], "is the address of no file")
    return _below(name)


def _format(file: FileObject, relative: PurePosixPath) -> Format | None:
    if relative.suffix == SUFFIX and file.encoding in (DEFINITION, ""):
        return None
    found = FORMATS.get(file.encoding)
    if found is None:
        known = f"known ones: {', '.join(WRITTEN.values())}"
        refuse(file.url[:120], f"has the encoding `{file.encoding[:60]}`, which is not read", known)
    return found


def copy_file(place: Place, folder: Path, to: Path, budget: Budget) -> None:
    """Copies a file from the folder of the metadata to `to`, and refuses it unless its digest is the one given."""
    source, target = folder / place.relative, to / place.relative
    _refuse_outside(source, folder, place)
    if not source.exists():
        refuse(str(place.relative), "does not exist", *_fetch_help(place))
    with open_regular(source) as handle:
        size = os.fstat(handle.fileno()).st_size
        if size > budget.file_bytes:
            refuse(str(place.relative), f"has {size:,} bytes; the limit is {budget.file_bytes:,}")
        target.parent.mkdir(parents=True, exist_ok=True)
        found = _copied(handle, target)
    if found != place.sha256:
        refuse(str(place.relative), f"is now sha256:{found[:12]}, and the metadata say {place.sha256[:12]}")


def _copied(handle: BinaryIO, target: Path) -> str:
    """The digest of the bytes that were copied."""
    digest = hashlib.sha256()
    with target.open("xb") as out:
        while chunk := handle.read(_CHUNK):
            digest.update(chunk)
            out.write(chunk)
    return digest.hexdigest()


def _refuse_outside(source: Path, folder: Path, place: Place) -> None:
    try:
        inside = source.resolve().is_relative_to(folder.resolve())
    except (OSError, RuntimeError):
        inside = False
    if not inside:
        refuse(str(place.relative), "leads out of the folder of the metadata through a link")


def _fetch_help(place: Place) -> tuple[str, ...]:
    if _SCHEME.match(place.file.url) is None:
        return ()
    return (f"fetch {place.file.url[:200]} and put it beside the metadata as `{place.relative}`",)
