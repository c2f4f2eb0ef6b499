"""The numbers of a recording in SQLite: read in one look, in two passes over its large tables.

Promises that all numbers are of the same moment, though a recorder may write meanwhile, and that
nothing is changed. Every event and every post is counted; nothing is estimated from a sample. Knows
nothing of how numbers are shown.
"""

from __future__ import annotations

import sqlite3
from array import array
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from trunkline.errors import SinkError, TrunklineError
from trunkline.policy.ids import snowflake_milliseconds, ulid_milliseconds
from trunkline.report.posts import Posts, read_posts, top_tags
from trunkline.report.values import (
    DELAY_BOUNDS_SECONDS,
    Bucket,
    Missed,
    Report,
    StreamCount,
    Totals,
    bucket_width_seconds,
    delays,
    lag_of,
)
from trunkline.sinks.reading_sqlite import open_recording
from trunkline.sinks.recorded import moment_of

__all__ = ["measure"]

Key = tuple[str, str]

_MALFORMED: Final = "malformed"
_CLOCKS_APART_SECONDS: Final = 3600.0
_LATEST_SECONDS: Final = 86_400.0
"""Servers stream posts that are six hours old at the most: an id of more holds no time."""
_FIRST_IDS_SECONDS: Final = datetime(2016, 1, 1, tzinfo=UTC).timestamp()

_EVENTS: Final = (
    "SELECT received_at, name, server, stream, id, origin, reason IS NOT NULL FROM events"
)
_GAPS: Final = (
    "SELECT server, stream, since, until, recovered, complete, missing, reason FROM gaps"
    " ORDER BY until, gap"
)
_RUNS: Final = "SELECT count(*), count(*) - count(ended_at) FROM runs"
_CREATED: Final = "SELECT created_at FROM statuses WHERE server = ? AND id = ?"


def measure(path: str | Path) -> Report:
    """Return the numbers of the recording in SQLite at `path`.

    Raises:
        SinkError: There is no such file, or it is no recording of this version.
    """
    place = Path(path)
    try:
        with closing(open_recording(place)) as database:
            database.execute("BEGIN")  # one moment for all that is read
            return _measure(database, place)
    except (sqlite3.Error, ValueError) as error:
        if isinstance(error, TrunklineError):
            raise
        raise SinkError(f"Expected a recording at {place}: {error}.") from error


def _measure(database: sqlite3.Connection, place: Path) -> Report:
    gaps = tuple(_gaps(database))
    seen = _Seen(*_frame(database, gaps))
    seen.look_at(database)
    posts = read_posts(database)
    return Report(
        recording=place.name,
        totals=_totals(database, place, seen=seen, posts=posts, gaps=gaps),
        lag=lag_of(lag for lags in seen.lags.values() for lag in lags),
        bucket_seconds=seen.width_seconds,
        timeline=tuple(seen.timeline()),
        streams=tuple(StreamCount(*key, events) for key, events in seen.streams.most_common()),
        gaps=gaps,
        languages=posts.languages,
        author_servers=posts.author_servers,
        tags=top_tags(database, without=posts.deleted),
        delay_bounds_seconds=DELAY_BOUNDS_SECONDS,
        edit_delays=delays(posts.edit_delays),
        deletion_delays=delays(_deletion_delays(database, seen.deleted)),
    )


def _frame(database: sqlite3.Connection, gaps: tuple[Missed, ...]) -> tuple[float, float, int]:
    """Return from when to when the timeline goes, in seconds since 1970, and its width."""
    first, last = database.execute(
        "SELECT (SELECT min(received_at) FROM events), (SELECT max(received_at) FROM events)"
    ).fetchone()
    moments = [moment_of(text).timestamp() for text in (first, last) if text is not None]
    for gap in gaps:
        moments += [at.timestamp() for at in (gap.since, gap.until) if at is not None]
    if not moments:
        return 0.0, 0.0, 1
    width = bucket_width_seconds(max(moments) - min(moments))
    return min(moments) // width * width, max(moments), width


