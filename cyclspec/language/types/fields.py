"""Blocks of fields, `name = value` inside braces, and whatever else has names of its own in one place.

Ensures that a field is known, given once, and present where it must be; unknown fields are errors with a suggestion.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Protocol, TypeVar

from cyclspec.language.diagnostics.cy01_names import FieldMissing, UnknownField
from cyclspec.language.diagnostics.wording import with_article
from cyclspec.language.names.modules import twice
from cyclspec.language.names.suggest import did_you_mean, suggest
from cyclspec.language.spans import Span
from cyclspec.language.syntax import tree as t
from cyclspec.language.types.context import Context
from cyclspec.language.types.meant import NOTHING, field_meant

_EXAMPLES = {
    ("ask", "read"): "read = first_token(labels = letters)",
    ("ask", "model"): "model = model",
    ("table", "source"): 'source = parquet("items.parquet")',
}
_BELONGS = {
    ("ask", "temperature"): "temperature belongs to the reader: `read = sampled(temperature = 1.0)`",
    ("ask", "labels"): "labels belong to the reader: `read = first_token(labels = letters)`",
    ("ask", "max_tokens"): "max_tokens belongs to the reader: `read = sampled(max_tokens = 64)`",
}


class Named(Protocol):
    """Anything that has a name of its own."""

    @property
    def name(self) -> t.Ident: ...


Thing = TypeVar("Thing", bound=Named)


def distinct(ctx: Context, things: Iterable[Thing], where: str) -> dict[str, Thing]:
    """What stands in one place by its names, in the order of writing; reports what has the name of another."""
    found: dict[str, Thing] = {}
    for thing in things:
        first = found.setdefault(thing.name.name, thing)
        if first is not thing:
            ctx.report(twice(thing.name, first.name, where))
    return found


def read_fields(
    ctx: Context,
    fields: Sequence[t.Field],
    known: Sequence[str],
    *,
    where: str,
    required: Sequence[str] = (),
    at: Span | None = None,
) -> dict[str, t.Field]:
    """The fields of a block by name. `where` is the kind of block, such as `ask`."""
    found: dict[str, t.Field] = {}
    for field in fields:
        name = field.name.name
        if name not in known:
            ctx.report(_unknown(field, known, where))
        elif name in found:
            ctx.report(twice(field.name, found[name].name, "block"))
        else:
            found[name] = field
    near = misspelt(fields, known)
    for name in required:
        if name not in found and name not in near and at is not None:
            helps = (f"add `{_EXAMPLES.get((where, name), f'{name} = ...')}`",)
            ctx.report(FieldMissing(span=at, name=name, where=with_article(where), helps=helps))
    return found


def misspelt(fields: Sequence[t.Field], known: Sequence[str]) -> frozenset[str]:
    """The fields that unknown ones are probably meant to be, which are not also missing."""
    unknown = (field.name.name for field in fields if field.name.name not in known)
    return frozenset(close for name in unknown for close in suggest(name, known)[:1])


def _unknown(field: t.Field, known: Sequence[str], where: str) -> UnknownField:
    name = field.name.name
    belongs = _BELONGS.get((where, name))
    close = did_you_mean(name, suggest(name, known))
    mend = field_meant(where, field) if not belongs and not close else NOTHING
    helps = (belongs,) if belongs else close or mend.helps
    notes = (f"fields of `{where}`: {', '.join(known)}",) if known else ()
    block = f"{with_article(where)} block"
    return UnknownField(
        span=field.name.span, name=name, where=block, helps=helps, edits=mend.edits, notes=notes
    )
