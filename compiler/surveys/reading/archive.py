"""Whether a zipped spreadsheet may be unpacked at all.

Expects an opened file. Ensures that its parts are few and of a bounded size once unpacked, that none unpacks to much
more than text of its size could, and that no part of it declares XML entities. Nothing is written to disk.
"""

from __future__ import annotations

import zipfile
from typing import NamedTuple

from cyclspec.compiler.surveys.reading.opened import Opened
from cyclspec.compiler.surveys.refusals import refuse_file

_MOST_PARTS = 5_000
_MOST_BYTES = 2 << 30
_RATIO, _RATIO_FROM = 200, 8 << 20
_CHUNK = 1 << 20
_FORMULA = (b"<f>", b"<f ", b"<f/>")
_HOSTILE = (b"<!ENTITY", b"<!DOCTYPE")


class Parts(NamedTuple):
    """What was seen in the parts of a spreadsheet."""

    formulas: bool


def checked_parts(found: Opened) -> Parts:
    """Reads every XML part once. Raises `SpecError` (`FileUnreadable`) for what must not be unpacked."""
    try:
        with zipfile.ZipFile(found.handle) as archive:
            _check_sizes(archive, found)
            formulas = [_scan(archive, part, found) for part in archive.infolist() if _is_xml(part)]
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, OSError, EOFError, ValueError) as error:
        reason = (str(error).splitlines() or ["it is damaged"])[0][:120]
        refuse_file(found.path, f"is not a readable XLSX file: {reason}")
    found.handle.seek(0)
    return Parts(any(formulas))


def _is_xml(part: zipfile.ZipInfo) -> bool:
    return part.filename.lower().endswith((".xml", ".rels", ".vml"))


def _check_sizes(archive: zipfile.ZipFile, found: Opened) -> None:
    parts = archive.infolist()
    if len(parts) > _MOST_PARTS:
        refuse_file(found.path, f"has {len(parts):,} parts; the limit is {_MOST_PARTS:,}")
    total = sum(part.file_size for part in parts)
    most = min(_MOST_BYTES, found.limits.decoded_bytes)
    if total > most:
        refuse_file(found.path, f"unpacks to {total:,} bytes; the limit is {most:,}", "save it as CSV")
    for part in parts:
        if part.file_size > _RATIO_FROM and part.file_size > _RATIO * max(part.compress_size, 1):
            times = part.file_size // max(part.compress_size, 1)
            refuse_file(found.path, f"has a part that unpacks to {times:,} times its size", "save it as CSV")


def _scan(archive: zipfile.ZipFile, part: zipfile.ZipInfo, found: Opened) -> bool:
    """Whether a part has formulas. Reading stops at the size that the archive states for it."""
    formulas, kept = False, b""
    with archive.open(part) as stream:
        while chunk := stream.read(_CHUNK):
            seen = kept + chunk
            if any(mark in seen for mark in _HOSTILE):
                refuse_file(found.path, "declares XML entities, which no spreadsheet needs")
            formulas = formulas or any(mark in seen for mark in _FORMULA)
            kept = seen[-16:]
    return formulas
