"""`Feed`: what `Mastodon.stream` returns, the sync face of a `Following`."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
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
    is closed. A loop can be left with ``break`` and taken up again. Ctrl-C raises
    `KeyboardInterrupt` out of the loop that waits, and loses nothing: ask again, or close. So does
    whatever else the handler of a signal raises, such as that of an alarm.

    Raises:
        Misuse: It was closed, or an event loop runs in this thread.
        ServerError: The server says no and will go on saying so.
        GaveUp: The limits set for reconnecting are used up.
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
        self._giving: Iterator[Item] = iter(())
        self._refilling: asyncio.Task[bool] | None = None
        self._stopped = False
        self._closed = False

    def __enter__(self) -> Self:
        self._refuse_closed()
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
        self._refuse_closed()
        return self

    def __next__(self) -> Given:
        item: Item | None
        try:
            item = next(self._giving, None)
            while item is None:
                if not self._refill():
                    raise StopIteration
                item = next(self._giving, None)
            return item  # type: ignore[return-value]  # the handover passes signals by unless asked
        except BaseException:  # of Ctrl-C, or of whatever serves a signal
            if self._following is not None:
                self._following.handover.take_back(self._giving)
            raise

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
        """End the feed: what has arrived is still handed over, then the iteration ends.

        It may be called from any thread, also while another one waits for an event.
        """
        self._stopped = True
        if self._following is not None:
            self._stepper.call_soon(self._following.stop)

    def stats(self) -> Stats:
        """Return a snapshot of what was counted since the feed began."""
        return self._following.stats() if self._following else Counters().snapshot()

    def close(self) -> None:
        """Close the connections and save the cursors; safe to call twice.

        A loop over the feed ends when it asks for the next event.

        Raises:
            CursorError: The cursors cannot be saved.
            Misuse: Another thread waits for its events; `stop` ends it from anywhere.
        """
        if self._stepper.has_begun:
            self._stepper.require_free()
        self._stopped = self._closed = True
        self._giving = iter(())
        try:
            if self._refilling is not None:
                self._refilling.cancel()
            if self._following is not None and self._stepper.has_begun:
                self._stepper.complete(self._following.close)
        finally:
            self._on_close(cast("Feed[Item]", self))

    def _refuse_closed(self) -> None:
        if self._closed:
            raise Misuse("This feed was closed. Ask the client for a new one: `stream(...)`.")

    def _started(self) -> Following | None:
        """Begin to follow, unless it was stopped before that."""
        if self._following is None and not self._stopped:
            self._stepper.complete(self._starting)
        return self._following

    async def _starting(self) -> None:
        """Begin inside the loop, once: Ctrl-C may leave this to a later step, after another try."""
        if self._following is not None:
            return
        self._following = self._begin()
        if self._stopped:  # by another thread, just now
            self._following.stop()

    def _refill(self) -> bool:
        following = self._started()
        if following is None or self._closed:
            return False

        def begin() -> asyncio.Task[bool]:
            # The task outlives an interrupt: a batch that it takes meanwhile is not lost.
            if self._refilling is None:
                self._refilling = self._stepper.task(following.refill())
            return self._refilling

        self._stepper.wait(begin)
        refilled, self._refilling = self._refilling, None
        if refilled is None or not refilled.result():
            return False
        self._giving = following.handover.giving
        return True
