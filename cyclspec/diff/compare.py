"""Two audits compared: what differs, and which hashes each difference moves.

Expects two checked sides. Ensures that a change is said to move the design if and only if the design hashes differ,
likewise for score, module and, between two runs, the run; and that what is only wording moves nothing.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import replace

from cyclspec.diff.change import Change, Difference, How, Moved
from cyclspec.diff.entities import Covered, Entity, audit_of, covered, entities
from cyclspec.diff.environments import environment_changes
from cyclspec.diff.pieces import Named, Piece, keyed, pieces
from cyclspec.diff.sides import Side
from cyclspec.diff.spelling import spelled
from cyclspec.language.canonical.defaults import completed
from cyclspec.language.canonical.hashes import PROSE, meaning, run_hash
from cyclspec.language.syntax import tree as t

_MODULE: frozenset[Moved] = frozenset({"module"})
_DESIGN: frozenset[Moved] = frozenset({"design", "score"})
_SETTINGS: dict[str, frozenset[Moved]] = {
    "seed": _DESIGN,
    "offer_missing": _DESIGN,
    "count_missing": frozenset({"score"}),
}
Pair = tuple[Entity | None, Entity | None]


def paired(before: list[Entity], after: list[Entity]) -> list[Pair]:
    """Entities of one word and name: those of one file, then equal ones, then in order; the rest have no partner."""
    left: defaultdict[tuple[str, str], list[Entity]] = defaultdict(list)
    for entity in after:
        left[entity.word, entity.name].append(entity)
    found: list[Pair] = []
    waiting = before
    for alike in (_same_file, _same_meaning, lambda _a, _b: True):
        still: list[Entity] = []
        for entity in waiting:
            partners = left[entity.word, entity.name]
            partner = next((other for other in partners if alike(entity, other)), None)
            if partner is None:
                still.append(entity)
                continue
            partners.remove(partner)
            found.append((entity, partner))
        waiting = still
    found += [(entity, None) for entity in waiting]
    return found + [(None, entity) for partners in left.values() for entity in partners]


def _same_file(one: Entity, other: Entity) -> bool:
    return one.file == other.file


def _same_meaning(one: Entity, other: Entity) -> bool:
    return bool(one.meaning == other.meaning)


def _alone(entity: Entity, *, added: bool) -> Change:
    moves = entity.covers | (_MODULE if entity.is_main else frozenset())
    text = spelled(entity.node)
    if added:
        return Change(entity.title, "", "added", after=text, moves=moves)
    return Change(entity.title, "", "removed", before=text, moves=moves)


def _change(what: str, piece: Piece, moves: frozenset[Moved]) -> Change:
    moved = frozenset[Moved]() if piece.is_prose else moves
    return Change(what, piece.part, piece.how, piece.before, piece.after, piece.is_text, moved)


def _both(one: Entity, other: Entity) -> Iterator[Change]:
    covers = _covers(one, other)
    module = _MODULE if one.is_main or other.is_main else frozenset[Moved]()
    if one.is_main != other.is_main:
        here, there = one.file or "this file", other.file or "this file"
        yield Change(other.title, "file", "changed", here, there, moves=_MODULE)
    if isinstance(one.node, t.Param) and isinstance(other.node, t.Param):
        yield from _param(one, other, covers, module)
        return
    found = pieces(one.node, other.node)
    yield from (_change(other.title, piece, covers | module) for piece in found)
    if covers and all(piece.is_prose for piece in found):
        yield Change(other.title, "what a name in it means", "changed", moves=covers)


def _covers(one: Entity, other: Entity) -> frozenset[Moved]:
    """The hashes of audits that a difference moves: none where only the spelling of names or arguments differs."""
    return one.covers | other.covers if one.meaning != other.meaning else frozenset()


def _param(
    one: Entity, other: Entity, covers: frozenset[Moved], module: frozenset[Moved]
) -> Iterator[Change]:
    """A parameter moves the hash of its file by its text, and those of audits by its value."""
    before, after = (str(entity.meaning.get("value", "")) for entity in (one, other))
    differs = one.meaning != other.meaning
    told = False
    for piece in pieces(one.node, other.node):
        by_value = differs and piece.part == "default"
        told = told or by_value
        yield _change(other.title, piece, module | covers if by_value else module)
    if differs and covers and not told:
        yield Change(other.title, "value", "changed", before, after, moves=covers)


def _settings(before: Side, after: Side) -> Iterator[Change]:
    """The audit's own fields: the seed and the treatment of missing options by their value, titles as prose."""
    what = f"audit {after.audit.name}"
    one, other = audit_of(before), audit_of(after)
    if before.audit.name != after.audit.name:
        yield Change(what, "name", "changed", before.audit.name, after.audit.name, moves=_MODULE)
    if one.doc != other.doc:
        texts = "\n".join(one.doc), "\n".join(other.doc)
        yield Change(what, "documentation", "changed", *texts, is_text=True)
    fields, others = _fields(one), _fields(other)
    for name in dict.fromkeys([*_SETTINGS, *fields, *others]):
        yield from _setting(what, name, fields.get(name), others.get(name), _values(before, after, name))


