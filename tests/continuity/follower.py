"""One client that follows one embedded server in virtual time, and what it was given."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TypeVar, Unpack

from tests.support.virtual_clock import virtual_network, wall_clock

from trunkline import AsyncMastodon
from trunkline.events import Update
from trunkline.feed import AsyncFeed
from trunkline.inbox import Item
from trunkline.options import StreamKeywords
from trunkline.server import Fault, Server, World
from trunkline.signals import Connected
from trunkline.streams import Stream
from trunkline.transport.http import Network

__all__ = ["HOST", "Follower", "ending_of", "following", "loop_time"]

T = TypeVar("T")
HOST = "127.0.0.2"  # where nobody else takes the port of a server that is down


@dataclass
class Follower:
    """One client following some streams of one server, and what it was given."""

    server: Server
    feed: AsyncFeed[Item]
    items: list[Item] = field(default_factory=list)
    task: asyncio.Task[None] | None = None
    _connected: asyncio.Event = field(default_factory=asyncio.Event)
    _came: asyncio.Event = field(default_factory=asyncio.Event)

    async def follow(self) -> None:
        async for item in self.feed:
            self.items.append(item)
            self._came.set()
            if isinstance(item, Connected):
                self._connected.set()

    def of(self, kind: type[T]) -> list[T]:
        return [item for item in self.items if isinstance(item, kind)]

    @property
    def ids(self) -> list[str]:
        return [item.status_id for item in self.of(Update)]

    async def until(self, holds: Callable[[], bool]) -> None:
        """Return when `holds` does; it is asked after each item."""
        while not holds():
            self._came.clear()
            await self._came.wait()

    async def connected(self) -> None:
        """Return when it is connected and has nothing left to look for."""
        await self._connected.wait()
        await asyncio.sleep(10.0)


@asynccontextmanager
async def following(
    *streams: Stream | str,
    faults: tuple[Fault, ...] = (),
    token: str = "demo-token",
    prepare: Callable[[World], object] = lambda world: None,
    network: Network | None = None,
    **options: Unpack[StreamKeywords],
) -> AsyncIterator[Follower]:
    """Run a server and a client that follows `streams` of it, in virtual time."""
    world = World(now=wall_clock)
    prepare(world)
    async with (
        Server(world, host=HOST, faults=faults) as server,
        AsyncMastodon(
            server.url, access_token=token, network=network or virtual_network()
        ) as mastodon,
    ):
        feed = mastodon.stream(*(streams or (Stream.public(),)), signals=True, **options)
        follower = Follower(server, feed)
        follower.task = asyncio.ensure_future(follower.follow())
        try:
            yield follower
        finally:
            follower.task.cancel()
            await asyncio.gather(follower.task, return_exceptions=True)


async def ending_of(follower: Follower) -> BaseException | None:
    """Return what the following ended with, by itself and within an hour."""
    assert follower.task is not None
    async with asyncio.timeout(3600.0):
        await asyncio.wait([follower.task])
    return follower.task.exception()


def loop_time() -> float:
    return asyncio.get_running_loop().time()
