"""The dilemma audits as they are shipped, against pandas, SciPy and `krippendorff` on the answers of their runs.

Nothing of the scoring graph is used: measures are computed again from the table of answers and the file of cases.
Tolerance 1e-12 for what is made of choices, 1e-6 where answers are float32 probabilities.
"""

from __future__ import annotations

import itertools
import json
import subprocess
import sys
from pathlib import Path

import krippendorff
import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner
from scipy.spatial.distance import jensenshannon
from scipy.stats import entropy

import cyclspec
from cyclspec.cli.main import group

ROOT = Path(__file__).resolve().parents[2]
SPEC = ROOT / "specs" / "methods" / "dilemmas.cycl"
SESSIONS = ROOT / "specs" / "methods" / "dilemma_sessions.cycl"
CASES = ROOT / "specs" / "corpora" / "dilemmas" / "cases.jsonl"
CELL = ["case", "wording", "form", "order"]
MODEL = "tiny"
RUN = {"pairs": "[loyalty_justice, mercy_present]", "lang": "es"}


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> cyclspec.Run:
    return cyclspec.load(SPEC, params=RUN).run(out=tmp_path_factory.mktemp("dilemmas"))


@pytest.fixture(scope="module")
def answers(run: cyclspec.Run) -> pd.DataFrame:
    table = run.answers.to_pandas()
    text = ["ask", "case", "wording", "form", "order", "session", "repeat", "model", "choice"]
    table[text] = table[text].astype(object)
    return table[table["model"] == MODEL]


@pytest.fixture(scope="module")
def picks(answers: pd.DataFrame) -> pd.DataFrame:
    return answers[answers["ask"] == "pick"]


@pytest.fixture(scope="module")
def cases() -> pd.DataFrame:
    rows = [json.loads(line) for line in CASES.read_text("utf-8").splitlines()]
    return pd.DataFrame(rows).set_index("case")


@pytest.fixture(scope="module")
def measured(run: cyclspec.Run) -> pd.DataFrame:
    table = run.measures.to_pandas()
    return table[table["model"].astype(str) == MODEL]


def value(measured: pd.DataFrame, name: str, **levels: str) -> float:
    rows = measured[measured["measure"] == name]
    for axis, level in levels.items():
        rows = rows[rows[axis].astype(str) == level]
    assert len(rows) == 1, (name, levels, len(rows))
    return float(rows["value"].iloc[0])


def first_shares(answers: pd.DataFrame, ask: str) -> pd.Series:
    """The probability of action `a` in each cell of a first-token ask."""
    rows = answers[answers["ask"] == ask]
    shares = [
        dict(zip(codes, probs, strict=True))["a"] for codes, probs in zip(rows.codes, rows.probs, strict=True)
    ]
    return pd.Series(shares, index=pd.MultiIndex.from_frame(rows[[*CELL]]))


def bits(share: float) -> float:
    return float(entropy([share, 1 - share], base=2))


def drawn_forms(picks: pd.DataFrame) -> pd.DataFrame:
    """By case and form: the share of action `a`, over replies and then over wordings and orders."""
    known = picks.dropna(subset="choice")
    cells = (known["choice"] == "a").groupby([known[axis] for axis in CELL]).mean()
    return cells.groupby(["case", "form"]).mean().unstack("form")


def mode(choices: pd.Series) -> str | None:
    counts = choices.dropna().value_counts()
    if counts.empty or (len(counts) > 1 and counts.iloc[0] == counts.iloc[1]):
        return None
    return str(counts.index[0])


def test_every_cell_was_asked(picks: pd.DataFrame, answers: pd.DataFrame) -> None:
    assert len(picks) == 6 * 3 * 2 * 2 * 2 * 2
    assert (answers["ask"] == "read").sum() == 6 * 3 * 2 * 2
    assert {ask: (answers["ask"] == ask).sum() for ask in ("warned_a", "guided_b")} == {
        "warned_a": 36, "guided_b": 36,
    }  # fmt: skip
    assert picks["choice"].notna().sum() > 50


def test_refusals(picks: pd.DataFrame, measured: pd.DataFrame) -> None:
    for form, rows in picks.groupby("form"):
        assert value(measured, "refusals", form=str(form)) == pytest.approx(rows["choice"].isna().mean())


def test_flips_between_sessions_less_those_within(picks: pd.DataFrame, measured: pd.DataFrame) -> None:
    """By loops over pairs of replies."""
    found: dict[str, dict[tuple[str, ...], float]] = {"between": {}, "within": {}}
    for cell, rows in picks.dropna(subset="choice").groupby(CELL):
        pairs = list(itertools.combinations(zip(rows["session"], rows["choice"], strict=True), 2))
        for kind, same in (("between", False), ("within", True)):
            differ = [one[1] != other[1] for one, other in pairs if (one[0] == other[0]) is same]
            if differ:
                found[kind][cell] = float(np.mean(differ))
    between, within = pd.Series(found["between"]), pd.Series(found["within"])
    excess = (between - within).dropna()
    assert len(excess) >= 5
    assert value(measured, "between_sessions") == pytest.approx(between.mean(), abs=1e-12)
    assert value(measured, "within_sessions") == pytest.approx(within.mean(), abs=1e-12)
    assert value(measured, "session_flips") == pytest.approx(excess.groupby(level=0).mean().mean(), abs=1e-12)


