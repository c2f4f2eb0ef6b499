"""The types of event, one class each, and the table of their names.

A type says what its payload is (`shape`), which attribute decodes it (`entity`) and what a pattern
like ``case Update(status)`` binds. Refuses to know where the payload comes from.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar, Final, TypeVar

from trunkline.entities import (
    Announcement,
    AnnouncementReaction,
    Conversation,
    EncryptedMessage,
    Notification,
    Status,
    decode,
)
from trunkline.entities.decoding import strict_decoder
from trunkline.events.base import Decoded, Event, Shape, bare_id, leading_id

__all__ = [
    "ENTITIES",
    "EVENTS",
    "AnnouncementChanged",
    "AnnouncementDeleted",
    "AnnouncementReacted",
    "AnyEvent",
    "ConversationChanged",
    "Delete",
    "Edit",
    "EncryptedMessageReceived",
    "FiltersChanged",
    "KnownEvent",
    "Malformed",
    "NotificationsMerged",
    "Notify",
    "Unknown",
    "Update",
]

T = TypeVar("T")


def _entity(entity: type[T], about: str) -> Decoded[T]:
    return Decoded(lambda raw: decode(raw, entity), about, strict=strict_decoder(entity))


class Update(Event, frozen=True):
    """A new post: `status`. On `user` also a boost by somebody you follow."""

    name: ClassVar[str] = "update"
    entity: ClassVar[str | None] = "status"
    __match_args__ = ("status",)

    status = _entity(Status, "The post.")
    status_id = Decoded(leading_id, "The id of the post, found without decoding it.")


class Edit(Event, frozen=True):
    """A post was edited: `status` is its new version."""

    name: ClassVar[str] = "status.update"
    entity: ClassVar[str | None] = "status"
    __match_args__ = ("status",)

    status = _entity(Status, "The post as it is now.")
    status_id = Decoded(leading_id, "The id of the post, found without decoding it.")


class Delete(Event, frozen=True):
    """A post was deleted: `status_id`. It may concern a post that was never sent to you.

    Deletions overtake their posts on busy servers, and on `user` also tell of mutes and un-boosts.
    """

    name: ClassVar[str] = "delete"
    shape: ClassVar[Shape] = "id"
    __match_args__ = ("status_id",)

    status_id = Decoded(bare_id, "The id of the deleted post; a string on every server.")


class Notify(Event, frozen=True):
    """A notification: `notification`."""

    name: ClassVar[str] = "notification"
    entity: ClassVar[str | None] = "notification"
    __match_args__ = ("notification",)

    notification = _entity(Notification, "The notification.")
    notification_id = Decoded(leading_id, "Its id, found without decoding it.")


class ConversationChanged(Event, frozen=True):
    """A direct conversation got a post or was read: `conversation`."""

    name: ClassVar[str] = "conversation"
    entity: ClassVar[str | None] = "conversation"
    __match_args__ = ("conversation",)

    conversation = _entity(Conversation, "The conversation.")


class FiltersChanged(Event, frozen=True):
    """Your filters changed; ask the server for them. Carries nothing."""

    name: ClassVar[str] = "filters_changed"
    shape: ClassVar[Shape] = "any"


class AnnouncementChanged(Event, frozen=True):
    """An announcement was published or edited: `announcement`."""

    name: ClassVar[str] = "announcement"
    entity: ClassVar[str | None] = "announcement"
    __match_args__ = ("announcement",)

    announcement = _entity(Announcement, "The announcement.")


class AnnouncementReacted(Event, frozen=True):
    """The count of a reaction to an announcement changed: `reaction`."""

    name: ClassVar[str] = "announcement.reaction"
    entity: ClassVar[str | None] = "reaction"
    __match_args__ = ("reaction",)

    reaction = _entity(AnnouncementReaction, "The reaction and its count.")


class AnnouncementDeleted(Event, frozen=True):
    """An announcement was withdrawn: `announcement_id`."""

    name: ClassVar[str] = "announcement.delete"
    shape: ClassVar[Shape] = "id"
    __match_args__ = ("announcement_id",)

    announcement_id = Decoded(bare_id, "The id of the announcement.")


class NotificationsMerged(Event, frozen=True):
    """Accepted notification requests were merged into your notifications; fetch them anew."""

    name: ClassVar[str] = "notifications_merged"
    shape: ClassVar[Shape] = "any"


class EncryptedMessageReceived(Event, frozen=True):
    """An end-to-end encrypted message arrived for your device: `message`."""

    name: ClassVar[str] = "encrypted_message"
    entity: ClassVar[str | None] = "message"
    __match_args__ = ("message",)

    message = _entity(EncryptedMessage, "The message.")


class Unknown(Event, frozen=True, kw_only=True):
    """An event of a type that this version does not know: `name` and `raw`."""

    name: str
    shape: ClassVar[Shape] = "any"
    __match_args__ = ("name",)


class Malformed(Event, frozen=True, kw_only=True):
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

ENTITIES: Final[dict[type, tuple[str, Callable[[bytes], object]]]] = {
    event: (event.entity, vars(event)[event.entity].strict)
    for event in EVENTS.values()
    if event.entity is not None
}
"""For each event with an entity: the attribute that keeps it, and its strict decoder."""
