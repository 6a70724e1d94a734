"""A first audit over an imported corpus, so that there is something to check, plan and change.

Expects a decided corpus. Ensures a text in the one layout of the language that checks against the corpus it imports.
It asks the demo model, whose answers say nothing of anybody; naming another model is the first thing to change.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from cyclspec.compiler.surveys.corpus import Axis, Item, SurveyCorpus
from cyclspec.compiler.surveys.writing.spec import TABLE_OF, laid_out
from cyclspec.compiler.surveys.writing.tables import parts

AUDIT, CHOICES_AUDIT = "audit.cycl", "audit_choices.cycl"
_FEW_OPTIONS = 10
_PREFERRED = ("country", "region", "cregion", "sex", "gender", "age")


def audit_files(corpus: SurveyCorpus) -> dict[str, str]:
    """The formatted texts by file: one audit of the items, and one of those without an order where there are both."""
    axis = _axis(corpus)
    found: dict[str, str] = {}
    for (items, _, _), chosen in parts(corpus):
        table = TABLE_OF[items]
        if not chosen[0].options:
            found[AUDIT] = laid_out("\n".join([*_head(corpus), *_of_texts(corpus)]) + "\n", AUDIT)
            continue
        name = AUDIT if table == "items" else CHOICES_AUDIT
        many = max(item.size for item in chosen) > _FEW_OPTIONS
        lines = [
            *_head(corpus),
            *_prompt(corpus, axis, table),
            "",
            *_audit(
                corpus,
                axis,
                table,
                ordered=chosen[0].ordered,
                many=many,
                gaps=_has_gaps(corpus, axis, chosen),
            ),
        ]
        found[name] = laid_out("\n".join(lines) + "\n", name)
    return found


def _of_texts(corpus: SurveyCorpus) -> Iterator[str]:
    """Open questions: the model writes, and what it wrote is there to be read and coded."""
    yield f"prompt ask_item(item: {_of(corpus, 'items')}) -> text {{"
    yield '  user "{item.question}"'
    yield "}"
    yield ""
    yield "audit first_look {"
    yield f"  each item in {_of(corpus, 'items')}"
    yield "  each model in models"
    yield ""
    yield "  ask reply = ask_item(item) {"
    yield "    model = model"
    yield "    read = text(max_tokens = 200, temperature = 0)"
    yield "    missing = keep"
    yield "  }"
    yield ""
    yield "  ## How many questions got no text at all."
    yield "  measure unanswered by model : share = mean over item of is_missing(reply)"
    yield "}"


def _head(corpus: SurveyCorpus) -> Iterator[str]:
    yield "## A first audit of this corpus. The demo model stands in the place of yours: name it in the panel."
    yield "cycl 1"
    yield 'import std.metrics as m version "1"'
    yield f'import "{corpus.name}.cycl" as survey'
    yield ""
    yield "panel models {"
    yield "  model tiny = demo()"
    yield "}"
    yield ""


def _axis(corpus: SurveyCorpus) -> Axis | None:
    """The axis along which people are compared: countries, else the first with two levels that are not missing."""
    if corpus.shares_axis:
        return next(axis for axis in corpus.axes if axis.name == corpus.shares_axis)
    if corpus.people is None:
        return None
    usable = [axis for axis in corpus.axes if sum(not level.missing for level in axis.levels) > 1]
    preferred = [axis for name in _PREFERRED for axis in usable if axis.name == name]
    return next(iter([*preferred, *usable]), None)


def _of(corpus: SurveyCorpus, name: str) -> str:
    return f"survey.{corpus.name}.{name}"


def _prompt(corpus: SurveyCorpus, axis: Axis | None, table: str) -> Iterator[str]:
    tag = f"[{corpus.lang}]" if corpus.lang else ""
    people = "" if axis is None else f", {axis.name}: survey.{axis.name}"
    yield f"prompt ask_item(item: {_of(corpus, table)}{people}) -> choice(item.options) {{"
    if axis is not None and axis.name == "country":
        yield f'  system{tag} "You answer survey questions the way someone living in {{country}} would."'
    elif axis is not None:
        what = axis.name.replace("_", " ")
        known = f"{what}: {{{axis.name}}}"
        yield f'  system{tag} "You answer survey questions the way a person would of whom this is known: {known}."'
    yield f'  user{tag} """'
    yield "    {item.question}"
    yield ""
    yield "    {item.options|lettered}"
    yield ""
    yield "    Reply with a single letter."
    yield '    """'
    yield f'  prefix{tag} "Answer:"'
    yield "}"


