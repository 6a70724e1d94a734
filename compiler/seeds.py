"""Random choices by name: every seed is a hash of the audit's seed and of the names it belongs to.

Expects names of statements, axes and levels. Ensures that a draw never depends on a position, an order or a count, so
that adding a level leaves the draws of the others as they were.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

_ORDERS_AT_ONCE = 256


def seed_of(audit_seed: int, *names: str) -> int:
    """A 64-bit seed for a list of names. Names are length-prefixed: ("ab", "c") and ("a", "bc") differ."""
    digest = hashlib.sha256()
    for name in (str(audit_seed), *names):
        encoded = name.encode("utf-8")
        digest.update(len(encoded).to_bytes(8, "little"))
        digest.update(encoded)
    return int.from_bytes(digest.digest()[:8], "little")


def generator(audit_seed: int, *names: str) -> np.random.Generator:
    """A counter-based generator (Philox) of its own for a list of names."""
    return np.random.Generator(np.random.Philox(key=seed_of(audit_seed, *names)))


def other_level(audit_seed: int, statement: str, axis: str, level: str, levels: Iterable[str]) -> str | None:
    """Another level of an axis, chosen by rendezvous hashing; None where there is no other.

    Each other level scores `seed_of(audit_seed, statement, axis, level, other)` and the highest wins (Thaler and
    Ravishankar 1998, "Using name-based mappings to increase hit rates"). A new level changes the choice only where
    the new level wins.
    """
    others = [other for other in levels if other != level]
    if not others:
        return None
    return max(others, key=lambda other: (seed_of(audit_seed, statement, axis, level, other), other))


def fraction(audit_seed: int, *names: str) -> float:
    """A number strictly between 0 and 1 that belongs to a list of names: 53 bits of their seed."""
    return ((seed_of(audit_seed, *names) >> 11) + 0.5) / 2.0**53


def one_of(audit_seed: int, names: Iterable[str], levels: Iterable[str]) -> str:
    """One of some levels, drawn by rendezvous hashing: a new level changes the draw only where the new level wins.

    Expects at least one level.
    """
    given = tuple(names)
    return max(levels, key=lambda level: (seed_of(audit_seed, *given, level), level))


def cycle(audit_seed: int, statement: str, levels: Iterable[str]) -> dict[str, str]:
    """A permutation of at least two levels without a fixed point: each level gets the next on one ring of them all.

    The ring is ordered by `seed_of(audit_seed, statement, level)`, so that every level is used once, and a new level
    changes what one other level gets.
    """
    ring = sorted(levels, key=lambda level: (seed_of(audit_seed, statement, level), level))
    return dict(zip(ring, ring[1:] + ring[:1], strict=True))


def orders(
    audit_seed: int, names: Iterable[str], size: int, count: int, *, keep_identity: bool
) -> tuple[tuple[int, ...], ...]:
    """At most `count` distinct permutations of `size` places, the first the identity where `keep_identity`.

    Drawn one after the other from the raw Philox stream of `names`, uniformly and without repetition, so that a larger
    `count` only adds orders. Fewer than `count` come back where there are not so many.
    """
    wanted = min(count, math.factorial(size))
    found = dict.fromkeys([tuple(range(size))] if keep_identity else [])
    stream = np.random.Philox(key=seed_of(audit_seed, *names))
    while len(found) < wanted:
        drawn = stream.random_raw(_ORDERS_AT_ONCE * size).reshape(_ORDERS_AT_ONCE, size)
        for order in np.argsort(drawn, axis=1, kind="stable").tolist():
            if len(found) < wanted:
                found.setdefault(tuple(order))
    return tuple(found)


def resampling_counts(seed: int, draws: int, levels: int) -> NDArray[np.float64]:
    """How often each level is drawn in each bootstrap resample: shape [draws, levels], rows sum to `levels`.

    Built on the raw Philox stream, which NumPy never changes, and a multiply-shift to the range (its bias is below
    levels / 2^32).
    """
    raw = np.random.Philox(key=seed).random_raw(draws * levels).reshape(draws, levels)
    raw >>= np.uint64(32)
    raw *= np.uint64(levels)
    raw >>= np.uint64(32)
    picks = raw.view(np.int64)
    picks += levels * np.arange(draws)[:, None]
    counts = np.bincount(picks.ravel(), minlength=draws * levels)
    return counts.reshape(draws, levels).astype(np.float64)
