"""Syntax tree to canonical JSON and back.

Expects a complete module. Ensures that layout, comments, parentheses and spelling of text blocks leave no trace, that
documentation is kept, and that `read(write(module)) == module`. Keys are sorted and numbers are kept as their
decimal text, so that equal modules give equal bytes (RFC 8785 for the subset used here).
"""

from __future__ import annotations

import json
import types
from collections.abc import Callable, Mapping
from dataclasses import fields, replace
from functools import cache
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

from cyclspec.language.diagnostics import InternalError
from cyclspec.language.spans import Source, Span
from cyclspec.language.syntax import tree as t
from cyclspec.language.syntax.shapes import FLAG, AtLeast

_NOWHERE = Span(Source("canonical form", ""), 0, 0)
Shape = Callable[[t.Node], t.Node]


def tag_of(cls: type) -> tuple[str, str] | None:
    """The member that says which class an object is: `kind` of declarations, `op` of expressions."""
    for member in ("kind", "op"):
        value = getattr(cls, member, None)
        if isinstance(value, str):
            return member, value
    return None


_PLACES = ("span", "head")


def members_of(cls: type[t.Node]) -> tuple[str, ...]:
    return _members(cls.__name__)


@cache
def _members(name: str) -> tuple[str, ...]:
    return tuple(field.name for field in fields(getattr(t, name)) if field.name not in _PLACES)


def reshaped(value: Any, shape: Shape) -> Any:
    """A tree, or any part of one, in which `shape` has had every node, the outer before the inner."""
    if isinstance(value, tuple):
        items = tuple(reshaped(item, shape) for item in value)
        return value if all(new is old for new, old in zip(items, value, strict=True)) else items
    if not isinstance(value, t.Node):
        return value
    node = shape(value)
    held = {name: getattr(node, name) for name in members_of(type(node))}
    changed = {n: new for n, old in held.items() if (new := reshaped(old, shape)) is not old}
    return replace(node, **changed) if changed else node


def write(value: Any) -> Any:
    """A tree, or any part of one, as JSON-ready data."""
    match value:
        case None | bool() | int() | str():
            return value
        case tuple():
            return [write(item) for item in value]
        case t.Ident(name=name):
            return name
        case t.Node():
            tag = tag_of(type(value))
            hints = hints_of(type(value).__name__)
            members = {name: write(getattr(value, name)) for name in members_of(type(value))}
            kept = {name: member for name, member in members.items() if not _left_out(member, hints[name])}
            return {tag[0]: tag[1], **kept} if tag else kept
    raise InternalError("canonical form", f"no rule for {type(value).__name__}")


def canonical(value: Any) -> str:
    """JSON-ready data as canonical text: sorted keys, no spaces, UTF-8."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False)


@cache
def hints_of(name: str) -> Mapping[str, Any]:
    return get_type_hints(getattr(t, name), vars(t), include_extras=True)


@cache
def _tagged() -> Mapping[tuple[str, str], type[t.Node]]:
    classes = (c for c in vars(t).values() if isinstance(c, type) and issubclass(c, t.Node))
    return {tag: cls for cls in classes if (tag := tag_of(cls)) is not None}


def marks(hint: Any) -> tuple[Any, ...]:
    """What an annotated type says beyond its type."""
    return tuple(hint.__metadata__) if get_origin(hint) is Annotated else ()


def _bare(hint: Any) -> Any:
    """A type without what its annotation says beyond it."""
    return get_args(hint)[0] if get_origin(hint) is Annotated else hint


def _left_out(member: Any, hint: Any) -> bool:
    """Whether a written member is left out: nothing, an empty list, or a flag that is not up."""
    return member is None or member == [] or (member is False and FLAG in marks(hint))


def may_be_left_out(hint: Any) -> bool:
    """Whether canonical JSON may lack a member of a type."""
    if get_origin(_bare(hint)) is tuple:
        return not any(isinstance(mark, AtLeast) for mark in marks(hint))
    return FLAG in marks(hint) or types.NoneType in choices_of(hint)


def _empty(hint: Any) -> Any:
    """What a member that was left out stands for."""
    if get_origin(_bare(hint)) is tuple:
        return ()
    if FLAG in marks(hint):
        return False
    if types.NoneType in choices_of(hint):
        return None
    raise ValueError("a member that every object of its kind has is missing")


def _read_node(data: Mapping[str, Any], cls: type[t.Node]) -> Any:
    hints = hints_of(cls.__name__)
    names = members_of(cls)
    tag = tag_of(cls)
    unknown = set(data) - set(names) - ({tag[0]} if tag else set())
    if unknown:
        raise ValueError(f"`{cls.__name__}` has no member {', '.join(sorted(unknown))}")
    values = {n: _read(data[n], hints[n]) if n in data else _empty(hints[n]) for n in names}
    spans = {field.name: _NOWHERE for field in fields(cls) if field.name in _PLACES}
    return cls(**values, **spans)


def _node_class(data: Mapping[str, Any], choices: list[type[t.Node]]) -> type[t.Node]:
    """The class an object is: by its tag, or the only class without one."""
    for member in ("kind", "op"):
        cls = _tagged().get((member, str(data.get(member))))
        if cls is not None and cls in choices:
            return cls
    bare = [c for c in choices if tag_of(c) is None]
    if len(bare) == 1:
        return bare[0]
    raise ValueError("an object without a known `kind` or `op`")


def choices_of(hint: Any) -> list[Any]:
    """The types of a union, or the one type."""
    hint = _bare(hint)
    if get_origin(hint) in (Union, types.UnionType):
        return [leaf for arg in get_args(hint) for leaf in choices_of(arg)]
    return [hint]


def _read(data: Any, hint: Any) -> Any:
    hint = _bare(hint)
    if get_origin(hint) is tuple:
        inner = get_args(hint)[0]
        return tuple(_read(item, inner) for item in data)
    choices = choices_of(hint)
    if isinstance(data, dict):
        return _read_node(
            data, _node_class(data, [c for c in choices if isinstance(c, type) and issubclass(c, t.Node)])
        )
    if t.Ident in choices and isinstance(data, str):
        return t.Ident(span=_NOWHERE, name=data)
    literals = [c for c in choices if get_origin(c) is Literal]
    if literals and data not in get_args(literals[0]):
        raise ValueError(f"{data!r} is not one of {get_args(literals[0])}")
    if not literals and not any(isinstance(c, type) and isinstance(data, c) for c in choices):
        raise ValueError(f"{data!r} does not fit here")
    return data


def read(data: Mapping[str, Any]) -> t.Module:
    """The module that canonical JSON data stands for. Raises ValueError where the data is not canonical."""
    if data.get("kind") != "module":
        raise ValueError("a canonical module has the kind `module`")
    module: t.Module = _read_node(data, t.Module)
    return module
