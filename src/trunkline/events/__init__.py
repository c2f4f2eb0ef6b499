"""What a stream tells: one frozen value for each type of event, and the table of their names.

Every event carries `stream`, `server`, `received_at` (aware, UTC), `origin` and `raw`, the bytes of
the payload as they came. Entities are decoded on first use and kept, so a consumer who only
forwards bytes never pays for decoding and one who reads typed fields pays once. `json()` gives the
plain value, with every extension of every fork.

What the table does not know is an `Unknown`; what cannot be an event is a `Malformed`. Both arrive
like any other event: nothing is dropped silently.

Source: Mastodon API, "Streaming API methods", "Event types and payloads".
"""

from trunkline.events.base import Event, Origin, Shape, leading_id
from trunkline.events.kinds import (
    EVENTS,
    AnnouncementChanged,
    AnnouncementDeleted,
    AnnouncementReacted,
    AnyEvent,
    ConversationChanged,
    Delete,
    Edit,
    EncryptedMessageReceived,
    FiltersChanged,
    KnownEvent,
    Malformed,
    NotificationsMerged,
    Notify,
    Unknown,
    Update,
)

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
    "Shape",
    "Unknown",
    "Update",
    "leading_id",
]
