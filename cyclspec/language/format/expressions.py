"""Expressions and types as documents.

Expects trees. Ensures that parentheses stand exactly where precedence needs them, that reading a document back gives
the same tree, and that lists are on one line or one element a line, the latter wherever a comment stands in them.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from typing import assert_never

from cyclspec.language.format.layout import Doc, Either, Hard, Line, Nest, columns, flat, group, joined
from cyclspec.language.format.original import Original
from cyclspec.language.format.texts import literal, string
from cyclspec.language.syntax import tree as t

ANY, OPERAND, OR, AND, NOT, COMPARISON, RANGE, SUM, TERM, UNARY, POWER, POSTFIX = range(12)
_SIGNS = {"+": SUM, "-": SUM, "*": TERM, "/": TERM, "^": POWER, "..": RANGE}
_SIDES = {SUM: (SUM, TERM), TERM: (TERM, UNARY), POWER: (POSTFIX, UNARY), RANGE: (SUM, SUM)}


def binding(node: t.Expr) -> int:
    """How tightly an expression holds together: the rule of the grammar that it is."""
    match node:
        case t.Reduce():
            return ANY
        case t.If():
            return OPERAND
        case t.Logic(word=word):
            return OR if word == "or" else AND
        case t.Not():
            return NOT
        case t.Is():
            return COMPARISON
        case t.Binary(sign=sign):
            return _SIGNS.get(sign, COMPARISON)
        case t.Negative():
            return UNARY
    return POSTFIX


class Expressions(ABC):
    """Turns expressions and types into documents, as their author's decisions ask for."""

    def __init__(self, original: Original) -> None:
        self.original = original
        self.notes = original.notes

    # -- lists

    def bracket(
        self,
        owner: t.Node,
        brackets: tuple[str, str],
        elements: Iterable[tuple[t.Node, Doc]],
        *,
        pad: str = "",
        comma: bool = True,
        broken: bool = False,
    ) -> Doc:
        """A bracketed list with the comments of its elements; `comma`: whether the last may have one."""
        parts: list[Doc] = []
        pairs = list(elements)
        for index, (node, doc) in enumerate(pairs):
            final = index == len(pairs) - 1
            after: Doc = Either("," if comma else "", "") if final else ","
            parts.append(self._noted(node, (doc, after)))
        last = [remark.text for remark in self.notes.last.get((id(owner), "list"), [])]
        if not pairs and not last:
            return brackets[0] + brackets[1]
        broken = broken or self.notes.touch((node for node, _ in pairs), (id(owner), "list"))
        inner = joined([*parts, *last], Line())
        return group(
            brackets[0], Nest((Line(pad), inner)), Hard() if last else Line(pad), brackets[1], broken=broken
        )

    def _noted(self, node: t.Node, doc: Doc) -> Doc:
        """An element with the comments above and beside it."""
        above = [(remark.text, Hard()) for remark in self.notes.above.get(id(node), [])]
        beside = self.notes.beside.get(id(node))
        return (*above, doc, f"  {beside}" if beside else "")

    def arguments(self, owner: t.Node, brackets: tuple[str, str], args: Sequence[t.Argument]) -> Doc:
        return self.bracket(owner, brackets, [(arg, self._argument(arg)) for arg in args])

    def _argument(self, arg: t.Argument) -> Doc:
        value = self.expr(arg.value, OPERAND)
        return value if arg.name is None else (f"{arg.name} = ", value)

    def signature(self, owner: t.Prompt | t.Metric, width: int) -> Doc:
        """Name, formal parameters and result; too wide for a line, the parameters stand one a line."""
        name, result = f"{type(owner).__name__.lower()} {owner.name}", self.type(owner.result)
        whole = (name, self._formals(owner), " -> ", result)
        text = flat(whole)
        if text is None or columns(text) + 2 <= width or not owner.formals:
            return whole
        return (name, self._formals(owner, broken=True), " -> ", result)

    def _formals(self, owner: t.Prompt | t.Metric, *, broken: bool = False) -> Doc:
        """Formal parameters; where they stand one a line their colons are aligned."""
        widest = max((columns(formal.name.name) for formal in owner.formals), default=0)
        elements = [(formal, self._formal(formal, widest)) for formal in owner.formals]
        return self.bracket(owner, ("(", ")"), elements, broken=broken)

    def _formal(self, formal: t.Formal, widest: int) -> Doc:
        name = formal.name.name
        padded = name + " " * (widest - columns(name))
        default: Doc = "" if formal.default is None else (" = ", self.expr(formal.default))
        return (Either(f"{padded} : ", f"{name}: "), self.type(formal.type), default)

    # -- types

    def type(self, node: t.TypeExpr) -> Doc:
        match node:
            case t.NamedType():
                args: Doc = self.arguments(node, ("(", ")"), node.args) if node.args else ""
                return (node.dotted, args, "?" if node.optional else "")
            case t.RecordType():
                return self._record(node)
        assert_never(node)

    def _record(self, node: t.RecordType) -> Doc:
        touched = self.notes.touch(node.columns, (id(node), "block")) or any(c.doc for c in node.columns)
        if self.original.inline(node) and not touched:
            docs = [(column, self.column(column, sign=": ")) for column in node.columns]
            return ("record ", self.bracket(node, ("{", "}"), docs, pad=" "))
        lines = self.inside(node, 2)
        note = self.notes.head.get((id(node), "block"))
        if not lines and note is None:
            return "record { }"
        opening = "record {" if note is None else f"record {{  {note}"
        return (opening, Nest(tuple(part for line in lines for part in (Hard(), line))), Hard(), "}")

    @abstractmethod
    def inside(self, node: t.Node, indent: int) -> list[str]:
        """The lines of a block's members, which begin at column `indent`."""

    def column(self, column: t.Column, *, sign: str = " : ") -> Doc:
        return (f"{column.name}{sign}", self.type(column.type), self.where(column.where))

    def where(self, condition: t.Expr | None, *, before_sign: bool = False) -> Doc:
        """A condition; before `=`, where any word is a name, a truth at its end is kept from being read as one."""
        if condition is None:
            return ""
        doc = self.expr(condition)
        if before_sign and ends_in_truth(condition):
            doc = ("(", Nest(doc, 1), ")")
        return group(Nest((Line(), "where ", doc)))

    # -- expressions

    def expr(self, node: t.Expr, least: int = ANY) -> Doc:
        """An expression where the grammar asks for one that binds at least so tightly."""
        doc = self._bare(node)
        return doc if binding(node) >= least else ("(", Nest(doc, 1), ")")

    def operand(self, node: t.Expr, least: int, parent: t.Expr) -> Doc:
        """An operand; parentheses that nothing needs stay where they help to read."""
        if least <= binding(node) < POSTFIX and self.original.grouped(node, parent):
            return self.expr(node, POSTFIX)
        doc = self.expr(node, least)
        looser = isinstance(parent, t.Logic | t.Binary) and least <= binding(node) != binding(parent)
        return Nest(doc) if looser and binding(node) < UNARY else doc

    def _bare(self, node: t.Expr) -> Doc:
        match node:
            case t.Name(name=name):
                return name
            case t.Whole() | t.Real() | t.DateValue() | t.HashValue():
                return node.value
            case t.Quantity():
                return node.value + node.unit
            case t.TextValue():
                return literal(node.value, self.original.spelling(node))
            case t.Truth():
                return "true" if node.value else "false"
            case t.I18n():
                return self.bracket(node, ("{", "}"), [(entry, self.entry(entry)) for entry in node.entries])
            case t.List():
                return self.arguments(node, ("[", "]"), node.items)
            case t.Dot():
                return (self.expr(node.of, POSTFIX), f".{node.name}")
            case t.Call():
                return (self.expr(node.fn, POSTFIX), self.arguments(node, ("(", ")"), node.args))
            case t.Pick():
                return (self.expr(node.of, POSTFIX), self._picked(node))
            case t.Negative():
                return ("-", self.operand(node.of, UNARY, node))
            case t.Not():
                return ("not ", self.operand(node.of, NOT, node))
            case t.Logic() | t.Binary() | t.Is() | t.If():
                return self._compound(node)
            case t.Reduce():
                return self._reduce(node)
        assert_never(node)

    def entry(self, entry: t.I18nEntry) -> str:
        return f"{entry.lang}: {string(entry.text, self.original.spelling(entry))}"

    def string(self, node: t.TextValue | t.Pin) -> str:
        """A text where the grammar takes no block."""
        return string(node.value, self.original.spelling(node))

    def _picked(self, node: t.Pick) -> Doc:
        levels = [(at, (f"{at.axis}: ", self.expr(at.level, OPERAND))) for at in node.at]
        return self.bracket(node, ("[", "]"), levels, comma=False)

    def _compound(self, node: t.Logic | t.Binary | t.Is | t.If) -> Doc:
        match node:
            case t.Logic(word=word):
                inner = OR if word == "or" else AND
                args = [self.operand(arg, inner + 1, node) for arg in node.args]
                return group(joined(args, (Line(), f"{word} ")))
            case t.Is():
                return (self.expr(node.left, RANGE), f" is {node.word}")
            case t.If():
                condition = ("if ", self.expr(node.condition, OR))
                then = (Line(), "then ", self.expr(node.then, OPERAND))
                return group(condition, then, Line(), "else ", self.expr(node.otherwise, OPERAND))
            case t.Binary():
                return self._binary(node)
        assert_never(node)

    def _binary(self, node: t.Binary) -> Doc:
        left, right = _SIDES.get(binding(node), (RANGE, RANGE))
        sides = self.operand(node.left, left, node), self.operand(node.right, right, node)
        if node.sign == ".." and min(binding(node.left), binding(node.right)) >= UNARY:
            return (sides[0], "..", sides[1])
        return group(sides[0], Line(), f"{node.sign} ", sides[1])

    def _reduce(self, node: t.Reduce) -> Doc:
        head: list[Doc] = [self.expr(node.reducer, POSTFIX), Line(), f"{node.direction} {names(node.axes)}"]
        if node.by:
            head += [Line(), f"by {names(node.by)}"]
        if node.weight is not None:
            head += [Line(), "weighted by ", self.expr(node.weight, POSTFIX)]
        of = self.operand(node.of, ANY, node)
        if isinstance(node.of, t.Reduce):
            of = (Either("", "("), self.expr(node.of), Either("", ")"))
        broken = self.original.breaks_before(node.of)
        return (group(*head), " of", group(Nest((Line(), of)), broken=broken))


def ends_in_truth(node: t.Expr) -> bool:
    """Whether the last word of an expression can be `true` or `false`."""
    match node:
        case t.Truth():
            return True
        case t.Logic(args=(*_, last)) | t.Binary(right=last) | t.Negative(of=last) | t.Not(of=last):
            return ends_in_truth(last)
        case t.If(otherwise=last) | t.Reduce(of=last):
            return ends_in_truth(last)
    return False


def names(idents: Iterable[t.Ident]) -> str:
    return ", ".join(ident.name for ident in idents)


def on_one_line(doc: Doc, room: int) -> str | None:
    """A document on one line of at most `room` columns, if it can be."""
    text = flat(doc)
    return text if text is not None and columns(text) <= room else None
