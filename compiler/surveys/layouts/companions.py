"""Files beside a published file that hold what it refers to: the texts of options by item."""

from __future__ import annotations

from pathlib import Path

from cyclspec.compiler.surveys.layouts.layout import Layout
from cyclspec.compiler.surveys.notes import Notes, Topic
from cyclspec.compiler.surveys.reading.opened import opened
from cyclspec.compiler.surveys.reading.textual import plain
from cyclspec.compiler.surveys.refusals import refuse_file
from cyclspec.compiler.surveys.survey import Limits
from cyclspec.language import strict_json

_MOST = 64 << 20

Texts = dict[str, tuple[str, ...]]


def companion_texts(path: Path, layout: Layout, notes: Notes) -> Texts:
    """Texts of options by the key of their item, in lower case; empty where there is no such file beside `path`."""
    name = layout.companions.get("options", "")
    if not name:
        return {}
    beside = path.parent / name
    if not beside.is_file():
        refuse_file(
            path, f"needs `{name}` beside it, which words the options", "put that file into the same folder"
        )
    notes.found(Topic.FILE, f"options are worded by `{name}`, which stands beside the file")
    return _read(beside)


def _read(path: Path) -> Texts:
    with opened(path, Limits(file_bytes=_MOST)) as found:
        try:
            value = strict_json.loads(found.handle.read().decode("utf-8-sig"))
        except (ValueError, RecursionError):
            refuse_file(path, "is not JSON")
    if not isinstance(value, dict):
        refuse_file(path, "is not a mapping of items to texts")
    return {
        key.casefold(): tuple(plain(text) for text in texts)
        for key, texts in value.items()
        if isinstance(texts, list) and all(isinstance(text, str) and plain(text) for text in texts)
    }
