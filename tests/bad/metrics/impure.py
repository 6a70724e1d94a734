"""A metric that reads a file, which no metric may do."""

from pathlib import Path

import jax.numpy as jnp
from jax import Array


def gap(p: Array, q: Array) -> Array:
    return jnp.sum(jnp.abs(p - q)) * float(Path("weights.txt").read_text(encoding="utf-8"))
