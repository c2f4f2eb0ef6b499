"""An embedded server with invented life on it: what `serve` shows and `demo` follows.

Promises the same life for the same seed, at the pace that was asked for. Knows nothing of clients.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Iterable
from typing import Final

from trunkline.errors import BadInput
from trunkline.server import Server, World
from trunkline.server.faults import Fault
from trunkline.server.log import LogEntry
from trunkline.server.site import Settings
from trunkline.server.synthetic import SyntheticSource
from trunkline.server.throttle import Limit, RateLimits

__all__ = ["check_rate", "live", "make_server"]

_RETAINED_POSTS: Final = 10_000
"""What REST shows; an hour of a busy demo, and some tens of megabytes."""
_REMEMBERED_ENTRIES: Final = 8
"""Of the log: each is read as soon as it is written."""
_HIGHEST_RATE: Final = 10_000
_GENEROUS: Final = RateLimits(
    general=Limit(requests=100_000, period_seconds=300.0),
    paged=Limit(requests=100_000, period_seconds=900.0),
)


def make_server(
    *,
    port: int = 0,
    heartbeat_seconds: float = 15.0,
    flavour: str = "mastodon",
    faults: Iterable[Fault] = (),
) -> Server:
    """Return a server on this machine whose world keeps little and whose limits are generous.

    Raises:
        BadInput: There is no such flavour.
    """
    world = World(log_limit=_REMEMBERED_ENTRIES, retention=_RETAINED_POSTS)
    settings = Settings(heartbeat_seconds=heartbeat_seconds, rate_limits=_GENEROUS)
    return Server(world, port=port, settings=settings, flavour=flavour, faults=faults)


async def live(
    server: Server, *, seed: int, rate_per_second: float
) -> AsyncGenerator[LogEntry, None]:
    """Publish invented events on a running server for ever, and yield what its log says of each."""
    host = server.url.removeprefix("http://")
    source = SyntheticSource(seed, host=host, scheme="http")
    logged: LogEntry | None = None
    for at_milliseconds, activity in source.activities(_now_milliseconds(), rate_per_second):
        # Even when it is late, others get their turn.
        await asyncio.sleep(max(at_milliseconds - _now_milliseconds(), 0) / 1000)
        server.world.ingest(activity)
        newest = _newest(server.world)
        if newest is not logged and newest is not None:
            logged = newest
            yield newest


def check_rate(per_second: float, *, may_rest: bool = False) -> None:
    """Refuse a rate that is none.

    Args:
        per_second: The rate.
        may_rest: Whether 0 is one: nothing ever happens.

    Raises:
        BadInput: It is below 0, or 0 without `may_rest`, or more than any machine can do.
    """
    if may_rest and per_second == 0:
        return
    if not 0 < per_second <= _HIGHEST_RATE:
        least = "from 0, for silence," if may_rest else "above 0 and"
        raise BadInput(
            f"Expected a --rate {least} up to {_HIGHEST_RATE} events a second; got {per_second:g}."
        )


def _newest(world: World) -> LogEntry | None:
    """Return the last entry of the log; an event that the server drops has left none."""
    return next(reversed(tuple(world.log)), None)


def _now_milliseconds() -> int:
    return time.time_ns() // 1_000_000
