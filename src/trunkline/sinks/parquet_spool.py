"""What waits to become a Parquet file: a table in the ledger, written in the same step as cursors.

A Parquet file is readable only when its end is written, and good only when it is large. So events
wait here, as safe as in any other sink, until there are enough for a file.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from trunkline.events import AnyEvent, Malformed
from trunkline.signals import Gap
from trunkline.sinks.base import Batch
from trunkline.sinks.ledger import Holding
from trunkline.sinks.lines import signal_line
from trunkline.sinks.purging import without_post
from trunkline.sinks.rows import identifier, moment, payload_value

__all__ = ["SPOOL", "SPOOL_TABLES", "Partition", "Spool", "Spooled"]

SPOOL_TABLES: Final = (
    """CREATE TABLE spool (
        seq INTEGER PRIMARY KEY,
        server TEXT NOT NULL,
        day TEXT NOT NULL,
        stream TEXT NOT NULL,
        name TEXT NOT NULL,
        id TEXT,
        received_at TEXT NOT NULL,
        origin TEXT NOT NULL,
        reason TEXT,
        raw ANY
    ) STRICT""",
    "CREATE INDEX spool_by_day ON spool (server, day, seq)",
    "CREATE INDEX holdings_by_place ON holdings (file, offset)",
    "CREATE TABLE numbers (seq INTEGER NOT NULL) STRICT",
    "INSERT INTO numbers VALUES (0)",
)
SPOOL: Final = 0
"""The number that stands for the spool where posts are held."""

_PUT: Final = (
    "INSERT INTO spool (seq, server, day, stream, name, id, received_at, origin, reason, raw)"
    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
)
_GET: Final = (
    "SELECT seq, server, stream, name, id, received_at, origin, reason, raw FROM spool"
    " WHERE server = ? AND day = ? AND seq <= ? ORDER BY seq"
)
_MOVE_HOLDINGS: Final = (
    "UPDATE holdings SET file = ? WHERE file = 0 AND offset IN"
    " (SELECT seq FROM spool WHERE server = ? AND day = ? AND seq <= ?)"
)


@dataclass(frozen=True, slots=True)
class Partition:
    """What goes into one file: the events of a server on a day, up to a number."""

    server: str
    day: str
    last_seq: int
    rows: int


@dataclass(frozen=True, slots=True)
class Spooled:
    """One event as it waits; `raw` is ``None`` once its post was purged."""

    seq: int
    server: str
    stream: str
    name: str
    id: str | None
    received_at: str
    origin: str
    reason: str | None
    raw: str | bytes | None


class Spool:
    """The events that wait in a ledger; everything that changes them belongs inside of a step."""

    def __init__(self, database: sqlite3.Connection) -> None:
        self._database = database

    def __len__(self) -> int:
        (rows,) = self._database.execute("SELECT count(*) FROM spool").fetchone()
        return int(rows)

    def put(self, batch: Batch) -> int:
        """Let events and gaps wait, and return the number of the first of them."""
        rows = [*map(_event_values, batch.events), *map(_gap_values, batch.gaps)]
        (last,) = self._database.execute("SELECT coalesce(max(seq), 0) FROM numbers").fetchone()
        self._database.executemany(
            _PUT, [(seq, *values) for seq, values in enumerate(rows, start=last + 1)]
        )
        if rows:
            self._database.execute("UPDATE numbers SET seq = ?", (last + len(rows),))
        return int(last) + 1

    def oldest_at(self) -> str | None:
        """Return when the event arrived that has waited longest."""
        row = self._database.execute(
            "SELECT received_at FROM spool ORDER BY seq LIMIT 1"
        ).fetchone()
        return None if row is None else str(row[0])

    def partitions(self) -> list[Partition]:
        """Return what could become files now."""
        rows = self._database.execute(
            "SELECT server, day, max(seq), count(*) FROM spool GROUP BY 1, 2"
        ).fetchall()
        return [Partition(*row) for row in rows]

    def rows(self, partition: Partition) -> Iterator[Spooled]:
        """Yield the events of a partition, in order of arrival."""
        found = self._database.execute(_GET, (partition.server, partition.day, partition.last_seq))
        return (Spooled(*row) for row in found)

    def take(self, partition: Partition, *, file: int) -> None:
        """Let go of a partition that has become a file; its posts stand there now."""
        place = (partition.server, partition.day, partition.last_seq)
        self._database.execute(_MOVE_HOLDINGS, (file, *place))
        self._database.execute("DELETE FROM spool WHERE server = ? AND day = ? AND seq <= ?", place)

    def purge(self, holdings: Iterable[Holding]) -> None:
        """Cut posts out of the events that wait."""
        for holding in holdings:
            query = "SELECT raw FROM spool WHERE seq = ? AND raw IS NOT NULL"
            row = self._database.execute(query, (holding.offset,)).fetchone()
            if row is not None:
                cut = without_post(row[0], holding.status_id)
                values = (cut, holding.offset)
                self._database.execute("UPDATE spool SET raw = ? WHERE seq = ?", values)


_Values = tuple[str | bytes | None, ...]


def _event_values(event: AnyEvent) -> _Values:
    received_at = moment(event.received_at) or ""
    return (
        event.server,
        received_at[:10],
        str(event.stream),
        event.name,
        identifier(event),
        received_at,
        event.origin,
        event.reason if isinstance(event, Malformed) else None,
        payload_value(event.raw),
    )


def _gap_values(gap: Gap) -> _Values:
    at = moment(gap.at) or ""
    raw = signal_line(gap).decode().rstrip("\n")
    return gap.server, at[:10], str(gap.stream), "gap", None, at, "signal", gap.reason or None, raw
