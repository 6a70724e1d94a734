"""The command: `python -m benchmarks.scores.run`. Measures, writes JSON and a table under `build/bench/scores`."""

from __future__ import annotations

import json
import statistics
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import click
import numpy as np

from benchmarks.checkpoints import ROOT
from benchmarks.machine import machine
from benchmarks.scores.process import NAMES, ArmProcess, Name, Timed
from benchmarks.scores.survey import FULL, MEASURES, QUICK, Sizes
from benchmarks.scores.table import table

TOLERANCE = 1e-9
"""The largest difference of a mean or of an end of an interval from the vectorised arm that is excused."""


@click.command()
@click.option("--rounds", type=click.IntRange(1), default=5, show_default=True)
@click.option("--quick", is_flag=True, help="A small audit, one round: whether everything runs and agrees.")
@click.option("--fit/--no-fit", default=True, help="How the cost of ours grows, over three sizes each way.")
@click.option("--out", type=click.Path(path_type=Path), default=ROOT / "build" / "bench" / "scores")
def main(rounds: int, out: Path, *, quick: bool, fit: bool) -> None:
    """Measures the scores of one audit beside NumPy and pandas, in one run, in turns."""
    sizes = QUICK if quick else FULL
    record = measured(sizes, 1 if quick else rounds)
    if fit and not quick:
        record["fits"] = {"cells": fitted(_by_cells(sizes)), "draws": fitted(_by_draws(sizes))}
    out.mkdir(parents=True, exist_ok=True)
    (out / ("quick.json" if quick else "scores.json")).write_text(
        json.dumps(record, indent=1), encoding="utf-8"
    )
    click.echo(table(record))
    worst = max(record["differences"].values())
    if not worst <= TOLERANCE:
        click.echo(f"The arms differ by {worst:.1e}, more than {TOLERANCE:.0e}", err=True)
        sys.exit(1)


def measured(sizes: Sizes, rounds: int) -> dict[str, Any]:
    """All arms in turns, round after round; ratios are made within a round."""
    arms = {name: ArmProcess(name, sizes) for name in NAMES}
    found: dict[Name, list[Timed]] = {name: [] for name in NAMES}
    try:
        for arm in arms.values():
            arm.ready()
        for _ in range(rounds):
            for name, arm in arms.items():
                found[name].append(arm.run())
    finally:
        for arm in arms.values():
            arm.stop()
    return {
        "sizes": asdict(sizes),
        "machine": machine(),
        "arms": {name: _arm(sizes, runs) for name, runs in found.items()},
        "ratios": {name: _ratios(sizes, found["ours"], found[name]) for name in NAMES if name != "ours"},
        "differences": {
            name: difference(found["numpy"][0].scored, found[name][0].scored)
            for name in NAMES
            if name != "numpy"
        },
    }


def whole(sizes: Sizes, run: Timed) -> float:
    """Seconds for all cells: those of a slice in proportion."""
    return run.seconds * sizes.means / run.cells


def _arm(sizes: Sizes, runs: Sequence[Timed]) -> dict[str, Any]:
    return {
        "seconds": [run.seconds for run in runs],
        "cpu_seconds": [run.cpu_seconds for run in runs],
        "whole_seconds": statistics.median(whole(sizes, run) for run in runs),
        "peak_bytes": max(run.peak_bytes for run in runs),
        "cells": runs[0].cells,
        "notes": runs[0].notes,
    }


def _ratios(sizes: Sizes, ours: Sequence[Timed], theirs: Sequence[Timed]) -> dict[str, Any]:
    pairs = list(zip(ours, theirs, strict=True))
    rounds = [whole(sizes, other) / one.seconds for one, other in pairs]
    cpu = [other.cpu_seconds * sizes.means / other.cells / one.cpu_seconds for one, other in pairs]
    return {"rounds": rounds, "median": statistics.median(rounds), "cpu_median": statistics.median(cpu)}


def difference(one: Mapping[str, Any], other: Mapping[str, Any]) -> float:
    """The largest difference of a mean or an end of an interval, over the cells that both have."""
    found = []
    for measure in MEASURES:
        a, b = np.asarray(one[measure]), np.asarray(other[measure])
        cells = min(a.shape[1], b.shape[1])
        found.append(float(np.abs(a[:, :cells] - b[:, :cells]).max()))
    return max(found)


def _by_cells(sizes: Sizes) -> list[Sizes]:
    return [replace(sizes, countries=sizes.countries * part // 4) for part in (1, 2, 4)]


def _by_draws(sizes: Sizes) -> list[Sizes]:
    return [replace(sizes, draws=sizes.draws * part) for part in (1, 2, 4)]


def fitted(growing: Sequence[Sizes]) -> dict[str, Any]:
    """CPU seconds of ours over growing sizes, in turns, medians of three; a line through them, and what it explains."""
    seconds = _in_turns(growing)
    sides = [sizes.cells if growing[0].draws == growing[1].draws else sizes.draws for sizes in growing]
    each, fixed = np.polyfit(sides, seconds, 1)
    left = np.array(seconds) - (fixed + each * np.array(sides))
    explained = 1 - float(left @ left) / float(np.var(seconds) * len(seconds))
    return {
        "sizes": sides,
        "seconds": seconds,
        "fixed": float(fixed),
        "each": float(each),
        "explained": explained,
    }


def _in_turns(growing: Sequence[Sizes]) -> list[float]:
    arms = [ArmProcess("ours", sizes) for sizes in growing]
    try:
        for arm in arms:
            arm.ready()
        turns = [[arm.run().cpu_seconds for arm in arms] for _ in range(3)]
        return [statistics.median(runs) for runs in zip(*turns, strict=True)]
    finally:
        for arm in arms:
            arm.stop()


if __name__ == "__main__":
    main()
