"""A recipe against one file: which of its columns are there, under which names, and what it knows of each.

Expects a recipe and the names of a file. Ensures that names are met whatever their case and by the aliases of the
recipe, that an excerpt is taken as it is, and that what the recipe expects and the file lacks is noted.
"""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from cyclspec.compiler.surveys.deciding.demographics import KnownAxis
from cyclspec.compiler.surveys.deciding.missing import Declared
from cyclspec.compiler.surveys.deciding.roles import Named
from cyclspec.compiler.surveys.deciding.scales import KnownScale
from cyclspec.compiler.surveys.notes import Notes, Topic, first_of
from cyclspec.compiler.surveys.recipes.recipe import AxisRecipe, Block, Recipe
from cyclspec.compiler.surveys.refusals import refuse_file
from cyclspec.compiler.surveys.survey import SurveyFile

_RUN = re.compile(r"(?P<head>\D*)(?P<first>\d+)\.\.(?P=head)(?P<last>\d+)\Z")
_SHOWN = 12


@dataclass(frozen=True, slots=True)
class Known:
    """What a recipe knows of the columns of one file; without a recipe it knows nothing."""

    named: Named = field(default_factory=Named)
    axes: Mapping[str, AxisRecipe] = field(default_factory=dict)
    blocks: Mapping[str, tuple[Block, str]] = field(default_factory=dict)
    scales: Mapping[str, KnownScale] = field(default_factory=dict)
    missing: Declared = field(default_factory=Declared)

    def declared(self, column: str) -> Declared:
        """The missing codes of a column: those of its axis or block, and those of the whole recipe."""
        own = self._own_missing(column)
        return Declared({**self.missing.shown, **own.shown}, {**self.missing.absent, **own.absent})

    def _own_missing(self, column: str) -> Declared:
        if column in self.axes:
            return self.axes[column].missing
        return self.blocks[column][0].missing if column in self.blocks else Declared()

    def scale(self, column: str) -> KnownScale:
        name = self.blocks[column][0].scale if column in self.blocks else ""
        name = self.axes[column].scale if column in self.axes else name
        return self.scales.get(name, KnownScale())

    def axis(self, column: str) -> KnownAxis:
        found = self.axes.get(column)
        return KnownAxis() if found is None else KnownAxis(self.scale(column), found.names, found.bands)

    def axis_name(self, column: str) -> str:
        return self.axes[column].name if column in self.axes else column

    def text(self, column: str) -> str:
        """What a question asks, in the recipe's words."""
        return self.blocks[column][1] if column in self.blocks else ""

    def theme(self, column: str) -> str:
        return self.blocks[column][0].theme if column in self.blocks else ""

    def battery(self, column: str) -> str:
        return self.blocks[column][0].battery if column in self.blocks else ""


@dataclass(frozen=True, slots=True)
class _Names:
    """The columns of a file, met by names of the recipe."""

    by_fold: Mapping[str, str]
    aliases: Mapping[str, tuple[str, ...]]

    def find(self, name: str) -> str:
        """The column that a name of the recipe means here; "" where there is none."""
        for spelled in (name, *self.aliases.get(name, ())):
            found = self.by_fold.get(spelled.casefold())
            if found is not None:
                return found
        return ""

    def first(self, names: Iterable[str]) -> str:
        return next((found for name in names for found in self.every(name)), "")

    def every(self, pattern: str) -> Iterator[str]:
        """The columns that a name, a run of numbers or a pattern means."""
        run = _RUN.match(pattern)
        if run is not None:
            numbers = range(int(run["first"]), int(run["last"]) + 1)
            yield from (found for n in numbers if (found := self.find(f"{run['head']}{n}")))
        elif any(sign in pattern for sign in "*?["):
            folded = pattern.casefold()
            yield from (name for fold, name in self.by_fold.items() if fnmatch.fnmatchcase(fold, folded))
        elif found := self.find(pattern):
            yield found


def known_of(recipe: Recipe, survey: SurveyFile, notes: Notes) -> Known:
    """What a recipe says of a file. Raises `SpecError` where the file has none of its columns."""
    names = _Names({name.casefold(): name for name in reversed(survey.names)}, recipe.aliases)
    axes = {column: axis for axis in recipe.axes if (column := names.first(axis.columns))}
    blocks = dict(_blocks(recipe, names))
    columns = recipe.columns
    named = Named(
        id=names.first(columns.id),
        id_within=tuple(column for name in columns.id_within if (column := names.find(name))),
        weight=names.first(columns.weight),
        other_weights=tuple(dict.fromkeys(c for p in columns.other_weights for c in names.every(p))),
        strata=names.first(columns.strata),
        psu=names.first(columns.psu),
        demographics=tuple(axes),
        questions=tuple(column for column in blocks if column not in axes),
        left_out=tuple(dict.fromkeys(c for p in columns.left_out for c in names.every(p))),
        only=recipe.only,
    )
    if not axes and not blocks:
        expected = ", ".join(f"`{name}`" for name in list(_expected(recipe))[:8])
        refuse_file(
            survey.path,
            f"has none of the columns that recipe `{recipe.name}` knows",
            f"it expects such as {expected}",
            "without `--recipe` the columns are recognised by rules",
        )
    _say_absent(recipe, names, named, notes)
    return Known(named, axes, blocks, recipe.scales, recipe.missing)


def _blocks(recipe: Recipe, names: _Names) -> Iterator[tuple[str, tuple[Block, str]]]:
    for block in recipe.blocks:
        for name, text in block.questions.items():
            if column := names.find(name):
                yield column, (block, f"{block.stem}{text}")
        for pattern in block.columns:
            yield from ((column, (block, "")) for column in names.every(pattern))


def _expected(recipe: Recipe) -> Iterator[str]:
    for block in recipe.blocks:
        yield from (*block.questions, *block.columns)
    for axis in recipe.axes:
        yield axis.columns[0]


def _say_absent(recipe: Recipe, names: _Names, named: Named, notes: Notes) -> None:
    """Roles and questions of the codebook that this file does not have."""
    notes.found(Topic.RECIPE, f"{recipe.title}: {recipe.facts}")
    columns = recipe.columns
    for role, found, wanted in (
        ("identifier", named.id, columns.id),
        ("weight", named.weight, columns.weight),
        ("strata", named.strata, columns.strata),
        ("clusters (PSUs)", named.psu, columns.psu),
    ):
        if wanted and not found:
            notes.open(Topic.RECIPE, f"the file has no {role} of the codebook ({first_of(wanted, _SHOWN)})")
    gone = [axis.name for axis in recipe.axes if not names.first(axis.columns)]
    if gone:
        notes.found(
            Topic.RECIPE,
            f"demographics of the codebook that the file does not have: {first_of(gone, _SHOWN)}",
        )
    if not named.questions:
        notes.open(
            Topic.RECIPE, f"the file has no question of recipe `{recipe.name}`, and may be of another survey"
        )
        return
    questions = [name for block in recipe.blocks for name in block.questions]
    absent = [name for name in questions if not names.find(name)]
    if absent:
        notes.found(
            Topic.RECIPE,
            f"an excerpt: {len(absent)} of {len(questions)} questions of the recipe are not in the file "
            f"({first_of(absent, _SHOWN)})",
        )
