"""Packs that were made to do harm, or that broke on the way: each is refused by a code, at once, and leaves nothing."""

from __future__ import annotations

import gzip
import io
import json
import os
import tarfile
import time
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner
from crafted import FILES, PEOPLE, SPEC, M, archive, manifest, pack, with_spec

from cyclspec import pipeline
from cyclspec.cli.main import group
from cyclspec.language.diagnostics import SpecError
from cyclspec.language.diagnostics.render import render
from cyclspec.pack.opened import open_pack, take_out

DAMAGED, MEMBER, LARGE, MANIFEST, DIFFERS = "CY0912", "CY0913", "CY0914", "CY0915", "CY0916"
LIMIT_SECONDS = 2.0


def named(name: str | bytes) -> bytes:
    """A pack with one more file of a name, which its manifest knows too."""
    if isinstance(name, bytes):
        return pack(members=lambda made: [*made, M(name, b"x", flags=0x800)])
    return pack(more=[M(name, b"x")])


def kind(mode: int, data: bytes = b"/etc/passwd", **facts: int) -> bytes:
    """A pack whose table is a file of another mode."""
    return altered(lambda m: replace(m, mode=mode, data=data, **facts))


def altered(change: Callable[[M], M], name: str = "files/people.csv") -> bytes:
    """A pack with one of its members described otherwise."""
    return pack(members=lambda made: [change(m) if m.name == name else m for m in made])


def compressed(method: int, squeeze: Callable[[bytes], bytes]) -> bytes:
    data = b"\0" * (20 << 20)
    return altered(lambda m: replace(m, method=method, data=data, stored=squeeze(data)))


def raw_deflate(data: bytes) -> bytes:
    return zlib.compress(data, 9, -15)


