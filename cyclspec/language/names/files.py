"""Which file a path probably means, where there is none at it."""

from __future__ import annotations

import re
from pathlib import Path

from cyclspec.language.diagnostics.mend import Mend, write
from cyclspec.language.names.suggest import suggest
from cyclspec.language.syntax import tree as t

_ENDING = ".cycl"
_MOST_FILES = 1000
_BACKSLASHES = re.compile(r"\\+")


def file_meant(asked: t.ImportFile | t.ImportNames, path: Path, beside: Path) -> Mend:
    """`"std.metrics"`, `"survey"` for `"survey.cycl"`, `"surwey.cycl"`, `"lib\\\\survey.cycl"`: what to write instead.

    `beside` is the folder that paths of the module start from.
    """
    text = asked.path.value
    slashed = _BACKSLASHES.sub("/", asked.path.span.text)
    if slashed != asked.path.span.text and _is_file(beside / slashed.strip('"')):
        return write(asked.path.span, slashed)
    if text.startswith("std.") and isinstance(asked, t.ImportFile):
        span = asked.path.span
        return write(span, text, f"import {text}")
    meant = path_meant(text, path)
    return write(asked.path.span, f'"{meant}"') if meant else Mend()


def path_meant(text: str, path: Path) -> str:
    """`text`, which stands for `path`, with the name of a file or a folder that is there; empty where none is near."""
    near = _near(path)
    if near:
        return f"{text[: len(text) - len(path.name)]}{near}"
    wrong, right = _near_folder(path)
    return text.replace(f"{wrong}/", f"{right}/", 1) if right else ""


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except (OSError, ValueError):
        return False


def _near(path: Path) -> str:
    """A module beside a path whose name is nearly the path's, or is it with its ending."""
    try:
        found = [file.name for file in sorted(path.parent.glob(f"*{_ENDING}"))[:_MOST_FILES]]
    except OSError:
        return ""
    whole = path.name + _ENDING
    return whole if whole in found else next(iter(suggest(path.name, found)), "")


def _near_folder(path: Path) -> tuple[str, str]:
    """The folder on a path that is not there, and the one beside it with nearly its name that has the file."""
    there = next((folder for folder in path.parents if folder.is_dir()), path)
    wrong, *rest = path.relative_to(there).parts if there != path else (path.name,)
    try:
        beside = [folder.name for folder in sorted(there.iterdir())[:_MOST_FILES] if folder.is_dir()]
    except OSError:
        return wrong, ""
    near = suggest(wrong, [name for name in beside if _is_file(there.joinpath(name, *rest))])
    return wrong, next(iter(near), "")
