"""Fetches the files of a checkpoint from the Hugging Face Hub, or from its local cache when offline; asks it what a
revision is and which digests it has published.

Files only: no code of a repository is ever imported. Every failure is a `CheckpointRefused` with a way on.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import huggingface_hub
from huggingface_hub import errors

from cyclspec.compiler.checkpoints.places import Hub
from cyclspec.compiler.checkpoints.refusal import refused


def fetch(hub: Hub, name: str, patterns: tuple[str, ...]) -> Path:
    """The folder of a snapshot of `hub` with the files that match `patterns`. `HF_HUB_OFFLINE` is honoured.

    Raises:
        SpecError: the files could not be had (offline, not found, gated, no such revision, anything else).
    """
    try:
        folder = huggingface_hub.snapshot_download(
            hub.repo, revision=hub.revision, allow_patterns=list(patterns), library_name="cyclspec"
        )
    # The Hub's client raises an open set of errors: its own, the transport's, the file system's.
    except Exception as error:
        raise refused(
            name, f"could not be fetched from `{hub}`: {_reason(hub, error)}", *_helps(hub, name, error)
        ) from error
    return Path(folder)


@dataclass(frozen=True, slots=True)
class Published:
    """What the Hub says of a revision: its commit, and the SHA-256 of each file, None where it has published none."""

    commit: str
    files: Mapping[str, str | None]


def published(hub: Hub, name: str) -> Published:
    """What the Hub says of the revision of `hub`; nothing is fetched.

    Raises:
        SpecError: the Hub could not be asked.
    """
    try:
        found = huggingface_hub.HfApi(library_name="cyclspec").model_info(
            hub.repo, revision=hub.revision, files_metadata=True
        )
    except Exception as error:
        raise refused(
            name, f"could not be looked up at `{hub}`: {_reason(hub, error)}", *_helps(hub, name, error)
        ) from error
    files = {file.rfilename: file.lfs.sha256 if file.lfs else None for file in found.siblings or ()}
    if found.sha is None:
        raise refused(name, f"has no commit at `{hub}`", *_helps(hub, name, ValueError()))
    return Published(found.sha, files)


def _reason(hub: Hub, error: Exception) -> str:
    """One clause. Messages of the client are not repeated: they can hold signed addresses."""
    match error:
        case errors.GatedRepoError():
            return "the repository is gated"
        case errors.RepositoryNotFoundError():
            return "there is no such repository, or it is private"
        case errors.RevisionNotFoundError():
            return f"the repository has no revision `{hub.revision or 'main'}`"
        case errors.OfflineModeIsEnabled():
            return "the Hub is switched off (HF_HUB_OFFLINE)"
        case errors.LocalEntryNotFoundError():
            return "the Hub cannot be reached, and the files are not in the local cache"
        case errors.HFValidationError():
            return "this is not the name of a repository"
        case OSError(strerror=str(words)):
            return words.lower()
        case _:
            return type(error).__name__


def _helps(hub: Hub, name: str, error: Exception) -> tuple[str, ...]:
    folder = f"use a folder that holds the files: --model {name}=FOLDER"
    match error:
        case errors.GatedRepoError():
            return (f"ask for access at https://huggingface.co/{hub.repo} and run `hf auth login`", folder)
        case errors.RepositoryNotFoundError():
            return (f"check the name `{hub.repo}`, or run `hf auth login` where it is private", folder)
        case _:
            return (folder,)
