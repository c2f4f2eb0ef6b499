"""Who: accounts, what hangs on their profiles, and the custom emoji that every text may use."""

from __future__ import annotations

from typing import Final

from trunkline.entities.base import UNKNOWN_TIME, Entity, Timestamp
from trunkline.text import plain_text

__all__ = ["NOBODY", "Account", "AccountField", "AccountRole", "CustomEmoji"]


class CustomEmoji(Entity, frozen=True, kw_only=True):
    """A picture that stands for ``:shortcode:`` in a text. Mastodon API: CustomEmoji entity."""

    shortcode: str = ""
    """Its name, without colons."""
    url: str = ""
    """The picture, possibly animated."""
    static_url: str = ""
    """The picture, never animated."""
    visible_in_picker: bool = True
    category: str | None = None


class AccountField(Entity, frozen=True, kw_only=True):
    """One row of the table on a profile. Mastodon API: Account entity, Field."""

    name: str = ""
    value: str = ""
    """HTML."""
    verified_at: Timestamp | None = None
    """When the server found a link back to the profile; ``None`` if it did not."""


class AccountRole(Entity, frozen=True, kw_only=True):
    """A role shown on a profile of the server itself. Mastodon API: Role entity."""

    id: str = ""
    name: str = ""
    color: str = ""
    """A hex code such as ``#ff7000``, or empty."""


class Account(Entity, frozen=True, kw_only=True):
    """Somebody, on this server or another one. Mastodon API: Account entity."""

    id: str = ""
    username: str = ""
    """The name without a domain."""
    acct: str = ""
    """``name`` on the server itself, ``name@domain`` elsewhere."""
    display_name: str = ""
    locked: bool = False
    """Whether follow requests are approved by hand."""
    bot: bool = False
    discoverable: bool | None = None
    indexable: bool = False
    group: bool = False
    created_at: Timestamp = UNKNOWN_TIME
    """Midnight of the day on which the account was made (or first seen here)."""
    note: str = ""
    """The biography as HTML; `note_text` has it as text."""
    url: str = ""
    uri: str = ""
    avatar: str = ""
    avatar_static: str = ""
    avatar_description: str = ""
    header: str = ""
    header_static: str = ""
    header_description: str = ""
    followers_count: int = 0
    """Some servers hide it as ``-1``."""
    following_count: int = 0
    statuses_count: int = 0
    last_status_at: str | None = None
    """The day of the last post, ``YYYY-MM-DD``; other servers may send a full timestamp."""
    hide_collections: bool | None = None
    suspended: bool = False
    limited: bool = False
    noindex: bool | None = None
    memorial: bool = False
    moved: Account | None = None
    """Where the account moved to."""
    emojis: tuple[CustomEmoji, ...] = ()
    roles: tuple[AccountRole, ...] = ()
    fields: tuple[AccountField, ...] = ()

    @property
    def note_text(self) -> str:
        """The biography as plain text, converted anew at each read."""
        return plain_text(self.note)


NOBODY: Final = Account()
"""Stands where a server must send an account and did not; its id is empty."""
