"""Pass 8: audits: axes, asks, lets, measures, checks, in dependence order.

Ensures that a measure ends with exactly the axes it declares and in its unit, that a check is true or false in every
cell, and that nothing depends on itself. Order of statements carries no meaning.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from cyclspec.language.diagnostics import Label
from cyclspec.language.diagnostics.cy02_types import FirstTokenAlone, NeedsOrdered, WrongType
from cyclspec.language.diagnostics.cy03_axes import AxisNeverAsked
from cyclspec.language.diagnostics.cy06_bounds import Recursion
from cyclspec.language.names.modules import Module, twice
from cyclspec.language.names.order import in_order
from cyclspec.language.names.suggest import suggest
from cyclspec.language.spans import Span
from cyclspec.language.syntax import tree as t
from cyclspec.language.syntax.walk import walk
from cyclspec.language.types import terms as h
from cyclspec.language.types import typed as d
from cyclspec.language.types.asks import MAX_SEED, ask_statement
from cyclspec.language.types.axes import RESERVED_COLUMNS, axes_of
from cyclspec.language.types.context import Context
from cyclspec.language.types.expressions import infer
from cyclspec.language.types.fields import read_fields
from cyclspec.language.types.measures import check_statement, let_statement, measure_statement
from cyclspec.language.types.recorded import has_mass
from cyclspec.language.types.references import value_names
from cyclspec.language.types.scope import Scope, dotted_parts, failed
from cyclspec.language.types.stages import in_stages
from cyclspec.language.types.subterms import subterms
from cyclspec.language.types.vocabularies import check_name

_FIELDS = ("title", "seed", "offer_missing", "count_missing")
Read = t.Let | t.Measure | t.Check


@dataclass(slots=True)
class _Built:
    """The typed statements so far."""

    eaches: list[d.TypedEach] = field(default_factory=list)
    asks: list[d.TypedAsk] = field(default_factory=list)
    lets: list[d.TypedLet] = field(default_factory=list)
    measures: list[d.TypedMeasure] = field(default_factory=list)
    checks: list[d.TypedCheck] = field(default_factory=list)

    @property
    def named(self) -> dict[str, h.Term]:
        """The lets, measures and checks so far, by name."""
        reads: tuple[d.Read, ...] = (*self.lets, *self.measures, *self.checks)
        return {read.name: read.term for read in reads}


def elaborate_audits(ctx: Context) -> None:
    """Fills `ctx.audits` with the audits of the entry module that have no errors; checks those of imports too."""
    for module, decl in ctx.declarations(t.Audit):
        assert isinstance(decl, t.Audit)
        before = len(ctx.findings.errors)
        audit = _audit(ctx, module, decl)
        if module.key == ctx.program.entry and len(ctx.findings.errors) == before:
            ctx.audits[decl.name.name] = audit


def _audit(ctx: Context, module: Module, decl: t.Audit) -> d.TypedAudit:
    check_name(ctx, decl.name)
    fields = read_fields(ctx, decl.fields, _FIELDS, where="audit")
    built = _Built()
    scope = _axes(Scope(ctx, module), decl, built)
    _unique_names(ctx, decl)
    scope = _asks(scope, decl, built)
    _reads(scope, decl, built)
    _warn(ctx, decl, built)
    count_missing = _truth(ctx, Scope(ctx, module), fields.get("count_missing"))
    if count_missing:
        _refuse_order_with_missing(ctx, module, decl)
    return d.TypedAudit(
        name=decl.name.name,
        title=_text(ctx, fields.get("title"), decl.name.name),
        seed=_seed(ctx, Scope(ctx, module), fields.get("seed")),
        eaches=tuple(built.eaches),
        asks=tuple(built.asks),
        lets=tuple(built.lets),
        measures=tuple(built.measures),
        checks=tuple(built.checks),
        tables=dict(ctx.tables),
        panels=dict(ctx.panels),
        targets=dict(ctx.targets),
        offer_missing=_truth(ctx, Scope(ctx, module), fields.get("offer_missing")),
        count_missing=count_missing,
        params={s.name: v.term.span.text for s, v in ctx.params.items() if s.module == module.key},
        span=decl.name.span,
    )


def _wrong(ctx: Context, field_: t.Field, expected: str) -> None:
    what, found = f"`{field_.name.name}`", field_.value.span.text
    ctx.report(WrongType(span=field_.value.span, what=what, expected=expected, found=found))


def _text(ctx: Context, field_: t.Field | None, default: str) -> str:
    if field_ is None:
        return default
    if isinstance(field_.value, t.TextValue):
        return field_.value.value
    _wrong(ctx, field_, "a text")
    return default


def _seed(ctx: Context, scope: Scope, field_: t.Field | None) -> int:
    """The seed of all draws: a whole number, or a parameter that is one, up to `MAX_SEED`; else zero."""
    if field_ is None:
        return 0
    term = infer(scope, field_.value)
    match term:
        case h.Literal_(value=bool()):
            pass
        case h.Literal_(value=int() as seed) if seed <= MAX_SEED:
            return seed
    if not failed(term):
        _wrong(ctx, field_, f"a whole number in 0..{MAX_SEED}")
    return 0


def _truth(ctx: Context, scope: Scope, field_: t.Field | None) -> bool:
    """The two settings on missing options are off unless the audit says otherwise."""
    if field_ is None:
        return False
    term = infer(scope, field_.value)
    if isinstance(term, h.Literal_) and isinstance(term.value, bool):
        return term.value
    if not failed(term):
        _wrong(ctx, field_, "true` or `false")
    return False


def _unique_names(ctx: Context, decl: t.Audit) -> None:
    """One namespace: an axis, an ask, a let, a measure and a check have names of their own."""
    eaches = (statement for statement in decl.statements if isinstance(statement, t.Each))
    seen = {ident.name: ident for each in eaches for ident in each.names}
    for statement in decl.statements:
        if isinstance(statement, t.Each):
            continue
        check_name(ctx, statement.name)
        first = seen.setdefault(statement.name.name, statement.name)
        if first is not statement.name:
            ctx.report(twice(statement.name, first, "audit"))


def _axes(scope: Scope, decl: t.Audit, built: _Built) -> Scope:
    scope, eaches = axes_of(scope, decl)
    built.eaches.extend(eaches)
    return scope


def _asks(scope: Scope, decl: t.Audit, built: _Built) -> Scope:
    """The scope with the answers of every ask, stage by stage."""
    sources = {name: each.source for each in built.eaches for name in each.names}
    asks, cut = in_stages(scope, [s for s in decl.statements if isinstance(s, t.Ask)])
    scope = replace(scope, broken=scope.broken | cut)
    for statement in asks:
        ask = ask_statement(scope, statement, sources, {ask.name: ask.stage for ask in built.asks})
        if ask is None:
            scope = replace(scope, broken=scope.broken | {statement.name.name})
            continue
        built.asks.append(ask)
        answer = h.AnswerTerm(type=ask.type, span=statement.name.span, ask=ask.name)
        massless = set() if has_mass(scope.ctx.tables, ask.reader) else {ask.name}
        scope = replace(scope.with_locals({ask.name: answer}), massless=scope.massless | massless)
    return scope


def _in_order(scope: Scope, decl: t.Audit) -> tuple[tuple[Read, ...], frozenset[str]]:
    """Lets, measures and checks, each after what it names; and the names of those that name themselves."""
    reads: dict[str, Read] = {}
    for statement in decl.statements:
        if isinstance(statement, t.Let | t.Measure | t.Check):
            reads.setdefault(statement.name.name, statement)
    cut: set[str] = set()

    def uses(name: str) -> Iterator[tuple[str, t.Name]]:
        names = value_names(reads[name].value)
        return ((named.name, named) for named in names if named.name in reads)

    def recursive(user: str, used: str, place: t.Name) -> None:
        also = (Label(reads[user].name.span, f"in the definition of `{user}`"),) if user != used else ()
        scope.report(Recursion(span=place.span, name=used, user=user, also=also))
        cut.add(user)

    order = tuple(in_order(reads, uses, recursive))
    return tuple(reads[name] for name in order), frozenset(cut)


def _reads(scope: Scope, decl: t.Audit, built: _Built) -> None:
    statements, cut = _in_order(scope, decl)
    scope = replace(scope, broken=scope.broken | cut)
    for statement in statements:
        term = _read(scope, statement, built)
        name = statement.name.name
        if term is None or failed(term):
            scope = replace(scope, broken=scope.broken | {name})
            continue
        scope = scope.with_locals({name: h.LetTerm(type=term.type, span=statement.name.span, name=name)})


def _read(scope: Scope, statement: Read, built: _Built) -> h.Term | None:
    match statement:
        case t.Let():
            let = let_statement(scope, statement)
            built.lets.extend([let] if let else [])
            return let.term if let else None
        case t.Measure():
            measure = measure_statement(scope, statement, built.named)
            built.measures.extend([measure] if measure else [])
            return measure.term if measure else None
        case t.Check():
            check = check_statement(scope, statement)
            built.checks.extend([check] if check else [])
            return check.term if check else None


def _refuse_order_with_missing(ctx: Context, module: Module, decl: t.Audit) -> None:
    """With `count_missing`, don't know is among the options, and it has no place on an ordered scale."""
    for statement in decl.statements:
        for node in walk(statement.value) if isinstance(statement, t.Let | t.Measure | t.Check) else ():
            parts = dotted_parts(node.fn) if isinstance(node, t.Call) else None
            found = ctx.resolve_dotted(module, parts) if parts else None
            metric = ctx.metrics.get(found[0]) if found is not None else None
            if metric is None or not metric.needs_order or not isinstance(node, t.Call):
                continue
            label = "`count_missing` keeps don't know among the options, and it has no place on the scale"
            helps = ("leave out `count_missing`, or use `tv`, `jsd` or `js_distance`",)
            ctx.report(
                NeedsOrdered(span=node.fn.span, metric=metric.name, scale="", label=label, helps=helps)
            )


