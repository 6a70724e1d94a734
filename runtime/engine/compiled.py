"""Programs compiled ahead of time."""

from __future__ import annotations

import gc
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import jax

_making = threading.RLock()


def compiled(function: Callable[..., Any], *inputs: Any, donated: int | None = None) -> jax.stages.Compiled:
    """A function as a program for inputs of these shapes and types; the one that is `donated` is overwritten."""
    with _garbage_left():
        given = () if donated is None else donated
        return jax.jit(function, donate_argnums=given).lower(*inputs).compile()


@contextmanager
def _garbage_left() -> Iterator[None]:
    """Tracing makes objects by the hundred thousand, few of them in cycles: to search all that there are takes longer.

    A quarter of the time of a program that is loaded from the cache went into such searches.
    """
    with _making:
        searched = gc.isenabled()
        gc.disable()
        try:
            yield
        finally:
            if searched:
                gc.enable()
