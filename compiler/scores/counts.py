"""How often each level is drawn in each bootstrap resample: one way, crossed, in clusters, in strata, nested.

Expects the frame and what is drawn how. Ensures that each draw is a function of the audit's seed and of names. Axes are
drawn independently of each other. Clusters are drawn as wholes, as many as there are. Within strata one cluster fewer
than there are is drawn, and what is drawn counts n / (n - 1) times (Rao and Wu 1988, with samples of n - 1; Rao, Wu and
Yue 1992): the variance of a total is then unbiased. A stratum with one cluster keeps it. A nested axis is drawn anew in
every copy of every level that it lies in; where these levels are not drawn themselves, they are its strata.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from cyclspec.compiler.scores.clusters import Clusters, clusters_of
from cyclspec.compiler.scores.frame import Frame
from cyclspec.compiler.seeds import generator, resampling_counts, seed_of
from cyclspec.language.types.typed import Drawn

Floats = NDArray[np.float64]


def counts_of(
    frame: Frame, seed: int, names: Sequence[str], drawn: Sequence[Drawn], draws: int
) -> dict[str, Floats]:
    """The counts of every axis that is drawn: [draw, level], or [draw, *full rank] for an axis within others."""
    found: dict[str, Floats] = {}
    for one in _outer_first(drawn):
        clusters = clusters_of(frame, one)
        if one.within:
            found[one.axis] = _nested(frame, one, clusters, found, generator(seed, *names, one.axis), draws)
        else:
            found[one.axis] = _plain(seed, (*names, one.axis), clusters, draws)
    return found


def _outer_first(drawn: Sequence[Drawn]) -> list[Drawn]:
    """The axes, each after those that it is drawn in."""
    return sorted((one for one in drawn if one.people is None), key=lambda one: len(one.within))


def _plain(seed: int, names: tuple[str, ...], clusters: Clusters, draws: int) -> Floats:
    if len(clusters.strata) < 2:
        counts = resampling_counts(seed_of(seed, *names), draws, len(clusters))
        return counts if clusters.single else counts[:, clusters.of]
    counts = np.ones((draws, len(clusters)))
    for at, name in enumerate(clusters.strata):
        inside = np.flatnonzero(clusters.stratum == at)
        if len(inside) > 1:
            counts[:, inside] = rescaled(seed_of(seed, *names, name), draws, len(inside))
    return counts[:, clusters.of]


def rescaled(seed: int, draws: int, levels: int) -> Floats:
    """Rao-Wu weights [draw, level]: n - 1 of n levels are drawn, and count n / (n - 1) times."""
    raw = np.random.Philox(key=seed).random_raw(draws * (levels - 1)).reshape(draws, levels - 1)
    picks = ((raw >> np.uint64(32)) * np.uint64(levels)) >> np.uint64(32)
    flat = picks.astype(np.int64) + levels * np.arange(draws)[:, None]
    counts = np.bincount(flat.ravel(), minlength=draws * levels).reshape(draws, levels)
    found: Floats = counts.astype(np.float64) * (levels / (levels - 1.0))
    return found


def _nested(
    frame: Frame,
    one: Drawn,
    clusters: Clusters,
    outer: Mapping[str, Floats],
    random: np.random.Generator,
    draws: int,
) -> Floats:
    """For k copies of a level with m clusters, k m of them are drawn; as in strata where that level is not drawn."""
    axes = frozenset((*one.within, one.axis))
    at = frame.place_of(one.axis)
    holes = frame.holes(axes)
    exists = np.ones(frame.shape(axes), np.bool_) if holes is None else ~holes
    # [*full rank, cluster]: which clusters have a level that exists.
    there = np.moveaxis(exists, at, -1) @ clusters.members.T > 0.0
    number = there.sum(axis=-1)
    copies = np.rint(np.broadcast_to(_copies(frame, one, outer, draws), (draws, *number.shape)))
    share = there / np.maximum(number, 1)[..., None]
    fixed = outer.keys().isdisjoint(one.within)
    picks = np.where(number > 1, number - 1, number) if fixed else number
    drawn = random.multinomial((copies * picks).astype(np.int64), share)
    levels = drawn[..., clusters.of] * (number / np.maximum(picks, 1))[..., None]
    found: Floats = np.moveaxis(levels, -1, 1 + at).reshape(draws, *frame.shape(axes)) * exists
    return found


def _copies(frame: Frame, one: Drawn, outer: Mapping[str, Floats], draws: int) -> Floats:
    """How often each combination of the axes around a nested one is drawn, [draw, *full rank without the axis]."""
    inner_most = [
        axis for axis in one.within if axis in outer and not _in_another(frame, axis, one.within, outer)
    ]
    total = np.ones((draws, *frame.shape(())))
    for axis in inner_most:
        total = total * in_rank(frame, axis, outer[axis])
    return np.squeeze(total, axis=1 + frame.place_of(one.axis))


def _in_another(frame: Frame, axis: str, within: Sequence[str], outer: Mapping[str, Floats]) -> bool:
    """Whether the counts of another axis hold those of this one already."""
    at = 1 + frame.place_of(axis)
    return any(
        other != axis and other in outer and outer[other].ndim > 2 and outer[other].shape[at] > 1
        for other in within
    )


def in_rank(frame: Frame, axis: str, counts: Floats) -> Floats:
    """Counts [draw, level] as [draw, *full rank]; those of a nested axis are that already."""
    return counts if counts.ndim > 2 else counts.reshape(len(counts), *frame.shape((axis,)))
