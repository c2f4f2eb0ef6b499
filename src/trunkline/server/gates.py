"""Gates: what stands between a connection and its socket while a fault is on.

A gate is called with each piece of bytes that would be written and writes what it likes instead.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Final

from trunkline.server.connection import Connection
from trunkline.server.encoders import chunk
from trunkline.wire.frames import TEXT, encode_frame

__all__ = ["duplicate", "garbage", "hold_back", "mute_events", "reset", "trickle"]

Struck = Callable[[], None]

_PIECE_BYTES: Final = 16
_TRICKLE_SECONDS: Final = 0.001
_REORDER_SECONDS: Final = 0.25

_BROKEN_BLOCKS: Final = (
    b'event: update\ndata: {"id":"1","content":\n\n',
    b'data: {"id":"1"}\n\n',
    b'event: update\ndata: {\n "id": "1",\n "content": "x"\n}\n\n',
    b"event: update\n\n",
)
_BROKEN_MESSAGES: Final = (
    b'{"stream":["public"],"event":"update","payload":"{\\"id\\":"}',
    b'{"stream":["public"],"event":',
    b"pong",
    b'{"stream":["public"],"payload":"1"}',
)


def reset(connection: Connection, struck: Struck) -> None:
    """Write half of the next event and reset the socket."""

    def gate(data: bytes, *, event: bool) -> None:
        if event:
            connection.write(data[: len(data) // 2])
            struck()
            connection.cut(reset=True)
        else:
            connection.write(data)

    connection.gate = gate


def duplicate(connection: Connection, struck: Struck) -> None:
    """Write each event twice."""

    def gate(data: bytes, *, event: bool) -> None:
        connection.write(data)
        if event:
            connection.write(data)
            struck()

    connection.gate = gate


def garbage(connection: Connection, struck: Struck, *, variant: int) -> None:
    """Write a broken frame before each event."""
    block = _BROKEN_BLOCKS[variant % len(_BROKEN_BLOCKS)]
    message = _BROKEN_MESSAGES[variant % len(_BROKEN_MESSAGES)]
    broken = {"sse": block, "sse-chunked": chunk(block), "websocket": encode_frame(TEXT, message)}

    def gate(data: bytes, *, event: bool) -> None:
        if event:
            connection.write(broken[connection.framing])
            struck()
        connection.write(data)

    connection.gate = gate


def mute_events(connection: Connection, *, beats: bool) -> None:
    """Write no events; heartbeats and answers only with `beats`."""

    def gate(data: bytes, *, event: bool) -> None:
        if beats and not event:
            connection.write(data)

    connection.gate = gate


class HoldBack:
    """Writes one event after the one that follows it, or alone when none follows in time."""

    def __init__(self, connection: Connection, struck: Struck, *, seconds: float | None) -> None:
        self._connection = connection
        self._struck = struck
        self._seconds = _REORDER_SECONDS if seconds is None else seconds
        self._held: bytes | None = None
        self._timer: asyncio.TimerHandle | None = None

    def __call__(self, data: bytes, *, event: bool) -> None:
        """Hold the first event, write the second before it."""
        if not event:
            self._connection.write(data)
        elif self._held is None:
            self._held = data
            self._timer = asyncio.get_running_loop().call_later(self._seconds, self.give_up)
        else:
            self._connection.write(data)
            self._struck()
            self.give_up()

    def give_up(self) -> None:
        """Write what is held without waiting for another event."""
        if self._timer is not None:
            self._timer.cancel()
        self._connection.gate = self._connection.at_end = None
        if self._held is not None:
            self._connection.write(self._held)
            self._held = None


class Trickle:
    """Writes events a few bytes at a time, and what follows them when they are through."""

    def __init__(self, connection: Connection, struck: Struck, *, seconds: float | None) -> None:
        self._connection = connection
        self._struck = struck
        self._seconds = _TRICKLE_SECONDS if seconds is None else seconds
        self._pieces: deque[bytes] = deque()
        self._waits_for_event = True
        self._running = False

    def __call__(self, data: bytes, *, event: bool) -> None:
        """Queue `data`; the first event of all in small pieces."""
        if event and self._waits_for_event:
            self._waits_for_event = False
            self._struck()
            starts = range(0, len(data), _PIECE_BYTES)
            self._pieces.extend(data[start : start + _PIECE_BYTES] for start in starts)
        else:
            self._pieces.append(data)
        if not self._running:
            self._running = True
            self._next()

    def finish(self) -> None:
        """Write what is left at once."""
        for piece in self._pieces:
            self._connection.write(piece)
        self._pieces.clear()

    def _next(self) -> None:
        if self._pieces:
            self._connection.write(self._pieces.popleft())
            asyncio.get_running_loop().call_later(self._seconds, self._next)
            return
        self._running = False
        if not self._waits_for_event:
            self._connection.gate = self._connection.at_end = None


def hold_back(connection: Connection, struck: Struck, *, seconds: float | None) -> None:
    """Write the next two events in the wrong order."""
    hold = HoldBack(connection, struck, seconds=seconds)
    connection.gate, connection.at_end = hold, hold.give_up


def trickle(connection: Connection, struck: Struck, *, seconds: float | None) -> None:
    """Write the next event a few bytes at a time."""
    slow = Trickle(connection, struck, seconds=seconds)
    connection.gate, connection.at_end = slow, slow.finish
