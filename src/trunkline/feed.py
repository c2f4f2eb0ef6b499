"""`AsyncFeed`: what `AsyncMastodon.stream` returns."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from types import TracebackType
from typing import Generic, Self, TypeVar, cast

from trunkline.errors import Misuse, StopStream
from trunkline.following import Following
from trunkline.inbox import Item
from trunkline.stats import Counters, Stats

__all__ = ["AsyncFeed"]

Given = TypeVar("Given", bound=Item, covariant=True)


class AsyncFeed(Generic[Given]):
    """The events of some streams of one server, in order of arrival.

    Guarantees: every retrievable post, edit and deletion is delivered, across disconnects and, with
    a store of cursors, across restarts; each once within a process. What cannot be retrieved is
    named by a `Gap`. Asking for the next event acknowledges the last one.

    Use it with ``async with`` and ``async for``. Following begins when it is entered or first asked
    for an event; it ends when `stop` is called, a `StopStream` leaves the block, or it is closed. A
    loop can be left with ``break`` and taken up again, and waiting for an event can be cancelled:
    both lose nothing.

    Raises:
        Misuse: It was closed, or another task waits for its events.
        ServerError: The server says no and will go on saying so.
        GaveUp: The limits set for reconnecting are used up.
    """

    def __init__(
        self, begin: Callable[[], Following], *, on_close: Callable[[AsyncFeed[Item]], None]
    ) -> None:
        self._begin = begin
        self._on_close = on_close
        self._following: Following | None = None
        self._giving: Iterator[Item] = iter(())
        self._is_refilling = False
        self._stopped = False
        self._closed = False

    async def __aenter__(self) -> Self:
        self._refuse_closed()
        self._started()
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
        self._refuse_closed()
        return self

    async def __anext__(self) -> Given:
        item = next(self._giving, None)
        while item is None:
            if not await self._refill():
                raise StopAsyncIteration
            item = next(self._giving, None)
        return item  # type: ignore[return-value]  # the handover passes signals by unless asked

    def acknowledge(self) -> None:
        """Say that the event in hand is finished, without asking for the next one."""
        if self._following is not None:
            self._following.handover.acknowledge()

    def save(self) -> None:
        """Save the cursors of what is finished, without waiting for the store's own time.

        Raises:
            CursorError: They cannot be saved.
        """
        if self._following is not None:
            self._following.handover.save()

    def stop(self) -> None:
        """End the feed: what has arrived is still handed over, then the iteration ends."""
        self._stopped = True
        if self._following is not None:
            self._following.stop()

    def stats(self) -> Stats:
        """Return a snapshot of what was counted since the feed began."""
        return self._following.stats() if self._following else Counters().snapshot()

    async def close(self) -> None:
        """Close the connections and save the cursors; safe to call twice.

        A loop over the feed ends when it asks for the next event.

        Raises:
            CursorError: The cursors cannot be saved.
        """
        self._stopped = self._closed = True
        self._giving = iter(())
        try:
            if self._following is not None:
                await self._following.close()
        finally:
            self._on_close(cast("AsyncFeed[Item]", self))

    def _refuse_closed(self) -> None:
        if self._closed:
            raise Misuse("This feed was closed. Ask the client for a new one: `stream(...)`.")

    def _started(self) -> Following | None:
        """Begin to follow, unless it was stopped before that."""
        if self._following is None and not self._stopped:
            self._following = self._begin()
        return self._following

    async def _refill(self) -> bool:
        following = self._started()
        if self._is_refilling:
            raise Misuse("Another task waits for this feed's events. Give each a feed of its own.")
        self._is_refilling = True
        try:
            if following is None or self._closed or not await following.refill():
                return False
        finally:
            self._is_refilling = False
        if not self._closed:  # by another task, meanwhile
            self._giving = following.handover.giving
        return True
