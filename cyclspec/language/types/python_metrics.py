"""Metrics written in Python: found below the project root, pinned by the hash of their source, read and never imported.

`python "audits.stats:overdispersion" hash sha256:...` is the function `overdispersion` of `audits/stats.py`. Expects
the program with its lock. Ensures that the source is the pinned one, and the locked one, and that the whole file is
pure: it imports array arithmetic and nothing else, keeps no state, opens nothing and calls nothing that is not in it;
`purity` says how.
"""

from __future__ import annotations

import ast
import hashlib
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from cyclspec.language.diagnostics import Diagnostic
from cyclspec.language.diagnostics.cy06_bounds import PythonRefused
from cyclspec.language.names.lock import FILE
from cyclspec.language.names.modules import Program
from cyclspec.language.names.suggest import did_you_mean
from cyclspec.language.spans import Span
from cyclspec.language.syntax import tree as t
from cyclspec.language.types.purity import Impurity, impurities

MAX_BYTES: Final = 256 * 1024
_TARGET: Final = re.compile(r"([A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*):([A-Za-z_]\w*)", re.ASCII)
_SHOWN_DIGITS: Final = 12


@dataclass(frozen=True, slots=True)
class PythonSource:
    """A pinned function: its module, its name, and the digest of its file in full."""

    module: str
    function: str
    hash: str


def pinned_function(program: Program, body: t.PythonBody, formals: int) -> PythonSource | Diagnostic:
    """The function that a metric names, or why it cannot be used. `formals` is how many arguments it is given."""
    target = body.target
    matched = _TARGET.fullmatch(target.value)
    if matched is None:
        helps = ('write `python "folder.file:function" hash sha256:...`',)
        return _refused(target.span, target.value, "is no function of a file of the project", helps=helps)
    module, function = matched.groups()
    source = _read(program.root, target, module)
    if isinstance(source, Diagnostic):
        return source
    digest = hashlib.sha256(source).hexdigest()
    unpinned = _pin(body, digest) or _locked(program, body, module, digest)
    if unpinned is not None:
        return unpinned
    tree = _parsed(target, module, source)
    if isinstance(tree, Diagnostic):
        return tree
    wrong = _function(target, tree, module, function, formals)
    return wrong or PythonSource(module, function, f"sha256:{digest}")


def _refused(
    span: Span, target: str, problem: str, *, label: str = "", helps: tuple[str, ...] = ()
) -> PythonRefused:
    return PythonRefused(span=span, target=target, problem=problem, label=label, helps=helps)


def file_of(module: str) -> str:
    """Where a module of a project is, from its root."""
    return module.replace(".", "/") + ".py"


def _read(root: Path, target: t.TextValue, module: str) -> bytes | Diagnostic:
    """The bytes of the file, which lies below the root, links resolved."""
    name = file_of(module)
    try:
        path = (root / name).resolve()
        if not path.is_relative_to(root.resolve()):
            return _refused(target.span, target.value, "leads out of the project")
        if not path.is_file():
            helps = (f"write it to `{name}` below the folder of the project",)
            return _refused(
                target.span, target.value, f"is not there: the project has no `{name}`", helps=helps
            )
        with path.open("rb") as file:
            source = file.read(MAX_BYTES + 1)
    except (OSError, RuntimeError, ValueError):
        return _refused(target.span, target.value, f"cannot be read from `{name}`")
    if len(source) > MAX_BYTES:
        return _refused(target.span, target.value, f"stands in a file of more than {MAX_BYTES // 1024} KiB")
    return source


def _pin(body: t.PythonBody, digest: str) -> Diagnostic | None:
    actual = f"sha256:{digest[:_SHOWN_DIGITS]}"
    if body.hash is None:
        helps = (f"add `hash {actual}`",)
        return _refused(body.span, body.target.value, "is Python and has no hash", helps=helps)
    if digest.startswith(body.hash.removeprefix("sha256:")):
        return None
    label, helps = f"the file is now {actual}", (f"if the change is meant, write `hash {actual}`",)
    return _refused(body.span, body.target.value, "does not match its hash", label=label, helps=helps)


def _locked(program: Program, body: t.PythonBody, module: str, digest: str) -> Diagnostic | None:
    key = file_of(module)
    pin = program.lock.metrics.get(key)
    if pin is None or pin.sha256 == digest:
        return None
    label = (
        f"`{FILE}` has sha256:{pin.sha256[:_SHOWN_DIGITS]}, the file is now sha256:{digest[:_SHOWN_DIGITS]}"
    )
    problem, helps = f"is not the one in `{FILE}`", (program.accepting(key),)
    return _refused(body.span, body.target.value, problem, label=label, helps=helps)


def _parsed(target: t.TextValue, module: str, source: bytes) -> ast.Module | Diagnostic:
    try:
        return ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        line = f", line {error.lineno}" if isinstance(error, SyntaxError) and error.lineno else ""
        label = f"{file_of(module)}{line}"
        return _refused(target.span, target.value, "is no Python that can be read", label=label)


def _function(
    target: t.TextValue, tree: ast.Module, module: str, function: str, formals: int
) -> Diagnostic | None:
    """Whether the function is there, takes as many arguments as the metric, and its whole file is pure."""
    found = {node.name: node for node in tree.body if isinstance(node, ast.FunctionDef)}
    if function not in found:
        helps = did_you_mean(function, found)
        problem = f"is not there: `{file_of(module)}` has no function `{function}`"
        return _refused(target.span, target.value, problem, helps=helps)
    try:
        impure = impurities(tree)
    except RecursionError:
        return _refused(target.span, target.value, "is nested too deeply to be read")
    if impure:
        first = impure[0]
        return _impure(target, module, first)
    args = found[function].args
    count = len(args.posonlyargs) + len(args.args)
    if count != formals or args.vararg or args.kwarg or args.kwonlyargs:
        given = "1 argument" if formals == 1 else f"{formals} arguments"
        label = f"{file_of(module)}, line {found[function].lineno}: takes {count}"
        problem = f"does not take the {given} of the metric"
        return _refused(target.span, target.value, problem, label=label)
    return None


def _impure(target: t.TextValue, module: str, first: Impurity) -> Diagnostic:
    label = f"{file_of(module)}, line {first.line}: {first.what}"
    helps = (
        "a metric is a pure function of arrays: `jax.numpy`, `jax.lax`, `jax.nn`, `jax.scipy` and `math`",
    )
    return _refused(target.span, target.value, "is not pure", label=label, helps=helps)
