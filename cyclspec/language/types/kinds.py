"""What a value is: its kind, unit, axes and phase.

A type is `kind [unit] [?] @ axes ! phase`. Expects declarations that are resolved. Ensures that every kind is a frozen
value, equal where the language calls two types equal; nothing here refers to files or arrays.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import IntEnum, StrEnum


class Phase(IntEnum):
    """When a value is known: in the text, after opening data, after asking a model."""

    STATIC = 0
    DATA = 1
    RESPONSE = 2


class Unit(StrEnum):
    """Units add and compare only with themselves; ranges are constraints, not part of the unit."""

    NONE = "number"
    SHARE = "share"
    POINTS = "points"
    RATIO = "ratio"
    BITS = "bits"
    NATS = "nats"
    STEPS = "steps"
    RANK = "rank"
    COEFFICIENT = "coefficient"
    YEARS = "years"
    DURATION = "duration"
    PARAMETERS = "parameters"


@dataclass(frozen=True, slots=True)
class Level:
    """One level of a vocabulary.

    `code` is what data files hold (the name where none is given); `low..high` stands for a range of numbers, both ends
    included; `label` maps language tags to text, with the key "" for a label that is the same in every language.
    """

    name: str
    code: int | float | str
    label: Mapping[str, str] = field(hash=False)
    low: float | None = None
    high: float | None = None
    value: float | None = None
    missing: bool = False
    attributes: Mapping[str, str] = field(default_factory=dict, hash=False)

    def text(self, lang: str | None) -> str | None:
        """The label in one language, else the label for every language; None where there is neither.

        In no language, the label of a level that is labelled in one.
        """
        if not self.label:
            return self.name
        if lang is None and len(self.label) == 1:
            return next(iter(self.label.values()))
        return self.label.get(lang or "", self.label.get(""))


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """A closed list of levels: a declared `axis` or `scale`, or `nominal(..)`/`ordinal(..)` in place.

    `open` vocabularies take their levels from data or from the models of a panel. `name` is the declared name, or the
    name of the column, parameter or factor that it stands in. `axes` are the declared axes whose levels attributes are.
    """

    name: str
    ordered: bool
    levels: tuple[Level, ...]
    unit: Unit = Unit.NONE
    open: bool = False
    is_axis: bool = False
    attributes: tuple[str, ...] = ()
    axes: tuple[tuple[str, Vocabulary], ...] = ()
    _by_name: Mapping[str, Level] = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_by_name", {level.name: level for level in reversed(self.levels)})

    def attribute(self, name: str) -> Vocabulary:
        """What the words of an attribute are levels of: a declared axis of that name, else the words in their order."""
        declared = dict(self.axes).get(name)
        if declared is not None:
            return declared
        words = dict.fromkeys(level.attributes[name] for level in self.levels if name in level.attributes)
        return Vocabulary(name, ordered=False, levels=tuple(Level(word, word, {}) for word in words))

    @property
    def numeric(self) -> bool:
        """Whether its levels are numbers in a unit; ranges of them are not."""
        numbers = all(level.value is not None for level in self.levels if not level.missing)
        return self.unit is not Unit.NONE and numbers

    def level(self, name: str) -> Level | None:
        return self._by_name.get(name)

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(level.name for level in self.levels)


@dataclass(frozen=True, slots=True)
class ItemScale:
    """The scale that every row of a table brings along, such as `wvs7.items.options`.

    `low..high` bounds the number of options that are not missing; `axis` is the key column of the table.
    """

    table: str
    column: str
    axis: str
    ordered: bool
    low: int
    high: int | None

    def __str__(self) -> str:
        return f"{self.axis}.{self.column}"


@dataclass(frozen=True, slots=True)
class ScaleVariable:
    """The scale `S` of a metric, solved at each call."""

    name: str
    ordered: bool = False

    def __str__(self) -> str:
        return self.name


Scale = Vocabulary | ItemScale | ScaleVariable


def scale_name(scale: Scale) -> str:
    return scale.name if isinstance(scale, Vocabulary) else str(scale)


@dataclass(frozen=True, slots=True)
class Bool:
    pass


@dataclass(frozen=True, slots=True)
class Number:
    unit: Unit = Unit.NONE
    whole: bool = False


@dataclass(frozen=True, slots=True)
class Text:
    """Text known to exist in `langs`; empty means a text without a language."""

    langs: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Lang:
    pass


@dataclass(frozen=True, slots=True)
class Date:
    pass


@dataclass(frozen=True, slots=True)
class Key:
    """The key column of a table; names the axis that the table spans."""

    table: str
    axis: str


@dataclass(frozen=True, slots=True)
class ListOf:
    of: Kind
    low: int | None = None
    high: int | None = None


@dataclass(frozen=True, slots=True)
class Row:
    """A row of a corpus table, named `corpus.table`."""

    table: str


@dataclass(frozen=True, slots=True)
class Ref:
    """A reference to the key of another table."""

    table: str


@dataclass(frozen=True, slots=True)
class Of:
    """A level of a vocabulary: `country`, `nominal(a, b)`."""

    vocabulary: Vocabulary


@dataclass(frozen=True, slots=True)
class ScaleValue:
    """A scale as a value: `item.options`, a declared scale by its name."""

    scale: Scale


@dataclass(frozen=True, slots=True)
class Choice:
    scale: Scale


@dataclass(frozen=True, slots=True)
class Dist:
    scale: Scale


@dataclass(frozen=True, slots=True)
class Counts:
    """A column that says how many answers each option got: `counts(S)`. Elsewhere it is their distribution."""

    scale: Scale


@dataclass(frozen=True, slots=True)
class LogProbs:
    """A column that gives each option its log-probability in nats: `logprobs(S)`."""

    scale: Scale


@dataclass(frozen=True, slots=True)
class Order:
    scale: Scale


@dataclass(frozen=True, slots=True)
class Picks:
    """Several options at once, from `low` to `high` of them: `picks(S, 0..5)`."""

    scale: Scale
    low: int
    high: int


@dataclass(frozen=True, slots=True)
class Record:
    fields: tuple[tuple[str, Kind], ...]


@dataclass(frozen=True, slots=True)
class ModelKind:
    """A model of a panel, or the panel whose factors are bound."""

    panel: str


@dataclass(frozen=True, slots=True)
class Unknown:
    """The kind of a value that already failed; it fits everywhere, so that one mistake is reported once."""


Kind = (
    Bool
    | Number
    | Text
    | Lang
    | Date
    | Key
    | ListOf
    | Row
    | Ref
    | Of
    | ScaleValue
    | Choice
    | Dist
    | Counts
    | LogProbs
    | Order
    | Picks
    | Record
    | ModelKind
    | Unknown
)


@dataclass(frozen=True, slots=True)
class Type:
    """`kind [?] @ axes ! phase`. `parents` of dependent axes are kept by the audit, not here."""

    kind: Kind
    axes: frozenset[str] = frozenset()
    phase: Phase = Phase.STATIC
    optional: bool = False

    def at(self, axes: frozenset[str], phase: Phase) -> Type:
        """This type, also indexed by `axes` and known no earlier than `phase`."""
        return replace(self, axes=self.axes | axes, phase=max(self.phase, phase))


def kind_text(kind: Kind) -> str:
    """A kind as the language spells it."""
    match kind:
        case Bool():
            return "bool"
        case Number(unit, whole):
            return "count" if whole else "real" if unit is Unit.NONE else unit.value
        case Text(langs):
            return f"text({', '.join(langs)})" if langs else "text"
        case Lang():
            return "lang"
        case Date():
            return "date"
        case Key(table, _):
            return f"key of {table}" if table else "key"
        case ListOf(of):
            return f"list({kind_text(of)})"
        case Row(table):
            return f"row {table}"
        case Ref(table):
            return f"ref({table})"
        case Of(vocabulary):
            return vocabulary.name
        case ScaleValue(scale):
            return f"scale {scale_name(scale)}"
        case Choice(scale):
            return f"choice({scale_name(scale)})"
        case Dist(scale):
            return f"dist({scale_name(scale)})"
        case Counts(scale):
            return f"counts({scale_name(scale)})"
        case LogProbs(scale):
            return f"logprobs({scale_name(scale)})"
        case Order(scale):
            return f"order({scale_name(scale)})"
        case Picks(scale, low, high):
            return f"picks({scale_name(scale)}, {low}..{high})"
        case Record(fields):
            return "record {" + ", ".join(f"{n} : {kind_text(k)}" for n, k in fields) + "}"
        case ModelKind(panel):
            return f"model of {panel}"
        case Unknown():
            return "unknown"


def fits(found: Kind, wanted: Kind) -> bool:
    """Whether a value of kind `found` may stand where `wanted` is declared (language.md section 4.1)."""
    match found, wanted:
        case (Unknown(), _) | (_, Unknown()):
            return True
        case Text(have), Text(need):
            return set(need) <= set(have) or not have
        case Number(a, _), Number(b, _):
            return a is b
        case ListOf(a), ListOf(b):
            return fits(a, b)
        case Of(a), Choice(b):
            return a == b
        case (Row(a), Ref(b)) | (Ref(a), Row(b)):
            return a == b
    return found == wanted