def by_zipfile() -> bytes:
    """What a ZIP tool makes of the files of a good pack."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as made:
        for name, data in FILES.items():
            made.writestr(name, data)
        made.writestr("manifest.json", json.dumps(manifest(FILES)))
    return out.getvalue()


def tarred() -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as made:
        made.addfile(tarfile.TarInfo("manifest.json"))
    return out.getvalue()


def overlapping(made: list[M]) -> list[M]:
    """Every further member is the first one again, as in the archives that unpack to a thousand times themselves."""
    return [*made, *(replace(made[0], name=f"files/{n}", at=0) for n in range(50))]


def quoted(made: list[M]) -> list[M]:
    """A member that holds the header of the next."""
    inner = archive([made[1]])
    return [replace(made[0], data=inner), *made[1:]]


def changed(change: Callable[[dict[str, object]], object]) -> bytes:
    return pack(change=change)


def member_of(found: dict[str, object], name: str) -> dict[str, object]:
    members = found["members"]
    assert isinstance(members, dict)
    made: dict[str, object] = members[name]
    return made


GOOD = pack()
LONG = "x" * 201
CASES: dict[str, tuple[Callable[[], bytes], str]] = {
    # names
    "a name that leads out": (lambda: named("files/../../evil"), MEMBER),
    "a name that leads out at its end": (lambda: named("files/a/.."), MEMBER),
    "a name that is only dots": (lambda: named(".."), MEMBER),
    "an absolute name": (lambda: named("/etc/cron.d/evil"), MEMBER),
    "a name of two slashes": (lambda: named("//evil"), MEMBER),
    "a name of another system": (lambda: named("C:\\evil"), MEMBER),
    "a name with a drive": (lambda: named("files/C:evil"), MEMBER),
    "a name with backslashes": (lambda: named("files\\..\\evil"), MEMBER),
    "a name through this folder": (lambda: named("files/./x"), MEMBER),
    "a name with an empty part": (lambda: named("files//x"), MEMBER),
    "a name of a folder": (lambda: named("files/x/"), MEMBER),
    "no name": (lambda: named(""), MEMBER),
    "a line break in a name": (lambda: named("files/a\nb"), MEMBER),
    "a zero in a name": (lambda: named("files/a\0.cycl"), MEMBER),
    "an escape sequence in a name": (lambda: named("files/\x1b[2J"), MEMBER),
    "a right-to-left sign in a name": (lambda: named("files/\u202elcyc.exe"), MEMBER),
    "an invisible sign in a name": (lambda: named("files/a\u200bb"), MEMBER),
    "a name with parts that combine": (lambda: named("files/cafe\u0301"), MEMBER),
    "a name that ends in a full stop": (lambda: named("files/x."), MEMBER),
    "a name that ends in a blank": (lambda: named("files/x "), MEMBER),
    "a name that is not UTF-8": (lambda: named(b"files/\xff\xfe"), MEMBER),
    "a name with half a character": (lambda: named("files/\ud800".encode("utf-8", "surrogatepass")), MEMBER),
    "a name outside ASCII without a flag": (
        lambda: pack(members=lambda made: [*made, M("files/\u00e9", b"x", flags=0)]),
        MEMBER,
    ),
    "a part that is too long": (lambda: named(f"files/{LONG}"), MEMBER),
    "a name that is too deep": (lambda: named("files/" + "a/" * 40 + "x"), MEMBER),
    "a name that is too long": (lambda: named("files/" + "/".join(["y" * 60] * 20)), DAMAGED),
    "one name twice": (lambda: pack(members=lambda made: [*made, made[0]]), MEMBER),
    "two names that differ in case": (lambda: pack(more=[M("files/People.CSV", b"x")]), MEMBER),
    "two names that differ in width": (lambda: pack(more=[M("files/\uff50eople.csv", b"x")]), MEMBER),
    "two names of one letter": (lambda: pack(more=[M("files/ss", b"x"), M("files/\u00df", b"x")]), MEMBER),
    "two folders that differ in case": (
        lambda: pack(more=[M("files/d/x", b"x"), M("files/D/y", b"x")]),
        MEMBER,
    ),
    "a file that is a folder too": (lambda: pack(more=[M("files/people.csv/x", b"x")]), MEMBER),
    "a file beside the files": (lambda: pack(more=[M("evil.py", b"x")]), MANIFEST),
    # what a member is
    "a link": (lambda: kind(0o120777), MEMBER),
    "a link out of the folder": (lambda: kind(0o120777, b"../../../etc"), MEMBER),
    "a folder": (lambda: kind(0o040755, b""), MEMBER),
    "a device": (lambda: kind(0o020666), MEMBER),
    "a block device": (lambda: kind(0o060666), MEMBER),
    "a pipe": (lambda: kind(0o010644), MEMBER),
    "a socket": (lambda: kind(0o140644), MEMBER),
    "a program": (lambda: kind(0o100755, PEOPLE), MEMBER),
    "a program that runs as its owner": (lambda: kind(0o104755, PEOPLE), MEMBER),
    "a file of another system": (lambda: kind(0o100644, PEOPLE, system=0), MEMBER),
    "an encrypted file": (lambda: altered(lambda m: replace(m, flags=1)), MEMBER),
    "a file written as a stream": (lambda: altered(lambda m: replace(m, flags=8)), MEMBER),
    "a patch of a file": (lambda: altered(lambda m: replace(m, flags=0x20)), MEMBER),
    "a file with a time": (lambda: altered(lambda m: replace(m, date=21000)), MEMBER),
    "a file with more about it": (lambda: altered(lambda m: replace(m, extra=b"\1\0\4\0evil")), MEMBER),
    "a file with a comment": (lambda: altered(lambda m: replace(m, comment=b"evil")), MEMBER),
    "a file for a later version": (lambda: altered(lambda m: replace(m, needed=63)), MEMBER),
    # bombs
    "a file that unpacks to a thousand times itself": (lambda: compressed(8, raw_deflate), MEMBER),
    "the same by another method": (
        lambda: compressed(12, lambda data: b"BZh9" + zlib.compress(data)),
        MEMBER,
    ),
    "what a ZIP tool made": (by_zipfile, MEMBER),
    "members that lie over each other": (lambda: pack(members=overlapping), MEMBER),
    "a member within a member": (lambda: pack(members=quoted), DIFFERS),
    "a hundred thousand files": (
        lambda: archive([M(f"files/{n}") for n in range(60_000)]),
        LARGE,
    ),
    "a pack in a pack": (lambda: pack({**FILES, "manifest.json": GOOD}), MEMBER),
    # the archive
    "nothing": (lambda: b"", DAMAGED),
    "a text": (lambda: SPEC.encode(), DAMAGED),
    "zeros": (lambda: b"\0" * 100_000, DAMAGED),
    "a tape archive": (tarred, DAMAGED),
    "something compressed": (lambda: gzip.compress(GOOD), DAMAGED),
    "an archive without files": (lambda: archive([]), MANIFEST),
    "a pack that is cut short": (lambda: GOOD[:-30], DAMAGED),
    "a pack that is cut in its first file": (lambda: GOOD[:60], DAMAGED),
    "a pack without its beginning": (lambda: GOOD[40:], DAMAGED),
    "a program before the pack": (lambda: pack(before=b"#!/bin/sh\n"), DAMAGED),
    "bytes before the pack": (lambda: pack(before=b"PK\3\4" + b"x" * 60), MEMBER),
    "bytes between the files": (
        lambda: pack(members=lambda made: [made[0], replace(made[1], gap=b"evil"), *made[2:]]),
        MEMBER,
    ),
    "bytes after the files": (lambda: pack(between=b"evil"), DAMAGED),
    "bytes after the pack": (lambda: GOOD + b"\n", DAMAGED),
    "a comment": (lambda: pack(comment=b"evil"), DAMAGED),
    "two packs": (lambda: GOOD + GOOD, DAMAGED),
    "a part of several": (lambda: pack(end={"disk": 1}), DAMAGED),
    "more files than there are": (lambda: pack(end={"here": 9, "count": 9}), DAMAGED),
    "fewer files than there are": (lambda: pack(end={"here": 1, "count": 1}), DAMAGED),
    "a directory somewhere else": (lambda: pack(end={"start": 0}), DAMAGED),
    "a directory that is longer": (lambda: pack(end={"length": 2**31}), DAMAGED),
    "a file of two names": (lambda: altered(lambda m: replace(m, own_name=b"files/../../../ev")), MEMBER),
    "a file of two sizes": (lambda: altered(lambda m: replace(m, own_size=4)), MEMBER),
    "a file that is larger than the pack": (
        lambda: altered(lambda m: replace(m, size=2**31, packed=2**31)),
        MEMBER,
    ),
    # the manifest
    "no manifest": (lambda: archive([M(name, data) for name, data in FILES.items()]), MANIFEST),
    "a manifest that is no JSON": (lambda: pack(written=b"{"), MANIFEST),
    "a manifest that is not UTF-8": (lambda: pack(written=b'{"\xff": 1}'), MANIFEST),
    "a manifest that is a list": (lambda: pack(written=b"[]"), MANIFEST),
    "a manifest that is nested": (lambda: pack(written=b"[" * 500_000), MANIFEST),
    "a manifest with a text without an end": (lambda: pack(written=b'"' + b'\\"' * 1_000_000), MANIFEST),
    "a manifest with a long number": (lambda: pack(written=b"1" * 100_000), MANIFEST),
    "a manifest that is large": (lambda: pack(written=b" " * (5 << 20)), MANIFEST),
    "a manifest that says something twice": (
        lambda: pack(written=b'{"pack_version": 1, "pack_version": 1}'),
        MANIFEST,
    ),
    "a manifest of another version": (lambda: changed(lambda m: m.update(pack_version=2)), MANIFEST),
    "a manifest without hashes": (lambda: changed(lambda m: m.pop("audits")), MANIFEST),
    "a manifest with more in it": (lambda: changed(lambda m: m.update(run="rm -rf /")), MANIFEST),
    "a manifest with a wrong kind": (lambda: changed(lambda m: m.update(params=[1])), MANIFEST),
    "an entry that leads out": (lambda: changed(lambda m: m.update(entry="../../audit.cycl")), MANIFEST),
    "an entry that is absolute": (lambda: changed(lambda m: m.update(entry="/etc/passwd")), MANIFEST),
    "an entry that is not there": (lambda: changed(lambda m: m.update(entry="other.cycl")), MANIFEST),
    "a root that leads out": (lambda: changed(lambda m: m.update(root="..")), MANIFEST),
    "no lock": (lambda: pack({n: d for n, d in FILES.items() if "lock" not in n}), MANIFEST),
    "a place for what is elsewhere that leads out": (
        lambda: changed(
            lambda m: m.update(
                elsewhere={"files/../../x": {"sha256": "0" * 64, "bytes": 1, "tables": [], "about": {}}}
            )
        ),
        MANIFEST,
    ),
    "a file here and elsewhere": (
        lambda: changed(
            lambda m: m.update(
                elsewhere={"files/people.csv": {"sha256": "0" * 64, "bytes": 1, "tables": [], "about": {}}}
            )
        ),
        MANIFEST,
    ),
    # the files and the manifest
    "a file that the manifest does not know": (
        lambda: pack(members=lambda made: [*made, M("files/evil.cycl", b"x")]),
        DIFFERS,
    ),
    "a file that is not there": (
        lambda: pack(members=lambda made: [m for m in made if m.name != "files/people.csv"]),
        DIFFERS,
    ),
    "a file that was changed": (
        lambda: altered(lambda m: replace(m, data=m.data.replace(b"0.8", b"9.8"))),
        DIFFERS,
    ),
    "a file that grew": (lambda: altered(lambda m: replace(m, data=m.data + b"x")), DIFFERS),
    "a digest that is another's": (
        lambda: changed(lambda m: member_of(m, "files/people.csv").update(sha256="0" * 64)),
        DIFFERS,
    ),
    "a digest that is none": (
        lambda: changed(lambda m: member_of(m, "files/people.csv").update(sha256="sha256")),
        MANIFEST,
    ),
    "a size that is another": (
        lambda: changed(lambda m: member_of(m, "files/people.csv").update(bytes=0)),
        DIFFERS,
    ),
}


def everything(*folders: Path) -> set[Path]:
    return {path for folder in folders for path in folder.rglob("*")}


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder to work in, with the cache and the folder for temporary files beside it."""
    for name, variable in (("cache", "CYCLSPEC_CACHE"), ("temporary", "TMPDIR")):
        (tmp_path / name).mkdir()
        monkeypatch.setenv(variable, str(tmp_path / name))
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "temporary"))
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    return tmp_path


