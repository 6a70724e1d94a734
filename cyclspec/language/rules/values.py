"""Rules of values: lifting, reductions, picks, units, metrics."""

from __future__ import annotations

from typing import Final

from cyclspec.language.diagnostics.cy01_names import AmbiguousWord, UnknownName
from cyclspec.language.diagnostics.cy02_types import (
    CannotReduce,
    DifferentScales,
    MeanOfOrdinal,
    NeedsOrdered,
    WrongType,
)
from cyclspec.language.diagnostics.cy03_axes import (
    AxisAbsent,
    AxisLeftOver,
    NotAnAttribute,
    WeightAxes,
)
from cyclspec.language.diagnostics.cy04_templates import LanguageMissing
from cyclspec.language.diagnostics.cy05_units import MixedSteps, UnitMismatch
from cyclspec.language.diagnostics.cy06_bounds import PythonRefused, Recursion
from cyclspec.language.rules.rule import Rule, holds
from cyclspec.language.types.calls import infer_call
from cyclspec.language.types.expressions import infer
from cyclspec.language.types.metrics import elaborate_metrics
from cyclspec.language.types.reductions import infer_reduce
from cyclspec.language.types.scope import Scope
from cyclspec.language.types.texts import infer_texts

_MOODS = (
    'axis mood : nominal { calm "calm", tense "tense" }\n'
    'corpus moods { table levels { source = csv("moods.csv")  mood : mood  warmth : real } }\n'
    'prompt mood_of(town: town) -> choice(mood) { user "How is it at {town}, calm or tense?" }'
)
_MOOD = "ask told = mood_of(town) { model = model, read = sampled, missing = drop }\n  "

