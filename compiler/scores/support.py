"""Which typed terms have an array program: everything else is refused by name, all in one go.

Expects the terms that measures and checks reach. Ensures that a graph is built only from terms that `expressions` and
`kernels` know.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Final

from cyclspec.compiler.axes import Grid
from cyclspec.compiler.scores.arithmetic import FUNCTIONS
from cyclspec.compiler.scores.fields import with_fields
from cyclspec.compiler.scores.frame import Frame
from cyclspec.compiler.scores.rearranged import breaking_tests, idle_tests
from cyclspec.compiler.scores.reasons import MISSING_OPTION, REASONS
from cyclspec.compiler.scores.reducers import REDUCERS
from cyclspec.compiler.scores.running import ALONG
from cyclspec.compiler.scores.vocabularies import word_of
from cyclspec.compiler.scores.walk import named_terms, parts
from cyclspec.language.diagnostics import Diagnostic
from cyclspec.language.diagnostics.cy02_types import WrongArguments
from cyclspec.language.diagnostics.cy08_not_yet import NotLowered
from cyclspec.language.types.kinds import (
    Bool,
    Choice,
    Date,
    Dist,
    ItemScale,
    Number,
    Of,
    Text,
    scale_name,
)
from cyclspec.language.types.terms import (
    AnswerTerm,
    ArithmeticTerm,
    AttributeTerm,
    CallTerm,
    ColumnTerm,
    CompareTerm,
    DrawnTerm,
    FormalTerm,
    IfTerm,
    KindTerm,
    LetTerm,
    LevelTerm,
    ListTerm,
    Literal_,
    LogicTerm,
    LookupTerm,
    MemberTerm,
    MetricTerm,
    NegateTerm,
    PeopleTerm,
    PickTerm,
    PythonTerm,
    RangeTerm,
    ReduceTerm,
    Term,
    VocabularyTerm,
)
from cyclspec.language.types.typed import Permutation, TypedAudit, TypedMeasure

BASELINES: Final = frozenset({"human_mean", "human_mean_in_sample", "human_shuffled"})
CELL_FUNCTIONS: Final = (
    FUNCTIONS
    | BASELINES
    | {
        "is_missing",
        "uniform",
        "one_hot",
        "size",
        "span",
        "complete",
        "models_unchanged",
        "value",
    }
)
_BY_RATER: Final = frozenset({"cohen_kappa", "krippendorff", "principal_components"})
"""Reducers that count how often units and raters were drawn, each by themselves."""
_BRANCHES: Final = (Number, Bool, Choice, Of)
"""What `if` can choose between."""
_WORDS: Final = (LevelTerm, Literal_, ListTerm, VocabularyTerm)
"""Arguments of reducers that are no values: words, numbers of the spec, names of axes."""
_OF_PEOPLE: Final = (
    "take `share over person of` the column, then an option of it: `[option: first]`; `count over person of` the "
    "column is how many people answered"
)
MOST_COUNTS: Final = 2 << 30
"""Bytes that the counts of all draws of a measure may hold."""
METRIC_FUNCTIONS: Final = FUNCTIONS | {"size", "span", "index", "value"}
METRIC_REDUCERS: Final = frozenset(
    {(name, "over") for name in ("sum", "mean", "min", "max")}
    | {(name, "along") for name in ("cumsum", "diff", "sorted")}
)


def refusals(audit: TypedAudit) -> tuple[NotLowered, ...]:
    """What measures and checks use, directly or through lets, that cannot run yet."""
    audit = with_fields(audit)
    found: dict[NotLowered, None] = {}
    for measure in audit.measures:
        found |= dict.fromkeys(_draws(audit, measure))
    bodies: set[int] = set()
    for term in _reached(audit):
        found |= dict.fromkeys(_term(term, bodies))
    return tuple(found)


def _reached(audit: TypedAudit, *roots: Term) -> Iterator[Term]:
    """Every distinct term below measures and checks, through lets; arguments without values of their own left out.

    Below `roots` alone where they are given.
    """
    named, seen = named_terms(audit), set[Term]()
    read = (*(measure.term for measure in audit.measures), *(check.term for check in audit.checks))
    waiting: list[Term] = list(roots or read)
    while waiting:
        term = waiting.pop()
        if term in seen:
            continue
        seen.add(term)
        yield term
        if isinstance(term, LetTerm):
            waiting.append(named[term.name])
        waiting.extend(_evaluated_parts(term))


def _evaluated_parts(term: Term) -> tuple[Term, ...]:
    match term:
        case CallTerm(function="uniform" | "one_hot" | "size" | "span" | "complete" | "models_unchanged"):
            return ()
        # Whether there is a text is known without its value.
        case CallTerm(function="is_missing", args=(AnswerTerm(field="value") as answer,)) if _unread(answer):
            return ()
        case ReduceTerm(reducer="count", of=AnswerTerm(field="value") as answer) if _unread(answer):
            return ()
        # What is refused by its name is not refused again for its arguments.
        case CallTerm(function=function) if function not in CELL_FUNCTIONS:
            return ()
        case ReduceTerm(of=of) if _reducer(term):
            return (of,)
        case ReduceTerm(of=of, weight=weight, args=args):
            values = (arg for _, arg in args if not isinstance(arg, _WORDS))
            return (of, *(() if weight is None else (weight,)), *values)
        case LookupTerm(of=of) if _refused(term):
            return (of,)
        case IfTerm(condition=condition) if not isinstance(term.type.kind, _BRANCHES):
            return (condition,)
        case IfTerm(condition=condition, then=then, otherwise=otherwise):
            return (condition, *(side for side in (then, otherwise) if word_of(side) is None))
        case MemberTerm(of=of, among=ListTerm(items=items)):
            return (of, *(item for item in items if word_of(item) is None))
        case MemberTerm(of=of):
            return (of,)
        case CompareTerm(left=left, right=right):
            return tuple(side for side in (left, right) if word_of(side) is None)
        case _:
            return parts(term)


def _unread(answer: AnswerTerm) -> bool:
    """Whether measures have no value of an answer: a text, a record, several options."""
    return not isinstance(answer.type.kind, Dist | Choice)


def _draws(audit: TypedAudit, measure: TypedMeasure) -> Iterator[NotLowered]:
    """What a measure is drawn again as, and cannot be."""
    nested = measure.interval is not None and any(one.within for one in measure.interval.drawings)
    for term in _reached(audit, measure.term) if nested else ():
        if isinstance(term, ReduceTerm) and (term.reducer in _BY_RATER or _apart(term)):
            yield NotLowered(span=term.span, what=f"`{term.reducer}` under a nested bootstrap")
    test = measure.test
    if not isinstance(test, Permutation):
        return
    for term in _reached(audit, measure.term):
        if isinstance(term, AnswerTerm | PeopleTerm | ColumnTerm) and _varies(term, test.over):
            what = f"a permutation over `{test.over}`, whose levels have options of their own,"
            yield NotLowered(span=measure.span, what=what)


def _apart(term: ReduceTerm) -> bool:
    """Whether pairs are told apart by levels that may be drawn."""
    return any(name in ("within", "between") for name, _ in term.args)


def _varies(leaf: Term, axis: str) -> bool:
    """Whether options differ along an axis."""
    kind = leaf.type.kind
    scale = kind.scale if isinstance(kind, Choice | Dist) else None
    return isinstance(scale, ItemScale) and scale.axis == axis


def _term(term: Term, bodies: set[int]) -> Iterator[NotLowered]:
    what = _refused(term)
    if what:
        helps = (_OF_PEOPLE,) if isinstance(term, ColumnTerm) else ()
        yield NotLowered(span=term.span, what=what, helps=helps)
    if isinstance(term, MetricTerm):
        yield from _body(term, bodies)


def _refused(term: Term) -> str:
    """Why a term over cells cannot run; empty where it can."""
    match term:
        case CallTerm(function=function) if function not in CELL_FUNCTIONS:
            return f"`{function}(..)` over cells"
        case CallTerm(function=function, words=words) if function in BASELINES and _several(words):
            return f"`{function}(..)` along several axes"
        case ReduceTerm():
            return _reducer(term)
        case AnswerTerm(field="text"):
            return "a measure of texts"
        case AnswerTerm(field="value") if _unread(term):
            return "a measure of texts, records or several values"
        case ColumnTerm() if not isinstance(term.type.kind, Dist):
            return "a measure of values that are not distributions"
        case DrawnTerm(name=name):
            return f"the drawn value `{name}` in a measure"
        case LookupTerm(axis="option"):
            return "a lookup `[option: ...]` by a value"
        case LookupTerm(axis=axis, key=key) if (
            not isinstance(key.type.kind, Of) or key.type.kind.vocabulary.numeric
        ):
            return f"a lookup `[{axis}: ...]` by a value that is not a level"
        case PythonTerm():
            return "a metric written in Python"
        case IfTerm() if not isinstance(term.type.kind, _BRANCHES):
            return "`if` between texts, dates or distributions"
        case KindTerm():
            return "`is` in a measure"
        case CompareTerm(left=left, right=right) if Date() in (left.type.kind, right.type.kind):
            return "comparing dates in a measure"
        case CompareTerm(left=left, right=right) if _own_option(left, right) or _own_option(right, left):
            return "comparing a choice with one option of each item"
        case MemberTerm(of=of) if _of_items(of):
            return "`in` of choices between the options of each item"
        case CompareTerm(op=op, left=left, right=right) if op not in ("==", "!=") and (
            _unordered(left) or _unordered(right)
        ):
            return f"`{op}` on levels without a closed order"
        case LevelTerm() | VocabularyTerm() | Literal_(value=str()) | ListTerm() | RangeTerm() | FormalTerm():
            return "a word that is not compared with anything"
        case _:
            return ""


def _several(words: Mapping[str, tuple[str, ...]]) -> bool:
    return any(len(axes) != 1 for axes in words.values())


def _reducer(term: ReduceTerm) -> str:
    """Why a reduction cannot run; empty where it can."""
    of = term.of.type.kind
    if term.direction == "along":
        return "" if term.reducer in ALONG else f"`{term.reducer} along` an axis"
    reducer = REDUCERS.get(term.reducer)
    if reducer is None:
        return f"reducer `{term.reducer}`"
    if isinstance(of, Dist) and not (reducer.distributions or reducer.anything):
        return f"`{term.reducer}` of distributions"
    if term.weight is not None and not reducer.weighted:
        return f"`{term.reducer}` with weights"
    gives_options = isinstance(term.type.kind, Choice | Dist)
    if isinstance(of, Choice) and isinstance(of.scale, ItemScale) and gives_options:
        return (
            f"`{term.reducer} over {of.scale.axis}` of its own options" if of.scale.axis in term.axes else ""
        )
    return ""


def _of_items(term: Term) -> bool:
    """Whether a value is an option of its item."""
    return isinstance(term.type.kind, Choice) and isinstance(term.type.kind.scale, ItemScale)


def _own_option(left: Term, right: Term) -> bool:
    return _of_items(left) and word_of(right) is not None


def misfits(audit: TypedAudit, grid: Grid) -> tuple[Diagnostic, ...]:
    """What only the grid tells: raters that are not two, columns or draws too large, tests that change nothing."""
    audit = with_fields(audit)
    tests = (*breaking_tests(audit, grid), *idle_tests(audit, grid))
    found: dict[Diagnostic, None] = dict.fromkeys((*_too_many(audit, grid), *tests))
    for term in _reached(audit):
        match term:
            case ReduceTerm(reducer="cohen_kappa", args=args):
                for axis in sorted(dict(args)["raters"].type.axes):
                    found |= dict.fromkeys(_two(term, axis, grid))
            case AttributeTerm(axis=axis, attribute=name) if name not in grid.axes[axis].attributes:
                found[NotLowered(span=term.span, what=f"the column `{name}` of `{axis}` in a measure")] = None
    return tuple(found)


def _too_many(audit: TypedAudit, grid: Grid) -> Iterator[WrongArguments]:
    """Bootstraps whose counts are larger than `MOST_COUNTS`."""
    for measure in audit.measures:
        drawn = () if measure.interval is None else measure.interval.drawings
        levels = sum(
            math.prod(len(grid.axes[axis]) for axis in (one.axis, *one.within))
            for one in drawn
            if one.people is None
        )
        draws = 0 if measure.interval is None else measure.interval.draws
        if 8 * draws * levels > MOST_COUNTS:
            problem = f"would hold {8 * draws * levels / 2**30:.0f} GiB of counts for `{measure.name}`"
            helps = (f"ask for fewer: `draws = {MOST_COUNTS // (8 * levels):d}`",)
            yield WrongArguments(span=measure.span, callee="bootstrap", problem=problem, helps=helps)


def _two(term: ReduceTerm, axis: str, grid: Grid) -> Iterator[WrongArguments]:
    levels = len(grid.axes[axis])
    if levels != 2:
        helps = ("`krippendorff` compares any number of raters",)
        problem = f"compares two raters, and `{axis}` has {levels}"
        yield WrongArguments(span=term.span, callee="cohen_kappa", problem=problem, helps=helps)


def further_reasons(audit: TypedAudit, frame: Frame) -> tuple[str, ...]:
    """The reasons why values of this audit can be missing beside those that every audit has."""
    found: dict[str, None] = {}
    for term in _reached(audit):
        match term:
            case ReduceTerm(reducer=name, direction="over") if REDUCERS[name].reason not in REASONS:
                found[REDUCERS[name].reason] = None
            case AnswerTerm(field="value") if isinstance(term.type.kind, Choice):
                layout = frame.layout(scale_name(term.type.kind.scale))
                if layout.missing.any() and not frame.count_missing:
                    found[MISSING_OPTION] = None
    return tuple(found)


def _unordered(term: Term) -> bool:
    match term.type.kind:
        case Of(vocabulary):
            return vocabulary.open or not vocabulary.ordered
        case Text():
            return True
        case _:
            return False


def _body(metric: MetricTerm, bodies: set[int]) -> Iterator[NotLowered]:
    """What the body of a metric lacks, and those of the metrics that it calls; `bodies` were looked at before."""
    if id(metric.body) in bodies:
        return
    bodies.add(id(metric.body))
    for term in _evaluated_body(metric.body):
        what = _refused_in_metric(term)
        if what:
            yield NotLowered(span=term.span, what=f"{what} in metric `{metric.metric}`")
        if isinstance(term, MetricTerm):
            yield from _body(term, bodies)


def _evaluated_body(term: Term) -> Iterator[Term]:
    yield term
    if isinstance(term, CallTerm) and term.function in METRIC_FUNCTIONS - FUNCTIONS:
        return
    for part in parts(term):
        yield from _evaluated_body(part)


def _refused_in_metric(term: Term) -> str:
    match term:
        case ReduceTerm(reducer=reducer, direction=direction, axes=axes, weight=weight, by=by):
            known = (
                (reducer, direction) in METRIC_REDUCERS and axes == ("option",) and weight is None and not by
            )
            return "" if known else f"`{reducer} {direction} {', '.join(axes)}`"
        case CallTerm(function=function):
            return "" if function in METRIC_FUNCTIONS else f"`{function}(..)`"
        case PickTerm(at=(("option", "first" | "last"),)) | Literal_(value=bool() | int() | float()):
            return ""
        case (
            FormalTerm()
            | NegateTerm()
            | ArithmeticTerm()
            | CompareTerm()
            | LogicTerm()
            | IfTerm()
            | MetricTerm()
        ):
            return ""
        case PickTerm():
            return "picking a named option"
        case PythonTerm():
            return "Python code"
        case _:
            return "a value that is neither a number nor a formal"
