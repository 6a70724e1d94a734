"""A path that leads nowhere, on the command line: what was probably meant."""

from __future__ import annotations

from pathlib import Path

import pytest

from cyclspec import pipeline


@pytest.mark.parametrize(
    ("typed", "helps"),
    [
        ("specs/quikstart.cycl", ("did you mean `specs/quickstart.cycl`?",)),
        ("specs/quickstart", ("did you mean `specs/quickstart.cycl`?",)),
        ("spec/quickstart.cycl", ("did you mean `specs/quickstart.cycl`?",)),
        ("nothing/at/all.cycl", ()),
    ],
)
def test_a_file_that_is_not_there_leads_to_the_one_that_is_nearly_called_so(
    typed: str, helps: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "specs").mkdir()
    (tmp_path / "specs" / "quickstart.cycl").write_text("cycl 1\n", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    (found,) = pipeline.check(Path(typed)).diagnostics
    assert (found.code, found.helps) == ("CY0014", helps)