VALUES: Final[tuple[Rule, ...]] = (
    Rule(
        name="lift",
        formula="f : T1..Tn -> T,  ei : Ti @ Ai ! pi   =>   f(e1..en) : T @ A1 + .. + An ! max pi",
        says="A function of values has the axes of all of them and is known when the last of them is; values meet by "
        "the names of their axes, never by position.",
        applied_by=infer_call,
        breaks=WrongType,
        good=holds("measure gap by town, model : share = mean over item of m.tv(reply, people)"),
        bad=holds("measure gap by town, model : share = mean over item of m.tv(reply, item)"),
    ),
    Rule(
        name="texts",
        formula="{l1: t1, .., ln: tn} : text(L)   =>   L <= {l1, .., ln}",
        says="A text in several languages is a value, and has every language that its place asks for.",
        applied_by=infer_texts,
        breaks=LanguageMissing,
        good=holds("", beside='param hello : text(en, fr) = {en: "Good day.", fr: "Bonjour."}'),
        bad=holds("", beside='param hello : text(en, fr) = {en: "Good day."}'),
    ),
    Rule(
        name="over",
        formula="e : T @ A,  X <= A   =>   R over X of e : R(T) @ A - X",
        says="A reduction takes away the axes that it names, and they must be there.",
        applied_by=infer_reduce,
        breaks=AxisAbsent,
        good=holds("measure mood by model : share = mean over item, town of reply.mass"),
        bad=holds("measure mood by model : share = mean over item, person of reply.mass"),
    ),
    Rule(
        name="by",
        formula="e : T @ A,  every b in B an attribute of some x in X   =>   R over X by B of e : R(T) @ (A - X) + B",
        says="A reduction can keep attributes of what it reduces: `mean over town by side`, `mean over model by size`.",
        applied_by=infer_reduce,
        breaks=NotAnAttribute,
        good=holds("measure sides by model, side : share = mean over item, town by side of reply.mass"),
        bad=holds("measure sides by model, zone : share = mean over item, town by zone of reply.mass"),
    ),
    Rule(
        name="along",
        formula="e : T @ A,  X <= A   =>   R along X of e : R(T) @ A",
        says="`cumsum` and `rank` run along an axis and keep it.",
        applied_by=infer_reduce,
        breaks=AxisLeftOver,
        good=holds(
            "",
            beside="metric reach(p: dist(S)) -> share where S is ordinal =\n"
            "  max over option of (cumsum along option of p)",
        ),
        bad=holds(
            "",
            beside="metric reach(p: dist(S)) -> share where S is ordinal = cumsum along option of p",
        ),
    ),
    Rule(
        name="weight",
        formula="weighted by w,  w : real @ W,  W <= A,  W meets X",
        says="A weight varies over something that is reduced, and over nothing that the value does not have.",
        applied_by=infer_reduce,
        breaks=WeightAxes,
        good=holds(
            "measure fit by model : share = mean over item, town weighted by residents.share of reply.mass"
        ),
        bad=holds(
            "measure fit by town, model : share = mean over item weighted by residents.share of reply.mass"
        ),
    ),
    Rule(
        name="pick",
        formula="e : T @ A,  x in A,  l a level of x   =>   e[x: l] : T @ A - {x}",
        says="A pick takes one level of an axis that is there.",
        applied_by=infer,
        breaks=UnknownName,
        good=holds("measure coast by model : share = mean over item of reply.mass[town: harbour]"),
        bad=holds("measure coast by model : share = mean over item of reply.mass[town: harbor]"),
    ),
    Rule(
        name="scale",
        formula="f(p: dist(S), q: dist(S)),  p : dist(A),  q : dist(B)   =>   A = B",
        says="The scale of a metric is solved at each call; two distributions are compared over one scale.",
        applied_by=infer_call,
        breaks=DifferentScales,
        good=holds("measure gap by town, model : bits = mean over item of m.jsd(reply, people)"),
        bad=holds("measure gap by town, model : bits = mean over item of m.jsd(reply, uniform(colour))"),
    ),
    Rule(
        name="ordered scale",
        formula="metric f(..) where S is ordinal,  f(p),  p : dist(A)   =>   A is ordinal",
        says="A metric that needs an order is only called on scales that have one.",
        applied_by=infer_call,
        breaks=NeedsOrdered,
        good=holds("measure gap by town, model : share = mean over item of m.emd_norm(reply, people)"),
        bad=holds("measure gap : steps = m.emd(uniform(colour), uniform(colour))"),
    ),
    Rule(
        name="metrics end",
        formula="the call graph of metrics is acyclic",
        says="A metric is not defined through itself, so every audit ends.",
        applied_by=elaborate_metrics,
        breaks=Recursion,
        good=holds(
            "",
            beside="metric half(p: dist(S)) -> share = 0.5 * (max over option of p)\n"
            "metric quarter(p: dist(S)) -> share = 0.5 * half(p)",
        ),
        bad=holds(
            "",
            beside="metric half(p: dist(S)) -> share = 2 * quarter(p)\n"
            "metric quarter(p: dist(S)) -> share = 0.5 * half(p)",
        ),
    ),
    Rule(
        name="distributions reduce",
        formula="mean over X of dist(S) = dist(S);  no other reducer takes dist(S)",
        says="A mean of distributions is a distribution; anything else of them is a metric's work.",
        applied_by=infer_reduce,
        breaks=CannotReduce,
        good=holds(
            "let pooled = mean over town of reply\nmeasure gap by model : share = mean over item of m.entropy(pooled) "
            "/ m.entropy(uniform(item.options))"
        ),
        bad=holds("let pooled = max over town of reply"),
    ),
    Rule(
        name="no mean of an ordinal",
        formula="mean | median | sum of ordinal is an error",
        says="The codes of an ordered scale are not amounts: take a share first, then a metric of it.",
        applied_by=infer_reduce,
        breaks=MeanOfOrdinal,
        good=holds("measure centre by town : share = mean over item of m.mean_position(people)"),
        bad=holds("let centre = mean over person of survey.answers.value"),
    ),
    Rule(
        name="units",
        formula="u + v needs u = v;  share * T = T;  T / T = ratio;  share - share = points;  log2(number) : bits",
        says="Units add and compare only with themselves; `number(x)` drops one on purpose.",
        applied_by=infer,
        breaks=UnitMismatch,
        good=holds("measure fit by town, model : real = mean over item of 1 - number(m.jsd(reply, people))"),
        bad=holds("measure fit by town, model : real = mean over item of 1 - m.jsd(reply, people)"),
    ),
    Rule(
        name="unit of a metric",
        formula="metric f(..) -> U = e,  e : V   =>   V = U, or V is a plain number",
        says="A metric has the unit of its formula; only a plain number may be given one. A sum of cumulative shares "
        "over the options may be in steps.",
        applied_by=elaborate_metrics,
        breaks=UnitMismatch,
        good=holds(
            "",
            beside="metric reach(p: dist(S)) -> steps = sum over option of number(p)",
        ),
        bad=holds("", beside="metric reach(p: dist(S)) -> steps = sum over option of p"),
    ),
    Rule(
        name="steps of one length",
        formula="mean over X of steps   =>   the scales of X have one length",
        says="A step on a short scale is not a step on a long one; `emd_norm` can be averaged.",
        applied_by=infer_reduce,
        breaks=MixedSteps,
        good=holds("measure gap by town, model : share = mean over item of m.emd_norm(reply, people)"),
        bad=holds("measure gap by town, model : steps = mean over item of m.emd(reply, people)"),
    ),
    Rule(
        name="narrowing",
        formula="each x in T where size(x.options) == n   =>   x.options : scale(.., n..n) in the rest of the audit",
        says="A condition on the items refines what is known of their scales.",
        applied_by=Scope.refined,
        breaks=MixedSteps,
        good=holds(
            "measure gap by town, model : steps = mean over item of m.emd(reply, people)",
            where=" where size(item.options) == 4",
        ),
        bad=holds(
            "measure gap by town, model : steps = mean over item of m.emd(reply, people)",
            where=" where size(item.options) <= 4",
        ),
    ),
    Rule(
        name="lookup",
        formula="e : T @ A,  x in A,  k : x @ B   =>   e[x: k] : T @ (A - {x}) + B",
        says="A table can be looked up by a value, an answer too; what it holds along other axes stays.",
        applied_by=infer,
        breaks=WrongType,
        good=holds(
            _MOOD + "measure warmth by town : real = mean over model of moods.levels.warmth[mood: told]",
            beside=_MOODS,
        ),
        bad=holds(
            _MOOD + "measure warmth by town : real = mean over model of moods.levels.warmth[mood: town]",
            beside=_MOODS,
        ),
    ),
    Rule(
        name="Python metrics",
        formula='metric f(..) -> U = python "module:function" hash sha256:..',
        says="A metric in Python is pinned by the hash of its source, which is read and never run to check it.",
        applied_by=elaborate_metrics,
        breaks=PythonRefused,
        good=holds(""),
        bad=holds("", beside='metric odd(p: dist(S)) -> ratio = python "statistics.odd:odd"'),
    ),
    Rule(
        name="bare words",
        formula="where a vocabulary is expected, a bare word is one of its levels first, and a name second",
        says="A word that could be a level and a parameter must say which: `level.work`, `param.work`.",
        applied_by=Scope.name,
        breaks=AmbiguousWord,
        good=holds("", beside="param work : count = 1", where=" where item.theme == level.work"),
        bad=holds("", beside="param work : count = 1", where=" where item.theme == work"),
    ),
)
