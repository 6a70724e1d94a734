"""Where a checkpoint is: a folder, a repository on the Hugging Face Hub, or the packaged demo model.

Expects the text a user typed. Ensures `parse_place(str(place)) == place` for every place that `parse_place`
gives.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from cyclspec.compiler.checkpoints.refusal import refused

_SEGMENT = r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?"
_HUB = re.compile(rf"(?P<repo>{_SEGMENT}/{_SEGMENT})(?:@(?P<revision>[A-Za-z0-9][A-Za-z0-9._/-]*))?")
_FOLDER_STARTS = (".", "/", "~")


@dataclass(frozen=True, slots=True)
class Folder:
    """A folder of this machine."""

    path: Path

    def __str__(self) -> str:
        text = str(self.path)
        return text if text.startswith(_FOLDER_STARTS) else f"./{text}"


@dataclass(frozen=True, slots=True)
class Hub:
    """A repository `org/name` of the Hugging Face Hub; a revision is a branch, a tag or a commit."""

    repo: str
    revision: str | None

    def __str__(self) -> str:
        return self.repo if self.revision is None else f"{self.repo}@{self.revision}"


@dataclass(frozen=True, slots=True)
class Demo:
    """The small model that is installed with this package."""

    def __str__(self) -> str:
        return "demo"


Place: TypeAlias = Folder | Hub | Demo


def parse_place(text: str) -> Place:
    """Reads a place from the command line.

    `demo` is the packaged model. A folder that exists, or text that starts with `.`, `/` or `~`, is a folder.
    `org/name` and `org/name@revision` are repositories of the Hub.

    Raises:
        SpecError: the text is none of these.
    """
    if text == "demo":
        return Demo()
    if text.startswith(_FOLDER_STARTS) or _is_folder(text):
        return Folder(_expanded(text))
    match = _HUB.fullmatch(text)
    if match is None or ".." in text or "--" in match["repo"]:
        raise refused(
            text,
            "is neither a folder nor a repository of the Hugging Face Hub",
            "give a folder (`./models/name`), a repository (`org/name` or `org/name@revision`), or `demo`",
        )
    return Hub(match["repo"], match["revision"])


def _is_folder(text: str) -> bool:
    try:
        return bool(text) and Path(text).is_dir()
    except (OSError, ValueError):
        return False


def _expanded(text: str) -> Path:
    """A `~` that names nobody's home is kept: the folder is then reported as absent."""
    try:
        return Path(text).expanduser()
    except RuntimeError:
        return Path(text)
