"""Dated sessions: each is asked by itself, on its day; a model whose weights changed between them is told apart."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hosted_worlds import Desk, write_hosted
from scripted import Scripted, Stopped
from worlds_on_disk import Said, World, write_checkpoint

import cyclspec
from cyclspec import pipeline, sessions

SPEC = """
cycl 1

import std.metrics as m version "1"

axis town : nominal { mill "Mill", harbour "Harbour", hill "Hill" }
scale mood : ordinal { low = 1 "low", mid = 2 "middling", high = 3 "high" }

prompt feel(town: town) -> choice(mood) {
  user "You live in {town}. How do you feel?\\nA. low\\nB. middling\\nC. high"
}

panel models {
  model kept  = local("kept")
  model moved = local("moved")
}

audit weekly {
  each town    in town
  each session in waves(count = 3, every = 7d)
  each model   in models

  ask reply = feel(town) { model = model, per = session, read = first_token }

  measure mass by model : share = mean over town, session of reply.mass
  measure each_day by model, session : share = mean over town of reply.mass
  measure shift by model : share =
    mean over town of m.tv(reply[session: 1], reply[session: 2])
  measure first_day by model : share = mean over town of reply.mass[session: 1]
  measure unasked by session : share = mean over town, model of is_missing(reply)
  measure shift_of_all : share = mean over town, model of m.tv(reply[session: 1], reply[session: 2])

  check same_weights = models_unchanged(over = session) { on_fail = warn, because = "other weights" }
  check same_towns   = models_unchanged(over = town)
}
"""


@dataclass
class Weekly:
    """A person who runs the audit on some days."""

    command: Callable[..., Said]
    folder: Path

    def run(self, *arguments: str) -> Said:
        return self.command("run", self.folder / "audit.cycl", "--out", self.folder / "out", *arguments)

    @property
    def found(self) -> cyclspec.api.Run:
        return cyclspec.open_run(self.folder / "out")

    def measure(self, name: str) -> list[dict[str, Any]]:
        return [row for row in self.found.measures.to_pylist() if row["measure"] == name]

    def answers(self) -> pd.DataFrame:
        return self.found.answers.to_pandas()


def write_spec(folder: Path, text: str = SPEC) -> Path:
    (folder / "audit.cycl").write_text(text.lstrip(), encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def begun(tmp_path_factory: pytest.TempPathFactory, command: Callable[..., Said]) -> Iterator[Weekly]:
    """One session is asked. Not to be changed: `later` copies it."""
    folder = write_spec(tmp_path_factory.mktemp("weekly"))
    write_checkpoint(folder / "kept", seed=1)
    write_checkpoint(folder / "moved", seed=2)
    weekly = Weekly(command, folder)
    said = weekly.run("--day", "2026-01-15")
    assert said.code == 0, said.err
    assert "6 asked, 0 reused" in said.err
    yield weekly


@pytest.fixture
def later(begun: Weekly, tmp_path: Path) -> Weekly:
    shutil.copytree(begun.folder, tmp_path / "copy")
    return Weekly(begun.command, tmp_path / "copy")


def test_sessions_that_nobody_asked_yet_are_missing_by_reason(begun: Weekly) -> None:
    answers = begun.answers()
    assert len(answers) == 3 * 3 * 2
    assert set(answers.loc[answers["session"] == "1", "status"]) == {"answered"}
    others = answers[answers["session"] != "1"]
    assert set(others["reason"]) == {"not asked yet"} and others["request"].isna().all()
    lost = [(row["value"], row["n_absent"]) for row in begun.measure("unasked")]
    assert lost == [(0, 0), (None, 6), (None, 6)]
    assert [row["n_absent"] for row in begun.measure("mass")] == [6, 6]
    assert all(row["sessions_differ_by"] is None for row in begun.found.measures.to_pylist())
    assert all(row["passed"] for row in begun.found.checks.to_pylist())


def test_a_session_before_its_day_is_not_asked(later: Weekly) -> None:
    again = later.run("--day", "2026-01-15")
    assert again.code == 0 and "0 asked, 6 reused" in again.err
    assert "session 2 is due on 2026-01-22" in again.err
    early = later.run("--session", "2", "--day", "2026-01-21")
    assert early.code == 1
    assert "error[CY0723]: session `2` is due on 2026-01-22: session `1` was asked on 2026-01-15" in early.err
    assert "--day 2026-01-22" in early.err
    assert (
        "was begun on 2026-01-15, not on 2026-01-16" in later.run("--session", "1", "--day", "2026-01-16").err
    )


def test_a_model_that_changed_is_version_drift_and_one_that_stayed_is_resampling(later: Weekly) -> None:
    write_checkpoint(later.folder / "moved", seed=3)
    said = later.run("--session", "2", "--day", "2026-01-23")
    assert said.code == 0, said.err
    assert "6 asked, 0 reused" in said.err
    assert "answered: session 1 on 2026-01-15, 2 on 2026-01-23" in said.err
    assert "version drift: moved was " in said.err and "; see mass, shift, shift_of_all" in said.err
    assert "version drift: kept" not in said.err
    assert "check same_weights failed in 1 cells (warn): other weights" in said.err
    checks = {(row["check"], row["model"]): row["passed"] for row in later.found.checks.to_pylist()}
    assert checks == {
        ("same_weights", "kept"): True, ("same_weights", "moved"): False,
        ("same_towns", "kept"): True, ("same_towns", "moved"): True,
    }  # fmt: skip

    label = {
        (row["measure"], row["model"]): row["sessions_differ_by"] for row in later.found.measures.to_pylist()
    }
    for name in ("mass", "shift"):
        assert (label[name, "kept"], label[name, "moved"]) == ("resampling", "version drift")
    assert label["shift_of_all", None] == "version drift"
    assert all(
        label[name, model] is None for name in ("each_day", "first_day") for model in ("kept", "moved")
    )

    probs = later.answers().dropna(subset="probs").set_index(["model", "session", "town"])["probs"]
    for row in later.measure("shift"):
        pairs = [
            (probs[row["model"], "1", town], probs[row["model"], "2", town])
            for town in ("mill", "harbour", "hill")
        ]
        wanted = np.mean([0.5 * np.abs(p.astype(float) - q).sum() for p, q in pairs])
        assert abs(row["value"] - wanted) < 1e-6
        assert (wanted > 0.01) == (row["model"] == "moved")

    facts = json.loads(later.found.answers.schema.metadata[b"cyclspec"])["environment"]["sessions"]
    assert [one["day"] for one in facts] == ["2026-01-15", "2026-01-23"]
    assert [len({one["models"][at]["digest"] for one in facts}) for at in (0, 1)] == [1, 2]
    values = later.found.measures.column("value")
    assert later.command("score", later.folder / "out").code == 0
    assert later.found.measures.column("value") == values


def test_a_session_keeps_the_weights_that_answered_it(later: Weekly) -> None:
    write_checkpoint(later.folder / "moved", seed=3)
    said = later.run("--session", "1")
    assert said.code == 1
    assert "error[CY0723]: session `1` was asked of other weights of `moved` on 2026-01-15" in said.err


def test_a_session_that_was_stopped_goes_on_with_its_day(later: Weekly) -> None:
    context = pipeline.check(later.folder / "audit.cycl").require()
    opened = pipeline.open_data(context, pipeline.choose(context, None))
    second = sessions.at_session(opened, {}, later.folder / "out", None, date(2026, 1, 30))
    assert second.session is not None and second.session.level == "2"
    with pytest.raises(Stopped):
        pipeline.run(second, pipeline.plan(second), later.folder / "out", None, Scripted(limit=2))
    assert set(later.answers().query("session == '2'")["reason"]) == {"not asked yet"}
    said = later.run()
    assert "answered: session 1 on 2026-01-15, 2 on 2026-01-30" in said.err
    assert "session 3 is due on 2026-02-06" in said.err
    assert set(later.answers().query("session == '2'")["status"]) == {"answered"}


TOLD = """
cycl 1

