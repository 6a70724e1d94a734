"""The design that `svyset` leaves in a Stata file is taken, and what of it has no place is said."""

from __future__ import annotations

import io
import struct
from collections.abc import Mapping
from pathlib import Path

import pandas as pd
import pyreadstat
import pytest
import statsmodels
from survey_files import bring_in, open_notes, said

from cyclspec.compiler.surveys import Imported
from cyclspec.compiler.surveys.notes import Topic
from cyclspec.compiler.surveys.reading.stata_design import Design, design_of

STATA_ITSELF = Path(statsmodels.__file__).parent / "tsa"
MANUFAC = STATA_ITSELF / "statespace" / "tests" / "results" / "manufac.dta"
LUTKEPOHL = STATA_ITSELF / "tests" / "results" / "lutkepohl2.dta"
SET = {
    "_svy_version": "2",
    "_svy_stages": "1",
    "_svy_wtype": "pweight",
    "_svy_wvar": "calib",
    "_svy_su1": "village",
    "_svy_strata1": "zone",
}
FRAME = pd.DataFrame(
    {
        "vote": [1.0, 2.0, 1.0, 2.0, 1.0, 2.0],
        "zone": [1.0, 1.0, 1.0, 2.0, 2.0, 2.0],
        "village": [11.0, 12.0, 13.0, 21.0, 22.0, 23.0],
        "wt": [1.0, 1.1, 0.9, 1.0, 1.0, 1.0],
        "calib": [0.8, 1.2, 1.0, 0.9, 1.1, 1.0],
    }
)


def field(name: str, text: str, width: int) -> bytes:
    parts = (part.encode().ljust(width, b"\0") for part in ("_dta", name))
    return b"".join(parts) + text.encode() + b"\0"


def stata(path: Path, characteristics: Mapping[str, str], version: int = 118) -> Path:
    """A file as pandas writes it, with characteristics that pandas cannot write."""
    FRAME.to_stata(path, write_index=False, version=version)
    data = bytearray(path.read_bytes())
    fields = [field(name, text, 129 if version > 117 else 33) for name, text in characteristics.items()]
    inside = b"".join(b"<ch>" + struct.pack("<I", len(one)) + one + b"</ch>" for one in fields)
    at = data.index(b"</characteristics>")
    data[at:at] = inside
    offsets = data.index(b"<map>") + len(b"<map>")
    for number in range(9, 14):
        place = offsets + 8 * number
        data[place : place + 8] = struct.pack(
            "<Q", struct.unpack("<Q", data[place : place + 8])[0] + len(inside)
        )
    path.write_bytes(data)
    return path


def roles(imported: Imported) -> tuple[str, str, str]:
    assert imported.corpus.people is not None
    found = imported.corpus.people.roles
    return found.weight, found.strata, found.cluster


@pytest.mark.parametrize("version", [117, 118])
def test_a_file_that_is_set_has_its_weight_strata_and_clusters(version: int, tmp_path: Path) -> None:
    path = stata(tmp_path / "a.dta", {**SET, "note0": "1", "note1": "Made up."}, version)
    # Readers that pass over characteristics read the file, and one of them knows notes.
    frame, meta = pyreadstat.read_dta(path)
    assert frame.equals(FRAME) and pd.read_stata(path).equals(FRAME)
    assert meta.notes == ["Made up."]
    imported = bring_in(path)
    assert roles(imported) == ("weight", "stratum", "psu")
    columns = {c.name: c for c in imported.corpus.people.columns}  # type: ignore[union-attr]
    assert columns["weight"].numbers.tolist() == FRAME["calib"].tolist()  # type: ignore[union-attr]
    assert "by which the file itself is weighted" in said(imported, Topic.WEIGHTS, "calib")
    assert "strata, as the file itself is set" in said(imported, Topic.DESIGN, "zone")
    assert "clusters (PSUs), as the file itself is set" in said(imported, Topic.DESIGN, "village")
    assert [item.key for item in imported.corpus.items] == ["vote"]


def test_the_command_line_comes_first_and_what_the_file_says_is_kept_in_view(tmp_path: Path) -> None:
    path = stata(tmp_path / "a.dta", SET)
    imported = bring_in(path, strata="village", weight="wt")
    notes = {(note.subject, note.settle) for note in open_notes(imported)}
    assert {("zone", "--strata zone"), ("calib", "--weight calib")} <= notes
    assert Topic.DESIGN not in {n.topic for n in open_notes(bring_in(path, demographics=("zone",)))}


def test_settings_without_a_place_are_said_and_those_without_a_column_are_not_taken(tmp_path: Path) -> None:
    more = {"_svy_su1": "_n", "_svy_strata1": "gone", "_svy_fpc1": "size", "_svy_su2": "house"}
    imported = bring_in(stata(tmp_path / "a.dta", {**SET, **more}))
    assert roles(imported) == ("weight", "", "")
    assert "more than a corpus can hold: fpc1 = size, su2 = house" in said(imported, Topic.DESIGN)
    assert roles(bring_in(stata(tmp_path / "b.dta", {"_svy_wvar": "calib"}))) == ("weight", "", "")
    assert "by its name" in said(bring_in(tmp_path / "b.dta"), Topic.WEIGHTS, "wt")


def test_files_that_stata_itself_wrote_are_read() -> None:
    """One of format 114, whose characteristics are expansion fields, and one with sections."""
    old = MANUFAC.read_bytes()
    assert (old[0], LUTKEPOHL.read_bytes()[:11]) == (114, b"<stata_dta>")
    assert old.count(b"_dta\0") > 1
    for path in (MANUFAC, LUTKEPOHL):
        with path.open("rb") as handle:
            assert design_of(handle) == Design()
    first = old.index(b"_dta\0") - 5
    fields = (field("_svy", "set", 33), field("pweight", "wt", 33), field("psu", "village", 33))
    inside = b"".join(b"\1" + struct.pack("<I", len(one)) + one for one in fields)
    assert design_of(io.BytesIO(old[:first] + inside + old[first:])) == Design("wt", "", "village")
    whole = LUTKEPOHL.read_bytes()
    at = whole.index(b"<ch>")
    width = 33 if b"<release>117" in whole else 129
    inside = b"".join(
        b"<ch>" + struct.pack("<I", len(one)) + one + b"</ch>"
        for one in (field("_svy_version", "2", width), field("_svy_wvar", "wt", width))
    )
    assert design_of(io.BytesIO(whole[:at] + inside + whole[at:])) == Design("wt")


def test_a_damaged_file_has_no_design(tmp_path: Path) -> None:
    data = stata(tmp_path / "a.dta", SET).read_bytes()
    with io.BytesIO(data) as handle:
        assert design_of(handle) == Design("calib", "zone", "village")
    for end in range(0, len(data), 37):
        cut = design_of(io.BytesIO(data[:end]))
        assert {cut.weight, cut.strata, cut.psu} <= {"", "calib", "zone", "village"}
    at = data.index(b"<map>") + 5 + 8 * 8
    for offset in (0, 1 << 40, (1 << 64) - 1):
        wrong = data[:at] + struct.pack("<Q", offset) + data[at + 8 :]
        assert design_of(io.BytesIO(wrong)) == Design()
