"""All typing rules, in the order of the reference."""

from __future__ import annotations

from typing import Final

from cyclspec.language.rules.answers import ANSWERS
from cyclspec.language.rules.grid import GRID
from cyclspec.language.rules.measures import MEASURES
from cyclspec.language.rules.rule import Rule
from cyclspec.language.rules.values import VALUES

RULES: Final[tuple[Rule, ...]] = (*GRID, *ANSWERS, *VALUES, *MEASURES)
