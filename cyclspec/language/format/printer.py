"""A module as text: members of blocks one below another, with their comments, documentation and blank lines.

Ensures that printing loses no comment, that a program means the same after it, and that printing what was printed
changes nothing. `format_source` checks the first two of each text it returns.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise

from cyclspec.language.diagnostics import Diagnostic, InternalError
from cyclspec.language.diagnostics.cy00_syntax import NotCanonical, TooLarge
from cyclspec.language.format.comments import Place, Text, attach, members
from cyclspec.language.format.layout import columns
from cyclspec.language.format.members import Members
from cyclspec.language.format.original import Original, Unwritten, Written
from cyclspec.language.format.rows import WIDTH, Row, align, padded
from cyclspec.language.spans import Source
from cyclspec.language.syntax import tree as t
from cyclspec.language.syntax.parse import flaw_of, parse
from cyclspec.language.syntax.pieces import KEYWORDS


@dataclass(slots=True)
class _Body:
    """The lines of a block while they are written; `remarks` are the comments beside lines, by index."""

    lines: list[str] = field(default_factory=list)
    remarks: dict[int, str] = field(default_factory=dict)

    def add(self, lines: Sequence[str], *, blank: bool) -> None:
        if blank and self.lines:
            self.lines.append("")
        self.lines.extend(lines)

    def finished(self) -> list[str]:
        """The lines with the comments beside them, aligned where lines with one follow one another."""
        run: list[int] = []
        for index in [*sorted(self.remarks), len(self.lines) + 1]:
            if run and index != run[-1] + 1:
                self._write(run)
                run = []
            run.append(index)
        return self.lines

    def _write(self, run: list[int]) -> None:
        width = max(columns(self.lines[index]) for index in run)
        for index in run:
            line = self.lines[index]
            self.lines[index] = line + " " * (width - columns(line)) + "  " + self.remarks[index]


def _documented(lines: Sequence[str]) -> list[str]:
    """Documentation; a blank follows the signs unless the line has one or begins with another sign."""
    return [f"##{line}" if line[:1] in ("", " ", "\t", "#") else f"## {line}" for line in lines]


class Printer(Members):
    """Prints the parts of one module."""

    def module(self, module: t.Module) -> str:
        """The text of a module, with a line break at its end."""
        nodes = (module, *module.imports, *module.decls)
        ordered = tuple(sorted(nodes, key=lambda node: node.span.start))
        return "\n".join([*self._body(ordered, (id(module), "block"), 0), ""])

    def inside(self, node: t.Node, indent: int) -> list[str]:
        nodes = members(node)
        guarded = {id(a) for a, b in pairwise(nodes) if isinstance(b, t.Level) and b.name.name in KEYWORDS}
        self.guarded = self.guarded | guarded
        place: Place = (id(node), "block")
        levels = [member for member in nodes if isinstance(member, t.Level)]
        grid = self._grid(levels, place, indent) if levels else None
        return self._body(nodes, place, indent) if grid is None else grid

    def _grid(self, levels: list[t.Level], place: Place, indent: int) -> list[str] | None:
        """Short levels that their author put on shared lines, in columns; None where they do not stand so."""
        plain = not any(level.doc or level.attributes or isinstance(level.label, t.I18n) for level in levels)
        beside = [self.original.beside(b, a) for a, b in pairwise(levels)]
        rows = [self._level_row(level) for level in levels]
        if not plain or not any(beside) or self.notes.touch(levels, place) or None in rows:
            return None
        lines: list[list[str]] = [[str(rows[0])]]
        for row, shared in zip(rows[1:], beside, strict=True):
            if not shared:
                lines.append([])
            lines[-1].append(str(row))
        apart = padded([[*(f"{text} " for text in line[:-1]), line[-1]] for line in lines])
        return apart if all(indent + columns(line) <= WIDTH for line in apart) else None

    def _body(self, nodes: Sequence[t.Node], place: Place, indent: int) -> list[str]:
        """The lines of members, which begin at column `indent`."""
        body = _Body()
        laid_out = self._laid_out(nodes, indent)
        for index, node in enumerate(nodes):
            blank = index > 0 and self.original.blank_above(node, nodes[index - 1])
            for remark in self.notes.above.get(id(node), []):
                body.add([remark.text], blank=blank if remark.inside else remark.after_blank)
                blank = blank and not remark.inside
            doc = self.original.documentation(node) if getattr(node, "doc", ()) else []
            body.add([*_documented(doc), *laid_out[index]], blank=blank)
            if id(node) in self.notes.beside:
                body.remarks[len(body.lines) - 1] = self.notes.beside[id(node)]
        for remark in self.notes.last.get(place, []):
            body.add([remark.text], blank=remark.after_blank)
        return body.finished()

    def _laid_out(self, nodes: Sequence[t.Node], indent: int) -> list[list[str]]:
        """The lines of each member: rows of one kind aligned, everything else broken."""
        found: list[list[str]] = []
        for kind, run in self._runs(nodes, indent):
            if kind is None:
                found.extend(self.lines(node, indent) for node, _ in run)
            else:
                found.extend([line] for line in align([row for _, row in run if row is not None], indent))
        return found

    def _runs(
        self, nodes: Sequence[t.Node], indent: int
    ) -> Iterator[tuple[str | None, list[tuple[t.Node, Row | None]]]]:
        """Members that follow one another without a blank line and are rows of one kind, or no rows."""
        run: list[tuple[t.Node, Row | None]] = []
        kind: str | None = None
        for index, node in enumerate(nodes):
            row = self.row(node)
            row = row if row is not None and row.fits(indent) else None
            here = None if row is None else row.kind
            apart = index > 0 and self._apart(node, nodes[index - 1])
            if run and (here != kind or apart):
                yield kind, run
                run = []
            kind = here
            run.append((node, row))
        if run:
            yield kind, run

    def _apart(self, node: t.Node, before: t.Node) -> bool:
        """Whether a blank line stands between two members, above or below the comments between them."""
        remarks = self.notes.above.get(id(node), [])
        return self.original.blank_above(node, before) or any(remark.after_blank for remark in remarks)


@dataclass(frozen=True, slots=True)
class Formatted:
    """A formatted text, or the reasons why there is none."""

    text: str | None
    diagnostics: tuple[Diagnostic, ...]


def print_module(module: t.Module) -> str:
    """The text of a module that nobody laid out."""
    return _printed(module, Unwritten())


def _printed(module: t.Module, original: Original) -> str:
    return Printer(original).module(module)


def print_source(module: t.Module, name: str) -> Formatted:
    """The text of a module that did not come from one, such as canonical JSON, if it can be written at all.

    A module that was never parsed can say what no program says, such as a name with a blank in it.
    """
    flaw = flaw_of(module)
    if isinstance(flaw, TooLarge):
        return Formatted(None, (replace(flaw, span=None, place=name),))
    text = print_module(module)
    again = parse(Source(name, text))
    if again.module == module:
        return Formatted(text, ())
    if again.diagnostics and isinstance(again.diagnostics[0], TooLarge):
        return Formatted(None, (replace(again.diagnostics[0], span=None, place=name),))
    said = again.diagnostics[0].message if again.diagnostics else "it would be read as another program"
    problem = "no program is written that way"
    return Formatted(None, (NotCanonical(problem=problem, place=name, notes=(said,)),))


def format_source(source: Source) -> Formatted:
    """The text of a source in its one layout; a source with syntax errors has none, but diagnostics."""
    parsed = parse(source)
    if parsed.module is None:
        return Formatted(None, parsed.diagnostics)
    text = Text(source.text)
    formatted = _printed(parsed.module, Written(text, attach(parsed.module, text)))
    again = parse(Source(source.name, formatted))
    if again.module != parsed.module:
        raise InternalError("fmt", f"{source.name} would not mean the same after formatting")
    before, after = (sorted(c.text.rstrip() for c in part.comments) for part in (text, Text(formatted)))
    if before != after:
        raise InternalError("fmt", f"{source.name} would lose a comment")
    return Formatted(formatted, ())
