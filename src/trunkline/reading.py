"""Reading: up to when everything that was told has been read, which is where a gap would begin.

What comes out of a connection may have lain in buffers for a long time, ours and the system's, and
more may lie there still; when the connection is reset it is gone. So the moment of the last reading
says little. Only when nothing is left to read, and no event is in the middle of its coming, is it
sure that nothing is left that was told before.

Nor does a reading after a sleep (of the machine, or of the process) say that the connection lives:
what is read then may have arrived before. The next reading does.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Final

from trunkline.subscription import Subscription
from trunkline.transport.connection import Connection

__all__ = ["Reading"]

_PAUSE_SECONDS: Final = 0.2
_LONGEST_PAUSE_SECONDS: Final = 5.0
_LATE_SECONDS: Final = 5.0
"""A watchdog that is not served in time is not yet asleep."""
_TURNS: Final = 4
"""What has arrived is read, and whoever waits for it has it, within so many turns of the loop."""


class Reading:
    """Watches one connection after the other being read.

    Args:
        subscriptions: Who is told up to when everything has been read.
        is_holding_back: Whether what was read waits to be delivered.
        stall_seconds: Nobody who is awake waits longer for a connection. Who is kept waiting by a
            consumer may, and is taken for one who slept: then the gap begins earlier.
    """

    __slots__ = (
        "_at",
        "_connection",
        "_is_holding_back",
        "_longest_wait",
        "_reads",
        "_slept",
        "_something",
        "_subscriptions",
        "_waits",
    )

    def __init__(
        self,
        subscriptions: Sequence[Subscription],
        *,
        is_holding_back: Callable[[], bool],
        stall_seconds: float,
    ) -> None:
        self._subscriptions = subscriptions
        self._is_holding_back = is_holding_back
        self._longest_wait = timedelta(seconds=stall_seconds + _LATE_SECONDS)
        self._waits = False  # for the connection, not for the consumer
        self._slept = False
        self._connection: Connection | None = None
        self._reads = 0
        self._at: datetime | None = None
        self._something = asyncio.Event()  # was read that was not taken note of

    def begins(self, connection: Connection) -> None:
        """Take note that this connection is read from now on."""
        self._connection, self._at = connection, None

    def waits(self) -> None:
        """Take note that the connection is asked for more."""
        self._waits = True

    def has_read(self, at: datetime) -> None:
        """Take note that it gave something."""
        if self._at is not None and at - self._at > self._longest_wait:
            self._slept = True
        self._waits, self._at = False, at
        self._reads += 1
        self._something.set()

    async def tell(self) -> None:
        """Tell the subscriptions, again and again, until cancelled."""
        pause_seconds = _PAUSE_SECONDS
        while True:
            await self._something.wait()
            await asyncio.sleep(pause_seconds)
            read_at = await self._everything_read_at()
            if read_at is None:
                pause_seconds = min(2 * pause_seconds, _LONGEST_PAUSE_SECONDS)
                continue
            pause_seconds = _PAUSE_SECONDS
            self._something.clear()
            if self._slept:
                self._slept = False
                continue
            for subscription in self._subscriptions:
                subscription.caught_up(read_at)

    async def _everything_read_at(self) -> datetime | None:
        """Return the moment of the last reading if nothing was left after it, else ``None``."""
        at, reads = self._at, self._reads
        for _ in range(_TURNS):
            await asyncio.sleep(0)
        nothing_left = self._waits and self._reads == reads and not self._is_holding_back()
        is_whole = self._connection is None or self._connection.is_between_events
        return at if nothing_left and is_whole else None
