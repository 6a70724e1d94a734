"""Pass 7: prompts as typed functions.

Ensures that every hole is filled by a parameter and in a style that fits its kind, and that no parameter is idle.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Literal, cast, get_args

from cyclspec.language.diagnostics import Label
from cyclspec.language.diagnostics.cy01_names import UnknownField, UnknownName
from cyclspec.language.diagnostics.cy04_templates import (
    ArgumentNeverUsed,
    BadTemplate,
    LanguageMissing,
    StyleDoesNotFit,
    UnknownHole,
)
from cyclspec.language.diagnostics.mend import Mend, write
from cyclspec.language.names.modules import Module
from cyclspec.language.names.suggest import did_you_mean, suggest
from cyclspec.language.spans import Span
from cyclspec.language.syntax import tree as t
from cyclspec.language.types import kinds as k
from cyclspec.language.types import typed as d
from cyclspec.language.types.context import Context, Symbol
from cyclspec.language.types.declared import TypeReader
from cyclspec.language.types.fields import read_fields
from cyclspec.language.types.results import prompt_defaults, prompt_result
from cyclspec.language.types.templates import STYLES, Hole, split
from cyclspec.language.types.turns import check_turns
from cyclspec.language.types.vocabularies import check_name

Role = Literal["system", "user", "assistant", "prefix"]
ROLES: tuple[str, ...] = get_args(Role)
_MANY = ("lettered", "numbered", "bulleted", "inline")
_OF_LABELS = (("name",), ("label",), ("text",), ("title",), ("value",), ("level",))
_FRACTIONS = (k.Unit.NONE, k.Unit.SHARE, k.Unit.POINTS, k.Unit.RATIO, k.Unit.COEFFICIENT)


def elaborate_prompts(ctx: Context) -> None:
    """Fills `ctx.prompts`."""
    for module, written in ctx.declarations(t.Prompt):
        assert isinstance(written, t.Prompt)
        check_name(ctx, written.name)
        decl = _with_fields_as_messages(ctx, written)
        read_fields(ctx, decl.fields, (), where="prompt")
        ctx.prompts[Symbol(module.key, decl.name.name)] = _prompt(ctx, module, decl)


def _with_fields_as_messages(ctx: Context, decl: t.Prompt) -> t.Prompt:
    """The prompt with `user = "..."` read as the message that is meant, once that is said."""
    messages, fields = list(decl.messages), []
    for field in decl.fields:
        if field.name.name not in ROLES or not isinstance(field.value, t.TextValue):
            fields.append(field)
            continue
        name, span = cast(Role, field.name.name), field.name.span
        between = Span(span.source, span.end, field.value.span.start)
        mend = write(between, " ", f"{name} {field.value.span.text}")
        ctx.report(UnknownField(span=span, name=name, where="a `prompt` block", **mend._asdict()))
        messages.append(t.Message(span=field.span, role=name, lang=None, template=field.value))
    return replace(decl, messages=tuple(messages), fields=tuple(fields))


def _prompt(ctx: Context, module: Module, decl: t.Prompt) -> d.TypedPrompt:
    formals: dict[str, k.Kind] = {}
    for formal in decl.formals:
        reader = TypeReader(ctx, module, formals, formal.name.name)
        formals[formal.name.name] = reader.read_certain(formal.type, f"argument `{formal.name.name}`")
    result, checks = prompt_result(ctx, module, decl, formals)
    check_turns(ctx, decl)
    before = len(ctx.findings.errors)
    used = {name for message in decl.messages for name in _check_template(ctx, decl, message, formals)}
    if len(ctx.findings.errors) == before:
        _check_used(ctx, decl, formals, used)
    messages = tuple(
        d.TypedMessage(
            role=m.role, lang=m.lang.name if m.lang else None, template=m.template.value, span=m.span
        )
        for m in decl.messages
    )
    return d.TypedPrompt(
        name=decl.name.name,
        formals=tuple(formals.items()),
        result=result,
        messages=messages,
        span=decl.name.span,
        checks=checks,
        defaults=prompt_defaults(ctx, module, decl, formals),
    )


def _check_used(ctx: Context, decl: t.Prompt, formals: Mapping[str, k.Kind], used: set[str]) -> None:
    """A parameter that no template names is idle, unless it is the language or gives the result its scale."""
    in_result = {node.name for node in _result_names(decl.result)}
    for formal in decl.formals:
        name = formal.name.name
        if name in used or name in in_result or isinstance(formals[name], k.Lang | k.Unknown):
            continue
        helps = (f"write `{{{name}}}` in a template, or leave `{name}` out",)
        ctx.report(ArgumentNeverUsed(span=formal.span, formal=name, prompt=decl.name.name, helps=helps))


def _result_names(type_: t.TypeExpr) -> Iterator[t.Name]:
    if isinstance(type_, t.RecordType):
        for column in type_.columns:
            yield from _result_names(column.type)
        return
    for arg in type_.args:
        node = arg.value
        while isinstance(node, t.Dot):
            node = node.of
        if isinstance(node, t.Name):
            yield node


def _hole_span(message: t.Message, text: str) -> Span:
    """The place of a hole in the source: its first occurrence in the literal."""
    span = message.template.span
    start = span.source.text.find(text, span.start, span.end)
    return Span(span.source, start, start + len(text)) if start >= 0 else span


def _check_template(
    ctx: Context, decl: t.Prompt, message: t.Message, formals: Mapping[str, k.Kind]
) -> Iterator[str]:
    parts, flaws = split(message.template.value)
    for flaw in flaws:
        span = _hole_span(message, flaw.text)
        mend = write(span, flaw.mended) if flaw.mended and span.text == flaw.text else Mend()
        ctx.report(BadTemplate(span=span, label=flaw.problem, **mend._asdict()))
    for part in parts:
        if not isinstance(part, Hole):
            continue
        span = _hole_span(message, part.text)
        if part.path[0] not in formals:
            _report_hole(ctx, decl, part, span, formals)
            continue
        yield part.path[0]
        kind = hole_kind(ctx, formals[part.path[0]], part.path[1:])
        if kind is None:
            _report_hole(ctx, decl, part, span, formals)
        else:
            _check_style(ctx, part, kind, span, message)


def _report_hole(ctx: Context, decl: t.Prompt, hole: Hole, span: Span, formals: Mapping[str, k.Kind]) -> None:
    candidates = dict.fromkeys(formals)
    for name, kind in formals.items():
        candidates.update(dict.fromkeys(f"{name}.{attribute}" for attribute in _paths(ctx, kind)))
    close = suggest(".".join(hole.path), candidates)
    mend = Mend(("did you mean " + " or ".join(f"`{{{name}}}`" for name in close) + "?",) if close else ())
    if hole.path[1:] in _OF_LABELS and isinstance(formals.get(hole.path[0]), k.Of):
        label = "{" + hole.path[0] + "}"
        mend = Mend((f"a level is shown by its label: `{label}`",), write(span, label).edits)
    also = (Label(decl.name.span, "available: " + ", ".join(formals)),)
    ctx.report(UnknownHole(span=span, name=".".join(hole.path), also=also, **mend._asdict()))


def _paths(ctx: Context, kind: k.Kind) -> list[str]:
    match kind:
        case k.Row(table):
            return [column.name for column in ctx.tables[table].columns]
        case k.Of(vocabulary):
            return list(vocabulary.attributes)
        case k.Record(fields):
            return [name for name, _ in fields]
    return []


def hole_kind(ctx: Context, kind: k.Kind, path: tuple[str, ...]) -> k.Kind | None:
    """The kind of a parameter, or of a column or attribute of it; None where there is no such path."""
    if isinstance(kind, k.Unknown) or not path:
        return kind
    match kind:
        case k.Row(table) if len(path) == 1:
            column = ctx.tables[table].column(path[0])
            return column.kind if column else None
        case k.Of(vocabulary) if len(path) == 1 and path[0] in vocabulary.attributes:
            return k.Of(vocabulary.attribute(path[0]))
        case k.Record(fields) if path[0] in dict(fields):
            return hole_kind(ctx, dict(fields)[path[0]], path[1:])
    return None


def _style_fits(style: str, kind: k.Kind) -> bool:
    match kind:
        case k.Unknown():
            return True
        case k.ScaleValue() | k.Order() | k.ListOf() | k.Picks():
            return style in _MANY
        case k.Number(unit):
            return style == "plain" or (style == "percent" and unit in _FRACTIONS)
        case k.Text() | k.Of() | k.Choice() | k.Key():
            return style in ("plain", "lower")
        case k.Lang() | k.Date() | k.Bool():
            return style == "plain"
    return False


def _described(kind: k.Kind) -> str:
    text = f"`{k.kind_text(kind)}`"
    return f"a level of {text}" if isinstance(kind, k.Of) else text


def _check_style(ctx: Context, hole: Hole, kind: k.Kind, span: Span, message: t.Message) -> None:
    if isinstance(kind, k.Text) and kind.langs and message.lang and message.lang.name not in kind.langs:
        what = f"`{'.'.join(hole.path)}`"
        notes = (f"it exists in {', '.join(kind.langs)}",)
        ctx.report(LanguageMissing(span=span, lang=message.lang.name, what=what, notes=notes))
        return
    if hole.style != "plain" and hole.style not in STYLES:
        helps = did_you_mean(hole.style, STYLES)
        ctx.report(UnknownName(span=span, what="style", name=hole.style, helps=helps))
        return
    if _style_fits(hole.style, kind):
        return
    name = ".".join(hole.path)
    mended = "{" + name + ("|lettered" if _style_fits("lettered", kind) else "") + "}"
    mend = write(span, mended) if span.text == hole.text else Mend()
    label = "" if hole.style != "plain" else f"`{name}` is shown in one of: {', '.join(_MANY)}"
    label = label if _style_fits("lettered", kind) else f"`{name}` is {_described(kind)}"
    ctx.report(
        StyleDoesNotFit(span=span, style=hole.style, found=k.kind_text(kind), label=label, **mend._asdict())
    )
