"""`Feed`: what `Mastodon.stream` returns, the sync face of a `Following`."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from types import TracebackType
from typing import Generic, Self, TypeVar, cast

from trunkline.errors import Misuse, StopStream
from trunkline.following import Following
from trunkline.inbox import Item
from trunkline.stats import Counters, Stats
from trunkline.stepper import Stepper

__all__ = ["Feed"]

Given = TypeVar("Given", bound=Item, covariant=True)


class Feed(Generic[Given]):
    """The events of some streams of one server, in order of arrival.

    Guarantees: every retrievable post, edit and deletion is delivered, across disconnects and, with
    a store of cursors, across restarts; each once within a process. What cannot be retrieved is
    named by a `Gap`. Asking for the next event acknowledges the last one.

    Use it with ``for``, and with ``with`` to close it early. Following begins when it is entered or
    first asked for an event; it ends when `stop` is called, a `StopStream` leaves the block, or it
    is closed.
    """

    def __init__(
        self,
        begin: Callable[[], Following],
        stepper: Stepper,
        *,
        on_close: Callable[[Feed[Item]], None],
    ) -> None:
        self._begin = begin
        self._stepper = stepper
        self._on_close = on_close
        self._following: Following | None = None
        self._next: Callable[[], Item | None] = lambda: None
        self._refilling: asyncio.Task[bool] | None = None
        self._closed = False

    def __enter__(self) -> Self:
        self._started()
        return self

    def __exit__(
        self,
        error_type: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> bool:
        if isinstance(error, StopStream):
            self.acknowledge()
        self.close()
        return isinstance(error, StopStream)

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> Given:
        item = self._next()
        while item is None:
            if not self._refill():
                raise StopIteration
            item = self._next()
        return item  # type: ignore[return-value]  # the handover passes signals by unless asked

    def acknowledge(self) -> None:
        """Say that the event in hand is finished, without asking for the next one."""
        if self._following is not None:
            self._following.handover.acknowledge()

    def stop(self) -> None:
        """End the feed: what has arrived is still handed over, then the iteration ends."""
        self._closed = True
        if self._following is not None:
            self._stepper.call_soon(self._following.stop)

    def stats(self) -> Stats:
        """Return a snapshot of what was counted since the feed began."""
        return self._following.stats() if self._following else Counters().snapshot()

    def close(self) -> None:
        """Close the connections and save the cursors; safe to call twice."""
        self._closed = True
        if self._refilling is not None:
            self._refilling.cancel()
            self._refilling = None
        if self._following is not None:
            self._stepper.complete(self._following.close())
        self._on_close(cast("Feed[Item]", self))

    def _started(self) -> Following:
        if self._following is None:
            if self._closed:
                raise Misuse("This feed was closed. Ask the client for a new one: `stream(...)`.")
            self._following = self._stepper.complete(_called(self._begin))
            self._next = self._following.handover.next
        return self._following

    def _refill(self) -> bool:
        # A task that outlives an interrupt: a batch that it takes meanwhile is not lost.
        if self._refilling is None:
            self._refilling = self._stepper.task(self._started().refill())
        try:
            return self._stepper.run(self._refilling)
        finally:
            if self._refilling is not None and self._refilling.done():
                self._refilling = None


async def _called(begin: Callable[[], Following]) -> Following:
    """Call `begin` inside the loop, which it needs."""
    return begin()
