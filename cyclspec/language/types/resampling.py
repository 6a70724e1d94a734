"""How the uncertainty of a measure is found: `interval = bootstrap(..)`, `test = sign_flip(..)` or `permutation(..)`.

Expects a measure whose term is typed. Ensures that what is drawn again is an axis that the measure does not keep, or
the people whose answers it counts; that clusters and strata are attributes of it; that signs are flipped of paired
contrasts only; and that p-values to adjust are there. What is drawn how is written out: clusters and strata that a
table declares, questions of one battery, and axes that depend on others need no word in the measure.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal, cast

from cyclspec.language.diagnostics.cy01_names import UnknownName
from cyclspec.language.diagnostics.cy02_types import NotAContrast, WrongArguments, WrongType
from cyclspec.language.names.suggest import did_you_mean
from cyclspec.language.syntax import tree as t
from cyclspec.language.types import kinds as k
from cyclspec.language.types import terms as h
from cyclspec.language.types import typed as d
from cyclspec.language.types.arguments import Arguments, bind, called, number, whole, word
from cyclspec.language.types.contrasts import flaw_of_contrast, pairing, read_by, through
from cyclspec.language.types.dealt import groups_apart, groups_of
from cyclspec.language.types.roles import is_design_column
from cyclspec.language.types.scope import Scope, dotted_parts, failed, key_of
from cyclspec.language.types.values import axis_words

MAX_DRAWS = 1_000_000
TEST_DRAWS = 10_000
BATTERY = "battery"
Named = Mapping[str, h.Term]
_BOOTSTRAP = ("over", "draws", "level", "method", "cluster", "strata", "design")
_SIGN_FLIP = ("over", "draws", "cluster")
_PERMUTATION = ("over", "within", "draws", "tail")


@dataclass(frozen=True, slots=True)
class Judged:
    """A measure whose uncertainty is asked for: its name, axes and term, and what its term may name.

    Of a term that failed nothing is told but what the words themselves say.
    """

    scope: Scope
    name: str
    by: tuple[str, ...]
    term: h.Term
    named: Named


def read_interval(of: Judged, field: t.Field | None) -> d.Interval | None:
    """`bootstrap(over = item, draws = 2000, level = 95%, method = t, cluster = item.theme)` and its like."""
    if field is None:
        return None
    if called(field.value)[0] != "bootstrap":
        spelled = ("write `interval = bootstrap(over = item, draws = 2000, level = 95%)`",)
        _refuse(of.scope, field, "bootstrap(..)", spelled)
        return None
    args = bind(of.scope, field.value, _BOOTSTRAP, required=("over",))
    drawn = None if args is None else _drawn(of, args, "bootstrap")
    if args is None or drawn is None or _pairs_copies(of, args):
        return None
    draws = _draws(of.scope, args, 2000)
    level = 0.95
    if "level" in args:
        level = number(of.scope, args["level"].value, "level", 0.5, 0.9999, above=False) or level
    method = _word(of.scope, args, "method", ("percentile", "t"))
    over = tuple(one.axis for one in drawn)
    return d.Interval(over, draws, level, cast(Literal["percentile", "t"], method), drawn)


def _pairs_copies(of: Judged, args: Arguments) -> bool:
    """Whether an axis is drawn along which a reducer pairs values: copies of one answer are no pair. Reports it."""
    if failed(of.term):
        return False
    for axis in axis_words(of.scope, args["over"]):
        reducer = pairing(of.term, of.named, axis.name)
        if reducer is not None:
            problem = f"cannot draw `{axis.name}` again: copies of one answer would agree in `{reducer}`"
            helps = ("draw what the pairs are of, such as the cases: `bootstrap(over = case)`",)
            found = WrongArguments(span=axis.span, callee="bootstrap", problem=problem, helps=helps)
            of.scope.report(found)
            return True
    return False


def read_test(
    of: Judged, field: t.Field | None, adjust: t.Field | None, interval: d.Interval | None
) -> d.Test | None:
    """The test that a measure asks for; signs of its contrast where it only says how p-values are adjusted."""
    if field is None:
        return None if adjust is None else _default_test(of, adjust, interval)
    match called(field.value)[0]:
        case "sign_flip":
            return _sign_flip(of, field.value)
        case "permutation":
            return _permutation(of, field.value)
    spelled = (
        "write `test = sign_flip(over = item)` or `test = permutation(over = country, within = item)`",
    )
    _refuse(of.scope, field, "sign_flip(..)` or `permutation(..)", spelled)
    return None


def _refuse(scope: Scope, field: t.Field, expected: str, helps: tuple[str, ...]) -> None:
    what, found = f"`{field.name.name}`", field.value.span.text
    scope.report(WrongType(span=field.value.span, what=what, expected=expected, found=found, helps=helps))


def _draws(scope: Scope, args: Arguments, default: int) -> int:
    if "draws" not in args:
        return default
    return whole(scope, args["draws"].value, "draws", 10, MAX_DRAWS) or default


def _word(scope: Scope, args: Arguments, name: str, known: tuple[str, ...]) -> str:
    """One of some words, the first where nothing is said."""
    return known[0] if name not in args else word(scope, args[name].value, name, known) or known[0]


def _default_test(of: Judged, adjust: t.Field, interval: d.Interval | None) -> d.Test | None:
    """Signs are flipped by the clusters of the interval."""
    if interval is None:
        problem = f"needs p-values, and nothing says how `{of.name}` is tested"
        helps = ("add `test = sign_flip(over = item)`, or an `interval`",)
        of.scope.report(WrongArguments(span=adjust.span, callee="adjust", problem=problem, helps=helps))
        return None
    notes = ("`adjust` needs p-values, and without a `test` they come from flipping signs",)
    return _flips(of, adjust.value, interval.drawings, TEST_DRAWS, notes)


def _sign_flip(of: Judged, node: t.Expr) -> d.Test | None:
    args = bind(of.scope, node, _SIGN_FLIP, required=("over",))
    drawn = None if args is None else _drawn(of, args, "sign_flip")
    if args is None or drawn is None:
        return None
    return _flips(of, node, drawn, _draws(of.scope, args, TEST_DRAWS))


def _flips(
    of: Judged, node: t.Expr, drawn: tuple[d.Drawn, ...], draws: int, notes: tuple[str, ...] = ()
) -> d.Test | None:
    axes = tuple(one.axis for one in drawn)
    people = next((one.axis for one in drawn if one.people is not None), None)
    if failed(of.term):
        return None
    flaw = f"`{people}` is no axis of it" if people else flaw_of_contrast(of.term, of.named, axes)
    if flaw:
        helps = (
            "write a difference: `mean over item of fit[model: first] - fit[model: second]`",
            "or test something else: `test = permutation(over = country, within = item)`",
        )
        of.scope.report(NotAContrast(span=node.span, measure=of.name, flaw=flaw, notes=notes, helps=helps))
        return None
    return d.SignFlip(tuple(replace(one, strata=None, within=()) for one in drawn), draws)


def _permutation(of: Judged, node: t.Expr) -> d.Test | None:
    scope = of.scope
    args = bind(scope, node, _PERMUTATION, required=("over",))
    over = () if args is None else axis_words(scope, args["over"])
    if args is None or len(over) != 1:
        if args is not None:
            problem = "permutes the labels of one axis"
            scope.report(WrongArguments(span=args["over"].span, callee="permutation", problem=problem))
        return None
    people = _people(of, over[0])
    if people is None and (_is_group(of, over[0]) or not _is_axis(of, over[0])):
        return None
    within = axis_words(scope, args["within"]) if "within" in args else ()
    groups = () if people is None else groups_of(of.term, of.named, people)
    if people is not None and any(axis.name not in groups for axis in within):
        _no_group(of, next(axis for axis in within if axis.name not in groups), over[0].name, groups)
        return None
    if people is None and not all(_is_axis(of, axis) for axis in within):
        return None
    tail = _word(scope, args, "tail", ("upper", "lower", "both"))
    draws = _draws(scope, args, 2000)
    names = tuple(axis.name for axis in within if axis.name != over[0].name)
    if people is not None and "within" not in args:
        names = groups_apart(of.term, of.named, people)
    return d.Permutation(over[0].name, people, names, draws, cast(Literal["upper", "lower", "both"], tail))


def _is_group(of: Judged, axis: t.Ident) -> bool:
    """Whether a name is a group that a measure counts people by and no axis: those who are dealt out are the people."""
    if isinstance(of.scope.locals.get(axis.name), h.AxisTerm):
        return False
    counted = (term for term in read_by(of.term, of.named) if axis.name in term.by)
    keys = dict.fromkeys(term.person for term in counted)
    if not keys:
        return False
    problem = f"moves the levels of an axis, or people between groups, and `{axis.name}` is a group of people"
    helps = tuple(f"write `permutation(over = {key})`" for key in keys)
    of.scope.report(WrongArguments(span=axis.span, callee="permutation", problem=problem, helps=helps))
    return True


def _no_group(of: Judged, axis: t.Ident, key: str, groups: tuple[str, ...]) -> None:
    """Reports an axis that people are dealt out within, and are not counted by."""
    problem = f"deals people out within groups that the measure counts them by, and `{axis.name}` is none"
    helps: tuple[str, ...] = ("leave `within` out",)
    if len(groups) > 1:
        helps = tuple(f"write `permutation(over = {key}, within = {group})`" for group in groups)
    of.scope.report(WrongArguments(span=axis.span, callee="permutation", problem=problem, helps=helps))


def _is_axis(of: Judged, axis: t.Ident) -> bool:
    if isinstance(of.scope.locals.get(axis.name), h.AxisTerm):
        return True
    known = [name for name, term in of.scope.locals.items() if isinstance(term, h.AxisTerm)]
    keys = (key for table in of.scope.ctx.tables for key in key_of(of.scope.ctx, table))
    if axis.name in of.scope.broken or (failed(of.term) and axis.name in keys):
        return False
    helps = did_you_mean(axis.name, known)
    of.scope.report(UnknownName(span=axis.span, what="axis", name=axis.name, helps=helps))
    return False


def _people(of: Judged, key: t.Ident) -> str | None:
    """The table whose people a key names, where the measure counts their answers.

    None where an axis has that name and the measure reads something along it: then its levels are meant.
    """
    if isinstance(of.scope.locals.get(key.name), h.AxisTerm) and _varies(of, key.name):
        return None
    counted = read_by(of.term, of.named)
    return next((term.people for term in counted if term.person == key.name), None)


def _varies(of: Judged, axis: str) -> bool:
    """Whether anything that a measure reads varies along an axis."""
    return any(axis in term.type.axes for term in through(of.term, of.named))


def _drawn(of: Judged, args: Arguments, callee: str) -> tuple[d.Drawn, ...] | None:
    """What `over` names, each with its clusters and strata and the axes that it is drawn in."""
    scope, found = of.scope, list[d.Drawn]()
    for axis in axis_words(scope, args["over"]):
        people = _people(of, axis)
        if people is None and not _is_axis(of, axis):
            return None
        if axis.name in of.by:
            problem = f"cannot resample `{axis.name}`, which the measure keeps"
            scope.report(WrongArguments(span=axis.span, callee=callee, problem=problem))
            return None
        # What stands twice in a list is told where lists are read.
        if any(one.axis == axis.name for one in found):
            continue
        found.append(_declared(scope, axis.name, people))
    if not found:
        return None
    grouped = _with_attributes(of, args, callee, {one.axis: one for one in found})
    if grouped is None:
        return None
    nested = _word(scope, args, "design", ("crossed", "nested")) == "nested"
    return tuple(
        replace(one, within=_within(scope, one, grouped[:at], nested=nested))
        for at, one in enumerate(grouped)
    )


def _declared(scope: Scope, axis: str, people: str | None) -> d.Drawn:
    """An axis or people as their table says that they were drawn; questions of one battery are one cluster."""
    term = scope.locals.get(axis)
    kind = term.type.kind if isinstance(term, h.AxisTerm) else None
    name = people if people is not None else kind.table if isinstance(kind, k.Row) else None
    if name is None:
        return d.Drawn(axis)
    table = scope.ctx.tables[name]
    battery = table.column(BATTERY)
    as_battery = (
        BATTERY if battery is not None and isinstance(battery.kind, k.Of) and people is None else None
    )
    return d.Drawn(axis, people, table.cluster or as_battery, table.strata)


def _with_attributes(
    of: Judged, args: Arguments, callee: str, found: dict[str, d.Drawn]
) -> list[d.Drawn] | None:
    """The clusters and strata that arguments give: `item.theme`, or `item` for each item by itself."""
    for role in ("cluster", "strata"):
        if role not in args:
            continue
        given = args[role].value
        nodes = [item.value for item in given.items] if isinstance(given, t.List) else [given]
        for node in nodes:
            parts = dotted_parts(node) or ()
            one = found.get(parts[0]) if parts else None
            if one is None or len(parts) > 2:
                helps = (f"write an attribute of what is drawn: `{role} = {next(iter(found))}.theme`",)
                problem = f"has no `{node.span.text}` among what it draws"
                of.scope.report(WrongArguments(span=node.span, callee=callee, problem=problem, helps=helps))
                return None
            attribute = parts[1] if len(parts) == 2 else None
            if attribute is not None and not _has(of.scope, one, attribute, node):
                return None
            found[one.axis] = (
                replace(one, cluster=attribute) if role == "cluster" else replace(one, strata=attribute)
            )
    return list(found.values())


def _has(scope: Scope, one: d.Drawn, attribute: str, node: t.Expr) -> bool:
    known = _attributes(scope, one)
    if attribute in known:
        return True
    helps = did_you_mean(attribute, known)
    where = f" of `{one.axis}`"
    scope.report(UnknownName(span=node.span, what="attribute", name=attribute, where=where, helps=helps))
    return False


def _attributes(scope: Scope, one: d.Drawn) -> tuple[str, ...]:
    """The attributes that can cut an axis or people into clusters and strata."""
    term = scope.locals.get(one.axis)
    kind = term.type.kind if isinstance(term, h.AxisTerm) else None
    name = one.people if one.people is not None else kind.table if isinstance(kind, k.Row) else None
    if name is not None:
        return tuple(c.name for c in scope.ctx.tables[name].columns if is_design_column(c.kind))
    return tuple(kind.vocabulary.attributes) if isinstance(kind, k.Of) else ()


def _within(scope: Scope, one: d.Drawn, before: list[d.Drawn], *, nested: bool) -> tuple[str, ...]:
    """The axes that one is drawn in: those that it depends on, and with `nested` all that are drawn before it."""
    if one.people is not None:
        return ()
    outer = [other.axis for other in before if other.people is None] if nested else []
    return tuple(dict.fromkeys((*scope.parents.get(one.axis, ()), *outer)))
