"""The requests of hosted models as files that can be sent elsewhere, with a manifest.

Expects the requests of one stage that nobody has answered. Ensures that the same requests always make the same bytes,
that a file has one model and stays within its limits, and that no file of an earlier writing is left among the new
ones.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from cyclspec.compiler.plan.hosted import HostedModel
from cyclspec.compiler.plan.reads import Likeliest, Writing
from cyclspec.compiler.plan.requests import Request
from cyclspec.language.diagnostics import InternalError
from cyclspec.runtime.store.files import write_bytes

SCHEMA_VERSION = 1
Format = Literal["openai-batch", "jsonl"]
TokenLimit = Literal["max_tokens", "max_completion_tokens"]
MOST_LINES, MOST_BYTES = 50_000, 190 * 10**6
_URL = "/v1/chat/completions"
_SEED_BITS = 31


@dataclass(frozen=True, slots=True)
class Limits:
    """What one file may have: lines and bytes. A single line may be longer than the bytes allow."""

    lines: int = MOST_LINES
    bytes: int = MOST_BYTES


@dataclass(frozen=True, slots=True)
class Stage:
    """What the files are for: an audit by its design, and which of its requests."""

    audit: str
    design: str
    stage: int
    attempt: int

    @property
    def name(self) -> str:
        """How the files of the stage are called."""
        return f"stage-{self.stage}" + (f"-try-{self.attempt}" if self.attempt > 1 else "")


@dataclass(frozen=True, slots=True)
class WrittenFile:
    """One file as the manifest names it."""

    name: str
    model: str
    place: str
    lines: int
    bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Layout:
    """How requests are written: the format, what the limit of tokens is called there, and what a file may have."""

    format: Format = "openai-batch"
    token_limit: TokenLimit = "max_tokens"
    limits: Limits = Limits()


def write_batches(
    folder: Path, stage: Stage, requests: Sequence[Request], models: Mapping[str, HostedModel], layout: Layout
) -> tuple[WrittenFile, ...]:
    """Writes the files of a stage and its manifest; `models` are the hosted ones by digest.

    Files that an earlier manifest of the stage names, and that are as it names them, are removed first.
    """
    manifest = folder / f"{stage.name}.manifest.json"
    _remove_earlier(folder, manifest)
    made: list[WrittenFile] = []
    for digest, asked in sorted(models.items(), key=lambda pair: (pair[1].name, pair[0])):
        mine = sorted((r for r in requests if r.digest == digest), key=_order)
        lines = (_line(request, asked, layout) for request in mine)
        for number, data in enumerate(_split(lines, layout.limits), start=1):
            name = f"{asked.name}.{stage.name}.{number:03d}.jsonl"
            write_bytes(folder / name, data)
            digest_ = hashlib.sha256(data).hexdigest()
            made.append(WrittenFile(name, asked.name, asked.place, data.count(b"\n"), len(data), digest_))
    facts = {
        "schema_version": SCHEMA_VERSION,
        "format": layout.format,
        **asdict(stage),
        "requests": sum(one.lines for one in made),
        "files": [asdict(one) for one in made],
    }
    write_bytes(manifest, (json.dumps(facts, ensure_ascii=False, indent=1, sort_keys=True) + "\n").encode())
    return tuple(made)


def _order(request: Request) -> tuple[tuple[tuple[str, str], ...], str]:
    """Requests that begin alike stand together, which some servers charge less for."""
    return tuple((message.role, message.content) for message in request.messages), request.key


def _remove_earlier(folder: Path, manifest: Path) -> None:
    """Removes what the last writing of this stage left, and nothing that was changed since."""
    try:
        files = json.loads(manifest.read_text(encoding="utf-8"))["files"]
        named = {str(one["name"]): str(one["sha256"]) for one in files}
    except (OSError, ValueError, KeyError, TypeError):
        return
    for name, digest in named.items():
        path = folder / name
        plain = Path(name).name == name and name.endswith(".jsonl") and path.is_file()
        if plain and hashlib.sha256(path.read_bytes()).hexdigest() == digest:
            path.unlink()


def _split(lines: Iterator[bytes], limits: Limits) -> Iterator[bytes]:
    held: list[bytes] = []
    size = 0
    for line in lines:
        if held and (len(held) == limits.lines or size + len(line) > limits.bytes):
            yield b"".join(held)
            held, size = [], 0
        held.append(line)
        size += len(line)
    if held:
        yield b"".join(held)


def _line(request: Request, asked: HostedModel, layout: Layout) -> bytes:
    facts = _batch(request, asked, layout) if layout.format == "openai-batch" else _plain(request, asked)
    return (json.dumps(facts, ensure_ascii=False, separators=(",", ":")) + "\n").encode()


def _batch(request: Request, asked: HostedModel, layout: Layout) -> dict[str, Any]:
    """A line of a batch file: https://platform.openai.com/docs/guides/batch."""
    settings = dict(_settings(request))
    most = settings.pop("max_tokens")
    if "top_logprobs" in settings:
        settings = {"logprobs": True, **settings}
    body = {"model": asked.location, "messages": _messages(request), layout.token_limit: most, **settings}
    return {"custom_id": request.key, "method": "POST", "url": _URL, "body": body}


def _plain(request: Request, asked: HostedModel) -> dict[str, Any]:
    found = {"key": request.key, "model": asked.location, "messages": _messages(request)}
    return found | dict(_settings(request))


def _messages(request: Request) -> list[dict[str, str]]:
    return [{"role": message.role, "content": message.content} for message in request.messages]


def _settings(request: Request) -> Iterator[tuple[str, Any]]:
    """How the reply is made. A next token is drawn at temperature 1, so that its probabilities are the model's own."""
    match request.read:
        case Writing() as read:
            yield from (("max_tokens", read.max_tokens), ("temperature", read.temperature))
            if read.temperature > 0:
                yield from (("top_p", read.top_p), ("seed", read.seed[0] >> (32 - _SEED_BITS)))
            if read.record is not None:
                form = {"name": "record", "strict": True, "schema": read.record.json_schema}
                yield "response_format", {"type": "json_schema", "json_schema": form}
        case Likeliest(count=count):
            yield from (("max_tokens", 1), ("temperature", 1.0), ("top_p", 1.0), ("top_logprobs", count))
        case _:
            raise InternalError("hosted", f"request {request.key} is not of a hosted model")
