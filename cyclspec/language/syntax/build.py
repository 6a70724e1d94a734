"""Parse tree to syntax tree.

Expects a lark tree with positions. Ensures spans on every node, NFC text, dedented blocks, left-associative chains
folded into binary nodes, and a bounded depth: deeper programs are refused before any recursive pass sees them.
"""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from typing import Any

from lark import Token, Tree
from lark.visitors import Transformer_NonRecursive, v_args

from cyclspec.language.spans import Source, Span
from cyclspec.language.syntax import tree as t
from cyclspec.language.syntax.alphabet import composed
from cyclspec.language.syntax.escapes import unescaped


def unquote(literal: str) -> str:
    """The text of a string literal: escapes undone, a block dedented with one final newline removed."""
    if literal.startswith('"""'):
        body = literal[3:-3]
        lines = body.split("\n")
        if not lines[0].strip():
            body = "\n".join(lines[1:])
        return composed(textwrap.dedent(body).rstrip())
    return composed(unescaped(literal[1:-1]))


def _docs(doc: Sequence[str] | None) -> tuple[str, ...]:
    return tuple(doc or ())


def _split(items: Sequence[Any], kind: type) -> tuple[tuple[Any, ...], tuple[Any, ...]]:
    """The members of a block: those of `kind`, and the rest."""
    present = [item for item in items if item is not None]
    chosen = tuple(item for item in present if isinstance(item, kind))
    return chosen, tuple(item for item in present if not isinstance(item, kind))


