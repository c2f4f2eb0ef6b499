"""Who may see what over REST, and how the API says no."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import msgspec
from aiohttp import web

from trunkline.server.archive import Shelf
from trunkline.server.authorisation import Refused
from trunkline.server.builders import Json
from trunkline.server.channels import home
from trunkline.server.heads import request_id
from trunkline.server.paging import BOUNDS
from trunkline.server.site import SITE
from trunkline.server.tokens import Token

__all__ = ["guard", "require_user", "viewer_of", "visible_shelf"]

_NOT_FOUND = Refused(404, "Record not found")


def viewer_of(request: web.Request) -> Token | None:
    """Return the token of a request; ``None`` for an anonymous one.

    Raises:
        Refused: It carries a token that is not good.
    """
    value = _value_of(request)
    if value is None:
        return None
    token = request.app[SITE].world.people.tokens.find(value)
    if token is None:
        raise Refused(401, "The access token is invalid")
    return token


def require_user(request: web.Request, scope: str) -> Token:
    """Return the user token of a request, which must hold `scope`.

    Raises:
        Refused: There is no such token (401), no user behind it (422), or no such scope (403).
    """
    token = viewer_of(request)
    if token is None:
        raise Refused(401, "The access token is invalid")
    if not token.allows(scope):
        raise Refused(403, "This action is outside the authorized scopes")
    if token.account_id is None:
        raise Refused(422, "This method requires an authenticated user")
    return token


def visible_shelf(request: web.Request, status_id: str, *, lagging: bool = True) -> Shelf:
    """Return a post that the request may see, as a lagging REST shows it or as it is.

    Raises:
        Refused: There is none (404), and so it says of one that is not for these eyes.
    """
    token = viewer_of(request)
    archive, key = request.app[SITE].world.archive, f"status:{status_id}"
    shelf = archive.get(key) if lagging else archive.latest(key)
    if shelf is None:
        raise _NOT_FOUND
    status: Json = msgspec.json.decode(shelf.raw)
    if status["visibility"] in ("public", "unlisted"):
        return shelf
    if token is None or token.account_id is None or home(token.account_id) not in shelf.channels:
        raise _NOT_FOUND
    return shelf


@web.middleware
async def guard(
    request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
) -> web.StreamResponse:
    """Count REST requests against the rate limits, and put refusals as the API does."""
    if not request.path.startswith("/api/") or request.path.startswith("/api/v1/streaming"):
        return await handler(request)
    site = request.app[SITE]
    verdict = site.throttle.judge(
        _value_of(request) or request.remote or "",
        paged=any(name in request.query for name in BOUNDS),
        now=site.world.now(),
    )
    try:
        if not verdict.allowed:
            raise Refused(429, "Too many requests")
        response = await handler(request)
    except Refused as refused:
        response = _error(refused)
    except web.HTTPNotFound:
        response = _error(Refused(404, "The page you are looking for isn't here."))
    response.headers.update(verdict.headers)
    response.headers["X-Request-Id"] = request_id()
    response.headers["Access-Control-Allow-Origin"] = "*"
    return response


def _value_of(request: web.Request) -> str | None:
    header = request.headers.get("Authorization", "")
    return header.removeprefix("Bearer ") or request.query.get("access_token") or None


def _error(refused: Refused) -> web.Response:
    return web.Response(
        status=refused.status,
        body=msgspec.json.encode({"error": refused.words}),
        content_type="application/json",
        charset="utf-8",
    )
