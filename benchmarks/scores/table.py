"""The record of a run as Markdown: seconds, ratios with their goals, memory, agreement, and how the cost grows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

TITLES: Final = {
    "ours": "cyclspec",
    "numpy": "NumPy and SciPy, vectorised",
    "pandas": "pandas, a loop over groups",
}
GOALS: Final = {"numpy": 3.0, "pandas": 200.0}
COMPILE: Final = 10.0
MEMORY: Final = 4.0
"""GiB."""


def table(record: Mapping[str, Any]) -> str:
    """The whole page."""
    return "\n".join(_lines(record)) + "\n"


def _lines(record: Mapping[str, Any]) -> Iterator[str]:
    sizes, machine = record["sizes"], record["machine"]
    cells = sizes["items"] * sizes["countries"] * sizes["groups"] * sizes["models"]
    yield (
        f"{sizes['items']:,} items, {sizes['countries']} countries, {sizes['groups']} groups, "
        f"{sizes['models']} models: {cells:,} distributions; five measures, {sizes['draws']:,} draws each."
    )
    yield f"Machine: {machine['processor']}, {machine['cores']} cores, Python {machine['python']}."
    yield ""
    yield "| | seconds (rounds) | CPU seconds | times ours, by round | of CPU | goal | differs by at most | peak, GiB |"
    yield "| --- | --- | --- | --- | --- | --- | --- | --- |"
    for name, arm in record["arms"].items():
        yield "| " + " | ".join(_row(record, name, arm)) + " |"
    compile_seconds = record["arms"]["ours"]["notes"]["compile_seconds"]
    yield ""
    yield f"Compiling takes {_judged(compile_seconds, COMPILE)} s (goal: under {COMPILE:.0f} s)."
    for side, fit in record.get("fits", {}).items():
        yield ""
        yield _fit(side, fit)


def _row(record: Mapping[str, Any], name: str, arm: Mapping[str, Any]) -> Iterator[str]:
    means = record["sizes"]["countries"] * record["sizes"]["groups"] * record["sizes"]["models"]
    part = means / arm["cells"]
    rounds = ", ".join(f"{one:.2f}" for one in arm["seconds"])
    yield TITLES[name]
    yield f"{arm['whole_seconds']:.2f} ({rounds})" + (
        "" if part == 1 else f", {arm['cells']} of {means} cells timed"
    )
    yield f"{part * sorted(arm['cpu_seconds'])[len(arm['cpu_seconds']) // 2]:.2f}"
    ratio = record["ratios"].get(name)
    if ratio is None:
        yield from ("", "", "")
    else:
        yield f"{ratio['median']:.2f}" + ("" if ratio["median"] >= GOALS[name] else " ✗")
        yield f"{ratio['cpu_median']:.2f}"
        yield f"{GOALS[name]:.0f}"
    differs = record["differences"].get(name)
    yield "" if differs is None else f"{differs:.1e}"
    peak = arm["peak_bytes"] / 2**30
    yield _judged(peak, MEMORY) if name == "ours" else f"{peak:.2f}"


def _judged(value: float, most: float) -> str:
    return f"{value:.2f}" + ("" if value < most else " ✗")


def _fit(side: str, fit: Mapping[str, Any]) -> str:
    pairs = ", ".join(
        f"{seconds:.2f} s at {size:,}" for size, seconds in zip(fit["sizes"], fit["seconds"], strict=True)
    )
    return (
        f"CPU seconds over {side}: {pairs}; a line of {fit['fixed']:.2f} s and {1e3 * fit['each']:.3g} s a "
        f"thousand {side} explains {fit['explained']:.2%} of the variance."
    )
