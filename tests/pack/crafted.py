"""Archives made byte by byte: a good pack, and whatever somebody could send in its place."""

from __future__ import annotations

import hashlib
import json
import struct
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

SPEC = """cycl 1

axis town : nominal { mill, harbour }

corpus survey {
  table people {
    source = csv("people.csv")
    person : key
    town   : town
    weight : real where weight > 0
  }
}

audit small {
  each person in survey.people
}
"""
PEOPLE = b"person,town,weight\np1,mill,0.8\np2,harbour,1.2\n"
FILES: Mapping[str, bytes] = {
    "files/audit.cycl": SPEC.encode(),
    "files/cycl.lock": b"",
    "files/people.csv": PEOPLE,
}
HASHES = {"module": "0" * 64, "design": "0" * 64, "score": "0" * 64, "run": None}


@dataclass(frozen=True)
class M:
    """One member as it is described twice: by a header of its own, and in the directory."""

    name: str | bytes
    data: bytes = b""
    mode: int = 0o100644
    system: int = 3
    flags: int | None = None
    method: int = 0
    stored: bytes | None = None
    size: int | None = None
    packed: int | None = None
    date: int = 33
    time: int = 0
    extra: bytes = b""
    comment: bytes = b""
    needed: int = 20
    own_name: bytes | None = None
    own_size: int | None = None
    at: int | None = None
    gap: bytes = b""

    @property
    def raw(self) -> bytes:
        return self.name if isinstance(self.name, bytes) else self.name.encode()

    @property
    def flag_bits(self) -> int:
        return self.flags if self.flags is not None else 0 if self.raw.isascii() else 0x800


def archive(
    members: Sequence[M],
    *,
    before: bytes = b"",
    between: bytes = b"",
    after: bytes = b"",
    comment: bytes = b"",
    end: Mapping[str, int] | None = None,
) -> bytes:
    """The bytes of an archive; `end` overrides what its last record says."""
    out, directory = bytearray(before), bytearray()
    for m in members:
        out += m.gap
        at = len(out) if m.at is None else m.at
        stored = m.data if m.stored is None else m.stored
        size = len(m.data) if m.size is None else m.size
        packed = len(stored) if m.packed is None else m.packed
        crc = zlib.crc32(m.data)
        own = m.raw if m.own_name is None else m.own_name
        own_size = size if m.own_size is None else m.own_size
        if m.at is None:
            out += struct.pack(
                "<4s5H3L2H", b"PK\x03\x04", m.needed, m.flag_bits, m.method, m.time, m.date, crc, packed, own_size,
                len(own), len(m.extra),
            )  # fmt: skip
            out += own + m.extra + stored
        directory += struct.pack(
            "<4s6H3L5H2L", b"PK\x01\x02", m.system << 8 | 20, m.needed, m.flag_bits, m.method, m.time, m.date, crc,
            packed, size, len(m.raw), len(m.extra), len(m.comment), 0, 0, m.mode << 16, at,
        )  # fmt: skip
        directory += m.raw + m.extra + m.comment
    out += between
    facts = {
        "disk": 0,
        "first": 0,
        "here": len(members),
        "count": len(members),
        "length": len(directory),
        "start": len(out),
        **(end or {}),
    }
    record = struct.pack(
        "<4s4H2LH", b"PK\x05\x06", *(facts[name] for name in ("disk", "first", "here", "count", "length", "start")),
        len(comment),
    )  # fmt: skip
    return bytes(out + directory + record + comment + after)


def manifest(files: Mapping[str, bytes], **changes: Any) -> dict[str, Any]:
    """The manifest of some files."""
    members = {
        name: {"sha256": hashlib.sha256(data).hexdigest(), "bytes": len(data)} for name, data in files.items()
    }
    return {
        "pack_version": 1,
        "entry": "audit.cycl",
        "root": "",
        "made_by": "a test",
        "params": {},
        "audits": {"small": HASHES},
        "members": members,
        "elsewhere": {},
        "models": {},
        **changes,
    }


def pack(
    files: Mapping[str, bytes] = FILES,
    *,
    more: Sequence[M] = (),
    change: Callable[[dict[str, Any]], object] | None = None,
    written: bytes | None = None,
    members: Callable[[list[M]], list[M]] | None = None,
    **around: Any,
) -> bytes:
    """A pack of some files: with `more` members that its manifest knows, its manifest changed, or other members."""
    known = {**files, **{m.name: m.data for m in more if isinstance(m.name, str)}}
    described = manifest(known)
    if change is not None:
        change(described)
    text = json.dumps(described, sort_keys=True).encode() if written is None else written
    made = [M(name, data) for name, data in sorted(files.items())] + [*more, M("manifest.json", text)]
    return archive(made if members is None else members(made), **around)


def with_spec(spec: str, **files: bytes) -> bytes:
    """A pack of another spec."""
    return pack({**FILES, "files/audit.cycl": spec.encode(), **files})
