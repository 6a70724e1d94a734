"""Whatever the file: diagnostics, never an exception, never a hang, never a control character on the terminal."""

from __future__ import annotations

import os
import random
import shutil
import time
from pathlib import Path

import pytest
from growths import KINDS, later_flaw
from mutants import LIMIT_S, flaw_in, mutated, unprintable
from spec_files import GOOD, ROOT, SHIPPED, TESTS, check_text, codes, shown

from cyclspec import pipeline
from cyclspec.language.diagnostics.render import render
from cyclspec.language.names.modules import MAX_MODULES
from cyclspec.language.syntax import parse
from cyclspec.language.syntax.parse import (
    MAX_CHARACTERS,
    MAX_DIGITS,
    MAX_FAILURES,
    MAX_IMPORTS,
    MAX_NAME,
    MAX_PARTS,
    MAX_STATEMENTS,
    MAX_WORDS,
)

MUTANTS = 2000
SHARDS = 8


@pytest.fixture(scope="module")
def copies(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The good programs and the shipped ones, where mutants can stand beside what they import."""
    folder = tmp_path_factory.mktemp("copies")
    for path in (*GOOD, *SHIPPED):
        target = folder / path.relative_to(TESTS if path.is_relative_to(TESTS) else ROOT)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, target)
    return folder


@pytest.mark.parametrize("shard", range(SHARDS))
def test_mutated_programs_give_diagnostics_and_nothing_else(copies: Path, shard: int) -> None:
    programs = sorted(path for path in copies.rglob("*.cycl") if path.name != "mutant.cycl")
    for seed in range(shard, MUTANTS, SHARDS):
        rng = random.Random(seed)
        original = rng.choice(programs)
        text = mutated(rng, original.read_text(encoding="utf-8"))
        flaw, _ = flaw_in(original.with_name("mutant.cycl"), text, written=seed % 4 == 0)
        assert flaw is None, f"mutant {seed} of {original.name}: {flaw}"


@pytest.mark.timeout(120)
@pytest.mark.parametrize("kind", KINDS)
def test_names_that_name_one_another_and_names_by_the_hundred_keep_no_stage_busy(
    kind: str, tmp_path: Path
) -> None:
    path = tmp_path / "grown.cycl"
    for seed in range(5):
        flaw, _ = flaw_in(path, KINDS[kind](random.Random(seed)))
        assert (flaw or later_flaw(path)) is None, f"{kind} {seed}"


DEEP = {
    "parentheses": "param p : real = " + "(" * 10_000 + "1" + ")" * 10_000,
    "lists": "param p : list(real) = " + "[" * 10_000 + "]" * 10_000,
    "negations": "param p : bool = " + "not " * 5_000 + "true",
    "minus signs": "param p : real = " + "-" * 5_000 + "1",
    "a sum": "param p : real = " + " + ".join(["1"] * 5_000),
    "a power": "param p : real = " + " ^ ".join(["2"] * 5_000),
    "a path": "param p : real = a" + ".a" * 5_000,
    "conditions": "param p : real = " + "if true then 1 else " * 5_000 + "1",
    "calls": "param p : real = abs" + "()" * 5_000,
    "reductions": "audit a { let x = " + "mean over y of " * 5_000 + "1 }",
    "types": "param p : " + "list(" * 5_000 + "real" + ")" * 5_000,
    "records": "prompt p() -> " + "record { x: " * 5_000 + "real" + " }" * 5_000 + ' { user "" }',
}


@pytest.mark.parametrize("text", DEEP.values(), ids=DEEP)
def test_deep_nesting_is_refused_in_one_sentence(text: str, tmp_path: Path) -> None:
    assert codes(check_text(tmp_path, f"cycl 1\n{text}\n")) == ["CY0013"]


@pytest.mark.parametrize(
    "tower", ["9^9^9^9", "2^(9^9)", "9^99999", "(0 - 8)^0.5", "1 / 0", "0^-1", "1e99 * 1e99 * 1e99 * 1e99"]
)
def test_arithmetic_on_parameters_is_bounded(tower: str, tmp_path: Path) -> None:
    checked = check_text(
        tmp_path, f"cycl 1\nparam p : real = 1 where p < {tower}\nparam q : real = {tower}\n"
    )
    assert set(codes(checked)) <= {"CY0201", "CY0501", "CY0503"}


HUGE_NUMBERS = {
    "digits": "param p : count = " + "9" * 5_000,
    "a power of ten": "param p : real = 1e999",
    "a size": "param p : parameters = " + "9" * 101 + "B",
    "an edition": "",
    "a seed": "audit a { seed = 1" + "0" * 98 + " }",
    "an endless seed": "audit a { seed = inf }",
    "a code": "scale s : nominal { a = 1e101 }",
    "an endless scale": "corpus c { table t { source = csv(\"t\") i: key o: scale(ordinal, inf..inf) } }",
    "an endless least": "corpus c { table t { source = csv(\"t\") i: key o: list(real) where size(o) >= inf } }",
    "an endless range": "audit a { each x in 1..inf }",
    "a long range": "audit a { each x in 1..1e99 }",
    "an endless n": "corpus c { table t { source = csv(\"t\") } } target g { axes = [] rows = c.t min_n = inf }",
}  # fmt: skip


@pytest.mark.parametrize("text", HUGE_NUMBERS.values(), ids=HUGE_NUMBERS)
def test_numbers_that_no_computer_holds_are_refused(text: str, tmp_path: Path) -> None:
    edition = "1" if text else "9" * 5_000
    assert check_text(tmp_path, f"cycl {edition}\n{text}\n").errors


def test_digits_of_other_scripts_are_no_numbers(tmp_path: Path) -> None:
    checked = check_text(tmp_path, "cycl 1\nparam p : real = ٣\nparam q : share = ٥٠%\n")
    assert codes(checked) == ["CY0012", "CY0012"]


def chain(words: str, length: int) -> str:
    """Lets or metrics of which each names the next."""
    return "\n".join(words.format(n=n, next=n + 1) for n in range(length))


def test_a_long_chain_of_lets_needs_no_recursion(tmp_path: Path) -> None:
    lets = chain("let x{n} = x{next} + 1", 900)
    assert codes(check_text(tmp_path, f"cycl 1\naudit a {{ {lets}\nlet x900 = 1 }}\n")) == []


def test_a_long_chain_of_metrics_is_refused_in_one_sentence(tmp_path: Path) -> None:
    metrics = chain("metric f{n}(p: dist(S)) -> share = f{next}(p)", 900)
    last = "metric f900(p: dist(S)) -> share = max over option of p"
    assert codes(check_text(tmp_path, f"cycl 1\n{metrics}\n{last}\n")) == ["CY0013"]


def test_a_long_circle_of_lets_is_one_error(tmp_path: Path) -> None:
    lets = chain("let x{n} = x{next} + 1", 900)
    assert codes(check_text(tmp_path, f"cycl 1\naudit a {{ {lets}\nlet x900 = x0 }}\n")) == ["CY0601"]


LARGE = {
    "one long line of words": "let " * (MAX_CHARACTERS // 8),
    "one long word": "a" * (MAX_CHARACTERS // 2) + " over",
    "one long run of `each`": "audit a { " + "each " * (MAX_CHARACTERS // 10) + "}",
    "blanks": "param p : real = 1" + " " * (MAX_CHARACTERS - 100),
    "comments": "# over each\n" * (MAX_CHARACTERS // 12 - 10),
    "quotation marks": '"' * (MAX_CHARACTERS // 2),
    "open quotation marks": '"a\n' * (MAX_CHARACTERS // 4),
    "broken lines": "let = 1\n" * (MAX_CHARACTERS // 9),
    "broken declarations": "param : real = 1\n" * (MAX_CHARACTERS // 20),
    "colons": ":\n" * (MAX_CHARACTERS // 3),
}


@pytest.mark.parametrize("text", LARGE.values(), ids=LARGE)
def test_a_large_broken_file_does_not_keep_the_checker_busy(text: str, tmp_path: Path) -> None:
    begun = time.process_time()
    checked = check_text(tmp_path, f"cycl 1\n{text}")
    rendered = shown(checked)
    assert time.process_time() - begun < 20 * LIMIT_S
    assert len(checked.diagnostics) <= MAX_FAILURES
    assert len(rendered) < 100_000


def test_a_file_over_a_mebibyte_is_refused(tmp_path: Path) -> None:
    assert codes(check_text(tmp_path, "cycl 1\n" + "#" * MAX_CHARACTERS)) == ["CY0013"]
    assert codes(check_text(tmp_path, "cycl 1\n" + "#" * (5 * MAX_CHARACTERS))) == ["CY0013"]


def many(words: str, count: int, between: str = " ") -> str:
    """One phrase for each number."""
    return between.join(words.format(n=n) for n in range(count))


MANY = {
    "statements": ("audit a {{ {} }}", "let x{n} = 1", " ", MAX_STATEMENTS),
    "imports": ("{}", "import std.metrics as m{n}", "\n", MAX_IMPORTS),
    "levels": ("scale s : nominal {{ {} }}", "l{n}", " ", MAX_PARTS),
    "columns": ('corpus c {{ table t {{ source = csv("t") k : key {} }} }}', "c{n} : real", " ", MAX_PARTS),
    "tables": ("corpus c {{ {} }}", 'table t{n} {{ source = csv("t") }}', " ", MAX_PARTS),
    "models": ("panel p {{ {} }}", "model m{n} = demo()", " ", MAX_PARTS),
    "messages": ("prompt p() -> text {{ {} }}", 'user[l{n}] "x"', " ", MAX_PARTS),
    "fields": ("panel p {{ model m = demo() {{ {} }} }}", "f{n} = 1", " ", MAX_PARTS),
    "declarations": ("{}", "param p{n} : real = 1", "\n", MAX_PARTS),
    "arguments": ("metric f({}) -> share = 1", "p{n}: dist(S)", ", ", MAX_PARTS),
    "values": ("param p : list(real) = [{}]", "{n}", ", ", MAX_PARTS),
}


CROWDED = ("tables", "models", "messages", "declarations", "arguments")
"""What reaches the limit of words before its own."""


@pytest.mark.parametrize("kind", MANY)
def test_more_parts_than_any_audit_needs_are_refused(kind: str, tmp_path: Path) -> None:
    around, words, between, limit = MANY[kind]
    begun = time.process_time()
    over = check_text(tmp_path, f"cycl 1\n{around.format(many(words, limit + 1, between))}\n")
    assert codes(over) == ["CY0013"]
    assert ("words and signs" if kind in CROWDED else str(limit)) in shown(over)
    assert time.process_time() - begun < 20 * LIMIT_S


LONG = {
    "levels": "scale s : nominal { " + " ".join(f"l{n}" for n in range(100_000)) + " }",
    "declarations": "\n".join(f"param p{n} : real = 1" for n in range(12_000)),
    "a chain of conditions": "param p : real = " + "if true then 1 else " * 10_000 + "1",
    "signs": "param p : real = " + "+" * (MAX_WORDS + 1),
}


@pytest.mark.parametrize("text", LONG.values(), ids=LONG)
def test_a_file_over_the_limit_of_words_is_refused_before_it_is_parsed(
    text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parse, "parser", lambda: pytest.fail("it is parsed"))
    checked = check_text(tmp_path, f"cycl 1\n{text}\n")
    assert codes(checked) == ["CY0013"]
    assert "the number of words and signs in this file is over the limit of 50 000" in shown(checked)


def test_comments_and_texts_are_no_words(tmp_path: Path) -> None:
    remarks = "# a remark, with some words\n" * 20_000
    text = f'cycl 1\n{remarks}param p : text = "{"words and signs, " * 20_000}"\n'
    assert codes(check_text(tmp_path, text)) == []


@pytest.mark.parametrize("kind", ["statements", "imports"])
def test_as_many_parts_as_the_limit_says_are_fine(kind: str, tmp_path: Path) -> None:
    around, words, between, limit = MANY[kind]
    checked = check_text(tmp_path, f"cycl 1\n{around.format(many(words, limit, between))}\n")
    assert "CY0013" not in codes(checked)


@pytest.mark.parametrize(("length", "found"), [(MAX_NAME, []), (MAX_NAME + 1, ["CY0013"])])
def test_a_name_has_a_length(length: int, found: list[str], tmp_path: Path) -> None:
    assert codes(check_text(tmp_path, f"cycl 1\nparam {'a' * length} : real = 1\n")) == found


@pytest.mark.parametrize(("length", "found"), [(MAX_DIGITS, []), (MAX_DIGITS + 1, ["CY0013"])])
def test_a_number_has_a_length(length: int, found: list[str], tmp_path: Path) -> None:
    assert codes(check_text(tmp_path, f"cycl 1\nparam p : real = 0.{'1' * (length - 2)}\n")) == found


def test_text_that_is_not_utf_8_is_refused_with_its_line(tmp_path: Path) -> None:
    checked = check_text(tmp_path, b'cycl 1\n\nparam p : text = "\xff"\n')
    assert codes(checked) == ["CY0014"]
    assert "line 3" in shown(checked)


@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"], ids=["plain", "with a byte order mark"])
@pytest.mark.parametrize("ends", [b"\n", b"\r\n"], ids=["LF", "CRLF"])
def test_line_ends_and_byte_order_marks_mean_nothing(ends: bytes, mark: bytes, tmp_path: Path) -> None:
    text = b'cycl 1\nprompt p() -> choice(s) {\n  user """\n    a\n      b\n    """\n}\nscale s : nominal { x "x" }\n'
    plain, other = (check_text(tmp_path, t) for t in (text, mark + text.replace(b"\n", ends)))
    assert plain.context is not None and other.context is not None
    assert codes(other) == []
    assert other.context.program.main.hash == plain.context.program.main.hash


HOSTILE = ["\x00", "\x07", "\x1b[31m", "\x7f", "\x85", "\u200b", "\u202e", "\u2066", "\u2028", "\ufeff"]


@pytest.mark.parametrize("char", HOSTILE, ids=[f"U+{ord(c[0]):04X}" for c in HOSTILE])
@pytest.mark.parametrize(
    "text",
    [
        "audit a{char}b {{ let x = y }}",
        'param p : real = "{char}"',
        'import "{char}.cycl" as x',
        'prompt p() -> choice(s) {{ user "{{a{char}b}}" }}\nscale s : nominal {{ x }}',
        "# {char}\nparam p : real = {char}",
        'scale s : nominal {{ a = "{char}" b = "{char}" }}',
    ],
    ids=["name", "text", "path", "hole", "nowhere", "code"],
)
def test_no_control_character_reaches_the_terminal(text: str, char: str, tmp_path: Path) -> None:
    checked = check_text(tmp_path, f"cycl 1\n{text.format(char=char)}\n")
    assert checked.errors
    assert not unprintable(shown(checked))
    assert not unprintable(render(checked.diagnostics, "github"))


# ---- imports


def importing(path: str) -> str:
    return f'cycl 1\nimport "{path}" as x\n'


@pytest.mark.parametrize(
    "path", ["/dev/zero", "/etc/hostname", "../outside.cycl", "a/../../outside.cycl", "~/x.cycl"]
)
def test_an_import_stays_inside_the_project(path: str, tmp_path: Path) -> None:
    (tmp_path / "outside.cycl").write_text("cycl 1\n")
    (tmp_path / "project").mkdir()
    assert codes(check_text(tmp_path / "project", importing(path))) in (["CY0110"], ["CY0014"])


def test_a_link_out_of_the_project_is_refused(tmp_path: Path) -> None:
    (tmp_path / "outside.cycl").write_text("cycl 1\n")
    (tmp_path / "project").mkdir()
    (tmp_path / "project" / "link.cycl").symlink_to(tmp_path / "outside.cycl")
    assert codes(check_text(tmp_path / "project", importing("link.cycl"))) == ["CY0110"]


def test_a_link_to_itself_is_refused(tmp_path: Path) -> None:
    (tmp_path / "loop.cycl").symlink_to("loop.cycl")
    assert codes(check_text(tmp_path, importing("loop.cycl"))) in (["CY0110"], ["CY0014"])


def test_a_link_inside_the_project_is_followed(tmp_path: Path) -> None:
    (tmp_path / "real.cycl").write_text("cycl 1\n")
    (tmp_path / "link.cycl").symlink_to("real.cycl")
    assert codes(check_text(tmp_path, importing("link.cycl"))) == []


@pytest.mark.parametrize("path", [".", "folder", "", "a" * 5_000, "a\\u{1}b", "pipe"])
def test_an_import_is_a_plain_file(path: str, tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "pipe")
    assert codes(check_text(tmp_path, importing(path))) in (["CY0110"], ["CY0014"])


def test_a_device_is_not_a_spec() -> None:
    assert [d.code for d in pipeline.check(Path("/dev/zero")).diagnostics] == ["CY0014"]


@pytest.mark.parametrize("length", [1, 2, 5])
def test_a_circle_of_imports_is_one_error(length: int, tmp_path: Path) -> None:
    for n in range(length):
        (tmp_path / f"m{n}.cycl").write_text(importing(f"m{(n + 1) % length}.cycl"))
    assert [d.code for d in pipeline.check(tmp_path / "m0.cycl").diagnostics] == ["CY0104"]


def test_a_module_that_is_imported_twice_is_no_circle(tmp_path: Path) -> None:
    (tmp_path / "a.cycl").write_text(importing("c.cycl"))
    (tmp_path / "b.cycl").write_text(importing("c.cycl"))
    (tmp_path / "c.cycl").write_text("cycl 1\n")
    text = 'cycl 1\nimport "a.cycl" as a\nimport "b.cycl" as b\n'
    assert codes(check_text(tmp_path, text)) == []


def test_a_chain_of_imports_over_the_limit_is_refused(tmp_path: Path) -> None:
    for n in range(MAX_MODULES + 10):
        (tmp_path / f"m{n}.cycl").write_text(importing(f"m{n + 1}.cycl"))
    assert [d.code for d in pipeline.check(tmp_path / "m0.cycl").diagnostics] == ["CY0013"]
