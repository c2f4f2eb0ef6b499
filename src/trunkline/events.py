"""What a stream tells: one frozen value for each type of event, and the table of their names.

Every event carries `stream`, `server`, `received_at` (aware, UTC), `origin` and `raw`, the payload's
bytes as they came. Entities are decoded on first use and kept, so a consumer who only forwards bytes
never pays for decoding and one who reads typed fields pays once. `json()` gives the plain value, with
every extension of every fork.

What the table does not know is an `Unknown`; what cannot be an event is a `Malformed`. Both arrive
like any other event: nothing is dropped silently.

Source: Mastodon API, "Streaming API methods", "Event types and payloads".
"""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime
from typing import Any, ClassVar, Final, Generic, Literal, Self, TypeVar, overload

import msgspec

from trunkline.entities import (
    Announcement,
    AnnouncementReaction,
    Conversation,
    EncryptedMessage,
    Notification,
    Status,
    decode,
)
from trunkline.errors import MalformedEventError
from trunkline.streams import Stream

__all__ = [
    "EVENTS",
    "AnnouncementChanged",
    "AnnouncementDeleted",
    "AnnouncementReacted",
    "AnyEvent",
    "ConversationChanged",
    "Delete",
    "Edit",
    "EncryptedMessageReceived",
    "Event",
    "FiltersChanged",
    "KnownEvent",
    "Malformed",
    "NotificationsMerged",
    "Notify",
    "Origin",
    "Unknown",
    "Update",
    "leading_id",
]

Origin = Literal["live", "catch-up", "reconcile"]
T = TypeVar("T")
Shape = Literal["object", "id", "any"]


class _Decoded(Generic[T]):
    """An attribute that is decoded from `raw` on first use and then kept in the instance.

    As `functools.cached_property`, without the lock that makes that one slow on Python 3.11.
    """

    def __init__(self, decode: Callable[[bytes], T], about: str) -> None:
        self._decode = decode
        self.__doc__ = about

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    @overload
    def __get__(self, event: None, owner: type) -> Self: ...
    @overload
    def __get__(self, event: Event, owner: type) -> T: ...
    def __get__(self, event: Event | None, owner: type) -> T | Self:
        if event is None:
            return self
        value = self._decode(event.raw)
        event.__dict__[self._name] = value
        return value


def _entity(entity: type[T], about: str) -> _Decoded[T]:
    return _Decoded(lambda raw: decode(raw, entity), about)


class _Identified(msgspec.Struct, gc=False):
    id: str | int = ""


_decode_identified = msgspec.json.Decoder(_Identified).decode


def leading_id(raw: bytes) -> str:
    """Return the ``id`` of the entity in `raw` without decoding the rest; ``""`` if it has none.

    Mastodon writes the id first, which makes this a search for one byte.
    """
    if raw.startswith(b'{"id":"'):
        identifier = raw[7 : raw.find(b'"', 7)]
        if identifier.isalnum():
            return identifier.decode()
    try:
        return str(_decode_identified(raw).id)
    except (msgspec.MsgspecError, UnicodeError):
        return ""


def _bare_id(raw: bytes) -> str:
    return raw.decode("utf-8", "replace").strip().strip('"')


class Event(msgspec.Struct, frozen=True, kw_only=True, dict=True):
    """What every event carries.

    Attributes:
        stream: The stream that told it.
        server: Base URL of the server.
        received_at: When its bytes arrived here; aware, UTC. One clock reading for each read of
            the connection, so events that arrived together share it.
        origin: ``live``, ``catch-up`` (fetched after a disconnect) or ``reconcile`` (found by
            asking whether a delivered post still stands).
        raw: The payload's bytes, untouched.
    """

    stream: Stream
    server: str
    received_at: datetime
    raw: bytes
    origin: Origin = "live"

    shape: ClassVar[Shape] = "object"
    entity: ClassVar[str | None] = None

    def decode(self) -> None:
        """Decode the entity now, so that reading it later cannot fail.

        Raises:
            MalformedEventError: The payload is not the JSON of an entity.
        """
        if self.entity is not None:
            getattr(self, self.entity)

    def json(self) -> Any:  # noqa: ANN401  # plain JSON has no narrower type
        """Return the payload as `json.loads` gives it; an id that is not JSON as a string.

        Raises:
            MalformedEventError: The payload is not JSON.
        """
        try:
            return json.loads(self.raw)
        except (ValueError, RecursionError) as error:
            if self.shape != "object":
                return _bare_id(self.raw)
            raise MalformedEventError(f"Expected JSON in the payload: {error}.") from error


class Update(Event, frozen=True, kw_only=True, dict=True):
    """A new post: `status`. On `user` also a boost by somebody you follow."""

    name: ClassVar[str] = "update"
    entity: ClassVar[str | None] = "status"
    __match_args__ = ("status",)

    status = _entity(Status, "The post.")
    status_id = _Decoded(leading_id, "The id of the post, found without decoding it.")


