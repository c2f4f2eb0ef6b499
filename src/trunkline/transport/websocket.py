"""A WebSocket: one connection carries many subscriptions."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from typing import Final

import aiohttp

from trunkline.events import AnyEvent
from trunkline.policy.flavour import Flavour
from trunkline.policy.outcome import Outcome, OutcomeKind
from trunkline.streams import Stream
from trunkline.transport.connection import ConnectionLimits, Incoming, Pulse
from trunkline.transport.http import REDIRECTS, ConnectionEnded, Secret, outcome_of, refusal
from trunkline.transport.messages import AnyMessage, Messages
from trunkline.transport.watchdog import Watchdog
from trunkline.wire.decode import decode_event, malformed
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

_TEXT: Final = aiohttp.WSMsgType.TEXT  # an enumeration is slow to ask on Python 3.11
_Odd = ErrorMessage | Accepted | Noise | None
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
    try:
        async with asyncio.timeout(limits.stall_seconds):
            socket = await http.ws_connect(
                f"{url}/api/v1/streaming",
                params=() if multiplexed else (("stream", streams[0].name), *streams[0].query),
                max_msg_size=limits.max_frame_bytes,
                autoping=False,
                compress=0,
                timeout=aiohttp.ClientWSTimeout(ws_close=_CLOSE_SECONDS),
                decode_text=False,
                headers=_credentials(token, flavour),
            )
    except aiohttp.WSServerHandshakeError as error:
        raise ConnectionEnded(_handshake_outcome(error, now=now, token=token)) from None
    except (aiohttp.ClientError, OSError) as error:
        raise ConnectionEnded(outcome_of(error)) from error
    connection = WebSocketConnection(
        socket,
        streams,
        server=server,
        token=token,
        flavour=flavour,
        limits=limits,
        now=now,
    )
    try:
        if token is not None and "message" in flavour.auth:
            await connection.send(encode_login(str(token.reveal())))
        if multiplexed:
            await connection.subscribe()
    except BaseException:
        await connection.close()
        raise
    return connection


def _credentials(token: Secret | None, flavour: Flavour) -> dict[str, str]:
    """Return where the token goes: its header, or the subprotocol for servers that read no header.

    The subprotocol is set as the header that it is, because the library would make text of it.
    """
    if token is None:
        return {}
    if "header" in flavour.auth:
        return {"Authorization": token.bearer()}
    return {"Sec-WebSocket-Protocol": token.reveal()} if "subprotocol" in flavour.auth else {}


def _handshake_outcome(
    error: aiohttp.WSServerHandshakeError, *, now: Callable[[], datetime], token: Secret | None
) -> Outcome:
    headers: Mapping[str, str] = error.headers or {}
    if error.status in REDIRECTS:
        return Outcome(OutcomeKind.REDIRECT_ELSEWHERE, status=error.status)
    if error.status in (101, 200):
        return Outcome(OutcomeKind.NO_UPGRADE, status=error.status)
    now_seconds = now().timestamp()
    return refusal(error.status, headers, b"", now_seconds=now_seconds, token=token)


class WebSocketConnection:
    """One open WebSocket; see `Connection`."""

    transport = "websocket"

    def __init__(
        self,
        socket: aiohttp.ClientWebSocketResponse[bool],
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
        self._socket = socket
        self._router = Router(streams)
        self._server = server
        self._token = token
        self._flavour = flavour
        self._now = now
        self._stalled = False
        self._messages = Messages(socket)
        self._later: list[AnyMessage] = []  # taken, and not looked at yet
        self._chores: set[asyncio.Task[None]] = set()
        self._watchdog = Watchdog(
            stall_seconds=limits.stall_seconds, on_stall=self._stall, on_silence=self._ping
        )

    async def subscribe(self) -> None:
        """Ask for every stream. There is no answer unless it is a refusal."""
        for stream in self.streams:
            await self.send(encode_subscribe(stream))

    async def send(self, text: str) -> None:
        """Send one request.

        Raises:
            ConnectionEnded: It is over.
        """
        try:
            await self._socket.send_str(text)
        except (aiohttp.ClientError, OSError) as error:
            raise ConnectionEnded(outcome_of(error)) from error

    async def read(self) -> Sequence[Incoming]:
        """Wait for messages and return what they say; see `Connection.read`."""
        if not self._later:
            self._watchdog.resume()
            self._later = await self._messages.take()
            self._watchdog.pause()
        events: list[Incoming] = []
        received_at = self._now()
        for place, message in enumerate(self._later):
            item = decode_message(message.data) if message.type is _TEXT else None
            if isinstance(item, Message):
                self.bytes_received += len(message.data)
                self._add(events, item, received_at)
            elif events:  # it has to wait for its turn
                self._later = self._later[place:]
                return events
            else:
                self._later = self._later[place + 1 :]
                return await self._other(message, item)
        self._later = []
        return events

    async def close(self) -> None:
        """Say goodbye, without waiting long for an answer."""
        self._watchdog.stop()
        self._messages.stop()
        for chore in self._chores:
            chore.cancel()
        await _quietly(self._close())

    def _add(self, events: list[Incoming], item: Message, received_at: datetime) -> None:
        """Add the event of a message, once for each stream that it is meant for."""
        for stream in self._router.route(item.stream):
            event = decode_event(
                item.event, item.data, stream=stream, server=self._server, received_at=received_at
            )
            events.append(event)

    async def _other(self, message: AnyMessage, item: _Odd) -> Sequence[Incoming]:
        """Answer pings, and turn every kind of ending into an outcome."""
        match message.type:
            case aiohttp.WSMsgType.TEXT:
                return [self._odd_text(message.data, item)]
            case aiohttp.WSMsgType.PING:
                await _quietly(self._socket.pong(message.data))
                return [Pulse.HEARTBEAT]
            case aiohttp.WSMsgType.PONG:
                return [Pulse.HEARTBEAT]
            case aiohttp.WSMsgType.BINARY:
                return [self._malformed(message.data, "expected a text message, got a binary one")]
            case _:
                raise ConnectionEnded(self._ending(message))

    def _odd_text(self, text: bytes, item: _Odd) -> Incoming:
        if isinstance(item, ErrorMessage):
            raise ConnectionEnded(
                Outcome(OutcomeKind.ERROR_FRAME, status=item.status, words=self._hide(item.error))
            )
        if isinstance(item, Accepted) or (self._flavour.sends_text_pings and text == b"pong"):
            return Pulse.HEARTBEAT
        return self._malformed(text, "expected an envelope in JSON")

    def _ending(self, message: AnyMessage) -> Outcome:
        if self._stalled:
            return Outcome(OutcomeKind.STALL)
        if message.type is aiohttp.WSMsgType.CLOSE:
            code = int(message.data or 1005)
            if code == 1005:
                return Outcome(OutcomeKind.TOKEN_KILLED)
            return Outcome(
                OutcomeKind.CLOSED, code=code, words=self._hide(str(message.extra or ""))
            )
        if isinstance(message.data, aiohttp.WebSocketError):
            return Outcome(OutcomeKind.BAD_FRAMING, words=str(message.data.code))
        return Outcome(OutcomeKind.CUT)

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
        text_pings = self._flavour.sends_text_pings
        self._start(self._socket.send_str("ping") if text_pings else self._socket.ping())

    def _stall(self) -> None:
        self._stalled = True
        self._start(self._close())

    def _start(self, chore: Coroutine[None, None, None]) -> None:
        task = asyncio.ensure_future(_quietly(chore))
        self._chores.add(task)
        task.add_done_callback(self._chores.discard)

    async def _close(self) -> None:
        await self._socket.close()


async def _quietly(sending: Coroutine[None, None, None]) -> None:
    """Send, and leave it to the next read to say how the connection ended if that fails."""
    with suppress(aiohttp.ClientError, OSError):
        await sending
