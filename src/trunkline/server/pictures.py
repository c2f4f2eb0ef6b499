"""The pictures that posts and accounts point to, drawn when asked for."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from aiohttp import web

from trunkline.server.media import avatar_svg, emoji_svg, picture_svg

__all__ = ["PICTURE_ROUTES"]

_DRAWERS: Final[dict[str, Callable[[str], str]]] = {
    "avatars": avatar_svg,
    "headers": picture_svg,
    "media": picture_svg,
    "emoji": emoji_svg,
}


async def picture(request: web.Request) -> web.StreamResponse:
    """Answer with the picture that the path names: the same for the same name, for ever."""
    draw = _DRAWERS[request.match_info["kind"]]
    return web.Response(
        text=draw(request.match_info["name"]),
        content_type="image/svg+xml",
        headers={"Cache-Control": "public, max-age=31536000, immutable"},
    )


PICTURE_ROUTES: Final = (("GET", f"/{{kind:{'|'.join(_DRAWERS)}}}/{{name:[^/]+}}.svg", picture),)
"""Method, path and handler of the pictures."""