def test_there_are_enough_of_them() -> None:
    assert len(CASES) >= 50


def test_the_pack_that_they_are_made_of_is_a_good_one(place: Path) -> None:
    Path("good.cyclpack").write_bytes(GOOD)
    said = CliRunner().invoke(group, ["check", "--data", "good.cyclpack"])
    assert said.exit_code == 0, said.output


@pytest.mark.parametrize("case", CASES)
def test_a_hostile_pack_is_refused_at_once_and_leaves_nothing(case: str, place: Path) -> None:
    make, code = CASES[case]
    path = Path("hostile.cyclpack")
    path.write_bytes(make())
    before = everything(place)
    started = time.monotonic()
    with pytest.raises(SpecError) as refused:
        open_pack(path)
    with pytest.raises(SpecError) as refused_too:
        take_out(path, Path("out"))
    assert time.monotonic() - started < LIMIT_SECONDS
    assert [d.code for d in refused.value.diagnostics] == [code]
    assert [d.code for d in refused_too.value.diagnostics] == [code]
    assert refused.value.diagnostics[0].place == "hostile.cyclpack"
    assert {path for path in everything(place) if path.name != "packs"} == before


@pytest.mark.parametrize("command", ["check", "plan", "run", "explain", "unpack"])
def test_every_command_refuses_it_as_a_user_sees_it(command: str, place: Path) -> None:
    Path("hostile.cyclpack").write_bytes(named("files/../../\x1b[2Jevil"))
    arguments = [command, "hostile.cyclpack", *(["-o", "out"] if command == "unpack" else [])]
    said = CliRunner().invoke(group, arguments)
    assert isinstance(said.exception, SpecError) or said.exit_code == 1
    assert "\x1b" not in said.output
    assert not Path("out").exists() and not Path("runs").exists()