def test_settled_choices_and_their_agreement(picks: pd.DataFrame, measured: pd.DataFrame) -> None:
    settled = picks.groupby(["case", "session"])["choice"].agg(mode).unstack("session")
    both = settled.dropna()
    assert value(measured, "settled_flips") == pytest.approx((both["1"] != both["2"]).mean(), abs=1e-12)
    coded = settled.replace({"a": 0.0, "b": 1.0}).astype(float).to_numpy().T
    expected = krippendorff.alpha(reliability_data=coded, level_of_measurement="nominal")
    assert value(measured, "retest") == pytest.approx(expected, abs=1e-12)
    forms = picks.groupby(["case", "form"])["choice"].agg(mode).unstack("form").dropna()
    assert value(measured, "form_agreement") == pytest.approx((forms.nunique(axis=1) == 1).mean(), abs=1e-12)


def test_form_consistency_and_entropy(picks: pd.DataFrame, measured: pd.DataFrame) -> None:
    forms = drawn_forms(picks)
    assert len(forms) == 6
    pooled, single = forms.mean(axis=1).map(bits), forms.map(bits).mean(axis=1)
    assert value(measured, "form_consistency") == pytest.approx((1 - (pooled - single)).mean(), abs=1e-12)
    assert value(measured, "action_entropy") == pytest.approx(pooled.mean(), abs=1e-12)
    for case, share in forms.mean(axis=1).items():
        assert value(measured, "action_likelihood", case=str(case)) == pytest.approx(share, abs=1e-12)


def named(shares: pd.Series, cases: pd.DataFrame) -> pd.Series:
    own = cases.loc[shares.index]
    return shares.where(own["serves_a"] == own["named"], 1 - shares)


def test_preference_by_pair_of_values(
    picks: pd.DataFrame, answers: pd.DataFrame, cases: pd.DataFrame, measured: pd.DataFrame
) -> None:
    drawn = named(drawn_forms(picks).mean(axis=1), cases)
    read = named(first_shares(answers, "read").groupby(level=["case"]).mean(), cases)
    pair = cases["pair"].loc[drawn.index]
    for name in ("loyalty_justice", "mercy_present"):
        assert value(measured, "preference", pair=name) == pytest.approx(
            drawn[pair == name].mean(), abs=1e-12
        )
        assert value(measured, "read_preference", pair=name) == pytest.approx(
            read[pair == name].mean(), abs=1e-6
        )
    agreement = 1 - (drawn - read).abs()
    assert value(measured, "reads_agree") == pytest.approx(agreement.mean(), abs=1e-6)


def test_shares_of_wins(picks: pd.DataFrame, cases: pd.DataFrame, measured: pd.DataFrame) -> None:
    known = picks.dropna(subset="choice")
    own = cases.loc[known["case"]]
    won = np.where(known["choice"] == "a", own["serves_a"], own["serves_b"])
    lost = np.where(known["choice"] == "a", own["serves_b"], own["serves_a"])
    for worth in ("loyalty", "justice", "mercy", "present"):
        wins, losses = (won == worth).sum(), (lost == worth).sum()
        assert value(measured, "wins", moral_value=worth) == pytest.approx(wins / (wins + losses), abs=1e-12)
    assert np.isnan(value(measured, "wins", moral_value="truth"))


def test_the_stories_step_by_step(picks: pd.DataFrame, cases: pd.DataFrame, measured: pd.DataFrame) -> None:
    drawn = named(drawn_forms(picks).mean(axis=1), cases)
    steps = {
        step: drawn[f"coach_{at}"] for at, step in enumerate(("small", "larger", "serious", "grave"), start=1)
    }
    for step, share in steps.items():
        assert value(measured, "step_preference", story="coach", step=step) == pytest.approx(share, abs=1e-12)
    moved = [
        jensenshannon([p, 1 - p], [q, 1 - q], base=2) ** 2 for p, q in itertools.pairwise(steps.values())
    ]
    assert value(measured, "step_shift", story="coach") == pytest.approx(np.mean(moved), abs=1e-9)


