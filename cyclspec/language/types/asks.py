"""Pass 8b: asks.

An ask applies a prompt in every cell of its arguments' axes, its model's axis and `per`; its reader decides the type of
the answer (language.md section 4.2, rule `ask` and A8). Arguments may be answers of earlier asks (rule A7).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from cyclspec.language.diagnostics.cy01_names import FieldMissing, UnknownName
from cyclspec.language.diagnostics.cy02_types import WrongArguments, WrongType
from cyclspec.language.diagnostics.mend import Mend
from cyclspec.language.names.suggest import did_you_mean, suggest
from cyclspec.language.spans import Span
from cyclspec.language.syntax import tree as t
from cyclspec.language.types import kinds as k
from cyclspec.language.types import terms as h
from cyclspec.language.types import typed as d
from cyclspec.language.types import units
from cyclspec.language.types.arguments import called, whole
from cyclspec.language.types.axes import with_parents
from cyclspec.language.types.bounds import within
from cyclspec.language.types.fields import misspelt, read_fields
from cyclspec.language.types.history import history_of
from cyclspec.language.types.languages import check_languages
from cyclspec.language.types.meant import NOTHING, word_meant
from cyclspec.language.types.readers import (
    check_words,
    fitted,
    missing_policy,
    parsers,
    read_reader,
    temperatures,
)
from cyclspec.language.types.recorded import covers
from cyclspec.language.types.scope import Scope, dotted_parts, failed, unknown
from cyclspec.language.types.stages import stage_of
from cyclspec.language.types.subterms import subterms
from cyclspec.language.types.values import axis_words, joint

_FIELDS = ("model", "per", "read", "parse", "missing", "seed", "history")
MAX_SEED = 2**63 - 1
Sources = Mapping[str, d.AxisSource]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    """What is asked, of whom, and in which cells."""

    prompt: d.TypedPrompt
    args: tuple[tuple[str, h.Term], ...]
    panel: str | None
    model_axes: tuple[str, ...]
    per: tuple[str, ...]
    axes: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Answer:
    """How an answer is read, and what is done where there is none."""

    reader: d.Reader
    kind: k.Kind
    optional: bool
    parse: tuple[str, ...]
    missing: d.MissingPolicy | None
    retries: int


def ask_statement(scope: Scope, ask: t.Ask, sources: Sources, stages: Mapping[str, int]) -> d.TypedAsk | None:
    """One typed ask, or None after reporting; `stages` are those of the asks before it."""
    given = _given_as_arguments(ask)
    wanted = () if "read" in given else ("read",)
    fields = read_fields(scope.ctx, ask.fields, _FIELDS, where="ask", required=wanted, at=ask.name.span)
    prompt = _prompt(scope, ask)
    asked = _asked(scope, ask, prompt, fields, sources)
    answer = _answer(scope, prompt, fields)
    seed = whole(scope, fields["seed"].value, "seed", 0, MAX_SEED) if "seed" in fields else None
    shows: tuple[d.ShownOptions, ...] = ()
    if asked is not None and not _is_recorded(fields):
        reader = None if answer is None else answer.reader
        shows = check_languages(scope, ask, asked.prompt, asked.args, reader)
    if asked is None or answer is None or ("seed" in fields and seed is None):
        return None
    history = history_of(scope, fields.get("history"), answer.reader, asked.axes, asked.model_axes)
    if history is None or not covers(scope, answer.reader, asked.axes, fields["read"]):
        return None
    if not temperatures(scope, answer.reader, asked.axes, sources, fields["read"]):
        return None
    upstream = any(term.type.optional and term.type.phase is k.Phase.RESPONSE for _, term in asked.args)
    optional = answer.optional or upstream
    return d.TypedAsk(
        name=ask.name.name,
        prompt=asked.prompt,
        args=asked.args,
        panel=asked.panel,
        model_axes=asked.model_axes,
        per=asked.per,
        reader=answer.reader,
        scale=_scale(asked.prompt.result),
        axes=asked.axes,
        type=k.Type(answer.kind, asked.axes, k.Phase.RESPONSE, optional),
        stage=stage_of(asked.args, stages),
        parse=answer.parse,
        missing=answer.missing,
        retries=answer.retries,
        seed=seed,
        history=history[0],
        shows=shows,
        span=_statement(ask),
    )


def _statement(ask: t.Ask) -> Span:
    """The statement without its documentation, which no finding is about."""
    start = ask.span.source.text.rindex("ask", ask.span.start, ask.name.span.start)
    return Span(ask.span.source, start, ask.span.end)


def _given_as_arguments(ask: t.Ask) -> frozenset[str]:
    """The fields that stand among the arguments of the prompt, which is said where they stand."""
    args = ask.value.args if isinstance(ask.value, t.Call) else ()
    return frozenset(arg.name.name for arg in args if arg.name is not None and arg.name.name in _FIELDS)


def _scale(result: k.Kind) -> k.Scale | None:
    match result:
        case k.Choice(scale) | k.Picks(scale):
            return scale
    return None


def _answer(scope: Scope, prompt: d.TypedPrompt | None, fields: Mapping[str, t.Field]) -> _Answer | None:
    node = fields["read"].value if "read" in fields else None
    reader = None if node is None else read_reader(scope, node)
    fit = None if prompt is None or reader is None or node is None else fitted(scope, prompt, reader, node)
    if fit is None or node is None or prompt is None:
        check_words(scope, fields.get("missing"), fields.get("parse"))
        return None
    reader, kind, optional = fit
    missing = missing_policy(scope, fields.get("missing"), reader, node, kind if optional else None)
    parse = parsers(scope, fields.get("parse"), reader, prompt)
    if missing is None or parse is None:
        return None
    policy, retries = missing
    return _Answer(reader=reader, kind=kind, optional=optional, parse=parse, missing=policy, retries=retries)


# ---- what is asked, and of whom


def _asked(
    scope: Scope,
    ask: t.Ask,
    prompt: d.TypedPrompt | None,
    fields: Mapping[str, t.Field],
    sources: Sources,
) -> _Asked | None:
    model = _asked_models(scope, ask, fields, sources)
    per = _per(scope, fields.get("per"))
    args = None if prompt is None else _arguments(scope, ask, prompt)
    if prompt is None or model is None or per is None or args is None:
        return None
    panel, model_axes = model
    own = joint(*(term for _, term in args))[0]
    axes = frozenset(with_parents(scope, [*sorted(own), *model_axes, *per]))
    return _Asked(prompt=prompt, args=args, panel=panel, model_axes=model_axes, per=per, axes=axes)


def _prompt(scope: Scope, ask: t.Ask) -> d.TypedPrompt | None:
    parts = dotted_parts(ask.value.fn) if isinstance(ask.value, t.Call) else None
    if parts is None:
        found = ask.value.span.text
        scope.report(WrongType(span=ask.value.span, what="this", expected="a call of a prompt", found=found))
        return None
    assert isinstance(ask.value, t.Call)
    found_decl = scope.ctx.resolve_dotted(scope.module, parts)
    if found_decl is not None and isinstance(found_decl[1], t.Prompt) and not found_decl[2]:
        scope.ctx.means(ask.value.fn.span, found_decl[0])
        return scope.ctx.prompts.get(found_decl[0])
    alias = parts[0] in scope.module.aliases
    names = scope.ctx.public(scope.module, parts[0]) if alias else scope.ctx.names(scope.module)
    helps = did_you_mean(parts[-1], names)
    where = f" in `{parts[0]}`" if alias else ""
    scope.report(UnknownName(span=ask.value.fn.span, what="prompt", name=parts[-1], where=where, helps=helps))
    return None


def _is_recorded(fields: Mapping[str, t.Field]) -> bool:
    return "read" in fields and called(fields["read"].value)[0] == "recorded"


def _asked_models(
    scope: Scope, ask: t.Ask, fields: Mapping[str, t.Field], sources: Sources
) -> tuple[str | None, tuple[str, ...]] | None:
    """The panel that is asked and its axes; recorded answers ask none, and may have its axes all the same."""
    recorded = _is_recorded(fields)
    if "model" in fields:
        found = _model(scope, fields["model"].value, sources)
        return (None, found[1]) if recorded and found is not None else found
    if recorded:
        return None, ()
    if "model" in _given_as_arguments(ask) | misspelt(ask.fields, _FIELDS):
        return None
    helps = ("add `model = model`",)
    scope.report(FieldMissing(span=ask.name.span, name="model", where="an `ask`", helps=helps))
    return None


def _model(
    scope: Scope, node: t.Expr, sources: Mapping[str, d.AxisSource]
) -> tuple[str, tuple[str, ...]] | None:
    """The panel that is asked, and the axes by which its models are told apart."""
    if isinstance(node, t.Name) and node.name in scope.locals:
        source = sources.get(node.name)
        kind = scope.locals[node.name].type.kind
        if isinstance(source, d.PanelSource) and isinstance(kind, k.ModelKind):
            return source.panel, (node.name,)
        if not failed(scope.locals[node.name]):
            found = k.kind_text(kind)
            scope.report(WrongType(span=node.span, what="`model`", expected="a panel", found=found))
        return None
    if isinstance(node, t.Name) and node.name in scope.broken:
        return None
    parts = dotted_parts(node)
    found_decl = scope.ctx.resolve_dotted(scope.module, parts) if parts else None
    if found_decl is None or not isinstance(found_decl[1], t.Panel):
        text = node.span.text
        panels = [name for name, source in sources.items() if isinstance(source, d.PanelSource)]
        owner = next((p.name for p in scope.ctx.panels.values() if text in {m.name for m in p.models}), None)
        helps = did_you_mean(text, {*scope.ctx.panels, *panels})
        if owner is not None:
            helps = (f"`{text}` is one model of `{owner}`, and all of a panel are asked: `model = {owner}`",)
        scope.report(UnknownName(span=node.span, what="panel or axis of models", name=text, helps=helps))
        return None
    scope.ctx.means(node.span, found_decl[0])
    panel = found_decl[1].name.name
    axes = tuple(a for a, s in sources.items() if isinstance(s, d.PanelSource) and s.panel == panel)
    if axes:
        return panel, axes
    helps = (f"add `each model in {node.span.text}` and write `model = model`",)
    scope.report(
        UnknownName(span=node.span, what="axis of the models of a panel", name=node.span.text, helps=helps)
    )
    return None


def _per(scope: Scope, field: t.Field | None) -> tuple[str, ...] | None:
    if field is None:
        return ()
    names: list[str] = []
    for ident in axis_words(scope, t.Argument(span=field.value.span, name=None, value=field.value)):
        if isinstance(scope.locals.get(ident.name), h.AxisTerm):
            names.append(ident.name)
            continue
        known = [name for name, term in scope.locals.items() if isinstance(term, h.AxisTerm)]
        if ident.name not in scope.broken:
            helps = did_you_mean(ident.name, known)
            scope.report(UnknownName(span=ident.span, what="axis", name=ident.name, helps=helps))
        return None
    return tuple(dict.fromkeys(names))


# ---- arguments


def _arguments(scope: Scope, ask: t.Ask, prompt: d.TypedPrompt) -> tuple[tuple[str, h.Term], ...] | None:
    """The arguments by formal, each of its kind."""
    assert isinstance(ask.value, t.Call)
    formals = dict(prompt.formals)
    bound: dict[str, t.Argument] = {}
    for position, arg in enumerate(ask.value.args):
        name = arg.name.name if arg.name else list(formals)[position] if position < len(formals) else ""
        if name not in formals or name in bound:
            problem = f"is given `{name}` twice" if name in bound else f"takes {', '.join(formals)}"
            helps = did_you_mean(name, suggest(name, formals)) if name not in formals else ()
            if name in _FIELDS:
                helps = (f"fields of the ask stand in braces behind it: `{{ {arg.span.text} }}`",)
            scope.report(WrongArguments(span=arg.span, callee=prompt.name, problem=problem, helps=helps))
            return None
        bound[name] = arg
    given = {name: term for name, term in prompt.defaults if name not in bound}
    missing = [name for name in formals if name not in bound and name not in given]
    if missing:
        problem = "needs " + ", ".join(f"`{name}`" for name in missing)
        scope.report(WrongArguments(span=ask.value.span, callee=prompt.name, problem=problem))
        return None
    terms = tuple(
        (name, given[name] if name in given else _argument(scope, prompt, name, kind, bound[name]))
        for name, kind in formals.items()
    )
    return None if any(failed(term) for _, term in terms) else terms


def _argument(scope: Scope, prompt: d.TypedPrompt, name: str, kind: k.Kind, arg: t.Argument) -> h.Term:
    term = scope.infer(arg.value, kind)
    if failed(term) or _is_computed(scope, term, name):
        return unknown(arg.span)
    if not _accepts(kind, term):
        notes = (f"`{prompt.name}` is declared at {prompt.span}",)
        found, expected = k.kind_text(term.type.kind), k.kind_text(kind)
        what, mend = f"argument `{name}`", _unquoted(kind, arg.value)
        scope.report(
            WrongType(span=arg.span, what=what, expected=expected, found=found, notes=notes, **mend._asdict())
        )
        return unknown(arg.span)
    return term if within(scope, name, kind, term) else unknown(arg.span)


def _unquoted(kind: k.Kind, value: t.Expr) -> Mend:
    """A level or a language that was written as a text."""
    return word_meant(value) if isinstance(kind, k.Of | k.Lang) else NOTHING


def _accepts(kind: k.Kind, term: h.Term) -> bool:
    unit = units.unit_of(term)
    if isinstance(kind, k.Number) and unit is not None:
        return kind.unit is k.Unit.NONE or units.fits(unit, kind.unit, term)
    return k.fits(term.type.kind, kind)


def _is_computed(scope: Scope, term: h.Term, name: str) -> bool:
    """Refuses what is computed over the cells of earlier answers: an argument is an answer of its own cell."""
    for part in subterms(term):
        if isinstance(part, h.ReduceTerm | h.MetricTerm) and part.type.phase is k.Phase.RESPONSE:
            expected, found = "an answer or one of its fields", "a statistic of answers"
            scope.report(WrongType(span=term.span, what=f"argument `{name}`", expected=expected, found=found))
            return True
    return False
