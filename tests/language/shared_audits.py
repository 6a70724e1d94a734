"""What somebody did with an audit before a command is given: locks that were merged, packs that were cut or edited.

Expects the program and its files in the current folder. Ensures that a lock or `PACK` lies beside them.
"""

from __future__ import annotations

import hashlib
import io
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

from cyclspec import pipeline
from cyclspec.language.names.lock import Lock, text
from cyclspec.lock.current import Now, now
from cyclspec.pack.archive import write
from cyclspec.pack.make import make_pack
from cyclspec.pack.manifest import AtHome, Manifest, Packed
from cyclspec.pack.manifest import text as manifest_text

PACK = Path("audit.cyclpack")


def _now(path: Path) -> Now:
    return now(pipeline.check(path).require(), Lock(), {})


def _half_merged(path: Path) -> None:
    path.with_name("cycl.lock").write_text("<<<<<<< ours\n", encoding="utf-8")


def _other_model(path: Path) -> None:
    """A lock that has another model."""
    lock = _now(path).lock
    pins = {key: replace(pin, weights="0" * 64) for key, pin in lock.models.items()}
    path.with_name("cycl.lock").write_text(text(replace(lock, models=pins)), encoding="utf-8")


def _pack(path: Path) -> bytes:
    make_pack(pipeline.check(path).require(), _now(path), {}, PACK)
    return PACK.read_bytes()


def _cut_short(path: Path) -> None:
    PACK.write_bytes(_pack(path)[:-40])


def _compressed(path: Path) -> None:
    _pack(path)
    out = io.BytesIO()
    with zipfile.ZipFile(PACK) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            new.writestr(name, old.read(name))
    PACK.write_bytes(out.getvalue())


def _large(_: Path) -> None:
    with PACK.open("wb") as file:
        file.truncate(2 << 30)


def _without_manifest(path: Path) -> None:
    data = path.read_bytes()
    write(PACK, [("files/audit.cycl", lambda: io.BytesIO(data), len(data))])


def _edited(path: Path) -> None:
    PACK.write_bytes(_pack(path).replace(b"p1,mill,0.8", b"p1,mill,9.8"))


def _by_hand(path: Path) -> None:
    """The program in a pack that somebody else's program made, with hashes of its own."""
    names = {"files/audit.cycl": path.read_bytes(), "files/cycl.lock": b""}
    names |= {f"files/{file.name}": file.read_bytes() for file in Path().glob("*.csv")}
    members = {name: Packed(hashlib.sha256(data).hexdigest(), len(data)) for name, data in names.items()}
    home = {"small": AtHome("0" * 64, "1" * 64, "2" * 64)}
    described = manifest_text(Manifest("audit.cycl", "", "cyclspec 9.0", {}, home, members, {}, {})).encode()
    files = {**names, "manifest.json": described}
    write(PACK, [(name, lambda data=data: io.BytesIO(data), len(data)) for name, data in files.items()])


_DONE: Mapping[str, Callable[[Path], None]] = {
    "CY0901": _half_merged,
    "CY0902": _other_model,
    "CY0912": _cut_short,
    "CY0913": _compressed,
    "CY0914": _large,
    "CY0915": _without_manifest,
    "CY0916": _edited,
    "CY0917": _by_hand,
    "CY0918": _by_hand,
}


def prepare(code: str, path: Path) -> None:
    """Does what stands before the command that a code belongs to, if anything does."""
    if is_prepared(code):
        _DONE[code](path)


def is_prepared(code: str) -> bool:
    """Whether more than a program and a command is needed to get a code."""
    return code in _DONE
