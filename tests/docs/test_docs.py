"""Every block of the README and of docs/ is true: specs check, commands run, Python runs, links lead somewhere."""

from __future__ import annotations

import contextlib
import csv
import io
import re
import shlex
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest
from markdown import Markdown
from pages import ROOT, Block, apply, blocks_of, printed_by

from cyclspec import pipeline
from cyclspec.compiler.plan.executable import not_executable
from cyclspec.language.diagnostics.render import render
from cyclspec.language.types import asks, audits, measures, tables
from cyclspec.language.types.readers import PARSERS
from cyclspec.language.types.templates import STYLES

READERS = ("first_token", "option_likelihood", "sampled", "text", "json", "recorded")
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
_LINK = re.compile(r"\]\((?!https?:)([^)#\s]*)(?:#([^)\s]+))?\)")
BLOCKS = [block for page in PAGES for block in blocks_of(page)]


def blocks(kind: str) -> list[Block]:
    """Blocks of one language that stand alone: files that a reader writes are followed in test_tutorial.py."""
    return [block for block in BLOCKS if block.kind == kind and block.file is None]


def write_files_before(block: Block) -> None:
    """Writes the files that stand above a block in its page."""
    for other in blocks_of(block.page):
        if other.start < block.start and other.file is not None and other.kind != "console":
            apply(other)


