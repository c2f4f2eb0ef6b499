"""Reads a recording in Parquet: the files that are ready, and what still waits in the ledger.

Promises the order of the numbers that the recorder gave, across all files, and that no more than a
few hundred rows of each file that is being read are in memory. Where a recorder keeps a ledger,
that says which files there are; others were never finished. Without one every file counts, but for
those that are torn, which are logged. Reading may go on while a recorder writes.
Needs the package pyarrow, which `trunkline[parquet]` brings.
"""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager
from datetime import datetime
from functools import lru_cache, partial
from heapq import merge
from operator import attrgetter
from pathlib import Path
from typing import Final, NamedTuple

from trunkline.entities.base import UNKNOWN_TIME
from trunkline.errors import SinkError, TrunklineError
from trunkline.events import AnyEvent
from trunkline.signals import Gap
from trunkline.sinks.ledger import LEDGER_NAME
from trunkline.sinks.parquet_files import Torn, read_columns, span_of
from trunkline.sinks.reading_jsonl import gap_of
from trunkline.sinks.recorded import event_of, moment_of, origin_of
from trunkline.streams import Stream

__all__ = ["read_parquet"]

log = logging.getLogger("trunkline")

_ALWAYS: Final = float("inf")
_CHUNK_ROWS: Final = 256
_SIGNAL: Final = "signal"


class Row(NamedTuple):
    """What of a row makes an event or a gap."""

    seq: int
    server: str
    stream: str
    name: str
    received_at: datetime | str | None
    origin: str
    reason: str | None
    raw: str | bytes | None


class Source(NamedTuple):
    """Rows in order of their numbers: which numbers they have, and how to read those behind one."""

    first: float
    last: float
    rows: Callable[[int], Iterator[Row]]


_FILES: Final = "SELECT file, name FROM files ORDER BY file"
_NEWEST: Final = "SELECT coalesce(max(file), 0) FROM files"
_FIRST: Final = "SELECT min(seq) FROM spool"
_WAITING: Final = (
    "SELECT seq, server, stream, name, received_at, origin, reason, raw FROM spool"
    " WHERE seq > ? ORDER BY seq LIMIT ?"
)


def read_parquet(path: str | Path, *, after: int = -1) -> Iterator[tuple[int, AnyEvent | Gap]]:
    """Yield events and gaps behind the number `after`, each with its number.

    Args:
        path: The directory of a recorder; or a file, or a directory with files, of one.
        after: The number behind which to begin.

    Raises:
        SinkError: There is no such file or directory, or one that is none of a recording.
    """
    place = Path(path)
    try:
        for row in _rows(place, after):
            item = _item(row)
            if item is not None:
                yield row.seq, item
    except (sqlite3.Error, OSError, ValueError) as error:  # what pyarrow raises is among them
        if isinstance(error, TrunklineError):
            raise
        raise SinkError(f"Expected a recording in Parquet at {place}: {error}.") from error


def _rows(place: Path, after: int) -> Iterator[Row]:
    ledger = place / LEDGER_NAME
    if ledger.is_file():
        with closing(sqlite3.connect(f"{ledger.resolve().as_uri()}?mode=ro", uri=True)) as database:
            _expect_parquet(database, place)
            yield from _recorded(_Ledger(database, place), after)
    else:
        yield from _merged(_loose(place), after)


def _expect_parquet(database: sqlite3.Connection, place: Path) -> None:
    (kind,) = database.execute("SELECT kind FROM directory").fetchone() or ("nothing",)
    if kind != "parquet":
        raise SinkError(f"Expected a recording in Parquet at {place}; it holds {kind}.")


class _Moved(Exception):
    """What waited has become files meanwhile: look again."""


