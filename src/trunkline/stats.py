"""What a feed counts, and the frozen snapshot that users read."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from trunkline.events import Update, leading_id
from trunkline.policy.ids import snowflake_milliseconds
from trunkline.signals import Signal

__all__ = ["Counters", "Stats"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Stats:
    """A snapshot of what a feed has done since it began.

    Attributes:
        events: How many events of each type were passed on, by their name on the wire.
        received_bytes: Bytes read from the streaming connections.
        connects: Connections opened.
        disconnects: Endings of connections and of attempts, by reason.
        stalls: Connections given up for silence.
        caught_up: Events fetched after disconnects.
        reconciled: Edits and deletions found by asking.
        duplicates: Events dropped because they had been seen.
        held_back: Posts and edits dropped because the post was known to be deleted.
        malformed: Frames that could not be events.
        unknown: Events of a type that this version does not know.
        gaps_complete: Gaps that were closed entirely.
        gaps_incomplete: Gaps that name something as missing.
        heartbeats: Proofs of life.
        lag_seconds: How late the last live post came, by the time in its id; ``None`` without one.
    """

    events: Mapping[str, int]
    received_bytes: int
    connects: int
    disconnects: Mapping[str, int]
    stalls: int
    caught_up: int
    reconciled: int
    duplicates: int
    held_back: int
    malformed: int
    unknown: int
    gaps_complete: int
    gaps_incomplete: int
    heartbeats: int
    lag_seconds: float | None


class Counters:
    """The running counts of one feed; `snapshot` freezes them."""

    def __init__(self) -> None:
        self.by_type: Counter[type] = Counter()
        self.received_bytes = 0
        self.connects = 0
        self.disconnects: Counter[str] = Counter()
        self.caught_up = 0
        self.reconciled = 0
        self.duplicates = 0
        self.held_back = 0
        self.gaps_complete = 0
        self.gaps_incomplete = 0
        self.heartbeats = 0
        self.last_live: Update | None = None

    def count(self, items: Sequence[object]) -> None:
        """Count the events among `items` by their type."""
        kinds = list(map(type, items))
        for kind in set(kinds):
            if not issubclass(kind, Signal):
                self.by_type[kind] += kinds.count(kind)

    def snapshot(self) -> Stats:
        """Return the counts as they are now."""
        by_type = dict(self.by_type)  # a copy in one step: whoever scrapes may be another thread
        counted = {_name(event): number for event, number in by_type.items()}
        return Stats(
            events={name: n for name, n in counted.items() if name not in _ODD},
            received_bytes=self.received_bytes,
            connects=self.connects,
            disconnects=dict(self.disconnects),
            stalls=self.disconnects["stall"],
            caught_up=self.caught_up,
            reconciled=self.reconciled,
            duplicates=self.duplicates,
            held_back=self.held_back,
            malformed=counted.get("Malformed", 0),
            unknown=counted.get("Unknown", 0),
            gaps_complete=self.gaps_complete,
            gaps_incomplete=self.gaps_incomplete,
            heartbeats=self.heartbeats,
            lag_seconds=_lag_seconds(self.last_live),
        )


def _lag_seconds(update: Update | None) -> float | None:
    """Return how long after the moment in its id a post arrived; ``None`` where ids hold none."""
    made = None if update is None else snowflake_milliseconds(leading_id(update.raw))
    if update is None or made is None:
        return None
    return max(0.0, update.received_at.timestamp() - made / 1000)


_ODD = ("Malformed", "Unknown")


def _name(event: type) -> str:
    """Return the wire name of an event class; the class's own for those that carry theirs."""
    name = event.__dict__.get("name")
    return name if isinstance(name, str) else event.__name__
