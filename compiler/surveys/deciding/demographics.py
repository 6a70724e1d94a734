"""Demographic columns as axes: levels with names, codes and labels, in order where they have one.

Expects a variable and its missing codes. Ensures that every code in use is a level, that codes that are missing are
levels with the flag, that levels nobody has are dropped and noted, and that open ages become bands of years.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from cyclspec.compiler.data.coded import Coded
from cyclspec.compiler.data.codes import normal_code
from cyclspec.compiler.data.numbers import number_of
from cyclspec.compiler.surveys.corpus import Axis, AxisLevel, PeopleColumn
from cyclspec.compiler.surveys.deciding.identifiers import word
from cyclspec.compiler.surveys.deciding.missing import MissingCodes
from cyclspec.compiler.surveys.deciding.scales import Choices, KnownScale, Wish, choices_of
from cyclspec.compiler.surveys.deciding.wording import label_of
from cyclspec.compiler.surveys.deciding.words import demographic_word
from cyclspec.compiler.surveys.notes import Notes, Topic, first_of, option
from cyclspec.compiler.surveys.survey import Variable

MOST_LEVELS = 100
_OPEN_FROM = 27
_BANDS = ((18, 29), (30, 49), (50, None))
_OLDEST, _MOST_GROUPS = 130, 17


@dataclass(frozen=True, slots=True)
class KnownAxis:
    """An axis that a recipe knows: its levels, names of levels by code, and bands of years."""

    scale: KnownScale = field(default_factory=KnownScale)
    names: Mapping[str, str] = field(default_factory=dict)
    bands: tuple[tuple[int, int | None], ...] = ()


@dataclass(frozen=True, slots=True)
class Demographic:
    """A column of the people, with the axis that it is over; an open vocabulary or numbers have none."""

    column: PeopleColumn
    axis: Axis | None


def demographic_of(
    variable: Variable, name: str, missing: MissingCodes, known: KnownAxis, wish: Wish, notes: Notes
) -> Demographic | None:
    """A demographic column under `name`; None where nobody has a value that is not missing."""
    counts = variable.counts()
    valid = [code for code, n in counts.items() if n and code not in missing]
    if not valid:
        notes.open(Topic.LEFT_OUT, "a demographic column in which every value is missing", variable.name)
        return None
    doc = (variable.label,) if variable.label else ()
    numbers = [number_of(code) for code in valid]
    open_numbers = variable.kind == "number" and len(_unlabelled(valid, variable)) >= _OPEN_FROM
    whole = all(number is not None and number == int(number) for number in numbers)
    if known.bands or _are_ages(variable, valid, numbers):
        return _banded(variable, name, missing, known.bands, doc, notes)
    if open_numbers and not whole:
        return _numbers(variable, name, missing, doc, notes)
    if len(valid) > MOST_LEVELS:
        return _open(variable, name, missing, doc, notes)
    choices = choices_of(variable, missing, known.scale, wish, None)
    year = whole and demographic_word(variable.name, variable.label) == "year"
    bare = all(number is not None for number in numbers) and not variable.labels
    if bare and not year and all(choices.labels.get(code, code) == code for code in choices.codes):
        what = "its levels are numbers that nothing names, and a prompt shows them so"
        notes.open(Topic.LABELS, f"{what}: write their labels into the axis", variable.name)
    if not choices.certain and year:
        choices = replace(choices, ordered=True, why="years follow one another", certain=True)
    return _levelled(variable, name, missing, known, choices, counts, doc, notes)


def _unlabelled(valid: Sequence[str], variable: Variable) -> list[str]:
    return [code for code in valid if code not in variable.labels]


def _are_ages(variable: Variable, valid: Sequence[str], numbers: Sequence[float | None]) -> bool:
    """Whether numbers without labels are years of age: codes of age groups do not go beyond 17."""
    if demographic_word(variable.name, variable.label) != "age" or len(_unlabelled(valid, variable)) < len(
        valid
    ):
        return False
    ages = [number for number in numbers if number is not None and 0 <= number <= _OLDEST]
    return len(ages) == len(numbers) and max(ages) > _MOST_GROUPS


def _levelled(
    variable: Variable,
    name: str,
    missing: MissingCodes,
    known: KnownAxis,
    choices: Choices,
    counts: Mapping[str, int],
    doc: tuple[str, ...],
    notes: Notes,
) -> Demographic:
    used = [code for code in choices.codes if counts.get(code, 0)]
    _say_unused(variable, choices, used, notes)
    numeric = variable.kind == "number" and all(number_of(code) is not None for code in used)
    taken: list[str] = []
    levels: list[AxisLevel] = []
    for code in used:
        label = label_of(choices.labels.get(code, code), variable.name, notes)
        taken.append(word(known.names.get(code, label), taken, name))
        levels.append(AxisLevel(taken[-1], label, code))
    levels += _missing_levels(variable, missing, counts, taken, name)
    axis = Axis(name, tuple(levels), choices.ordered, numeric=numeric, doc=doc)
    kind = "ordinal" if choices.ordered else "nominal"
    notes.decided(
        Topic.DEMOGRAPHICS,
        f"an axis of {len(used)} levels, {kind}: {choices.why}",
        variable.name,
        option("--nominal" if choices.ordered else "--ordinal", variable.name),
    )
    column, optional = _kept(variable, missing)
    return Demographic(PeopleColumn(name, "axis", column, optional=optional, doc=doc), axis)


def _say_unused(variable: Variable, choices: Choices, used: Sequence[str], notes: Notes) -> None:
    unused = [code for code in choices.codes if code not in used]
    if not unused:
        return
    listed = first_of([f"`{code}` {choices.labels.get(code, '')[:30]}".strip() for code in unused], 4)
    notes.decided(Topic.DEMOGRAPHICS, f"levels that nobody has are left out: {listed}", variable.name)


def _missing_levels(
    variable: Variable, missing: MissingCodes, counts: Mapping[str, int], taken: list[str], name: str
) -> list[AxisLevel]:
    """Don't know and refused, so that the people without a level are counted under their reason."""
    found = []
    for code in missing.shown:
        if counts.get(code, 0):
            label = variable.labels.get(code) or missing.labels.get(code, code)
            taken.append(word(label, taken, name))
            found.append(AxisLevel(taken[-1], label, code, missing=True))
    return found


