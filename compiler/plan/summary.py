"""What a plan costs, as data: the figures that `cyclspec plan` prints and that `plan.json` keeps.

Ensures that totals are those of the models together. Times are estimates at the rates that stand beside them.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from cyclspec.compiler.plan.cost import RATES, Cost, Rates
from cyclspec.compiler.plan.plan import SCHEMA_VERSION, Plan
from cyclspec.compiler.plan.requests import Numerics
from cyclspec.compiler.plan.workload import programs, workload
from cyclspec.language.types import typed as d

_TOTALS = (
    "requests",
    "tokens_naive",
    "tokens_distinct",
    "tokens_shared",
    "tokens_planned",
    "output_tokens",
    "programs",
    "shards",
    "waves",
    "reply_bytes",
    "flops",
    "bytes_moved",
)


def _time(rates: Rates, cost: Cost, numerics: Numerics) -> dict[str, Any]:
    """The estimated time on one kind of device, with the rates that are assumed."""
    return {
        "device": rates.device,
        "flops_per_second": rates.operations[numerics],
        "bytes_per_second": rates.bytes,
        "seconds": round(rates.seconds(cost, numerics), 3),
    }


def _hosted(plan: Plan) -> list[dict[str, Any]]:
    """The figures of the models that others run: what is sent, in characters, and tokens as they are estimated."""
    laid = {ask.name for ask in plan.asks}
    return [
        {
            "model": model.asked.name,
            "names": list(dict.fromkeys(found.model for found in own)),
            "place": model.asked.place,
            "at_most": any(found.at_most for found in own),
            "requests": model.requests + sum(found.requests for found in own if found.ask not in laid),
            "characters": sum(found.characters for found in own),
            "tokens_estimated": sum(found.tokens_distinct for found in own),
            "output_tokens": sum(found.output_tokens for found in own),
        }
        for model in plan.hosted
        for own in [[found for found in plan.figures if found.digest == model.asked.digest]]
    ]


def _data(plan: Plan) -> list[dict[str, Any]]:
    """The tables that were read, with what was renormalised in them and what lies outside every level."""
    return [
        {
            "table": name,
            "rows": table.n_rows,
            "digest": table.digest,
            "renormalised": {
                column: {"rows": found.count, "largest": found.largest}
                for column, found in table.renormalised.items()
                if found.count
            },
            "outside": {column: found.outside for column, found in table.columns.items() if found.outside},
        }
        for name, table in sorted(plan.tables.items())
    ]


def _recorded(plan: Plan) -> list[dict[str, Any]]:
    """What tables have recorded for each ask that reads one, and what of it is of no use."""
    readers = {ask.name: ask.reader for ask in plan.audit.asks if isinstance(ask.reader, d.Recorded)}
    return [
        {
            "ask": name,
            "table": readers[name].table,
            "column": readers[name].column,
            "rows": found.rows,
            "other_rows": found.other_rows,
            "answered": found.answered,
            "missing": found.missing,
        }
        for name, found in plan.recorded.items()
    ]


def summary(plan: Plan, reused: int | None) -> dict[str, Any]:
    """The figures of a plan. `reused` counts requests answered before, None where that is not known."""
    models = [workload(plan, model) for model in plan.models]
    hosted = _hosted(plan)
    total = {name: sum(model.get(name, 0) for model in (*models, *hosted)) for name in _TOTALS}
    cost = Cost(total["flops"], total["bytes_moved"])
    return {
        "schema_version": SCHEMA_VERSION,
        "audit": plan.audit.name,
        "title": plan.audit.title,
        "hashes": dict(plan.hashes),
        "params": dict(plan.audit.params),
        "axes": {name: len(axis) for name, axis in plan.grid.axes.items()},
        "cells": plan.cells,
        "at_most": any(model["at_most"] for model in (*models, *hosted)),
        "reused": reused,
        **total,
        "peak_bytes": max((model["peak_bytes"] for model in models), default=0),
        "memory_limit": plan.planner.budget.bytes,
        "numerics": plan.numerics,
        "asks": [asdict(found) for found in sorted(plan.figures, key=lambda found: found.stage)],
        "models": models,
        "hosted": hosted,
        "data": _data(plan),
        "recorded": _recorded(plan),
        "shapes": [one for model in plan.models for one in programs(model)],
        "time": [_time(rates, cost, plan.numerics) for rates in RATES],
        "measures": [measure.name for measure in plan.audit.measures],
    }
