"""What was measured, as records on disk: one file a case and type, and the tables of all that stands there."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.arms import Answers, ArmName, Dtype
from benchmarks.cases import Case
from benchmarks.checkpoints import Shape
from benchmarks.machine import machine, versions
from benchmarks.measure import Fit, Measured, difference, ratios, useful_rate
from benchmarks.report import Record, report
from benchmarks.workloads import Workload


def record_of(
    shape: Shape,
    dtype: Dtype,
    whole: Workload,
    found: Mapping[ArmName, Measured],
    rates: Mapping[ArmName, float | None],
    reference: Answers | None,
) -> dict[str, Any]:
    """One case as JSON. `rates` are the operations a second of each library on the shape's products."""
    ours, rate, useful = found["ours"], rates["ours"], None
    if rate is not None and ours.rounds and whole.kind != "writing":
        median = float(np.median([one.seconds for one in ours.rounds]))
        useful = useful_rate(shape, ours.workload.unshared, median) / rate
    return {
        "workload": whole.name,
        "title": whole.title,
        "kind": whole.kind,
        "shape": shape.name,
        "dtype": dtype,
        "digest": whole.digest,
        "machine": machine(),
        "versions": versions(),
        "texts": {"whole": _texts(whole), **{name: _texts(one.workload) for name, one in found.items()}},
        "arms": {name: _arm(one, whole.kind, reference) for name, one in found.items()},
        "ratios": ratios(found),
        "matrix_rates": dict(rates),
        "useful_fraction": useful,
        "compile_cached_seconds": None,
    }


def _texts(some: Workload) -> dict[str, int]:
    return {"prompts": len(some.prompts), "tokens": some.tokens, "unshared": some.unshared}


def _arm(one: Measured, kind: str, reference: Answers | None) -> dict[str, Any]:
    compared = bool(one.rounds) and reference is not None
    return {
        "absent": one.absent,
        "prompts": len(one.workload.prompts),
        "seconds": [timed.seconds for timed in one.rounds],
        "cpu_seconds": [timed.cpu_seconds for timed in one.rounds],
        "prompts_per_second": float(np.median(one.speeds)) if one.rounds else None,
        "difference": difference(kind, reference, one.answers) if compared and reference else None,
        "notes": one.notes,
    }


class Records:
    """A folder of records."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    def write(self, record: Record) -> None:
        """Puts a record in the place of an older one of the same case."""
        self._write(_file(record["workload"], record["shape"], record["dtype"]), record)

    def write_fit(self, record: Record, fit: Fit) -> None:
        """The same for a fit of cost, with the case that it belongs to."""
        kept = {key: record[key] for key in ("workload", "shape", "dtype", "machine", "versions")}
        self._write(
            f"fit-{_file(*(record[key] for key in ('workload', 'shape', 'dtype')))}",
            kept | {"fit": asdict(fit)},
        )

    def _write(self, name: str, record: Record) -> None:
        (self.folder / name).write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")

    def reference(self, case: Case, dtype: Dtype, found: Measured) -> Answers | None:
        """The answers of transformers in float32 to the same texts, of this run or of an earlier one."""
        texts = found.workload.digest
        path = self.folder / f"reference-{case.workload}-{case.shape}-{texts}.npz"
        if dtype == "float32" and found.rounds:
            np.savez(path, *found.answers)
            return found.answers
        if dtype == "float32" or not path.is_file():
            return None
        with np.load(path) as stored:
            return [stored[f"arr_{at}"] for at in range(len(stored.files))]

    def has_any(self, cases: Sequence[Case]) -> bool:
        """Whether one of the cases was measured."""
        return any((self.folder / name).is_file() for name in _files(cases))

    def page(self, cases: Sequence[Case]) -> str:
        """The records of some cases that stand there, as tables; written beside them."""
        names = _files(cases)
        records, fits = self._read(names), self._read([f"fit-{name}" for name in names])
        page = report(records, fits)
        (self.folder / "table.md").write_text(page, encoding="utf-8")
        return page

    def _read(self, names: Sequence[str]) -> list[Record]:
        paths = [self.folder / name for name in names]
        return [json.loads(path.read_text(encoding="utf-8")) for path in paths if path.is_file()]


def _files(cases: Sequence[Case]) -> list[str]:
    return [_file(case.workload, case.shape, dtype) for case in cases for dtype in case.dtypes]


def _file(workload: str, shape: str, dtype: str) -> str:
    return f"{workload}-{shape}-{dtype}.json"
