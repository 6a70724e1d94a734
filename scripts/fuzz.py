"""Mutated programs by the thousand: `python scripts/fuzz.py --count 100000`.

Every program of tests/good, tests/bad and specs, every mistake of the tests, and programs that are generated, are
broken in one to four ways; each must give diagnostics, in order and in less than a second, and never a traceback. One
in 25 is a growth instead: names that name one another by the dozen, or hundreds of names and misspelled ones; some of
these go through the later stages too. What fails is made as short as it can be and saved under build/fuzz. The seed
alone decides what is tried.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import signal
import sys
import tempfile
import time
import warnings
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "language")]

from growths import grown, later_flaw  # noqa: E402
from mistakes import MISTAKES  # noqa: E402
from mutants import TOKENS, flaw_in, mutated  # noqa: E402
from spec_files import BAD, GOOD, SHIPPED, TESTS  # noqa: E402

CHUNK, HANG_S, TRIES, SHRINK_S, GENERATED = 250, 30, 400, 120, 200
GROWN_EVERY, LATER_EVERY, TOLD_EVERY = 25, 100, 10


@dataclass(frozen=True, slots=True)
class Failure:
    """A mutant that shows a flaw: its seed, what it was made from, and its text."""

    seed: int
    original: str
    flaw: str
    text: str


@dataclass(frozen=True, slots=True)
class Report:
    """What a range of seeds gave: how many programs, the slowest, and the failures."""

    count: int
    slowest: tuple[float, int, str]
    failures: tuple[Failure, ...]


def generated() -> list[str]:
    """Programs that are right by construction; the same ones every time."""
    from hypothesis import HealthCheck, Phase, given, settings
    from programs import sound_programs

    texts: list[str] = []
    quiet = settings(
        max_examples=GENERATED,
        derandomize=True,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )

    @quiet
    @given(sound_programs())
    def collect(text: str) -> None:
        texts.append(text)

    collect()
    return texts


def lay_out(folder: Path) -> None:
    """Copies the corpus, so that mutants stand beside what they import."""
    for path in (*GOOD, *BAD, *SHIPPED):
        target = folder / path.relative_to(TESTS if path.is_relative_to(TESTS) else ROOT)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, target)
    for n, mistake in enumerate(MISTAKES):
        (folder / "good" / f"mistake_{n:03}.cycl").write_text(mistake.text, encoding="utf-8")
    for n, text in enumerate(generated()):
        (folder / "good" / f"generated_{n:03}.cycl").write_text(text, encoding="utf-8")


def _hangs(_signal: int, _frame: FrameType | None) -> None:
    raise TimeoutError(f"it takes more than {HANG_S} s of a processor")


def _tried(path: Path, text: str, seed: int) -> tuple[str | None, float]:
    signal.setitimer(signal.ITIMER_PROF, HANG_S)
    try:
        flaw, took = flaw_in(path, text)
        return flaw or (later_flaw(path) if seed % LATER_EVERY == 0 else None), took
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)


def _made(rng: random.Random, seed: int, programs: list[Path]) -> tuple[Path, str]:
    """What a seed tries: the program that it was made from, and the text."""
    if seed % GROWN_EVERY == 0:
        return programs[0].with_name("grown.cycl"), grown(rng)
    original = rng.choice(programs)
    return original, mutated(rng, original.read_text(encoding="utf-8"))


def fuzz(folder: Path, seeds: range) -> Report:
    """The mutants of a range of seeds, in a process of its own."""
    warnings.simplefilter("error")
    signal.signal(signal.SIGPROF, _hangs)
    programs = sorted(path for path in folder.rglob("*.cycl") if not path.name.startswith("mutant"))
    slowest, failures = (0.0, -1, ""), []
    for seed in seeds:
        original, text = _made(random.Random(seed), seed, programs)
        path = original.with_name(f"mutant_{os.getpid()}.cycl")
        flaw, took = _tried(path, text, seed)
        name = str(original.relative_to(folder))
        slowest = max(slowest, (took, seed, name))
        if flaw is not None:
            failures.append(Failure(seed, name, flaw, _smallest(path, text, flaw, seed)))
        path.unlink()
    return Report(len(seeds), slowest, tuple(failures))


def _smallest(path: Path, text: str, flaw: str, seed: int) -> str:
    """The text without whatever can be left out while the same kind of flaw shows."""
    kind = flaw.partition(":")[0].partition(" takes ")[0]
    tokens, tries, end = TOKENS.findall(text), 0, time.monotonic() + SHRINK_S
    size = max(1, len(tokens) // 2)
    while size and tries < TRIES and time.monotonic() < end:
        at = 0
        while at < len(tokens) and tries < TRIES and time.monotonic() < end:
            fewer = tokens[:at] + tokens[at + size :]
            tries += 1
            found, _ = _tried(path, "".join(fewer), seed)
            if found is not None and found.startswith(kind):
                tokens = fewer
            else:
                at += size
        size //= 2
    return "".join(tokens)


def _ranges(first: int, count: int) -> Iterator[range]:
    for start in range(first, first + count, CHUNK):
        yield range(start, min(start + CHUNK, first + count))


def main() -> int:
    """Tries the mutants, says what was found, and fails where anything was."""
    options = argparse.ArgumentParser(
        description="Check mutated programs for tracebacks, hangs and lost statements."
    )
    options.add_argument("--count", type=int, default=100_000, help="how many programs")
    options.add_argument("--seed", type=int, default=0, help="the first seed")
    options.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="how many processes")
    options.add_argument(
        "--out", type=Path, default=ROOT / "build" / "fuzz", help="where failing programs go"
    )
    given = options.parse_args()
    begun = time.monotonic()
    with tempfile.TemporaryDirectory() as made, ProcessPoolExecutor(given.jobs) as pool:
        folder = Path(made)
        lay_out(folder)
        ranges = list(_ranges(given.seed, given.count))
        reports: list[Report] = []
        for report in pool.map(fuzz, [folder] * len(ranges), ranges):
            reports.append(report)
            save(report.failures, given.out)
            if len(reports) % TOLD_EVERY == 0:
                print(so_far(reports, time.monotonic() - begun), file=sys.stderr, flush=True)
    return tell(reports, time.monotonic() - begun)


def so_far(reports: list[Report], seconds: float) -> str:
    """One line of progress."""
    count, failures = sum(r.count for r in reports), sum(len(r.failures) for r in reports)
    return f"{count} programs in {seconds:.0f} s: {failures} failures so far"


def save(failures: Iterable[Failure], out: Path) -> None:
    """Writes failing programs, and says where they are."""
    for failure in failures:
        out.mkdir(parents=True, exist_ok=True)
        path = out / f"mutant_{failure.seed}.cycl"
        path.write_bytes(failure.text.encode())
        print(f"mutant {failure.seed} of {failure.original}: {failure.flaw}; saved as {path}", flush=True)


def tell(reports: list[Report], seconds: float) -> int:
    """Prints the sum of the reports; 1 where there are failures."""
    failures = [failure for report in reports for failure in report.failures]
    took, seed, name = max(report.slowest for report in reports)
    count = sum(report.count for report in reports)
    print(f"{count} programs in {seconds:.0f} s: {len(failures)} failures")
    print(f"slowest: {took:.2f} s, mutant {seed} of {name}")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
