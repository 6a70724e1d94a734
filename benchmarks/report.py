"""Results as tables in Markdown: speeds, ratios with their goals, and what stands behind them.

Expects the records that `run` writes, one a case and type. Ensures that an arm that was not measured stands in the
table with its reason.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from benchmarks.arms import ARMS, TITLES, ArmName
from benchmarks.cases import COMPILE_CACHED, COMPILE_COLD, GOALS, PADDING, REPLIES, TOLERANCE, USEFUL

Record = Mapping[str, Any]


def report(records: Sequence[Record], fits: Sequence[Record]) -> str:
    """The whole page."""
    parts = [
        *_machines(records),
        "## Speed\n\n" + _table(_SPEED, map(_speed, records)),
        "## Ratios\n\nHow many times faster than each peer: median of the ratios within a round; of CPU seconds; "
        "the goal.\n\n" + _table(_RATIO, _ratio_rows(records)),
        "## Tokens, products, compile\n\n" + _table(_PLAN, (row for one in records for row in _plan(one))),
        "## Agreement\n\nLargest difference of an option's share from transformers in torch in float32; of replies, "
        "the part that differs.\n\n" + _table(_AGREE, map(_agreement, records)),
        "## Sharing\n\n" + _table(_SHARE, _sharing(records)),
        "## Cost against unshared tokens\n\n" + _table(_FIT, map(_fit, fits)),
    ]
    return "\n\n".join(parts) + "\n"


def _machines(records: Sequence[Record]) -> Iterator[str]:
    """One paragraph for each machine and set of versions that the records come from."""
    seen: dict[str, list[str]] = {}
    for one in records:
        machine, versions = one["machine"], one["versions"]
        words = f"{machine['processor']} ({machine['family']}; {' '.join(machine['instructions'])}), "
        if "accelerator" in machine:
            words += f"{machine['accelerator']}, "
        words += f"{machine['cores']} cores, {machine['system']}, Python {machine['python']}; "
        words += ", ".join(f"{name} {version}" for name, version in versions.items())
        seen.setdefault(words, []).append(_name(one))
    for words, names in seen.items():
        yield f"Machine: {words}." + (f" Cases: {', '.join(names)}." if len(seen) > 1 else "")


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def _name(record: Record) -> str:
    return f"{record['workload']} {record['shape']} {record['dtype']}"


_SPEED = ("prompts a second (prompts, rounds)", *(TITLES[name] for name in ARMS))


def _speed(record: Record) -> list[str]:
    return [_name(record), *(_speed_of(record["arms"][name]) for name in ARMS)]


def _speed_of(arm: Record) -> str:
    if arm["absent"] is not None:
        return f"absent: {arm['absent']}"
    return f"{arm['prompts_per_second']:.1f} ({arm['prompts']}, {len(arm['seconds'])})"


_RATIO = ("", *(TITLES[name] for name in ARMS if name != "ours"))


def _ratio_rows(records: Sequence[Record]) -> Iterator[list[str]]:
    for record in records:
        yield [_name(record), *(_ratio(record, name) for name in ARMS if name != "ours")]


def _ratio(record: Record, peer: ArmName) -> str:
    goal = GOALS.get((record["workload"], record["shape"], record["dtype"], peer))
    aim = "" if goal is None else f"; goal {goal:g}"
    found = record["ratios"].get(peer)
    if found is None:
        return f"not measured{aim}"
    return f"{found['median']:.2f}{_met(found['median'], goal)} (CPU {found['cpu_median']:.2f}{aim})"


def _met(value: float, goal: float | None) -> str:
    return "" if goal is None or value >= goal else " ✗"


_PLAN = (
    "",
    f"tokens planned / trie (goal {PADDING:g})",
    "programs",
    f"compile, cold / cached, s (goal at 135m {COMPILE_COLD:g} / {COMPILE_CACHED:g})",
    "planning, s",
    "products, jax / torch, GFLOP/s",
    "useful of jax's rate",
)


def _plan(record: Record) -> Iterator[list[str]]:
    notes = record["arms"]["ours"]["notes"]
    if not notes:
        return
    padding = notes["tokens_planned"] / notes["tokens_shared"] if "tokens_planned" in notes else None
    cold, cached = notes["compile_seconds"], record["compile_cached_seconds"]
    least = USEFUL[record["dtype"]]
    useful = record["useful_fraction"]
    limits = (COMPILE_COLD, COMPILE_CACHED) if record["shape"] == "135m" else (None, None)
    yield [
        _name(record),
        _limited(padding, ".3f", PADDING),
        str(notes["programs"]),
        f"{_limited(cold, '.2f', limits[0])} / {_limited(cached, '.2f', limits[1])}",
        f"{notes['planning_seconds']:.3f}",
        " / ".join(_limited(rate and rate / 1e9, ".0f") for rate in record["matrix_rates"].values()),
        "-" if useful is None else f"{useful:.0%}{_met(useful, least)} (goal {least:.0%})",
    ]


def _limited(value: float | None, form: str, most: float | None = None) -> str:
    """A number, marked where it is above its limit; a dash where there is none."""
    if value is None:
        return "-"
    return format(value, form) + (" ✗" if most is not None and value > most else "")


_AGREE = ("", *(TITLES[name] for name in ARMS))


def _agreement(record: Record) -> list[str]:
    return [_name(record), *(_differs(record, record["arms"][name]) for name in ARMS)]


def _differs(record: Record, arm: Record) -> str:
    found = arm["difference"]
    if found is None:
        return "not compared"
    return f"{found:.1e}" + (" ✗" if _disagrees(record, arm) else "")


def disagreements(record: Record) -> list[ArmName]:
    """The arms that do not agree with the reference."""
    return [name for name in ARMS if name in record["arms"] and _disagrees(record, record["arms"][name])]


def _disagrees(record: Record, arm: Record) -> bool:
    """Whether an arm is further from the reference than float32 excuses. bfloat16 is reported, not judged."""
    found = arm["difference"]
    most = REPLIES if record["kind"] == "writing" else TOLERANCE
    return record["dtype"] == "float32" and found is not None and bool(found > most)


_SHARE = ("", "prompts", "tokens without sharing", "tokens of the trie", "ratio")


def _sharing(records: Sequence[Record]) -> list[list[str]]:
    """What the texts of a workload share, as a whole and in the part that an arm gets; each once for all types."""
    rows: dict[str, list[str]] = {}
    for record in records:
        for which, one in record["texts"].items():
            name = f"{record['workload']} {record['shape']}, {TITLES.get(which, which)}"
            ratio = one["tokens"] / max(one["unshared"], 1)
            rows[name] = [name, str(one["prompts"]), str(one["tokens"]), str(one["unshared"]), f"{ratio:.2f}"]
    return list(rows.values())


_FIT = ("", "unshared tokens", "seconds", "fixed, s", "a thousand tokens, s", "explained")


def _fit(record: Record) -> list[str]:
    found = record["fit"]
    return [
        _name(record),
        ", ".join(map(str, found["tokens"])),
        ", ".join(f"{one:.2f}" for one in found["seconds"]),
        f"{found['fixed']:.2f}",
        f"{1000 * found['each']:.3f}",
        f"{found['explained']:.4f}",
    ]
