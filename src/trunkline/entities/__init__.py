"""What Mastodon talks about: posts, accounts, notifications ... as frozen, tolerant values.

Promises: ids are `str`, timestamps are aware `datetime`, sequences are tuples, everything else has
a sane default, unknown fields are ignored. `decode` and `convert` make an entity of every JSON
object, however odd its fields. The fields follow Mastodon 4.3 to 4.7; what a server sends beyond
them stays in the event's `raw`.

Refuses to know events, streams, and where the bytes came from.

Source: Mastodon API, "Entities".
"""

from trunkline.entities.account import NOBODY, Account, AccountField, AccountRole, CustomEmoji
from trunkline.entities.announcement import Announcement, AnnouncementReaction
from trunkline.entities.attachments import (
    MediaAttachment,
    Poll,
    PollOption,
    PreviewCard,
    PreviewCardAuthor,
)
from trunkline.entities.base import UNKNOWN_TIME, Entity, Timestamp
from trunkline.entities.decoding import convert, decode
from trunkline.entities.filters import Filter, FilterResult
from trunkline.entities.messages import Conversation, EncryptedMessage
from trunkline.entities.notification import (
    AccountWarning,
    Appeal,
    Notification,
    RelationshipSeveranceEvent,
    Report,
)
from trunkline.entities.status import Application, Mention, Quote, QuoteApproval, Status, Tag

__all__ = [
    "NOBODY",
    "UNKNOWN_TIME",
    "Account",
    "AccountField",
    "AccountRole",
    "AccountWarning",
    "Announcement",
    "AnnouncementReaction",
    "Appeal",
    "Application",
    "Conversation",
    "CustomEmoji",
    "EncryptedMessage",
    "Entity",
    "Filter",
    "FilterResult",
    "MediaAttachment",
    "Mention",
    "Notification",
    "Poll",
    "PollOption",
    "PreviewCard",
    "PreviewCardAuthor",
    "Quote",
    "QuoteApproval",
    "RelationshipSeveranceEvent",
    "Report",
    "Status",
    "Tag",
    "Timestamp",
    "convert",
    "decode",
]
