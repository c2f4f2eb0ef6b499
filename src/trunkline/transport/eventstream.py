"""An event stream (SSE) over HTTP: one connection carries one subscription."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from datetime import datetime
from functools import partial
from itertools import chain
from typing import Final, Protocol

import aiohttp

from trunkline.policy.outcome import Outcome, OutcomeKind
from trunkline.streams import Stream
from trunkline.transport.connection import ConnectionLimits, Incoming, Pulse
from trunkline.transport.held_body import HeldBody
from trunkline.transport.http import ConnectionEnded, Secret, outcome_of, refusal_of
from trunkline.transport.watchdog import Watchdog
from trunkline.wire.chunked import BodyEnding, ChunkedEventStream
from trunkline.wire.decode import decode_frames, malformed
from trunkline.wire.sse import Comment, EventStreamParser, Frame, Oversized

__all__ = ["EventStreamConnection", "open_event_stream"]

_EVENT_STREAM: Final = "text/event-stream"
_Items = Sequence[Frame | Comment | Oversized]
_KINDS: Final = {
    BodyEnding.LAST_CHUNK: OutcomeKind.ENDED,
    BodyEnding.BAD_CHUNK: OutcomeKind.BAD_FRAMING,
}


async def open_event_stream(
    http: aiohttp.ClientSession,
    url: str,
    stream: Stream,
    *,
    server: str,
    token: Secret | None,
    limits: ConnectionLimits,
    now: Callable[[], datetime],
) -> EventStreamConnection:
    """Open the event stream of `stream` below the streaming address `url` and see its first bytes.

    Raises:
        ConnectionEnded: It could not be opened; the outcome says why.
    """
    headers = {"Accept": _EVENT_STREAM, "Accept-Encoding": "identity", "Cache-Control": "no-store"}
    if token is not None:
        headers["Authorization"] = token.bearer()
    try:
        async with asyncio.timeout(limits.stall_seconds):
            response = await http.get(
                f"{url}/api/v1/streaming/{stream.sse_path}",
                params=stream.sse_query,
                headers=headers,
                allow_redirects=False,
            )
            body = _body_of(response, max_frame_bytes=limits.max_frame_bytes)
            await _check(response, now=now, token=token)
    except (aiohttp.ClientError, OSError) as error:
        raise ConnectionEnded(outcome_of(error)) from error
    connection = EventStreamConnection(
        response, body, stream, server=server, limits=limits, now=now
    )
    try:
        async with asyncio.timeout(limits.opener_seconds):
            await connection.see_opener()
    except TimeoutError:
        await connection.close()
        raise ConnectionEnded(Outcome(OutcomeKind.NO_OPENER, status=200)) from None
    except BaseException:
        await connection.close()
        raise
    return connection


class _Body(Protocol):
    """The body of an answer, from bytes to frames."""

    async def read(self) -> Sequence[bytes]:
        """Wait for bytes; none when the body is over."""
        ...

    def feed(self, chunk: bytes) -> _Items:
        """Return what these bytes complete."""
        ...

    @property
    def is_between_events(self) -> bool:
        """Whether nothing is held of an event that is not complete."""
        ...

    def refuse_ended(self) -> None:
        """Raise `ConnectionEnded` if these bytes ended it."""
        ...

    def end(self, error: Exception) -> None:
        """Let the reading end with `error`."""
        ...


class _OwnBody:
    """A body in plain chunks, as servers send it: read off the socket."""

    def __init__(self, held: HeldBody, *, max_frame_bytes: int) -> None:
        self._held = held
        self._frames = ChunkedEventStream(max_frame_bytes=max_frame_bytes)
        self.feed = self._frames.feed
        self.end = held.end

    async def read(self) -> Sequence[bytes]:
        """Wait for bytes; what breaks off without its last chunk is no end, but a cut."""
        self.refuse_ended()
        chunks = await self._held.read()
        if not chunks:
            raise ConnectionEnded(Outcome(OutcomeKind.CUT))
        return chunks

    @property
    def is_between_events(self) -> bool:
        """Whether nothing is held of an event that is not complete."""
        return self._frames.is_between_events

    def refuse_ended(self) -> None:
        """Raise if a last or a broken chunk has come."""
        ending = self._frames.ending
        if ending is not None:
            raise ConnectionEnded(Outcome(_KINDS[ending]))


class _LibraryBody:
    """Any other body, compressed or ending with the connection: the HTTP library reads it."""

    def __init__(self, content: aiohttp.StreamReader, *, max_frame_bytes: int) -> None:
        self._content = content
        self._parser = EventStreamParser(max_frame_bytes=max_frame_bytes)
        self.feed = self._parser.feed
        self.end = content.set_exception

    async def read(self) -> Sequence[bytes]:
        """Wait for bytes; none when the body is over."""
        chunk = await self._content.readany()
        return (chunk,) if chunk else ()

    @property
    def is_between_events(self) -> bool:
        """Whether nothing is held of an event that is not complete."""
        return self._parser.is_between_blocks

    def refuse_ended(self) -> None:
        """Leave it to the next reading to find that out."""


def _body_of(response: aiohttp.ClientResponse, *, max_frame_bytes: int) -> _Body:
    """Decide who reads the body of an answer."""
    held = HeldBody.of(response)
    if held is None:
        return _LibraryBody(response.content, max_frame_bytes=max_frame_bytes)
    in_chunks = response.headers.get("Transfer-Encoding", "").lower() == "chunked"
    if response.status == 200 and in_chunks and "Content-Encoding" not in response.headers:
        held.take()
        return _OwnBody(held, max_frame_bytes=max_frame_bytes)
    held.let_go()
    return _LibraryBody(response.content, max_frame_bytes=max_frame_bytes)


async def _check(
    response: aiohttp.ClientResponse, *, now: Callable[[], datetime], token: Secret | None
) -> None:
    """Raise unless `response` is an event stream."""
    if response.status == 200 and response.content_type == _EVENT_STREAM:
        return
    try:
        raise ConnectionEnded(await _flaw(response, now=now, token=token))
    finally:
        response.close()


async def _flaw(
    response: aiohttp.ClientResponse, *, now: Callable[[], datetime], token: Secret | None
) -> Outcome:
    if response.status == 200:
        return Outcome(OutcomeKind.WRONG_CONTENT_TYPE, status=200, words=response.content_type)
    return await refusal_of(response, now=now, token=token)


class EventStreamConnection:
    """One open event stream; see `Connection`."""

    transport = "sse"

    def __init__(
        self,
        response: aiohttp.ClientResponse,
        body: _Body,
        stream: Stream,
        *,
        server: str,
        limits: ConnectionLimits,
        now: Callable[[], datetime],
    ) -> None:
        self.streams: tuple[Stream, ...] = (stream,)
        self.bytes_received = 0
        self._response = response
        self._body = body
        self._stream = stream
        self._server = server
        self._now = now
        self._first: _Items | None = None
        self._stalled = False
        self._watchdog = Watchdog(stall_seconds=limits.stall_seconds, on_stall=self._stall)

    @property
    def is_between_events(self) -> bool:
        """Whether the bytes that it has read end with an event; see `Connection`."""
        return self._body.is_between_events

    async def see_opener(self) -> None:
        """Wait for the first bytes, which say that the subscription is live, and keep them."""
        items = await self._receive()
        if not items:
            self._body.refuse_ended()
        self._first = items

    async def read(self) -> Sequence[Incoming]:
        """Wait for bytes and return what they complete; see `Connection.read`."""
        if self._first is not None:
            items, self._first = self._first, None
        else:
            items = await self._receive()
        received_at = self._now()
        return decode_frames(
            items,
            partial(self._other, received_at=received_at),
            stream=self._stream,
            server=self._server,
            received_at=received_at,
        )

    async def close(self) -> None:
        """Cut the connection: an event stream has no other way to end from our side."""
        self._watchdog.stop()
        self._response.close()

    async def _receive(self) -> _Items:
        self._watchdog.resume()
        try:
            chunks = await self._body.read()
        except (aiohttp.ClientError, OSError) as error:
            stall = Outcome(OutcomeKind.STALL)
            raise ConnectionEnded(stall if self._stalled else outcome_of(error)) from error
        finally:
            self._watchdog.pause()
        if not chunks:
            kind = OutcomeKind.STALL if self._stalled else OutcomeKind.ENDED
            raise ConnectionEnded(Outcome(kind))
        self.bytes_received += sum(map(len, chunks))
        first, *others = map(self._body.feed, chunks)
        return list(chain(first, *others)) if others else first

    def _stall(self) -> None:
        self._stalled = True
        self._body.end(TimeoutError("no byte in time"))
        self._response.close()

    def _other(self, item: Comment | Oversized, *, received_at: datetime) -> Incoming:
        """Return what an item that is no frame stands for."""
        if not isinstance(item, Oversized):
            return Pulse.HEARTBEAT
        return malformed(
            item.event,
            b"",
            f"expected a frame within the limit, got {item.size_bytes} bytes",
            stream=self._stream,
            server=self._server,
            received_at=received_at,
        )
