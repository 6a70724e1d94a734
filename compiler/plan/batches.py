"""A batch: the requests that run together, as plain arrays. NumPy only; engines in the runtime read it.

Ensures that shapes and types agree, that lengths fit, and that the options of a row stand before its unused
places.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Int32

from cyclspec.language.diagnostics.base import InternalError

NO_LABEL = -1


@dataclass(frozen=True, slots=True, eq=False)
class Batch:
    """Rows of token ids, padded on the right, with the label ids whose probabilities are asked for.

    `tokens` is [batch, token]; `lengths` [batch] counts the tokens of a row, at least 1 in a row with a
    request. `label_ids` is [batch, option, variant], `NO_LABEL` where there is none: an option can have
    several spellings of one token each, and no id stands twice in a row. `requests` are the keys of the
    first rows; rows beyond them only fill the shape.

    Raises:
        InternalError: the arrays contradict each other.
    """

    tokens: Int32[np.ndarray, "batch token"]
    lengths: Int32[np.ndarray, " batch"]
    label_ids: Int32[np.ndarray, "batch option variant"]
    requests: tuple[str, ...]

    def __post_init__(self) -> None:
        for array, dimensions in ((self.tokens, 2), (self.lengths, 1), (self.label_ids, 3)):
            _require(
                array.dtype == np.int32 and array.ndim == dimensions, "arrays of int32 of the stated rank"
            )
        rows = self.tokens.shape[0]
        _require(
            self.lengths.shape[0] == rows == self.label_ids.shape[0], "one length and one row of labels a row"
        )
        _require(len(self.requests) <= rows, "no more requests than rows")
        _require(len(set(self.requests)) == len(self.requests), "each request once")
        fits = (self.lengths >= 0) & (self.lengths <= self.tokens.shape[1])
        _require(bool(fits.all()), "lengths up to the width")
        _require(bool(np.all(self.lengths[: len(self.requests)] >= 1)), "a token in each request")
        present = (self.label_ids != NO_LABEL).any(axis=-1)
        _require(bool(np.all(present[:, 1:] <= present[:, :-1])), "options before unused places")
        ids = np.sort(self.label_ids.reshape(rows, -1), axis=-1)
        twice = (ids[:, 1:] == ids[:, :-1]) & (ids[:, 1:] != NO_LABEL)
        _require(not twice.any(), "each label id once in a row")

    @property
    def shape(self) -> tuple[int, int, int, int]:
        """(batch, token, option, variant): what one compiled program is for."""
        return (*self.tokens.shape, *self.label_ids.shape[1:])

    @property
    def option_counts(self) -> Int32[np.ndarray, " batch"]:
        """How many options each row has."""
        counts: np.ndarray = (self.label_ids != NO_LABEL).any(axis=-1).sum(axis=-1, dtype=np.int32)
        return counts


def _require(holds: bool, what: str) -> None:
    if not holds:
        raise InternalError("plan", f"a batch needs {what}")
