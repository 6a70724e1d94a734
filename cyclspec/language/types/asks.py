"""Pass 7b: asks.

An ask applies a prompt in every cell of its arguments' axes, its model's axis and `per`; its reader decides the type of
the answer (language.md section 4.2, rule `ask` and A8). Ensures that every language asked for is worded and labelled.
"""

from __future__ import annotations

from collections.abc import Mapping

from cyclspec.language.diagnostics.cy01_names import UnknownName
from cyclspec.language.diagnostics.cy02_types import ReaderDoesNotFit, WrongArguments, WrongType
from cyclspec.language.diagnostics.cy03_axes import KnownTooLate
from cyclspec.language.diagnostics.cy04_templates import LabelMissing, LanguageMissing
from cyclspec.language.names.suggest import did_you_mean
from cyclspec.language.spans import Span
from cyclspec.language.syntax import tree as t
from cyclspec.language.types import kinds as k
from cyclspec.language.types import terms as h
from cyclspec.language.types import units
from cyclspec.language.types.calls import axis_words
from cyclspec.language.types.expressions import infer
from cyclspec.language.types.fields import read_fields
from cyclspec.language.types.scope import Scope, dotted_parts, failed, unknown
from cyclspec.language.types.values import joint, not_checked

_FIELDS = ("model", "per", "read", "parse", "missing", "seed", "history")
_LATER_FIELDS = ("parse", "missing", "seed", "history")
_LATER_READERS = ("option_likelihood", "sampled", "text", "json", "recorded")
_READERS = ("first_token", *_LATER_READERS)
_CHOICES = {"labels": ("letters", "numbers"), "variants": ("exact", "union")}


def ask_statement(scope: Scope, ask: t.Ask, sources: Mapping[str, h.AxisSource]) -> h.TypedAsk | None:
    """One typed ask, or None after reporting."""
    fields = read_fields(
        scope.ctx, ask.fields, _FIELDS, where="ask", required=("model", "read"), at=ask.name.span
    )
    prompt = _prompt(scope, ask)
    model = _model(scope, fields["model"].value, sources) if "model" in fields else None
    per = _per(scope, fields.get("per"))
    late = [name for name in _LATER_FIELDS if name in fields]
    for name in late:
        not_checked(scope, fields[name].span, f"the field `{name}` of an ask")
    reader = _reader(scope, fields["read"].value) if "read" in fields else None
    if prompt is None:
        return None
    args = _arguments(scope, ask, prompt)
    scale = _scale(scope, prompt, reader, fields.get("read"))
    if model is None or reader is None or args is None or scale is None or late:
        return None
    _languages(scope, ask, prompt, args)
    panel, model_axes = model
    axes = joint(*(term for _, term in args))[0] | set(model_axes) | set(per)
    return h.TypedAsk(
        name=ask.name.name,
        prompt=prompt,
        args=args,
        panel=panel,
        model_axes=model_axes,
        per=per,
        reader=reader,
        scale=scale,
        axes=axes,
        type=k.Type(k.Dist(scale), axes, k.Phase.RESPONSE),
        span=ask.span,
    )


def _prompt(scope: Scope, ask: t.Ask) -> h.TypedPrompt | None:
    parts = dotted_parts(ask.value.fn) if isinstance(ask.value, t.Call) else None
    if parts is None:
        found = ask.value.span.text
        scope.report(WrongType(span=ask.value.span, what="this", expected="a call of a prompt", found=found))
        return None
    assert isinstance(ask.value, t.Call)
    found_decl = scope.ctx.resolve_dotted(scope.module, parts)
    if found_decl is not None and isinstance(found_decl[1], t.Prompt) and not found_decl[2]:
        return scope.ctx.prompts.get(found_decl[0])
    alias = parts[0] in scope.module.aliases
    names = scope.ctx.public(scope.module, parts[0]) if alias else scope.ctx.names(scope.module)
    helps = did_you_mean(parts[-1], names)
    where = f" in `{parts[0]}`" if alias else ""
    scope.report(UnknownName(span=ask.value.fn.span, what="prompt", name=parts[-1], where=where, helps=helps))
    return None


