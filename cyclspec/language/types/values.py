"""What values have in common: the type they share, and the complaints that several rules make."""

from __future__ import annotations

from cyclspec.language.diagnostics import Label
from cyclspec.language.diagnostics.cy03_axes import AxisAbsent
from cyclspec.language.diagnostics.cy08_not_yet import NotChecked
from cyclspec.language.names.suggest import did_you_mean, suggest
from cyclspec.language.spans import Span
from cyclspec.language.syntax import tree as t
from cyclspec.language.types import kinds as k
from cyclspec.language.types import terms as h
from cyclspec.language.types.scope import Scope, unknown


def joint(*terms: h.Term) -> tuple[frozenset[str], k.Phase, bool]:
    """The axes, phase and optionality that a value takes from what it is made of."""
    axes = frozenset[str]().union(*(term.type.axes for term in terms))
    phase = max((term.type.phase for term in terms), default=k.Phase.STATIC)
    return axes, phase, any(term.type.optional for term in terms)


def typed(kind: k.Kind, *terms: h.Term) -> k.Type:
    """A type of `kind` at the joint axes and phase of some terms."""
    return k.Type(kind, *joint(*terms))


def absent_axis(scope: Scope, ident: t.Ident, of: h.Term) -> AxisAbsent:
    """The diagnostic for an axis that a value does not have."""
    axes = sorted(of.type.axes)
    also = (Label(of.span, f"axes: {', '.join(axes) or 'none'}"),)
    close = suggest(ident.name, axes)
    known = did_you_mean(ident.name, axes) if close else ()
    is_local = isinstance(scope.locals.get(ident.name), h.AxisTerm)
    help_ = (
        f"pass `{ident.name}` to the prompt, so that the value is asked for each {ident.name}"
        if is_local
        else f"axes are introduced by `each`; add `each {ident.name} in ...` and pass it to the prompt"
    )
    return AxisAbsent(
        span=ident.span, axis=ident.name, also=also, helps=known if known and not is_local else (help_,)
    )


def not_checked(scope: Scope, span: Span, what: str) -> h.Term:
    """Reports a construct that is parsed and not checked yet."""
    scope.report(NotChecked(span=span, what=what))
    return unknown(span)
