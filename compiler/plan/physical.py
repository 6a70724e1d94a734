"""The physical plan as text: what is asked in which stage, of which model, in which shapes, and what it costs.

Expects the facts of `summary`. Ensures that a bound is called one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import groupby
from typing import Any

from cyclspec.compiler.plan.memory import size_text
from cyclspec.compiler.plan.plan import Plan
from cyclspec.compiler.plan.summary import summary

Facts = Mapping[str, Any]
_SPANS = ((86400.0, "d"), (3600.0, "h"), (60.0, "min"))
_WORDS = ((1e12, "trillion"), (1e9, "billion"), (1e6, "million"))
_SIGNS = ((1e12, "T"), (1e9, "G"))


def physical_text(plan: Plan | Facts) -> str:
    """What `cyclspec plan` and `cyclspec explain --stage physical` print, of a plan or of its facts."""
    return "\n".join(_lines(summary(plan, None) if isinstance(plan, Plan) else plan))


def _number(count: float) -> str:
    return f"{count:,.0f}".replace(",", " ")


def _counted(count: int, what: str) -> str:
    return f"{_number(count)} {what}" if count == 1 else f"{_number(count)} {what}s"


def _scaled(count: float, names: tuple[tuple[float, str], ...]) -> str:
    """A large number in the largest unit that it fills, to two figures or to the whole unit."""
    scale, name = next((one for one in names if count >= one[0]), (1.0, ""))
    few = f"{count / scale:.2g}" if count < 100 * scale else _number(count / scale)
    return f"{few} {name}".rstrip()


def _duration(seconds: float) -> str:
    """A time as people say it."""
    for span, unit in _SPANS:
        if seconds >= 2 * span:
            return f"{seconds / span:.2g} {unit}"
    return f"{seconds:.2g} s" if seconds >= 0.1 else "under 0.1 s"


def _lines(facts: Facts) -> Iterator[str]:
    axes = " x ".join(f"{name} {size}" for name, size in facts["axes"].items())
    reused = "" if facts["reused"] is None else f", {_number(facts['reused'])} of them answered before"
    bound = "at most " if facts["at_most"] else ""
    yield f"{facts['title'] or facts['audit']}"
    yield f"  design     {facts['hashes']['design'][:12]}   score {facts['hashes']['score'][:12]}"
    yield f"  axes       {axes}"
    yield f"  cells      {_number(facts['cells'])}"
    yield f"  requests   {bound}{_number(facts['requests'])} distinct{reused}"
    yield from _tokens(facts, bound)
    yield from _stages(facts)
    for model in facts["models"]:
        yield from _model(facts, model)
    for model in facts["hosted"]:
        yield from _hosted(model)
    yield from _data(facts)
    yield from _cost(facts, bound)
    yield f"  measures   {', '.join(facts['measures'])}"


def _tokens(facts: Facts, bound: str) -> Iterator[str]:
    """How the tokens that have to be read become fewer, and then a few more again."""
    if not facts["tokens_naive"]:
        return
    said = {
        "tokens_naive": "asked cell by cell",
        "tokens_distinct": "in distinct prompts",
    }
    if facts["programs"]:
        said["tokens_shared"] = "where shared beginnings are read once"
        said["tokens_planned"] = "as planned, with padding"
    width = len(_number(facts["tokens_naive"]))
    for head, (name, words) in zip(["tokens", *[""] * 3], said.items(), strict=False):
        yield f"  {head:<10} {bound}{_number(facts[name]):>{width}} {words}"
    if facts["output_tokens"]:
        yield f"  writes     at most {_number(facts['output_tokens'])} tokens"


def _model(facts: Facts, model: Facts) -> Iterator[str]:
    """Where a model is and how it is asked, what it reads, in which programs, and the memory that it needs."""
    bound = "at most " if model["at_most"] else ""
    text = "plain text" if model["plain_text"] else "chat template"
    text += ", system message in the user's turn" if model["system_folded"] else ""
    names = ", ".join(model["names"] or [model["model"]])
    yield f"  model      {names}: {model['place']} ({model['family']}, {facts['numerics']}, {text})"
    reads = (
        f"reads {bound}{_number(model['tokens_planned'])} tokens for {_counted(model['requests'], 'request')}"
    )
    if model["over_bound"] is not None:
        reads += f", {model['over_bound']:.2f} times the least possible"
    yield f"             {reads}"
    yield from (f"             {_program(one)}" for one in facts["shapes"] if one["model"] == model["model"])
    beside = f" in {model['at_once']} shards at once" if model["at_once"] > 1 else ""
    parts = (
        f"weights {size_text(model['weight_bytes'])}",
        f"copies of layers {size_text(model['copied_bytes'])}",
        f"tokens at work {size_text(model['working_bytes'])}{beside} ({size_text(facts['memory_limit'])} allowed)",
    )
    yield f"             needs {size_text(model['peak_bytes'])} at most: {', '.join(parts)}"


def _hosted(model: Facts) -> Iterator[str]:
    """A model that others run: what is sent to it. Nothing is known of its tokens, and its price is not ours to say."""
    bound = "at most " if model["at_most"] else ""
    yield f"  model      {', '.join(model['names'] or [model['model']])}: {model['place']} (hosted, asked by batch)"
    about = f"about {_number(model['tokens_estimated'])} tokens, one for four bytes: it has no tokenizer here"
    sent = f"{_counted(model['requests'], 'request')}, {_number(model['characters'])} characters"
    yield f"             sends {bound}{sent} ({about})"
    if model["output_tokens"]:
        yield f"             is answered by at most {_number(model['output_tokens'])} tokens"


def _program(one: Facts) -> str:
    """The sizes that a program is compiled for, and how much goes through it."""
    if one["kind"] == "writing":
        texts = f"{_counted(one['written_texts'], 'text')}, {one['rows']} at once"
        return f"program: {texts}, prompts up to {one['prompt'] + 1} tokens, up to {one['new']} new"
    waves = f"{_counted(one['waves'], 'wave')} of {one['wave']} tokens in {_counted(one['shards'], 'shard')}"
    return f"program: {waves}, up to {one['ancestors']} tokens before, {_counted(one['outputs'], 'place')} to ask at"


def _data(facts: Facts) -> Iterator[str]:
    """What was mended in the tables, and what in them is outside of every level."""
    for table in facts["data"]:
        for column, found in table["renormalised"].items():
            rows = f"{_number(found['rows'])} rows of `{column}` brought to a sum of one"
            yield f"  data       {table['table']}: {rows}, by {found['largest']:.2%} at most"
    for table in facts["data"]:
        for column, count in table["outside"].items():
            rows = f"{_number(count)} rows of `{column}` are in no level and in no group"
            yield f"  data       {table['table']}: {rows}"


def _cost(facts: Facts, bound: str) -> Iterator[str]:
    """Estimates; nothing where no model is asked."""
    if not facts["models"]:
        return
    about = bound or "about "
    if len(facts["models"]) > 1:
        yield f"  memory     at most {size_text(facts['peak_bytes'])}, for one model at a time"
    operations = f"{_scaled(facts['flops'], _WORDS)} operations"
    yield f"  cost       {about}{operations}, {size_text(facts['bytes_moved'])} read and written"
    times = ", ".join(f"{_duration(one['seconds'])} on {_device(one)}" for one in facts["time"])
    yield f"  time       {bound}{times}: assumed rates"
    yield f"  replies    {about}{size_text(facts['reply_bytes'])} to store"


def _device(one: Facts) -> str:
    return f"{one['device']} ({_scaled(one['flops_per_second'], _SIGNS)}FLOP/s)"


def _stages(facts: Facts) -> Iterator[str]:
    """A head for each ask in the order of stages, and a line for each model that it asks."""
    for (stage, ask, reader), found in groupby(
        facts["asks"], key=lambda one: (one["stage"], one["ask"], one["reader"])
    ):
        yield f"  stage {stage:<4} {ask}: {reader}"
        for one in found:
            yield f"             {_ask_line(one) if one['model'] else _recorded_line(facts, one)}"


def _recorded_line(facts: Facts, one: Facts) -> str:
    """How many cells a table answers, why it does not answer the others, and what in it is of no cell."""
    cells = _number(one["cells"])
    found = next((answers for answers in facts["recorded"] if answers["ask"] == one["ask"]), None)
    if found is None:
        return f"{cells} cells, 0 requests"
    some = cells if found["answered"] == one["cells"] else f"{_number(found['answered'])} of {cells}"
    line = f"{some} cells answered in the table, 0 requests"
    line += "".join(f"; {_number(count)} {reason}" for reason, count in found["missing"].items())
    other = found["other_rows"]
    return line + (f"; {_counted(other, 'row')} of other cells" if other else "")


def _ask_line(one: Facts) -> str:
    cells = f"{_number(one['cells'])} cells"
    bound = "at most " if one["at_most"] else ""
    requests = f"{bound}{_number(one['requests'])} requests"
    if one["hosted"]:
        return f"{one['model']}: {cells}, {requests}; {_output(one)}"
    tokens = f"{bound}{_number(one['tokens_naive'])} tokens"
    if one["tokens_distinct"] != one["tokens_naive"]:
        tokens += f" cell by cell, {_number(one['tokens_distinct'])} in distinct prompts"
    return f"{one['model']}: {cells}, {requests}; {tokens}; {_output(one)}"


def _output(one: Facts) -> str:
    """What a model writes for an ask."""
    if one["reader"].startswith("first_token"):
        return "first position only"
    if not one["output_tokens"]:
        return "options are scored, nothing is written"
    tries = f" in up to {one['tries']} tries each" if one["tries"] > 1 else ""
    return f"writes at most {_number(one['output_tokens'])} tokens{tries}"
