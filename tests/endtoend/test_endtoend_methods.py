"""The methods section of runs: its words against recorded ones, its numbers against tables, its safety in both formats.

`CYCLSPEC_BLESS=1 pytest tests/endtoend/test_endtoend_methods.py` records sections anew; read them before keeping them.
"""

from __future__ import annotations

import json
import os
import re
import shutil
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from hosted_worlds import AUDIT, Desk, write_hosted
from markdown_it import MarkdownIt
from pylatexenc.latexwalker import (
    LatexCharsNode,
    LatexCommentNode,
    LatexEnvironmentNode,
    LatexGroupNode,
    LatexMacroNode,
    LatexSpecialsNode,
    LatexWalker,
)
from recorded_worlds import make_recorded
from worlds_on_disk import Said, World

from cyclspec.api import open_run
from cyclspec.methods.blocks import Bullets, Code, Heading, Paragraph, Prose, Table
from cyclspec.methods.facts import load_facts
from cyclspec.methods.section import methods_blocks, methods_text

ROOT = Path(__file__).parents[2]
RECORDED = Path(__file__).parent / "methods"
BLESS = os.environ.get("CYCLSPEC_BLESS") == "1"


@pytest.fixture(scope="module")
def quickstart(tmp_path_factory: pytest.TempPathFactory, command: Callable[..., Said]) -> Path:
    out = tmp_path_factory.mktemp("quickstart")
    assert command("run", ROOT / "specs" / "quickstart.cycl", "--out", out, "--quiet").code == 0
    return out


@pytest.fixture(scope="module")
def hosted(tmp_path_factory: pytest.TempPathFactory, world: World, command: Callable[..., Said]) -> Path:
    folder = tmp_path_factory.mktemp("hosted")
    desk = Desk(command, write_hosted(folder / "spec", world), folder)
    assert desk.to_the_end().code == 0
    return desk.out


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory, command: Callable[..., Said]) -> Path:
    folder = tmp_path_factory.mktemp("recorded")
    assert command("run", make_recorded().write(folder), "--out", folder / "out").code == 0
    return folder / "out"


@pytest.fixture(params=["quickstart", "hosted", "recorded"])
def run(request: pytest.FixtureRequest) -> Path:
    found: Path = request.getfixturevalue(request.param)
    return found


# ---- against recorded sections


def settled(text: str) -> str:
    """Without what differs between machines: versions, devices, digests, and the last figures of what was computed."""
    text = re.sub(r"\b[0-9a-f]{64}\b", "DIGEST", text.replace("\\allowbreak{}", ""))
    text = re.sub(r"cyclspec [^;\n]*; on [^\n]*", "VERSIONS", text)
    return re.sub(r"\b(0\.\d\d)\d\d\b", r"\1..", text)


@pytest.mark.parametrize(
    ("name", "style"),
    [("quickstart", "markdown"), ("hosted", "markdown"), ("hosted", "latex"), ("recorded", "markdown")],
)
def test_a_section_reads_as_recorded(
    name: str, style: str, request: pytest.FixtureRequest, command: Callable[..., Said]
) -> None:
    said = command("methods", request.getfixturevalue(name), "--format", style)
    assert said.code == 0, said.err
    path = RECORDED / f"{name}.{'md' if style == 'markdown' else 'tex'}"
    if BLESS:
        path.write_text(settled(said.out), encoding="utf-8")
    assert settled(said.out) == path.read_text(encoding="utf-8")


# ---- against the tables


def plain_words(found: Any) -> Iterator[str]:
    """What the section itself says: no formulas, no wordings, no documentation of metrics."""
    for block in methods_blocks(load_facts(found)):
        proses: tuple[Prose, ...] = ()
        match block:
            case Heading(text, _):
                proses = ((text,),)
            case Paragraph(prose) if not (
                prose and isinstance(prose[0], Code) and prose[0].text.startswith("me")
            ):
                proses = (prose,)
            case Bullets(items):
                proses = items
            case Table():
                proses = tuple(cell for row in (*((h,) for h in block.head),) for cell in (row,))
                proses = (*proses, *(cell for row in block.rows for cell in row))
        yield from (piece for prose in proses for piece in prose if isinstance(piece, str))


def numbers_in(text: str, known: set[str]) -> Iterator[str]:
    """The numbers of a text; thousands are parted by a space, as two numbers can be."""
    for number in re.findall(r"(?<![A-Za-z])\d[\d.]*(?: \d{3}\b)*%?", text):
        yield from (number.rstrip("."),) if number.rstrip(".") in known else number.rstrip(".").split(" ")