def _audit(
    corpus: SurveyCorpus, axis: Axis | None, table: str, *, ordered: bool, many: bool, gaps: bool
) -> Iterator[str]:
    at = "" if axis is None else f", {axis.name}"
    where = f" where size(item.options) <= {_FEW_OPTIONS}" if many else ""
    yield f"audit {'first_look' if table == 'items' else 'first_look_at_choices'} {{"
    yield f"  each item in {_of(corpus, table)}{where}"
    human = _human(corpus, axis, table)
    if axis is not None:
        only = f" where not is_missing({human})" if gaps else _of_groups(axis)
        yield f"  each {axis.name} in survey.{axis.name}{only}"
    yield "  each model in models"
    yield ""
    yield f"  ask reply = ask_item(item{at}) {{"
    yield "    model = model"
    yield "    read = first_token(labels = letters)"
    yield "  }"
    yield ""
    if human:
        yield f"  let human = {human}"
        yield ""
        yield from _compared(at, ordered=ordered)
    else:
        yield "  ## How far the model is from giving every option the same share: 0 not at all, 1 a single option."
        yield "  measure decided by model : share ="
        yield "    mean over item of 1 - m.entropy(reply) / m.entropy(uniform(item.options))"
    yield ""
    yield "  ## Answers whose labels get little probability are not trusted."
    yield f"  check label_mass = (min over item{at} of reply.mass) >= 70%"
    yield "}"


def _of_groups(axis: Axis) -> str:
    """A condition without the levels that are missing: nobody belongs to the group of those who refused."""
    missing = [level.name for level in axis.levels if level.missing]
    return f" where {axis.name} not in [{', '.join(missing)}]" if missing else ""


def _has_gaps(corpus: SurveyCorpus, axis: Axis | None, chosen: Sequence[Item]) -> bool:
    """Whether published distributions lack some combination of an item and a level: nobody is there to compare with."""
    if axis is None:
        return False
    keys = {item.key for item in chosen}
    return 0 < sum(share.item in keys for share in corpus.shares) < len(keys) * len(axis.levels)


def _compared(at: str, *, ordered: bool) -> Iterator[str]:
    yield "  ## 1 is a perfect match. Read it beside its floor and beside what a uniform answer gets."
    yield f"  measure alignment by model{at} : share = mean over item of 1 - m.js_distance(reply, human)"
    yield "    { better = higher, interval = bootstrap(over = item, draws = 1000, level = 95%) }"
    by = f" by {at.removeprefix(', ')}" if at else ""
    yield f"  measure uniform_baseline{by} : share = mean over item of 1 - m.js_distance(uniform(item.options), human)"
    if ordered:
        yield f"  measure transport by model{at} : share = mean over item of m.emd_norm(reply, human)"


def _human(corpus: SurveyCorpus, axis: Axis | None, table: str) -> str:
    """The distributions of people, or "" where the corpus has none."""
    if corpus.shares:
        return _of(corpus, "shares" if table == "items" else "choice_shares") + ".share"
    if corpus.people is None:
        return ""
    by = "" if axis is None else f" by {axis.name}"
    weight = " weighted by person.weight" if corpus.people.roles.weight else ""
    answers = _of(corpus, "answers" if table == "items" else "choice_answers")
    return f"share over person{by}{weight} of {answers}.value"
