"""One client's socket as the hub sees it: bytes go in, without waiting and without bound until cut.

The buffer of the transport is the queue; above `max_buffer_bytes` the connection is cut rather
than let one reader hold the memory of all. Looking at the size of that buffer costs time in
proportion to what waits in it, so it is looked at only now and then.
"""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Literal, Protocol

from trunkline.server.tokens import Token

__all__ = ["Connection", "Counters", "Gate", "TransportKind"]

TransportKind = Literal["sse", "websocket"]
_LOOKS_UNTIL_CUT: Final = 64


@dataclass(slots=True)
class Counters:
    """What a hub did, for displays and tests.

    Attributes:
        published: Events that were published.
        sent: Events that were written to a connection, each connection counted.
        sent_bytes: Their bytes.
        subscribed: Subscriptions ever made.
        cut: Connections cut because they did not read.
    """

    published: int = 0
    sent: int = 0
    sent_bytes: int = 0
    subscribed: int = 0
    cut: int = 0


class Gate(Protocol):
    """Takes what would be written to a connection and writes what it likes instead."""

    def __call__(self, data: bytes, *, event: bool) -> None:
        """Take one piece: an event, or something else."""
        ...


class Connection:
    """A socket that events are written to.

    Attributes:
        gate: What stands in the way of the socket while a fault is on.
        at_end: Writes what the gate has kept, lest the end come inside an event.
        chunked: Whether an event stream is chunked; HTTP/1.0 knows no chunks.
        kind: ``sse`` or ``websocket``.
        token: The token that opened it.
        ended: Resolves when the server side has nothing more to say.
    """

    __slots__ = (
        "_check_bytes",
        "_counters",
        "_max_buffer_bytes",
        "_transport",
        "_unchecked_bytes",
        "at_end",
        "chunked",
        "ended",
        "gate",
        "kind",
        "muted",
        "stalled",
        "token",
    )

    def __init__(
        self,
        transport: asyncio.Transport,
        *,
        kind: TransportKind,
        chunked: bool,
        token: Token,
        counters: Counters,
        max_buffer_bytes: int,
    ) -> None:
        self.kind = kind
        self.chunked = chunked
        self.gate: Gate | None = None
        self.at_end: Callable[[], None] | None = None
        self.token = token
        self.stalled = False  # a fault: nothing goes in or out while the socket stays open
        self.muted = False  # the end is decided: no event may follow
        self.ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._transport = transport
        self._counters = counters
        self._max_buffer_bytes = max_buffer_bytes
        self._check_bytes = max_buffer_bytes // _LOOKS_UNTIL_CUT
        self._unchecked_bytes = 0

    def send(self, data: bytes) -> None:
        """Write one encoded event, unless the connection is over."""
        if self.muted or self._transport.is_closing():
            return
        size = len(data)
        if self.gate is None:
            self._transport.write(data)
        else:
            self.gate(data, event=True)
        self._counters.sent += 1
        self._counters.sent_bytes += size
        self._unchecked_bytes += size
        if self._unchecked_bytes > self._check_bytes:
            self._check_buffer()

    def send_raw(self, data: bytes) -> None:
        """Write bytes that are no event: the first of a stream, a control frame."""
        if self.gate is None:
            self.write(data)
        else:
            self.gate(data, event=False)

    def write(self, data: bytes) -> None:
        """Write bytes past any gate, unless the connection is over."""
        if not self._transport.is_closing():
            self._transport.write(data)

    def beat(self, data: bytes) -> None:
        """Write a heartbeat, or end if the client is gone."""
        if self._transport.is_closing():
            self.end()
        else:
            self.send_raw(data)

    @property
    def unsent_bytes(self) -> int:
        """How much was written and has not left; asking costs time in proportion to that."""
        return self._transport.get_write_buffer_size()

    @property
    def is_open(self) -> bool:
        """Whether anything written may still arrive."""
        return not (self.muted or self._transport.is_closing())

    def pause_reading(self) -> None:
        """Take nothing more from the client."""
        self.stalled = True
        self._transport.pause_reading()

    def resume_reading(self) -> None:
        """Take again what the client sends."""
        self.stalled = False
        if not self._transport.is_closing() and not self._transport.is_reading():
            self._transport.resume_reading()

    @property
    def framing(self) -> Literal["sse", "sse-chunked", "websocket"]:
        """How an event is framed on it."""
        return "sse-chunked" if self.kind == "sse" and self.chunked else self.kind

    def end(self) -> None:
        """Let the handler finish: what follows on the socket is its business, and no event."""
        if self.at_end is not None:
            self.at_end()
            self.at_end = None
        self.muted = True
        if not self.ended.done():
            self.ended.set_result(None)

    def cut(self, *, reset: bool = False) -> None:
        """Close the socket at once, wherever the bytes stand; with `reset` the peer sees an RST."""
        if reset:
            raw = self._transport.get_extra_info("socket")
            if raw is not None:
                raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._transport.abort()
        self.end()

    def _check_buffer(self) -> None:
        self._unchecked_bytes = 0
        if self._transport.get_write_buffer_size() > self._max_buffer_bytes:
            self._counters.cut += 1
            self.cut()
