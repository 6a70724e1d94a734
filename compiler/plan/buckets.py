"""Requests to batches of few static shapes.

Expects the requests of one model. Ensures at most `MOST_BUCKETS` shapes, chosen from the exact histogram of lengths so
that padding is least (dynamic programming over the distinct lengths), and that a request's place never depends on
which others were answered before: the tail of a bucket is padded with empty rows.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from cyclspec.compiler.plan.batches import NO_LABEL, Batch
from cyclspec.compiler.plan.requests import Request

MOST_BUCKETS = 4
GRAIN = 16
ROWS = 16


@dataclass(frozen=True, slots=True)
class Bucket:
    """One compiled program: `rows` by `tokens`, with `options` by `variants` label ids; `requests` go through it."""

    rows: int
    tokens: int
    options: int
    variants: int
    requests: int

    @property
    def batches(self) -> int:
        return -(-self.requests // self.rows)

    @property
    def tokens_computed(self) -> int:
        """Tokens with padding, in rows and in length."""
        return self.batches * self.rows * self.tokens


def _grained(length: int) -> int:
    return -(-length // GRAIN) * GRAIN


def bucket_lengths(lengths: Sequence[int], most: int = MOST_BUCKETS) -> tuple[int, ...]:
    """The widths that waste least: each request goes into the narrowest that holds it."""
    counts = sorted(Counter(map(_grained, lengths)).items())
    if not counts:
        return ()
    widths = [width for width, _ in counts]
    before = np.concatenate([[0], np.cumsum([n for _, n in counts])])
    best: dict[tuple[int, int], tuple[float, tuple[int, ...]]] = {(0, 0): (0.0, ())}
    for used in range(1, most + 1):
        for end in range(1, len(widths) + 1):
            options = (
                (cost + widths[end - 1] * float(before[end] - before[start]), (*chosen, widths[end - 1]))
                for start in range(end)
                if (found := best.get((used - 1, start))) is not None
                for cost, chosen in [found]
            )
            choice = min(options, default=None)
            if choice is not None:
                best[used, end] = choice
    full = [best[used, len(widths)] for used in range(1, most + 1) if (used, len(widths)) in best]
    return min(full)[1]


def plan_buckets(requests: Sequence[Request]) -> tuple[Bucket, ...]:
    """The shapes for one model's requests."""
    widths = bucket_lengths([len(r.token_ids) for r in requests])
    options = max((len(r.label_ids) for r in requests), default=0)
    variants = max((len(ids) for r in requests for ids in r.label_ids), default=0)
    held = Counter(_width(widths, r) for r in requests)
    return tuple(Bucket(ROWS, width, options, variants, held[width]) for width in widths)


def _width(widths: Sequence[int], request: Request) -> int:
    return next(width for width in widths if len(request.token_ids) <= width)


def fill(buckets: Sequence[Bucket], requests: Sequence[Request]) -> Iterator[Batch]:
    """Batches in the shapes of `buckets`, widest first, so that memory is known to suffice from the start."""
    widths = [bucket.tokens for bucket in buckets]
    for bucket in sorted(buckets, key=lambda b: -b.tokens):
        inside = [r for r in requests if _width(widths, r) == bucket.tokens]
        for start in range(0, len(inside), bucket.rows):
            yield _batch(bucket, inside[start : start + bucket.rows])


def _batch(bucket: Bucket, requests: Sequence[Request]) -> Batch:
    tokens = np.zeros((bucket.rows, bucket.tokens), dtype=np.int32)
    lengths = np.zeros(bucket.rows, dtype=np.int32)
    labels = np.full((bucket.rows, bucket.options, bucket.variants), NO_LABEL, dtype=np.int32)
    for row, request in enumerate(requests):
        lengths[row] = len(request.token_ids)
        tokens[row, : lengths[row]] = request.token_ids
        for option, ids in enumerate(request.label_ids):
            labels[row, option, : len(ids)] = ids
    return Batch(tokens, lengths, labels, tuple(request.key for request in requests))
