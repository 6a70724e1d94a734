"""The tables of a run and their schemas: requests, measures, checks; `answers` makes that of answers.

Every table has an explicit Arrow schema and carries its definition under the metadata key `cyclspec`: schema version,
hashes and environment, and for measures and checks the canonical audit itself. Missing values are null with a reason,
never zero; no time and no host stands in a table, so equal work has equal bytes.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from itertools import product
from typing import Any, Protocol, assert_never

import numpy as np
import pyarrow as pa

from cyclspec.compiler.axes import Grid
from cyclspec.compiler.plan.plan import Plan, Reply
from cyclspec.compiler.plan.reads import Labels, Likeliest, Options, Read, Writing
from cyclspec.compiler.readings.likeliest import TopTokens
from cyclspec.compiler.readings.reading import WrittenText
from cyclspec.compiler.scores.few_clusters import caution, lack
from cyclspec.compiler.scores.reasons import ANSWER_REASONS
from cyclspec.compiler.scores.tables import MOST_LOST, CheckCells, MeasureCells

SCHEMA_VERSION = 1
TABLES = ("measures", "answers", "requests", "checks")
NO_ANSWER = {f"n_{reason.replace(' ', '_')}": reason for reason in reversed(ANSWER_REASONS)}
"""Columns of measures that count answers which are missing, with the reason that each counts."""
LOST_DRAWS = "leave nothing to measure"
UNBOUNDED = "some ways to fill missing answers in leave it undefined"
BESIDE = ("uniform", "others", "shuffled")
"""Columns of measures that stand beside a noise floor."""
LEVEL = pa.dictionary(pa.int32(), pa.string())
_MESSAGE = pa.struct([("role", pa.string()), ("content", pa.string())])


def metadata(table: str, definition: Mapping[str, Any]) -> dict[str, str]:
    """The definition that travels with a table."""
    facts = {"schema_version": SCHEMA_VERSION, "table": table, **definition}
    return {"cyclspec": json.dumps(facts, ensure_ascii=False, sort_keys=True)}


def level_fields(axes: Sequence[str]) -> list[pa.Field]:
    """One column an axis."""
    return [pa.field(axis, LEVEL) for axis in axes]


class Known(Protocol):
    """Replies by request key, and the reasons of those that are missing."""

    replies: dict[str, Reply]
    reasons: dict[str, str]


def requests_table(plan: Plan, known: Known, definition: Mapping[str, Any]) -> pa.Table:
    """One row a distinct request, with all that is needed to recompute its answer with another library.

    Of a hosted model, which has no text and no ids, what its server says it answered with.
    """
    schema = pa.schema(
        [
            pa.field("request", pa.string(), nullable=False),
            pa.field("model", LEVEL, nullable=False),
            pa.field("messages", pa.list_(_MESSAGE), nullable=False),
            pa.field("prefix", pa.string()),
            pa.field("text", pa.string(), nullable=False),
            pa.field("token_ids", pa.list_(pa.int32()), nullable=False),
            pa.field("read", LEVEL, nullable=False),
            pa.field("label_ids", pa.list_(pa.list_(pa.int32()))),
            pa.field("option_ids", pa.list_(pa.list_(pa.int32()))),
            pa.field("option_bytes", pa.list_(pa.int32())),
            pa.field("context_ids", pa.list_(pa.int32())),
            pa.field("temperature", pa.float64()),
            pa.field("top_p", pa.float64()),
            pa.field("max_tokens", pa.int32()),
            pa.field("stop_ids", pa.list_(pa.int32())),
            pa.field("seed", pa.list_(pa.uint32())),
            pa.field("record", pa.string()),
            pa.field("options", pa.list_(pa.string())),
            pa.field("codes", pa.list_(pa.string())),
            pa.field("top_tokens", pa.int32()),
            pa.field("system_folded", pa.bool_(), nullable=False),
            pa.field("prefix_folded", pa.bool_(), nullable=False),
            pa.field("served", pa.string()),
            pa.field("fingerprint", pa.string()),
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
            **_read(request.read),
            "options": list(request.labels),
            "codes": list(request.codes),
            "system_folded": request.system_folded,
            "prefix_folded": request.prefix_folded,
            **_served(known.replies.get(request.key)),
        }
        for request in plan.requests
    ]
    return table_of(rows, schema)


def _read(read: Read) -> dict[str, Any]:
    """How a request is read, in the columns of its kind; those of the other kinds are null."""
    match read:
        case Labels(ids=ids):
            return {"read": "labels", "label_ids": [list(one) for one in ids]}
        case Options(ids=ids, byte_counts=counts, context=context):
            facts = {"option_bytes": list(counts), "context_ids": list(context) if context else None}
            return {"read": "options", "option_ids": [list(one) for one in ids], **facts}
        case Writing():
            settings = {"temperature": read.temperature, "top_p": read.top_p, "max_tokens": read.max_tokens}
            seed = list(read.seed) if read.temperature > 0 else None
            record = None if read.record is None else read.record.text
            ends = list(read.stop_ids)
            return {"read": "writing", **settings, "stop_ids": ends, "seed": seed, "record": record}
        case Likeliest(count=count):
            return {"read": "likeliest", "top_tokens": count}
    assert_never(read)


def _served(reply: Reply | None) -> dict[str, str | None]:
    """What a server says it answered with, null where it says nothing."""
    if not isinstance(reply, WrittenText | TopTokens):
        return {}
    return {"served": reply.served.model or None, "fingerprint": reply.served.fingerprint or None}


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
    if 0 in shape:  # groups that nothing is in are no axis of the grid
        return
    levels = [grid.axes[axis].levels for axis in axes]
    for index in product(*(range(n) for n in shape)):
        yield index, {a: names[i] for a, names, i in zip(axes, levels, index, strict=True)}


def _used_axes(cells: Sequence[MeasureCells] | Sequence[CheckCells], grid: Grid) -> tuple[str, ...]:
    used = {axis for cell in cells for axis in cell.axes}
    return tuple(axis for axis in grid.axes if axis in used)


def measures_table(measures: Sequence[MeasureCells], grid: Grid, definition: Mapping[str, Any]) -> pa.Table:
    """One row a cell of a measure; `value` is null where it is withheld or nothing was left to measure."""
    dated = any(measure.sessions_differ_by is not None for measure in measures)
    schema = pa.schema(
        [
            pa.field("measure", LEVEL, nullable=False),
            *level_fields(_used_axes(measures, grid)),
            pa.field("value", pa.float64()),
            pa.field("low", pa.float64()),
            pa.field("high", pa.float64()),
            pa.field("floor", pa.float64()),
            *(pa.field(name, pa.float64()) for name in (*BESIDE, "equal_n")),
            pa.field("null", pa.float64()),
            pa.field("times_null", pa.float64()),
            pa.field("p_value", pa.float64()),
            pa.field("p_adjusted", pa.float64()),
            pa.field("unit", LEVEL, nullable=False),
            pa.field("n_used", pa.int64(), nullable=False),
            pa.field("n_clusters", pa.int64(), nullable=False),
            pa.field("n_missing", pa.int64(), nullable=False),
            *(pa.field(name, pa.int64(), nullable=False) for name in NO_ANSWER),
            pa.field("missing", pa.string()),
            pa.field("bound_low", pa.float64()),
            pa.field("bound_high", pa.float64()),
            pa.field("outside", pa.float64()),
            pa.field("outside_most", pa.float64()),
            pa.field("withheld_by", pa.string()),
            pa.field("value_unexcluded", pa.float64()),
            pa.field("error", pa.float64()),
            pa.field("bias", pa.float64()),
            pa.field("deff", pa.float64()),
            pa.field("interval", LEVEL),
            pa.field("estimand", LEVEL),
            pa.field("draws", pa.int64()),
            pa.field("test", LEVEL),
            pa.field("adjust", LEVEL),
            pa.field("warning", pa.string()),
            *([pa.field("sessions_differ_by", LEVEL)] if dated else []),
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
    judged = measure.judgement
    missing = {reason: int(n[index]) for reason, n in measure.missing.items() if n[index]}
    return {
        "measure": measure.name,
        **levels,
        "value": _number(measure.value[index]),
        "low": _number(measure.low[index]),
        "high": _number(measure.high[index]),
        "floor": _number(measure.floor[index]),
        "uniform": _number(measure.uniform[index]),
        "others": _number(measure.others[index]),
        "shuffled": _number(measure.shuffled[index]),
        "equal_n": _number(measure.equal_n[index]),
        "null": _number(measure.null[index]),
        "times_null": _number(measure.times_null[index]),
        "p_value": _number(measure.p_value[index]),
        "p_adjusted": _number(measure.p_adjusted[index]),
        "unit": measure.unit.value,
        "n_used": int(measure.n_used[index]),
        "n_clusters": int(measure.n_clusters[index]),
        "n_missing": int(measure.n_missing[index]),
        **{column: missing.get(reason, 0) for column, reason in NO_ANSWER.items()},
        "missing": json.dumps(missing, ensure_ascii=False, sort_keys=True) if missing else None,
        "bound_low": _number(measure.bound_low[index]),
        "bound_high": _number(measure.bound_high[index]),
        "outside": _number(measure.outside[index]),
        "outside_most": _number(measure.outside_most[index]),
        "withheld_by": ", ".join(measure.withheld_by[index]) or None,
        "value_unexcluded": _number(measure.value_unexcluded[index]),
        "error": _number(measure.error[index]),
        "bias": _number(measure.bias[index]),
        "deff": _number(measure.deff[index]),
        "interval": judged.interval or None,
        "estimand": judged.estimand or None,
        "draws": judged.draws or None,
        "test": judged.test or None,
        "adjust": judged.adjust or None,
        "warning": "; ".join(_warnings(measure, index)) or None,
        "sessions_differ_by": None
        if measure.sessions_differ_by is None
        else measure.sessions_differ_by[index],
    }


def _warnings(measure: MeasureCells, index: tuple[int, ...]) -> Iterator[str]:
    """What a reader of an interval and of bounds must know, or of their lack."""
    interval, lost = measure.judgement.interval, measure.lost[index]
    if interval and np.isfinite(measure.value[index]):
        clusters, freedom = int(measure.n_clusters[index]), int(measure.freedom[index])
        if measure.few[index]:
            yield caution(interval, clusters, freedom)
        elif not lost > MOST_LOST and (why := lack(interval, clusters, freedom)):
            yield why
        if lost > 0.0:
            yield _lost(lost, "draws", "interval") + _kept(measure.judgement.strata, freedom)
    if measure.biased[index]:
        yield "draws lie off the value by more than a quarter of its standard error"
    if (gone := measure.null_lost[index]) > 0.0 and np.isfinite(measure.value[index]):
        yield _lost(gone, "permutations", "p-value")
    if measure.unmoved[index]:
        yield "no permutation changes the value, so the p-value says nothing"
    if np.isinf(measure.bound_low[index]) or np.isinf(measure.bound_high[index]):
        yield f"no bound: {UNBOUNDED}"


def _lost(share: float, what: str, without: str) -> str:
    ending = f"there is no {without}" if share > MOST_LOST else "they are left out"
    return f"{share:.2%} of the {what} {LOST_DRAWS}: {ending}"


def _kept(strata: str, freedom: int) -> str:
    """How every draw would have something of each group; strata of one cluster have no interval."""
    _, _, group = strata.partition(".")
    return f" (`strata = {strata}` keeps every {group} in every draw)" if strata and freedom > 0 else ""


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
