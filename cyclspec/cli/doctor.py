"""`cyclspec doctor`: versions, devices, and what is usable on this machine."""

from __future__ import annotations

import importlib.util
import os
import shutil
from pathlib import Path

import click


def _memory() -> str:
    pages, size = os.sysconf("SC_PHYS_PAGES"), os.sysconf("SC_PAGE_SIZE")
    return f"{pages * size / 2**30:.1f} GiB"


def _optional() -> list[str]:
    return [
        name for name in ("torch", "duckdb", "polars", "pandas") if importlib.util.find_spec(name) is not None
    ]


def _programs() -> str:
    """How many compiled programs are kept and where, or why none is."""
    from cyclspec.runtime.engine.programs import Kept, kept

    match kept():
        case Kept(folder=folder, programs=programs, bytes=size):
            return f"{programs} compiled, {size / 2**20:.1f} MiB, in {folder}"
        case refused:
            return f"not kept: {refused.reason}"


@click.command("doctor")
def command() -> None:
    """Show versions, devices, and what is usable here."""
    from importlib.resources import files

    from cyclspec.runtime.environment import devices, versions

    found = devices()
    demo = Path(str(files("cyclspec").joinpath("specs", "demo", "model.safetensors")))
    hub = "offline (HF_HUB_OFFLINE)" if os.environ.get("HF_HUB_OFFLINE") else "asked when a model is on it"
    lines = [
        *(f"{name:13} {version}" for name, version in versions().items()),
        f"{'devices':13} {found['devices']} x {found['device_kind']} ({found['platform']})",
        f"{'processors':13} {os.cpu_count()}",
        f"{'memory':13} {_memory()}",
        f"{'disk free':13} {shutil.disk_usage('.').free / 2**30:.1f} GiB here",
        f"{'demo model':13} {'usable' if demo.is_file() else 'missing: install the package again'}",
        f"{'model hub':13} {hub}",
        f"{'programs':13} {_programs()}",
        f"{'also here':13} {', '.join(_optional()) or 'nothing more'}",
    ]
    click.echo("\n".join(lines))
