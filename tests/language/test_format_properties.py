"""What holds of formatting whatever the program: nothing is lost, nothing means something else, once is enough."""

from __future__ import annotations

import random
import re
from dataclasses import fields
from pathlib import Path
from typing import get_args

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from programs import DEPTH, expressions, modules, node, sound_programs
from spec_files import GOOD, SHIPPED, check_text, codes, module_of, name_of

from cyclspec.language.canonical.form import canonical, read, write
from cyclspec.language.canonical.hashes import module_hash
from cyclspec.language.format.comments import Text
from cyclspec.language.format.printer import format_source, print_module
from cyclspec.language.spans import Source
from cyclspec.language.syntax import tree as t

pytestmark = pytest.mark.filterwarnings("ignore:Generating overly large repr")
QUICK = settings(
    max_examples=50,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
)
FEW = settings(QUICK, max_examples=15)


def formatted(text: str) -> str:
    """A text that parses, laid out anew."""
    found = format_source(Source("main.cycl", text))
    assert found.text is not None, found.diagnostics
    return found.text


def json_of(text: str) -> str:
    return canonical(write(module_of(text)))


def comments_of(text: str) -> list[str]:
    return sorted(comment.text.rstrip() for comment in Text(text).comments)


@pytest.mark.parametrize("path", [*GOOD, *SHIPPED], ids=name_of)
def test_a_program_is_laid_out_once_and_means_the_same(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    once = formatted(text)
    assert formatted(once) == once
    assert json_of(once) == json_of(text)
    assert comments_of(once) == comments_of(text)


@pytest.mark.parametrize("path", [*GOOD, *SHIPPED], ids=name_of)
def test_a_program_is_printed_from_its_canonical_form(path: Path) -> None:
    module = module_of(path.read_text(encoding="utf-8"))
    printed = print_module(read(write(module)))
    assert module_of(printed) == module
    assert formatted(printed) == printed


_TOKEN = re.compile(
    r'"""(?:.|\n)*?"""|"(?:[^"\\\n]|\\.)*"|##[^\n]*\n|#[^\n]*\n?|[^\W\d]\w*|\s+|[^\s\w"#]+|\S'
)


def strewn(text: str, rng: random.Random) -> str:
    """A program with comments of every kind between its tokens, and blanks and line breaks where none were."""
    out: list[str] = []
    for index, token in enumerate(_TOKEN.findall(text)):
        out.append(token)
        if not token.isspace() or rng.random() > 0.25:
            continue
        kind = rng.choice(("beside", "own line", "blank", "join", "both"))
        match kind:
            case "beside":
                out.append(f"# beside {index} = {{\n")
            case "own line":
                out.append(f"\n# above {index}: (\n")
            case "blank":
                out.append("\n\n\n")
            case "join" if not out[-2].startswith("#"):
                out[-1] = " "
            case "both":
                out.append(f"#! {index}\n\n  # and {index}  \n\n")
    return "".join(out)


@pytest.mark.parametrize("path", [*GOOD, *SHIPPED], ids=name_of)
def test_comments_anywhere_are_kept_and_settle_at_once(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    for seed in range(4):
        messy = strewn(text, random.Random(seed))
        once = formatted(messy)
        assert comments_of(once) == comments_of(messy)
        assert json_of(once) == json_of(text)
        assert formatted(once) == once, seed


@given(modules())
@QUICK
def test_any_tree_is_printed_and_read_back(module: t.Module) -> None:
    printed = print_module(module)
    assert module_of(printed) == module
    assert read(write(module)) == module
    once = formatted(printed)
    assert module_of(once) == module
    assert formatted(once) == once


@given(expressions())
@settings(QUICK, max_examples=100)
def test_parentheses_stand_where_an_expression_needs_them(expr: t.Expr) -> None:
    span, ident = expr.span, t.Ident(span=expr.span, name="p")
    let = t.Let(span=span, doc=(), name=ident, type=None, value=expr)
    audit = t.Audit(span=span, doc=(), name=ident, statements=(let,), fields=())
    module = t.Module(span=span, doc=(), edition=1, imports=(), decls=(audit,))
    printed = print_module(module)
    assert module_of(printed) == module
    assert formatted(printed) == formatted(formatted(printed))


def test_the_strategies_draw_every_class_of_node() -> None:
    classes = {c for c in vars(t).values() if isinstance(c, type) and issubclass(c, t.Node)} - {t.Node}
    seen: set[type] = set()

    @given(
        st.tuples(node(t.Module, DEPTH), *(node(cls, DEPTH) for cls in get_args(t.Import) + get_args(t.Decl)))
    )
    @settings(QUICK, max_examples=40, database=None, phases=[Phase.generate])
    def collect(drawn: tuple[t.Node, ...]) -> None:
        stack: list[object] = [drawn]
        while stack:
            part = stack.pop()
            if isinstance(part, tuple):
                stack.extend(part)
            elif isinstance(part, t.Node):
                seen.add(type(part))
                stack.extend(getattr(part, f.name) for f in fields(part))

    collect()
    assert seen == classes


@given(text=sound_programs(), seed=st.integers(0, 99))
@FEW
def test_a_sound_program_stays_sound_and_keeps_its_hash(
    text: str, seed: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("sound")
    checked = check_text(folder, text)
    assert codes(checked) == []
    once = formatted(text)
    assert formatted(once) == once
    assert module_hash(module_of(once)) == module_hash(module_of(text))
    assert module_hash(module_of(strewn(text, random.Random(seed)))) == module_hash(module_of(text))
    assert codes(check_text(folder, once)) == []
