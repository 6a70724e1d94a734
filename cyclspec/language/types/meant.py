"""What was probably meant where a mistake parses: a help that can be typed, with the edits that type it.

Expects expressions of one source. Ensures that nothing is reported here, and that where nothing is sure there is no
help.
"""

from __future__ import annotations

import re
from typing import get_args

from cyclspec.language.diagnostics.base import Edit
from cyclspec.language.diagnostics.mend import Mend, before, several, write
from cyclspec.language.spans import Span
from cyclspec.language.syntax import tree as t
from cyclspec.language.types import kinds as k
from cyclspec.language.types import terms as h
from cyclspec.language.types import typed as d
from cyclspec.language.types.declared import TYPE_NAMES
from cyclspec.language.types.reducers import reducer_names

NOTHING = Mend()
_NULLS = frozenset({"null", "none", "nil", "na", "nan", "undefined", "missing"})
_COMMENT = re.compile(r"--[ \t]*\Z")
_WORD = re.compile(r"[^\W\d]\w*\Z")
_FIRST = re.compile(r"\w+")
_OF_READS = ("interval", "better", "adjust", "bounds", "sizes", "on_fail", "because")
_OF_ASKS = ("model", "per", "read", "parse", "missing", "history")
_FORMATS = ("parquet", "csv", "json", "jsonl", "arrow")
_LISTED = 5
_COMPARED = ("==", "!=", "<", "<=", ">", ">=", "in", "not in")


def range_meant(node: t.Expr) -> Mend:
    """`10`, `range(1, 10)`, `1 - 10` and `[1..10]` where an axis takes its levels from a range."""
    match node:
        case t.Whole() | t.Call(fn=t.Name(name="range"), args=(t.Argument(name=None),)):
            last = node.args[0].value if isinstance(node, t.Call) else node
            return write(node.span, f"1..{last.span.text}")
        case t.Call(fn=t.Name(name="range"), args=(t.Argument(value=low), t.Argument(value=high), *_)):
            return write(node.span, f"{low.span.text}..{high.span.text}")
        case t.Binary(sign="-", left=t.Whole() as low, right=t.Whole() | t.Name() as high):
            return write(node.span, f"{low.span.text}..{high.span.text}")
        case t.List(items=(t.Argument(value=t.Binary(sign="..") as inner),)):
            return write(node.span, inner.span.text)
    return NOTHING


def reduction_meant(node: t.Call) -> Mend:
    """`mean(x, over = item)`, `x.mean(item)`, `max(a, b)` and `mean(x)`: reducers written as functions."""
    match node:
        case t.Call(
            fn=t.Name(name="max" | "min" as name), args=(t.Argument(name=None), t.Argument(name=None))
        ):
            return write(node.fn.span, f"{name}imum")
        case t.Call(fn=t.Name(name=name), args=(t.Argument(name=None) as of, t.Argument() as over)) if (
            name in reducer_names("over")
            and over.name is not None
            and over.name.name in ("over", "axis", "by")
        ):
            axes = over.value.span.text.strip("[]")
            return write(node.span, f"({name} over {axes} of {of.value.span.text})")
        case t.Call(fn=t.Dot(of=of, name=t.Ident(name=name)), args=(t.Argument(name=None) as axis, *_)) if (
            name in reducer_names("over")
        ):
            return write(node.span, f"({name} over {axis.value.span.text} of {of.span.text})")
        case t.Call(fn=t.Name(name=name), args=args) if name in reducer_names("over"):
            inside = args[0].value.span.text if args else "..."
            return Mend((f"it reduces axes: `{name} over ... of {inside}`",))
    return NOTHING


def comparison_of_reduction_meant(node: t.Reduce) -> Mend:
    """`min over item of x >= 0.7`, where what is reduced should be compared."""
    inner = node.of
    if not isinstance(inner, t.Binary) or inner.sign not in _COMPARED:
        return NOTHING
    start, end = node.span.start, inner.left.span.end
    source = node.span.source
    shown = f"({source.text[start:end]}) {inner.sign} {inner.right.span.text}"
    edits = (Edit(Span(source, start, start), "("), Edit(Span(source, end, end), ")"))
    return several(edits, shown, otherwise="put parentheses around the reduction")


