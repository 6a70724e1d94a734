"""The words by which columns and labels are recognised where neither the command line, a recipe nor the file says
more.

Expects nothing. Ensures that every rule stands here once, with the name under which the report quotes it. English,
with the commonest words of German, French, Spanish and Portuguese for what is missing.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Literal

Unanswered = Literal["shown", "absent"]

# What a respondent said instead of an answer; a part of a label between signs has to match as a whole.
_SHOWN_WORDS = (
    *(
        r"(?:i )?(?:do not|don'?t|dont) know(?: (?:enough|yet|the answer|what to say|how to answer))?",
        r"d\.?k\.?(?: .{0,12})?",
        r"dk.?na",
        r"n\.?a\.?",
    ),
    *("not sure", "unsure", "no opinion", r"(?:can'?t|cannot) (?:say|choose)", r"(?:don'?t|do not) remember"),
    *(r"refus(?:ed|al|es)(?: to answer)?", "ref", "refused answer", r"declined?(?: to answer)?"),
    *("no answer", "no response", "not answered", r"(?:would )?(?:prefer|rather) not (?:to )?(?:say|answer)"),
    *("wei(?:ß|ss) nicht", "keine angabe", "verweigert", "keine antwort", "ne sait pas", "nsp", "refus"),
    *("sans réponse", "no sabe", "no contesta", "ns", "nc", "no sé", "não sabe", "não respondeu", "recusou?"),
)
# Why there is no answer at all: nobody asked, or the file lost it.
_ABSENT_WORDS = (
    *(r"not asked(?: .{0,24})?", r"inap(?:plicable)?\.?", "iap", r"not applicable(?: .{0,24})?"),
    *(r"skipped?(?: .{0,24})?", r"not available(?: .{0,40})?", r"(?:other )?missing(?:\b.{0,40})?"),
    *(
        r"sys(?:tem)?[ -]?missing",
        r"not in (?:sample|split|universe|this wave)",
        "no data",
        "not ascertained",
    ),
    *(
        "uncodeable",
        "(?:variable-specific )?reserve code",
        r"not imputable.{0,24}",
        r"interview breakoff.{0,24}",
    ),
    *(r"no post-?election interview(?:\b.{0,40})?", r"no post-?election data(?:\b.{0,40})?"),
    *(
        "nicht gefragt",
        "trifft nicht zu",
        "non posée",
        "sans objet",
        "no procede",
        "no preguntada",
        "não se aplica",
    ),
)
_SHOWN, _ABSENT = re.compile("|".join(_SHOWN_WORDS)), re.compile("|".join(_ABSENT_WORDS))
_PARTS = re.compile(r"[/;,()\[\]:–—]| - ")


def unanswered(label: str) -> Unanswered | None:
    """Whether a label stands for no answer: `absent` where there was no question, `shown` where it was put."""
    folded = label.replace("’", "'").casefold()
    parts = [part.strip() for part in (folded, *_PARTS.split(folded))]
    if any(_ABSENT.fullmatch(part) for part in parts):
        return "absent"
    if any(_SHOWN.fullmatch(part) for part in parts):
        return "shown"
    return None


def _names(*words: str) -> re.Pattern[str]:
    return re.compile(rf"(?:^|_)(?:{'|'.join(words)})(?:_|\d|$)")


IDS = _names(
    *(
        "id",
        "idno",
        "ids",
        "uid",
        "uuid",
        "caseid",
        "case",
        "respid",
        "resp",
        "respondent",
        "responseid",
        "psraid",
    ),
    *("qkey", "serial", "pid", "person", "personid", "participant", "participantid", "interviewid"),
)
WEIGHTS = re.compile(
    r"(?:^|_)(?:\w*weight\w*|wt|wts|wgt\w*|wtss\w*|\w*wght|pond\w*|gewicht\w*|poids|peso)(?:_|\d|$)"
)
# Never `weight` alone: a label that says only that may be about bodies.
_WEIGHT_LABEL = re.compile(
    r"\b(?:post[- ]?strat\w*|sampling|survey|design|population|probability|calibrat\w+|raking|raked|final|"
    r"cross[- ]?section\w*|analysis) weights?\b|\bweight(?:ing)? (?:factor|variable|coefficient)\b"
)
STRATA = re.compile(r"(?:^|_)(?:strat(?:um|a|umid)?|v?strat\w*|varstrat)(?:_|\d|$)")
CLUSTERS = re.compile(r"(?:^|_)(?:v?psu\w*|psuid|cluster\w*|secu|varunit|ea)(?:_|\d|$)")
TECHNICAL = _names(
    *(
        "date",
        "datetime",
        "time",
        "timestamp",
        "start",
        "end",
        "duration",
        "version",
        "doi",
        "study",
        "wave",
        "mode",
    ),
    *(
        "interviewer",
        "interview",
        "intdate",
        "intnum",
        "latitude",
        "longitude",
        "ip",
        "device",
        "browser",
        "progress",
    ),
    *("interviewmode", "form", "ballot", "sample", "edition", "proddate", "name", "index_level"),
)

DEMOGRAPHIC: Mapping[str, re.Pattern[str]] = {
    "country": _names("country", "cntry", "nation", "ctry", "pais", "pays", "land"),
    "region": re.compile(r"(?:^|_)c?region\w*(?:_|$)|(?:^|_)(?:state|province|division|bundesland)(?:_|$)"),
    "sex": _names("sex", "gender", "gndr", "sexe", "sexo", "geschlecht"),
    "age": re.compile(
        r"(?:^|_)(?:rec|resp)?age(?:a|r|cat|grp|group|band|class)?\d*(?:_|$)|(?:^|_)alter(?:_|$)"
    ),
    "education": re.compile(
        r"(?:^|_)(?:rec)?educ?(?:ation|cat)?\w*(?:_|$)|(?:^|_)(?:degree|isced|college|school)(?:_|$)"
    ),
    "income": re.compile(r"(?:^|_)(?:fam|hh|h|r)?inc(?:ome\w*)?\d*(?:_|$)"),
    "race": re.compile(r"(?:^|_)(?:race\w*|ethn\w*|eth|hisp\w*)(?:_|$)"),
    "religion": _names("relig", "religion", "denomination", "relig_affil"),
    "marital": _names("marital", "marstat", "married", "partnership"),
    "employment": _names("employment", "employed", "empstat", "work_status", "wrkstat", "occupation", "emp"),
    "settlement": _names(
        "urban", "rural", "urbrural", "urbanicity", "settlement", "townsize", "metro", "domicil"
    ),
    "language": _names("language", "lang", "lnge", "language_of_interview"),
    "year": _names("year", "survey_year", "intyear"),
}
_LABELLED: Mapping[str, str] = {
    "country": r"country(?: code| name| of residence| of interview)?",
    "region": r"(?:census )?region(?: of .{0,20})?",
    "sex": r"sex|gender",
    "age": r"age(?: .{0,24})?",
    "education": r"(?:highest )?(?:education|educational level|level of education)(?: .{0,24})?",
    "income": r"(?:household |family |total )?income(?: .{0,24})?",
    "race": r"(?:race|ethnicity|ethnic group)(?: .{0,24})?",
    "religion": r"religio(?:n|us denomination)s?(?: .{0,24})?",
    "marital": r"marital status",
    "employment": r"employment status|occupation",
    "settlement": r"urban.{0,3}rural|size of town|settlement(?: type)?",
}
_LABEL = {
    name: re.compile(rf"(?:respondent'?s? |what is your )?(?:{pattern})\W*")
    for name, pattern in _LABELLED.items()
}


def folded_name(name: str) -> str:
    """A column's name in lower case with `_` between its words: `AgeGroup` is `age_group`."""
    apart = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name)
    return re.sub(r"\W+", "_", apart).strip("_").casefold()


def demographic_word(name: str, label: str) -> str:
    """What a column tells of people, by its name or its short label; "" for anything else."""
    folded = folded_name(name)
    compact = name.casefold()
    for found, pattern in DEMOGRAPHIC.items():
        if pattern.search(folded) or pattern.search(compact):
            return found
    short = label.replace("’", "'").casefold().strip()
    return next((found for found, pattern in _LABEL.items() if pattern.fullmatch(short)), "")


def labelled_weight(label: str) -> bool:
    """Whether a short label says that its column is a weight of the sample."""
    return bool(_WEIGHT_LABEL.search(label.casefold()))


def named_like(pattern: re.Pattern[str], name: str) -> bool:
    return bool(pattern.search(folded_name(name)) or pattern.search(name.casefold()))
