"""Channels: what the hub carries, and which of them a stream listens to.

A channel is a name such as ``public:local``, ``hashtag:python``, ``list:7``, ``user:1`` or
``user:1:notification``. Streams and REST timelines share the names and so agree on what they hold.
"""

from __future__ import annotations

from collections.abc import Iterable

from trunkline.streams import normalise_tag

__all__ = [
    "direct",
    "direct_posts",
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


def direct_posts(account_id: str) -> str:
    """Return the channel of the posts in a user's conversations."""
    return f"direct:{account_id}:posts"


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
    name: str,
    *,
    parameter: str | None = None,
    account_id: str,
    with_notifications: bool = True,
    with_direct_posts: bool = False,
) -> tuple[str, ...]:
    """Return the channels that a stream listens to for the user `account_id`.

    `parameter` is its tag or its list; `with_direct_posts` adds to conversations their posts.
    """
    match name:
        case "user":
            both = (home(account_id), notifications(account_id))
            return both if with_notifications else both[:1]
        case "user:notification":
            return (notifications(account_id),)
        case "direct":
            both = (direct(account_id), direct_posts(account_id))
            return both if with_direct_posts else both[:1]
        case "list":
            return (of_list(parameter or ""),)
        case "hashtag" | "hashtag:local":
            return (hashtag(parameter or "", local=name == "hashtag:local"),)
        case _:
            return (name.replace("public:allow_local_only", "public"),)