def _warn(ctx: Context, decl: t.Audit, built: _Built) -> None:
    """Axes that no ask mentions and no measure chooses from, and first-token answers whose label mass nobody checks."""
    asks = {s.name.name: s for s in decl.statements if isinstance(s, t.Ask)}
    written = ((s.name.name, _read_of(s)) for s in decl.statements if isinstance(s, t.Ask))
    reads = {name: span for name, span in written if span is not None}
    asked = frozenset[str]().union(*(_mentioned(ask) for ask in built.asks))
    known = {name for each in built.eaches for name in each.names} - _chosen_along(built)
    complete = bool(asks) and len(asks) == len(built.asks)
    for each in (s for s in decl.statements if isinstance(s, t.Each) and complete):
        for ident in each.names:
            if ident.name in known - asked - RESERVED_COLUMNS:
                alone = len(each.names) == 1
                helps = ("pass it to the prompt" + (", or remove the line" if alone else ""),)
                ctx.report(AxisNeverAsked(span=ident.span, axis=ident.name, helps=helps))
    masses = _masses(decl)
    for ask in built.asks:
        if isinstance(ask.reader, d.FirstToken) and ask.name not in masses:
            helps = (f"add `check label_mass = (min over ... of {ask.name}.mass) >= 0.7`",)
            ctx.report(FirstTokenAlone(span=reads[ask.name], helps=helps))


