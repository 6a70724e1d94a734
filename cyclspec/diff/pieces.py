"""Two versions of one declaration or statement, part by part: levels by name, messages by role and language, and so on.

Expects two nodes of one kind and name, defaults written out. Ensures that there is a piece of meaning if and only if
their canonical meanings differ, that documentation and titles make pieces of prose, and that layout and comments make
none.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

from cyclspec.diff.change import How
from cyclspec.diff.spelling import spelled
from cyclspec.language.canonical.hashes import PROSE, meaning
from cyclspec.language.syntax import tree as t

Named = (
    t.Field | t.Level | t.Column | t.Table | t.Formal | t.Message | t.Factor | t.Model | t.Each | t.Ask | t.Let
    | t.Measure | t.Check
)  # fmt: skip
_SKIPPED = ("span", "head", "name", "names", "doc", "word", "role", "lang")
_WORDS: dict[tuple[type[t.Node], str], str] = {
    (t.Each, "where"): "condition",
    (t.Ask, "value"): "prompt",
    (t.Let, "value"): "formula",
    (t.Measure, "value"): "formula",
    (t.Metric, "body"): "formula",
    (t.Check, "value"): "condition",
    (t.Field, "value"): "",
    (t.Message, "template"): "",
    (t.Column, "where"): "bound",
    (t.Param, "where"): "bound",
    (t.Metric, "where"): "condition",
    (t.VocabularyDecl, "type"): "kind",
    (t.Model, "source"): "place",
}


@dataclass(frozen=True, slots=True)
class Piece:
    """One part that differs; `is_prose` where no hash covers it."""

    part: str
    how: How
    before: str = ""
    after: str = ""
    is_text: bool = False
    is_prose: bool = False


def pieces(before: t.Node, after: t.Node) -> list[Piece]:
    """What differs between two nodes of one class."""
    found = list(_members(before, after, ()))
    same = meaning(before) == meaning(after)
    if same or any(not piece.is_prose for piece in found):
        return found
    return [*found, Piece("", "changed", spelled(before), spelled(after))]


def _path(path: Sequence[str], word: str) -> tuple[str, ...]:
    return (*path, word) if word else tuple(path)


def _part(path: Sequence[str]) -> str:
    return ", ".join(path)


def _members(before: t.Node, after: t.Node, path: tuple[str, ...]) -> Iterator[Piece]:
    if getattr(before, "doc", ()) != getattr(after, "doc", ()):
        one, other = ("\n".join(getattr(node, "doc", ())) for node in (before, after))
        yield Piece(_part(_path(path, "documentation")), "changed", one, other, is_text=True, is_prose=True)
    for field in fields(before):
        if field.name in _SKIPPED:
            continue
        one, other = getattr(before, field.name), getattr(after, field.name)
        if one != other:
            word = _WORDS.get((type(before), field.name), field.name)
            yield from _member(one, other, path, word, type(before))


def _member(
    before: Any, after: Any, path: tuple[str, ...], word: str, owner: type[t.Node]
) -> Iterator[Piece]:
    here = _path(path, word)
    match before, after:
        case (tuple(), tuple()) if all(isinstance(item, Named) for item in (*before, *after)):
            yield from _listed(before, after, path, word, owner)
        case (t.Node(), t.Node()) if meaning(before) == meaning(after):
            yield Piece(_part(_path(here, "documentation")), "changed", is_prose=True)
        case (t.TextValue(value=one), t.TextValue(value=other)):
            yield Piece(_part(here), "changed", one, other, is_text=True)
        case (t.Call(), t.Call()) if word != "formula" and meaning(before.fn) == meaning(after.fn):
            yield from _called(before, after, here)
        case _:
            yield _whole(here, _shown(before), _shown(after))


def _whole(path: Sequence[str], before: str, after: str) -> Piece:
    how: How = "changed" if before and after else "added" if after else "removed"
    return Piece(_part(path), how, before, after)


def _shown(value: Any) -> str:
    match value:
        case None | False | ():
            return ""
        case True:
            return "yes"
        case t.Ident(name=name):
            return name
        case t.Node():
            return spelled(value)
        case tuple():
            return ", ".join(map(_shown, value))
    return str(value)


def _arguments(call: t.Call) -> dict[str, t.Expr]:
    """The arguments by name, positional ones by their place."""
    return {
        str(arg.name) if arg.name else f"argument {place}": arg.value
        for place, arg in enumerate(call.args, start=1)
    }


def _called(before: t.Call, after: t.Call, path: tuple[str, ...]) -> Iterator[Piece]:
    """Two calls of one function, argument by argument."""
    one, other = _arguments(before), _arguments(after)
    if [n for n in one if n in other] != [n for n in other if n in one]:
        yield _whole(path, spelled(before), spelled(after))
        return
    for name in dict.fromkeys([*one, *other]):
        if name not in other or name not in one:
            yield _whole((*path, name), _shown(one.get(name)), _shown(other.get(name)))
        elif one[name] != other[name]:
            yield from _member(one[name], other[name], path, name, t.Call)


def named(node: Named) -> str:
    """What a part of a declaration is called: `level male`, `message user[en]`, a field by its name alone."""
    match node:
        case t.Message(role=role, lang=lang):
            return f"message {role}[{lang}]" if lang else f"message {role}"
        case t.Field(name=name):
            return name.name
        case t.Each(names=names):
            return f"each {', '.join(ident.name for ident in names)}"
    return f"{type(node).kind} {node.name}"


def keyed(nodes: Iterable[Named]) -> dict[str, Named]:
    """Nodes by what they are called, later ones of one name counted."""
    found: dict[str, Named] = {}
    for node in nodes:
        name, count = named(node), 2
        while name in found:
            name, count = f"{named(node)} ({count})", count + 1
        found[name] = node
    return found


def is_prose(node: t.Node, owner: type[t.Node]) -> bool:
    """Whether a part of a declaration is a title, which no hash covers."""
    return isinstance(node, t.Field) and node.name.name in PROSE.get(owner, ())


def _brief(node: Named) -> str:
    return spelled(node.value) if isinstance(node, t.Field) else spelled(node)


def _listed(
    before: tuple[Named, ...],
    after: tuple[Named, ...],
    path: tuple[str, ...],
    word: str,
    owner: type[t.Node],
) -> Iterator[Piece]:
    """Two lists of named parts: those that went, came or changed, and another order."""
    one, other = keyed(before), keyed(after)
    for name in dict.fromkeys([*one, *other]):
        here = (*path, name)
        if name in one and name in other:
            yield from _same_part(one[name], other[name], here, prose=is_prose(one[name], owner))
            continue
        node = one.get(name) or other[name]
        how: How = "removed" if name in one else "added"
        texts = (_brief(node), "") if name in one else ("", _brief(node))
        yield Piece(_part(here), how, *texts, is_prose=is_prose(node, owner))
    kept = [name for name in one if name in other and not is_prose(one[name], owner)]
    moved = [name for name in other if name in one and not is_prose(other[name], owner)]
    if kept != moved:
        yield Piece(_part(_path(path, f"order of {word}")), "changed", ", ".join(kept), ", ".join(moved))


def _same_part(before: Named, after: Named, path: tuple[str, ...], *, prose: bool) -> Iterator[Piece]:
    if before == after:
        return
    for piece in _members(before, after, path):
        yield replace(piece, is_prose=piece.is_prose or prose)
