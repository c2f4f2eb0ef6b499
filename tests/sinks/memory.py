"""What a process that feeds a sink for long takes in memory: 10 million tiny events into SQLite.

``python -m tests.sinks.memory``, or ``make memory``. The sink is fed directly, in batches of a
thousand, so that days of a busy server take minutes; deletions first, then posts of 200 bytes, each
in a process of its own. What is counted is the resident memory of the whole process (`VmRSS`):
Python, the batches, and SQLite with its cache of pages, its log and its index of words.

The warm-up is not counted: until the file holds `WARM_UP_BYTES`, SQLite fills its cache of 64 MiB,
which it may keep. Then so many events are recorded as were asked for. Between 10 % and 100 % of
them memory may grow by less than 5 %; else the exit code is 1. Needs Linux, and for 10 million
events some gigabytes of disk: ``TMPDIR`` says where.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Final

from tests.sinks.lives import TINY_LIVES
from tests.support.processes import probe

from trunkline.sinks import Batch, Sink, open_sink

__all__ = ["SHARES", "Measured", "feed", "measure"]

SHARES: Final = (0.1, 0.25, 0.5, 0.75, 1.0)
WARM_UP_BYTES: Final = 192 << 20
"""Three times the cache of pages."""
_MOST_GROWTH: Final = 0.05
_MEBIBYTE: Final = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """What one life took.

    Attributes:
        warm_up_events: How many were recorded before counting began.
        resident_bytes: At each of `SHARES` of the events.
        file_bytes: How large the recording is in the end.
    """

    life: str
    events: int
    warm_up_events: int
    resident_bytes: list[int]
    file_bytes: int
    seconds: float

    @property
    def growth(self) -> float:
        """By how much of itself memory grew between the first share and the last."""
        return self.resident_bytes[-1] / self.resident_bytes[0] - 1


def feed(sink: Sink, batches: Iterator[Batch], *, events: int) -> int:
    """Record at least so many events; return how many."""
    fed = 0
    while fed < events:
        batch = next(batches)
        sink.write(batch)
        fed += len(batch.events)
    return fed


def measure(life: str, *, events: int, warm_up_bytes: int = WARM_UP_BYTES) -> Measured:
    """Record a life into an SQLite file that is thrown away, and look at this process meanwhile."""
    batches = TINY_LIVES[life]()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "toots.db")
        with closing(open_sink(f"sqlite:{path}")) as sink:
            warm_up_events = feed(sink, batches, events=1)
            while path.stat().st_size < warm_up_bytes:
                warm_up_events += feed(sink, batches, events=1)
            began_at, fed, resident_bytes = time.monotonic(), 0, []
            for share in SHARES:
                fed += feed(sink, batches, events=round(events * share) - fed)
                resident_bytes.append(probe(os.getpid()).resident_bytes)
            seconds = time.monotonic() - began_at
        file_bytes = path.stat().st_size
    return Measured(
        life=life,
        events=fed,
        warm_up_events=warm_up_events,
        resident_bytes=resident_bytes,
        file_bytes=file_bytes,
        seconds=seconds,
    )


def report(measured: Measured) -> str:
    """Return the lines that tell what was measured."""
    looks = (
        f"  after {share:.0%}: {resident / _MEBIBYTE:.1f} MiB"
        for share, resident in zip(SHARES, measured.resident_bytes, strict=True)
    )
    head = (
        f"{measured.events:,} {measured.life} after a warm-up of {measured.warm_up_events:,}, in"
        f" {measured.seconds:.0f} s ({measured.events / measured.seconds:,.0f} a second), a file of"
        f" {measured.file_bytes / _MEBIBYTE:,.0f} MiB"
    )
    verdict = f"  growth: {measured.growth:+.1%}, allowed is less than {_MOST_GROWTH:.0%}"
    return "\n".join((head, *looks, verdict))


def main() -> int:
    """Measure the lives that are asked for; return 1 if memory grew."""
    parser = argparse.ArgumentParser(prog="python -m tests.sinks.memory", description=__doc__)
    parser.add_argument("lives", nargs="*", metavar="LIFE", help=", ".join(TINY_LIVES))
    parser.add_argument("--events", type=int, default=10_000_000, help="of each life")
    asked = parser.parse_args()
    lives = asked.lives or list(TINY_LIVES)
    if unknown := set(lives) - set(TINY_LIVES):
        parser.error(f"expected {', '.join(TINY_LIVES)}; got {', '.join(sorted(unknown))}")
    grown = False
    for life in lives:
        with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
            measured = pool.submit(measure, life, events=asked.events).result()
        print(report(measured), flush=True)
        grown = grown or measured.growth >= _MOST_GROWTH
    print("Memory grew." if grown else "Memory stayed as it was.")
    return 1 if grown else 0


if __name__ == "__main__":
    sys.exit(main())
