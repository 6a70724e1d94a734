"""The four hashes: SHA-256 of canonical JSON, defaults written out, titles and documentation left out.

`module` covers one file before parameters are bound; `design` what is asked of whom; `score` also what is read off the
answers; `run` also the environment. A hash never depends on layout, comments, titles, file names or machines.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from cyclspec.language.canonical.defaults import completed
from cyclspec.language.canonical.form import Shape, canonical, reshaped, write
from cyclspec.language.syntax import tree as t

PROSE: Mapping[type[t.Node], frozenset[str]] = {
    t.Audit: frozenset({"title"}),
    t.Check: frozenset({"because"}),
    t.Corpus: frozenset({"title", "release", "licence", "citation", "note"}),
}
"""The fields that say something to people and nothing to a run. Elsewhere these words are names like others."""


def digest(data: Any) -> str:
    """SHA-256 of canonical data, as 64 hexadecimal digits."""
    return hashlib.sha256(canonical(data).encode("utf-8")).hexdigest()


def _unprosed(node: t.Node) -> t.Node:
    if getattr(node, "doc", ()):
        node = replace(node, doc=())  # type: ignore[call-arg]
    prose = PROSE.get(type(node))
    if prose is None or not isinstance(node, t.Audit | t.Check | t.Corpus):
        return node
    return replace(node, fields=tuple(field for field in node.fields if field.name.name not in prose))


def meaning(node: t.Node, shape: Shape = lambda node: node) -> Any:
    """Canonical data of a node as a hash covers it: defaults written out, without documentation and titles.

    `shape` is what else is done to every node.
    """
    return write(reshaped(node, lambda one: shape(_unprosed(completed(one)))))


def complete(node: t.Module) -> Any:
    """The canonical form of a module: defaults written out, documentation and titles kept."""
    return write(reshaped(node, completed))


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
