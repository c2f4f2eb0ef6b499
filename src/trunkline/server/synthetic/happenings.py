"""What can happen on the pretend server: one function for each event of the streaming API.

Promises edits and deletions only of posts that were published before, never after their deletion,
and deletions only of posts that no other post answers, quotes or boosts: nothing ever refers to
what is gone. An event that needs something earlier becomes that while there is none. Time is an
argument.

Source: Mastodon API, "Streaming API methods", "Event types and payloads".
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from trunkline.server.synthetic.announcements import Announcer
from trunkline.server.synthetic.drafts import Post, Town, has_words
from trunkline.server.synthetic.memory import Json
from trunkline.server.synthetic.notifications import Notifier
from trunkline.server.synthetic.posts import Writer

__all__ = ["DEFAULT_MIX", "HAPPENINGS", "Activity", "Day"]

DEFAULT_MIX: Final[Mapping[str, float]] = MappingProxyType(
    {
        "update": 0.78,
        "status.update": 0.05,
        "delete": 0.04,
        "notification": 0.10,
        "conversation": 0.012,
        "announcement": 0.003,
        "announcement.reaction": 0.008,
        "announcement.delete": 0.002,
        "filters_changed": 0.002,
        "notifications_merged": 0.002,
        "encrypted_message": 0.001,
    }
)
"""How often each event comes. An event that needs something earlier (an edit, a deletion, a
reaction) brings that forth instead while there is none."""


@dataclass(frozen=True, slots=True)
class Activity:
    """One thing that happened on the pretend server.

    Attributes:
        event: The event's name, as the streaming API sends it.
        payload: The JSON object, or the bare text: an id for `delete` and `announcement.delete`,
            "" for `filters_changed`, "1" for `notifications_merged`. Shared: to be read only.
        status_id: The id of the post concerned, if any.
    """

    event: str
    payload: Json | str
    status_id: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    """All that takes part in what happens."""

    town: Town
    writer: Writer
    notifier: Notifier
    announcer: Announcer


def _update(day: Day, now_milliseconds: int) -> Activity:
    post = day.writer.anything(now_milliseconds)
    day.town.memory.add(post)
    return Activity("update", post.status, post.id)


def _edit(day: Day, now_milliseconds: int) -> Activity:
    post = day.town.memory.draw(day.town.random, accept=has_words)
    if post is None:
        return _update(day, now_milliseconds)
    edited = day.writer.edit(post, now_milliseconds)
    day.town.memory.replace(edited)
    return Activity("status.update", edited.status, edited.id)


def _delete(day: Day, now_milliseconds: int) -> Activity:
    post = day.town.memory.draw(day.town.random, accept=_stands_alone)
    if post is None:
        return _update(day, now_milliseconds)
    day.town.memory.forget(post)
    return Activity("delete", post.id, post.id)


def _stands_alone(post: Post) -> bool:
    return not post.referenced


def _notify(day: Day, now_milliseconds: int) -> Activity:
    payload, post = day.notifier.notification(now_milliseconds)
    return Activity("notification", payload, post.id if post else None)


def _converse(day: Day, now_milliseconds: int) -> Activity:
    payload, post = day.notifier.conversation(now_milliseconds)
    return Activity("conversation", payload, post.id)


def _announce(day: Day, now_milliseconds: int) -> Activity:
    return Activity("announcement", day.announcer.announce(now_milliseconds), None)


def _react(day: Day, now_milliseconds: int) -> Activity:
    if not day.announcer.standing:
        return _announce(day, now_milliseconds)
    return Activity("announcement.reaction", day.announcer.react(), None)


def _withdraw(day: Day, now_milliseconds: int) -> Activity:
    if not day.announcer.standing:
        return _announce(day, now_milliseconds)
    return Activity("announcement.delete", day.announcer.withdraw(), None)


def _change_filters(_: Day, __: int) -> Activity:
    return Activity("filters_changed", "", None)


def _merge_notifications(_: Day, __: int) -> Activity:
    return Activity("notifications_merged", "1", None)


def _encrypt(day: Day, now_milliseconds: int) -> Activity:
    return Activity("encrypted_message", day.notifier.encrypted_message(now_milliseconds), None)


HAPPENINGS: Final[Mapping[str, Callable[[Day, int], Activity]]] = {
    "update": _update,
    "status.update": _edit,
    "delete": _delete,
    "notification": _notify,
    "conversation": _converse,
    "announcement": _announce,
    "announcement.reaction": _react,
    "announcement.delete": _withdraw,
    "filters_changed": _change_filters,
    "notifications_merged": _merge_notifications,
    "encrypted_message": _encrypt,
}
