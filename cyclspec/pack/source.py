"""Where a spec is: a file, or the one in a pack. Nothing of packs is imported for a file."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from cyclspec.language.names.modules import Sealed

if TYPE_CHECKING:
    from cyclspec.pack.manifest import Manifest
    from cyclspec.pack.opened import OpenedPack

SUFFIX = ".cyclpack"


@dataclass(frozen=True, slots=True)
class SpecSource:
    """A spec that can be read: the path that was given, its file, and how people are shown that.

    What came in a pack has a manifest, bounds, and the parameters that were bound when it was packed.
    """

    path: Path
    file: Path
    name: str
    params: Mapping[str, str] = field(default_factory=dict)
    sealed: Sealed | None = None
    manifest: Manifest | None = None


def source_of(path: Path, files: Iterable[Path] = ()) -> SpecSource:
    """The source at a path; a pack is checked and laid out. `files` is where data is that did not travel with it.

    Raises:
        SpecError: it is a pack, and refused.
    """
    if path.suffix != SUFFIX:
        return SpecSource(path, path, str(path))
    from cyclspec.pack.opened import open_pack

    return packed_source(open_pack(path, files))


def packed_source(packed: OpenedPack) -> SpecSource:
    """The source that a pack is, once it lies open."""
    manifest = packed.manifest
    return SpecSource(packed.path, packed.entry, packed.shown, manifest.params, packed.sealed, manifest)