def in_number(side: t.Expr | h.Term) -> str:
    """A value without its unit, as it can be typed: a reduction stands in parentheses."""
    text = side.span.text
    return f"number(({text}))" if isinstance(side, t.Reduce | h.ReduceTerm) else f"number({text})"


def missing_meant(left: t.Expr, whole: Span) -> Mend:
    """`x is null`, `x == None`."""
    return write(whole, f"is_missing({left.span.text})")


def is_null(node: t.Expr | t.Ident) -> bool:
    """Whether a word is one that other languages have for a missing value."""
    return isinstance(node, t.Name | t.Ident) and node.name.lower() in _NULLS


def word_meant(node: t.Expr) -> Mend:
    """`"en"` where a bare word is expected."""
    if isinstance(node, t.TextValue) and _WORD.match(node.value):
        return write(node.span, node.value)
    return NOTHING


def words_meant(node: t.Expr, vocabulary: k.Vocabulary | None) -> Mend:
    """`["family", "work"]` where levels are expected, all of them levels."""
    if not isinstance(node, t.List) or vocabulary is None:
        return NOTHING
    texts = [item.value for item in node.items if isinstance(item.value, t.TextValue)]
    if not texts or any(vocabulary.level(text.value) is None for text in texts):
        return NOTHING
    edits = tuple(Edit(text.span, text.value) for text in texts)
    shown = ", ".join(
        item.value.value if isinstance(item.value, t.TextValue) else item.span.text for item in node.items
    )
    return several(edits, f"[{shown}]", otherwise="write levels without quotation marks")


def condition_meant(node: t.Expr, name: str) -> Mend:
    """`20% in 0%..50%` where a parameter gets its value: what holds of it stands behind `where`."""
    if not isinstance(node, t.Binary) or node.sign not in _COMPARED:
        return NOTHING
    left, right = node.left.span.text, node.right.span.text
    return write(node.span, f"{left} where {name} {node.sign} {right}")


def comment_meant(word: Span) -> Mend:
    """`-- a comment`, of which the dashes read as two minus signs."""
    source = word.source
    dashes = _COMMENT.search(source.text, max(0, word.start - _LISTED), word.start)
    if dashes is None:
        return NOTHING
    return write(Span(source, dashes.start(), dashes.start() + 2), "#", f"# {word.text}")


def place_meant(node: t.Expr) -> Mend:
    """`"gpt2"`, `demo` and `hf(Qwen/Qwen2)` where a model says where it is."""
    match node:
        case t.TextValue():
            return write(node.span, f"hf({node.span.text})")
        case t.Name(name="demo"):
            return write(node.span, "demo()")
        case t.Call(
            fn=t.Name(name="hf" | "local" | "openai" as name), args=(t.Argument(name=None, value=value),)
        ):
            return write(node.span, f'{name}("{value.span.text}")')
    return NOTHING


def file_meant(node: t.Expr) -> Mend:
    """`"items.csv"` and `csv(items.csv)` where a table says what its file is."""
    match node:
        case t.TextValue(value=path) if path.rsplit(".", 1)[-1] in _FORMATS:
            return write(node.span, f"{path.rsplit('.', 1)[-1]}({node.span.text})")
        case t.Call(fn=t.Name(name=name), args=(t.Argument(name=None, value=t.Name() | t.Dot() as path),)):
            return write(node.span, f'{name}("{path.span.text}")')
    return NOTHING


def field_meant(where: str, field: t.Field) -> Mend:
    """A field that its block does not have: one of another block, or no field at all."""
    name, value = field.name.name, field.value.span.text
    match where:
        case "audit" if name in (*_OF_READS, *_OF_ASKS):
            return write(field.span, f"{{ {name} = {value} }}")
        case "audit":
            return before(field.name.span, "let ", f"let {name} = {value}")
        case "panel" if isinstance(field.value, t.Call) and field.value.fn.span.text in get_args(d.Source):
            return before(field.name.span, "model ", f"model {name} = {value}")
        case "panel" if _after_a_call(field.span):
            return write(field.span, f"{{ {name} = {value} }}")
        case "table" if isinstance(field.value, t.Name | t.Call) and _first_word(value) in TYPE_NAMES:
            return write(field.span, f"{name} : {value}")
    return NOTHING


def _after_a_call(span: Span) -> bool:
    return span.source.text[: span.start].rstrip().endswith(")")


def _first_word(text: str) -> str:
    found = _FIRST.match(text)
    return found.group() if found else ""
