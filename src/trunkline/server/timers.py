"""Something done again and again, on the clock of the running loop."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

__all__ = ["Ticker"]


class Ticker:
    """Calls `tick` every `seconds` from now on, without drifting, until `stop`."""

    __slots__ = ("_handle", "_loop", "_seconds", "_tick")

    def __init__(self, tick: Callable[[], None], *, seconds: float) -> None:
        self._tick = tick
        self._seconds = seconds
        self._loop = asyncio.get_running_loop()
        self._handle = self._loop.call_later(seconds, self._fire)

    def stop(self) -> None:
        """Call no more."""
        self._handle.cancel()

    def _fire(self) -> None:
        self._handle = self._loop.call_at(self._handle.when() + self._seconds, self._fire)
        self._tick()
