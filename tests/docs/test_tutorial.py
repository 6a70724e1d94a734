"""The pages can be followed: every command that a page shows was typed, and printed what the page shows.

`CYCLSPEC_BLESS=1 pytest tests/docs/test_tutorial.py` writes what the commands print now into the pages.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from pages import ROOT, blocks_of, follow

PAGES = [
    page
    for page in (ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md")))
    if any(block.kind == "console" for block in blocks_of(page))
]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_a_page_can_be_followed_from_top_to_bottom(page: Path, tmp_path: Path) -> None:
    problems = follow(page, tmp_path, bless=bool(os.environ.get("CYCLSPEC_BLESS")))
    assert not problems, "\n\n".join(problems)
