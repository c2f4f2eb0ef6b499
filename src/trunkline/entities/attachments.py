"""What hangs on a post: media, polls and the preview of a link."""

from __future__ import annotations

from trunkline.entities.account import Account, CustomEmoji
from trunkline.entities.base import Entity, Timestamp

__all__ = ["MediaAttachment", "Poll", "PollOption", "PreviewCard", "PreviewCardAuthor"]


class MediaAttachment(Entity, frozen=True, kw_only=True):
    """A picture, film or sound. Mastodon API: MediaAttachment entity."""

    id: str = ""
    type: str = "unknown"
    """``image``, ``gifv``, ``video``, ``audio`` or ``unknown``."""
    url: str | None = None
    """The file; ``None`` while the server still processes it."""
    preview_url: str | None = None
    remote_url: str | None = None
    preview_remote_url: str | None = None
    text_url: str | None = None
    meta: dict[str, object] | None = None
    """Sizes, durations, focus and colours as the server sends them; ``None`` if not measured."""
    description: str | None = None
    """The text for those who cannot see or hear it."""
    blurhash: str | None = None


class PollOption(Entity, frozen=True, kw_only=True):
    """One answer of a poll. Mastodon API: Poll entity, Option."""

    title: str = ""
    votes_count: int | None = None
    """``None`` while the result is hidden."""


class Poll(Entity, frozen=True, kw_only=True):
    """A poll as it stood when the server sent it. Mastodon API: Poll entity."""

    id: str = ""
    expires_at: Timestamp | None = None
    expired: bool = False
    multiple: bool = False
    votes_count: int = 0
    voters_count: int | None = None
    """People, where `votes_count` counts votes; ``None`` if unknown."""
    options: tuple[PollOption, ...] = ()
    emojis: tuple[CustomEmoji, ...] = ()
    voted: bool | None = None
    own_votes: tuple[int, ...] | None = None
    """Positions in `options` that you chose; ``None`` when sent to nobody in particular."""


class PreviewCardAuthor(Entity, frozen=True, kw_only=True):
    """Who wrote the linked page. Mastodon API: PreviewCardAuthor entity."""

    name: str = ""
    url: str = ""
    account: Account | None = None


class PreviewCard(Entity, frozen=True, kw_only=True):
    """The preview of a link. Mastodon API: PreviewCard entity."""

    url: str = ""
    title: str = ""
    description: str = ""
    language: str | None = None
    type: str = "link"
    """``link``, ``photo``, ``video`` or ``rich``."""
    author_name: str = ""
    """Superseded by `authors`."""
    author_url: str = ""
    provider_name: str = ""
    provider_url: str = ""
    html: str = ""
    width: int = 0
    """Pixels, as is `height`."""
    height: int = 0
    image: str | None = None
    image_description: str = ""
    embed_url: str = ""
    blurhash: str | None = None
    published_at: Timestamp | None = None
    authors: tuple[PreviewCardAuthor, ...] = ()
