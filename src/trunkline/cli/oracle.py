"""The oracle of the demo: compares what a server published with what consumers got.

Everything that can be known of a stream is a *key*, as in the dedupe window: a post, a version of a
post, a deletion, a notification. A key that was published is on its way until it is delivered. It
is *superseded* when nobody could get it any more: a post that was deleted, or a version that was
replaced, before it was fetched. What is neither delivered nor superseded after a while is missing.

Knows nothing of sockets and time: moments are arguments.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final

from trunkline.events import AnyEvent
from trunkline.policy.dedupe import keys_of
from trunkline.server.log import LogEntry
from trunkline.streams import Stream

__all__ = ["Oracle", "Score"]

_REMEMBERED_KEYS: Final = 100_000
_KEYS: Final[dict[str, Callable[[LogEntry], str]]] = {
    "update": lambda entry: entry.identifier,
    "status.update": lambda entry: f"{entry.identifier}@{entry.edited_at or ''}",
    "delete": lambda entry: f"{entry.identifier}!",
    "notification": lambda entry: f"n:{entry.identifier}",
}
"""What a server retains and a client can therefore owe: one key for each such event."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """How what was delivered compares with what was published, over all streams."""

    published: int = 0
    delivered: int = 0
    superseded: int = 0
    on_the_way: int = 0
    missing: int = 0
    duplicated: int = 0

    def __add__(self, other: Score) -> Score:
        return Score(
            published=self.published + other.published,
            delivered=self.delivered + other.delivered,
            superseded=self.superseded + other.superseded,
            on_the_way=self.on_the_way + other.on_the_way,
            missing=self.missing + other.missing,
            duplicated=self.duplicated + other.duplicated,
        )

    def __str__(self) -> str:
        return (
            f"published {self.published}, delivered {self.delivered},"
            f" superseded {self.superseded}, on the way {self.on_the_way},"
            f" missing {self.missing}, duplicated {self.duplicated}"
        )

    @property
    def is_perfect(self) -> bool:
        """Whether nothing is missing and nothing came twice."""
        return not self.missing and not self.duplicated


class Oracle:
    """Keeps the books of several streams.

    Args:
        channels: For each stream the channels of the server that it listens to.
        exists: Whether the server still has a post (``"109"``) or a notification (``"n:7"``).
        patience_seconds: How long a key may be on its way before it counts as missing.
    """

    def __init__(
        self,
        channels: dict[Stream, frozenset[str]],
        *,
        exists: Callable[[str], bool],
        patience_seconds: float,
    ) -> None:
        self._books = {stream: _Book() for stream in channels}
        self._channels = channels
        self._exists = exists
        self._patience_seconds = patience_seconds

    def publish(self, entry: LogEntry) -> None:
        """Take note of what the server published."""
        key_of = _KEYS.get(entry.event)
        if key_of is None:
            return
        for stream, channels in self._channels.items():
            if not channels.isdisjoint(entry.channels):
                self._books[stream].publish(key_of(entry), entry.published_at)

    def deliver(self, event: AnyEvent) -> None:
        """Take note of what a consumer got."""
        self._books[event.stream].deliver(keys_of(event))

    def score(self, *, now_seconds: float) -> Score:
        """Return the score at a moment."""
        overdue_since = now_seconds - self._patience_seconds
        scores = [book.score(self._exists, overdue_since) for book in self._books.values()]
        return sum(scores, Score())


class _Book:
    """What was published on one stream and what of it was delivered."""

    def __init__(self) -> None:
        self.published = 0
        self.delivered = 0
        self.duplicated = 0
        self.due: dict[str, float] = {}  # not delivered yet, with the moment of publication
        self.superseded: dict[str, None] = {}  # given up; what comes all the same is delivered
        self.had: dict[str, None] = {}  # delivered, oldest first
        self.newest: dict[str, str] = {}  # for each edited post the key of its last version

    def publish(self, key: str, at_seconds: float) -> None:
        if key in self.due or key in self.had:
            return  # the server itself tells some edits twice, to those whom the post mentions
        self.published += 1
        self.due[key] = at_seconds
        status_id, _, version = key.partition("@")
        if version:
            self.newest[status_id] = key

    def deliver(self, keys: Iterable[str]) -> None:
        for place, key in enumerate(keys):
            self.duplicated += place == 0 and key in self.had
            known = self.due.pop(key, self.superseded.pop(key, _UNKNOWN))
            self.delivered += known is not _UNKNOWN
            self.had[key] = None
        self._trim()

    def score(self, exists: Callable[[str], bool], overdue_since: float) -> Score:
        for key in [key for key in self.due if self._is_superseded(key, exists)]:
            del self.due[key]
            self.superseded[key] = None
        missing = sum(at_seconds < overdue_since for at_seconds in self.due.values())
        return Score(
            published=self.published,
            delivered=self.delivered,
            superseded=len(self.superseded),
            on_the_way=len(self.due) - missing,
            missing=missing,
            duplicated=self.duplicated,
        )

    def _is_superseded(self, key: str, exists: Callable[[str], bool]) -> bool:
        """Tell whether nobody needs `key`: its post is gone or newer, or was never delivered."""
        status_id, _, version = key.partition("@")
        if key.endswith("!"):
            return key[:-1] not in self.had and key[:-1] not in self.due
        if version and self.newest.get(status_id) != key:
            return True
        return not exists(status_id)

    def _trim(self) -> None:
        for memory in (self.had, self.newest):
            while len(memory) > _REMEMBERED_KEYS:
                del memory[next(iter(memory))]


_UNKNOWN: Final = object()
