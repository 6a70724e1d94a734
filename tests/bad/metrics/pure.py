"""A metric as it should be."""

import jax.numpy as jnp
from jax import Array


def gap(p: Array, q: Array) -> Array:
    return jnp.sum(jnp.abs(p - q))
