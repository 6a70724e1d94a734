"""Pass 5: panels of models, and targets.

Ensures that every model says where it is and has one level of each factor, and that a target cuts people by columns
that their table has.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from cyclspec.language.diagnostics import Diagnostic, Label
from cyclspec.language.diagnostics.cy01_names import Duplicate, FieldMissing, NothingInIt, UnknownName
from cyclspec.language.diagnostics.cy02_types import WrongArguments, WrongType
from cyclspec.language.diagnostics.cy03_axes import NotAnAttribute
from cyclspec.language.diagnostics.mend import renamed, write
from cyclspec.language.names.lock import Locked, ModelPin, model_key
from cyclspec.language.names.modules import Module, declared_twice
from cyclspec.language.names.suggest import did_you_mean, suggest
from cyclspec.language.spans import Span
from cyclspec.language.syntax import tree as t
from cyclspec.language.types import kinds as k
from cyclspec.language.types import typed as d
from cyclspec.language.types.arguments import whole
from cyclspec.language.types.context import Context
from cyclspec.language.types.fields import distinct, read_fields
from cyclspec.language.types.meant import place_meant
from cyclspec.language.types.scope import Scope, dotted_parts
from cyclspec.language.types.vocabularies import (
    RESERVED,
    attribute_names,
    check_name,
    make_levels,
    number_of,
    order_and_unit,
    quantity,
)

MAX_LEAST = 1_000_000
PLACES = ("hf", "local", "openai", "demo", "recorded")
_SPELLED: Mapping[str, str] = {
    "hf": 'hf("owner/name", revision = "..")',
    "local": 'local("folder")',
    "openai": 'openai("name", host = "..")',
    "demo": "demo()",
    "recorded": 'recorded()` or `recorded("name in the table")',
}
_NAMES: Mapping[str, tuple[int, int]] = {"demo": (0, 0), "recorded": (0, 1)}
_OPTIONS: Mapping[str, str] = {"hf": "revision", "openai": "host"}


def elaborate_panels(ctx: Context) -> None:
    """Fills `ctx.panels`."""
    seen: dict[str, Module] = {}
    for module, decl in ctx.declarations(t.Panel):
        assert isinstance(decl, t.Panel)
        check_name(ctx, decl.name)
        if _declared_elsewhere(ctx, module, decl.name, "panel", seen):
            continue
        read_fields(ctx, decl.fields, (), where="panel")
        if not decl.models and not decl.fields:
            helps = ("add one: `model small = demo()`",)
            ctx.report(
                NothingInIt(
                    span=decl.name.span, what="panel", name=decl.name.name, parts="models", helps=helps
                )
            )
        declared = {n: _factor(ctx, factor) for n, factor in distinct(ctx, decl.factors, "panel").items()}
        models = [
            _model(ctx, module, model, declared) for model in distinct(ctx, decl.models, "panel").values()
        ]
        factors = tuple(_closed(vocabulary, models) for vocabulary in declared.values())
        ctx.panels[decl.name.name] = d.TypedPanel(decl.name.name, factors, tuple(models))


def _declared_elsewhere(
    ctx: Context, module: Module, name: t.Ident, what: str, seen: dict[str, Module]
) -> bool:
    """Panels and targets are told apart by name in results, so a name stands for one of them in an audit."""
    first = seen.setdefault(name.name, module)
    if first.key == module.key:
        return False
    ctx.report(declared_twice(name, what, module, first))
    return True


def _factor(ctx: Context, factor: t.Factor) -> k.Vocabulary:
    if factor.name.name in RESERVED:
        check_name(ctx, factor.name)
    ordered, unit = order_and_unit(ctx, factor.type)
    levels = make_levels(ctx, factor.levels)
    attributes = attribute_names(levels)
    return k.Vocabulary(factor.name.name, ordered, levels, unit, open=not levels, attributes=attributes)


def _closed(vocabulary: k.Vocabulary, models: list[d.TypedModel]) -> k.Vocabulary:
    """An open factor takes its levels from the models, numbers in their order."""
    if not vocabulary.open:
        return vocabulary
    used = dict.fromkeys(m.factors[vocabulary.name] for m in models if vocabulary.name in m.factors)
    numeric = vocabulary.unit is not k.Unit.NONE
    ordered = sorted(used, key=float) if numeric else list(used)
    levels = tuple(
        k.Level(name=level_name(v), code=v, label={}, value=float(v) if numeric else None) for v in ordered
    )
    return k.Vocabulary(vocabulary.name, vocabulary.ordered, levels, unit=vocabulary.unit)


def level_name(value: str | float) -> str:
    """`7B` for 7e9: how a size is shown in tables."""
    if isinstance(value, str):
        return value
    for magnitude, letter in ((1e9, "B"), (1e6, "M"), (1e3, "k")):
        if value >= magnitude:
            return f"{value / magnitude:g}{letter}"
    return f"{value:g}"


def _model(ctx: Context, module: Module, model: t.Model, factors: Mapping[str, k.Vocabulary]) -> d.TypedModel:
    source, location, option = _place(ctx, model.source)
    fields = read_fields(ctx, model.fields, tuple(factors), where="model")
    levels: dict[str, str | float] = {}
    for name, vocabulary in factors.items():
        if name not in fields:
            if any(name in suggest(f.name.name, factors) for f in model.fields if f.name.name not in factors):
                continue  # it is misspelt, which is said where it stands
            helps = (f"add `{name} = ...` to `{model.name.name}`",)
            ctx.report(
                FieldMissing(span=model.name.span, name=name, where="a model of this panel", helps=helps)
            )
            continue
        level = _factor_level(ctx, fields[name], vocabulary)
        if level is not None:
            levels[name] = level
    return d.TypedModel(
        name=model.name.name,
        source=source,
        location=location,
        folder=str(module.folder),
        revision=option if source == "hf" else None,
        host=option or "" if source == "openai" else "",
        factors=levels,
        span=model.span,
        locked=_locked(ctx, module, source, location, option if source == "hf" else None),
    )


def _locked(
    ctx: Context, module: Module, source: d.Source, location: str, revision: str | None
) -> Locked[ModelPin] | None:
    """What the lock has of a model."""
    key = model_key(ctx.program.root, source, location, str(module.folder), revision)
    pin = None if key is None else ctx.program.lock.models.get(key)
    return None if key is None or pin is None else Locked(pin, ctx.program.accepting(key))


def _factor_level(ctx: Context, field: t.Field, vocabulary: k.Vocabulary) -> str | float | None:
    match field.value:
        case t.Quantity() if (
            vocabulary.unit is not k.Unit.NONE and quantity(field.value)[1] is vocabulary.unit
        ):
            return quantity(field.value)[0]
        case t.Whole() | t.Real() if vocabulary.unit is not k.Unit.NONE:
            return float(number_of(field.value) or 0)
        case t.Name(name=name) if vocabulary.unit is k.Unit.NONE:
            if vocabulary.open or vocabulary.level(name) is not None:
                return name
            helps = did_you_mean(name, vocabulary.names)
            where = f" of `{vocabulary.name}`"
            ctx.report(UnknownName(span=field.value.span, what="level", name=name, where=where, helps=helps))
            return None
    expected = (
        vocabulary.unit.value if vocabulary.unit is not k.Unit.NONE else f"a level of {vocabulary.name}"
    )
    found = field.value.span.text
    ctx.report(WrongType(span=field.value.span, what=f"`{vocabulary.name}`", expected=expected, found=found))
    return None


def _place(ctx: Context, expr: t.Expr) -> tuple[d.Source, str, str | None]:
    """Where a model is, its name or folder there, and its revision or host; a recorded model is nowhere."""
    if not isinstance(expr, t.Call) or not isinstance(expr.fn, t.Name) or expr.fn.name not in PLACES:
        ctx.report(_no_place(expr))
        return "demo", "", None
    source: d.Source = expr.fn.name  # type: ignore[assignment]
    named = {arg.name.name: arg.value for arg in expr.args if arg.name is not None}
    plain = [arg.value for arg in expr.args if arg.name is None]
    texts = [value.value for value in plain if isinstance(value, t.TextValue)]
    option = named.pop(_OPTIONS.get(source, ""), None)
    least, most = _NAMES.get(source, (1, 1))
    if named:
        known = (_OPTIONS[source],) if source in _OPTIONS else ()
        for name in named:
            problem, helps = f"has no argument `{name}`", did_you_mean(name, known)
            arg = next(arg for arg in expr.args if arg.name is not None and arg.name.name == name)
            edits = renamed(arg.name.span, helps) if arg.name else ()
            ctx.report(
                WrongArguments(span=arg.span, callee=source, problem=problem, helps=helps, edits=edits)
            )
        return source, "", None
    if len(texts) != len(plain) or not least <= len(plain) <= most or not _is_text(option):
        problem, mend = f"is written `{_SPELLED[source]}`", place_meant(expr)
        ctx.report(WrongArguments(span=expr.span, callee=source, problem=problem, **mend._asdict()))
        return source, "", None
    return source, texts[0] if texts else "", option.value if isinstance(option, t.TextValue) else None


def _is_text(option: t.Expr | None) -> bool:
    return option is None or isinstance(option, t.TextValue)


def _no_place(expr: t.Expr) -> Diagnostic:
    """What is said of a model that no place is named for."""
    call = expr if isinstance(expr, t.Call) else None
    if call is not None and isinstance(call.fn, t.Call):
        fields = ", ".join(arg.span.text for arg in call.args)
        mend = write(
            Span(expr.span.source, call.fn.span.end, expr.span.end), f" {{ {fields} }}", f"{{ {fields} }}"
        )
        problem = "is called twice; the factors of a model stand in braces"
        return WrongArguments(span=expr.span, callee=call.fn.fn.span.text, problem=problem, **mend._asdict())
    name = call.fn.span.text if call is not None else expr.span.text
    mend = place_meant(expr)
    helps = mend.helps or did_you_mean(name, PLACES)
    at = call.fn.span if call is not None else expr.span
    return UnknownName(span=at, what="place of models", name=name, helps=helps, edits=mend.edits)


def elaborate_targets(ctx: Context) -> None:
    """Fills `ctx.targets`."""
    seen: dict[str, Module] = {}
    for module, decl in ctx.declarations(t.Target):
        assert isinstance(decl, t.Target)
        check_name(ctx, decl.name)
        if _declared_elsewhere(ctx, module, decl.name, "target", seen):
            continue
        known = ("axes", "rows", "weight", "min_n")
        fields = read_fields(
            ctx, decl.fields, known, where="target", required=("axes", "rows"), at=decl.name.span
        )
        if "axes" in fields and "rows" in fields:
            _target(ctx, module, decl, fields)


def _target(ctx: Context, module: Module, decl: t.Target, fields: Mapping[str, t.Field]) -> None:
    found = _rows(ctx, module, fields["rows"].value)
    least = _least(Scope(ctx, module), fields.get("min_n"))
    if found is None:
        return
    rows, sure = found
    columns = {c.name: c for c in ctx.tables[rows].columns}
    axes: dict[str, t.Expr] = {}
    nodes = fields["axes"].value
    for node in [item.value for item in nodes.items] if isinstance(nodes, t.List) else [nodes]:
        parts = dotted_parts(node) or ("",)
        column = columns.get(parts[-1])
        if column is None or not isinstance(column.kind, k.Of):
            helps = did_you_mean(parts[-1], [n for n, c in columns.items() if isinstance(c.kind, k.Of)])
            ctx.report(NotAnAttribute(span=node.span, name=parts[-1], of=f"`{rows}`", helps=helps))
            continue
        first = axes.setdefault(parts[-1], node)
        if first is not node and first != node:  # the same path twice was told of before
            also, helps = (Label(first.span, "first given here"),), (f"write `{parts[-1]}` once",)
            ctx.report(
                Duplicate(span=node.span, name=parts[-1], where="target", also=also, notes=(), helps=helps)
            )
    if not axes and isinstance(nodes, t.List) and not nodes.items:
        helps = ("name columns of the table: `axes = [country, age]`",)
        ctx.report(
            NothingInIt(span=nodes.span, what="target", name=decl.name.name, parts="axes", helps=helps)
        )
    weight = _weight(ctx, rows, fields.get("weight"))
    if sure:
        ctx.targets[decl.name.name] = d.TypedTarget(
            name=decl.name.name, axes=tuple(axes), people=rows, weight=weight, min_n=least
        )


def _weight(ctx: Context, rows: str, field: t.Field | None) -> str | None:
    """The column of the people's table that weighs them."""
    if field is None:
        return None
    text = field.value.span.text
    name = (dotted_parts(field.value) or (text,))[-1]
    columns = ctx.tables[rows].columns
    numeric = [column.name for column in columns if isinstance(column.kind, k.Number)]
    if name in numeric:
        return name
    column = ctx.tables[rows].column(name)
    if column is None:
        where, helps = f" in `{rows}`", did_you_mean(name, numeric)
        ctx.report(UnknownName(span=field.value.span, what="column", name=text, where=where, helps=helps))
    elif not isinstance(column.kind, k.Unknown):
        expected, found = "a column of numbers", k.kind_text(column.kind)
        ctx.report(WrongType(span=field.value.span, what="`weight`", expected=expected, found=found))
    return None


