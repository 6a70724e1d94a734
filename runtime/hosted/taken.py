"""Replies of hosted models, taken back from files: whose they are, what they answer, and what is still missing.

Expects the requests that a run has come to, and the replies that it has. Ensures that a key which is not of this run, a
line that cannot be read, or two different replies to one request stop everything before anything is stored; that the
same reply twice changes nothing; and that every request without a reply has a reason.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from cyclspec.compiler.plan.plan import Reply
from cyclspec.compiler.plan.reads import Likeliest
from cyclspec.compiler.plan.requests import Request
from cyclspec.compiler.readings.likeliest import TopTokens
from cyclspec.compiler.readings.reading import Ended, Served, WrittenText
from cyclspec.language.diagnostics import Diagnostic, SpecError
from cyclspec.language.diagnostics.cy07_data_and_plan import ReplyRefused
from cyclspec.language.diagnostics.render import printable
from cyclspec.runtime.hosted.lines import Damaged, Line, Place, reply_lines

ABSENT = "absent"
NO_LOGPROBS = "no logprobs"
_SHOWN = 20
_CUT = 60
_LENGTH = ("length", "max_tokens")
_FILTERED = ("content_filter", "safety")


@dataclass(slots=True)
class Taken:
    """What some files hold: replies that are `fresh`, how many were known `again`, and why others have `failed`.

    `lines` counts what was read.
    """

    fresh: dict[str, Reply] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)
    again: int = 0
    lines: int = 0

    def missing(self, waiting: Iterable[Request]) -> dict[str, str]:
        """Why each of some requests has no reply: the error that came in its place, or nothing came."""
        return {r.key: self.failed.get(r.key, ABSENT) for r in waiting if r.key not in self.fresh}


def counted(replies: Iterable[Reply]) -> Counter[str]:
    """How many replies ended otherwise than by themselves: refused, filtered, cut off."""
    words = {"refused": "refused", "filtered": "filtered", "length": "cut off at the most tokens"}
    endings = (reply.ended for reply in replies if isinstance(reply, WrittenText))
    return Counter(words[ended] for ended in endings if ended in words)


def take(files: Iterable[Path], met: Mapping[str, Request], known: Mapping[str, Reply]) -> Taken:
    """The replies in some files to requests that were met. `SpecError` (CY0721) with every line that does not fit."""
    desk = _Desk(met, known)
    for path in files:
        for place, line in reply_lines(path):
            desk.add(place, line)
    desk.raise_if_refused()
    return desk.taken


@dataclass(slots=True)
class _Desk:
    """Takes one line after the other."""

    met: Mapping[str, Request]
    known: Mapping[str, Reply]
    taken: Taken = field(default_factory=Taken)
    places: dict[str, Place] = field(default_factory=dict)
    refused: list[Diagnostic] = field(default_factory=list)
    more: int = 0

    def add(self, place: Place, line: Line | Damaged) -> None:
        self.taken.lines += 1
        if isinstance(line, Damaged):
            self._refuse(place, f"a line {line}", helps=("fetch the file again",))
            return
        request = self.met.get(line.key)
        if request is None:
            key = printable(line.key[:_CUT])
            helps = ("give the replies to what `cyclspec requests` wrote for this run",)
            self._refuse(place, f"`{key}` is no request of this run", helps=helps)
            return
        found = reply_to(request, line)
        if isinstance(found, str):
            if request.key not in self.known and request.key not in self.taken.fresh:
                self.taken.failed[request.key] = found
            return
        self._reply(place, request, found)

    def _reply(self, place: Place, request: Request, found: Reply) -> None:
        key = request.key
        before = self.taken.fresh.get(key, self.known.get(key))
        if before is None:
            self.taken.fresh[key], self.places[key] = found, place
            self.taken.failed.pop(key, None)
        elif _same(before, found):
            self.taken.again += 1
        else:
            first = str(self.places[key]) if key in self.places else "stored before"
            notes = (f"{first}: {_shown(before)}", f"here: {_shown(found)}")
            helps = ("leave one of the two out",)
            self._refuse(place, f"two different replies to request `{key[:12]}`", notes, helps)

    def _refuse(
        self, place: Place, problem: str, notes: tuple[str, ...] = (), helps: tuple[str, ...] = ()
    ) -> None:
        if len(self.refused) == _SHOWN:
            self.more += 1
            return
        self.refused.append(ReplyRefused(problem=problem, place=str(place), notes=notes, helps=helps))

    def raise_if_refused(self) -> None:
        if not self.refused:
            return
        if self.more:
            problem = f"{self.more} more lines do not fit"
            self.refused.append(ReplyRefused(problem=problem, place="\N{MIDLINE HORIZONTAL ELLIPSIS}"))
        raise SpecError(self.refused)


def reply_to(request: Request, line: Line) -> Reply | str:
    """What a line answers to a request, or why it does not."""
    if line.error:
        return f"error {line.error}" if line.error != "error" else "error"
    served = Served(line.model, line.fingerprint)
    if line.refusal:
        return WrittenText((), line.refusal, "refused", served)
    if line.finish in _FILTERED:
        return WrittenText((), line.text or "", "filtered", served)
    if isinstance(request.read, Likeliest):
        if not line.tokens:
            return NO_LOGPROBS
        tokens, logprobs = zip(*line.tokens, strict=True)
        return TopTokens(tokens, logprobs, served)
    ended: Ended = "length" if line.finish in _LENGTH else "stop"
    return WrittenText((), line.text or "", ended, served)


def _same(one: Reply, other: Reply) -> bool:
    """Whether two replies say the same, whatever machine said it."""
    match one, other:
        case WrittenText(), WrittenText():
            return (one.text, one.ended) == (other.text, other.ended)
        case TopTokens(), TopTokens():
            return (one.tokens, one.logprobs) == (other.tokens, other.logprobs)
    return False


def _shown(reply: Reply) -> str:
    match reply:
        case WrittenText(text=text, ended=ended):
            words = text if len(text) <= _CUT else text[: _CUT - 1] + "\N{HORIZONTAL ELLIPSIS}"
            return f'"{printable(words)}"' + ("" if ended == "stop" else f" ({ended})")
        case TopTokens(tokens=tokens, logprobs=logprobs):
            pairs = zip(tokens[:3], logprobs[:3], strict=True)
            return ", ".join(f"`{printable(token)}` {number:.4g}" for token, number in pairs) + ", .."
    return "log-probabilities"
