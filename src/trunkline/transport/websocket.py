"""A WebSocket: one connection carries many subscriptions.

From the handshake on (`upgrade`) `HeldBody` gives the bytes and `wire/frames` the messages.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Sequence
from datetime import datetime
from itertools import chain
from typing import Final

import aiohttp

from trunkline.events import AnyEvent
from trunkline.policy.flavour import Flavour
from trunkline.policy.outcome import Outcome, OutcomeKind
from trunkline.streams import Stream
from trunkline.transport.connection import ConnectionLimits, Incoming, Pulse
from trunkline.transport.held_body import HeldBody
from trunkline.transport.http import ConnectionEnded, Secret, outcome_of
from trunkline.transport.upgrade import upgrade
from trunkline.transport.watchdog import Watchdog
from trunkline.wire.decode import decode_event, malformed
from trunkline.wire.frames import BINARY, CLOSE, PING, PONG, TEXT, FrameReader, encode_frame
from trunkline.wire.sse import Oversized
from trunkline.wire.websocket import (
    Accepted,
    ErrorMessage,
    Message,
    Noise,
    Router,
    decode_message,
    encode_login,
    encode_subscribe,
)

__all__ = ["WebSocketConnection", "open_websocket"]

_GOODBYE: Final = (1000).to_bytes(2, "big")
_NO_CODE: Final = 1005
_CLOSE_SECONDS: Final = 1.0
"""How long we wait for the server's answer to our close frame: it has nothing left to tell."""


async def open_websocket(
    http: aiohttp.ClientSession,
    url: str,
    streams: Sequence[Stream],
    *,
    server: str,
    token: Secret | None,
    flavour: Flavour,
    limits: ConnectionLimits,
    now: Callable[[], datetime],
) -> WebSocketConnection:
    """Open a WebSocket at the streaming address `url` and subscribe to `streams`.

    A server that knows one stream for a socket gets it in the query; others get one message each.

    Raises:
        ConnectionEnded: It could not be opened; the outcome says why.
    """
    multiplexed = flavour.websocket == "multiplexed"
    response, held = await upgrade(
        http,
        f"{url}/api/v1/streaming",
        () if multiplexed else (("stream", streams[0].name), *streams[0].query),
        token=token,
        flavour=flavour,
        timeout_seconds=limits.stall_seconds,
        now=now,
    )
    connection = WebSocketConnection(
        response,
        held,
        streams,
        server=server,
        token=token,
        flavour=flavour,
        limits=limits,
        now=now,
    )
    if token is not None and "message" in flavour.auth:
        connection.send(encode_login(str(token.reveal())))
    if multiplexed:
        connection.subscribe()
    return connection


