"""Fenced blocks of the pages, and what a reader would do with them: write files, edit lines, run commands.

The words after the language of a fence say what a block is:

    ```cycl                    a whole program, which checks
    ```cycl CY0302             a whole program, which fails with that code and no other error
    ```cycl audit.cycl         the text of a file; the pages are followed from top to bottom
    ```cycl audit.cycl:28      new text for the lines from 28 on
    ```cycl audit.cycl+        more statements, before the last brace of the file
    ```console                 commands after `$ `, each with what it prints

`<!-- in NAME -->` above a block makes `NAME` the folder beside which it is checked.
"""

from __future__ import annotations

import contextlib
import io
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from unittest import mock

import pytest

ROOT = Path(__file__).parents[2]
_BLOCK = re.compile(r"^```(\w*)[ \t]*([^\n]*)\n(.*?)^```", re.MULTILINE | re.DOTALL)
_CODE = re.compile(r"CY\d{4}\Z")
_TOKEN = re.compile(r"(?<![\w.-])-?\d+(?:\.\d+)?(?:e[+-]?\d+)?(?![\w.])|\b[0-9a-f]{10,64}\b")
_SPACES = re.compile(r"[ ─━═]+")
_BROKEN = re.compile(r"internal error|Traceback|not found")
TOLERANCE = 2e-4


@dataclass(frozen=True, slots=True)
class Block:
    """One fenced block: `rest` is what follows the language; `start..end` is its text in the page."""

    page: Path
    kind: str
    rest: str
    text: str
    start: int
    end: int

    @property
    def code(self) -> str | None:
        return self.rest if _CODE.match(self.rest) else None

    @property
    def file(self) -> str | None:
        """The file that a reader writes or edits, where the block is one."""
        return self.rest if self.rest and self.code is None else None

    def __str__(self) -> str:
        line = self.page.read_text("utf-8").count("\n", 0, self.start)
        return f"{self.page.relative_to(ROOT)}:{line}"


@dataclass(frozen=True, slots=True)
class Command:
    """One command of a console block and what it prints; `start..end` is the place of that print in the page."""

    line: str
    shown: str
    start: int
    end: int


def blocks_of(page: Path) -> list[Block]:
    """The fenced blocks of a page, in order."""
    text = page.read_text("utf-8")
    return [
        Block(page, found[1], found[2].strip(), found[3], found.start(3), found.end(3))
        for found in _BLOCK.finditer(text)
    ]


def commands_of(block: Block) -> Iterator[Command]:
    """The commands of a console block; a line that ends in a backslash goes on."""
    position = 0
    for piece in re.split(r"^(?=\$ )", block.text, flags=re.MULTILINE):
        if piece.startswith("$ "):
            head = re.match(r"\$ (?:[^\n]*\\\n)*[^\n]*\n", piece)
            assert head is not None, piece
            line = head[0][2:].replace("\\\n", " ").strip()
            start = block.start + position + head.end()
            yield Command(line, piece[head.end() :], start, block.start + position + len(piece))
        position += len(piece)


def apply(block: Block) -> None:
    """Writes or edits the file that a block stands for, in the current folder."""
    assert block.file is not None
    if block.file.endswith("+"):
        path = Path(block.file[:-1])
        text = path.read_text("utf-8").rstrip()
        assert text.endswith("}"), f"{path} does not end in a brace"
        path.write_text(f"{text[:-1]}\n{block.text}}}\n", encoding="utf-8")
        return
    name, _, line = block.file.partition(":")
    path = Path(name)
    if not line:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(block.text, encoding="utf-8")
        return
    lines, new, first = path.read_text("utf-8").splitlines(), block.text.splitlines(), int(line) - 1
    assert lines[first].split()[:2] == new[0].split()[:2], f"{block} does not edit what it means to"
    lines[first : first + len(new)] = new
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def printed_by(line: str) -> str:
    """What a command prints on both streams; cyclspec runs in this process, which has its libraries loaded."""
    line, _, head = line.partition(" | head -")
    words = shlex.split(line)
    if words[0] == "cyclspec":
        lines = _printed_by_cyclspec(words).splitlines(keepends=True)
        return "".join(lines[: int(head)] if head else lines)
    words[0] = sys.executable if words[0] == "python" else words[0]
    done = subprocess.run(
        shlex.join(words) if words[0] == sys.executable else line,
        shell=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "utf-8"},
    )
    return done.stdout


def _printed_by_cyclspec(words: list[str]) -> str:
    from cyclspec.cli.main import main

    out = io.StringIO()
    with (
        mock.patch.object(sys, "argv", words),
        mock.patch.dict(os.environ, {"COLUMNS": "110"}),
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(out),
        pytest.raises(SystemExit),
    ):
        main()
    return out.getvalue()


def normal(text: str) -> list[str]:
    """The lines of a print with one space for many and no rules of tables; what varies is compared elsewhere."""
    return [line for line in (_SPACES.sub(" ", line).strip() for line in text.splitlines()) if line]


def alike(shown: str, printed: str) -> bool:
    """Whether two lines say the same: digests are any digests, numbers with a fraction agree to 2e-4 and 1 in 100."""
    left, right = _TOKEN.split(shown), _TOKEN.split(printed)
    if left != right:
        return False
    pairs = zip(_TOKEN.findall(shown), _TOKEN.findall(printed), strict=True)
    return all(_same(a, b) for a, b in pairs)


def _same(a: str, b: str) -> bool:
    if a == b or (len(a) >= 10 and len(a) == len(b) and "." not in a):
        return True
    try:
        x, y = float(a), float(b)
    except ValueError:
        return False
    return "." in a and abs(x - y) <= max(TOLERANCE, 0.01 * abs(x))


def agrees(shown: str, printed: str) -> bool:
    """Whether a print is the one shown; a line `...` stands for any lines."""
    wanted, found = normal(shown), normal(printed)
    return _agree(wanted, found)


def _agree(wanted: list[str], found: list[str]) -> bool:
    if not wanted:
        return not found
    if wanted[0] == "...":
        return any(_agree(wanted[1:], found[skip:]) for skip in range(len(found) + 1))
    return bool(found) and alike(wanted[0], found[0]) and _agree(wanted[1:], found[1:])


def follow(page: Path, folder: Path, *, bless: bool) -> list[str]:
    """Does in `folder` what a page says, from top to bottom; the places where it prints something else.

    With `bless` the page is rewritten with what was printed, but for prints that hold a line `...` and for failures.
    """
    shutil.copytree(ROOT / "specs", folder / "specs", dirs_exist_ok=True)
    problems: list[str] = []
    news: list[tuple[int, int, str]] = []
    with contextlib.chdir(folder):
        for block in blocks_of(page):
            if block.file is not None and block.kind != "console":
                apply(block)
            for command in commands_of(block) if block.kind == "console" else ():
                printed = printed_by(command.line)
                if agrees(command.shown, printed):
                    continue
                problems.append(f"{block}: $ {command.line}\nshown:\n{command.shown}printed:\n{printed}")
                if "...\n" not in command.shown and not _BROKEN.search(printed):
                    news.append((command.start, command.end, _tidy(printed)))
    if bless and news:
        text = page.read_text("utf-8")
        for start, end, new in reversed(news):
            text = text[:start] + new + text[end:]
        page.write_text(text, encoding="utf-8")
    return problems


def _tidy(printed: str) -> str:
    lines = [line.rstrip() for line in printed.strip("\n").splitlines()]
    return "".join(f"{line}\n" for line in lines)
