"""What a plan costs, as data: the figures that `cyclspec plan` prints and that `plan.json` keeps.

Estimates say that they are: floating-point operations are two a parameter and token (Kaplan et al. 2020, section 2.1),
time assumes a stated rate.
"""

from __future__ import annotations

from typing import Any

from cyclspec.compiler.checkpoints.architecture import DecoderConfig
from cyclspec.compiler.plan.plan import SCHEMA_VERSION, Plan, PlannedModel

ASSUMED_RATE = 1e11
_BYTES = {"float32": 4, "bfloat16": 2}


def parameters(config: DecoderConfig) -> tuple[int, int]:
    """Parameters of the layers, and of the embeddings with the output head."""
    heads, kv = config.heads * config.head_dim, config.kv_heads * config.head_dim
    layer = config.hidden_size * (2 * heads + 2 * kv) + 3 * config.hidden_size * config.intermediate_size
    table = config.vocab_size * config.hidden_size
    return config.layers * layer, table if config.tied else 2 * table


def _model(plan: Plan, model: PlannedModel) -> dict[str, Any]:
    trunk, tables = parameters(model.config)
    tokens = sum(bucket.tokens_computed for bucket in model.buckets)
    head = model.config.vocab_size * model.config.hidden_size * model.requests
    return {
        "model": model.asked.name,
        "place": model.asked.checkpoint.place,
        "family": model.config.family,
        "requests": model.requests,
        "tokens_planned": tokens,
        "weight_bytes": (trunk + tables) * _BYTES[plan.numerics],
        "flops": 2 * (trunk * tokens + head),
        "plain_text": model.asked.plain,
        "system_folded": any(r.system_folded for r in plan.requests if r.digest == model.asked.digest),
    }


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


def _bucket(model: PlannedModel, index: int) -> dict[str, Any]:
    bucket = model.buckets[index]
    return {
        "model": model.asked.name,
        "rows": bucket.rows,
        "tokens": bucket.tokens,
        "options": bucket.options,
        "requests": bucket.requests,
        "batches": bucket.batches,
    }


def summary(plan: Plan, reused: int | None) -> dict[str, Any]:
    """The figures of a plan. `reused` counts requests answered before, None where that is not known."""
    models = [_model(plan, model) for model in plan.models]
    flops = sum(model["flops"] for model in models)
    return {
        "schema_version": SCHEMA_VERSION,
        "audit": plan.audit.name,
        "title": plan.audit.title,
        "hashes": dict(plan.hashes),
        "axes": {name: len(axis) for name, axis in plan.grid.axes.items()},
        "cells": plan.cells,
        "requests": len(plan.requests),
        "reused": reused,
        "tokens_naive": plan.tokens_naive,
        "tokens_distinct": plan.tokens_distinct,
        "tokens_planned": plan.tokens_planned,
        "programs": plan.programs,
        "numerics": plan.numerics,
        "models": models,
        "data": _data(plan),
        "buckets": [_bucket(model, i) for model in plan.models for i in range(len(model.buckets))],
        "flops": flops,
        "seconds_estimated": round(flops / ASSUMED_RATE, 1),
        "measures": [measure.name for measure in plan.audit.measures],
    }