axis town : nominal {{ mill "Mill", harbour "Harbour" }}
scale mood : ordinal {{ low = 1 "low", high = 2 "high" }}

prompt feel(town: town) -> choice(mood) {{ user "Are you in {{town}}? A. low B. high" }}
prompt after(before: choice(mood)) -> choice(mood) {{ user "You said {{before}}. And now? A. low B. high" }}

panel models {{ model tiny = demo() }}

audit told {{
  each town    in town
  each session in waves(count = 2, every = 7d)
  {}
  each model   in models
  ask reply = feel(town) {{ model = model, per = session, read = sampled, missing = drop{} }}
  ask again = after({}) {{ model = model, per = session, read = sampled, missing = drop }}
}}
"""
REFUSED = [
    ("each day in waves(count = 2, every = 1d)", "", "reply", "a second axis of dated sessions"),
    ("", "", "reply[session: 1]", "telling in a prompt what another session answered"),
    (
        "",
        ", history = turns(along = session, last = 1)",
        "reply",
        "`turns` along the dated sessions of `session`",
    ),
]


@pytest.mark.parametrize(("each", "history", "told", "what"), REFUSED, ids=["two axes", "told", "turns"])
def test_what_sessions_cannot_do_is_refused_by_name(
    each: str, history: str, told: str, what: str, tmp_path: Path, command: Callable[..., Said]
) -> None:
    write_spec(tmp_path, TOLD.format(each, history, told))
    said = command("run", tmp_path / "audit.cycl", "--out", tmp_path / "out")
    assert said.code == 1 and f"error[CY0801]: {what}" in said.err
    assert not (tmp_path / "out").exists()


def test_an_audit_without_dates_has_no_sessions_to_ask(tmp_path: Path, command: Callable[..., Said]) -> None:
    write_spec(tmp_path, SPEC.replace("waves(count = 3, every = 7d)", "1..3"))
    said = command("run", tmp_path / "audit.cycl", "--session", "2")
    assert said.code == 1 and "error[CY0723]" in said.err and "no dated sessions" in said.err
    assert command("run", tmp_path / "audit.cycl", "--day", "15.1.2026").code == 2


HOSTED = """
panel far {
  model gpt = openai("gpt-tiny", host = "batch.example")
}