class _Ledger:
    """What a recorder says there is; looked at often, and never for long."""

    def __init__(self, database: sqlite3.Connection, place: Path) -> None:
        database.isolation_level = None
        self._database = database
        self._place = place
        self._known: dict[str, Source | None] = {}

    def sources(self, after: int) -> list[Source]:
        """Return the files and what waits, as they are at one moment."""
        with _one_moment(self._database):
            names = self._database.execute(_FILES).fetchall()
            (first,) = self._database.execute(_FIRST).fetchone()
        newest = names[-1][0] if names else 0
        found = [source for _, name in names if (source := self._file(name)) is not None]
        if first is not None:
            found.append(Source(first, _ALWAYS, partial(self._waiting, newest=newest)))
        return [source for source in found if source.last > after]

    def _file(self, name: str) -> Source | None:
        """Return a file; ``None`` if somebody took it away."""
        if name not in self._known:
            path = self._place / name
            self._known[name] = _file(path) if path.exists() else None
        return self._known[name]

    def _waiting(self, after: int, *, newest: int) -> Iterator[Row]:
        """Yield what waits.

        Raises:
            _Moved: Files were made of it.
        """
        while True:
            with _one_moment(self._database):
                (file,) = self._database.execute(_NEWEST).fetchone()
                rows = self._database.execute(_WAITING, (after, _CHUNK_ROWS)).fetchall()
            if file != newest:
                raise _Moved
            if not rows:
                return
            yield from map(Row._make, rows)
            after = rows[-1][0]


@contextmanager
def _one_moment(database: sqlite3.Connection) -> Iterator[None]:
    """Let everything that is asked in the block be about the same moment."""
    database.execute("BEGIN")
    try:
        yield
    finally:
        database.execute("ROLLBACK")


def _recorded(ledger: _Ledger, after: int) -> Iterator[Row]:
    """Yield the rows of a recorder, until it has no more at the moment."""
    while True:
        before = after
        try:
            for row in _merged(ledger.sources(after), after):
                yield row
                after = row.seq
        except _Moved:
            continue
        if after == before:
            return


def _loose(place: Path) -> list[Source]:
    """Return the files at a place where no recorder says which there are.

    Raises:
        SinkError: There is none.
    """
    if place.is_file():
        return [_file(place)]
    paths = sorted(place.rglob("*.parquet"))
    if not paths:
        raise SinkError(
            f"Expected a file of Parquet, or a directory with files named *.parquet, at {place};"
            " found none."
        )
    found: list[Source] = []
    for path in paths:
        try:
            found.append(_file(path))
        except Torn as error:
            extra = {"trunkline_place": str(path), "trunkline_why": str(error)}
            log.warning("trunkline.torn_file", extra=extra)
    return found


def _file(path: Path) -> Source:
    first, last = span_of(path)
    return Source(first, last, partial(_rows_of, path))


def _rows_of(path: Path, after: int) -> Iterator[Row]:
    columns = read_columns(path, Row._fields, after=after, chunk_rows=_CHUNK_ROWS)
    return (row for row in map(Row._make, columns) if row.seq > after)


def _merged(sources: Iterable[Source], after: int) -> Iterator[Row]:
    """Yield the rows of all sources in order; only those are open that overlap each other."""
    for group in _overlapping(sources):
        yield from merge(*(one.rows(after) for one in group), key=attrgetter("seq"))


def _overlapping(sources: Iterable[Source]) -> Iterator[list[Source]]:
    group: list[Source] = []
    last = -_ALWAYS
    for source in sorted(sources, key=attrgetter("first")):
        if group and source.first > last:
            yield group
            group = []
        group.append(source)
        last = max(last, source.last)
    if group:
        yield group


def _item(row: Row) -> AnyEvent | Gap | None:
    """Return what a row tells; ``None`` once its post was purged."""
    if row.raw is None:
        return None
    raw = row.raw if isinstance(row.raw, bytes) else row.raw.encode()
    if row.origin == _SIGNAL:
        return gap_of(raw)
    return event_of(
        row.name,
        raw,
        stream=_stream(row.stream),
        server=row.server,
        received_at=_moment(row.received_at),
        origin=origin_of(row.origin),
        reason=row.reason,
    )


def _moment(at: datetime | str | None) -> datetime:
    if not at:
        return UNKNOWN_TIME
    return moment_of(at if isinstance(at, str) else at.isoformat())


_stream = lru_cache(maxsize=1024)(Stream.parse)
