"""Replaying: the events of a recording again, at the pace at which they came, or at another.

`replay` is an iterator over time; `replay_on` gives it to a server that clients can follow.
Promises the order of the recording, and silence as long as it was, divided by the speed. Refuses to
know what kind of recording it is (`trunkline.sinks.reading`).
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import AsyncGenerator, AsyncIterator, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from trunkline.errors import BadInput
from trunkline.server import Server
from trunkline.server.mirror import Mirror, mirror_flavour, mirror_world
from trunkline.server.site import Settings
from trunkline.server.throttle import Limit, RateLimits
from trunkline.server.tokens import DEMO_TOKEN
from trunkline.signals import Gap
from trunkline.sinks.reading import Recorded, read_recording
from trunkline.streams import Stream

__all__ = ["FAST", "Pace", "make_replay_server", "replay", "replay_on", "streams_of"]

FAST: Final = math.inf
"""The speed without pauses."""

_TURN_EVENTS: Final = 32
"""After so many events without a pause others get their turn."""
_FULL_BYTES: Final = 1024 * 1024
_PATIENCE_SECONDS: Final = 30.0
_LOOK_SECONDS: Final = 0.005
_GENEROUS: Final = RateLimits(
    general=Limit(requests=100_000, period_seconds=300.0),
    paged=Limit(requests=100_000, period_seconds=900.0),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How a recording is replayed.

    Attributes:
        speed: How many times faster than it was; `FAST` makes no pauses at all.
        loop: Whether it begins again at its end, for ever.

    Raises:
        BadInput: The speed is not above 0.
    """

    speed: float = 1.0
    loop: bool = False

    def __post_init__(self) -> None:
        if not self.speed > 0:
            raise BadInput(f"Expected a speed above 0, such as 1 or 60; got {self.speed:g}.")


async def replay(recording: str, *, pace: Pace | None = None) -> AsyncGenerator[Recorded, None]:
    """Yield the events and gaps of a recording when their time has come.

    One that a consumer keeps waiting is not late for ever: what is due is given at once.

    Args:
        recording: What names it, such as ``sqlite:toots.db``.
        pace: How fast; by default as fast as it was.

    Raises:
        BadInput: There is no such kind of recording.
        SinkError: It cannot be read.
    """
    chosen = pace or Pace()
    clock = asyncio.get_running_loop().time
    due = Due(clock(), speed=chosen.speed)
    while True:
        found = False
        for place, item in enumerate(read_recording(recording)):
            found = True
            delay_seconds = due.at(_moment(item)) - clock()
            if delay_seconds > 0 or place % _TURN_EVENTS == 0:
                await asyncio.sleep(max(delay_seconds, 0.0))
            yield item
        if not (chosen.loop and found):
            return


class Due:
    """Says when what was recorded at a moment is due, in seconds of the clock of the loop.

    Time never runs backwards: where the clock of the recorder was set back, and where a recording
    begins again, there is no pause.
    """

    def __init__(self, start_seconds: float, *, speed: float) -> None:
        self._due_seconds = start_seconds
        self._speed = speed
        self._last: datetime | None = None

    def at(self, moment: datetime) -> float:
        """Return when `moment` is due."""
        if self._last is not None:
            passed_seconds = (moment - self._last).total_seconds()
            self._due_seconds += max(passed_seconds, 0.0) / self._speed
        self._last = moment
        return self._due_seconds


def _moment(item: Recorded) -> datetime:
    return item.at if isinstance(item, Gap) else item.received_at


def streams_of(recording: str) -> tuple[Stream, ...]:
    """Return the streams of a recording, in order of their first events; it is read to its end.

    Raises:
        BadInput: There is no such kind of recording, or nothing in it.
        SinkError: It cannot be read.
    """
    events = (item for item in read_recording(recording) if not isinstance(item, Gap))
    found = tuple(dict.fromkeys(event.stream for event in events))
    if not found:
        raise BadInput(f"Expected events in {recording}; there are none.")
    return found


def make_replay_server(
    streams: Iterable[Stream],
    *,
    port: int = 0,
    retention: int = 20_000,
    heartbeat_seconds: float = 15.0,
) -> Server:
    """Return a server that offers `streams` and nothing else, for `replay_on`.

    Args:
        streams: What was recorded; `streams_of` says it.
        port: Where to listen on this machine; 0 takes any.
        retention: How many of the newest posts REST shows.
        heartbeat_seconds: Between the heartbeats of an event stream.
    """
    offered = tuple(streams)
    world = mirror_world(tokens=(DEMO_TOKEN,), retention=retention)
    Mirror(world, offered)
    settings = Settings(rate_limits=_GENEROUS, heartbeat_seconds=heartbeat_seconds)
    server = Server(world, port=port, settings=settings)
    server.flavour = mirror_flavour(offered)
    return server


async def replay_on(server: Server, items: AsyncIterator[Recorded]) -> int:
    """Publish what a replay yields on a server, and return how many events that was.

    What its clients do not keep up with is waited for, half a minute at the most; then they are cut
    when their buffers overflow, as on any server.
    """
    mirror, told = Mirror(server.world), 0
    async for item in items:
        if isinstance(item, Gap):
            continue
        told += mirror.tell(item)
        if told % _TURN_EVENTS == 0:
            await _room(server)
    return told


async def _room(server: Server) -> None:
    """Wait until every client has read most of what was sent."""

    def is_full() -> bool:
        return any(one.unsent_bytes > _FULL_BYTES for one in server.hub.connections)

    loop = asyncio.get_running_loop()
    give_up_at = loop.time() + _PATIENCE_SECONDS
    while is_full() and loop.time() < give_up_at:  # noqa: ASYNC110  # sockets do not call back
        await asyncio.sleep(_LOOK_SECONDS)
