"""What concerns you: notifications, and what moderators' notifications carry."""

from __future__ import annotations

from trunkline.entities.account import NOBODY, Account
from trunkline.entities.base import UNKNOWN_TIME, Entity, Timestamp
from trunkline.entities.status import Status

__all__ = ["AccountWarning", "Appeal", "Notification", "RelationshipSeveranceEvent", "Report"]


class Report(Entity, frozen=True, kw_only=True):
    """A complaint about an account, for moderators. Mastodon API: Report entity."""

    id: str = ""
    action_taken: bool = False
    action_taken_at: Timestamp | None = None
    category: str = "other"
    """``spam``, ``legal``, ``violation`` or ``other``."""
    comment: str = ""
    forwarded: bool | None = None
    created_at: Timestamp = UNKNOWN_TIME
    status_ids: tuple[str, ...] | None = None
    rule_ids: tuple[str, ...] | None = None
    target_account: Account = NOBODY


class RelationshipSeveranceEvent(Entity, frozen=True, kw_only=True):
    """What cut some of your follow relationships (4.3).

    Mastodon API: RelationshipSeveranceEvent entity.
    """

    id: str = ""
    type: str = ""
    """``domain_block``, ``user_domain_block`` or ``account_suspension``."""
    purged: bool = False
    """Whether the list of what was cut is gone."""
    target_name: str = ""
    """A domain or a handle, after `type`."""
    followers_count: int = 0
    following_count: int = 0
    created_at: Timestamp = UNKNOWN_TIME


class Appeal(Entity, frozen=True, kw_only=True):
    """An objection to a warning. Mastodon API: Appeal entity."""

    text: str = ""
    state: str = "pending"
    """``pending``, ``approved`` or ``rejected``."""


class AccountWarning(Entity, frozen=True, kw_only=True):
    """What a moderator did about an account (4.3). Mastodon API: AccountWarning entity."""

    id: str = ""
    action: str = "none"
    """``none``, ``disable``, ``mark_statuses_as_sensitive``, ``delete_statuses``, ``sensitive``,
    ``silence`` or ``suspend``."""
    text: str = ""
    status_ids: tuple[str, ...] | None = None
    created_at: Timestamp = UNKNOWN_TIME
    target_account: Account = NOBODY
    appeal: Appeal | None = None


class Notification(Entity, frozen=True, kw_only=True):
    """Something that concerns you. Mastodon API: Notification entity.

    `type` decides which of `status`, `report`, `event` and `moderation_warning` is set.
    """

    id: str = ""
    type: str = ""
    """``mention``, ``status``, ``reblog``, ``follow``, ``follow_request``, ``favourite``, ``poll``,
    ``update``, ``quote``, ``quoted_update``, ``severed_relationships``, ``moderation_warning``,
    ``admin.sign_up``, ``admin.report``, or a word of a newer server or a fork."""
    created_at: Timestamp = UNKNOWN_TIME
    group_key: str = ""
    """Shared by notifications that belong together; opaque (4.3)."""
    account: Account = NOBODY
    """Who caused it."""
    status: Status | None = None
    report: Report | None = None
    event: RelationshipSeveranceEvent | None = None
    moderation_warning: AccountWarning | None = None
    emoji: str | None = None
    """The reaction, on Pleroma and Akkoma (``pleroma:emoji_reaction``)."""
    emoji_url: str | None = None
    """The picture of a custom reaction, on Pleroma and Akkoma."""
    emoji_reaction: dict[str, object] | None = None
    """The reaction as Fedibird and its relatives send it."""
