"""Typed expressions as a few words, for the operators that apply them.

Expects typed terms. Ensures one line of at most `MOST` characters.
"""

from __future__ import annotations

from collections.abc import Mapping

from cyclspec.language.types import terms as h

MOST = 72
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
    found = " ".join(_words(term, named).split())
    return found if len(found) <= MOST else found[: MOST - 2] + " …"


def _words(term: h.Term, named: Mapping[str, h.Term]) -> str:
    match term:
        case h.LetTerm(name=name):
            of = resolved(term, named)
            return _words(of, named) if isinstance(of, SCALAR) else name
        case h.MetricTerm(metric=metric):
            return metric
        case h.CallTerm(function=function, args=args):
            return f"{function}({', '.join(_words(arg, named) for arg in args)})"
        case h.NegateTerm(of=of):
            return f"-{_operand(of, named)}"
        case h.ArithmeticTerm(op=op, left=left, right=right):
            return f"{_operand(left, named)} {op} {_operand(right, named)}"
        case h.CompareTerm(op=op, left=left, right=right):
            return f"{_operand(left, named)} {op} {_operand(right, named)}"
        case h.LogicTerm(op="not", args=(arg,)):
            return f"not {_operand(arg, named)}"
        case h.LogicTerm(op=op, args=args):
            return f" {op} ".join(_operand(arg, named) for arg in args)
        case h.IfTerm(condition=condition, then=then, otherwise=otherwise):
            parts = (_words(part, named) for part in (condition, then, otherwise))
            return "if {} then {} else {}".format(*parts)
        case h.MemberTerm(of=of, negated=negated):
            return f"{_operand(of, named)} {'not in' if negated else 'in'} .."
        case h.KindTerm(of=of, word=word):
            return f"{_operand(of, named)} is {word}"
    return _value(term)


def _operand(term: h.Term, named: Mapping[str, h.Term]) -> str:
    of = resolved(term, named)
    inner = isinstance(of, h.ArithmeticTerm | h.CompareTerm | h.LogicTerm | h.IfTerm)
    found = _words(term, named)
    return f"({found})" if inner else found


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
        case h.PeopleTerm():
            return "people"
        case h.ReduceTerm(reducer=reducer, direction=direction, axes=axes):
            return f"({reducer} {direction} {', '.join(axes)})"
    return term.span.text
