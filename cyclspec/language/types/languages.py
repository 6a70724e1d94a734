"""The languages of an ask: every one has its messages, its labels and its texts.

Expects a typed prompt and its arguments. Ensures that nothing is asked in a language in which it has no words, as far
as types tell: the options that come with items are known by their data, and are given back to be looked at there.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from cyclspec.language.diagnostics.cy04_templates import LabelMissing, LanguageMissing
from cyclspec.language.spans import Span
from cyclspec.language.syntax import tree as t
from cyclspec.language.types import kinds as k
from cyclspec.language.types import terms as h
from cyclspec.language.types import typed as d
from cyclspec.language.types.prompts import hole_kind
from cyclspec.language.types.scope import Scope
from cyclspec.language.types.templates import Hole, split

Bound = tuple[tuple[str, h.Term], ...]
_MOST_NAMED = 5


@dataclass(frozen=True, slots=True)
class _Worded:
    """A prompt with its arguments; `at` is the place where its language is given, or would be.

    `scored` where the options themselves are read to the model, whatever its messages show.
    """

    scope: Scope
    prompt: d.TypedPrompt
    args: Mapping[str, h.Term]
    at: Span
    scored: bool


@dataclass(frozen=True, slots=True)
class _Shown:
    """Something that is shown; `told` where it was said already that a language lacks it.

    `given` where it is a text that stands in the argument itself.
    """

    name: str
    kind: k.Kind
    at: Span
    told: bool = False
    given: bool = False


def check_languages(
    scope: Scope, ask: t.Ask, prompt: d.TypedPrompt, args: Bound, reader: d.Reader | None
) -> tuple[d.ShownOptions, ...]:
    """Reports what an ask cannot say in one of its languages; the options that only the data can tell of."""
    langs = languages_of(scope, prompt, args)
    lang_term = next((term for name, term in args if isinstance(dict(prompt.formals)[name], k.Lang)), None)
    at = ask.name.span if lang_term is None else lang_term.span
    worded = _Worded(scope, prompt, dict(args), at, isinstance(reader, d.OptionLikelihood))
    found: dict[d.ShownOptions, None] = {}
    for lang in langs or ():
        if not _is_worded(worded, lang):
            continue
        shown = list(_shown(worded, lang))
        if lang is None:
            _in_no_language(worded, shown)
        else:
            _in_language(worded, shown, lang)
        scales = (scale for one in shown if (scale := _item_scale(one.kind)) is not None)
        found |= dict.fromkeys(d.ShownOptions(lang, scale) for scale in scales)
    return tuple(found)


def _is_worded(worded: _Worded, lang: str | None) -> bool:
    """Whether each role has a message in a language; in none, where no message has one of its own."""
    prompt = worded.prompt
    tags = sorted({m.lang for m in prompt.messages if m.lang is not None})
    role = None if lang is None else _role_without(prompt, lang)
    if role is None and (lang is not None or not tags):
        return True
    notes: tuple[str, ...] = ()
    helps: tuple[str, ...] = ("give the prompt a parameter `lang: lang` and pass it",)
    if role is not None:
        notes = (f"`{prompt.name}` is worded in {', '.join(tags)}",)
        helps = (f"add `{role}[{lang}]`, or leave {lang} out",)
    what = f"prompt `{prompt.name}`"
    worded.scope.report(
        LanguageMissing(span=worded.at, lang=lang or "single", what=what, notes=notes, helps=helps)
    )
    return False


def _shown(worded: _Worded, lang: str | None) -> Iterator[_Shown]:
    """What a prompt shows in one language, each once."""
    ctx, formals = worded.scope.ctx, dict(worded.prompt.formals)
    seen: set[tuple[str, ...]] = set()
    for message in worded.prompt.messages:
        for part in split(message.template)[0] if message.lang in (lang, None) else ():
            if not isinstance(part, Hole) or part.path in seen or part.path[0] not in worded.args:
                continue
            seen.add(part.path)
            first, rest = part.path[0], part.path[1:]
            kind = hole_kind(ctx, worded.args[first].type.kind, rest) or k.Unknown()
            declared = hole_kind(ctx, formals[first], rest) or k.Unknown()
            # A message with a tag is held against the types of its prompt's parameters where it is declared.
            told = message.lang is not None and lang not in (_texts(declared) or (lang,))
            term = worded.args[first]
            given = isinstance(term, h.TextsTerm) and term.span.text.startswith("{")
            yield _Shown(".".join(part.path), kind, worded.at if rest else term.span, told, given)
    if worded.scored:
        yield _Shown("options", worded.prompt.result, worded.at)


def _item_scale(kind: k.Kind) -> k.ItemScale | None:
    match kind:
        case k.Choice(scale) | k.Order(scale) | k.Picks(scale, _, _) | k.ScaleValue(scale):
            return scale if isinstance(scale, k.ItemScale) else None
    return None


def _vocabulary(kind: k.Kind) -> k.Vocabulary | None:
    """The vocabulary whose labels are shown."""
    match kind:
        case k.Of(vocabulary) | k.ListOf(k.Of(vocabulary)):
            return vocabulary
        case k.Choice(scale) | k.Order(scale) | k.Picks(scale, _, _) | k.ScaleValue(scale):
            return scale if isinstance(scale, k.Vocabulary) else None
    return None


def _texts(kind: k.Kind) -> tuple[str, ...]:
    """The languages of a text; none where it is the same in all."""
    match kind:
        case k.Text(langs) | k.ListOf(k.Text(langs)):
            return langs
    return ()


def _in_language(worded: _Worded, shown: Sequence[_Shown], lang: str) -> None:
    """Reports what is shown in a language, and does not exist in it."""
    for vocabulary in dict.fromkeys(filter(None, (_vocabulary(one.kind) for one in shown))):
        _labels(worded, vocabulary, lang)
    for one in shown:
        have = _texts(one.kind)
        if not have or lang in have or one.told:
            continue
        notes = (f"it exists in {', '.join(have)}",)
        helps = (f"leave {lang} out, or declare it `text({', '.join([*have, lang])})` once the data have it",)
        if one.given:
            helps = (f'add `{lang}: "..."`, or leave {lang} out',)
        what = f"`{one.name}`" if "." in one.name else f"argument `{one.name}`"
        worded.scope.report(LanguageMissing(span=one.at, lang=lang, what=what, notes=notes, helps=helps))


def _labels(worded: _Worded, vocabulary: k.Vocabulary, lang: str) -> None:
    bare = [level.name for level in vocabulary.levels if level.text(lang) is None]
    if not bare:
        return
    label = f"no label in {lang}: {', '.join(bare[:_MOST_NAMED])}"
    helps = (f'write `{bare[0]} {{{lang}: "..."}}` in `{vocabulary.name}`',)
    worded.scope.report(
        LabelMissing(span=worded.at, vocabulary=vocabulary.name, lang=lang, label=label, helps=helps)
    )


def _in_no_language(worded: _Worded, shown: Sequence[_Shown]) -> None:
    """Reports what exists in several languages and is shown by a prompt that is in none of them."""
    languages = {one.name: _languages(one.kind) for one in shown}
    several = {name: langs for name, langs in languages.items() if len(langs) > 1}
    if not several:
        return
    prompt, first = worded.prompt, next(iter(several.values()))
    shared = [lang for lang in first if all(lang in other for other in several.values())]
    names = ", ".join(f"`{name}`" for name, langs in several.items() if langs == first)
    notes = (f"it shows {names}, in {', '.join(first)}",)
    role = max((m.role for m in prompt.messages), key=lambda role: role == "user")
    helps = tuple(f'write `{role}[{lang}] "..."` in `{prompt.name}` to ask in {lang}' for lang in shared[:1])
    helps += (f"{'or ' if helps else ''}give it a parameter `lang: lang` and pass it",)
    what = f"prompt `{prompt.name}`"
    worded.scope.report(LanguageMissing(span=worded.at, lang="single", what=what, notes=notes, helps=helps))


def _languages(kind: k.Kind) -> tuple[str, ...]:
    """The languages in which a text or the labels of a vocabulary exist, where there is no form for all of them."""
    vocabulary = _vocabulary(kind)
    if vocabulary is None:
        return _texts(kind)
    labels = (level.label for level in vocabulary.levels if "" not in level.label)
    return tuple(dict.fromkeys(lang for label in labels for lang in label))


def _role_without(prompt: d.TypedPrompt, lang: str) -> str | None:
    """A role that is worded in some languages, and neither in this one nor in all at once."""
    worded: dict[str, set[str | None]] = {}
    for message in prompt.messages:
        worded.setdefault(message.role, set()).add(message.lang)
    lacking = [role for role, langs in worded.items() if not langs & {lang, None}]
    return max(lacking, key=lambda role: role == "user") if lacking else None


def languages_of(scope: Scope, prompt: d.TypedPrompt, args: Bound) -> tuple[str | None, ...] | None:
    """The languages an ask is worded in: its `lang` argument, else the one language of its messages, else none.

    None where only the data tell.
    """
    formals: Mapping[str, k.Kind] = dict(prompt.formals)
    for name, term in args:
        if not isinstance(formals[name], k.Lang):
            continue
        match term:
            case h.LevelTerm(level=level):
                return (level,)
            case h.AxisTerm(axis=axis) | h.DrawnTerm(name=axis) if axis in scope.languages:
                return tuple(str(level) for level in scope.languages[axis])
        return None
    tags = sorted({m.lang for m in prompt.messages if m.lang is not None})
    return (tags[0],) if len(tags) == 1 else (None,)
