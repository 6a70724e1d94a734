"""What a run says of itself: its tables, the definition that they carry, and the plan they came from.

Expects a run that has measures. Ensures that everything comes from the folder of the run: the audit is the one that the
tables carry, checked again, and not the file that it was once made from.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cyclspec.diff.sides import checked_document
from cyclspec.language.diagnostics import SpecError
from cyclspec.language.diagnostics.cy07_data_and_plan import FileUnreadable
from cyclspec.language.syntax import tree as t
from cyclspec.language.types import terms as h
from cyclspec.language.types import typed as d
from cyclspec.language.types.context import Context
from cyclspec.language.types.subterms import subterms

if TYPE_CHECKING:
    from cyclspec.runtime.store.runs import Run

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Metric:
    """A metric as it is declared: its head, its formula, and what its documentation says."""

    name: str
    head: str
    formula: str
    doc: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Facts:
    """Everything that a methods section can be written from."""

    context: Context
    audit: d.TypedAudit
    plan: Mapping[str, Any]
    hashes: Mapping[str, str]
    environment: Mapping[str, Any]
    answers: tuple[Row, ...]
    requests: tuple[Row, ...]
    measures: tuple[Row, ...]
    checks: tuple[Row, ...]
    people: tuple[Row, ...]

    def ask(self, name: str) -> d.TypedAsk:
        return next(ask for ask in self.audit.asks if ask.name == name)

    def answers_of(self, ask: str) -> tuple[Row, ...]:
        return tuple(row for row in self.answers if row["ask"] == ask)

    def axes_of(self, rows: tuple[Row, ...]) -> tuple[str, ...]:
        """The axes that some rows have, in the order of the audit."""
        named = [name for each in self.audit.eaches for name in each.names]
        derived = [name for row in rows for name in row if name in self.plan["axes"] or name in named]
        return tuple(name for name in dict.fromkeys([*named, *derived]) if any(row.get(name) for row in rows))

    @property
    def metrics(self) -> tuple[Metric, ...]:
        """The metrics that measures and checks call, or that these call, each once and before those it calls."""
        terms = [*(m.term for m in self.audit.measures), *(c.term for c in self.audit.checks)]
        terms += [let.term for let in self.audit.lets]
        found: dict[tuple[str, str], Metric] = {}
        calls = [call for term in terms for call in _calls(term)][::-1]
        while calls:
            call = calls.pop()
            key = (call.body.span.source.name, call.metric)
            if key not in found:
                found[key] = self._metric(call)
                calls += [*_calls(call.body)][::-1]
        return tuple(found.values())

    def _metric(self, call: h.MetricTerm) -> Metric:
        for module in self.context.program.modules.values():
            declared = module.decls.get(call.metric)
            if isinstance(declared, t.Metric) and declared.body.span.source is call.body.span.source:
                text = module.source.text[declared.name.span.start : declared.body.span.start]
                head = f"metric {text.rstrip().removesuffix('=')}"
                return Metric(call.metric, head, declared.body.span.text, declared.doc)
        return Metric(call.metric, call.metric, call.body.span.text, ())


def _calls(term: h.Term) -> Iterator[h.MetricTerm]:
    return (part for part in subterms(term) if isinstance(part, h.MetricTerm))


def load_facts(run: Run) -> Facts:
    """The facts of a run. `SpecError` where it has no measures yet, or does not carry what made them."""
    measures = run.measures
    definition = _definition(run.scores / "measures.parquet", measures.schema.metadata)
    context, audit = checked_document(
        run.scores / "measures.parquet",
        definition["audit"],
        run.origin.spec.parent,
        definition["name"],
        definition["params"],
    )
    return Facts(
        context=context,
        audit=audit,
        plan=run.plan,
        hashes=definition["hashes"],
        environment=definition["environment"],
        answers=tuple(run.answers.to_pylist()),
        requests=tuple(run.requests.to_pylist()),
        measures=tuple(measures.to_pylist()),
        checks=tuple(run.checks.to_pylist()),
        people=tuple(run.people.to_pylist()),
    )


def _definition(path: Path, metadata: Mapping[bytes, bytes] | None) -> dict[str, Any]:
    try:
        found = json.loads((metadata or {})[b"cyclspec"])
        assert isinstance(found, dict)
        for name, kind in (("audit", dict), ("name", str), ("params", dict), ("hashes", dict)):
            assert isinstance(found[name], kind)
    except (KeyError, ValueError, AssertionError):
        problem = "does not carry the whole definition of its measures"
        helps = ("score the run again: `cyclspec score RUN`",)
        raise SpecError(
            [FileUnreadable(file=path.name, problem=problem, place=str(path), helps=helps)]
        ) from None
    return found
