"""The hub: publish once, encode once for each spelling, fan out to many.

It knows channels, encoders and connections, nothing of streams or timelines. It has no tasks and
no threads: a publication is in every subscriber's buffer when `publish` returns. A subscriber that
does not read fills a bounded buffer and is then cut, and counted.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final

from trunkline.server.connection import Connection, Counters, TransportKind
from trunkline.server.encoders import Encoder
from trunkline.server.publication import Publication, make_publication
from trunkline.server.tokens import Token

__all__ = ["MAX_BUFFER_BYTES", "Hub", "Publication", "Subscription"]

MAX_BUFFER_BYTES: Final = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True, eq=False)
class Subscription:
    """What one connection listens to under one spelling."""

    connection: Connection
    channels: tuple[str, ...]
    encode: Encoder


class Hub:
    """Carries publications to those who subscribed.

    Attributes:
        max_buffer_bytes: What a connection may leave unread before it is cut.
        counters: What happened so far.
    """

    def __init__(self, *, max_buffer_bytes: int = MAX_BUFFER_BYTES) -> None:
        self.max_buffer_bytes = max_buffer_bytes
        self.counters = Counters()
        self._connections: dict[Connection, None] = {}
        self._channels: dict[str, dict[Encoder, dict[Connection, None]]] = {}
        self._subscriptions: dict[Subscription, None] = {}
        self._waiting: list[tuple[Callable[[], bool], asyncio.Future[None]]] = []

    @property
    def subscribers(self) -> int:
        """How many subscriptions there are now: one for each event stream, many on a WebSocket."""
        return len(self._subscriptions)

    def count(self, *, channel: str | None = None) -> int:
        """Return how many subscriptions there are now, to `channel` or to any."""
        if channel is None:
            return self.subscribers
        return sum(channel in one.channels for one in self._subscriptions)

    @property
    def connections(self) -> tuple[Connection, ...]:
        """The open connections, oldest first."""
        return tuple(self._connections)

    def open(
        self,
        transport: asyncio.Transport,
        *,
        kind: TransportKind,
        token: Token,
        chunked: bool = False,
    ) -> Connection:
        """Return a connection over `transport` that this hub knows until it is closed."""
        connection = Connection(
            transport,
            kind=kind,
            chunked=chunked,
            token=token,
            counters=self.counters,
            max_buffer_bytes=self.max_buffer_bytes,
        )
        self._connections[connection] = None
        self.wake()
        return connection

    def close(self, connection: Connection) -> None:
        """Forget `connection` and all it subscribed to."""
        self._connections.pop(connection, None)
        for one in [one for one in self._subscriptions if one.connection is connection]:
            self.unsubscribe(one)
        self.wake()

    def end(self, token_value: str) -> None:
        """End the connections of a token cleanly, as its revocation does."""
        for connection in self.connections:
            if connection.token.value == token_value:
                connection.end()

    def subscribe(self, subscription: Subscription) -> None:
        """Deliver from now on what is published on the channels of `subscription`."""
        self._subscriptions[subscription] = None
        for channel in subscription.channels:
            encoders = self._channels.setdefault(channel, {})
            encoders.setdefault(subscription.encode, {})[subscription.connection] = None
        self.counters.subscribed += 1
        self.wake()

    def unsubscribe(self, subscription: Subscription) -> None:
        """Deliver nothing more to `subscription`; one that has ended already is no error."""
        if subscription not in self._subscriptions:
            return
        del self._subscriptions[subscription]
        for channel in subscription.channels:
            encoders = self._channels[channel]
            listeners = encoders[subscription.encode]
            listeners.pop(subscription.connection, None)
            if not listeners:
                del encoders[subscription.encode]
            if not encoders:
                del self._channels[channel]
        self.wake()

    def publish(self, event: str, payload: object, *, channels: Iterable[str]) -> None:
        """Send one event to all subscribers of `channels`: encoded once for each spelling."""
        self.deliver(make_publication(event, payload, channels=tuple(channels)))

    def deliver_all(self, publications: tuple[Publication, ...]) -> None:
        """Send the publications of one event, in order."""
        for publication in publications:
            self.deliver(publication)
        self.wake()

    def deliver(self, publication: Publication) -> None:
        """Send `publication` to all subscribers of its channels."""
        self.counters.published += 1
        encoded: dict[Encoder, bytes] = {}
        for channel in publication.channels:
            for encode, listeners in self._channels.get(channel, {}).items():
                data = encoded.get(encode)
                if data is None:
                    data = encoded[encode] = encode(publication)
                if not data:
                    continue
                for connection in listeners:
                    connection.send(data)

    async def until(self, condition: Callable[[], bool]) -> None:
        """Return as soon as `condition` holds; it is asked again whenever something happens.

        That is: a client came, went, subscribed or unsubscribed; an event was published; a fault
        struck.
        """
        if condition():
            return
        future = asyncio.get_running_loop().create_future()
        entry = (condition, future)
        self._waiting.append(entry)
        try:
            await future
        finally:
            self._waiting.remove(entry)

    def wake(self) -> None:
        """Ask the conditions of all who wait again, because something changed."""
        for condition, future in self._waiting:
            if not future.done() and condition():
                future.set_result(None)
