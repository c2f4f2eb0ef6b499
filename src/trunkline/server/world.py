"""The world that the server shows, and the words to change it with: post, edit, boost, notify.

Each makes the entity as Mastodon would; where it goes is the ledger's decision. Time comes from
the ledger's clock.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from datetime import datetime

from trunkline.server.builders import (
    Json,
    make_announcement,
    make_conversation,
    make_media,
    make_notification,
    make_status,
    timestamp,
)
from trunkline.server.ids import PostIds, SerialIds, SnowflakeIds
from trunkline.server.ledger import Ledger, Post
from trunkline.server.log import LogEntry
from trunkline.server.people import DEMO_ACCOUNT_ID
from trunkline.server.publication import encode_payload

__all__ = ["LogEntry", "Post", "World"]

_POST_TYPES = ("mention", "status", "reblog", "favourite", "poll", "update", "quote")


class World(Ledger):
    """State and history of one server.

    Made for tests and demos: each method makes an entity as Mastodon would and publishes it. What
    `Ledger` offers takes entities that somebody else made.

    Attributes:
        carried: The channels that there are to be read; ``None`` for all.
    """

    def __init__(
        self,
        now: Callable[[], float] = time.time,
        *,
        host: str = "trunkline.example",
        log_limit: int | None = None,
        retention: int = 200_000,
        rest_lag_seconds: float = 0.0,
    ) -> None:
        super().__init__(
            now,
            host=host,
            log_limit=log_limit,
            retention=retention,
            rest_lag_seconds=rest_lag_seconds,
        )
        self.status_ids: PostIds = SnowflakeIds()
        self.carried: set[str] | None = None
        self._serial_ids = SerialIds(68_739_215)
        self._conversations: dict[frozenset[str], tuple[str, str]] = {}

    def post(
        self,
        /,
        content: str = "<p>Hello</p>",
        *,
        account: Json | None = None,
        local: bool = True,
        visibility: str = "public",
        tags: Sequence[str] = (),
        media: int | bool = 0,
        mentions: Sequence[str] = (),
        in_reply_to_id: str | None = None,
        late_seconds: float = 0.0,
        **overrides: object,
    ) -> Json:
        """Publish a new post and return it.

        Args:
            content: Its HTML.
            account: Its author; by default alice if `local`, else bob of another server.
            local: Whether the default author is of this server.
            visibility: ``public``, ``unlisted``, ``private`` or ``direct``.
            tags: Its hashtags, without ``#``.
            media: How many pictures it has.
            mentions: Ids of the accounts that it mentions.
            in_reply_to_id: The post that it replies to.
            late_seconds: How much older than its arrival its id and date are, as those of a post
                that another server delivers late.
            overrides: Members of the post to replace or add.
        """
        author = account or (self.people.alice if local else self.people.bob)
        created_at = self.now() - late_seconds
        status_id = self.status_ids.next(int(created_at * 1000))
        status = make_status(
            status_id,
            account=author,
            created_at=timestamp(created_at),
            host=self.people.host,
            content=content,
            tags=tags,
            media=[make_media(f"{status_id}{n}", host=self.people.host) for n in range(int(media))],
            visibility=visibility,
            mentions=[self._mention(account_id) for account_id in mentions],
            in_reply_to_id=in_reply_to_id,
            in_reply_to_account_id=self._author_of(in_reply_to_id),
            **overrides,
        )
        self.insert(status)
        return status

    def edit(self, /, status_id: str, **changes: object) -> Json:
        """Publish a new version of a post, with the members `changes`, and return it.

        Raises:
            BadInput: There is no such post.
        """
        post = self.require_post(status_id)
        before = post.status
        status = {**before, **changes}
        if "edited_at" not in changes:
            status["edited_at"] = self._edited_at(before)
        self.revise(status)
        return status

    def boost(self, status_id: str, *, account: Json | None = None) -> Json:
        """Publish a boost of a post to the homes of the booster's followers, and return it.

        Raises:
            BadInput: There is no such post.
        """
        original = self.require_post(status_id).status
        content = str(original["content"])
        return self.post(content, account=account or self.people.alice, reblog=original)

    def notify(
        self,
        /,
        type: str = "mention",  # noqa: A002  # the API's own word
        *,
        account: Json | None = None,
        status: Json | None = None,
        to: str = DEMO_ACCOUNT_ID,
        **overrides: object,
    ) -> Json:
        """Publish a notification to the user `to` and return it.

        Types that are about a post get one by `account` (by default bob) where none is given.
        """
        sender = account or self.people.bob
        if status is None and type in _POST_TYPES:
            status = self._unlisted_post(sender, mentioned=to)
        notification = make_notification(
            self._serial_ids.next(),
            type=type,
            account=sender,
            created_at=timestamp(self.now()),
            status=status,
            **overrides,
        )
        self.insert_notification(notification, to=to)
        return notification

    def message(
        self,
        content: str = "<p>Between us</p>",
        *,
        account: Json | None = None,
        to: str = DEMO_ACCOUNT_ID,
    ) -> Json:
        """Publish a direct post to the user `to` and return the conversation it belongs to.

        The post also reaches the home of `to`, and a notification tells of the mention.
        """
        sender = account or self.people.bob
        parties = frozenset({str(sender["id"]), to})
        conversation_id, before = self._conversations.get(parties) or (
            self._serial_ids.next(),
            None,
        )
        status = self.post(
            content, account=sender, visibility="direct", mentions=[to], in_reply_to_id=before
        )
        self._conversations[parties] = conversation_id, str(status["id"])
        conversation = make_conversation(conversation_id, accounts=[sender], last_status=status)
        self.insert_conversation(conversation, to=to)
        self.notify("mention", account=sender, status=status, to=to)
        return conversation

    def announce(self, content: str = "<p>Maintenance tonight</p>") -> Json:
        """Publish an announcement to every user and return it."""
        announcement = make_announcement(
            self._serial_ids.next(), content=content, published_at=timestamp(self.now())
        )
        self.publish("announcement", announcement)
        return announcement

    def _unlisted_post(self, author: Json, *, mentioned: str) -> Json:
        """Return a post that a notification is about, retained but on nobody's timeline."""
        created_at = self.now()
        status = make_status(
            self.status_ids.next(int(created_at * 1000)),
            account=author,
            created_at=timestamp(created_at),
            host=self.people.host,
            visibility="unlisted",
            mentions=[self._mention(mentioned)],
        )
        key = f"status:{status['id']}"
        self.archive.put(key, encode_payload(status), channels=(), list_as=str(status["id"]))
        return status

    def _author_of(self, status_id: str | None) -> object:
        post = self.find_post(status_id or "")
        account = post.status["account"] if post is not None else None
        return account["id"] if isinstance(account, dict) else None

    def _mention(self, account_id: str) -> Json:
        account = self.people.account(account_id)
        return {name: account[name] for name in ("id", "username", "url", "acct")}

    def _edited_at(self, before: Json) -> str:
        """Return the time of an edit, which is after the one before it."""
        now, last = timestamp(self.now()), before.get("edited_at")
        if not isinstance(last, str) or last < now:
            return now
        return timestamp(datetime.fromisoformat(last).timestamp() + 0.0015)