@dataclass(slots=True)
class _Seen:
    """What one pass over the events has found."""

    start_seconds: float
    end_seconds: float
    width_seconds: int
    counts: defaultdict[int, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    lags: defaultdict[int, array[float]] = field(
        default_factory=lambda: defaultdict(lambda: array("d"))
    )
    streams: Counter[Key] = field(default_factory=Counter)
    deleted: dict[Key, float] = field(default_factory=dict)
    caught_up: int = 0

    def look_at(self, database: sqlite3.Connection) -> None:
        read_at, at_seconds, place = "", 0.0, 0
        for received_at, name, server, stream, post, origin, malformed in database.execute(_EVENTS):
            if received_at != read_at:
                read_at, at_seconds = received_at, datetime.fromisoformat(received_at).timestamp()
                place = int((at_seconds - self.start_seconds) // self.width_seconds)
            self.counts[place][_MALFORMED if malformed else name] += 1
            self.streams[server, stream] += 1
            self.caught_up += origin != "live"
            if malformed or post is None:
                continue
            if name == "update" and origin == "live":
                self._note_lag(place, post, at_seconds)
            elif name == "delete":
                self.deleted.setdefault((server, post), at_seconds)

    def _note_lag(self, place: int, post: str, at_seconds: float) -> None:
        written_seconds = _id_seconds(post)
        if written_seconds is None:
            return
        lag_seconds = at_seconds - written_seconds
        if -_CLOCKS_APART_SECONDS < lag_seconds < _LATEST_SECONDS:
            self.lags[place].append(max(lag_seconds, 0.0))

    def timeline(self) -> Iterator[Bucket]:
        if not self.counts:
            return
        for place in range(int((self.end_seconds - self.start_seconds) // self.width_seconds) + 1):
            start_seconds = self.start_seconds + place * self.width_seconds
            yield Bucket(
                datetime.fromtimestamp(start_seconds, UTC),
                dict(self.counts[place].most_common()),
                lag_of(self.lags[place]),
            )


def _id_seconds(post: str) -> float | None:
    """Return the time in an id, in seconds since 1970, if it holds one."""
    milliseconds = snowflake_milliseconds(post)
    if milliseconds is None:
        milliseconds = ulid_milliseconds(post)
    return None if milliseconds is None else milliseconds / 1000


def _deletion_delays(database: sqlite3.Connection, deleted: dict[Key, float]) -> Iterator[float]:
    """Yield how long posts stood until their deletion came; by their id, or else by their row."""
    for post, at_seconds in deleted.items():
        written_seconds = _id_seconds(post[1])
        if written_seconds is None or not _FIRST_IDS_SECONDS < written_seconds <= at_seconds:
            row = database.execute(_CREATED, post).fetchone()
            if row is None or row[0] is None:
                continue
            written_seconds = moment_of(row[0]).timestamp()
        yield max(at_seconds - written_seconds, 0.0)


def _gaps(database: sqlite3.Connection) -> Iterator[Missed]:
    for row in database.execute(_GAPS):
        server, stream, since, until, recovered, complete, missing, reason = row
        yield Missed(
            server=server,
            stream=stream,
            since=None if since is None else moment_of(since),
            until=moment_of(until),
            recovered=recovered,
            complete=bool(complete),
            missing=tuple(missing.split()),
            reason=reason,
        )


def _totals(
    database: sqlite3.Connection,
    place: Path,
    *,
    seen: _Seen,
    posts: Posts,
    gaps: tuple[Missed, ...],
) -> Totals:
    kinds: Counter[str] = Counter()
    for counts in seen.counts.values():
        kinds.update(counts)
    first, last = database.execute(
        "SELECT min(received_at), max(received_at) FROM events"
    ).fetchone()
    runs, runs_without_end = database.execute(_RUNS).fetchone()
    return Totals(
        events=kinds.total(),
        first_at=None if first is None else moment_of(first),
        last_at=None if last is None else moment_of(last),
        kinds=dict(kinds.most_common()),
        caught_up=seen.caught_up,
        posts=posts.posts,
        boosts=posts.boosts,
        authors=posts.authors,
        edited=len(posts.edit_delays),
        deletions=len(seen.deleted),
        gaps=len(gaps),
        incomplete_gaps=sum(not gap.complete for gap in gaps),
        runs=runs,
        runs_without_end=runs_without_end,
        file_bytes=place.stat().st_size,
    )
