"""Which feeds an instance has turned off, so that their streams bring nothing but deletions.

Promise: what the instance document says in another shape, or not at all, turns nothing off.

Source: Mastodon API, entity "Instance", `configuration.timelines_access`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

__all__ = ["disabled_streams"]

_LOCAL: Final = ("local",)
_REMOTE: Final = ("remote",)
_BOTH: Final = ("local", "remote")

_FEEDS: Final[Mapping[str, tuple[str, tuple[str, ...]]]] = {
    "public": ("live_feeds", _BOTH),
    "public:media": ("live_feeds", _BOTH),
    "public:local": ("live_feeds", _LOCAL),
    "public:local:media": ("live_feeds", _LOCAL),
    "public:remote": ("live_feeds", _REMOTE),
    "public:remote:media": ("live_feeds", _REMOTE),
    "hashtag": ("hashtag_feeds", _BOTH),
    "hashtag:local": ("hashtag_feeds", _LOCAL),
}
"""For each stream which feeds have to be turned off for it to fall silent."""


def disabled_streams(timelines_access: object) -> frozenset[str]:
    """Return the names of the streams whose feeds are turned off.

    Args:
        timelines_access: What the instance document says: for ``live_feeds`` and ``hashtag_feeds``
            who may read the ``local`` and the ``remote`` one.
    """
    feeds = timelines_access if isinstance(timelines_access, dict) else {}
    return frozenset(
        stream
        for stream, (feed, origins) in _FEEDS.items()
        if all(_is_disabled(feeds.get(feed), origin) for origin in origins)
    )


def _is_disabled(feed: object, origin: str) -> bool:
    return isinstance(feed, dict) and feed.get(origin) == "disabled"
