"""cyclspec: audits of the cultural values of language models, written in a small language and compiled to JAX.

Importing this package loads none of the numerical libraries, and the compiler only when it is first used.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cyclspec.api import Audit, compare, load, open_run
    from cyclspec.language.diagnostics import Diagnostic, InternalError, SpecError

__version__ = "0.1.0"
__all__ = ["Audit", "Diagnostic", "InternalError", "SpecError", "__version__", "compare", "load", "open_run"]

_HOMES = {
    "Audit": "cyclspec.api",
    "compare": "cyclspec.api",
    "load": "cyclspec.api",
    "open_run": "cyclspec.api",
    "Diagnostic": "cyclspec.language.diagnostics",
    "InternalError": "cyclspec.language.diagnostics",
    "SpecError": "cyclspec.language.diagnostics",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'cyclspec' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)
