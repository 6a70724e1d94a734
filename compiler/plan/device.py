"""How a kind of device is kept busy."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Device:
    """At most `wave` tokens are read at once, and `at_once` shards are at work beside each other.

    The cores of a CPU wait for each other; another shard fills the gaps. An accelerator is filled by wide waves.
    """

    wave: int
    at_once: int


CPU, ACCELERATOR = Device(wave=1024, at_once=2), Device(wave=8192, at_once=1)