def numbers_of(value: Any) -> Iterator[str]:
    """The numbers in some data, as a section may show them."""
    match value:
        case bool() | None:
            return
        case int():
            yield from (str(value), f"{value:,}".replace(",", " "))
        case float():
            yield from (f"{value:.4f}", f"{value:.1f}", f"{value:g}", f"{value:.0%}", f"{value:.2%}")
        case str():
            yield from re.findall(r"\d[\d.]*\d|\d", value)
        case {"op": "quantity", "value": str(number), "unit": str(unit)}:
            yield f"{number}{unit}"
        case Mapping():
            yield from (number for pair in value.items() for part in pair for number in numbers_of(part))
        case list() | tuple():
            yield from (number for part in value for number in numbers_of(part))


def counts_of(rows: list[dict[str, Any]], *columns: str) -> Iterator[int]:
    for at in range(1, len(columns) + 1):
        yield from Counter(tuple(str(row[c]) for c in columns[:at]) for row in rows).values()
    yield len(rows)


def test_no_number_is_in_a_section_that_is_not_in_the_tables(run: Path) -> None:
    found = open_run(run)
    answers, measures, checks, people, requests = (
        table.to_pylist()
        for table in (found.answers, found.measures, found.checks, found.people, found.requests)
    )
    definition = json.loads(found.measures.schema.metadata[b"cyclspec"])
    counts = {
        0, *counts_of(answers, "ask", "status", "reason"), *counts_of(measures, "measure", "withheld_by"),
        *counts_of(checks, "check", "passed"), *counts_of(people, "people"), *counts_of(requests, "model"),
        sum(row["status"] == "answered" for row in answers), sum(row["n_missing"] for row in measures),
        len(definition["environment"]["models"]), len({row["check"] for row in checks}),
    }  # fmt: skip
    known = {
        number
        for source in (found.plan, definition, answers, measures, people)
        for number in numbers_of(source)
    }
    known |= {number for count in counts for number in numbers_of(count)}
    known |= {"32", "64", "30"}  # float32, float64, and the units below which intervals are said to be short
    said = [number for text in plain_words(found) for number in numbers_in(text, known)]
    assert len(said) > 60
    assert set(said) <= known


def test_the_results_are_the_rows_of_the_table(run: Path) -> None:
    found = open_run(run)
    tables = [block for block in methods_blocks(load_facts(found)) if isinstance(block, Table)]
    results = next(table for table in tables if table.head[0] == "measure")
    rows = found.measures.to_pylist()
    assert len(results.rows) == len(rows)
    at = results.head.index("value")
    for shown, row in zip(results.rows, rows, strict=True):
        assert shown[0] == (Code(row["measure"]),)
        assert shown[at] == (f"{row['value']:.4f}",)


# ---- from the run alone


def test_a_section_needs_nothing_but_the_run(
    tmp_path: Path, world: World, command: Callable[..., Said]
) -> None:
    spec = make_recorded().write(tmp_path / "spec")
    command("run", spec, "--out", tmp_path / "out")
    before = command("methods", tmp_path / "out").out
    shutil.rmtree(tmp_path / "spec")
    shutil.move(tmp_path / "out", tmp_path / "elsewhere")
    after = command("methods", tmp_path / "elsewhere")
    assert (after.code, after.out) == (0, before)


def test_a_run_that_was_scored_otherwise_says_so(tmp_path: Path, command: Callable[..., Said]) -> None:
    spec = make_recorded().write(tmp_path / "spec")
    command("run", spec, "--out", tmp_path / "out")
    text = spec.read_text(encoding="utf-8").replace(
        "1 - m.js_distance(shared, human)", "1 - m.hellinger(shared, human)"
    )
    text = text.replace("m.hellinger", "m.tv")
    spec.write_text(text, encoding="utf-8")
    assert command("score", tmp_path / "out", spec).code == 0
    said = command("methods", tmp_path / "out").out
    assert "1 - m.tv(shared, human)" in said
    assert "Total variation distance" in said


def test_a_run_without_a_whole_definition_is_refused(
    recorded: Path, tmp_path: Path, command: Callable[..., Said]
) -> None:
    shutil.copytree(recorded, tmp_path / "out")
    path = next((tmp_path / "out").glob("*/scores/*/measures.parquet"))
    table = pq.read_table(path)
    facts = json.loads(table.schema.metadata[b"cyclspec"])
    del facts["name"]
    pq.write_table(table.replace_schema_metadata({"cyclspec": json.dumps(facts)}), path)
    said = command("methods", tmp_path / "out")
    assert said.code == 1
    assert "does not carry the whole definition of its measures" in said.err
    assert command("methods", tmp_path / "nowhere").code == 1


# ---- safe in both formats

