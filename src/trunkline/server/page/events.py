"""The events of the page: an event stream of views, ``GET /page/events?stream=...&tag=...``.

It begins with ``backfill``, the newest posts, on every connect, so that a page that was away sees
what it missed; then ``update``, ``status.update`` and ``delete`` as they come, and ``heartbeat``.
It carries public posts only and therefore asks for no token. What is no post is not for the page.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

import msgspec
from aiohttp import web

from trunkline.entities import Status
from trunkline.entities.decoding import decode
from trunkline.errors import BadInput, MalformedEventError
from trunkline.server import channels
from trunkline.server.connection import Connection
from trunkline.server.encoders import chunk
from trunkline.server.hub import Subscription
from trunkline.server.page.headers import HEADERS
from trunkline.server.page.view import PostView, post_view
from trunkline.server.publication import Publication
from trunkline.server.site import SITE, Site
from trunkline.server.timelines import PageRequest
from trunkline.server.timers import Ticker
from trunkline.server.tokens import Token
from trunkline.streams import Stream
from trunkline.wire.sse import encode_event

__all__ = ["BACKFILL_POSTS", "PAGE_STREAMS", "ViewEncoder", "page_events"]

BACKFILL_POSTS: Final = 20
PAGE_STREAMS: Final = ("public", "public:local", "public:remote", "hashtag", "hashtag:local")
_NOBODY: Final = Token(value="", scopes=frozenset(), kind="app")

Hosts = frozenset[str]


@dataclass(frozen=True, slots=True)
class ViewEncoder:
    """Turns a publication into an event of the page: once for all pages that share its fields."""

    hosts: Hosts
    chunked: bool

    def __call__(self, publication: Publication, /) -> bytes:
        """Return the bytes of one event; nothing for what the page does not show."""
        make = _DATA.get(publication.event)
        if make is None:
            return b""
        try:
            return self.event(publication.event, make(publication.data, self.hosts))
        except MalformedEventError:
            return b""

    def event(self, name: str, data: object) -> bytes:
        """Return the bytes of the event `name`."""
        encoded = b"".join(encode_event(name, msgspec.json.encode(data)))
        return chunk(encoded) if self.chunked else encoded


def _view(data: bytes, hosts: Hosts) -> PostView:
    return post_view(decode(data, Status), hosts=hosts)


def _deleted(data: bytes, _hosts: Hosts) -> object:
    return {"id": data.decode("utf-8", "replace")}


_DATA: Final[Mapping[str, Callable[[bytes, Hosts], object]]] = {
    "update": _view,
    "status.update": _view,
    "delete": _deleted,
}


async def page_events(request: web.Request) -> web.StreamResponse:
    """Serve the stream that the query names until the page leaves."""
    try:
        channel = _channel(request.query.get("stream", "public"), request.query.get("tag"))
    except BadInput as error:
        return web.Response(status=400, text=str(error), headers=HEADERS)
    site = request.app[SITE]
    response = web.StreamResponse(
        headers={**HEADERS, "Content-Type": "text/event-stream", "Cache-Control": "no-store"}
    )
    if request.version >= (1, 1):
        response.enable_chunked_encoding()
    await response.prepare(request)
    transport = request.transport
    if transport is None:
        return response
    hosts = frozenset({request.host, site.world.people.host})
    encode = ViewEncoder(hosts, bool(response.chunked))
    connection = site.hub.open(transport, kind="sse", token=_NOBODY, chunked=encode.chunked)
    # Nothing is awaited between these two, so no event falls between them.
    connection.send_raw(encode.event("backfill", backfill(site, channel, hosts=hosts)))
    site.hub.subscribe(Subscription(connection, (channel,), encode))
    try:
        await _until_end(connection, encode, seconds=site.settings.heartbeat_seconds)
    finally:
        site.hub.close(connection)
    return response


def backfill(site: Site, channel: str, *, hosts: Hosts) -> dict[str, object]:
    """Return the newest posts of `channel`, oldest first.

    They are ``complete`` when REST does not lag: then a newer post that is not among them is gone.
    """
    archive = site.world.archive
    ids = archive.timeline(channel).page(PageRequest(limit=BACKFILL_POSTS))
    shelves = [archive.get(f"status:{one}") for one in reversed(ids)]
    return {
        "posts": [_view(shelf.raw, hosts) for shelf in shelves if shelf is not None],
        "complete": archive.lag_seconds == 0,
        "heartbeat_seconds": site.settings.heartbeat_seconds,
    }


async def _until_end(connection: Connection, encode: ViewEncoder, *, seconds: float) -> None:
    # A comment would do for the socket, but a page is not told of comments.
    beat = encode.event("heartbeat", {})
    heart = Ticker(lambda: connection.beat(beat), seconds=seconds)
    try:
        await connection.ended
    finally:
        heart.stop()


def _channel(name: str, tag: str | None) -> str:
    """Return the channel of a stream that the page may show.

    Raises:
        BadInput: It is no public stream, or its tag is missing or none.
    """
    if name not in PAGE_STREAMS:
        raise BadInput(f"Expected one of {', '.join(PAGE_STREAMS)}; got {name[:40]!r}.")
    stream = Stream(name, tag=tag) if name.startswith("hashtag") else Stream(name)
    (channel,) = channels.of_stream(stream.name, parameter=stream.parameter, account_id="")
    return channel
