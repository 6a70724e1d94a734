"""The physical plan as text: what is asked in which stage, of which model, in which shapes, and what it costs.

Expects the facts of `summary`. Ensures that a bound is called one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import groupby
from typing import Any

from cyclspec.compiler.plan.plan import Plan
from cyclspec.compiler.plan.summary import summary

Facts = Mapping[str, Any]


def physical_text(plan: Plan | Facts) -> str:
    """What `cyclspec plan` and `cyclspec explain --stage physical` print, of a plan or of its facts."""
    return "\n".join(_lines(summary(plan, None) if isinstance(plan, Plan) else plan))


def _bytes(count: int) -> str:
    for power, unit in ((3, "GiB"), (2, "MiB"), (1, "KiB")):
        if count >= 1024**power:
            return f"{count / 1024**power:.1f} {unit}"
    return f"{count} B"


def _number(count: float) -> str:
    return f"{count:,.0f}".replace(",", " ")


def _lines(facts: Facts) -> list[str]:
    axes = " x ".join(f"{name} {size}" for name, size in facts["axes"].items())
    reused = "" if facts["reused"] is None else f", {_number(facts['reused'])} of them answered before"
    bound = "at most " if any(one["at_most"] for one in facts["asks"]) else ""
    tokens = f"{bound}{_number(facts['tokens_naive'])} asked cell by cell, {_number(facts['tokens_distinct'])} distinct"
    if facts["programs"]:
        tokens += f", {_number(facts['tokens_planned'])} with padding"
    lines = [
        f"{facts['title'] or facts['audit']}",
        f"  design     {facts['hashes']['design'][:12]}   score {facts['hashes']['score'][:12]}",
        f"  axes       {axes}",
        f"  cells      {_number(facts['cells'])}",
        f"  requests   {bound}{_number(facts['requests'])} distinct{reused}",
        f"  tokens     {tokens}",
    ]
    if facts["output_tokens"]:
        lines.append(f"  writes     at most {_number(facts['output_tokens'])} tokens")
    lines.append(f"  programs   {facts['programs']}")
    lines += _stages(facts)
    for model in facts["models"]:
        shapes = ", ".join(
            f"{b['batches']} x [{b['rows']}, {b['tokens']}]"
            for b in facts["buckets"]
            if b["model"] == model["model"]
        )
        text = "plain text" if model["plain_text"] else "chat template"
        text += ", system message in the user's turn" if model["system_folded"] else ""
        lines += [
            f"  model      {model['model']}: {model['place']} ({model['family']}, {facts['numerics']}, {text})",
            f"             {_model_requests(model, shapes)}; weights {_bytes(model['weight_bytes'])}",
        ]
    lines += [
        f"  data       {table['table']}: {_number(found['rows'])} rows of `{column}` brought to a sum of one, "
        f"by {found['largest']:.2%} at most"
        for table in facts["data"]
        for column, found in table["renormalised"].items()
    ]
    lines += [
        f"  data       {table['table']}: {_number(count)} rows of `{column}` are in no level and in no group"
        for table in facts["data"]
        for column, count in table["outside"].items()
    ]
    lines += [
        f"  cost       {facts['flops']:.2g} operations, about {facts['seconds_estimated']:g} s at 100 GFLOP/s",
        f"  measures   {', '.join(facts['measures'])}",
    ]
    return lines


def _model_requests(model: Facts, shapes: str) -> str:
    requests = f"{_number(model['requests'])} requests"
    return f"{requests} in {shapes}" if shapes else requests


def _stages(facts: Facts) -> Iterator[str]:
    """A head for each ask in the order of stages, and a line for each model that it asks."""
    for (stage, ask, reader), found in groupby(
        facts["asks"], key=lambda one: (one["stage"], one["ask"], one["reader"])
    ):
        yield f"  stage {stage:<4} {ask}: {reader}"
        for one in found:
            yield f"             {_ask_line(one)}"


def _ask_line(one: Facts) -> str:
    cells = f"{_number(one['cells'])} cells"
    if not one["model"]:
        return f"{cells} answered in the table, 0 requests"
    bound = "at most " if one["at_most"] else ""
    requests = f"{bound}{_number(one['requests'])} requests"
    naive, distinct = _number(one["tokens_naive"]), _number(one["tokens_distinct"])
    tokens = f"{bound}{naive} tokens asked cell by cell"
    if not one["at_most"]:
        tokens += f", {distinct} distinct"
    return f"{one['model']}: {cells}, {requests}; {tokens}; {_output(one)}"


def _output(one: Facts) -> str:
    """What a model writes for an ask."""
    if one["reader"].startswith("first_token"):
        return "first position only"
    if not one["output_tokens"]:
        return "options are scored, nothing is written"
    tries = f" in up to {one['tries']} tries each" if one["tries"] > 1 else ""
    return f"writes at most {_number(one['output_tokens'])} tokens{tries}"
