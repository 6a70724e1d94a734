"""A template over another corpus: the same tree, with the other's names in the places that the template's roles mark.

Expects a checked template and the roles of both corpora. Ensures that whatever names a table, a column or an axis of
the template's corpus names the other's, that a list of groups becomes the other's groups, and that what rests on
something the other corpus has not (weights, people) is left out. Nothing is replaced by the look of its text.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any

from cyclspec.language.spans import Source, Span
from cyclspec.language.syntax import tree as t
from cyclspec.language.syntax.walk import walk
from cyclspec.language.types.scope import dotted_parts
from cyclspec.language.types.templates import Hole, split
from cyclspec.templates.roles import Roles

_NOWHERE = Span(Source("template", ""), 0, 0)
_HUMAN = "human"
ALIAS = "survey"
MOST_OPTIONS = 10
Path = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a template becomes: the roles of the other corpus, the groups taken of them, how each is reached, and names.

    `reached` gives the dotted path of each group's declaration and `imports` what stands behind it; `lang` is the
    language of the questions, None where they have none.
    """

    audit: str
    roles: Roles
    groups: tuple[str, ...]
    reached: Mapping[str, Path]
    imports: tuple[t.ImportFile, ...]
    lang: str | None


def ident(name: str) -> t.Ident:
    return t.Ident(span=_NOWHERE, name=name)


def path(parts: Path) -> t.Expr:
    """A dotted path as an expression."""
    node: t.Expr = t.Name(span=_NOWHERE, name=parts[0])
    for part in parts[1:]:
        node = t.Dot(span=_NOWHERE, of=node, name=ident(part))
    return node


def import_file(place: str, alias: str) -> t.ImportFile:
    value = t.TextValue(span=_NOWHERE, value=place)
    return t.ImportFile(span=_NOWHERE, path=value, alias=ident(alias), pins=())


def adapted(template: t.Module, own: Roles, wanted: Wanted) -> t.Module:
    """The tree of a template over another corpus; `own` are the roles of the template's, which `ALIAS` stands for."""
    names = _Names.of(own, wanted)
    module = _Rewriter(names, wanted).node(template)
    assert isinstance(module, t.Module)
    kept = tuple(one for one in module.imports if not isinstance(one, t.ImportFile))
    at = next(one.span for one in module.imports if isinstance(one, t.ImportFile))
    imports = tuple(replace(one, span=at) for one in wanted.imports)
    decls = tuple(_of_people(decl, wanted) for decl in module.decls)
    return replace(module, imports=(*kept, *imports), decls=tuple(d for d in decls if d is not None))


@dataclass(frozen=True, slots=True)
class _Names:
    """What stands for what: dotted paths by their first parts, and single names; the groups of the template."""

    paths: Mapping[Path, Path]
    idents: Mapping[str, str]
    groups: tuple[str, ...]
    columns: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, own: Roles, wanted: Wanted) -> _Names:
        mine, theirs = own.questions, wanted.roles.questions
        paths = {_below(mine.table): _below(theirs.table)}
        columns = {(mine.key, mine.text): theirs.text, (mine.key, mine.options): theirs.options}
        idents = {mine.key: theirs.key, "template": wanted.audit}
        if own.people is not None and wanted.roles.people is not None:
            one, other = own.people, wanted.roles.people
            paths[_below(one.table)] = _below(other.table)
            paths[(*_below(one.answers), one.value)] = (*_below(other.answers), other.value)
            paths[(*_below(one.table), one.weight or "")] = (
                *_below(other.table),
                other.weight or "",
            )
            columns[one.key, one.weight or ""] = other.weight or ""
            idents[one.key] = other.key
        paths |= {key: (idents[key[0]], new) for key, new in columns.items()}
        groups = tuple(group.column for group in own.groups)
        return cls(paths, idents, groups, {text: new for (_, text), new in columns.items()})


def _below(table: str) -> Path:
    return (ALIAS, *table.split("."))


