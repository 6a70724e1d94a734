"""What a file of a pack may be called, and what an archive is, for any names and contents."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path, PurePosixPath

import pytest
from crafted import M, archive
from hypothesis import given
from hypothesis import strategies as st

from cyclspec.language.diagnostics import SpecError
from cyclspec.pack.archive import chunks, read, write
from cyclspec.pack.manifest import AtHome, Elsewhere, Flaw, Manifest, Packed
from cyclspec.pack.manifest import read as read_manifest
from cyclspec.pack.manifest import text as manifest_text
from cyclspec.pack.names import flaw_of_name, flaw_of_names

PARTS = st.text(st.characters(exclude_characters="/\\:"), min_size=1, max_size=12)
NAMES = st.lists(PARTS, min_size=1, max_size=5).map("/".join)
WORDS = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
HEX = st.text("0123456789abcdef", min_size=64, max_size=64)


@given(st.one_of(NAMES, st.text(max_size=30)))
def test_a_name_without_a_flaw_stays_below_its_folder(name: str) -> None:
    if flaw_of_name(name) is not None:
        return
    place = PurePosixPath("/here") / name
    assert place.is_relative_to("/here")
    assert ".." not in place.parts
    assert str(place) == f"/here/{name}"
    assert name.isprintable()


@pytest.mark.parametrize(
    "name",
    ["files/audit.cycl", "files/data/answers.parquet", "files/数据/人.csv", "files/données.csv", "a b"],
)
def test_a_usual_name_has_no_flaw(name: str) -> None:
    assert flaw_of_name(name) is None


@given(st.lists(NAMES, max_size=6))
def test_names_without_a_flaw_are_different_places_on_any_file_system(names: list[str]) -> None:
    if flaw_of_names(names) is not None:
        return
    folded = [name.casefold() for name in names]
    assert len(set(folded)) == len(folded)
    assert not any(other.startswith(f"{name}/") for name in folded for other in folded)


@given(st.dictionaries(NAMES, st.binary(max_size=200), max_size=6))
def test_an_archive_is_read_as_it_was_written_and_any_tool_reads_it(
    tmp_path_factory: pytest.TempPathFactory, files: dict[str, bytes]
) -> None:
    files = {name: data for name, data in files.items() if flaw_of_name(name) is None}
    path = tmp_path_factory.mktemp("archive") / "a.cyclpack"
    members = [(name, lambda data=data: io.BytesIO(data), len(data)) for name, data in files.items()]
    write(path, members)
    with path.open("rb") as opened:
        found = {member.name: b"".join(chunks(opened, member)) for member in read(opened)}
    assert found == files
    assert list(found) == sorted(files)
    with zipfile.ZipFile(path) as tool:
        assert {name: tool.read(name) for name in tool.namelist()} == files
        assert tool.testzip() is None
    again = path.with_name("b.cyclpack")
    write(again, list(reversed(members)))
    assert again.read_bytes() == path.read_bytes()
    assert path.read_bytes() == archive([M(name, files[name]) for name in sorted(files)])


@given(st.integers(0, 10_000), st.integers(1, 255))
def test_a_flipped_bit_outside_of_the_contents_is_noticed(at: int, flip: int) -> None:
    data = bytearray(archive([M("files/a", b""), M("files/b", b"")]))
    data[at % len(data)] ^= flip
    try:
        found = read(io.BytesIO(bytes(data)))
    except SpecError:
        return
    # What is read after all has another name or another checksum, which the manifest does not know.
    assert {member.name for member in found} != {"files/a", "files/b"} or data != archive(
        [M("files/a", b""), M("files/b", b"")]
    )


MANIFESTS = st.builds(
    Manifest,
    entry=WORDS,
    root=WORDS,
    made_by=WORDS,
    params=st.dictionaries(WORDS, WORDS, max_size=2),
    audits=st.dictionaries(WORDS, st.builds(AtHome, HEX, HEX, HEX), max_size=2),
    members=st.dictionaries(WORDS, st.builds(Packed, HEX, st.integers(0, 2**40)), max_size=3),
    elsewhere=st.dictionaries(
        WORDS,
        st.builds(
            Elsewhere,
            HEX,
            st.integers(0, 2**40),
            st.lists(WORDS, max_size=2).map(tuple),
            st.dictionaries(WORDS, WORDS, max_size=2),
        ),
        max_size=2,
    ),
    models=st.dictionaries(WORDS, WORDS, max_size=2),
)


@given(MANIFESTS)
def test_a_manifest_is_read_as_it_was_written(manifest: Manifest) -> None:
    assert read_manifest(manifest_text(manifest).encode()) == manifest


@given(st.binary(max_size=300))
def test_bytes_are_a_manifest_or_have_a_flaw(data: bytes) -> None:
    with pytest.raises(Flaw):
        read_manifest(data)


def test_a_folder_is_not_made_for_a_pack_that_is_refused(tmp_path: Path) -> None:
    from cyclspec.pack.opened import take_out

    path = tmp_path / "a.cyclpack"
    path.write_bytes(b"PK")
    with pytest.raises(SpecError):
        take_out(path, tmp_path / "new" / "folder")
    assert not (tmp_path / "new").exists()
