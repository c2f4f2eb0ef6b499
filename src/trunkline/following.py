"""Following, from the first connection to the last save: the engine behind every feed.

`Following` plans the transports, runs a session for each connection in the running loop, and passes
what they bring to a `Handover`. The async and the sync feed are two faces of it.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine, Sequence
from typing import Final

from trunkline.course import Course
from trunkline.cursors import CursorStore
from trunkline.errors import Misuse
from trunkline.handover import Handover
from trunkline.inbox import Inbox
from trunkline.options import StreamOptions
from trunkline.plan import plans
from trunkline.policy.cursor import CAPACITY
from trunkline.reconnecting import Past
from trunkline.session import Session
from trunkline.stats import Counters, Stats
from trunkline.streams import Stream
from trunkline.subscription import Subscription
from trunkline.transport.server import Server

__all__ = ["Following"]

log = logging.getLogger("trunkline")

_TAKEN: Final[set[tuple[int, str]]] = set()
"""Into which store who writes, and under which name: of two writers one would lose events."""


class Following:
    """Follows some streams of one server; made inside the loop that it is to run in.

    Attributes:
        handover: Where the consumer gets its events; `refill` it when it is at its end.

    Raises:
        Misuse: One of the streams is being followed with the same store of cursors already.
    """

    def __init__(
        self,
        server: Server,
        streams: Sequence[Stream],
        *,
        options: StreamOptions,
        store: CursorStore | None,
    ) -> None:
        self._server = server
        self._options = options
        self._store = store
        self._counters = Counters()
        self._tasks: set[asyncio.Task[None]] = set()
        self._inbox = Inbox(max_items=options.buffer_events, max_bytes=options.buffer_bytes)
        self._subscriptions = {
            stream: Subscription(
                stream,
                server.url,
                counters=self._counters,
                store=store,
                capacity=max(CAPACITY, options.catch_up_limit, options.reconcile_limit),
            )
            for stream in dict.fromkeys(streams)
        }
        self.handover = Handover(
            tuple(self._subscriptions.values()),
            options=options,
            store=store,
            clock=asyncio.get_running_loop().time,
        )
        self._taken = frozenset(
            (id(store), subscription.name) for subscription in self._subscriptions.values()
        )
        if store is not None:
            _take(self._taken)
        self._spawn(self._begin())

    async def refill(self) -> bool:
        """Wait for events and give them to the handover; false when there will be no more.

        Raises:
            TrunklineError: Following ended with it; everything before was handed over.
        """
        if self.handover.resume():
            return True
        batch = await self._inbox.take()
        self.handover.fill(batch)
        return bool(batch)

    def stop(self) -> None:
        """End: what has arrived can still be had, then `refill` says that there is no more."""
        self._inbox.end()
        for task in self._tasks:
            task.cancel()
        if self._store is not None:
            _TAKEN.difference_update(self._taken)
            self._taken = frozenset()

    async def close(self) -> None:
        """Close the connections and save the cursors; safe to call twice."""
        self.stop()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._store is not None:
            self.handover.save()

    def stats(self) -> Stats:
        """Return a snapshot of what was counted."""
        return self._counters.snapshot()

    async def _begin(self) -> None:
        """Plan the transports once the server is known; until then keep trying to reach it."""
        options = self._options
        past = Past(down_since_seconds=asyncio.get_running_loop().time())
        first = Session(
            self._server,
            (),
            "polling",
            inbox=self._inbox,
            counters=self._counters,
            options=options,
            past=past,
        )
        instance = await first.discover()
        for stream in self._subscriptions:
            if stream.name in instance.disabled_streams:
                extra = {"trunkline_server": self._server.url, "trunkline_stream": str(stream)}
                log.warning("trunkline.feed_disabled", extra=extra)
        for plan in plans(
            options.transport,
            tuple(self._subscriptions),
            flavour=instance.flavour,
            streaming=instance.streaming_url is not None,
        ):
            course = Course(
                plan,
                instance,
                server=self._server,
                subscriptions=self._subscriptions,
                inbox=self._inbox,
                counters=self._counters,
                options=options,
                spawn=self._spawn,
            )
            course.begin(past)

    def _spawn(self, following: Coroutine[None, None, None]) -> asyncio.Task[None]:
        task = asyncio.ensure_future(following)
        self._tasks.add(task)
        task.add_done_callback(self._done)
        return task

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        error = None if task.cancelled() else task.exception()
        if error is not None:
            self._inbox.end(error)
            self.stop()


def _take(wanted: frozenset[tuple[int, str]]) -> None:
    for _, name in sorted(wanted & _TAKEN):
        raise Misuse(
            f"{name} is being followed with this store of cursors already. Close or stop the other"
            " feed first; give another account, or another reader of the stream, its own store."
        )
    _TAKEN.update(wanted)
