"""Bytes of a text file as UTF-8, and what had to be assumed about them.

Expects any bytes. Ensures valid UTF-8 without a byte order mark. A file that is not UTF-8 is read as Windows-1252,
which is a guess and said; one that mixes both, line by line; `--encoding` settles either.
"""

from __future__ import annotations

import codecs
from pathlib import Path

from cyclspec.compiler.surveys.notes import Notes, Topic, first_of
from cyclspec.compiler.surveys.refusals import refuse_file

_CHUNK = 1 << 20
_FALLBACK = "windows-1252"
_HELP = "name its encoding: `--encoding latin-1`, `--encoding utf-16`, `--encoding shift_jis`, .."
_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_SHOWN = 8


def as_utf8(data: bytes, encoding: str, path: Path, notes: Notes) -> bytes:
    """The same text in UTF-8. Raises `SpecError` (`FileUnreadable`) for what cannot be decoded or is no text."""
    found = _decoded(data, encoding, path, notes)
    if b"\0" in found:
        refuse_file(path, f"is not text: byte {found.index(0):,} is zero", _HELP)
    return found


def _decoded(data: bytes, encoding: str, path: Path, notes: Notes) -> bytes:
    if encoding:
        notes.decided(Topic.ENCODING, f"text is read as {encoding}, as the command line says")
        return _as(data, encoding, path)
    marked = next((name for mark, name in _MARKS if data.startswith(mark)), None)
    if marked is not None:
        notes.decided(Topic.ENCODING, f"text is read as {marked}: the file begins with its byte order mark")
        return _as(data, marked, path)
    if is_utf8(data):
        notes.found(Topic.ENCODING, "text is UTF-8")
        return data.removeprefix(codecs.BOM_UTF8)
    return _by_line(data, path, notes)


def is_utf8(data: bytes) -> bool:
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        for start in range(0, len(data), _CHUNK):
            decoder.decode(data[start : start + _CHUNK])
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def _as(data: bytes, encoding: str, path: Path) -> bytes:
    try:
        return data.decode(encoding).removeprefix("\ufeff").encode("utf-8")
    except LookupError:
        refuse_file(path, f"cannot be read as `{encoding[:40]}`, which is no text encoding", _HELP)
    except UnicodeError as error:
        at = getattr(error, "start", 0)
        line = data.count(b"\n", 0, at) + 1
        refuse_file(path, f"is not {encoding[:40]}: byte {at:,}, line {line:,}", _HELP)


def _by_line(data: bytes, path: Path, notes: Notes) -> bytes:
    """Lines that are UTF-8 as they are, all others as Windows-1252."""
    lines = data.removeprefix(codecs.BOM_UTF8).split(b"\n")
    others = [number for number, line in enumerate(lines) if not is_utf8(line)]
    beyond_ascii = sum(not line.isascii() for line in lines)
    for number in others:
        try:
            lines[number] = lines[number].decode(_FALLBACK).encode("utf-8")
        except UnicodeDecodeError:
            refuse_file(path, f"is neither UTF-8 nor {_FALLBACK}: line {number + 1:,}", _HELP)
    listed = first_of([f"{number + 1:,}" for number in others], _SHOWN)
    if beyond_ascii > len(others):
        notes.open(
            Topic.ENCODING,
            f"the encodings are mixed: lines in UTF-8 {beyond_ascii - len(others):,}, others {len(others):,}, which "
            f"were read as {_FALLBACK} (lines {listed})",
            settle=f"--encoding {_FALLBACK}",
        )
    else:
        notes.open(
            Topic.ENCODING,
            f"the text is not UTF-8; it was read as {_FALLBACK} (lines {listed})",
            settle=f"--encoding {_FALLBACK}",
        )
    return b"\n".join(lines)
