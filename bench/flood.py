"""The server of the benchmark: a process that sends bytes which were encoded beforehand.

It answers what a full client asks before it streams (the instance document, empty timelines), then
sends a situation as fast as it is read: as an event stream in HTTP chunks, as WebSocket frames, or
as bare lines for the floor. It never parses or encodes while a client is measured.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import socket
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import partial
from typing import Final

import msgspec

from bench.fixtures import HEARTBEAT, SITUATIONS, Frame, Situation, chunked, frames
from bench.machine import pin
from trunkline.wire.frames import PING, TEXT, encode_frame
from trunkline.wire.websocket import encode_message

__all__ = ["envelope_bytes", "event_stream_bytes", "line_bytes", "main", "websocket_bytes"]

_WEBSOCKET_GUID: Final = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
_EVENT_STREAM_HEAD: Final = (
    b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nCache-Control: private, no-store\r\n"
    b"Transfer-Encoding: chunked\r\nConnection: keep-alive\r\nKeep-Alive: timeout=5\r\n\r\n"
)
_STREAM: Final = "public"
_BACKLOG: Final = 4096


def event_stream_bytes(situation: Situation, events: int) -> bytes:
    """Return the body of an event stream as Mastodon frames it, HTTP chunks included."""
    body = bytearray(_chunk(b":)\n"))
    for each in frames(situation, events):
        for piece in chunked(situation, each):
            body += _chunk(piece)
    return bytes(body)


def websocket_bytes(situation: Situation, events: int) -> bytes:
    """Return the same events as WebSocket frames."""
    return b"".join(map(_websocket_frame, frames(situation, events)))


def line_bytes(situation: Situation, events: int) -> bytes:
    """Return the payloads alone, a line each, in no protocol at all."""
    return b"".join(payload + b"\n" for _, payload in frames(situation, events))


def envelope_bytes(situation: Situation, events: int) -> bytes:
    """Return the text of the WebSocket's messages alone, a line each, in no protocol at all."""
    messages = (each for each in frames(situation, events) if each != HEARTBEAT)
    return b"".join(encode_message(*each, [_STREAM]) + b"\n" for each in messages)


def _chunk(piece: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(piece), piece)


def _websocket_frame(each: Frame) -> bytes:
    name, payload = each
    if each == HEARTBEAT:
        return encode_frame(PING, b"")
    return encode_frame(TEXT, encode_message(name, payload, [_STREAM]))


async def _serve(listener: socket.socket, floods: Mapping[str, bytes]) -> None:
    loop = asyncio.get_running_loop()
    conversations: set[asyncio.Task[None]] = set()
    while True:
        client, _ = await loop.sock_accept(listener)
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        task = loop.create_task(_converse(client, floods))
        conversations.add(task)
        task.add_done_callback(conversations.discard)


async def _converse(client: socket.socket, floods: Mapping[str, bytes]) -> None:
    """Answer one client until it goes away."""
    with client, suppress(OSError):
        while head := await _head(client):
            await _answer(client, head, floods)


async def _answer(client: socket.socket, head: bytes, floods: Mapping[str, bytes]) -> None:
    loop = asyncio.get_running_loop()
    send = partial(loop.sock_sendall, client)
    path = head.split(b" ", 2)[1].partition(b"?")[0]
    if path in (b"/lines", b"/envelopes"):
        await send(floods[path[1:].decode()])
    elif path == b"/api/v1/streaming/health":
        await send(_document(b"OK", b"text/plain"))
    elif path.startswith(b"/api/v1/streaming") and b"sec-websocket-key:" in head.lower():
        await send(_switching(head))
        await loop.sock_recv(client, 4096)  # the subscribe message
        await send(floods["websocket"])
    elif path.startswith(b"/api/v1/streaming"):
        await send(_EVENT_STREAM_HEAD + (b"" if floods["event stream"] else _chunk(b":)\n")))
        await send(floods["event stream"])
    elif path.endswith(b"/instance"):
        await send(_document(_instance(client.getsockname()[1])))
    else:
        await send(_document(b"[]"))


async def _head(client: socket.socket) -> bytes:
    """Return the head of the next request, or nothing when the client has gone.

    What a WebSocket client sends while it is flooded is no request and is passed over.
    """
    loop = asyncio.get_running_loop()
    head = b""
    while not head.endswith(b"\r\n\r\n") or not head.startswith(b"GET "):
        received = await loop.sock_recv(client, 65_536)
        if not received:
            return b""
        head = (head + received)[-65_536:]
    return head


def _document(body: bytes, content_type: bytes = b"application/json") -> bytes:
    head = b"HTTP/1.1 200 OK\r\nContent-Type: %b; charset=utf-8\r\nContent-Length: %d\r\n\r\n"
    return head % (content_type, len(body)) + body


def _instance(port: int) -> bytes:
    return msgspec.json.encode(
        {
            "domain": "127.0.0.1",
            "title": "Flood",
            "version": "4.7.0",
            "configuration": {"urls": {"streaming": f"ws://127.0.0.1:{port}"}},
        }
    )


def _switching(head: bytes) -> bytes:
    fields = dict(line.split(b": ", 1) for line in head.split(b"\r\n")[1:] if b": " in line)
    key = {name.lower(): value for name, value in fields.items()}[b"sec-websocket-key"]
    accept = base64.b64encode(hashlib.sha1(key + _WEBSOCKET_GUID).digest())
    return (
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Accept: %b\r\n\r\n" % accept
    )


_ENCODERS: Final[Mapping[str, Callable[[Situation, int], bytes]]] = {
    "event stream": event_stream_bytes,
    "websocket": websocket_bytes,
    "lines": line_bytes,
    "envelopes": envelope_bytes,
}


def main() -> None:
    """Serve one situation, or silence, on a free port of loopback, and print the port.

    Usage: ``python -m bench.flood SITUATION EVENTS [CORE]``; ``idle`` is the situation without a
    byte.
    """
    name, events = sys.argv[1], int(sys.argv[2])
    pin(int(sys.argv[3]) if len(sys.argv) > 3 else None)
    if name == "idle":
        floods = dict.fromkeys(_ENCODERS, b"")
    else:
        floods = {kind: encode(SITUATIONS[name], events) for kind, encode in _ENCODERS.items()}
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(_BACKLOG)
        listener.setblocking(False)
        print(listener.getsockname()[1], flush=True)
        with suppress(KeyboardInterrupt):
            asyncio.run(_serve(listener, floods))


if __name__ == "__main__":
    main()
