"""First-token alignment on GlobalOpinionQA and MENA Values as imported: sizes, and a sample against SciPy."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner
from scipy.spatial.distance import jensenshannon
from scripted_methods import plain

import cyclspec
from cyclspec.cli.main import group

ROOT = Path(__file__).resolve().parents[2]
DATA = ROOT.parent / "shared" / "data"
sys.path.insert(0, str(ROOT / "scripts" / "realdata"))

from first_token import CORPORA, SPEC, adapted, prepared  # noqa: E402


def test_the_edits_find_their_places_in_the_spec() -> None:
    text = adapted(SPEC.read_text(encoding="utf-8"), ("egypt", "iran"))
    assert "= [egypt, iran]" in text
    assert not any(word in text for word in ("[zh]", "themes", "answers.value", "person"))


@pytest.mark.realdata
@pytest.mark.skipif(not DATA.is_dir(), reason="the folder ../shared/data is not beside the repository")
@pytest.mark.parametrize("recipe", CORPORA)
def test_published_shares_are_asked_by_the_same_method(recipe: str, tmp_path: Path) -> None:
    audit, corpus = prepared(recipe, DATA, tmp_path), CORPORA[recipe]
    said = CliRunner().invoke(group, ["plan", str(audit), "-p", f"n={corpus.items}", "--format", "json"])
    countries = len(corpus.countries)
    assert json.loads(said.stdout)["cells"] == 3 * corpus.items * countries * 3

    run = cyclspec.load(audit, params={"n": "30"}).run(out=tmp_path / "runs")
    measures, answers = plain(run.measures.to_pandas()), plain(run.answers.to_pandas())
    answers = answers[(answers["model"] == "tiny") & (answers["ask"] == "reply")]
    people = plain(pd.read_parquet(audit.parent / "corpus" / "shares.parquet"))
    human = {
        (row.item, _level(row.country)): {one["code"]: one["share"] for one in row.share}
        for row in people.itertuples()
    }
    close, even = [], []
    for row in answers.itertuples():
        shares = human.get((row.item, row.country))
        if shares is None:
            continue
        p = np.array([shares.get(code) or 0.0 for code in row.codes])
        close.append(1 - jensenshannon(row.probs, p))
        even.append(1 - jensenshannon(np.full(p.size, 1 / p.size), p))
    assert len(close) >= 5
    for name, values in (("published_alignment", close), ("uniform_alignment", even)):
        rows = measures[(measures["measure"] == name) & (measures["model"].fillna("tiny") == "tiny")]
        found = rows["value"].iloc[0]
        assert found == pytest.approx(np.mean(values), abs=1e-6), name


def _level(country: str) -> str:
    return country.lower().replace(" ", "_")
