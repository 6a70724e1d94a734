"""What a plan costs, as data: the figures that `cyclspec plan` prints and that `plan.json` keeps.

Estimates say that they are: floating-point operations are two a parameter and token (Kaplan et al. 2020, section 2.1),
time assumes a stated rate.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from cyclspec.compiler.checkpoints.architecture import DecoderConfig
from cyclspec.compiler.plan.plan import SCHEMA_VERSION, Plan, PlannedModel

ASSUMED_RATE = 1e11
_BYTES = {"float32": 4, "bfloat16": 2}


def parameters(config: DecoderConfig) -> tuple[int, int]:
    """Parameters of the layers, and of the embeddings with the output head."""
    heads, kv = config.heads * config.head_dim, config.kv_heads * config.head_dim
    matrices = (3 if config.gated else 2) * (config.experts.count if config.experts else 1)
    layer = (
        config.hidden_size * (2 * heads + 2 * kv) + matrices * config.hidden_size * config.intermediate_size
    )
    table = config.vocab_size * config.hidden_size
    return config.layers * layer, table if config.tied else 2 * table


def _model(plan: Plan, model: PlannedModel) -> dict[str, Any]:
    trunk, tables = parameters(model.config)
    later = [found for found in plan.later if found.digest == model.asked.digest]
    written = sum(found.output_tokens for found in later)
    tokens = sum(bucket.tokens_computed for bucket in model.buckets)
    tokens += sum(found.tokens_distinct for found in later)
    requests = model.requests + sum(found.requests for found in later)
    head = model.config.vocab_size * model.config.hidden_size * (requests + written)
    return {
        "model": model.asked.name,
        "place": model.asked.checkpoint.place,
        "family": model.config.family,
        "requests": requests,
        "tokens_planned": tokens,
        "output_tokens": written,
        "weight_bytes": (trunk + tables) * _BYTES[plan.numerics],
        "flops": 2 * (trunk * (tokens + written) + head),
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
        "requests": plan.requests_at_most,
        "reused": reused,
        "tokens_naive": plan.tokens_naive,
        "tokens_distinct": plan.tokens_distinct,
        "tokens_planned": plan.tokens_planned,
        "programs": plan.programs,
        "numerics": plan.numerics,
        "output_tokens": sum(found.output_tokens for found in plan.figures),
        "asks": [asdict(found) for found in sorted(plan.figures, key=lambda found: found.stage)],
        "models": models,
        "data": _data(plan),
        "buckets": [_bucket(model, i) for model in plan.models for i in range(len(model.buckets))],
        "flops": flops,
        "seconds_estimated": round(flops / ASSUMED_RATE, 1),
        "measures": [measure.name for measure in plan.audit.measures],
    }