class _Rewriter:
    """Rewrites nodes from the outside in; a member of a list can become several, or none."""

    def __init__(self, names: _Names, wanted: Wanted) -> None:
        self.names = names
        self.wanted = wanted

    @property
    def _is_unweighted(self) -> bool:
        people = self.wanted.roles.people
        return people is not None and people.weight is None

    def node(self, node: t.Node) -> t.Node:
        """What a node becomes where one stands alone."""
        match node:
            case t.Ident(name=name):
                return ident(self.names.idents.get(name, name))
            case t.Name() | t.Dot() if (found := self._path(dotted_parts(node))) is not None:
                return path(found)
            case t.NamedType(name=parts, args=args) if (
                found := self._path(tuple(p.name for p in parts))
            ) is not None:
                return replace(node, name=tuple(map(ident, found)), args=self.many(args))
            case t.Name(name=name):
                return t.Name(span=_NOWHERE, name=self.names.idents.get(name, name))
            case t.Message():
                return self._message(node)
            case t.Reduce():
                return self._reduce(node)
            case t.Each():
                return self._each(node)
        return replace(node, **{f.name: self._value(getattr(node, f.name)) for f in fields(node)})

    def many(self, nodes: Iterable[Any]) -> tuple[Any, ...]:
        return tuple(made for node in nodes for made in self._expanded(node))

    def _value(self, value: Any) -> Any:
        match value:
            case tuple():
                return self.many(value)
            case t.Node():
                return self.node(value)
        return value

    def _expanded(self, node: Any) -> list[Any]:
        """What a member of a list becomes: the first group of the template all that are wanted, the others none."""
        if not isinstance(node, t.Node):
            return [node]
        group = self._group(node)
        if isinstance(node, t.Field) and node.name.name == "weight" and self._is_unweighted:
            return []
        if group is None:
            made = self.node(node)
            return [] if _is_empty(made) else [made]
        if group != self.names.groups[0]:
            return []
        return [self._for_group(node, name) for name in self.wanted.groups]

    def _group(self, node: t.Node) -> str | None:
        """The group of the template that a member of a list stands for."""
        match node:
            case t.Ident(name=name) | t.Formal(name=t.Ident(name=name)) if name in self.names.groups:
                return name
            case t.Argument(name=None, value=value) | t.Each(names=(_,), source=value):
                last = (dotted_parts(value) or ("",))[-1]
                return last if last in self.names.groups else None
        return None

    def _for_group(self, node: t.Node, name: str) -> t.Node:
        at = self.wanted.reached[name]
        match node:
            case t.Formal():
                type_ = t.NamedType(span=_NOWHERE, name=tuple(map(ident, at)), args=(), optional=False)
                return replace(node, name=ident(name), type=type_)
            case t.Argument(value=t.Name()):
                return replace(node, value=path((name,)))
            case t.Argument():
                return replace(node, value=path(self._axis_of_target(at, name)))
            case t.Each():
                return replace(node, names=(ident(name),), source=path(at))
        return ident(name)

    def _axis_of_target(self, at: Path, name: str) -> Path:
        """An axis in the list of a target, which tells axes by the columns of its people."""
        people = self.wanted.roles.people
        return at if at[-1] == name or people is None else (*_below(people.table), name)

    def _path(self, parts: Path | None) -> Path | None:
        """The path that stands for a path of the template, by the longest beginning that is known."""
        if parts is None or len(parts) < 2:
            return None
        for end in range(len(parts), 1, -1):
            found = self.names.paths.get(parts[:end])
            if found is not None:
                return (*found, *parts[end:])
        return (self.names.idents[parts[0]], *parts[1:]) if parts[0] in self.names.idents else None

    def _each(self, node: t.Each) -> t.Each:
        """Letters run out: questions with more options than can be told apart by them are left aside."""
        questions = self.wanted.roles.questions
        made = replace(node, names=self.many(node.names), source=self.node(node.source))  # type: ignore[arg-type]
        long = questions.longest is None or questions.longest > MOST_OPTIONS
        if not long or [name.name for name in made.names] != [questions.key] or made.where is not None:
            return made
        size = t.Call(
            span=_NOWHERE,
            fn=path(("size",)),
            args=(t.Argument(span=_NOWHERE, name=None, value=path((questions.key, questions.options))),),
        )
        most = t.Whole(span=_NOWHERE, value=str(MOST_OPTIONS))
        return replace(made, where=t.Binary(span=_NOWHERE, sign="<=", left=size, right=most))

    def _reduce(self, node: t.Reduce) -> t.Reduce:
        weight = None if self._is_unweighted else node.weight
        return replace(
            node,
            reducer=self.node(node.reducer),  # type: ignore[arg-type]
            axes=self.many(node.axes),
            by=self.many(node.by),
            weight=None if weight is None else self.node(weight),  # type: ignore[arg-type]
            of=self.node(node.of),  # type: ignore[arg-type]
        )

    def _message(self, node: t.Message) -> t.Message:
        """A message with the holes of the other corpus, in the language of its questions; empty without any group."""
        lang = None if self.wanted.lang is None else ident(self.wanted.lang)
        parts, told = [], False
        for part in split(node.template.value)[0]:
            if not isinstance(part, Hole):
                parts.append("" if told and part == ", " else part.replace("{", "{{").replace("}", "}}"))
                continue
            is_group = part.path[0] in self.names.groups
            if is_group and not self.wanted.groups:
                return replace(node, template=t.TextValue(span=_NOWHERE, value=""))
            if is_group:
                parts.append("" if told else ", ".join(f"{{{name}}}" for name in self.wanted.groups))
            else:
                parts.append(self._hole(part))
            told = told or is_group
        return replace(node, lang=lang, template=t.TextValue(span=_NOWHERE, value="".join(parts)))

    def _hole(self, hole: Hole) -> str:
        found = self._path(hole.path) or tuple(self.names.idents.get(part, part) for part in hole.path)
        style = "" if hole.style == "plain" else f"|{hole.style}"
        return f"{{{'.'.join(found)}{style}}}"


