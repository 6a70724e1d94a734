"""How much more the prompts of an ask would share if the parts of their messages stood in another order.

Expects the prompts of one ask as one model reads them. Ensures that nothing is changed: the order of the parts is
the author's and belongs to what is measured. What is said first and stays the same over many prompts is read once, so
the better order is the one in which what varies least, and is longest, comes first. It is found by counting: a part is
read as often as there are different beginnings up to it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import permutations

import numpy as np
from numpy.typing import NDArray

from cyclspec.compiler.axes import Grid
from cyclspec.compiler.data.loaded import LoadedTable
from cyclspec.compiler.plan.budget import thousands
from cyclspec.compiler.plan.cells import AskCells, CellReader, Said
from cyclspec.compiler.plan.requests import AskedModel, encoded
from cyclspec.compiler.plan.sharing.questions import Sequence as Text
from cyclspec.compiler.plan.sharing.walk import walk
from cyclspec.compiler.prompts.parts import Parts, parts_of, shown_in
from cyclspec.compiler.prompts.tokens import Tokenizer
from cyclspec.language.diagnostics import Label
from cyclspec.language.diagnostics.cy07_data_and_plan import SharesLittle
from cyclspec.language.types import typed as d

LEAST_TIMES, LEAST_TOKENS = 1.5, 1000
MOST_RENDERED, SAMPLE = 4000, 200
MOST_GROUPS = 6
_MARK = "\x1f"
_FIXED = "the fixed text"
_HELP = "the order is part of what is measured: another one asks something else, and none is chosen for you"

Axes = frozenset[str]
Order = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Asking:
    """One ask to one model: `cells` is what is said, `here[cell]` which cells over `axes` are the model's."""

    audit: d.TypedAudit
    grid: Grid
    tables: Mapping[str, LoadedTable]
    ask: d.TypedAsk
    asked: AskedModel
    tokenizer: Tokenizer
    cells: AskCells
    axes: tuple[str, ...]
    said: NDArray[np.int32]
    here: NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a message: the formals that it shows, the axes that it varies along, what it adds in tokens."""

    formals: tuple[str, ...]
    axes: Axes
    tokens: float


@dataclass(frozen=True, slots=True)
class Arranged:
    """One message with its parts in a better order; equal to the author's where there is no better one."""

    message: d.TypedMessage
    parts: Parts
    pieces: tuple[Piece, ...]
    order: Order

    @property
    def changed(self) -> bool:
        return self.order != tuple(sorted(self.order))


def shares_little(asking: Asking, prompts: Sequence[tuple[int, ...]]) -> SharesLittle | None:
    """The warning about an ask whose distinct prompts, as token ids, would share much more in another order."""
    ask = asking.ask
    arranged: list[Arranged] = []
    now = then = 0.0
    for lang in sorted({one.lang or "" for one in asking.cells.conversations}):
        found, before, after = _rearranged(asking, lang)
        arranged += found
        now, then = now + before, then + after
    changed = [one for one in arranged if one.changed]
    if not changed or now < 0.8 * LEAST_TIMES * then:
        return None
    tokens_now = _shared(prompts)
    rendered = len(prompts) <= MOST_RENDERED
    tokens_then = _shared(_prompts(asking, arranged)) if rendered else round(tokens_now * then / now)
    if tokens_now < LEAST_TIMES * tokens_then or tokens_now - tokens_then < LEAST_TOKENS:
        return None
    first = changed[0]
    old, new = (_named(first, order) for order in (tuple(sorted(first.order)), first.order))
    times = f"{tokens_now / tokens_then:.1f}x less"
    about = "" if rendered else "about "
    told = f"{old}: {thousands(tokens_now)} tokens; {new}: {about}{thousands(tokens_then)} ({times})"
    notes: tuple[str, ...] = (f"tokens as {asking.asked.name} reads them, each shared beginning once",)
    if not rendered:
        notes += (f"the second number is estimated from {SAMPLE} of {thousands(len(prompts))} prompts",)
    return SharesLittle(
        span=ask.span,
        ask=ask.name,
        label=told,
        also=(Label(first.message.span, "the parts of this message"),),
        notes=notes,
        helps=(_HELP,),
    )


def _rearranged(asking: Asking, lang: str) -> tuple[list[Arranged], float, float]:
    """The messages of one language in a better order, and the estimated tokens in the author's and in that order."""
    spoken = np.array([(one.lang or "") == lang for one in asking.cells.conversations], dtype=np.bool_)
    mask = asking.here & spoken[np.maximum(asking.said, 0)]
    messages = [
        m for m in asking.ask.prompt.messages if m.lang in (lang or None, None) and m.role != "prefix"
    ]
    if not mask.any():
        return [], 0.0, 0.0
    cut = [parts_of(message.template) for message in messages]
    lengths = _lengths(asking, messages, cut, mask)
    known = _axes_of(asking)
    before: Axes = frozenset()
    found: list[Arranged] = []
    now = then = 0.0
    for message, parts, tokens in zip(messages, cut, lengths, strict=True):
        pieces = tuple(
            Piece(shown := shown_in(text), _union(known.get(name, frozenset()) for name in shown), size)
            for text, size in zip(parts.texts, tokens, strict=True)
        )
        counts = _Counts(asking.axes, mask, before)
        order = _best(pieces, counts)
        now += counts.tokens(pieces, tuple(range(len(pieces))))
        then += counts.tokens(pieces, order)
        found.append(Arranged(message, parts, pieces, order))
        before |= _union(piece.axes for piece in pieces)
    return found, now, then


