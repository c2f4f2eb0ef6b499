"""Events and signals in words for people, safe to print whatever a stranger wrote.

Promises text of one line without control characters, escape sequences or marks that turn the
direction of what follows. Decides no colours and no layout.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, assert_never

from trunkline.entities import Notification, Status
from trunkline.errors import MalformedEventError
from trunkline.events import (
    AnnouncementChanged,
    AnnouncementDeleted,
    AnnouncementReacted,
    AnyEvent,
    ConversationChanged,
    Delete,
    Edit,
    EncryptedMessageReceived,
    FiltersChanged,
    Malformed,
    NotificationsMerged,
    Notify,
    Unknown,
    Update,
)
from trunkline.signals import AnySignal, Connected, Disconnected, Gap, Heartbeat

__all__ = ["Words", "clean", "words_of", "words_of_signal"]

# Controls of both sets, marks and overrides of direction, separators of lines, lone surrogates.
_UNFIT: Final = re.compile(
    "[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]+"
)
_SPACES: Final = re.compile(r"\s+")


@dataclass(frozen=True, slots=True)
class Words:
    """One event for people: what happened, by whom, what it says, and remarks about it."""

    what: str
    who: str = ""
    text: str = ""
    remarks: tuple[str, ...] = ()


def clean(text: str) -> str:
    """Return `text` as one line that a terminal takes for nothing but text."""
    return _SPACES.sub(" ", _UNFIT.sub(" ", text)).strip()


def words_of(event: AnyEvent) -> Words:
    """Return what `event` tells; what cannot be decoded says so."""
    try:
        return _words_of(event)
    except MalformedEventError as error:
        return Words("malformed", text=clean(str(error)))


def _words_of(event: AnyEvent) -> Words:
    match event:
        case Update(status=status):
            return _post("post", status)
        case Edit(status=status):
            return _post("edit", status)
        case Delete(status_id=status_id):
            return Words("deleted", text=clean(status_id))
        case Notify(notification=notification):
            return _notification(notification)
        case ConversationChanged(conversation=conversation):
            last = conversation.last_status
            return Words("conversation") if last is None else _post("conversation", last)
        case AnnouncementChanged(announcement=announcement):
            return Words("announcement", text=clean(announcement.text))
        case AnnouncementReacted(reaction=reaction):
            return Words("reaction", text=clean(f"{reaction.name} {reaction.count}"))
        case AnnouncementDeleted(announcement_id=announcement_id):
            return Words("announcement deleted", text=clean(announcement_id))
        case FiltersChanged() | NotificationsMerged() | EncryptedMessageReceived():
            return Words(event.name.replace("_", " "))
        case Unknown(name=name):
            return Words("unknown", text=clean(name))
        case Malformed(reason=reason):
            return Words("malformed", text=clean(f"{event.name}: {reason}".removeprefix(": ")))
        case _:
            assert_never(event)


def _post(what: str, status: Status) -> Words:
    """Return a post in words; of a boost what was boosted, and by whom."""
    original = status.reblog or status
    boosts = f"boosts {original.account.acct}: " if status.reblog else ""
    warning = f"[{original.spoiler_text}] " if original.spoiler_text else ""
    return Words(
        what,
        who=clean(status.account.acct),
        text=clean(boosts + warning + original.text),
        remarks=tuple(map(clean, _remarks(original))),
    )


def _remarks(status: Status) -> list[str]:
    """Return what a post has besides its text."""
    media = [attachment.type for attachment in status.media_attachments]
    remarks = [status.language] if status.language else []
    remarks += [_counted(media.count(kind), name) for kind, name in _MEDIA if kind in media]
    remarks += ["poll"] if status.poll else []
    return remarks


_MEDIA: Final = (
    ("image", "picture"),
    ("gifv", "animation"),
    ("video", "video"),
    ("audio", "sound"),
    ("unknown", "file"),
)


def _counted(count: int, noun: str) -> str:
    return noun if count == 1 else f"{count} {noun}s"


def _notification(notification: Notification) -> Words:
    deed = _DEEDS.get(notification.type, notification.type)
    about = f": {notification.status.text}" if notification.status is not None else ""
    return Words("notification", who=clean(notification.account.acct), text=clean(deed + about))


_DEEDS: Final = {
    "mention": "mentions you",
    "status": "posts",
    "reblog": "boosts you",
    "follow": "follows you",
    "follow_request": "asks to follow you",
    "favourite": "likes your post",
    "poll": "a poll has ended",
    "update": "edits a post",
    "quote": "quotes you",
}


def words_of_signal(signal: AnySignal) -> str:
    """Return what `signal` tells, as one sentence without a full stop."""
    said: Callable[[AnySignal], str] = _SENTENCES[type(signal)]
    return clean(said(signal))


def _connected(signal: Connected) -> str:
    return f"connected by {signal.transport}: {', '.join(map(str, signal.streams))}"


def _disconnected(signal: Disconnected) -> str:
    words = f", {signal.words}" if signal.words else ""
    wait = f"{signal.retry_in_seconds:.1f} s"
    return f"disconnected ({signal.reason}{words}); next try in {wait}"


def _gap(signal: Gap) -> str:
    since = f"{signal.since:%H:%M:%S}" if signal.since else "an unknown moment"
    caught_up = f"{signal.recovered} event{'s' * (signal.recovered != 1)} caught up"
    span = f"{signal.stream}: away from {since} to {signal.until:%H:%M:%S} UTC, {caught_up}"
    if signal.complete:
        return f"{span}, complete"
    missing = ", ".join(sorted(signal.missing))
    return f"{span}; may be missing: {missing} ({signal.reason})"


def _heartbeat(signal: Heartbeat) -> str:
    return f"heartbeat: {', '.join(map(str, signal.streams))}"


_SENTENCES: Final[dict[type, Callable[..., str]]] = {
    Connected: _connected,
    Disconnected: _disconnected,
    Gap: _gap,
    Heartbeat: _heartbeat,
}
