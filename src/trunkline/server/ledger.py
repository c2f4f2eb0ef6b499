"""What a world knows and tells: posts, notifications and conversations, given as entities.

Every change goes three ways at once: to the log (for oracles), to the archive (what REST sees) and
to the listeners (the hub). The clock is an argument; sockets and requests are unknown here.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import msgspec

from trunkline.errors import BadInput
from trunkline.server import channels as channel
from trunkline.server.archive import Archive
from trunkline.server.builders import Json, without_viewer
from trunkline.server.log import Log, LogEntry
from trunkline.server.payloads import as_id, as_object, identifier_of, objects_in
from trunkline.server.people import DEMO_ACCOUNT_ID, People
from trunkline.server.publication import Publication, encode_payload, make_publication
from trunkline.streams import Stream

__all__ = ["Activity", "Ledger", "Post"]


class Activity(Protocol):
    """Something that happened, as a source of activities tells it."""

    @property
    def event(self) -> str:
        """The name of the event."""
        ...

    @property
    def payload(self) -> object:
        """The entity, as an object or as its JSON; or an id."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Post:
    """A post that exists: its JSON as followers see it, and the channels that carried it."""

    raw: bytes
    public: tuple[str, ...]
    homes: tuple[str, ...]
    mentioned: tuple[str, ...] = ()

    @property
    def status(self) -> Json:
        """The post as a plain object; changing it changes nothing."""
        status: Json = msgspec.json.decode(self.raw)
        return status


