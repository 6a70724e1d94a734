"""A comparison from two paths, with the data of both open where that is asked for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from cyclspec import pipeline
from cyclspec.diff.change import Difference
from cyclspec.diff.compare import compare
from cyclspec.diff.sides import Side, load_side

if TYPE_CHECKING:
    from cyclspec.diff.asked import Asked
    from cyclspec.pipeline import Opened


def _open(side: Side) -> tuple[Side, Opened]:
    """A side with its data: that of a run keeps the digests of the data which it read."""
    opened = pipeline.open_data(side.context, side.audit)
    if side.digests is not None:
        return side, opened
    return replace(side, digests={name: table.digest for name, table in opened.tables.items()}), opened


def compared(
    before: Path,
    after: Path,
    *,
    audit: str | None = None,
    params: Mapping[str, str] | None = None,
    places: Mapping[str, str] | None = None,
    data: bool = False,
    max_requests: int = pipeline.DEFAULT_MAX_REQUESTS,
    files: Iterable[Path] = (),
) -> tuple[Difference, Asked | None]:
    """What differs, and with `data` what would be asked again. `SpecError` where a side is refused.

    With `data` cells are compared one by one, and neither side may ask more than `max_requests`. `params` and `places`
    are for specs; a run has its own. `files` is where data is that did not travel with a pack.
    """
    files = tuple(files)
    one, other = (load_side(path, audit, params, places, files) for path in (before, after))
    if not data:
        return compare(one, other), None
    from cyclspec.diff.asked import Setting, asked_again

    (one, open_one), (other, open_other) = _open(one), _open(other)
    settings = (Setting(one.places, one.numerics), Setting(other.places, other.numerics))
    return compare(one, other), asked_again(open_one, open_other, settings, max_requests)
