"""The application: which request is answered by whom."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable

import msgspec
from aiohttp import web

from trunkline.server.builders import Json
from trunkline.server.eventstream import health, preflight, serve_stream, unknown_method
from trunkline.server.flavours import FLAVOURS, Flavour
from trunkline.server.heads import finish_head
from trunkline.server.hub import Hub
from trunkline.server.instance import instance_v1, instance_v2
from trunkline.server.oauth import OAUTH_ROUTES
from trunkline.server.page import PAGE_ROUTES
from trunkline.server.pictures import PICTURE_ROUTES
from trunkline.server.rest import ROUTES
from trunkline.server.rest_access import guard
from trunkline.server.rest_writing import WRITING_ROUTES
from trunkline.server.sabotage import Saboteur
from trunkline.server.sabotage_connects import meet_fault
from trunkline.server.site import SITE, Settings, Site
from trunkline.server.timers import Ticker
from trunkline.server.upgrade import ping_all, serve_websocket
from trunkline.server.world import World

__all__ = ["make_app"]

_SLASH = "{slash:/?}"  # the REST API takes every path with one more slash, streams do not
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def make_app(
    world: World,
    hub: Hub,
    *,
    settings: Settings | None = None,
    flavour: Flavour = FLAVOURS["mastodon"],
    saboteur: Saboteur | None = None,
) -> web.Application:
    """Return the application that shows `world` and streams what `hub` carries.

    It behaves as the servers of `flavour` do. With a `saboteur` every request meets the faults of
    its plan first.

    Run it with `handler_cancellation`, or a client that left is noticed only by its next heartbeat.
    Connecting the world to the hub is the caller's business (`world.listeners`).
    """
    spoiling = [meet_fault(saboteur)] if saboteur is not None else []
    app = web.Application(middlewares=[*spoiling, _front, guard])
    app[SITE] = Site(world=world, hub=hub, settings=settings or Settings(), flavour=flavour)
    app.on_response_prepare.append(finish_head)
    app.cleanup_ctx.append(_pinging)
    app.router.add_get(f"/api/v2/instance{_SLASH}", _instance(instance_v2))
    app.router.add_get(f"/api/v1/instance{_SLASH}", _instance(instance_v1))
    app.router.add_get("/api/v1/streaming/health", health)
    for method, path, handler in (*ROUTES, *WRITING_ROUTES, *OAUTH_ROUTES):
        app.router.add_route(method, path + _SLASH, handler)
    for method, path, handler in (*PICTURE_ROUTES, *PAGE_ROUTES):
        app.router.add_route(method, path, handler)
    for path in ("/api/v1/streaming", "/api/v1/streaming/{path:.*}"):
        app.router.add_get(path, serve_stream, allow_head=False)
        app.router.add_options(path, preflight)
        app.router.add_route("*", path, unknown_method)
    return app


@web.middleware
async def _front(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Take every request for an upgrade, whatever its path; know no second way to a stream."""
    if "Upgrade" in request.headers:
        return await serve_websocket(request)
    try:
        return await handler(request)
    except web.HTTPNotFound:
        if "/api/v1/streaming" in request.path:
            return await serve_stream(request)
        raise


async def _pinging(app: web.Application) -> AsyncIterator[None]:
    site = app[SITE]
    ticker = Ticker(lambda: ping_all(site), seconds=site.settings.ping_seconds)
    yield
    ticker.stop()


def _instance(make: Callable[..., Json]) -> Handler:
    async def respond(request: web.Request) -> web.StreamResponse:
        site = request.app[SITE]
        own = f"{'wss' if request.secure else 'ws'}://{request.host}"
        document = make(
            host=request.host,
            version=site.settings.version or site.flavour.version,
            streaming_url={"own": own, "empty": "", "null": None}[site.flavour.streaming_url],
            account=site.world.people.demo,
        )
        return web.Response(body=msgspec.json.encode(document), content_type="application/json")

    return respond
