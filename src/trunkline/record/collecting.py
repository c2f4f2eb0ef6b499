"""Between feeds and a sink: what has arrived and is not stored yet, and the cursors for it.

A `Collector` is the store of cursors of its feeds, but it stores nothing itself: it keeps what they
save until it is cut into a batch together with the events. Everything happens in one event loop and
without a pause between taking an event and noting it, so that a batch always holds exactly the
events that its cursors say are finished.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Sequence

import msgspec

from trunkline.cursors import SavedCursor
from trunkline.events import AnyEvent
from trunkline.policy.cursor import Cursor, Key
from trunkline.signals import Gap
from trunkline.sinks.base import Batch, Position, Sink

__all__ = ["Collector"]


class Collector:
    """Collects events, gaps and cursors until they are cut into a batch; bounded.

    Args:
        sink: Who knows the cursors of earlier runs.
        max_events: How many events may wait before `room` waits.
        max_bytes: How many bytes of payload may wait.

    Attributes:
        save_interval_seconds: For ever: cursors are saved when a batch is cut and at no other time.
    """

    save_interval_seconds = math.inf

    def __init__(self, sink: Sink, *, max_events: int, max_bytes: int) -> None:
        self._sink = sink
        self._max_events = max_events
        self._max_bytes = max_bytes
        self._events: list[AnyEvent] = []
        self._bytes = 0
        self._gaps: list[Gap] = []
        self._positions: dict[str, Position] = {}
        self._stored: dict[str, Cursor] = {}
        self._news = False
        self._hurried = False
        self._full = asyncio.Event()
        self._room = asyncio.Event()
        self._room.set()

    @property
    def waiting(self) -> int:
        """How many events wait to be stored."""
        return len(self._events)

    def load(self, name: str) -> SavedCursor | None:
        """Return what the sink knows of the subscription `name`."""
        return self._sink.load(name)

    def save(self, name: str, cursor: Cursor, keys: Sequence[Key]) -> None:
        """Note how far a subscription has come, until the next batch."""
        # A copy, because the subscription goes on with its own while a thread stores this.
        cursor = msgspec.convert(msgspec.to_builtins(cursor), Cursor)
        before = self._positions.get(name)
        noted = [*before.keys, *keys] if before is not None else list(keys)
        self._positions[name] = Position(name, cursor, noted)
        self._news = self._news or bool(keys) or _differs(cursor, self._stored.get(name))

    def close(self) -> None:
        """Do nothing: whoever opened the sink closes it."""

    def add(self, item: AnyEvent | Gap) -> None:
        """Note an event or a gap. It may go over the bounds by one; `room` then waits."""
        self._news = True
        if isinstance(item, Gap):
            self._gaps.append(item)
            return
        self._events.append(item)
        self._bytes += len(item.raw)
        if len(self._events) >= self._max_events or self._bytes >= self._max_bytes:
            self._room.clear()
            self._full.set()

    @property
    def is_full(self) -> bool:
        """Whether `room` would wait."""
        return not self._room.is_set()

    async def room(self) -> None:
        """Wait until there is room for more."""
        await self._room.wait()

    async def ripe(self, *, at_most_seconds: float) -> None:
        """Wait until a batch is full, for so long, or not at all once `hurry` was called."""
        try:
            async with asyncio.timeout(at_most_seconds):
                await self._full.wait()
        except TimeoutError:
            return

    def urge(self) -> None:
        """Let the present batch be as good as full."""
        self._full.set()

    def hurry(self) -> None:
        """Let every batch be as good as full from now on."""
        self._hurried = True
        self._full.set()

    def cut(self, *, idle: bool) -> Batch | None:
        """Return what there is as a batch, and begin the next; ``None`` if that is nothing.

        Args:
            idle: Whether it is worth a batch that subscriptions were live a little longer.
        """
        if not self._hurried:
            self._full.clear()
        if not self._news and not (idle and self._positions):
            return None
        batch = Batch(
            events=self._events, gaps=self._gaps, positions=tuple(self._positions.values())
        )
        self._stored.update((name, one.cursor) for name, one in self._positions.items())
        self._events, self._gaps, self._positions = [], [], {}
        self._bytes, self._news = 0, False
        self._room.set()
        return batch


def _differs(cursor: Cursor, stored: Cursor | None) -> bool:
    """Tell whether a cursor says more than that its subscription was live a little longer."""
    if stored is None:
        return True
    return msgspec.structs.replace(cursor, live_at_seconds=stored.live_at_seconds) != stored
