"""What REST can see: posts, their versions, notifications, conversations, and timelines of them.

It may lag the streams by `lag_seconds`, as replicas do: every change then waits its time in order.
`latest` does not: Mastodon reads timelines from a replica, but a single post where it was written.
It keeps bytes, not objects: a page of a timeline is a concatenation. It keeps at most `retention`
posts; the oldest to arrive go first.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from trunkline.server.timelines import Timeline

__all__ = ["HOME_CAPACITY", "Archive", "Shelf"]

HOME_CAPACITY = 800
_FEEDS = ("user:", "list:")


@dataclass(slots=True)
class Shelf:
    """One retained entity: its versions as JSON, newest last, and the timelines that list it."""

    versions: list[bytes]
    channels: tuple[str, ...]
    listed_as: str
    parent: str | None

    @property
    def raw(self) -> bytes:
        """The JSON of the newest version."""
        return self.versions[-1]


class Archive:
    """The REST side of a world.

    Attributes:
        lag_seconds: How long after the stream REST shows a change.
        regenerating: Channels whose feed is being rebuilt: REST answers 206 there.
    """

    def __init__(
        self, *, now: Callable[[], float], lag_seconds: float = 0.0, retention: int = 200_000
    ) -> None:
        self.lag_seconds = lag_seconds
        self.regenerating: set[str] = set()
        self._now = now
        self._retention = retention
        self._shelves: OrderedDict[str, Shelf] = OrderedDict()
        self._timelines: dict[str, Timeline] = {}
        self._replies: dict[str, list[str]] = {}
        self._pending: deque[tuple[float, str, Callable[[], None]]] = deque()
        self._ahead: dict[str, tuple[float, Shelf | None]] = {}  # as it will be, and from when on

    def put(
        self,
        key: str,
        raw: bytes,
        *,
        channels: Iterable[str],
        list_as: str,
        parent: str | None = None,
    ) -> None:
        """Retain an entity under `key` and list it as `list_as` in the timelines of `channels`.

        `parent` is the id of the post that it replies to.
        """
        shelf = Shelf([raw], tuple(channels), list_as, parent)
        self._change(key, shelf, lambda: self._put(key, shelf))

    def revise(self, key: str, raw: bytes) -> None:
        """Add a version of the entity `key`; one that is not retained is no error."""
        shelf = self.latest(key)
        revised = None if shelf is None else replace(shelf, versions=[*shelf.versions, raw])
        self._change(key, revised, lambda: self._revise(key, raw))

    def remove(self, key: str) -> None:
        """Forget the entity `key`; one that is not retained is no error."""
        self._change(key, None, lambda: self._remove(key))

    def get(self, key: str) -> Shelf | None:
        """Return what is retained under `key`, as REST sees it now."""
        self._settle()
        return self._shelves.get(key)

    def latest(self, key: str) -> Shelf | None:
        """Return what is retained under `key`, however much REST lags."""
        self._settle()
        return self._ahead[key][1] if key in self._ahead else self._shelves.get(key)

    def ancestors(self, status_id: str) -> list[bytes]:
        """Return what the post replies to, and that to, oldest first."""
        found: list[bytes] = []
        shelf = self.get(f"status:{status_id}")
        while shelf is not None and shelf.parent is not None:
            shelf = self.get(f"status:{shelf.parent}")
            if shelf is not None:
                found.append(shelf.raw)
        return found[::-1]

    def descendants(self, status_id: str) -> list[bytes]:
        """Return what replies to the post, and what replies to that, depth first."""
        found: list[bytes] = []
        for reply in self._replies.get(status_id, ()):
            shelf = self.get(f"status:{reply}")
            if shelf is not None:
                found += [shelf.raw, *self.descendants(reply)]
        return found

    def timeline(self, channel: str) -> Timeline:
        """Return the timeline of `channel`, as REST sees it now."""
        self._settle()
        return self._timeline(channel)

    def _change(self, key: str, after: Shelf | None, change: Callable[[], None]) -> None:
        if not self.lag_seconds and not self._pending:
            change()
        else:
            due = self._now() + self.lag_seconds
            self._pending.append((due, key, change))
            self._ahead[key] = (due, after)

    def _settle(self) -> None:
        now = self._now()
        while self._pending and self._pending[0][0] <= now:
            due, key, change = self._pending.popleft()
            change()
            if key in self._ahead and self._ahead[key][0] <= due:
                del self._ahead[key]

    def _timeline(self, channel: str) -> Timeline:
        timeline = self._timelines.get(channel)
        if timeline is None:
            feed = channel.startswith(_FEEDS) and not channel.endswith(":notification")
            timeline = Timeline(capacity=HOME_CAPACITY if feed else None)
            self._timelines[channel] = timeline
        return timeline

    def _put(self, key: str, shelf: Shelf) -> None:
        self._remove(key)
        self._shelves[key] = shelf
        for channel in shelf.channels:
            self._timeline(channel).add(shelf.listed_as)
        if shelf.parent is not None:
            self._replies.setdefault(shelf.parent, []).append(shelf.listed_as)
        if len(self._shelves) > self._retention:
            self._remove(next(iter(self._shelves)))

    def _revise(self, key: str, raw: bytes) -> None:
        shelf = self._shelves.get(key)
        if shelf is not None:
            shelf.versions.append(raw)

    def _remove(self, key: str) -> None:
        shelf = self._shelves.pop(key, None)
        if shelf is None:
            return
        if shelf.parent is not None:
            self._replies[shelf.parent].remove(shelf.listed_as)
        for channel in shelf.channels:
            timeline = self._timeline(channel)
            timeline.discard(shelf.listed_as)
            if not timeline:
                del self._timelines[channel]
