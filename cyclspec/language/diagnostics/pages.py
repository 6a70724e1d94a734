"""The page of every diagnostic: what it means, an example, and what to do, in Markdown.

The pages ship with the package. Ensures that a code is found in either case, and that only codes are looked for.
"""

from __future__ import annotations

import re
from importlib.resources import files
from importlib.resources.abc import Traversable

_CODE = re.compile(r"CY\d{4}\Z", re.IGNORECASE)
_FOLDER = "errors"


def looks_like_code(text: str) -> bool:
    """Whether a word is meant as the code of a diagnostic, known or not."""
    return re.fullmatch(r"cy\d+", text, re.IGNORECASE) is not None


def _pages() -> Traversable:
    return files("cyclspec").joinpath(_FOLDER)


def page_codes() -> tuple[str, ...]:
    """The codes that have a page, sorted."""
    folder = _pages()
    if not folder.is_dir():
        return ()
    names = (entry.name.removesuffix(".md") for entry in folder.iterdir() if entry.name.endswith(".md"))
    return tuple(sorted(name for name in names if _CODE.match(name)))


def page(code: str) -> str | None:
    """The page of a code in Markdown, or None where there is no such page."""
    name = code.upper()
    if name not in page_codes():
        return None
    return _pages().joinpath(f"{name}.md").read_text(encoding="utf-8")
