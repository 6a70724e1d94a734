"""How the uncertainty of a measure is found, typed: what is drawn again for its interval, what its test rearranges.

Ensures that nothing here refers to files or arrays.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Drawn:
    """How the levels of an axis, or people, are drawn again.

    `cluster` and `strata` are attributes of the axis, or columns of the table `people` whose key `axis` is then; what
    shares a cluster is drawn together, and every stratum by itself. It is drawn anew in every level of the axes
    `within`.
    """

    axis: str
    people: str | None = None
    cluster: str | None = None
    strata: str | None = None
    within: tuple[str, ...] = ()

    @property
    def words(self) -> str:
        """As people read it: `item by battery within theme`."""
        inside = (*((self.strata,) if self.strata else ()), *self.within)
        by = f" by {self.cluster}" if self.cluster else ""
        return self.axis + by + (f" within {' and '.join(inside)}" if inside else "")


@dataclass(frozen=True, slots=True)
class Interval:
    """`bootstrap(over = .., draws = .., level = .., method = .., cluster = .., strata = .., design = ..)`.

    `drawn` says how what `over` names is drawn; axes are drawn independently of each other, each level by itself,
    where it says nothing.
    """

    over: tuple[str, ...]
    draws: int
    level: float
    method: Literal["percentile", "t"] = "percentile"
    drawn: tuple[Drawn, ...] = ()

    @property
    def drawings(self) -> tuple[Drawn, ...]:
        return self.drawn or tuple(Drawn(axis) for axis in self.over)


@dataclass(frozen=True, slots=True)
class SignFlip:
    """`sign_flip(over = item, draws = 10000)`: whether a paired contrast is zero; one axis at a time."""

    drawn: tuple[Drawn, ...]
    draws: int


@dataclass(frozen=True, slots=True)
class Permutation:
    """`permutation(over = town, within = item)`: what a measure is where labels mean nothing.

    The labels of the axis `over` are permuted in each combination of levels of `within`; where `over` is the key of
    the table `people`, it is people whose groups are permuted, and `within` are axes of these groups.
    """

    over: str
    people: str | None
    within: tuple[str, ...]
    draws: int
    tail: Literal["upper", "lower", "both"]

    @property
    def tails(self) -> str:
        """Which draws are as extreme as the measure: `upper tail`, `lower tail`, `both tails`."""
        return "both tails" if self.tail == "both" else f"{self.tail} tail"


Test = SignFlip | Permutation