def _kept(variable: Variable, missing: MissingCodes) -> tuple[Coded, bool]:
    """The codes of a column without those of people who were not asked, and whether somebody has none."""
    table = np.array(
        [-1 if code in missing.absent else at for at, code in enumerate(variable.values.codes)] + [-1],
        np.int32,
    )
    index = table[variable.values.index]
    return Coded(variable.values.codes, index), bool((index < 0).any())


def _banded(
    variable: Variable,
    name: str,
    missing: MissingCodes,
    bands: tuple[tuple[int, int | None], ...],
    doc: tuple[str, ...],
    notes: Notes,
) -> Demographic:
    """Ages in completed years, cut into bands."""
    column, optional = _kept(variable, missing)
    codes = [_years(code) for code in column.codes]
    ages = [age for code in codes if (age := number_of(code)) is not None]
    youngest = min(ages)
    cut = list(bands or _BANDS)
    if youngest < cut[0][0]:
        cut.insert(0, (0, cut[0][0] - 1))
    levels = [
        AxisLevel(
            f"{name}_{low}_{high}" if high is not None else f"{name}_{low}_up",
            _band(low, high),
            "",
            low,
            high,
        )
        for low, high in cut
    ]
    rule = "as the recipe has them" if bands else "18, 30 and 50 begin a band; edit the axis for others"
    notes.decided(
        Topic.DEMOGRAPHICS, f"ages {youngest:g} to {max(ages):g} in {len(cut)} bands: {rule}", variable.name
    )
    if codes != list(column.codes):
        notes.decided(Topic.DEMOGRAPHICS, "ages are taken in completed years", variable.name)
    taken = [level.name for level in levels]
    levels += _missing_levels(variable, missing, variable.counts(), taken, name)
    axis = Axis(name, tuple(levels), ordered=True, unit="years", doc=doc)
    people = PeopleColumn(name, "axis", Coded(tuple(codes), column.index), optional=optional, doc=doc)
    return Demographic(people, axis)


def _years(code: str) -> str:
    number = number_of(code)
    return code if number is None else normal_code(float(np.floor(number)))


def _band(low: int, high: int | None) -> str:
    if high is None:
        return f"{low} years or older"
    return f"under {high + 1} years" if low == 0 else f"{low} to {high} years"


def _numbers(
    variable: Variable, name: str, missing: MissingCodes, doc: tuple[str, ...], notes: Notes
) -> Demographic:
    notes.decided(
        Topic.DEMOGRAPHICS, "kept as a column of numbers: it has too many to be levels", variable.name
    )
    numbers = variable.numbers().copy()
    gone = [at for at, code in enumerate(variable.values.codes) if code in missing]
    numbers[np.isin(variable.values.index, gone)] = np.nan
    optional = bool(np.isnan(numbers).any())
    return Demographic(PeopleColumn(name, "real", numbers=numbers, optional=optional, doc=doc), None)


def _open(
    variable: Variable, name: str, missing: MissingCodes, doc: tuple[str, ...], notes: Notes
) -> Demographic:
    """More levels than an axis should have: a vocabulary that is not listed."""
    words = [variable.labels.get(code, code) for code in variable.values.codes]
    distinct = len(set(words)) == len(words)
    gone = [at for at, code in enumerate(variable.values.codes) if code in missing]
    index = np.where(np.isin(variable.values.index, gone), -1, variable.values.index).astype(np.int32)
    used = words if distinct else list(variable.values.codes)
    notes.decided(
        Topic.DEMOGRAPHICS,
        f"kept as an open vocabulary: more than {MOST_LEVELS} levels; its missing codes hold nothing",
        variable.name,
    )
    optional = bool((index < 0).any())
    return Demographic(
        PeopleColumn(name, "open", Coded(tuple(used), index), optional=optional, doc=doc), None
    )
