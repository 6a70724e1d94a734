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
REPEATS, MORE, AUDITS = 10, 40, 12
SPEC = f"""cycl 1
import std.metrics as m version "1"
import "quickstart/survey.cycl" as survey
import {{ as_resident }} from "quickstart/prompts.cycl"
panel models {{ model tiny = demo() }}
audit readers {{
  each item    in survey.invented.items where item.theme == family
  each country in survey.country
  each repeat  in 1..{REPEATS}
  each again   in 1..{MORE}
  each model   in models
  ask known   = as_resident(item, country, lang = en) {{ model = model, read = first_token }}
  ask written = as_resident(item, country, lang = en) {{ model = model, per = repeat, read = sampled, missing = drop }}
  ask often   = as_resident(item, country, lang = en) {{ model = model, per = again, read = sampled, missing = drop }}
  let counted = share over repeat of written
  let more    = share over again of often
  let human   = share over person by country weighted by person.weight of survey.invented.answers.value
  measure effect by model : points =
    mean over item, country of m.js_distance(counted, human) - m.js_distance(known, human) {{ sizes = equal }}
  measure repeats by model : points =
    mean over item, country of m.js_distance(counted, human) - m.js_distance(more, human) {{ sizes = equal }}
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


def one_by_one(shares: Floats, number: int) -> AnswerCells:
    """So many answers with these shares, each one option."""
    chosen = np.zeros((1, *shares.shape[:2], number, shares.shape[-1]), np.float32)
    for cell in np.ndindex(shares.shape[:2]):
        options = np.repeat(np.arange(shares.shape[-1]), np.rint(shares[cell] * number).astype(int))
        chosen[(0, *cell, np.arange(number), options)] = 1.0
    there = np.ones(chosen.shape[:-1], bool)
    axis = "repeat" if number == REPEATS else "again"
    return AnswerCells(("model", "country", "item", axis), chosen, None, there, there.astype(np.int64))


def scored(graph: Graph, opened: Opened, known: Floats, *counted: Floats) -> dict[str, MeasureCells]:
    """The measures where shares are known, and where ten and forty answers have some shares."""
    few, many = counted
    there = np.ones((1, *known.shape[:2]), bool)
    sure = AnswerCells(
        ("model", "country", "item"), known[None].astype(np.float32), there.astype(np.float32), there
    )
    answers = {"known": sure, "written": one_by_one(few, REPEATS), "often": one_by_one(many, MORE)}
    found = graph.evaluate(ScoreInputs(answers, opened.people, opened.headcounts))
    return {cells.name: cells for cells in found.measures}


def test_a_model_that_is_read_two_ways_differs_by_noise_and_at_equal_size_by_nothing(
    graph: Graph, opened: Opened, model: Floats
) -> None:
    """Twelve runs of ten answers beside known shares, and beside forty answers: within four standard errors of zero."""
    plain, equal = np.zeros((2, 2, AUDITS))
    for at in range(AUDITS):
        rng = np.random.default_rng(at)
        found = scored(graph, opened, model, drawn(rng, model, REPEATS), drawn(rng, model, MORE))
        effects = [found["effect"], found["repeats"]]
        plain[:, at] = [float(effect.value[0]) for effect in effects]
        equal[:, at] = [float(effect.equal_n[0]) for effect in effects]
    assert (plain.mean(axis=1) > (0.05, 0.03)).all()
    error = equal.std(axis=1, ddof=1) / np.sqrt(AUDITS)
    assert (np.abs(equal.mean(axis=1)) < 4 * error).all() and (error < 0.006).all()


def test_the_others_are_counted_as_often_as_those_that_were_counted_least(
    graph: Graph, opened: Opened, model: Floats, human: tuple[Floats, Floats]
) -> None:
    """Against 2,000 draws of NumPy: within five standard errors of the 200 that the graph makes."""
    share, number = human
    rng = np.random.default_rng(7)
    few, many = drawn(rng, model, REPEATS), drawn(rng, model, MORE)
    found = scored(graph, opened, model, few, many)
    least = number.min(axis=0)
    lacking = 1 / least - 1 / number
    size = np.rint(1 / np.where(lacking > 1e-9, lacking, 1.0)).astype(int)
    counts = np.rint(many * MORE).astype(int)
    far = np.zeros((3, 2000))
    for at in range(2000):
        theirs = np.where((lacking > 1e-9)[..., None], rng.multinomial(size, share) / size[..., None], share)
        again = np.array([[rng.multivariate_hypergeometric(c, REPEATS) for c in row] for row in counts])
        ours = (few, drawn(rng, model, REPEATS), again / REPEATS)
        far[:, at] = [jensenshannon(one, theirs, base=2, axis=-1).mean() for one in ours]
    for name, other in (("effect", far[1]), ("repeats", far[2])):
        gap = far[0] - other
        assert abs(found[name].equal_n[0] - gap.mean()) < 5 * gap.std() / np.sqrt(200)
    # Alone, nothing is counted: only people are as few as the fewest.
    assert found["alone"].equal_n[0] < found["alone"].value[0] + 0.02
