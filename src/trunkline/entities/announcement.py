"""What the server's staff tells everybody: announcements and the reactions to them."""

from __future__ import annotations

from trunkline.entities.account import CustomEmoji
from trunkline.entities.base import UNKNOWN_TIME, Entity, Timestamp
from trunkline.entities.status import Mention, Tag
from trunkline.text import plain_text

__all__ = ["Announcement", "AnnouncementReaction"]


class AnnouncementReaction(Entity, frozen=True, kw_only=True):
    """How often one emoji was chosen. Mastodon API: Reaction entity, and Streaming, Events.

    The event ``announcement.reaction`` sends `announcement_id`; inside an `Announcement` it is
    ``None``.
    """

    name: str = ""
    """A Unicode emoji, or the name of a custom one."""
    count: int = 0
    me: bool | None = None
    url: str | None = None
    static_url: str | None = None
    announcement_id: str | None = None


class Announcement(Entity, frozen=True, kw_only=True):
    """A word of the staff to everybody. Mastodon API: Announcement entity."""

    id: str = ""
    content: str = ""
    """HTML; `text` has it as text."""
    starts_at: Timestamp | None = None
    ends_at: Timestamp | None = None
    all_day: bool = False
    """Whether only the days of `starts_at` and `ends_at` count."""
    published_at: Timestamp = UNKNOWN_TIME
    updated_at: Timestamp = UNKNOWN_TIME
    read: bool | None = None
    mentions: tuple[Mention, ...] = ()
    tags: tuple[Tag, ...] = ()
    emojis: tuple[CustomEmoji, ...] = ()
    reactions: tuple[AnnouncementReaction, ...] = ()

    @property
    def text(self) -> str:
        """The content as plain text, converted anew at each read (see `trunkline.text`)."""
        return plain_text(self.content)
