"""The files of the page and where they are served: ``/`` and ``/page/...``."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from pathlib import PurePosixPath
from typing import Final

from aiohttp import web

from trunkline.server.page.events import page_events
from trunkline.server.page.headers import HEADERS

__all__ = ["PAGE_ROUTES"]

_INDEX: Final = "index.html"
_TYPES: Final = {
    ".html": "text/html",
    ".js": "text/javascript",
    ".css": "text/css",
    ".svg": "image/svg+xml",
}


async def asset(request: web.Request) -> web.StreamResponse:
    """Answer with the file that the path names; the page itself without one."""
    name = request.match_info.get("name", _INDEX)
    body = _assets().get(name)
    if body is None:
        raise web.HTTPNotFound
    return web.Response(
        body=body,
        content_type=_TYPES[PurePosixPath(name).suffix],
        charset="utf-8",
        headers={**HEADERS, "Cache-Control": "no-cache"},
    )


@cache
def _assets() -> dict[str, bytes]:
    """Return the files by name. There is no path to leave the folder by: names are looked up."""
    folder = files(__package__) / "assets"
    named = {one.name: one for one in folder.iterdir()}
    return {
        name: one.read_bytes()
        for name, one in named.items()
        if PurePosixPath(name).suffix in _TYPES
    }


PAGE_ROUTES: Final = (
    ("GET", "/", asset),
    ("HEAD", "/", asset),
    ("GET", "/page/events", page_events),
    ("GET", "/page/{name}", asset),
    ("HEAD", "/page/{name}", asset),
)
"""Method, path and handler of the page."""
