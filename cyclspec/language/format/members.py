"""The members of blocks and the declarations: what each looks like on one line, and what it looks like broken.

Expects nodes of a complete tree. Ensures that a member is one row where it fits, its author did not break it, and no
comment stands inside of it; that a value that does not fit goes below its `=`, or opens its own brackets; and that a
block's `{` ends the line of its head, or stands alone where the value went below.
"""

from __future__ import annotations

from typing import NamedTuple, assert_never

from cyclspec.language.format.comments import members
from cyclspec.language.format.expressions import POSTFIX, Expressions, names
from cyclspec.language.format.layout import Doc, columns, flat, render
from cyclspec.language.format.rows import EMPTY, WIDTH, Cell, Row
from cyclspec.language.syntax import tree as t

Blocked = t.Ask | t.Measure | t.Check | t.Model
_OPENING = t.List | t.I18n | t.TextValue | t.Call


class Assigned(NamedTuple):
    """The lines of `head = value`, and whether the value stands below its head."""

    lines: list[str]
    below: bool


def indented(lines: list[str]) -> list[str]:
    return ["  " + line if line else line for line in lines]


def _row(kind: str, *cells: Cell | None) -> Row | None:
    present = tuple(cell for cell in cells if cell is not None)
    return Row(kind, present) if len(present) == len(cells) else None


def _cell(*docs: Doc) -> Cell | None:
    """A cell of one part, or None where a document cannot be on one line."""
    text = flat(docs)
    return None if text is None else Cell((text,)) if text else EMPTY


