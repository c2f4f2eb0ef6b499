"""What is said in private: direct conversations and encrypted messages."""

from __future__ import annotations

from trunkline.entities.account import Account
from trunkline.entities.base import UNKNOWN_TIME, Entity, Timestamp
from trunkline.entities.status import Status

__all__ = ["Conversation", "EncryptedMessage"]


class Conversation(Entity, frozen=True, kw_only=True):
    """A thread of direct posts. Mastodon API: Conversation entity."""

    id: str = ""
    unread: bool = False
    accounts: tuple[Account, ...] = ()
    """The others who take part."""
    last_status: Status | None = None


class EncryptedMessage(Entity, frozen=True, kw_only=True):
    """An end-to-end encrypted message, on servers that have them.

    Mastodon API: EncryptedMessage entity.
    """

    id: str = ""
    account_id: str = ""
    device_id: str = ""
    type: str = ""
    """``0`` opens a session, ``1`` continues one."""
    body: str = ""
    digest: str = ""
    message_franking: str = ""
    created_at: Timestamp = UNKNOWN_TIME
