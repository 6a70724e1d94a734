"""How well the demo model's answers fit the invented people, country by country."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from examples import Example
from numpy.typing import NDArray


def js_distance(p: NDArray[np.float64], q: NDArray[np.float64]) -> float:
    """Jensen-Shannon distance, base 2 (Endres and Schindelin 2003): 0 for equal distributions, 1 at most."""
    mean = (p + q) / 2
    return float(np.sqrt(max(0.0, (_relative_entropy(p, mean) + _relative_entropy(q, mean)) / 2)))


def _relative_entropy(p: NDArray[np.float64], q: NDArray[np.float64]) -> float:
    some = p > 0
    return float((p[some] * np.log2(p[some] / q[some])).sum())


def report(examples: Sequence[Example], letters: Sequence[NDArray[np.float64]]) -> str:
    """A table of 1 - JS distance and of label mass. `letters[i]` are probabilities of the options of `examples[i]`."""
    fits = np.array(
        [1 - js_distance(one / one.sum(), asked.shares) for asked, one in zip(examples, letters, strict=True)]
    )
    mass = np.array([one.sum() for one in letters])
    lines = ["prompt    country     in training   1 - JS distance   label mass: mean    least"]
    for prompt in dict.fromkeys(one.prompt for one in examples):
        for country in dict.fromkeys(one.country for one in examples):
            mine = np.array([(one.prompt, one.country) == (prompt, country) for one in examples])
            seen = "yes" if next(one.seen for one in examples if one.country == country) else "no"
            line = f"{prompt:9} {country:11} {seen:13} {fits[mine].mean():15.3f}   "
            lines.append(line + f"{mass[mine].mean():16.4f} {mass[mine].min():8.4f}")
    return "\n".join(lines)
