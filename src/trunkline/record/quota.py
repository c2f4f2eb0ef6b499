"""How many events may still be taken; recorders into several sinks share one."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

__all__ = ["Quota"]


class Quota:
    """Counts down to the end of a recording.

    Args:
        count: How many events may be taken; ``None`` for any number.
    """

    def __init__(self, count: int | None) -> None:
        self._left = count
        self._used_up = asyncio.Event()
        self._last_words: list[Callable[[], None]] = []

    @property
    def is_used_up(self) -> bool:
        """Whether what comes now is for the next run."""
        return self._used_up.is_set()

    def before_end(self, do: Callable[[], None]) -> None:
        """Let `do` be called when the last event was taken, before the quota is used up."""
        self._last_words.append(do)

    def take(self) -> None:
        """Note that an event was taken."""
        if self._left is None:
            return
        self._left -= 1
        if self._left == 0:
            for do in self._last_words:
                do()
            self._used_up.set()

    async def wait(self) -> None:
        """Wait until it is used up."""
        await self._used_up.wait()
