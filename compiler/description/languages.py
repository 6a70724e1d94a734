"""In which languages questions, labels and prompts exist.

Expects a checked program and loaded tables. Ensures that a text counts as written in a language only where its
cell, label or message names that language, and as `plain` where it names none.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping

from cyclspec.compiler.data.loaded import LoadedTable
from cyclspec.compiler.description.facts import LanguageFacts
from cyclspec.compiler.description.layout import Layout, declared_vocabularies
from cyclspec.language.spans import Span
from cyclspec.language.types import kinds as k
from cyclspec.language.types.context import Context

Texts = Iterable[Mapping[str, str] | None]


def language_facts(
    context: Context, layout: Layout, tables: Mapping[str, LoadedTable]
) -> tuple[LanguageFacts, ...]:
    """The texts of a corpus, of the axes and scales that it uses, and of the prompts of the program."""
    return (*_questions(layout, tables), *_labels(context, layout), *_prompts(context))


def _questions(layout: Layout, tables: Mapping[str, LoadedTable]) -> Iterator[LanguageFacts]:
    """Columns of text, and the labels of the options that items bring along."""
    for table in layout.tables:
        for column in table.columns:
            values = tables[table.name][column.name].values
            what = f"{table.name}.{column.name}"
            match column.kind:
                case k.Text():
                    yield _counted(what, "text", values, column.span)
                case k.ListOf(k.Text()):
                    texts = [text for cell in values if cell is not None for text in cell]
                    yield _counted(what, "text", texts, column.span)
                case k.ScaleValue(k.ItemScale()):
                    labels = [
                        option.label for scale in values if scale is not None for option in scale.options
                    ]
                    yield _counted(what, "label", labels, column.span)


def _counted(what: str, kind: str, texts: Texts, span: Span | None) -> LanguageFacts:
    have: Counter[str] = Counter()
    total, plain = 0, 0
    for text in texts:
        if text is None:
            continue
        total += 1
        plain += not text or "" in text
        have.update(lang for lang in text if lang and "" not in text)
    return LanguageFacts(what, kind, total, dict(sorted(have.items())), plain, span)


def _labels(context: Context, layout: Layout) -> Iterator[LanguageFacts]:
    """The labels of the declared vocabularies that columns use. Levels without a label are shown by their name."""
    for decl, vocabulary in declared_vocabularies(context, layout.tables):
        labels = [level.label for level in vocabulary.levels]
        yield _counted(f"{decl.word} {decl.name}", "label", labels, decl.name.span)


def _prompts(context: Context) -> Iterator[LanguageFacts]:
    """A prompt exists in a language in as many roles as have a message in it; a message without one serves all."""
    for prompt in context.prompts.values():
        worded: dict[str, set[str]] = {}
        for message in prompt.messages:
            worded.setdefault(message.role, set()).add(message.lang or "")
        plain = sum("" in langs for langs in worded.values())
        have = Counter(lang for langs in worded.values() if "" not in langs for lang in langs)
        yield LanguageFacts(
            f"prompt {prompt.name}", "prompt", len(worded), dict(sorted(have.items())), plain, prompt.span
        )
