"""The pages of docs/errors: their parts, and what is really said of the program on each.

A page has a heading `# CY0302: ...`, a program that gets the code, the message, a program that does not, and the
reason. Blocks named like a file stand beside the program. Most programs are checked; some pages say the commands that
give the message, one after the other.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from commands import said, steady
from shared_audits import prepare
from spec_files import ROOT

FOLDER = ROOT / "docs" / "errors"
_BLOCK = re.compile(r"^```(\w+)[ \t]*([^\n]*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_COMMAND = re.compile(r"`(cyclspec [^`]*\b(?:audit|asked|replies)\.(?:cycl|cyclpack|jsonl?)\b[^`]*)`")
_PROGRAM = re.compile(r"\b(?:audit|asked)\.(?:cycl|json)\b")
CHECK = "cyclspec check audit.cycl"
_SECTION = re.compile(r"^## (.+)$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Page:
    """One page: `bad` and `good` are programs, `files` and `good_files` what stands beside them.

    `commands` give the message, and `good_commands` give none: those that the text names, else those of the
    message where files stand beside the program, else `cyclspec check`.
    """

    code: str
    title: str
    marked: bool
    bad: str
    good: str
    said: str
    commands: tuple[str, ...]
    good_commands: tuple[str, ...]
    files: Mapping[str, str]
    good_files: Mapping[str, str]
    text: str

    def __str__(self) -> str:
        return self.code


def page_of(path: Path) -> Page:
    """The parts of a page."""
    text = path.read_text(encoding="utf-8")
    heading = re.match(r"# (CY\d{4}): (.+)\n", text)
    assert heading is not None, path
    middle = text.index("\n## How to mend it")
    above, below = _BLOCK.findall(text[:middle]), _BLOCK.findall(text[middle:])
    beside = {rest: body for _, rest, body in below if "." in rest}
    programs = [(rest, body) for kind, rest, body in above if kind in ("cycl", "json") and "." not in rest]
    said = [body for kind, _, body in above if kind == "text"][-1]
    return Page(
        code=heading[1],
        title=heading[2],
        marked=programs[0][0] == heading[1],
        bad=programs[0][1],
        good=next(body for kind, _, body in below if kind == "cycl"),
        said=said.rstrip("\n"),
        commands=_commands(text[:middle]) or (CHECK,),
        good_commands=_commands(text[middle:]) or (_commands(text[:middle]) if beside else (CHECK,)),
        files={rest: body for _, rest, body in above if "." in rest},
        good_files=beside,
        text=text,
    )


def _commands(text: str) -> tuple[str, ...]:
    """The commands that a text names outside of its blocks."""
    return tuple(_COMMAND.findall(_BLOCK.sub("", text)))


def sections(page: Page) -> list[str]:
    """The headings of a page."""
    return _SECTION.findall(page.text)


def diagnosed(page: Page, folder: Path) -> str:
    """What the commands of a page say of its program in `folder`, the current one."""
    _write(page.commands, page.bad, page.files, folder)
    prepare(page.code, Path("audit.cycl"))
    return steady(said(page.commands))


def diagnosed_when_mended(page: Page, folder: Path) -> str:
    """What the commands of a page say of its mended program."""
    _write(page.good_commands, page.good, page.good_files, folder)
    return steady(said(page.good_commands))


def _write(commands: tuple[str, ...], program: str, files: Mapping[str, str], folder: Path) -> None:
    for name, body in files.items():
        (folder / name).write_text(body, encoding="utf-8")
    read = _PROGRAM.search(commands[-1])
    (folder / (read[0] if read else "audit.cycl")).write_text(program, encoding="utf-8")


def table() -> str:
    """The table of docs/errors/index.md, from the catalogue and the headings of the pages."""
    from cyclspec.language.diagnostics.catalogue import catalogue

    titles = {path.stem: page_of(path).title for path in sorted(FOLDER.glob("CY*.md"))}
    rows = [
        f"| [{kind.code}]({kind.code}.md) | {kind.severity.value} | {titles.get(kind.code, '')} |"
        for kind in catalogue()
    ]
    return "\n".join(["| code | kind | what it says |", "|---|---|---|", *rows])
