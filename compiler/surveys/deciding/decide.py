"""From a survey file to a corpus of people and their answers: the passes in their order, on one page.

    missing codes -> roles -> people, weights -> demographics -> scales -> batteries -> items and answers

Expects a survey file and what the command line and a recipe say. Ensures a corpus that passes `check --data`, and a
note for every decision.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from cyclspec.compiler.data.coded import Coded
from cyclspec.compiler.data.contracts import Option
from cyclspec.compiler.data.numbers import number_of
from cyclspec.compiler.surveys.corpus import (
    Axis,
    Item,
    ItemAnswers,
    People,
    PeopleColumn,
    Roles,
)
from cyclspec.compiler.surveys.deciding.batteries import Candidate, batteries_of
from cyclspec.compiler.surveys.deciding.demographics import demographic_of
from cyclspec.compiler.surveys.deciding.identifiers import identifier
from cyclspec.compiler.surveys.deciding.missing import MissingCodes, missing_codes
from cyclspec.compiler.surveys.deciding.people import (
    Respondents,
    codes_column,
    numbers_of,
    respondents_of,
    weights_of,
)
from cyclspec.compiler.surveys.deciding.roles import ColumnRoles, needs_options, roles_of
from cyclspec.compiler.surveys.deciding.scales import Choices, Wish, choices_of
from cyclspec.compiler.surveys.deciding.wording import label_of, question_of
from cyclspec.compiler.surveys.notes import Notes, Topic, option
from cyclspec.compiler.surveys.recipes.known import Known
from cyclspec.compiler.surveys.refusals import refuse_file
from cyclspec.compiler.surveys.settings import Settings, matching
from cyclspec.compiler.surveys.survey import SurveyFile, Variable

# Names of people's columns that mean the same in every corpus.
PERSON, WEIGHT, STRATUM, PSU = "person", "weight", "stratum", "psu"


@dataclass(frozen=True, slots=True)
class Microdata:
    """Respondents, what they were asked, and what they answered."""

    items: tuple[Item, ...]
    axes: tuple[Axis, ...]
    people: People
    answers: tuple[ItemAnswers, ...]


def decide(survey: SurveyFile, settings: Settings, known: Known, notes: Notes) -> Microdata:
    """The corpus of a wide file. Raises `SpecError` where an option does not fit the file, or nothing can be asked."""
    if survey.n_rows == 0:
        refuse_file(survey.path, "has no rows")
    missing = {
        variable.name: missing_codes(
            variable, settings.missing_of(variable.name), known.declared(variable.name), notes
        )
        for variable in survey.variables
    }
    roles = roles_of(survey, settings, known.named, missing, notes)
    kept = respondents_of(survey, roles.id, roles.id_within, notes)
    desk = Desk(survey, settings, known, missing, roles, kept, notes)
    people, axes = _people(desk)
    items, answers = _items(desk)
    if not items:
        refuse_file(survey.path, "has no column that can be a question", "name them: `--question NAME`")
    return Microdata(items, axes, people, answers)


@dataclass(frozen=True, slots=True)
class Desk:
    """What the later passes share."""

    survey: SurveyFile
    settings: Settings
    known: Known
    missing: Mapping[str, MissingCodes]
    roles: ColumnRoles
    kept: Respondents
    notes: Notes

    def variable(self, name: str) -> Variable:
        found = self.survey.variable(name)
        assert found is not None
        return found

    def wish(self, name: str) -> Wish:
        def named(patterns: Sequence[str]) -> bool:
            return any(name in matching(pattern, self.survey.names) for pattern in patterns)

        return Wish(named(self.settings.ordinal), named(self.settings.nominal))


def _people(desk: Desk) -> tuple[People, tuple[Axis, ...]]:
    """The table of people: demographics, then weights, then strata and clusters."""
    taken = {PERSON, WEIGHT, STRATUM, PSU}
    columns: list[PeopleColumn] = []
    axes: list[Axis] = []
    for name in desk.roles.demographics:
        variable = desk.variable(name)
        column_name = _column_name(desk, desk.known.axis_name(name), name, taken)
        found = demographic_of(
            variable, column_name, desk.missing[name], desk.known.axis(name), desk.wish(name), desk.notes
        )
        if found is not None:
            columns.append(_rows_of(found.column, desk.kept))
            axes += [found.axis] if found.axis is not None else []
    columns += _weights(desk, taken)
    columns += _design(desk)
    present = {column.name for column in columns}
    roles = Roles(
        *(name if name in present else "" for name in (WEIGHT, STRATUM, PSU)),
    )
    return People(desk.kept.keys, tuple(columns), roles), tuple(axes)


def _column_name(desk: Desk, wanted: str, column: str, taken: set[str]) -> str:
    name = identifier(wanted, taken, "column")
    taken.add(name)
    if name != column:
        desk.notes.decided(Topic.NAMES, f"called `{name}` in the corpus", column)
    return name


def _rows_of(column: PeopleColumn, kept: Respondents) -> PeopleColumn:
    """A column with the rows that are kept."""
    coded = None if column.coded is None else Coded(column.coded.codes, column.coded.index[kept.rows])
    numbers = None if column.numbers is None else column.numbers[kept.rows]
    return PeopleColumn(column.name, column.kind, coded, numbers, column.optional, column.doc)


def _weights(desk: Desk, taken: set[str]) -> list[PeopleColumn]:
    found: list[PeopleColumn] = []
    if desk.roles.weight:
        variable = desk.variable(desk.roles.weight)
        weights = weights_of(desk.survey, variable, desk.missing[variable.name], desk.kept.rows, desk.notes)
        if variable.name != WEIGHT:
            desk.notes.decided(Topic.NAMES, f"called `{WEIGHT}` in the corpus", variable.name)
        found.append(PeopleColumn(WEIGHT, "real", numbers=weights, doc=_doc(variable)))
    for name in desk.roles.other_weights:
        variable = desk.variable(name)
        numbers = numbers_of(variable, desk.missing[name])[desk.kept.rows]
        if (numbers < 0).any() or np.isnan(numbers).all():
            desk.notes.decided(Topic.LEFT_OUT, "a weight with negative numbers, or with none", name)
            continue
        column = _column_name(desk, name, name, taken)
        optional = bool(np.isnan(numbers).any())
        found.append(PeopleColumn(column, "real", numbers=numbers, optional=optional, doc=_doc(variable)))
    return found


def _design(desk: Desk) -> list[PeopleColumn]:
    found = []
    for name, column in ((STRATUM, desk.roles.strata), (PSU, desk.roles.psu)):
        if not column:
            continue
        variable = desk.variable(column)
        made = codes_column(name, variable, desk.missing[column], desk.kept.rows, variable.label or column)
        if column != name:
            desk.notes.decided(Topic.NAMES, f"called `{name}` in the corpus", column)
        if made.optional:
            desk.notes.open(Topic.DESIGN, "some people have none", column)
        found.append(made)
    return found


def _doc(variable: Variable) -> tuple[str, ...]:
    return (variable.label or f"Column `{variable.name}` of the file.",)


def _items(desk: Desk) -> tuple[tuple[Item, ...], tuple[ItemAnswers, ...]]:
    chosen: dict[str, Choices] = {}
    for name in desk.roles.questions:
        variable = desk.variable(name)
        choices = choices_of(
            variable, desk.missing[name], desk.known.scale(name), desk.wish(name), desk.notes
        )
        why = needs_options(desk.survey, name, len(choices.codes))
        if why:
            desk.notes.open(Topic.LEFT_OUT, why, name)
            continue
        chosen[name] = choices
    batteries = _batteries(desk, chosen)
    items = []
    for name, choices in chosen.items():
        _say_order(desk, name, choices)
        items.append(_item(desk, name, choices, batteries.get(name, "")))
    return tuple(items), tuple(_answers(desk, name) for name in chosen)


def _batteries(desk: Desk, chosen: Mapping[str, Choices]) -> dict[str, str]:
    """Those of the recipe, and for other items those that are recognised."""
    known = {name: battery for name in chosen if (battery := desk.known.battery(name))}
    candidates = [
        Candidate(name, desk.variable(name).label, tuple(choices.labels.items()))
        for name, choices in chosen.items()
        if name not in known
    ]
    return {**batteries_of(candidates, desk.notes), **known}


def _say_order(desk: Desk, name: str, choices: Choices) -> None:
    kind = "ordinal" if choices.ordered else "nominal"
    settle = option(f"--{'nominal' if choices.ordered else 'ordinal'}", name)
    note = desk.notes.decided if choices.certain else desk.notes.open
    note(Topic.SCALES, f"{kind}: {choices.why}", name, settle)


def _item(desk: Desk, name: str, choices: Choices, battery: str) -> Item:
    variable, missing = desk.variable(name), desk.missing[name]
    counts = variable.counts()
    numeric = choices.ordered and all(number_of(code) is not None for code in choices.codes)
    labels = {code: label_of(choices.labels.get(code, code), name, desk.notes) for code in choices.codes}
    options = [
        Option(code, {"": label}, number_of(code) if numeric else None) for code, label in labels.items()
    ]
    for code in missing.shown:
        if code in variable.labels or counts.get(code, 0):
            label = variable.labels.get(code) or missing.labels.get(code, code)
            options.append(Option(code, {"": label_of(label, name, desk.notes)}, None, missing=True))
    question = question_of(variable, desk.known.text(name), desk.notes)
    return Item(name, question, tuple(options), choices.ordered, desk.known.theme(name), battery)


def _answers(desk: Desk, name: str) -> ItemAnswers:
    """Answers in the order of the people; who was not asked, and whose cell is empty, has none."""
    variable, missing = desk.variable(name), desk.missing[name]
    index = variable.values.index[desk.kept.rows]
    gone = [at for at, code in enumerate(variable.values.codes) if code in missing.absent]
    asked = (index >= 0) & ~np.isin(index, gone)
    rows = np.flatnonzero(asked).astype(np.int32)
    return ItemAnswers(name, rows, variable.values.codes, index[rows].astype(np.int32))