def _is_empty(node: t.Node) -> bool:
    return (isinstance(node, t.Message) and not node.template.value) or (
        isinstance(node, t.Each) and not node.names
    )


# ---- what rests on people


def _of_people(decl: t.Decl, wanted: Wanted) -> t.Decl | None:
    """A declaration with the people that there are: published shares in the place of answers, or no people at all."""
    if not isinstance(decl, t.Audit) or wanted.roles.people is not None:
        return decl
    shares = wanted.roles.shares
    if shares is not None:
        value = path((*_below(shares[0]), shares[1]))
        last = wanted.groups[-1:]
        return replace(decl, statements=tuple(_published(s, value, last) for s in decl.statements))
    kept: list[t.Statement] = []
    gone = {_HUMAN}
    for statement in decl.statements:
        if isinstance(statement, t.Let | t.Measure | t.Check) and (
            statement.name.name in gone or not gone.isdisjoint(_named(statement))
        ):
            gone.add(statement.name.name)
        else:
            kept.append(statement)
    return replace(decl, statements=tuple(kept))


def _published(statement: t.Statement, value: t.Expr, last: Path) -> t.Statement:
    """A statement over published shares; the `each` of the last group keeps to the combinations that have some."""
    match statement:
        case t.Let(name=t.Ident(name=name)) if name == _HUMAN:
            return replace(statement, value=value)
        case t.Each(names=names, where=None) if last and tuple(one.name for one in names) == last:
            given = (t.Argument(span=_NOWHERE, name=None, value=value),)
            missing = t.Call(span=_NOWHERE, fn=path(("is_missing",)), args=given)
            return replace(statement, where=t.Not(span=_NOWHERE, of=missing))
    return statement


def _named(node: t.Node) -> set[str]:
    return {part.name for part in walk(node) if isinstance(part, t.Name)}
