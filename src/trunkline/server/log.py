"""The record of what a world published: the oracle that tests compare a consumer with."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

__all__ = ["Log", "LogEntry"]


@dataclass(frozen=True, slots=True, kw_only=True)
class LogEntry:
    """One event as it was published.

    Attributes:
        event: Its name on the wire.
        identifier: The id of the entity it is about; ``""`` where there is none.
        channels: The channels that carried it.
        edited_at: The ``edited_at`` of the version that it carried.
        published_at: Seconds since 1970, by the clock of the world.
    """

    event: str
    identifier: str
    channels: tuple[str, ...]
    edited_at: str | None
    published_at: float


class Log:
    """The newest `limit` publications, oldest first; all of them without a limit."""

    def __init__(self, *, limit: int | None = None) -> None:
        self._entries: deque[LogEntry] = deque(maxlen=limit)

    def __len__(self) -> int:
        return len(self._entries)

    def __iter__(self) -> Iterator[LogEntry]:
        return iter(self._entries)

    def append(self, entry: LogEntry) -> None:
        """Record one publication."""
        self._entries.append(entry)

    def on(self, channels: Iterable[str], *, event: str | None = None) -> list[LogEntry]:
        """Return what any of `channels` carried, in order; only events named `event` if given."""
        wanted = set(channels)
        return [
            entry
            for entry in self._entries
            if not wanted.isdisjoint(entry.channels) and event in (None, entry.event)
        ]
