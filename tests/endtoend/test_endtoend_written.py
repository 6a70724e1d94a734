"""Stages answered by the demo model itself, recomputed with torch from the tables alone."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import transformers
from test_endtoend_plan_grid import DEMO
from test_endtoend_reuse import counts
from test_endtoend_stages import answers, requests, spec, tables
from worlds_on_disk import Said, edit

import cyclspec
from cyclspec.runtime.store.replies import ReplyStore
from cyclspec.runtime.store.runs import Run

__all__ = ["spec"]
SETTINGS = ("max_tokens = 12", "max_tokens = 24")


@pytest.fixture
def ran(spec: Path, tmp_path: Path, command: Callable[..., Said]) -> Run:
    edit(spec, *SETTINGS)
    counts(command("run", spec, "--out", tmp_path / "whole"))
    return cyclspec.open_run(tmp_path / "whole")


def torch_model() -> Any:
    return transformers.AutoModelForCausalLM.from_pretrained(DEMO, dtype=torch.float32).eval()


def test_what_the_model_wrote_and_scored_follows_from_the_requests(ran: Run) -> None:
    model, asked = torch_model(), requests(ran)
    tokenizer = transformers.AutoTokenizer.from_pretrained(DEMO)
    greedy = [row for row in answers(ran, "next").values() if row["request"] is not None]
    assert greedy
    for row in greedy:
        request = asked[row["request"]]
        ids = torch.tensor([request["token_ids"]])
        with torch.no_grad():
            found = model.generate(ids, do_sample=False, max_new_tokens=request["max_tokens"], eos_token_id=1)
        written = found[0, ids.shape[1] :].tolist()
        assert (written[-1] == 1) == (row["ended"] == "stop")
        assert tokenizer.decode(written, skip_special_tokens=True).strip() == row["text"]
    told = [row for row in answers(ran, "felt").values() if row["request"] is not None]
    assert told
    for row in told:
        request = asked[row["request"]]
        with torch.no_grad():
            logits = model(torch.tensor([request["token_ids"]])).logits[0, -1].double()
        logprobs = torch.log_softmax(logits, dim=-1)[[one[0] for one in request["label_ids"]]]
        assert np.abs(logprobs.numpy() - row["logprobs"]).max() < 1e-4


@pytest.mark.parametrize("kept", [1, 9])
def test_a_run_that_knows_some_texts_writes_the_same_tables(
    ran: Run, spec: Path, tmp_path: Path, command: Callable[..., Said], kept: int
) -> None:
    keys = list(requests(ran))
    (folder,) = (tmp_path / "whole" / "replies").iterdir()
    digest = ran.plan["environment"]["models"][0]["digest"]
    assert folder.name == digest[:16]
    known = ReplyStore(tmp_path / "whole" / "replies").find(digest, keys)
    assert len(known) == len(keys)
    out = tmp_path / "out"
    ReplyStore(out / "replies").add(digest, {key: known[key] for key in keys[::2][:kept]})
    said = counts(command("run", spec, "--out", out))
    assert said == f"{len(keys) - kept} asked, {kept} reused"
    assert tables(out) == tables(tmp_path / "whole")
