"""One layer of the decoder, over the tokens [token, hidden] of one text, one wave or one step."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flax import nnx
from jaxtyping import Array, Float32, Int32

from cyclspec.compiler.checkpoints.architecture import DecoderConfig
from cyclspec.runtime.models.decoder.attention import Attend, Attention, Outputs
from cyclspec.runtime.models.decoder.feed_forward import feed_forward
from cyclspec.runtime.models.decoder.layers import Norm, optional_norm
from cyclspec.runtime.models.decoder.rope import Turn


def _normed(norm: Norm | None, x: Float32[Array, "... size"]) -> Float32[Array, "... size"]:
    return x if norm is None else norm(x)


class Block(nnx.Module):
    """Attention and feed-forward, each added to the stream, with norms before them, after them, or both."""

    def __init__(self, config: DecoderConfig, parameters: Mapping[str, Array]) -> None:
        self.config = config
        self.before_attention = optional_norm(config, parameters, "before_attention")
        self.after_attention = optional_norm(config, parameters, "after_attention")
        self.before_feed_forward = optional_norm(config, parameters, "before_feed_forward")
        self.after_feed_forward = optional_norm(config, parameters, "after_feed_forward")
        self.attention = Attention(config, parameters)
        self.feed_forward = feed_forward(config, parameters)

    def __call__(
        self,
        x: Float32[Array, "token hidden"],
        turn: Turn | None,
        attend: Attend,
        memory: Any,
        window: Int32[Array, ""],
        outputs: Outputs | None = None,
    ) -> tuple[Float32[Array, "... hidden"], Any]:
        """One layer, and what `attend` keeps of it. With `outputs`, only the stream at those tokens goes on."""
        normed = _normed(self.before_attention, x)
        if outputs is None:
            mixed, kept = attend(self.attention.heads(normed, turn), memory, window)
        else:
            x = x[outputs.at]
            mixed, kept = outputs.attend(self.attention.heads(normed, turn, outputs.at), memory, window)
        x = x + _normed(self.after_attention, self.attention.joined(mixed))
        widened = self.feed_forward(_normed(self.before_feed_forward, x))
        return x + _normed(self.after_feed_forward, widened), kept
