"""The rows of this project: the whole client in its faces, the bare transports, and the floor.

A row is a function of an address and two numbers, run in a process of its own. It starts its clocks
at the first event, stops them `seen` events later, and says what `events` of them have cost.
Between those two moments it does what a consumer does: it reads the entity where there is one.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from typing import Final
from urllib.parse import urlsplit

import msgspec

from bench.meter import Meter, Spent
from trunkline import AsyncMastodon, Mastodon, Stream
from trunkline.entities import Status
from trunkline.events import Event, Update
from trunkline.options import StreamKeywords
from trunkline.policy.flavour import detect
from trunkline.transport.connection import Connection, ConnectionLimits
from trunkline.transport.eventstream import open_event_stream
from trunkline.transport.http import Network, Secret
from trunkline.transport.websocket import open_websocket

__all__ = [
    "bare_event_stream",
    "bare_websocket",
    "envelope_floor",
    "floor",
    "raw_event_stream",
    "raw_websocket",
    "sync_event_stream",
    "typed_event_stream",
    "typed_event_stream_on_uvloop",
    "typed_websocket",
]

_TOKEN: Final = "a-token-of-the-benchmark"
_ENDED: Final = "The stream ended before its last event."
_STREAM: Final = Stream.public()
_RECV_BYTES: Final = 128 * 1024  # the fastest of 16 KiB to 1 MiB


def floor(url: str, *, events: int, seen: int) -> Spent:
    """Receive bare lines and decode each into a `Status`: the least that Python can do for it."""
    return _floor(url, "lines", msgspec.json.Decoder(Status).decode, events=events, seen=seen)


def envelope_floor(url: str, *, events: int, seen: int) -> Spent:
    """The same for what a WebSocket carries, where the post is text inside another JSON."""
    envelope, status = msgspec.json.Decoder(_Envelope).decode, msgspec.json.Decoder(Status).decode
    return _floor(
        url, "envelopes", lambda line: status(envelope(line).payload), events=events, seen=seen
    )


class _Envelope(msgspec.Struct, gc=False):
    stream: tuple[str, ...]
    event: str
    payload: str


def _floor(
    url: str, path: str, decode: Callable[[bytes], Status], *, events: int, seen: int
) -> Spent:
    address = urlsplit(url)
    meter, number = Meter(), -1
    with (
        socket.create_connection((address.hostname or "", address.port or 0)) as connection,
        connection.makefile("rb", _RECV_BYTES) as lines,
    ):
        connection.sendall(f"GET /{path} HTTP/1.1\r\n\r\n".encode())
        for line in lines:
            decode(line)
            number += 1
            if number == 0:
                meter.start()
            elif number == seen:
                return meter.stop(events)
    raise AssertionError(_ENDED)


def typed_event_stream(url: str, *, events: int, seen: int) -> Spent:
    """The whole async client over an event stream."""
    return asyncio.run(_client(url, {"transport": "sse"}, events=events, seen=seen))


def typed_event_stream_on_uvloop(url: str, *, events: int, seen: int) -> Spent:
    """The same on the event loop of the extra ``speed``."""
    import uvloop

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(_client(url, {"transport": "sse"}, events=events, seen=seen))


def raw_event_stream(url: str, *, events: int, seen: int) -> Spent:
    """The same for a consumer that wants bytes only."""
    options: StreamKeywords = {"transport": "sse", "decode": False}
    return asyncio.run(_client(url, options, events=events, seen=seen))


def typed_websocket(url: str, *, events: int, seen: int) -> Spent:
    """The whole async client over a WebSocket."""
    return asyncio.run(_client(url, {"transport": "websocket"}, events=events, seen=seen))


def raw_websocket(url: str, *, events: int, seen: int) -> Spent:
    """The same for a consumer that wants bytes only."""
    options: StreamKeywords = {"transport": "websocket", "decode": False}
    return asyncio.run(_client(url, options, events=events, seen=seen))


async def _client(url: str, options: StreamKeywords, *, events: int, seen: int) -> Spent:
    meter, number, typed = Meter(), -1, options.get("decode", True)
    async with (
        AsyncMastodon(url, access_token=_TOKEN) as mastodon,
        mastodon.stream(_STREAM, **options) as feed,
    ):
        async for event in feed:
            if typed and isinstance(event, Update):
                event.status  # noqa: B018  # what a consumer does
            number += 1
            if number == 0:
                meter.start()
            elif number == seen:
                return meter.stop(events)
    raise AssertionError(_ENDED)


def sync_event_stream(url: str, *, events: int, seen: int) -> Spent:
    """The whole sync client over an event stream."""
    meter, number = Meter(), -1
    with Mastodon(url, access_token=_TOKEN) as mastodon:
        for event in mastodon.stream(_STREAM, transport="sse"):
            if isinstance(event, Update):
                event.status  # noqa: B018  # what a consumer does
            number += 1
            if number == 0:
                meter.start()
            elif number == seen:
                return meter.stop(events)
    raise AssertionError(_ENDED)


def bare_event_stream(url: str, *, events: int, seen: int) -> Spent:
    """Transport and wire alone: no session, no window of seen posts, no cursor, no reconnecting."""
    return asyncio.run(_bare(url, "sse", events=events, seen=seen))


def bare_websocket(url: str, *, events: int, seen: int) -> Spent:
    """The same over a WebSocket."""
    return asyncio.run(_bare(url, "websocket", events=events, seen=seen))


async def _bare(url: str, transport: str, *, events: int, seen: int) -> Spent:
    network = Network()
    async with network.open() as http:
        limits, secret = ConnectionLimits(), Secret(_TOKEN)
        connection: Connection
        if transport == "sse":
            connection = await open_event_stream(
                http, url, _STREAM, server=url, token=secret, limits=limits, now=network.now
            )
        else:
            connection = await open_websocket(
                http,
                url,
                (_STREAM,),
                server=url,
                token=secret,
                flavour=detect("4.7.0", None),
                limits=limits,
                now=network.now,
            )
        try:
            return await _read(connection, events=events, seen=seen)
        finally:
            await connection.close()


async def _read(connection: Connection, *, events: int, seen: int) -> Spent:
    meter, number = Meter(), -1
    while True:
        for event in await connection.read():
            if isinstance(event, Update):
                event.status  # noqa: B018  # what a consumer does
            elif not isinstance(event, Event):
                continue
            number += 1
            if number == 0:
                meter.start()
            elif number == seen:
                return meter.stop(events)
