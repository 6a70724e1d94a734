"""What is known of a corpus once its files are read: plain values, printed and written as JSON elsewhere.

Ensures that every number says what it counts. `n` counts people whose weight is not zero, as the scores do.
`weighted` and `unweighted` are shares from 0 to 1 of those people. None stands where a number does not exist: a
share of nobody, a design effect without a declared design. Names of levels and codes of options are those of the
spec and its files.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from cyclspec.language.spans import Span


@dataclass(frozen=True, slots=True)
class TableFacts:
    """One table and its file: `sha256` is the digest of all its bytes."""

    table: str
    file: str
    format: str
    rows: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Share:
    """One level of an axis, or one option of an item.

    - `n`: people. `n_eff`: their Kish effective number, (sum w)^2 / sum w^2.
    - `deff_weights`: n / n_eff, which is 1 + cv^2 of their weights (Kish 1965, section 11.7).
    - `se`: the standard error of `weighted`, by Taylor linearisation over the declared strata and clusters.
    - `deff`: the square of `se` over the variance of the same share in a simple random sample of as many people.
    """

    name: str
    n: int
    n_eff: float
    unweighted: float | None
    weighted: float | None
    deff_weights: float | None
    se: float | None
    deff: float | None


@dataclass(frozen=True, slots=True)
class Marginal:
    """The people of one axis, by level; `n_without` have none of its levels."""

    axis: str
    levels: tuple[Share, ...]
    n_without: int


@dataclass(frozen=True, slots=True)
class Cell:
    """One combination of levels, in the order of the axes; `share` is the weighted share of the people in any cell."""

    levels: tuple[str, ...]
    n: int
    n_eff: float
    share: float | None


@dataclass(frozen=True, slots=True)
class CellsFacts:
    """The cells of a target, or of all demographic axes where `target` is None.

    `cells` holds those with at least one person, or all where they are few; `empty` counts the others too.
    `least` is how many people a cell should have, `n_without` the people who have no level along some axis.
    """

    target: str | None
    axes: tuple[str, ...]
    weight: str | None
    least: int
    total: int
    empty: int
    small: int
    n_without: int
    cells: tuple[Cell, ...]


@dataclass(frozen=True, slots=True)
class WeightFacts:
    """The weights of the people of one level (or of all, where `level` is None), those of weight zero among them.

    `deff_weights` is 1 + cv^2 over the people whose weight is not zero.
    """

    level: str | None
    n: int
    n_zero: int
    mean: float | None
    least: float | None
    largest: float | None
    deff_weights: float | None


@dataclass(frozen=True, slots=True)
class DesignFacts:
    """How people were drawn: `lonely` strata have one cluster, `incomplete` people have no stratum or no cluster."""

    strata: str | None
    cluster: str | None
    n_strata: int
    n_clusters: int
    lonely: tuple[str, ...]
    incomplete: int


@dataclass(frozen=True, slots=True)
class PeopleFacts:
    """One table of people. `within` is the axis in each of whose levels weights should average one."""

    table: str
    n: int
    n_eff: float
    weight: str | None
    within: str | None
    weights: tuple[WeightFacts, ...]
    design: DesignFacts | None
    cells: tuple[CellsFacts, ...]
    too_many_cells: int
    marginals: tuple[Marginal, ...]


@dataclass(frozen=True, slots=True)
class ItemFacts:
    """What people answered to one item.

    - `n`: answers that are an option and not a missing one. `n_missing`: missing options and empty answers.
    - `n_absent`: people without a row, who were not asked or broke off. `missing` and `missing_weighted`: the
      shares of
      missing answers among the rows.
    - `options`: shares of `n`. `missing_options`: how many chose each. `never`: options that nobody chose.
    - `asked_in`: for each axis, in how many levels at least one person has a row.
    """

    item: str
    n: int
    n_eff: float
    n_missing: int
    n_absent: int
    missing: float | None
    missing_weighted: float | None
    options: tuple[Share, ...]
    missing_options: Mapping[str, int]
    never: tuple[str, ...]
    asked_in: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class GroupMissing:
    """How many rows of one item in one level of an axis there are, and how many of them are missing answers."""

    item: str
    axis: str
    level: str
    n: int
    n_missing: int


@dataclass(frozen=True, slots=True)
class AnswersFacts:
    """One column of answers. `levels` counts, for each axis, the levels in which there are people."""

    table: str
    column: str
    items_table: str
    people: str
    levels: Mapping[str, int]
    items: tuple[ItemFacts, ...]
    missing: tuple[GroupMissing, ...]


@dataclass(frozen=True, slots=True)
class OffSum:
    """A published distribution whose sum is not one: `levels` name its group, `deviation` is sum - 1."""

    row: int
    item: str
    levels: tuple[str, ...]
    deviation: float


@dataclass(frozen=True, slots=True)
class PublishedItem:
    """The rows of one item: `missing` is the mean share of its missing options over them, None without such options."""

    item: str
    rows: int
    missing: float | None
    never: tuple[str, ...]
    asked_in: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class PublishedFacts:
    """One column of published distributions.

    `off` are those whose sum is not one, the farthest first; `tolerance` says up to where they are brought to
    one. `second` counts rows for a cell that has one already, `small` those that rest on fewer people than they
    should (None where the table does not say on how many).
    """

    table: str
    column: str
    items_table: str
    axes: tuple[str, ...]
    rows: int
    tolerance: float
    levels: Mapping[str, int]
    off: tuple[OffSum, ...]
    second: int
    least: int
    small: int | None
    items: tuple[PublishedItem, ...]


@dataclass(frozen=True, slots=True)
class LanguageFacts:
    """In which languages some texts exist: `have` counts them by language, `plain` those that name no language."""

    what: str
    kind: str
    total: int
    have: Mapping[str, int]
    plain: int
    span: Span | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class DuplicateFacts:
    """Rows that say the same: `groups` are the first few, by key.

    `kind` is `people` (equal in every column and every answer), `answers` (a second answer of one person to one
    item) or `items` (the same question with the same options). `count` is how many rows repeat an earlier one.
    """

    table: str
    kind: str
    count: int
    total: int
    groups: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class CorpusFacts:
    """Everything that is said of one corpus."""

    corpus: str
    title: str | None
    release: str | None
    licence: str | None
    tables: tuple[TableFacts, ...]
    people: tuple[PeopleFacts, ...]
    answers: tuple[AnswersFacts, ...]
    published: tuple[PublishedFacts, ...]
    languages: tuple[LanguageFacts, ...]
    duplicates: tuple[DuplicateFacts, ...]
