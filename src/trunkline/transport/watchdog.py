"""Notices silence: one timer for a connection, however many bytes it carries.

A time limit around each read would cost more than the read; `touch` costs one clock reading.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

__all__ = ["Watchdog"]


class Watchdog:
    """Calls `on_stall` once, when nothing was touched for `stall_seconds` while it was awake.

    It sleeps while nobody reads (`pause`), because then silence says nothing about the server. Nor
    does that of a loop which did not run, because somebody's code blocked it, or because it is
    stepped and nobody waited. With `on_silence` it also calls that every third of the time without
    a touch, for a ping.
    """

    __slots__ = (
        "_awake",
        "_loop",
        "_on_silence",
        "_on_stall",
        "_stall_seconds",
        "_timer",
        "_touched",
    )

    def __init__(
        self,
        *,
        stall_seconds: float,
        on_stall: Callable[[], None],
        on_silence: Callable[[], None] | None = None,
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self._stall_seconds = stall_seconds
        self._on_stall = on_stall
        self._on_silence = on_silence
        self._touched = self._loop.time()
        self._awake = True
        self._timer = self._loop.call_later(stall_seconds / 3, self._look)

    def touch(self) -> None:
        """Take note of a sign of life."""
        self._touched = self._loop.time()

    def pause(self) -> None:
        """Stop judging silence, because nobody reads."""
        self._awake = False

    def resume(self) -> None:
        """Judge silence again, from now."""
        self._awake = True
        self._touched = self._loop.time()

    def stop(self) -> None:
        """End the timer; the connection is over."""
        self._timer.cancel()

    def _look(self) -> None:
        now = self._loop.time()
        late_seconds = now - self._timer.when()
        if late_seconds >= self._stall_seconds / 3:  # the loop did not run
            self._touched = now
        silence_seconds = now - self._touched if self._awake else 0.0
        if silence_seconds >= self._stall_seconds:
            self._on_stall()
            return
        if self._on_silence is not None:
            self._on_silence()
        wait_seconds = min(self._stall_seconds - silence_seconds, self._stall_seconds / 3)
        self._timer = self._loop.call_later(wait_seconds, self._look)
