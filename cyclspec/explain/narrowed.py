"""One measure or check of an audit with what it stands on: its lets, its asks, their axes.

Expects a checked audit. Ensures that whatever the measure names, itself or through what it names, is left in.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from cyclspec.language.diagnostics import SpecError
from cyclspec.language.diagnostics.cy01_names import UnknownName
from cyclspec.language.names.suggest import did_you_mean
from cyclspec.language.types import terms as h
from cyclspec.language.types import typed as d
from cyclspec.language.types.subterms import subterms

_PLACE = "command line"


def narrowed(audit: d.TypedAudit, name: str) -> d.TypedAudit:
    """The audit with one of its measures or checks alone; `SpecError` where it has none of that name."""
    read: dict[str, h.Term] = {measure.name: measure.term for measure in audit.measures}
    read |= {check.name: check.term for check in audit.checks}
    if name not in read:
        raise SpecError([no_measure(audit, name, read)])
    used, axes = _used(audit, read[name])
    return replace(
        audit,
        eaches=tuple(each for each in audit.eaches if axes & set(each.names)),
        asks=tuple(ask for ask in audit.asks if ask.name in used),
        lets=tuple(let for let in audit.lets if let.name in used),
        measures=tuple(one for one in audit.measures if one.name in used | {name}),
        checks=tuple(one for one in audit.checks if one.name == name),
    )


def no_measure(audit: d.TypedAudit, name: str, known: Iterable[str]) -> UnknownName:
    """What is said of a name that is neither a measure nor a check of the audit."""
    where, helps = f" in audit `{audit.name}`", did_you_mean(name, known)
    return UnknownName(what="measure", name=name, where=where, place=_PLACE, helps=helps)


def _used(audit: d.TypedAudit, term: h.Term) -> tuple[set[str], set[str]]:
    """The asks, lets and measures that a term stands on, and the axes of all of them."""
    named: dict[str, h.Term] = {let.name: let.term for let in audit.lets}
    named |= {measure.name: measure.term for measure in audit.measures}
    asks = {ask.name: ask for ask in audit.asks}
    used: set[str] = set()
    axes: set[str] = set()
    waiting = [term]
    while waiting:
        for part in subterms(waiting.pop()):
            axes |= part.type.axes
            match part:
                case h.AnswerTerm(ask=name) | h.FieldTerm(ask=name) if name in asks and name not in used:
                    axes |= asks[name].axes
                    waiting += [arg for _, arg in asks[name].args]
                case h.LetTerm(name=name) if name in named and name not in used:
                    waiting.append(named[name])
                case h.AxisTerm(axis=axis) | h.DrawnTerm(name=axis):
                    axes.add(axis)
                    continue
                case _:
                    continue
            used.add(name)
    return used, axes
