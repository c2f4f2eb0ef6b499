"""`SqliteSink`: a recording in one SQLite file, for queries, for search and for Datasette.

Promises that a batch and its positions are one transaction; that the file is whole after a crash at
any moment; and that others can read it while it is written. The tables are in `sqlite_schema`, and
described in the documentation.
"""

from __future__ import annotations

import sqlite3
import threading
import time
from contextlib import suppress
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Final

from trunkline.cursors import SavedCursor
from trunkline.events import Malformed
from trunkline.signals import Gap
from trunkline.sinks.base import Batch, OnDelete
from trunkline.sinks.lock import PlaceLock
from trunkline.sinks.positions import load_position, save_positions
from trunkline.sinks.rows import Value, identifier, moment, payload_value
from trunkline.sinks.sqlite_deletes import apply_deletions, purge_marked
from trunkline.sinks.sqlite_file import explained, open_file, transaction_failed
from trunkline.sinks.sqlite_posts import Told, write_posts
from trunkline.sinks.sqlite_schema import APPLICATION_ID, MIGRATIONS

__all__ = ["SqliteSink"]

_SCRUB_SECONDS: Final = 60.0
_SCRUB_SHARE: Final = 20
"""Scrubbing may take a twentieth of the time, however large the index is."""

_PUT_EVENT: Final = "INSERT INTO events VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"
_PUT_GAP: Final = (
    "INSERT INTO gaps (server, stream, since, until, recovered, complete, missing, reason)"
    " VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
)
_WRITTEN: Final = "UPDATE runs SET written_at = ?, events = events + ? WHERE run = ?"


class SqliteSink:
    """Records into an SQLite file, for one recorder at a time.

    Args:
        path: The file; it is made if it is not there. A lock file stands beside it.
        on_delete: What becomes of posts that are deleted: ``mark``, ``purge`` or ``ignore``.
        durable: Whether every batch survives that the machine loses its power. Without it such a
            loss takes the last batches, events and cursors alike, and they are caught up.

    Raises:
        SinkError: It is in use by another recorder, no recording, or of a newer version.
        SinkUnavailable: It cannot be written to.
    """

    def __init__(
        self, path: str | Path, *, on_delete: OnDelete = "mark", durable: bool = False
    ) -> None:
        self.place: Path | None = Path(path)
        self._path = Path(path)
        self._on_delete: OnDelete = on_delete
        self._lock = threading.Lock()
        self._unscrubbed = False
        self._scrub_at = 0.0
        self._closed = False
        self._guard = PlaceLock(self._path.with_name(f".{self._path.name}.lock"), place=self._path)
        try:
            self._database = open_file(
                self._path, application_id=APPLICATION_ID, migrations=MIGRATIONS, durable=durable
            )
            self._run = self._begin_run()
        except BaseException:
            self._guard.close()
            raise

    def load(self, name: str) -> SavedCursor | None:
        """Return the last position of the subscription `name`, or ``None`` without one."""
        with self._lock:
            return load_position(self._database, name)

    def write(self, batch: Batch) -> None:
        """Store the batch in one transaction, and flatten what its events show.

        Raises:
            SinkUnavailable: Nothing was stored; the same batch may be tried again.
            SinkError: The file is damaged.
        """
        with self._lock:
            try:
                self._write(batch)
                self._scrub_when_due()
            except sqlite3.Error as error:
                transaction_failed(self._database)
                raise explained(error, self._path) from error
            except BaseException:
                transaction_failed(self._database)
                raise

    def close(self) -> None:
        """End the run and let go of the file; safe to call twice."""
        with self._lock:
            if self._closed:
                return
            self._closed = True
            with suppress(sqlite3.Error):  # a full disk must not keep anybody from leaving
                self._end_run()
            self._database.close()
            self._guard.close()

    def _write(self, batch: Batch) -> None:
        database, now = self._database, _now()
        database.execute("BEGIN IMMEDIATE")
        (last_seq,) = database.execute("SELECT coalesce(max(seq), 0) FROM events").fetchone()
        told = _numbered(batch, last_seq)
        database.executemany(_PUT_EVENT, map(_event_values, told))
        arrived_deleted = write_posts(database, told)
        purged = apply_deletions(
            database, told, on_delete=self._on_delete, arrived_deleted=arrived_deleted
        )
        database.executemany(_PUT_GAP, map(_gap_values, batch.gaps))
        save_positions(database, batch.positions, saved_at=now)
        database.execute(_WRITTEN, (now, len(told), self._run))
        database.execute("COMMIT")
        self._unscrubbed = self._unscrubbed or purged > 0

    def _begin_run(self) -> int | None:
        try:
            if self._on_delete == "purge":
                self._database.execute("PRAGMA secure_delete = ON")
                purge_marked(self._database)
                self._unscrubbed = True  # what an earlier run purged and had no time to scrub
            begun = self._database.execute(
                "INSERT INTO runs (started_at, trunkline) VALUES (?, ?)",
                (_now(), version("trunkline")),
            )
        except sqlite3.Error as error:
            self._database.close()
            raise explained(error, self._path) from error
        return begun.lastrowid

    def _end_run(self) -> None:
        self._database.execute("UPDATE runs SET ended_at = ? WHERE run = ?", (_now(), self._run))
        if self._unscrubbed:
            self._scrub()
        self._database.execute("PRAGMA optimize")

    def _scrub_when_due(self) -> None:
        started = time.monotonic()
        if self._unscrubbed and started >= self._scrub_at:
            with suppress(sqlite3.Error):  # the batch is stored: it must not be tried again
                self._scrub()
            took_seconds = time.monotonic() - started
            self._scrub_at = started + max(_SCRUB_SECONDS, took_seconds * _SCRUB_SHARE)

    def _scrub(self) -> None:
        """Remove what purged posts have left in the index of the search and in the log.

        The index keeps the words of a post that was deleted until its parts are merged, and the log
        keeps pages until they are copied.
        """
        self._database.execute("INSERT INTO statuses_fts (statuses_fts) VALUES ('optimize')")
        busy, _, _ = self._database.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        self._unscrubbed = bool(busy)  # a reader holds on to the log: later


def _now() -> str:
    return f"{datetime.now(UTC).isoformat(timespec='milliseconds')[:-6]}Z"


def _numbered(batch: Batch, last_seq: int) -> list[Told]:
    told: list[Told] = []
    seen, seen_at = None, ""
    for seq, event in enumerate(batch.events, start=last_seq + 1):
        if event.received_at is not seen:  # events that arrived together share their time
            seen, seen_at = event.received_at, moment(event.received_at) or ""
        told.append(Told(event, seq, seen_at))
    return told


def _event_values(told: Told) -> tuple[Value, ...]:
    event = told.event
    return (
        told.seq,
        event.server,
        str(event.stream),
        event.name,
        identifier(event),
        told.seen_at,
        event.origin,
        event.reason if isinstance(event, Malformed) else None,
        payload_value(event.raw),
    )


def _gap_values(gap: Gap) -> tuple[Value, ...]:
    return (
        gap.server,
        str(gap.stream),
        moment(gap.since),
        moment(gap.until),
        gap.recovered,
        gap.complete,
        " ".join(sorted(gap.missing)),
        gap.reason,
    )
