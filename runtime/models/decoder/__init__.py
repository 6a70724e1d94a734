"""One decoder for llama, mistral and qwen2: grouped-query attention, rotary positions, RMS norms, gated SiLU."""

from cyclspec.runtime.models.decoder.decoder import Decoder

__all__ = ["Decoder"]
