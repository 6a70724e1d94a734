"""The text of the `.cycl` file that declares an imported corpus.

Expects a decided corpus whose names are identifiers. Ensures a text in the one layout of the language: it is parsed
and printed by the language's own printer, so that a fault in it cannot get out.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from cyclspec.compiler.surveys.corpus import Axis, AxisLevel, Item, People, PeopleColumn, SurveyCorpus
from cyclspec.compiler.surveys.writing.tables import PEOPLE, parts
from cyclspec.language.diagnostics import InternalError
from cyclspec.language.format.printer import format_source
from cyclspec.language.format.texts import quoted
from cyclspec.language.spans import Source

_NUMBER = re.compile(r"-?\d{1,15}(?:\.\d{1,15})?\Z")
_LISTED_WORDS = 60
TABLE_OF = {"items.jsonl": "items", "choices.jsonl": "choices"}


def spec_text(corpus: SurveyCorpus) -> str:
    """The formatted text. Raises `InternalError` where it would not parse."""
    return laid_out("\n".join(_lines(corpus)) + "\n", f"{corpus.name}.cycl")


def laid_out(text: str, name: str) -> str:
    """A text in the one layout of the language. Raises `InternalError` where it does not parse."""
    formatted = format_source(Source(name, text))
    if formatted.text is None:
        raise InternalError("corpus import", f"{name}: {formatted.diagnostics[0].message}")
    return formatted.text


def _lines(corpus: SurveyCorpus) -> Iterator[str]:
    yield from _doc(corpus.doc)
    yield "cycl 1"
    for axis in corpus.axes:
        yield ""
        yield from _axis(axis, corpus.lang)
    yield ""
    yield f"corpus {corpus.name} {{"
    for name in ("title", "release", "licence", "citation", "note"):
        value = getattr(corpus, name)
        if value:
            yield f"  {name} = {quoted(value)}"
    yield from _tables(corpus)
    yield "}"


def _doc(lines: Iterable[str]) -> Iterator[str]:
    for line in lines:
        yield f"## {line}".rstrip()


def _axis(axis: Axis, lang: str) -> Iterator[str]:
    yield from _doc(axis.doc)
    kind = "ordinal" if axis.ordered else "nominal"
    unit = f"({axis.unit})" if axis.unit else ""
    yield f"axis {axis.name} : {kind}{unit} {{"
    numeric = axis.numeric and all(_NUMBER.match(level.code) for level in axis.levels if level.code)
    for level in axis.levels:
        yield f"  {_level(level, lang, numeric=numeric)},"
    yield "}"


def _level(level: AxisLevel, lang: str, *, numeric: bool) -> str:
    word = "missing " if level.missing else ""
    label = f"{{{lang}: {quoted(level.label)}}}" if lang else quoted(level.label)
    return f"{word}{level.name} = {_code(level, numeric=numeric)} {label}"


def _code(level: AxisLevel, *, numeric: bool) -> str:
    if level.low is None:
        return level.code if numeric else quoted(level.code)
    return f"{level.low:g}..{'inf' if level.high is None else format(level.high, 'g')}"


def _tables(corpus: SurveyCorpus) -> Iterator[str]:
    text = f"text({corpus.lang})" if corpus.lang else "text"
    several = len(parts(corpus)) > 1
    for (items, answers, shares), chosen in parts(corpus):
        table = TABLE_OF[items]
        yield ""
        if several:
            yield f"  ## Questions whose options have {'an order' if table == 'items' else 'none'}."
        yield from _items_table(table, items, chosen, text)
        if corpus.shares and shares:
            yield ""
            yield from _shares_table(corpus, "shares" if table == "items" else "choice_shares", shares, table)
        if corpus.people is not None and table == "items":
            yield ""
            yield from _people_table(corpus.people)
        if corpus.people is not None:
            yield ""
            yield from _answers_table("answers" if table == "items" else "choice_answers", answers, table)


def _items_table(table: str, file: str, items: Sequence[Item], text: str) -> Iterator[str]:
    yield f"  table {table} {{"
    yield f"    source = jsonl({quoted(file)})"
    yield ""
    yield "    item : key"
    yield f"    question : {text}"
    if items[0].options:
        kind = "ordinal" if items[0].ordered else "nominal"
        sizes = [item.size for item in items]
        yield f"    options : scale({kind}, {min(sizes)}..{max(sizes)})"
    if any(item.theme for item in items):
        yield f"    theme : {_words([item.theme for item in items])}"
    if any(item.battery for item in items):
        yield "    battery : nominal?"
    for name in dict.fromkeys(name for item in items for name in item.attributes):
        yield f"    {name} : {_words([item.attributes.get(name, '') for item in items])}"
    yield "  }"


def _words(values: Sequence[str]) -> str:
    """A vocabulary that is listed, where it is short enough to be read."""
    words = sorted({value for value in values if value})
    optional = "?" if "" in values else ""
    return f"nominal({', '.join(words)}){optional}" if len(words) <= _LISTED_WORDS else f"nominal{optional}"


def _people_table(people: People) -> Iterator[str]:
    yield "  table people {"
    yield f"    source = parquet({quoted(PEOPLE)})"
    for role in ("weight", "strata", "cluster"):
        if getattr(people.roles, role):
            yield f"    {role} = {getattr(people.roles, role)}"
    yield ""
    yield "    person : key"
    for column in people.columns:
        if column.kind != "axis":
            yield from (f"    {line}" for line in _doc(column.doc))
        yield f"    {column.name} : {_type(column)}"
    yield "  }"


def _type(column: PeopleColumn) -> str:
    optional = "?" if column.optional else ""
    match column.kind:
        case "axis":
            return f"{column.name}{optional}"
        case "open":
            return f"nominal{optional}"
    return f"real{optional} where {column.name} >= 0" if _is_from_zero(column) else f"real{optional}"


def _is_from_zero(column: PeopleColumn) -> bool:
    return column.numbers is not None and not column.optional and bool((column.numbers >= 0).all())


def _answers_table(name: str, file: str, items: str) -> Iterator[str]:
    yield f"  table {name} {{"
    yield f"    source = parquet({quoted(file)})"
    yield ""
    yield f"    item : ref({items})"
    yield "    person : ref(people)"
    yield "    value : choice(item.options)"
    yield "  }"


def _shares_table(corpus: SurveyCorpus, name: str, file: str, items: str) -> Iterator[str]:
    yield f"  table {name} {{"
    yield f"    source = parquet({quoted(file)})"
    yield ""
    yield f"    item : ref({items})"
    yield f"    {corpus.shares_axis} : {corpus.shares_axis}"
    yield "    share : dist(item.options)"
    yield "  }"
