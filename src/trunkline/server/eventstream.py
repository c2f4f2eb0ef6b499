"""Event streams (SSE): ``GET /api/v1/streaming/...``, as measured on Mastodon's streaming server.

One handler waits for the end of one connection; the hub writes the events, a timer the heartbeats.
"""

from __future__ import annotations

from aiohttp import web

from trunkline.server.authorisation import Refused, authenticate, require_scope, token_of
from trunkline.server.connection import Connection
from trunkline.server.encoders import chunked_event, opener, plain_event, thump
from trunkline.server.heads import answer, json_error, stream_response
from trunkline.server.hub import Subscription
from trunkline.server.selection import parameters_of, select, stream_of_path
from trunkline.server.site import SITE, Site
from trunkline.server.timers import Ticker
from trunkline.server.tokens import Token

__all__ = ["health", "preflight", "serve_stream", "unknown_method"]


async def serve_stream(request: web.Request) -> web.StreamResponse:
    """Serve the stream that the path names until it ends."""
    site = request.app[SITE]
    try:
        token, channels = _authorise(site, request)
    except Refused as refused:
        return json_error(request, refused)
    response = stream_response(request)
    await response.prepare(request)
    transport = request.transport
    if transport is None:
        return response
    chunked = bool(response.chunked)
    connection = site.hub.open(transport, kind="sse", token=token, chunked=chunked)
    connection.send_raw(opener(chunked=chunked))
    encode = chunked_event if chunked else plain_event
    site.hub.subscribe(Subscription(connection, channels, encode))
    try:
        await _until_end(connection, site, chunked=chunked)
    finally:
        site.hub.close(connection)
    return response


async def _until_end(connection: Connection, site: Site, *, chunked: bool) -> None:
    beat = thump(chunked=chunked, lines=site.settings.heartbeat_line_feeds)
    heart = Ticker(lambda: connection.beat(beat), seconds=site.settings.heartbeat_seconds)
    try:
        await connection.ended
    finally:
        heart.stop()


def _authorise(site: Site, request: web.Request) -> tuple[Token, tuple[str, ...]]:
    if not site.flavour.sse:
        raise web.HTTPNotFound
    path = request.raw_path.partition("?")[0].removeprefix("/api/v1/streaming").removeprefix("/")
    name = stream_of_path(path, request.query, known=site.flavour.streams)
    if name is None:
        raise Refused(400, "Unknown channel requested")
    people = site.world.people
    token = authenticate(people.tokens, token_of(request.headers, request.query))
    require_scope(token, name)
    return token, select(site, token, name, parameters_of(request.query))


async def health(request: web.Request) -> web.StreamResponse:
    """Say that the server is up; no token needed."""
    response = answer(request, body=b"OK", content_type="text/plain")
    response.headers["Cache-Control"] = "private, no-store"
    return response


async def preflight(_request: web.Request) -> web.StreamResponse:
    """Answer what a browser asks before a request from another origin; no token needed."""
    return web.Response(
        status=204,
        headers={
            "Access-Control-Allow-Origin": "*",
            "Access-Control-Allow-Methods": "GET,HEAD,PUT,PATCH,POST,DELETE",
            "Access-Control-Allow-Headers": "Authorization, Content-Type",
        },
    )


async def unknown_method(request: web.Request) -> web.StreamResponse:
    """Answer what streams do not know with a page, not with JSON."""
    page = f"<!DOCTYPE html>\n<title>Error</title>\n<pre>Cannot {request.method} here</pre>\n"
    return web.Response(status=404, text=page, content_type="text/html")
