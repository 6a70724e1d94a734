"""Sources that are written as calls: `permutations`, `waves`, `sample`, `holdout`, `rest`, `draw` and `shuffled`.

Expects the axes that they name. Ensures that numbers are constants in their range and that what is drawn is known
before any model is called; the draws themselves are made by counter from the audit's seed, so that a level more or
less of one axis changes no draw of another.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

from cyclspec.language.diagnostics.cy01_names import UnknownName
from cyclspec.language.diagnostics.cy02_types import WrongArguments, WrongType
from cyclspec.language.names.suggest import did_you_mean
from cyclspec.language.syntax import tree as t
from cyclspec.language.types import kinds as k
from cyclspec.language.types import terms as h
from cyclspec.language.types import typed as d
from cyclspec.language.types import units
from cyclspec.language.types.arguments import Arguments, bind, duration, whole, word
from cyclspec.language.types.column_paths import column_named
from cyclspec.language.types.holdouts import held_out, rows_of
from cyclspec.language.types.scope import Scope, failed
from cyclspec.language.types.sources import Found, Wanted, one_name, plain_source
from cyclspec.language.types.values import axis_words

MAX_ORDERS = 1000
MAX_WAVES = 1000
MAX_ROWS = 10_000_000
SECONDS_A_DAY = 86_400.0


def permutations(scope: Scope, wanted: Wanted) -> Found | None:
    """`permutations(item.options, n = 4, keep = identity)`: orders of a scale, a child of the row that brings it."""
    args = bind(scope, wanted.node, ("scale", "n", "keep"), required=("scale",), by_position=1)
    if args is None or not one_name(scope, wanted):
        return None
    permuted = _permuted(scope, args["scale"].value)
    if permuted is None:
        return None
    term, scale = permuted
    number = _orders(scope, wanted, scale, args)
    keep = word(scope, args["keep"].value, "keep", ("identity",)) if "keep" in args else ""
    if number is None or keep is None:
        return None
    parent = term.axis if isinstance(term, h.AttributeTerm) else None
    source = d.PermutationsSource(scale, number[0], keep == "identity", parent)
    return Found(source, (k.Order(scale),), term.type.phase, () if parent is None else (parent,))


def _permuted(scope: Scope, given: t.Expr) -> tuple[h.Term, k.Scale] | None:
    """The scale whose options are put in other orders."""
    term = scope.infer(given)
    if failed(term):
        return None
    if isinstance(term.type.kind, k.ScaleValue):
        return term, term.type.kind.scale
    found = k.kind_text(term.type.kind)
    scope.report(WrongType(span=given.span, what="what is permuted", expected="a scale", found=found))
    return None


def _order(scope: Scope, node: t.Call, per: tuple[str, ...]) -> Found | None:
    """`draw(permutations(item.options), per = simulation)`: one of all orders of a scale in each cell."""
    args = bind(scope, node, ("scale",), required=("scale",), by_position=1)
    permuted = None if args is None else _permuted(scope, args["scale"].value)
    if permuted is None:
        return None
    term, scale = permuted
    parent = term.axis if isinstance(term, h.AttributeTerm) else None
    per = tuple(dict.fromkeys((*per, *(() if parent is None else (parent,)))))
    source = d.DrawSource(d.PermutationsSource(scale, None, False, parent), per)
    return Found(source, (k.Order(scale),), term.type.phase, per, drawn=True)


def _orders(scope: Scope, wanted: Wanted, scale: k.Scale, args: Arguments) -> tuple[int | None] | None:
    """How many orders: `n`, or all of them where a scale is short."""
    longest = _longest(scope, scale)
    most = math.factorial(longest) if longest is not None and longest < 8 else None
    if "n" not in args:
        if most is not None and most <= MAX_ORDERS:
            return (None,)
        many = f"{longest} options have {math.factorial(longest)} orders" if longest else "scales can be long"
        problem = f"needs `n`: {many}"
        scope.report(WrongArguments(span=wanted.node.span, callee="permutations", problem=problem))
        return None
    number = whole(scope, args["n"].value, "n", 1, min(MAX_ORDERS, most or MAX_ORDERS))
    return None if number is None else (number,)


def _longest(scope: Scope, scale: k.Scale) -> int | None:
    match scope.refined(scale):
        case k.Vocabulary(levels=levels):
            return sum(not level.missing for level in levels)
        case k.ItemScale(high=high):
            return high
    return None


def waves(scope: Scope, wanted: Wanted) -> Found | None:
    """`waves(count = 4, every = 7d)`: sessions on later days, numbered from one."""
    args = bind(scope, wanted.node, ("count", "every"), required=("count", "every"))
    if args is None or not one_name(scope, wanted):
        return None
    count = whole(scope, args["count"].value, "count", 1, MAX_WAVES)
    every = duration(scope, args["every"].value, "every")
    if count is None or every is None:
        return None
    return Found(d.WavesSource(count, every / SECONDS_A_DAY), (k.Number(whole=True),), k.Phase.STATIC)


def sample(scope: Scope, wanted: Wanted) -> Found | None:
    """`sample(survey.people, n = 200, strata = [country], weight = weight)`: rows of a table, or of a part of them."""
    args = bind(
        scope, wanted.node, ("table", "n", "strata", "weight"), required=("table", "n"), by_position=1
    )
    if args is None:
        return None
    rows = rows_of(scope, Wanted(wanted.names, args["table"].value))
    number = whole(scope, args["n"].value, "n", 1, MAX_ROWS)
    if rows is None or number is None:
        return None
    table, part = rows
    strata = _strata(scope, table, args["strata"].value) if "strata" in args else ()
    weight = _weight(scope, table, args["weight"].value) if "weight" in args else ""
    if strata is None or weight is None:
        return None
    source = d.SampleSource(table, number, strata, weight or None, part)
    return Found(source, (k.Row(table),), k.Phase.DATA)


def _strata(scope: Scope, table: str, node: t.Expr) -> tuple[str, ...] | None:
    nodes = [item.value for item in node.items] if isinstance(node, t.List) else [node]
    names = [column_named(scope, table, "stratum", k.Of, each) for each in nodes]
    return None if None in names else tuple(dict.fromkeys(name for name in names if name is not None))


def _weight(scope: Scope, table: str, node: t.Expr) -> str | None:
    return column_named(scope, table, "weight", k.Number, node)


def draw(scope: Scope, wanted: Wanted) -> Found | None:
    """`draw(places, per = simulation)`: one level in each cell of `per`, and no axis."""
    args = bind(scope, wanted.node, ("source", "per"), required=("source", "per"), by_position=1)
    if args is None or not one_name(scope, wanted):
        return None
    per = _axes(scope, args["per"])
    given = args["source"].value
    if per is not None and isinstance(given, t.Call) and given.fn.span.text == "permutations":
        return _order(scope, given, per)
    found = plain_source(scope, Wanted(wanted.names, args["source"].value, free=True))
    if found is None or per is None:
        return None
    match found.source:
        case d.TableSource(table) if _brings_a_scale(scope, table):
            problem = f"cannot draw rows of `{table}`, which bring their own scale: make them an axis"
            scope.report(WrongArguments(span=wanted.node.span, callee="draw", problem=problem))
            return None
        case d.VocabularySource() | d.ValuesSource() | d.TableSource():
            return Found(d.DrawSource(found.source, per), found.kinds, found.phase, per, drawn=True)
    expected, text = "an axis, a scale, a list, a range or a table", args["source"].value.span.text
    scope.report(
        WrongType(span=args["source"].value.span, what="what is drawn", expected=expected, found=text)
    )
    return None


def _brings_a_scale(scope: Scope, table: str) -> bool:
    return any(isinstance(column.kind, k.ScaleValue) for column in scope.ctx.tables[table].columns)


def _axes(scope: Scope, arg: t.Argument) -> tuple[str, ...] | None:
    """The axes of `per = simulation` or `per = [simulation, item]`."""
    names: list[str] = []
    for ident in axis_words(scope, t.Argument(span=arg.span, name=None, value=arg.value)):
        if isinstance(scope.locals.get(ident.name), h.AxisTerm):
            names.append(ident.name)
            continue
        if ident.name not in scope.broken:
            known = [name for name, term in scope.locals.items() if isinstance(term, h.AxisTerm)]
            helps = did_you_mean(ident.name, known)
            scope.report(UnknownName(span=ident.span, what="axis", name=ident.name, helps=helps))
        return None
    if not names and arg.value == t.List(span=arg.span, items=()):
        expected, found = "the name of an axis", arg.value.span.text
        scope.report(WrongType(span=arg.value.span, what="this", expected=expected, found=found))
    return tuple(dict.fromkeys(names)) or None


def shuffled(scope: Scope, wanted: Wanted) -> Found | None:
    """`shuffled(country)`: another level of the axis in each of its cells, and no axis."""
    args = bind(scope, wanted.node, ("axis",), required=("axis",), by_position=1)
    if args is None or not one_name(scope, wanted):
        return None
    names = _axes(scope, args["axis"])
    if names is None:
        return None
    term = scope.locals[names[0]]
    if len(names) > 1 or not _shuffles(scope, names[0], term):
        what, found = "what is shuffled", k.kind_text(term.type.kind)
        expected = "an axis with levels of its own"
        scope.report(WrongType(span=args["axis"].span, what=what, expected=expected, found=found))
        return None
    return Found(d.ShuffledSource(names[0]), (term.type.kind,), term.type.phase, names, drawn=True)


def _shuffles(scope: Scope, axis: str, term: h.Term) -> bool:
    """Whether a level of an axis may stand in for another: not a model, not a child, not a row with its own scale."""
    if axis in scope.parents:
        return False
    match term.type.kind:
        case k.Row(table):
            return not _brings_a_scale(scope, table)
        case k.Of() | k.Text() | k.Lang():
            return True
        case k.Number():
            return units.unit_of(term) is not None
    return False


CONSTRUCTED: Mapping[str, Callable[[Scope, Wanted], Found | None]] = {
    "permutations": permutations,
    "waves": waves,
    "sample": sample,
    "holdout": held_out,
    "rest": held_out,
    "draw": draw,
    "shuffled": shuffled,
}
# Which arguments of a constructed source may name axes, "" for its first by position; the others are columns and words.
NAMING_AXES: Mapping[str, tuple[str, ...]] = {
    "permutations": ("", "scale", "n"),
    "waves": ("count", "every"),
    "sample": ("n",),
    "holdout": ("share",),
    "rest": ("share",),
    "draw": ("per",),
    "shuffled": ("", "axis"),
}
