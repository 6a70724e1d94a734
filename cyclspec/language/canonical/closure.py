"""What an audit is made of: the statements and the declarations they reach, for its hashes.

Expects a checked program, whose context knows what every name means. Ensures that the design hash covers `each`, `ask`,
what they mean, bound parameters, the seed and the digests of the tables they read, and nothing else; that the score
hash adds lets, measures, checks and what those mean; and that a name counts by what it means: how it is spelt, names
of files and the order of declarations leave no trace.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from cyclspec.language.canonical.form import members_of
from cyclspec.language.canonical.hashes import Hashes, digest, meaning
from cyclspec.language.canonical.references import Labels, labelled, resolved
from cyclspec.language.syntax import tree as t
from cyclspec.language.types.constants import Value, evaluate
from cyclspec.language.types.context import Context, Symbol
from cyclspec.language.types.vocabularies import attribute_axes

ASKED = (t.Each, t.Ask)
Reached = Mapping[Symbol, t.Decl]


def _nodes(value: object) -> Iterator[t.Node]:
    if isinstance(value, tuple):
        for item in value:
            yield from _nodes(item)
    elif isinstance(value, t.Node):
        yield value
        for name in members_of(type(value)):
            yield from _nodes(getattr(value, name))


def reached(ctx: Context, nodes: Iterable[t.Node]) -> Reached:
    """The declarations that some nodes mean, directly or through others."""
    found: dict[Symbol, t.Decl] = {}
    waiting: list[Symbol] = list(_meant(ctx, nodes))
    while waiting:
        symbol = waiting.pop()
        if symbol in found:
            continue
        found[symbol] = ctx.declaration(symbol)
        waiting.extend(_meant(ctx, (_opened(found[symbol]),)))
        waiting.extend(attribute_axes(ctx, symbol).values())
    return found


def _opened(decl: t.Decl) -> t.Node:
    """What of a declaration counts: a parameter is its value, so its default and its bound do not."""
    return decl.type if isinstance(decl, t.Param) else decl


def _meant(ctx: Context, nodes: Iterable[t.Node]) -> Iterator[Symbol]:
    for node in _nodes(tuple(nodes)):
        if node.span in ctx.meant:
            yield ctx.meant[node.span].symbol


def _plain(value: Value) -> Any:
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    return repr(value) if isinstance(value, float) else value


def declared(ctx: Context, symbol: Symbol, decl: t.Decl, labels: Labels) -> Any:
    """A declaration's meaning; a parameter's is its bound value."""
    if isinstance(decl, t.Param) and symbol in ctx.params:
        return {"kind": "param", "name": symbol.name, "value": _plain(evaluate(ctx.params[symbol].term))}
    axes = {name: labels[axis] for name, axis in sorted(attribute_axes(ctx, symbol).items())}
    found = meaning(decl, resolved(ctx, labels))
    return {**found, "attributes": axes} if axes else found


def labels_of(ctx: Context, found: Reached) -> Labels:
    """What each reached declaration is called where another means it."""
    return labelled(found, lambda symbol, labels: declared(ctx, symbol, found[symbol], labels))


def _document(ctx: Context, statements: Iterable[t.Statement], tables: Mapping[str, str]) -> dict[str, Any]:
    statements = list(statements)
    found = reached(ctx, statements)
    labels = labels_of(ctx, found)
    shape = resolved(ctx, labels)
    corpora = {decl.name.name for decl in found.values() if isinstance(decl, t.Corpus)}
    return {
        "statements": sorted((meaning(s, shape) for s in statements), key=digest),
        "declarations": sorted((declared(ctx, s, decl, labels) for s, decl in found.items()), key=digest),
        "data": {name: sha for name, sha in sorted(tables.items()) if name.split(".")[0] in corpora},
    }


def hash_audit(ctx: Context, name: str, *, tables: Mapping[str, str], models: Mapping[str, str]) -> Hashes:
    """The hashes of one audit of the entry module, which must be free of errors.

    `tables` gives the digests of data files by table, `models` the places that replace those of the panel.
    """
    module = ctx.program.main
    audit = module.decls[name]
    assert isinstance(audit, t.Audit)
    asked = [s for s in audit.statements if isinstance(s, ASKED)]
    read = [s for s in audit.statements if not isinstance(s, ASKED)]
    typed = ctx.audits[name]
    design = {
        "edition": module.tree.edition,
        "asked": _document(ctx, asked, tables),
        "seed": typed.seed,
        "offer_missing": typed.offer_missing,
        "models": dict(sorted(models.items())),
    }
    score = {
        "design": design,
        "read": _document(ctx, read, tables),
        "count_missing": typed.count_missing,
    }
    return Hashes(module=module.hash, design=digest(design), score=digest(score))
