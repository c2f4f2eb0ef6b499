"""The part of the REST API that catching up reads: timelines, posts, notifications, conversations.

Pages come from the archive, so they show posts as they are now: edited ones edited, deleted ones
gone.
Source: Mastodon API, "Timelines", "Statuses", "Notifications", "Conversations", "Lists".
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import msgspec
from aiohttp import web

from trunkline.server import channels
from trunkline.server.archive import Archive
from trunkline.server.authorisation import Refused
from trunkline.server.builders import Json
from trunkline.server.paging import json_list, page_request, page_response
from trunkline.server.rest_access import require_user, viewer_of, visible_shelf
from trunkline.server.selection import is_true, require_carried
from trunkline.server.site import SITE, Site
from trunkline.server.timelines import Timeline
from trunkline.streams import normalise_tag

__all__ = ["ROUTES"]

_BATCH = 20


async def home(request: web.Request) -> web.StreamResponse:
    """Answer with a page of the home feed; 206 while the feed is being rebuilt."""
    token = require_user(request, "read:statuses")
    return _page(request, channels.home(token.account_id or ""))


async def public(request: web.Request) -> web.StreamResponse:
    """Answer with a page of the public timeline: of all, `local`, `remote`, `only_media`."""
    viewer_of(request)
    query = request.query
    local, remote = is_true(query.get("local")), is_true(query.get("remote"))
    name = "public" if local == remote else "public:local" if local else "public:remote"
    return _page(request, f"{name}:media" if is_true(query.get("only_media")) else name)


async def tag(request: web.Request) -> web.StreamResponse:
    """Answer with a page of the public posts with a tag, and `any[]`, `all[]`, `none[]` others."""
    viewer_of(request)
    site, query, name = request.app[SITE], request.query, request.match_info["tag"]
    channel = channels.hashtag(name, local=is_true(query.get("local")))
    media, remote = is_true(query.get("only_media")), is_true(query.get("remote"))
    others = {word: _tags(query.getall(word, [])) for word in ("any[]", "all[]", "none[]")}
    require_carried(site, channel)
    if not (media or remote or any(others.values())):
        return _page(request, channel)

    def wanted(status: Json) -> bool:
        has = _tags_of(status)
        own = normalise_tag(name) in has or not has.isdisjoint(others["any[]"])
        return (
            own
            and others["all[]"] <= has
            and has.isdisjoint(others["none[]"])
            and (not media or bool(status["media_attachments"]))
            and (not remote or "application" not in status)
        )

    among = [channel, *map(channels.hashtag, sorted(others["any[]"]))]
    return _page_of(request, _filtered(site.world.archive, among, wanted))


async def user_list(request: web.Request) -> web.StreamResponse:
    """Answer with a page of one of the user's lists."""
    token = require_user(request, "read:lists")
    found = request.app[SITE].world.people.lists.get(request.match_info["id"])
    if found is None or found.owner_id != token.account_id:
        raise Refused(404, "Record not found")
    return _page(request, channels.of_list(found.list_id))


async def notifications(request: web.Request) -> web.StreamResponse:
    """Answer with a page of the user's notifications, of some `types[]` only if asked."""
    token = require_user(request, "read:notifications")
    channel, query = channels.notifications(token.account_id or ""), request.query
    require_carried(request.app[SITE], channel)
    types, excluded = set(query.getall("types[]", [])), set(query.getall("exclude_types[]", []))
    if not types and not excluded:
        return _page(request, channel, kind="notification", default=40)

    def wanted(notification: Json) -> bool:
        kind = str(notification["type"])
        return (not types or kind in types) and kind not in excluded

    found = _filtered(request.app[SITE].world.archive, [channel], wanted, kind="notification")
    return _page_of(request, found, kind="notification", default=40)


async def conversations(request: web.Request) -> web.StreamResponse:
    """Answer with a page of the user's conversations, in order of their last posts."""
    token = require_user(request, "read:statuses")
    return _page(request, channels.direct(token.account_id or ""), kind="conversation")


async def lists(request: web.Request) -> web.StreamResponse:
    """Answer with the user's lists."""
    token = require_user(request, "read:lists")
    owned = [
        {"id": one.list_id, "title": one.title, "replies_policy": "list", "exclusive": False}
        for one in request.app[SITE].world.people.lists.values()
        if one.owner_id == token.account_id
    ]
    return _json(owned)


async def credentials(request: web.Request) -> web.StreamResponse:
    """Answer with the user's own account."""
    token = require_user(request, "read:accounts")
    account = request.app[SITE].world.people.account(token.account_id or "")
    source = {"privacy": "public", "sensitive": False, "language": "en", "note": "", "fields": []}
    return _json({**account, "source": source})


