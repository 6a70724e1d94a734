"""The closed declarations and statements of an audit, over typed terms.

Produced by the type checker, consumed by the compiler. Ensures that parameters are bound, imports resolved and every
statement typed; nothing here refers to files or arrays.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from cyclspec.language.names.lock import FilePin, Locked, ModelPin
from cyclspec.language.spans import Span
from cyclspec.language.types.kinds import ItemScale, Kind, Scale, Type, Unit, Vocabulary
from cyclspec.language.types.terms import Term
from cyclspec.language.types.uncertainty import Drawn as Drawn
from cyclspec.language.types.uncertainty import Interval as Interval
from cyclspec.language.types.uncertainty import Permutation as Permutation
from cyclspec.language.types.uncertainty import SignFlip as SignFlip
from cyclspec.language.types.uncertainty import Test as Test


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
    """One table: `name` is `corpus.table`; `path` is relative to the folder of the module that declares it.

    `weight`, `strata` and `cluster` are the columns that say how its people were drawn and are weighted.
    `elsewhere` says of a file that did not travel with a pack what it is.
    """

    name: str
    columns: tuple[TypedColumn, ...]
    format: str
    path: str
    folder: str
    hash: str | None
    tolerance: float
    span: Span = field(compare=False, repr=False)
    weight: str | None = None
    strata: str | None = None
    cluster: str | None = None
    locked: Locked[FilePin] | None = field(default=None, compare=False, repr=False)
    elsewhere: tuple[str, ...] = field(default=(), compare=False, repr=False)

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
    """A typed function from formals to what the model is asked to write.

    `checks` are the conditions on fields of a record, by field; the fields stand in them as `FormalTerm`. `defaults`
    are the values of formals that need not be given.
    """

    name: str
    formals: tuple[tuple[str, Kind], ...]
    result: Kind
    messages: tuple[TypedMessage, ...]
    span: Span = field(compare=False, repr=False)
    checks: tuple[tuple[str, Term], ...] = ()
    defaults: tuple[tuple[str, Term], ...] = ()


Source = Literal["hf", "local", "openai", "demo", "recorded"]


@dataclass(frozen=True, slots=True)
class TypedModel:
    """A model of a panel: where it is (`hf`, `local`, `openai`, `demo`, `recorded`) and its level of each factor.

    `folder` is that of the module that declares it, beside which `local` places lie. `host` is whose server an `openai`
    model is on, where that is said. The `location` of a recorded model is what tables call it, empty for its own name.
    """

    name: str
    source: Source
    location: str
    folder: str
    revision: str | None
    host: str
    factors: Mapping[str, str | float] = field(hash=False)
    span: Span = field(compare=False, repr=False)
    locked: Locked[ModelPin] | None = field(default=None, compare=False, repr=False)


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


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldOut:
    """One side of a split of the rows of a table: about `share` of them, or with `rest` the others.

    Rows are drawn by the `name` of the split and their key, rows of one `cluster` together. Equal arguments make the
    same split in every audit, whatever its seed.
    """

    share: float
    name: str
    cluster: str | None
    rest: bool

    def __str__(self) -> str:
        """`the rest of 20% held out as tuning, by battery`."""
        named = f" as {self.name}" if self.name else ""
        by = f", by {self.cluster}" if self.cluster else ""
        return f"{'the rest of' if self.rest else 'the'} {100 * self.share:g}% held out{named}{by}"


@dataclass(frozen=True, slots=True)
class TableSource:
    table: str
    part: HeldOut | None = None


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


@dataclass(frozen=True, slots=True)
class ChildSource:
    """The entries of a list column of a row: `case.rewordings`; an axis that depends on `parent`.

    `table.column` is the list; a row with fewer entries than another leaves holes.
    """

    parent: str
    table: str
    column: str


@dataclass(frozen=True, slots=True)
class PermutationsSource:
    """`permutations(item.options, n = 4, keep = identity)`: orders of a scale, the first of them the scale's own.

    `n` is the number of orders at most; None is all of them. An item with fewer leaves holes. Depends on `parent`
    where every item has its own scale.
    """

    scale: Scale
    n: int | None
    keep_identity: bool
    parent: str | None


@dataclass(frozen=True, slots=True)
class WavesSource:
    """`waves(count = 4, every = 7d)`: dated sessions; `every` is in days."""

    count: int
    every: float


@dataclass(frozen=True, slots=True)
class SampleSource:
    """`sample(survey.people, n = 200, strata = [country], weight = weight)`: rows of a table, drawn by counter."""

    table: str
    n: int
    strata: tuple[str, ...]
    weight: str | None
    part: HeldOut | None = None


@dataclass(frozen=True, slots=True)
class DrawSource:
    """`draw(places, per = simulation)`: one level of `source` for each cell of `per`; adds no axis.

    Of permutations one of all orders is drawn.
    """

    source: VocabularySource | ValuesSource | TableSource | PermutationsSource
    per: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ShuffledSource:
    """`shuffled(country)`: another level of the axis in each of its cells; adds no axis."""

    axis: str


AxisSource = (
    TableSource
    | VocabularySource
    | ValuesSource
    | PanelSource
    | TargetSource
    | ChildSource
    | PermutationsSource
    | WavesSource
    | SampleSource
    | DrawSource
    | ShuffledSource
)


@dataclass(frozen=True, slots=True)
class TypedEach:
    """One `each`: what it binds, where the levels come from, and the condition on them, which may name other axes.

    `parents` are the axes that the bound ones depend on (language.md, rule A5); they stand before it in the audit.
    """

    names: tuple[str, ...]
    source: AxisSource
    where: Term | None
    span: Span = field(compare=False, repr=False)
    parents: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class FirstToken:
    """Reader: probability over option labels at the first answer position."""

    labels: Literal["letters", "numbers"]
    variants: Literal["exact", "union"]


@dataclass(frozen=True, slots=True)
class OptionLikelihood:
    """Reader: log-likelihood of each option's whole token sequence, normalised as it says.

    `boundary` says where the prompt's tokens end and the option's begin: by the tokens of both together, or as
    lm-evaluation-harness cuts them.
    """

    normalise: Literal["none", "by_token", "by_byte", "unconditional"]
    boundary: Literal["joint", "harness"]


@dataclass(frozen=True, slots=True)
class Sampled:
    """Reader: text drawn from the model, of which a choice is parsed.

    A temperature that differs between cells is an axis or a draw, by its name.
    """

    temperature: float | str
    top_p: float
    max_tokens: int


@dataclass(frozen=True, slots=True)
class TextReader:
    """Reader: the text itself."""

    temperature: float | str
    top_p: float
    max_tokens: int


@dataclass(frozen=True, slots=True)
class JsonReader:
    """Reader: a record, written by the model as JSON; `constrained` where it can write nothing else."""

    temperature: float | str
    top_p: float
    max_tokens: int
    constrained: bool


@dataclass(frozen=True, slots=True)
class Recorded:
    """Reader: answers that already exist, a column of a table indexed by the axes of the ask; no model is called.

    `reason` is the column of the same table that says why an answer is missing.
    """

    table: str
    column: str
    reason: str | None = None


Reader = FirstToken | OptionLikelihood | Sampled | TextReader | JsonReader | Recorded
MissingPolicy = Literal["drop", "keep", "retry"]


@dataclass(frozen=True, slots=True)
class History:
    """`history = turns(along = item, last = draw(0..5), clean = [answer, first_sentence])`: earlier turns, carried on

    Each cell sees between `low` and `high` earlier turns of the same cell along `along`, refusals left out, each turn
    cleaned as `clean` says. How many is drawn for each cell of `per`, None for each cell of the ask.
    """

    along: str
    low: int
    high: int
    clean: tuple[str, ...]
    per: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class ShownOptions:
    """Options that an ask shows or scores in a language, or in none, and that the data bring along with the items."""

    lang: str | None
    scale: ItemScale


@dataclass(frozen=True, slots=True, kw_only=True)
class TypedAsk:
    """`args` are the prompt's arguments by formal name; `axes` is the grid that the ask fills.

    `panel` is None where answers are recorded, whatever `model_axes` tell them apart. `scale` is that of a choice, None
    for texts and records. `stage` counts from 1: one more than the latest ask whose answers are arguments. `missing` is
    None where no answer can be missing; `retries` counts the further tries of `retry(n)`. `parse` names the parsers in
    the order they are tried. `shows` is what only the data can tell to exist in the languages of the ask.
    """

    name: str
    prompt: TypedPrompt
    args: tuple[tuple[str, Term], ...]
    panel: str | None
    model_axes: tuple[str, ...]
    per: tuple[str, ...]
    reader: Reader
    scale: Scale | None
    axes: frozenset[str]
    type: Type
    stage: int = 1
    parse: tuple[str, ...] = ()
    missing: MissingPolicy | None = None
    retries: int = 0
    seed: int | None = None
    history: History | None = None
    shows: tuple[ShownOptions, ...] = ()
    span: Span = field(compare=False, repr=False)

    @property
    def heat(self) -> str | None:
        """The axis or draw that the temperature is, None where it is one number or nothing is written."""
        match self.reader:
            case Sampled(temperature=str() as name) | TextReader(temperature=str() as name):
                return name
            case JsonReader(temperature=str() as name):
                return name
        return None


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
    test: Test | None = None
    bounds: Literal["worst_case"] | None = None
    sizes: Literal["equal"] | None = None


@dataclass(frozen=True, slots=True)
class TypedCheck:
    """A gate; `term` is bool over `axes`. A failing cell acts on every measure cell it covers, as `on_fail` says."""

    name: str
    term: Term
    axes: tuple[str, ...]
    on_fail: Literal["exclude", "withhold", "warn", "stop"]
    because: str
    span: Span = field(compare=False, repr=False)


Read = TypedLet | TypedMeasure | TypedCheck


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

    @property
    def reads(self) -> tuple[Read, ...]:
        """What is read off the answers: lets, measures and checks, each of which others may name."""
        return (*self.lets, *self.measures, *self.checks)
