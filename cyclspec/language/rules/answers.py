"""Rules of asks: arguments, readers, what may be missing, stages."""

from __future__ import annotations

from typing import Final

from cyclspec.language.diagnostics.cy01_names import UnknownName
from cyclspec.language.diagnostics.cy02_types import (
    MissingPolicyAbsent,
    ReaderDoesNotFit,
    WrongType,
)
from cyclspec.language.diagnostics.cy04_templates import StyleDoesNotFit, UnknownHole
from cyclspec.language.diagnostics.cy06_bounds import Recursion
from cyclspec.language.rules.rule import Rule, holds
from cyclspec.language.types.asks import ask_statement
from cyclspec.language.types.audits import elaborate_audits
from cyclspec.language.types.prompts import elaborate_prompts

_DIARY = (
    "each repeat in 1..2\n"
    "  ask day = diary(town) { model = model, per = [repeat], read = json(temperature = 0.8), missing = retry(2) }\n  "
)

_SEVERAL = (
    "prompt worries(item: survey.items) -> picks(item.options, 0..3) {\n"
    '  user "{item.question} Name up to three. {item.options|lettered}"\n}'
)
_ITEM = (
    "prompt survey_item(item: survey.items) -> choice(item.options) {\n"
    '  user "{item.question} {item.options|lettered}"\n}'
)

ANSWERS: Final[tuple[Rule, ...]] = (
    Rule(
        name="ask",
        formula="p : T1..Tn -> U,  ei : Ti @ Ai   =>   "
        "p(e1..en) { model, per, read = K } : K(U) @ A + axes(model) + per",
        says="An ask applies a prompt in every cell of its arguments; each argument has the type that the prompt says.",
        applied_by=ask_statement,
        breaks=WrongType,
        good=holds(
            "ask again = neighbour(item, harbour) { model = model, read = first_token }\n"
            "  check sure = (min over item of again.mass) >= 0.5"
        ),
        bad=holds("ask again = neighbour(item, model) { model = model, read = first_token }"),
    ),
    Rule(
        name="readers (A8)",
        formula="first_token, option_likelihood : choice(S) -> dist(S);  sampled : choice(S) -> choice(S)?;  "
        "text : text -> text?;  json : record -> record of ?",
        says="The reader decides what the answer is, and must fit what the prompt asks for.",
        applied_by=ask_statement,
        breaks=ReaderDoesNotFit,
        good=holds(_DIARY + "measure mood by model : share = mean over town, repeat of day.mood"),
        bad=holds("ask day = diary(town) { model = model, read = first_token }"),
    ),
    Rule(
        name="missing answers (A8)",
        formula="read = K,  K(U) = T?   =>   missing = drop | keep | retry(n)",
        says="An answer that can be missing says what happens then; nothing is dropped in silence.",
        applied_by=ask_statement,
        breaks=MissingPolicyAbsent,
        good=holds("ask again = neighbour(item, town) { model = model, read = sampled, missing = drop }"),
        bad=holds("ask again = neighbour(item, town) { model = model, read = sampled }"),
    ),
    Rule(
        name="stages",
        formula="ask b = p(.. a ..),  a an ask   =>   stage(b) = stage(a) + 1;  the graph of asks is acyclic",
        says="A later ask takes the answers of an earlier one; a missing one makes the later one missing, upstream.",
        applied_by=elaborate_audits,
        breaks=Recursion,
        good=holds(
            _DIARY + "ask again = recall(day.worries, item) { model = model, read = sampled, missing = drop }"
        ),
        bad=holds(
            "ask again = recall(worse.worries, item) { model = model, read = sampled, missing = drop }\n"
            "  ask worse = recall(again.worries, item) { model = model, read = sampled, missing = drop }"
        ),
    ),
    Rule(
        name="several answers",
        formula="p -> picks(S, low..high),  read = sampled   =>   picks(S, low..high)?",
        says="A prompt can ask for several options at once; the first token of a reply cannot hold them.",
        applied_by=ask_statement,
        breaks=ReaderDoesNotFit,
        good=holds(
            "ask many = worries(item) { model = model, read = sampled, missing = drop }", beside=_SEVERAL
        ),
        bad=holds("ask many = worries(item) { model = model, read = first_token }", beside=_SEVERAL),
    ),
    Rule(
        name="recorded answers",
        formula="read = recorded(T.c),  c : U @ A   =>   K(U) @ A;  no model is called",
        says="Answers that already exist are read from a column of what the prompt asks for.",
        applied_by=ask_statement,
        breaks=ReaderDoesNotFit,
        good=holds(
            "ask old = survey_item(item) { per = [person], read = recorded(survey.answers.value), missing = drop }\n"
            "  each person in survey.people",
            beside=_ITEM,
        ),
        bad=holds("ask old = survey_item(item) { read = recorded(survey.items.theme) }", beside=_ITEM),
    ),
    Rule(
        name="history",
        formula="history = turns(along = x, last = n | draw(a..b)),  x an axis of the ask",
        says="A conversation carries over along an axis of the ask: each cell sees earlier turns of its own.",
        applied_by=ask_statement,
        breaks=UnknownName,
        good=holds(
            "ask again = neighbour(item, town) { model = model, read = sampled, missing = drop, "
            "history = turns(along = item, last = draw(0..5)) }"
        ),
        bad=holds(
            "each repeat in 1..2\n"
            "  ask again = neighbour(item, town) { model = model, read = sampled, missing = drop, "
            "history = turns(along = repeat, last = 2) }"
        ),
    ),
    Rule(
        name="templates see formals",
        formula="{x.path} in a message of p   =>   x is a formal of p",
        says="A prompt is a function: its template has its parameters and nothing else.",
        applied_by=elaborate_prompts,
        breaks=UnknownHole,
        good=holds("", beside='prompt hail(town: town) -> text { user "What is it like at {town}?" }'),
        bad=holds("", beside='prompt hail(town: town) -> text { user "What is it like at {city}?" }'),
    ),
    Rule(
        name="styles",
        formula="{x|style}   =>   the style shows values of that kind",
        says="Options and lists are lettered, numbered, bulleted or inline; shares are percent.",
        applied_by=elaborate_prompts,
        breaks=StyleDoesNotFit,
        good=holds("", beside='prompt hail(share_: share) -> text { user "{share_|percent} agree. Why?" }'),
        bad=holds("", beside='prompt hail(share_: share) -> text { user "{share_|lettered} agree. Why?" }'),
    ),
)
