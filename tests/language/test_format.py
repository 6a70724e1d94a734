"""The one layout there is: what the formatter aligns, breaks, keeps and leaves alone, and its command."""

# ruff: noqa: ISC004, E501
from __future__ import annotations

import os
import stat
import time
from pathlib import Path
from textwrap import dedent

import pytest
from click.testing import CliRunner, Result
from spec_files import BAD, ROOT, module_of, name_of

from cyclspec.cli.fmt import command
from cyclspec.language.format.layout import columns
from cyclspec.language.format.printer import format_source
from cyclspec.language.format.rows import TABLE_WIDTH, WIDTH
from cyclspec.language.spans import Source
from cyclspec.language.syntax.parse import parse
from cyclspec.language.syntax.pieces import KEYWORDS

GRAMMAR_KEYWORDS = (ROOT / "cyclspec" / "language" / "syntax" / "cycl.lark").read_text(encoding="utf-8")


def formatted(text: str) -> str:
    found = format_source(Source("main.cycl", text))
    assert found.text is not None, found.diagnostics
    return found.text


def body(text: str) -> str:
    """What a program without its first line becomes, without its first line."""
    out = formatted("cycl 1\n" + dedent(text))
    assert formatted(out) == out
    return out.removeprefix("cycl 1\n")


LAYOUTS = {
    "fields are aligned at their sign": (
        "target t { axes=[a]\n rows = c.t\n\n min_n=3 }",
        "target t {\n  axes = [a]\n  rows = c.t\n\n  min_n = 3\n}\n",
    ),
    "columns and fields of a table are one run": (
        'corpus c { table t { source=csv("t") item:key\n at : real where at>0 } }',
        'corpus c {\n  table t {\n    source = csv("t")\n    item   : key\n    at     : real where at > 0\n  }\n}\n',
    ),
    "levels are aligned in columns, wide characters count two": (
        'axis a : nominal {\n x="X" {en:"one",zh:"一二"} {g=a}\n longer="YY" {en:"t",zh:"一"}{g=b}\n}',
        'axis a : nominal {\n  x      = "X"  {en: "one", zh: "一二"} { g = a }\n'
        '  longer = "YY" {en: "t",   zh: "一"}   { g = b }\n}\n',
    ),
    "short levels stay on one line": (
        "scale s : ordinal {low,high}\nscale r : ordinal {\nlow,high}",
        "scale s : ordinal { low, high }\nscale r : ordinal {\n  low  high\n}\n",
    ),
    "levels on shared lines are a grid": (
        'scale s : nominal {\n a "A" bbb "B"\n cc "C" d "D" }',
        'scale s : nominal {\n  a "A"   bbb "B"\n  cc "C"  d "D"\n}\n',
    ),
    "eaches are aligned at their word": (
        "audit a { each x in 1..3 each longer, y in t where y>1 }",
        "audit a {\n  each x         in 1..3\n  each longer, y in t where y > 1\n}\n",
    ),
    "a run ends at a blank line and at a statement of several lines": (
        "audit a { let x=1\n\n let longer=2\n let y=\n3 let zz=4 let z=5 }",
        "audit a {\n  let x = 1\n\n  let longer = 2\n  let y =\n    3\n  let zz = 4\n  let z  = 5\n}\n",
    ),
    "at most one blank line stays, none at the ends of a block": (
        "\n\n\naudit a {\n\n\n let x = 1\n\n\n\n let y = 2\n\n}\n\n\n\n",
        "\naudit a {\n  let x = 1\n\n  let y = 2\n}\n",
    ),
    "measures are aligned throughout": (
        "audit a { measure x by m : share = p measure longer by m,n : bits=q { better=lower } }",
        "audit a {\n  measure x      by m    : share = p\n  measure longer by m, n : bits  = q { better = lower }\n}\n",
    ),
    "parameters are aligned at both signs, a long type stands out": (
        "param a : count=3\nparam bb : list(lang)=[en]\nparam c : nominal(one, two, three, four, five, six, seven)=one",
        "param a  : count      = 3\nparam bb : list(lang) = [en]\n"
        "param c  : nominal(one, two, three, four, five, six, seven) = one\n",
    ),
    "imports are aligned at their names and pins": (
        'import std.metrics as m version "1"\nimport "lib/a.cycl" as aa hash sha256:0123456789ab\n'
        'import "b.cycl" as b version "2" hash sha256:0123456789ab\nimport {x,y} from "c.cycl"',
        'import std.metrics as m              version "1"\nimport "lib/a.cycl" as aa            hash sha256:0123456789ab\n'
        'import "b.cycl"     as b version "2" hash sha256:0123456789ab\nimport { x, y } from "c.cycl"\n',
    ),
    "models of one kind are a table": (
        'panel p { model a=hf("x/y",revision="1"){size=1B} model bb=hf("longer/y",revision="2"){size=10B} }',
        'panel p {\n  model a  = hf("x/y",      revision = "1") { size = 1B }\n'
        '  model bb = hf("longer/y", revision = "2") { size = 10B }\n}\n',
    ),
    "a block keeps to its line or to its lines": (
        "panel p { model a = demo() {s=1,t=2} model b = demo() {\ns=1,t=2} model c = demo() { } }",
        "panel p {\n  model a = demo() { s = 1, t = 2 }\n  model b = demo() {\n    s = 1\n    t = 2\n  }\n"
        "  model c = demo()\n}\n",
    ),
    "the brace stands alone where the value went below": (
        "audit a { measure m : share =\n x { better = lower } }",
        "audit a {\n  measure m : share =\n    x\n  {\n    better = lower\n  }\n}\n",
    ),
    "numbers, dates, hashes and texts are spelled as they were": (
        'param p : real = f(95%, 7B, 1.50, 1e3, 007, 2024-02-29, sha256:0123456789ab, "\\t\\"", """a "b" """)',
        'param p : real = f(95%, 7B, 1.50, 1e3, 007, 2024-02-29, sha256:0123456789ab, "\\t\\"", """a "b" """)\n',
    ),
    "ranges are tight, sums in them are not": (
        "param p : real = 1 where p in 0 .. 1 and p in a+1..b and p in -1..1",
        "param p : real = 1 where p in 0..1 and p in a + 1 .. b and p in -1..1\n",
    ),
    "parentheses that help to read stay on operands": (
        "param p : real = ((a*b)+c)-(d-(e))+(f) where (not (p in x)) or ((p))",
        "param p : real = ((a * b) + c) - (d - e) + f where (not (p in x)) or p\n",
    ),
    "a reduction of a reduction on the same line has parentheses": (
        "audit a { let x = mean over i of max over j of y let z =\n mean over i of\n (max over j of y) }",
        "audit a {\n  let x = mean over i of (max over j of y)\n  let z =\n    mean over i of\n      max over j of y\n}\n",
    ),
    "documentation keeps its indentation": (
        "##   example\n##\n##one\n###two\nparam p : real",
        "##   example\n##\n## one\n###two\nparam p : real\n",
    ),
    "a record keeps to its line or to its lines": (
        'prompt p() -> record {a:real,b : text} { user "x" }\nprompt q() -> record {\na:real bb : text?} { user "x" }',
        'prompt p() -> record { a: real, b: text } {\n  user "x"\n}\n'
        'prompt q() -> record {\n  a  : real\n  bb : text?\n} {\n  user "x"\n}\n',
    ),
    "a body that would begin with a keyword has parentheses": (
        "metric m() -> real = (python)",
        "metric m() -> real = (python)\n",
    ),
    "a truth before a sign has parentheses": (
        "metric m() -> real where (false) = 1\nmetric n() -> real where x and (a == (true)) = 1",
        "metric m() -> real where (false) = 1\nmetric n() -> real where (x and (a == true)) = 1\n",
    ),
    "a comma stays before a level that is called as a keyword": (
        "scale s : nominal {\n a = x,\n over = y \"Y\",\n along\n}",
        'scale s : nominal {\n  a    = x,\n  over = y "Y",\n  along\n}\n',
    ),
    "empty blocks": (
        "audit a {\n\n}\ntarget t {}\nscale s : nominal {}\ncorpus c { # nothing\n}",
        "audit a { }\ntarget t { }\nscale s : nominal { }\ncorpus c {  # nothing\n}\n",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("text", "laid_out"), LAYOUTS.values(), ids=LAYOUTS)
def test_the_layout_of(text: str, laid_out: str) -> None:
    assert body(text) == laid_out


LONG = "a_rather_long_name_of_something"
BROKEN = {
    "arguments": (
        f"audit a {{ ask r = f({LONG}_1, {LONG}_2, {LONG}_3, [x, y]) }}",
        f"audit a {{\n  ask r = f(\n    {LONG}_1,\n    {LONG}_2,\n    {LONG}_3,\n    [x, y],\n  )\n}}\n",
    ),
    "a list": (
        f"param p : list(lang) = [{LONG}, {LONG}, {LONG}]",
        f"param p : list(lang) = [\n  {LONG},\n  {LONG},\n  {LONG},\n]\n",
    ),
    "formal parameters": (
        f"prompt p(item: {LONG}, b: {LONG}, ccc: {LONG} = x) -> choice(item.options) {{ user \"x\" }}",
        f"prompt p(\n  item : {LONG},\n  b    : {LONG},\n  ccc  : {LONG} = x,\n) -> choice(item.options) {{\n"
        '  user "x"\n}\n',
    ),
    "after `=` and after `of`": (
        f"audit a {{ let x = mean over {LONG} by y weighted by {LONG}.w of f({LONG}, {LONG}) }}",
        f"audit a {{\n  let x =\n    mean over {LONG} by y weighted by {LONG}.w of\n      f({LONG}, {LONG})\n}}\n",
    ),
    "a head of a reduction": (
        f"audit a {{ let x = k(units = {LONG}, raters = {LONG}) over {LONG}, y of z }}",
        f"audit a {{\n  let x =\n    k(units = {LONG}, raters = {LONG})\n    over {LONG}, y of z\n}}\n",
    ),
    "operators begin lines": (
        f"param p : bool = {LONG} == {LONG} and {LONG} == 1 or not {LONG}",
        f"param p : bool =\n  {LONG} == {LONG}\n    and {LONG} == 1\n  or not {LONG}\n",
    ),
    "a condition": (
        f"param p : real = if {LONG} > 1 then {LONG} * 2 else {LONG} * 3",
        f"param p : real =\n  if {LONG} > 1\n  then {LONG} * 2\n  else {LONG} * 3\n",
    ),
    "where": (
        f"audit a {{ each x in {LONG}.{LONG} where {LONG} == {LONG} }}",
        f"audit a {{\n  each x in {LONG}.{LONG}\n    where {LONG} == {LONG}\n}}\n",
    ),
    "a block": (
        f"audit a {{ check c = {LONG} >= {LONG} {{ on_fail = warn, because = \"{LONG}\" }} }}",
        f'audit a {{\n  check c = {LONG} >= {LONG} {{\n    on_fail = warn\n    because = "{LONG}"\n  }}\n}}\n',
    ),
    "names of an import": (
        f'import {{ {LONG}, {LONG}2, {LONG}3 }} from "x.cycl"',
        f'import {{\n  {LONG},\n  {LONG}2,\n  {LONG}3\n}} from "x.cycl"\n',
    ),
}  # fmt: skip


@pytest.mark.parametrize(("text", "laid_out"), BROKEN.values(), ids=BROKEN)
def test_what_does_not_fit_is_broken(text: str, laid_out: str) -> None:
    found = body(text)
    assert found == laid_out
    assert max(columns(line) for line in found.split("\n")) <= WIDTH


COMMENTS = {
    "above, beside, and at the end of a block": (
        "# head\n\n# of a\naudit a { # opens\n# of x\nlet x = 1 # beside x\n\n# last\n} # after a\n# end",
        "# head\n\n# of a\naudit a {  # opens\n  # of x\n  let x = 1  # beside x\n\n  # last\n}  # after a\n# end\n",
    ),
    "inside of an expression they go above it": (
        "audit a {\n let x = # why\n 1 + # one\n 2\n}",
        "audit a {\n  # why\n  # one\n  let x =\n    1 + 2\n}\n",
    ),
    "in a list they stay with their element": (
        "param p : list(real) = [ # first\n 1, # one\n # two\n 2\n # last\n]",
        "param p : list(real) = [\n  # first\n  1,  # one\n  # two\n  2,\n  # last\n]\n",
    ),
    "beside lines that follow one another they are aligned": (
        "target t { axes = [a, b] # x\n n = 1 # y\n}",
        "target t {\n  axes = [a, b]  # x\n  n    = 1       # y\n}\n",
    ),
    "signs in texts are no comments": (
        'param p : text = "# no" # yes\n',
        'param p : text = "# no"  # yes\n',
    ),
    "in empty lists and blocks": (
        "param p : list(real) = [ # none\n]\npanel q { model m = demo() { # no fields\n} }",
        "param p : list(real) = [\n  # none\n]\npanel q {\n  model m = demo() {  # no fields\n  }\n}\n",
    ),
    "in a record": (
        'prompt p() -> record { # r\n a : real # a\n # last\n} { user "x" }',
        'prompt p() -> record {  # r\n  a : real  # a\n  # last\n} {\n  user "x"\n}\n',
    ),
}


@pytest.mark.parametrize(("text", "laid_out"), COMMENTS.values(), ids=COMMENTS)
def test_comments_stand(text: str, laid_out: str) -> None:
    assert body(text) == laid_out


def test_a_text_block_is_indented_anew_and_keeps_every_character() -> None:
    text = 'prompt p() -> real {\nuser[en] """\n\n  Two  {x|lower} \n\n      deeper "quoted"\n  \\n # no comment\n"""\n}\n'
    found = body(text)
    assert found == (
        'prompt p() -> real {\n  user[en] """\n\n    Two  {x|lower} \n\n        deeper "quoted"\n'
        '    \\n # no comment\n    """\n}\n'
    )
    assert module_of("cycl 1\n" + found) == module_of("cycl 1\n" + text)


def test_a_text_that_no_block_can_hold_is_written_on_one_line() -> None:
    assert body('param p : text = """\n \n"""\n') == 'param p : text = ""\n'
    assert body('param p : text = """\n  a\rb\n  c\n"""\n') == 'param p : text = "a\\rb\\nc"\n'


def test_a_row_of_a_table_may_be_wider_than_a_statement() -> None:
    model = 'panel p {{ model m = hf("{}", revision = "1") {{ a = 1 }} }}'
    wide = body(model.format("x" * (TABLE_WIDTH - 46)))
    assert wide.split("\n")[1].endswith("{ a = 1 }")
    assert WIDTH < max(map(len, wide.split("\n"))) <= TABLE_WIDTH
    assert "{ a = 1 }" not in body(model.format("x" * TABLE_WIDTH))


def test_the_words_that_a_level_is_guarded_from_are_those_of_the_grammar() -> None:
    for word in KEYWORDS:
        assert f"/{word}\\b" in GRAMMAR_KEYWORDS
    assert len(KEYWORDS) == 46


@pytest.mark.parametrize(
    "deep",
    ["(" * 60 + "1" + ")" * 60, " + ".join(["1"] * 100), "a" + ".b" * 100, "not " * 100 + "a", "f(" * 55 + ")" * 55,
     "if a then 1 else " * 60 + "2", "[" * 60 + "]" * 60, "a and not (" * 55 + "b" + ")" * 55],
)  # fmt: skip
def test_the_deepest_programs_are_laid_out(deep: str) -> None:
    text = f"cycl 1\nparam p : real = {deep}\n"
    assert parse(Source("main.cycl", text)).module is not None
    once = formatted(text)
    assert formatted(once) == once


def test_a_large_file_takes_little_longer_than_reading_it_twice() -> None:
    statement = "  let x{n} = mean over item of f(x, [1, 2], y = 1) + g(z) # beside {n}\n"
    text = "cycl 1\naudit a {\n" + "".join(statement.format(n=n) for n in range(600)) + "}\n"
    begun = time.process_time()
    parse(Source("main.cycl", text))
    once = time.process_time() - begun
    assert formatted(text).count("# beside") == 600
    assert time.process_time() - begun - once < 8 * once


# ---- the command


def run(*arguments: str, stdin: bytes | None = None) -> Result:
    return CliRunner().invoke(command, list(arguments), input=stdin, catch_exceptions=False)


UGLY, PRETTY = "cycl 1\nparam   p:real=1\n", "cycl 1\nparam p : real = 1\n"


def test_a_file_is_rewritten_and_keeps_its_mode(tmp_path: Path) -> None:
    path = tmp_path / "a.cycl"
    path.write_text(UGLY)
    path.chmod(0o640)
    result = run(str(path))
    assert result.exit_code == 0
    assert path.read_text() == PRETTY
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    assert result.stdout == ""
    assert result.stderr == "1 file: 1 of 1 changed\n"
    assert os.listdir(tmp_path) == ["a.cycl"]


def test_a_file_that_is_laid_out_is_not_touched(tmp_path: Path) -> None:
    path = tmp_path / "a.cycl"
    path.write_text(PRETTY)
    os.utime(path, ns=(1, 1))
    assert run(str(path)).exit_code == 0
    assert path.stat().st_mtime_ns == 1


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    (tmp_path / "a.cycl").write_text(UGLY)
    (tmp_path / "link.cycl").symlink_to("a.cycl")
    assert run(str(tmp_path / "link.cycl")).exit_code == 0
    assert (tmp_path / "link.cycl").is_symlink()
    assert (tmp_path / "a.cycl").read_text() == PRETTY


def test_line_ends_and_byte_order_marks_are_laid_out_too(tmp_path: Path) -> None:
    path = tmp_path / "a.cycl"
    path.write_bytes(b"\xef\xbb\xbf" + PRETTY.replace("\n", "\r\n").encode())
    assert run("--check", str(path)).exit_code == 1
    assert run(str(path)).exit_code == 0
    assert path.read_bytes() == PRETTY.encode()


def test_check_names_the_files_and_changes_nothing(tmp_path: Path) -> None:
    ugly, pretty = tmp_path / "ugly.cycl", tmp_path / "pretty.cycl"
    ugly.write_text(UGLY)
    pretty.write_text(PRETTY)
    result = run("--check", str(ugly), str(pretty))
    assert result.exit_code == 1
    assert result.stdout == f"{ugly}\n"
    assert result.stderr == "2 files: 1 of 2 would change\n"
    assert ugly.read_text() == UGLY
    assert run("--check", str(pretty)).exit_code == 0


def test_standard_input_goes_to_standard_output() -> None:
    result = run("-", stdin=UGLY.encode())
    assert (result.exit_code, result.stdout, result.stderr) == (0, PRETTY, "")
    assert run("--check", "-", stdin=UGLY.encode()).exit_code == 1
    assert run("-", stdin=b"\xff").exit_code == 1
    assert run("-", "x.cycl", stdin=b"").exit_code == 2


@pytest.mark.parametrize(
    "text", [PRETTY.replace("\n", "\r\n"), f"\ufeff{PRETTY}", PRETTY], ids=["CRLF", "mark", "plain"]
)
def test_standard_input_is_compared_byte_by_byte_as_a_file_is(text: str, tmp_path: Path) -> None:
    path = tmp_path / "a.cycl"
    path.write_bytes(text.encode())
    typed, read = run("--check", "-", stdin=text.encode()), run("--check", str(path))
    assert typed.exit_code == read.exit_code == (0 if text == PRETTY else 1)
    assert run("-", stdin=text.encode()).stdout == PRETTY


def test_a_file_with_syntax_errors_is_refused_and_others_are_not(tmp_path: Path) -> None:
    broken, ugly = tmp_path / "broken.cycl", tmp_path / "ugly.cycl"
    broken.write_text("cycl 1\nparam p : = 1\n")
    ugly.write_text(UGLY)
    result = run(str(broken), str(ugly), str(tmp_path / "absent.cycl"))
    assert result.exit_code == 1
    assert "CY0012" in result.stderr
    assert "CY0014" in result.stderr
    assert broken.read_text() == "cycl 1\nparam p : = 1\n"
    assert ugly.read_text() == PRETTY
    assert result.stderr.endswith("3 files: 1 of 3 changed, 2 cannot be formatted\n")


@pytest.mark.parametrize("path", BAD, ids=name_of)
def test_whatever_the_file_it_is_laid_out_or_refused(path: Path) -> None:
    source = Source(path.name, path.read_bytes().decode("utf-8", "replace"))
    found = format_source(source)
    assert (found.text is None) == (parse(source).module is None)
