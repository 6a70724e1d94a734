"""Pass 3: parameters, bound before anything is typed with them, in the order of their use.

A binding given from outside comes first, then the default. Ensures a typed static value inside its declared range,
evaluated once, or a diagnostic: values may use any other parameter, bounds the values of all. Bindings that name no
parameter are errors with a suggestion.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from cyclspec.language.diagnostics import Label
from cyclspec.language.diagnostics.base import Edit
from cyclspec.language.diagnostics.cy00_syntax import TooLarge
from cyclspec.language.diagnostics.cy01_names import UnboundParameter, UnknownName
from cyclspec.language.diagnostics.cy02_types import WrongType
from cyclspec.language.diagnostics.cy05_units import OutsideRange
from cyclspec.language.diagnostics.cy06_bounds import Recursion
from cyclspec.language.names.modules import Module
from cyclspec.language.names.order import in_order
from cyclspec.language.names.suggest import did_you_mean
from cyclspec.language.syntax import tree as t
from cyclspec.language.syntax.parse import MAX_PARTS
from cyclspec.language.syntax.walk import walk
from cyclspec.language.types import kinds as k
from cyclspec.language.types import meant, units
from cyclspec.language.types import terms as h
from cyclspec.language.types.bounds import within
from cyclspec.language.types.constants import NotConstant, evaluate, folded, has_more
from cyclspec.language.types.context import Binding, Context, ParamValue, Symbol
from cyclspec.language.types.declared import TypeReader
from cyclspec.language.types.expressions import infer, truth_of
from cyclspec.language.types.scope import Scope, dotted_parts, failed
from cyclspec.language.types.vocabularies import check_name


@dataclass(frozen=True, slots=True)
class _Wanted:
    """A parameter with the kind of its values, and the value given from outside."""

    module: Module
    decl: t.Param
    kind: k.Kind
    binding: Binding | None

    @property
    def value(self) -> t.Expr | None:
        return self.decl.default if self.binding is None else self.binding.value


def elaborate_params(ctx: Context) -> None:
    """Fills `ctx.params`; bindings reach the parameters of the entry module only."""
    main = ctx.program.main
    wanted: dict[Symbol, _Wanted] = {}
    for module, decl in ctx.declarations(t.Param):
        assert isinstance(decl, t.Param)
        check_name(ctx, decl.name)
        reader = TypeReader(ctx, module, {}, decl.name.name)
        kind = reader.read_certain(decl.type, f"parameter `{decl.name.name}`")
        binding = ctx.bindings.get(decl.name.name) if module.key == main.key else None
        wanted[Symbol(module.key, decl.name.name)] = _Wanted(module, decl, kind, binding)
    for symbol in _in_order(ctx, wanted):
        value = _bind(ctx, wanted[symbol])
        if value is not None:
            ctx.params[symbol] = value
    outside = [s for s, value in ctx.params.items() if not _inside(ctx, wanted[s], value)]
    for symbol in outside:
        del ctx.params[symbol]
    known = [name for name, decl in main.decls.items() if isinstance(decl, t.Param)]
    for name, binding in ctx.bindings.items():
        if name not in known:
            helps = did_you_mean(name, known) or ("this module has no parameters",)
            ctx.report(UnknownName(span=binding.name, what="parameter", name=name, helps=helps))


def _inside(ctx: Context, param: _Wanted, value: ParamValue) -> bool:
    return _in_range(ctx, param, value.term) and within(ctx, param.decl.name.name, value.kind, value.term)


def _in_order(ctx: Context, wanted: Mapping[Symbol, _Wanted]) -> Iterator[Symbol]:
    """The parameters, each after those that its value uses; a circle is told of and left out."""

    def uses(symbol: Symbol) -> Iterator[tuple[Symbol, t.Node]]:
        return ((used, node) for used, node in _used(ctx, wanted[symbol]) if used in wanted)

    def recursive(user: Symbol, used: Symbol, place: t.Node) -> None:
        name = wanted[user].decl.name
        also = (Label(name.span, f"in the value of `{name.name}`"),) if user != used else ()
        ctx.report(Recursion(span=place.span, name=used.name, user=name.name, also=also))

    return in_order(wanted, uses, recursive)


def _used(ctx: Context, param: _Wanted) -> Iterator[tuple[Symbol, t.Node]]:
    """What the value of a parameter names, levels of its own vocabulary apart."""
    inner = param.kind.of if isinstance(param.kind, k.ListOf) else param.kind
    levels = inner.vocabulary.names if isinstance(inner, k.Of) else ()
    for node in walk(param.value):
        parts = dotted_parts(node) if isinstance(node, t.Name | t.Dot) else None
        if parts is None or (len(parts) == 1 and parts[0] in levels):
            continue
        found = ctx.resolve_dotted(param.module, parts[1:] if parts[0] == "param" and parts[1:] else parts)
        if found is not None:
            yield found[0], node


def _bind(ctx: Context, param: _Wanted) -> ParamValue | None:
    module, decl, kind, expr = param.module, param.decl, param.kind, param.value
    if expr is None:
        helps = (f"give it: `-p {decl.name.name}=...`, or a default in the spec",)
        ctx.report(UnboundParameter(span=decl.name.span, name=decl.name.name, helps=helps))
        return None
    if isinstance(kind, k.ListOf) and isinstance(expr, t.Name) and ctx.resolve(module, expr.name) is None:
        what, wanted, helps = f"parameter `{decl.name.name}`", k.kind_text(kind), (f"write `[{expr.name}]`",)
        edits = (Edit(expr.span, f"[{expr.name}]"),)
        ctx.report(
            WrongType(span=expr.span, what=what, expected=wanted, found=expr.name, helps=helps, edits=edits)
        )
        return None
    term = infer(Scope(ctx, module), expr, kind)
    if failed(term):
        return None
    if has_more(term, MAX_PARTS):
        what = f"the number of values in parameter `{decl.name.name}`"
        ctx.report(TooLarge(span=expr.span, what=what, limit=str(MAX_PARTS)))
        return None
    if not _accepts(term, kind):
        wanted, found = k.kind_text(kind), k.kind_text(term.type.kind)
        what, mend = f"parameter `{decl.name.name}`", meant.condition_meant(expr, decl.name.name)
        ctx.report(WrongType(span=expr.span, what=what, expected=wanted, found=found, **mend._asdict()))
        return None
    if term.type.phase is not k.Phase.STATIC:
        what, expected = f"parameter `{decl.name.name}`", "a value that the spec itself gives"
        ctx.report(WrongType(span=expr.span, what=what, expected=expected, found="data"))
        return None
    value = _value(term)
    if value is None:
        wanted = k.kind_text(kind)
        what = f"parameter `{decl.name.name}`"
        ctx.report(WrongType(span=expr.span, what=what, expected=wanted, found="no number"))
        return None
    bound = _as_declared(value, kind)
    return ParamValue(kind, bound, "default" if param.binding is None else param.binding.origin)


def _accepts(term: h.Term, kind: k.Kind) -> bool:
    if isinstance(kind, k.Number):
        unit = units.unit_of(term)
        whole = not kind.whole or (unit is k.Unit.NONE and _is_whole(term))
        return unit is not None and whole and units.fits(unit, kind.unit, term)
    if isinstance(kind, k.ListOf) and isinstance(term, h.ListTerm):
        return all(_accepts(item, kind.of) for item in term.items)
    return k.fits(term.type.kind, kind)


def _is_whole(term: h.Term) -> bool:
    try:
        value = evaluate(term)
    except NotConstant:
        return False
    return isinstance(value, int) and not isinstance(value, bool)


def _value(term: h.Term) -> h.Term | None:
    """The value, computed; None where it does not exist, as that of `1 / 0`."""
    try:
        return folded(term)
    except NotConstant:
        return None


def _as_declared(term: h.Term, kind: k.Kind) -> h.Term:
    """The value with the unit that the parameter declares."""
    if isinstance(kind, k.Number) and isinstance(term, h.Literal_):
        return h.Literal_(type=k.Type(kind), span=term.span, value=term.value)
    return term


def _in_range(ctx: Context, param: _Wanted, value: h.Term) -> bool:
    """Whether a value satisfies the condition of its parameter, which may name any other parameter."""
    decl, at = param.decl, value.span
    if decl.where is None:
        return True
    here = Scope(ctx, param.module, {decl.name.name: value})
    condition = truth_of(here, decl.where)
    if failed(condition):
        return False
    try:
        holds = bool(evaluate(condition))
    except NotConstant:
        found = "data" if condition.type.phase is not k.Phase.STATIC else "no number"
        expected = "values that the spec itself gives"
        ctx.report(WrongType(span=decl.where.span, what="this condition", expected=expected, found=found))
        return False
    if not holds:
        what = f"{decl.name.name} = {at.text}"
        notes = (f"declared at {decl.name.span}",)
        ctx.report(OutsideRange(span=at, what=what, condition=decl.where.span.text, notes=notes))
    return holds
