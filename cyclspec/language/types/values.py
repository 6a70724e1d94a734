"""What values have in common: the type they share, and the complaints that several rules make."""

from __future__ import annotations

from cyclspec.language.diagnostics import Label
from cyclspec.language.diagnostics.cy02_types import WrongType
from cyclspec.language.diagnostics.cy03_axes import AxisAbsent
from cyclspec.language.names.suggest import did_you_mean, suggest
from cyclspec.language.syntax import tree as t
from cyclspec.language.types import kinds as k
from cyclspec.language.types import terms as h
from cyclspec.language.types.attributes import groups_of
from cyclspec.language.types.scope import Scope


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
    if is_local and of.type.phase is not k.Phase.RESPONSE:
        help_ = f"leave `{ident.name}` out: this value is the same for each {ident.name}"
    if ident.name == "option":
        help_ = "options are seen inside metrics, and by `[option: first]`"
    return AxisAbsent(
        span=ident.span, axis=ident.name, also=also, helps=known if known and not is_local else (help_,)
    )


def axis_words(scope: Scope, arg: t.Argument) -> tuple[t.Ident, ...]:
    """`country` or `[item, country]` as names of axes."""
    nodes = [item.value for item in arg.value.items] if isinstance(arg.value, t.List) else [arg.value]
    idents: list[t.Ident] = []
    for node in nodes:
        if not isinstance(node, t.Name):
            scope.report(
                WrongType(span=node.span, what="this", expected="the name of an axis", found="a value")
            )
            continue
        idents.append(t.Ident(span=node.span, name=node.name))
    return tuple(idents)


def is_ordered(scope: Scope, kind: k.Kind) -> bool:
    """Whether levels of a kind have an order, as far as the conditions on axes say (rule A10)."""
    match kind:
        case k.Of(vocabulary):
            return vocabulary.ordered
        case k.Choice(scale):
            return scope.refined(scale).ordered
        case k.Date():
            return True
    return False


def axis_kind(scope: Scope, axis: str) -> k.Kind | None:
    """The kind of the levels of an axis: as an `each` binds it, else a declared axis or an attribute of that name.

    Axes that `by` or a fitted statistic adds are bound by no `each`.
    """
    local = scope.locals.get(axis)
    if isinstance(local, h.AxisTerm):
        return local.type.kind
    attributes = (_attribute(scope, term, axis) for term in scope.locals.values())
    found = next((kind for kind in attributes if kind is not None), None)
    if found is not None:
        return found
    declared = (v for v in scope.ctx.vocabularies.values() if v.is_axis and v.name == axis)
    vocabulary = next(declared, None)
    if vocabulary is not None:
        return k.Of(vocabulary)
    columns = (table.column(axis) for table in scope.ctx.tables.values())
    return next((c.kind for c in columns if c is not None and isinstance(c.kind, k.Of)), None)


def _attribute(scope: Scope, term: h.Term, name: str) -> k.Kind | None:
    if not isinstance(term, h.AxisTerm):
        return None
    found = groups_of(term.type.kind, scope.ctx.tables, scope.ctx.panels).get(name)
    return None if found is None else k.Of(found)
