"""Names in a tree replaced by what they mean, so that an alias or a way of importing leaves no trace in a hash.

Expects a checked program and the declarations that some statements reach. Ensures that two declarations are called
alike only where they mean the same, and that a call of a prompt or metric has every argument by its formal.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from cyclspec.language.canonical.defaults import NOWHERE, argument
from cyclspec.language.canonical.form import Shape
from cyclspec.language.canonical.hashes import digest
from cyclspec.language.syntax import tree as t
from cyclspec.language.types.context import Context, Meant, Symbol

Labels = Mapping[Symbol, str]
Written = Callable[[Symbol, Labels], Any]


def labelled(found: Mapping[Symbol, t.Decl], written: Written) -> Labels:
    """What each declaration is called: `metric tv`, and where two have that name, also by what they say.

    `written` gives the data of a declaration in which others have the given names. Names of one round are made of those
    of the round before (colour refinement, Weisfeiler and Leman 1968), until no two are told apart any more.
    """
    names = {symbol: f"{decl.kind} {symbol.name}" for symbol, decl in found.items()}
    labels, kinds = names, 0
    while kinds < len(set(labels.values())) < len(labels):
        kinds, several = len(set(labels.values())), Counter(names.values())
        before = labels
        labels = {
            symbol: name if several[name] == 1 else f"{name} {digest(written(symbol, before))}"
            for symbol, name in names.items()
        }
    return labels


def resolved(ctx: Context, labels: Labels) -> Shape:
    """Replaces a path that means a declaration, and gives the arguments of its call their names."""

    def shape(node: t.Node) -> t.Node:
        if isinstance(node, t.Call) and node.fn.span in ctx.meant:
            return _bound(node, ctx.declaration(ctx.meant[node.fn.span].symbol))
        meant = ctx.meant.get(node.span)
        return node if meant is None else _path(node, meant, labels[meant.symbol])

    return shape


def _path(node: t.Node, meant: Meant, label: str) -> t.Node:
    match node:
        case t.Name() | t.Dot():
            path: t.Expr = t.Name(span=NOWHERE, name=label)
            for name in meant.rest:
                path = t.Dot(span=NOWHERE, of=path, name=t.Ident(span=NOWHERE, name=name))
            return path
        case t.NamedType():
            names = (label, *meant.rest)
            return replace(node, span=NOWHERE, name=tuple(t.Ident(span=NOWHERE, name=n) for n in names))
    return node


def _bound(call: t.Call, decl: t.Decl) -> t.Node:
    """A call of a prompt or a metric with an argument for every formal, in their order."""
    if not isinstance(decl, t.Prompt | t.Metric):
        return call
    names = [formal.name.name for formal in decl.formals]
    values = {str(arg.name or names[place]): arg.value for place, arg in enumerate(call.args)}
    defaults = {formal.name.name: formal.default for formal in decl.formals if formal.default is not None}
    return replace(call, args=tuple(argument(name, (defaults | values)[name]) for name in names))
