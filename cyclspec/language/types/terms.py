"""The typed audit: every expression resolved, every value with its type.

Produced by the type checker, consumed by the compiler. Ensures that names are resolved (no bare words are left),
parameters are replaced by their values, literals carry their numeric value, metric calls carry their typed body, and
every term has a `type` and the `span` of its source. Terms are frozen trees; equal terms are equal values up to spans.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from cyclspec.language.spans import Span
from cyclspec.language.types.kinds import (
    Dist,
    Scale,
    Type,
    Vocabulary,
)

ArithmeticOp = Literal["+", "-", "*", "/", "^"]
Plain = bool | int | float | str
CompareOp = Literal["==", "!=", "<", "<=", ">", ">="]


@dataclass(frozen=True, slots=True, kw_only=True)
class Base:
    type: Type
    span: Span = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Literal_(Base):
    """A number, truth value or text; quantities are scaled (`95%` is 0.95, `7B` is 7e9)."""

    value: Plain


@dataclass(frozen=True, slots=True, kw_only=True)
class TextsTerm(Base):
    """One text in several languages: `{en: "China", zh: "中国"}`, as pairs of a language and its text."""

    texts: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class LevelTerm(Base):
    """One level of a closed vocabulary, or a language tag, or a bare word option of a builtin (vocabulary None)."""

    vocabulary: Vocabulary | None
    level: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ListTerm(Base):
    items: tuple[Term, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RangeTerm(Base):
    """`low..high`, both ends included; `high` None is `inf`."""

    low: float
    high: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class AxisTerm(Base):
    """The value of an axis in each cell: the row of `item`, the level of `country`."""

    axis: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AttributeTerm(Base):
    """A column or level attribute of an axis: `item.theme`, `item.options`, `country.region`, `person.weight`."""

    axis: str
    attribute: str


@dataclass(frozen=True, slots=True, kw_only=True)
class VocabularyTerm(Base):
    """A declared axis or scale as a value, the argument of `uniform(demo.mbti)`."""

    vocabulary: Vocabulary


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerTerm(Base):
    """What an ask reads; the probability of all labels together ("mass"); the text that it was read from ("text")."""

    ask: str
    field: Literal["value", "mass", "text"] = "value"


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldTerm(Base):
    """One field of a record that an ask reads: `life.pressures`. Optional: a reply may lack it."""

    ask: str
    field: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DrawnTerm(Base):
    """What an `each .. in draw(..)` or `shuffled(..)` binds: a value in every cell of its axes, and no axis of its own.

    `name` is the name that the `each` binds, by which its counter-based draws are told apart.
    """

    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PopulationTerm(Base):
    """`citizens.share`: the share of people, weighted, in each cell of a target."""

    target: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PythonTerm(Base):
    """The body of a metric written in Python: `module:function` of its formals, pinned by the hash of its source."""

    module: str
    function: str
    hash: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnTerm(Base):
    """A column of a corpus table, indexed by the axes that the table's references name."""

    table: str
    column: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PeopleTerm(Base):
    """The distribution of people's answers: `share over person by country weighted by person.weight of answers.value`.

    Type `dist(S) @ {item} + by ! data`. Evaluated on the data, not in the graph; carries n and effective n per cell.
    `weight` is a column of the people's table, or None.
    """

    table: str
    column: str
    people: str
    person: str
    by: tuple[str, ...]
    weight: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class HeadcountTerm(Base):
    """How many people stand behind each cell of a distribution: `count over person by country of answers.value`.

    `n` counts people; `n_eff` is their effective number (Kish), from `effective_count`. Type `real @ {item} + by`.
    """

    table: str
    column: str
    people: str
    person: str
    by: tuple[str, ...]
    weight: str | None
    scale: Scale
    number: Literal["n", "n_eff"]

    @property
    def shares(self) -> PeopleTerm:
        """The distribution whose people are counted."""
        return PeopleTerm(
            type=Type(Dist(self.scale), self.type.axes, self.type.phase),
            span=self.span,
            table=self.table,
            column=self.column,
            people=self.people,
            person=self.person,
            by=self.by,
            weight=self.weight,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class LetTerm(Base):
    """The value of a `let`, `measure` or `check` of the same audit, by name."""

    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FormalTerm(Base):
    """A formal of the metric whose body this stands in."""

    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NegateTerm(Base):
    of: Term


@dataclass(frozen=True, slots=True, kw_only=True)
class ArithmeticTerm(Base):
    op: ArithmeticOp
    left: Term
    right: Term


@dataclass(frozen=True, slots=True, kw_only=True)
class CompareTerm(Base):
    op: CompareOp
    left: Term
    right: Term


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberTerm(Base):
    """`value in [..]` or `value in low..high`; `negated` for `not in`."""

    of: Term
    among: ListTerm | RangeTerm
    negated: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class KindTerm(Base):
    """`item.options is ordinal`."""

    of: Term
    word: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LogicTerm(Base):
    op: Literal["and", "or", "not"]
    args: tuple[Term, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class IfTerm(Base):
    condition: Term
    then: Term
    otherwise: Term


@dataclass(frozen=True, slots=True, kw_only=True)
class CallTerm(Base):
    """A call of a builtin function by name; `words` are arguments that are bare words or names of axes."""

    function: str
    args: tuple[Term, ...]
    words: Mapping[str, tuple[str, ...]] = field(default_factory=dict, hash=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricTerm(Base):
    """A call of a metric: `body` is typed under the formals, one example at a time, over `option`.

    `scale` is the solved S. Arguments broadcast by axis name. All calls of a metric have one `body`, which calls share:
    a hash does not look into it.
    """

    metric: str
    formals: tuple[str, ...]
    args: tuple[Term, ...]
    body: Term = field(hash=False)
    scale: Scale


@dataclass(frozen=True, slots=True, kw_only=True)
class ReduceTerm(Base):
    """`reducer over axes [by ..] [weighted by ..] of term`; `along` keeps the axes."""

    reducer: str
    direction: Literal["over", "along"]
    axes: tuple[str, ...]
    by: tuple[str, ...]
    weight: Term | None
    of: Term
    args: tuple[tuple[str, Term], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PickTerm(Base):
    """`fit[tuning: chat]`: one level of one or more axes; levels `first` and `last` stand for themselves."""

    of: Term
    at: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class LookupTerm(Base):
    """`stacks.function[type: kind.personality]`: the level of `axis` that a value names, which may be an answer."""

    of: Term
    axis: str
    key: Term


Term = (
    Literal_
    | TextsTerm
    | LevelTerm
    | ListTerm
    | RangeTerm
    | AxisTerm
    | AttributeTerm
    | VocabularyTerm
    | AnswerTerm
    | FieldTerm
    | DrawnTerm
    | PopulationTerm
    | PythonTerm
    | ColumnTerm
    | PeopleTerm
    | HeadcountTerm
    | LetTerm
    | FormalTerm
    | NegateTerm
    | ArithmeticTerm
    | CompareTerm
    | MemberTerm
    | KindTerm
    | LogicTerm
    | IfTerm
    | CallTerm
    | MetricTerm
    | ReduceTerm
    | PickTerm
    | LookupTerm
)
