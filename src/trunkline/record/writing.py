"""Storing batches while the event loop goes on, and waiting for a sink that cannot be written to.

Promises that batches are stored one after the other, each once, and that none is let go before it
is stored or the recording has to end.
"""

from __future__ import annotations

import asyncio
import logging
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Final

from trunkline.errors import SinkUnavailable
from trunkline.sinks.base import Batch, Sink

__all__ = ["Writer"]

log = logging.getLogger("trunkline")

_FIRST_WAIT_SECONDS: Final = 0.5
_LONGEST_WAIT_SECONDS: Final = 15.0


class Writer:
    """Writes batches to a sink in a thread of its own.

    Attributes:
        stored: How many events were stored.
        trouble: Why the sink cannot be written to now; ``""`` while it can.
    """

    def __init__(self, sink: Sink) -> None:
        self._sink = sink
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="trunkline-sink")
        self._deadline = float("inf")
        self._hurry = asyncio.Event()
        self.stored = 0
        self.trouble = ""

    async def write(self, batch: Batch) -> None:
        """Store a batch, however often it has to be tried.

        Raises:
            SinkUnavailable: The recording has to end. Nothing of the batch was stored.
            SinkError: It will not become possible by waiting.
        """
        loop = asyncio.get_running_loop()
        wait_seconds = _FIRST_WAIT_SECONDS
        while True:
            try:
                await loop.run_in_executor(self._thread, self._sink.write, batch)
                break
            except SinkUnavailable as error:
                self._note_trouble(error, batch)
                if loop.time() >= self._deadline:
                    raise SinkUnavailable(
                        f"{error} {len(batch.events)} events were not stored; the next run fetches"
                        " what of them can be retrieved."
                    ) from error
            await self._pause(wait_seconds)
            wait_seconds = min(wait_seconds * 2, _LONGEST_WAIT_SECONDS)
        self.stored += len(batch.events)
        self._note_success()

    def finish(self, *, within_seconds: float) -> None:
        """Try again at once, and for so long from now on."""
        self._deadline = asyncio.get_running_loop().time() + within_seconds
        self._hurry.set()

    def close(self) -> None:
        """Let go of the thread once it has finished what it does."""
        self._thread.shutdown(wait=True)

    async def _pause(self, seconds: float) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._hurry.wait()
                self._hurry.clear()

    def _note_trouble(self, error: SinkUnavailable, batch: Batch) -> None:
        if str(error) != self.trouble:
            extra = {"trunkline_why": str(error), "trunkline_waiting": len(batch.events)}
            log.error("trunkline.sink_unavailable", extra=extra)
        self.trouble = str(error)

    def _note_success(self) -> None:
        if self.trouble:
            log.warning("trunkline.sink_available", extra={"trunkline_stored": self.stored})
        self.trouble = ""
