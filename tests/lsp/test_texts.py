"""Places, broken texts, and the tokens before a cursor."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from marked import QUICKSTART, ROOT

from cyclspec.language.spans import Source
from cyclspec.lsp.positions import Encoding, Place, offset_of, place_of
from cyclspec.lsp.recover import is_whole, repair
from cyclspec.lsp.scan import scan

CODECS: dict[Encoding, tuple[str, int]] = {
    "utf-8": ("utf-8", 1),
    "utf-16": ("utf-16-le", 2),
    "utf-32": ("utf-32-le", 4),
}
TEXTS = st.text(alphabet=st.sampled_from("ab \n中😀é\u200d\t"), max_size=40)


@given(TEXTS, st.data())
@settings(max_examples=200, deadline=None)
def test_a_place_is_where_the_encoded_line_says(text: str, data: st.DataObject) -> None:
    source = Source("main.cycl", text)
    offset = data.draw(st.integers(0, len(text)))
    for encoding, (codec, width) in CODECS.items():
        before = text[:offset]
        line = before.rpartition("\n")[2]
        wanted = Place(before.count("\n"), len(line.encode(codec)) // width)
        assert place_of(source, offset, encoding) == wanted
        assert offset_of(source, wanted, encoding) == offset


def test_places_outside_of_the_text_are_brought_back_to_it() -> None:
    source = Source("main.cycl", "a😀\nb")
    assert offset_of(source, Place(0, 99), "utf-16") == 2
    assert offset_of(source, Place(0, 2), "utf-16") == 1
    assert offset_of(source, Place(7, 0), "utf-16") == 4


@pytest.mark.parametrize(
    "broken",
    [
        "each item in",
        "ask x = {",
        "let y = (1 + ",
        "let y = (((",
        "ask y = p( { [",
        "measure m by a : = ",
        "check c { on_fail = }",
        "let z = 1 +",
        'title = "',
    ],
)
def test_a_broken_statement_is_blanked_out_and_nothing_moves(broken: str) -> None:
    text = QUICKSTART.read_text(encoding="utf-8").replace(
        "  check label_mass", f"  {broken}\n  check label_mass"
    )
    assert not is_whole(text)
    repaired = repair(text)
    assert repaired is not None and is_whole(repaired)
    assert len(repaired) == len(text)
    for kept in ("ask reply", "let human", "measure alignment"):
        assert repaired.find(kept) == text.find(kept)


@pytest.mark.parametrize("head", ['import "a.cycl" as', "import std.", 'import { a, } "b"', "import"])
def test_a_broken_import_costs_itself_alone(head: str) -> None:
    text = f"cycl 1\n{head}\nimport std.metrics as m\nscale a : nominal {{ x }}\n"
    assert repair(text) == text.replace(head, " " * len(head), 1)


@given(st.text(max_size=120))
@settings(max_examples=150, deadline=None)
def test_any_text_can_be_scanned_and_repaired(text: str) -> None:
    for offset in (0, len(text) // 2, len(text)):
        assert scan(text, offset).levels
    repaired = repair(text)
    assert repaired is None or (is_whole(repaired) and len(repaired) == len(text))


@pytest.mark.parametrize(
    ("text", "blocks", "typed"),
    [
        ("audit a { ask b = p(c) { re", ("audit", "ask"), "re"),
        ("audit a { each model in panel ask b = p(model) { ", ("audit", "ask"), ""),
        ("corpus c { table t { source = ", ("corpus", "table"), ""),
        ("axis c : nominal { x { ", ("axis", "level"), ""),
        ("panel p { factor f : nominal { a } model m = demo() { f = ", ("panel", "model"), ""),
        ("prompt p(x: text) -> record { a : sh", ("record",), "sh"),
        ("prompt p(x: text) -> record { a : share } { us", ("prompt",), "us"),
        ("audit a { let x = (1 + \nparam p : c", (), "c"),
        ("import { a, b", ("import",), "b"),
    ],
)
def test_open_blocks_are_known_by_their_heads(text: str, blocks: tuple[str, ...], typed: str) -> None:
    cursor = scan(text, len(text))
    assert (cursor.blocks, cursor.typed) == (blocks, typed)


def test_neither_the_server_nor_a_check_imports_jax() -> None:
    code = (
        "import sys; from pathlib import Path; import cyclspec.lsp.server; from cyclspec.lsp.desk import Desk\n"
        f"desk = Desk(); path = Path({str(QUICKSTART)!r}); desk.put(path, path.read_text(encoding='utf-8'))\n"
        "assert desk.view(path) is not None and desk.report(path) == {path: ()}\n"
        "heavy = {'jax', 'flax', 'transformers', 'pyarrow', 'numpy', 'torch'} & set(sys.modules)\n"
        "assert not heavy, heavy"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT)


def test_without_pygls_the_command_says_what_to_install(tmp_path: Path) -> None:
    code = "import sys; sys.modules['pygls'] = None; sys.argv = ['', 'lsp']; from cyclspec.cli.main import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=tmp_path, check=False
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.strip() == "the language server needs pygls: pip install 'cyclspec[lsp]'"


def test_the_server_ends_when_its_editor_is_gone(tmp_path: Path) -> None:
    command = [sys.executable, "-W", "error", "-m", "cyclspec", "lsp", "--stdio"]
    done = subprocess.run(command, input=b"", capture_output=True, cwd=tmp_path, check=False, timeout=120)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")


def test_a_request_that_fails_is_logged_and_answered_with_nothing(caplog: pytest.LogCaptureFixture) -> None:
    from cyclspec.lsp.server import guarded

    def fail(params: int) -> int:
        return params // 0

    assert guarded(fail)(1) is None
    assert "no answer to int" in caplog.text
    assert "ZeroDivisionError" in caplog.text
