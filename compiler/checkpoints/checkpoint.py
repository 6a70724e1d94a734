"""Opens a checkpoint: finds its folder, reads `config.json`, lists its weight files.

Expects a place. Ensures that the files exist, are safetensors, are not quantised and lie in the folder
under plain names. No weight is read here.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from types import MappingProxyType
from typing import Literal, TypeAlias, assert_never

from cyclspec.compiler.checkpoints import hub
from cyclspec.compiler.checkpoints.documents import read_object
from cyclspec.compiler.checkpoints.places import Demo, Folder, Hub, Place
from cyclspec.compiler.checkpoints.refusal import refused

Need: TypeAlias = Literal["tokenizer", "weights"]

CONFIG_LIMIT = 4 * 2**20
INDEX_LIMIT = 64 * 2**20
SINGLE = "model.safetensors"
INDEX = "model.safetensors.index.json"
TOKENIZER_FILES = (
    "config.json",
    "generation_config.json",
    "tokenizer.json",
    "tokenizer_config.json",
    "special_tokens_map.json",
    "added_tokens.json",
    "chat_template.jinja",
    "tokenizer.model",
    "vocab.json",
    "merges.txt",
)
# Not `*.safetensors`: some repositories hold the same weights again under other names.
WEIGHT_FILES = (SINGLE, INDEX, "model-*.safetensors")

_CONVERT = "convert it: `AutoModelForCausalLM.from_pretrained(OLD).save_pretrained(NEW)` writes safetensors"
COMMIT = re.compile(r"[0-9a-f]{40}")


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A checkpoint whose files were found.

    `name` is the model's name in the audit, `place` the text of its place, `weights` its safetensors files
    in the order of their names (none where only the tokenizer was needed), `revision` the commit on the Hub
    if known.
    """

    name: str
    place: str
    folder: Path
    config: Mapping[str, object]
    weights: tuple[Path, ...]
    revision: str | None


def open_checkpoint(name: str, place: Place, *, need: Need) -> Checkpoint:
    """Finds the files of model `name`: those of its tokenizer, or its weights too.

    Raises:
        SpecError: the place has no usable checkpoint.
    """
    folder, revision = _locate(name, place, need)
    config = read_object(name, folder / "config.json", CONFIG_LIMIT)
    _refuse_quantised(name, config)
    weights = _weight_files(name, folder) if need == "weights" else ()
    return Checkpoint(name, str(place), folder, MappingProxyType(config), weights, revision)


def _locate(name: str, place: Place, need: Need) -> tuple[Path, str | None]:
    match place:
        case Folder(path):
            if not path.is_dir():
                raise refused(
                    name, f"is not there: `{path}` is no folder", f"give its folder: --model {name}=FOLDER"
                )
            return path, None
        case Hub():
            patterns = TOKENIZER_FILES if need == "tokenizer" else TOKENIZER_FILES + WEIGHT_FILES
            folder = hub.fetch(place, name, patterns)
            return folder, folder.name if COMMIT.fullmatch(folder.name) else place.revision
        case Demo():
            return _demo_folder(name), None
        case _:
            assert_never(place)


def _demo_folder(name: str) -> Path:
    folder = Path(str(files("cyclspec") / "specs" / "demo"))
    if not folder.is_dir():
        raise refused(name, "is not part of this installation", "install the package again, or give a folder")
    return folder


def _refuse_quantised(name: str, config: Mapping[str, object]) -> None:
    found = config.get("quantization_config")
    if found is None:
        return
    method = found.get("quant_method") if isinstance(found, dict) else None
    raise refused(
        name,
        f"is quantised ({method})" if isinstance(method, str) else "is quantised",
        "use the float32, float16 or bfloat16 checkpoint that it was made from",
    )


def _weight_files(name: str, folder: Path) -> tuple[Path, ...]:
    """One file, or else the shards that the index names: the order in which transformers looks."""
    if (folder / SINGLE).is_file():
        return (folder / SINGLE,)
    if (folder / INDEX).is_file():
        return _shards(name, folder)
    others = sorted(p.name for p in folder.iterdir() if p.suffix in {".bin", ".pt", ".pth", ".ckpt", ".gguf"})
    if others:
        raise refused(name, f"has no safetensors files (it has `{others[0]}`)", _CONVERT)
    raise refused(name, f"has no weights: neither `{SINGLE}` nor `{INDEX}`", f"look in {folder}", _CONVERT)


def _shards(name: str, folder: Path) -> tuple[Path, ...]:
    shards = shard_names(name, folder)
    for shard in shards:
        if not (folder / shard).is_file():
            raise refused(
                name, f"lacks the file `{shard}` that its index names", "fetch the checkpoint again"
            )
    return tuple(folder / shard for shard in shards)


def shard_names(name: str, folder: Path) -> list[str]:
    """The weight files that the index of a checkpoint names, sorted; they need not be there.

    Raises:
        SpecError: there is no index, or it is none.
    """
    weight_map = read_object(name, folder / INDEX, INDEX_LIMIT).get("weight_map")
    if not isinstance(weight_map, dict) or not weight_map:
        raise refused(name, f"has a `{INDEX}` without a `weight_map`")
    return sorted({_plain_name(name, shard) for shard in weight_map.values()})


def _plain_name(name: str, shard: object) -> str:
    """Links are allowed, since snapshots of the Hub are links; names that lead out of the folder are not."""
    if not isinstance(shard, str) or not re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9._-]*\.safetensors", shard):
        raise refused(name, f"has an index that names {shard!r}, which is not a plain safetensors file name")
    return shard