class Edit(Event, frozen=True, kw_only=True, dict=True):
    """A post was edited: `status` is its new version."""

    name: ClassVar[str] = "status.update"
    entity: ClassVar[str | None] = "status"
    __match_args__ = ("status",)

    status = _entity(Status, "The post as it is now.")
    status_id = _Decoded(leading_id, "The id of the post, found without decoding it.")


class Delete(Event, frozen=True, kw_only=True, dict=True):
    """A post was deleted: `status_id`. It may concern a post that was never sent to you.

    Deletions overtake their posts on busy servers, and on `user` also tell of mutes and un-boosts.
    """

    name: ClassVar[str] = "delete"
    shape: ClassVar[Shape] = "id"
    __match_args__ = ("status_id",)

    status_id = _Decoded(_bare_id, "The id of the deleted post; a string on every server.")


class Notify(Event, frozen=True, kw_only=True, dict=True):
    """A notification: `notification`."""

    name: ClassVar[str] = "notification"
    entity: ClassVar[str | None] = "notification"
    __match_args__ = ("notification",)

    notification = _entity(Notification, "The notification.")
    notification_id = _Decoded(leading_id, "Its id, found without decoding it.")


class ConversationChanged(Event, frozen=True, kw_only=True, dict=True):
    """A direct conversation got a post or was read: `conversation`."""

    name: ClassVar[str] = "conversation"
    entity: ClassVar[str | None] = "conversation"
    __match_args__ = ("conversation",)

    conversation = _entity(Conversation, "The conversation.")


class FiltersChanged(Event, frozen=True, kw_only=True, dict=True):
    """Your filters changed; ask the server for them. Carries nothing."""

    name: ClassVar[str] = "filters_changed"
    shape: ClassVar[Shape] = "any"


class AnnouncementChanged(Event, frozen=True, kw_only=True, dict=True):
    """An announcement was published or edited: `announcement`."""

    name: ClassVar[str] = "announcement"
    entity: ClassVar[str | None] = "announcement"
    __match_args__ = ("announcement",)

    announcement = _entity(Announcement, "The announcement.")


class AnnouncementReacted(Event, frozen=True, kw_only=True, dict=True):
    """The count of a reaction to an announcement changed: `reaction`."""

    name: ClassVar[str] = "announcement.reaction"
    entity: ClassVar[str | None] = "reaction"
    __match_args__ = ("reaction",)

    reaction = _entity(AnnouncementReaction, "The reaction and its count.")


class AnnouncementDeleted(Event, frozen=True, kw_only=True, dict=True):
    """An announcement was withdrawn: `announcement_id`."""

    name: ClassVar[str] = "announcement.delete"
    shape: ClassVar[Shape] = "id"
    __match_args__ = ("announcement_id",)

    announcement_id = _Decoded(_bare_id, "The id of the announcement.")


class NotificationsMerged(Event, frozen=True, kw_only=True, dict=True):
    """Accepted notification requests were merged into your notifications; fetch them anew."""

    name: ClassVar[str] = "notifications_merged"
    shape: ClassVar[Shape] = "any"


class EncryptedMessageReceived(Event, frozen=True, kw_only=True, dict=True):
    """An end-to-end encrypted message arrived for your device: `message`."""

    name: ClassVar[str] = "encrypted_message"
    entity: ClassVar[str | None] = "message"
    __match_args__ = ("message",)

    message = _entity(EncryptedMessage, "The message.")


class Unknown(Event, frozen=True, kw_only=True, dict=True):
    """An event of a type that this version does not know: `name` and `raw`."""

    name: str
    shape: ClassVar[Shape] = "any"
    __match_args__ = ("name",)


class Malformed(Event, frozen=True, kw_only=True, dict=True):
    """A frame that cannot be an event: `reason` says why, `raw` is what came."""

    name: str
    reason: str
    shape: ClassVar[Shape] = "any"
    __match_args__ = ("reason",)


KnownEvent = (
    Update
    | Edit
    | Delete
    | Notify
    | ConversationChanged
    | FiltersChanged
    | AnnouncementChanged
    | AnnouncementReacted
    | AnnouncementDeleted
    | NotificationsMerged
    | EncryptedMessageReceived
)
AnyEvent = KnownEvent | Unknown | Malformed
"""Every event a stream can deliver: `match` over it can be closed with `assert_never`."""

EVENTS: Final[dict[str, type[KnownEvent]]] = {
    event.name: event
    for event in (
        Update,
        Edit,
        Delete,
        Notify,
        ConversationChanged,
        FiltersChanged,
        AnnouncementChanged,
        AnnouncementReacted,
        AnnouncementDeleted,
        NotificationsMerged,
        EncryptedMessageReceived,
    )
}
"""The one table from an event's name on the wire to its class."""
