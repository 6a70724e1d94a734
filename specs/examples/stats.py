"""A fitted statistic that is easier to write in Python; `f_reuse.cycl` pins it by the hash of this file."""

import jax.numpy as jnp


def variance(share: jnp.ndarray) -> jnp.ndarray:
    """Variance of the position on the scale of an answer that is drawn from `share`, an array over options."""
    position = jnp.arange(share.shape[-1])
    centre = jnp.sum(share * position)
    return jnp.sum(share * (position - centre) ** 2)


def overdispersion(p: jnp.ndarray, q: jnp.ndarray) -> jnp.ndarray:
    """Variance of the answers of `p` over that of `q`; NaN, which is missing, where the answers of `q` do not vary."""
    spread = variance(q)
    safe = jnp.where(spread > 0, spread, 1.0)
    return jnp.where(spread > 0, variance(p) / safe, jnp.nan)
