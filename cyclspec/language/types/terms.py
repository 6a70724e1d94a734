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
    Kind,
    Scale,
    Type,
    Unit,
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
    """What an ask reads: a distribution, or the share of probability on the labels (`field` is "mass")."""

    ask: str
    field: Literal["value", "mass"] = "value"


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
class LetTerm(Base):
    """The value of a `let` or `measure` of the same audit, by name."""

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

    `scale` is the solved S. Arguments broadcast by axis name.
    """

    metric: str
    formals: tuple[str, ...]
    args: tuple[Term, ...]
    body: Term
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


Term = (
    Literal_
    | LevelTerm
    | ListTerm
    | RangeTerm
    | AxisTerm
    | AttributeTerm
    | VocabularyTerm
    | AnswerTerm
    | ColumnTerm
    | PeopleTerm
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
)


@dataclass(frozen=True, slots=True)
class TypedColumn:
    """One column of a corpus table as declared."""

    name: str
    kind: Kind
    optional: bool
    check: Term | None
    declared: str
    span: Span = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class TypedTable:
    """One table: `name` is `corpus.table`; `path` is relative to the folder of the module that declares it."""

    name: str
    columns: tuple[TypedColumn, ...]
    format: str
    path: str
    folder: str
    hash: str | None
    tolerance: float
    span: Span = field(compare=False, repr=False)

    def column(self, name: str) -> TypedColumn | None:
        return next((column for column in self.columns if column.name == name), None)


@dataclass(frozen=True, slots=True)
class TypedMessage:
    """One message of a prompt; the template is raw text with `{name.path|style}` holes."""

    role: Literal["system", "user", "assistant", "prefix"]
    lang: str | None
    template: str
    span: Span = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class TypedPrompt:
    name: str
    formals: tuple[tuple[str, Kind], ...]
    result: Kind
    messages: tuple[TypedMessage, ...]
    span: Span = field(compare=False, repr=False)


Source = Literal["hf", "local", "openai", "demo"]


@dataclass(frozen=True, slots=True)
class TypedModel:
    """A model of a panel: where it is (`hf`, `local`, `openai`, `demo`) and its level of each factor.

    `folder` is that of the module that declares it, beside which `local` places lie.
    """

    name: str
    source: Source
    location: str
    folder: str
    revision: str | None
    factors: Mapping[str, str | float] = field(hash=False)
    span: Span = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class TypedPanel:
    name: str
    factors: tuple[Vocabulary, ...]
    models: tuple[TypedModel, ...]


@dataclass(frozen=True, slots=True)
class TypedTarget:
    """The people of an audit: the axes that cut them, their table, weight column and smallest cell."""

    name: str
    axes: tuple[str, ...]
    people: str
    weight: str | None
    min_n: int


@dataclass(frozen=True, slots=True)
class TableSource:
    table: str


@dataclass(frozen=True, slots=True)
class VocabularySource:
    vocabulary: Vocabulary


@dataclass(frozen=True, slots=True)
class ValuesSource:
    """A list or range of plain values: `1..repeats`, `[en, zh]`."""

    values: tuple[str | int | float, ...]


@dataclass(frozen=True, slots=True)
class PanelSource:
    panel: str


@dataclass(frozen=True, slots=True)
class TargetSource:
    target: str


AxisSource = TableSource | VocabularySource | ValuesSource | PanelSource | TargetSource


@dataclass(frozen=True, slots=True)
class TypedEach:
    """One `each`: the axes it binds, where their levels come from, and the condition on them."""

    names: tuple[str, ...]
    source: AxisSource
    where: Term | None
    span: Span = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class FirstToken:
    """Reader: probability over option labels at the first answer position."""

    labels: Literal["letters", "numbers"]
    variants: Literal["exact", "union"]


Reader = FirstToken


@dataclass(frozen=True, slots=True)
class TypedAsk:
    """`args` are the prompt's arguments by formal name; `axes` is the grid that the ask fills."""

    name: str
    prompt: TypedPrompt
    args: tuple[tuple[str, Term], ...]
    panel: str
    model_axes: tuple[str, ...]
    per: tuple[str, ...]
    reader: Reader
    scale: Scale
    axes: frozenset[str]
    type: Type
    span: Span = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Interval:
    """`bootstrap(over = ..., draws = ..., level = ...)`."""

    over: tuple[str, ...]
    draws: int
    level: float


@dataclass(frozen=True, slots=True)
class TypedLet:
    name: str
    term: Term
    span: Span = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class TypedMeasure:
    name: str
    by: tuple[str, ...]
    unit: Unit
    term: Term
    better: Literal["higher", "lower"] | None
    interval: Interval | None
    adjust: Literal["holm", "bh"] | None
    doc: tuple[str, ...]
    span: Span = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class TypedCheck:
    """A gate; `term` is bool over `axes`. A failing cell acts on every measure cell it covers, as `on_fail` says."""

    name: str
    term: Term
    axes: tuple[str, ...]
    on_fail: Literal["exclude", "withhold", "warn", "stop"]
    because: str
    span: Span = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class TypedAudit:
    """One audit, closed: parameters are bound, imports resolved, every statement typed."""

    name: str
    title: str
    seed: int
    eaches: tuple[TypedEach, ...]
    asks: tuple[TypedAsk, ...]
    lets: tuple[TypedLet, ...]
    measures: tuple[TypedMeasure, ...]
    checks: tuple[TypedCheck, ...]
    tables: Mapping[str, TypedTable] = field(hash=False)
    panels: Mapping[str, TypedPanel] = field(hash=False)
    targets: Mapping[str, TypedTarget] = field(hash=False)
    offer_missing: bool
    count_missing: bool
    params: Mapping[str, str] = field(hash=False)
    span: Span = field(compare=False, repr=False)
