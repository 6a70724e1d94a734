"""What dated sessions tell measures: whether the models that answered later are those that answered first.

Expects which weights answered in each session. Ensures that a difference between sessions is called resampling only
where no other weights answered, and version drift otherwise.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

import jax.numpy as jnp
import numpy as np
from numpy.typing import NDArray

from cyclspec.compiler.axes import Grid
from cyclspec.compiler.plan.positions import model_positions
from cyclspec.compiler.plan.sessions import dated_axis
from cyclspec.compiler.scores.cells import Cells, refuse
from cyclspec.compiler.scores.fields import with_fields
from cyclspec.compiler.scores.frame import Frame
from cyclspec.compiler.scores.reasons import ABSENT
from cyclspec.compiler.scores.tables import RESAMPLING, VERSION_DRIFT, MeasureCells, Scores
from cyclspec.compiler.scores.walk import Reach, below, named_terms
from cyclspec.language.types.terms import LetTerm, PickTerm, Term
from cyclspec.language.types.typed import TypedAudit, TypedMeasure

Versions = Mapping[tuple[str, str], str]
"""What answered, by panel and model."""


@dataclass(frozen=True, slots=True, eq=False)
class Drift:
    """Which cells of models, over `axes`, were answered by different weights in the sessions of `axis`.

    `unasked` says which of these sessions nobody was asked in yet.
    """

    axis: str | None
    axes: tuple[str, ...] = ()
    changed: NDArray[np.bool_] | None = None
    unasked: NDArray[np.bool_] | None = None

    def within(self, axes: Iterable[str]) -> NDArray[np.bool_]:
        """Whether any model changed, over those of its axes that are among `axes`."""
        if self.changed is None:
            return np.zeros((), dtype=np.bool_)
        kept = set(axes)
        gone = tuple(at for at, axis in enumerate(self.axes) if axis not in kept)
        return np.asarray(self.changed.any(axis=gone))


UNDATED = Drift(None)


def drift_of(audit: TypedAudit, grid: Grid, sessions: Mapping[str, Versions]) -> Drift:
    """The models whose weights differ between some sessions, by level; an undated audit has none of them."""
    axis = dated_axis(audit)
    if axis is None:
        return UNDATED
    seen: dict[tuple[str, str], set[str]] = {}
    for versions in sessions.values():
        for key, version in versions.items():
            seen.setdefault(key, set()).add(version)
    asks = [ask for ask in audit.asks if ask.panel is not None]
    used = {name for ask in asks for name in ask.model_axes}
    axes = tuple(name for name in grid.axes if name in used)
    changed = np.zeros([len(grid.axes[name]) for name in axes], dtype=np.bool_)
    for ask in asks:
        for model, at in model_positions(audit, grid, ask, axes):
            changed[at] |= len(seen.get((ask.panel or "", model.name), ())) > 1
    unasked = np.array([level not in sessions for level in grid.axes[axis].levels])
    return Drift(axis, axes, changed, unasked)


def of_asked(frame: Frame, drift: Drift, cells: Cells) -> Cells:
    """Cells of the sessions that were asked: what nobody was asked yet is neither there nor refused."""
    if drift.axis is None or drift.axis not in cells.axes:
        return cells
    assert drift.unasked is not None
    unasked = jnp.asarray(frame.placed(drift.unasked, (drift.axis,)))
    return replace(cells, status=refuse(cells.status, unasked, ABSENT))


def models_unchanged(frame: Frame, drift: Drift, axes: frozenset[str], over: tuple[str, ...]) -> Cells:
    """`models_unchanged(over = ..)` over the axes of models: weights can change along dated sessions alone."""
    value = np.ones(frame.shape(axes), dtype=np.bool_)
    if drift.axis in over:
        kept = tuple(name for name in drift.axes if name in axes)
        value &= ~frame.placed(drift.within(kept), kept)
    return Cells(axes, jnp.asarray(value))


def compared(audit: TypedAudit, axis: str) -> tuple[str, ...]:
    """The measures that take several levels of `axis` together: reduced over it, or picked along it."""
    audit = with_fields(audit)
    named = named_terms(audit)
    reach = Reach(named)
    return tuple(one.name for one in audit.measures if _compares(one, axis, named, reach))


def _compares(measure: TypedMeasure, axis: str, named: Mapping[str, Term], reach: Reach) -> bool:
    picked: set[str] = set()
    seen, waiting = set[str](), [measure.term]
    while waiting:
        for term in below(waiting.pop()):
            if isinstance(term, PickTerm):
                picked |= {level for name, level in term.at if name == axis}
            elif isinstance(term, LetTerm) and term.name not in seen:
                seen.add(term.name)
                waiting.append(named[term.name])
    kept = axis in measure.term.type.axes
    return axis in reach.of(measure.term).reduced or len(picked) + kept > 1


def labelled(scores: Scores, audit: TypedAudit, drift: Drift, asked: int) -> Scores:
    """Scores whose measures say what the sessions that they take together differ by, once two are `asked`."""
    if drift.axis is None:
        return scores
    names = compared(audit, drift.axis) if asked > 1 else ()
    return replace(
        scores, measures=tuple(_labelled(one, drift, compares=one.name in names) for one in scores.measures)
    )


def _labelled(measure: MeasureCells, drift: Drift, *, compares: bool) -> MeasureCells:
    found = np.full(measure.value.shape, None, dtype=object)
    if compares:
        kept = tuple(axis for axis in measure.axes if axis in drift.axes)
        changed = drift.within(kept)
        order = [name for name in drift.axes if name in kept]
        changed = changed.transpose([order.index(name) for name in kept])
        shape = [
            size if axis in kept else 1 for axis, size in zip(measure.axes, measure.value.shape, strict=True)
        ]
        found[...] = np.where(changed.reshape(shape), VERSION_DRIFT, RESAMPLING)
    return replace(measure, sessions_differ_by=found)
