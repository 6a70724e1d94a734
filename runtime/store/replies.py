"""Replies by request key, shared by every run under one folder.

Expects keys that name everything a reply depends on. Ensures that a reply once stored is found again by any audit, that
a damaged part is set aside and asked again rather than believed, and that failures are never stored.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pyarrow as pa
from jaxtyping import Float32

from cyclspec.runtime.store.files import parquet_bytes, read_parquet, write_bytes

Reply = Float32[np.ndarray, " option"]
_SCHEMA = pa.schema(
    [
        pa.field("request", pa.string(), nullable=False),
        pa.field("logprobs", pa.list_(pa.float32()), nullable=False),
    ],
    metadata={"schema_version": "1"},
)


@dataclass(slots=True)
class ReplyStore:
    """The replies of models under one folder, in parts named by their content, one subfolder a model digest."""

    folder: Path
    damaged: list[Path] = field(default_factory=list)

    def find(self, digest: str, wanted: Iterable[str]) -> dict[str, Reply]:
        """The stored replies among the wanted keys."""
        keys = set(wanted)
        found: dict[str, Reply] = {}
        for part in sorted((self.folder / digest[:16]).glob("*.parquet")):
            for key, logprobs in self._rows(part):
                if key in keys:
                    found[key] = np.asarray(logprobs, dtype=np.float32)
        return found

    def _rows(self, part: Path) -> Iterable[tuple[str, list[float]]]:
        try:
            table = read_parquet(part)
            if hashlib.sha256(part.read_bytes()).hexdigest()[:32] != part.stem:
                raise OSError("the content does not match its name")
        except (OSError, pa.ArrowException):
            part.rename(part.with_suffix(".damaged"))
            self.damaged.append(part)
            return ()
        columns = table.to_pydict()
        return zip(columns["request"], columns["logprobs"], strict=True)

    def add(self, digest: str, replies: Mapping[str, Reply]) -> None:
        """Stores replies as one part; storing the same replies again changes nothing."""
        if not replies:
            return
        keys = sorted(replies)
        rows = {"request": keys, "logprobs": [replies[key].tolist() for key in keys]}
        data = parquet_bytes(pa.table(rows, schema=_SCHEMA))
        name = hashlib.sha256(data).hexdigest()[:32]
        write_bytes(self.folder / digest[:16] / f"{name}.parquet", data)
