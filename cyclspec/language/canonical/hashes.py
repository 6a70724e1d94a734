"""The four hashes: SHA-256 of canonical JSON, titles and documentation left out.

`module` covers one file before parameters are bound; `design` what is asked of whom; `score` also what is read off the
answers; `run` also the environment. A hash never depends on layout, comments, titles, file names or machines.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from cyclspec.language.canonical.form import canonical, without, write
from cyclspec.language.syntax import tree as t

_PROSE = frozenset({"doc"})
TITLES = frozenset({"title", "because", "citation", "licence", "release"})


def digest(data: Any) -> str:
    """SHA-256 of canonical data, as 64 hexadecimal digits."""
    return hashlib.sha256(canonical(data).encode("utf-8")).hexdigest()


def _is_title(node: Mapping[str, Any]) -> bool:
    return node.get("kind") == "field" and node.get("name") in TITLES


def meaning(node: t.Node | tuple[t.Node, ...]) -> Any:
    """Canonical data of a node without documentation and titles: what a hash covers."""
    return without(write(node), _is_title, _PROSE)


def module_hash(module: t.Module) -> str:
    """The hash that imports pin."""
    return digest(meaning(module))


@dataclass(frozen=True, slots=True)
class Hashes:
    """The hashes of a closed audit; `run_hash` follows when the environment is known."""

    module: str
    design: str
    score: str


def run_hash(score: str, environment: Mapping[str, Any]) -> str:
    """The hash of a score in one environment."""
    return digest({"score": score, "environment": dict(environment)})
