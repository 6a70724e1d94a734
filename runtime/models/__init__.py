"""Models: Flax NNX definitions and the loading of their weights."""

from cyclspec.runtime.models.decoder import Decoder
from cyclspec.runtime.models.weights import Dtype, load_decoder

__all__ = ["Decoder", "Dtype", "load_decoder"]
