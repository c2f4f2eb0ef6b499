"""WebSocket streams: one connection, many subscriptions, as measured on Mastodon's server.

The session is the parser that the HTTP layer feeds with what the client sends; nothing runs for
an event, and the handler only waits for the end. What arrives in one read is handled together,
which is why an unsubscribe that shares a read with its subscribe comes too early and is lost, as
it is there.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import hashlib
from typing import Final

import msgspec
from aiohttp import web

from trunkline.server.authorisation import Refused, authenticate, require_scope, token_of
from trunkline.server.connection import Connection
from trunkline.server.encoders import Envelope
from trunkline.server.frames import (
    BINARY,
    CLOSE,
    PING,
    PONG,
    TEXT,
    FrameReader,
    ProtocolViolation,
    frame,
)
from trunkline.server.heads import ORDER, REFUSAL_ORDER, UPGRADE_ORDER, request_id
from trunkline.server.hub import Subscription
from trunkline.server.selection import MASTODON_STREAMS, first, parameters_of, select
from trunkline.server.site import SITE, Site
from trunkline.streams import STREAMS

__all__ = ["Session", "ping_all", "serve_websocket"]

_MAGIC: Final = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
_BINARY_WORDS: Final = b"The mastodon streaming server does not support binary messages"


class Session:
    """What one client asked for on its WebSocket."""

    def __init__(self, connection: Connection, site: Site) -> None:
        self.alive = True  # it answered the last ping
        self.finished: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._connection = connection
        self._site = site
        self._reader = FrameReader()
        self._subscriptions: dict[tuple[str, ...], Subscription] = {}

    def feed_data(self, data: bytes) -> tuple[bool, bytes]:
        """Handle what the client sent, one read of it."""
        try:
            for opcode, payload in self._reader.feed(data):
                self._handle(opcode, payload)
        except ProtocolViolation as violation:
            self.close(violation.code.to_bytes(2, "big"))
            self._finish()
        return False, b""

    def feed_eof(self) -> None:
        """The client is gone."""
        self._connection.end()
        self._finish()

    def close(self, payload: bytes = b"") -> None:
        """Send a close frame; nothing follows it. Only the first call has an effect."""
        if not self._connection.muted:
            self._connection.send_raw(frame(CLOSE, payload))
            self._connection.muted = True
            self._connection.end()

    def ping(self) -> None:
        """Ping the client, or cut it without a close frame if the last ping has no answer."""
        if not self.alive:
            self._connection.cut()
            return
        self.alive = False
        self._connection.beat(frame(PING, b""))

    def _finish(self) -> None:
        if not self.finished.done():
            self.finished.set_result(None)

    def _handle(self, opcode: int, payload: bytes) -> None:
        if opcode == PONG:
            self.alive = True
        elif opcode == CLOSE:
            self.close(payload)
            self._finish()
        elif self._connection.muted:
            return
        elif opcode == PING:
            self._connection.send_raw(frame(PONG, payload))
        elif opcode == BINARY:
            self.close((1003).to_bytes(2, "big") + _BINARY_WORDS)
        else:
            self._request(payload)

    def _request(self, text: bytes) -> None:
        try:
            message = msgspec.json.decode(text)
        except (msgspec.MsgspecError, RecursionError):
            return
        if not isinstance(message, dict):
            return
        kind = first(message.get("type"))
        if kind == "subscribe":
            asyncio.get_running_loop().call_soon(self.subscribe, message)
        elif kind == "unsubscribe":
            self._unsubscribe(message)

    def subscribe(self, message: dict[str, object]) -> None:
        """Subscribe to what `message` names, or say why not; twice the same is once."""
        if self._connection.muted:
            return
        try:
            name, channels = self._select(message)
        except Refused as refused:
            self._say({"error": refused.words, "status": refused.status})
            return
        if channels not in self._subscriptions:
            parameter = STREAMS[name].parameter
            spelled = message[parameter] if parameter is not None else None
            words = (name, spelled) if isinstance(spelled, (str, int)) else (name,)
            subscription = Subscription(self._connection, channels, Envelope(words))
            self._subscriptions[channels] = subscription
            self._site.hub.subscribe(subscription)

    def _unsubscribe(self, message: dict[str, object]) -> None:
        try:
            _, channels = self._select(message)
        except Refused:
            self._say({"error": "Error unsubscribing from channel"})
            return
        subscription = self._subscriptions.pop(channels, None)
        if subscription is not None:
            self._site.hub.unsubscribe(subscription)

    def _select(self, message: dict[str, object]) -> tuple[str, tuple[str, ...]]:
        name, token = first(message.get("stream")), self._connection.token
        require_scope(token, str(name))
        if not isinstance(name, str) or name not in MASTODON_STREAMS:
            raise Refused(400, "Unknown stream type")
        return name, select(self._site.world.people, token, name, message)

    def _say(self, members: dict[str, object]) -> None:
        self._connection.send_raw(frame(TEXT, msgspec.json.encode(members)))


def ping_all(site: Site) -> None:
    """Ping every WebSocket; cut those that left the last ping unanswered."""
    for session in tuple(site.sessions):
        session.ping()


async def serve_websocket(request: web.Request) -> web.StreamResponse:
    """Serve a WebSocket until it ends; the path does not matter."""
    site = request.app[SITE]
    wrong = _handshake_fault(request)
    if wrong is not None:
        return _refuse(request, status=wrong[0], body=wrong[1])
    try:
        value = token_of(request.headers, request.query)
        token = authenticate(site.world.people.tokens, value)
    except Refused as refused:
        return _refuse(request, status=refused.status, words=refused.words)
    response = _upgrade(request)
    await response.prepare(request)
    transport = request.transport
    if transport is None:
        return response
    connection = site.hub.open(transport, kind="websocket", token=token)
    session = Session(connection, site)
    await _converse(request, session, connection, site)
    return response


async def _converse(
    request: web.Request, session: Session, connection: Connection, site: Site
) -> None:
    site.sessions.add(session)
    try:
        request.protocol.set_parser(session)  # type: ignore[arg-type]  # has the two methods used
        stream = request.query.get("stream")
        if stream:
            session.subscribe({"stream": stream, **parameters_of(request.query)})
        await connection.ended
        session.close()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(site.settings.close_wait_seconds):
                await session.finished
    finally:
        site.sessions.discard(session)
        site.hub.close(connection)


def _handshake_fault(request: web.Request) -> tuple[int, str] | None:
    headers = request.headers
    if request.method != "GET":
        return 405, "Invalid HTTP method"
    if headers.get("Upgrade", "").lower() != "websocket":
        return 400, "Invalid Upgrade header"
    if len(headers.get("Sec-WebSocket-Key", "")) != 24:
        return 400, "Missing or invalid Sec-WebSocket-Key header"
    if headers.get("Sec-WebSocket-Version") not in ("13", "8"):
        return 400, "Missing or invalid Sec-WebSocket-Version header"
    return None


def _refuse(
    request: web.Request, *, status: int, body: str = "", words: str | None = None
) -> web.Response:
    request[ORDER] = REFUSAL_ORDER
    told = {} if words is None else {"X-Request-Id": request_id(), "X-Error-Message": words}
    headers = {
        "Connection": "close",
        "Content-Type": "text/html" if body else "text/plain",
        **({"Sec-WebSocket-Version": "13, 8"} if "Version" in body else {}),
        **told,
    }
    response = web.Response(status=status, body=body.encode(), headers=headers)
    response.force_close()
    return response


def _upgrade(request: web.Request) -> web.StreamResponse:
    request[ORDER] = UPGRADE_ORDER
    key = request.headers["Sec-WebSocket-Key"].encode()
    accept = base64.b64encode(hashlib.sha1(key + _MAGIC).digest())  # noqa: S324  # RFC 6455 says so
    protocol = request.headers.get("Sec-WebSocket-Protocol", "").partition(",")[0].strip()
    response = web.StreamResponse(
        status=101,
        headers={
            "Upgrade": "websocket",
            "Connection": "Upgrade",
            "Sec-WebSocket-Accept": accept.decode(),
            **({"Sec-WebSocket-Protocol": protocol} if protocol else {}),
            "X-Request-Id": request_id(),
        },
    )
    response.force_close()
    return response
