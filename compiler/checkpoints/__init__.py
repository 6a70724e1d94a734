"""Checkpoints: where a model's files are, what they hold and what architecture they describe.

Reads names, sizes, digests and `config.json`; never a weight. Imports no jax.
"""

from cyclspec.compiler.checkpoints.architecture import (
    DecoderConfig,
    LinearScaling,
    Llama3Scaling,
    Rope,
    Unscaled,
)
from cyclspec.compiler.checkpoints.checkpoint import Checkpoint, open_checkpoint
from cyclspec.compiler.checkpoints.digests import digest
from cyclspec.compiler.checkpoints.families import decoder_config
from cyclspec.compiler.checkpoints.identity import identity, pin_of
from cyclspec.compiler.checkpoints.places import Demo, Folder, Hub, Place, parse_place

__all__ = [
    "Checkpoint",
    "DecoderConfig",
    "Demo",
    "Folder",
    "Hub",
    "LinearScaling",
    "Llama3Scaling",
    "Place",
    "Rope",
    "Unscaled",
    "decoder_config",
    "digest",
    "identity",
    "open_checkpoint",
    "parse_place",
    "pin_of",
]
