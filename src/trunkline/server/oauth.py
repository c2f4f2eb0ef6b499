"""Logging in to the embedded server: apps, consent, tokens.

Whoever asks is let in as the demo user.
Source: Mastodon API, "apps API methods" and "OAuth API methods".
"""

from __future__ import annotations

import secrets
from typing import Final

import msgspec
from aiohttp import web

from trunkline.server.authorisation import Refused
from trunkline.server.site import SITE
from trunkline.server.tokens import DEMO_TOKEN, Token

__all__ = ["OAUTH_ROUTES"]


async def register(request: web.Request) -> web.StreamResponse:
    """Make an app known; its name is all that is kept of it."""
    form = await request.post()
    if not form.get("client_name") or not form.get("redirect_uris"):
        raise Refused(422, "Validation failed: Application name can't be blank")
    app = {
        "id": "1",
        "name": str(form["client_name"]),
        "client_id": secrets.token_urlsafe(16),
        "client_secret": secrets.token_urlsafe(16),
        "redirect_uri": str(form["redirect_uris"]),
    }
    return _json(app)


async def authorize(request: web.Request) -> web.StreamResponse:
    """Show a code that can be exchanged once."""
    code = secrets.token_urlsafe(12)
    request.app[SITE].codes[code] = request.query.get("scope", "read")
    page = f"<!doctype html><title>Authorization code</title><code>{code}</code>"
    return web.Response(text=page, content_type="text/html")


async def grant(request: web.Request) -> web.StreamResponse:
    """Exchange a code for a token of the demo user with the scopes that were asked for."""
    site, form = request.app[SITE], await request.post()
    scope = site.codes.pop(str(form.get("code", "")), None)
    if scope is None:
        return _json({"error": "invalid_grant"}, status=400)
    tokens = site.world.people.tokens
    owner = tokens.find(DEMO_TOKEN)
    token = Token(
        value=secrets.token_urlsafe(24),
        account_id=owner.account_id if owner is not None else None,
        scopes=frozenset(scope.split()),
    )
    tokens.add(token)
    return _json({"access_token": token.value, "token_type": "Bearer", "scope": scope})


def _json(value: dict[str, str], *, status: int = 200) -> web.Response:
    body = msgspec.json.encode(value)
    return web.Response(body=body, status=status, content_type="application/json")


OAUTH_ROUTES: Final = (
    ("POST", "/api/v1/apps", register),
    ("GET", "/oauth/authorize", authorize),
    ("POST", "/oauth/token", grant),
)
