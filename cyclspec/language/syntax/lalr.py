"""The parser's table, which ships with the package.

Ensures that it is loaded once, from JSON, and holds every start symbol that a piece of a file can have.
"""

from __future__ import annotations

import json
from functools import cache
from importlib import resources
from typing import Any

from lark import Lark

STARTS = ("start", "import_", "decl", "statement", "field", "expr")


def _numbered(pairs: list[tuple[str, Any]]) -> dict[Any, Any]:
    """JSON has only text keys; the table's are numbers."""
    return {int(key) if key.lstrip("-").isdigit() else key: value for key, value in pairs}


@cache
def parser() -> Lark:
    """The LALR parser, from the table that ships with the package."""
    text = resources.files("cyclspec.language.syntax").joinpath("table.json").read_text(encoding="utf-8")
    table = json.loads(text, object_pairs_hook=_numbered)
    loaded: Lark = Lark._load_from_dict(table["data"], table["memo"])  # type: ignore[no-untyped-call]  # noqa: SLF001
    return loaded
