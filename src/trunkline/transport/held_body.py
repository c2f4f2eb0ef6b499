"""What follows the head of an answer, as it comes off the socket; the HTTP library reads the head.

The library would take a body apart by several calls for each chunk, and an event stream is made of
small chunks; it would hand out the messages of a WebSocket one by one. So the connections that are
opened here for a stream have a `HeldBody` between the socket and the library: it passes on the head
alone. Whoever asked then either takes the rest, or lets the library have it, as for a refusal or a
body that is compressed.
"""

from __future__ import annotations

import asyncio
import re
from typing import Final

import aiohttp
from aiohttp.connector import Connection
from aiohttp.tracing import Trace

__all__ = ["HeadFirstConnector", "HeldBody"]

_EVENT_STREAM: Final = "text/event-stream"
_HEAD_END: Final = re.compile(rb"\n\r?\n")
_HEAD_BYTES: Final = 64 * 1024  # a longer head is the library's to refuse
_HELD_BYTES: Final = 256 * 1024  # one large read of the event loop


class HeadFirstConnector(aiohttp.TCPConnector):
    """Connects as its parent does, and holds back what follows the head where a stream begins."""

    async def connect(
        self,
        req: aiohttp.ClientRequest,
        traces: list[Trace],
        timeout: aiohttp.ClientTimeout,  # noqa: ASYNC109  # a parameter of the parent's
    ) -> Connection:
        """Return a connection for `req`."""
        connection = await super().connect(req, traces, timeout)
        begins_stream = req.headers.get("Accept") == _EVENT_STREAM or "Upgrade" in req.headers
        transport, library = connection.transport, connection.protocol
        if transport is None or library is None:
            return connection
        former = transport.get_protocol()
        if isinstance(former, HeldBody):  # of an answer without a body, which nobody had to read
            former.let_go()
        if begins_stream:
            HeldBody(transport, library)
        return connection


class HeldBody(asyncio.Protocol):
    """Stands between a socket and the HTTP library, and holds what follows the head.

    When so much is held that it should be read first, it stops reading the socket. A connection
    that is lost before anybody decided goes to the library with all that it brought.
    """

    def __init__(self, transport: asyncio.Transport, library: asyncio.Protocol) -> None:
        self._transport = transport
        self._library = library
        self._head: bytes | None = b""  # what has come of it; `None` when it has been passed on
        self._held: list[bytes] = []
        self._held_bytes = 0
        self._waiting: asyncio.Future[None] | None = None  # whoever reads and finds nothing
        self._is_taken = False
        self._is_over = False
        self._error: Exception | None = None
        transport.set_protocol(self)

    @classmethod
    def of(cls, response: aiohttp.ClientResponse) -> HeldBody | None:
        """Return the one that holds the body of `response`, or ``None`` if the library has it."""
        connection = response.connection
        transport = connection.transport if connection is not None else None
        protocol = transport.get_protocol() if transport is not None else None
        return protocol if isinstance(protocol, cls) else None

    def take(self) -> None:
        """Keep the body for whoever calls `read`; the library will not see it."""
        self._is_taken = True

    def let_go(self) -> None:
        """Step aside: the library reads the body."""
        self._transport.set_protocol(self._library)
        self._resume()
        held, self._held = [self._head or b"", *self._held], []
        for data in filter(None, held):
            self._library.data_received(data)

    async def read(self) -> list[bytes]:
        """Wait for bytes and return all that are held; none at the end of the connection.

        They come as they were read, because to join them would take as long as to read them.

        Raises:
            Exception: What it ended with, an `OSError` or what `end` was given.
        """
        while not self._held:
            if self._error is not None:
                raise self._error
            if self._is_over:
                return []
            self._waiting = asyncio.get_running_loop().create_future()
            await self._waiting
        held, self._held = self._held, []
        self._resume()
        return held

    def write(self, data: bytes) -> None:
        """Send `data`, past the library too, unless the connection is over."""
        if not self._transport.is_closing():
            self._transport.write(data)

    def end(self, error: Exception) -> None:
        """Let whoever reads have `error` when nothing is held any more."""
        self._error = self._error or error
        self._is_over = True
        self._wake()

    def data_received(self, data: bytes) -> None:
        """Pass on what belongs to the head, and hold the rest."""
        if self._head is not None:
            data = self._pass_head(self._head + data)
        if not data:
            return
        self._held.append(data)
        self._held_bytes += len(data)
        self._wake()
        if self._held_bytes >= _HELD_BYTES:
            self._transport.pause_reading()

    def eof_received(self) -> bool | None:
        """Let the library decide whether our side stays open."""
        return self._library.eof_received()

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell both sides."""
        if not self._is_taken:
            self.let_go()
        self._error = self._error or exc
        self._is_over = True
        self._wake()
        self._library.connection_lost(exc)

    def pause_writing(self) -> None:
        """Pass it on."""
        self._library.pause_writing()

    def resume_writing(self) -> None:
        """Pass it on."""
        self._library.resume_writing()

    def _wake(self) -> None:
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_result(None)

    def _resume(self) -> None:
        if self._held_bytes >= _HELD_BYTES and not self._is_over:
            self._transport.resume_reading()
        self._held_bytes = 0

    def _pass_head(self, data: bytes) -> bytes:
        """Give the library a head that is complete, interim ones too; return what follows it."""
        while (end := _HEAD_END.search(data)) is not None:
            head, data = data[: end.end()], data[end.end() :]
            self._library.data_received(head)
            if head[9:10] != b"1" or head[9:12] == b"101":  # other than HTTP/1.1 103 and the like
                self._head = None
                return data
        self._head = data
        if len(data) > _HEAD_BYTES:
            self.let_go()
        return b""
