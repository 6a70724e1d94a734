"""Llama, mistral and qwen2 in one decoder: grouped-query attention, rotary positions, RMS norms, SwiGLU."""

from cyclspec.runtime.models.decoder.decoder import Decoder

__all__ = ["Decoder"]
