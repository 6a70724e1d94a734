"""The words of the options that the fields of a record can name, in one cell.

Expects the offered options of a scale in the order that the prompt shows them in, and the prompt. Ensures that a reply
spells an option by its label where the prompt shows labels, by its words where it does not, and that no spelling stands
for two options.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from cyclspec.compiler.data.contracts import Option
from cyclspec.compiler.prompts.messages import letters, numbers
from cyclspec.compiler.records.schema import RecordSchema, Word, bounds_of, scales_in, shape_of
from cyclspec.language.types import kinds as k
from cyclspec.language.types import typed as d
from cyclspec.language.types.templates import Hole, split


@dataclass(slots=True)
class RecordShapes:
    """The records that a prompt asks for, by what a cell offers; none where it asks for something else."""

    prompt: d.TypedPrompt
    tables: Mapping[str, d.TypedTable]
    kinds: tuple[tuple[str, k.Kind], ...] = field(init=False)
    scales: tuple[k.Scale, ...] = field(init=False)
    _made: dict[Hashable, RecordSchema] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.kinds = self.prompt.result.fields if isinstance(self.prompt.result, k.Record) else ()
        named = {k.scale_name(scale): scale for _, kind in self.kinds for scale in scales_in(kind)}
        self.scales = tuple(named.values())

    def schema(self, shown: Mapping[str, Sequence[Option]], lang: str | None) -> RecordSchema:
        """The record of a cell that shows these options, by scale and in this order, in a language."""
        words = {
            name: words_of(options, style_of(self.prompt, scale, self.tables), lang)
            for scale in self.scales
            for name, options in [(k.scale_name(scale), shown[k.scale_name(scale)])]
        }
        key = tuple(words.values())
        if key not in self._made:
            checks = dict(self.prompt.checks)
            shapes = (
                (name, shape_of(kind, words, bounds_of(name, checks.get(name)))) for name, kind in self.kinds
            )
            self._made[key] = RecordSchema(tuple(shapes))
        return self._made[key]


_LABELS: Mapping[str, Callable[[int], tuple[str, ...]]] = {"lettered": letters, "numbered": numbers}


def words_of(shown: Sequence[Option], style: str, lang: str | None) -> tuple[Word, ...]:
    """Options as words, in the order in which a prompt shows them; `style` is how, empty where it does not."""
    texts = [option.label.get(lang or "", option.label.get("", option.code)) for option in shown]
    often = Counter(texts)
    plain = [text if often[text] == 1 else option.code for text, option in zip(texts, shown, strict=True)]
    labels = _LABELS[style](len(shown)) if style in _LABELS else tuple(plain)
    made = zip(shown, labels, texts, strict=True)
    return tuple(Word(option.code, label, _others(option, label, text)) for option, label, text in made)


def _others(option: Option, label: str, text: str) -> tuple[str, ...]:
    known = (text, *option.label.values(), option.code)
    return tuple(dict.fromkeys(word for word in known if word and word != label))


def style_of(prompt: d.TypedPrompt, scale: k.Scale, tables: Mapping[str, d.TypedTable]) -> str:
    """How a prompt labels the options of a scale, empty where it shows them without labels or not at all."""
    return next((style for kind, style in _shown(prompt, tables) if _is_of(kind, scale)), "")


def _shown(prompt: d.TypedPrompt, tables: Mapping[str, d.TypedTable]) -> Iterator[tuple[k.Kind, str]]:
    formals = dict(prompt.formals)
    for message in prompt.messages:
        for part in split(message.template)[0]:
            if isinstance(part, Hole) and part.style in _LABELS:
                kind = _kind_at(formals[part.path[0]], part.path[1:], tables)
                if kind is not None:
                    yield kind, part.style


def _kind_at(kind: k.Kind, path: tuple[str, ...], tables: Mapping[str, d.TypedTable]) -> k.Kind | None:
    match kind:
        case k.Row(table) if len(path) == 1 and table in tables:
            column = tables[table].column(path[0])
            return None if column is None else column.kind
    return kind if not path else None


def _is_of(kind: k.Kind, scale: k.Scale) -> bool:
    match kind:
        case k.ScaleValue(shown) | k.Order(shown):
            return k.scale_name(shown) == k.scale_name(scale)
    return False
