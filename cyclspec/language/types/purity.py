"""Whether a Python file is a set of pure functions of arrays, decided from its syntax tree alone.

A pure file has imports of array arithmetic, functions, and constants that cannot change. Expects a parsed file; nothing
of it is executed. Ensures that names inside functions are arguments, local names, functions and constants of the file,
imports, or one of a few builtins; that no attribute reaches around this; and that no function calls itself, directly
or through others, so that every call ends. This is a check against mistakes, not a sandbox: pins are what trust rests
on.
"""

from __future__ import annotations

import ast
import builtins
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from cyclspec.language.names.order import in_order

MODULES: Final = ("jax", "jax.numpy", "jax.lax", "jax.nn", "jax.scipy", "math")
"""What may be imported and used; `numpy` and `jaxtyping` may be imported for types."""

TYPES_ONLY: Final = ("numpy", "numpy.typing", "jaxtyping", "typing", "collections.abc")
_OF_JAX: Final = frozenset(
    {"numpy", "lax", "nn", "scipy", "Array", "vmap", "grad", "jit", "value_and_grad", "jacfwd", "jacrev"}
)
_SIDE_EFFECTS: Final = frozenset(
    {
        "load",
        "save",
        "savez",
        "savez_compressed",
        "savetxt",
        "loadtxt",
        "genfromtxt",
        "fromfile",
        "tofile",
        "dump",
    }
    | {
        "dumps",
        "debug",
        "config",
        "set_printoptions",
        "printoptions",
        "while_loop",
        "io_callback",
        "pure_callback",
    }
    | {"experimental", "from_dlpack", "frombuffer", "memmap"}
)
_BUILTINS: Final = frozenset(
    {
        "abs",
        "all",
        "any",
        "bool",
        "dict",
        "divmod",
        "enumerate",
        "float",
        "int",
        "isinstance",
        "len",
        "list",
        "map",
    }
    | {"max", "min", "pow", "range", "reversed", "round", "sorted", "sum", "tuple", "zip", "slice", "str"}
    | {"ValueError", "TypeError"}
)
_REFUSED: Final[dict[type[ast.AST], str]] = {
    ast.Global: "changes a global name",
    ast.Nonlocal: "changes a name of another function",
    ast.ClassDef: "declares a class",
    ast.AsyncFunctionDef: "is asynchronous",
    ast.Await: "is asynchronous",
    ast.Yield: "yields",
    ast.YieldFrom: "yields",
    ast.With: "opens a context",
    ast.AsyncWith: "opens a context",
    ast.AsyncFor: "is asynchronous",
    ast.Try: "catches errors",
    ast.TryStar: "catches errors",
    ast.While: "repeats without a bound: use `for` or `jax.lax.fori_loop`",
    ast.Delete: "deletes a name",
}


@dataclass(frozen=True, slots=True)
class Impurity:
    """The first line of something that is not pure, and what it does."""

    line: int
    what: str


@dataclass(slots=True)
class _Names:
    """What the names of a file are: arrays' modules, modules for types alone, functions, constants."""

    modules: dict[str, str]
    types: set[str]
    functions: dict[str, ast.FunctionDef]
    constants: set[str]


def impurities(tree: ast.Module) -> list[Impurity]:
    """Everything that keeps a file from being pure, in the order of its lines; empty where it is."""
    names = _Names({}, set(), {}, set())
    found = [impurity for node in tree.body for impurity in _top(node, names)]
    for function in names.functions.values():
        found += _function(function, names)
    found += _recursion(names)
    return sorted(set(found), key=lambda impurity: (impurity.line, impurity.what))


def _top(node: ast.stmt, names: _Names) -> Iterator[Impurity]:
    """One statement of the file: a docstring, an import, a function or a constant."""
    match node:
        case ast.Expr(value=ast.Constant(value=str())):
            return
        case ast.Import() | ast.ImportFrom():
            yield from _import(node, names)
        case ast.FunctionDef(name=name):
            if name in names.functions:
                yield Impurity(node.lineno, f"defines `{name}` twice")
            names.functions[name] = node
        case (
            ast.Assign(targets=[ast.Name(id=name)], value=value)
            | ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value)
        ):
            if name in names.constants or not _is_constant(value):
                yield Impurity(node.lineno, f"`{name}` is not a constant number, text or tuple")
            names.constants.add(name)
        case _:
            yield Impurity(node.lineno, "does something when it is imported")


def _is_constant(value: ast.expr) -> bool:
    match value:
        case ast.Constant():
            return True
        case ast.Tuple(elts=items):
            return all(map(_is_constant, items))
        case ast.UnaryOp(operand=of):
            return _is_constant(of)
        case ast.BinOp(left=left, right=right):
            return _is_constant(left) and _is_constant(right)
    return False


def _import(node: ast.Import | ast.ImportFrom, names: _Names) -> Iterator[Impurity]:
    if isinstance(node, ast.Import):
        pairs = [(alias.name, alias.asname or alias.name.split(".")[0], alias.name) for alias in node.names]
    else:
        base = "." * node.level + (node.module or "")
        pairs = [(base, alias.asname or alias.name, f"{base}.{alias.name}") for alias in node.names]
    for module, bound, whole in pairs:
        if module == "__future__":
            continue
        if module in TYPES_ONLY:
            names.types.add(bound)
        elif module in MODULES and bound != "*" and _is_arithmetic(whole):
            is_root = isinstance(node, ast.Import) and bound == whole.split(".")[0]
            names.modules[bound] = bound if is_root else whole
        else:
            yield Impurity(node.lineno, f"imports `{whole}`")


