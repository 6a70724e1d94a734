"""How lm-evaluation-harness cuts and scores a pair of context and continuation, written from its documentation.

Its model guide says: the trailing spaces of the context move to the continuation; both are tokenised together and the
continuation is what comes after as many tokens as the context has alone; the model reads context and continuation
without the last token, and log-probabilities of the continuation are summed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch

Encode = Callable[[str], list[int]]


def space(text: str) -> str:
    """What stands between a prompt of these tests and an option."""
    return " " if text[-1].isalnum() or text[-1] in ":.?" else ""


def encode_pair(encode: Encode, context: str, continuation: str) -> tuple[list[int], list[int]]:
    """The tokens of the context, and those of the continuation."""
    spaces = len(context) - len(context.rstrip())
    if spaces > 0:
        continuation = context[-spaces:] + continuation
        context = context[:-spaces]
    before = encode(context)
    return before, encode(context + continuation)[len(before) :]


def as_harness(encode: Encode, text: str, words: Sequence[str]) -> tuple[list[int], list[list[int]]]:
    """A prompt and its options by the rule of the harness."""
    pairs = [encode_pair(encode, text, space(text) + word) for word in words]
    return pairs[0][0], [after for _, after in pairs]


def as_joint(encode: Encode, text: str, words: Sequence[str]) -> tuple[list[int], list[list[int]]]:
    """A prompt and its options by the rule that is the default: after all tokens that every whole text begins with."""
    alone, wholes = encode(text), [encode(f"{text}{space(text)}{word}") for word in words]
    shared = 0
    while shared < len(alone) and all(whole[shared : shared + 1] == [alone[shared]] for whole in wholes):
        shared += 1
    return alone[:shared], [whole[shared:] for whole in wholes]


def token_logprobs(model: Any, before: Sequence[int], after: Sequence[int]) -> np.ndarray:
    """The log-probability of each token of `after`, in float64 from float32 logits."""
    with torch.no_grad():
        logits = model(input_ids=torch.tensor([[*before, *after[:-1]]])).logits[0, len(before) - 1 :]
    logprobs = torch.log_softmax(logits.double(), dim=-1)
    found: np.ndarray = logprobs[torch.arange(len(after)), torch.tensor(list(after))].numpy()
    return found
