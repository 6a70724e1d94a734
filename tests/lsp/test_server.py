"""The server as an editor meets it: a process that speaks the protocol over standard input and output."""

from __future__ import annotations

import asyncio
import shutil
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from editor import Editor, place, started
from lsprotocol import types as p

from cyclspec.lsp.desk import Desk
from cyclspec.lsp.navigation import outline

ROOT = Path(__file__).parents[2]
VALUES = """cycl 1

import std.metrics as m

scale feeling : ordinal {
  bad  "bad 😀"
  good "好"
}

prompt mood(town: town) -> choice(feeling) {
  user[zh] "你好，{town}！😀 {town|shout}"
}

axis town : nominal { mill "the mill", harbour "the harbour" }
"""


@pytest.fixture
def quickstart(tmp_path: Path) -> Path:
    """The quickstart, to be edited."""
    for name in ("quickstart.cycl", "quickstart"):
        source = ROOT / "specs" / name
        copy = shutil.copytree if source.is_dir() else shutil.copy
        copy(source, tmp_path / name)
    return tmp_path / "quickstart.cycl"


def edit(
    folder: Path, scene: Callable[[Editor], Awaitable[None]], *encodings: p.PositionEncodingKind
) -> None:
    async def play() -> None:
        async with started(folder, *encodings) as editor:
            await scene(editor)

    asyncio.run(play())


def codes(found: object) -> list[str]:
    return [item.code for item in found]  # type: ignore[attr-defined]


def test_a_file_without_mistakes_is_published_empty_and_the_server_leaves_when_told_to(
    quickstart: Path,
) -> None:
    async def scene(editor: Editor) -> None:
        assert codes(await editor.diagnostics(editor.open(quickstart))) == []

    edit(quickstart.parent, scene)


def test_a_mistake_shows_while_it_is_typed_and_goes_when_it_is_mended(quickstart: Path) -> None:
    text = quickstart.read_text(encoding="utf-8")

    async def scene(editor: Editor) -> None:
        uri = editor.open(quickstart)
        await editor.diagnostics(uri)
        editor.change(uri, text.replace("m.js_distance(reply", "m.js_distanse(reply"))
        (found,) = await editor.diagnostics(uri)
        line, character = place(text, "1 - m.")
        assert (found.code, found.severity) == ("CY0101", p.DiagnosticSeverity.Error)
        assert found.range == p.Range(p.Position(line, character), p.Position(line, character + 11))
        assert "help: did you mean `js_distance`" in found.message
        editor.change(uri, text)
        assert codes(await editor.diagnostics(uri)) == []

    edit(quickstart.parent, scene)


def test_labels_at_other_places_are_related_information(tmp_path: Path) -> None:
    path = tmp_path / "twice.cycl"
    path.write_text("cycl 1\nscale a : nominal { x }\nscale a : nominal { y }\n", encoding="utf-8")

    async def scene(editor: Editor) -> None:
        (found,) = await editor.diagnostics(editor.open(path))
        (other,) = found.related_information or ()
        assert (found.code, found.range.start.line) == ("CY0102", 2)
        assert other.message == "first given here"
        assert other.location == p.Location(path.as_uri(), p.Range(p.Position(1, 6), p.Position(1, 7)))

    edit(tmp_path, scene)


