"""Square brackets: one level of an axis, written down or named by a value.

`fit[tuning: chat]` is a pick: the level is known from the text. `stacks.function[type: kind.personality]` is a lookup:
the level is another value, which may be an answer (language.md section 4.2, rule pick). Ensures that the axis is there,
that the level is one of its own, and that no axis that stays depends on one that goes.
"""

from __future__ import annotations

from cyclspec.language.diagnostics.cy01_names import UnknownName
from cyclspec.language.diagnostics.cy02_types import NeedsOrdered, WrongType
from cyclspec.language.names.modules import twice
from cyclspec.language.names.suggest import did_you_mean
from cyclspec.language.syntax import tree as t
from cyclspec.language.types import kinds as k
from cyclspec.language.types import terms as h
from cyclspec.language.types import units
from cyclspec.language.types.reductions import children_stay
from cyclspec.language.types.scope import ENDS, Scope, failed, unknown
from cyclspec.language.types.values import absent_axis, axis_kind, is_ordered, joint

_OPTION = "option"


def infer_pick(scope: Scope, node: t.Pick) -> h.Term:
    """The term of `of[axis: level, ...]`: the picks first, then the lookups, each from the left."""
    of = scope.infer(node.of)
    if failed(of):
        return of
    picked: list[tuple[str, str]] = []
    looked: list[tuple[t.Select, h.Term]] = []
    seen: dict[str, t.Ident] = {}
    for select in node.at:
        first = seen.setdefault(select.axis.name, select.axis)
        if first is not select.axis:
            scope.report(twice(select.axis, first, "pick"))
            return unknown(node.span)
        level = _level(scope, of, select)
        if level is None:
            return unknown(node.span)
        if isinstance(level, str):
            picked.append((select.axis.name, level))
        else:
            looked.append((select, level))
    return _built(scope, node, of, tuple(picked), looked)


def _built(
    scope: Scope,
    node: t.Pick,
    of: h.Term,
    picked: tuple[tuple[str, str], ...],
    looked: list[tuple[t.Select, h.Term]],
) -> h.Term:
    term = of
    if picked:
        gone = {axis for axis, _ in picked}
        type_ = k.Type(_kind(of, gone), of.type.axes - gone, of.type.phase, of.type.optional)
        term = h.PickTerm(type=type_, span=node.span, of=of, at=picked)
    for select, key in looked:
        axis = select.axis.name
        _, phase, optional = joint(term, key)
        left = (term.type.axes - {axis}) | key.type.axes
        type_ = k.Type(_kind(term, {axis}), left, phase, optional)
        term = h.LookupTerm(type=type_, span=node.span, of=term, axis=axis, key=key)
    removed = {select.axis.name: select.axis for select in node.at if select.axis.name not in term.type.axes}
    if not children_stay(scope, removed, term.type.axes, verb="picked"):
        return unknown(node.span)
    return term


def _kind(of: h.Term, gone: set[str]) -> k.Kind:
    """One option of a distribution is a share; anything else keeps its kind."""
    if isinstance(of.type.kind, k.Dist) and _OPTION in gone:
        return k.Number(k.Unit.SHARE)
    return of.type.kind


def _level(scope: Scope, of: h.Term, select: t.Select) -> str | h.Term | None:
    """The level by name, the value that names it, or None after reporting."""
    axis = select.axis.name
    on_options = axis == _OPTION and isinstance(of.type.kind, k.Dist)
    column = None if on_options else _column(scope, of, axis)
    if axis not in of.type.axes and not on_options and column is None:
        scope.report(absent_axis(scope, select.axis, of))
        return None
    kind = _levels(scope, of, axis) if column is None else column
    if isinstance(select.level, t.Name) and select.level.name in ENDS:
        return select.level.name if _has_ends(scope, select.level, axis, kind) else None
    if isinstance(kind, k.ModelKind):
        return _model(scope, select, kind)
    if _has_unnamed_options(kind, axis) and isinstance(select.level, t.Name):
        word = select.level.name
        if word not in scope.locals and word not in scope.broken:
            _report(scope, select, "an answer on the same scale, `first` or `last`", word)
            return None
    level = scope.infer(select.level, _expected(kind))
    if failed(level):
        return None
    match level:
        case h.LevelTerm(level=name):
            return name if _belongs(scope, select, kind, name) else None
        case h.Literal_(value=plain):
            return _level_of_value(scope, select, kind, plain)
    return _key(scope, select, kind, level)


def _has_ends(scope: Scope, word: t.Name, axis: str, kind: k.Kind | None) -> bool:
    """Whether an axis has a first and a last level: rows, models and unordered levels stand in the order of a file."""
    match kind:
        case k.Of() | k.Choice() if is_ordered(scope, kind):
            return True
        case k.Of() | k.Choice() | k.Row() | k.ModelKind():
            helps = ("name the level that is meant",)
            label = f"the levels of `{axis}` have no order"
            scope.report(NeedsOrdered(span=word.span, metric=word.name, scale=axis, label=label, helps=helps))
            return False
    return True


