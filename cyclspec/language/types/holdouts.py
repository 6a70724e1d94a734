"""Rows that are held out, and the rest: `holdout(survey.items, share = 20%)`, `rest(survey.items, share = 20%)`.

Expects tables. Ensures that both sides of one split are told apart by the same arguments, and that these are constants;
which rows are held out is drawn by counter from the name of the split and the key of each row, once data are open.
"""

from __future__ import annotations

from cyclspec.language.diagnostics.cy02_types import WrongType
from cyclspec.language.syntax import tree as t
from cyclspec.language.types import kinds as k
from cyclspec.language.types import typed as d
from cyclspec.language.types.arguments import Arguments, bind, called, constant, number
from cyclspec.language.types.column_paths import column_named
from cyclspec.language.types.scope import Scope, dotted_parts
from cyclspec.language.types.sources import Found, Wanted, table_rows

SIDES = ("holdout", "rest")
_FORMALS = ("table", "share", "name", "cluster")


def held_out(scope: Scope, wanted: Wanted) -> Found | None:
    """One side of a split, as the levels of an axis."""
    found = part_of(scope, wanted)
    if found is None:
        return None
    table, part = found
    return Found(d.TableSource(table, part), (k.Row(table),), k.Phase.DATA)


def rows_of(scope: Scope, wanted: Wanted) -> tuple[str, d.HeldOut | None] | None:
    """The rows that a path names, or one side of a split of them; None after reporting."""
    if isinstance(wanted.node, t.Call) and called(wanted.node)[0] in SIDES:
        return part_of(scope, wanted)
    table = table_rows(scope, wanted, dotted_parts(wanted.node) or ("",))
    return None if table is None else (table, None)


def part_of(scope: Scope, wanted: Wanted) -> tuple[str, d.HeldOut] | None:
    """The table of a split with the side that is taken; None after reporting."""
    args = bind(scope, wanted.node, _FORMALS, required=("table", "share"), by_position=1)
    if args is None:
        return None
    at = args["table"].value
    table = table_rows(scope, Wanted(wanted.names, at), dotted_parts(at) or ("",))
    share = number(scope, args["share"].value, "share", 0, 1, above=True)
    name = _name(scope, args)
    if table is None or share is None or name is None:
        return None
    cluster = None
    if "cluster" in args:
        cluster = column_named(scope, table, "cluster", k.Of, args["cluster"].value)
        if cluster is None:
            return None
    rest = called(wanted.node)[0] == "rest"
    return table, d.HeldOut(share=share, name=name, cluster=cluster, rest=rest)


def _name(scope: Scope, args: Arguments) -> str | None:
    """What tells one split of a table from another; without one it has no name."""
    if "name" not in args:
        return ""
    at, expected = args["name"].value, 'a text such as "tuning"'
    found = constant(scope, at, "name", expected)
    if found is None:
        return None
    value, term = found
    if isinstance(value, str) and isinstance(term.type.kind, k.Text):
        return value
    scope.report(WrongType(span=at.span, what="`name`", expected=expected, found=at.span.text))
    return None
