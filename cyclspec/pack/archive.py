"""The one form of archive that a pack has: a ZIP file without compression, links, comments or times.

`zipfile` writes it, and every ZIP tool reads it. Expects of reading any bytes. Ensures that only what `write` would
have written is read: stored members, one after another from the first byte to the directory, each described twice in
the same words, plain files of one mode and one time, and nothing else. So no member can overlap another, be larger than
the file that holds it, or hide behind one. Equal members give equal bytes: no compression library has a part in them.
"""

from __future__ import annotations

import stat
import struct
import zipfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, NoReturn

from cyclspec.language.diagnostics import SpecError
from cyclspec.language.diagnostics.cy09_sharing import MemberRefused, PackDamaged, PackTooLarge

MAX_BYTES = 1 << 30
MAX_MEMBERS = 2000
MAX_NAME = 1000
_CHUNK = 1 << 20
_TIME = (1980, 1, 1, 0, 0, 0)
_DOS_TIME, _DOS_DATE = 0, 1 << 5 | 1
_MODE = stat.S_IFREG | 0o644
_UTF8 = 0x800
_LOCAL = struct.Struct("<4s5H3L2H")
_CENTRAL = struct.Struct("<4s6H3L5H2L")
_END = struct.Struct("<4s4H2LH")
_TYPES = {
    stat.S_IFLNK: "is a link",
    stat.S_IFDIR: "is a folder",
    stat.S_IFCHR: "is a device",
    stat.S_IFBLK: "is a device",
    stat.S_IFIFO: "is a pipe",
    stat.S_IFSOCK: "is a socket",
}


@dataclass(frozen=True, slots=True)
class Member:
    """One file of an archive: its name, and where its bytes are."""

    name: str
    start: int
    size: int


def write(path: Path, members: Iterable[tuple[str, Callable[[], BinaryIO], int]]) -> None:
    """Writes an archive of members (name, how to open its bytes, how many), in the order of their names."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED, allowZip64=False) as archive:
        for name, opener, size in sorted(members, key=lambda member: member[0]):
            info = zipfile.ZipInfo(name, _TIME)
            info.create_system = 3
            info.external_attr = _MODE << 16
            info.file_size = size
            with opener() as source, archive.open(info, "w") as target:
                while chunk := source.read(_CHUNK):
                    target.write(chunk)


def chunks(archive: BinaryIO, member: Member) -> Iterator[bytes]:
    """The bytes of a member."""
    archive.seek(member.start)
    left = member.size
    while left:
        chunk = archive.read(min(left, _CHUNK))
        if not chunk:
            _damaged("ends within a file")
        left -= len(chunk)
        yield chunk


def _damaged(problem: str) -> NoReturn:
    raise SpecError([PackDamaged(problem=problem)])


def _refused(name: str, problem: str) -> NoReturn:
    raise SpecError([MemberRefused(member=name[:200], problem=problem)])


def read(archive: BinaryIO) -> tuple[Member, ...]:
    """The members of an archive, in their order; their names are as they stand there, and not checked.

    Raises:
        SpecError: it is no archive of this form, or a larger one than is read.
    """
    size = archive.seek(0, 2)
    if size > MAX_BYTES:
        raise SpecError([PackTooLarge(what=f"{size:,} bytes", limit=f"{MAX_BYTES:,}")])
    count, start = _end(archive, size)
    archive.seek(start)
    directory = archive.read(size - _END.size - start)
    found: list[Member] = []
    position = place = 0
    for _ in range(count):
        position, member = _member(archive, directory, position, place)
        place = member.start + member.size
        found.append(member)
    if position != len(directory) or place != start:
        _damaged("holds bytes that belong to no file")
    return tuple(found)


def _end(archive: BinaryIO, size: int) -> tuple[int, int]:
    """How many members there are, and where their directory begins, from the last bytes of the archive."""
    if size < _END.size:
        _damaged("is no archive")
    archive.seek(0)
    if archive.read(4)[:2] != b"PK":
        _damaged("is no archive")
    archive.seek(size - _END.size)
    sign, disk, first, here, count, length, start, comment = _END.unpack(archive.read(_END.size))
    if sign != b"PK\x05\x06" or comment or disk or first or here != count:
        _damaged("does not end as a pack ends: it is cut short, or something was added")
    if start + length != size - _END.size:
        _damaged("has a directory that is not where it says")
    if count > MAX_MEMBERS:
        raise SpecError([PackTooLarge(what=f"{count:,} files", limit=f"{MAX_MEMBERS:,}")])
    if length > count * (_CENTRAL.size + MAX_NAME):
        _damaged("has a directory that is larger than its files need")
    return count, start


def _member(archive: BinaryIO, directory: bytes, position: int, place: int) -> tuple[int, Member]:
    """The next member of the directory, whose own header must stand at `place` and say the same."""
    if len(directory) - position < _CENTRAL.size:
        _damaged("has a directory that is cut short")
    sign, made, needed, flags, method, *facts, mode, local = _CENTRAL.unpack_from(directory, position)
    time, date, crc, packed, size, name_length, extra, comment, disk, internal = facts
    name_end = position + _CENTRAL.size + name_length
    name = _name(directory[position + _CENTRAL.size : name_end], flags)
    if sign != b"PK\x01\x02" or name_length > MAX_NAME or name_end > len(directory):
        _damaged("has a directory that cannot be read")
    _check_kind(name, made, flags, method, mode)
    if extra or comment or disk or internal or needed != 20 or (time, date) != (_DOS_TIME, _DOS_DATE):
        _refused(name, "is not stored as a pack stores files: it has a time, a comment or more")
    if packed != size or local != place:
        _refused(name, "is not where the directory says, or not as large")
    header = _LOCAL.pack(b"PK\x03\x04", needed, flags, 0, time, date, crc, size, size, name_length, 0)
    archive.seek(place)
    if archive.read(_LOCAL.size + name_length) != header + directory[position + _CENTRAL.size : name_end]:
        _refused(name, "is described in two ways")
    return name_end, Member(name, place + _LOCAL.size + name_length, size)


def _name(data: bytes, flags: int) -> str:
    try:
        return data.decode("utf-8" if flags & _UTF8 else "ascii")
    except UnicodeDecodeError:
        _refused(repr(data[:60]), "has a name that is not UTF-8")


def _check_kind(name: str, made: int, flags: int, method: int, mode: int) -> None:
    if flags & ~_UTF8:
        _refused(name, "is encrypted or written as a stream" if flags & 9 else "has flags that no pack has")
    if method:
        _refused(name, "is compressed; a pack stores its files as they are")
    kind = stat.S_IFMT(mode >> 16)
    if made >> 8 != 3 or mode != _MODE << 16:
        _refused(name, _TYPES.get(kind, "has another mode than the files of a pack"))
