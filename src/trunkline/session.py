"""The story of one connection: open, read, watch, judge, wait, open again, and close the gap.

`Session.run` is the whole of it. The live stream is opened first and its events wait; what the
disconnect hid is fetched and delivered; then the waiting events go through; a little later late
posts, edits and deletions are asked for, and the gap is named. What an ending means is decided by
the verdict table (`policy/verdict.py`), how long to wait by `policy/backoff.py`; here it is only
done.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from itertools import count
from typing import Final

from trunkline.asking import Asking
from trunkline.delivery import Delivery
from trunkline.gaps import Gaps
from trunkline.inbox import Inbox
from trunkline.options import StreamOptions, Transport
from trunkline.policy.outcome import Outcome, OutcomeKind
from trunkline.policy.verdict import Reason
from trunkline.probing import Probing
from trunkline.reading import Reading
from trunkline.reconnecting import OtherTransport, Past, Reconnecting
from trunkline.signals import Connected, Disconnected
from trunkline.stats import Counters
from trunkline.subscription import Subscription
from trunkline.transport.connection import Connection
from trunkline.transport.http import ConnectionEnded
from trunkline.transport.instance import Instance
from trunkline.transport.server import Server
from trunkline.vigil import Vigil

__all__ = ["OtherTransport", "Session"]

_THOROUGH_POLL: Final = 10
"""Every so many polls also look for late posts, edits and deletions."""


class Session:
    """Keeps one connection alive for some subscriptions and puts what it brings into the inbox.

    Args:
        server: Where to connect.
        subscriptions: What to follow; one for an event stream, any number for a WebSocket.
        transport: ``sse``, ``websocket`` or ``polling``.
        inbox: Where events go.
        counters: Where everything is counted.
        options: How to follow.
        others: The transports that can be tried if this one is refused.
        past: What following these streams has been through.

    Attributes:
        streams: What is followed.
        transport: Over what.
        is_superseded: Whether another session is to follow them instead.
    """

    def __init__(
        self,
        server: Server,
        subscriptions: Sequence[Subscription],
        transport: Transport,
        *,
        inbox: Inbox,
        counters: Counters,
        options: StreamOptions,
        past: Past,
        others: Sequence[Transport] = (),
    ) -> None:
        self._server = server
        self._subscriptions = tuple(subscriptions)
        self.streams = tuple(subscription.stream for subscription in subscriptions)
        self.transport = transport
        self._counters = counters
        # Polling is nothing but catching up.
        self._options = replace(options, catch_up=True) if transport == "polling" else options
        self._now = server.network.now
        self._began = False  # whether any connection was ever open: then priming would hide a gap
        self._brought = False  # whether this connection delivered anything: a refusal does not
        self._lease = asyncio.timeout(None)
        self.is_superseded = False
        self._reconnecting = Reconnecting(
            server.url,
            self.streams,
            options=options,
            counters=counters,
            others=others,
            past=past,
            dice=server.network.dice,
            clock=asyncio.get_running_loop().time,
        )
        self._delivery = Delivery(
            server.url,
            dict(zip(self.streams, subscriptions, strict=True)),
            inbox=inbox,
            counters=counters,
        )
        self._gaps = Gaps(
            server,
            self._subscriptions,
            delivery=self._delivery,
            counters=counters,
            options=self._options,
            now=self._now,
        )
        self._reading = Reading(
            self._subscriptions,
            is_holding_back=lambda: self._delivery.is_holding_back,
            stall_seconds=options.stall_seconds,
        )
        self._vigil = Vigil(
            self._subscriptions,
            self._probing,
            silence_probe_seconds=options.silence_probe_seconds,
            is_deaf=lambda: inbox.is_full or self._gaps.unlooked > 0,
            now=self._now,
        )

    async def run(self) -> None:
        """Follow until cancelled or superseded.

        Raises:
            ServerError: The server says no and will go on saying so.
            GaveUp: The user's limits are used up.
            OtherTransport: The server does not offer this transport.
        """
        try:
            async with self._lease:
                await self._stay()
        except TimeoutError:
            if not self._lease.expired():
                raise
        self._counters.disconnects[Reason.SUPERSEDED.value] += 1
        self._tell_ending(Reason.SUPERSEDED.value)

    def supersede(self) -> None:
        """End `run`, which may be running: these streams will be followed by another session."""
        self.is_superseded = True
        self._lease.reschedule(asyncio.get_running_loop().time())

    async def _stay(self) -> None:
        while True:
            outcome = Outcome(OutcomeKind.SUPERSEDED)
            try:
                await (self._poll() if self.transport == "polling" else self._live())
            except* ConnectionEnded as endings:
                outcome = _first(endings).outcome
            _stop_if_cancelled()
            await self._think_over(outcome)

    async def discover(self) -> Instance:
        """Return what the server's instance document says, however long it takes to reach it.

        Raises:
            ServerError: The server says no and will go on saying so.
            GaveUp: The user's limits are used up.
        """
        while True:
            try:
                return await self._server.instance()
            except ConnectionEnded as ended:
                outcome = ended.outcome
            await self._think_over(outcome)

    async def _live(self) -> None:
        """Open a connection and stay with it to its end."""
        if not self._began:
            await self._gaps.prime(required=False)
        connection = await self._server.connect(
            self.transport, self.streams, stall_seconds=self._options.stall_seconds
        )
        try:
            self._open_up()
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._gaps.close())
                tasks.create_task(self._vigil.watch_silence())
                tasks.create_task(self._vigil.watch_hiccups())
                tasks.create_task(self._vigil.stay_signed_in())
                tasks.create_task(self._reading.tell())
                await self._listen(connection)
        finally:
            self._shut_down()
            await connection.close()

    async def _poll(self) -> None:
        """Follow a server without streaming: catch up on a timer."""
        if not self._began:
            await self._gaps.prime(required=True)
        await self._gaps.poll(thorough=True)
        self._open_up()
        self._brought = True
        try:
            for turn in count(1):
                share = 0.75 + self._server.network.dice() / 2
                await asyncio.sleep(share * self._options.poll_seconds)
                await self._gaps.poll(thorough=turn % _THOROUGH_POLL == 0)
        finally:
            self._shut_down()

    def _open_up(self) -> None:
        self._began, self._brought = True, False
        self._reconnecting.opened()
        self._counters.connects += 1
        if self.transport != "polling":
            self._delivery.hold_back()
        for subscription in self._subscriptions:
            subscription.live_again(self._now())
        self._delivery.tell(
            Connected(
                server=self._server.url,
                at=self._now(),
                streams=self.streams,
                transport=self.transport,
            )
        )

    def _shut_down(self) -> None:
        self._reconnecting.ended(brought=self._brought)
        for subscription in self._subscriptions:
            subscription.away()

    async def _listen(self, connection: Connection) -> None:
        """Pass on what the connection brings, until it ends."""
        counted = 0
        self._reading.begins(connection)
        while True:
            self._reading.waits()
            incoming = await connection.read()
            now, self._brought = self._now(), True
            self._reading.has_read(now)
            size_bytes, counted = connection.bytes_received - counted, connection.bytes_received
            self._counters.received_bytes += size_bytes
            await self._delivery.take(incoming, size_bytes, now=now)
            del incoming  # what the consumer lets go is free at once, and warm for the next event

    async def _probing(self, subscription: Subscription) -> Probing:
        asking = Asking(await self._server.rest(), (await self._server.instance()).flavour)
        return Probing(subscription, asking, options=self._options, now=self._now)

    async def _think_over(self, outcome: Outcome) -> None:
        """Judge an ending and wait as the verdict says, or raise what it says."""
        try:
            decision = self._reconnecting.decide(outcome)
        except OtherTransport as other:
            self._tell_ending(other.reason, words=outcome.words)
            raise
        if decision.rediscover:
            self._server.forget()
        self._tell_ending(
            decision.reason, words=outcome.words, retry_in_seconds=decision.wait_seconds
        )
        await asyncio.sleep(decision.wait_seconds)

    def _tell_ending(self, reason: str, *, words: str = "", retry_in_seconds: float = 0.0) -> None:
        self._delivery.tell(
            Disconnected(
                server=self._server.url,
                at=self._now(),
                streams=self.streams,
                reason=reason,
                words=words,
                retry_in_seconds=retry_in_seconds,
            )
        )


def _stop_if_cancelled() -> None:
    """Raise a cancellation that came together with the end of a connection.

    Before Python 3.13 a task group forgets it in favour of its own errors.
    """
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError


def _first(endings: BaseExceptionGroup[ConnectionEnded]) -> ConnectionEnded:
    ending = endings.exceptions[0]
    return _first(ending) if isinstance(ending, BaseExceptionGroup) else ending
