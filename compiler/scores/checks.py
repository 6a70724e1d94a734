"""What failing checks do: take answers out before measuring, or take measured values back.

Expects evaluated checks. A check covers a cell of something else where their shared axes agree, and where a level of an
axis has the attribute that the check or the other is by: a check by the origin of models covers the models of that
origin. For other axes that only the check has, one failing level is enough.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import jax.numpy as jnp
import numpy as np
from numpy.typing import NDArray

from cyclspec.compiler.scores.cells import Array, Blocked, Cells, choose
from cyclspec.compiler.scores.expressions import Setting
from cyclspec.compiler.scores.frame import Frame
from cyclspec.compiler.scores.reasons import FIRST_CHECK, HOLE, OK
from cyclspec.compiler.scores.tables import CheckCells
from cyclspec.language.types.terms import AnswerTerm
from cyclspec.language.types.typed import TypedAudit, TypedCheck


def exclusions(audit: TypedAudit) -> tuple[TypedCheck, ...]:
    """The checks that exclude, in the order of the audit; their place gives the missing reason its code."""
    return tuple(check for check in audit.checks if check.on_fail == "exclude")


def failing(cells: Cells) -> Array:
    """Full-rank mask of the cells of a check that were evaluated and do not hold."""
    bad = ~cells.value.astype(bool)
    return bad if cells.status is None else bad & (cells.status == OK)


def excluded(
    setting: Setting,
    audit: TypedAudit,
    answers: Mapping[AnswerTerm, Cells | Blocked],
    results: Mapping[str, Cells],
) -> dict[AnswerTerm, Cells | Blocked]:
    """The answers without the cells that failing `exclude` checks take out, with the check as reason.

    A check acts on every answer that has all of its axes, or those whose attributes they are. Axes of the check that
    no answer has are first folded (one failing level is enough), so that the check acts through the axes it shares.
    """
    frame, axes_of = setting.frame, {term: _axes(held) for term, held in answers.items()}
    asked = frozenset[str]().union(*axes_of.values())
    kept = dict(answers)
    for number, check in enumerate(exclusions(audit)):
        cells = results[check.name]
        owners = _owners(frame, cells.axes - asked, asked)
        axes, bad = cells.axes | frozenset(owners.values()), failing(cells)
        for derived, owner in owners.items():
            bad = bad & jnp.asarray(frame.members(owner, derived))
        foreign = tuple(frame.place_of(axis) for axis in cells.axes - asked)
        bad = bad.any(axis=foreign, keepdims=True) if foreign else bad
        for term, answer in kept.items():
            if axes & asked <= axes_of[term]:
                kept[term] = _without(setting, answer, bad, reason_code(number))
    return kept


def _axes(held: Cells | Blocked) -> frozenset[str]:
    return held.axes if isinstance(held, Cells) else held.parts[0].axes


def _owners(frame: Frame, axes: frozenset[str], others: frozenset[str]) -> dict[str, str]:
    """The axes that attributes of other ones made, each with the one that has the attribute."""
    found = {axis: frame.owner(axis, others) for axis in sorted(axes)}
    return {axis: owner for axis, owner in found.items() if owner is not None}


def reason_code(exclusion: int) -> int:
    """The status of cells taken out by the n-th excluding check; all beyond 100 share the last code."""
    return min(FIRST_CHECK + exclusion, FIRST_CHECK + 100)


def _without(setting: Setting, answer: Cells | Blocked, bad: Array, code: int) -> Cells | Blocked:
    if isinstance(answer, Cells):
        return _marked(answer, bad, code)
    blocks, whole = setting.blocks[answer.scale], Cells(frozenset(), bad)
    parts = zip(blocks.parts, answer.parts, strict=True)
    return Blocked(
        answer.scale,
        tuple(_marked(part, blocks.cut(block, whole).value, code) for block, part in parts),
    )


def _marked(answer: Cells, bad: Array, code: int) -> Cells:
    """Whole cells are taken out, with the answers in them that were missing."""
    state = jnp.int8(OK) if answer.status is None else answer.status
    return replace(answer, status=choose(bad & (state != HOLE), jnp.int8(code), state))


def withheld(frame: Frame, axes: tuple[str, ...], checks: tuple[CheckCells, ...]) -> NDArray[np.object_]:
    """Per cell of a measure over `axes`, the names of the `withhold` and `stop` checks that withhold it."""
    shape = tuple(len(frame.axes[axis]) for axis in axes)
    names: list[tuple[str, ...]] = [()] * frame.size(axes)
    for check in checks:
        if check.on_fail not in ("withhold", "stop") or not check.n_failed:
            continue
        covered = _covered(frame, axes, check)
        for place in np.flatnonzero(covered):
            names[place] = (*names[place], check.name)
    held = np.empty(len(names), dtype=object)
    for at, given in enumerate(names):
        held[at] = given
    return held.reshape(shape)


def _covered(frame: Frame, axes: tuple[str, ...], check: CheckCells) -> NDArray[np.bool_]:
    """Which cells over `axes` a check's failing cells cover; all of them for `stop`."""
    shape = tuple(len(frame.axes[axis]) for axis in axes)
    if check.on_fail == "stop":
        return np.ones(shape, dtype=np.bool_)
    full = frame.placed(check.failing, check.axes)
    here, there = frozenset(axes), frozenset(check.axes)
    owners = _owners(frame, there - here, here) | _owners(frame, here - there, there)
    for derived, owner in owners.items():
        full = full & frame.members(owner, derived)
    lacking = tuple(frame.place_of(axis) for axis in check.axes if axis not in axes)
    return frame.taken(np.any(full, axis=lacking, keepdims=True), axes)
