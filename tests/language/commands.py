"""What a command says of a program: the command line itself, run in this process and in the current folder."""

from __future__ import annotations

import contextlib
import glob
import io
import re
import shlex
import sys
from collections.abc import Iterable
from pathlib import Path
from unittest import mock

from cyclspec.cli.main import main

_FIRST = re.compile(r"^(?:error|warning)\[(CY\d{4})\]: ", re.MULTILINE)
_DESIGN = re.compile(r"(?:design |runs/|the run |it is sha256:)([0-9a-f]{12})\b")
_STAND_INS = ("6b1e0c2f9a37", "91c4d5be0712", "3d58a07fe6b1")


def said(lines: Iterable[str]) -> str:
    """The diagnostics that the last of some commands prints; the others have to succeed."""
    *before, last = lines
    for line in before:
        told = "\n\n".join(_printed(line))
        assert not _FIRST.search(told), f"{line}\n{told}"
    printed = "\n\n".join(_printed(last)).replace(f"{Path.cwd()}/", "")
    blocks = (block.rstrip() for block in re.split(r"\n\n+", printed))
    return "\n\n".join(block for block in blocks if _FIRST.match(block))


def codes_in(text: str) -> list[str]:
    """The codes of rendered diagnostics, in order."""
    return _FIRST.findall(text)


def steady(text: str) -> str:
    """A text with stand-ins for the digests of designs, which every change of what is hashed moves."""
    found = dict.fromkeys(_DESIGN.findall(text))
    for digest, stand_in in zip(found, _STAND_INS, strict=False):
        text = text.replace(digest, stand_in)
    return text


def _printed(line: str) -> tuple[str, str]:
    """Both streams of one command."""
    name, *words = shlex.split(line)
    assert name == "cyclspec", line
    arguments = [found for word in words for found in (sorted(glob.glob(word)) if "*" in word else [word])]
    out, err = io.StringIO(), io.StringIO()
    with (
        mock.patch.object(sys, "argv", [name, *arguments]),
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
        contextlib.suppress(SystemExit),
    ):
        main()
    return out.getvalue(), err.getvalue()
