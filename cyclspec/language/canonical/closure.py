"""What an audit is made of: the statements and the declarations they reach, for its hashes.

Expects a checked program. Ensures that the design hash covers `each`, `ask`, everything they reach, bound parameters,
the seed and the digests of the tables they read, and nothing else; that the score hash adds lets, measures, checks and
what those reach; and that names of files and order of declarations leave no trace.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from cyclspec.language.canonical.hashes import Hashes, digest, meaning
from cyclspec.language.names.modules import Module
from cyclspec.language.syntax import tree as t
from cyclspec.language.types.constants import Value, evaluate
from cyclspec.language.types.context import Context, Symbol
from cyclspec.language.types.metrics import walk
from cyclspec.language.types.scope import dotted_parts

ASKED = (t.Each, t.Ask)


def _paths(node: object) -> Iterator[tuple[str, ...]]:
    """Every dotted path in a tree, in types as well as in expressions."""
    for part in walk(node):
        match part:
            case t.NamedType():
                yield tuple(ident.name for ident in part.name)
            case t.Name() | t.Dot():
                parts = dotted_parts(part)
                if parts is not None:
                    yield parts


def reached(ctx: Context, module: Module, nodes: Iterable[t.Node]) -> dict[Symbol, t.Decl]:
    """The declarations that some nodes reach, directly or through others."""
    found: dict[Symbol, t.Decl] = {}
    open_: list[tuple[Module, object]] = [(module, node) for node in nodes]
    while open_:
        here, node = open_.pop()
        for parts in _paths(node):
            resolved = ctx.resolve_dotted(here, parts)
            if resolved is None or resolved[0] in found:
                continue
            symbol, decl, _ = resolved
            found[symbol] = decl
            open_.append((ctx.module(symbol.module), decl))
    return found


def _plain(value: Value) -> Any:
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    return repr(value) if isinstance(value, float) else value


def declaration(ctx: Context, symbol: Symbol, decl: t.Decl) -> dict[str, Any]:
    """A declaration's meaning; a parameter's is its bound value."""
    if isinstance(decl, t.Param) and symbol in ctx.params:
        return {"kind": "param", "name": symbol.name, "value": _plain(evaluate(ctx.params[symbol].term))}
    found: dict[str, Any] = meaning(decl)
    return found


def _document(
    ctx: Context, module: Module, statements: Iterable[t.Statement], tables: Mapping[str, str]
) -> dict[str, Any]:
    statements = list(statements)
    found = reached(ctx, module, statements)
    decls = [declaration(ctx, symbol, decl) for symbol, decl in found.items()]
    corpora = {decl.name.name for decl in found.values() if isinstance(decl, t.Corpus)}
    return {
        "statements": sorted((meaning(s) for s in statements), key=digest),
        "declarations": sorted(decls, key=digest),
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
        "asked": _document(ctx, module, asked, tables),
        "seed": typed.seed,
        "offer_missing": typed.offer_missing,
        "models": dict(sorted(models.items())),
    }
    score = {
        "design": design,
        "read": _document(ctx, module, read, tables),
        "count_missing": typed.count_missing,
    }
    return Hashes(module=module.hash, design=digest(design), score=digest(score))