def _model(
    scope: Scope, node: t.Expr, sources: Mapping[str, h.AxisSource]
) -> tuple[str, tuple[str, ...]] | None:
    """The panel that is asked, and the axes by which its models are told apart."""
    if isinstance(node, t.Name) and node.name in scope.locals:
        source = sources.get(node.name)
        kind = scope.locals[node.name].type.kind
        if isinstance(source, h.PanelSource) and isinstance(kind, k.ModelKind):
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
        panels = [name for name, source in sources.items() if isinstance(source, h.PanelSource)]
        helps = did_you_mean(text, {*scope.ctx.panels, *panels})
        scope.report(UnknownName(span=node.span, what="panel or axis of models", name=text, helps=helps))
        return None
    panel = found_decl[1].name.name
    axes = tuple(a for a, s in sources.items() if isinstance(s, h.PanelSource) and s.panel == panel)
    if axes:
        return panel, axes
    helps = (f"add `each model in {node.span.text}` and write `model = model`",)
    scope.report(
        UnknownName(span=node.span, what="axis of the models of a panel", name=node.span.text, helps=helps)
    )
    return None


def _per(scope: Scope, field: t.Field | None) -> tuple[str, ...]:
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
    return tuple(names)


def _reader(scope: Scope, node: t.Expr) -> h.Reader | None:
    name = node.fn.span.text if isinstance(node, t.Call) else node.span.text
    if name in _LATER_READERS:
        not_checked(scope, node.span, f"the reader `{name}`")
        return None
    if name != "first_token":
        helps = did_you_mean(name, _READERS)
        scope.report(UnknownName(span=node.span, what="reader", name=name, helps=helps))
        return None
    options = {"labels": "letters", "variants": "exact"}
    for arg in node.args if isinstance(node, t.Call) else ():
        if not _reader_option(scope, arg, options):
            return None
    return h.FirstToken(labels=options["labels"], variants=options["variants"])  # type: ignore[arg-type]


def _reader_option(scope: Scope, arg: t.Argument, options: dict[str, str]) -> bool:
    key = arg.name.name if arg.name else ""
    if key not in _CHOICES:
        helps = did_you_mean(key, _CHOICES)
        problem = f"has no argument `{arg.span.text}`"
        scope.report(WrongArguments(span=arg.span, callee="first_token", problem=problem, helps=helps))
        return False
    word = arg.value.name if isinstance(arg.value, t.Name) else arg.value.span.text
    if word not in _CHOICES[key]:
        helps = did_you_mean(word, _CHOICES[key])
        scope.report(UnknownName(span=arg.value.span, what=f"value of `{key}`", name=word, helps=helps))
        return False
    options[key] = word
    return True


def _scale(
    scope: Scope, prompt: h.TypedPrompt, reader: h.Reader | None, field: t.Field | None
) -> k.Scale | None:
    match prompt.result:
        case k.Choice(scale):
            return scale
        case k.Unknown():
            return None
    if field is not None and reader is not None:
        found = k.kind_text(prompt.result)
        scope.report(
            ReaderDoesNotFit(span=field.value.span, reader="first-token", prompt=prompt.name, found=found)
        )
    return None


def _arguments(scope: Scope, ask: t.Ask, prompt: h.TypedPrompt) -> tuple[tuple[str, h.Term], ...] | None:
    """The arguments by formal, each of its kind and known before any answer."""
    assert isinstance(ask.value, t.Call)
    formals = dict(prompt.formals)
    bound: dict[str, t.Argument] = {}
    for position, arg in enumerate(ask.value.args):
        name = arg.name.name if arg.name else list(formals)[position] if position < len(formals) else ""
        if name not in formals or name in bound:
            problem = f"is given `{name}` twice" if name in bound else f"takes {', '.join(formals)}"
            helps = did_you_mean(name, formals) if name not in formals else ()
            scope.report(WrongArguments(span=arg.span, callee=prompt.name, problem=problem, helps=helps))
            return None
        bound[name] = arg
    missing = [name for name in formals if name not in bound]
    if missing:
        problem = "needs " + ", ".join(f"`{name}`" for name in missing)
        scope.report(WrongArguments(span=ask.value.span, callee=prompt.name, problem=problem))
        return None
    terms = tuple((name, _argument(scope, prompt, name, kind, bound[name])) for name, kind in formals.items())
    return None if any(failed(term) for _, term in terms) else terms


