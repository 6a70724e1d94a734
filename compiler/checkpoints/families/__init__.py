"""The families of models that are known, each a folder: how its `config.json` is read and where its tensors stand.

Ensures that every field the engine's arithmetic depends on was read, checked and understood; an architecture that is
not here is refused by name, never guessed.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Protocol

from cyclspec.compiler.checkpoints.architecture import DecoderConfig
from cyclspec.compiler.checkpoints.families import (
    gemma2,
    gemma3,
    glm,
    glm4,
    gpt2,
    llama,
    mistral,
    mixtral,
    olmo2,
    phi3,
    qwen2,
    qwen3,
)
from cyclspec.compiler.checkpoints.fields import Fields
from cyclspec.compiler.checkpoints.refusal import refused
from cyclspec.compiler.checkpoints.stored import Layout


class Family(Protocol):
    """What the folder of a family holds. `NAME` is the `model_type` of its checkpoints."""

    @property
    def NAME(self) -> str: ...

    def read(self, fields: Fields, /) -> DecoderConfig: ...

    def layout(self, config: DecoderConfig, /) -> Layout: ...


_ALL: Final[tuple[Family, ...]] = (
    gemma2, gemma3, glm, glm4, gpt2, llama, mistral, mixtral, olmo2, phi3, qwen2, qwen3,
)  # fmt: skip
FAMILIES: Final[Mapping[str, Family]] = {family.NAME: family for family in _ALL}


def decoder_config(model: str, config: Mapping[str, object]) -> DecoderConfig:
    """Reads the architecture of checkpoint `model` from its `config.json`.

    Raises:
        SpecError: a field is missing or malformed, the weights are quantised, or the architecture is not one of
            `FAMILIES`.
    """
    fields = Fields(model, config)
    if fields.has("quantization_config"):
        problem = "has quantised weights (`quantization_config` in its config.json)"
        raise refused(model, problem, "use the checkpoint in float32, float16 or bfloat16")
    return FAMILIES[fields.one_of("model_type", tuple(FAMILIES))].read(fields)


def decoder_layout(config: DecoderConfig) -> Layout:
    """Where the parameters of such a decoder stand in its checkpoint."""
    return FAMILIES[config.family].layout(config)
