"""The options of an item, and whether they have an order: by stated rules, one of which is named for every item.

Expects a variable whose missing codes are known. Ensures options with distinct codes, those that count in the order
of the scale and missing ones last; a value that no label names is an option under its own code, a label that nobody
chose stays.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from cyclspec.compiler.data.numbers import number_of
from cyclspec.compiler.surveys.deciding.grades import Graded, grade
from cyclspec.compiler.surveys.deciding.missing import MissingCodes
from cyclspec.compiler.surveys.notes import Notes, Topic, first_of, option
from cyclspec.compiler.surveys.survey import Measure, Variable, by_number

_NUMBERS = re.compile(r"\d+(?:[.,]\d{3})*(?:\.\d+)?")
_UNDER = re.compile(r"\b(?:under|less than|lt|below|younger|up to|fewer than)\b|^<")
_OVER = re.compile(r"\b(?:more|over|above|older|plus|and up)\b|\+\s*$|^>")


@dataclass(frozen=True, slots=True)
class KnownScale:
    """A scale that a recipe knows: codes with their labels in order. `ordered` is None where the rules decide."""

    options: tuple[tuple[str, str], ...] = ()
    ordered: bool | None = None


@dataclass(frozen=True, slots=True)
class Choices:
    """The codes of a scale that are not missing, in order, with their labels; `why` names the rule of the order."""

    codes: tuple[str, ...]
    labels: Mapping[str, str] = field(default_factory=dict)
    ordered: bool = False
    why: str = ""
    certain: bool = True


@dataclass(frozen=True, slots=True)
class Wish:
    """What the command line says of a column: ordinal, nominal, or nothing."""

    ordinal: bool = False
    nominal: bool = False


def choices_of(
    variable: Variable, missing: MissingCodes, known: KnownScale, wish: Wish, notes: Notes | None
) -> Choices:
    """The options of a variable in their order. Nothing is noted where `notes` is None."""
    labels = _labels(variable, missing, known)
    counts = variable.counts()
    valid = [code for code in dict.fromkeys((*labels, *counts)) if code not in missing]
    if notes is not None:
        _say_labels(variable, labels, valid, counts, notes)
    codes = _sorted(labels, valid, known)
    known = (
        known
        if _is_met(known, valid, labels)
        else KnownScale(ordered=None if known.ordered else known.ordered)
    )
    standing = bool(labels) or all(number_of(code) is not None for code in codes)
    evidence = Evidence(known, wish, variable.measure, variable.labels, standing)
    return ordering(codes, {code: labels.get(code, code) for code in codes}, evidence)


def _labels(variable: Variable, missing: MissingCodes, known: KnownScale) -> dict[str, str]:
    """Labels of the codes that count: the file's own before those of the recipe.

    A file that holds words instead of codes is met by the labels of the recipe.
    """
    own = {code: label for code, label in variable.labels.items() if code not in missing}
    if own or not known.options:
        return own
    present = [code for code in variable.values.codes if code not in missing]
    by_word = {label.casefold(): label for _, label in known.options}
    if present and all(code.casefold() in by_word for code in present):
        spelled = {code.casefold(): code for code in present}
        return {spelled.get(label.casefold(), label): label for _, label in known.options}
    if any(code in dict(known.options) for code in present):
        return dict(known.options)
    return own


def _sorted(labels: Mapping[str, str], valid: Sequence[str], known: KnownScale) -> tuple[str, ...]:
    """As the recipe lists them; else numbers by size, words as the file lists them, and by the alphabet."""
    place = {label.casefold(): at for at, (_, label) in enumerate(known.options)}
    place |= {code.casefold(): at for at, (code, _) in enumerate(known.options)}
    if any(code.casefold() in place for code in valid):
        last = len(place)
        return tuple(sorted(valid, key=lambda code: (place.get(code.casefold(), last), by_number(code))))
    if all(number_of(code) is not None for code in valid):
        return tuple(sorted(valid, key=by_number))
    return (*(code for code in labels if code in valid), *sorted(c for c in valid if c not in labels))


def _is_met(known: KnownScale, valid: Sequence[str], labels: Mapping[str, str]) -> bool:
    """Whether the order of a recipe says anything of these options: by its codes, its labels, or as numbers."""
    words = {word.casefold() for option in known.options for word in option}
    return (
        not known.options
        or all(number_of(code) is not None for code in valid)
        or any({code.casefold(), labels.get(code, code).casefold()} & words for code in valid)
    )


@dataclass(frozen=True, slots=True)
class Evidence:
    """What there is to tell whether options have an order. `standing` says that the order in which they come is a
    choice of whoever wrote the file: by code, or in a list."""

    known: KnownScale = KnownScale()
    wish: Wish = Wish()
    measure: Measure = "unknown"
    labels: Mapping[str, str] = field(default_factory=dict)
    standing: bool = False


def ordering(codes: tuple[str, ...], labels: Mapping[str, str], evidence: Evidence) -> Choices:
    """The order of options by the first rule that applies."""
    words = [labels.get(code, code) for code in codes]
    wish, known = evidence.wish, evidence.known
    if wish.ordinal or wish.nominal:
        return _wished(codes, words, labels, evidence)
    if known.ordered is not None:
        return Choices(codes, labels, known.ordered, "the recipe says so")
    if evidence.measure == "ordinal":
        return Choices(codes, labels, True, "the file's measure is ordinal")
    found = grade(words)
    if found is not None and (evidence.standing or found.distinct):
        return _graded(codes, labels, found, evidence)
    return _by_numbers(codes, labels, words, evidence)


def _by_numbers(
    codes: tuple[str, ...], labels: Mapping[str, str], words: Sequence[str], evidence: Evidence
) -> Choices:
    coded = all(number_of(code) is not None for code in codes)
    rising = rising_numbers(words)
    if rising is not None and not (coded and list(codes) == list(words)):
        order = tuple(code for _, code in sorted(zip(rising, codes, strict=True)))
        return Choices(order, labels, True, "their labels are rising numbers")
    if coded and _is_run(codes) and _ends_only(codes, labels):
        return Choices(codes, labels, True, "a run of numbers of which only the ends are labelled")
    if coded and evidence.measure == "scale" and not evidence.labels and _is_run(codes):
        return Choices(codes, labels, True, "numbers in a run, and the file's measure is scale")
    if len(codes) == 2:
        return Choices(codes, labels, False, "it has two options, whose order makes no difference")
    if evidence.measure == "nominal" and evidence.labels:
        return Choices(codes, labels, False, "the file's measure is nominal")
    return Choices(codes, labels, False, "no rule says that its options have an order", certain=False)


def _wished(
    codes: tuple[str, ...], words: Sequence[str], labels: Mapping[str, str], evidence: Evidence
) -> Choices:
    """The command line decides; words without codes stand by their meaning where it is known."""
    if not evidence.wish.ordinal:
        return Choices(codes, labels, False, "the command line says so")
    found = None if evidence.standing else grade(words)
    rising = None if evidence.standing or found is not None else rising_numbers(words)
    ranks = found.ranks if found is not None and found.distinct else rising
    if ranks is not None:
        codes = tuple(code for _, code in sorted(zip(ranks, codes, strict=True)))
    return Choices(codes, labels, True, "the command line says so")


def _graded(codes: tuple[str, ...], labels: Mapping[str, str], found: Graded, evidence: Evidence) -> Choices:
    ranks = list(found.ranks)
    along = ranks in (sorted(ranks), sorted(ranks, reverse=True))
    why = f"its labels grade one thing ({found.family})"
    if along or not found.distinct:
        return Choices(codes, labels, True, why, certain=along)
    order = tuple(code for _, code in sorted(zip(ranks, codes, strict=True)))
    if evidence.standing:
        why += "; its options stand in the order of their words, which is not that of the file"
    return Choices(order, labels, True, why, certain=not evidence.standing)


def rising_numbers(words: Sequence[str]) -> tuple[float, ...] | None:
    """A number for each label such as `18-29`, `under $20k`, `80 or older`; None unless all differ."""
    found: list[float] = []
    for word in words:
        folded = word.casefold()
        match = _NUMBERS.search(folded)
        if match is None:
            return None
        number = float(match[0].replace(",", ""))
        shift = -0.5 if _UNDER.search(folded) else 0.5 if _OVER.search(folded) else 0.0
        found.append(number + shift)
    return tuple(found) if len(found) > 1 and len(set(found)) == len(found) else None


def _is_run(codes: Sequence[str]) -> bool:
    numbers = [number_of(code) for code in codes]
    if len(numbers) < 3 or any(number is None or number != int(number) for number in numbers):
        return False
    whole = [int(number) for number in numbers if number is not None]
    return whole == list(range(whole[0], whole[0] + len(whole)))


def _ends_only(codes: Sequence[str], labels: Mapping[str, str]) -> bool:
    """Whether both ends of a scale have words and what is between has none, or the middle alone."""
    worded = [at for at, code in enumerate(codes) if labels.get(code, code) != code]
    inner = [at for at in worded if 0 < at < len(codes) - 1]
    middle = len(inner) <= 1 and all(at == (len(codes) - 1) // 2 for at in inner)
    return len(codes) >= 4 and {0, len(codes) - 1} <= set(worded) and middle


def _say_labels(
    variable: Variable,
    labels: Mapping[str, str],
    valid: Sequence[str],
    counts: Mapping[str, int],
    notes: Notes,
) -> None:
    unused = [code for code in valid if not counts.get(code, 0)]
    if unused:
        listed = first_of([f"`{code}` {labels[code][:40]}" for code in unused], 4)
        notes.found(
            Topic.LABELS,
            f"value labels without values: nobody chose {listed}; they stay options",
            variable.name,
        )
    bare = sorted((code for code in valid if code not in labels and counts.get(code, 0)), key=by_number)
    apart = _apart(bare, labels)
    if apart:
        listed = first_of([f"`{code}`" for code in apart], 4)
        notes.open(
            Topic.LABELS,
            f"values without labels stand apart from those with: {listed}; such values often mean that nobody answered",
            variable.name,
            option("--missing", f"{variable.name}={','.join(apart)}"),
        )
    bare = [code for code in bare if code not in apart]
    if bare and not labels and all(number_of(code) is not None for code in bare):
        what = "its options are numbers that nothing names, and a model is shown them so"
        notes.open(Topic.LABELS, f"{what}: write their labels into the items", variable.name)
    if bare and labels:
        listed = first_of([f"`{code}`" for code in bare], 8)
        notes.decided(
            Topic.LABELS, f"values without labels are shown as their codes: {listed}", variable.name
        )
    same = _twice([labels.get(code, code) for code in valid])
    if same:
        notes.open(Topic.LABELS, f"several codes have one label: {', '.join(same[:4])}", variable.name)


def _apart(bare: Sequence[str], labels: Mapping[str, str]) -> list[str]:
    """Numbers that are more than a step away from all numbers with a label, such as 99 beside labels of 1 to 4."""
    worded = [number for number in map(number_of, labels) if number is not None]
    if not worded:
        return []
    low, high = min(worded) - 1, max(worded) + 1
    return [code for code in bare if (number := number_of(code)) is not None and not low <= number <= high]


def _twice(words: Sequence[str]) -> list[str]:
    folded = [word.casefold() for word in words]
    return sorted({word for word in words if folded.count(word.casefold()) > 1})