def _argument(scope: Scope, prompt: h.TypedPrompt, name: str, kind: k.Kind, arg: t.Argument) -> h.Term:
    term = infer(scope, arg.value, kind)
    if failed(term):
        return term
    if term.type.phase is k.Phase.RESPONSE:
        scope.report(KnownTooLate(span=arg.span))
        return unknown(arg.span)
    numeric = isinstance(kind, k.Number) and units.unit_of(term) is not None
    if not numeric and not k.fits(term.type.kind, kind):
        notes = (f"`{prompt.name}` is declared at {prompt.span}",)
        found, expected = k.kind_text(term.type.kind), k.kind_text(kind)
        scope.report(
            WrongType(span=arg.span, what=f"argument `{name}`", expected=expected, found=found, notes=notes)
        )
        return unknown(arg.span)
    return term


# ---- languages


def _languages(scope: Scope, ask: t.Ask, prompt: h.TypedPrompt, args: tuple[tuple[str, h.Term], ...]) -> None:
    """Every language of the ask has its messages, and its labels in every vocabulary that is shown."""
    langs = languages_of(scope, prompt, args)
    tags = {m.lang for m in prompt.messages if m.lang is not None}
    lang_term = next((term for name, term in args if isinstance(dict(prompt.formals)[name], k.Lang)), None)
    at = lang_term.span if lang_term is not None else ask.name.span
    unworded = {lang: role for lang in langs if (role := _role_without(prompt, lang)) is not None}
    for lang in langs:
        if lang in unworded:
            notes = (f"`{prompt.name}` is worded in {', '.join(sorted(tags))}",)
            helps = (f"add `{unworded[lang]}[{lang}]`, or leave {lang} out",)
            what = f"prompt `{prompt.name}`"
            scope.report(LanguageMissing(span=at, lang=lang, what=what, notes=notes, helps=helps))
    for _, term in args:
        if isinstance(term.type.kind, k.Of):
            shown = [lang for lang in langs if lang and lang not in unworded]
            _labels(scope, term.type.kind.vocabulary, shown, at)
    if not langs and len(tags) > 1:
        helps = ("give the prompt a parameter `lang: lang` and pass it",)
        scope.report(LanguageMissing(span=at, lang="single", what=f"prompt `{prompt.name}`", helps=helps))


def _role_without(prompt: h.TypedPrompt, lang: str) -> str | None:
    """A role that is worded in some languages, and neither in this one nor in all at once."""
    worded: dict[str, set[str | None]] = {}
    for message in prompt.messages:
        worded.setdefault(message.role, set()).add(message.lang)
    lacking = [role for role, langs in worded.items() if not langs & {lang, None}]
    return max(lacking, key=lambda role: role == "user") if lacking else None


def languages_of(
    scope: Scope, prompt: h.TypedPrompt, args: tuple[tuple[str, h.Term], ...]
) -> tuple[str, ...]:
    """The languages an ask is worded in: its `lang` argument, else the one language of its messages."""
    formals = dict(prompt.formals)
    for name, term in args:
        if not isinstance(formals[name], k.Lang):
            continue
        match term:
            case h.LevelTerm(level=level):
                return (level,)
            case h.AxisTerm(axis=axis):
                return _axis_languages(scope, axis)
    tags = sorted({m.lang for m in prompt.messages if m.lang is not None})
    return (tags[0],) if len(tags) == 1 else ()


def _axis_languages(scope: Scope, axis: str) -> tuple[str, ...]:
    levels = scope.languages.get(axis, ())
    return tuple(str(level) for level in levels)


def _labels(scope: Scope, vocabulary: k.Vocabulary, langs: list[str], at: Span) -> None:
    for lang in langs:
        bare = [level.name for level in vocabulary.levels if level.text(lang) is None]
        if bare:
            label = f"no label in {lang}: {', '.join(bare[:5])}"
            helps = (f'write `{bare[0]} {{{lang}: "..."}}` in `{vocabulary.name}`',)
            scope.report(
                LabelMissing(span=at, vocabulary=vocabulary.name, lang=lang, label=label, helps=helps)
            )
