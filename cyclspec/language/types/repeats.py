"""Pass 0: what stands twice in one list, and would otherwise count once or win over the first without a word.

Expects a program. Ensures one diagnostic, with both places, for every language of a text, attribute of a level, formal
of a metric, axis of a reduction or measure, level of a type, and name in a list that is given again. Values may be
equal, and so may what names them: a parameter may stand in a list twice.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from cyclspec.language.diagnostics import Label
from cyclspec.language.diagnostics.cy01_names import Duplicate
from cyclspec.language.diagnostics.mend import removed
from cyclspec.language.names.modules import Module
from cyclspec.language.spans import Span
from cyclspec.language.syntax import tree as t
from cyclspec.language.syntax.walk import walk
from cyclspec.language.types.context import Context
from cyclspec.language.types.scope import dotted_parts

_OF_WORDS = ("nominal", "ordinal", "text")
_ONCE = "write `{name}` once"


class _Given(NamedTuple):
    """A name where it stands."""

    name: str
    span: Span


class _Group(NamedTuple):
    """Names of which each may be given once; `help` where the second one says nothing new."""

    where: str
    given: Iterable[_Given]
    help: str = ""


def report_repeats(ctx: Context) -> None:
    """Reports every repetition in the program and in what was given from outside."""
    trees: list[tuple[Module, t.Node]] = [(module, module.tree) for module in ctx.program.modules.values()]
    trees += [(ctx.program.main, binding.value) for binding in ctx.bindings.values()]
    for module, tree in trees:
        for node in walk(tree):
            for group in _groups(node):
                _report(ctx, module, group)


def _report(ctx: Context, module: Module, group: _Group) -> None:
    first: dict[str, Span] = {}
    for name, span in group.given:
        before = first.setdefault(name, span)
        if before is span or (group.where == "list" and _is_value(ctx, module, name)):
            continue
        also = (Label(before, "first given here"),)
        duplicate = Duplicate(span=span, name=name, where=group.where, also=also)
        if group.help:
            mend = removed(_with_comma(span), group.help.format(name=name))
            duplicate = Duplicate(
                span=span, name=name, where=group.where, also=also, notes=(), **mend._asdict()
            )
        ctx.report(duplicate)


def _with_comma(span: Span) -> Span:
    """An entry of a list with the comma before it."""
    before = span.source.text[: span.start].rstrip()
    return Span(span.source, len(before) - 1, span.end) if before.endswith(",") else span


def _is_value(ctx: Context, module: Module, name: str) -> bool:
    """Whether a name in a list is that of a parameter."""
    found = ctx.resolve_dotted(module, tuple(name.removeprefix("param.").split(".")))
    return found is not None and isinstance(found[1], t.Param)


def _groups(node: t.Node) -> Iterator[_Group]:
    match node:
        case t.I18n(entries=entries):
            yield _Group("text", (_Given(entry.lang, entry.span) for entry in entries))
        case t.Level(attributes=attributes):
            yield _Group("level", _named(field.name for field in attributes))
        case t.Metric(formals=formals) | t.Prompt(formals=formals):
            yield _Group("parameter list", _named(formal.name for formal in formals))
        case t.Reduce(axes=axes, by=by):
            yield _Group("reduction", _named(axes), _ONCE)
            yield _Group("reduction", _named(by), _ONCE)
        case t.Measure(by=by):
            yield _Group("measure", _named(by), _ONCE)
        case t.List(items=items):
            yield _Group("list", _paths(items), _ONCE)
        case t.NamedType(args=args) if node.dotted in _OF_WORDS:
            yield _Group("type", _paths(args), _ONCE)
        case t.Call(fn=t.Name(name=word), args=args) if word in _OF_WORDS:
            yield _Group("type", _paths(args), _ONCE)
        case t.ImportStd(pins=pins) | t.ImportFile(pins=pins) | t.ImportNames(pins=pins):
            yield _Group("import", (_Given(pin.of, pin.span) for pin in pins))


def _named(idents: Iterable[t.Ident]) -> Iterator[_Given]:
    return (_Given(ident.name, ident.span) for ident in idents)


def _paths(args: Iterable[t.Argument]) -> Iterator[_Given]:
    """The names and paths among some arguments; numbers and texts may stand there again."""
    for arg in args:
        parts = dotted_parts(arg.value) if arg.name is None else None
        if parts is not None:
            yield _Given(".".join(parts), arg.span)
