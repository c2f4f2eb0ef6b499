"""Where it is measured: the machine, the versions, and a yardstick to compare machines by."""

from __future__ import annotations

import json
import os
import platform
import time
from collections.abc import Iterable
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import msgspec

from bench.fixtures import SITUATIONS, frames
from trunkline.wire.usual import IS_COMPILED

__all__ = ["Machine", "describe", "pin", "two_cores"]

_YARDSTICK_POSTS = 1_000


class Machine(msgspec.Struct, frozen=True, kw_only=True):
    """What figures depend on.

    Attributes:
        measured_at: When, ISO 8601.
        processor: What the system calls it.
        cores: How many are usable.
        system: Operating system and kernel.
        python: Implementation and version.
        versions: Of the packages that were measured.
        hot_path: The language that Trunkline's hot path was in, ``C`` or ``Python``.
        json_loads_microseconds: What `json.loads` takes for one post of busy-public here.
        load: How busy the machine was with other things when measuring began, in cores.
    """

    measured_at: str
    processor: str
    cores: int
    system: str
    python: str
    versions: dict[str, str]
    hot_path: str
    json_loads_microseconds: float
    load: float


def describe(distributions: Iterable[str]) -> Machine:
    """Return what this machine is, with the versions of some packages."""
    return Machine(
        measured_at=datetime.now(UTC).isoformat(timespec="minutes"),
        processor=_processor(),
        cores=len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 0,
        system=f"{platform.system()} {platform.release()}",
        python=f"{platform.python_implementation()} {platform.python_version()}",
        versions={name: version(name) for name in distributions},
        hot_path="C" if IS_COMPILED else "Python",
        json_loads_microseconds=round(_json_loads_microseconds(), 2),
        load=round(os.getloadavg()[0], 2) if hasattr(os, "getloadavg") else 0.0,
    )


def two_cores() -> tuple[int | None, int | None]:
    """Return the core of the server and the core of the clients; ``None`` where any will do."""
    if not hasattr(os, "sched_getaffinity"):
        return None, None
    usable = sorted(os.sched_getaffinity(0))
    return (usable[-1], usable[0]) if len(usable) > 1 else (None, None)


def pin(core: int | None) -> None:
    """Keep this process on one core, where the system can do that."""
    if core is not None and hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {core})


def _processor() -> str:
    information = Path("/proc/cpuinfo")
    if information.exists():
        for line in information.read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def _json_loads_microseconds() -> float:
    posts = [payload for _, payload in frames(SITUATIONS["busy-public"], _YARDSTICK_POSTS)]
    return min(_once(posts) for _ in range(5)) / len(posts) * 1e6


def _once(posts: Iterable[bytes]) -> float:
    start = time.process_time()
    for post in posts:
        json.loads(post)
    return time.process_time() - start
