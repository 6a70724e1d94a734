"""What running programs costs, by counting: operations, bytes, memory, time.

Expects the shape of a decoder. Ensures that what is counted is what the engine runs: all experts of a mixture on every
token, attention to every slot a program has, the vocabulary only where something is asked. Operations are those of
matrix products, two for a multiplication with its sum (Kaplan et al. 2020, section 2.1, table 1). Times are
operations and bytes over rates that are assumed, not measured.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from cyclspec.compiler.checkpoints.architecture import DecoderConfig
from cyclspec.compiler.plan.requests import Numerics
from cyclspec.compiler.plan.sharing.layout import BLOCK, Shape
from cyclspec.compiler.plan.sharing.shapes import BYTES, layer_parameters, slot_bytes
from cyclspec.compiler.plan.writing import WritingBudget

WRITTEN_TOGETHER = WritingBudget().rows


@dataclass(frozen=True, slots=True)
class Rates:
    """What one kind of device is assumed to do: operations a second by numerics, and bytes a second."""

    device: str
    operations: Mapping[Numerics, float]
    bytes: float

    def seconds(self, cost: Cost, numerics: Numerics) -> float:
        """The time of whichever takes longer, computing or moving (Williams et al. 2009, roofline)."""
        return max(cost.operations / self.operations[numerics], cost.bytes / self.bytes)


RATES = (
    # Two to four cores of a current x86 or ARM processor, about half of what its matrix products reach alone.
    Rates("a CPU", MappingProxyType({"float32": 1e11, "bfloat16": 2e11}), 2e10),
    # 40 % of the dense rates in NVIDIA's data sheet of the H100 SXM: 67e12 float32, 989e12 bfloat16, 3.35e12 bytes.
    Rates("an H100", MappingProxyType({"float32": 2.7e13, "bfloat16": 4e14}), 2e12),
)


@dataclass(frozen=True, slots=True)
class Cost:
    """Operations, and bytes that are read and written."""

    operations: float = 0.0
    bytes: float = 0.0

    def __add__(self, other: Cost) -> Cost:
        return Cost(self.operations + other.operations, self.bytes + other.bytes)

    def __mul__(self, times: float) -> Cost:
        return Cost(self.operations * times, self.bytes * times)


def parameters(config: DecoderConfig) -> tuple[int, int]:
    """Parameters of the layers, and of the embeddings with the output head; norms and biases left out."""
    table = config.vocab_size * config.hidden_size
    return config.layers * layer_parameters(config), table if config.tied else 2 * table


def weight_bytes(config: DecoderConfig, numerics: Numerics) -> int:
    """Memory of the weights."""
    return sum(parameters(config)) * BYTES[numerics]


def copied_bytes(config: DecoderConfig, numerics: Numerics) -> int:
    """Memory of the weights that are copied out of their stack as they are read: two layers' at once."""
    return min(2, config.layers) * layer_parameters(config) * BYTES[numerics]


def wave_cost(config: DecoderConfig, shape: Shape, numerics: Numerics) -> Cost:
    """One wave. Its last layer goes on with the outputs alone, which read all that is carried and the whole wave."""
    layer = layer_parameters(config)
    begun = 2 * config.hidden_size * config.kv_heads * config.head_dim
    trunk = shape.wave * ((config.layers - 1) * layer + begun) + shape.outputs * (layer - begun)
    pairs = sum(seen + BLOCK for seen in shape.seen)
    head = shape.outputs * config.vocab_size * config.hidden_size
    last = shape.outputs * (shape.ancestors + shape.wave)
    scored = (config.layers - 1) * pairs * BLOCK + last
    operations = 2 * (trunk + head) + _pair(config) * scored
    slot = config.layers * slot_bytes(config, BYTES[numerics])
    slots = 2 * shape.ancestors + shape.wave + pairs
    return Cost(operations, weight_bytes(config, numerics) + slot * slots)


def attention(config: DecoderConfig, seen: int) -> int:
    """Operations of one token's attention to `seen` tokens, in all layers."""
    return _pair(config) * config.layers * seen


def _pair(config: DecoderConfig) -> int:
    """Operations of one token's attention to another, in one layer."""
    return 4 * config.heads * config.head_dim


def reading_cost(
    config: DecoderConfig, numerics: Numerics, *, tokens: int, longest: int, outputs: int, wave: int
) -> Cost:
    """What reading tokens costs that no layout holds, at most: none is shared, all stand behind the longest text."""
    trunk, _ = parameters(config)
    head = config.vocab_size * config.hidden_size
    operations = tokens * (2 * trunk + attention(config, longest)) + outputs * (
        2 * head + _pair(config) * wave
    )
    slot = config.layers * slot_bytes(config, BYTES[numerics])
    waves = -(-tokens // wave)
    return Cost(operations, waves * weight_bytes(config, numerics) + tokens * slot * (1 + longest / BLOCK))


def writing_cost(config: DecoderConfig, numerics: Numerics, *, tokens: int, longest: int) -> Cost:
    """What writing costs at most: every token behind the longest text, weights read once for texts written together."""
    trunk, _ = parameters(config)
    head = config.vocab_size * config.hidden_size
    operations = tokens * (2 * (trunk + head) + attention(config, longest))
    slot = config.layers * slot_bytes(config, BYTES[numerics])
    steps = -(-tokens // WRITTEN_TOGETHER)
    return Cost(operations, steps * weight_bytes(config, numerics) + tokens * slot * longest)
