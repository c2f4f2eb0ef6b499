"""`StreamHandle`: a listening that runs in a thread of its own, as ``run_async=True`` asks for."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Sequence
from contextlib import suppress

from trunkline.core import ClientCore
from trunkline.feed import AsyncFeed
from trunkline.inbox import Item
from trunkline.listener import StreamListener
from trunkline.listening import ending, give
from trunkline.options import StreamKeywords
from trunkline.signals import Connected, Disconnected
from trunkline.streams import Stream

__all__ = ["StreamHandle"]

log = logging.getLogger("trunkline")


class StreamHandle:
    """Runs a listener in a thread; made by the methods of `Mastodon` with ``run_async=True``.

    An exception of a handler ends the stream, is logged, and is kept in `error`.

    Attributes:
        error: What ended the stream, if that was an error.
    """

    def __init__(
        self,
        core: ClientCore,
        listener: StreamListener,
        streams: Sequence[Stream | str],
        options: StreamKeywords,
    ) -> None:
        self.error: Exception | None = None
        self._core = core
        self._listener = listener
        self._begin = core.beginning(streams, signals=True, options=options)
        self._receiving = False
        self._closing = threading.Event()
        self._loop = asyncio.new_event_loop()
        self._feed: AsyncFeed[Item] = AsyncFeed(self._begin, on_close=lambda feed: None)
        self._thread = threading.Thread(target=self._run, name="trunkline-stream", daemon=True)
        self._thread.start()

    def close(self, *, timeout_seconds: float | None = 10.0) -> None:
        """End the stream: no handler is called any more, but one that runs may finish.

        It may be called from any thread, also from a handler. Elsewhere it waits for the end, at
        most `timeout_seconds`. What has arrived and no handler was called for is not acknowledged.
        """
        self._closing.set()
        with suppress(RuntimeError):  # the loop is closed: it has ended
            self._loop.call_soon_threadsafe(self._feed.stop)
        if threading.current_thread() is not self._thread:
            self._thread.join(timeout_seconds)

    def is_alive(self) -> bool:
        """Tell whether the stream is being followed, connected or not."""
        return self._thread.is_alive() and not self._closing.is_set()

    def is_receiving(self) -> bool:
        """Tell whether a connection is open just now."""
        return self.is_alive() and self._receiving

    def _run(self) -> None:
        with asyncio.Runner(loop_factory=lambda: self._loop) as runner:
            try:
                runner.run(self._listen())
            except Exception as error:  # a thread has nobody to raise to
                self.error = error
                log.exception("trunkline.stream_ended")

    async def _listen(self) -> None:
        try:
            with ending(self._listener):
                async with self._feed as feed:
                    async for item in feed:
                        if self._closing.is_set():
                            break
                        self._note(item)
                        give(self._listener, item)
        finally:
            self._receiving = False
            await self._core.close_sockets()

    def _note(self, item: Item) -> None:
        if isinstance(item, (Connected, Disconnected)):
            self._receiving = isinstance(item, Connected)
