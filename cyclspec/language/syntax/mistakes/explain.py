"""Why a piece of text does not parse, in the words of the language.

Expects a parser failure and the piece it happened in. Ensures one diagnostic with a code, a place and, where the
mistake is a common one, help that can be typed. Rules are tried in order, and one that says what to write only counts
where that mends the piece; the last one always applies.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import regex as re
from lark.exceptions import UnexpectedInput

from cyclspec.language.diagnostics import Diagnostic
from cyclspec.language.diagnostics import cy00_syntax as cy00
from cyclspec.language.spans import Source
from cyclspec.language.syntax.mistakes import brackets, heads, phrases
from cyclspec.language.syntax.mistakes.characters import strange
from cyclspec.language.syntax.mistakes.failure import Failure
from cyclspec.language.syntax.mistakes.habits import Habit, shown_at
from cyclspec.language.syntax.mistakes.rows import blocks, levels, prompts, signs, statements, words
from cyclspec.language.syntax.mistakes.trial import mends
from cyclspec.language.syntax.pieces import Piece

HABITS: tuple[Habit, ...] = (
    *signs.NUMBERS,
    *levels.ROWS,
    *prompts.ROWS,
    *signs.ROWS,
    *statements.ROWS,
    *words.ROWS,
    *blocks.ROWS,
    *signs.ENDS,
)


def _habits(f: Failure) -> Iterator[Diagnostic]:
    return shown_at(f, HABITS)


_RULES: tuple[Callable[[Failure], Iterator[Diagnostic]], ...] = (
    heads.edition,
    heads.statement_outside,
    heads.member_outside,
    heads.declaration_inside,
    heads.reserved,
    brackets.unclosed,
    brackets.stray,
    brackets.unquoted,
    heads.result_type,
    phrases.in_,
    phrases.comparison,
    _habits,
    phrases.of,
    phrases.bare_reduction,
    phrases.field_colon,
    phrases.value_sign,
    phrases.comma,
    strange,
    heads.misspelled,
    heads.incomplete,
)


def _plain(f: Failure) -> Diagnostic:
    word = f.word or f.text
    found = "the end of the text" if f.at_end else f"`{word if len(word) <= 40 else word[:40] + '...'}`"
    wanted = f.wanted
    label = f"{wanted} before this" if wanted and not f.at_end else wanted
    if not label and f.word and re.search(r"[\w)\]\"%][ \t]+$", f.recent):
        label = "nothing joins this to what stands before it"
    return cy00.Unexpected(span=f.span, sentence=f"{found} cannot stand here", label=label)


def explain_failure(source: Source, failure: UnexpectedInput, piece: Piece) -> Diagnostic:
    """The one diagnostic for a piece that does not parse."""
    facts = Failure(source, failure, piece)
    for rule in _RULES:
        for found in rule(facts):
            if not found.edits or mends(facts, found.edits):
                return found
    return _plain(facts)
