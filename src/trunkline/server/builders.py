"""Entities as Mastodon writes them: the same members in the same order, ids first.

Pure: everything that varies is an argument. What a caller adds by name replaces a member or follows
the others.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime

from trunkline.streams import normalise_tag

__all__ = [
    "Json",
    "make_account",
    "make_announcement",
    "make_conversation",
    "make_media",
    "make_notification",
    "make_status",
    "timestamp",
    "without_viewer",
]

Json = dict[str, object]
_OF_VIEWER = ("favourited", "reblogged", "muted", "bookmarked", "pinned", "filtered")


def timestamp(seconds: float) -> str:
    """Return seconds since 1970 as Mastodon writes them: UTC with milliseconds and a ``Z``."""
    moment = datetime.fromtimestamp(seconds, UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}Z"


def make_account(
    account_id: str, *, username: str, host: str, domain: str | None = None, **overrides: object
) -> Json:
    """Return the account `username`, of this server or of another `domain`."""
    home = domain or host
    picture = f"https://{host}/avatars/{username}.svg"
    account: Json = {
        "id": account_id,
        "username": username,
        "acct": f"{username}@{domain}" if domain else username,
        "display_name": username.replace("_", " ").title(),
        "locked": False,
        "bot": False,
        "discoverable": True,
        "indexable": False,
        "group": False,
        "created_at": "2022-11-13T00:00:00.000Z",
        "note": f"<p>{username} of {home}</p>",
        "url": f"https://{home}/@{username}",
        "uri": f"https://{home}/users/{username}",
        "avatar": picture,
        "avatar_static": picture,
        "avatar_description": "",
        "header": f"https://{host}/headers/{username}.svg",
        "header_static": f"https://{host}/headers/{username}.svg",
        "header_description": "",
        "followers_count": 3,
        "following_count": 4,
        "statuses_count": 5,
        "last_status_at": "2026-11-24",
        "hide_collections": False,
        "noindex": False,
        "emojis": [],
        "roles": [],
        "fields": [],
    }
    return account | overrides


def make_media(media_id: str, *, host: str) -> Json:
    """Return an attached picture."""
    url = f"https://{host}/media/{media_id}.svg"
    return {
        "id": media_id,
        "type": "image",
        "url": url,
        "preview_url": url,
        "remote_url": None,
        "preview_remote_url": None,
        "text_url": None,
        "meta": {"original": {"width": 640, "height": 400, "size": "640x400", "aspect": 1.6}},
        "description": "A picture",
        "blurhash": "UBL_:rOpGG-oBUNG,qRj2so|=eE1w^n4S5NH",
    }


def make_status(
    status_id: str,
    *,
    account: Mapping[str, object],
    created_at: str,
    host: str,
    content: str = "<p>Hello</p>",
    tags: Iterable[str] = (),
    media: Sequence[Mapping[str, object]] = (),
    visibility: str = "public",
    **overrides: object,
) -> Json:
    """Return a post as its author's followers see it, viewer's members included."""
    username, local = account["username"], "@" not in str(account["acct"])
    base = str(account["uri"])
    web = str(account["url"])
    status: Json = {
        "id": status_id,
        "created_at": created_at,
        "in_reply_to_id": None,
        "in_reply_to_account_id": None,
        "sensitive": False,
        "spoiler_text": "",
        "visibility": visibility,
        "language": "en",
        "uri": f"{base}/statuses/{status_id}",
        "url": f"{web}/{status_id}",
        "replies_count": 0,
        "reblogs_count": 0,
        "favourites_count": 0,
        "quotes_count": 0,
        "edited_at": None,
        "content": content or f"<p>A post by {username}</p>",
        "reblog": None,
        **({"application": {"name": "Web", "website": None}} if local else {}),
        "account": account,
        "media_attachments": list(media),
        "mentions": [],
        "tags": [
            {"name": normalise_tag(tag), "url": f"https://{host}/tags/{normalise_tag(tag)}"}
            for tag in tags
        ],
        "emojis": [],
        "quote": None,
        "card": None,
        "poll": None,
        "quote_approval": {"automatic": ["public"], "manual": [], "current_user": "unknown"},
        "favourited": False,
        "reblogged": False,
        "muted": False,
        "bookmarked": False,
        "filtered": [],
    }
    return status | overrides


def without_viewer(status: Mapping[str, object]) -> Json:
    """Return `status` as public streams carry it: nobody's viewer, ``filtered`` last."""
    seen_by_nobody = {name: value for name, value in status.items() if name not in _OF_VIEWER}
    return {**seen_by_nobody, "filtered": status.get("filtered") or []}


def make_notification(
    notification_id: str,
    *,
    type: str,  # noqa: A002  # the API's own word
    account: Mapping[str, object],
    created_at: str,
    status: Mapping[str, object] | None = None,
    **overrides: object,
) -> Json:
    """Return a notification of any type; those without a post have ``null`` there."""
    notification: Json = {
        "id": notification_id,
        "type": type,
        "created_at": created_at,
        "group_key": f"ungrouped-{notification_id}",
        "account": account,
        "status": status,
    }
    return notification | overrides


def make_conversation(
    conversation_id: str,
    *,
    accounts: Sequence[Mapping[str, object]],
    last_status: Mapping[str, object] | None,
    unread: bool = True,
) -> Json:
    """Return a direct conversation as it stands after `last_status`."""
    return {
        "id": conversation_id,
        "unread": unread,
        "accounts": list(accounts),
        "last_status": last_status,
    }


def make_announcement(announcement_id: str, *, content: str, published_at: str) -> Json:
    """Return an announcement by the server's staff."""
    return {
        "id": announcement_id,
        "content": content,
        "starts_at": None,
        "ends_at": None,
        "all_day": False,
        "published_at": published_at,
        "updated_at": published_at,
        "mentions": [],
        "statuses": [],
        "tags": [],
        "emojis": [],
        "reactions": [],
    }
