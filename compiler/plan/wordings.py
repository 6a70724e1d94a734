"""Whether the options that prompts show have a label in every language that is asked in.

Expects a typed audit, its grid and its opened tables. Ensures one diagnostic (CY0404) for each ask, language and scale,
before anything is rendered.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from cyclspec.compiler.axes import Grid
from cyclspec.compiler.data.contracts import Option
from cyclspec.compiler.data.loaded import LoadedTable
from cyclspec.language.diagnostics import Diagnostic
from cyclspec.language.diagnostics.cy04_templates import LanguageMissing
from cyclspec.language.types import typed as d


def unworded_options(
    audit: d.TypedAudit, grid: Grid, tables: Mapping[str, LoadedTable]
) -> tuple[Diagnostic, ...]:
    """What an ask would show without a label: the first option of a scale, and how many items have one like it."""
    return tuple(
        found
        for ask in audit.asks
        for shows in ask.shows
        for found in _unworded(audit, grid, tables, ask, shows)
    )


def _unworded(
    audit: d.TypedAudit,
    grid: Grid,
    tables: Mapping[str, LoadedTable],
    ask: d.TypedAsk,
    shows: d.ShownOptions,
) -> Iterator[Diagnostic]:
    scale = shows.scale
    if scale.axis not in grid.axes:
        return
    by_key = tables[scale.table].scales(scale.column)
    lacking = [
        (level, option)
        for level in grid.axes[scale.axis].levels
        for option in by_key[level].options
        if (audit.offer_missing or not option.missing) and not _has_label(option, shows.lang)
    ]
    if not lacking:
        return
    level, option = lacking[0]
    items = len({level for level, _ in lacking})
    have = ", ".join(sorted(option.label))
    notes = (f"its label is in {have}; so it is with {items} of {len(grid.axes[scale.axis])} {scale.axis}s",)
    what = f"option `{option.code}` of {scale.axis} `{level}`"
    yield LanguageMissing(
        span=ask.span, lang=shows.lang or "single", what=what, notes=notes, helps=_helps(option, shows.lang)
    )


def _has_label(option: Option, lang: str | None) -> bool:
    """Whether an option has words in a language; in none, where it has one form or one for all."""
    return (lang or "") in option.label or "" in option.label or (lang is None and len(option.label) == 1)


def _helps(option: Option, lang: str | None) -> tuple[str, ...]:
    if lang is None:
        known = min(option.label)
        return (f'write `user[{known}] "..."` in the prompt to ask in {known}',)
    return (f"give the options a label in {lang}, or leave {lang} out",)
