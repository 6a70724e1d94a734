"""A typed audit as it is written, as a tree of operators: every measure by itself, nothing shared, nothing moved.

Expects a typed audit and its grid. Ensures that lets are followed, that each ask stands over all axes of the audit with
every condition on top, and that work which stands in several places has a `copy` of its own in each: what the rewrites
have to find. A tree that would have more operators than `MOST_OPERATORS` is refused, since lets that name one another
can write out to any size.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count

from cyclspec.compiler.axes import Grid
from cyclspec.compiler.plan.budget import thousands
from cyclspec.compiler.plan.figures import reader_text
from cyclspec.compiler.plan.grid import kept_models
from cyclspec.compiler.plan.logical import operators as o
from cyclspec.compiler.plan.logical.sizes import Sizes
from cyclspec.compiler.plan.logical.sources import axis_source, drawn_again, drawn_value
from cyclspec.compiler.plan.logical.words import SCALAR, resolved, words
from cyclspec.compiler.plan.sources import terms_in
from cyclspec.compiler.plan.upstream import asks_in, named_lets
from cyclspec.language.diagnostics import SpecError
from cyclspec.language.diagnostics.cy00_syntax import TooLarge
from cyclspec.language.types import terms as h
from cyclspec.language.types import typed as d

MOST_OPERATORS, MOST_LEVELS = 20_000, 64
ALONG = frozenset({"cumsum", "diff", "sorted", "rank"})
PLAIN = frozenset({"mean", "sum", "min", "max", "sd", "median", "mode", "share"}) | ALONG


@dataclass(slots=True)
class Builder:
    """Builds the operators of one audit."""

    audit: d.TypedAudit
    grid: Grid
    sizes: Sizes = field(init=False)
    named: Mapping[str, h.Term] = field(init=False)
    _copies: Iterator[int] = field(default_factory=lambda: count(1))
    _made: int = 0
    _levels: int = 0
    _whole: o.Operator | None = None

    def __post_init__(self) -> None:
        self.sizes = Sizes(self.audit, self.grid)
        self.named = named_lets(self.audit)

    @contextmanager
    def _counted(self, operators: int) -> Iterator[None]:
        """Counts operators, and how many the next ones stand below. `SpecError` (CY0013) over a limit."""
        self._made, self._levels = self._made + operators, self._levels + 1
        if self._made > MOST_OPERATORS or self._levels > MOST_LEVELS:
            raise SpecError([self._too_large()])
        yield
        self._levels -= 1

    def _too_large(self) -> TooLarge:
        deep = self._levels > MOST_LEVELS
        what = f"the {'nesting' if deep else 'size'} of the logical plan of audit `{self.audit.name}`"
        limit = f"{MOST_LEVELS} levels" if deep else f"{thousands(MOST_OPERATORS)} operators"
        notes = ("what a `let` or an earlier ask stands for is written out wherever it is named",)
        return TooLarge(span=self.audit.span, what=what, limit=limit, notes=notes)

    def sinks(self) -> tuple[o.Sink, ...]:
        """Every measure and check."""
        measures = (self._measure(measure) for measure in self.audit.measures)
        return (*measures, *(self._check(check) for check in self.audit.checks))

    def _measure(self, measure: d.TypedMeasure) -> o.Sink:
        inputs = self._inputs((measure.term,))
        if measure.interval is not None:
            interval = measure.interval
            axes, cells = self._size(measure.by)
            inputs = (
                o.Resample(
                    axes=axes,
                    cells=cells,
                    inputs=inputs,
                    over=interval.over,
                    draws=interval.draws,
                    level=interval.level,
                ),
            )
        return self._sink(measure.name, "measure", measure.by, inputs)

    def _check(self, check: d.TypedCheck) -> o.Sink:
        return self._sink(check.name, "check", check.axes, self._inputs((check.term,)))

    def _sink(self, name: str, kind: str, by: Iterable[str], inputs: tuple[o.Operator, ...]) -> o.Sink:
        axes, cells = self._size(by)
        return o.Sink(axes=axes, cells=cells, inputs=inputs, name=name, kind=kind)

    def _size(self, axes: Iterable[str]) -> tuple[tuple[str, ...], int]:
        ordered = self.sizes.ordered(axes)
        return ordered, self.sizes.cells(ordered)

    def _inputs(self, terms: Iterable[h.Term]) -> tuple[o.Operator, ...]:
        found = (self.term(term) for term in terms)
        return tuple(operator for operator in found if operator is not None)

    def term(self, term: h.Term) -> o.Operator | None:
        """What computes a term; None where it is known from the text or the levels of an axis."""
        term = resolved(term, self.named)
        with self._counted(1):
            return self._operator(term)

    def _operator(self, term: h.Term) -> o.Operator | None:
        axes, cells = self._size(term.type.axes)
        match term:
            case h.AnswerTerm(ask=ask, field=of):
                return self.read(ask, "" if of == "value" else of)
            case h.FieldTerm(ask=ask, field=of):
                return o.Pick(axes=axes, cells=cells, inputs=(self.read(ask, ""),), at=f".{of}")
            case h.PeopleTerm():
                return self._people(term, "share")
            case h.HeadcountTerm(number=number):
                return self._people(term, "count" if number == "n" else "effective_count")
            case h.PopulationTerm(target=target):
                return self._population(target)
            case h.ColumnTerm(table=table, column=column):
                rows = self.grid.rows.get(table, cells)
                columns = tuple(c.name for c in self.audit.tables[table].columns)
                return o.Scan(axes=axes, cells=rows, source=table, columns=columns, needed=(*axes, column))
            case h.DrawnTerm(name=name):
                return drawn_value(self.audit, self.sizes, name)
            case h.ReduceTerm():
                return self._reduce(term)
            case h.PickTerm(of=of_term, at=at):
                where = ", ".join(f"{axis}: {level}" for axis, level in at)
                return o.Pick(axes=axes, cells=cells, inputs=self._inputs((of_term,)), at=f"[{where}]")
            case h.LookupTerm(of=of_term, axis=axis, key=key):
                where = f"{axis}: {words(key, self.named)}"
                return o.Pick(axes=axes, cells=cells, inputs=self._inputs((of_term, key)), at=f"[{where}]")
        if isinstance(term, SCALAR):
            what = words(term, self.named)
            return o.Lift(axes=axes, cells=cells, inputs=self._operands(term), what=what)
        return None

    def _operands(self, term: h.Term) -> tuple[o.Operator, ...]:
        """What flows into an expression, each once, through the scalar functions inside it."""
        found: dict[h.Term, None] = {}
        waiting = [term]
        opened: set[str] = set()
        while waiting:
            one = waiting.pop()
            if isinstance(one, h.LetTerm):
                if one.name not in opened:
                    waiting.append(self.named[one.name])
                opened.add(one.name)
            elif isinstance(one, SCALAR):
                waiting.extend(reversed(_parts(one)))
            else:
                found[one] = None
        return self._inputs(found)

    def _reduce(self, term: h.ReduceTerm) -> o.Operator:
        axes, cells = self._size(term.type.axes)
        weight = () if term.weight is None else (term.weight,)
        inputs = self._inputs((term.of, *weight, *(arg for _, arg in term.args)))
        if term.reducer not in PLAIN:
            return o.Fit(
                axes=axes,
                cells=cells,
                inputs=inputs,
                statistic=term.reducer,
                direction=term.direction,
                over=term.axes,
            )
        return o.Reduce(
            axes=axes,
            cells=cells,
            inputs=inputs,
            reducer=term.reducer,
            direction=term.direction,
            over=term.axes,
            by=term.by,
            weighted="" if term.weight is None else words(term.weight, self.named),
        )

    def _people(self, term: h.PeopleTerm | h.HeadcountTerm, reducer: str) -> o.Reduce:
        axes, cells = self._size(term.type.axes)
        tables = (self.audit.tables[term.table], self.audit.tables[term.people])
        columns = tuple(dict.fromkeys(c.name for table in tables for c in table.columns))
        keys = [axis for axis in axes if axis in columns and axis not in term.by]
        weight = () if term.weight is None else (term.weight,)
        drawn = (one for one in drawn_again(self.audit) if one.people == term.people)
        design = [name for one in drawn for name in (one.cluster, one.strata) if name is not None]
        scan = o.Scan(
            axes=axes,
            cells=self.grid.rows.get(term.table, cells),
            source=f"{term.table} join {term.people.rpartition('.')[2]}",
            columns=columns,
            needed=tuple(dict.fromkeys((*keys, term.person, term.column, *term.by, *weight, *design))),
        )
        return o.Reduce(
            axes=axes,
            cells=cells,
            inputs=(scan,),
            reducer=reducer,
            direction="over",
            over=(term.person,),
            by=term.by,
            weighted=term.weight or "",
            human=True,
            copy=next(self._copies),
        )

    def _population(self, name: str) -> o.Reduce:
        target = self.audit.targets[name]
        axes, cells = self._size(target.axes)
        columns = tuple(c.name for c in self.audit.tables[target.people].columns)
        weight = () if target.weight is None else (target.weight,)
        scan = o.Scan(
            axes=axes,
            cells=self.grid.rows.get(target.people, cells),
            source=target.people,
            columns=columns,
            needed=(*target.axes, *weight),
        )
        return o.Reduce(
            axes=axes,
            cells=cells,
            inputs=(scan,),
            reducer="share",
            direction="of",
            over=(name,),
            weighted=target.weight or "",
            human=True,
            copy=next(self._copies),
        )

    def read(self, name: str, of: str) -> o.Read:
        """The answers of an ask."""
        with self._counted(3 + 2 * len(self.audit.eaches)):
            return self._read(name, of)

    def _read(self, name: str, of: str) -> o.Read:
        ask = next(ask for ask in self.audit.asks if ask.name == name)
        axes, cells = self._size(ask.axes)
        inputs = (self._recorded(ask, ask.reader),) if isinstance(ask.reader, d.Recorded) else ()
        if not inputs:
            inputs = (self._generate(ask),)
        reader = reader_text(ask.reader)
        return o.Read(axes=axes, cells=cells, inputs=inputs, ask=name, reader=reader, field=of)

    def _recorded(self, ask: d.TypedAsk, reader: d.Recorded) -> o.Operator:
        axes, cells = self._size(ask.axes)
        columns = tuple(c.name for c in self.audit.tables[reader.table].columns)
        rows = self.grid.rows.get(reader.table, cells)
        needed = tuple(dict.fromkeys((*(c for c in columns if c in axes), reader.column)))
        return o.Scan(axes=axes, cells=rows, source=reader.table, columns=columns, needed=needed)

    def _generate(self, ask: d.TypedAsk) -> o.Operator:
        axes, cells = self._size(ask.axes)
        panel = ask.panel or ""
        each = next(e for e in self.audit.eaches if ask.model_axes[0] in e.names)
        return o.Generate(
            axes=axes,
            cells=cells,
            inputs=(self._render(ask),),
            copy=next(self._copies),
            panel=panel,
            reader=reader_text(ask.reader),
            models=len(kept_models(each, self.audit.panels[panel])),
            tries=1 + ask.retries,
        )

    def _render(self, ask: d.TypedAsk) -> o.Operator:
        everything = [name for each in self.audit.eaches for name in each.names]
        axes = self.sizes.ordered(everything)
        earlier = dict.fromkeys(name for _, term in ask.args for name in asks_in(self.audit, term))
        parts = [part for _, term in ask.args for part in terms_in(term)]
        drawn = dict.fromkeys(part.name for part in parts if isinstance(part, h.DrawnTerm))
        inputs = (
            self._grid(),
            *(drawn_value(self.audit, self.sizes, name) for name in drawn),
            *self._inputs(dict.fromkeys(part for part in parts if isinstance(part, h.ColumnTerm))),
            *(self.read(name, "") for name in earlier),
        )
        bound = frozenset[str]().union(*(term.type.axes for _, term in ask.args))
        return o.Render(
            axes=axes,
            cells=self.sizes.cells(axes),
            inputs=inputs,
            copy=next(self._copies),
            prompt=ask.prompt.name,
            args=tuple(f"{name} = {words(term, self.named)}" for name, term in ask.args),
            needs=self.sizes.ordered(bound),
        )

    def _grid(self) -> o.Operator:
        """Every axis of the audit crossed, with every condition on top; built once, since it is the same anywhere."""
        if self._whole is None:
            self._whole = self._crossed()
        return self._whole

    def _crossed(self) -> o.Operator:
        bound = [each for each in self.audit.eaches if not isinstance(each.source, _NO_AXIS)]
        axes = self.sizes.ordered(name for each in bound for name in each.names)
        found: o.Operator = o.Cross(
            axes=axes,
            cells=self.sizes.before(axes, (), joint=False),
            inputs=tuple(axis_source(self.audit, self.sizes, each) for each in bound),
        )
        applied: list[d.TypedEach] = []
        for each in bound:
            if each.where is None:
                continue
            applied.append(each)
            last = len(applied) == sum(e.where is not None for e in bound)
            found = o.Filter(
                axes=axes,
                cells=self.sizes.before(axes, applied, joint=last),
                inputs=(found,),
                condition=" ".join(each.where.span.text.split()),
                over=self.sizes.ordered(each.where.type.axes),
            )
        return found


_NO_AXIS = d.DrawSource | d.ShuffledSource


def _parts(term: h.Term) -> tuple[h.Term, ...]:
    """The terms directly inside a scalar expression, in the order in which they are written."""
    match term:
        case h.NegateTerm(of=of) | h.KindTerm(of=of) | h.MemberTerm(of=of):
            return (of,)
        case h.ArithmeticTerm(left=left, right=right) | h.CompareTerm(left=left, right=right):
            return (left, right)
        case h.LogicTerm(args=args) | h.CallTerm(args=args) | h.MetricTerm(args=args):
            return args
        case h.IfTerm(condition=condition, then=then, otherwise=otherwise):
            return (condition, then, otherwise)
    return ()
