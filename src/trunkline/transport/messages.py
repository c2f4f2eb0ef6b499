"""Takes the messages of a WebSocket as they come, so that whoever asks gets all that are there.

The HTTP library hands out one message for each call, and to pass on one alone costs more than to
read it. So a task asks for the next one again and again, which never waits while there is one: what
came with one read of the socket is handed over together. When enough is held the task stops asking;
then the library stops reading, and the server has to wait.
"""

from __future__ import annotations

import asyncio
from typing import Final, Protocol

import aiohttp

__all__ = ["AnyMessage", "Messages", "Receiving"]

AnyMessage = aiohttp.WSMessage | aiohttp.http_websocket.WSMessageTextBytes

_HELD_BYTES: Final = 1024 * 1024
_ENDED: Final = aiohttp.http.WS_CLOSED_MESSAGE
_CONTENT: Final = frozenset(
    {
        aiohttp.WSMsgType.TEXT,
        aiohttp.WSMsgType.BINARY,
        aiohttp.WSMsgType.PING,
        aiohttp.WSMsgType.PONG,
    }
)
"""What is followed by more; every other kind of message is the last one."""


class Receiving(Protocol):
    """What is needed of a WebSocket."""

    async def receive(self) -> AnyMessage:
        """Wait for the next message; after the one that ends there is no other."""
        ...


class Messages:
    """The messages of one open WebSocket, in order; made inside the loop that it is to run in."""

    def __init__(self, socket: Receiving) -> None:
        self._socket = socket
        self._held: list[AnyMessage] = []
        self._held_bytes = 0
        self._arrived = asyncio.Event()
        self._room = asyncio.Event()
        self._asking = asyncio.ensure_future(self._ask())
        self._asking.add_done_callback(lambda _: self._arrived.set())

    async def take(self) -> list[AnyMessage]:
        """Wait for messages and return all that are there; the last one says how it ended."""
        while not self._held:
            if self._asking.done():
                return [_ENDED if self._asking.cancelled() else self._asking.result()]
            self._arrived.clear()
            await self._arrived.wait()
        taken, self._held, self._held_bytes = self._held, [], 0
        self._room.set()
        return taken

    def stop(self) -> None:
        """Ask for no more."""
        self._asking.cancel()

    async def _ask(self) -> AnyMessage:
        """Hold message after message to the last one, and return what is left to say after it."""
        receive, arrived = self._socket.receive, self._arrived
        while True:
            message = await receive()
            self._held.append(message)
            arrived.set()
            if message.type not in _CONTENT:
                return _ENDED
            self._held_bytes += len(message.data)
            while self._held_bytes >= _HELD_BYTES:
                self._room.clear()
                await self._room.wait()
