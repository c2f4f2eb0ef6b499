"""What the pretend server tells its viewer: notifications and conversations.

Promises serial notification ids, every type in `NOTIFICATION_TYPES`, and posts that were not
deleted. A post that no timeline carried may appear here (a direct post, or the very first mention);
nobody edits or deletes such a post. Time is an argument.

Source: Mastodon API, "Notification", "Conversation", "Report", "RelationshipSeveranceEvent",
"AccountWarning".
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from itertools import count
from typing import Final

from trunkline.server.synthetic import attachments
from trunkline.server.synthetic.drafts import Post, Town, begin, complete, has_words
from trunkline.server.synthetic.memory import Json, Odds, iso
from trunkline.server.synthetic.people import Person
from trunkline.server.synthetic.posts import Writer

__all__ = ["NOTIFICATION_TYPES", "Notifier"]

WEIGHTS: Final = {
    "mention": 22.0,
    "favourite": 26.0,
    "reblog": 14.0,
    "follow": 10.0,
    "status": 8.0,
    "update": 5.0,
    "poll": 4.0,
    "follow_request": 3.0,
    "quote": 2.0,
    "quoted_update": 1.0,
    "admin.sign_up": 2.0,
    "admin.report": 1.0,
    "severed_relationships": 1.0,
    "moderation_warning": 1.0,
}
NOTIFICATION_TYPES: Final = tuple(WEIGHTS)
TYPES: Final = Odds(WEIGHTS)
GROUPED: Final = frozenset({"favourite", "reblog", "follow", "admin.sign_up"})
GROUP_MILLISECONDS: Final = 12 * 3_600_000
FIRST_NOTIFICATION: Final = 68_739_215
FIRST_CONVERSATION: Final = 418_450


@dataclass(frozen=True, slots=True, kw_only=True)
class _Case:
    """One notification in the making."""

    town: Town
    writer: Writer
    serial: int
    now_milliseconds: int

    def somebody(self) -> Person:
        return self.town.crowd.draw_other(self.town.random)

    def post(self, *, accept: Callable[[Post], bool], kind: str) -> Post:
        """An earlier post, or a fresh one of the kind where none is acceptable."""
        earlier = self.town.memory.draw(self.town.random, accept=accept)
        if earlier is not None:
            return earlier
        fresh = complete(self.town, begin(self.town), kind=kind)
        return self.writer.publish(fresh, self.now_milliseconds)


@dataclass(frozen=True, slots=True)
class _Subject:
    """Who did it, what it is about (the key after `account`, with its value), and the post."""

    person: Person
    about: Json
    post: Post | None = None


class Notifier:
    """Tells the viewer of one `Town` what others did."""

    def __init__(self, town: Town, writer: Writer) -> None:
        self._town = town
        self._writer = writer
        self._serials = count(FIRST_NOTIFICATION)

    def notification(self, now_milliseconds: int) -> tuple[Json, Post | None]:
        """Return a notification of any type, and the post it is about."""
        kind = TYPES.draw(self._town.random)
        case = _Case(
            town=self._town,
            writer=self._writer,
            serial=next(self._serials),
            now_milliseconds=now_milliseconds,
        )
        subject = SUBJECTS[kind](case)
        payload: Json = {
            "id": str(case.serial),
            "type": kind,
            "created_at": iso(now_milliseconds),
            "group_key": _group_key(kind, case, subject.post),
            "account": subject.person.account,
            **subject.about,
        }
        return payload, subject.post

    def conversation(self, now_milliseconds: int) -> tuple[Json, Post]:
        """Return a conversation of two, and the direct post that somebody just added to it."""
        crowd = self._town.crowd
        person = crowd.draw_other(self._town.random)
        plain = begin(self._town, person=person)
        direct = replace(plain, visibility="direct", tags=(), mentions=(crowd.viewer,))
        post = self._writer.publish(direct, now_milliseconds)
        payload: Json = {
            "id": str(FIRST_CONVERSATION + crowd.number(person)),
            "unread": True,
            "accounts": [post.person.account],
            "last_status": post.status,
        }
        return payload, post

    def encrypted_message(self, now_milliseconds: int) -> Json:
        """Return an encrypted message, which servers up to Mastodon 4.2 could send."""
        random = self._town.random
        return {
            "id": str(next(self._serials)),
            "account_id": self._town.crowd.draw_other(random).id,
            "body": f"{random.getrandbits(256):064x}",
            "digest": "",
            "message_franking": "",
            "created_at": iso(now_milliseconds),
        }


def _group_key(kind: str, case: _Case, post: Post | None) -> str:
    if kind not in GROUPED:
        return f"ungrouped-{case.serial}"
    target = f"-{post.id}" if post else ""
    return f"{kind}{target}-{case.now_milliseconds // GROUP_MILLISECONDS}"


def _with_status(person: Person, post: Post) -> _Subject:
    return _Subject(person, {"status": post.status}, post)


def _mentioned(case: _Case) -> _Subject:
    post = case.post(accept=lambda post: post.mentions, kind="mention")
    return _with_status(post.person, post)


def _posted(case: _Case) -> _Subject:
    post = case.post(accept=has_words, kind="plain")
    return _with_status(post.person, post)


def _quoted(case: _Case) -> _Subject:
    post = case.post(accept=lambda post: post.quotes, kind="quote")
    return _with_status(post.person, post)


def _edited(case: _Case) -> _Subject:
    post = case.post(accept=lambda post: post.status["edited_at"] is not None, kind="plain")
    if post.status["edited_at"] is None:
        post = case.writer.edit(post, case.now_milliseconds)
    return _with_status(post.person, post)


def _acted_upon(case: _Case) -> _Subject:
    return _with_status(case.somebody(), case.post(accept=has_words, kind="plain"))


def _poll_ended(case: _Case) -> _Subject:
    post = case.post(accept=lambda post: post.poll is not None, kind="poll")
    closed = attachments.poll_closed(
        case.town.random, post.poll or {}, now_milliseconds=case.now_milliseconds
    )
    return _Subject(post.person, {"status": {**post.status, "poll": closed}}, post)


def _account_only(case: _Case) -> _Subject:
    return _Subject(case.somebody(), {})


def _reported(case: _Case) -> _Subject:
    report: Json = {
        "id": str(case.serial % 10_000),
        "action_taken": False,
        "action_taken_at": None,
        "category": "spam",
        "comment": "The same advertisement, nine times.",
        "forwarded": False,
        "created_at": iso(case.now_milliseconds),
        "status_ids": [],
        "rule_ids": [],
        "target_account": case.somebody().account,
    }
    return _Subject(case.somebody(), {"report": report})


def _severed(case: _Case) -> _Subject:
    event: Json = {
        "id": str(case.serial % 10_000),
        "type": "domain_block",
        "purged": False,
        "target_name": "spam.example",
        "followers_count": case.town.random.randrange(9),
        "following_count": case.town.random.randrange(9),
        "created_at": iso(case.now_milliseconds),
    }
    return _Subject(case.town.crowd.viewer, {"event": event})


def _warned(case: _Case) -> _Subject:
    viewer = case.town.crowd.viewer
    warning: Json = {
        "id": str(case.serial % 10_000),
        "action": "none",
        "text": "Please describe your pictures. Thank you!",
        "status_ids": [],
        "target_account": viewer.account,
        "appeal": None,
        "created_at": iso(case.now_milliseconds),
    }
    return _Subject(viewer, {"moderation_warning": warning})


SUBJECTS: Final[Mapping[str, Callable[[_Case], _Subject]]] = {
    "mention": _mentioned,
    "favourite": _acted_upon,
    "reblog": _acted_upon,
    "follow": _account_only,
    "status": _posted,
    "update": _edited,
    "poll": _poll_ended,
    "follow_request": _account_only,
    "quote": _quoted,
    "quoted_update": _edited,
    "admin.sign_up": _account_only,
    "admin.report": _reported,
    "severed_relationships": _severed,
    "moderation_warning": _warned,
}
