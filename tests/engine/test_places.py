"""Places read as they print, and what is no place is refused."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cyclspec.compiler.checkpoints import Demo, Folder, Hub, Place, parse_place
from cyclspec.language.diagnostics.base import SpecError

_segment = st.from_regex(r"[A-Za-z0-9](?:[A-Za-z0-9_.]{0,8}[A-Za-z0-9])?", fullmatch=True).filter(
    lambda s: ".." not in s
)
_hub = st.builds(
    Hub,
    st.tuples(_segment, _segment).map("/".join).filter(lambda repo: not Path(repo).exists()),
    st.none() | st.from_regex(r"[a-z0-9][a-z0-9_-]{0,8}", fullmatch=True),
)
_folder = st.builds(
    Folder, st.from_regex(r"(\./|\.\./|/)?[a-z0-9]{1,5}(/[a-z0-9]{1,5}){0,2}", fullmatch=True).map(Path)
)


@given(st.one_of(st.just(Demo()), _hub, _folder))
def test_a_place_reads_as_it_prints(place: Place) -> None:
    assert parse_place(str(place)) == place


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("demo", Demo()),
        ("./demo", Folder(Path("demo"))),
        ("/models/a", Folder(Path("/models/a"))),
        ("../a", Folder(Path("../a"))),
        (".", Folder(Path())),
        ("~/a", Folder(Path.home() / "a")),
        ("org/name", Hub("org/name", None)),
        ("Qwen/Qwen2.5-0.5B@main", Hub("Qwen/Qwen2.5-0.5B", "main")),
        (f"org/name@{'0a' * 20}", Hub("org/name", "0a" * 20)),
        ("org/name@refs/pr/3", Hub("org/name", "refs/pr/3")),
    ],
)
def test_each_kind_of_place_is_told_from_the_others(text: str, place: Place) -> None:
    assert parse_place(text) == place


def test_a_folder_that_exists_wins_over_the_hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "org" / "name").mkdir(parents=True)
    monkeypatch.chdir(tmp_path)
    assert parse_place("org/name") == Folder(Path("org/name"))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "gpt2",
        "a/b/c",
        "org/",
        "org/na me",
        "org/name@",
        "org/..",
        "org/a..b",
        "org/a--b",
        "-o/x",
        "a\0b/c",
        "org/name@../x",
        "https://huggingface.co/org/name",
    ],
)
def test_other_text_is_refused_with_help(text: str) -> None:
    with pytest.raises(SpecError, match="is neither a folder nor a repository") as refused:
        parse_place(text)
    assert "org/name@revision" in refused.value.diagnostics[0].help