@pytest.fixture
def copied(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project folder with a copy of the specs, so that nothing is written beside them."""
    subprocess.run(["cp", "-r", str(ROOT / "specs"), str(tmp_path / "specs")], check=True)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("block", blocks("cycl"), ids=str)
def test_every_spec_in_the_docs_is_what_it_says(block: Block, copied: Path) -> None:
    """A program checks, or it is marked with a code and gets that code and no other error."""
    write_files_before(block)
    spec = Path("audit.cycl")
    spec.write_text(block.text, encoding="utf-8")
    checked = pipeline.check(spec)
    shown = render(checked.diagnostics, "text")
    if block.code is None:
        assert not checked.errors, shown
        return
    assert block.code in {found.code for found in checked.diagnostics}, shown
    assert {found.code for found in checked.errors} <= {block.code}, shown


WHOLE = [b for b in BLOCKS if b.kind == "cycl" and b.file is not None and b.file.endswith(".cycl")]


@pytest.mark.parametrize("block", WHOLE, ids=str)
def test_every_spec_that_a_page_has_one_write_checks(block: Block, copied: Path) -> None:
    assert block.file is not None
    write_files_before(block)
    apply(block)
    checked = pipeline.check(Path(block.file))
    assert not checked.errors, render(checked.diagnostics, "text")


def test_the_reference_names_every_reader_parser_and_style() -> None:
    text = (ROOT / "docs" / "language.md").read_text(encoding="utf-8")
    assert [name for name in READERS if f"`{name}(" not in text] == []
    assert [name for name in PARSERS if f"`{name}`" not in text] == []
    assert [style for style in STYLES if f"`{style}`" not in text] == []


def test_the_reference_names_every_field() -> None:
    text = (ROOT / "docs" / "language.md").read_text(encoding="utf-8")
    fields = {
        *asks._FIELDS,
        *audits._FIELDS,
        *measures._MEASURE_FIELDS,
        *measures._CHECK_FIELDS,
        *tables._TABLE_FIELDS,
        *tables._CORPUS_FIELDS,
    }
    assert [name for name in sorted(fields) if f"`{name}`" not in text and f"{name} = " not in text] == []


def test_the_home_page_lists_every_command() -> None:
    from cyclspec.cli.main import COMMANDS

    text = (ROOT / "docs" / "index.md").read_text(encoding="utf-8")
    assert set(COMMANDS) == set(re.findall(r"^\| `cyclspec (\w+)", text, re.MULTILINE))


def test_generated_pages_are_what_the_code_says() -> None:
    path = ROOT / "scripts" / "docs" / "reference.py"
    done = subprocess.run([sys.executable, str(path), "--check"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_entry_of_the_standard_library_is_headed_by_its_own_signature() -> None:
    text = (ROOT / "docs" / "stdlib.md").read_text(encoding="utf-8")
    entries = re.findall(r"^### (\w+)\n\n    ([^\n]+)$", text, re.MULTILINE)
    assert len(entries) == text.count("\nUnit: ") > 0
    for name, head in entries:
        assert re.fullmatch(rf"{name}\([^#]*\) -> [a-z]+[^#]*", head), head


def test_the_wrong_word_of_the_readme_gets_the_rendering_that_the_readme_shows(copied: Path) -> None:
    right = next(block.text for block in blocks("cycl") if block.page.name == "README.md")
    shown = next(b.text for b in blocks("") if b.page.name == "README.md" and b.text.startswith("error["))
    wrong = right.replace("alignment by model, country :", "alignment by model :")
    assert wrong != right
    spec = Path("audit.cycl")
    spec.write_text(wrong, encoding="utf-8")
    assert render(pipeline.check(spec).diagnostics, "text").strip() == shown.strip()


@pytest.mark.parametrize("block", blocks("python"), ids=str)
def test_every_python_block_runs(block: Block, copied: Path) -> None:
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(compile(block.text, str(block), "exec"), {"__name__": "__main__"})  # noqa: S102
    assert printed.getvalue().strip()


def test_the_rows_of_the_readme_are_what_the_quickstart_prints(copied: Path) -> None:
    """Values to the digits shown, within 2e-4: the machine that wrote them was another one."""
    shown = next(b.text for b in blocks("") if b.page.name == "README.md" and b.text.startswith("measure "))
    header, *rows = (line.split() for line in shown.strip().splitlines())
    assert "198 asked, 0 reused" in printed_by("cyclspec run specs/quickstart.cycl")
    printed = list(csv.DictReader(io.StringIO(printed_by("cyclspec show runs --format csv"))))
    for row in rows:
        told = dict(zip(header, row, strict=True))
        found = next(
            one for one in printed if one["measure"] == told["measure"] and one["country"] == told["country"]
        )
        for name in ("value", "low", "high", "floor"):
            assert float(found[name]) == pytest.approx(float(told[name]), abs=2e-4)
        assert (found["n_used"], found["n_clusters"]) == (told["n_used"], told["n_clusters"])


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.name)
def test_links_lead_somewhere(page: Path) -> None:
    for target, anchor in _LINK.findall(page.read_text(encoding="utf-8")):
        path = (page.parent / target).resolve() if target else page
        assert path.exists(), target
        if anchor:
            assert anchor in anchors_of(path), f"{target}#{anchor}"


@cache
def anchors_of(page: Path) -> frozenset[str]:
    """The headings of a page as the site makes addresses of them."""
    made = Markdown(extensions=["tables", "fenced_code", "toc"])
    made.convert(page.read_text(encoding="utf-8"))
    waiting, found = list(made.toc_tokens), set[str]()
    while waiting:
        token = waiting.pop()
        found.add(token["id"])
        waiting.extend(token["children"])
    return frozenset(found)


CHOICE = 'prompt p(town: town) -> choice(mood) { user "{town}" }'
TEXT = 'prompt p(town: town) -> text { user "{town}" }'
RECORD = 'prompt p(town: town) -> record { mood : share } { user "{town}" }'
RUNNABLE = {
    "first_token": (CHOICE, "read = first_token"),
    "option_likelihood": (CHOICE, "read = option_likelihood"),
    "sampled": (CHOICE, "read = sampled, missing = drop"),
    "text": (TEXT, "read = text, missing = drop"),
    "json": (RECORD, "read = json, missing = drop"),
    "recorded": (CHOICE, "read = recorded(past.moods.value)"),
}
ASKED = """cycl 1
axis town : nominal {{ mill, harbour }}
scale mood : ordinal {{ low, high }}
corpus past {{ table moods {{ source = csv("moods.csv") town : town value : choice(mood) }} }}
panel models {{ model first = demo() }}
{prompt}
audit a {{ each town in town each model in models ask reply = p(town) {{ {model}{read} }} }}
"""


@pytest.mark.parametrize("page", ["README.md", "docs/language.md"])
def test_the_pages_name_the_readers_that_run(page: str, tmp_path: Path) -> None:
    """A page says `runs the readers ...`, up to `in stages`; the others are refused by name."""
    said = re.search(
        r"runs the \[?readers(.+?)in stages", (ROOT / page).read_text(encoding="utf-8"), re.DOTALL
    )
    assert said is not None
    run = set[str]()
    for reader, (prompt, read) in RUNNABLE.items():
        model = "" if reader == "recorded" else "model = model, "
        spec = tmp_path / "audit.cycl"
        spec.write_text(ASKED.format(prompt=prompt, model=model, read=read), encoding="utf-8")
        context = pipeline.check(spec).require()
        if not not_executable(pipeline.choose(context, None)):
            run.add(reader)
    assert set(re.findall(r"`(\w+)`", said[1])) == run


def test_the_commands_of_the_readme_exist() -> None:
    from cyclspec.cli.main import group

    text = "".join(block.text for block in blocks("") if block.page.name == "README.md")
    lines = [line.split("#")[0] for line in text.splitlines() if line.startswith("cyclspec ")]
    assert len(lines) >= 5
    for line in lines:
        _, name, *arguments = shlex.split(line)
        command = group.get_command(None, name)  # type: ignore[arg-type]
        assert command is not None
        command.make_context(name, arguments, resilient_parsing=False)


def test_the_make_targets_of_the_readme_exist() -> None:
    targets = re.findall(r"^([\w-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    for name in re.findall(r"\bmake ([\w-]+)", (ROOT / "README.md").read_text(encoding="utf-8")):
        assert name in targets


def test_the_readme_is_short_enough_to_be_read() -> None:
    assert len((ROOT / "README.md").read_text(encoding="utf-8").splitlines()) <= 150