@pytest.mark.parametrize("name", ["two words.cycl", "größe 😀.cycl", "100%25 (a)#1?.cycl"])
def test_a_file_is_spoken_of_by_the_address_that_the_editor_gave(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_text("cycl 1\nscale a : nominal { x, x }\n", encoding="utf-8")

    async def scene(editor: Editor) -> None:
        uri = editor.open(path)
        (found,) = await editor.diagnostics(uri)
        assert [other.location.uri for other in found.related_information or ()] == [uri]
        editor.change(uri, "cycl 1\nscale a : nominal { x }\n")
        assert codes(await editor.diagnostics(uri)) == []
        editor.change(uri, "cycl 1\nscale a : nominal { x, x }\n")
        assert codes(await editor.diagnostics(uri)) == ["CY0102"]
        editor.shown.clear()
        editor.close(uri)
        assert codes(await editor.diagnostics(uri)) == []
        assert set(editor.shown) == {uri}

    edit(tmp_path, scene)


def test_the_places_of_a_file_are_found_in_one_text(tmp_path: Path) -> None:
    """The text of a file is prepared once: an outline that reads it anew at each place takes quadratic time."""
    desk = Desk()
    path = tmp_path / "long.cycl"
    desk.put(path, "cycl 1\n" + "".join(f"axis a{i} : nominal {{ x, y }}\n" for i in range(100)))
    view = desk.view(path)
    assert view is not None
    entries = outline(view)
    assert len(entries) == 100
    assert len({id(desk.true(place).source) for entry in entries for place in (entry.span, entry.at)}) == 1


@pytest.mark.parametrize(
    ("encoding", "character"),
    [
        (None, 25),
        (p.PositionEncodingKind.Utf16, 25),
        (p.PositionEncodingKind.Utf8, 35),
        (p.PositionEncodingKind.Utf32, 24),
    ],
    ids=["default", "utf-16", "utf-8", "utf-32"],
)
def test_places_are_counted_in_the_units_that_were_agreed_on(
    tmp_path: Path, encoding: p.PositionEncodingKind | None, character: int
) -> None:
    path = tmp_path / "mood.cycl"
    path.write_text(VALUES, encoding="utf-8")
    line = VALUES.split("\n").index('  user[zh] "你好，{town}！😀 {town|shout}"')

    async def scene(editor: Editor) -> None:
        uri = editor.open(path)
        (found,) = await editor.diagnostics(uri)
        assert (found.code, found.range.start) == ("CY0101", p.Position(line, character))
        assert found.range.end.character - character == len("{town|shout}")
        shown = await editor.hover(uri, line, character + 2)
        assert shown is not None and shown.range is not None
        assert shown.range == p.Range(p.Position(line, character + 1), p.Position(line, character + 5))

    edit(tmp_path, scene, *([encoding] if encoding else []))


def test_hover_completion_and_definition_answer_in_an_open_file(quickstart: Path) -> None:
    text = quickstart.read_text(encoding="utf-8")

    async def scene(editor: Editor) -> None:
        uri = editor.open(quickstart)
        shown = await editor.hover(uri, *place(text, "ask rep"))
        assert shown is not None and isinstance(shown.contents, p.MarkupContent)
        assert "dist(item.options) @ item, country, model ! response" in shown.contents.value
        assert "mass" in await editor.complete(uri, *place(text, "of reply."))
        target = await editor.define(uri, *place(text, "= as_res"))
        assert target is not None
        assert target.uri == (quickstart.parent / "quickstart" / "prompts.cycl").as_uri()
        assert target.range.start == p.Position(6, 7)

    edit(quickstart.parent, scene)


def test_completion_answers_while_the_statement_is_broken(quickstart: Path) -> None:
    text = quickstart.read_text(encoding="utf-8").replace("read  = first_token(labels = letters)", "read  = ")

    async def scene(editor: Editor) -> None:
        uri = editor.open(quickstart, text)
        assert codes(await editor.diagnostics(uri))[0].startswith("CY00")
        assert (await editor.complete(uri, *place(text, "read  = ")))[0] == "first_token"
        assert "human" in await editor.complete(uri, *place(text, "mean over item of "))

    edit(quickstart.parent, scene)


def test_unsaved_edits_of_an_import_count_and_closing_it_brings_back_what_is_saved(quickstart: Path) -> None:
    survey = quickstart.parent / "quickstart" / "survey.cycl"
    changed = survey.read_text(encoding="utf-8").replace("corpus invented", "corpus imagined")

    async def scene(editor: Editor) -> None:
        main = editor.open(quickstart)
        assert codes(await editor.diagnostics(main)) == []
        other = editor.open(survey, changed)
        found = await editor.diagnostics(main, lambda shown: len(shown) > 0)
        assert "invented" in " ".join(item.message for item in found)
        prompts = (quickstart.parent / "quickstart" / "prompts.cycl").as_uri()
        assert "CY0101" in codes(await editor.diagnostics(prompts))
        editor.close(other)
        assert codes(await editor.diagnostics(main, lambda shown: len(shown) == 0)) == []
        assert codes(await editor.diagnostics(prompts, lambda shown: len(shown) == 0)) == []

    edit(quickstart.parent, scene)


def test_two_files_that_import_each_other_are_told_so_and_keep_the_server(tmp_path: Path) -> None:
    one, two = tmp_path / "one.cycl", tmp_path / "two.cycl"
    one.write_text('cycl 1\nimport "two.cycl" as two\nscale a : nominal { x }\n', encoding="utf-8")
    two.write_text('cycl 1\nimport "one.cycl" as one\nscale b : nominal { y }\n', encoding="utf-8")

    async def scene(editor: Editor) -> None:
        first, second = editor.open(one), editor.open(two)
        assert "CY0104" in codes(await editor.diagnostics(second, lambda shown: len(shown) > 0))
        assert "CY0104" in codes(await editor.diagnostics(first, lambda shown: len(shown) > 0))
        shown = await editor.hover(first, 2, 7)
        assert shown is not None
        editor.change(second, "cycl 1\nscale b : nominal { y }\n")
        assert codes(await editor.diagnostics(first, lambda shown: len(shown) == 0)) == []

    edit(tmp_path, scene)


def test_formatting_gives_one_edit_none_where_nothing_changes_and_none_where_the_file_is_broken(
    tmp_path: Path,
) -> None:
    path = tmp_path / "layout.cycl"
    path.write_text("cycl 1\nscale feeling : ordinal {bad\n\n\n  good}", encoding="utf-8")

    async def scene(editor: Editor) -> None:
        uri = editor.open(path)
        (change,) = await editor.format(uri) or ()
        assert change.range == p.Range(p.Position(0, 0), p.Position(4, 7))
        assert change.new_text == "cycl 1\nscale feeling : ordinal { bad, good }\n"
        editor.change(uri, change.new_text)
        assert not await editor.format(uri)
        editor.change(uri, change.new_text + "scale")
        assert not await editor.format(uri)

    edit(tmp_path, scene)


def test_a_help_that_types_is_offered_as_a_quick_fix(quickstart: Path) -> None:
    async def scene(editor: Editor) -> None:
        uri = editor.open(quickstart, "cycl 1\n\nparam q : int = 2\n")
        await editor.diagnostics(uri, lambda shown: len(shown) == 1)
        assert await editor.actions(uri, 0) == []
        (action,) = await editor.actions(uri, 2)
        assert (action.title, action.kind) == ("did you mean `count`?", p.CodeActionKind.QuickFix)
        assert action.edit is not None and action.edit.changes is not None
        (change,) = action.edit.changes[uri]
        assert change == p.TextEdit(p.Range(p.Position(2, 10), p.Position(2, 13)), "count")
        editor.change(uri, 'cycl 1\nscale s : nominal { a "😀", b = 1,5 }\n')
        await editor.diagnostics(uri)
        (action,) = await editor.actions(uri, 1)
        assert action.title == "write `1.5`"
        assert action.edit is not None and action.edit.changes is not None
        assert action.edit.changes[uri][0].range == p.Range(p.Position(1, 32), p.Position(1, 35))

    edit(quickstart.parent, scene)


def test_line_ends_of_old_macs_count_and_half_a_character_is_told_of(tmp_path: Path) -> None:
    path = tmp_path / "ends.cycl"

    async def scene(editor: Editor) -> None:
        uri = editor.open(path, "cycl 1\rscale s : ordinal {bad\r\r\r  good}")
        (change,) = await editor.format(uri) or ()
        assert change.range == p.Range(p.Position(0, 0), p.Position(4, 7))
        editor.change(uri, 'cycl 1\nscale s : ordinal { bad "\ud83d" }\n')
        (found,) = await editor.diagnostics(uri)
        assert found.code == "CY0014"
        assert "line 2" in found.message

    edit(tmp_path, scene)


def test_outline_hints_references_and_renaming_reach_across_files(quickstart: Path) -> None:
    text = quickstart.read_text(encoding="utf-8")

    async def scene(editor: Editor) -> None:
        uri = editor.open(quickstart)
        document = p.TextDocumentIdentifier(uri)
        symbols = await editor.client.text_document_document_symbol_async(p.DocumentSymbolParams(document))
        assert [symbol.name for symbol in symbols or ()] == ["min_mass", "models", "quickstart"]
        everything = p.Range(p.Position(0, 0), p.Position(99, 0))
        hints = await editor.client.text_document_inlay_hint_async(p.InlayHintParams(document, everything))
        assert [hint.label for hint in hints or ()] == [" @ item, country"]
        at = p.Position(*place(text, "in survey.coun"))
        context = p.ReferenceContext(include_declaration=True)
        uses = await editor.client.text_document_references_async(p.ReferenceParams(context, document, at))
        files = {use.uri.rsplit("/", 1)[1] for use in uses or ()}
        assert files == {"quickstart.cycl", "survey.cycl", "prompts.cycl"}
        change = await editor.client.text_document_rename_async(p.RenameParams(document, at, "nation"))
        assert change is not None and change.changes is not None
        assert {edit.new_text for edits in change.changes.values() for edit in edits} == {"nation"}
        assert sum(map(len, change.changes.values())) == len(uses or ())
        refused = await editor.client.text_document_rename_async(p.RenameParams(document, at, "audit"))
        assert refused is None

    edit(quickstart.parent, scene)


def test_requests_about_broken_unknown_and_hostile_files_are_answered(tmp_path: Path) -> None:
    path = tmp_path / "never_saved.cycl"
    texts = [
        "",
        "\ufeff",
        "cycl",
        "audit a {",
        '"',
        "cycl 1\naudit a { let x = (((((",
        "😀" * 50,
        "cycl 1\r\nparam p : \r\n",
        "{" * 5000,
    ]

    async def scene(editor: Editor) -> None:
        uri = editor.open(path, "cycl 1\n")
        for text in texts:
            editor.change(uri, text)
            await editor.diagnostics(uri)
            for line, character in ((0, 0), (0, 3), (1, 10), (9, 9)):
                await editor.hover(uri, line, character)
                await editor.complete(uri, line, character)
                await editor.define(uri, line, character)
            await editor.format(uri)

    edit(tmp_path, scene)


def test_a_keystroke_is_answered_well_below_a_second(quickstart: Path) -> None:
    text = quickstart.read_text(encoding="utf-8")

    async def scene(editor: Editor) -> None:
        uri = editor.open(quickstart)
        await editor.diagnostics(uri)
        seconds: list[float] = []
        for number in range(5):
            start = time.monotonic()
            editor.change(uri, f"{text}# {number}\n")
            await editor.complete(uri, *place(text, "of reply."))
            await editor.diagnostics(uri)
            seconds.append(time.monotonic() - start)
        assert min(seconds) < 1.0, seconds

    edit(quickstart.parent, scene)


def test_thousands_of_mistakes_keep_nobody_waiting(tmp_path: Path) -> None:
    """What took a minute for as many names as mistakes; the limits here are wide, since machines differ."""
    path = tmp_path / "many.cycl"
    text = "cycl 1\n" + "".join(f"param parameter_{n} : foo = paramter_{n}x\n" for n in range(1500))
    path.write_text(text, encoding="utf-8")

    async def scene(editor: Editor) -> None:
        uri = editor.open(path)
        begun = time.monotonic()
        assert len(await editor.diagnostics(uri)) == 1500
        await editor.hover(uri, 3, 8)
        await editor.complete(uri, 3, 24)
        assert time.monotonic() - begun < 20

    edit(tmp_path, scene)
