"""Loads a decoder from the safetensors files of a checkpoint.

Expects an opened checkpoint. Ensures that every stored tensor is used exactly once and has the shape that
`config.json` implies; all of this is checked on the headers, before any array is made.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Protocol, TypeAlias, cast

import jax.numpy as jnp
import ml_dtypes
import numpy as np
from jaxtyping import Array
from safetensors import SafetensorError, safe_open

from cyclspec.compiler.checkpoints.architecture import DecoderConfig
from cyclspec.compiler.checkpoints.checkpoint import Checkpoint
from cyclspec.compiler.checkpoints.families import decoder_config, decoder_layout
from cyclspec.compiler.checkpoints.refusal import refused
from cyclspec.compiler.checkpoints.stored import Layout, Stored
from cyclspec.runtime.models.decoder import Decoder

Dtype: TypeAlias = Literal["float32", "bfloat16"]
STORED_TYPES = ("F32", "F16", "BF16")
_NUMPY: dict[Dtype, np.dtype[Any]] = {
    "float32": np.dtype(np.float32),
    "bfloat16": np.dtype(ml_dtypes.bfloat16),
}


class TensorSlice(Protocol):
    """A tensor of an open file, not yet read."""

    def __getitem__(self, part: Any) -> np.ndarray: ...
    def get_shape(self) -> list[int]: ...
    def get_dtype(self) -> str: ...


class TensorFile(Protocol):
    """What is used of an open safetensors file, whose own methods have no types."""

    def keys(self) -> list[str]: ...
    def get_slice(self, name: str) -> TensorSlice: ...
    def get_tensor(self, name: str) -> np.ndarray: ...


@dataclass(frozen=True, slots=True)
class Tensors:
    """The tensors of all files of checkpoint `model`, by name; nothing is read until `read`."""

    model: str
    files: Mapping[str, TensorFile]

    def shape(self, name: str) -> tuple[int, ...]:
        return tuple(self.files[name].get_slice(name).get_shape())

    def stored_type(self, name: str) -> str:
        return self.files[name].get_slice(name).get_dtype()

    def read(self, name: str) -> np.ndarray:
        return self.files[name].get_tensor(name)


def load_decoder(checkpoint: Checkpoint, *, dtype: Dtype) -> Decoder:
    """The decoder of `checkpoint`, with its weights rounded to `dtype`.

    Raises:
        SpecError: a file is damaged; a tensor is missing, left over, there twice, of a wrong shape or of a
        type that
            is not float32, float16 or bfloat16.
    """
    config = decoder_config(checkpoint.name, checkpoint.config)
    with _opened(checkpoint.name, checkpoint.weights) as tensors:
        layout = _layout(tensors, config)
        _check(tensors, config, layout)
        kind = _NUMPY[dtype]
        outer = {one.parameter: _single(tensors, one, kind) for one in layout.outer}
        layers = {one.parameter: _stacked(tensors, one, config.layers, kind) for one in layout.layer}
    return Decoder(config, outer, layers)


def _layout(tensors: Tensors, config: DecoderConfig) -> Layout:
    layout = decoder_layout(config)
    bare = layout.prefix and not any(name.startswith(layout.prefix) for name in tensors.files)
    return layout.without_prefix() if bare else layout


@contextmanager
def _opened(model: str, paths: Iterable[Path]) -> Iterator[Tensors]:
    with ExitStack() as stack:
        files: dict[str, TensorFile] = {}
        for path in paths:
            _add(model, files, stack.enter_context(_open(model, path)))
        yield Tensors(model, files)


def _open(model: str, path: Path) -> AbstractContextManager[TensorFile]:
    try:
        return cast(AbstractContextManager[TensorFile], safe_open(path, framework="np"))
    except (SafetensorError, OSError) as error:
        raise refused(model, f"has a damaged file `{path.name}`", "fetch the checkpoint again") from error


def _add(model: str, files: dict[str, TensorFile], file: TensorFile) -> None:
    for name in file.keys():  # noqa: SIM118 - not a mapping
        if name in files:
            raise refused(model, f"holds the tensor `{name}` in two files")
        files[name] = file


def _check(tensors: Tensors, config: DecoderConfig, layout: Layout) -> None:
    expected = _expected(config, layout)
    for name, shape in expected.items():
        _check_one(tensors, name, shape)
    left = sorted(
        name for name in tensors.files if name not in expected and not name.endswith(layout.ignored)
    )
    if config.tied and layout.head in left:
        _check_tied(tensors, config, layout)
        left.remove(layout.head)
    if left:
        raise refused(tensors.model, f"holds the tensor `{left[0]}`, which its config.json gives no use")


def _expected(config: DecoderConfig, layout: Layout) -> dict[str, tuple[int, ...]]:
    shapes = {one.name: one.shape for one in layout.outer}
    for one in layout.layer:
        for layer in range(config.layers):
            for expert in range(max(one.experts, 1)):
                shapes[one.name.format(layer=layer, expert=expert)] = one.shape
    return shapes


def _check_one(tensors: Tensors, name: str, shape: tuple[int, ...]) -> None:
    if name not in tensors.files:
        raise refused(tensors.model, f"lacks the tensor `{name}`")
    found = tensors.shape(name)
    if found != shape:
        raise refused(
            tensors.model,
            f"has the tensor `{name}` of shape {list(found)}; config.json implies {list(shape)}",
        )
    kind = tensors.stored_type(name)
    if kind not in STORED_TYPES:
        known = ", ".join(STORED_TYPES)
        raise refused(
            tensors.model, f"stores the tensor `{name}` as {kind}", f"stored types that are read: {known}"
        )


def _check_tied(tensors: Tensors, config: DecoderConfig, layout: Layout) -> None:
    """Some writers store the tied table twice. A different one would contradict config.json."""
    _check_one(tensors, layout.head, (config.vocab_size, config.hidden_size))
    if not np.array_equal(tensors.read(layout.head), tensors.read(layout.embedding)):
        raise refused(
            tensors.model,
            f"says that embeddings are tied, but its tensor `{layout.head}` differs from `{layout.embedding}`",
        )


def _single(tensors: Tensors, one: Stored, dtype: np.dtype[Any]) -> Array:
    return jnp.asarray(tensors.read(one.name).astype(dtype))


def _stacked(tensors: Tensors, one: Stored, layers: int, dtype: np.dtype[Any]) -> Array:
    """Filled layer by layer: at no time are there two copies of all layers in host memory."""
    whole = np.empty((layers, *one.shape_in_use), dtype)
    for layer in range(layers):
        if not one.experts:
            whole[layer] = _part(tensors, one, one.name.format(layer=layer))
        for expert in range(one.experts):
            whole[layer, expert] = _part(tensors, one, one.name.format(layer=layer, expert=expert))
    return jnp.asarray(whole)


def _part(tensors: Tensors, one: Stored, name: str) -> np.ndarray:
    """One parameter of a tensor, as it is used; of a shared tensor only its own rows are read."""
    if one.rows is None:
        array = tensors.read(name)
    else:
        start, stop = one.rows
        cut = tensors.files[name].get_slice(name)
        array = cut[:, start:stop] if one.of_columns else cut[start:stop]
    return array.T if one.turned else array
