"""`manifest.json`: what is in a pack, what is not and where it is to be had, and the hashes that the audit has at home.

Expects of reading any bytes. Ensures that `read(text(manifest)) == manifest`, that equal manifests are equal bytes, and
that what is read has every member, no other, and a version that this program knows.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, TypeVar

import jsonschema

from cyclspec.language import strict_json

NAME = "manifest.json"
FILES = "files/"
VERSION = 1
MAX_BYTES = 4 << 20
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Packed:
    """A file of the pack: its digest and how many bytes it has."""

    sha256: str
    bytes: int


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """A file of data that did not travel: what it is, the tables that read it, and what their corpus says of itself."""

    sha256: str
    bytes: int
    tables: tuple[str, ...]
    about: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class AtHome:
    """The hashes of one audit. `run` is over the environment of a run as well, and known after one."""

    module: str
    design: str
    score: str
    run: str | None = None


@dataclass(frozen=True, slots=True)
class Manifest:
    """Names of members begin with `files/`; `root` is the folder of the project there, `entry` the spec in it.

    `params` were bound when it was packed. `models` are the places of models by `panel.model`; their digests stand in
    the lock. `elsewhere` are the files that did not travel, by the names they would have.
    """

    entry: str
    root: str
    made_by: str
    params: Mapping[str, str]
    audits: Mapping[str, AtHome]
    members: Mapping[str, Packed]
    elsewhere: Mapping[str, Elsewhere]
    models: Mapping[str, str]


def text(manifest: Manifest) -> str:
    """A manifest as it is written."""
    data = {"pack_version": VERSION, **asdict(manifest)}
    return json.dumps(data, ensure_ascii=False, indent=2, sort_keys=True) + "\n"


_WORDS = {"type": "string", "maxLength": 10_000}
_DIGEST = {"type": "string", "minLength": 64, "maxLength": 64, "pattern": "^[0-9a-f]{64}$"}
_COUNT = {"type": "integer", "minimum": 0}


def _object(required: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": dict(required),
        "required": list(required),
        "additionalProperties": False,
    }


def _by_name(value: Mapping[str, Any]) -> dict[str, Any]:
    return {"type": "object", "additionalProperties": dict(value)}


_TEXTS = _by_name(_WORDS)
_PACKED = {"sha256": _DIGEST, "bytes": _COUNT}
_HASHES = {"module": _DIGEST, "design": _DIGEST, "score": _DIGEST, "run": {"type": "null"}}
SCHEMA = _object(
    {
        "pack_version": {"const": VERSION},
        "entry": _WORDS,
        "root": _WORDS,
        "made_by": _WORDS,
        "params": _TEXTS,
        "audits": _by_name(_object(_HASHES)),
        "members": _by_name(_object(_PACKED)),
        "elsewhere": _by_name(
            _object({**_PACKED, "tables": {"type": "array", "items": _WORDS}, "about": _TEXTS})
        ),
        "models": _TEXTS,
    }
)


class Flaw(ValueError):
    """What is wrong with a manifest, as the rest of a sentence about it."""


def read(data: bytes) -> Manifest:
    """The manifest that bytes are. Raises `Flaw` where they are none."""
    try:
        found = strict_json.loads(data.decode("utf-8"))
    except strict_json.MemberTwice:
        raise Flaw("gives a member twice") from None
    except (ValueError, RecursionError):
        raise Flaw("is not JSON in UTF-8") from None
    version = found.get("pack_version") if isinstance(found, dict) else None
    if version != VERSION:
        raise Flaw(f"is of version {str(version)[:20]}, and this program reads version {VERSION}")
    wrong = next(iter(jsonschema.Draft202012Validator(SCHEMA).iter_errors(found)), None)
    if wrong is not None:
        raise Flaw(f"has a flaw at `{wrong.json_path[:100]}`")
    return Manifest(
        entry=found["entry"],
        root=found["root"],
        made_by=found["made_by"],
        params=found["params"],
        audits=_each(found["audits"], lambda one: AtHome(**one)),
        members=_each(found["members"], lambda one: Packed(**one)),
        elsewhere=_each(found["elsewhere"], lambda one: Elsewhere(**{**one, "tables": tuple(one["tables"])})),
        models=found["models"],
    )


def _each(data: Mapping[str, Any], make: Callable[[Any], T]) -> dict[str, T]:
    return {name: make(one) for name, one in data.items()}
