"""One rendered prompt: its messages, the exact text that the model reads, its tokens, and those of its labels.

Expects one cell of an ask with its data open. Ensures that the messages are shown whatever becomes of the model, and
that a model which cannot be reached is said to be so with its own diagnostic.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from cyclspec.explain.cells import Cell
from cyclspec.explain.layout import WIDTH, columns
from cyclspec.explain.readers import reader_text
from cyclspec.language.diagnostics import SpecError
from cyclspec.language.diagnostics.render import printable
from cyclspec.language.types import typed as d

if TYPE_CHECKING:
    from cyclspec.compiler.axes import Grid
    from cyclspec.compiler.plan.cells import Said
    from cyclspec.compiler.plan.hosted import HostedModel
    from cyclspec.compiler.prompts.options import Followed
    from cyclspec.compiler.prompts.tokens import TokenizedPrompt, Tokenizer

    Labels = tuple[tuple[int, ...], ...] | Followed | SpecError | None

_GUTTER = "  | "


@dataclass(frozen=True, slots=True)
class Tokenized:
    """One conversation as one model reads it.

    `labels` are the ids of each option's label, or the tokens of whole options, or why there are none.
    """

    place: str
    plain: bool
    folded: bool
    prompt: TokenizedPrompt
    tokenizer: Tokenizer
    labels: Labels


def tokenized(audit: d.TypedAudit, cell: Cell, said: Said, places: Mapping[str, str]) -> Tokenized:
    """The text and the tokens of a cell. `SpecError` where its model has no tokenizer that can be reached."""
    from cyclspec.compiler.plan.models import ask_models
    from cyclspec.compiler.plan.requests import is_plain, tokenize

    assert cell.model is not None and cell.ask.panel is not None
    panel = replace(audit.panels[cell.ask.panel], models=(cell.model,))
    alone = replace(audit, asks=(cell.ask,), panels={**audit.panels, panel.name: panel})
    models = ask_models(
        alone, {name: place for name, place in places.items() if name == cell.model.name}, weights="if here"
    )
    key = (panel.name, cell.model.name)
    tokenizer = models.tokenizers[key]
    model = replace(models.asked[key], plain=is_plain(cell.model, tokenizer, cell.ask.prompt))
    found = tokenize(cell.ask, [said], model, tokenizer)
    folded = found.folded and any(message.role == "system" for message in said.conversation.messages)
    labels = _labels(cell.ask, said, tokenizer, found.prompts[0], plain=model.plain)
    return Tokenized(model.checkpoint.place, model.plain, folded, found.prompts[0], tokenizer, labels)


def _labels(
    ask: d.TypedAsk, said: Said, tokenizer: Tokenizer, prompt: TokenizedPrompt, *, plain: bool
) -> Labels:
    from cyclspec.compiler.plan.requests import label_of
    from cyclspec.compiler.prompts.options import OptionTokenizer

    try:
        match ask.reader:
            case d.FirstToken() as reader:
                return tokenizer.label_ids(prompt.text, len(said.options), reader, ask.span)
            case d.OptionLikelihood(boundary=boundary):
                words = [label_of(option, said.lang) for option in said.options]
                options = OptionTokenizer(tokenizer, ask.prompt.name, plain, boundary, ask.span)
                return options.follow([prompt], [words])[0]
    except SpecError as error:
        return error
    return None


def _levels(cell: Cell, grid: Grid) -> Iterator[tuple[str, str, str]]:
    for axis in cell.axes:
        level = grid.axes[axis].levels[cell.positions[axis]]
        yield axis, level, "the first; none was given" if axis in cell.assumed else ""


def _quoted(role: str, text: str) -> Iterator[str]:
    """A text as it is, line for line, beside a gutter that is no part of it."""
    yield role
    yield from (_GUTTER + printable(line) if line else _GUTTER.rstrip() for line in text.split("\n"))


def cell_text(cell: Cell, grid: Grid, said: Said) -> str:
    """The cell and the messages of its conversation: what can be shown without a model."""
    from cyclspec.compiler.plan.cells import NOT_YET

    head = f"prompt {cell.ask.prompt.name} of ask {cell.ask.name}, read by {reader_text(cell.ask)}"
    lines = [head, *columns(_levels(cell, grid), indent=2)]
    if said.lang is not None:
        lines.append(f"  in language {said.lang}")
    if any(NOT_YET in message.content for message in said.conversation.messages) and cell.ask.stage > 1:
        lines.append(f"  {NOT_YET} stands for what earlier asks will have answered")
    for message in said.conversation.messages:
        lines += ["", *_quoted(message.role, message.content)]
    if said.conversation.prefix:
        lines += ["", *_quoted("prefix, where the model's own turn begins", said.conversation.prefix)]
    return "\n".join(lines)


def sent_text(asked: HostedModel, said: Said) -> str:
    """What is sent to a hosted model where that differs from what is said, and about how much it is."""
    from cyclspec.compiler.plan.hosted import as_sent, estimated_tokens

    messages = as_sent(said.conversation)
    characters = sum(len(message.content) for message in messages)
    tokens = sum(estimated_tokens(message.content) for message in messages)
    size = (
        f"{characters} characters, about {tokens} tokens (one for four bytes: there is no tokenizer for it)"
    )
    lines = [f"hosted at {asked.place}: {size}"]
    if said.conversation.prefix:
        lines += [
            "",
            *_quoted("sent as the user's last turn, with the prefix at its end", messages[-1].content),
        ]
    return "\n".join(lines)


def _piece(text: str) -> str:
    return printable(json.dumps(text, ensure_ascii=False))


def _tokens(found: Tokenized) -> Iterator[str]:
    ids = found.prompt.ids
    shown = [f"{i} {_piece(piece)}" for i, piece in zip(ids, found.tokenizer.pieces(ids), strict=True)]
    yield f"{len(ids)} tokens"
    wide = max(len(entry) for entry in shown) + 2
    across = max(1, (WIDTH - 2) // wide)
    for start in range(0, len(shown), across):
        yield ("  " + "".join(entry.ljust(wide) for entry in shown[start : start + across])).rstrip()


def _label_rows(
    said: Said, words: Sequence[str], ids: Sequence[Sequence[int]], found: Tokenized
) -> Iterator[tuple[str, ...]]:
    for word, option, tokens in zip(words, said.options, ids, strict=True):
        pieces = zip(tokens, found.tokenizer.pieces(tokens), strict=True)
        label = option.label.get(said.lang or "", option.label.get("", next(iter(option.label.values()), "")))
        yield word, " or ".join(f"{i} {_piece(piece)}" for i, piece in pieces), option.code, label


def _label_lines(cell: Cell, said: Said, found: Tokenized) -> Iterator[str]:
    from cyclspec.compiler.prompts.messages import letters, numbers
    from cyclspec.compiler.prompts.options import Followed
    from cyclspec.compiler.prompts.tokens import continuation

    match found.labels, cell.ask.reader:
        case SpecError(diagnostics=diagnostics), _:
            yield "labels: refused"
            for diagnostic in diagnostics:
                yield f"  {diagnostic.code}: {printable(diagnostic.message)}; {printable(diagnostic.caption)}"
                yield from (f"  {printable(text)}" for text in diagnostic.helps)
        case tuple() as ids, d.FirstToken(labels=kind, variants=variants):
            words = letters(len(ids)) if kind == "letters" else numbers(len(ids))
            space = "after a space" if continuation(found.prompt.text) else "with nothing before them"
            where = space if variants == "exact" else "with and without a space before them"
            yield f"{len(ids)} labels {where}: each is one token, and no token counts for two"
            yield from columns(_label_rows(said, words, ids, found), indent=2)
        case Followed() as options, _:
            yield f"{len(options.ids)} options, each a text after {_after(options, found.prompt)}"
            yield from columns(_option_rows(said, options, found), indent=2)
        case _:
            yield f"the reader {reader_text(cell.ask)} needs no labels"


def _after(options: Followed, prompt: TokenizedPrompt) -> str:
    """What options follow, in words."""
    whole, kept = len(prompt.ids), len(options.context)
    if options.context == prompt.ids:
        return f"the {whole} tokens of the prompt"
    return f"{kept} tokens; the rest of the prompt's {whole} is tokenised with them"


def _option_rows(said: Said, options: Followed, found: Tokenized) -> Iterator[tuple[str, ...]]:
    for option, ids in zip(said.options, options.ids, strict=True):
        pieces = zip(ids, found.tokenizer.pieces(ids), strict=True)
        yield option.code, "  ".join(f"{i} {_piece(piece)}" for i, piece in pieces)


def tokens_text(cell: Cell, said: Said, found: Tokenized) -> str:
    """The exact text that the model of a cell reads, its tokens, and the tokens of its labels."""
    assert cell.model is not None
    how = "plain text" if found.plain else "after the chat template"
    folded = ", the system message in the user's turn" if found.folded else ""
    head = f"text for model {cell.model.name} ({found.place}), {how}{folded}"
    parts = [_quoted(head, found.prompt.text), _tokens(found), _label_lines(cell, said, found)]
    return "\n\n".join("\n".join(part) for part in parts)
