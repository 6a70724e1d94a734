"""The catalogue: every diagnostic there is, by code.

Ensures that a class of any `cyNN_*` module is found by being there, so that no list can forget one.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from importlib import import_module
from importlib.resources import files

from cyclspec.language.diagnostics.base import Diagnostic

_PACKAGE = "cyclspec.language.diagnostics"


def _modules() -> Iterator[str]:
    for entry in files(_PACKAGE).iterdir():
        if entry.name.startswith("cy0") and entry.name.endswith(".py"):
            yield entry.name.removesuffix(".py")


def _classes() -> Iterator[type[Diagnostic]]:
    for name in _modules():
        for value in vars(import_module(f"{_PACKAGE}.{name}")).values():
            if isinstance(value, type) and issubclass(value, Diagnostic) and "code" in vars(value):
                yield value


@cache
def catalogue() -> tuple[type[Diagnostic], ...]:
    """The classes of all diagnostics, sorted by code."""
    return tuple(sorted(set(_classes()), key=lambda kind: kind.code))
