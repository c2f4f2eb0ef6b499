"""What a client spent between the first post and the last: processor time and real time."""

from __future__ import annotations

import gc
import resource
import time
from typing import Self

import msgspec

__all__ = ["Meter", "Spent"]


class Spent(msgspec.Struct, frozen=True, kw_only=True):
    """What a number of events cost one process: user and system time together, and real time."""

    events: int
    cpu_seconds: float
    system_seconds: float
    page_faults: int
    wall_seconds: float

    @property
    def cpu_microseconds(self) -> float:
        """Processor time of one event."""
        return self.cpu_seconds / self.events * 1e6


class Meter:
    """Two clocks that are started at the first post and read at the last."""

    def start(self) -> Self:
        """Begin to measure; garbage from before is cleared away first."""
        gc.collect()
        self._usage = resource.getrusage(resource.RUSAGE_SELF)
        self._wall = time.perf_counter()
        return self

    def stop(self, events: int) -> Spent:
        """Return what was spent since `start` on so many events."""
        wall_seconds = time.perf_counter() - self._wall
        before, after = self._usage, resource.getrusage(resource.RUSAGE_SELF)
        system_seconds = after.ru_stime - before.ru_stime
        return Spent(
            events=events,
            cpu_seconds=after.ru_utime - before.ru_utime + system_seconds,
            system_seconds=system_seconds,
            page_faults=after.ru_minflt - before.ru_minflt,
            wall_seconds=wall_seconds,
        )
