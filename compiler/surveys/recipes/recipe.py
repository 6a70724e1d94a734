"""Reads the recipes that come along: TOML files beside this module, as typed values.

Expects files that this project ships. Ensures that a recipe has no member that nothing reads and that what it refers
to is there; a fault is an `InternalError`, since no user wrote it.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from importlib.resources import files
from typing import Any

from cyclspec.compiler.surveys.deciding.missing import Declared
from cyclspec.compiler.surveys.deciding.scales import KnownScale
from cyclspec.compiler.surveys.layouts.layout import Layout
from cyclspec.language.diagnostics import InternalError

Bands = tuple[tuple[int, int | None], ...]


@dataclass(frozen=True, slots=True)
class Columns:
    """Columns by role. The first that a file has is taken; `other_weights` and `left_out` are patterns.

    An identifier is one within its level of the columns of `id_within`, such as a year.
    """

    id: tuple[str, ...] = ()
    id_within: tuple[str, ...] = ()
    weight: tuple[str, ...] = ()
    other_weights: tuple[str, ...] = ()
    strata: tuple[str, ...] = ()
    psu: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class AxisRecipe:
    """A demographic axis: the columns that can hold it, its scale, names of levels by code, bands of years."""

    name: str
    columns: tuple[str, ...]
    scale: str = ""
    doc: str = ""
    names: Mapping[str, str] = field(default_factory=dict)
    bands: Bands = ()
    missing: Declared = field(default_factory=Declared)


@dataclass(frozen=True, slots=True)
class Block:
    """Questions that share a theme, and perhaps a scale and a battery; `questions` maps columns to what they ask."""

    theme: str = ""
    battery: str = ""
    scale: str = ""
    stem: str = ""
    questions: Mapping[str, str] = field(default_factory=dict)
    columns: tuple[str, ...] = ()
    missing: Declared = field(default_factory=Declared)


@dataclass(frozen=True, slots=True)
class Recipe:
    """One codebook. `facts` says where its facts come from; `only` leaves out columns that it does not know."""

    name: str
    title: str
    facts: str
    licence: str
    release: str = ""
    citation: str = ""
    lang: str = ""
    note: str = ""
    only: bool = False
    columns: Columns = Columns()
    aliases: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    missing: Declared = field(default_factory=Declared)
    scales: Mapping[str, KnownScale] = field(default_factory=dict)
    axes: tuple[AxisRecipe, ...] = ()
    blocks: tuple[Block, ...] = ()
    layouts: tuple[Layout, ...] = ()


def load_recipe(name: str) -> Recipe:
    """The recipe of a known name. Raises `InternalError` where its file is not what this module expects."""
    text = files("cyclspec.compiler.surveys.recipes").joinpath(f"{name}.toml").read_text(encoding="utf-8")
    try:
        return _recipe(tomllib.loads(text))
    except (tomllib.TOMLDecodeError, TypeError, ValueError, KeyError) as error:
        raise InternalError("recipes", f"{name}.toml: {error}") from error


def _recipe(data: dict[str, Any]) -> Recipe:
    scales = {name: _scale(found) for name, found in data.pop("scales", {}).items()}
    found = Recipe(
        columns=_made(Columns, data.pop("columns", {})),
        aliases={name: tuple(others) for name, others in data.pop("aliases", {}).items()},
        missing=_declared(data.pop("missing", {})),
        scales=scales,
        axes=tuple(_axis(axis) for axis in data.pop("axes", [])),
        blocks=tuple(_block(block) for block in data.pop("blocks", [])),
        layouts=tuple(_made(Layout, layout) for layout in data.pop("layouts", [])),
        **data,
    )
    unknown = {*(axis.scale for axis in found.axes), *(block.scale for block in found.blocks)} - {*scales, ""}
    if unknown:
        raise ValueError(f"scales that are not there: {', '.join(sorted(unknown))}")
    return found


def _made(kind: Any, data: dict[str, Any]) -> Any:
    """A dataclass from a table; lists become tuples, and a member it does not have is a fault."""
    known = {part.name for part in fields(kind)}
    unknown = data.keys() - known
    if unknown:
        raise ValueError(f"{kind.__name__} has no member {', '.join(sorted(unknown))}")
    return kind(**{name: _frozen(value) for name, value in data.items()})


def _frozen(value: Any) -> Any:
    return tuple(_frozen(part) for part in value) if isinstance(value, list) else value


def _scale(data: dict[str, Any]) -> KnownScale:
    options = tuple((str(code), label) for code, label in data.pop("options", []))
    return KnownScale(options=options, **data)


def _declared(data: dict[str, Any]) -> Declared:
    return _made(Declared, data)  # type: ignore[no-any-return]


def _axis(data: dict[str, Any]) -> AxisRecipe:
    bands = tuple((low, None if high < 0 else high) for low, high in data.pop("bands", []))
    missing = _declared(data.pop("missing", {}))
    found: AxisRecipe = _made(AxisRecipe, {**data, "bands": bands, "missing": missing})
    return found


def _block(data: dict[str, Any]) -> Block:
    missing = _declared(data.pop("missing", {}))
    found: Block = _made(Block, {**data, "missing": missing})
    return found