def test_consequences_and_guidelines(answers: pd.DataFrame, measured: pd.DataFrame) -> None:
    def by_case(ask: str) -> pd.Series:
        return first_shares(answers, ask).groupby(level="case").mean()

    read = first_shares(answers, "read")
    plain = read[read.index.get_level_values("form") == "direct"].groupby(level="case").mean()
    after = by_case("warned_a").where(plain > 0.5, by_case("warned_b"))
    flips = (plain > 0.5) != (after > 0.5)
    drop = (plain - after).where(plain > 0.5, after - plain)
    assert value(measured, "consequence_flips") == pytest.approx(flips.mean(), abs=1e-12)
    assert value(measured, "consequence_drop") == pytest.approx(drop.mean(), abs=1e-6)
    gained = (by_case("guided_a") - by_case("guided_b")) / 2
    assert value(measured, "steerability") == pytest.approx(gained.mean(), abs=1e-6)


def test_without_a_story_there_are_no_steps(tmp_path: Path) -> None:
    """Two cases, none of which belongs to a story: measures by step have no cell, and the others stand."""
    spec = cyclspec.load(SPEC, params={"pairs": "[justice_future]", "lang": "zh", "forms": "[direct]"})
    names = set(spec.run(out=tmp_path).measures.to_pandas()["measure"].astype(str))
    assert "session_flips" in names
    assert {"step_preference", "step_shift"}.isdisjoint(names)


@pytest.mark.parametrize("language", ["en", "zh", "es"])
def test_the_plan_has_the_sizes_that_the_page_says(language: str) -> None:
    said = CliRunner().invoke(group, ["plan", str(SPEC), "-p", f"lang={language}", "--format", "json"])
    assert json.loads(said.stdout)["cells"] == 3 * (66 * 3 * 2 * 2 * (2 * 2 + 1) + 4 * 66 * 3 * 2)


def test_sessions_that_were_recorded(tmp_path: Path) -> None:
    """The table that ships has one version; a copy in which the second session has another digest has drift."""
    replies = pd.read_parquet(ROOT / "specs" / "corpora" / "sessions" / "replies.parquet")
    versions = pd.read_parquet(ROOT / "specs" / "corpora" / "sessions" / "versions.parquet")
    excess = []
    for _, cells in replies.dropna(subset="value").groupby(["case", *CELL[1:]]):
        pairs = list(itertools.combinations(zip(cells["session"], cells["value"], strict=True), 2))
        between = [one[1] != other[1] for one, other in pairs if one[0] != other[0]]
        within = [one[1] != other[1] for one, other in pairs if one[0] == other[0]]
        if between and within:
            excess.append((cells["case"].iloc[0], np.mean(between) - np.mean(within)))
    expected = pd.DataFrame(excess).groupby(0)[1].mean().mean()

    copy = tmp_path / "specs"
    subprocess.run(["cp", "-r", str(ROOT / "specs"), str(copy)], check=True)
    spec = copy / "methods" / "dilemma_sessions.cycl"
    for changed, moved, other in ((0.0, "resampling", "version_drift"), (1.0, "version_drift", "resampling")):
        if changed:
            versions.loc[versions["session"] == 2, ["digest", "version"]] = ["another", 2]
            versions.to_parquet(copy / "corpora" / "sessions" / "versions.parquet", index=False)
        run = cyclspec.load(spec).run(out=tmp_path / f"runs{changed}")
        found = run.measures.to_pandas().set_index("measure")["value"]
        assert found["weights_changed"] == changed
        assert found[moved] == pytest.approx(expected, abs=1e-12)
        assert np.isnan(found[other])
        passed = run.checks.to_pandas().set_index("check")["passed"]
        assert bool(passed["same_weights"]) is (changed == 0)


def test_runs_are_joined_day_by_day(run: cyclspec.Run, tmp_path: Path) -> None:
    script = ROOT / "scripts" / "methods" / "join_sessions.py"
    days = [f"2026-02-0{day}={run.path}" for day in (2, 1)]
    command = [sys.executable, str(script), *days, "--model", MODEL, "-o", str(tmp_path)]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert said == "2 sessions, 576 replies\ntiny: one version\n"
    versions = pd.read_parquet(tmp_path / "versions.parquet")
    assert versions["day"].tolist() == ["2026-02-01", "2026-02-02"]
    assert versions["digest"].nunique() == 1 and len(versions["digest"][0]) == 64
    replies = pd.read_parquet(tmp_path / "replies.parquet")
    assert sorted(replies["repeat"].unique()) == [1, 2, 3, 4]
    assert not replies.duplicated(["case", "wording", "form", "order", "session", "repeat"]).any()


@pytest.mark.parametrize("spec", [SPEC, SESSIONS], ids=["dilemmas", "dilemma_sessions"])
def test_specs_check_on_their_data(spec: Path) -> None:
    said = CliRunner().invoke(group, ["check", "--data", str(spec)])
    assert (said.exit_code, said.stderr) == (0, "1 file, no errors\n"), said.output
    assert CliRunner().invoke(group, ["fmt", "--check", str(spec)]).exit_code == 0
