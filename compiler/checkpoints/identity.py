"""Everything by which a lock tells one model from another: weights, configuration, tokenizer, settings, chat template.

Expects a checkpoint. Ensures that two checkpoints of equal identity read the same token ids in the same prompts, and
answer them with the same weights; and that the weights of a repository on the Hub are told apart without fetching them,
by the digests that the Hub publishes.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from cyclspec.compiler.checkpoints import hub
from cyclspec.compiler.checkpoints.checkpoint import (
    COMMIT,
    CONFIG_LIMIT,
    INDEX,
    SINGLE,
    TOKENIZER_FILES,
    Checkpoint,
    open_checkpoint,
    shard_names,
)
from cyclspec.compiler.checkpoints.digests import digest, file_digest, over
from cyclspec.compiler.checkpoints.documents import read_object
from cyclspec.compiler.checkpoints.places import Hub, Place
from cyclspec.compiler.checkpoints.refusal import refused
from cyclspec.language.diagnostics import SpecError
from cyclspec.language.names.lock import ModelPin

_TEMPLATE = "chat_template.jinja"
_WITHOUT_JSON = ("tokenizer.model", "vocab.json", "merges.txt")
_SETTINGS = (
    "added_tokens.json",
    "generation_config.json",
    "special_tokens_map.json",
    "tokenizer_config.json",
)
_WORDS = {
    "weights": "weights",
    "config": "configuration",
    "tokenizer": "tokenizer",
    "settings": "settings of the tokenizer and of generation",
    "chat_template": "chat template",
}


@dataclass(frozen=True, slots=True)
class Identity:
    """The digests of a checkpoint, as in `ModelPin`; `weights` is None where they are not here."""

    weights: str | None
    config: str
    tokenizer: str
    settings: str | None
    chat_template: str | None

    def differences(self, pin: ModelPin) -> tuple[str, ...]:
        """What is another than in the lock, each with both digests; weights that are not here are not compared."""
        pairs = {name: (getattr(pin, name), getattr(self, name)) for name in _WORDS}
        if self.weights is None:
            del pairs["weights"]
        return tuple(
            f"{_WORDS[name]}: {_short(locked)} in the lock, {_short(found)} here"
            for name, (locked, found) in pairs.items()
            if locked != found
        )


def _short(known: str | None) -> str:
    return "none" if known is None else f"sha256:{known[:12]}"


def identity(checkpoint: Checkpoint) -> Identity:
    """The identity of a checkpoint, with its weights where it was opened with them.

    Raises:
        SpecError: a file cannot be read.
    """
    name, folder = checkpoint.name, checkpoint.folder
    return Identity(
        weights=digest(checkpoint) if checkpoint.weights else None,
        config=file_digest(name, folder / "config.json"),
        tokenizer=_tokenizer(name, folder),
        settings=_together(name, folder, _SETTINGS),
        chat_template=_chat_template(name, folder),
    )


def _together(name: str, folder: Path, files: tuple[str, ...]) -> str | None:
    """One digest over the files that are there, by name; None where none is."""
    lines = [f"{file} {file_digest(name, folder / file)}" for file in files if (folder / file).is_file()]
    return hashlib.sha256("\n".join(lines).encode()).hexdigest() if lines else None


def _tokenizer(name: str, folder: Path) -> str:
    if (folder / "tokenizer.json").is_file():
        return file_digest(name, folder / "tokenizer.json")
    found = _together(name, folder, _WITHOUT_JSON)
    if found is None:
        raise refused(name, "has no tokenizer", f"the folder must hold `tokenizer.json`: {folder}")
    return found


def _chat_template(name: str, folder: Path) -> str | None:
    """The digest of the template that transformers takes: the file of its own, else the one in the settings."""
    if (folder / _TEMPLATE).is_file():
        return file_digest(name, folder / _TEMPLATE)
    if not (folder / "tokenizer_config.json").is_file():
        return None
    found = read_object(name, folder / "tokenizer_config.json", CONFIG_LIMIT).get("chat_template")
    text = found if isinstance(found, str) else dict(_named(found)).get("default")
    return None if text is None else hashlib.sha256(text.encode()).hexdigest()


def _named(templates: object) -> Iterator[tuple[str, str]]:
    for one in templates if isinstance(templates, list) else ():
        match one:
            case {"name": str(name), "template": str(text)}:
                yield name, text


def pin_of(name: str, place: Place, commit: str | None = None) -> ModelPin:
    """The pin of the model at a place. A revision of the Hub becomes a commit: `commit`, where it is known already.

    Raises:
        SpecError: the place has no usable checkpoint, or the Hub cannot be asked.
    """
    if not isinstance(place, Hub):
        return _whole_pin(name, place)
    return _hub_pin(name, place if commit is None else replace(place, revision=commit))


def _hub_pin(name: str, place: Hub) -> ModelPin:
    try:
        said = hub.published(place, name)
    except SpecError as asked:
        return _cached_pin(name, place, asked)
    at = replace(place, revision=said.commit)
    folder = hub.fetch(at, name, (*TOKENIZER_FILES, INDEX))
    files = [SINGLE] if SINGLE in said.files else shard_names(name, folder)
    known = {
        "config.json": file_digest(name, folder / "config.json"),
        **{f: said.files.get(f) for f in files},
    }
    whole = {file: found for file, found in known.items() if found is not None}
    if len(whole) == len(known):
        return _pin(identity(open_checkpoint(name, at, need="tokenizer")), over(whole), said.commit)
    # A weight file outside of the large file store has no published digest.
    return _whole_pin(name, at)


def _cached_pin(name: str, place: Hub, asked: SpecError) -> ModelPin:
    """The pin of a repository that the Hub cannot be asked about, from the local cache; else what the Hub said."""
    try:
        return _whole_pin(name, place)
    except SpecError:
        raise asked from None


def _whole_pin(name: str, place: Place) -> ModelPin:
    checkpoint = open_checkpoint(name, place, need="weights")
    found = identity(checkpoint)
    commit = checkpoint.revision if checkpoint.revision and COMMIT.fullmatch(checkpoint.revision) else None
    return _pin(found, found.weights, commit)


def _pin(found: Identity, weights: str | None, commit: str | None) -> ModelPin:
    assert weights is not None
    return ModelPin(
        weights=weights,
        config=found.config,
        tokenizer=found.tokenizer,
        settings=found.settings,
        chat_template=found.chat_template,
        revision=commit,
    )
