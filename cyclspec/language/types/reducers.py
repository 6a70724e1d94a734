"""The reducers of the language as data: what each reduces, what it gives, its arguments, its formula.

`reductions` checks a reduction against this table, `fitted` the arguments of a fitted statistic, and the reference is
written from it. Ensures that a reducer is named once for each direction.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

from cyclspec.language.types.kinds import Unit

Direction = Literal["over", "along"]
Operand = Literal[
    "number", "truth", "pair", "ordered", "choice", "level", "text", "date", "distribution", "anything"
]
"""What a value is to a reducer: `pair` is a choice between two options, `ordered` a level or choice with an order."""

Result = Literal[
    "same", "dist", "share", "count", "number", "coefficient", "rank", "spread", "square", "change"
]
"""What comes out: the operand's own kind, a distribution over its scale, or a number in a unit; `spread` is a share for
points, `change` is points for a share, `square` is a plain number and needs a fraction."""

UNIT_OF: Final[Mapping[Result, Unit]] = {
    "share": Unit.SHARE,
    "count": Unit.NONE,
    "number": Unit.NONE,
    "coefficient": Unit.COEFFICIENT,
    "rank": Unit.RANK,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """An argument of a reducer.

    `is_a` says what is written: names of reduced `axes`, or of axes that are `kept`; a `value` beside the operand, on
    axes that it has; one of `words`; a `fraction` in 0..1; a `whole` number; a declared `axis`; or a level of that
    axis in each cell (`side`). `default` None means that it must be given, an empty one that it may be left out.
    """

    name: str
    is_a: Literal["axes", "kept", "value", "word", "fraction", "whole", "axis", "side"]
    says: str
    words: tuple[str, ...] = ()
    default: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reducer:
    """One reducer. `takes` pairs what it can reduce with what comes out, the first that fits counts.

    `keeps_missing` says that a value that may be missing is still so afterwards; all others leave missing values out.
    `adds` names the parameter whose axis the result has besides, or the axis itself.
    """

    name: str
    takes: tuple[tuple[Operand, Result], ...]
    says: str
    formula: str
    direction: Direction = "over"
    parameters: tuple[Parameter, ...] = ()
    weighted: bool = False
    keeps_missing: bool = False
    adds: str = ""
    source: str = ""

    @property
    def required(self) -> tuple[str, ...]:
        return tuple(parameter.name for parameter in self.parameters if parameter.default is None)

    def parameter(self, name: str) -> Parameter | None:
        return next((parameter for parameter in self.parameters if parameter.name == name), None)


_RATINGS: Final[tuple[tuple[Operand, Result], ...]] = (
    ("choice", "coefficient"),
    ("level", "coefficient"),
    ("number", "coefficient"),
    ("truth", "coefficient"),
)
_VOTES: Final[tuple[tuple[Operand, Result], ...]] = (
    ("choice", "share"),
    ("level", "share"),
    ("truth", "share"),
)
_AGAINST: Final = Parameter(
    name="against",
    is_a="value",
    says="the other value, on axes that the reduced one has",
)

_LOCATION: Final = (
    Reducer(
        name="mean",
        takes=(("number", "same"), ("truth", "share"), ("distribution", "same")),
        weighted=True,
        says="The arithmetic mean; of true and false the share that is true; of distributions a distribution.",
        formula="sum(w x) / sum(w)",
    ),
    Reducer(
        name="sum",
        takes=(("number", "same"), ("truth", "count")),
        weighted=True,
        says="The sum; of true and false the number that are true.",
        formula="sum(w x)",
    ),
    Reducer(
        name="min",
        takes=(("number", "same"), ("ordered", "same"), ("date", "same")),
        says="The smallest value.",
        formula="min(x)",
    ),
    Reducer(
        name="max",
        takes=(("number", "same"), ("ordered", "same"), ("date", "same")),
        says="The largest value.",
        formula="max(x)",
    ),
    Reducer(
        name="median",
        takes=(("number", "same"),),
        says="The middle value; of an even number of values the mean of the two in the middle.",
        formula="(x[(n+1)/2] + x[n/2+1]) / 2 on sorted x",
    ),
    Reducer(
        name="quantile",
        takes=(("number", "same"),),
        parameters=(Parameter(name="at", is_a="fraction", says="the share of values below, in 0..1"),),
        says="A quantile, linear between neighbouring values.",
        formula="x[h] + (h - floor(h)) (x[h+1] - x[h]), h = (n - 1) at, on sorted x",
        source="Hyndman and Fan 1996, Sample Quantiles in Statistical Packages, definition 7",
    ),
    Reducer(
        name="mode",
        takes=(
            ("choice", "same"),
            ("level", "same"),
            ("number", "same"),
            ("truth", "same"),
            ("text", "same"),
        ),
        weighted=True,
        keeps_missing=True,
        says="The most frequent value, or the one with the largest summed weight; missing where two are equal.",
        formula="argmax over v of sum(w where x = v)",
    ),
)
_SPREAD: Final = (
    Reducer(
        name="sd",
        takes=(("number", "spread"),),
        says="The sample standard deviation.",
        formula="sqrt(sum((x - mean)^2) / (n - 1))",
    ),
    Reducer(
        name="var",
        takes=(("number", "square"),),
        says="The sample variance, of plain numbers and fractions.",
        formula="sum((x - mean)^2) / (n - 1)",
    ),
    Reducer(
        name="count",
        takes=(("truth", "count"), ("anything", "count")),
        says="How many values are true, or, of anything else, how many are not missing.",
        formula="n",
    ),
    Reducer(
        name="effective_count",
        takes=(("anything", "number"),),
        weighted=True,
        says="Kish's effective number: how many values of equal weight tell as much. Without weights it is `count`.",
        formula="sum(w)^2 / sum(w^2)",
        source="Kish 1965, Survey Sampling, section 11.7",
    ),
    Reducer(
        name="share",
        takes=(("truth", "share"), ("choice", "dist"), ("level", "dist")),
        weighted=True,
        says="How often each option is chosen, a distribution; of true and false the share that is true.",
        formula="sum(w where x = v) / sum(w) for each option v",
    ),
)
_RELATION: Final = (
    Reducer(
        name="slope",
        takes=(("number", "change"),),
        parameters=(_AGAINST,),
        weighted=True,
        says="The least-squares slope of the value against another.",
        formula="cov(x, against) / var(against)",
    ),
    Reducer(
        name="pearson",
        takes=(("number", "coefficient"),),
        parameters=(_AGAINST,),
        says="The linear correlation.",
        formula="cov(x, against) / (sd(x) sd(against))",
    ),
    Reducer(
        name="spearman",
        takes=(("number", "coefficient"), ("ordered", "coefficient")),
        parameters=(_AGAINST,),
        says="The correlation of ranks; ties have their mean rank.",
        formula="pearson of ranks",
        source="Spearman 1904, The Proof and Measurement of Association between Two Things",
    ),
    Reducer(
        name="kendall",
        takes=(("number", "coefficient"), ("ordered", "coefficient")),
        parameters=(_AGAINST,),
        says="Rank correlation by pairs in the same and in opposite order, corrected for ties (tau-b).",
        formula="(C - D) / sqrt((C + D + Tx) (C + D + Ty))",
        source="Kendall 1945, The Treatment of Ties in Ranking Problems",
    ),
)
_PAIRS: Final = (
    Parameter(
        name="within",
        is_a="axes",
        default="",
        says="reduced axes on which both values of a pair have one level",
    ),
    Parameter(
        name="between",
        is_a="axes",
        default="",
        says="reduced axes on which they have different levels",
    ),
)

_AGREEMENT: Final = (
    Reducer(
        name="pair_agreement",
        takes=_VOTES,
        parameters=_PAIRS,
        says="The share of pairs of values that are equal.",
        formula="sum over v of n_v (n_v - 1) / (n (n - 1))",
    ),
    Reducer(
        name="pair_disagreement",
        takes=_VOTES,
        parameters=_PAIRS,
        says="The share of pairs of values that differ.",
        formula="1 - pair_agreement",
    ),
    Reducer(
        name="cohen_kappa",
        takes=(("choice", "coefficient"), ("level", "coefficient"), ("truth", "coefficient")),
        parameters=(
            Parameter(name="raters", is_a="axes", says="the axis whose two levels are the two raters"),
            Parameter(
                name="weights",
                is_a="word",
                words=("none", "linear", "quadratic"),
                default="none",
                says="how much a disagreement counts; `linear` and `quadratic` need an order",
            ),
        ),
        says="Agreement of two raters beyond chance; the other reduced axes are the units.",
        formula="(po - pe) / (1 - pe)",
        source="Cohen 1960, A Coefficient of Agreement for Nominal Scales; Cohen 1968 for weights",
    ),
    Reducer(
        name="krippendorff",
        takes=_RATINGS,
        parameters=(
            Parameter(name="units", is_a="axes", says="the axes whose cells are rated"),
            Parameter(name="raters", is_a="axes", says="the axes that rate them"),
            Parameter(
                name="level",
                is_a="word",
                words=("nominal", "ordinal", "interval"),
                default="nominal",
                says="how far apart two values are; `ordinal` needs an order, `interval` numbers",
            ),
        ),
        says="Krippendorff's alpha: agreement of any number of raters beyond chance, with missing ratings.",
        formula="1 - Do / De",
        source="Krippendorff 2011, Computing Krippendorff's Alpha-Reliability",
    ),
)
_SIDES: Final = (
    Parameter(name="first", is_a="side", says="the item that the first option stands for"),
    Parameter(name="second", is_a="side", says="the item that the second option stands for"),
)
_COMPARED: Final = (
    *_SIDES,
    Parameter(name="items", is_a="axis", says="the axis of items, which the result has"),
)
_FITTED: Final = (
    Reducer(
        name="bradley_terry",
        takes=(("pair", "number"),),
        parameters=_COMPARED,
        adds="items",
        says="Strengths of items by maximum likelihood from choices between two of them, log scale, mean zero; missing "
        "where the comparisons do not connect all items both ways.",
        formula="P(i beats j) = 1 / (1 + exp(s_j - s_i))",
        source="Bradley and Terry 1952, Rank Analysis of Incomplete Block Designs; Hunter 2004",
    ),
    Reducer(
        name="win_share",
        takes=(("pair", "share"),),
        parameters=_COMPARED,
        adds="items",
        says="The share of its comparisons that each item wins; missing where it is never compared.",
        formula="wins_i / (wins_i + losses_i)",
        source="David 1988, The Method of Paired Comparisons",
    ),
    Reducer(
        name="nontransitive_triples",
        takes=(("pair", "share"),),
        parameters=(
            *_SIDES,
            Parameter(name="items", is_a="axis", says="the axis of items, whose triples are looked at"),
        ),
        says="The share of triples of items whose three majorities form a circle; a triple with a pair that was never "
        "compared, or is tied, is left out.",
        formula="circular triples / triples with three majorities",
        source="Kendall and Babington Smith 1940, On the Method of Paired Comparisons",
    ),
    Reducer(
        name="principal_components",
        takes=(("number", "number"),),
        parameters=(
            Parameter(name="units", is_a="kept", says="the axis whose levels are placed"),
            Parameter(name="n", is_a="whole", default="2", says="the number of components, 1 or more"),
        ),
        adds="component",
        says="Scores of units on the first components of the centred values; the reduced axes are the variables. "
        "A unit that lacks a value is left out, and missing.",
        formula="U S of the singular value decomposition; the largest loading is positive",
        source="Jolliffe 2002, Principal Component Analysis",
    ),
)
_ALONG: Final = (
    Reducer(
        name="cumsum",
        direction="along",
        takes=(("number", "same"),),
        keeps_missing=True,
        says="The running sum along an ordered axis, which stays; a missing value is left out of later sums.",
        formula="x[1] + .. + x[i]",
    ),
    Reducer(
        name="diff",
        direction="along",
        takes=(("number", "change"),),
        keeps_missing=True,
        says="The difference from the level before on an ordered axis, which stays; the first level has none.",
        formula="x[i] - x[i - 1]",
    ),
    Reducer(
        name="sorted",
        direction="along",
        takes=(("number", "same"),),
        keeps_missing=True,
        says="The values in rising order along an axis, which stays: at its first level the smallest.",
        formula="x[(1)] <= .. <= x[(n)]",
    ),
    Reducer(
        name="rank",
        direction="along",
        takes=(("number", "rank"),),
        keeps_missing=True,
        says="The rank along an axis, which stays: 1 is the largest, ties have their mean rank.",
        formula="1 + number of larger + (number of equal - 1) / 2",
    ),
)

REDUCERS: Final[Mapping[tuple[str, Direction], Reducer]] = {
    (reducer.name, reducer.direction): reducer
    for reducer in (*_LOCATION, *_SPREAD, *_RELATION, *_AGREEMENT, *_FITTED, *_ALONG)
}


def reducer_names(direction: Direction) -> tuple[str, ...]:
    """The names of the reducers of one direction, in the order of the reference."""
    return tuple(name for name, way in REDUCERS if way == direction)