def _read_of(ask: t.Ask) -> Span | None:
    return next((field.value.span for field in ask.fields if field.name.name == "read"), None)


def _mentioned(ask: d.TypedAsk) -> frozenset[str]:
    """The axes of an ask, and the draws among its arguments."""
    parts = (part for _, term in ask.args for part in subterms(term))
    drawn = {part.name for part in parts if isinstance(part, h.DrawnTerm)}
    return ask.axes | drawn | ({ask.heat} if ask.heat is not None else set())


def _chosen_along(built: _Built) -> frozenset[str]:
    """The axes that a measure chooses levels of, and by: `country` and `other` in `reply[country: other]`."""
    found: set[str] = set()
    for part in (part for term in built.named.values() for part in subterms(term)):
        match part:
            case h.LookupTerm(axis=axis, key=key):
                found |= {axis, *key.type.axes}
            case h.PickTerm(at=at):
                found |= {axis for axis, _ in at}
            case _:
                pass
    return frozenset(found)


def _masses(decl: t.Audit) -> set[str]:
    """The asks whose mass a check looks at, itself or through a name."""
    return {
        node.of.name
        for s in decl.statements
        if isinstance(s, t.Check | t.Let)
        for node in walk(s.value)
        if isinstance(node, t.Dot) and isinstance(node.of, t.Name) and suggest(node.name.name, ("mass",))
    }
