"""A plan refuses a test that cannot change its measure, as a run does: before anything is asked."""

from __future__ import annotations

from pathlib import Path

import pytest

from cyclspec import pipeline
from cyclspec.language.diagnostics import SpecError

FOLDER = Path(__file__).parent.parent / "bad" / "CY0211_idle_test"


@pytest.mark.parametrize("weights", ["required", "if here"])
def test_a_test_that_changes_nothing_is_refused_by_a_plan(weights: pipeline.Weights) -> None:
    (path,) = FOLDER.glob("*.cycl")
    context = pipeline.check(path).require()
    opened = pipeline.open_data(context, pipeline.choose(context, None))
    with pytest.raises(SpecError) as refused:
        pipeline.plan(opened, weights=weights)
    assert [one.code for one in refused.value.diagnostics] == ["CY0211"]
