"""What is reached through something else: modules behind imports, columns behind rows, formals behind prompts."""

from __future__ import annotations

from cyclspec.language.names.modules import Module
from cyclspec.language.syntax import tree as t
from cyclspec.language.types import kinds as k
from cyclspec.language.types.context import Symbol
from cyclspec.language.types.prompts import hole_kind
from cyclspec.language.types.scope import Scope
from cyclspec.lsp import subjects as s
from cyclspec.lsp.describe import type_text
from cyclspec.lsp.subjects import Subject
from cyclspec.lsp.view import View, path_of

Found = Subject | None


def imported_module(view: View, node: t.Import) -> Module | None:
    """The module that an import of the entry file reaches."""
    main = view.module
    match node:
        case t.ImportStd(alias=alias, module=parts):
            key = main.aliases.get((alias or parts[-1]).name)
        case t.ImportFile(alias=alias):
            key = main.aliases.get(alias.name)
        case t.ImportNames(path=path):
            key = str((path_of(main.source.name).parent / path.value).resolve())
    return view.context.program.modules.get(key) if key is not None else None


def formal_kinds(view: View, owner: t.Prompt | t.Metric) -> dict[str, k.Kind]:
    """The kinds of the parameters of a prompt or metric of the entry file."""
    symbol = Symbol(view.module.key, owner.name.name)
    typed = view.context.prompts.get(symbol) or view.context.metrics.get(symbol)
    return dict(typed.formals) if typed is not None else {}


def in_hole(view: View, prompt: t.Prompt, path: tuple[str, ...]) -> Found:
    """A parameter, or a column or attribute of one."""
    formal = next((f for f in prompt.formals if f.name.name == path[0]), None)
    if formal is None:
        return None
    if len(path) == 1:
        return s.of_formal(formal, prompt)
    kind = formal_kinds(view, prompt).get(path[0])
    inner = None if kind is None else hole_kind(view.context, kind, path[1:-1])
    return None if inner is None else member(view, inner, path[-1])


def member(
    view: View, kind: k.Kind, name: str, type_: k.Type | None = None, scope: Scope | None = None
) -> Found:
    """`.name` of a value of some kind; `type_` is what it is in `scope`."""
    match kind:
        case k.Row(table) | k.Ref(table):
            return s.of_column(view, table, name, type_)
        case k.Of(vocabulary):
            return s.of_attribute(view, vocabulary, name)
        case k.ModelKind(panel):
            return s.of_factor(view, panel, name)
        case k.Dist() if name == "mass":
            shown = f" : {type_text(type_, scope)}" if type_ is not None else ""
            return Subject(
                f"mass{shown}", ("The share of probability that fell on the labels of the options.",)
            )
        case k.Record(fields) if name in dict(fields):
            return Subject(f"{name} : {k.kind_text(dict(fields)[name])}")
    return None
