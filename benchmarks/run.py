"""The command: `python -m benchmarks.run`. Measures, writes JSON and tables under `build/bench`.

Each case and type is written when it is done, so a run that was cut short goes on with `--only`, and the tables are
made of all that was written.
"""

from __future__ import annotations

import os
import shutil
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import click

from benchmarks.arms import ARMS, ArmName, Dtype
from benchmarks.cases import CASES, FIT_SIZES, ON_A_GPU, QUICK, Case
from benchmarks.checkpoints import ROOT, SHAPES, corpus, train_tokenizer, write_checkpoint
from benchmarks.measure import compile_from_cache, fit, matrix_rates, measure
from benchmarks.process import ArmProcess
from benchmarks.records import Records, record_of
from benchmarks.report import disagreements
from benchmarks.workloads import NAMES, workload

LEAST_ROUNDS = 2
Planned = tuple[Case, Dtype]


@click.command()
@click.option("--only", multiple=True, type=click.Choice(NAMES), help="A workload; all without it.")
@click.option(
    "--shape", "shapes", multiple=True, type=click.Choice(list(SHAPES)), help="A shape; all without it."
)
@click.option("--dtype", "dtypes", multiple=True, type=click.Choice(["float32", "bfloat16"]))
@click.option("--minutes", type=float, default=22.0, show_default=True, help="For all rounds of all cases.")
@click.option(
    "--quick", is_flag=True, help="A tiny checkpoint, one round: whether everything runs and agrees."
)
@click.option("--device", type=click.Choice(["cpu", "gpu"]), default="cpu", show_default=True)
@click.option("--out", type=click.Path(path_type=Path), default=ROOT / "build" / "bench")
def main(
    only: tuple[str, ...],
    shapes: tuple[str, ...],
    dtypes: tuple[Dtype, ...],
    minutes: float,
    device: str,
    out: Path,
    *,
    quick: bool,
) -> None:
    """Measures the engine and its peers on the same questions, in one run."""
    if device == "gpu":
        from benchmarks.device import run_on_device

        records = Records(out / "gpu")
        run_on_device(_chosen(ON_A_GPU, only, shapes, dtypes), records, "cuda")
        click.echo(records.page(ON_A_GPU))
        return
    if quick:
        # Threads that wait by spinning take minutes over tiny products on a machine that does other work too.
        os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    cases = QUICK if quick else CASES
    records = Records(out / "quick" if quick else out)
    until = time.monotonic() + (0 if quick else minutes * 60)
    run = _Run(records, out / "checkpoints", corpus(), until, 1 if quick else LEAST_ROUNDS)
    failed = list(run.all(_chosen(cases, only, shapes, dtypes)))
    click.echo(records.page(cases))
    if failed:
        click.echo(f"These do not agree with transformers in float32: {', '.join(failed)}", err=True)
        sys.exit(1)


def _chosen(
    cases: Sequence[Case], only: Sequence[str], shapes: Sequence[str], dtypes: Sequence[Dtype]
) -> list[Planned]:
    return [
        (case, dtype)
        for case in cases
        for dtype in case.dtypes
        if (not only or case.workload in only)
        and (not shapes or case.shape in shapes)
        and (not dtypes or dtype in dtypes)
    ]


@dataclass(frozen=True, slots=True)
class _Run:
    """What all cases of a run share. Rounds end at `until`, on the clock that only goes forward."""

    records: Records
    checkpoints: Path
    text: str
    until: float
    least_rounds: int

    def all(self, planned: Sequence[Planned]) -> Iterator[str]:
        """Runs the cases, those of one shape and type in the same processes; names those that disagree."""
        left = len(planned)
        for shape, dtype in dict.fromkeys((case.shape, dtype) for case, dtype in planned):
            with self._arms(shape, dtype) as arms:
                for case in [one for one, kind in planned if (one.shape, kind) == (shape, dtype)]:
                    yield from self._one(case, dtype, arms, (self.until - time.monotonic()) / left)
                    left -= 1

    @contextmanager
    def _arms(self, shape: str, dtype: Dtype) -> Iterator[Mapping[ArmName, ArmProcess]]:
        """All arms over a checkpoint; the cache of compiled programs is empty at first."""
        folder, cache = self.checkpoints / shape, self._cache(shape, dtype)
        write_checkpoint(folder, SHAPES[shape], train_tokenizer(self.text, SHAPES[shape].vocab))
        shutil.rmtree(cache, ignore_errors=True)
        cache.mkdir(parents=True)
        processes = {name: ArmProcess(name, folder, dtype, cache) for name in ARMS}
        try:
            for process in processes.values():
                process.wait()
            yield processes
        finally:
            for process in processes.values():
                process.stop()

    def _cache(self, shape: str, dtype: Dtype) -> Path:
        return self.records.folder / "compiled" / f"{shape}-{dtype}"

    def _one(
        self, case: Case, dtype: Dtype, arms: Mapping[ArmName, ArmProcess], seconds: float
    ) -> Iterator[str]:
        """Measures a case, writes its record, and names the arms that disagree."""
        click.echo(f"{case.workload} {case.shape} {dtype}", err=True)
        shape = SHAPES[case.shape]
        tokenizer = train_tokenizer(self.text, shape.vocab)
        whole = workload(
            case.workload, self.text, tokenizer, personas=case.personas, questions=case.questions
        )
        own = {name: whole.first(case.counts[name]) for name in ARMS}
        found = measure(arms, own, seconds, self.least_rounds)
        rates = matrix_rates(arms, shape)
        reference = self.records.reference(case, dtype, found["transformers"])
        record = record_of(shape, dtype, whole, found, rates, reference)
        self.records.write(record)
        if found["ours"].rounds and case.compiles_again:
            cache = self._cache(case.shape, dtype)
            again = compile_from_cache(self.checkpoints / case.shape, dtype, cache, own["ours"])
            record["compile_cached_seconds"] = again
            self.records.write(record)
        if found["ours"].rounds and case.fits and dtype == "float32":
            some = [whole.first(count) for count in FIT_SIZES]
            self.records.write_fit(record, fit(arms["ours"], some))
        yield from (f"{case.workload} {case.shape} {name}" for name in disagreements(record))


if __name__ == "__main__":
    main()
