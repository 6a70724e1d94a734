"""Recorded texts of a prompt whose prefix opens a field: they begin with its value, as replies do."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import cyclspec

SPEC = """cycl 1

scale pick : nominal { yes "rather", no "hardly" }

corpus small {
  table cases { source = csv("cases.csv") case : key text : text }
  table replies { source = csv("replies.csv") case : ref(cases) repeat : count value : text }
}
prompt asked(case: small.cases) -> choice(pick) {
  user "{case.text} A: rather B: hardly"
  prefix "Answer:"
}

audit read {
  each case   in small.cases
  each repeat in 1..5
  ask reply = asked(case) {
    per = repeat, read = recorded(small.replies.value), parse = [labelled, option_text], missing = drop
  }
  measure chosen by repeat : share = share over case of reply == no
}
"""
TEXTS = ["B\\nExplanation: my kin.", "Answer: B\\nExplanation: kin", "hardly", "(B) it is", "C or so"]


def test_a_recorded_text_goes_on_where_the_prefix_ends(tmp_path: Path, command: Callable[..., Any]) -> None:
    (tmp_path / "cases.csv").write_text("case,text\none,Is it so?\n")
    rows = [f'one,{at},"{text}"' for at, text in enumerate(TEXTS, start=1)]
    (tmp_path / "replies.csv").write_text("\n".join(["case,repeat,value", *rows]).replace("\\n", "\n") + "\n")
    (tmp_path / "audit.cycl").write_text(SPEC)
    said = command("run", tmp_path / "audit.cycl", "--out", tmp_path / "out")
    assert said.code == 0, said.err
    answers = cyclspec.open_run(tmp_path / "out").answers.to_pylist()
    assert [row["choice"] for row in sorted(answers, key=lambda row: int(row["repeat"]))] == [
        "no",
        "no",
        "no",
        "no",
        None,
    ]
