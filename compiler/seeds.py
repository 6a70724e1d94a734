"""Random choices by name: every seed is a hash of the audit's seed and of the names it belongs to.

Expects names of statements, axes and levels. Ensures that a draw never depends on a position, an order or a count, so
that adding a level leaves the draws of the others as they were.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray


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


def resampling_counts(seed: int, draws: int, levels: int) -> NDArray[np.float64]:
    """How often each level is drawn in each bootstrap resample: shape [draws, levels], rows sum to `levels`.

    Built on the raw Philox stream, which NumPy never changes, and a multiply-shift to the range (its bias is below
    levels / 2^32).
    """
    raw = np.random.Philox(key=seed).random_raw(draws * levels).reshape(draws, levels)
    picks = ((raw >> np.uint64(32)) * np.uint64(levels)) >> np.uint64(32)
    flat = picks.astype(np.int64) + levels * np.arange(draws)[:, None]
    counts = np.bincount(flat.ravel(), minlength=draws * levels)
    return counts.reshape(draws, levels).astype(np.float64)
