"""Contrasts of readers at equal size: shares that are known, and the same shares from ten answers; against NumPy."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.spatial.distance import jensenshannon

import cyclspec
from cyclspec import pipeline
from cyclspec.compiler.scores import AnswerCells, Graph, MeasureCells, ScoreInputs, lower
from cyclspec.pipeline import Opened

Floats = NDArray[np.float64]
SPECS = Path(str(cyclspec.__file__)).parent / "specs"
REPEATS, AUDITS = 10, 12
SPEC = f"""cycl 1
import std.metrics as m version "1"
import "quickstart/survey.cycl" as survey
import {{ as_resident }} from "quickstart/prompts.cycl"
panel models {{ model tiny = demo() }}
audit readers {{
  each item    in survey.invented.items where item.theme == family
  each country in survey.country
  each repeat  in 1..{REPEATS}
  each model   in models
  ask known   = as_resident(item, country, lang = en) {{ model = model, read = first_token }}
  ask written = as_resident(item, country, lang = en) {{ model = model, per = repeat, read = sampled, missing = drop }}
  let counted = share over repeat of written
  let human   = share over person by country weighted by person.weight of survey.invented.answers.value
  measure effect by model : points =
    mean over item, country of m.js_distance(counted, human) - m.js_distance(known, human) {{ sizes = equal }}
  measure alone by model : share = mean over item, country of m.js_distance(known, human) {{ sizes = equal }}
  check label_mass = (min over item, country of known.mass) >= 0.5
}}
"""


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> Opened:
    folder = tmp_path_factory.mktemp("readers")
    shutil.copytree(SPECS / "quickstart", folder / "quickstart")
    (folder / "readers.cycl").write_text(SPEC, encoding="utf-8")
    context = pipeline.check(folder / "readers.cycl").require()
    return pipeline.open_data(context, context.audits["readers"])


@pytest.fixture(scope="module")
def human(opened: Opened) -> tuple[Floats, Floats]:
    """Shares of people [country, item, option] and their effective number, on the options that count."""
    (cells,) = opened.people.values()
    assert cells.axes == ("item", "country") and cells.n_eff is not None
    return cells.share.swapaxes(0, 1), cells.n_eff.T


@pytest.fixture(scope="module")
def graph(opened: Opened) -> Graph:
    return lower(opened.audit, opened.grid)


@pytest.fixture(scope="module")
def model(human: tuple[Floats, Floats]) -> Floats:
    """What the model thinks: two thirds people, one third something else."""
    share, _ = human
    other = np.random.default_rng(1).dirichlet(np.ones(share.shape[-1]), share.shape[:-1]) * (share > 0)
    found: Floats = (2 * share + other / other.sum(axis=-1, keepdims=True)) / 3
    return found.astype(np.float32).astype(float)


def drawn(rng: np.random.Generator, shares: Floats, number: int) -> Floats:
    exact = shares / shares.sum(axis=-1, keepdims=True)
    return rng.multinomial(number, exact) / number


def scored(graph: Graph, opened: Opened, known: Floats, shares: Floats) -> dict[str, MeasureCells]:
    """The measures where shares are known, and where each of ten answers is one option."""
    there = np.ones((1, *known.shape[:2]), bool)
    one_each = np.zeros((1, *known.shape[:2], REPEATS, known.shape[-1]), np.float32)
    for cell in np.ndindex(known.shape[:2]):
        options = np.repeat(np.arange(known.shape[-1]), np.rint(shares[cell] * REPEATS).astype(int))
        one_each[(0, *cell, np.arange(REPEATS), options)] = 1.0
    said = np.ones(one_each.shape[:-1], bool)
    axes = ("model", "country", "item")
    answers = {
        "known": AnswerCells(axes, known[None].astype(np.float32), there.astype(np.float32), there),
        "written": AnswerCells((*axes, "repeat"), one_each, None, said, said.astype(np.int64)),
    }
    found = graph.evaluate(ScoreInputs(answers, opened.people, opened.headcounts))
    return {cells.name: cells for cells in found.measures}


def test_a_model_that_is_read_two_ways_differs_by_noise_and_at_equal_size_by_nothing(
    graph: Graph, opened: Opened, model: Floats, human: tuple[Floats, Floats]
) -> None:
    """Twelve runs: the plain contrast is .1 of distance, within four standard errors of zero at equal size."""
    plain, equal = np.zeros((2, AUDITS))
    for at in range(AUDITS):
        effect = scored(graph, opened, model, drawn(np.random.default_rng(at), model, REPEATS))["effect"]
        plain[at], equal[at] = effect.value[0], effect.equal_n[0]
    assert plain.mean() > 0.05
    assert abs(equal.mean()) < 4 * equal.std(ddof=1) / np.sqrt(AUDITS) < 0.02


def test_the_known_shares_are_counted_as_often_as_the_others(
    graph: Graph, opened: Opened, model: Floats, human: tuple[Floats, Floats]
) -> None:
    """Against 2,000 draws of NumPy: within five standard errors of the 200 that the graph makes."""
    share, number = human
    answered = drawn(np.random.default_rng(7), model, REPEATS)
    found = scored(graph, opened, model, answered)
    rng, n = np.random.default_rng(8), number.min(axis=0)
    size = np.where(number > n, np.rint(1 / np.maximum(1 / n - 1 / number, 1e-9)), 0).astype(int)
    far = np.zeros((2, 2000))
    for at in range(2000):
        ours = rng.multinomial(REPEATS, model / model.sum(axis=-1, keepdims=True)) / REPEATS
        theirs = np.where(
            size[..., None] > 0, rng.multinomial(size, share) / np.maximum(size, 1)[..., None], share
        )
        far[:, at] = [jensenshannon(one, theirs, base=2, axis=-1).mean() for one in (answered, ours)]
    error = (far[0] - far[1]).std() / np.sqrt(200)
    assert abs(found["effect"].equal_n[0] - (far[0] - far[1]).mean()) < 5 * error
    # Alone, nothing is counted: only people are as few as the fewest.
    assert found["alone"].equal_n[0] < found["alone"].value[0] + 0.02
