"""What of prompts is read before something is written after them, by counting waves.

Expects the shards of what one model writes.
"""

from __future__ import annotations

from collections.abc import Sequence

from cyclspec.compiler.plan.writing import WritingShape, WritingShard, heads_walk, prompt_heads


def prompt_waves(shard: WritingShard) -> int:
    """The waves in which a shard reads its prompts, all but their last tokens, which are read with the first step."""
    heads = prompt_heads(task.ids for task in shard.tasks)
    return -(-len(heads_walk(heads)) // shard.shape.wave) if heads else 0


def prompts_planned(shards: Sequence[WritingShard]) -> int:
    """The tokens of prompts that are read, with padding."""
    return sum(prompt_waves(shard) * shard.shape.wave for shard in shards)


def prompts_shared(shards: Sequence[WritingShard]) -> int:
    """The tokens of the prefix tree of all prompts: what has to be read at least."""
    heads = prompt_heads(task.ids for shard in shards for task in shard.tasks)
    return len(heads_walk(heads)) if heads else 0


def writing_shapes(shards: Sequence[WritingShard]) -> tuple[WritingShape, ...]:
    """The shapes that texts are written in, each once."""
    found = (shape for shard in shards for shape in (shard.shape, shard.beyond) if shape is not None)
    return tuple(dict.fromkeys(found))
