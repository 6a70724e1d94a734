"""What the peers in torch read: rows of ids, padded on the left, and the log-probabilities of options at their ends."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
import torch

from benchmarks.arms import Answers
from benchmarks.workloads import Ids, Workload


@dataclass(slots=True)
class Row:
    """A text without its last token, with the options that are read from it: (prompt, option, ids of the option)."""

    ids: Ids
    asked: list[tuple[int, int, Ids]] = field(default_factory=list)


def rows(workload: Workload) -> list[Row]:
    """One row for all options of a prompt that differ in their last token only."""
    found: dict[Ids, Row] = {}
    for at, prompt in enumerate(workload.prompts):
        for place, option in enumerate(prompt.option_ids):
            ids = prompt.ids + option[:-1]
            found.setdefault(ids, Row(ids)).asked.append((at, place, option))
    return list(found.values())


def batches(rows: Sequence[Row], size: int) -> Iterator[Sequence[Row]]:
    """Longest first, so that rows of a batch have nearly one length."""
    ordered = sorted(rows, key=lambda row: -len(row.ids))
    for start in range(0, len(ordered), size):
        yield ordered[start : start + size]


@dataclass(frozen=True, slots=True)
class Padded:
    """Ids, mask and positions of a batch, on a device; `mask` also covers the `past` tokens before the batch."""

    ids: torch.Tensor
    mask: torch.Tensor
    positions: torch.Tensor


def padded(texts: Sequence[Ids], device: torch.device, *, past: int = 0) -> Padded:
    """Padding stands on the left, so that all texts end together."""
    width = max(map(len, texts))
    ids = np.zeros((len(texts), width), np.int64)
    mask = np.ones((len(texts), past + width), np.int64)
    positions = np.zeros_like(ids)
    for row, text in enumerate(texts):
        start = width - len(text)
        ids[row, start:] = text
        mask[row, past : past + start] = 0
        positions[row, start:] = np.arange(past, past + len(text))
    return Padded(*(torch.from_numpy(one).to(device) for one in (ids, mask, positions)))


def scored(
    hidden: torch.Tensor, head: torch.nn.Module, batch: Sequence[Row], into: list[list[float]]
) -> None:
    """Adds to `into` [prompt][option] what the options of a batch have, from hidden states [row, token, hidden].

    Only the positions that an option is read at go through the head: token `t` of an option of `n` tokens is read
    `n - t` positions before the end of its row.
    """
    asked = [
        (row, token - len(option), option[token], at, place)
        for row, one in enumerate(batch)
        for at, place, option in one.asked
        for token in range(len(option))
    ]
    spots = {spot: at for at, spot in enumerate(dict.fromkeys((row, back) for row, back, *_ in asked))}
    where = torch.tensor(list(spots), device=hidden.device)
    chosen = hidden[where[:, 0], where[:, 1]]
    logits = head(chosen).float()
    total = torch.logsumexp(logits, dim=-1)
    which = torch.tensor([spots[row, back] for row, back, *_ in asked], device=hidden.device)
    token = torch.tensor([one for _, _, one, *_ in asked], device=hidden.device)
    found = (logits[which, token] - total[which]).tolist()
    for (_, _, _, at, place), logprob in zip(asked, found, strict=True):
        into[at][place] += logprob


def unanswered(workload: Workload) -> list[list[float]]:
    """Zeros to add log-probabilities to."""
    return [[0.0] * len(prompt.options) for prompt in workload.prompts]


def answers(found: list[list[float]]) -> Answers:
    """The same as arrays."""
    return [np.array(one) for one in found]