class Members(Expressions):
    """One-line and broken forms of everything that stands in a block or at the top of a module."""

    guarded: frozenset[int] = frozenset()

    # -- one line

    def row(self, node: t.Node) -> Row | None:
        """The row of a member, or None where it takes several lines whatever the width."""
        match node:
            case t.Field():
                return _row("field", _cell(node.name.name), self._value(node.value))
            case t.Column():
                return _row(
                    "field", _cell(node.name.name), _cell(self._typed(node.type), self.where(node.where))
                )
            case t.Level():
                return self._level_row(node)
            case t.Param():
                return self._param_row(node)
            case t.Each():
                return _row("each", _cell(f"each {names(node.names)}"), _cell(self._source(node)))
            case t.Let():
                return _row(
                    "let", _cell(f"let {node.name}"), self._type_cell(node.type), self._value(node.value)
                )
            case t.Ask() | t.Check() | t.Measure() | t.Model():
                return self._blocked_row(node)
            case t.Factor():
                name = _cell(f"factor {node.name}")
                return _row("factor", name, self._type_cell(node.type), self._levels_cell(node))
            case t.ImportStd() | t.ImportFile() | t.ImportNames():
                return self._import_row(node)
        return None

    def _typed(self, type_: t.TypeExpr) -> Doc:
        return (": ", self.type(type_))

    def _maybe_typed(self, type_: t.TypeExpr | None) -> Doc:
        return "" if type_ is None else (" ", self._typed(type_))

    def _type_cell(self, type_: t.TypeExpr | None) -> Cell | None:
        return EMPTY if type_ is None else _cell(self._typed(type_))

    def _source(self, node: t.Each) -> Doc:
        return ("in ", self.expr(node.source), self.where(node.where))

    def _value(self, value: t.Expr, extra: Doc = "") -> Cell | None:
        """`= value`, unless the author began the value on a line of its own."""
        if self.original.breaks_before(value):
            return None
        return _cell("= ", self.expr(value), extra)

    def _param_row(self, node: t.Param) -> Row | None:
        name = _cell(f"param {node.name}")
        if node.default is None:
            return _row("param", name, _cell(self._typed(node.type), self.where(node.where)))
        return _row(
            "param", name, self._type_cell(node.type), self._value(node.default, self.where(node.where))
        )

    def _level_row(self, node: t.Level) -> Row | None:
        code = EMPTY if node.code is None else _cell("= ", self.expr(node.code))
        label = EMPTY if node.label is None else self._label_cell(node.label)
        row = _row("level", _cell(self._level_name(node)), code, label, self._fields_cell(node))
        if row is None or not self._guard(node):
            return row
        end = max(index for index, cell in enumerate(row.cells) if cell.parts)
        last = Cell((*row.cells[end].parts[:-1], row.cells[end].parts[-1] + ","), row.cells[end].shape)
        return Row("level", (*row.cells[:end], last, *row.cells[end + 1 :]))

    def _guard(self, node: t.Level) -> str:
        """A comma that keeps the name of the next level from being read as a keyword."""
        return "," if id(node) in self.guarded else ""

    def _level_name(self, node: t.Level) -> str:
        return f"missing {node.name}" if node.missing else node.name.name

    def _label_cell(self, label: t.TextValue | t.I18n) -> Cell | None:
        if isinstance(label, t.TextValue):
            return Cell((self.string(label),))
        if self.notes.touch(label.entries, (id(label), "list")):
            return None
        entries = [self.entry(entry) for entry in label.entries]
        opened = ["{" + entries[0], *entries[1:]]
        parts = [f"{entry}," for entry in opened[:-1]] + [opened[-1] + "}"]
        return Cell(tuple(parts), ("label", *(entry.lang for entry in label.entries)))

    def _fields_cell(self, node: Blocked | t.Level) -> Cell | None:
        """A block of fields on one line, where the author has it so."""
        inside = members(node)
        if self.notes.touch(inside, (id(node), "block")):
            return None
        if not inside:
            return EMPTY
        fields = [field for field in inside if isinstance(field, t.Field)]
        texts = [flat((f"{field.name} = ", self.expr(field.value))) for field in fields]
        if not self.original.inline(node) or None in texts or any(field.doc for field in fields):
            return None
        opened = [f"{{ {texts[0]}", *(str(text) for text in texts[1:])]
        parts = [f"{text}," for text in opened[:-1]] + [opened[-1] + " }"]
        return Cell(tuple(parts), ("block", *(field.name.name for field in fields)))

    def _levels_cell(self, node: t.Factor | t.VocabularyDecl) -> Cell | None:
        """A block of levels on one line, where the author has it so."""
        if self.notes.touch(node.levels, (id(node), "block")):
            return None
        if not node.levels:
            return EMPTY
        rows = [self._level_row(level) for level in node.levels]
        if not self.original.inline(node) or None in rows or any(level.doc for level in node.levels):
            return None
        return Cell(("{ " + ", ".join(str(row).removesuffix(",") for row in rows) + " }",))

    def _blocked_row(self, node: Blocked) -> Row | None:
        fields = self._fields_cell(node)
        match node:
            case t.Ask():
                return _row("ask", _cell(f"ask {node.name}"), self._value(node.value), fields)
            case t.Check():
                return _row("check", _cell(f"check {node.name}"), self._value(node.value), fields)
            case t.Model():
                return _row("model", _cell(f"model {node.name}"), self._source_cell(node), fields)
            case t.Measure():
                by = _cell(f"by {names(node.by)}") if node.by else EMPTY
                type_ = self._type_cell(node.type)
                return _row(
                    "measure", _cell(f"measure {node.name}"), by, type_, self._value(node.value), fields
                )
        assert_never(node)

    def _source_cell(self, node: t.Model) -> Cell | None:
        """Where a model is; the arguments of calls of one kind are aligned."""
        whole, source = self._value(node.source), node.source
        if whole is None or not isinstance(source, t.Call) or len(source.args) < 2:
            return whole
        args = [str(flat(self._argument(arg))) for arg in source.args]
        opened = [f"= {flat(self.expr(source.fn, POSTFIX))}({args[0]}", *args[1:]]
        parts = [f"{arg}," for arg in opened[:-1]] + [opened[-1] + ")"]
        shape = tuple(arg.name.name if arg.name is not None else "" for arg in source.args)
        return Cell(tuple(parts), ("call", str(flat(self.expr(source.fn))), *shape))

    def _import_row(self, node: t.Import) -> Row | None:
        pins = [self._pin(pin) for pin in node.pins]
        before = "".join(f" {pin}" for pin in pins[:-1])
        last = Cell(tuple(pins[-1:]))
        match node:
            case t.ImportStd():
                head = "import " + ".".join(ident.name for ident in node.module)
                parts = [head] if node.alias is None else [head, f"as {node.alias}"]
            case t.ImportFile():
                parts = [f"import {self.string(node.path)}", f"as {node.alias}"]
            case t.ImportNames():
                text = flat(self._imported(node))
                if text is None:
                    return None
                parts = [text]
        parts[-1] += before
        return Row("import", (Cell(tuple(parts), (type(node).__name__, str(len(parts)))), last))

    def _imported(self, node: t.ImportNames) -> Doc:
        listed = self.bracket(node, ("{", "}"), [(n, n.name) for n in node.names], pad=" ", comma=False)
        return ("import ", listed, " from ", self.string(node.path))

    def _pin(self, pin: t.Pin) -> str:
        if pin.of == "hash":
            return f"hash {pin.value}"
        return f"version {self.string(pin)}"

    # -- several lines

    def lines(self, node: t.Node, indent: int) -> list[str]:
        """A member in its broken form; its first line begins at column `indent`."""
        match node:
            case t.Field():
                return self._assigned(node.name.name, node.value, indent).lines
            case t.Column():
                return render(self.column(node), WIDTH - indent)
            case t.Level():
                return self._level_lines(node, indent)
            case t.Param():
                return self._param_lines(node, indent)
            case t.Each():
                return render((f"each {names(node.names)} ", self._source(node)), WIDTH - indent)
            case t.Let():
                return self._assigned(
                    (f"let {node.name}", self._maybe_typed(node.type)), node.value, indent
                ).lines
            case t.Ask() | t.Check() | t.Measure() | t.Model():
                return self._blocked_lines(node, indent)
            case t.ImportStd() | t.ImportFile() | t.ImportNames():
                return self._import_lines(node, indent)
            case t.Module():
                return [f"cycl {node.edition}"]
        return self._declared(node, indent)

    def _assigned(self, head: Doc, value: t.Expr, indent: int, extra: Doc = "", tail: int = 0) -> Assigned:
        """`head = value`: on one line, else below the head, else with its own brackets opened.

        `tail` is the width of what will follow on the last line.
        """
        width, doc = WIDTH - indent, (self._beginning(value), extra)
        *above, last = render((head, " ="), width)
        text, kept = flat(doc), self.original.breaks_before(value)
        if text is not None and not kept and columns(f"{last} {text}") <= width - tail:
            return Assigned([*above, f"{last} {text}"], below=False)
        fits_below = text is not None and columns(text) <= width - 2
        opens = isinstance(value, t.List | t.I18n) and not kept
        if opens or (isinstance(value, _OPENING) and not fits_below):
            return Assigned([*above, *render((f"{last} ", doc), width)], below=False)
        return Assigned([*above, last, *indented(render(doc, width - 2))], below=True)

    def _beginning(self, value: t.Expr) -> Doc:
        """A value; in parentheses where its first word would be read as the one before a Python function."""
        doc = self.expr(value)
        return ("(", doc, ")") if isinstance(value, t.Name) and value.name == "python" else doc

    def _param_lines(self, node: t.Param, indent: int) -> list[str]:
        head = (f"param {node.name} ", self._typed(node.type))
        where = self.where(node.where)
        if node.default is None:
            return render((head, where), WIDTH - indent)
        return self._assigned(head, node.default, indent, where).lines

    def _level_lines(self, node: t.Level, indent: int) -> list[str]:
        code: Doc = "" if node.code is None else (" = ", self.expr(node.code))
        label: Doc = ""
        if node.label is not None:
            plain = self.string(node.label) if isinstance(node.label, t.TextValue) else None
            label = (" ", self.expr(node.label) if plain is None else plain)
        head = render((self._level_name(node), code, label), WIDTH - indent)
        lines = self._blocks(head, node, indent, alone=False)
        return [*lines[:-1], lines[-1] + self._guard(node)]

    def _import_lines(self, node: t.Import, indent: int) -> list[str]:
        row = self._import_row(node)
        if row is not None and (row.fits(indent) or not isinstance(node, t.ImportNames)):
            return [str(row)]
        assert isinstance(node, t.ImportNames)
        pins = "".join(f" {self._pin(pin)}" for pin in node.pins)
        return render((self._imported(node), pins), WIDTH - indent)

    def _blocked_lines(self, node: Blocked, indent: int) -> list[str]:
        head, value = self._head(node)
        present = bool(node.fields) or self.notes.touch((), (id(node), "block"))
        assigned = self._assigned(head, value, indent, tail=2 * present)
        return self._blocks(assigned.lines, node, indent, alone=assigned.below)

    def _head(self, node: Blocked) -> tuple[Doc, t.Expr]:
        match node:
            case t.Ask() | t.Check():
                return f"{type(node).__name__.lower()} {node.name}", node.value
            case t.Model():
                return f"model {node.name}", node.source
            case t.Measure():
                by = f" by {names(node.by)}" if node.by else ""
                return (f"measure {node.name}{by}", self._maybe_typed(node.type)), node.value
        assert_never(node)

    def _blocks(
        self, head: list[str], node: t.Node, indent: int, *, alone: bool, needed: bool = False
    ) -> list[str]:
        """A head with its block below, if there is anything in it or the grammar needs one."""
        inside = self.inside(node, indent + 2)
        note = self.notes.head.get((id(node), "block"))
        if not inside and note is None:
            return [*head[:-1], head[-1] + " { }"] if needed else head
        opening = "{" if note is None else "{  " + note
        above = [*head, opening] if alone else [*head[:-1], f"{head[-1]} {opening}"]
        return [*above, *indented(inside), "}"]

    def _declared(self, node: t.Node, indent: int) -> list[str]:
        """A declaration with its block, a table, a factor or a message."""
        match node:
            case t.VocabularyDecl():
                return self._vocabulary(node, indent)
            case t.Factor():
                head = render((f"factor {node.name} : ", self.type(node.type)), WIDTH - indent)
                return self._blocks(head, node, indent, alone=False)
            case t.Message():
                tag = "" if node.lang is None else f"[{node.lang}]"
                return render((f"{node.role}{tag} ", self.expr(node.template)), WIDTH - indent)
            case t.Metric():
                return self._metric(node, indent)
            case t.Prompt():
                lines = render((self.signature(node, WIDTH - indent), " {"), WIDTH - indent)
                lines[-1] = lines[-1].removesuffix(" {")
                return self._blocks(lines, node, indent, alone=False, needed=True)
            case t.Corpus() | t.Table() | t.Target() | t.Panel() | t.Audit():
                word = type(node).__name__.lower()
                return self._blocks([f"{word} {node.name}"], node, indent, alone=False, needed=True)
        raise AssertionError(type(node).__name__)

    def _vocabulary(self, node: t.VocabularyDecl, indent: int) -> list[str]:
        head = render((f"{node.word} {node.name} : ", self.type(node.type)), WIDTH - indent)
        cell = self._levels_cell(node)
        line = head[-1] if cell is None else f"{head[-1]} {cell}"
        if cell is not None and cell.parts and indent + columns(line) <= WIDTH:
            return [*head[:-1], line]
        return self._blocks(head, node, indent, alone=False, needed=True)

    def _metric(self, node: t.Metric, indent: int) -> list[str]:
        where = self.where(node.where, before_sign=True)
        head = (self.signature(node, WIDTH - indent), where)
        if not isinstance(node.body, t.PythonBody):
            return self._assigned(head, node.body, indent).lines
        *above, last = render((head, " ="), WIDTH - indent)
        pin = "" if node.body.hash is None else f" hash {node.body.hash}"
        body = f"python {self.string(node.body.target)}{pin}"
        kept = self.original.breaks_before(node.body)
        if not kept and columns(f"{last} {body}") <= WIDTH - indent:
            return [*above, f"{last} {body}"]
        return [*above, last, "  " + body]
