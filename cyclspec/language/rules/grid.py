"""Rules of the grid: axes, dependent axes, phases, what is asked."""

from __future__ import annotations

from typing import Final

from cyclspec.language.diagnostics.cy02_types import WrongArguments
from cyclspec.language.diagnostics.cy03_axes import (
    AxisNameTaken,
    AxisNeverAsked,
    KnownTooLate,
    ParentBeforeChild,
)
from cyclspec.language.diagnostics.cy05_units import OutsideRange
from cyclspec.language.rules.rule import Rule, holds
from cyclspec.language.types.audits import elaborate_audits
from cyclspec.language.types.axes import each_statement
from cyclspec.language.types.reductions import infer_reduce

_REWORDED = (
    "each phrasing in item.phrasings\n"
    "  ask again = reworded(phrasing, item) { model = model, read = first_token }\n"
    "  check sure = (min over item, phrasing of again.mass) >= 0.5\n  "
)

GRID: Final[tuple[Rule, ...]] = (
    Rule(
        name="explicit asks (A1)",
        formula="axes(ask) = axes of its arguments + axes of its model + per;  an `each` in none of them is a warning",
        says="An ask is repeated only over what it mentions; an axis that no ask mentions is pointed out.",
        applied_by=elaborate_audits,
        breaks=AxisNeverAsked,
        good=holds(
            "each repeat in 1..2\n"
            "  ask again = neighbour(item, town) { model = model, per = [repeat], read = first_token }\n"
            "  check sure = (min over item, town, repeat of again.mass) >= 0.5"
        ),
        bad=holds("each repeat in 1..2"),
    ),
    Rule(
        name="dependent axes (A5)",
        formula="each y in x.column   =>   parents(y) = {x};  R over X needs no y in A - X with a parent in X",
        says="What has a wording has its item too, and the item cannot go while the wording stays.",
        applied_by=infer_reduce,
        breaks=ParentBeforeChild,
        good=holds(_REWORDED + "measure firm by model : share = mean over item, phrasing of again.mass"),
        bad=holds(_REWORDED + "measure firm by phrasing, model : share = mean over item of again.mass"),
    ),
    Rule(
        name="destructuring (A6)",
        formula="each a, b in panel | target   binds exactly its factors | axes, "
        "with holes where a combination is absent",
        says="Several axes of one source are bound together and by their own names.",
        applied_by=each_statement,
        breaks=AxisNameTaken,
        good=holds(
            "each tuning in pair\n"
            "  ask again = neighbour(item, town) { model = pair, read = first_token }\n"
            "  check sure = (min over item, town of again.mass) >= 0.5"
        ),
        bad=holds("each tuning, size in pair"),
    ),
    Rule(
        name="phases (A7)",
        formula="phase(each, where, seed) <= data;  phase(argument of an ask) <= response of an earlier ask",
        says="What is asked is known before any answer: the whole workload can be planned.",
        applied_by=each_statement,
        breaks=KnownTooLate,
        good=holds("", where=" where item.theme == home"),
        bad=holds("each level in town where reply.mass > 0.5"),
    ),
    Rule(
        name="sampled respondents",
        formula="each x in sample(T, n =, strata =, weight =)   =>   x : row T @ {x}",
        says="People are drawn from a table, by strata and weight, with a seed of their own.",
        applied_by=each_statement,
        breaks=WrongArguments,
        good=holds(
            "each person in sample(survey.people, n = 20, strata = [town], weight = weight)\n"
            "  ask again = neighbour(item, person.town) { model = model, read = first_token }\n"
            "  check sure = (min over item, person of again.mass) >= 0.5"
        ),
        bad=holds("each person in sample(survey.people, strata = [town])"),
    ),
    Rule(
        name="held-out rows",
        formula="each x in holdout(T, share =, name =, cluster =)  |  rest(T, ..)   =>   x : row T @ {x};  "
        "rows(holdout(a)) + rows(rest(a)) = rows(T),  rows(holdout(a)) & rows(rest(a)) = {}",
        says="A split of a table has two sides. Equal arguments make the same split in every audit.",
        applied_by=each_statement,
        breaks=OutsideRange,
        good=holds(
            'each person in sample(rest(survey.people, share = 20%, name = "tuning"), n = 20)\n'
            "  ask again = neighbour(item, person.town) { model = model, read = first_token }\n"
            "  check sure = (min over item, person of again.mass) >= 0.5"
        ),
        bad=holds("each person in holdout(survey.people, share = 20)"),
    ),
)
