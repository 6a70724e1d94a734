"""Typed expressions as a few words, for the operators that apply them.

Expects typed terms. Ensures one line of at most `MOST` characters, and no more work than such a line takes.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from itertools import chain

from cyclspec.language.types import terms as h

MOST = 72
_BLANKS = re.compile(r"\s+")
SCALAR = (
    h.NegateTerm
    | h.ArithmeticTerm
    | h.CompareTerm
    | h.MemberTerm
    | h.KindTerm
    | h.LogicTerm
    | h.IfTerm
    | h.CallTerm
    | h.MetricTerm
)


def resolved(term: h.Term, named: Mapping[str, h.Term]) -> h.Term:
    """A term behind the names of lets."""
    while isinstance(term, h.LetTerm) and term.name in named:
        term = named[term.name]
    return term


def words(term: h.Term, named: Mapping[str, h.Term]) -> str:
    """An expression in its own words; metrics by name, values that flow in by what they are."""
    found = ""
    for piece in _words(term, named, MOST):
        found = _BLANKS.sub(" ", found + piece).lstrip()
        # Lets can spell out far more than anybody reads: the rest is never made.
        if len(found) > MOST + 1:
            break
    found = found.rstrip()
    return found if len(found) <= MOST else found[: MOST - 2] + " …"


def _words(term: h.Term, named: Mapping[str, h.Term], deep: int) -> Iterator[str]:
    """The words piece by piece, from at most `deep` levels of the expression."""
    if deep == 0:
        yield "…"
        return
    match term:
        case h.LetTerm(name=name):
            of = resolved(term, named)
            yield from _words(of, named, deep) if isinstance(of, SCALAR) else (name,)
        case h.MetricTerm(metric=metric):
            yield metric
        case h.CallTerm(function=function, args=args, words=given):
            said = [iter((f"{name} = {_listed(names)}",)) for name, names in given.items()]
            yield f"{function}("
            yield from _joined(", ", chain((_words(arg, named, deep - 1) for arg in args), said))
            yield ")"
        case h.NegateTerm(of=of):
            yield "-"
            yield from _operand(of, named, deep)
        case h.ArithmeticTerm(op=op, left=left, right=right) | h.CompareTerm(op=op, left=left, right=right):
            yield from _joined(f" {op} ", (_operand(side, named, deep) for side in (left, right)))
        case h.LogicTerm(op="not", args=(arg,)):
            yield "not "
            yield from _operand(arg, named, deep)
        case h.LogicTerm(op=op, args=args):
            yield from _joined(f" {op} ", (_operand(arg, named, deep) for arg in args))
        case h.IfTerm(condition=condition, then=then, otherwise=otherwise):
            for word, part in (("if ", condition), (" then ", then), (" else ", otherwise)):
                yield word
                yield from _words(part, named, deep - 1)
        case h.MemberTerm(of=of, negated=negated):
            yield from _operand(of, named, deep)
            yield " not in .." if negated else " in .."
        case h.KindTerm(of=of, word=word):
            yield from _operand(of, named, deep)
            yield f" is {word}"
        case _:
            yield _value(term)


def _listed(names: tuple[str, ...]) -> str:
    return names[0] if len(names) == 1 else f"[{', '.join(names)}]"


def _joined(between: str, parts: Iterable[Iterator[str]]) -> Iterator[str]:
    for at, part in enumerate(parts):
        if at:
            yield between
        yield from part


def _operand(term: h.Term, named: Mapping[str, h.Term], deep: int) -> Iterator[str]:
    of = resolved(term, named)
    inner = isinstance(of, h.ArithmeticTerm | h.CompareTerm | h.LogicTerm | h.IfTerm)
    yield "(" if inner else ""
    yield from _words(term, named, deep - 1)
    yield ")" if inner else ""


def _value(term: h.Term) -> str:
    match term:
        case h.Literal_(value=bool() as value):
            return str(value).lower()
        case h.Literal_(value=int() | float() as value):
            return f"{value:g}"
        case h.AnswerTerm(ask=ask, field=field):
            return ask if field == "value" else f"{ask}.{field}"
        case h.FieldTerm(ask=ask, field=field):
            return f"{ask}.{field}"
        case h.AttributeTerm(axis=axis, attribute=attribute):
            return f"{axis}.{attribute}"
        case h.AxisTerm(axis=name) | h.DrawnTerm(name=name) | h.FormalTerm(name=name):
            return name
        case h.LevelTerm(level=level):
            return level
        case h.ColumnTerm(table=table, column=column):
            return f"{table}.{column}"
        case h.PopulationTerm(target=target):
            return f"{target}.share"
        case h.HeadcountTerm(number=number):
            return f"people.{number}"
        case h.PeopleTerm():
            return "people"
        case h.ReduceTerm(reducer=reducer, direction=direction, axes=axes):
            return f"({reducer} {direction} {', '.join(axes)})"
    return term.span.text
