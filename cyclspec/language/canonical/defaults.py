"""What the language says where a text says nothing: defaults written out, and one order for what has none.

A default is written out where it can be. A code or label that repeats its level's name, and the usual `parse`, are left
out instead.

Expects trees, of programs with errors too. Ensures that two statements become equal which differ only in whether they
spell a default, or in the order of their fields and named arguments, and that no program comes to mean something else.
The defaults of the formals of prompts and metrics stand in their declarations and are not written out here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import cache

from cyclspec.language.spans import Source, Span
from cyclspec.language.syntax import tree as t
from cyclspec.language.types.reducers import REDUCERS

NOWHERE = Span(Source("canonical form", ""), 0, 0)
Values = Mapping[str, t.Expr]


def _word(name: str) -> t.Expr:
    return t.Name(span=NOWHERE, name=name)


def _whole(value: int) -> t.Expr:
    return t.Whole(span=NOWHERE, value=str(value))


def _real(text: str) -> t.Expr:
    return t.Real(span=NOWHERE, value=text)


def _text(value: str) -> t.TextValue:
    return t.TextValue(span=NOWHERE, value=value)


def _list(*words: str) -> t.List:
    items = (t.Argument(span=NOWHERE, name=None, value=_word(word)) for word in words)
    return t.List(span=NOWHERE, items=tuple(items))


_FALSE = t.Truth(span=NOWHERE, value=False)
_CHANCE: Values = {"temperature": _real("1.0"), "top_p": _real("1.0")}
FIELDS: Mapping[type[t.Node], Values] = {
    t.Audit: {"seed": _whole(0), "offer_missing": _FALSE, "count_missing": _FALSE},
    t.Ask: {"per": _list()},
    t.Check: {"on_fail": _word("withhold")},
    t.Table: {"tolerance": _real("0.005")},
    t.Target: {"min_n": _whole(0)},
}
CALLS: Mapping[tuple[type[t.Node], str], Mapping[str, Values]] = {
    (t.Ask, "read"): {
        "first_token": {"labels": _word("letters"), "variants": _word("exact")},
        "option_likelihood": {"normalise": _word("none"), "boundary": _word("joint")},
        "sampled": {**_CHANCE, "max_tokens": _whole(64)},
        "text": {**_CHANCE, "max_tokens": _whole(256)},
        "json": {**_CHANCE, "max_tokens": _whole(256), "decoding": _word("constrained")},
        "recorded": {},
    },
    (t.Ask, "history"): {"turns": {}},
    (t.Measure, "interval"): {
        "bootstrap": {"draws": _whole(2000), "level": t.Quantity(span=NOWHERE, value="95", unit="%")},
    },
    (t.Each, "source"): {
        "permutations": {},
        "waves": {},
        "sample": {"strata": _list()},
        "holdout": {"name": _text("")},
        "rest": {"name": _text("")},
        "draw": {},
        "shuffled": {},
    },
}  # fmt: skip
# Only a choice can be parsed, and whether an ask reads one its text alone does not say: this default is left out.
_PARSERS = _list("leading_letter", "labelled", "option_text")


def completed(node: t.Node) -> t.Node:
    """One node with the defaults of its own written out; what is inside of it is as before."""
    match node:
        case t.Ask() | t.Measure() | t.Check() | t.Audit() | t.Table() | t.Target():
            return replace(node, fields=_fields(type(node), node.fields))
        case t.Corpus() | t.Prompt() | t.Panel() | t.Model():
            return replace(node, fields=_sorted(node.fields))
        case t.Each(source=t.Call() as source):
            return replace(node, source=_source(source))
        case t.Reduce(reducer=reducer, direction=direction):
            return replace(node, reducer=_called(reducer, _reducers(direction)))
        case t.Level(name=name, code=code, label=label):
            # Every level would have its name three times over, so what only repeats the name is left out instead.
            word = _text(name.name)
            return replace(node, code=None if code == word else code, label=None if label == word else label)
    return node


def _source(source: t.Call) -> t.Expr:
    """A source and, where one is made of another, `sample(holdout(..), ..)`, also that one."""
    known = CALLS[t.Each, "source"]
    args = tuple(replace(arg, value=_called(arg.value, known)) for arg in source.args)
    return _called(replace(source, args=args), known)


def _fields(owner: type[t.Node], fields: tuple[t.Field, ...]) -> tuple[t.Field, ...]:
    """The fields of a block with those that were left out."""
    given = {field.name.name for field in fields}
    more = (_field(name, value) for name, value in FIELDS.get(owner, {}).items() if name not in given)
    kept = (field for field in fields if not (field.name.name == "parse" and field.value == _PARSERS))
    return _sorted(_field_completed(owner, field) for field in (*kept, *more))


def _field(name: str, value: t.Expr) -> t.Field:
    return t.Field(span=NOWHERE, doc=(), name=t.Ident(span=NOWHERE, name=name), value=value)


def _field_completed(owner: type[t.Node], field: t.Field) -> t.Field:
    known = CALLS.get((owner, field.name.name))
    return field if known is None else replace(field, value=_called(field.value, known))


def _sorted(fields: Iterable[t.Field]) -> tuple[t.Field, ...]:
    return tuple(sorted(fields, key=lambda field: field.name.name))


@cache
def _reducers(direction: str) -> Mapping[str, Values]:
    """The arguments of reducers that need not be given."""
    return {
        name: {
            p.name: _whole(int(p.default)) if p.is_a == "whole" else _word(p.default)
            for p in reducer.parameters
            if p.default
        }
        for (name, along), reducer in REDUCERS.items()
        if along == direction
    }


def _called(expr: t.Expr, known: Mapping[str, Values]) -> t.Expr:
    """`sampled` or `sampled(top_p = 0.9)` with all its arguments, those with a name in one order."""
    match expr:
        case t.Name(name=name) if known.get(name):
            return t.Call(span=expr.span, fn=expr, args=_named(known[name], ()))
        case t.Call(fn=t.Name(name=name), args=args) if name in known:
            return replace(expr, args=_named(known[name], args))
    return expr


def _named(defaults: Values, args: tuple[t.Argument, ...]) -> tuple[t.Argument, ...]:
    given = {arg.name.name for arg in args if arg.name is not None}
    more = (argument(name, value) for name, value in defaults.items() if name not in given)
    named = (arg for arg in args if arg.name is not None)
    plain = (arg for arg in args if arg.name is None)
    return (*plain, *sorted((*named, *more), key=lambda arg: str(arg.name)))


def argument(name: str, value: t.Expr) -> t.Argument:
    """`name = value`."""
    return t.Argument(span=NOWHERE, name=t.Ident(span=NOWHERE, name=name), value=value)