class WebSocketConnection:
    """One open WebSocket; see `Connection`."""

    transport = "websocket"

    def __init__(
        self,
        response: aiohttp.ClientResponse,
        held: HeldBody,
        streams: Sequence[Stream],
        *,
        server: str,
        token: Secret | None,
        flavour: Flavour,
        limits: ConnectionLimits,
        now: Callable[[], datetime],
    ) -> None:
        self.streams = tuple(streams)
        self.bytes_received = 0
        self._response = response
        self._held = held
        self._frames = FrameReader(from_client=False, max_message_bytes=limits.max_frame_bytes)
        self._router = Router(streams)
        self._server = server
        self._token = token
        self._flavour = flavour
        self._now = now
        self._stalled = False
        self._ending: Outcome | None = None  # told when everything before it was
        self._watchdog = Watchdog(
            stall_seconds=limits.stall_seconds, on_stall=self._stall, on_silence=self._ping
        )

    @property
    def is_between_events(self) -> bool:
        """Whether the bytes that it has read end with a message; see `Connection`."""
        return self._frames.is_between_messages

    def subscribe(self) -> None:
        """Ask for every stream. There is no answer unless it is a refusal."""
        for stream in self.streams:
            self.send(encode_subscribe(stream))

    def send(self, text: str) -> None:
        """Send one request; what is wrong with the connection shows when it is read."""
        self._write(TEXT, text.encode())

    async def read(self) -> Sequence[Incoming]:
        """Wait for messages and return what they say; see `Connection.read`.

        It returns something or raises, so that a refusal never passes for a connection that worked.
        """
        events: list[Incoming] = []
        while not events:
            self._raise_ending()
            self._take(await self._receive(), events)
        return events

    def _take(self, chunks: Sequence[bytes], events: list[Incoming]) -> None:
        received_at = self._now()
        for message in chain.from_iterable(map(self._frames.feed, chunks)):
            if isinstance(message, Oversized):
                events.append(self._oversized(message))
            elif message[0] == TEXT:
                self._text(message[1], received_at, events)
            else:
                self._other(*message, events)
            if self._ending is not None:
                return
        if self._frames.violation is not None:
            self._ending = Outcome(OutcomeKind.BAD_FRAMING, words=str(self._frames.violation))

    def _raise_ending(self) -> None:
        if self._ending is not None:
            raise ConnectionEnded(self._ending)

    async def close(self) -> None:
        """Say goodbye, without waiting long for an answer."""
        self._watchdog.stop()
        try:
            if self._ending is None:
                self._ending = Outcome(OutcomeKind.SUPERSEDED)
                self._write(CLOSE, _GOODBYE)
                await self._wait_for_goodbye()
        finally:
            self._response.close()

    async def _receive(self) -> list[bytes]:
        self._watchdog.resume()
        try:
            chunks = await self._held.read()
        except OSError as error:
            self._ending = Outcome(OutcomeKind.STALL) if self._stalled else outcome_of(error)
            raise ConnectionEnded(self._ending) from error
        finally:
            self._watchdog.pause()
        if not chunks:
            self._ending = Outcome(OutcomeKind.CUT)
            raise ConnectionEnded(self._ending)
        self.bytes_received += sum(map(len, chunks))
        return chunks

    async def _wait_for_goodbye(self) -> None:
        """Wait for the close frame that answers ours, or the end of the connection."""
        try:
            async with asyncio.timeout(_CLOSE_SECONDS):
                while chunks := await self._held.read():
                    messages = chain.from_iterable(map(self._frames.feed, chunks))
                    if any(isinstance(one, tuple) and one[0] == CLOSE for one in messages):
                        return
        except OSError:  # a timeout is one
            return

    def _text(self, text: bytes, received_at: datetime, events: list[Incoming]) -> None:
        """Add the event of a message, once for each stream that it is meant for."""
        item = decode_message(text)
        if not isinstance(item, Message):
            self._odd_text(text, item, events)
            return
        for stream in self._router.route(item.stream):
            event = decode_event(
                item.event, item.data, stream=stream, server=self._server, received_at=received_at
            )
            events.append(event)

    def _odd_text(
        self, text: bytes, item: ErrorMessage | Accepted | Noise, events: list[Incoming]
    ) -> None:
        if isinstance(item, ErrorMessage):
            words = self._hide(item.error)
            self._ending = Outcome(OutcomeKind.ERROR_FRAME, status=item.status, words=words)
        elif isinstance(item, Accepted) or (self._flavour.sends_text_pings and text == b"pong"):
            events.append(Pulse.HEARTBEAT)
        else:
            events.append(self._malformed(text, "expected an envelope in JSON"))

    def _other(self, opcode: int, payload: bytes, events: list[Incoming]) -> None:
        """Answer what wants an answer; a close frame is the last that is read."""
        if opcode == CLOSE:
            self._write(CLOSE, payload[:2])
            self._ending = self._goodbye(payload)
        elif opcode == BINARY:
            reason = "expected a text message, got a binary one"
            events.append(self._malformed(payload, reason))
        else:
            if opcode == PING:
                self._write(PONG, payload)
            events.append(Pulse.HEARTBEAT)

    def _goodbye(self, payload: bytes) -> Outcome:
        code = int.from_bytes(payload[:2], "big") if len(payload) >= 2 else _NO_CODE
        if code == _NO_CODE:
            return Outcome(OutcomeKind.TOKEN_KILLED)
        words = payload[2:].decode("utf-8", "replace")
        return Outcome(OutcomeKind.CLOSED, code=code, words=self._hide(words))

    def _oversized(self, message: Oversized) -> AnyEvent:
        reason = f"expected a message within the limit, got {message.size_bytes} bytes"
        return self._malformed(b"", reason)

    def _malformed(self, raw: bytes, reason: str) -> AnyEvent:
        return malformed(
            "",
            raw,
            reason,
            stream=self.streams[0],
            server=self._server,
            received_at=self._now(),
        )

    def _hide(self, words: str) -> str:
        return self._token.hide(words) if self._token is not None else words

    def _ping(self) -> None:
        if self._flavour.sends_text_pings:
            self.send("ping")
        else:
            self._write(PING, b"")

    def _stall(self) -> None:
        self._stalled = True
        self._held.end(TimeoutError("no byte in time"))

    def _write(self, opcode: int, payload: bytes) -> None:
        self._held.write(encode_frame(opcode, payload, mask=os.urandom(4)))
