"""The situation `idle-streams`: what a stream costs in memory while nothing happens on it.

Usage: ``python -m bench.idle URL STREAMS [CORE]``; prints KiB of resident memory for each stream.
"""

from __future__ import annotations

import asyncio
import gc
import resource
import subprocess
import sys
from pathlib import Path
from typing import Final

import msgspec

from bench.machine import pin, two_cores
from bench.measure import server
from trunkline import AsyncMastodon, Stream
from trunkline.feed import AsyncFeed
from trunkline.inbox import Item
from trunkline.signals import Connected

__all__ = ["STREAMS", "Idle", "main", "measure_idle"]

STREAMS: Final = 2_000
_FILES_BESIDE: Final = 100
_WAVE: Final = 100


class Idle(msgspec.Struct, frozen=True, kw_only=True):
    """Resident memory of one process with so many idle event streams."""

    streams: int
    kib_per_stream: float
    cpu_seconds: float


def measure_idle(streams: int = STREAMS) -> Idle:
    """Return what idle streams cost, measured in a process of its own."""
    _allow_files(2 * streams)
    _, core = two_cores()
    with server("idle", 0) as url:
        command = [sys.executable, "-m", "bench.idle", url, str(streams)]
        if core is not None:
            command.append(str(core))
        done = subprocess.run(command, stdout=subprocess.PIPE, check=True, timeout=300)
    return msgspec.json.decode(done.stdout, type=Idle)


async def _hold(url: str, streams: int) -> Idle:
    """Open so many streams of one client, each with a task that waits for its events."""
    async with AsyncMastodon(url, access_token="a-token-of-the-benchmark") as mastodon:
        opened = asyncio.Semaphore(_WAVE)
        waiting: set[asyncio.Task[None]] = set()
        connected: list[asyncio.Future[None]] = []

        def begin(number: int) -> None:
            stream = Stream.hashtag(f"tag{number}")
            feed = mastodon.stream(stream, transport="sse", signals=True, catch_up=False)
            connected.append(asyncio.get_running_loop().create_future())
            waiting.add(asyncio.create_task(_consume(feed, connected[-1], opened)))

        begin(0)  # what the first needs, all share
        await connected[0]
        before_kib, cpu = _resident_kib(), resource.getrusage(resource.RUSAGE_SELF)
        for number in range(1, streams + 1):
            begin(number)
        await asyncio.gather(*connected)
        after_kib, after = _resident_kib(), resource.getrusage(resource.RUSAGE_SELF)
        for task in waiting:
            task.cancel()
    return Idle(
        streams=streams,
        kib_per_stream=round((after_kib - before_kib) / streams, 2),
        cpu_seconds=after.ru_utime + after.ru_stime - cpu.ru_utime - cpu.ru_stime,
    )


async def _consume(
    feed: AsyncFeed[Item], connected: asyncio.Future[None], opened: asyncio.Semaphore
) -> None:
    await opened.acquire()  # a few at a time, as a careful program would
    async for item in feed:
        if isinstance(item, Connected):
            opened.release()
            connected.set_result(None)


def _resident_kib() -> int:
    gc.collect()
    for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1])
    raise SystemExit("Expected a line VmRSS in /proc/self/status; this needs Linux.")


def _allow_files(files: int) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = files + _FILES_BESIDE
    if soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(wanted, hard), hard))


def main() -> None:
    """Hold the streams that the arguments name."""
    url, streams, *core = sys.argv[1:]
    pin(int(core[0]) if core else None)
    sys.stdout.write(msgspec.json.encode(asyncio.run(_hold(url, int(streams)))).decode())


if __name__ == "__main__":
    main()
