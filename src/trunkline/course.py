"""The course of a plan: over its best transport, over what is left when that is refused, and back.

A proxy that is mended or a server that has moved streams again. So while streams are polled for
want of anything better, a connection is tried now and then; once one opens, all streams of the plan
are followed as planned.
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
        "_is_turning",
        "_options",
        "_plan",
        "_returns",
        "_server",
        "_sessions",
        "_spawn",
        "_subscriptions",
        "_tasks",
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
        self._sessions: set[Session] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._is_looking = False  # for something better than polling
        self._is_turning = False  # what runs is to end, and nothing is to begin
        self._returns = 0

    def begin(self, past: Past) -> None:
        """Follow the streams as planned."""
        self._follow(self._plan, past)

    def _follow(self, plan: Plan, past: Past) -> None:
        """Follow over the first transport of `plan`; each connection has a past of its own."""
        streams, (transport, *others) = plan
        for place, group in enumerate(groups(transport, streams, flavour=self._instance.flavour)):
            delay_seconds = opening_delay_seconds(place, dice=self._server.network.dice())
            keeping = self._keep(group, transport, others, replace(past), delay_seconds)
            task = self._spawn(keeping)
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

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
        if self._is_turning:
            return
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
        if transport == "polling":
            self._look_for_better()
        self._sessions.add(session)
        try:
            await session.run()
        except OtherTransport as other:
            # Whom a server bars is not to be followed in a way that needs no leave.
            left = [one for one in others if not (other.is_barred and one == "polling")]
            if not self._is_turning:
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
            self._sessions.discard(session)

    def _look_for_better(self) -> None:
        streaming = [one for one in self._plan.transports if one != "polling"]
        if streaming and not self._is_looking:
            self._is_looking = True
            self._spawn(self._return_to(streaming))

    async def _return_to(self, transports: Sequence[Transport]) -> None:
        """Wait until one of `transports` is offered again, and follow as planned from then on."""
        while True:
            pause_seconds = _RETURN_SECONDS[min(self._returns, len(_RETURN_SECONDS) - 1)]
            self._returns += 1
            await asyncio.sleep(pause_seconds * (0.75 + self._server.network.dice() / 2))
            self._server.forget()  # the streaming address may have moved
            if await self._is_any_offered(transports):
                break
        self._is_turning = True
        for session in self._sessions:
            session.supersede()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._is_looking = self._is_turning = False
        now_seconds = asyncio.get_running_loop().time()
        self.begin(Past(down_since_seconds=now_seconds, was_connected=True))

    async def _is_any_offered(self, transports: Sequence[Transport]) -> bool:
        for transport in transports:
            if await self._is_offered(transport):
                return True
        return False

    async def _is_offered(self, transport: Transport) -> bool:
        """Tell whether a connection opens and is not refused at once."""
        streams, *_ = groups(transport, self._plan.streams, flavour=self._instance.flavour)
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
