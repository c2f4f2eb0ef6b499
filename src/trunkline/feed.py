"""A feed: what `stream` returns, the events of some subscriptions in order of arrival.

`AsyncFeed` starts following when it is entered or first asked for an event, and hands events over one
by one. Asking for the next event acknowledges the last one: the cursor is what the consumer has
finished, never what was received. `Handover` is the part that both the async and the sync feed share.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Coroutine, Sequence
from types import TracebackType
from typing import Self

from trunkline.cursors import CursorStore
from trunkline.errors import MalformedEventError, Misuse, StopStream
from trunkline.events import AnyEvent, Malformed
from trunkline.inbox import Inbox, Item
from trunkline.options import StreamOptions, Transport
from trunkline.plan import groups, transports
from trunkline.policy.backoff import opening_delay_seconds
from trunkline.policy.flavour import Flavour
from trunkline.session import OtherTransport, Session
from trunkline.signals import SIGNALS, Gap
from trunkline.stats import Counters, Stats
from trunkline.streams import Stream
from trunkline.subscription import Subscription
from trunkline.transport.server import Server

__all__ = ["AsyncFeed", "Handover"]

_SIGNALS = frozenset(SIGNALS)


class Handover:
    """Hands the events of a batch over one by one, and acknowledges each when the next is asked for.

    Args:
        subscriptions: Who is told what was acknowledged.
        options: Whether signals are handed over, and whether entities are decoded before.
        store: Where cursors are saved, and how often; ``None`` keeps none.
        clock: Seconds that only go up.
    """

    def __init__(
        self,
        subscriptions: Sequence[Subscription],
        *,
        options: StreamOptions,
        store: CursorStore | None,
        clock: Callable[[], float],
    ) -> None:
        self._subscriptions = {subscription.stream: subscription for subscription in subscriptions}
        self._signals = options.signals
        self._decode = options.decode
        self._clock = clock
        self._stored = store is not None
        self._interval_seconds = store.save_interval_seconds if store is not None else 0.0
        self._eager = self._stored and not self._interval_seconds
        self._saved_at = clock()
        self._batch: list[Item] = []
        self._given = 0  # how many of the batch were handed over or passed by
        self._finished = 0  # how many of those were acknowledged

    def fill(self, batch: list[Item]) -> None:
        """Take the next batch; the last one must have been given out."""
        self._batch, self._given, self._finished = batch, 0, 0

    def next(self) -> Item | None:
        """Acknowledge what was given and return the next item, or ``None`` at the batch's end."""
        if self._eager:
            self.acknowledge()
        batch, given = self._batch, self._given
        while given < len(batch):
            item = batch[given]
            given += 1
            if type(item) in _SIGNALS:
                if not self._signals:
                    continue
            elif self._decode:
                item = _decoded(item)
            self._given = given
            return item
        self._given = given
        self.acknowledge()
        return None

    def acknowledge(self) -> None:
        """Take note that everything that was given is finished, and save when it is time."""
        finished, self._finished = self._finished, self._given
        if not self._stored or finished == self._given:
            return
        for item in self._batch[finished : self._given]:
            if isinstance(item, Gap):
                self._subscriptions[item.stream].settle()
            elif not isinstance(item, SIGNALS):
                self._subscriptions[item.stream].acknowledge(item)
        now_seconds = self._clock()
        if now_seconds - self._saved_at >= self._interval_seconds:
            self._saved_at = now_seconds
            self.save()

    def save(self) -> None:
        """Store the cursors of what was acknowledged."""
        for subscription in self._subscriptions.values():
            subscription.save()


def _decoded(event: AnyEvent) -> AnyEvent:
    """Return `event` with its entity decoded, or what stands for it if that cannot be done."""
    try:
        event.decode()
    except MalformedEventError as error:
        return Malformed(
            name=event.name,
            reason=str(error),
            stream=event.stream,
            server=event.server,
            received_at=event.received_at,
            raw=event.raw,
            origin=event.origin,
        )
    return event


