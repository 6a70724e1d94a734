"""Typed terms and grids made by hand, small enough to read: what the type checker would produce."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from cyclspec.compiler.axes import Axis, Grid, OptionLayout, Presence
from cyclspec.compiler.scores import AnswerCells, PeopleCells
from cyclspec.language.diagnostics import Findings
from cyclspec.language.names.modules import load_program
from cyclspec.language.spans import Source, Span
from cyclspec.language.types import kinds as k
from cyclspec.language.types import terms as h
from cyclspec.language.types import typed as d
from cyclspec.language.types.check import check_program
from cyclspec.language.types.context import TypedMetric

SPAN = Span(Source("test", ""), 0, 0)
STD = Path(__file__).parents[2] / "specs" / "std"
SCALE = k.ItemScale("survey.items", "options", "item", True, 1, None)
NUMBER, TRUTH = k.Number(), k.Bool()


def type_of(kind: k.Kind, *axes: str) -> k.Type:
    return k.Type(kind, frozenset(axes))


def real(value: float) -> h.Term:
    return h.Literal_(type=type_of(NUMBER), span=SPAN, value=value)


def answer(*axes: str, field: Any = "value") -> h.AnswerTerm:
    kind: k.Kind = k.Dist(SCALE) if field == "value" else k.Number(k.Unit.SHARE)
    return h.AnswerTerm(type=type_of(kind, *axes), span=SPAN, ask="reply", field=field)


def choice(*axes: str, scale: k.Scale = SCALE) -> h.AnswerTerm:
    """Answers that are one option each."""
    return h.AnswerTerm(type=type_of(k.Choice(scale), *axes), span=SPAN, ask="reply", field="value")


def word(level: str) -> h.LevelTerm:
    return h.LevelTerm(type=k.Type(k.Text()), span=SPAN, vocabulary=None, level=level)


def axis_list(*axes: str) -> h.ListTerm:
    """Names of axes as an argument of a reducer: `units = [item, repeat]`."""
    items = tuple(h.AxisTerm(type=type_of(k.Text(), axis), span=SPAN, axis=axis) for axis in axes)
    return h.ListTerm(type=type_of(k.ListOf(k.Text()), *axes), span=SPAN, items=items)


def people(*axes: str, column: str = "value") -> h.PeopleTerm | h.ColumnTerm:
    return h.ColumnTerm(type=type_of(k.Dist(SCALE), *axes), span=SPAN, table="survey.answers", column=column)


def _axes(*terms: h.Term) -> frozenset[str]:
    return frozenset[str]().union(*(term.type.axes for term in terms))


def arithmetic(op: Any, left: h.Term, right: h.Term) -> h.Term:
    kind = k.Type(NUMBER, _axes(left, right))
    return h.ArithmeticTerm(type=kind, span=SPAN, op=op, left=left, right=right)


def compare(op: Any, left: h.Term, right: h.Term) -> h.Term:
    return h.CompareTerm(type=k.Type(TRUTH, _axes(left, right)), span=SPAN, op=op, left=left, right=right)


def call(function: str, *args: h.Term, kind: k.Kind = NUMBER, **words: tuple[str, ...]) -> h.Term:
    return h.CallTerm(type=k.Type(kind, _axes(*args)), span=SPAN, function=function, args=args, words=words)


def reduce(
    reducer: str,
    over: Sequence[str],
    of: h.Term,
    *,
    by: Sequence[str] = (),
    weight: h.Term | None = None,
    direction: Any = "over",
    **args: h.Term,
) -> h.Term:
    axes = (of.type.axes - set(over)) | set(by) if direction == "over" else of.type.axes
    kind = k.Type(of.type.kind, axes)
    named = tuple(args.items())
    return h.ReduceTerm(
        type=kind,
        span=SPAN,
        reducer=reducer,
        direction=direction,
        axes=tuple(over),
        by=tuple(by),
        weight=weight,
        of=of,
        args=named,
    )


def pick(of: h.Term, **at: str) -> h.Term:
    kind = NUMBER if "option" in at else of.type.kind
    return h.PickTerm(type=k.Type(kind, of.type.axes - set(at)), span=SPAN, of=of, at=tuple(at.items()))


def attribute(axis: str, name: str, kind: k.Kind = NUMBER) -> h.Term:
    return h.AttributeTerm(type=type_of(kind, axis), span=SPAN, axis=axis, attribute=name)


def let(name: str, *axes: str, kind: k.Kind = NUMBER) -> h.Term:
    return h.LetTerm(type=type_of(kind, *axes), span=SPAN, name=name)


# ---- metrics, from the text of the standard library


@cache
def declared() -> Mapping[str, TypedMetric]:
    """The typed metrics of the modules of `specs/std`, by name: no two of them have one."""
    found: dict[str, TypedMetric] = {}
    for path in sorted(STD.glob("*.cycl")):
        findings = Findings()
        program = load_program(path, findings)
        assert program is not None and not findings.items, findings.items
        own = {
            s.name: m
            for s, m in check_program(program, findings, {}).metrics.items()
            if s.name in _declared_in(path)
        }
        assert own.keys().isdisjoint(found)
        found |= own
    return found


def _declared_in(path: Path) -> frozenset[str]:
    """The names of the metrics that a module declares."""
    return frozenset(re.findall(r"^metric (\w+)", path.read_text(encoding="utf-8"), re.MULTILINE))


def metric(name: str, *args: h.Term) -> h.Term:
    """A call of a standard metric, with the body that the type checker gives it."""
    spec = declared()[name]
    return h.MetricTerm(
        type=k.Type(NUMBER, _axes(*args) - {"option"}),
        span=SPAN,
        metric=name,
        formals=tuple(formal for formal, _ in spec.formals),
        args=args,
        body=spec.body,
        scale=SCALE,
    )


# ---- audits


def measure(
    name: str, by: Sequence[str], term: h.Term, interval: d.Interval | None = None, adjust: Any = None
) -> d.TypedMeasure:
    return d.TypedMeasure(name, tuple(by), k.Unit.NONE, term, None, interval, adjust, (), SPAN)


def check(name: str, axes: Sequence[str], term: h.Term, on_fail: Any) -> d.TypedCheck:
    return d.TypedCheck(name, term, tuple(axes), on_fail, "a reason", SPAN)


def _items(columns: Sequence[str]) -> d.TypedTable:
    words = k.Of(k.Vocabulary("words", ordered=False, levels=(), open=True))
    typed = tuple(d.TypedColumn(name, words, False, None, "nominal", SPAN) for name in columns)
    return d.TypedTable("survey.items", typed, "csv", "items.csv", "", None, 0.0, SPAN)


def audit(
    *,
    axes: Sequence[str],
    measures: Sequence[d.TypedMeasure] = (),
    checks: Sequence[d.TypedCheck] = (),
    lets: Mapping[str, h.Term] | None = None,
    count_missing: bool = False,
    seed: int = 7,
    columns: Sequence[str] = (),
) -> d.TypedAudit:
    """An audit with one ask, `reply`, over `axes`; the table of items has so many columns of words."""
    prompt = d.TypedPrompt("ask", (), k.Choice(SCALE), (), SPAN)
    reader = d.FirstToken("letters", "exact")
    reply = type_of(k.Dist(SCALE), *axes)
    ask = d.TypedAsk(
        name="reply",
        prompt=prompt,
        args=(),
        panel="panel",
        model_axes=(),
        per=(),
        reader=reader,
        scale=SCALE,
        axes=frozenset(axes),
        type=reply,
        span=SPAN,
    )
    named = tuple(d.TypedLet(name, term, SPAN) for name, term in (lets or {}).items())
    eaches = (d.TypedEach(("item",), d.TableSource("survey.items"), None, SPAN),)
    return d.TypedAudit(
        name="test",
        title="",
        seed=seed,
        eaches=eaches,
        asks=(ask,),
        lets=named,
        measures=tuple(measures),
        checks=tuple(checks),
        tables={"survey.items": _items(columns)},
        panels={},
        targets={},
        offer_missing=True,
        count_missing=count_missing,
        params={},
        span=SPAN,
    )


def grid(
    sizes: Mapping[str, int],
    options: Sequence[int],
    *,
    missing: Mapping[int, int] | None = None,
    presence: Sequence[Presence] = (),
    attributes: Mapping[str, Mapping[str, tuple[Any, ...]]] | None = None,
    values: NDArray[np.float64] | None = None,
) -> Grid:
    """Axes with levels such as `item0`; `options` counts the options of each item, `missing` its last missing ones."""
    axes = {
        name: Axis(name, tuple(f"{name}{at}" for at in range(size)), (attributes or {}).get(name, {}))
        for name, size in sizes.items()
    }
    width = max(options)
    exists = np.arange(width) < np.array(options)[:, None]
    absent = np.zeros_like(exists)
    for item, number in (missing or {}).items():
        absent[item, options[item] - number : options[item]] = True
    codes = tuple(tuple(f"o{at}" for at in range(number)) for number in options)
    numbers = np.full(exists.shape, np.nan) if values is None else values
    layout = OptionLayout("item", codes, exists, absent, numbers, True)
    return Grid(axes, tuple(presence), {"item.options": layout})


def distributions(
    rng: np.random.Generator, shape: Sequence[int], exists: NDArray[np.bool_], item: int
) -> NDArray[np.float64]:
    """Random shares [*shape, option], zero where an item lacks the option; `item` is the dimension of items."""
    mask = np.moveaxis(np.broadcast_to(exists, (*np.delete(shape, item), *exists.shape)), -2, item)
    raw = rng.gamma(0.7, size=mask.shape) * mask
    return cast(NDArray[np.float64], raw / raw.sum(axis=-1, keepdims=True))


def answers(axes: Sequence[str], probs: NDArray[Any], **given: NDArray[Any]) -> AnswerCells:
    """Answer cells with mass one and nothing missing, unless given."""
    mass = given.get("mass", np.ones(probs.shape[:-1]))
    ok = given.get("ok", np.ones(probs.shape[:-1], dtype=bool))
    return AnswerCells(tuple(axes), probs.astype(np.float32), mass.astype(np.float32), ok)


def people_cells(axes: Sequence[str], share: NDArray[Any], **given: Any) -> PeopleCells:
    """People cells with nothing missing and no counts, unless given."""
    ok = given.get("ok", np.ones(share.shape[:-1], dtype=bool))
    return PeopleCells(tuple(axes), share, given.get("n"), given.get("n_eff"), ok)


def tails(clusters: int, level: float) -> list[float]:
    """The quantiles of draws at which the expanded percentile interval ends for so many clusters."""
    reach = stats.t.ppf((1 + level) / 2, clusters - 1)
    tail = float(stats.norm.cdf(-np.sqrt(clusters / (clusters - 1)) * reach))
    return [tail, 1.0 - tail]
