"""What the passes of the type checker share: the program, the findings, and what is declared so far.

Every pass fills one table, keyed by the module and name of a declaration, and reads the tables of passes before it:
vocabularies, parameters, tables, panels, targets, metrics, prompts, audits. A declaration that failed is absent, and
whoever names it gets `Unknown`, so that one mistake is reported once. `meant` holds the place of every path that a pass
took for a declaration.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple, Protocol

from cyclspec.language.diagnostics import Diagnostic, Findings
from cyclspec.language.names.modules import Module, Program
from cyclspec.language.spans import Span
from cyclspec.language.syntax import tree as t
from cyclspec.language.types import terms as h
from cyclspec.language.types import typed as d
from cyclspec.language.types.kinds import Kind, Number, Vocabulary

if TYPE_CHECKING:
    from cyclspec.language.types.scope import Scope


class Symbol(NamedTuple):
    """A declaration's identity: the key of its module, and its name."""

    module: str
    name: str


class Meant(NamedTuple):
    """What a path means: a declaration, and the rest of the path inside of it."""

    symbol: Symbol
    rest: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Binding:
    """A value that was given from outside, where its parameter is named there, and what gave it."""

    value: t.Expr
    name: Span
    origin: str


@dataclass(frozen=True, slots=True)
class ParamValue:
    """A bound parameter: its kind, its value as a term, and where the value came from."""

    kind: Kind
    term: h.Term
    origin: str


@dataclass(frozen=True, slots=True)
class TypedMetric:
    """A metric, checked once for every scale S; `needs_order` where its condition says `S is ordinal`.

    `defaults` are the values of formals that a call may leave out. `needs_values` where it, or a metric that it calls,
    takes `value(option)`.
    """

    name: str
    formals: tuple[tuple[str, Kind], ...]
    result: Number
    needs_order: bool
    body: h.Term
    defaults: Mapping[str, h.Term] = field(default_factory=dict, hash=False)
    needs_values: bool = False


class Infer(Protocol):
    """Types an expression in a scope; `expected` is the kind of its position."""

    def __call__(self, scope: Scope, node: t.Expr, expected: Kind | None = None, /) -> h.Term: ...


class Observe(Protocol):
    """Told of every expression that was typed: where it stands, the kind of its position, and the term."""

    def __call__(self, scope: Scope, node: t.Expr, expected: Kind | None, term: h.Term, /) -> None: ...


@dataclass(slots=True)
class Context:
    """The shared state of one check; `infer` types an expression, so that rules need not know each other."""

    program: Program
    findings: Findings
    bindings: Mapping[str, Binding]
    infer: Infer
    observe: Observe | None = None
    vocabularies: dict[Symbol, Vocabulary] = field(default_factory=dict)
    params: dict[Symbol, ParamValue] = field(default_factory=dict)
    tables: dict[str, d.TypedTable] = field(default_factory=dict)
    panels: dict[str, d.TypedPanel] = field(default_factory=dict)
    targets: dict[str, d.TypedTarget] = field(default_factory=dict)
    metrics: dict[Symbol, TypedMetric] = field(default_factory=dict)
    prompts: dict[Symbol, d.TypedPrompt] = field(default_factory=dict)
    audits: dict[str, d.TypedAudit] = field(default_factory=dict)
    meant: dict[Span, Meant] = field(default_factory=dict)
    _names: dict[str, frozenset[str]] = field(default_factory=dict)
    _public: dict[str, frozenset[str]] = field(default_factory=dict)

    def means(self, place: Span, symbol: Symbol, rest: tuple[str, ...] = ()) -> None:
        """Notes that the path at a place means a declaration; hashes cover what names mean, not how they are spelt."""
        self.meant[place] = Meant(symbol, rest)

    def declaration(self, symbol: Symbol) -> t.Decl:
        """The declaration of a symbol; one whose name is taken, which nothing can name, is in the tree alone."""
        module = self.module(symbol.module)
        found = module.decls.get(symbol.name)
        return found or next(decl for decl in module.tree.decls if decl.name.name == symbol.name)

    def report(self, diagnostic: Diagnostic) -> None:
        self.findings.add(diagnostic)

    def module(self, key: str) -> Module:
        return self.program.modules[key]

    def resolve(self, module: Module, name: str) -> tuple[Symbol, t.Decl] | None:
        """The declaration that a bare name means in a module: its own, or an imported one."""
        if name in module.decls:
            return Symbol(module.key, name), module.decls[name]
        if name in module.imported:
            target = self.module(module.imported[name])
            return Symbol(target.key, name), target.decls[name]
        return None

    def resolve_dotted(
        self, module: Module, parts: tuple[str, ...]
    ) -> tuple[Symbol, t.Decl, tuple[str, ...]] | None:
        """The declaration that a dotted path begins with, and the rest of the path."""
        if len(parts) > 1 and parts[0] in module.aliases:
            target = self.module(module.aliases[parts[0]])
            if parts[1] not in target.decls or parts[1].startswith("_"):
                return None
            return Symbol(target.key, parts[1]), target.decls[parts[1]], parts[2:]
        found = self.resolve(module, parts[0])
        return None if found is None else (*found, parts[1:])

    def path_to(self, module: Module, symbol: Symbol) -> str | None:
        """How a module names a declaration; None where it cannot."""
        found = self.resolve(module, symbol.name)
        if found is not None and found[0] == symbol:
            return symbol.name
        alias = next((alias for alias, key in module.aliases.items() if key == symbol.module), None)
        return None if alias is None or symbol.name.startswith("_") else f"{alias}.{symbol.name}"

    def homes(self, module: Module, name: str) -> tuple[str, ...]:
        """The paths to a name behind the aliases of a module, for whoever wrote the name alone."""
        return tuple(f"{alias}.{name}" for alias in module.aliases if name in self.public(module, alias))

    def names(self, module: Module) -> frozenset[str]:
        """Every name that a bare word can mean in a module."""
        if module.key not in self._names:
            self._names[module.key] = frozenset().union(module.decls, module.imported, module.aliases)
        return self._names[module.key]

    def public(self, module: Module, alias: str) -> frozenset[str]:
        """The names behind an alias."""
        key = module.aliases[alias]
        if key not in self._public:
            self._public[key] = frozenset(n for n in self.module(key).decls if not n.startswith("_"))
        return self._public[key]

    def declarations(self, kind: type[t.Node]) -> Iterator[tuple[Module, t.Decl]]:
        """All declarations of one kind, module by module, imports first."""
        for module in self.program.modules.values():
            for decl in module.tree.decls:
                if isinstance(decl, kind):
                    yield module, decl
