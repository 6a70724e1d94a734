"""Families of graded answers: by which words it is known that options have an order, and which.

Expects the labels of the options that are not missing. Ensures a rank for each, from most to least, where all of them
belong to one family; None where no family holds them all.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Graded:
    """The family that all labels belong to, and the rank of each, equal where the family does not tell them apart."""

    family: str
    ranks: tuple[int, ...]

    @property
    def distinct(self) -> bool:
        return len(set(self.ranks)) == len(self.ranks)


_MOST = r"(?:very|extremely|strongly|completely|fully|totally|absolutely|very strongly|definitely)"
_SOME = r"(?:somewhat|tend to|rather|mostly|generally|probably|moderately)"
_LITTLE = r"(?:slightly|a little|weakly|lean toward)"
_MIDDLE = r"neither\b.*|neutral|undecided|no preference|in the middle|mixed|it depends|depends"


def _poles(positive: str, negative: str) -> tuple[str, ...]:
    """Strong, plain and weak forms of a word and its opposite, with the middle between them."""
    return (
        rf"{_MOST} (?:{positive})|(?:{positive}) {_MOST}",
        rf"(?:{_SOME} )?(?:{positive})|(?:{positive}) (?:{_SOME}|on balance|not so strongly)",
        rf"{_LITTLE} (?:{positive})|(?:{positive}) {_LITTLE}",
        _MIDDLE,
        rf"{_LITTLE} (?:{negative})|(?:{negative}) {_LITTLE}",
        rf"(?:{_SOME} )?(?:{negative})|(?:{negative}) (?:{_SOME}|on balance|not so strongly)",
        rf"{_MOST} (?:{negative})|(?:{negative}) {_MOST}",
    )


def _amounts(quality: str) -> tuple[str, ...]:
    """How much of a quality: from extremely to not at all."""
    return (
        rf"(?:extremely|of (?:the )?utmost|utmost|absolutely|totally|completely|exceptionally) {quality}",
        rf"(?:very|a great deal|highly|really) {quality}|very much",
        rf"(?:quite|pretty|fairly|rather|considerably) {quality}|{quality}",
        rf"(?:somewhat|moderately|of moderate|mildly) {quality}|neither\b.*|neutral",
        (
            rf"(?:a little|slightly|only a little|not so|not too|of little|of slight|a bit) {quality}"
            rf"|not (?:very|that|particularly) {quality}"
        ),
        (
            rf"(?:hardly|barely|of very little or no|of no|very little) {quality}|not {quality}"
            rf"|(?:un|dis|in|im){quality}"
        ),
        (
            rf"not at all {quality}|not at all|not {quality} at all"
            rf"|(?:very|extremely) (?:un|dis|in|im){quality}|absolutely not .*"
        ),
    )


_FAMILIES: dict[str, tuple[str, ...]] = {
    "agreement": _poles("agree", "disagree"),
    "approval": _poles("approve|support|favou?r|in favou?r|oppose not", "disapprove|oppose|against"),
    "favour": (
        r"(?:very|strongly|completely) favou?rable",
        r"(?:mostly|somewhat|rather|fairly)? ?favou?rable",
        _MIDDLE,
        r"(?:mostly|somewhat|rather|fairly)? ?unfavou?rable",
        r"(?:very|strongly|completely) unfavou?rable",
    ),
    "satisfaction": (
        r"(?:extremely|completely) satisfied",
        r"(?:very) satisfied",
        r"(?:pretty well|fairly|rather|somewhat|moderately|mostly|more or less) ?satisfied|satisfied",
        _MIDDLE,
        (
            r"(?:fairly|rather|somewhat|a little|moderately) dissatisfied|dissatisfied"
            r"|not (?:very|too) satisfied|not satisfied"
        ),
        r"very dissatisfied|not (?:satisfied )?at all(?: satisfied)?|(?:completely|extremely) dissatisfied",
    ),
    "frequency": (
        r"always|every ?day|daily|several times a day|more than once a day",
        r"(?:nearly|almost) (?:always|every ?day)|once a day|more than once a week",
        r"most of the time|usually|very often|several times a week|(?:about )?once a week|every week|weekly",
        r"often|frequently|regularly|a few times a (?:week|month)|2-3 times a month|nearly every week",
        r"about half(?: of)? the time|half the time|once a month|about once a month|monthly",
        r"sometimes|some of the time|occasionally|now and then|several times a year",
        (
            r"rarely|seldom|hardly ever|once in a while|not (?:very|too) often|once a year"
            r"|(?:about )?once or twice a year|only on .*holy days.*"
        ),
        r"almost never|practically never|less often|less than once a year|very rarely",
        r"never(?:.{0,20})?",
    ),
    "confidence": (
        r"complete(?:ly)?(?: trust| confidence)?|complete .*",
        r"(?:a )?great deal(?: of .*)?|a lot(?: of .*)?|trust completely|very great.*|most",
        r"quite a lot(?: of .*)?|(?:a )?fair amount(?: of .*)?|trust somewhat|a good amount.*|many",
        r"(?:just |only )?some(?: .*)?|a moderate amount.*",
        (
            r"not very much(?: .*)?|not much(?: .*)?|not too much(?: .*)?|hardly any(?: .*)?"
            r"|(?:only )?a little(?: .*)?|do not trust very much|very (?:little|few).*"
        ),
        r"none(?: at all)?|nothing(?: at all)?|no \w+(?: at all)?|not at all|do not trust at all",
    ),
    "quality": (
        r"excellent|very good|outstanding",
        r"good|fairly good|pretty good",
        r"fair|average|so-?so|neither\b.*|only fair|acceptable",
        r"poor|bad|fairly bad|rather bad",
        r"very (?:poor|bad)|terrible",
    ),
    "comparison": (
        r"(?:far|much|a lot|well) (?:above .*|better|more|higher|greater|easier|larger)(?: .*)?",
        r"(?:(?:somewhat|a little|slightly|rather) )?(?:above .*|better|more|higher|greater|easier|larger)(?: .*)?",
        (
            r"(?:about |stayed |just )?(?:the same|average|equal|as .*now|as it is)(?: .*)?"
            r"|no (?:change|difference)|(?:about )?right"
        ),
        (
            r"(?:(?:somewhat|a little|slightly|rather) )?"
            r"(?:below .*|worse|less|lower|fewer|harder|smaller|more difficult)(?: .*)?"
        ),
        r"(?:far|much|a lot|well) (?:below .*|worse|less|lower|fewer|harder|smaller)(?: .*)?",
    ),
    "justification": (
        r"always (?:justifiable|right|acceptable)",
        r"sometimes (?:justifiable|right|acceptable)|not wrong at all",
        r"(?:wrong )?only sometimes(?: wrong)?|rarely (?:justifiable|right)|sometimes wrong",
        r"almost always wrong",
        r"never (?:justifiable|right|acceptable)|always wrong",
    ),
    "likeness": (
        r"very much like (?:me|you)",
        r"like (?:me|you)",
        r"somewhat like (?:me|you)",
        r"a little like (?:me|you)",
        r"not like (?:me|you)",
        r"not at all like (?:me|you)|not like (?:me|you) at all",
    ),
    "class": (
        r"upper class",
        r"upper middle class",
        r"middle class",
        r"lower middle class",
        r"working class",
        r"lower class",
        r"poor",
    ),
    "party": (
        r"strong(?:ly)? democrat",
        r"not (?:so|very) strong democrat|weak democrat|democrat",
        r"independent-? ?(?:leaning |lean )?\(?democrat\)?|lean democrat|independent, close to democrat",
        r"independent|independent, neither",
        r"independent-? ?(?:leaning |lean )?\(?republican\)?|lean republican|independent, close to republican",
        r"not (?:so|very) strong republican|weak republican|republican",
        r"strong(?:ly)? republican",
    ),
    "ideology": (
        r"extremely liberal|very liberal|far left",
        r"liberal|left",
        r"slightly liberal|somewhat liberal|cent(?:er|re) left",
        r"moderate(?:,? middle of the road)?|cent(?:er|re)",
        r"slightly conservative|somewhat conservative|cent(?:er|re) right",
        r"conservative|right",
        r"extremely conservative|very conservative|far right",
    ),
    "importance": _amounts("important"),
    "amount of importance": (
        r"of utmost importance",
        r"very important",
        r"of moderate importance",
        r"of little importance",
        r"of very little or no importance|of no importance",
    ),
    **{
        f"degree of `{word}`": _amounts(word)
        for word in (
            "likely",
            "happy",
            "interested",
            "worried",
            "concerned",
            "proud",
            "close",
            "religious",
            "safe",
        )
    },
    **{
        f"degree of `{word}`": _amounts(word)
        for word in (
            "serious",
            "effective",
            "attached",
            "confident",
            "often",
            "strongly",
            "good",
            "essential",
            "difficult",
        )
    },
}
_POLES = {
    "good or bad": ("good(?: job| influence| thing| idea)?", "bad(?: job| influence| thing| idea)?"),
    "positive or negative": ("positive(?:ly)?", "negative(?:ly)?"),
    "easy or difficult": ("easy|easier", "difficult|hard"),
    "likely or not": ("likely", "unlikely"),
    "acceptable or not": ("acceptable", "unacceptable"),
}
_FAMILIES |= {name: _poles(*pair) for name, pair in _POLES.items()}
_COMPILED = {name: tuple(re.compile(pattern) for pattern in family) for name, family in _FAMILIES.items()}
_NOISE = re.compile(r"\((?:vol|volunteered|do not read)\.?\)|^\d{1,2}\s*[.:=)-]\s*")


# How much of a quality whose word all labels share: `very serious`, `not too serious`, `not a problem at all`.
_LITTLE_OF = r"not (?:too|very|so|that|particularly)|(?:only )?a little|slight(?:ly)?|small|minor|low(?:er)?"
_INTENSITIES = (
    r"(?:extremely|one of the most|top|completely|overwhelming(?:ly)?) ",
    r"(?:a )?(?:very|great|major|big|highly|strongly) (?:(?:big|strong|high) )?",
    r"(?:quite|pretty|fairly|strong) ",
    r"(?:a )?(?:somewhat|moderate(?:ly)?|rather|mostly)(?: (?:a|big))? ",
    rf"(?:a )?(?:{_LITTLE_OF}) (?:strong )?",
    r"(?:there are )?(?:not?(?: at all| an?)?|never) ",
)
_COMPILED_INTENSITIES = tuple(re.compile(pattern) for pattern in _INTENSITIES)
_STEM = 5


def _intensity(words: Sequence[str]) -> Graded | None:
    """Grades of one quality, whatever it is."""
    ranks: list[int] = []
    qualities: set[str] = set()
    for word in words:
        bare = word.removesuffix(" at all")
        rank, begins = next(
            ((at, found.end()) for at, p in enumerate(_COMPILED_INTENSITIES) if (found := p.match(bare))),
            (-1, 0),
        )
        if rank < 0:
            return None
        ranks.append(rank)
        qualities.add(bare[begins:].removeprefix("an ").removeprefix("a ")[:_STEM])
    same = len(qualities) == 1 and len(qualities.pop()) >= 3
    return Graded("how much of one thing", tuple(ranks)) if same and len(set(ranks)) > 1 else None


def grade(labels: Sequence[str]) -> Graded | None:
    """The family of two labels or more, and their ranks."""
    words = [_NOISE.sub("", label.replace("’", "'").casefold()).strip(" .!") for label in labels]
    if len(words) < 2:
        return None
    found: Graded | None = None
    for name, family in _COMPILED.items():
        ranks = tuple(_rank(word, family) for word in words)
        if -1 in ranks or len(set(ranks)) < 2:
            continue
        graded = Graded(name, ranks)
        if graded.distinct:
            return graded
        found = found or graded
    return found or _intensity(words)


def _rank(word: str, family: Sequence[re.Pattern[str]]) -> int:
    return next((rank for rank, pattern in enumerate(family) if pattern.fullmatch(word)), -1)
