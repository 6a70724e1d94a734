"""Which codes of a column are no answers: those shown as missing options, and those of people who were never asked.

Expects a variable and what the command line and the recipe declare. Ensures that every code that is set apart is
noted with the rule that did it. A code counts as never asked only where a recipe or its label says so; every other
one is an option with the flag `missing`, so that it is counted.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from cyclspec.compiler.surveys.deciding.words import unanswered
from cyclspec.compiler.surveys.notes import Notes, Topic, first_of
from cyclspec.compiler.surveys.survey import Between, MissingRule, Variable, by_number

_SHOWN = 6


@dataclass(frozen=True, slots=True)
class Declared:
    """Missing codes that a recipe knows, with their labels: `shown` are answers of a kind, `absent` are none."""

    shown: Mapping[str, str] = field(default_factory=dict)
    absent: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class MissingCodes:
    """Codes of one column by what becomes of them, and labels that a recipe has for them."""

    shown: tuple[str, ...] = ()
    absent: tuple[str, ...] = ()
    labels: Mapping[str, str] = field(default_factory=dict)

    def __contains__(self, code: object) -> bool:
        return code in self.shown or code in self.absent


def missing_codes(
    variable: Variable, typed: Sequence[MissingRule], declared: Declared, notes: Notes
) -> MissingCodes:
    """The missing codes of a variable, in the order of its labels and then by number.

    `typed` are the rules of the command line. A code that only its own words declare missing is noted as such.
    """
    shown: dict[str, list[str]] = {}
    absent: dict[str, list[str]] = {}
    for code in dict.fromkeys((*variable.labels, *sorted(variable.values.codes, key=by_number))):
        rule = _rule(variable, code, typed, declared)
        if not rule:
            continue
        label = variable.labels.get(code) or declared.absent.get(code) or declared.shown.get(code) or code
        gone = code in declared.absent or unanswered(label) == "absent"
        (absent if gone and code not in declared.shown else shown).setdefault(rule, []).append(code)
    _say(variable, shown, notes, "kept as missing options")
    _say(variable, absent, notes, "no row: nobody was asked, or the file has nothing")
    labels = {**declared.absent, **declared.shown}
    return MissingCodes(
        _flat(shown), _flat(absent), {c: w for c, w in labels.items() if c not in variable.labels}
    )


def _flat(codes: Mapping[str, Sequence[str]]) -> tuple[str, ...]:
    return tuple(code for found in codes.values() for code in found)


def _rule(variable: Variable, code: str, typed: Sequence[MissingRule], declared: Declared) -> str:
    """Which rule declares a code missing; "" where none does."""
    if any(rule.holds(code) if isinstance(rule, Between) else rule == code for rule in typed):
        return "by the command line"
    if code in declared.shown or code in declared.absent:
        return "by the recipe"
    if variable.is_missing(code):
        return "user-missing in the file"
    if unanswered(variable.labels.get(code, code)) is not None:
        return "by their label"
    return ""


def _say(variable: Variable, found: Mapping[str, Sequence[str]], notes: Notes, fate: str) -> None:
    counts = variable.counts()
    for rule, codes in found.items():
        present = [code for code in codes if counts.get(code, 0)]
        if not present:
            continue
        listed = first_of([_spelled(variable, code) for code in present], _SHOWN)
        unlabelled = [code for code in present if code not in variable.labels and variable.labels]
        text = f"{rule}, {fate}: {listed}"
        if unlabelled and rule == "user-missing in the file":
            notes.open(Topic.MISSING, text + "; no label says what it means", variable.name)
        else:
            notes.decided(Topic.MISSING, text, variable.name)


def _spelled(variable: Variable, code: str) -> str:
    label = variable.labels.get(code)
    return f"`{code}`" if label is None or label == code else f"`{code}` {label[:40]}"
