"""Intervals of principal components of one length: draws in which they change places are put in the data's order."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from score_terms import NUMBER, answer, answers, audit, axis_list, grid, measure, real

from cyclspec.compiler.scores import ScoreInputs, lower
from cyclspec.language.types import kinds as k
from cyclspec.language.types import terms as h
from cyclspec.language.types import typed as d

UNITS, VARIABLES = 6, 12
AXES = ("model", "country", "item")


def test_intervals_of_scores_keep_to_their_side() -> None:
    """Half of the items tell one thing apart, half another: how many of each are drawn says which is longer."""
    one, two = np.array([-3, -2, -1, 1, 2, 3.0]), np.array([2, -3, 1, 1, -3, 2.0])
    signs = np.random.default_rng(1).choice([-1.0, 1.0], VARIABLES)
    half = np.arange(VARIABLES) % 2 == 0
    values = np.where(half, one[:, None] * np.sqrt(1.1 * (two @ two) / (one @ one)), two[:, None]) * signs
    scaled = np.stack([0.5 + 0.1 * values, 0.5 - 0.1 * values])
    mass = answer(*AXES, field="mass")
    placed = h.ReduceTerm(
        type=k.Type(NUMBER, frozenset({"model", "country", "component"})),
        span=mass.span,
        reducer="principal_components",
        direction="over",
        axes=("item",),
        by=(),
        weight=None,
        of=mass,
        args=(("units", axis_list("country")), ("n", real(2.0))),
    )
    asked = measure("place", ["model", "country", "component"], placed)
    asked = replace(asked, interval=d.Interval(("item",), 300, 0.9))
    shape = {"model": 2, "country": UNITS, "item": VARIABLES, "component": 2}
    cells = answers(AXES, np.full((*scaled.shape, 2), 0.5), mass=scaled)
    (found,) = (
        lower(audit(axes=AXES, measures=[asked]), grid(shape, [2] * VARIABLES))
        .evaluate(ScoreInputs({"reply": cells}, {}))
        .measures
    )
    # The two are at right angles, so no draw mixes them: each is longer or shorter, and never on the other side.
    assert (np.abs(found.value) > 0.05).all()
    assert (np.sign(found.low) == np.sign(found.value)).all() and (
        np.sign(found.high) == np.sign(found.value)
    ).all()
