"""Pages of a timeline: what the query asks for, the body, and the links to the neighbours.

Source: Mastodon API guidelines, "Pagination".
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from aiohttp import web
from multidict import MultiMapping

from trunkline.server.timelines import PageRequest

__all__ = ["BOUNDS", "json_list", "page_request", "page_response"]

BOUNDS: Final = ("max_id", "min_id", "since_id")
_LEADING_DIGITS: Final = re.compile(r"\s*(\d+)")
_KEPT: Final = ("limit", "local", "remote", "only_media", "types[]", "exclude_types[]")


def page_request(
    query: MultiMapping[str], *, default: int, numeric_ids: bool = True
) -> PageRequest:
    """Return the page that `query` asks for; at most twice the `default` number of entries.

    Where ids are numbers a bound that is none counts as zero, as it does in Mastodon: such a
    `min_id` gives the oldest page there is.
    """
    bounds = {name: query[name] for name in BOUNDS if query.get(name)}
    if numeric_ids:
        bounds = {name: _number(value) for name, value in bounds.items()}
    limit = default if "limit" not in query else int(_number(query["limit"]))
    return PageRequest(limit=min(limit, 2 * default), **bounds)


def _number(text: str) -> str:
    found = _LEADING_DIGITS.match(text.removeprefix("-"))
    return str(int(found[1])) if found else "0"


def json_list(entities: Sequence[bytes]) -> bytes:
    """Return the JSON array of entities that are JSON already."""
    return b"[" + b",".join(entities) + b"]"


def page_response(
    request: web.Request, entities: Sequence[bytes], *, ids: Sequence[str], status: int = 200
) -> web.Response:
    """Return a page, newest first, with links to the next and the previous; none if it is empty."""
    headers = {"Link": _links(request, newest=ids[0], oldest=ids[-1])} if ids else {}
    return web.Response(
        status=status,
        body=json_list(entities),
        content_type="application/json",
        charset="utf-8",
        headers=headers,
    )


def _links(request: web.Request, *, newest: str, oldest: str) -> str:
    kept = [(name, value) for name, value in request.query.items() if name in _KEPT]
    base = request.url.with_query(kept)
    following = base.update_query(max_id=oldest)
    previous = base.update_query(min_id=newest)
    return f'<{following}>; rel="next", <{previous}>; rel="prev"'
