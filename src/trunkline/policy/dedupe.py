"""Which events were seen before: the bounded memory of one subscription.

An event has *keys*, short strings that say what it tells: ``109`` (the post 109), ``109@2026-...``
(that version of it), ``109!`` (it was deleted), ``n:7`` (a notification), ``c:3/109`` (a post in a
conversation). An event all of whose news is known is a duplicate; an edit is not a duplicate of its
post, and a version older than one that is known is no news. A deletion leaves a tombstone, because
on busy servers it overtakes its post: what comes for a post that is known to be deleted is held
back.

Events that have no identity (announcements, changed filters, unknown types) always pass.

The memory is bounded by `capacity` and a sixteenth. What it forgot is remembered as a *horizon* of
each track: ids at or below it can no longer be told apart from new ones, so catching up does not
reach below.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from enum import Enum
from itertools import takewhile
from typing import Final

import msgspec

from trunkline.entities.decoding import NOT_STRICT
from trunkline.events import (
    AnyEvent,
    ConversationChanged,
    Delete,
    Edit,
    Notify,
    Update,
    leading_id,
)
from trunkline.events.base import bare_id
from trunkline.policy.cursor import CAPACITY, track_of_key
from trunkline.policy.ids import id_key
from trunkline.streams import Track
from trunkline.wire.usual import never_edited, unedited_id

__all__ = ["Admission", "Kept", "Window", "edited_at", "keys_of"]


class Admission(Enum):
    """What the window says of an event."""

    NEW = "new"
    DUPLICATE = "duplicate"
    DELETED = "deleted"


class _Versioned(msgspec.Struct, gc=False):
    edited_at: str | None = None


class _Post(msgspec.Struct, gc=False):
    id: str | int = ""


class _Talk(msgspec.Struct, gc=False):
    id: str | int = ""
    last_status: _Post | None = None


_NEW: Final = Admission.NEW  # an enumeration is slow to ask on Python 3.11

_decode_versioned = msgspec.json.Decoder(_Versioned).decode
_decode_talk = msgspec.json.Decoder(_Talk).decode


def edited_at(raw: bytes) -> str:
    """Return ``edited_at`` of the post in `raw` as the server wrote it; ``""`` if never edited.

    Most posts were never edited, and Mastodon says so early in the post: one short search.
    """
    if never_edited(raw):
        return ""
    try:
        return _decode_versioned(raw).edited_at or ""
    except NOT_STRICT:
        return ""


def keys_of(event: AnyEvent) -> tuple[str, ...]:
    """Return the keys of what `event` tells, the one that decides first; empty if it has none."""
    keys = _KEYS.get(type(event))
    return keys(event.raw) if keys is not None else ()


def _post_keys(raw: bytes) -> tuple[str, ...]:
    status_id, version = leading_id(raw), edited_at(raw)
    if not status_id:
        return ()
    return (status_id, f"{status_id}@{version}") if version else (status_id,)


def _edit_keys(raw: bytes) -> tuple[str, ...]:
    return _post_keys(raw)[1:]


def _deletion_keys(raw: bytes) -> tuple[str, ...]:
    return (f"{bare_id(raw)}!",)


def _notification_keys(raw: bytes) -> tuple[str, ...]:
    identifier = leading_id(raw)
    return (f"n:{identifier}",) if identifier else ()


def _talk_keys(raw: bytes) -> tuple[str, ...]:
    try:
        talk = _decode_talk(raw)
    except NOT_STRICT:
        return ()
    return (f"c:{talk.id}/{talk.last_status.id}",) if talk.last_status else ()


_KEYS: Final[dict[type[AnyEvent], Callable[[bytes], tuple[str, ...]]]] = {
    Update: _post_keys,
    Edit: _edit_keys,
    Delete: _deletion_keys,
    Notify: _notification_keys,
    ConversationChanged: _talk_keys,
}


class Window:
    """The keys that one subscription has seen, oldest first, each with the time it was seen.

    A set answers whether a key was seen, and two lists keep the order and the times: a dictionary
    would be one thing instead of three, and half as fast, for it compares with keys that are cold.

    Attributes:
        horizons: For each track the highest id that was forgotten, once one was.
    """

    __slots__ = ("_capacity", "_deleted", "_keys", "_seen", "_times", "_versions", "horizons")

    def __init__(
        self, *, capacity: int = CAPACITY, horizons: Mapping[Track, str] | None = None
    ) -> None:
        self._capacity = capacity
        self._seen: set[str] = set()
        self._keys: list[str] = []  # the same, in the order of sight
        self._times: list[float] = []  # when each of them was seen
        self._deleted: set[str] = set()  # the posts whose tombstone is seen
        self._versions: dict[str, str] = {}  # the newest version of each post that was edited
        self.horizons: dict[Track, str] = dict(horizons or {})

    def __contains__(self, key: str) -> bool:
        return key in self._seen

    def __len__(self) -> int:
        return len(self._seen)

    @property
    def newest_at_seconds(self) -> float:
        """When the newest key was seen, in seconds since 1970; 0 if none was."""
        return self._times[-1] if self._times else 0.0

    @property
    def remembers_since_seconds(self) -> float:
        """Since when everything that was seen is remembered; 0 while nothing was forgotten."""
        return self._times[0] if len(self._times) >= self._capacity else 0.0

    def keys(self) -> Iterator[str]:
        """Yield every key, oldest first."""
        return iter(self._keys)

    def news(
        self,
        events: Iterable[AnyEvent],
        *,
        now_seconds: float,
        no_news: Callable[[Admission], None] = lambda _: None,
    ) -> list[AnyEvent]:
        """Return which of `events` are news, in order, and remember them; tell of the others."""
        seen, deleted, keys, times = self._seen, self._deleted, self._keys, self._times
        fresh: list[AnyEvent] = []
        for event in events:
            if type(event) is Update:  # the usual post is decided here
                status_id = unedited_id(event.raw)
                if status_id is not None and status_id not in seen and status_id not in deleted:
                    seen.add(status_id)
                    keys.append(status_id)
                    times.append(now_seconds)
                    fresh.append(event)
                    continue
            admission = self.admit(event, now_seconds=now_seconds)
            if admission is _NEW:
                fresh.append(event)
            else:
                no_news(admission)
        return fresh

    def admit(self, event: AnyEvent, *, now_seconds: float) -> Admission:
        """Say whether `event` is news, and remember it if so."""
        keys = keys_of(event)
        if not keys:  # an edit without a version is one as well
            is_gone = isinstance(event, Edit) and leading_id(event.raw) in self._deleted
            return Admission.DELETED if is_gone else Admission.NEW
        if keys[0] in self._seen:
            return Admission.DUPLICATE
        if isinstance(event, (Update, Edit)):
            status_id, _, version = keys[0].partition("@")
            if status_id in self._deleted:
                return Admission.DELETED
            if version and _moment(version) <= _moment(self._versions.get(status_id, "")):
                return Admission.DUPLICATE
        for key in keys:
            self.remember(key, at_seconds=now_seconds)
        return Admission.NEW

    def remember(self, key: str, *, at_seconds: float) -> None:
        """Put a key in that was seen in an earlier run, or that is to count as seen."""
        if key in self._seen:
            return
        self._seen.add(key)
        self._keys.append(key)
        self._times.append(at_seconds)
        if key[-1:] == "!":
            self._deleted.add(key[:-1])
        status_id, _, version = key.partition("@")
        if version and _moment(version) > _moment(self._versions.get(status_id, "")):
            self._versions[status_id] = version

    def none_after(self, at_seconds: float) -> None:
        """Take note of the time: what was seen later by a clock that was wrong was seen by now."""
        if self._times and max(self._times) > at_seconds:
            self._times = [min(seen_at, at_seconds) for seen_at in self._times]

    def trim(self) -> None:
        """Forget the oldest keys above the capacity, and raise the horizon by what they were.

        Nothing is forgotten before there is a sixteenth too much: many at once are cheaper.
        """
        keys, times = self._keys, self._times
        excess = len(keys) - self._capacity
        if excess <= self._capacity // 16:
            return
        forgotten = keys[:excess]
        del keys[:excess], times[:excess]
        self._seen.difference_update(forgotten)
        others = [key for key in forgotten if not key.isalnum()]
        posts = set(forgotten).difference(others) if others else forgotten
        if posts:  # nearly all are posts, and of these only the highest matters, as by `id_key`
            digits = max(map(len, posts))
            raise_horizon(self.horizons, max(key for key in posts if len(key) == digits))
        for key in others:
            raise_horizon(self.horizons, key)
            self._deleted.discard(key[:-1])
            status_id, _, version = key.partition("@")
            if version and self._versions.get(status_id) == version:
                del self._versions[status_id]

    def seen_since(self, at_seconds: float) -> list[tuple[str, float]]:
        """Return the keys that were seen after a time, each with its time, oldest first."""
        newest_first = takewhile(lambda seen: seen[1] > at_seconds, self._newest_first())
        return list(newest_first)[::-1]

    def posts_since(
        self, at_seconds: float, *, until_seconds: float = float("inf")
    ) -> Iterator[str]:
        """Yield the ids of posts seen in a time and not known deleted, those seen last first."""
        for key, seen_at in self._newest_first():
            seen_then = at_seconds <= seen_at <= until_seconds
            if seen_then and key.isalnum() and key not in self._deleted:
                yield key

    def _newest_first(self) -> Iterator[tuple[str, float]]:
        return zip(reversed(self._keys), reversed(self._times), strict=True)


class Kept:
    """Which acknowledged keys a store still has: the newest of them.

    What it lets go must raise the horizon that is stored, and nothing else may: a horizon above an
    event that the consumer has not finished would hide it for ever.

    Attributes:
        horizons: For each track the highest id that was let go, once one was.
    """

    __slots__ = ("_capacity", "_keys", "horizons")

    def __init__(
        self, keys: Iterable[str], *, capacity: int, horizons: Mapping[Track, str]
    ) -> None:
        self._capacity = capacity
        self._keys = list(keys)
        self.horizons = dict(horizons)

    def add(self, keys: Iterable[str]) -> None:
        """Take note of keys that are stored now."""
        self._keys.extend(keys)
        excess = len(self._keys) - self._capacity
        if excess > 0:
            for key in self._keys[:excess]:
                raise_horizon(self.horizons, key)
            del self._keys[:excess]


def raise_horizon(horizons: dict[Track, str], forgotten: str) -> None:
    """Raise the horizon of the track that a forgotten key belongs to, if it belongs to one."""
    belonging = track_of_key(forgotten)
    if belonging is not None:
        track, identifier = belonging
        horizons[track] = max(horizons.get(track, ""), identifier, key=id_key)


def _moment(version: str) -> str:
    """Return what versions compare by: the time as the server wrote it, to a fraction or not."""
    return version.removesuffix("Z")