def _column(scope: Scope, of: h.Term, name: str) -> k.Kind | None:
    """A column of a vocabulary in the table that a value stands in; an axis where the table is indexed by it."""
    if not isinstance(of, h.ColumnTerm) or name in of.type.axes or name == of.column:
        return None
    column = scope.ctx.tables[of.table].column(name)
    if column is None or not isinstance(column.kind, k.Of) or column.kind.vocabulary.open:
        return None
    return column.kind


def _levels(scope: Scope, of: h.Term, axis: str) -> k.Kind | None:
    """The kind of the levels of an axis of a value: in a table, that of its column."""
    match of, of.type.kind:
        case _, k.Dist(scale) if axis == _OPTION:
            return k.Of(scale) if isinstance(scale, k.Vocabulary) else k.Choice(scale)
        case h.ColumnTerm(table=table), _:
            column = scope.ctx.tables[table].column(axis)
            if column is not None and isinstance(column.kind, k.Of | k.Ref | k.Key):
                return column.kind
    if axis == _OPTION and scope.metric_scale is not None:
        return k.Choice(scope.metric_scale)
    return axis_kind(scope, axis)


def _expected(kind: k.Kind | None) -> k.Kind | None:
    return kind if isinstance(kind, k.Of | k.Lang | k.Date) else None


def _has_unnamed_options(kind: k.Kind | None, axis: str) -> bool:
    """Options that come with each item have no names in the spec."""
    return axis == _OPTION and isinstance(kind, k.Choice) and not isinstance(kind.scale, k.Vocabulary)


def _report(scope: Scope, select: t.Select, expected: str, found: str) -> None:
    what = f"the level of `{select.axis.name}`"
    scope.report(WrongType(span=select.level.span, what=what, expected=expected, found=found))


def _model(scope: Scope, select: t.Select, kind: k.ModelKind) -> str | None:
    """A model of a panel by its name."""
    name = select.level.name if isinstance(select.level, t.Name) else select.level.span.text
    panel = scope.ctx.panels.get(kind.panel)
    known = tuple(model.name for model in panel.models) if panel is not None else ()
    if name in known:
        return name
    where, helps = f" in panel `{kind.panel}`", did_you_mean(name, known)
    scope.report(UnknownName(span=select.level.span, what="model", name=name, where=where, helps=helps))
    return None


def _belongs(scope: Scope, select: t.Select, kind: k.Kind | None, name: str) -> bool:
    """Whether a level, which a parameter may have given, is one of the axis."""
    vocabulary = kind.vocabulary if isinstance(kind, k.Of) else None
    if isinstance(kind, k.Choice) and isinstance(kind.scale, k.Vocabulary):
        vocabulary = kind.scale
    values = scope.languages.get(select.axis.name)
    known = tuple(map(str, values)) if values is not None else None
    if vocabulary is not None and not vocabulary.open:
        known = vocabulary.names
    if known is None or name in known:
        return True
    _unknown_level(scope, select, known)
    return False


def _unknown_level(scope: Scope, select: t.Select, known: tuple[str, ...]) -> None:
    text = select.level.span.text
    helps, where = did_you_mean(text, known), f" of `{select.axis.name}`"
    scope.report(UnknownName(span=select.level.span, what="level", name=text, where=where, helps=helps))


def _level_of_value(scope: Scope, select: t.Select, kind: k.Kind | None, plain: h.Plain) -> str | None:
    """The level that stands for a number such as `7B`; axes of plain values are named by their text."""
    if not isinstance(kind, k.Of):
        return str(plain) if _belongs(scope, select, kind, str(plain)) else None
    for level in kind.vocabulary.levels:
        if plain in (level.code, level.value):
            return level.name
    _unknown_level(scope, select, kind.vocabulary.names)
    return None


def _key(scope: Scope, select: t.Select, kind: k.Kind | None, key: h.Term) -> h.Term | None:
    """A value that names a level: of the same vocabulary, of the same scale, or a row of the same table."""
    found = key.type.kind
    if kind is not None and _names_a_level(found, kind):
        return key
    if isinstance(kind, k.Number) and units.unit_of(key) is kind.unit:
        return key
    expected = f"a level of {select.axis.name}"
    _report(scope, select, expected, k.kind_text(found))
    return None


def _names_a_level(found: k.Kind, kind: k.Kind) -> bool:
    match found, kind:
        case ((k.Of(a) | k.Choice(a)), (k.Of(b) | k.Choice(b))):
            return a == b
        case ((k.Row(a) | k.Ref(a) | k.Key(a, _)), (k.Row(b) | k.Ref(b) | k.Key(b, _))):
            return a == b
    return isinstance(found, k.Lang | k.Date) and found == kind