class Ledger:
    """State and history of one server.

    Attributes:
        now: The clock, in seconds since 1970.
        people: Accounts, users, tokens and lists.
        archive: What REST shows.
        log: What was published, for comparing a consumer with.
        listeners: Called with the publications of each event, in order.
        published: How many events there were.
        sends_empty_payloads: Whether events with the payload ``""`` are published.
        revocation_listeners: Called with the value of each token that is revoked.
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
        self.now = now
        self.people = People(host=host)
        self.archive = Archive(now=now, lag_seconds=rest_lag_seconds, retention=retention)
        self.log = Log(limit=log_limit)
        self.listeners: list[Callable[[tuple[Publication, ...]], None]] = []
        self.published = 0
        self.sends_empty_payloads = False
        self.revocation_listeners: list[Callable[[str], None]] = []
        self._retention = retention
        self._posts: OrderedDict[str, Post] = OrderedDict()
        self._notified: dict[str, list[str]] = {}
        self._conversation_keys: dict[str, str] = {}

    def insert(self, status: Json) -> None:
        """Publish `status` as a new post on every channel where its like appears."""
        status_id, raw = str(status["id"]), encode_payload(status)
        post = self._route(status, raw)
        self._posts[status_id] = post
        if len(self._posts) > self._retention:
            self._posts.popitem(last=False)
        listed = (*post.public, *post.homes)
        parent = status.get("in_reply_to_id")
        self.archive.put(
            f"status:{status_id}",
            raw,
            channels=listed,
            list_as=status_id,
            parent=parent if isinstance(parent, str) else None,
        )
        self._emit_post("update", status, post)

    def revise(self, status: Json) -> None:
        """Publish `status` as the new version of the post with its id.

        The channels stay those of the post; one that is not known goes where a new one would.
        """
        status_id, raw = str(status["id"]), encode_payload(status)
        old = self._posts.get(status_id)
        post = self._route(status, raw) if old is None else replace(old, raw=raw)
        if old is not None:
            self._posts[status_id] = post
            self.archive.revise(f"status:{status_id}", raw)
        self._emit_post("status.update", status, post)

    def delete(self, status_id: str) -> None:
        """Delete a post: it is gone from REST, and its channels say so. It need not exist."""
        post = self._posts.pop(status_id, None)
        carried = (*post.public, *post.homes) if post else ("public", *self.people.all_homes)
        self.archive.remove(f"status:{status_id}")
        for key in self._notified.pop(status_id, ()):
            self.archive.remove(key)
        self._emit("delete", status_id, carried, identifier=status_id)

    def insert_notification(self, notification: Json, *, to: str = DEMO_ACCOUNT_ID) -> None:
        """Publish `notification` to the user `to`."""
        identifier, carried = str(notification["id"]), (channel.notifications(to),)
        key, status = f"notification:{identifier}", notification.get("status")
        if isinstance(status, dict):
            self._notified.setdefault(str(status["id"]), []).append(key)
            if len(self._notified) > self._retention:
                self._notified.pop(next(iter(self._notified)))
        raw = encode_payload(notification)
        self.archive.put(key, raw, channels=carried, list_as=identifier)
        self._emit("notification", raw, carried, identifier=identifier)

    def insert_conversation(self, conversation: Json, *, to: str = DEMO_ACCOUNT_ID) -> None:
        """Publish `conversation` to the user `to`."""
        raw, carried = encode_payload(conversation), (channel.direct(to),)
        identifier, last = str(conversation["id"]), conversation.get("last_status")
        list_as = str(last["id"]) if isinstance(last, dict) else identifier
        before = self._conversation_keys.get(identifier)
        if before is not None:
            self.archive.remove(before)
        key = self._conversation_keys[identifier] = f"conversation:{list_as}"
        self.archive.put(key, raw, channels=carried, list_as=list_as)
        self._emit("conversation", raw, carried, identifier=identifier)

    def publish(
        self, event: str, payload: object, *, channels: Sequence[str] | None = None
    ) -> None:
        """Publish any event; without `channels` on those where the server would.

        Posts, edits, deletions, notifications and conversations are retained for REST as well when
        `channels` is not given. A payload of ``None`` or ``""`` is dropped, as the server does.
        """
        retain = _RETAINING.get(event) if channels is None else None
        if retain is not None:
            retain(self, payload)
        elif payload is not None and (payload != "" or self.sends_empty_payloads):
            carried = self.people.all_homes if channels is None else tuple(channels)
            self._emit(event, payload, carried, identifier=identifier_of(payload))

    def published_on(
        self, stream: Stream, *, account_id: str = DEMO_ACCOUNT_ID, event: str | None = None
    ) -> list[LogEntry]:
        """Return what was published on `stream` of a user, in order: what a consumer must have."""
        carried = channel.of_stream(stream.name, parameter=stream.parameter, account_id=account_id)
        return self.log.on(carried, event=event)

    def ingest(self, activity: Activity) -> None:
        """Publish what a source of activities made, on the channels where the server would."""
        self.publish(activity.event, activity.payload)

    def revoke_token(self, value: str) -> None:
        """Revoke a token: it opens nothing more, and what it opened is ended."""
        self.people.tokens.remove(value)
        for listener in self.revocation_listeners:
            listener(value)

    def find_post(self, status_id: str) -> Post | None:
        """Return the post of this id, if it exists."""
        return self._posts.get(status_id)

    def require_post(self, status_id: str) -> Post:
        """Return the post of this id.

        Raises:
            BadInput: There is none.
        """
        post = self._posts.get(status_id)
        if post is None:
            raise BadInput(
                f"Expected the id of a post that exists; got {status_id!r}. Post it first."
            )
        return post

    def _route(self, status: Json, raw: bytes) -> Post:
        """Decide which channels carry a post, as Mastodon fans it out."""
        account = as_object(status["account"])
        mentioned = tuple(
            str(mention["id"])
            for mention in objects_in(status.get("mentions"))
            if str(mention["id"]) in self.people.users
        )
        homes = self.people.homes_of(str(account["id"]))
        if status.get("visibility") == "direct":
            reached = {channel.home(account_id) for account_id in mentioned}
            homes = tuple(one for one in homes if one in reached)
            homes += tuple(map(channel.direct_posts, mentioned))
        public: tuple[str, ...] = ()
        if status.get("visibility") == "public" and status.get("reblog") is None:
            public = channel.public_channels(
                local="@" not in str(account["acct"]),
                media=bool(status.get("media_attachments")),
                tags=[str(tag["name"]) for tag in objects_in(status.get("tags"))],
                reply=status.get("in_reply_to_account_id") not in (None, account["id"]),
            )
        return Post(raw=raw, public=public, homes=homes, mentioned=mentioned)

    def _emit_post(self, event: str, status: Json, post: Post) -> None:
        """Tell of a post: public channels get it without its viewer, homes with.

        Those whom an edited post mentions get it among their notifications too, lest they miss an
        edit by somebody they do not follow; on `user` it may therefore come twice.
        """
        told = tuple(map(channel.notifications, post.mentioned)) if event != "update" else ()
        edited_at = status.get("edited_at")
        self._record(
            event,
            (*post.public, *post.homes, *told),
            identifier=str(status["id"]),
            edited_at=edited_at if isinstance(edited_at, str) else None,
        )
        personal = make_publication(event, post.raw, channels=(*post.homes, *told))
        if post.public:
            anonymous = without_viewer(status)
            self._tell(make_publication(event, anonymous, channels=post.public), personal)
        else:
            self._tell(personal)

    def _emit(
        self, event: str, payload: object, channels: tuple[str, ...], *, identifier: str
    ) -> None:
        self._record(event, channels, identifier=identifier)
        self._tell(make_publication(event, payload, channels=channels))

    def _record(
        self,
        event: str,
        channels: tuple[str, ...],
        *,
        identifier: str,
        edited_at: str | None = None,
    ) -> None:
        self.log.append(
            LogEntry(
                event=event,
                identifier=identifier,
                channels=channels,
                edited_at=edited_at,
                published_at=self.now(),
            )
        )

    def _tell(self, *publications: Publication) -> None:
        self.published += 1
        for listener in self.listeners:
            listener(publications)


_RETAINING: dict[str, Callable[[Ledger, object], None]] = {
    "update": lambda ledger, payload: ledger.insert(as_object(payload)),
    "status.update": lambda ledger, payload: ledger.revise(as_object(payload)),
    "delete": lambda ledger, payload: ledger.delete(as_id(payload)),
    "notification": lambda ledger, payload: ledger.insert_notification(as_object(payload)),
    "conversation": lambda ledger, payload: ledger.insert_conversation(as_object(payload)),
}
"""What is more than telling: events whose entities REST shows as well."""