prompt lettered(item: small.items, country: country) -> choice(item.options) {
  user[en] "{country}: {item.question}\\n{item.options|lettered}"
}

audit hosted {
  each item    in small.items where item.theme == work
  each country in country
  each session in waves(count = 2, every = 7d)
  each model   in far

  ask reply = lettered(item, country) { model = model, per = session, read = first_token }

  measure mass by model : share = mean over item, country, session of reply.mass
  check sure = (min over item, country, session of reply.mass) >= 1% { on_fail = warn }
}
"""


def test_a_hosted_model_is_asked_again_in_each_session(
    world: World, command: Callable[..., Said], tmp_path: Path
) -> None:
    """Its digest is its name, so that with shared replies a second session would find the answers of the first."""
    desk = Desk(command, write_hosted(tmp_path / "spec", world, HOSTED), tmp_path)
    first = desk.requests("--day", "2026-01-15")
    taken = desk.take(*desk.answered(first))
    assert taken.code == 0, taken.err
    assert "answered: session 1 on 2026-01-15" in taken.err
    second = desk.requests("--session", "2", "--day", "2026-01-22")
    assert [path.read_bytes() for path in second] == [path.read_bytes() for path in first]
    taken = desk.take(*desk.answered(second))
    assert "answered: session 1 on 2026-01-15, 2 on 2026-01-22" in taken.err
    rows = cyclspec.open_run(desk.out).answers.to_pandas()
    assert set(rows["status"]) == {"answered"} and set(rows["session"]) == {"1", "2"}
    assert cyclspec.open_run(desk.out).measures["sessions_differ_by"].to_pylist() == ["resampling"]
