"""Two versions of one module: its imports and declarations, part by part, whatever audit uses them."""

from __future__ import annotations

from collections.abc import Iterator

from cyclspec.diff.change import Change
from cyclspec.diff.entities import import_name, word_of
from cyclspec.diff.pieces import pieces
from cyclspec.diff.spelling import spelled
from cyclspec.language.syntax import tree as t

Key = tuple[str, str]


def module_changes(before: t.Module, after: t.Module) -> Iterator[Change]:
    """What differs in meaning between two parsed modules. They move hashes of audits, not of themselves."""
    one, other = _parts(before), _parts(after)
    for key in [*one, *(key for key in other if key not in one)]:
        what = " ".join(key)
        match one.get(key), other.get(key):
            case None, t.Node() as node:
                yield Change(what, "", "added", after=spelled(node))
            case t.Node() as node, None:
                yield Change(what, "", "removed", before=spelled(node))
            case t.Node() as left, t.Node() as right:
                for p in pieces(left, right):
                    if not p.is_prose:
                        yield Change(what, p.part, p.how, p.before, p.after, p.is_text)
    if before.edition != after.edition:
        yield Change("file", "edition", "changed", str(before.edition), str(after.edition))


def _parts(module: t.Module) -> dict[Key, t.Node]:
    imports: dict[Key, t.Node] = {("import", import_name(node)): node for node in module.imports}
    return imports | {(word_of(decl), decl.name.name): decl for decl in module.decls}
