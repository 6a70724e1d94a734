"""The syntax tree: one frozen dataclass a construct, each with its span.

Produced by `build`, read by every later pass. Ensures: text blocks are dedented and NFC-normalised, parentheses are
gone (precedence is the tree), nothing is resolved and no default is filled in. `kind` names declarations and `op`
expressions in the canonical form; spans never take part in equality.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, ClassVar, Literal

from cyclspec.language.spans import Span
from cyclspec.language.syntax import shapes as s


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """Every node has the place it was written at."""

    span: Span = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ident(Node):
    """A name where one is declared, bound or listed."""

    name: Annotated[str, s.NAME]

    def __str__(self) -> str:
        return self.name


# ---- expressions


@dataclass(frozen=True, slots=True, kw_only=True)
class Name(Node):
    op: ClassVar[str] = "name"
    name: Annotated[str, s.NAME]


@dataclass(frozen=True, slots=True, kw_only=True)
class Whole(Node):
    op: ClassVar[str] = "int"
    value: Annotated[str, s.DIGITS]


@dataclass(frozen=True, slots=True, kw_only=True)
class Real(Node):
    op: ClassVar[str] = "real"
    value: Annotated[str, s.REAL]


@dataclass(frozen=True, slots=True, kw_only=True)
class Quantity(Node):
    """A number with a unit or magnitude: `95%`, `7B`, `7d`."""

    op: ClassVar[str] = "quantity"
    value: Annotated[str, s.DECIMAL]
    unit: Annotated[str, s.SUFFIX]


@dataclass(frozen=True, slots=True, kw_only=True)
class DateValue(Node):
    op: ClassVar[str] = "date"
    value: Annotated[str, s.DATE]


@dataclass(frozen=True, slots=True, kw_only=True)
class TextValue(Node):
    op: ClassVar[str] = "text"
    value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HashValue(Node):
    op: ClassVar[str] = "hash"
    value: Annotated[str, s.HASH]


@dataclass(frozen=True, slots=True, kw_only=True)
class Truth(Node):
    op: ClassVar[str] = "bool"
    value: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class I18nEntry(Node):
    lang: Annotated[str, s.NAME]
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class I18n(Node):
    op: ClassVar[str] = "i18n"
    entries: Annotated[tuple[I18nEntry, ...], s.SOME]


@dataclass(frozen=True, slots=True, kw_only=True)
class Argument(Node):
    """An argument of a call, a type or a list; `name` is None for a positional one."""

    name: Ident | None
    value: Expr


@dataclass(frozen=True, slots=True, kw_only=True)
class List(Node):
    op: ClassVar[str] = "list"
    items: tuple[Argument, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Dot(Node):
    op: ClassVar[str] = "."
    of: Expr
    name: Ident


@dataclass(frozen=True, slots=True, kw_only=True)
class Call(Node):
    op: ClassVar[str] = "call"
    fn: Expr
    args: tuple[Argument, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Select(Node):
    axis: Ident
    level: Expr


@dataclass(frozen=True, slots=True, kw_only=True)
class Pick(Node):
    op: ClassVar[str] = "pick"
    of: Expr
    at: Annotated[tuple[Select, ...], s.SOME]


@dataclass(frozen=True, slots=True, kw_only=True)
class Negative(Node):
    op: ClassVar[str] = "neg"
    of: Expr


@dataclass(frozen=True, slots=True, kw_only=True)
class Not(Node):
    op: ClassVar[str] = "not"
    of: Expr


@dataclass(frozen=True, slots=True, kw_only=True)
class Logic(Node):
    op: ClassVar[str] = "logic"
    word: Literal["and", "or"]
    args: Annotated[tuple[Expr, ...], s.TWO]


@dataclass(frozen=True, slots=True, kw_only=True)
class Binary(Node):
    """Arithmetic, comparison, membership (`in`, `not in`) and ranges (`..`)."""

    op: ClassVar[str] = "binary"
    sign: Annotated[str, s.SIGN]
    left: Expr
    right: Expr


@dataclass(frozen=True, slots=True, kw_only=True)
class Is(Node):
    op: ClassVar[str] = "is"
    left: Expr
    word: Ident


@dataclass(frozen=True, slots=True, kw_only=True)
class If(Node):
    op: ClassVar[str] = "if"
    condition: Expr
    then: Expr
    otherwise: Expr


@dataclass(frozen=True, slots=True, kw_only=True)
class Reduce(Node):
    op: ClassVar[str] = "reduce"
    reducer: Expr
    direction: Literal["over", "along"]
    axes: Annotated[tuple[Ident, ...], s.SOME]
    by: tuple[Ident, ...]
    weight: Expr | None
    of: Expr
    head: Span = field(compare=False, repr=False)


Expr = (
    Name
    | Whole
    | Real
    | Quantity
    | DateValue
    | TextValue
    | HashValue
    | Truth
    | I18n
    | List
    | Dot
    | Call
    | Pick
    | Negative
    | Not
    | Logic
    | Binary
    | Is
    | If
    | Reduce
)


# ---- types


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedType(Node):
    """`dotted(args)?`; `optional` for the question mark."""

    kind: ClassVar[str] = "type"
    name: Annotated[tuple[Ident, ...], s.SOME]
    args: tuple[Argument, ...]
    optional: Annotated[bool, s.FLAG]

    @property
    def dotted(self) -> str:
        return ".".join(ident.name for ident in self.name)


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordType(Node):
    kind: ClassVar[str] = "record"
    columns: tuple[Column, ...]


TypeExpr = NamedType | RecordType


# ---- declarations


@dataclass(frozen=True, slots=True, kw_only=True)
class Field(Node):
    kind: ClassVar[str] = "field"
    doc: tuple[Annotated[str, s.DOC], ...]
    name: Ident
    value: Expr


@dataclass(frozen=True, slots=True, kw_only=True)
class Pin(Node):
    kind: ClassVar[str] = "pin"
    of: Literal["version", "hash"]
    value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportStd(Node):
    kind: ClassVar[str] = "import_std"
    module: Annotated[tuple[Ident, ...], s.SOME]
    alias: Ident | None
    pins: tuple[Pin, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportFile(Node):
    kind: ClassVar[str] = "import_file"
    path: TextValue
    alias: Ident
    pins: tuple[Pin, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportNames(Node):
    kind: ClassVar[str] = "import_names"
    names: Annotated[tuple[Ident, ...], s.SOME]
    path: TextValue
    pins: tuple[Pin, ...]


Import = ImportStd | ImportFile | ImportNames


@dataclass(frozen=True, slots=True, kw_only=True)
class Param(Node):
    kind: ClassVar[str] = "param"
    doc: tuple[Annotated[str, s.DOC], ...]
    name: Ident
    type: TypeExpr
    default: Expr | None
    where: Expr | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Level(Node):
    kind: ClassVar[str] = "level"
    doc: tuple[Annotated[str, s.DOC], ...]
    missing: Annotated[bool, s.FLAG]
    name: Ident
    code: Expr | None
    label: TextValue | I18n | None
    attributes: tuple[Field, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class VocabularyDecl(Node):
    """A `scale` or an `axis`."""

    kind: ClassVar[str] = "vocabulary"
    doc: tuple[Annotated[str, s.DOC], ...]
    word: Literal["scale", "axis"]
    name: Ident
    type: TypeExpr
    levels: tuple[Level, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Column(Node):
    kind: ClassVar[str] = "column"
    doc: tuple[Annotated[str, s.DOC], ...]
    name: Ident
    type: TypeExpr
    where: Expr | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Table(Node):
    kind: ClassVar[str] = "table"
    doc: tuple[Annotated[str, s.DOC], ...]
    name: Ident
    columns: tuple[Column, ...]
    fields: tuple[Field, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Corpus(Node):
    kind: ClassVar[str] = "corpus"
    doc: tuple[Annotated[str, s.DOC], ...]
    name: Ident
    tables: tuple[Table, ...]
    fields: tuple[Field, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Target(Node):
    kind: ClassVar[str] = "target"
    doc: tuple[Annotated[str, s.DOC], ...]
    name: Ident
    fields: tuple[Field, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Formal(Node):
    kind: ClassVar[str] = "formal"
    name: Ident
    type: TypeExpr
    default: Expr | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Message(Node):
    kind: ClassVar[str] = "message"
    role: Literal["system", "user", "assistant", "prefix"]
    lang: Ident | None
    template: TextValue


@dataclass(frozen=True, slots=True, kw_only=True)
class Prompt(Node):
    kind: ClassVar[str] = "prompt"
    doc: tuple[Annotated[str, s.DOC], ...]
    name: Ident
    formals: tuple[Formal, ...]
    result: TypeExpr
    messages: tuple[Message, ...]
    fields: tuple[Field, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PythonBody(Node):
    kind: ClassVar[str] = "python"
    target: TextValue
    hash: Annotated[str, s.HASH] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Metric(Node):
    kind: ClassVar[str] = "metric"
    doc: tuple[Annotated[str, s.DOC], ...]
    name: Ident
    formals: tuple[Formal, ...]
    result: TypeExpr
    where: Expr | None
    body: Expr | PythonBody


@dataclass(frozen=True, slots=True, kw_only=True)
class Factor(Node):
    kind: ClassVar[str] = "factor"
    doc: tuple[Annotated[str, s.DOC], ...]
    name: Ident
    type: TypeExpr
    levels: tuple[Level, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Model(Node):
    kind: ClassVar[str] = "model"
    doc: tuple[Annotated[str, s.DOC], ...]
    name: Ident
    source: Expr
    fields: tuple[Field, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel(Node):
    kind: ClassVar[str] = "panel"
    doc: tuple[Annotated[str, s.DOC], ...]
    name: Ident
    factors: tuple[Factor, ...]
    models: tuple[Model, ...]
    fields: tuple[Field, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Each(Node):
    kind: ClassVar[str] = "each"
    doc: tuple[Annotated[str, s.DOC], ...]
    names: Annotated[tuple[Ident, ...], s.SOME]
    source: Expr
    where: Expr | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask(Node):
    kind: ClassVar[str] = "ask"
    doc: tuple[Annotated[str, s.DOC], ...]
    name: Ident
    value: Expr
    fields: tuple[Field, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Let(Node):
    kind: ClassVar[str] = "let"
    doc: tuple[Annotated[str, s.DOC], ...]
    name: Ident
    type: TypeExpr | None
    value: Expr


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure(Node):
    kind: ClassVar[str] = "measure"
    doc: tuple[Annotated[str, s.DOC], ...]
    name: Ident
    by: tuple[Ident, ...]
    type: TypeExpr | None
    value: Expr
    fields: tuple[Field, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Check(Node):
    kind: ClassVar[str] = "check"
    doc: tuple[Annotated[str, s.DOC], ...]
    name: Ident
    value: Expr
    fields: tuple[Field, ...]


Statement = Each | Ask | Let | Measure | Check


@dataclass(frozen=True, slots=True, kw_only=True)
class Audit(Node):
    kind: ClassVar[str] = "audit"
    doc: tuple[Annotated[str, s.DOC], ...]
    name: Ident
    statements: tuple[Statement, ...]
    fields: tuple[Field, ...]


Decl = Param | VocabularyDecl | Corpus | Target | Prompt | Metric | Panel | Audit


@dataclass(frozen=True, slots=True, kw_only=True)
class Module(Node):
    kind: ClassVar[str] = "module"
    doc: tuple[Annotated[str, s.DOC], ...]
    edition: Annotated[int, s.EDITION]
    imports: tuple[Import, ...]
    decls: tuple[Decl, ...]
