"""Answer scales of the demo survey, in three languages, and the types that items are written with.

All wording is our own. A `Words` holds the English, Chinese and Spanish text of one thing, in this order.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

LANGS = ("en", "zh", "es")


class Words(NamedTuple):
    """One text in the three languages of the survey."""

    en: str
    zh: str
    es: str


@dataclass(frozen=True, slots=True)
class Item:
    """One survey question and how its answers depend on the two value dimensions.

    An ordinal item has one pair of `loadings`, (custom, reach): how strongly a person's position draws the answer
    to the first option, in logits a standard deviation. A nominal item has a pair for each option. `missing`
    names the options outside the scale that respondents could use.
    """

    name: str
    theme: str
    battery: str | None
    question: Words
    options: tuple[Words, ...]
    loadings: tuple[tuple[float, float], ...]
    missing: tuple[str, ...] = ()


MISSING: dict[str, Words] = {
    "-1": Words("Don't know", "不知道", "No sabe"),
    "-2": Words("Prefer not to say", "不愿回答", "Prefiere no contestar"),
}

IMPORTANT = (
    Words("Very important", "非常重要", "Muy importante"),
    Words("Fairly important", "比较重要", "Bastante importante"),
    Words("Slightly important", "不太重要", "Poco importante"),
    Words("Of no importance", "完全不重要", "Nada importante"),
)
AGREE = (
    Words("Agree fully", "完全同意", "Totalmente de acuerdo"),
    Words("Rather agree", "比较同意", "Más bien de acuerdo"),
    Words("Undecided", "说不准", "Indeciso"),
    Words("Rather disagree", "不太同意", "Más bien en desacuerdo"),
    Words("Disagree fully", "完全不同意", "Totalmente en desacuerdo"),
)
RELY = (
    Words("A great deal", "非常信任", "Muchísimo"),
    Words("Quite a lot", "比较信任", "Bastante"),
    Words("A little", "不太信任", "Un poco"),
    Words("Not at all", "完全不信任", "Nada"),
)
LIKELY = (
    Words("Almost certain", "几乎肯定", "Casi seguro"),
    Words("Likely", "有可能", "Probable"),
    Words("As likely as not", "可能性各半", "Igual de probable que improbable"),
    Words("Unlikely", "不太可能", "Poco probable"),
    Words("Almost impossible", "几乎不可能", "Casi imposible"),
)
OFTEN = (
    Words("Every day", "每天", "Todos los días"),
    Words("Every week", "每周", "Todas las semanas"),
    Words("Every month", "每月", "Todos los meses"),
    Words("A few times a year", "一年几次", "Algunas veces al año"),
    Words("Less than once a year", "一年不到一次", "Menos de una vez al año"),
    Words("Never", "从不", "Nunca"),
)
CONTENT = (
    Words("Entirely content", "完全满意", "Completamente contento"),
    Words("Very content", "很满意", "Muy contento"),
    Words("Somewhat content", "有些满意", "Algo contento"),
    Words("Neither one nor the other", "谈不上满意或不满意", "Ni una cosa ni la otra"),
    Words("Somewhat discontent", "有些不满意", "Algo descontento"),
    Words("Very discontent", "很不满意", "Muy descontento"),
    Words("Entirely discontent", "完全不满意", "Completamente descontento"),
)
MORE_OR_FEWER = (
    Words("More than now", "比现在多", "Más que ahora"),
    Words("As many as now", "和现在一样", "Tantas como ahora"),
    Words("Fewer than now", "比现在少", "Menos que ahora"),
)
YES_NO = (Words("Yes", "会", "Sí"), Words("No", "不会", "No"))


def ladder(low: Words, high: Words) -> tuple[Words, ...]:
    """Ten rungs, of which only the two ends are named."""
    ends = {1: low, 10: high}
    return tuple(_rung(number, ends.get(number)) for number in range(1, 11))


def _rung(number: int, end: Words | None) -> Words:
    if end is None:
        return Words(str(number), str(number), str(number))
    return Words(f"{number}, {end.en}", f"{number}，{end.zh}", f"{number}, {end.es}")
