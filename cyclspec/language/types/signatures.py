"""Builtin functions as data: arguments, what comes out, one line of explanation.

`functions` holds the table, from which the reference is written. Ensures that arguments are bound by position and name,
each exactly once.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass

from cyclspec.language.diagnostics.cy02_types import WrongArguments, WrongType
from cyclspec.language.names.suggest import did_you_mean
from cyclspec.language.syntax import tree as t
from cyclspec.language.types import kinds as k
from cyclspec.language.types import terms as h
from cyclspec.language.types.scope import Scope, unknown


@dataclass(frozen=True, slots=True)
class Argument:
    """One argument: its name and what it may be, in the words of the reference."""

    name: str
    is_a: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Function:
    """One builtin. `check` types a call of it; `gives` and `says` are the reference's words for what comes out."""

    name: str
    arguments: tuple[Argument, ...]
    gives: str
    says: str
    check: Callable[[Scope, t.Call, Function], h.Term]
    inside_metrics: bool = False

    @property
    def formals(self) -> tuple[str, ...]:
        return tuple(argument.name for argument in self.arguments)


def bind(scope: Scope, node: t.Call, formals: tuple[str, ...], callee: str) -> list[t.Argument] | None:
    """Arguments in the order of the formals: positional first, then by name; each exactly once."""
    bound = bind_some(scope, node, formals, callee)
    return None if bound is None else [bound[name] for name in formals]


def bind_some(
    scope: Scope, node: t.Call, formals: tuple[str, ...], callee: str, optional: Collection[str] = ()
) -> dict[str, t.Argument] | None:
    """Arguments by formal; only `optional` ones may be left out. None after reporting."""
    bound: dict[str, t.Argument] = {}
    for position, arg in enumerate(node.args):
        if arg.name is None and position >= len(formals):
            problem = f"takes {len(formals)} arguments: {', '.join(formals)}"
            scope.report(WrongArguments(span=arg.span, callee=callee, problem=problem))
            return None
        name = arg.name.name if arg.name is not None else formals[position]
        if name not in formals:
            helps = did_you_mean(name, formals)
            problem = f"has no argument `{name}`"
            scope.report(WrongArguments(span=arg.span, callee=callee, problem=problem, helps=helps))
            return None
        if name in bound:
            problem = f"is given `{name}` twice"
            scope.report(WrongArguments(span=arg.span, callee=callee, problem=problem))
            return None
        bound[name] = arg
    missing = [name for name in formals if name not in bound and name not in optional]
    if missing:
        problem = "needs " + ", ".join(f"`{name}`" for name in missing)
        scope.report(WrongArguments(span=node.span, callee=callee, problem=problem))
        return None
    return bound


def one(scope: Scope, node: t.Call, function: Function) -> h.Term:
    """The one argument of a call, typed."""
    args = bind(scope, node, function.formals, function.name)
    return unknown(node.span) if args is None else scope.infer(args[0].value)


def refuse_argument(scope: Scope, function: Function, x: h.Term, expected: str, *helps: str) -> h.Term:
    """Reports an argument of the wrong kind."""
    what, found = f"the argument of `{function.name}`", k.kind_text(x.type.kind)
    scope.report(WrongType(span=x.span, what=what, expected=expected, found=found, helps=helps))
    return unknown(x.span)