HOSTILE = (
    "<script>alert(1)</script> ![x](http://evil.example/a.png) [y](javascript:z) # h *b* _i_ ~~s~~ | cell | `c` $$x$$ "
    "\\\\input{/etc/passwd} \\\\write18{ls} % off \\\\end{document} &amp; ^^41 www.evil.example a@evil.example"
)


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory, command: Callable[..., Said]) -> Path:
    """A run whose every text tries to be more than a text."""
    folder = tmp_path_factory.mktemp("hostile")
    found = make_recorded()
    text = HOSTILE.replace('"', "'")
    doc = "  ## " + HOSTILE.replace("\\\\", "\\") + "\n  measure near_shared"
    spec = found.write(folder)
    body = spec.read_text(encoding="utf-8")
    body = body.replace("audit recorded_answers {", f'audit recorded_answers {{\n  title = "{text}"')
    body = body.replace("{ on_fail = warn }", f'{{ on_fail = warn, because = "{text}" }}')
    body = body.replace("  measure near_shared", doc, 1)
    spec.write_text(body, encoding="utf-8")
    said = command("run", spec, "--out", folder / "out")
    assert said.code == 0, said.err
    return folder / "out"


def test_markdown_holds_no_construct_that_a_text_opened(hostile: Path, recorded: Path) -> None:
    parser = MarkdownIt("commonmark").enable(["table", "strikethrough"])

    def kinds(run: Path) -> Counter[str]:
        tokens = parser.parse(methods_text(open_run(run), "markdown"))
        return Counter(one.type for token in tokens for one in (token, *(token.children or ())))

    mine, plain = kinds(hostile), kinds(recorded)
    for kind in ("html_inline", "html_block", "link_open", "image", "em_open", "strong_open", "s_open"):
        assert mine[kind] == 0
    for kind in ("heading_open", "table_open", "tr_open", "td_open", "th_open", "bullet_list_open", "fence"):
        assert mine[kind] == plain[kind], kind
    rendered = parser.render(methods_text(open_run(hostile), "markdown"))
    assert "alert(1)&lt;/script&gt;" in rendered
    assert "<script" not in rendered


MACROS = {
    "section", "subsection", "subsubsection", "noindent", "texttt", "allowbreak", "item", "hline", "endhead",
    "footnotesize", "mbox", "linewidth", "textbackslash", "textasciicircum", "textasciitilde", "textless",
    "textgreater", "textbar", "textquotedbl", "textquotesingle", "textasciigrave", *"{}$&#%_\\",
}  # fmt: skip
ENVIRONMENTS = {"quote", "itemize", "longtable"}


def walked(nodes: Any) -> Iterator[Any]:
    for node in nodes or ():
        if node is None:
            continue
        yield node
        if isinstance(node, LatexMacroNode | LatexEnvironmentNode) and node.nodeargd is not None:
            yield from walked(node.nodeargd.argnlist)
        if isinstance(node, LatexGroupNode | LatexEnvironmentNode):
            yield from walked(node.nodelist)


@pytest.mark.parametrize("name", ["hostile", "hosted", "recorded", "quickstart"])
def test_latex_parses_strictly_and_knows_its_own_commands_alone(
    name: str, request: pytest.FixtureRequest
) -> None:
    text = methods_text(open_run(request.getfixturevalue(name)), "latex")
    nodes, _, length = LatexWalker(text, tolerant_parsing=False).get_latex_nodes()
    assert length == len(text)
    found = list(walked(nodes))
    assert {node.macroname for node in found if isinstance(node, LatexMacroNode)} <= MACROS
    assert {node.environmentname for node in found if isinstance(node, LatexEnvironmentNode)} <= ENVIRONMENTS
    assert len([node for node in found if isinstance(node, LatexCommentNode)]) == 2
    assert {node.specials_chars for node in found if isinstance(node, LatexSpecialsNode)} <= {"&", "~"}
    assert any(isinstance(node, LatexCharsNode) for node in found)
    for table in (node for node in found if isinstance(node, LatexEnvironmentNode)):
        if table.environmentname == "longtable":
            check_columns(table)


def check_columns(table: LatexEnvironmentNode) -> None:
    """Every row of a table has as many cells as the table has columns."""
    columns = len(re.sub(r"p\{[^}]*\}", "p", table.nodelist[0].latex_verbatim()[1:-1]))
    body = "".join(node.latex_verbatim() for node in table.nodelist[1:])
    rows = [row for row in re.split(r"\\\\(?: \\hline)?\n", body) if row.strip()]
    for row in rows:
        cells = len(re.findall(r"(?<!\\)&", row.replace("\\endhead", ""))) + 1
        assert cells == columns, row


def test_a_wording_cannot_end_its_own_quotation(
    tmp_path: Path, world: World, command: Callable[..., Said]
) -> None:
    audit = AUDIT.replace(
        'Reply with a letter."', '````\\n# no heading\\n```\\n\\\\end{{quote}}\\nReply with a letter."'
    )
    desk = Desk(command, write_hosted(tmp_path / "spec", world, audit), tmp_path)
    assert desk.to_the_end().code == 0
    found = open_run(desk.run)
    tokens = MarkdownIt("commonmark").parse(methods_text(found, "markdown"))
    fences = [token.content for token in tokens if token.type == "fence"]
    assert any("````\n# no heading\n```" in content for content in fences)
    LatexWalker(methods_text(found, "latex"), tolerant_parsing=False).get_latex_nodes()
