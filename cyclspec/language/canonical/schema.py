"""The JSON Schema of the canonical form, generated from the dataclasses of the syntax tree.

Ensures that every object says which members it may have and which it must have, and that nothing is optional that
`write` always writes: a document that conforms is canonical up to the order of its keys. Unions are chains of `if` on
the member that tells their classes apart, so that checking is linear in the document and one thing is said of a flaw.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any, Literal, TypeAlias, get_args, get_origin

from cyclspec.language.canonical.form import choices_of, hints_of, marks, may_be_left_out, members_of, tag_of
from cyclspec.language.diagnostics import InternalError
from cyclspec.language.syntax import tree as t
from cyclspec.language.syntax.shapes import FLAG, AtLeast, Matches, OneOf

Schema: TypeAlias = dict[str, Any]
DIALECT = "https://json-schema.org/draft/2020-12/schema"
IDENTITY = "urn:cyclspec:canonical:1"
_PLAIN: Mapping[type, str] = {str: "string", bool: "boolean", int: "integer"}
_UNIONS: Mapping[str, Any] = {
    "Expr": t.Expr,
    "TypeExpr": t.TypeExpr,
    "Import": t.Import,
    "Statement": t.Statement,
    "Decl": t.Decl,
}


def _ref(name: str) -> Schema:
    return {"$ref": f"#/$defs/{name}"}


def _marked(schema: Schema, mark: Any) -> Schema:
    """A schema with what one annotation adds to it."""
    match mark:
        case Matches(pattern=pattern):
            return {**schema, "pattern": pattern}
        case OneOf(values=(only,)):
            return {**schema, "const": only}
        case OneOf(values=values):
            return {**schema, "enum": list(values)}
        case AtLeast(count=count):
            return {**schema, "minItems": count}
    return {"const": True} if mark is FLAG else schema


def _shape(hint: Any) -> Schema:
    """What a member of a type looks like where it is not left out."""
    choices = [choice for choice in choices_of(hint) if choice is not type(None)]
    if len(choices) > 1:
        return _union(choices)
    found = _plain(choices[0])
    optional = [part for part in get_args(hint) if type(None) in choices_of(hint) and part is not type(None)]
    for mark in (*marks(hint), *(mark for part in optional for mark in marks(part))):
        found = _marked(found, mark)
    return found


def _plain(hint: Any) -> Schema:
    """The schema of a type that is no union and has no marks."""
    if get_origin(hint) is tuple:
        return {"type": "array", "items": _shape(get_args(hint)[0]), "minItems": 1}
    if get_origin(hint) is Literal:
        return {"type": "string", "enum": list(get_args(hint))}
    if hint in _PLAIN:
        return {"type": _PLAIN[hint]}
    if isinstance(hint, type) and issubclass(hint, t.Node):
        return _ref(hint.__name__)
    raise InternalError("schema", f"no rule for {hint!r}")


def _union(classes: list[type[t.Node]]) -> Schema:
    """One of some classes, told apart by `op` or `kind`; a union that has a name is referred to by it."""
    for name, union in _UNIONS.items():
        if set(choices_of(union)) == set(classes):
            return _ref(name)
    by_tag: dict[str, list[type[t.Node]]] = {}
    for cls in classes:
        by_tag.setdefault(_tag(cls)[0], []).append(cls)
    if len(by_tag) == 1:
        return _chain(classes)
    first, *others = (_shape_of(group) for group in by_tag.values())
    return {"if": {"required": [next(iter(by_tag))]}, "then": first, "else": others[0]}


def _shape_of(classes: list[type[t.Node]]) -> Schema:
    return _ref(classes[0].__name__) if len(classes) == 1 else _union(classes)


def _chain(classes: list[type[t.Node]]) -> Schema:
    member = _tag(classes[0])[0]
    values = {_tag(cls)[1]: cls.__name__ for cls in classes}
    branches = [
        {"if": {"properties": {member: {"const": value}}, "required": [member]}, "then": _ref(name)}
        for value, name in values.items()
    ]
    return {
        "type": "object",
        "required": [member],
        "properties": {member: {"enum": list(values)}},
        "allOf": branches,
    }


def _tag(cls: type[t.Node]) -> tuple[str, str]:
    tag = tag_of(cls)
    if tag is None:
        raise InternalError("schema", f"{cls.__name__} in a union has no tag")
    return tag


def _object(cls: type[t.Node]) -> Schema:
    """The schema of one class."""
    hints, tag = hints_of(cls.__name__), tag_of(cls)
    told = {} if tag is None else {tag[0]: {"const": tag[1]}}
    needed = [name for name in members_of(cls) if not may_be_left_out(hints[name])]
    return {
        "type": "object",
        "properties": {**told, **{name: _shape(hints[name]) for name in members_of(cls)}},
        "required": [*told, *needed],
        "additionalProperties": False,
    }


@cache
def schema() -> Schema:
    """The whole schema; its root is a module."""
    classes = [c for c in vars(t).values() if isinstance(c, type) and issubclass(c, t.Node)]
    objects = {c.__name__: _object(c) for c in classes if c not in (t.Node, t.Ident)}
    unions = {name: _chain(choices_of(union)) for name, union in _UNIONS.items()}
    ident = {"Ident": _shape(hints_of("Ident")["name"])}
    return {
        "$schema": DIALECT,
        "$id": IDENTITY,
        "title": "canonical module of the cyclspec language, edition 1",
        **_ref("Module"),
        "$defs": dict(sorted({**objects, **unions, **ident}.items())),
    }
