"""Channels: what the hub carries, and which of them a stream listens to.

A channel is a name such as ``public:local``, ``hashtag:python``, ``list:7``, ``user:1`` or
``user:1:notification``. Streams and REST timelines share the names and so agree on what they hold.
"""

from __future__ import annotations

from collections.abc import Iterable

from trunkline.streams import Stream, normalise_tag

__all__ = [
    "direct",
    "hashtag",
    "home",
    "notifications",
    "of_list",
    "of_stream",
    "public_channels",
]


def home(account_id: str) -> str:
    """Return the channel of a user's home feed."""
    return f"user:{account_id}"


def notifications(account_id: str) -> str:
    """Return the channel of a user's notifications."""
    return f"user:{account_id}:notification"


def direct(account_id: str) -> str:
    """Return the channel of a user's conversations."""
    return f"direct:{account_id}"


def of_list(list_id: str) -> str:
    """Return the channel of a list."""
    return f"list:{list_id}"


def hashtag(tag: str, *, local: bool = False) -> str:
    """Return the channel of a tag, which is normalised as the server does it."""
    return f"hashtag:{normalise_tag(tag)}{':local' if local else ''}"


def public_channels(
    *, local: bool, media: bool, tags: Iterable[str], reply: bool = False
) -> tuple[str, ...]:
    """Return the channels of a public post: everybody's, its origin's, with media, its tags'.

    A `reply` to somebody else is on those of its tags only.
    """
    origin = "public:local" if local else "public:remote"
    channels = [] if reply else ["public", origin]
    if media and not reply:
        channels += ["public:media", f"{origin}:media"]
    for tag in dict.fromkeys(normalise_tag(tag) for tag in tags):
        channels += [hashtag(tag), hashtag(tag, local=True)] if local else [hashtag(tag)]
    return tuple(channels)


def of_stream(
    stream: Stream, *, account_id: str, with_notifications: bool = True
) -> tuple[str, ...]:
    """Return the channels that `stream` listens to for the user `account_id`."""
    match stream.name:
        case "user":
            both = (home(account_id), notifications(account_id))
            return both if with_notifications else both[:1]
        case "user:notification":
            return (notifications(account_id),)
        case "direct":
            return (direct(account_id),)
        case "list":
            return (of_list(stream.list_id or ""),)
        case "hashtag" | "hashtag:local":
            return (hashtag(stream.tag or "", local=stream.name == "hashtag:local"),)
        case name:
            return (name.replace("public:allow_local_only", "public"),)
