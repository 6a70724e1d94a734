"""Builds the parser's table from the grammar: `python scripts/parse_table.py`.

The table ships as JSON, so that starting the parser costs milliseconds and nothing in the package is a pickle. It
names the digest of the grammar it was built from; a test compares them.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from lark import Lark
from lark.grammar import Rule
from lark.lexer import TerminalDef

from cyclspec.language.syntax.lalr import STARTS

FOLDER = Path(__file__).parent.parent / "cyclspec" / "language" / "syntax"


def main() -> None:
    text = (FOLDER / "cycl.lark").read_text(encoding="utf-8")
    grammar = Lark(
        text,
        parser="lalr",
        lexer="contextual",
        propagate_positions=True,
        maybe_placeholders=True,
        start=list(STARTS),
        regex=True,
    )
    data, memo = grammar.memo_serialize([TerminalDef, Rule])
    table = {"grammar": hashlib.sha256(text.encode()).hexdigest(), "data": data, "memo": memo}
    written = json.dumps(table, separators=(",", ":"), ensure_ascii=False, sort_keys=True)
    (FOLDER / "table.json").write_text(written + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
