"""Where events wait for the consumer: bounded by count and by bytes.

When it is full, its producers wait, stop reading their sockets, and so slow the servers down.
Taking empties it. Room is awaited first and filled afterwards without a pause in between, so that
an event is never remembered as delivered and then lost to a cancellation.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from trunkline.events import AnyEvent
from trunkline.signals import AnySignal

__all__ = ["Inbox", "Item"]

Item = AnyEvent | AnySignal


class Inbox:
    """Holds what has arrived and was not taken yet; one consumer, any number of producers."""

    __slots__ = (
        "_bytes",
        "_ended",
        "_error",
        "_filled",
        "_items",
        "_max_bytes",
        "_max_items",
        "_room",
    )

    def __init__(self, *, max_items: int, max_bytes: int) -> None:
        self._max_items = max_items
        self._max_bytes = max_bytes
        self._items: list[Item] = []
        self._bytes = 0
        self._room = asyncio.Event()
        self._room.set()
        self._filled = asyncio.Event()
        self._ended = False
        self._error: BaseException | None = None

    @property
    def is_full(self) -> bool:
        """Whether a producer has to wait."""
        return not self._room.is_set()

    async def room(self) -> None:
        """Wait until there is room for more."""
        while not self._room.is_set():
            await self._room.wait()

    def put(self, items: Sequence[Item], *, size_bytes: int) -> None:
        """Add what has arrived. It may go over the bounds by one read; `room` then waits."""
        self._items.extend(items)
        self._bytes += size_bytes
        if len(self._items) >= self._max_items or self._bytes >= self._max_bytes:
            self._room.clear()
        if self._items:
            self._filled.set()

    async def take(self) -> list[Item]:
        """Wait for items and return them all; an empty list when the end was reached.

        Raises:
            BaseException: What a producer ended with, once everything before it was taken.
        """
        while not self._items:
            if self._error is not None:
                raise self._error
            if self._ended:
                return []
            self._filled.clear()
            await self._filled.wait()
        items, self._items, self._bytes = self._items, [], 0
        self._room.set()
        return items

    def end(self, error: BaseException | None = None) -> None:
        """Say that nothing more will come, and why if that is an error. The first word counts."""
        if not self._ended:
            self._ended, self._error = True, error
        self._filled.set()
