"""Which part may import which, what a check loads, and what things are called."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path

import pytest
from spec_files import ROOT

PARTS = {
    "cyclspec.language": ROOT / "cyclspec" / "language",
    "cyclspec.compiler": ROOT / "compiler",
    "cyclspec.runtime": ROOT / "runtime",
}
FACES = ("cyclspec.cli", "cyclspec.api", "cyclspec.pipeline")
DATA_CLASSES = {
    "cyclspec.compiler.axes",
    "cyclspec.compiler.checkpoints",
    "cyclspec.compiler.checkpoints.architecture",
    "cyclspec.compiler.checkpoints.checkpoint",
    "cyclspec.compiler.checkpoints.families",
    "cyclspec.compiler.checkpoints.private",
    "cyclspec.compiler.checkpoints.refusal",
    "cyclspec.compiler.checkpoints.stored",
    "cyclspec.compiler.data.loaded",
    "cyclspec.compiler.plan.hosted",
    "cyclspec.compiler.plan.likelihood",
    "cyclspec.compiler.plan.plan",
    "cyclspec.compiler.plan.reads",
    "cyclspec.compiler.plan.recorded",
    "cyclspec.compiler.plan.requests",
    "cyclspec.compiler.plan.sharing.layout",
    "cyclspec.compiler.plan.sharing.plan",
    "cyclspec.compiler.plan.sharing.questions",
    "cyclspec.compiler.plan.sharing.shards",
    "cyclspec.compiler.plan.sharing.walk",
    "cyclspec.compiler.plan.summary",
    "cyclspec.compiler.plan.writing",
    "cyclspec.compiler.readings.likeliest",
    "cyclspec.compiler.readings.missing",
    "cyclspec.compiler.readings.reading",
    "cyclspec.compiler.records.fields",
    "cyclspec.compiler.records.stepping",
    "cyclspec.compiler.scores.few_clusters",
    "cyclspec.compiler.scores.reasons",
    "cyclspec.compiler.scores.tables",
    "cyclspec.compiler.seeds",
}
HEAVY = ("jax", "flax", "transformers", "torch", "pyarrow", "pandas", "scipy", "tokenizers")


def sources(*folders: Path) -> list[Path]:
    return sorted(path for folder in folders for path in folder.rglob("*.py"))


def module_name(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def at_once(path: Path) -> Iterator[str]:
    """What a file imports when it is imported: modules, and those that are taken from their package by name."""
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)


def imports(path: Path) -> Iterator[str]:
    """Every module that a file imports, anywhere in it."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        match node:
            case ast.Import(names=names):
                yield from (name.name for name in names)
            case ast.ImportFrom(module=str(module), names=names, level=0):
                yield module
                yield from (f"{module}.{name.name}" for name in names if module == "cyclspec")


def crossing(part: str, *refused: str) -> list[str]:
    return [
        f"{path.relative_to(ROOT)}: {name}"
        for path in sources(PARTS[part])
        for name in imports(path)
        if any(name == other or name.startswith(other + ".") for other in refused)
    ]


def test_no_import_is_relative() -> None:
    for path in sources(*PARTS.values()):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        levels = [node.level for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
        assert not any(levels), path


def test_the_language_knows_nothing_of_what_is_built_on_it() -> None:
    assert crossing("cyclspec.language", "cyclspec.compiler", "cyclspec.runtime", *FACES) == []


def test_modules_of_the_language_import_in_no_circle() -> None:
    """Whichever is imported first, `lsp` or `check`, finds the others whole."""
    names = {module_name(path): path for path in sources(PARTS["cyclspec.language"])}
    graph = {name: names.keys() & set(at_once(path)) - {name} for name, path in names.items()}
    assert list(TopologicalSorter(graph).static_order())


def test_the_compiler_knows_nothing_of_the_runtime() -> None:
    assert crossing("cyclspec.compiler", "cyclspec.runtime", *FACES) == []


def test_the_runtime_knows_nothing_of_its_faces() -> None:
    assert crossing("cyclspec.runtime", *FACES) == []


def test_the_runtime_takes_from_the_compiler_only_what_it_makes() -> None:
    taken = {line.split(": ")[1] for line in crossing("cyclspec.runtime", "cyclspec.compiler")}
    assert taken <= DATA_CLASSES


def test_the_language_needs_no_numerical_library() -> None:
    assert crossing("cyclspec.language", *HEAVY, "numpy") == []


@pytest.mark.parametrize(
    "arguments",
    [
        ("-c", "import cyclspec"),
        ("-m", "cyclspec", "--help"),
        ("-m", "cyclspec", "check", "specs/quickstart.cycl"),
    ],
    ids=["import", "help", "check"],
)
def test_a_quick_command_loads_no_heavy_library(arguments: tuple[str, ...]) -> None:
    done = subprocess.run(
        [sys.executable, "-X", "importtime", *arguments], cwd=ROOT, capture_output=True, text=True, check=True
    )
    loaded = {
        line.rsplit("|", 1)[-1].strip().split(".")[0] for line in done.stderr.splitlines() if "|" in line
    }
    assert "cyclspec" in loaded
    assert loaded.isdisjoint({*HEAVY, "numpy"})


# ---- names and sizes

VAGUE = {"util", "utils", "helper", "helpers", "manager", "common", "misc", "stuff"}
OTHER_WORDS = {
    "request": ("query", "prompt_instance"),
    "answer": ("response_obj", "completion_obj", "llm_output"),
    "item": ("testcase", "test_case", "sample_id"),
    "corpus": ("dataset",),
    "audit": ("experiment", "benchmark_task"),
    "check": ("validator",),
}
LONG = {
    "cyclspec/language/syntax/build.py": "one method a rule of the grammar",
    "cyclspec/language/syntax/tree.py": "one dataclass a construct of the language",
    "cyclspec/language/types/terms.py": "one dataclass a kind of term",
    "cyclspec/language/types/typed.py": "one dataclass a construct of a checked audit",
}


def all_sources() -> list[Path]:
    folders = [*PARTS.values(), ROOT / "cyclspec" / "cli", ROOT / "scripts"]
    return [*sources(*folders), *sorted((ROOT / "cyclspec").glob("*.py"))]


def names(path: Path) -> Iterator[str]:
    """The names of a file, its classes and its functions, in lower case with underscores."""
    yield path.stem
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ClassDef | ast.FunctionDef):
            yield re.sub(r"(?<=[a-z])(?=[A-Z])", "_", node.name).lower()


def test_nothing_has_a_name_that_says_nothing() -> None:
    found = [
        f"{path}: {name}" for path in all_sources() for name in names(path) if VAGUE & set(name.split("_"))
    ]
    assert found == []


def test_a_thing_has_one_word() -> None:
    refused = [word for words in OTHER_WORDS.values() for word in words]
    pattern = re.compile(rf"(^|_)({'|'.join(refused)})s?(_|$)")
    assert [f"{path}: {name}" for path in all_sources() for name in names(path) if pattern.search(name)] == []


def test_files_are_short_enough_to_read() -> None:
    lengths = {
        str(path.relative_to(ROOT)): len(path.read_text(encoding="utf-8").splitlines())
        for path in all_sources()
    }
    long = {name for name, length in lengths.items() if length > 400}
    assert long <= set(LONG)
    assert max(lengths.values()) <= 550


@pytest.mark.parametrize("path", all_sources(), ids=lambda path: str(path.relative_to(ROOT)))
def test_a_module_says_what_it_is(path: Path) -> None:
    assert ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))
