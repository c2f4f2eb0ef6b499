"""Delivery: what a connection brings becomes what the inbox holds, once and in order.

Everything passes here: live events, what catching up found, signals. While a gap is being closed
live events wait, bounded; when neither they nor the inbox have room, whoever delivers is kept
waiting, so the socket is not read. An event is admitted and put into the inbox without a pause in
between: otherwise a cancellation could lose one that counts as seen.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final, cast

from trunkline.events import AnyEvent, Update
from trunkline.inbox import Inbox, Item
from trunkline.signals import AnySignal, Connected, Disconnected, Gap, Heartbeat
from trunkline.stats import Counters
from trunkline.streams import Stream
from trunkline.subscription import Subscription
from trunkline.transport.connection import Incoming, Pulse

__all__ = ["Delivery"]

log = logging.getLogger("trunkline")

_WAITING_EVENTS: Final = 10_000
_WAITING_BYTES: Final = 16 * 1024 * 1024
_HEARTBEAT: Final = Pulse.HEARTBEAT  # an enumeration is slow to ask on Python 3.11


class Delivery:
    """Delivers for the subscriptions of one session.

    Args:
        server: Base URL of the server, for signals.
        subscriptions: Who remembers what was seen, by stream.
        inbox: Where everything goes.
        counters: Where everything is counted.
    """

    def __init__(
        self,
        server: str,
        subscriptions: Mapping[Stream, Subscription],
        *,
        inbox: Inbox,
        counters: Counters,
    ) -> None:
        self._server = server
        self._subscriptions = subscriptions
        self._only = next(iter(subscriptions.values())) if len(subscriptions) == 1 else None
        self._streams = tuple(subscriptions)
        self._inbox = inbox
        self._counters = counters
        self._waiting: _Waiting | None = None

    @property
    def is_holding_back(self) -> bool:
        """Whether live events wait."""
        return self._waiting is not None

    def hold_back(self) -> None:
        """Let live events wait from now on, until `let_through`."""
        if self._waiting is None:
            self._waiting = _Waiting()

    async def let_through(self) -> None:
        """Deliver the live events that waited; those that come meanwhile queue up behind them."""
        waiting = self._waiting
        while waiting is not None and waiting.batches:
            await self._deliver(*waiting.batches[0])
            waiting.let_go()
        self._waiting = None

    async def take(self, incoming: Sequence[Incoming], size_bytes: int, *, now: datetime) -> None:
        """Deliver what a connection brought, or let it wait; return when there was room for it."""
        while self._waiting is not None:
            if self._waiting.take_in(incoming, size_bytes, now):
                return
            await self._waiting.room.wait()
        await self._deliver(incoming, size_bytes, now)

    async def take_caught_up(
        self, subscription: Subscription, events: Sequence[AnyEvent], *, now: datetime
    ) -> int:
        """Deliver what catching up found; return how much of it was news."""
        await self._inbox.room()
        now_seconds = now.timestamp()
        fresh = subscription.news(events, now_seconds=now_seconds)
        subscription.window.trim()
        self._counters.count(fresh)
        self._inbox.put(fresh, size_bytes=sum(len(event.raw) for event in fresh))
        return len(fresh)

    def tell(self, signal: AnySignal) -> None:
        """Log a signal and put it among the events; signals are few and never wait for room."""
        incomplete = isinstance(signal, Gap) and not signal.complete
        bad = incomplete or isinstance(signal, Disconnected)
        level = logging.WARNING if bad else logging.INFO
        log.log(level, _NAMES[type(signal)], extra=_extra(signal))
        self._inbox.put([signal], size_bytes=0)

    async def _deliver(self, incoming: Sequence[Incoming], size_bytes: int, now: datetime) -> None:
        if self._inbox.is_full:
            await self._inbox.room()
        self._inbox.put(self._admitted(incoming, now), size_bytes=size_bytes)

    def _admitted(self, incoming: Sequence[Incoming], now: datetime) -> Sequence[Item]:
        """Return what is news, in order, with heartbeats as signals."""
        now_seconds = now.timestamp()
        if self._only is None or Pulse in set(map(type, incoming)):
            fresh = self._one_by_one(incoming, now, now_seconds=now_seconds)
        else:
            fresh = self._only.news(cast("Sequence[AnyEvent]", incoming), now_seconds=now_seconds)
        self._counters.count(fresh)
        for subscription in self._subscriptions.values():
            subscription.window.trim()
        if fresh and type(fresh[-1]) is Update:
            self._counters.last_live = fresh[-1]
        return fresh

    def _one_by_one(
        self, incoming: Sequence[Incoming], now: datetime, *, now_seconds: float
    ) -> Sequence[Item]:
        fresh: list[Item] = []
        for item in incoming:
            if item is _HEARTBEAT:
                self._counters.heartbeats += 1
                fresh.append(Heartbeat(server=self._server, at=now, streams=self._streams))
            else:
                fresh += self._subscriptions[item.stream].news((item,), now_seconds=now_seconds)
        return fresh


class _Waiting:
    """Live events that wait until a catch-up is through; bounded, then reading stops."""

    def __init__(self) -> None:
        self.batches: deque[tuple[Sequence[Incoming], int, datetime]] = deque()
        self.room = asyncio.Event()
        self._events = 0
        self._bytes = 0

    def take_in(self, incoming: Sequence[Incoming], size_bytes: int, now: datetime) -> bool:
        """Keep what came, or say that there is no room now."""
        if self._events >= _WAITING_EVENTS or self._bytes >= _WAITING_BYTES:
            self.room.clear()
            return False
        self.batches.append((incoming, size_bytes, now))
        self._events += len(incoming)
        self._bytes += size_bytes
        return True

    def let_go(self) -> None:
        """Forget the first batch, which was delivered."""
        incoming, size_bytes, _ = self.batches.popleft()
        self._events -= len(incoming)
        self._bytes -= size_bytes
        self.room.set()


_NAMES: Final[dict[type[AnySignal], str]] = {
    Connected: "trunkline.connected",
    Disconnected: "trunkline.disconnected",
    Gap: "trunkline.gap",
}


def _extra(signal: AnySignal) -> dict[str, object]:
    """Return the fields of a signal for a structured log; none of them holds a secret."""
    return {f"trunkline_{name}": getattr(signal, name) for name in signal.__struct_fields__}