def _is_arithmetic(path: str) -> bool:
    """Whether a dotted name of an allowed module is arithmetic: `jax.numpy.sum` is, `jax.debug` is not."""
    parts = path.split(".")
    if any(part in _SIDE_EFFECTS or part.startswith("_") for part in parts):
        return False
    return parts[0] != "jax" or len(parts) == 1 or parts[1] in _OF_JAX


def _function(function: ast.FunctionDef, names: _Names) -> Iterator[Impurity]:
    """What a function does, without its annotations, which nobody evaluates."""
    for decorator in function.decorator_list:
        if _dotted(decorator, names) != "jax.jit":
            yield Impurity(decorator.lineno, "has a decorator")
    defaults = [*function.args.defaults, *(d for d in function.args.kw_defaults if d is not None)]
    if not all(_is_constant(value) or _is_named_constant(value, names) for value in defaults):
        yield Impurity(function.lineno, "has a default that is not a constant")
    body = [node for statement in function.body for node in _evaluated(statement)]
    local = {arg.arg for arg in _arguments(function)} | set(_bound(body))
    for node in body:
        yield from _node(node, names, local)


def _evaluated(node: ast.AST) -> Iterator[ast.AST]:
    """A node and everything in it that is evaluated: annotations are not."""
    waiting = [node]
    while waiting:
        found = waiting.pop()
        yield found
        for name, value in ast.iter_fields(found):
            if name not in ("annotation", "returns"):
                children = value if isinstance(value, list) else [value]
                waiting.extend(child for child in children if isinstance(child, ast.AST))


def _is_named_constant(value: ast.expr, names: _Names) -> bool:
    return isinstance(value, ast.Name) and value.id in names.constants


def _arguments(node: ast.AST) -> Iterator[ast.arg]:
    for child in _evaluated(node):
        if isinstance(child, ast.arg):
            yield child


def _bound(body: list[ast.AST]) -> Iterator[str]:
    """Names that a function binds itself."""
    for node in body:
        match node:
            case ast.Name(id=name, ctx=ast.Store()):
                yield name
            case ast.FunctionDef(name=name) | ast.arg(arg=name):
                yield name


def _node(node: ast.AST, names: _Names, local: set[str]) -> Iterator[Impurity]:
    line = getattr(node, "lineno", 1)
    if type(node) in _REFUSED:
        yield Impurity(line, _REFUSED[type(node)])
        return
    match node:
        case ast.Import() | ast.ImportFrom():
            yield Impurity(line, "imports inside a function")
        case ast.FunctionDef(decorator_list=[first, *_]):
            yield Impurity(first.lineno, "has a decorator")
        case ast.Name(id=name, ctx=ast.Load()):
            what = _name(name, names, local)
            if what:
                yield Impurity(line, what)
        case ast.Attribute(attr=attr, ctx=ctx):
            if not isinstance(ctx, ast.Load):
                yield Impurity(line, f"changes the attribute `{attr}`")
            elif attr.startswith("_") or attr in _SIDE_EFFECTS:
                yield Impurity(line, f"uses `{attr}`")
            elif not _allowed_attribute(node, names):
                yield Impurity(line, f"uses `{ast.unparse(node)}`")


def _name(name: str, names: _Names, local: set[str]) -> str:
    """What is wrong with reading a name; empty where nothing is."""
    if name in local or name in names.modules or name in names.functions or name in names.constants:
        return ""
    if name in names.types:
        return f"computes with `{name}`, which is there for types"
    if name in _BUILTINS:
        return ""
    return f"calls `{name}`" if hasattr(builtins, name) else f"uses the unknown name `{name}`"


def _allowed_attribute(node: ast.Attribute, names: _Names) -> bool:
    """An attribute of an imported module is array arithmetic; one of a value is a value's."""
    path = _dotted(node, names)
    return path is None or _is_arithmetic(path)


def _dotted(node: ast.expr, names: _Names) -> str | None:
    """The full path of a name or attribute of an imported module; None for anything else."""
    match node:
        case ast.Name(id=name):
            return names.modules.get(name)
        case ast.Attribute(value=value, attr=attr):
            inner = _dotted(value, names)
            return None if inner is None else f"{inner}.{attr}"
    return None


def _recursion(names: _Names) -> list[Impurity]:
    """Functions that use themselves, nested ones and lambdas by the function that they stand in."""
    found: list[Impurity] = []
    inner: dict[str, ast.AST] = dict(names.functions)
    for function in names.functions.values():
        for node in (n for statement in function.body for n in _evaluated(statement)):
            match node:
                case ast.FunctionDef(name=name):
                    inner.setdefault(name, node)
                case ast.Assign(targets=[ast.Name(id=name)], value=ast.Lambda() as value):
                    inner.setdefault(name, value)

    def uses(name: str) -> Iterator[tuple[str, ast.Name]]:
        for node in _evaluated(inner[name]):
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load) and node.id in inner:
                yield node.id, node

    def recursive(user: str, used: str, place: ast.Name) -> None:
        found.append(
            Impurity(place.lineno, f"`{user}` calls itself" + ("" if user == used else f" by `{used}`"))
        )

    for _ in in_order(inner, uses, recursive):
        pass
    return found