class _Counts:
    """How many different beginnings there are, given along which axes a beginning has varied so far."""

    def __init__(self, axes: tuple[str, ...], mask: NDArray[np.bool_], before: Axes) -> None:
        self.axes, self.mask, self.before = axes, mask, before
        self._known: dict[Axes, int] = {}

    def beginnings(self, varied: Axes) -> int:
        if varied not in self._known:
            others = tuple(at for at, axis in enumerate(self.axes) if axis not in varied)
            self._known[varied] = int(self.mask.any(axis=others).sum())
        return self._known[varied]

    def tokens(self, pieces: Sequence[Piece], order: Order) -> float:
        """The tokens that are read for a message whose pieces stand in an order."""
        varied, total = self.before, 0.0
        for at in order:
            varied |= pieces[at].axes
            total += pieces[at].tokens * self.beginnings(varied)
        return total


def _best(pieces: Sequence[Piece], counts: _Counts) -> Order:
    """The order that reads least; pieces that vary alike stay together and in their order."""
    groups: dict[Axes, list[int]] = {}
    for at, piece in enumerate(pieces):
        groups.setdefault(piece.axes, []).append(at)
    own = tuple(range(len(pieces)))
    listed = list(groups.values())
    if len(listed) > MOST_GROUPS:
        listed.sort(key=lambda group: counts.beginnings(counts.before | pieces[group[0]].axes))
        ways = [tuple(at for group in listed for at in group)]
    else:
        ways = [tuple(at for group in way for at in group) for way in permutations(listed)]
    return min([own, *ways], key=lambda order: counts.tokens(pieces, order))


def _lengths(
    asking: Asking, messages: Sequence[d.TypedMessage], cut: Sequence[Parts], mask: NDArray[np.bool_]
) -> list[list[float]]:
    """What every part of every message adds on average, in tokens, over some of the cells.

    Different texts of a part that begin alike share their beginning.
    """
    marked = {id(m): _MARK.join(parts.texts) for m, parts in zip(messages, cut, strict=True)}
    places = np.argwhere(mask)
    some = places[np.unique(np.linspace(0, len(places) - 1, SAMPLE).astype(np.int64))]
    reader = _reader(asking, marked)
    texts: list[list[set[tuple[int, ...]]]] = [[set() for _ in parts.texts] for parts in cut]
    for index in some.tolist():
        spoken = reader.at(dict(zip(asking.axes, index, strict=True))).conversation.messages
        for known, message in zip(texts, spoken, strict=True):
            shown = message.content.split(_MARK)
            if len(shown) == len(known):
                for own, ids in zip(known, asking.tokenizer.parts(shown), strict=True):
                    own.add(ids)
    return [[_shared(own) / max(1, len(own)) for own in known] for known in texts]


def _prompts(asking: Asking, arranged: Sequence[Arranged]) -> list[tuple[int, ...]]:
    """The prompts of an ask with the parts of its messages rearranged."""
    texts = {id(one.message): one.parts.arranged(one.order) for one in arranged}
    reader = _reader(asking, texts)
    said: dict[tuple[object, ...], Said] = {}
    known = asking.cells.axes
    kept = asking.here.any(axis=tuple(at for at, axis in enumerate(asking.axes) if axis not in known))
    for index in np.argwhere(kept).tolist():
        one = reader.at(dict(zip(known, index, strict=True)))
        said.setdefault((one.conversation,), one)
    found = encoded(reader.ask, list(said.values()), asking.asked, asking.tokenizer)
    return [prompt.ids for prompt in found.prompts]


def _reader(asking: Asking, templates: Mapping[int, str]) -> CellReader:
    """Reads the cells of an ask whose messages have other templates, by the identity of each message."""
    prompt = asking.ask.prompt
    messages = tuple(replace(m, template=templates.get(id(m), m.template)) for m in prompt.messages)
    ask = replace(asking.ask, prompt=replace(prompt, messages=messages))
    return CellReader(asking.audit, asking.grid, asking.tables, ask)


def _axes_of(asking: Asking) -> dict[str, Axes]:
    return {name: term.type.axes for name, term in asking.ask.args}


def _union(some: Iterable[Axes]) -> Axes:
    return frozenset[str]().union(*some)


def _shared(prompts: Iterable[tuple[int, ...]]) -> int:
    """The tokens of the prefix tree."""
    return len(walk([Text(ids, ()) for ids in set(prompts) if ids]))


def _named(one: Arranged, order: Order) -> str:
    """The parts of a message by the arguments that they show, those that vary alike once."""
    groups: dict[Axes, list[str]] = {}
    for at in order:
        names = groups.setdefault(one.pieces[at].axes, [])
        names += [f"`{name}`" for name in one.pieces[at].formals if f"`{name}`" not in names]
    words = [" and ".join(names) or _FIXED for names in groups.values()]
    return " before ".join(words)
