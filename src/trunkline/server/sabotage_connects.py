"""Faults that a client meets when it connects or asks: wrong pages, error statuses, silence."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from aiohttp import web
from aiohttp.typedefs import Middleware

from trunkline.server.faults import Fault
from trunkline.server.heads import stream_response
from trunkline.server.sabotage import Saboteur

__all__ = ["meet_fault"]

_PAGE = "<!DOCTYPE html><html><body><h1>We will be right back</h1></body></html>\n"
_STREAMING = "/api/v1/streaming"
_Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def meet_fault(saboteur: Saboteur) -> Middleware:
    """Return the middleware that gives each request the fault that waits for it."""

    @web.middleware
    async def middleware(request: web.Request, handler: _Handler) -> web.StreamResponse:
        fault = _fault_for(request, saboteur)
        return await handler(request) if fault is None else await _spoiled(request, fault)

    return middleware


def _fault_for(request: web.Request, saboteur: Saboteur) -> Fault | None:
    if "Upgrade" in request.headers:
        return saboteur.next_connect("websocket")
    if request.path.startswith(f"{_STREAMING}/health"):
        return None
    if request.path.startswith(_STREAMING):
        return saboteur.next_connect("sse")
    if request.path.startswith("/api/") and not request.path.rstrip("/").endswith("/instance"):
        return saboteur.next_request()
    return None


async def _spoiled(request: web.Request, fault: Fault) -> web.StreamResponse:
    match fault.kind:
        case "refuse":
            return _hang_up(request)
        case "html":
            return web.Response(text=_PAGE, content_type="text/html")
        case "buffering":
            return await _say_nothing(request)
        case "redirect":
            location = fault.location.rstrip("/") + request.path_qs
            return web.Response(status=307, headers={"Location": location})
        case _:
            return _with_status(fault)


def _with_status(fault: Fault) -> web.Response:
    """Return an error; a refusal is without words, as from something in front of the server."""
    retry_after = fault.retry_after_seconds
    headers = {} if retry_after is None else {"Retry-After": str(retry_after)}
    if fault.status in (401, 403):
        return web.Response(status=fault.status, headers=headers)
    words = "Too many requests" if fault.status == 429 else "Service unavailable"
    return web.json_response({"error": words}, status=fault.status, headers=headers)


def _hang_up(request: web.Request) -> web.StreamResponse:
    if request.transport is not None:
        request.transport.abort()
    return web.Response()


async def _say_nothing(request: web.Request) -> web.StreamResponse:
    """Send the head of an event stream and wait until the client has had enough."""
    response = stream_response(request)
    await response.prepare(request)
    await asyncio.get_running_loop().create_future()
    return response
