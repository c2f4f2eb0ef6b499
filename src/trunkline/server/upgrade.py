"""From an HTTP request to a WebSocket: the handshake, its refusals, and the wait for the end."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import hashlib
from typing import Final

from aiohttp import web

from trunkline.server.authorisation import Refused, authenticate, token_of
from trunkline.server.connection import Connection
from trunkline.server.heads import ORDER, REFUSAL_ORDER, UPGRADE_ORDER, request_id
from trunkline.server.selection import parameters_of
from trunkline.server.site import SITE, Site
from trunkline.server.tokens import Token
from trunkline.server.websocket import Dialogue

__all__ = ["ping_all", "serve_websocket"]

_MAGIC: Final = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
_ANONYMOUS: Final = Token(value="", scopes=frozenset())


async def serve_websocket(request: web.Request) -> web.StreamResponse:
    """Serve a WebSocket until it ends; the path does not matter."""
    site = request.app[SITE]
    if not site.flavour.websocket:
        raise web.HTTPNotFound
    wrong = _handshake_fault(request)
    if wrong is not None:
        return _refuse(request, status=wrong[0], body=wrong[1])
    try:
        token = _authenticate(request, site)
    except Refused as refused:
        return _refuse(request, status=refused.status, words=refused.words)
    response = _upgrade(request)
    await response.prepare(request)
    transport = request.transport
    if transport is None:
        return response
    connection = site.hub.open(transport, kind="websocket", token=token)
    await _converse(request, connection, site)
    return response


def ping_all(site: Site) -> None:
    """Ping every WebSocket; cut those that left the last ping unanswered."""
    for dialogue in tuple(site.dialogues) if site.flavour.pings else ():
        dialogue.ping()


def _authenticate(request: web.Request, site: Site) -> Token:
    flavour = site.flavour
    if "header" not in flavour.credentials and "Authorization" in request.headers:
        raise Refused(400, "Authorization header not supported")
    value = token_of(request.headers, request.query, order=flavour.credentials)
    if value is None and flavour.logs_in_by_message:
        return _ANONYMOUS
    return authenticate(site.world.people.tokens, value)


async def _converse(request: web.Request, connection: Connection, site: Site) -> None:
    dialogue = Dialogue(connection, site)
    site.dialogues.add(dialogue)
    try:
        request.protocol.set_parser(dialogue)  # type: ignore[arg-type]  # has the two methods used
        stream = request.query.get("stream")
        if stream:
            instance = {"instance": request.query.get("instance")}
            dialogue.subscribe({"stream": stream, **instance, **parameters_of(request.query)})
        await connection.ended
        dialogue.close()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(site.settings.close_wait_seconds):
                await dialogue.finished
    finally:
        dialogue.feed_eof()
        site.dialogues.discard(dialogue)
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
