"""The machine and the libraries of a run, for its output."""

from __future__ import annotations

import os
import platform
from importlib import metadata
from pathlib import Path

LIBRARIES = ("jax", "jaxlib", "flax", "numpy", "tokenizers", "torch", "transformers", "lm_eval")
_INSTRUCTIONS = ("avx2", "avx512f", "avx512_bf16", "amx_bf16", "amx_tile")


def machine() -> dict[str, object]:
    """Cores that may be used, the processor's name, and its instructions that matter for matrix products."""
    facts: dict[str, str] = {}
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.is_file():
        lines = (
            line.split(":", 1) for line in cpuinfo.read_text(encoding="utf-8").splitlines() if ":" in line
        )
        facts = {key.strip(): value.strip() for key, value in lines}
    flags = set(facts.get("flags", "").split())
    return {
        "processor": facts.get("model name", platform.processor() or "unknown"),
        "family": f"{facts.get('cpu family', '?')}/{facts.get('model', '?')}",
        "instructions": [one for one in _INSTRUCTIONS if one in flags],
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "system": platform.platform(),
        "python": platform.python_version(),
    }


def versions() -> dict[str, str]:
    """The versions of what the arms stand on; `absent` where a library is not installed."""
    return {name: _version(name) for name in LIBRARIES}


def _version(name: str) -> str:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return "absent"
