"""What a report says, as values: numbers and names, no words around them and no pictures.

Times are aware and in UTC, lengths of time are seconds. Knows no database, no page, no clock.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from math import ceil
from typing import Final

__all__ = [
    "DELAY_BOUNDS_SECONDS",
    "Bucket",
    "Count",
    "Delays",
    "Lag",
    "Missed",
    "Ranking",
    "Report",
    "StreamCount",
    "Totals",
    "bucket_width_seconds",
    "delays",
    "lag_of",
]

_MINUTE, _HOUR, _DAY = 60, 3600, 86_400
_MOST_BUCKETS: Final = 120
_WIDTHS_SECONDS: Final = (
    *(1, 2, 5, 10, 15, 30),
    *(minutes * _MINUTE for minutes in (1, 2, 5, 10, 15, 30)),
    *(hours * _HOUR for hours in (1, 2, 3, 6, 12)),
)

DELAY_BOUNDS_SECONDS: Final = (
    *(10, 30, _MINUTE, 5 * _MINUTE, 15 * _MINUTE),
    *(_HOUR, 6 * _HOUR, _DAY, 7 * _DAY, 30 * _DAY),
)
"""Where one bar of a histogram of delays ends and the next begins."""


@dataclass(frozen=True, slots=True)
class Lag:
    """How late live posts came, from the time in their id to their arrival; of so many events."""

    events: int
    median_seconds: float
    p95_seconds: float


@dataclass(frozen=True, slots=True)
class Bucket:
    """What arrived from `start` on, for the width of a bucket: events of each kind."""

    start: datetime
    counts: dict[str, int]
    lag: Lag | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Missed:
    """A gap as it was recorded."""

    server: str
    stream: str
    since: datetime | None
    until: datetime
    recovered: int
    complete: bool
    missing: tuple[str, ...]
    reason: str


@dataclass(frozen=True, slots=True)
class Count:
    """How many posts, and how many authors wrote them; the name is ``None`` where none was told."""

    name: str | None
    posts: int
    authors: int | None = None


@dataclass(frozen=True, slots=True)
class Ranking:
    """The first ones of `names` different names."""

    names: int
    top: tuple[Count, ...]


@dataclass(frozen=True, slots=True)
class StreamCount:
    """How many events one subscription brought."""

    server: str
    stream: str
    events: int


@dataclass(frozen=True, slots=True)
class Delays:
    """How many delays fell below each of `DELAY_BOUNDS_SECONDS`, and above the last of them."""

    total: int
    median_seconds: float | None
    counts: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Totals:
    """The whole recording. Posts are those that were seen, boosts not among them.

    Attributes:
        events: How many events were recorded.
        first_at: When the first of them arrived; ``None`` if there is none.
        last_at: When the last of them arrived.
        kinds: How many events there are of each name, and how many frames were ``malformed``.
        caught_up: How many events did not come live.
        posts: How many different posts were seen.
        boosts: How many boosts of posts.
        authors: How many accounts wrote the posts that stand.
        edited: How many of the posts were edited.
        deletions: How many posts were deleted, also such as were never seen.
        gaps: How often a stream was away.
        incomplete_gaps: How many of these gaps name something as missing.
        runs: How often the recorder was started.
        runs_without_end: How many of its runs were killed, or have not ended yet.
        file_bytes: How large the file is, without its write-ahead log.
    """

    events: int
    first_at: datetime | None
    last_at: datetime | None
    kinds: dict[str, int]
    caught_up: int
    posts: int
    boosts: int
    authors: int
    edited: int
    deletions: int
    gaps: int
    incomplete_gaps: int
    runs: int
    runs_without_end: int
    file_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """Everything that is told about a recording.

    Attributes:
        recording: The name of the file.
        totals: The whole recording, as `Totals`.
        lag: How late live posts came, as `Lag`; ``None`` where no id holds a time.
        bucket_seconds: The width of a `Bucket`.
        timeline: What came when: a `Bucket` for each step of time, empty ones too.
        streams: How many events each subscription brought, as `StreamCount`.
        gaps: The gaps in order of their ends, each a `Missed`.
        languages: The languages of the posts that stand, a `Ranking`.
        author_servers: The servers that their authors are on, a `Ranking`.
        tags: Their hashtags, a `Ranking`.
        delay_bounds_seconds: Where one count of `Delays` ends and the next begins.
        edit_delays: From writing a post to its last edit, as `Delays`.
        deletion_delays: From writing a post to the arrival of its deletion, as `Delays`.
    """

    recording: str
    totals: Totals
    lag: Lag | None
    bucket_seconds: int
    timeline: tuple[Bucket, ...]
    streams: tuple[StreamCount, ...]
    gaps: tuple[Missed, ...]
    languages: Ranking
    author_servers: Ranking
    tags: Ranking
    delay_bounds_seconds: tuple[int, ...]
    edit_delays: Delays
    deletion_delays: Delays


def bucket_width_seconds(span_seconds: float) -> int:
    """Return the shortest round width of which no more than 120 and one cover the span."""
    for width in _WIDTHS_SECONDS:
        if span_seconds <= width * _MOST_BUCKETS:
            return width
    return ceil(span_seconds / _MOST_BUCKETS / _DAY) * _DAY


def lag_of(lags_seconds: Iterable[float]) -> Lag | None:
    """Return the median and the 95th percentile by nearest rank; ``None`` of nothing."""
    ordered = sorted(lags_seconds)
    if not ordered:
        return None
    return Lag(len(ordered), _nearest(ordered, 0.5), _nearest(ordered, 0.95))


def delays(seconds: Iterable[float]) -> Delays:
    """Return a histogram of lengths of time."""
    ordered = sorted(seconds)
    counts = [0] * (len(DELAY_BOUNDS_SECONDS) + 1)
    place = 0
    for delay in ordered:
        while place < len(DELAY_BOUNDS_SECONDS) and delay >= DELAY_BOUNDS_SECONDS[place]:
            place += 1
        counts[place] += 1
    return Delays(len(ordered), _nearest(ordered, 0.5) if ordered else None, tuple(counts))


def _nearest(ordered: list[float], share: float) -> float:
    return round(ordered[ceil(share * len(ordered)) - 1], 3)
