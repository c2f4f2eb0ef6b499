"""What the demo has to show: posts, connections, rates, counters and the oracle's score.

State without a picture: `dashboard` draws it on a terminal. Moments are arguments.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, Literal

from trunkline.cli.oracle import Score
from trunkline.cli.programme import Part
from trunkline.cli.words import Words, words_of
from trunkline.events import AnyEvent, Delete, Edit, Update
from trunkline.signals import AnySignal, Connected, Disconnected, Gap
from trunkline.stats import Stats
from trunkline.streams import Stream

__all__ = ["Line", "Row", "Show", "Tempo", "Totals"]

_ROWS: Final = 200
_TEMPO_SECONDS: Final = 5.0


@dataclass(slots=True)
class Row:
    """One line of the picture: an event, on which streams it came, what became of it since."""

    at: datetime
    words: Words
    streams: set[Stream] = field(default_factory=set)
    state: Literal["new", "edited", "deleted", "fault"] = "new"
    caught_up: bool = False


@dataclass(slots=True)
class Line:
    """One connection of the picture."""

    part: Part
    state: Literal["connecting", "live", "catching up", "away"] = "connecting"
    words: str = ""
    open_gaps: set[Stream] = field(default_factory=set)

    def hear(self, signal: AnySignal) -> None:
        """Take note of a signal about this connection."""
        match signal:
            case Connected():
                self.state = "catching up" if self.open_gaps else "live"
                self.words = ""
            case Disconnected(reason=reason, retry_in_seconds=wait_seconds):
                self.state = "away"
                self.words = f"{reason}; next try in {wait_seconds:.1f} s"
                self.open_gaps = {stream for _, stream in self.part.streams}
            case Gap(stream=stream):
                self.open_gaps.discard(stream)
                if not self.open_gaps and self.state == "catching up":
                    self.state = "live"
            case _:
                pass


@dataclass(frozen=True, slots=True, kw_only=True)
class Totals:
    """The counters of all connections, added up."""

    reconnects: int
    caught_up: int
    duplicates: int
    malformed: int
    gaps_complete: int
    gaps_incomplete: int
    received_bytes: int

    @classmethod
    def of(cls, stats: Sequence[Stats]) -> Totals:
        """Return what several feeds counted."""
        return cls(
            reconnects=sum(max(one.connects - 1, 0) for one in stats),
            caught_up=sum(one.caught_up + one.reconciled for one in stats),
            duplicates=sum(one.duplicates for one in stats),
            malformed=sum(one.malformed for one in stats),
            gaps_complete=sum(one.gaps_complete for one in stats),
            gaps_incomplete=sum(one.gaps_incomplete for one in stats),
            received_bytes=sum(one.received_bytes for one in stats),
        )

    def __str__(self) -> str:
        gaps = f"gaps {self.gaps_complete + self.gaps_incomplete}"
        incomplete = f" ({self.gaps_incomplete} incomplete)" if self.gaps_incomplete else ""
        return (
            f"reconnects {self.reconnects}, caught up {self.caught_up},"
            f" duplicates dropped {self.duplicates}, broken frames {self.malformed},"
            f" {gaps}{incomplete}"
        )


class Tempo:
    """How much came in the last seconds."""

    def __init__(self) -> None:
        self._marks: deque[tuple[float, int]] = deque()

    def per_second(self, total: int, *, now_seconds: float) -> float:
        """Return the rate at which a running total grows; ask often."""
        self._marks.append((now_seconds, total))
        while len(self._marks) > 2 and now_seconds - self._marks[0][0] > _TEMPO_SECONDS:
            self._marks.popleft()
        since_seconds, before = self._marks[0]
        return (total - before) / max(now_seconds - since_seconds, 0.1)


class Show:
    """What the demo has to show.

    Attributes:
        lines: The connections.
        events: How many events were delivered.
        score: What the oracle said last.
        totals: What the feeds counted.
    """

    def __init__(self, parts: Sequence[Part]) -> None:
        self.lines = [Line(part) for part in parts]
        self.events = 0
        self.score = Score()
        self.totals = Totals.of(())
        self._rows: OrderedDict[str, Row] = OrderedDict()

    @property
    def is_live(self) -> bool:
        """Whether every connection is live and every gap closed."""
        return all(line.state == "live" for line in self.lines)

    def rows(self, count: int) -> list[Row]:
        """Return the last rows, oldest first."""
        return list(self._rows.values())[-count:] if count > 0 else []

    def event(self, event: AnyEvent) -> Row | None:
        """Take an event in; return its row if it is a new one.

        A post has one row, whichever streams bring it; an edit changes it and a deletion strikes it
        out.
        """
        self.events += 1
        key, row = _key(event), self._rows.get(_key(event))
        if row is None:
            row = self._add(key, Row(event.received_at, words_of(event), {event.stream}))
            row.caught_up = event.origin != "live"
            return row
        row.streams.add(event.stream)
        if isinstance(event, Delete):
            row.state = "deleted"
        elif isinstance(event, Edit) and row.state != "deleted":
            row.state, row.words = "edited", words_of(event)
        return None

    def fault(self, at: datetime, words: str) -> Row:
        """Take in that something went wrong on the server, on purpose."""
        return self._add(f"fault {at}", Row(at, Words("fault", text=words), state="fault"))

    def _add(self, key: str, row: Row) -> Row:
        self._rows[key] = row
        if len(self._rows) > _ROWS:
            self._rows.popitem(last=False)
        return row


def _key(event: AnyEvent) -> str:
    """Return what the row of an event is found by: the post, or else the payload."""
    if isinstance(event, (Update, Edit, Delete)):
        return event.status_id
    return f"{event.name} {hash(event.raw)}"
