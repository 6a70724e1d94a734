"""How the records of a published file are laid out: which member holds what.

Expects nothing. Ensures plain values that a recipe fills in. A layout fits a file that has all of its `needs`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Kind = Literal["shares", "shares_by_level", "shares_by_column", "items", "options", "texts"]


@dataclass(frozen=True, slots=True)
class Layout:
    """One layout.

    `kind`: `shares` has a record for each question and level of `axis`; `shares_by_level` a record for each question,
    whose member `share` maps levels to shares; `shares_by_column` one whose further members are the levels; `items` a
    record for each item; `options` a record for each option of an item; `texts` a record for each open question,
    which has no options.

    `key`, `question`, `options`, `level`, `share` and `theme` name members. `options` may name several, one an
    option; `fixed` are options that every item has. `attributes` maps columns of the items to members. `cut` removes
    what a pattern matches from the question, and `fills` puts members in the place of texts. `companions` are files
    beside this one, by what they hold: `options` for texts of options. `lang` is the language of the texts, where it
    is not that of the recipe; "" for texts in several.
    """

    kind: Kind
    needs: tuple[str, ...]
    question: str
    key: str = ""
    options: tuple[str, ...] = ()
    fixed: tuple[tuple[str, str], ...] = ()
    option_code: str = ""
    axis: str = ""
    axis_doc: str = ""
    level: str = ""
    share: str = ""
    share_is: Literal["list", "percentages", "first"] = "list"
    scale_low: str = ""
    scale_high: str = ""
    scale_kind: str = ""
    theme: str = ""
    attributes: Mapping[str, str] = field(default_factory=dict)
    cut: tuple[str, ...] = ()
    fills: Mapping[str, str] = field(default_factory=dict)
    transposed: bool = False
    ordered: bool | None = None
    companions: Mapping[str, str] = field(default_factory=dict)
    note: str = ""
    lang: str | None = None
