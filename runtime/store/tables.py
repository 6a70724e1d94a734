"""The tables of a run and their schemas: answers, requests, measures, checks.

Every table has an explicit Arrow schema and carries its definition under the metadata key `cyclspec`: schema version,
hashes and environment, and for measures and checks the canonical audit itself. Missing values are null with a reason,
never zero; no time and no host stands in a table, so equal work has equal bytes.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from itertools import product
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from cyclspec.compiler.axes import Grid
from cyclspec.compiler.plan.plan import Plan, PlannedAsk, cells_of
from cyclspec.compiler.plan.requests import Offer
from cyclspec.compiler.scores.tables import CheckCells, MeasureCells
from cyclspec.runtime.store.replies import Reply

SCHEMA_VERSION = 1
TABLES = ("measures", "answers", "requests", "checks")
LEVEL = pa.dictionary(pa.int32(), pa.string())
_MESSAGE = pa.struct([("role", pa.string()), ("content", pa.string())])


def metadata(table: str, definition: Mapping[str, Any]) -> dict[str, str]:
    """The definition that travels with a table."""
    facts = {"schema_version": SCHEMA_VERSION, "table": table, **definition}
    return {"cyclspec": json.dumps(facts, ensure_ascii=False, sort_keys=True)}


def level_fields(axes: Sequence[str]) -> list[pa.Field]:
    """One column an axis."""
    return [pa.field(axis, LEVEL) for axis in axes]


def answer_axes(asks: Sequence[PlannedAsk], grid: Grid) -> tuple[str, ...]:
    """The axes that some ask has, in the order of the grid."""
    used = {axis for ask in asks for axis in ask.axes}
    return tuple(axis for axis in grid.axes if axis in used)


def probabilities(logprobs: Reply) -> tuple[NDArray[np.float32], float]:
    """Shares over the offered labels, and their joint probability under the whole vocabulary.

    Computed in float64 from log-probabilities, so that labels with little mass keep their ratios; where no label
    has any probability, all are zero.
    """
    logs = logprobs.astype(np.float64)
    if not np.isfinite(logs.max(initial=-np.inf)):
        return np.zeros(logs.shape, dtype=np.float32), 0.0
    weights = np.exp(logs - logs.max())
    return (weights / weights.sum()).astype(np.float32), float(np.exp(logs).sum())


def _answer(
    key: str, ask: PlannedAsk, cell: Mapping[str, str], offer: Offer, reply: Reply | None, reason: str
) -> dict[str, Any]:
    row: dict[str, Any] = {"ask": ask.name, **cell, "request": key}
    row |= {"options": list(offer.labels), "codes": list(offer.codes)}
    if reply is None:
        return row | {"status": "missing", "reason": reason}
    shown = reply[list(offer.at)]
    probs, mass = probabilities(shown)
    logs = [float(value) for value in shown]
    return row | {"probs": probs.tolist(), "logprobs": logs, "mass": mass, "status": "answered"}


def answers_table(
    plan: Plan, replies: Mapping[str, Reply], reasons: Mapping[str, str], definition: Mapping[str, Any]
) -> pa.Table:
    """One row a cell and ask: levels, request, options with codes, shares, log-probabilities in nats, mass, status.

    Options stand in the order of their scale, whatever order the prompt showed them in.
    """
    axes = answer_axes(plan.asks, plan.grid)
    schema = pa.schema(
        [
            pa.field("ask", LEVEL, nullable=False),
            *level_fields(axes),
            pa.field("request", pa.string(), nullable=False),
            pa.field("options", pa.list_(pa.string())),
            pa.field("codes", pa.list_(pa.string())),
            pa.field("probs", pa.list_(pa.float32())),
            pa.field("logprobs", pa.list_(pa.float32())),
            pa.field("mass", pa.float32()),
            pa.field("status", LEVEL, nullable=False),
            pa.field("reason", LEVEL),
        ],
        metadata=metadata("answers", definition),
    )
    rows = [
        _answer(key, ask, cell, offer, replies.get(key), reasons.get(key, "not asked"))
        for ask in plan.asks
        for cell, number, offer in cells_of(plan, ask)
        for key in [plan.requests[number].key]
    ]
    return table_of(rows, schema)


def requests_table(plan: Plan, definition: Mapping[str, Any]) -> pa.Table:
    """One row a distinct request, with all that is needed to recompute its answer with another library."""
    schema = pa.schema(
        [
            pa.field("request", pa.string(), nullable=False),
            pa.field("model", LEVEL, nullable=False),
            pa.field("messages", pa.list_(_MESSAGE), nullable=False),
            pa.field("prefix", pa.string()),
            pa.field("text", pa.string(), nullable=False),
            pa.field("token_ids", pa.list_(pa.int32()), nullable=False),
            pa.field("label_ids", pa.list_(pa.list_(pa.int32())), nullable=False),
            pa.field("options", pa.list_(pa.string())),
            pa.field("codes", pa.list_(pa.string())),
            pa.field("system_folded", pa.bool_(), nullable=False),
        ],
        metadata=metadata("requests", definition),
    )
    rows = [
        {
            "request": request.key,
            "model": request.model,
            "messages": [{"role": m.role, "content": m.content} for m in request.messages],
            "prefix": request.prefix,
            "text": request.text,
            "token_ids": list(request.token_ids),
            "label_ids": [list(ids) for ids in request.label_ids],
            "options": list(request.labels),
            "codes": list(request.codes),
            "system_folded": request.system_folded,
        }
        for request in plan.requests
    ]
    return table_of(rows, schema)


def table_of(rows: list[dict[str, Any]], schema: pa.Schema) -> pa.Table:
    """Rows under a schema; what a row does not name is null."""
    columns = [
        pa.array([row.get(field.name) for row in rows], type=_plain(field.type)).cast(field.type)
        for field in schema
    ]
    return pa.Table.from_arrays(columns, schema=schema)


def _plain(type_: pa.DataType) -> pa.DataType:
    return type_.value_type if pa.types.is_dictionary(type_) else type_


def _number(value: Any) -> float | None:
    """Null for what is not a number: NaN and infinities never reach a table."""
    return float(value) if np.isfinite(value) else None


def _cells(
    axes: Sequence[str], grid: Grid, shape: Sequence[int]
) -> Iterator[tuple[tuple[int, ...], dict[str, str]]]:
    levels = [grid.axes[axis].levels for axis in axes]
    for index in product(*(range(n) for n in shape)):
        yield index, {a: names[i] for a, names, i in zip(axes, levels, index, strict=True)}


def _used_axes(cells: Sequence[MeasureCells] | Sequence[CheckCells], grid: Grid) -> tuple[str, ...]:
    used = {axis for cell in cells for axis in cell.axes}
    return tuple(axis for axis in grid.axes if axis in used)


def measures_table(measures: Sequence[MeasureCells], grid: Grid, definition: Mapping[str, Any]) -> pa.Table:
    """One row a cell of a measure; `value` is null where it is withheld or nothing was left to measure."""
    schema = pa.schema(
        [
            pa.field("measure", LEVEL, nullable=False),
            *level_fields(_used_axes(measures, grid)),
            pa.field("value", pa.float64()),
            pa.field("low", pa.float64()),
            pa.field("high", pa.float64()),
            pa.field("floor", pa.float64()),
            pa.field("unit", LEVEL, nullable=False),
            pa.field("n_used", pa.int64(), nullable=False),
            pa.field("n_units", pa.int64(), nullable=False),
            pa.field("n_missing", pa.int64(), nullable=False),
            pa.field("missing", pa.string()),
            pa.field("withheld_by", pa.string()),
            pa.field("value_unexcluded", pa.float64()),
        ],
        metadata=metadata("measures", definition),
    )
    rows = [
        _measure(measure, index, levels)
        for measure in measures
        for index, levels in _cells(measure.axes, grid, measure.value.shape)
        if measure.exists[index]
    ]
    return table_of(rows, schema)


def _measure(measure: MeasureCells, index: tuple[int, ...], levels: Mapping[str, str]) -> dict[str, Any]:
    missing = {reason: int(n[index]) for reason, n in measure.missing.items() if n[index]}
    return {
        "measure": measure.name,
        **levels,
        "value": _number(measure.value[index]),
        "low": _number(measure.low[index]),
        "high": _number(measure.high[index]),
        "floor": _number(measure.floor[index]),
        "unit": measure.unit.value,
        "n_used": int(measure.n_used[index]),
        "n_units": int(measure.n_units[index]),
        "n_missing": int(measure.n_missing[index]),
        "missing": json.dumps(missing, ensure_ascii=False, sort_keys=True) if missing else None,
        "withheld_by": ", ".join(measure.withheld_by[index]) or None,
        "value_unexcluded": _number(measure.value_unexcluded[index]),
    }


def checks_table(checks: Sequence[CheckCells], grid: Grid, definition: Mapping[str, Any]) -> pa.Table:
    """One row a cell of a check; `passed` is null where it could not be evaluated."""
    schema = pa.schema(
        [
            pa.field("check", LEVEL, nullable=False),
            *level_fields(_used_axes(checks, grid)),
            pa.field("passed", pa.bool_()),
            pa.field("on_fail", LEVEL, nullable=False),
            pa.field("because", pa.string()),
        ],
        metadata=metadata("checks", definition),
    )
    rows = [
        {
            "check": check.name,
            **levels,
            "passed": bool(check.passed[index]) if check.ok[index] else None,
            "on_fail": check.on_fail,
            "because": check.because or None,
        }
        for check in checks
        for index, levels in _cells(check.axes, grid, check.passed.shape)
    ]
    return table_of(rows, schema)
