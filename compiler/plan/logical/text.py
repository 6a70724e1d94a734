"""A logical plan as text: the operator tree of every measure and check, and what each rewrite changed.

Expects a logical plan. Ensures that shared work is spelled out where it stands first and named where it is used again.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator

from cyclspec.compiler.plan.logical import operators as o
from cyclspec.compiler.plan.logical.applied import Applied, Sinks

_WIDEST = 72
_MOST_COLUMNS = 6


def plan_text(sinks: Sinks, applied: tuple[Applied, ...]) -> str:
    """The trees of some sinks, and the rewrites that led to them."""
    rules = ", ".join(one.rule.name + (f" ({one.note})" if one.note else "") for one in applied)
    return "\n".join([*_aligned(sinks), f"rewrites applied: {rules or 'none'}"])


def diff_text(applied: tuple[Applied, ...]) -> str:
    """What each rewrite changed, as lines taken away and lines put in their place."""
    return "\n\n".join(map(_rewrite, applied)) if applied else "rewrites applied: none"


def _rewrite(applied: Applied) -> str:
    before, after = _aligned(applied.before), _aligned(applied.after)
    head = f"{applied.rule.name}: {applied.rule.doc}" + (f" ({applied.note})" if applied.note else "")
    changed = (
        line
        for line in difflib.unified_diff(before, after, lineterm="", n=0)
        if not line.startswith(("---", "+++", "@@"))
    )
    return "\n".join([head, *(f"  {line[0]} {line[1:]}" for line in changed)])


Line = tuple[str, str]


def _aligned(sinks: Sinks) -> list[str]:
    """The lines of some trees, with their sizes in one column as far as names let them."""
    lines = list(_trees(sinks))
    width = max((len(name) for name, _ in lines if len(name) <= _WIDEST), default=0)
    return [f"{name:<{width}}  {size}" for name, size in lines]


def _trees(sinks: Sinks) -> Iterator[Line]:
    seen: set[o.Operator] = set()
    for sink in sinks:
        yield from _tree(sink, 0, seen)


def _tree(operator: o.Operator, depth: int, seen: set[o.Operator]) -> Iterator[Line]:
    left = "  " * depth + _name(operator)
    again = operator.uses > 1 and operator in seen
    right = _size(operator) + (", as above" if again else _uses(operator))
    yield left, right
    if again:
        return
    if operator.uses > 1:
        seen.add(operator)
    for found in operator.inputs:
        yield from _tree(found, depth + 1, seen)


def _uses(operator: o.Operator) -> str:
    return f", used {operator.uses} times" if operator.uses > 1 else ""


def number(count: int) -> str:
    return f"{count:,}".replace(",", " ")


def _name(operator: o.Operator) -> str:
    match operator:
        case o.Scan(source=source, columns=columns) if len(columns) > _MOST_COLUMNS:
            return f"Scan {source} ({len(columns)} columns)"
        case o.Scan(source=source, columns=columns) if columns:
            return f"Scan {source} ({', '.join(columns)})"
        case o.Scan(source=source):
            return f"Scan {source}"
        case o.Filter(condition=condition):
            return f"Filter {condition}"
        case o.Cross(axes=axes):
            return f"Cross {' '.join(axes)}"
        case o.Draw(name=name, how=how):
            return f"Draw {name}: {how}"
        case o.Render(prompt=prompt, args=args):
            return f"Render {prompt}({', '.join(args)})"
        case o.Generate(panel=panel):
            return f"Generate {panel}"
        case o.Read(ask=ask, reader=reader, field=field):
            return f"Read {reader}  {ask}" + (f".{field}" if field else "")
        case o.Lift(what=what):
            return f"Lift {what}"
        case o.Reduce():
            return _reduction(operator)
        case o.Pick(at=at):
            return f"Pick {at}"
        case o.Fit(statistic=statistic, direction=direction, over=over):
            return f"Fit {statistic} {direction} {', '.join(over)}"
        case o.Resample(over=over, draws=draws):
            return f"Resample {', '.join(over)} {number(draws)} times"
        case o.Sink(kind=kind, name=name):
            return f"Sink {name}" if kind == "measure" else f"Sink check {name}"
    return type(operator).__name__


def _reduction(found: o.Reduce) -> str:
    by = f" by {', '.join(found.by)}" if found.by else ""
    weighted = f" weighted by {found.weighted}" if found.weighted else ""
    human = "  human" if found.human else ""
    return f"Reduce {found.reducer} {found.direction} {', '.join(found.over)}{by}{weighted}{human}"


def _size(operator: o.Operator) -> str:
    cells = number(operator.cells)
    match operator:
        case o.Sink():
            return f"{cells} cell{'' if operator.cells == 1 else 's'}"
        case o.Scan(axes=axes, columns=columns) if columns or not axes:
            return f"{cells} rows"
        case o.Filter(inputs=(inner,)):
            return f"{cells} of {number(inner.cells)}"
        case o.Reduce(human=False, inputs=(inner, *_)) | o.Fit(inputs=(inner, *_)):
            return f"{number(inner.cells)} -> {cells}"
        case o.Render():
            return f"{cells} prompts"
        case o.Generate(models=models, tries=tries):
            several = f" from {models} models" if models > 1 else ""
            return f"{cells}{several}" + (f", up to {tries} tries each" if tries > 1 else "")
    return cells