class AsyncFeed:
    """The events of some subscriptions of one server, in order of arrival.

    Guarantees: every retrievable post, edit and deletion is delivered, across disconnects and, with a
    store of cursors, across restarts; each once within a process. What cannot be retrieved is named
    by a `Gap`. Asking for the next event acknowledges the last one.

    Use it with ``async with`` and ``async for``; it ends when `stop` is called or the client closes.
    """

    def __init__(
        self,
        server: Server,
        streams: Sequence[Stream],
        *,
        options: StreamOptions,
        store: CursorStore | None,
        on_close: Callable[[AsyncFeed], None],
    ) -> None:
        self._server = server
        self._streams = tuple(dict.fromkeys(streams))
        self._options = options
        self._store = store
        self._on_close = on_close
        self._counters = Counters()
        self._tasks: set[asyncio.Task[None]] = set()
        self._inbox: Inbox | None = None
        self._handover: Handover | None = None
        self._subscriptions: dict[Stream, Subscription] = {}

    async def __aenter__(self) -> Self:
        self._start()
        return self

    async def __aexit__(
        self,
        error_type: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> bool:
        if isinstance(error, StopStream):
            self.acknowledge()
        await self.close()
        return isinstance(error, StopStream)

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Item:
        handover = self._handover or self._start()
        item = handover.next()
        while item is None:
            batch = await self._the_inbox.take()
            if not batch:
                raise StopAsyncIteration
            handover.fill(batch)
            item = handover.next()
        return item

    def acknowledge(self) -> None:
        """Say that the event in hand is finished without asking for the next one."""
        if self._handover is not None:
            self._handover.acknowledge()

    def stop(self) -> None:
        """End the feed: what has arrived is still handed over, then the iteration ends."""
        if self._inbox is not None:
            self._inbox.end()
        for task in self._tasks:
            task.cancel()

    async def close(self) -> None:
        """Close the connections and save the cursors; safe to call twice."""
        self.stop()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._handover is not None and self._store is not None:
            self._handover.save()
        self._on_close(self)

    def stats(self) -> Stats:
        """Return a snapshot of what was counted since the feed began."""
        return self._counters.snapshot()

    def _start(self) -> Handover:
        if self._handover is not None:
            return self._handover
        options = self._options
        self._inbox = Inbox(max_items=options.buffer_events, max_bytes=options.buffer_bytes)
        self._subscriptions = {
            stream: Subscription(
                stream, self._server.url, counters=self._counters, store=self._store
            )
            for stream in self._streams
        }
        self._handover = Handover(
            tuple(self._subscriptions.values()),
            options=options,
            store=self._store,
            clock=asyncio.get_running_loop().time,
        )
        self._spawn(self._begin())
        return self._handover

    async def _begin(self) -> None:
        """Plan the transports once the server is known; until then keep trying to reach it."""
        options = self._options
        first = Session(
            self._server,
            (),
            "polling",
            inbox=self._the_inbox,
            counters=self._counters,
            options=options,
            others_left=False,
        )
        instance = await first.discover()
        planned = transports(
            options.transport,
            self._streams,
            flavour=instance.flavour,
            streaming=instance.streaming_url is not None,
        )
        self._follow(self._streams, planned, instance.flavour)

    def _follow(
        self, streams: Sequence[Stream], planned: Sequence[Transport], flavour: Flavour
    ) -> None:
        transport, *others = planned
        for place, group in enumerate(groups(transport, streams, flavour=flavour)):
            delay_seconds = opening_delay_seconds(place, dice=random.random())
            self._spawn(self._keep(group, transport, others, flavour, delay_seconds))

    async def _keep(
        self,
        streams: Sequence[Stream],
        transport: Transport,
        others: Sequence[Transport],
        flavour: Flavour,
        delay_seconds: float,
    ) -> None:
        await asyncio.sleep(delay_seconds)
        session = Session(
            self._server,
            tuple(self._subscriptions[stream] for stream in streams),
            transport,
            inbox=self._the_inbox,
            counters=self._counters,
            options=self._options,
            others_left=bool(others),
        )
        try:
            await session.run()
        except OtherTransport:
            self._follow(streams, others, flavour)

    def _spawn(self, following: Coroutine[None, None, None]) -> None:
        task = asyncio.ensure_future(following)
        self._tasks.add(task)
        task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        error = None if task.cancelled() else task.exception()
        if error is not None:
            self._the_inbox.end(error)
            self.stop()

    @property
    def _the_inbox(self) -> Inbox:
        if self._inbox is None:
            raise Misuse("This feed has not begun: enter it with `async with`, or iterate over it.")
        return self._inbox
