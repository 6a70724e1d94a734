"""Writes the hashes of files into the pins of specs/examples, after a table, a library or a metric has changed.

    python scripts/examples/pin.py

Imports are pinned from the leaves up, because a pin is part of the module that holds it. `--check` writes nothing.
"""

from __future__ import annotations

import argparse
import hashlib
import re
import sys
from pathlib import Path

from cyclspec.language.diagnostics import Findings
from cyclspec.language.names.modules import load_program

FOLDER = Path(__file__).resolve().parents[2] / "specs" / "examples"
DIGITS = 12
_IMPORT = re.compile(r'(import\b[^\n]*?"([^"\n]+\.cycl)"[^\n]*?hash sha256:)[0-9a-f]+')
_TABLE = re.compile(r'(source = parquet\("([^"]+)"\)\s+hash\s+= sha256:)[0-9a-f]+')
_METRIC = re.compile(r'(python "(\w+):\w+" hash sha256:)[0-9a-f]+')
Modules = dict[Path, str]


def _file_hash(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()[:DIGITS]


def _module_hash(path: Path) -> str:
    program = load_program(path, Findings())
    assert program is not None, path
    return program.main.hash[:DIGITS]


def pinned(path: Path, done: Modules) -> str:
    """The text of a module with the pins it should have; the modules it imports are written to `done` first."""
    text = path.read_text(encoding="utf-8")

    def of_module(found: re.Match[str]) -> str:
        target = (path.parent / found[2]).resolve()
        if target not in done:
            pin(target, done)
        return found[1] + done[target]

    def of_file(found: re.Match[str]) -> str:
        return found[1] + _file_hash(path.parent / found[2])

    def of_metric(found: re.Match[str]) -> str:
        return found[1] + _file_hash(path.parent / f"{found[2]}.py")

    return _METRIC.sub(of_metric, _TABLE.sub(of_file, _IMPORT.sub(of_module, text)))


def pin(path: Path, done: Modules) -> bool:
    """Brings one module and all that it imports up to date; whether it changed."""
    new = pinned(path, done)
    changed = new != path.read_text(encoding="utf-8")
    if changed:
        path.write_text(new, encoding="utf-8")
    done[path] = _module_hash(path)
    return changed


def stale(folder: Path) -> list[str]:
    """The modules whose pins are not those of the files as they are, libraries first."""
    paths = sorted(folder.glob("lib/*.cycl")) + sorted(folder.glob("*.cycl"))
    done = {path.resolve(): _module_hash(path) for path in paths}
    return [path.name for path in paths if pinned(path, done) != path.read_text(encoding="utf-8")]


def main() -> int:
    """Writes the pins, or with `--check` says which are stale."""
    arguments = argparse.ArgumentParser(description="Pin what the examples import and read.")
    arguments.add_argument("--check", action="store_true", help="say which pins are stale, write nothing")
    if arguments.parse_args().check:
        found = stale(FOLDER)
        print(f"stale: {', '.join(found)}" if found else "up to date")
        return 1 if found else 0
    done: Modules = {}
    for path in sorted(FOLDER.glob("lib/*.cycl")) + sorted(FOLDER.glob("*.cycl")):
        if path.resolve() not in done and pin(path.resolve(), done):
            print(f"pinned {path.name}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
