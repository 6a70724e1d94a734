"""Type expressions to kinds.

Expects vocabularies. Ensures that a type that names something unknown is reported once, with the names of that exact
position as candidates, and becomes `Unknown`. `local` holds the kinds that a dependent type may refer to: the formals
of a prompt or metric, or the columns of the same table.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import chain

from cyclspec.language.diagnostics.cy01_names import UnknownName
from cyclspec.language.diagnostics.cy02_types import WrongArguments, WrongType
from cyclspec.language.diagnostics.wording import article
from cyclspec.language.names.modules import Module
from cyclspec.language.names.suggest import did_you_mean, meant_by
from cyclspec.language.spans import Span
from cyclspec.language.syntax import tree as t
from cyclspec.language.types import kinds as k
from cyclspec.language.types.context import Context
from cyclspec.language.types.vocabularies import number_of, range_of

UNITS = {unit.value: unit for unit in k.Unit if unit is not k.Unit.NONE}
_PLAIN: Mapping[str, k.Kind] = {
    "bool": k.Bool(),
    "count": k.Number(whole=True),
    "real": k.Number(),
    "lang": k.Lang(),
    "date": k.Date(),
    **{name: k.Number(unit) for name, unit in UNITS.items()},
}
MAX_OPTIONS = 1000
TYPE_NAMES = frozenset(_PLAIN) | {
    "text", "key", "list", "nominal", "ordinal", "ref", "scale", "choice", "dist", "counts", "logprobs", "order",
    "picks",
}  # fmt: skip
_OF_COLUMNS = ("counts", "logprobs")


@dataclass(frozen=True, slots=True)
class Spelled:
    """A type as it is spelled, whether in a type or in an argument of one."""

    parts: tuple[str, ...]
    args: tuple[t.Argument, ...]
    span: Span


def spelling(node: t.TypeExpr | t.Expr) -> Spelled | None:
    match node:
        case t.NamedType():
            return Spelled(tuple(i.name for i in node.name), node.args, node.span)
        case t.Name():
            return Spelled((node.name,), (), node.span)
        case t.Dot():
            inner = spelling(node.of)
            return None if inner is None else Spelled((*inner.parts, node.name.name), (), node.span)
        case t.Call():
            inner = spelling(node.fn)
            return None if inner is None else Spelled(inner.parts, node.args, node.span)
    return None


@dataclass(frozen=True, slots=True)
class TypeReader:
    """Reads the types of one module. `name` is what an anonymous vocabulary is called."""

    ctx: Context
    module: Module
    local: Mapping[str, k.Kind]
    name: str = ""
    table: str = ""
    generic: bool = False

    def read(self, node: t.TypeExpr | t.Expr) -> k.Kind:
        """The kind that a type stands for; `Unknown` after reporting."""
        if isinstance(node, t.RecordType):
            return k.Record(tuple((c.name.name, self.read(c.type)) for c in node.columns))
        spelled = spelling(node)
        if spelled is None:
            self.ctx.report(WrongType(span=node.span, what="this", expected="a type", found="an expression"))
            return k.Unknown()
        if len(spelled.parts) == 1 and spelled.parts[0] in TYPE_NAMES:
            return self._builtin(spelled)
        return self._declared(spelled)

    def read_certain(self, node: t.TypeExpr, what: str) -> k.Kind:
        """The kind of values that are always there: only columns, fields of records and lets have types with `?`."""
        kind = self.read(node)
        if isinstance(node, t.NamedType) and node.optional:
            expected, found = node.span.text.removesuffix("?").rstrip(), node.span.text
            self.ctx.report(WrongType(span=node.span, what=what, expected=expected, found=found))
        return kind

    def _builtin(self, spelled: Spelled) -> k.Kind:
        word, args = spelled.parts[0], spelled.args
        if word in _PLAIN:
            return _PLAIN[word]
        match word:
            case "text":
                return k.Text(tuple(self._word(arg) for arg in args))
            case "key":
                return k.Key(self.table, self.name)
            case "nominal" | "ordinal":
                return k.Of(self._vocabulary(word, args))
            case "scale":
                return self._scale_column(spelled)
        if word == "picks":
            return self._picks(spelled)
        if word in _OF_COLUMNS and not self.table:
            problem, helps = "is the type of a column of a table", ("write `dist(..)`",)
            self.ctx.report(WrongArguments(span=spelled.span, callee=word, problem=problem, helps=helps))
            return k.Unknown()
        if len(args) != 1:
            self._arity(spelled)
            return k.Unknown()
        match word:
            case "list":
                return k.ListOf(self.read(args[0].value))
            case "ref":
                return k.Ref(self._table_name(args[0]))
        scale = self.scale(args[0].value)
        if scale is None:
            return k.Unknown()
        match word:
            case "dist":
                return k.Dist(scale)
            case "counts":
                return k.Counts(scale)
            case "logprobs":
                return k.LogProbs(scale)
            case "order":
                return k.Order(scale)
        return k.Choice(scale)

    def _picks(self, spelled: Spelled) -> k.Kind:
        """`picks(item.options, 0..5)`: several options of a scale, each at most once."""
        args = spelled.args
        bounds = range_of(args[1].value) if len(args) == 2 else None
        whole = bounds is not None and all(float(end).is_integer() for end in bounds)
        if bounds is None or not whole or not 0 <= bounds[0] <= bounds[1] <= MAX_OPTIONS or bounds[1] < 1:
            problem = "is written `picks(item.options, 0..5)`"
            self.ctx.report(WrongArguments(span=spelled.span, callee="picks", problem=problem))
            return k.Unknown()
        scale = self.scale(args[0].value)
        return k.Unknown() if scale is None else k.Picks(scale, int(bounds[0]), int(bounds[1]))

    def _arity(self, spelled: Spelled) -> None:
        word = spelled.parts[0]
        self.ctx.report(WrongArguments(span=spelled.span, callee=word, problem="takes one argument"))

    def _word(self, arg: t.Argument) -> str:
        if isinstance(arg.value, t.Name) and arg.name is None:
            return arg.value.name
        self.ctx.report(WrongType(span=arg.span, what="this", expected="a word", found="an expression"))
        return ""

    def _vocabulary(self, word: str, args: Sequence[t.Argument]) -> k.Vocabulary:
        units = [a.value.name for a in args if isinstance(a.value, t.Name) and a.value.name in UNITS]
        if word == "ordinal" and len(args) == 1 and units:
            return k.Vocabulary(self.name, True, (), unit=UNITS[units[0]], open=True)
        names = dict.fromkeys(filter(None, (self._word(arg) for arg in args)))
        levels = tuple(k.Level(name=name, code=name, label={}) for name in names)
        return k.Vocabulary(self.name, word == "ordinal", levels, open=not args)

    def _scale_column(self, spelled: Spelled) -> k.Kind:
        order = spelled.args[0].value if spelled.args else None
        bounds = range_of(spelled.args[1].value) if len(spelled.args) > 1 else (1.0, float("inf"))
        known = isinstance(order, t.Name) and order.name in ("nominal", "ordinal")
        if not known or bounds is None or not 1 <= bounds[0] <= min(bounds[1], MAX_OPTIONS):
            problem = "is written `scale(ordinal, 2..10)` or `scale(nominal, 2..10)`"
            self.ctx.report(WrongArguments(span=spelled.span, callee="scale", problem=problem))
            return k.Unknown()
        assert isinstance(order, t.Name)
        high = _whole(bounds[1])
        axis = next((kind.axis for kind in self.local.values() if isinstance(kind, k.Key)), "")
        return k.ScaleValue(
            k.ItemScale(self.table, self.name, axis, order.name == "ordinal", int(bounds[0]), high)
        )

    def _table_name(self, arg: t.Argument) -> str:
        """`ref(items)`: a table of the same corpus, or `corpus.items`."""
        spelled = spelling(arg.value)
        corpus = self.table.split(".")[0]
        if spelled is None:
            return ""
        if len(spelled.parts) == 1:
            return f"{corpus}.{spelled.parts[0]}"
        found = self.ctx.resolve_dotted(self.module, spelled.parts)
        if found is not None:
            self.ctx.means(spelled.span, found[0], found[2])
        return ".".join(spelled.parts[-2:])

    def scale(self, node: t.Expr) -> k.Scale | None:
        """The scale that `choice(S)` and its like are over."""
        spelled = spelling(node)
        if spelled is None:
            self.ctx.report(WrongType(span=node.span, what="this", expected="a scale", found="an expression"))
            return None
        root = spelled.parts[0]
        if root in self.local:
            return self._local_scale(spelled, self.local[root])
        if self.generic and len(spelled.parts) == 1 and self.ctx.resolve(self.module, root) is None:
            return k.ScaleVariable(root)
        match self.read(node):
            case k.Of(vocabulary):
                return vocabulary
            case k.ScaleValue(scale):
                return scale
            case k.Unknown():
                return None
            case other:
                found = k.kind_text(other)
                self.ctx.report(WrongType(span=node.span, what="this", expected="a scale", found=found))
                return None

    def _local_scale(self, spelled: Spelled, kind: k.Kind) -> k.Scale | None:
        match kind:
            case k.Row(table) | k.Ref(table):
                return self._column_scale(spelled, table)
            case k.ScaleValue(scale) | k.Order(scale) | k.Choice(scale) | k.Dist(scale) | k.Picks(scale):
                return scale
            case k.Of(vocabulary):
                return vocabulary
            case k.Unknown():
                return None
        found = k.kind_text(kind)
        self.ctx.report(WrongType(span=spelled.span, what="this", expected="a scale", found=found))
        return None

    def _column_scale(self, spelled: Spelled, table: str) -> k.Scale | None:
        declared = self.ctx.tables.get(table)
        name = spelled.parts[1] if len(spelled.parts) > 1 else ""
        if declared is None:
            return None
        column = declared.column(name)
        if column is not None and isinstance(column.kind, k.ScaleValue):
            return column.kind.scale
        scales = [c.name for c in declared.columns if isinstance(c.kind, k.ScaleValue)]
        helps = did_you_mean(name, scales)
        self.ctx.report(
            UnknownName(
                span=spelled.span, what="scale column", name=name, where=f" in `{table}`", helps=helps
            )
        )
        return None

    def _declared(self, spelled: Spelled) -> k.Kind:
        """A vocabulary or a table by its (dotted) name."""
        found = self.ctx.resolve_dotted(self.module, spelled.parts)
        if found is None:
            self.ctx.report(self._unknown(spelled))
            return k.Unknown()
        symbol, decl, rest = found
        self.ctx.means(spelled.span, symbol, rest)
        match decl:
            case t.VocabularyDecl() if not rest and symbol in self.ctx.vocabularies:
                return k.Of(self.ctx.vocabularies[symbol])
            case t.Corpus() if len(rest) >= 1:
                return self._table_type(spelled, decl, rest)
        expected, kind = "a type", getattr(decl, "kind", "declaration")
        self.ctx.report(
            WrongType(span=spelled.span, what="this", expected=expected, found=f"{article(kind)} {kind}")
        )
        return k.Unknown()

    def _table_type(self, spelled: Spelled, corpus: t.Corpus, rest: tuple[str, ...]) -> k.Kind:
        name = f"{corpus.name.name}.{rest[0]}"
        declared = self.ctx.tables.get(name)
        if declared is None:
            known = [table.name.name for table in corpus.tables]
            if rest[0] not in known:
                helps = did_you_mean(rest[0], known)
                where = f" in `{corpus.name.name}`"
                self.ctx.report(
                    UnknownName(span=spelled.span, what="table", name=rest[0], where=where, helps=helps)
                )
            return k.Unknown()
        if len(rest) == 1:
            return k.Row(name)
        column = declared.column(rest[1])
        if column is None:
            helps = did_you_mean(rest[1], [c.name for c in declared.columns])
            where = f" in `{name}`"
            self.ctx.report(
                UnknownName(span=spelled.span, what="column", name=rest[1], where=where, helps=helps)
            )
            return k.Unknown()
        return column.kind

    def _unknown(self, spelled: Spelled) -> UnknownName:
        parts = spelled.parts
        if parts[0] in self.module.aliases:
            if len(parts) == 1:
                return UnknownName(
                    span=spelled.span,
                    what="type",
                    name=parts[0],
                    helps=(f"name what is in it: `{parts[0]}.country`",),
                )
            candidates = self.ctx.public(self.module, parts[0])
            where = f" in `{parts[0]}`"
            helps = did_you_mean(parts[1], candidates)
            return UnknownName(span=spelled.span, what="type", name=parts[1], where=where, helps=helps)
        helps = did_you_mean(parts[0], chain(self.ctx.names(self.module), TYPE_NAMES))
        homes = self.ctx.homes(self.module, parts[0])
        if homes:
            helps = meant_by(homes)
        return UnknownName(span=spelled.span, what="type", name=parts[0], helps=helps)


def _whole(bound: float) -> int | None:
    """A bound of a range as a whole number; None for `inf`, which is no bound."""
    return None if bound == float("inf") else int(bound)


def list_bounds(kind: k.Kind, where: t.Expr | None) -> k.Kind:
    """The bounds that `where size(x) >= 4` or `in 2..5` puts on a list."""
    if not isinstance(kind, k.ListOf) or not isinstance(where, t.Binary):
        return kind
    number = number_of(where.right)
    ends = range_of(where.right)
    if ends is not None:
        return k.ListOf(kind.of, _whole(ends[0]) or 0, _whole(ends[1]))
    if number is None or number == float("inf"):
        return kind
    match where.sign:
        case ">=":
            return k.ListOf(kind.of, int(number), None)
        case "==":
            return k.ListOf(kind.of, int(number), int(number))
    return kind
