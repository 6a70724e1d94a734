"""Types, levels and signatures as text for hover and completion."""

from __future__ import annotations

from cyclspec.language.syntax import tree as t
from cyclspec.language.types import kinds as k
from cyclspec.language.types import terms as h
from cyclspec.language.types.scope import Scope

_MOST_LEVELS = 40


def axes_text(axes: frozenset[str], scope: Scope | None) -> str:
    """Axes in the order of the audit that binds them, others behind them by name."""
    order = list(scope.locals) if scope is not None else []
    known = [name for name in order if name in axes]
    return ", ".join([*known, *sorted(axes - set(known))])


def type_text(type_: k.Type, scope: Scope | None = None) -> str:
    """A type as language.md writes it: `dist(item.options) @ item, country, model ! response`."""
    text = k.kind_text(type_.kind) + ("?" if type_.optional else "")
    if type_.axes:
        text += f" @ {axes_text(type_.axes, scope)}"
    return text if type_.phase is k.Phase.STATIC else f"{text} ! {type_.phase.name.lower()}"


def value_text(term: h.Term) -> str:
    """A static value as its author wrote it."""
    return term.span.text


def labels_text(level: k.Level) -> str:
    """The labels of a level, language by language."""
    return ", ".join(f"{lang}: {label}" if lang else label for lang, label in sorted(level.label.items()))


def level_line(level: k.Level) -> str:
    """One level with its code, labels and attributes."""
    parts = [f"`{level.name}`"]
    if level.low is not None and level.high is not None:
        parts.append(f"{level.low:g}..{level.high:g}")
    elif level.code != level.name:
        parts.append(str(level.code))
    parts.extend(text for text in (labels_text(level),) if text)
    parts.extend(f"{name} = {value}" for name, value in level.attributes.items())
    return " · ".join(parts) + (" · missing" if level.missing else "")


def vocabulary_lines(vocabulary: k.Vocabulary) -> tuple[str, ...]:
    """The levels of a vocabulary as a list."""
    shown = tuple(f"- {level_line(level)}" for level in vocabulary.levels[:_MOST_LEVELS])
    more = len(vocabulary.levels) - len(shown)
    return (*shown, f"- and {more} more") if more > 0 else shown


def _flat(text: str) -> str:
    return " ".join(text.split())


def formals_text(formals: tuple[t.Formal, ...]) -> str:
    return ", ".join(_flat(formal.span.text) for formal in formals)


def signature(decl: t.Decl) -> str:
    """The head of a declaration on one line."""
    match decl:
        case t.Prompt() | t.Metric():
            head = f"{decl.kind} {decl.name}({formals_text(decl.formals)}) -> {_flat(decl.result.span.text)}"
            where = decl.where if isinstance(decl, t.Metric) else None
            return head if where is None else f"{head} where {_flat(where.span.text)}"
        case t.VocabularyDecl():
            return f"{decl.word} {decl.name} : {_flat(decl.type.span.text)}"
        case t.Param():
            return f"param {decl.name} : {_flat(decl.type.span.text)}"
    return f"{decl.kind} {decl.name}"
