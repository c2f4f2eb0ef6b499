"""What is said: the post, and the small things that only a post carries."""

from __future__ import annotations

from trunkline.entities.account import NOBODY, Account, CustomEmoji
from trunkline.entities.attachments import MediaAttachment, Poll, PreviewCard
from trunkline.entities.base import UNKNOWN_TIME, Entity, Timestamp
from trunkline.entities.filters import FilterResult
from trunkline.text import plain_text

__all__ = ["Application", "Mention", "Quote", "QuoteApproval", "Status", "Tag"]


class Application(Entity, frozen=True, kw_only=True):
    """The program that posted. Mastodon API: Application entity."""

    name: str = ""
    website: str | None = None


class Mention(Entity, frozen=True, kw_only=True):
    """Somebody named in a text. Mastodon API: Status entity, Mention."""

    id: str = ""
    """The id of the account."""
    username: str = ""
    url: str = ""
    acct: str = ""


class Tag(Entity, frozen=True, kw_only=True):
    """A hashtag used in a text. Mastodon API: Status entity, Tag."""

    name: str = ""
    """Without the leading ``#``."""
    url: str = ""


class QuoteApproval(Entity, frozen=True, kw_only=True):
    """Who may quote a post (Mastodon 4.5). Mastodon API: QuoteApproval entity."""

    automatic: tuple[str, ...] = ()
    """Groups whose quotes are accepted at once: ``public``, ``followers``, ``following`` ..."""
    manual: tuple[str, ...] = ()
    """Groups whose quotes wait for the author."""
    current_user: str = "unknown"
    """``automatic``, ``manual``, ``denied`` or ``unknown``."""


class Quote(Entity, frozen=True, kw_only=True):
    """That a post quotes another one. Mastodon API: Quote entity and ShallowQuote entity (4.4).

    Inside a quoted post a server sends only `quoted_status_id`. Servers that put the quoted post
    itself here are read as an empty quote; `raw` of the event has all of it.
    """

    state: str = ""
    """``accepted``, ``pending``, ``rejected``, ``revoked``, ``deleted``, ``unauthorized``,
    ``blocked_account``, ``blocked_domain`` or ``muted_account``; treat an unknown word as
    ``unauthorized``."""
    quoted_status: Status | None = None
    quoted_status_id: str | None = None


class Status(Entity, frozen=True, kw_only=True):
    """A post, or a boost of one (`reblog`). Mastodon API: Status entity.

    What depends on the reader (`favourited` to `filtered`) is ``None`` or empty where the server
    sent one payload to everybody, as it does on public streams.
    """

    id: str = ""
    created_at: Timestamp = UNKNOWN_TIME
    in_reply_to_id: str | None = None
    in_reply_to_account_id: str | None = None
    sensitive: bool = False
    spoiler_text: str = ""
    """The content warning, plain text."""
    visibility: str = "public"
    """``public``, ``unlisted``, ``private``, ``direct``, or a word of a fork."""
    language: str | None = None
    """ISO 639 code."""
    uri: str = ""
    """The same on every server, where `id` is this server's own."""
    url: str | None = None
    replies_count: int = 0
    reblogs_count: int = 0
    favourites_count: int = 0
    quotes_count: int = 0
    edited_at: Timestamp | None = None
    favourited: bool | None = None
    reblogged: bool | None = None
    muted: bool | None = None
    bookmarked: bool | None = None
    pinned: bool | None = None
    content: str = ""
    """HTML; `text` has it as text."""
    filtered: tuple[FilterResult, ...] = ()
    reblog: Status | None = None
    """The post that this one boosts."""
    application: Application | None = None
    account: Account = NOBODY
    """The author, or who boosted."""
    media_attachments: tuple[MediaAttachment, ...] = ()
    mentions: tuple[Mention, ...] = ()
    tags: tuple[Tag, ...] = ()
    emojis: tuple[CustomEmoji, ...] = ()
    quote: Quote | None = None
    card: PreviewCard | None = None
    poll: Poll | None = None
    quote_approval: QuoteApproval | None = None

    @property
    def text(self) -> str:
        """The content as plain text, converted anew at each read (see `trunkline.text`)."""
        return plain_text(self.content)
