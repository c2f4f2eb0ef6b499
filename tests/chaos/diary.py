"""What a consumer was given, noted in its thread and read in the publisher's."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from tests.continuity.oracle import key_of

from trunkline.events import Edit, Malformed, Update
from trunkline.inbox import Item
from trunkline.policy.dedupe import edited_at
from trunkline.signals import SIGNALS, Connected, Disconnected, Gap
from trunkline.stats import Counters, Stats
from trunkline.streams import Stream

__all__ = ["Diary", "Key", "Note"]

Key = tuple[str, str, str]
"""What tells an event from others: its name, its id and its version."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """One event that was handed over."""

    stream: Stream
    key: Key
    version: str
    live: bool
    received_at: float


@dataclass(slots=True)
class Diary:
    """Everything that the consumer was given, in order.

    Attributes:
        seen: What came, by stream and key.
        away: The streams with a gap that was not named yet.
        stop: Ends the consumer's feed, from any thread.
        ended: Whether the consumer has returned or failed.
    """

    notes: list[Note] = field(default_factory=list)
    seen: set[tuple[Stream, Key]] = field(default_factory=set)
    gaps: list[Gap] = field(default_factory=list)
    reasons: Counter[str] = field(default_factory=Counter)
    connects: int = 0
    malformed: int = 0
    away: set[Stream] = field(default_factory=set)
    stop: Callable[[], None] = lambda: None
    ended: threading.Event = field(default_factory=threading.Event)
    stats: Stats = field(default_factory=lambda: Counters().snapshot())

    def take(self, item: Item) -> None:
        """Note what was handed over."""
        if isinstance(item, SIGNALS):
            self._take_signal(item)
        elif (key := key_of(item)) is not None:
            version = edited_at(item.raw) if isinstance(item, (Update, Edit)) else ""
            self.notes.append(
                Note(
                    stream=item.stream,
                    key=key,
                    version=version,
                    live=item.origin == "live",
                    received_at=item.received_at.timestamp(),
                )
            )
            self.seen.add((item.stream, key))
        else:
            self.malformed += isinstance(item, Malformed)

    def _take_signal(self, signal: Item) -> None:
        match signal:
            case Connected():
                self.connects += 1
            case Disconnected(streams=streams, reason=reason):
                self.reasons[reason] += 1
                self.away.update(streams)
            case Gap(stream=stream):
                self.gaps.append(signal)
                self.away.discard(stream)
            case _:
                pass
