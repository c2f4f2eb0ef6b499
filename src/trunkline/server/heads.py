"""The heads of responses: the fields, in the order in which the streaming server writes them."""

from __future__ import annotations

import uuid
from typing import Final

from aiohttp import web

from trunkline.server.authorisation import Refused

__all__ = ["ORDER", "finish_head", "json_error", "request_id", "stream_response"]

ORDER: Final = web.RequestKey("order", tuple)
_CORS: Final = {"Access-Control-Allow-Origin": "*"}
_KEEP_ALIVE: Final = {"Connection": "keep-alive", "Keep-Alive": "timeout=5"}

STREAM_ORDER: Final = (
    "X-Request-Id",
    "Access-Control-Allow-Origin",
    "Content-Type",
    "Cache-Control",
    "Transfer-Encoding",
    "Date",
    "Connection",
    "Keep-Alive",
)
ANSWER_ORDER: Final = (
    *(name for name in STREAM_ORDER if name != "Transfer-Encoding"),
    "Transfer-Encoding",
    "Content-Length",
)
UPGRADE_ORDER: Final = (
    "Upgrade",
    "Connection",
    "Sec-WebSocket-Accept",
    "Sec-WebSocket-Protocol",
    "X-Request-Id",
)
REFUSAL_ORDER: Final = (
    "Connection",
    "Content-Type",
    "Content-Length",
    "Sec-WebSocket-Version",
    "X-Request-Id",
    "X-Error-Message",
)


def request_id() -> str:
    """Return a new value of ``X-Request-Id``."""
    return str(uuid.uuid4())


async def finish_head(request: web.Request, response: web.StreamResponse) -> None:
    """Put the fields in order, and only those which the real server sends."""
    headers = response.headers
    headers.popall("Server", None)
    order: tuple[str, ...] | None = request.get(ORDER)
    if order is None:
        return
    persists = "Connection" not in headers and request.version >= (1, 1)
    if persists and response.keep_alive and order in (STREAM_ORDER, ANSWER_ORDER):
        headers.update(_KEEP_ALIVE)
    kept = [(name, headers[name]) for name in order if name in headers]
    headers.clear()
    headers.extend(kept)


def stream_response(request: web.Request) -> web.StreamResponse:
    """Return the response that an event stream is written to."""
    request[ORDER] = STREAM_ORDER
    response = web.StreamResponse(
        headers={
            "Content-Type": "text/event-stream",
            "Cache-Control": "private, no-store",
            "X-Request-Id": request_id(),
            **_CORS,
        }
    )
    if request.version >= (1, 1):
        response.enable_chunked_encoding()
    return response


def answer(
    request: web.Request, *, body: bytes, content_type: str, status: int = 200
) -> web.Response:
    """Return a short answer of the streaming server, in one chunk."""
    request[ORDER] = ANSWER_ORDER
    response = web.Response(
        status=status,
        body=body,
        headers={"Content-Type": content_type, "X-Request-Id": request_id(), **_CORS},
    )
    if request.version >= (1, 1):
        response.enable_chunked_encoding()
    return response


def json_error(request: web.Request, refused: Refused) -> web.Response:
    """Return a refusal as event streams put it."""
    body = b'{"error":"%b"}' % refused.words.encode()
    return answer(request, body=body, content_type="application/json", status=refused.status)
