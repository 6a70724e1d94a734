"""Replies by request key, shared by every run under one folder.

Expects keys that name everything a reply depends on. Ensures that a reply once stored is found again by any audit, that
a damaged part is set aside and asked again rather than believed, and that failures are never stored. Parts of earlier
schemas (log-probabilities alone; texts without what a server says of itself) are read as they are; parts of a later one
are left alone.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from jaxtyping import Float32

from cyclspec.compiler.plan.plan import Reply
from cyclspec.compiler.readings.likeliest import TopTokens
from cyclspec.compiler.readings.reading import ENDINGS, Served, WrittenText
from cyclspec.runtime.store.files import parquet_bytes, read_parquet, write_bytes

LogProbs = Float32[np.ndarray, " asked"]
SCHEMA_VERSION = 3
_SCHEMA = pa.schema(
    [
        pa.field("request", pa.string(), nullable=False),
        pa.field("logprobs", pa.list_(pa.float32())),
        pa.field("tokens", pa.list_(pa.string())),
        pa.field("token_logprobs", pa.list_(pa.float64())),
        pa.field("token_ids", pa.list_(pa.int32())),
        pa.field("text", pa.string()),
        pa.field("ended", pa.string()),
        pa.field("served", pa.string()),
        pa.field("fingerprint", pa.string()),
    ],
    metadata={"schema_version": str(SCHEMA_VERSION)},
)
_READ = ("1", "2", "3")
_ABSENT = dict.fromkeys(_SCHEMA.names)


@dataclass(slots=True)
class ReplyStore:
    """The replies of models under one folder, in parts named by their content, one subfolder a model digest."""

    folder: Path
    damaged: list[Path] = field(default_factory=list)

    def find(self, digest: str, wanted: Iterable[str]) -> dict[str, Reply]:
        """The stored replies among the wanted keys."""
        keys = set(wanted)
        found: dict[str, Reply] = {}
        chosen = pa.array(sorted(keys), pa.string())
        parts = sorted((self.folder / digest[:16]).glob("*.parquet")) if keys else ()
        for part in parts:
            found |= {row["request"]: _reply(row) for row in self._rows(part, chosen)}
        return found

    def _rows(self, part: Path, chosen: pa.StringArray) -> list[dict[str, Any]]:
        """The chosen rows of a part; none, and the part is set aside, where it is not what was stored."""
        try:
            table = read_parquet(part)
            if hashlib.sha256(part.read_bytes()).hexdigest()[:32] != part.stem:
                raise OSError("the content does not match its name")
            if _version(table) not in _READ:
                return []
            kept = table.filter(pc.is_in(table["request"], value_set=chosen))
            rows = [_ABSENT | row for row in kept.to_pylist()]
            if not all(map(_is_whole, rows)):
                raise OSError("a reply is neither numbers nor a text")
        except (OSError, pa.ArrowException):
            part.rename(part.with_suffix(".damaged"))
            self.damaged.append(part)
            return []
        return rows

    def add(self, digest: str, replies: Mapping[str, Reply]) -> None:
        """Stores replies as one part; storing the same replies again changes nothing."""
        if not replies:
            return
        rows = [{"request": key, **_columns(replies[key])} for key in sorted(replies)]
        data = parquet_bytes(pa.Table.from_pylist(rows, schema=_SCHEMA))
        name = hashlib.sha256(data).hexdigest()[:32]
        write_bytes(self.folder / digest[:16] / f"{name}.parquet", data)


def _version(table: pa.Table) -> str:
    found: bytes = (table.schema.metadata or {}).get(b"schema_version", b"1")
    return found.decode(errors="replace")


def _columns(reply: Reply) -> dict[str, Any]:
    if isinstance(reply, WrittenText):
        written = {"token_ids": list(reply.token_ids), "text": reply.text, "ended": reply.ended}
        return written | _said(reply.served)
    if isinstance(reply, TopTokens):
        likeliest = {"tokens": list(reply.tokens), "token_logprobs": list(reply.logprobs)}
        return likeliest | _said(reply.served)
    return {"logprobs": reply.tolist()}


def _said(served: Served) -> dict[str, str | None]:
    return {"served": served.model or None, "fingerprint": served.fingerprint or None}


def _is_whole(row: Mapping[str, Any]) -> bool:
    """Whether a row is one reply: numbers, a text with its tokens and its end, or tokens with a number each."""
    written = [row["token_ids"] is not None, row["text"] is not None, row["ended"] in ENDINGS]
    likeliest = [row["tokens"] is not None, row["token_logprobs"] is not None]
    kinds = (row["logprobs"] is not None, all(written), all(likeliest))
    return sum(kinds) == 1 and any(written) == all(written) and _paired(row["tokens"], row["token_logprobs"])


def _paired(tokens: Any, numbers: Any) -> bool:
    return (tokens is None) == (numbers is None) and len(tokens or ()) == len(numbers or ())


def _reply(row: Mapping[str, Any]) -> Reply:
    served = Served(row["served"] or "", row["fingerprint"] or "")
    if row["tokens"] is not None:
        return TopTokens(tuple(row["tokens"]), tuple(row["token_logprobs"]), served)
    if row["logprobs"] is None:
        return WrittenText(tuple(row["token_ids"]), row["text"], row["ended"], served)
    return np.asarray(row["logprobs"], dtype=np.float32)
