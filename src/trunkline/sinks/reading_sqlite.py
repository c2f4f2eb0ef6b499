"""Reads a recording in SQLite. The file is opened for reading only, and never for long at a time.

A gap has no place of its own in the file; it comes before the first event that was received after
it was closed.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from functools import lru_cache
from pathlib import Path
from typing import Final

from trunkline.errors import SinkError, TrunklineError
from trunkline.events import AnyEvent
from trunkline.signals import Gap
from trunkline.sinks.recorded import event_of, moment_of, origin_of
from trunkline.sinks.sqlite_schema import APPLICATION_ID, VERSION
from trunkline.streams import Stream

__all__ = ["open_recording", "read_sqlite"]

Row = tuple[object, ...]

_CHUNK_ROWS: Final = 500
_EVENTS: Final = (
    "SELECT seq, server, stream, name, received_at, origin, reason, raw FROM events"
    " WHERE seq > ? AND raw IS NOT NULL ORDER BY seq LIMIT ?"
)
_GAPS: Final = (
    "SELECT (SELECT coalesce(max(seq), 0) FROM events WHERE received_at <= until) AS place,"
    " server, stream, since, until, recovered, complete, missing, reason FROM gaps ORDER BY 1, gap"
)


def read_sqlite(path: str | Path, *, after: int = -1) -> Iterator[tuple[int, AnyEvent | Gap]]:
    """Yield events and gaps of the file behind the place `after`, each with its place.

    Raises:
        SinkError: There is no such file, or it is no recording of this version.
    """
    place = Path(path)
    try:
        with closing(open_recording(place)) as database:
            yield from _read(database, after)
    except (sqlite3.Error, ValueError) as error:
        if isinstance(error, TrunklineError):
            raise
        raise SinkError(f"Expected a recording at {place}: {error}.") from error


def open_recording(place: Path) -> sqlite3.Connection:
    """Return a connection that only reads the recording at `place`.

    Raises:
        SinkError: There is no such file, or it is no recording of this version.
    """
    if not place.is_file():
        raise SinkError(f"Expected a recording at {place}; there is no such file.")
    database = sqlite3.connect(f"{place.resolve().as_uri()}?mode=ro", uri=True)
    try:
        (kind,) = database.execute("PRAGMA application_id").fetchone()
        (version,) = database.execute("PRAGMA user_version").fetchone()
        if kind != APPLICATION_ID or not 0 < version <= VERSION:
            raise SinkError(
                f"Expected a recording of version {VERSION} or older at {place}; it is another"
                " SQLite database, or of a newer version."
            )
    except BaseException:
        database.close()
        raise
    return database


def _read(database: sqlite3.Connection, after: int) -> Iterator[tuple[int, AnyEvent | Gap]]:
    gaps = [_gap(row) for row in database.execute(_GAPS)]
    waiting = [(place, gap) for place, gap in gaps if place > after]
    while rows := database.execute(_EVENTS, (after, _CHUNK_ROWS)).fetchall():
        for row in rows:
            seq: int = row[0]
            while waiting and waiting[0][0] < seq:
                yield waiting.pop(0)
            yield seq, _event(row)
            after = seq
    yield from waiting


def _event(row: Row) -> AnyEvent:
    _, server, stream, name, received_at, origin, reason, raw = row
    return event_of(
        str(name),
        raw if isinstance(raw, bytes) else str(raw).encode(),
        stream=_stream(str(stream)),
        server=str(server),
        received_at=moment_of(str(received_at)),
        origin=origin_of(str(origin)),
        reason=None if reason is None else str(reason),
    )


def _gap(row: Row) -> tuple[int, Gap]:
    place, server, stream, since, until, recovered, complete, missing, reason = row
    return int(str(place)), Gap(
        server=str(server),
        at=moment_of(str(until)),
        stream=_stream(str(stream)),
        since=None if since is None else moment_of(str(since)),
        until=moment_of(str(until)),
        recovered=int(str(recovered)),
        complete=bool(complete),
        missing=frozenset(str(missing).split()),
        reason=str(reason),
    )


_stream = lru_cache(maxsize=1024)(Stream.parse)
