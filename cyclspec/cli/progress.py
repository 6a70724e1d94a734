"""Progress on standard error: a bar with rate and time left, for anything over two seconds."""

from __future__ import annotations

import time

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

AFTER_SECONDS = 2.0


class Bar:
    """A bar that appears only once the work has taken a while; nothing where nobody watches."""

    def __init__(self, *, quiet: bool) -> None:
        console = Console(stderr=True, quiet=quiet)
        self._bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[rate]}"),
            TimeRemainingColumn(),
            console=console,
            transient=True,
            disable=quiet or not console.is_terminal,
        )
        self._task = self._bar.add_task("", total=None, rate="", visible=False)
        self._started = time.monotonic()
        self._done = 0
        self._shown = False
        self._stage = ""

    def stage(self, number: int, attempt: int) -> None:
        again = f", try {attempt}" if attempt > 1 else ""
        self._stage = f"stage {number}{again}: "

    def model(self, name: str, requests: int) -> None:
        self._started, self._done = time.monotonic(), 0
        self._bar.update(self._task, description=f"{self._stage}asking {name}", total=requests, completed=0)

    def answered(self, requests: int) -> None:
        self._done += requests
        elapsed = time.monotonic() - self._started
        if elapsed > AFTER_SECONDS and not self._shown:
            self._bar.start()
            self._shown = True
        rate = f"{self._done / elapsed:.1f}/s" if elapsed > 0 else ""
        self._bar.update(self._task, completed=self._done, rate=rate, visible=self._shown)

    def close(self) -> None:
        if self._shown:
            self._bar.stop()
