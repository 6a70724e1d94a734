"""What `svyset` left in a Stata file: its weight, strata and clusters, in characteristics of the data.

Expects an opened file of any kind: pyreadstat and pandas pass over characteristics. Ensures names that the file gives,
and none for a file that is damaged, older than Stata 8, or not set; no more than its head and one section of it are
read. Source: Stata's `help dta`, formats 113 to 115 (expansion fields) and from 117 on (`<characteristics>`).
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator, Mapping
from typing import BinaryIO, Final, NamedTuple

_HEAD, _MOST = 4096, 16 << 20
_RELEASE = re.compile(rb"<release>(\d{3})</release>")
_CHARACTERISTICS = 8
"""Which of the offsets of the map is that of the characteristics."""
_SECTIONS = 14
_OLDER: Final[Mapping[int, int]] = {113: 12, 114: 49, 115: 49}
"""Bytes of a display format, by the release of the file."""
_ORDERS: Final[Mapping[int, str]] = {1: ">", 2: "<"}
_KEYS: Final = {
    "weight": ("_svy_wvar", "pweight"),
    "strata": ("_svy_strata1", "strata"),
    "psu": ("_svy_su1", "psu"),
}
"""By what `svyset` calls them since Stata 9, and before."""
_OTHERS = re.compile(r"_svy_((?:fpc|su|strata)[2-9]|fpc1|poststrata|postweight|(?:br|bs|jk|sd)rweight)\Z")


class Design(NamedTuple):
    """The columns of a design, "" for none; `others` are settings that have no place in a corpus: `fpc1 = size`."""

    weight: str = ""
    strata: str = ""
    psu: str = ""
    others: tuple[str, ...] = ()


def design_of(handle: BinaryIO) -> Design:
    """The design that a file was set to, empty where there is none."""
    try:
        found = dict(_characteristics(handle))
    except (struct.error, ValueError, OverflowError, OSError):
        return Design()
    if not {"_svy_version", "_svy"} & set(found):
        return Design()
    named = {role: next((found[key] for key in keys if found.get(key)), "") for role, keys in _KEYS.items()}
    if named["psu"] == "_n":
        named["psu"] = ""
    others = (f"{key[1]} = {text}" for name, text in found.items() if (key := _OTHERS.match(name)))
    return Design(**named, others=tuple(sorted(others)))


def _characteristics(handle: BinaryIO) -> Iterator[tuple[str, str]]:
    """Names and texts of the characteristics of the data; those of columns are passed over."""
    handle.seek(0)
    head = handle.read(_HEAD)
    fields = _tagged(handle, head) if head.startswith(b"<stata_dta>") else _older(handle, head)
    for of, name, text in fields:
        if of == "_dta":
            yield name, text


def _tagged(handle: BinaryIO, head: bytes) -> Iterator[tuple[str, ...]]:
    release, at = _RELEASE.search(head), head.find(b"<map>") + len(b"<map>")
    if release is None or at < len(b"<map>"):
        return
    order = "<" if b"<byteorder>LSF" in head else ">"
    handle.seek(struct.unpack_from(f"{order}{_SECTIONS}Q", head, at)[_CHARACTERISTICS])
    data = handle.read(_MOST)
    at = len(b"<characteristics>")
    while data[at : at + 4] == b"<ch>":
        (length,) = struct.unpack_from(f"{order}I", data, at + 4)
        yield _field(data[at + 8 : at + 8 + length], 33 if int(release[1]) < 118 else 129)
        at += 8 + length + len(b"</ch>")


def _older(handle: BinaryIO, head: bytes) -> Iterator[tuple[str, ...]]:
    if len(head) < 10 or head[0] not in _OLDER or head[1] not in _ORDERS:
        return
    order = _ORDERS[head[1]]
    (columns,) = struct.unpack_from(f"{order}H", head, 4)
    handle.seek(109 + columns * (1 + 33 + _OLDER[head[0]] + 33 + 81) + 2 * (columns + 1))
    data, at = handle.read(_MOST), 0
    while data[at : at + 1] not in (b"", b"\0"):
        (length,) = struct.unpack_from(f"{order}I", data, at + 1)
        yield _field(data[at + 5 : at + 5 + length], 33)
        at += 5 + length


def _field(body: bytes, width: int) -> tuple[str, ...]:
    """What a characteristic belongs to, its name, its text."""
    parts = (body[:width], body[width : 2 * width], body[2 * width :])
    return tuple(part.split(b"\0", maxsplit=1)[0].decode("utf-8", errors="replace") for part in parts)
