"""What each column is: identifier, weight, stratum, cluster, demographic, question, or nothing that is imported.

Expects variables whose missing codes are known. The command line comes first, then the recipe, then rules over names,
labels and values. Ensures that every column has one role, that the rule is noted, and that a column that is left out
says why.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from cyclspec.compiler.data.numbers import number_of
from cyclspec.compiler.surveys.deciding import words
from cyclspec.compiler.surveys.deciding.missing import MissingCodes
from cyclspec.compiler.surveys.notes import Notes, Topic, option
from cyclspec.compiler.surveys.refusals import refuse_option
from cyclspec.compiler.surveys.settings import Settings, matching
from cyclspec.compiler.surveys.survey import SurveyFile, Variable

MOST_OPTIONS = 26
_OPEN_NUMBERS = 11
# Among so few rows an identifier cannot be told from any other column of distinct values.
_FEW_DUPLICATES = 0.05


@dataclass(frozen=True, slots=True)
class Named:
    """The columns that a recipe names for roles, as the file spells them."""

    id: str = ""
    id_within: tuple[str, ...] = ()
    weight: str = ""
    other_weights: tuple[str, ...] = ()
    strata: str = ""
    psu: str = ""
    demographics: tuple[str, ...] = ()
    questions: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()
    only: bool = False


@dataclass(frozen=True, slots=True)
class ColumnRoles:
    """The roles of all columns, questions and demographics in the order of the file."""

    id: str
    id_within: tuple[str, ...]
    weight: str
    other_weights: tuple[str, ...]
    strata: str
    psu: str
    demographics: tuple[str, ...]
    questions: tuple[str, ...]


@dataclass(slots=True)
class _Desk:
    """The roles while they are given out."""

    survey: SurveyFile
    settings: Settings
    named: Named
    missing: Mapping[str, MissingCodes]
    notes: Notes
    taken: dict[str, str] = field(default_factory=dict)

    def columns(self, typed: str, patterns: Iterable[str]) -> tuple[str, ...]:
        """The columns that options of the command line mean. Raises `SpecError` for one that means none."""
        found: dict[str, None] = {}
        for pattern in patterns:
            meant = matching(pattern, self.survey.names)
            if not meant:
                refuse_option(self.survey.path, typed, pattern, self.survey.names)
            found.update(dict.fromkeys(meant))
        return tuple(found)

    def free(self) -> list[Variable]:
        return [variable for variable in self.survey.variables if variable.name not in self.taken]

    def valid(self, variable: Variable) -> dict[str, int]:
        """Counts of the codes that are not missing."""
        missing = self.missing[variable.name]
        return {code: n for code, n in variable.counts().items() if n and code not in missing}


def roles_of(
    survey: SurveyFile,
    settings: Settings,
    named: Named,
    missing: Mapping[str, MissingCodes],
    notes: Notes,
) -> ColumnRoles:
    """The roles of every column. Raises `SpecError` where an option names a column that is not there."""
    desk = _Desk(survey, settings, named, missing, notes)
    demographics = desk.columns("--demographic", settings.demographics)
    questions = desk.columns("--question", settings.questions)
    left_out = desk.columns("--leave-out", settings.left_out)
    for column in (*demographics, *questions):
        desk.taken[column] = "named"
    for column in left_out:
        desk.taken[column] = "left out"
        notes.decided(Topic.LEFT_OUT, "the command line says so", column)
    design = {
        role: _design(desk, role, _Told(given, known, own), pattern)
        for role, given, known, own, pattern in (
            ("strata", settings.strata, named.strata, survey.strata, words.STRATA),
            ("psu", settings.psu, named.psu, survey.psu, words.CLUSTERS),
        )
    }
    weight, others = _weight(desk)
    person = _id(desk)
    demographics = (*demographics, *_demographics(desk))
    questions = (*questions, *_questions(desk))
    order = {name: position for position, name in enumerate(survey.names)}
    return ColumnRoles(
        id=person,
        id_within=desk.named.id_within if person and person == desk.named.id else (),
        weight=weight,
        other_weights=others,
        strata=design["strata"],
        psu=design["psu"],
        demographics=tuple(sorted(dict.fromkeys(demographics), key=order.__getitem__)),
        questions=tuple(sorted(dict.fromkeys(questions), key=order.__getitem__)),
    )


class _Told(NamedTuple):
    """The column that the command line, the recipe and the file itself name for a role, "" for none."""

    given: str
    known: str
    own: str


def _design(desk: _Desk, role: str, told: _Told, pattern: re.Pattern[str]) -> str:
    """The column of strata or clusters, if there is one."""
    what = "strata" if role == "strata" else "clusters (PSUs)"
    column, rule = _given(desk, f"--{role}", told.given, told.known)
    if not column and told.own and told.own not in desk.taken:
        column, rule = told.own, "as the file itself is set"
    if column and told.own not in ("", column):
        note = f"the file itself is set to these {what}, and `{column}` is taken"
        desk.notes.open(Topic.DESIGN, note, told.own, option(f"--{role}", told.own))
    if not column:
        found = [v.name for v in desk.free() if words.named_like(pattern, v.name) and len(desk.valid(v)) > 1]
        if not found:
            desk.notes.found(Topic.DESIGN, f"no column names its {what}")
            return ""
        column, rule = found[0], "by its name"
        for other in found[1:]:
            desk.notes.open(
                Topic.DESIGN,
                f"could hold {what} as well as `{column}`, which was taken",
                other,
                option(f"--{role}", other),
            )
    desk.taken[column] = role
    desk.notes.decided(Topic.DESIGN, f"{what}, {rule}", column, f"--{role} NAME")
    return column


def _given(desk: _Desk, typed: str, given: str, known: str) -> tuple[str, str]:
    if given:
        found = desk.columns(typed, (given,))
        if len(found) != 1:
            refuse_option(desk.survey.path, typed, given, desk.survey.names)
        return found[0], "as the command line says"
    return (known, "as the recipe says") if known else ("", "")


def _weight(desk: _Desk) -> tuple[str, tuple[str, ...]]:
    """The weight, and the other columns that are weights."""
    column, rule = _given(desk, "--weight", desk.settings.weight, desk.named.weight)
    others = [name for name in desk.named.other_weights if name != column and name not in desk.taken]
    if not column:
        found = _weights(desk)
        if not found:
            desk.notes.open(
                Topic.WEIGHTS,
                "no column is a weight by its name or label, and the file names none: every person counts once",
                settle="--weight NAME",
            )
            return "", tuple(others)
        exact = [name for name in found if words.folded_name(name) in ("weight", "wt", "wgt")]
        own = desk.survey.weight if desk.survey.weight in found else ""
        column = own or (exact or found)[0]
        rule = "by which the file itself is weighted" if own else _weight_rule(column)
        others += [name for name in found if name != column and name not in others]
        if len(found) > 1 and not own:
            desk.notes.open(
                Topic.WEIGHTS,
                f"several columns are weights by their names ({', '.join(found[:6])}): `{column}` is taken",
                settle=option("--weight", next(name for name in found if name != column)),
            )
    desk.taken[column] = "weight"
    desk.notes.decided(Topic.WEIGHTS, f"the weight, {rule}", column, "--weight NAME")
    if desk.survey.weight not in ("", column):
        desk.notes.open(
            Topic.WEIGHTS,
            f"the file itself is weighted by this column, and `{column}` is taken",
            desk.survey.weight,
            option("--weight", desk.survey.weight),
        )
    for other in others:
        desk.taken[other] = "weight"
        desk.notes.decided(Topic.WEIGHTS, "kept as a column of numbers beside the weight", other)
    return column, tuple(others)


def _weights(desk: _Desk) -> list[str]:
    """Columns that are called weights, by the file, their names or their labels, and hold numbers that differ.

    One with negative numbers stands only where no other does: it is refused later, and not asked as a question.
    """
    found = [v for v in desk.free() if _is_called_weight(desk, v) and _differs(desk, v)]
    fit = [v for v in found if all((number_of(code) or 0) >= 0 for code in desk.valid(v))]
    return [v.name for v in fit or found]


def _is_called_weight(desk: _Desk, variable: Variable) -> bool:
    if variable.name == desk.survey.weight or words.named_like(words.WEIGHTS, variable.name):
        return True
    return not variable.labels and words.labelled_weight(variable.label)


def _differs(desk: _Desk, variable: Variable) -> bool:
    """Whether a column holds several numbers, and nothing else."""
    valid = desk.valid(variable)
    return variable.kind == "number" and len(valid) > 1 and all(number_of(code) is not None for code in valid)


def _weight_rule(name: str) -> str:
    return "by its name" if words.named_like(words.WEIGHTS, name) else "by its label"


def _id(desk: _Desk) -> str:
    column, rule = _given(desk, "--id", desk.settings.id, desk.named.id)
    if not column:
        column = next((v.name for v in desk.free() if _is_id(desk, v)), "")
        rule = "by its name and its distinct values"
    if not column:
        desk.notes.decided(
            Topic.PEOPLE,
            "no column identifies respondents: people are named by their row (`r1`, `r2`, ..)",
            settle="--id NAME",
        )
        _say_nearly_id(desk)
        return ""
    desk.taken[column] = "id"
    desk.notes.decided(
        Topic.PEOPLE, f"respondents are identified by this column, {rule}", column, "--id NAME"
    )
    return column


def _is_id(desk: _Desk, variable: Variable) -> bool:
    """Named like an identifier, complete, and all but a few values distinct."""
    rows = desk.survey.n_rows
    if not words.named_like(words.IDS, variable.name) or variable.n_present < rows or rows == 0:
        return False
    return len(variable.values.codes) >= max(2, (1 - _FEW_DUPLICATES) * rows)


def _say_nearly_id(desk: _Desk) -> None:
    """A column that is named like an identifier and mostly tells people apart, but too many share a value of it."""
    rows = desk.survey.n_rows
    for variable in desk.free():
        again = variable.n_present - len(variable.values.codes)
        if words.named_like(words.IDS, variable.name) and 0 < again < variable.n_present / 2:
            desk.notes.open(
                Topic.PEOPLE,
                f"is named like an identifier, but {again:,} of {rows:,} rows repeat a value of it: people are named "
                "by their row",
                variable.name,
                option("--id", variable.name),
            )


def _demographics(desk: _Desk) -> Iterator[str]:
    """Columns that cut the people, by the recipe or by their names and labels."""
    for name in desk.named.demographics:
        if name not in desk.taken:
            desk.taken[name] = "demographic"
            desk.notes.decided(Topic.ROLES, "demographic, as the recipe says", name, "--question NAME")
            yield name
    for variable in desk.free():
        if variable.name in desk.named.questions:
            continue
        found = words.demographic_word(variable.name, variable.label)
        if not found or not desk.valid(variable) or desk.named.only:
            continue
        desk.taken[variable.name] = "demographic"
        desk.notes.decided(
            Topic.ROLES,
            f"demographic ({found}), by its name or label",
            variable.name,
            option("--question", variable.name),
        )
        yield variable.name


def _questions(desk: _Desk) -> Iterator[str]:
    """Columns that were asked: what is left, where it has options."""
    chosen = bool(desk.settings.questions)
    for variable in desk.free():
        name = variable.name
        known = name in desk.named.questions
        why = _no_question(desk, variable, known=known)
        if chosen and not why:
            why = "not among the questions that the command line names"
        if not why:
            desk.taken[name] = "question"
            desk.notes.decided(
                Topic.ROLES,
                "question, as the recipe says" if known else "question: it has answers that repeat",
                name,
                "--demographic NAME, --leave-out NAME",
            )
            yield name
            continue
        desk.taken[name] = "left out"
        desk.notes.decided(Topic.LEFT_OUT, why, name, option("--question", name))


def _no_question(desk: _Desk, variable: Variable, *, known: bool) -> str:
    """Why a column cannot be a question; "" where it can."""
    if variable.name in desk.named.left_out:
        return "the recipe says so"
    if not known and desk.named.only:
        return "the recipe does not know it"
    valid = desk.valid(variable)
    labelled = [code for code in variable.labels if code not in desk.missing[variable.name]]
    if not variable.n_present:
        return "it is empty"
    if variable.kind == "date":
        return "it holds dates or times"
    if not known and words.named_like(words.TECHNICAL, variable.name):
        return "a technical column, by its name"
    return "" if known else _no_scale(variable, valid, labelled)


def _no_scale(variable: Variable, valid: Mapping[str, int], labelled: Sequence[str]) -> str:
    """Why answers are no scale, by how many there are."""
    options = len({*valid, *labelled})
    if options < 2:
        return "it has one answer only" if options else "it has no answer that is not missing"
    bare = [code for code in valid if code not in variable.labels]
    if variable.kind == "number":
        numbers = np.array([number for code in bare if (number := number_of(code)) is not None])
        whole = bool(np.all(numbers == np.floor(numbers)))
        if bare and (not whole or (len(bare) > _OPEN_NUMBERS and len(bare) > len(labelled))):
            return f"an open numeric column: {len(bare):,} different numbers without labels"
    if options > MOST_OPTIONS:
        what = "open text" if not labelled else "too many options"
        return f"{what}: {options:,} different answers, and {MOST_OPTIONS} can be lettered"
    if variable.kind == "text" and not labelled and variable.n_present == len(valid) > 5:
        return "open text: no answer stands twice"
    return ""


def needs_options(survey: SurveyFile, column: str, count: int) -> str:
    """Why a column that somebody named as a question cannot be one; "" where it can."""
    variable = survey.variable(column)
    assert variable is not None
    if count < 2:
        return f"a question needs two answers that are not missing, and it has {count}"
    if count > 1000:
        return f"a question can have 1,000 options, and it has {count:,}"
    return ""
