"""The simulated respondents of the demo survey: who they are and what they answer.

Nothing here is measured. Six invented countries have a mean on two invented value dimensions, `custom` (holds to kin
and custom) and `reach` (trusts beyond the near); a person stands around the mean of the country, shifted by age and
gender. Ordinal answers follow a graded response model (Samejima 1969), nominal ones a multinomial logit.

Only uniform draws are used, turned by inverse distribution functions, so the data hang on as little of NumPy as can be.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray
from wording import Item

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

WOMAN, MAN = 2, 1
_MEAN_AGE = 47.0
_SPREAD = (0.75, 0.75)
_AGE_SLOPE = (0.016, -0.006)
_WOMAN_SHIFT = (-0.20, 0.15)
_NORMAL = NormalDist()


@dataclass(frozen=True, slots=True)
class Country:
    """An invented country. `mean` is its place on (custom, reach); its code is one ISO 3166-1 leaves unassigned."""

    name: str
    code: str
    people: int
    mean: tuple[float, float]
    in_training: bool


COUNTRIES = (
    Country("vestrilo", "XVE", 620, (-0.9, 1.0), in_training=True),
    Country("zephrune", "XZE", 540, (-0.8, -0.9), in_training=True),
    Country("wexarro", "XWE", 510, (0.9, 0.8), in_training=True),
    Country("quorlith", "XQU", 480, (1.0, -0.9), in_training=True),
    Country("yimbrava", "XYI", 450, (-2.4, 2.6), in_training=False),
    Country("fizzomar", "XFI", 400, (2.3, -2.6), in_training=False),
)


@dataclass(frozen=True, slots=True)
class People:
    """One entry a person. `country` indexes `COUNTRIES`; `values` is [person, 2]; weights have mean 1 by country."""

    names: tuple[str, ...]
    country: Ints
    age: Ints
    gender: Ints
    weight: Floats
    values: Floats


@dataclass(frozen=True, slots=True)
class Answers:
    """The answers to one item: `value[i]` is the option code given by `names[i]`."""

    item: str
    names: tuple[str, ...]
    values: tuple[str, ...]


def draw_people(seed: np.random.SeedSequence) -> People:
    """Simulates the sample: older people and women are over-represented, and the weights make up for it."""
    rng = np.random.default_rng(seed)
    country = np.repeat(np.arange(len(COUNTRIES)), [one.people for one in COUNTRIES])
    count = country.size
    age = (18 + np.floor(73 * (1 - rng.random(count) ** 0.8))).astype(np.int64)
    age = np.where(rng.random(count) < 0.15, 50 + np.floor(rng.random(count) * 40).astype(np.int64), age)
    gender = np.where(rng.random(count) < 0.55, WOMAN, MAN)
    means = np.array([one.mean for one in COUNTRIES])[country]
    values = (
        means
        + np.array(_SPREAD) * _normal(rng, (count, 2))
        + np.array(_AGE_SLOPE) * (age - _MEAN_AGE)[:, None]
        + np.array(_WOMAN_SHIFT) * (gender == WOMAN)[:, None]
    )
    names = tuple(f"p{number:04d}" for number in range(1, count + 1))
    return People(names, country, age, gender, _weights(rng, country, age, gender), values)


def _weights(rng: np.random.Generator, country: Ints, age: Ints, gender: Ints) -> Floats:
    by_age = np.select([age < 30, age < 50], [1.6, 1.1], 0.75)
    by_gender = np.where(gender == WOMAN, 0.9, 1.12)
    raw = by_age * by_gender * np.exp(0.35 * _normal(rng, (country.size,)))
    mean = np.bincount(country, raw) / np.bincount(country)
    return np.round(raw / mean[country], 4)


def draw_answers(items: Sequence[Item], people: People, seed: np.random.SeedSequence) -> Iterator[Answers]:
    """Simulates every item in turn. One person in fifty breaks the interview off; 1.5% of the rest is absent."""
    stops_seed, *item_seeds = seed.spawn(len(items) + 1)
    rng = np.random.default_rng(stops_seed)
    count = len(people.names)
    stops = np.where(rng.random(count) < 0.02, np.floor(rng.random(count) * len(items)), len(items))
    for position, (item, item_seed) in enumerate(zip(items, item_seeds, strict=True)):
        yield _answer(item, people, stops > position, np.random.default_rng(item_seed))


def _answer(item: Item, people: People, reached: NDArray[np.bool_], rng: np.random.Generator) -> Answers:
    option = _graded(item, people, rng) if len(item.loadings) == 1 else _chosen(item, people, rng)
    codes = np.array([str(number) for number in range(1, len(item.options) + 1)])[option]
    codes = _with_missing(codes, item, people, rng)
    kept = reached & (rng.random(codes.size) >= 0.015)
    names = tuple(name for name, keep in zip(people.names, kept, strict=True) if keep)
    return Answers(item.name, names, tuple(str(code) for code in codes[kept]))


def _graded(item: Item, people: People, rng: np.random.Generator) -> Ints:
    """The option index: 0 where the latent answer is above every threshold."""
    size = len(item.options)
    shift = rng.random() - 0.5
    stretch = 1.3 + 0.6 * rng.random()
    drift = 0.30 * _normal(rng, (len(COUNTRIES),))
    latent = people.values @ np.array(item.loadings[0]) + drift[people.country] + shift
    latent += _logit(rng.random(latent.size))
    thresholds = stretch * _logit(np.arange(1, size) / size)
    return np.asarray((latent[:, None] < thresholds).sum(axis=1))


def _chosen(item: Item, people: People, rng: np.random.Generator) -> Ints:
    size = len(item.options)
    drift = 0.30 * _normal(rng, (len(COUNTRIES), size))
    base = 0.4 * _normal(rng, (size,))
    utility = people.values @ np.array(item.loadings).T + drift[people.country] + base
    # Gumbel noise turns the largest utility into a draw from the multinomial logit.
    noise = -np.log(-np.log(rng.random(utility.shape)))
    return np.asarray((utility + noise).argmax(axis=1))


def _with_missing(
    codes: NDArray[np.str_], item: Item, people: People, rng: np.random.Generator
) -> NDArray[np.str_]:
    """Replaces some answers by the missing options of the item; not knowing is commoner past seventy."""
    unsure = (0.015 + 0.035 * rng.random()) * np.where(people.age >= 70, 1.8, 1.0)
    rates = {"-1": unsure, "-2": np.full(codes.size, 0.012)}
    for code in item.missing:
        codes = np.where(rng.random(codes.size) < rates[code], code, codes)
    return codes


def _normal(rng: np.random.Generator, shape: tuple[int, ...]) -> Floats:
    uniform = np.clip(rng.random(shape), 1e-12, 1 - 1e-12)
    return np.array([_NORMAL.inv_cdf(float(one)) for one in uniform.ravel()]).reshape(shape)


def _logit(share: Floats) -> Floats:
    return np.asarray(np.log(share) - np.log1p(-share))
