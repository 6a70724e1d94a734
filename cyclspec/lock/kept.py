"""The modules that were locked on this machine, by their hashes: so that a change can be told in words.

A lock has digests only. Ensures that what is kept is in a private folder of the user, that nothing depends on it being
there, and that what is recalled has the hash it is kept under.
"""

from __future__ import annotations

import contextlib

from cyclspec.compiler.checkpoints.private import Unusable, private_folder
from cyclspec.language.canonical.decode import decode
from cyclspec.language.canonical.form import canonical, write
from cyclspec.language.canonical.hashes import module_hash
from cyclspec.language.format.printer import print_module
from cyclspec.language.names.modules import Module, Program
from cyclspec.language.spans import Source
from cyclspec.language.syntax import tree as t
from cyclspec.language.syntax.parse import parse

_FOLDER = "modules"


def keep(program: Program) -> None:
    """Remembers every module that a program imports."""
    folder = private_folder(_FOLDER)
    if isinstance(folder, Unusable):
        return
    for module in program.modules.values():
        path = folder / f"{module.hash}.json"
        with contextlib.suppress(OSError):
            if module is not program.main and not path.exists():
                path.write_text(canonical(write(module.tree)), encoding="utf-8")


def recall(digest: str) -> t.Module | None:
    """The module of a hash, or None where it is not kept here."""
    folder = private_folder(_FOLDER)
    if isinstance(folder, Unusable):
        return None
    try:
        found = decode((folder / f"{digest}.json").read_bytes(), digest)
    except OSError:
        return None
    if isinstance(found, tuple) or module_hash(found) != digest:
        return None
    return parse(Source(digest, print_module(found))).module


def module_of(program: Program, digest: str) -> Module | None:
    """The module of a program that has a hash."""
    return next((module for module in program.modules.values() if module.hash == digest), None)
