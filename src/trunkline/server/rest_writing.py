"""The little of the REST API that writes: enough for tests with other people's clients.

Source: Mastodon API, "Statuses": post, edit and delete a status.
"""

from __future__ import annotations

import html
import re
from typing import Final

import msgspec
from aiohttp import web

from trunkline.server.authorisation import Refused
from trunkline.server.builders import Json
from trunkline.server.ledger import Post
from trunkline.server.rest_access import require_user
from trunkline.server.site import SITE
from trunkline.server.world import World

__all__ = ["WRITING_ROUTES"]

_TAG: Final = re.compile(r"(?<![\w/])#(\w+)")
_MENTION: Final = re.compile(r"(?<![\w/])@([\w.-]+(?:@[\w.-]+)?)")


async def create(request: web.Request) -> web.StreamResponse:
    """Post for the user of the token; the same ``Idempotency-Key`` posts once."""
    token = require_user(request, "write:statuses")
    site, form = request.app[SITE], await _form(request)
    text = form.get("status", "")
    if not text:
        raise Refused(422, "Validation failed: Text can't be blank")
    key = (token.value, request.headers.get("Idempotency-Key", ""))
    earlier = site.world.find_post(site.idempotent.get(key, ""))
    if earlier is not None and key[1]:
        return _raw(earlier.raw)
    status = site.world.post(
        _paragraph(text),
        account=site.world.people.account(token.account_id or ""),
        visibility=form.get("visibility") or "public",
        tags=_TAG.findall(text),
        mentions=_mentions(site.world, text),
        sensitive=form.get("sensitive") == "true",
        in_reply_to_id=form.get("in_reply_to_id") or None,
        spoiler_text=form.get("spoiler_text", ""),
        language=form.get("language") or "en",
    )
    site.idempotent[key] = str(status["id"])
    return _raw(msgspec.json.encode(status))


async def update(request: web.Request) -> web.StreamResponse:
    """Edit a post of the user."""
    world, status_id, _ = await _own_post(request)
    form = await _form(request)
    if not form.get("status"):
        raise Refused(422, "Validation failed: Text can't be blank")
    changes: dict[str, object] = {"content": _paragraph(form["status"])}
    if "spoiler_text" in form:
        changes["spoiler_text"] = form["spoiler_text"]
    return _raw(msgspec.json.encode(world.edit(status_id, **changes)))


async def delete(request: web.Request) -> web.StreamResponse:
    """Delete a post of the user and answer with what it was."""
    world, status_id, post = await _own_post(request)
    world.delete(status_id)
    status = post.status
    return _raw(msgspec.json.encode({**status, "text": status["content"]}))


async def _own_post(request: web.Request) -> tuple[World, str, Post]:
    token = require_user(request, "write:statuses")
    world, status_id = request.app[SITE].world, request.match_info["id"]
    post = world.find_post(status_id)
    account = post.status["account"] if post is not None else None
    if post is None or not isinstance(account, dict) or account["id"] != token.account_id:
        raise Refused(404, "Record not found")
    return world, status_id, post


async def _form(request: web.Request) -> dict[str, str]:
    """Return the fields of a request, whether it is a form or JSON."""
    if request.content_type == "application/json":
        fields: Json = await request.json(loads=msgspec.json.decode)
        return {
            name: ("true" if value else "false") if isinstance(value, bool) else str(value)
            for name, value in fields.items()
            if value is not None
        }
    posted = await request.post()
    return {name: value for name, value in posted.items() if isinstance(value, str)}


def _paragraph(text: str) -> str:
    return f"<p>{html.escape(text, quote=False)}</p>"


def _mentions(world: World, text: str) -> list[str]:
    named = set(_MENTION.findall(text))
    return [key for key, account in world.people.accounts.items() if account["acct"] in named]


def _raw(body: bytes) -> web.Response:
    return web.Response(body=body, content_type="application/json", charset="utf-8")


WRITING_ROUTES = (
    ("POST", "/api/v1/statuses", create),
    ("PUT", "/api/v1/statuses/{id}", update),
    ("DELETE", "/api/v1/statuses/{id}", delete),
)
"""Method, path and handler of what the REST API writes."""
