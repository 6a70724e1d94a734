"""What the tables and columns of a corpus are to an audit, read off their types.

Expects a checked module that declares a corpus, a template's or anybody's. Ensures that a role is given by what a
column holds (a key, a text, a scale, a reference, an axis), not by what it is called; only where several columns could
have one role does the usual name decide, else the first.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from cyclspec.language.syntax import tree as t
from cyclspec.language.types import kinds as k
from cyclspec.language.types.context import Context, Symbol
from cyclspec.language.types.typed import TypedColumn, TypedTable


@dataclass(frozen=True, slots=True)
class Group:
    """An axis that cuts people: the column that has it, and the declaration of its levels."""

    column: str
    symbol: Symbol
    vocabulary: k.Vocabulary


@dataclass(frozen=True, slots=True)
class Questions:
    """The table of what is asked: its key, the text of a question and the scale that it is answered on."""

    table: str
    key: str
    text: str
    options: str
    langs: tuple[str, ...]
    longest: int | None


@dataclass(frozen=True, slots=True)
class People:
    """Who answered: the table of people and the one of their answers, the weight if there is one."""

    table: str
    key: str
    weight: str | None
    answers: str
    value: str


@dataclass(frozen=True, slots=True)
class Roles:
    """A corpus as an audit sees it. `shares` is the column of published shares, as table and name, if there is one."""

    corpus: str
    questions: Questions
    people: People | None
    shares: tuple[str, str] | None
    groups: tuple[Group, ...]


def roles_of(context: Context) -> Iterator[Roles]:
    """The roles of every table of questions in the corpora of a module, those with answers of people first."""
    main = context.program.main.key
    names = [decl.name.name for module, decl in context.declarations(t.Corpus) if module.key == main]
    found = [
        roles
        for corpus in names
        for table in context.tables.values()
        if table.name.startswith(f"{corpus}.") and (roles := _roles(context, corpus, table)) is not None
    ]
    yield from sorted(found, key=lambda roles: roles.people is None and roles.shares is None)


def _roles(context: Context, corpus: str, table: TypedTable) -> Roles | None:
    questions = _questions(table)
    if questions is None:
        return None
    people, shares = _people(context, questions), _shares(context, questions)
    cut = people.table if people is not None else shares[0] if shares is not None else None
    groups = () if cut is None else tuple(_groups(context, context.tables[cut]))
    return Roles(corpus, questions, people, shares, groups)


def _of(table: TypedTable, *kinds: type) -> list[TypedColumn]:
    return [column for column in table.columns if isinstance(column.kind, kinds)]


def _usual(columns: Iterable[TypedColumn], name: str) -> TypedColumn | None:
    """The column of the usual name, else the first; columns that may be empty come last."""
    ordered = sorted(columns, key=lambda column: (column.name != name, column.optional))
    return ordered[0] if ordered else None


def _questions(table: TypedTable) -> Questions | None:
    key, text = _usual(_of(table, k.Key), "item"), _usual(_of(table, k.Text), "question")
    options = _usual(_of(table, k.ScaleValue), "options")
    if key is None or text is None or options is None:
        return None
    assert isinstance(text.kind, k.Text) and isinstance(options.kind, k.ScaleValue)
    scale = options.kind.scale
    longest = scale.high if isinstance(scale, k.ItemScale) else None
    return Questions(table.name, key.name, text.name, options.name, text.kind.langs, longest)


def _answers(table: TypedTable, questions: Questions, kind: type) -> TypedColumn | None:
    """A column of answers to some questions."""
    for column in _of(table, kind):
        scale = getattr(column.kind, "scale", None)
        if isinstance(scale, k.ItemScale) and scale.table == questions.table:
            return column
    return None


def _people(context: Context, questions: Questions) -> People | None:
    for table in context.tables.values():
        value = _answers(table, questions, k.Choice)
        referred = [c.kind.table for c in table.columns if isinstance(c.kind, k.Ref)]
        others = [name for name in referred if name != questions.table]
        if value is None or not others or others[0] not in context.tables:
            continue
        people = context.tables[others[0]]
        key = _usual(_of(people, k.Key), "person")
        if key is not None:
            weight = _weight(context, people)
            return People(people.name, key.name, weight, table.name, value.name)
    return None


def _weight(context: Context, people: TypedTable) -> str | None:
    """The weight that the table or a target declares, else a column of numbers that is called so."""
    targets = (target.weight for target in context.targets.values() if target.people == people.name)
    named = (c.name for c in _of(people, k.Number) if c.name == "weight" and not c.optional)
    return next((weight for weight in (people.weight, *targets, *named) if weight is not None), None)


def _shares(context: Context, questions: Questions) -> tuple[str, str] | None:
    for table in context.tables.values():
        column = _answers(table, questions, k.Dist)
        if column is not None:
            return table.name, column.name
    return None


def _groups(context: Context, table: TypedTable) -> Iterator[Group]:
    """The axes among the columns of a table that tell at least two groups apart."""
    declared = {vocabulary: symbol for symbol, vocabulary in context.vocabularies.items()}
    for column in table.columns:
        if not isinstance(column.kind, k.Of):
            continue
        vocabulary = column.kind.vocabulary
        told = [level for level in vocabulary.levels if not level.missing]
        if vocabulary.is_axis and vocabulary in declared and len(told) > 1:
            yield Group(column.name, declared[vocabulary], vocabulary)