@v_args(meta=True)
class TreeBuilder(Transformer_NonRecursive):  # type: ignore[type-arg]
    """One method a grammar rule; the names are the rules'."""

    def __init__(self, source: Source) -> None:
        super().__init__()
        self._source = source

    # -- places

    def _span(self, meta: Any) -> Span:
        if meta.empty:
            return Span(self._source, 0, 0)
        return Span(self._source, meta.start_pos, meta.end_pos)

    def _at(self, token: Token) -> Span:
        assert token.start_pos is not None and token.end_pos is not None
        return Span(self._source, token.start_pos, token.end_pos)

    def _ident(self, token: Token) -> t.Ident:
        return t.Ident(span=self._at(token), name=composed(str(token)))

    def _string(self, token: Token) -> t.TextValue:
        return t.TextValue(span=self._at(token), value=unquote(str(token)))

    # -- module

    def start(self, meta: Any, items: list[Any]) -> t.Module:
        doc, edition, *rest = items
        imports = tuple(i for i in rest if isinstance(i, t.ImportStd | t.ImportFile | t.ImportNames))
        decls = tuple(i for i in rest if not isinstance(i, t.ImportStd | t.ImportFile | t.ImportNames))
        return t.Module(
            span=self._span(meta), doc=_docs(doc), edition=int(edition[:9]), imports=imports, decls=decls
        )

    def edition(self, meta: Any, items: list[Any]) -> Token:
        token: Token = items[0]
        return token

    def doc(self, meta: Any, items: list[Token]) -> tuple[str, ...]:
        return tuple(composed(str(line)[2:].strip()) for line in items)

    def dotted(self, meta: Any, items: list[Token]) -> tuple[t.Ident, ...]:
        return tuple(self._ident(token) for token in items)

    names = dotted

    def import_std(self, meta: Any, items: list[Any]) -> t.ImportStd:
        module, alias, *pins = items
        name = self._ident(alias) if alias is not None else None
        return t.ImportStd(span=self._span(meta), module=module, alias=name, pins=tuple(pins))

    def import_file(self, meta: Any, items: list[Any]) -> t.ImportFile:
        path, alias, *pins = items
        return t.ImportFile(
            span=self._span(meta), path=self._string(path), alias=self._ident(alias), pins=tuple(pins)
        )

    def import_names(self, meta: Any, items: list[Any]) -> t.ImportNames:
        names, path, *pins = items
        return t.ImportNames(span=self._span(meta), names=names, path=self._string(path), pins=tuple(pins))

    def pin_version(self, meta: Any, items: list[Token]) -> t.Pin:
        return t.Pin(span=self._at(items[0]), of="version", value=unquote(str(items[0])))

    def pin_hash(self, meta: Any, items: list[Token]) -> t.Pin:
        return t.Pin(span=self._at(items[0]), of="hash", value=str(items[0]))

    # -- declarations

    def param(self, meta: Any, items: list[Any]) -> t.Param:
        doc, name, type_, default, where = items
        return t.Param(
            span=self._span(meta),
            doc=_docs(doc),
            name=self._ident(name),
            type=type_,
            default=default,
            where=where,
        )

    def _vocabulary(self, word: Any, meta: Any, items: list[Any]) -> t.VocabularyDecl:
        doc, name, type_, *levels = items
        return t.VocabularyDecl(
            span=self._span(meta),
            doc=_docs(doc),
            word=word,
            name=self._ident(name),
            type=type_,
            levels=tuple(levels),
        )

    def scale(self, meta: Any, items: list[Any]) -> t.VocabularyDecl:
        return self._vocabulary("scale", meta, items)

    def axis(self, meta: Any, items: list[Any]) -> t.VocabularyDecl:
        return self._vocabulary("axis", meta, items)

    def level(self, meta: Any, items: list[Any]) -> t.Level:
        doc, missing, name, code, label, attributes = items
        return t.Level(
            span=self._span(meta),
            doc=_docs(doc),
            missing=missing is not None,
            name=self._ident(name),
            code=code,
            label=label,
            attributes=attributes or (),
        )

    def label(self, meta: Any, items: list[Any]) -> t.TextValue | t.I18n:
        label = items[0]
        return self._string(label) if isinstance(label, Token) else label

    def corpus(self, meta: Any, items: list[Any]) -> t.Corpus:
        doc, name, *members = items
        fields, tables = _split(members, t.Field)
        return t.Corpus(
            span=self._span(meta), doc=_docs(doc), name=self._ident(name), tables=tables, fields=fields
        )

    def table(self, meta: Any, items: list[Any]) -> t.Table:
        doc, name, *members = items
        fields, columns = _split(members, t.Field)
        return t.Table(
            span=self._span(meta), doc=_docs(doc), name=self._ident(name), columns=columns, fields=fields
        )

    def column(self, meta: Any, items: list[Any]) -> t.Column:
        doc, name, type_, where = items[:4]
        return t.Column(
            span=self._span(meta), doc=_docs(doc), name=self._ident(name), type=type_, where=where
        )

    def target(self, meta: Any, items: list[Any]) -> t.Target:
        doc, name, fields = items
        return t.Target(span=self._span(meta), doc=_docs(doc), name=self._ident(name), fields=fields)

    def prompt(self, meta: Any, items: list[Any]) -> t.Prompt:
        doc, name, formals, result, *members = items
        fields, messages = _split(members, t.Field)
        return t.Prompt(
            span=self._span(meta),
            doc=_docs(doc),
            name=self._ident(name),
            formals=formals or (),
            result=result,
            messages=messages,
            fields=fields,
        )

    def message(self, meta: Any, items: list[Any]) -> t.Message:
        role, lang, template = items
        tag = self._ident(lang) if lang is not None else None
        return t.Message(span=self._span(meta), role=role, lang=tag, template=template)

    def role(self, meta: Any, items: list[Token]) -> str:
        return str(items[0])

    def template(self, meta: Any, items: list[Token]) -> t.TextValue:
        return self._string(items[0])

    def formals(self, meta: Any, items: list[Any]) -> tuple[t.Formal, ...]:
        return tuple(item for item in items if isinstance(item, t.Formal))

    def formal(self, meta: Any, items: list[Any]) -> t.Formal:
        name, type_, default = items
        return t.Formal(span=self._span(meta), name=self._ident(name), type=type_, default=default)

    def metric(self, meta: Any, items: list[Any]) -> t.Metric:
        doc, name, formals, result, where, body = items
        return t.Metric(
            span=self._span(meta),
            doc=_docs(doc),
            name=self._ident(name),
            formals=formals or (),
            result=result,
            where=where,
            body=body,
        )

    def metric_expr(self, meta: Any, items: list[Any]) -> t.Expr:
        expr: t.Expr = items[0]
        return expr

    def metric_python(self, meta: Any, items: list[Any]) -> t.PythonBody:
        target, pin = items
        return t.PythonBody(
            span=self._span(meta), target=self._string(target), hash=str(pin) if pin is not None else None
        )

    def panel(self, meta: Any, items: list[Any]) -> t.Panel:
        doc, name, *members = items
        fields, rest = _split(members, t.Field)
        factors, models = _split(rest, t.Factor)
        return t.Panel(
            span=self._span(meta),
            doc=_docs(doc),
            name=self._ident(name),
            factors=factors,
            models=models,
            fields=fields,
        )

    def factor(self, meta: Any, items: list[Any]) -> t.Factor:
        doc, name, type_, *levels = items
        return t.Factor(
            span=self._span(meta),
            doc=_docs(doc),
            name=self._ident(name),
            type=type_,
            levels=tuple(level for level in levels if level is not None),
        )

    def model(self, meta: Any, items: list[Any]) -> t.Model:
        doc, name, source, fields = items
        return t.Model(
            span=self._span(meta), doc=_docs(doc), name=self._ident(name), source=source, fields=fields or ()
        )

    # -- audits

    def audit(self, meta: Any, items: list[Any]) -> t.Audit:
        doc, name, *members = items
        fields, statements = _split(members, t.Field)
        return t.Audit(
            span=self._span(meta),
            doc=_docs(doc),
            name=self._ident(name),
            statements=statements,
            fields=fields,
        )

    def each(self, meta: Any, items: list[Any]) -> t.Each:
        doc, names, source, where = items
        return t.Each(span=self._span(meta), doc=_docs(doc), names=names, source=source, where=where)

    def ask(self, meta: Any, items: list[Any]) -> t.Ask:
        doc, name, value, fields = items
        return t.Ask(
            span=self._span(meta), doc=_docs(doc), name=self._ident(name), value=value, fields=fields or ()
        )

    def let(self, meta: Any, items: list[Any]) -> t.Let:
        doc, name, type_, value = items
        return t.Let(span=self._span(meta), doc=_docs(doc), name=self._ident(name), type=type_, value=value)

    def measure(self, meta: Any, items: list[Any]) -> t.Measure:
        doc, name, by, type_, value, fields = items
        return t.Measure(
            span=self._span(meta),
            doc=_docs(doc),
            name=self._ident(name),
            by=by or (),
            type=type_,
            value=value,
            fields=fields or (),
        )

    def check(self, meta: Any, items: list[Any]) -> t.Check:
        doc, name, value, fields = items
        return t.Check(
            span=self._span(meta), doc=_docs(doc), name=self._ident(name), value=value, fields=fields or ()
        )

    def block(self, meta: Any, items: list[Any]) -> tuple[t.Field, ...]:
        return tuple(items)

    def field(self, meta: Any, items: list[Any]) -> t.Field:
        doc, name, value = items[:3]
        return t.Field(span=self._span(meta), doc=_docs(doc), name=self._ident(name), value=value)

    # -- types

    def type_name(self, meta: Any, items: list[Any]) -> t.NamedType:
        name, args, optional = items
        return t.NamedType(span=self._span(meta), name=name, args=args or (), optional=optional is not None)

    def type_record(self, meta: Any, items: list[Any]) -> t.RecordType:
        return t.RecordType(span=self._span(meta), columns=tuple(items))

    # -- expressions

    def reduce(self, meta: Any, items: list[Any]) -> t.Reduce:
        reducer, direction, axes, by, weight, of = items
        head = reducer.span.to(axes[-1].span)
        return t.Reduce(
            span=self._span(meta),
            reducer=reducer,
            direction=direction,
            axes=axes,
            by=by or (),
            weight=weight,
            of=of,
            head=head,
        )

    def direction(self, meta: Any, items: list[Token]) -> str:
        return str(items[0])

    def cond(self, meta: Any, items: list[Any]) -> t.If:
        condition, then, otherwise = items
        return t.If(span=self._span(meta), condition=condition, then=then, otherwise=otherwise)

    def _logic(self, word: Any, meta: Any, items: list[Any]) -> t.Expr:
        if len(items) == 1:
            only: t.Expr = items[0]
            return only
        return t.Logic(span=self._span(meta), word=word, args=tuple(items))

    def or_expr(self, meta: Any, items: list[Any]) -> t.Expr:
        return self._logic("or", meta, items)

    def and_expr(self, meta: Any, items: list[Any]) -> t.Expr:
        return self._logic("and", meta, items)

    def not_(self, meta: Any, items: list[Any]) -> t.Not:
        return t.Not(span=self._span(meta), of=items[0])

    def _binary(self, span: Span, sign: str, left: t.Expr, right: t.Expr) -> t.Binary:
        return t.Binary(span=span, sign=sign, left=left, right=right)

    def compare(self, meta: Any, items: list[Any]) -> t.Binary:
        left, sign, right = items
        return self._binary(self._span(meta), str(sign), left, right)

    def member(self, meta: Any, items: list[Any]) -> t.Binary:
        return self._binary(self._span(meta), "in", items[0], items[1])

    def not_member(self, meta: Any, items: list[Any]) -> t.Binary:
        return self._binary(self._span(meta), "not in", items[0], items[1])

    def is_kind(self, meta: Any, items: list[Any]) -> t.Is:
        return t.Is(span=self._span(meta), left=items[0], word=self._ident(items[1]))

    def range_(self, meta: Any, items: list[Any]) -> t.Expr:
        low, high = items
        return low if high is None else self._binary(self._span(meta), "..", low, high)

    def _chain(self, meta: Any, items: list[Any]) -> t.Expr:
        folded: t.Expr = items[0]
        whole = self._span(meta)
        for sign, right in zip(items[1::2], items[2::2], strict=True):
            end = whole.end if right is items[-1] else right.span.end
            folded = self._binary(Span(self._source, whole.start, end), str(sign), folded, right)
        return folded

    sum_ = _chain
    term = _chain

    def neg(self, meta: Any, items: list[Any]) -> t.Negative:
        return t.Negative(span=self._span(meta), of=items[0])

    def power(self, meta: Any, items: list[Any]) -> t.Expr:
        base, exponent = items
        return base if exponent is None else self._binary(self._span(meta), "^", base, exponent)

    def attr(self, meta: Any, items: list[Any]) -> t.Dot:
        return t.Dot(span=self._span(meta), of=items[0], name=self._ident(items[1]))

    def call(self, meta: Any, items: list[Any]) -> t.Call:
        fn, args = items
        return t.Call(span=self._span(meta), fn=fn, args=args or ())

    def pick(self, meta: Any, items: list[Any]) -> t.Pick:
        of, *at = items
        return t.Pick(span=self._span(meta), of=of, at=tuple(at))

    def select(self, meta: Any, items: list[Any]) -> t.Select:
        return t.Select(span=self._span(meta), axis=self._ident(items[0]), level=items[1])

    def args(self, meta: Any, items: list[Any]) -> tuple[t.Argument, ...]:
        return tuple(
            item if isinstance(item, t.Argument) else t.Argument(span=item.span, name=None, value=item)
            for item in items
            if item is not None
        )

    def named_arg(self, meta: Any, items: list[Any]) -> t.Argument:
        return t.Argument(span=self._span(meta), name=self._ident(items[0]), value=items[1])

    def name(self, meta: Any, items: list[Token]) -> t.Name:
        ident = self._ident(items[0])
        return t.Name(span=ident.span, name=ident.name)

    def int_(self, meta: Any, items: list[Token]) -> t.Whole:
        return t.Whole(span=self._span(meta), value=str(items[0]))

    def float_(self, meta: Any, items: list[Token]) -> t.Real:
        return t.Real(span=self._span(meta), value=str(items[0]))

    def quantity(self, meta: Any, items: list[Token]) -> t.Quantity:
        text = str(items[0])
        digits = text[: next(i for i, char in enumerate(text) if char not in "0123456789.")]
        return t.Quantity(span=self._span(meta), value=digits, unit=text[len(digits) :])

    def date(self, meta: Any, items: list[Token]) -> t.DateValue:
        return t.DateValue(span=self._span(meta), value=str(items[0]))

    def string(self, meta: Any, items: list[Token]) -> t.TextValue:
        return self._string(items[0])

    text = string

    def hash_(self, meta: Any, items: list[Token]) -> t.HashValue:
        return t.HashValue(span=self._span(meta), value=str(items[0]))

    def true_(self, meta: Any, items: list[Any]) -> t.Truth:
        return t.Truth(span=self._span(meta), value=True)

    def false_(self, meta: Any, items: list[Any]) -> t.Truth:
        return t.Truth(span=self._span(meta), value=False)

    def list_(self, meta: Any, items: list[Any]) -> t.List:
        return t.List(span=self._span(meta), items=items[0] or () if items else ())

    def i18n(self, meta: Any, items: list[Any]) -> t.I18n:
        return t.I18n(span=self._span(meta), entries=tuple(items))

    def i18n_entry(self, meta: Any, items: list[Any]) -> t.I18nEntry:
        return t.I18nEntry(span=self._span(meta), lang=composed(str(items[0])), text=unquote(str(items[1])))

    def group(self, meta: Any, items: list[Any]) -> t.Expr:
        expr: t.Expr = items[0]
        return expr


def build(parsed: Tree[Token], source: Source) -> Any:
    """The syntax tree of one parsed start symbol."""
    return TreeBuilder(source).transform(parsed)