def _least(scope: Scope, field: t.Field | None) -> int:
    """How many people a cell needs: a whole number from 0 to 1,000,000, or a parameter that is one."""
    return (whole(scope, field.value, "min_n", 0, MAX_LEAST) or 0) if field is not None else 0


class _Rows(NamedTuple):
    """A table of people, and whether it is the one that is named: else it is the one that is probably meant."""

    table: str
    sure: bool


def _rows(ctx: Context, module: Module, expr: t.Expr) -> _Rows | None:
    """The table of a field `rows`; what else a target says is checked against it."""
    parts = dotted_parts(expr)
    found = ctx.resolve_dotted(module, parts) if parts else None
    if parts is None or found is None or not isinstance(found[1], t.Corpus) or len(found[2]) != 1:
        given = expr.span.text
        ctx.report(WrongType(span=expr.span, what="`rows`", expected="a table of a corpus", found=given))
        return None
    corpus, name = found[1].name.name, found[2][0]
    if f"{corpus}.{name}" in ctx.tables:
        ctx.means(expr.span, found[0], found[2])
        return _Rows(f"{corpus}.{name}", True)
    tables = [table.name.name for table in found[1].tables]
    if name not in tables:
        helps = did_you_mean(name, tables)
        ctx.report(UnknownName(span=expr.span, what="table", name=name, where=f" in `{corpus}`", helps=helps))
    near = [table for table in suggest(name, tables) if f"{corpus}.{table}" in ctx.tables]
    return _Rows(f"{corpus}.{near[0]}", False) if near else None