async def status(request: web.Request) -> web.StreamResponse:
    """Answer with one post as it is now, however much REST lags."""
    shelf = visible_shelf(request, request.match_info["id"], lagging=False)
    return _raw(shelf.raw)


async def statuses(request: web.Request) -> web.StreamResponse:
    """Answer with several posts as they are now; those that are gone are left out."""
    if not request.app[SITE].flavour.statuses_by_id:
        raise web.HTTPNotFound
    wanted = dict.fromkeys(request.query.getall("id[]", []))
    if len(wanted) > _BATCH:
        raise Refused(422, f"Too many ids: at most {_BATCH} at a time")
    found: list[bytes] = []
    for status_id in wanted:
        try:
            found.append(visible_shelf(request, status_id).raw)
        except Refused:
            continue
    return _raw(json_list(found))


async def history(request: web.Request) -> web.StreamResponse:
    """Answer with all versions of a post, oldest first."""
    shelf = visible_shelf(request, request.match_info["id"])
    members = ("content", "spoiler_text", "sensitive", "created_at", "account")
    versions: list[Json] = []
    for raw in shelf.versions:
        version: Json = msgspec.json.decode(raw)
        edit = {name: version[name] for name in (*members, "media_attachments", "emojis")}
        versions.append(edit | {"created_at": version["edited_at"] or version["created_at"]})
    return _json(versions)


async def context(request: web.Request) -> web.StreamResponse:
    """Answer with what a post replies to and what replies to it, oldest first."""
    status_id = request.match_info["id"]
    visible_shelf(request, status_id)
    archive = request.app[SITE].world.archive
    found = {
        "ancestors": archive.ancestors(status_id),
        "descendants": archive.descendants(status_id),
    }
    return _json({name: [msgspec.Raw(raw) for raw in raws] for name, raws in found.items()})


def _page(
    request: web.Request, channel: str, *, kind: str = "status", default: int = 20
) -> web.StreamResponse:
    require_carried(request.app[SITE], channel)
    archive = request.app[SITE].world.archive
    response_status = 206 if channel in archive.regenerating else 200
    return _page_of(
        request, archive.timeline(channel), kind=kind, default=default, status=response_status
    )


def _page_of(
    request: web.Request,
    timeline: Timeline,
    *,
    kind: str = "status",
    default: int = 20,
    status: int = 200,
) -> web.StreamResponse:
    site: Site = request.app[SITE]
    numeric = site.flavour.numeric_ids
    ids = timeline.page(page_request(request.query, default=default, numeric_ids=numeric))
    shelves = [site.world.archive.get(f"{kind}:{one}") for one in ids]
    raws = [shelf.raw for shelf in shelves if shelf is not None]
    return page_response(request, raws, ids=ids, status=status)


def _filtered(
    archive: Archive,
    among: Sequence[str],
    wanted: Callable[[Json], bool],
    *,
    kind: str = "status",
) -> Timeline:
    """Return the timeline of those entities in `among` that are `wanted`."""
    found = Timeline()
    for channel in among:
        for identifier in archive.timeline(channel):
            shelf = archive.get(f"{kind}:{identifier}")
            if shelf is not None and wanted(msgspec.json.decode(shelf.raw)):
                found.add(identifier)
    return found


def _tags(words: Sequence[str]) -> set[str]:
    return {normalise_tag(word) for word in words}


def _tags_of(status: Json) -> set[str]:
    tags = status["tags"]
    return {str(one["name"]) for one in tags} if isinstance(tags, list) else set()


def _json(value: object) -> web.Response:
    return _raw(msgspec.json.encode(value))


def _raw(body: bytes) -> web.Response:
    return web.Response(body=body, content_type="application/json", charset="utf-8")


ROUTES = (
    ("GET", "/api/v1/timelines/home", home),
    ("GET", "/api/v1/timelines/public", public),
    ("GET", "/api/v1/timelines/tag/{tag}", tag),
    ("GET", "/api/v1/timelines/list/{id}", user_list),
    ("GET", "/api/v1/notifications", notifications),
    ("GET", "/api/v1/conversations", conversations),
    ("GET", "/api/v1/lists", lists),
    ("GET", "/api/v1/accounts/verify_credentials", credentials),
    ("GET", "/api/v1/statuses", statuses),
    ("GET", "/api/v1/statuses/{id}", status),
    ("GET", "/api/v1/statuses/{id}/history", history),
    ("GET", "/api/v1/statuses/{id}/context", context),
)
"""Method, path and handler of what the REST API reads."""
