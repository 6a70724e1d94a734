"""Pass 7: audits: axes, asks, lets, measures, checks, in dependence order.

Ensures that a measure ends with exactly the axes it declares and in its unit, that a check is true or false in every
cell, and that nothing depends on itself. Order of statements carries no meaning.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from cyclspec.language.diagnostics.cy02_types import FirstTokenAlone
from cyclspec.language.diagnostics.cy03_axes import AxisNeverAsked
from cyclspec.language.diagnostics.cy06_bounds import Recursion
from cyclspec.language.names.modules import Module, twice
from cyclspec.language.syntax import tree as t
from cyclspec.language.types import terms as h
from cyclspec.language.types.asks import ask_statement
from cyclspec.language.types.axes import each_statement
from cyclspec.language.types.context import Context
from cyclspec.language.types.expressions import infer
from cyclspec.language.types.fields import read_fields
from cyclspec.language.types.measures import check_statement, let_statement, measure_statement
from cyclspec.language.types.metrics import walk
from cyclspec.language.types.scope import Scope, failed
from cyclspec.language.types.vocabularies import check_name, number_of

_FIELDS = ("title", "seed", "offer_missing", "count_missing")
Read = t.Let | t.Measure | t.Check


@dataclass(slots=True)
class _Built:
    """The typed statements so far."""

    eaches: list[h.TypedEach] = field(default_factory=list)
    asks: list[h.TypedAsk] = field(default_factory=list)
    lets: list[h.TypedLet] = field(default_factory=list)
    measures: list[h.TypedMeasure] = field(default_factory=list)
    checks: list[h.TypedCheck] = field(default_factory=list)


def elaborate_audits(ctx: Context) -> None:
    """Fills `ctx.audits` with the audits of the entry module that have no errors; checks those of imports too."""
    for module, decl in ctx.declarations(t.Audit):
        assert isinstance(decl, t.Audit)
        before = len(ctx.findings.errors)
        audit = _audit(ctx, module, decl)
        if module.key == ctx.program.entry and len(ctx.findings.errors) == before:
            ctx.audits[decl.name.name] = audit


def _audit(ctx: Context, module: Module, decl: t.Audit) -> h.TypedAudit:
    check_name(ctx, decl.name)
    fields = read_fields(ctx, decl.fields, _FIELDS, where="audit")
    built = _Built()
    scope = _axes(Scope(ctx, module), decl, built)
    _unique_names(ctx, decl)
    scope = _asks(scope, decl, built)
    _reads(scope, decl, built)
    _warn(ctx, decl, built)
    return h.TypedAudit(
        name=decl.name.name,
        title=_text(fields.get("title"), decl.name.name),
        seed=_whole(fields.get("seed")),
        eaches=tuple(built.eaches),
        asks=tuple(built.asks),
        lets=tuple(built.lets),
        measures=tuple(built.measures),
        checks=tuple(built.checks),
        tables=dict(ctx.tables),
        panels=dict(ctx.panels),
        targets=dict(ctx.targets),
        offer_missing=_truth(ctx, scope, fields.get("offer_missing")),
        count_missing=_truth(ctx, scope, fields.get("count_missing")),
        params={s.name: v.term.span.text for s, v in ctx.params.items() if s.module == module.key},
        span=decl.name.span,
    )


def _text(field_: t.Field | None, default: str) -> str:
    return field_.value.value if field_ is not None and isinstance(field_.value, t.TextValue) else default


def _whole(field_: t.Field | None) -> int:
    number = number_of(field_.value) if field_ is not None else None
    return int(number) if number is not None else 0


def _truth(ctx: Context, scope: Scope, field_: t.Field | None) -> bool:
    """The two settings on missing options are off unless the audit says otherwise."""
    if field_ is None:
        return False
    term = infer(scope, field_.value)
    return isinstance(term, h.Literal_) and term.value is True


def _unique_names(ctx: Context, decl: t.Audit) -> None:
    seen: dict[str, t.Ident] = {}
    for statement in decl.statements:
        if isinstance(statement, t.Each):
            continue
        check_name(ctx, statement.name)
        first = seen.setdefault(statement.name.name, statement.name)
        if first is not statement.name:
            ctx.report(twice(statement.name, first, "audit"))


def _axes(scope: Scope, decl: t.Audit, built: _Built) -> Scope:
    taken: dict[str, t.Ident] = {}
    for statement in decl.statements:
        if not isinstance(statement, t.Each):
            continue
        found = each_statement(scope, statement, taken)
        taken.update({ident.name: ident for ident in statement.names})
        names = tuple(ident.name for ident in statement.names)
        if found is None:
            scope = replace(scope, broken=scope.broken | set(names))
            continue
        each, terms = found
        built.eaches.append(each)
        siblings = {**scope.siblings, **dict.fromkeys(names, names)}
        scope = replace(scope.with_locals(terms), siblings=siblings, languages=_languages(scope, each))
    return scope


def _languages(scope: Scope, each: h.TypedEach) -> Mapping[str, tuple[str | int | float, ...]]:
    if not isinstance(each.source, h.ValuesSource):
        return scope.languages
    return {**scope.languages, each.names[0]: each.source.values}


def _asks(scope: Scope, decl: t.Audit, built: _Built) -> Scope:
    sources = {name: each.source for each in built.eaches for name in each.names}
    for statement in decl.statements:
        if not isinstance(statement, t.Ask):
            continue
        ask = ask_statement(scope, statement, sources)
        if ask is None:
            scope = replace(scope, broken=scope.broken | {statement.name.name})
            continue
        built.asks.append(ask)
        answer = h.AnswerTerm(type=ask.type, span=statement.name.span, ask=ask.name)
        scope = scope.with_locals({ask.name: answer})
    return scope


def _value_names(expr: t.Expr) -> Iterator[t.Name]:
    """The names of an expression that stand for values, not for functions or reducers."""
    nodes = list(walk(expr))
    functions = {id(node.fn) for node in nodes if isinstance(node, t.Call)}
    functions |= {id(node.reducer) for node in nodes if isinstance(node, t.Reduce)}
    yield from (node for node in nodes if isinstance(node, t.Name) and id(node) not in functions)


def _in_order(scope: Scope, decl: t.Audit) -> Iterator[Read]:
    """Lets, measures and checks so that each comes after what it names; cycles are reported and cut."""
    reads = [s for s in decl.statements if isinstance(s, t.Let | t.Measure | t.Check)]
    by_name = {s.name.name: s for s in reads}
    done: set[str] = set()

    def visit(statement: Read, path: tuple[str, ...]) -> Iterator[Read]:
        name = statement.name.name
        if name in done:
            return
        for named in _value_names(statement.value):
            if named.name not in by_name:
                continue
            if named.name in (*path, name):
                scope.report(Recursion(span=named.span, name=named.name))
                done.add(name)
                return
            yield from visit(by_name[named.name], (*path, name))
        if name not in done:
            done.add(name)
            yield statement

    for statement in reads:
        yield from visit(statement, ())


def _reads(scope: Scope, decl: t.Audit, built: _Built) -> None:
    for statement in _in_order(scope, decl):
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
            measure = measure_statement(scope, statement)
            built.measures.extend([measure] if measure else [])
            return measure.term if measure else None
        case t.Check():
            check = check_statement(scope, statement)
            built.checks.extend([check] if check else [])
            return check.term if check else None


def _warn(ctx: Context, decl: t.Audit, built: _Built) -> None:
    """Axes that no ask mentions, and first-token answers whose label mass nobody checks."""
    asked = frozenset[str]().union(*(ask.axes for ask in built.asks))
    whole = len(built.asks) == sum(isinstance(s, t.Ask) for s in decl.statements)
    for each in built.eaches:
        for name in each.names if whole else ():
            if name not in asked:
                helps = ("pass it to the prompt, or remove the line",)
                ctx.report(AxisNeverAsked(span=each.span, axis=name, helps=helps))
    masses = {
        node.of.name
        for s in decl.statements
        if isinstance(s, t.Check)
        for node in walk(s.value)
        if isinstance(node, t.Dot) and node.name.name == "mass" and isinstance(node.of, t.Name)
    }
    for ask in built.asks:
        if ask.name not in masses:
            helps = (f"add `check label_mass = (min over ... of {ask.name}.mass) >= 0.7`",)
            ctx.report(FirstTokenAlone(span=ask.span, helps=helps))
