"""What locks, packs and templates say, of a program on a page: each is really locked, packed and opened."""

from __future__ import annotations

import hashlib
import io
import zipfile
from dataclasses import replace
from pathlib import Path

from cyclspec import pipeline
from cyclspec.language.diagnostics import Diagnostic, SpecError
from cyclspec.language.names.lock import Lock, text
from cyclspec.lock.current import Now, now
from cyclspec.pack.archive import write
from cyclspec.pack.make import make_pack
from cyclspec.pack.manifest import AtHome, Manifest, Packed
from cyclspec.pack.manifest import text as manifest_text
from cyclspec.templates.start import start

PACK = Path("audit.cyclpack")
Found = tuple[Diagnostic, ...]


def _now(path: Path) -> Now:
    return now(pipeline.check(path).require(), Lock(), {})


def half_merged(path: Path) -> Found:
    Path("cycl.lock").write_text("<<<<<<< ours\n", encoding="utf-8")
    return pipeline.check(path).diagnostics


def other_model(path: Path) -> Found:
    """The program with a lock that has another model."""
    lock = _now(path).lock
    pins = {key: replace(pin, weights="0" * 64) for key, pin in lock.models.items()}
    Path("cycl.lock").write_text(text(replace(lock, models=pins)), encoding="utf-8")
    context = pipeline.check(path).require()
    try:
        pipeline.plan(pipeline.open_data(context, pipeline.choose(context, None)))
    except SpecError as error:
        return error.diagnostics
    return ()


def not_packed(path: Path) -> Found:
    try:
        make_pack(pipeline.check(path).require(), _now(path), {}, PACK)
    except SpecError as error:
        return error.diagnostics
    return ()


def _made(path: Path) -> bytes:
    make_pack(pipeline.check(path).require(), _now(path), {}, PACK)
    return PACK.read_bytes()


def _received(data: bytes) -> Found:
    PACK.write_bytes(data)
    return pipeline.check(PACK).diagnostics


def cut_short(path: Path) -> Found:
    return _received(_made(path)[:-40])


def compressed(path: Path) -> Found:
    _made(path)
    out = io.BytesIO()
    with zipfile.ZipFile(PACK) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            new.writestr(name, old.read(name))
    return _received(out.getvalue())


def large(path: Path) -> Found:
    with PACK.open("wb") as file:
        file.truncate(2 << 30)
    return pipeline.check(PACK).diagnostics


def without_manifest(path: Path) -> Found:
    data = path.read_bytes()
    write(PACK, [("files/audit.cycl", lambda: io.BytesIO(data), len(data))])
    return pipeline.check(PACK).diagnostics


def edited(path: Path) -> Found:
    return _received(_made(path).replace(b"p1,mill,0.8", b"p1,mill,9.8"))


def _by_hand(path: Path) -> pipeline.Checked:
    """The program in a pack that somebody else's program made, with hashes of its own."""
    names = {"files/audit.cycl": path.read_bytes(), "files/cycl.lock": b""}
    names |= {f"files/{file.name}": file.read_bytes() for file in Path().glob("*.csv")}
    members = {name: Packed(hashlib.sha256(data).hexdigest(), len(data)) for name, data in names.items()}
    home = {"small": AtHome("0" * 64, "1" * 64, "2" * 64)}
    described = manifest_text(Manifest("audit.cycl", "", "cyclspec 9.0", {}, home, members, {}, {})).encode()
    files = {**names, "manifest.json": described}
    write(PACK, [(name, lambda data=data: io.BytesIO(data), len(data)) for name, data in files.items()])
    return pipeline.check(PACK)


def leading_out(path: Path) -> Found:
    return _by_hand(path).diagnostics


def other_hashes(path: Path) -> Found:
    checked = _by_hand(path)
    opened = pipeline.open_data(checked.require(), pipeline.choose(checked.require(), None))
    return tuple(pipeline.other_hashes(checked, opened))[:1]


def nothing_to_ask(path: Path) -> Found:
    try:
        start(Path("first"), "first-token", path)
    except SpecError as error:
        return error.diagnostics
    return ()
