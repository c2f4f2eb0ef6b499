"""The course of a plan: over its best transport, over what is left when that is refused, and back.

A proxy that is mended or a server that has moved streams again. So while streams are polled for
want of anything better, a connection is tried for them now and then, and used once one opens.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import replace
from typing import Final

from trunkline.errors import DiscoveryError, NoSuchStream
from trunkline.inbox import Inbox
from trunkline.options import StreamOptions, Transport
from trunkline.plan import Plan, groups
from trunkline.policy.backoff import opening_delay_seconds
from trunkline.reconnecting import OtherTransport, Past
from trunkline.session import Session
from trunkline.stats import Counters
from trunkline.streams import Stream
from trunkline.subscription import Subscription
from trunkline.transport.http import ConnectionEnded
from trunkline.transport.instance import Instance
from trunkline.transport.server import Server

__all__ = ["Course"]

_RETURN_SECONDS: Final = (60.0, 120.0, 300.0, 600.0)
"""How long to poll before a connection is tried; the last one again and again."""
_REFUSED_SECONDS: Final = 10.0
"""How long a WebSocket that has opened may take to say that it refuses the streams."""


class Course:
    """Follows the streams of one plan.

    Args:
        plan: Which streams, and the transports to try.
        instance: What discovery found.
        server: Where to connect.
        subscriptions: The state of each stream.
        inbox: Where events go.
        counters: Where everything is counted.
        options: How to follow.
        spawn: Runs what goes on beside the caller; its errors end following.
    """

    __slots__ = (
        "_counters",
        "_inbox",
        "_instance",
        "_is_looking",
        "_options",
        "_plan",
        "_returned_at_seconds",
        "_server",
        "_sessions",
        "_spawn",
        "_streaming",
        "_subscriptions",
        "_tries",
    )

    def __init__(
        self,
        plan: Plan,
        instance: Instance,
        *,
        server: Server,
        subscriptions: Mapping[Stream, Subscription],
        inbox: Inbox,
        counters: Counters,
        options: StreamOptions,
        spawn: Callable[[Coroutine[None, None, None]], asyncio.Task[None]],
    ) -> None:
        self._plan = plan
        self._instance = instance
        self._server = server
        self._subscriptions = subscriptions
        self._inbox = inbox
        self._counters = counters
        self._options = options
        self._spawn = spawn
        self._streaming = [one for one in plan.transports if one != "polling"]
        self._sessions: dict[Session, asyncio.Task[None] | None] = {}
        self._is_looking = False  # for something better than polling
        self._tries = 0
        self._returned_at_seconds = float("-inf")

    def begin(self, past: Past) -> None:
        """Follow the streams as planned."""
        self._follow(self._plan, past)

    def _follow(self, plan: Plan, past: Past) -> None:
        """Follow over the first transport of `plan`; each connection has a past of its own.

        Raises:
            NoSuchStream: There is none: the server has no streaming, and they have no timeline.
        """
        if not plan.transports:
            names = ", ".join(map(str, plan.streams))
            why = f"{self._server.url} has no streaming, and {names} no timeline that can be read."
            raise NoSuchStream(why, server=self._server.url)
        streams, (transport, *others) = plan
        for place, group in enumerate(groups(transport, streams, flavour=self._instance.flavour)):
            delay_seconds = opening_delay_seconds(place, dice=self._server.network.dice())
            self._spawn(self._keep(group, transport, others, replace(past), delay_seconds))

    async def _keep(
        self,
        streams: Sequence[Stream],
        transport: Transport,
        others: Sequence[Transport],
        past: Past,
        delay_seconds: float,
    ) -> None:
        """Follow over one transport, or go on with those that are left."""
        await asyncio.sleep(delay_seconds)
        session = Session(
            self._server,
            tuple(self._subscriptions[stream] for stream in streams),
            transport,
            inbox=self._inbox,
            counters=self._counters,
            options=self._options,
            others=others,
            past=past,
        )
        self._sessions[session] = asyncio.current_task()
        if transport == "polling":
            self._look_for_better()
        try:
            await session.run()
        except OtherTransport as other:
            # Whom a server bars is not to be followed in a way that needs no leave.
            left = [one for one in others if not (other.is_barred and one == "polling")]
            if not session.is_superseded:
                self._follow(Plan(streams, left), past)
        except NoSuchStream as error:
            if self._instance.version:
                raise
            raise DiscoveryError(
                f"{self._server.url} does not answer like a Mastodon server: it has no instance"
                " document and none of the streams. Check the address.",
                server=self._server.url,
                status=error.status,
            ) from error
        finally:
            del self._sessions[session]

    def _look_for_better(self) -> None:
        if self._streaming and not self._is_looking:
            self._is_looking = True
            self._spawn(self._return())

    async def _return(self) -> None:
        """Try to stream what is polled, now and then, until nothing is polled any more."""
        now_seconds = asyncio.get_running_loop().time
        if now_seconds() - self._returned_at_seconds > _RETURN_SECONDS[-1]:
            self._tries = 0
        while self._polled():
            pause_seconds = _RETURN_SECONDS[min(self._tries, len(_RETURN_SECONDS) - 1)]
            self._tries += 1
            await asyncio.sleep(pause_seconds * (0.75 + self._server.network.dice() / 2))
            self._server.forget()  # the streaming address may have moved
            for transport in self._streaming:
                await self._return_to(transport)
        self._is_looking = False
        self._returned_at_seconds = now_seconds()

    def _polled(self) -> list[Session]:
        return [one for one in self._sessions if one.transport == "polling"]

    async def _return_to(self, transport: Transport) -> None:
        """Follow over `transport` what is polled and offered there.

        Where all streams of the plan share one connection, that takes the others along.
        """
        streams = self._plan.streams
        if len(groups(transport, streams, flavour=self._instance.flavour)) == 1 < len(streams):
            if self._polled() and await self._is_offered(transport, streams):
                sessions = list(self._sessions)
                if sum(len(one.streams) for one in sessions) == len(streams):  # all have begun
                    await self._turn(sessions, streams, transport)
            return
        for session in self._polled():
            if await self._is_offered(transport, session.streams) and session in self._sessions:
                await self._turn([session], session.streams, transport)

    async def _turn(
        self, sessions: Sequence[Session], streams: Sequence[Stream], transport: Transport
    ) -> None:
        """Follow streams over a transport that was offered, instead of with `sessions`."""
        ending = [task for one in sessions if (task := self._sessions.get(one)) is not None]
        for session in sessions:
            session.supersede()
        await asyncio.gather(*ending, return_exceptions=True)
        others = [one for one in self._plan.transports if one != transport]
        now_seconds = asyncio.get_running_loop().time()
        past = Past(down_since_seconds=now_seconds, was_connected=True)
        self._follow(Plan(streams, [transport, *others]), past)

    async def _is_offered(self, transport: Transport, streams: Sequence[Stream]) -> bool:
        """Tell whether a connection opens and is not refused at once."""
        try:
            connection = await self._server.connect(
                transport, streams, stall_seconds=self._options.stall_seconds
            )
        except ConnectionEnded:
            return False
        try:
            async with asyncio.timeout(_REFUSED_SECONDS):
                await connection.read()
        except ConnectionEnded:
            return False
        except TimeoutError:
            pass  # a quiet stream
        finally:
            await connection.close()
        return True
