"""WebSocket streams: one connection, many subscriptions, as measured on Mastodon's server.

The dialogue is the parser that the HTTP layer feeds with what the client sends; nothing runs for
an event. What arrives in one read is handled together, which is why an unsubscribe that shares a
read with its subscribe comes too early and is lost, as it is there. Where other servers differ,
the flavour says so.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Final

import msgspec

from trunkline.server.authorisation import MISSING_SCOPE, Refused, authenticate, require_scope
from trunkline.server.connection import Connection
from trunkline.server.encoders import Envelope
from trunkline.server.hub import Subscription
from trunkline.server.selection import first, select
from trunkline.server.site import Site
from trunkline.streams import STREAMS
from trunkline.wire.frames import (
    BINARY,
    CLOSE,
    PING,
    PONG,
    TEXT,
    FrameReader,
    encode_frame,
)
from trunkline.wire.sse import Oversized

__all__ = ["Dialogue"]

_BINARY_WORDS: Final = b"The mastodon streaming server does not support binary messages"
_NO_UTF8: Final = 1007
_TOO_BIG: Final = 1009
_NO_DELETES: Final = frozenset({"delete"})


def _is_utf8(text: bytes) -> bool:
    try:
        text.decode()
    except UnicodeDecodeError:
        return False
    return True


class Dialogue:
    """What one client asked for on its WebSocket.

    Attributes:
        finished: Resolves when the socket may be closed.
    """

    def __init__(self, connection: Connection, site: Site) -> None:
        self.finished: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._alive = True  # it answered the last ping
        self._closing = False  # a close frame was sent
        self._connection = connection
        self._site = site
        self._flavour = site.flavour
        self._reader = FrameReader(
            from_client=True, max_message_bytes=site.flavour.max_message_bytes
        )
        self._subscriptions: dict[tuple[str, ...], Subscription] = {}
        self._idle_timer: asyncio.TimerHandle | None = None
        self._stay()

    def feed_data(self, data: bytes) -> tuple[bool, bytes]:
        """Handle what the client sent, one read of it."""
        self._stay()
        for message in self._reader.feed(data):
            if isinstance(message, Oversized):
                self._violated(_TOO_BIG)
            elif message[0] == TEXT and not _is_utf8(message[1]):
                self._violated(_NO_UTF8)
            else:
                self._handle(*message)
        if self._reader.violation is not None:
            self._violated(self._reader.violation)
        return False, b""

    def _violated(self, code: int) -> None:
        self.close(code.to_bytes(2, "big"))
        self._finish()

    def feed_eof(self) -> None:
        """The client is gone."""
        self._connection.end()
        self._finish()

    def close(self, payload: bytes = b"") -> None:
        """Send a close frame; nothing follows it. Only the first call has an effect."""
        if not self._closing:
            self._closing = True
            self._connection.send_raw(encode_frame(CLOSE, payload))
            self._connection.end()

    def ping(self) -> None:
        """Ping the client, or cut it without a close frame if the last ping has no answer."""
        if self._connection.stalled or self._closing:
            return
        if not self._alive:
            self._connection.cut()
            return
        self._alive = False
        self._connection.beat(encode_frame(PING, b""))

    def _stay(self) -> None:
        """Put off the moment at which the silence of the client ends the connection."""
        seconds = self._flavour.idle_close_seconds
        if self._idle_timer is not None:
            self._idle_timer.cancel()
        if seconds is not None:
            loop = asyncio.get_running_loop()
            self._idle_timer = loop.call_later(seconds, self._connection.cut)

    def _finish(self) -> None:
        if self._idle_timer is not None:
            self._idle_timer.cancel()
        if not self.finished.done():
            self.finished.set_result(None)

    def _handle(self, opcode: int, payload: bytes) -> None:
        if opcode == PONG:
            self._alive = True
        elif opcode == CLOSE:
            self.close(payload)
            self._finish()
        elif self._connection.muted:
            return
        elif opcode == PING:
            self._connection.send_raw(encode_frame(PONG, payload))
        elif opcode == BINARY:
            self.close((1003).to_bytes(2, "big") + _BINARY_WORDS)
        elif payload == b"ping" and self._flavour.answers_ping:
            self._connection.send_raw(encode_frame(TEXT, b"pong"))
        else:
            self._request(payload)

    def _request(self, text: bytes) -> None:
        try:
            message = msgspec.json.decode(text)
        except (msgspec.MsgspecError, RecursionError):
            message = None
        if not isinstance(message, dict):
            if self._flavour.bad_message_code is not None:
                self.close(self._flavour.bad_message_code.to_bytes(2, "big"))
            return
        kind = first(message.get("type"))
        if kind == "subscribe":
            if not self._flavour.takes_parameters:
                message = {"stream": message.get("stream")}
            asyncio.get_running_loop().call_soon(self.subscribe, message)
        elif kind == "unsubscribe" and self._flavour.unsubscribes:
            self._unsubscribe(message)
        elif kind == "pleroma:authenticate" and self._flavour.logs_in_by_message:
            self._log_in(message)

    def subscribe(self, message: Mapping[str, object]) -> None:
        """Subscribe to what `message` names, or say why not; twice the same is once."""
        if self._connection.muted or (self._flavour.one_stream and self._subscriptions):
            return
        try:
            name, channels = self._select(message)
        except Refused as refused:
            self._refuse("subscribe", refused)
            return
        known = channels in self._subscriptions
        if not known:
            subscription = Subscription(self._connection, channels, self._envelope(name, message))
            self._subscriptions[channels] = subscription
            self._site.hub.subscribe(subscription)
        self._respond("subscribe", "ignored" if known else "success")

    def _envelope(self, name: str, message: Mapping[str, object]) -> Envelope:
        flavour, parameter = self._flavour, STREAMS[name].parameter
        spelled = message[parameter] if parameter is not None else None
        words = flavour.words(
            name,
            spelled if isinstance(spelled, (str, int)) else None,
            self._connection.token.account_id or "",
        )
        without_deletes = name in flavour.streams_without_deletes
        return Envelope(
            words,
            nameless=frozenset() if flavour.names_deletes else _NO_DELETES,
            skipped=_NO_DELETES if without_deletes else frozenset(),
        )

    def _unsubscribe(self, message: Mapping[str, object]) -> None:
        try:
            _, channels = self._select(message)
        except Refused:
            self._refuse("unsubscribe", Refused(0, "Error unsubscribing from channel"))
            return
        subscription = self._subscriptions.pop(channels, None)
        if subscription is not None:
            self._site.hub.unsubscribe(subscription)
        self._respond("unsubscribe", "success" if subscription is not None else "ignored")

    def _select(self, message: Mapping[str, object]) -> tuple[str, tuple[str, ...]]:
        name, token = first(message.get("stream")), self._connection.token
        require_scope(token, str(name))
        if not isinstance(name, str) or name not in self._flavour.streams:
            raise Refused(400, "Unknown stream type")
        return name, select(self._site, token, name, message)

    def _log_in(self, message: Mapping[str, object]) -> None:
        value = message.get("token")
        try:
            tokens = self._site.world.people.tokens
            token = authenticate(tokens, value if isinstance(value, str) else None)
        except Refused as refused:
            self._refuse("pleroma:authenticate", refused)
            return
        self._connection.token = token
        self._respond("pleroma:authenticate", "success")

    def _refuse(self, request: str, refused: Refused) -> None:
        code = self._flavour.bad_scope_code
        if refused.words == MISSING_SCOPE and code is not None:
            self.close(code.to_bytes(2, "big"))
        elif self._flavour.errors == "frame":
            status = {"status": refused.status} if refused.status else {}
            self._say({"error": refused.words, **status})
        else:
            error = "unauthorized" if refused.status == 401 else "bad_topic"
            self._respond(request, "error", error=error)

    def _respond(self, request: str, result: str, **members: str) -> None:
        if self._flavour.errors == "respond":
            payload = msgspec.json.encode({"type": request, "result": result, **members})
            self._say({"event": "pleroma:respond", "payload": payload.decode()})

    def _say(self, members: Mapping[str, object]) -> None:
        self._connection.send_raw(encode_frame(TEXT, msgspec.json.encode(members)))