def _fields(audit: t.Audit) -> dict[str, Named]:
    """The fields of an audit by name, defaults written out."""
    whole = completed(audit)
    assert isinstance(whole, t.Audit)
    return keyed(whole.fields)


def _values(before: Side, after: Side, name: str) -> tuple[str, str] | None:
    """The values of a setting on both sides, where they differ and it is one that a hash covers."""
    if name not in _SETTINGS:
        return None
    one, other = (str(getattr(side.audit, name)).lower() for side in (before, after))
    return None if one == other else (one, other)


def _setting(
    what: str, name: str, one: t.Node | None, other: t.Node | None, values: tuple[str, str] | None
) -> Iterator[Change]:
    same = one == other or (one is not None and other is not None and meaning(one) == meaning(other))
    module = frozenset[Moved]() if same or name in PROSE[t.Audit] else _MODULE
    if values is not None:
        yield Change(what, name, "changed", *values, moves=_SETTINGS[name] | module)
        return
    if one == other:
        return
    before, after = ("" if node is None else _value(node) for node in (one, other))
    how: How = "changed" if one and other else "added" if other else "removed"
    yield Change(what, name, how, before, after, moves=module)


def _value(node: t.Node) -> str:
    return spelled(node.value) if isinstance(node, t.Field) else spelled(node)


def _data(before: Side, after: Side, one: Covered, other: Covered) -> Iterator[Change]:
    if before.digests is None or after.digests is None:
        return
    for table in sorted({*before.digests, *after.digests}):
        corpus = table.split(".")[0]
        moves = one.of_corpus(corpus) | other.of_corpus(corpus)
        here, there = before.digests.get(table, ""), after.digests.get(table, "")
        if here and there and here != there:
            yield Change(f"data {table}", "digest", "changed", here[:12], there[:12], moves=moves)


def _places(before: Mapping[str, str], after: Mapping[str, str]) -> Iterator[Change]:
    for name in sorted({*before, *after}):
        one, other = before.get(name, "its panel's"), after.get(name, "its panel's")
        if one != other:
            yield Change(f"model {name}", "place", "changed", one, other, moves=_DESIGN)


def _file(before: Side, after: Side) -> Iterator[Change]:
    one, other = before.context.program.main.tree, after.context.program.main.tree
    if one.doc != other.doc:
        yield Change(
            "file", "documentation", "changed", "\n".join(one.doc), "\n".join(other.doc), is_text=True
        )
    if one.edition != other.edition:
        moves = _DESIGN | _MODULE
        yield Change("file", "edition", "changed", str(one.edition), str(other.edition), moves=moves)


def _changes(before: Side, after: Side) -> Iterator[Change]:
    one, other = covered(before), covered(after)
    yield from _file(before, after)
    yield from _settings(before, after)
    for left, right in paired(entities(before, one), entities(after, other)):
        if left is None or right is None:
            entity = left or right
            assert entity is not None
            yield _alone(entity, added=left is None)
        else:
            yield from _both(left, right)
    yield from _data(before, after, one, other)
    yield from _places(before.places, after.places)


def _order(before: Side, after: Side, changes: list[Change]) -> Iterator[Change]:
    """A file whose hash moved although nothing in it differs has its declarations in another order."""
    main, other = before.context.program.main, after.context.program.main
    if main.hash != other.hash and not any("module" in change.moves for change in changes):
        yield Change("file", "order of declarations or statements", "changed", moves=_MODULE)


def compare(before: Side, after: Side) -> Difference:
    """What differs between two audits. The data takes part where its digests are known on both sides."""
    with_data = before.digests is not None and after.digests is not None
    one, other = (side.hashes(with_data=with_data) for side in (before, after))
    changes = list(_changes(before, after))
    changes += _order(before, after, changes)
    hashes: dict[Moved, tuple[str, str]] = {
        "module": (one.module, other.module),
        "design": (one.design, other.design),
        "score": (one.score, other.score),
    }
    here, there = before.environment, after.environment
    if here is not None and there is not None:
        hashes["run"] = (run_hash(one.score, here), run_hash(other.score, there))
        changes = [replace(c, moves=c.moves | {"run"}) if "score" in c.moves else c for c in changes]
        changes += environment_changes(here, there)
    notes = () if with_data else ("data was not compared, and is in none of these hashes; `--data` opens it",)
    return Difference(before.name, after.name, hashes, tuple(changes), notes)
