"""What is drawn as a whole: the clusters of an axis, and the strata that they lie in.

Expects an axis of the frame with its attributes. Ensures that a cluster lies in one stratum, that a level without a
cluster is one by itself, and that levels without a stratum share one.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cyclspec.compiler.scores.frame import Frame
from cyclspec.language.types.typed import Drawn

Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Clusters:
    """`of` [level] counts clusters, `stratum` [cluster] strata, whose names stand in `strata`."""

    of: Ints
    stratum: Ints
    strata: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.stratum)

    @property
    def single(self) -> bool:
        """Whether every level is its own cluster."""
        return len(self) == len(self.of)

    @property
    def whole_strata(self) -> Clusters:
        """The strata, each as one cluster of all its levels."""
        number = len(self.strata)
        return Clusters(self.stratum[self.of], np.zeros(number, dtype=np.int64), ("",))

    @property
    def members(self) -> NDArray[np.float64]:
        """Which levels are in which cluster, [cluster, level]: one or zero."""
        inside: NDArray[np.bool_] = self.of == np.arange(len(self))[:, None]
        return inside.astype(np.float64)


def clusters_of(frame: Frame, drawn: Drawn) -> Clusters:
    """The clusters of an axis as it is drawn."""
    number = len(frame.axes[drawn.axis])
    cluster = _named(frame, drawn.axis, drawn.cluster, [f"\0{level}" for level in range(number)])
    stratum = _named(frame, drawn.axis, drawn.strata, [""] * number)
    strata = tuple(dict.fromkeys(stratum))
    pairs = list(zip(stratum, cluster, strict=True))
    place = {pair: at for at, pair in enumerate(dict.fromkeys(pairs))}
    of = np.array([place[pair] for pair in pairs], dtype=np.int64)
    within = np.array([strata.index(name) for name, _ in place], dtype=np.int64)
    return Clusters(of, within, strata)


def _named(frame: Frame, axis: str, attribute: str | None, otherwise: list[str]) -> list[str]:
    """The attribute of each level as text, or what stands for it where there is none."""
    if attribute is None:
        return otherwise
    held = frame.attribute(axis, attribute)
    return [other if value is None else str(value) for value, other in zip(held, otherwise, strict=True)]


def alone(drawn: tuple[Drawn, ...]) -> tuple[Drawn, ...]:
    """The same axes and people, each level and person drawn by itself."""
    return tuple(Drawn(one.axis, one.people, within=one.within) for one in drawn)


@dataclass(frozen=True, slots=True)
class Units:
    """The clusters of one axis that are counted below a measure."""

    axis: str
    clusters: Clusters


def name_of(drawn: Drawn) -> str:
    """How units of one axis are told apart: by what they are drawn as."""
    return "/".join((drawn.axis, drawn.cluster or "", drawn.strata or ""))


def strata_name(drawn: Drawn) -> str:
    """How the strata of units are told apart."""
    return f"strata of {name_of(drawn)}"


def units_of(frame: Frame, drawn: Iterable[Drawn]) -> dict[str, Units]:
    """What is counted, by its name: clusters, strata, and levels one by one. People are none of the frame's axes."""
    every = [*drawn]
    every += alone(tuple(every))
    found: dict[str, Units] = {}
    for one in every:
        if one.people is None:
            clusters = clusters_of(frame, one)
            found[name_of(one)] = Units(one.axis, clusters)
            if one.strata is not None:
                found[strata_name(one)] = Units(one.axis, clusters.whole_strata)
    return found
