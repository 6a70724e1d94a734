"""The asks of an audit in the order of their stages.

An ask whose arguments name answers of another comes after it (language.md section 4.2, rule A7). Ensures that the graph
of asks has no cycle and that a stage counts the asks before it on the longest path.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from cyclspec.language.diagnostics import Label
from cyclspec.language.diagnostics.cy06_bounds import Recursion
from cyclspec.language.names.order import in_order
from cyclspec.language.syntax import tree as t
from cyclspec.language.types import terms as h
from cyclspec.language.types.references import value_names
from cyclspec.language.types.scope import Scope
from cyclspec.language.types.subterms import subterms

_NOTE = "an ask takes answers of earlier asks, so the stages have an order"


def in_stages(scope: Scope, asks: Sequence[t.Ask]) -> tuple[list[t.Ask], frozenset[str]]:
    """The asks, each after those whose answers it takes; and the names of those that take their own."""
    named: dict[str, t.Ask] = {}
    for ask in asks:
        named.setdefault(ask.name.name, ask)
    cut: set[str] = set()

    def uses(name: str) -> Iterator[tuple[str, t.Name]]:
        return ((used.name, used) for used in value_names(named[name].value) if used.name in named)

    def recursive(user: str, used: str, place: t.Name) -> None:
        also = (Label(named[user].name.span, f"in the arguments of `{user}`"),) if user != used else ()
        scope.report(Recursion(span=place.span, name=used, user=user, also=also, notes=(_NOTE,)))
        cut.add(user)

    order = list(in_order(named, uses, recursive))
    return [named[name] for name in order], frozenset(cut)


def stage_of(args: Sequence[tuple[str, h.Term]], stages: Mapping[str, int]) -> int:
    """One more than the latest ask whose answers are arguments."""
    used = [
        stages[term.ask]
        for _, arg in args
        for term in subterms(arg)
        if isinstance(term, h.AnswerTerm | h.FieldTerm)
    ]
    return 1 + max(used, default=0)
