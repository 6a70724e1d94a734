"""The languages of an ask: every one has its messages, its labels and its texts.

Expects a typed prompt and its arguments. Ensures that nothing is asked in a language in which it has no words.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from cyclspec.language.diagnostics.cy04_templates import LabelMissing, LanguageMissing
from cyclspec.language.spans import Span
from cyclspec.language.syntax import tree as t
from cyclspec.language.types import kinds as k
from cyclspec.language.types import terms as h
from cyclspec.language.types import typed as d
from cyclspec.language.types.scope import Scope

Bound = tuple[tuple[str, h.Term], ...]


def check_languages(scope: Scope, ask: t.Ask, prompt: d.TypedPrompt, args: Bound) -> None:
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
    shown = [lang for lang in langs if lang and lang not in unworded]
    for name, term in args:
        _shown_in(scope, name, term, shown, at)
    if not langs and len(tags) > 1:
        helps = ("give the prompt a parameter `lang: lang` and pass it",)
        scope.report(LanguageMissing(span=at, lang="single", what=f"prompt `{prompt.name}`", helps=helps))


def _shown_in(scope: Scope, name: str, term: h.Term, langs: Sequence[str], at: Span) -> None:
    """An argument that is shown has its labels or its text in every language."""
    match term.type.kind:
        case k.Of(vocabulary):
            _labels(scope, vocabulary, langs, at)
        case k.Choice(k.Vocabulary() as scale) | k.Order(k.Vocabulary() as scale):
            _labels(scope, scale, langs, at)
        case k.Picks(k.Vocabulary() as scale, _, _) | k.ScaleValue(k.Vocabulary() as scale):
            _labels(scope, scale, langs, at)
        case k.Text(have) | k.ListOf(k.Text(have)) if have:
            for lang in langs:
                if lang not in have:
                    notes = (f"it exists in {', '.join(have)}",)
                    what = f"argument `{name}`"
                    scope.report(LanguageMissing(span=term.span, lang=lang, what=what, notes=notes))


def _role_without(prompt: d.TypedPrompt, lang: str) -> str | None:
    """A role that is worded in some languages, and neither in this one nor in all at once."""
    worded: dict[str, set[str | None]] = {}
    for message in prompt.messages:
        worded.setdefault(message.role, set()).add(message.lang)
    lacking = [role for role, langs in worded.items() if not langs & {lang, None}]
    return max(lacking, key=lambda role: role == "user") if lacking else None


def languages_of(scope: Scope, prompt: d.TypedPrompt, args: Bound) -> tuple[str, ...]:
    """The languages an ask is worded in: its `lang` argument, else the one language of its messages."""
    formals: Mapping[str, k.Kind] = dict(prompt.formals)
    for name, term in args:
        if not isinstance(formals[name], k.Lang):
            continue
        match term:
            case h.LevelTerm(level=level):
                return (level,)
            case h.AxisTerm(axis=axis) | h.DrawnTerm(name=axis):
                return tuple(str(level) for level in scope.languages.get(axis, ()))
    tags = sorted({m.lang for m in prompt.messages if m.lang is not None})
    return (tags[0],) if len(tags) == 1 else ()


def _labels(scope: Scope, vocabulary: k.Vocabulary, langs: Sequence[str], at: Span) -> None:
    for lang in langs:
        bare = [level.name for level in vocabulary.levels if level.text(lang) is None]
        if bare:
            label = f"no label in {lang}: {', '.join(bare[:5])}"
            helps = (f'write `{bare[0]} {{{lang}: "..."}}` in `{vocabulary.name}`',)
            scope.report(
                LabelMissing(span=at, vocabulary=vocabulary.name, lang=lang, label=label, helps=helps)
            )
