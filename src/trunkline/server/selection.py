"""From the words of a request to channels, with the refusals that a real server gives."""

from __future__ import annotations

from collections.abc import Mapping

from multidict import MultiMapping

from trunkline.server import channels
from trunkline.server.authorisation import Refused
from trunkline.server.site import Site
from trunkline.server.tokens import Token
from trunkline.streams import STREAMS

__all__ = [
    "first",
    "is_true",
    "parameters_of",
    "require_carried",
    "select",
    "stream_of_path",
]

_FALSE = frozenset({"", "0", "f", "F", "false", "FALSE", "off", "OFF"})
_UNEXPECTED = "An unexpected error occurred"

_PATHS = {row.sse_path: name for name, row in STREAMS.items() if row.sse_query == ()}


def is_true(value: str | None) -> bool:
    """Tell whether a query parameter switches something on; ``no`` does."""
    return value is not None and value not in _FALSE


def first(value: object) -> object:
    """Return the first of several values, or the only one."""
    if isinstance(value, list):
        return value[0] if value else None
    return value


def parameters_of(query: MultiMapping[str]) -> dict[str, object]:
    """Return tag and list as a query gives them: text, or a list of it where there are several."""
    found: dict[str, object] = {}
    for name in ("tag", "list"):
        values = query.getall(name, [])
        if values:
            found[name] = values[0] if len(values) == 1 else list(values)
    return found


def stream_of_path(path: str, query: MultiMapping[str], *, known: frozenset[str]) -> str | None:
    """Return the name of the stream at `path` below ``/api/v1/streaming/``; ``None`` for none."""
    name = _PATHS.get(path)
    if name is not None and name.startswith("public"):
        if is_true(query.get("allow_local_only")) and "public:allow_local_only" in known:
            name = "public:allow_local_only"
        if is_true(query.get("only_media")):
            name += ":media"
    return name if name in known else None


def select(
    site: Site, token: Token, name: str, parameters: Mapping[str, object]
) -> tuple[str, ...]:
    """Return the channels of the stream `name` for the user of `token`.

    Raises:
        Refused: A tag or list is missing, strange, or not this user's.
    """
    needed = STREAMS[name].parameter
    if name in site.flavour.instance_streams and not parameters.get("instance"):
        raise Refused(400, "Missing instance parameter")
    value = parameters.get(needed) if needed is not None else None
    if needed is not None and not value:
        raise Refused(400, f"Missing {needed} name parameter")
    if needed == "tag" and not isinstance(value, str):
        raise Refused(500, _UNEXPECTED)
    if needed == "list" and not _owns(site, token, str(value)):
        raise Refused(401, "Not authorized to stream this list")
    if name in site.flavour.silent_streams:
        return (f"silent:{name}:{value}",)
    found = channels.of_stream(
        name,
        parameter=None if value is None else str(value),
        account_id=token.account_id or "",
        with_notifications=token.allows("read:notifications"),
        with_direct_posts=name in site.flavour.streams_with_direct_posts,
    )
    require_carried(site, found[0])
    return found


def require_carried(site: Site, channel: str) -> None:
    """Refuse a channel that only its origin knows.

    Raises:
        Refused: The world does not carry it.
    """
    carried = site.world.carried
    if carried is not None and channel not in carried:
        raise Refused(404, "Not among the streams that are carried here")


def _owns(site: Site, token: Token, list_id: str) -> bool:
    found = site.world.people.lists.get(list_id)
    return found is not None and found.owner_id == token.account_id
