"""What tests of feeds do again and again: wait until one is live, take posts, publish some."""

from __future__ import annotations

from trunkline import Mastodon, Stream
from trunkline.events import Update
from trunkline.inbox import Item
from trunkline.signals import Connected
from trunkline.sync_feed import Feed
from trunkline.testing import RunningServer

__all__ = ["PUBLIC", "connected", "live", "post", "posts", "rest"]

PUBLIC = Stream.public()


def connected(feed: Feed[Item]) -> None:
    """Take signals until the feed is live."""
    for item in feed:
        if isinstance(item, Connected):
            return


def live(mastodon: Mastodon, server: RunningServer) -> Feed[Item]:
    """Return a feed of public posts that is connected, and in the middle of being read."""
    feed = mastodon.stream(PUBLIC, signals=True, silence_probe_seconds=3600.0)
    connected(feed)
    server.wait_for_subscribers(1)
    return feed


def posts(feed: Feed[Item], count: int) -> list[str]:
    """Take `count` posts from the feed and leave it."""
    taken: list[str] = []
    for item in feed:
        if isinstance(item, Update):
            taken.append(item.status_id)
        if len(taken) == count:
            break
    return taken


def rest(feed: Feed[Item]) -> list[str]:
    """Take posts until the feed ends."""
    return [item.status_id for item in feed if isinstance(item, Update)]


def post(server: RunningServer, count: int) -> list[str]:
    return server.call(lambda: [str(server.world.post()["id"]) for _ in range(count)])
