"""The environment of a run, for its hash and for the metadata of every table: versions, devices, precision, shapes."""

from __future__ import annotations

from dataclasses import asdict
from importlib.metadata import version
from typing import Any

from cyclspec import __version__
from cyclspec.compiler.checkpoints import Folder, parse_place
from cyclspec.compiler.plan.plan import Plan

_PACKAGES = ("jax", "jaxlib", "flax", "numpy", "transformers", "tokenizers", "pyarrow")


def versions() -> dict[str, str]:
    """The versions of what takes part in a number."""
    import platform

    found = {"cyclspec": __version__, "python": platform.python_version()}
    return found | {package: version(package) for package in _PACKAGES}


def devices() -> dict[str, Any]:
    """What jax runs on."""
    import jax

    kinds = sorted({device.device_kind for device in jax.devices()})
    return {"platform": jax.default_backend(), "device_kind": ", ".join(kinds), "devices": jax.device_count()}


def _place(text: str) -> str:
    """Where a model came from, without the folders of this machine: the digest says which weights they were."""
    return "folder" if isinstance(parse_place(text), Folder) else text


def environment(plan: Plan) -> dict[str, Any]:
    """Everything outside the definition that an answer depends on; no times, no hosts."""
    return {
        "versions": versions(),
        **devices(),
        "numerics": plan.numerics,
        "score_precision": "float64",
        "models": [
            {
                "model": model.asked.name,
                "place": _place(model.asked.checkpoint.place),
                "revision": model.asked.checkpoint.revision,
                "digest": model.asked.digest,
                "shapes": [asdict(shape) for shape in model.layout.shapes],
            }
            for model in plan.models
        ],
    }
