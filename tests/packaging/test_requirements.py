"""A clean machine has what the lock files name, and what a test or a script imports is among it."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from importlib.metadata import packages_distributions
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

# Installed by `make test` before the lock, so that nothing else chooses a build of it.
BESIDE_THE_LOCK = {"torch"}
FOLDERS = ("cyclspec", "compiler", "runtime", "scripts", "tests")


def imported(path: Path) -> Iterator[str]:
    """The top-level names of the modules that a file imports."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        match node:
            case ast.Import(names=names):
                yield from (name.name.partition(".")[0] for name in names)
            case ast.ImportFrom(module=str(module), level=0):
                yield module.partition(".")[0]
            case _:
                pass


def normalised(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def locked(path: Path) -> set[str]:
    return set(re.findall(r"^([a-z0-9.-]+)==", path.read_text(encoding="utf-8"), re.MULTILINE))


def test_everything_that_is_imported_is_locked():
    files = (path for folder in FOLDERS for path in (ROOT / folder).rglob("*.py"))
    modules = {module for path in files for module in imported(path)} - set(sys.stdlib_module_names)
    installed = packages_distributions()
    distributions = {normalised(installed[module][0]) for module in modules if module in installed}
    assert {"numpy", "pytest"} <= distributions
    known = locked(ROOT / "requirements.txt") | locked(ROOT / "requirements-test.txt")
    assert distributions - known - BESIDE_THE_LOCK - {"cyclspec"} == set()
