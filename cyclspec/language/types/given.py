"""Values of parameters from outside, as expressions with their places in what gave them.

Expects expressions by the name of their parameter. Ensures one binding for each that can be read, and a diagnostic at
its place for each that cannot.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, replace
from typing import Any

from cyclspec.language.diagnostics import Diagnostic, Findings, Label
from cyclspec.language.diagnostics.base import Edit
from cyclspec.language.spans import Source, Span
from cyclspec.language.syntax import tree as t
from cyclspec.language.syntax.parse import parse_expression
from cyclspec.language.types.context import Binding
from cyclspec.language.written import Written, written


def given_values(params: Mapping[str, str], findings: Findings) -> dict[str, Binding]:
    """What parameters are bound to, by name."""
    bound: dict[str, Binding] = {}
    for name, text in params.items():
        given = written(name, text)
        expr, diagnostics = parse_expression(Source(given.origin, str(given)))
        findings.items.extend(_moved(diagnostic, given) for diagnostic in diagnostics)
        if expr is not None:
            bound[name] = Binding(_moved(expr, given), given.name, given.origin)
    return bound


def _moved(value: Any, given: Written) -> Any:
    """The same expression or diagnostic, with the places at which it was written."""
    match value:
        case Span():
            return given.place(value)
        case tuple():
            return tuple(_moved(item, given) for item in value)
        case t.Node() | Diagnostic() | Label() | Edit():
            return replace(value, **{f.name: _moved(getattr(value, f.name), given) for f in fields(value)})
    return value


def without_edits(diagnostic: Diagnostic, bindings: Mapping[str, Binding]) -> Diagnostic:
    """A diagnostic of a value from outside has no edits: edits change specs, and other places have other rules."""
    outside = {binding.name.source.name for binding in bindings.values()}
    is_outside = any(edit.span.source.name in outside for edit in diagnostic.edits)
    return replace(diagnostic, edits=()) if is_outside else diagnostic
