"""What the system says of a process: its memory and the processor time that it has used.

Needs Linux, whose `/proc` tells this of any process without any help from it.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Final

__all__ = ["CAN_PROBE", "Probe", "probe"]

CAN_PROBE: Final = Path("/proc/self/statm").exists()
_USER_FIELD: Final = 11  # of `stat`, counted after the name, which may itself have spaces
_RESIDENT_FIELD: Final = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Probe:
    """One look at a process: its resident memory, and user and system time since it started."""

    resident_bytes: int
    cpu_seconds: float


def probe(pid: int) -> Probe:
    """Look at a process.

    Raises:
        OSError: There is no such process, or no `/proc`.
    """
    place = Path(f"/proc/{pid}")
    pages = int(place.joinpath("statm").read_text().split()[_RESIDENT_FIELD])
    fields = place.joinpath("stat").read_text().rpartition(")")[2].split()
    ticks = sum(map(int, fields[_USER_FIELD : _USER_FIELD + 2]))
    return Probe(
        resident_bytes=pages * os.sysconf("SC_PAGE_SIZE"),
        cpu_seconds=ticks / os.sysconf("SC_CLK_TCK"),
    )
