"""The turns of a prompt: who speaks in which order, the same in every language.

    system?  (user assistant)*  user  prefix?

Earlier turns are examples: a question, and the answer to it. Ensures that the messages of every language are such a
conversation, that every language has as many turns of each role, and that somebody is asked.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence

from cyclspec.language.diagnostics import Diagnostic, Label
from cyclspec.language.diagnostics.cy01_names import Duplicate, FieldMissing
from cyclspec.language.diagnostics.cy04_templates import LanguageMissing, TurnOutOfPlace
from cyclspec.language.spans import Span
from cyclspec.language.syntax import tree as t
from cyclspec.language.types.context import Context

_ONCE = ("system", "prefix")
_ORDINALS = ("first", "second", "third")


def check_turns(ctx: Context, decl: t.Prompt) -> None:
    """Reports what is wrong with the order and the languages of the messages of a prompt."""
    if not any(message.role == "user" for message in decl.messages):
        helps = ('add `user "..."`',)
        ctx.report(FieldMissing(span=decl.name.span, name="user", where="a `prompt`", helps=helps))
        return
    langs = sorted({m.lang.name for m in decl.messages if m.lang is not None})
    spoken: dict[str | None, tuple[t.Message, ...]]
    spoken = {lang: _in_language(decl.messages, lang) for lang in langs or (None,)}
    found = [diagnostic for turns in spoken.values() for diagnostic in (*_repeated(turns), *_order(turns))]
    told: dict[int, Diagnostic] = {}
    for diagnostic in found:
        assert diagnostic.span is not None
        told.setdefault(diagnostic.span.start, diagnostic)
    for diagnostic in (*told.values(), *_unequal(decl, spoken)):
        ctx.report(diagnostic)


def _in_language(messages: Iterable[t.Message], lang: str | None) -> tuple[t.Message, ...]:
    """What is said in one language: its own messages, and those for all languages."""
    return tuple(m for m in messages if m.lang is None or m.lang.name == lang)


def _shown(message: t.Message) -> str:
    return f"{message.role}[{message.lang.name}]" if message.lang else message.role


def _repeated(turns: Sequence[t.Message]) -> Iterator[Diagnostic]:
    """A second `system` or `prefix`."""
    first: dict[str, t.Message] = {}
    for message in turns:
        before = first.setdefault(message.role, message)
        if message.role in _ONCE and before is not message:
            also = (Label(before.span, "first given here"),)
            yield Duplicate(span=message.span, name=_shown(message), where="prompt", also=also)


def _order(turns: Sequence[t.Message]) -> Iterator[Diagnostic]:
    """Messages that stand where a conversation has no place for them; of each role in `_ONCE` the first."""
    head = [message for message in turns if message.role == "system"][:1]
    tail = [message for message in turns if message.role == "prefix"][:1]
    talk = [message for message in turns if message.role not in _ONCE]
    for message in head:
        if message is not turns[0]:
            helps = (f"put it above `{_shown(turns[0])}`",)
            yield _misplaced(message, "`system` is the first message of a prompt", helps)
    for message in tail:
        if any(later.role != "prefix" for later in turns[turns.index(message) :]):
            helps = ("put it below the last `user`",)
            yield _misplaced(message, "`prefix` is the last message of a prompt", helps)
    yield from _alternation(talk)


def _alternation(talk: Sequence[t.Message]) -> Iterator[Diagnostic]:
    """`user` and `assistant` in turn, beginning and ending with `user`."""
    before: t.Message | None = None
    for message in talk:
        if before is None and message.role == "assistant":
            yield _misplaced(message, "a conversation begins with `user`", ('write `user "..."` above it',))
        elif before is not None and before.role == message.role:
            other = "assistant" if message.role == "user" else "user"
            helps = (f'write `{other} "..."` between them, or make them one message',)
            rule = "`user` and `assistant` speak in turn"
            yield _misplaced(message, rule, helps, (Label(before.span, "the message before it"),))
        before = message
    if before is not None and before.role == "assistant":
        below = ('write `user "..."` below it', "or write `prefix`, where the model goes on from these words")
        yield _misplaced(before, "the last turn of a conversation is a `user`", below)


def _misplaced(
    message: t.Message, rule: str, helps: tuple[str, ...], also: tuple[Label, ...] = ()
) -> TurnOutOfPlace:
    return TurnOutOfPlace(span=message.span, rule=rule, role=message.role, also=also, helps=helps)


def _unequal(decl: t.Prompt, spoken: Mapping[str | None, Sequence[t.Message]]) -> Iterator[Diagnostic]:
    """Roles that a language does not word at all, and the first turn that it lacks."""
    fullest = max(spoken.values(), key=len)
    roles = dict.fromkeys(message.role for message in decl.messages)
    for lang, turns in spoken.items():
        mine = Counter(message.role for message in turns)
        for role in roles if lang is not None else ():
            if mine[role] == 0:
                yield _unworded(decl.name.span, lang, f"`{role}` of prompt `{decl.name.name}`", role)
        passed: Counter[str] = Counter()
        for message in fullest if lang is not None else ():
            passed[message.role] += 1
            if 0 < mine[message.role] < passed[message.role]:
                at, role = passed[message.role] - 1, message.role
                which = _ORDINALS[at] if at < len(_ORDINALS) else f"{at + 1}th"
                what = f"the {which} `{role}` of prompt `{decl.name.name}`"
                yield _unworded(message.span, lang, what, role)
                break


def _unworded(span: Span, lang: str | None, what: str, role: str) -> LanguageMissing:
    return LanguageMissing(span=span, lang=str(lang), what=what, helps=(f"add `{role}[{lang}]`",))
