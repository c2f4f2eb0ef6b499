"""Events as rows: which id an event has, which posts it shows, and the columns of each.

Promises values that SQLite and Parquet take, whatever a server sent: text without lone surrogates,
integers of 64 bits, moments as ISO 8601 in UTC that sort as text. Knows no database.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from operator import attrgetter
from typing import Final

from trunkline.entities import Account, Notification, Status
from trunkline.entities.base import UNKNOWN_TIME
from trunkline.errors import MalformedEventError
from trunkline.events import (
    AnnouncementDeleted,
    AnyEvent,
    ConversationChanged,
    Delete,
    Edit,
    Notify,
    Update,
    leading_id,
)
from trunkline.text import plain_text

__all__ = [
    "Value",
    "account_values",
    "identifier",
    "moment",
    "notification_of",
    "payload_value",
    "posts_shown",
    "status_values",
]

Value = str | int | bytes | None

_HIGHEST: Final = 2**63 - 1


def moment(at: datetime | None) -> str | None:
    """Return a time as text, ``2026-11-24T21:00:00.000Z``; ``None`` where a server told none."""
    if at is None or at == UNKNOWN_TIME:
        return None
    try:
        utc = at if at.tzinfo is UTC else at.astimezone(UTC)
    except OverflowError:  # the first or the last day of time
        return None
    return f"{utc.isoformat(timespec='milliseconds')[:-6]}Z"


def identifier(event: AnyEvent) -> str | None:
    """Return the id of what an event is about, or ``None`` if it has none."""
    if isinstance(event, Delete):
        return event.status_id
    if isinstance(event, AnnouncementDeleted):
        return event.announcement_id
    return leading_id(event.raw) or None


def payload_value(raw: bytes) -> str | bytes:
    """Return a payload as text; as bytes where it is no UTF-8."""
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return raw


def posts_shown(event: AnyEvent) -> list[Status]:
    """Return the posts in an event, those inside of others first; none if it does not decode."""
    try:
        status = _outermost(event)
    except MalformedEventError:
        return []
    if status is None:
        return []
    return list(_inner_first(status)) if status.reblog or status.quote else [status]


def _outermost(event: AnyEvent) -> Status | None:
    match event:
        case Update() | Edit():
            return event.status
        case Notify():
            return event.notification.status
        case ConversationChanged():
            return event.conversation.last_status
        case _:
            return None


def _inner_first(status: Status) -> Iterator[Status]:
    if status.reblog is not None:
        yield from _inner_first(status.reblog)
    if status.quote is not None and status.quote.quoted_status is not None:
        yield from _inner_first(status.quote.quoted_status)
    yield status


def notification_of(event: AnyEvent) -> Notification | None:
    """Return the notification of an event, if it is one and decodes."""
    if not isinstance(event, Notify):
        return None
    try:
        return event.notification
    except MalformedEventError:
        return None


_account_fields: Final = attrgetter(
    "id", "acct", "username", "display_name", "bot", "locked", "group", "url", "avatar"
)
_account_counts: Final = attrgetter("followers_count", "following_count", "statuses_count")


def account_values(account: Account, *, host: str) -> tuple[Value, ...]:
    """Return the columns of an account, from ``id`` to ``created_at``."""
    return (
        *_account_fields(account),
        *_counts(_account_counts(account)),
        account.acct.partition("@")[2] or host,
        plain_text(account.note),
        moment(account.created_at),
    )


_status_fields: Final = attrgetter(
    "id",
    "uri",
    "url",
    "in_reply_to_id",
    "in_reply_to_account_id",
    "visibility",
    "language",
    "sensitive",
    "spoiler_text",
)
_status_counts: Final = attrgetter(
    "replies_count", "reblogs_count", "favourites_count", "quotes_count"
)


def status_values(status: Status) -> tuple[Value, ...]:
    """Return the columns of a post, from ``id`` to ``card_title``; of a boost without its text."""
    boost = status.reblog is not None
    card = status.card
    return (
        *_status_fields(status),
        *_counts(_status_counts(status)),
        moment(status.created_at),
        moment(status.edited_at),
        _kind(status),
        _quoted_id(status),
        None if boost else plain_text(status.content),
        0 if boost else len(status.media_attachments),
        card.url if card else None,
        card.title if card else None,
    )


def _counts(counts: tuple[int, ...]) -> tuple[int, ...]:
    """Return the counts as they are; those that no server has, cut to 64 bits."""
    if max(counts) <= _HIGHEST and min(counts) >= -_HIGHEST:
        return counts
    return tuple(max(-_HIGHEST, min(count, _HIGHEST)) for count in counts)


def _kind(status: Status) -> str:
    if status.reblog is not None:
        return "boost"
    if status.quote is not None:
        return "quote"
    return "post" if status.in_reply_to_id is None else "reply"


def _quoted_id(status: Status) -> str | None:
    quote = status.quote
    if quote is None:
        return None
    return quote.quoted_status.id if quote.quoted_status else quote.quoted_status_id
