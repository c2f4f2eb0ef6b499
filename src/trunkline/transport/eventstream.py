"""An event stream (SSE) over HTTP: one connection carries one subscription."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from datetime import datetime

import aiohttp

from trunkline.policy.outcome import Outcome, OutcomeKind
from trunkline.streams import Stream
from trunkline.transport.connection import ConnectionLimits, Incoming, Pulse
from trunkline.transport.http import (
    REDIRECTS,
    ConnectionEnded,
    Secret,
    outcome_of,
    read_body,
    refusal,
)
from trunkline.transport.watchdog import Watchdog
from trunkline.wire.decode import decode_event, malformed
from trunkline.wire.sse import Comment, EventStreamParser, Frame, Oversized

__all__ = ["EventStreamConnection", "open_event_stream"]

_EVENT_STREAM = "text/event-stream"


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
            await _check(response, now=now, token=token)
    except (aiohttp.ClientError, OSError) as error:
        raise ConnectionEnded(outcome_of(error)) from error
    connection = EventStreamConnection(response, stream, server=server, limits=limits, now=now)
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
    if response.status in REDIRECTS:
        return Outcome(OutcomeKind.REDIRECT_ELSEWHERE, status=response.status)
    body = await read_body(response, max_bytes=4096)
    now_seconds = now().timestamp()
    return refusal(response.status, response.headers, body, now_seconds=now_seconds, token=token)


class EventStreamConnection:
    """One open event stream; see `Connection`."""

    transport = "sse"

    def __init__(
        self,
        response: aiohttp.ClientResponse,
        stream: Stream,
        *,
        server: str,
        limits: ConnectionLimits,
        now: Callable[[], datetime],
    ) -> None:
        self.streams: tuple[Stream, ...] = (stream,)
        self.bytes_received = 0
        self._response = response
        self._stream = stream
        self._server = server
        self._now = now
        self._parser = EventStreamParser(max_frame_bytes=limits.max_frame_bytes)
        self._first = b""
        self._stalled = False
        self._watchdog = Watchdog(stall_seconds=limits.stall_seconds, on_stall=self._stall)

    async def see_opener(self) -> None:
        """Wait for the first bytes, which say that the subscription is live, and keep them."""
        self._first = await self._receive()

    async def read(self) -> Sequence[Incoming]:
        """Wait for bytes and return what they complete; see `Connection.read`."""
        if self._first:
            chunk, self._first = self._first, b""
        else:
            chunk = await self._receive()
        stream, server, received_at = self._stream, self._server, self._now()
        return [
            decode_event(
                item.event, item.data, stream=stream, server=server, received_at=received_at
            )
            if type(item) is Frame
            else self._other(item, received_at)
            for item in self._parser.feed(chunk)
        ]

    async def close(self) -> None:
        """Cut the connection: an event stream has no other way to end from our side."""
        self._watchdog.stop()
        self._response.close()

    async def _receive(self) -> bytes:
        self._watchdog.resume()
        try:
            chunk = await self._response.content.readany()
        except (aiohttp.ClientError, OSError) as error:
            stall = Outcome(OutcomeKind.STALL)
            raise ConnectionEnded(stall if self._stalled else outcome_of(error)) from error
        finally:
            self._watchdog.pause()
        if not chunk:
            kind = OutcomeKind.STALL if self._stalled else OutcomeKind.ENDED
            raise ConnectionEnded(Outcome(kind))
        self.bytes_received += len(chunk)
        return chunk

    def _stall(self) -> None:
        self._stalled = True
        self._response.content.set_exception(TimeoutError("no byte in time"))
        self._response.close()

    def _other(self, item: Frame | Comment | Oversized, received_at: datetime) -> Incoming:
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