def test_what_is_no_file_is_refused_without_waiting(place: Path) -> None:
    os.mkfifo("pipe.cyclpack")
    Path("folder.cyclpack").mkdir()
    Path("zero.cyclpack").symlink_to("/dev/zero")
    for name in ("pipe", "folder", "zero", "absent"):
        (found,) = pipeline.check(Path(f"{name}.cyclpack")).diagnostics
        assert found.code == "CY0014", name


def test_a_file_that_only_claims_to_be_large_is_refused_by_its_size(place: Path) -> None:
    with Path("large.cyclpack").open("wb") as file:
        file.truncate(3 << 40)
    (found,) = pipeline.check(Path("large.cyclpack")).diagnostics
    assert found.code == LARGE


# ---- a good archive with a hostile spec


LEADING_OUT = {
    "an absolute table": ('source = csv("people.csv")', 'source = csv("{}")', "CY0917"),
    "a table above": ('source = csv("people.csv")', 'source = csv("../../../../../../../../..{}")', "CY0917"),
    "a table out and in": ('source = csv("people.csv")', 'source = csv("../../x/../..{}")', "CY0917"),
    "an import above": ("cycl 1", 'cycl 1\nimport "../../../../../../../../..{}" as x', "CY0110"),
    "an absolute import": ("cycl 1", 'cycl 1\nimport "{}" as x', "CY0110"),
    "a metric above": (
        "audit small",
        'metric odd(p: dist(S)) -> share = python "..x:f" hash sha256:000000000000\n\naudit small',
        "CY0602",
    ),
}


@pytest.mark.parametrize("case", LEADING_OUT)
def test_a_spec_in_a_pack_reads_nothing_of_this_machine(case: str, place: Path) -> None:
    old, new, code = LEADING_OUT[case]
    secret = place / "secret.csv"
    secret.write_bytes(PEOPLE.replace(b"mill", b"secret"))
    Path("hostile.cyclpack").write_bytes(with_spec(SPEC.replace(old, new.format(secret))))
    checked = pipeline.check(Path("hostile.cyclpack"))
    assert {d.code for d in checked.errors} == {code}
    assert "secret," not in render(checked.diagnostics, "text")


def test_a_template_bomb_or_a_large_spec_is_refused_as_it_is_at_home(place: Path) -> None:
    for spec, code in (("cycl 1\n" + "(" * 100_000, "CY0013"), ("cycl 1\n" + "#" * (9 << 20), "CY0013")):
        Path("hostile.cyclpack").write_bytes(with_spec(spec))
        started = time.monotonic()
        checked = pipeline.check(Path("hostile.cyclpack"))
        assert time.monotonic() - started < LIMIT_SECONDS
        assert code in {d.code for d in checked.errors}
