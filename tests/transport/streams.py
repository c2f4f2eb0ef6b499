"""What event streams are opened with in tests, what servers say on them, and reading to the end."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Final

from tests.transport.sites import Script, raw_site, session

from trunkline import Network
from trunkline.policy.outcome import Outcome
from trunkline.streams import Stream
from trunkline.transport.connection import Connection, ConnectionLimits, Incoming
from trunkline.transport.eventstream import EventStreamConnection, open_event_stream
from trunkline.transport.http import ConnectionEnded, Secret

PUBLIC: Final = Stream.public()
TOKEN: Final = "recognisable-token"
NOW: Final = datetime(2026, 11, 24, tzinfo=UTC)
HEAD: Final = (
    b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
)
OPENER: Final = b":)\n"


def chunk(data: bytes) -> bytes:
    """Return one chunk of a chunked answer."""
    return b"%x\r\n%b\r\n" % (len(data), data)


LAST_CHUNK: Final = b"0\r\n\r\n"


async def request(reader: asyncio.StreamReader) -> bytes:
    """Read the head of one request."""
    return await reader.readuntil(b"\r\n\r\n")


def stream_of(*pieces: bytes | float, head: bytes = HEAD) -> Script:
    """Return a script that answers with `head` and then with `pieces`; numbers are waits."""

    async def play(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await request(reader)
        writer.write(head)
        for piece in pieces:
            if isinstance(piece, bytes):
                writer.write(piece)
                await writer.drain()
            else:
                await asyncio.sleep(piece)

    return play


@asynccontextmanager
async def event_stream(
    url: str,
    stream: Stream = PUBLIC,
    *,
    limits: ConnectionLimits | None = None,
    network: Network | None = None,
) -> AsyncIterator[EventStreamConnection]:
    """Open an event stream as a client does."""
    async with session(network) as http:
        connection = await open_event_stream(
            http,
            url,
            stream,
            server=url,
            token=Secret(TOKEN),
            limits=limits or ConnectionLimits(),
            now=lambda: NOW,
        )
        try:
            yield connection
        finally:
            await connection.close()


async def to_the_end(connection: Connection) -> tuple[list[Incoming], Outcome]:
    """Return all that `connection` brings, and how it ends."""
    items: list[Incoming] = []
    try:
        while True:
            items += await connection.read()
    except ConnectionEnded as ended:
        return items, ended.outcome


async def taken(connection: Connection, count: int) -> list[Incoming]:
    """Return the next `count` items, or a few more if they came with them."""
    items: list[Incoming] = []
    while len(items) < count:
        items += await connection.read()
    return items


async def told(*pieces: bytes | float, head: bytes = HEAD) -> tuple[list[Incoming], Outcome]:
    """Return what an event stream of these pieces brings, and how it ends."""
    async with raw_site(stream_of(*pieces, head=head)) as url, event_stream(url) as connection:
        return await to_the_end(connection)


async def refused(*pieces: bytes | float, head: bytes) -> Outcome:
    """Return why an event stream with this answer does not open."""
    async with raw_site(stream_of(*pieces, head=head)) as url:
        try:
            async with event_stream(url):
                raise AssertionError("It was opened.")
        except ConnectionEnded as ended:
            return ended.outcome


def names(items: Sequence[Incoming]) -> list[str]:
    """Return the names of the events among `items`, and ``heartbeat``."""
    return [str(getattr(item, "name", "")).lower() for item in items]
