"""Rules of measures and checks."""

from __future__ import annotations

from typing import Final

from cyclspec.language.diagnostics.cy02_types import WrongType
from cyclspec.language.diagnostics.cy03_axes import AxisLeftOver, MeasureMayBeMissing
from cyclspec.language.diagnostics.cy05_units import DifferenceOfShares
from cyclspec.language.rules.rule import Rule, holds
from cyclspec.language.types.measures import check_statement, measure_statement

MEASURES: Final[tuple[Rule, ...]] = (
    Rule(
        name="measure (A3)",
        formula="measure m by B : U = e,  e : U @ A   =>   A = B",
        says="A measure ends with exactly the axes it declares: nothing is averaged in silence.",
        applied_by=measure_statement,
        breaks=AxisLeftOver,
        good=holds("measure mass by town, model : share = mean over item of reply.mass"),
        bad=holds("measure mass by model : share = mean over item of reply.mass"),
    ),
    Rule(
        name="no missing measure",
        formula="measure m : U = e,  e : T   =>   T is not `?`",
        says="A measure is a number in every cell; what may be missing is reduced first.",
        applied_by=measure_statement,
        breaks=MeasureMayBeMissing,
        good=holds(
            "each repeat in 1..2\n"
            "  ask day = diary(town) { model = model, per = [repeat], read = json, missing = drop }\n"
            "  measure mood by town, model : share = mean over repeat of day.mood"
        ),
        bad=holds(
            "each repeat in 1..2\n"
            "  ask day = diary(town) { model = model, per = [repeat], read = json, missing = drop }\n"
            "  measure mood by town, repeat, model : share = day.mood"
        ),
    ),
    Rule(
        name="differences of shares",
        formula="share - share : points",
        says="A difference of shares lies in -1..1 and is declared in points.",
        applied_by=measure_statement,
        breaks=DifferenceOfShares,
        good=holds(
            "measure gain by model : points = mean over item of reply.mass[town: harbour] - reply.mass[town: mill]"
        ),
        bad=holds(
            "measure gain by model : share = mean over item of reply.mass[town: harbour] - reply.mass[town: mill]"
        ),
    ),
    Rule(
        name="check",
        formula="check c = e,  e : bool @ A;  a failing cell withholds every measure cell that it covers",
        says="A check is true or false in every cell.",
        applied_by=check_statement,
        breaks=WrongType,
        good=holds("check firm = (mean over item, town of reply.mass) >= 0.9 { on_fail = warn }"),
        bad=holds("check firm = mean over item, town of reply.mass"),
    ),
)
