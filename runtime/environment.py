"""The environment of a run, for its hash and for the metadata of every table: versions, devices, precision, shapes."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import asdict
from importlib.metadata import version
from typing import Any

from cyclspec import __version__
from cyclspec.compiler.checkpoints import Folder, parse_place
from cyclspec.compiler.plan.hosted import HostedModel
from cyclspec.compiler.plan.plan import Plan
from cyclspec.compiler.readings.reading import Served

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


def environment(plan: Plan, served: Mapping[str, Collection[Served]] | None = None) -> dict[str, Any]:
    """Everything outside the definition that an answer depends on; no times, no hosts of ours.

    `served` is what the servers of hosted models said they answered with, by the digests of the models.
    """
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
        ]
        + [_hosted(model.asked, (served or {}).get(model.asked.digest, ())) for model in plan.hosted],
    }


def _hosted(asked: HostedModel, served: Collection[Served]) -> dict[str, Any]:
    return {
        "model": asked.name,
        "place": asked.place,
        "revision": None,
        "digest": asked.digest,
        "served": sorted({one.model for one in served if one.model}),
        "fingerprints": sorted({one.fingerprint for one in served if one.fingerprint}),
    }
