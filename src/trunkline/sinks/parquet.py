"""`ParquetSink`: a recording in Parquet files by server and day, for people with data tools.

Promises that a batch and its positions are one step: they wait together in the ledger, and leave it
for a file of their own in another step. A file that the ledger does not name was never finished and
is removed when the directory is opened again.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from itertools import groupby
from pathlib import Path
from typing import Final
from urllib.parse import quote, urlsplit

from trunkline.cursors import SavedCursor
from trunkline.errors import SinkError
from trunkline.events import Delete
from trunkline.sinks.base import Batch, OnDelete, unavailable
from trunkline.sinks.ledger import Holding, Ledger, LedgerFile
from trunkline.sinks.parquet_files import read_rows, rewrite, row_of, write_rows
from trunkline.sinks.parquet_spool import SPOOL, SPOOL_TABLES, Partition, Spool
from trunkline.sinks.purging import post_ids, posts_in

__all__ = ["ParquetSink"]

_FILES: Final = "host=*/day=*/part-*.parquet"
FILE_ROWS: Final = 100_000
FILE_SECONDS: Final = 3_600.0
_REWRITE_SECONDS: Final = 60.0
_REWRITE_SHARE: Final = 20
"""Rewriting files may take a twentieth of the time, however large they are."""


class ParquetSink:
    """Records into files of a directory, for one recorder at a time.

    Events wait in the ledger until there are enough for files, or until it is closed; they are as
    safe there as in a file.

    Args:
        directory: The directory; it is made if it is not there.
        on_delete: What becomes of posts that are deleted. ``mark`` and ``ignore`` are the same
            here: the deletion is a row like others. ``purge`` empties the rows that show the post;
            files are rewritten for it within minutes, and when it is closed.
        file_rows: How many events wait before files are made of them.
        file_seconds: How long the first of them waits.
        durable: Whether every batch survives that the machine loses its power. Without it such a
            loss takes the last batches, events and cursors alike, and they are caught up.

    Raises:
        SinkError: It is in use by another recorder, or holds another kind of recording.
        SinkUnavailable: It cannot be written to.
    """

    def __init__(
        self,
        directory: str | Path,
        *,
        on_delete: OnDelete = "mark",
        file_rows: float = FILE_ROWS,
        file_seconds: float = FILE_SECONDS,
        durable: bool = False,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.place: Path | None = Path(directory)
        self._directory = Path(directory)
        self._on_delete: OnDelete = on_delete
        self._file_rows = file_rows
        self._file_seconds = file_seconds
        self._clock = clock
        self._lock = threading.Lock()
        self._rewrite_at = 0.0
        self._closed = False
        self._ledger = Ledger(
            self._directory, kind="parquet", files=_FILES, durable=durable, tables=SPOOL_TABLES
        )
        try:
            self._spool = Spool(self._ledger.database)
            self._waiting = len(self._spool)
            self._repair()
            if on_delete == "purge":
                self._begin_to_purge()
        except OSError as error:
            self._ledger.close()
            raise unavailable(error, self._directory) from error
        except BaseException:
            self._ledger.close()
            raise

    def load(self, name: str) -> SavedCursor | None:
        """Return the last position of the subscription `name`, or ``None`` without one."""
        with self._lock:
            return self._ledger.load(name)

    def write(self, batch: Batch) -> None:
        """Store the batch and its positions in one step; make files first if it is time.

        Raises:
            SinkUnavailable: Nothing was stored; the same batch may be tried again.
            SinkError: The ledger is damaged.
        """
        with self._lock:
            try:
                if self._is_due():
                    self._make_files()
            except OSError as error:
                raise unavailable(error, self._directory) from error
            self._write(batch)
            if self._on_delete == "purge":
                with suppress(OSError, SinkError):  # the batch is stored: it is not tried again
                    self._settle_when_due()

    def close(self) -> None:
        """Make files of what waits, and let go of the directory; safe to call twice."""
        with self._lock:
            if self._closed:
                return
            self._closed = True
            with suppress(OSError, SinkError):  # what waits is safe where it is
                if self._on_delete == "purge":
                    self._settle(self._ledger.debts())
                self._make_files()
            self._ledger.close()

    def _write(self, batch: Batch) -> None:
        with self._ledger.step():
            first = self._spool.put(batch)
            self._ledger.save(batch.positions, saved_at=datetime.now(UTC).isoformat())
            if self._on_delete != "ignore":
                self._ledger.bury(_deleted(batch))
            if self._on_delete == "purge":
                self._hold(batch, first)
        self._waiting += len(batch.events) + len(batch.gaps)

    def _hold(self, batch: Batch, first: int) -> None:
        """Note where the posts of a batch wait, and purge those that are deleted."""
        holdings = [
            Holding(event.server, post, SPOOL, seq)
            for seq, event in enumerate(batch.events, start=first)
            for post in posts_in(event)
        ]
        self._ledger.hold(holdings)
        touched = {(one.server, one.status_id) for one in holdings}
        touched.update(_deleted(batch))
        self._purge_spool(self._ledger.debts(touched))

    def _is_due(self) -> bool:
        """Tell whether enough waits for files, or has waited long enough."""
        if self._waiting >= self._file_rows:
            return True
        oldest_at = self._spool.oldest_at() if self._waiting else None
        if oldest_at is None:
            return False
        age_seconds = self._clock() - datetime.fromisoformat(oldest_at).timestamp()
        return age_seconds >= self._file_seconds

    def _make_files(self) -> None:
        """Make a file of each partition that waits."""
        for partition in self._spool.partitions():
            number = self._ledger.next_file()
            name = _name(partition, number)
            path = self._directory / name
            write_rows(path, map(row_of, self._spool.rows(partition)))
            with self._ledger.step():
                self._ledger.put(
                    LedgerFile(
                        file=number,
                        name=name,
                        size_bytes=path.stat().st_size,
                        events=partition.rows,
                        opened_at=self._clock(),
                        is_open=False,
                        is_indexed=self._on_delete == "purge",
                    )
                )
                self._spool.take(partition, file=number)
            self._waiting -= partition.rows

    def _repair(self) -> None:
        """Remove what was never finished."""
        known = {file.name for file in self._ledger.files()}
        for path in self._directory.glob("host=*/day=*/part-*"):
            if path.relative_to(self._directory).as_posix() not in known:
                path.unlink()

    def _begin_to_purge(self) -> None:
        """Note where posts stand that earlier runs have recorded, and settle what is owed."""
        self._ledger.database.execute("PRAGMA secure_delete = ON")
        for file in self._ledger.files():
            if not file.is_indexed:
                with self._ledger.step():
                    self._ledger.hold(_standing(self._directory / file.name, file))
                    self._ledger.put(replace(file, is_indexed=True))
        with self._ledger.step():
            for partition in self._spool.partitions():
                self._ledger.hold(
                    Holding(event.server, post, SPOOL, event.seq)
                    for event in self._spool.rows(partition)
                    for post in post_ids(event.raw or "")
                )
            self._purge_spool(self._ledger.debts())
        self._settle(self._ledger.debts())

    def _purge_spool(self, debts: Iterable[Holding]) -> None:
        """Cut deleted posts out of what waits; within a step."""
        waiting = [one for one in debts if one.file == SPOOL]
        self._spool.purge(waiting)
        self._ledger.forget(waiting)

    def _settle(self, debts: Iterable[Holding]) -> None:
        """Rewrite the files that show deleted posts."""
        owed = sorted((one for one in debts if one.file != SPOOL), key=_file_of)
        for number, group in groupby(owed, key=_file_of):
            holdings = list(group)
            gone: dict[int, list[str]] = {}
            for holding in holdings:
                gone.setdefault(holding.offset, []).append(holding.status_id)
            with suppress(FileNotFoundError):  # somebody took it away, and it is theirs to purge
                rewrite(self._directory / self._ledger.file(number).name, gone)
            with self._ledger.step():
                self._ledger.forget(holdings)

    def _settle_when_due(self) -> None:
        started = time.monotonic()
        if started >= self._rewrite_at:
            self._settle(self._ledger.debts())
            self._ledger.database.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
            took_seconds = time.monotonic() - started
            self._rewrite_at = started + max(_REWRITE_SECONDS, took_seconds * _REWRITE_SHARE)


def _deleted(batch: Batch) -> list[tuple[str, str]]:
    return [(one.server, one.status_id) for one in batch.events if isinstance(one, Delete)]


def _name(partition: Partition, number: int) -> str:
    host = quote(urlsplit(partition.server).netloc or partition.server, safe="")
    return f"host={host}/day={partition.day}/part-{number:08d}.parquet"


def _standing(path: Path, file: LedgerFile) -> Iterator[Holding]:
    """Yield where posts stand in a file; nothing if somebody took it away."""
    if not path.exists():
        return
    for row in read_rows(path):
        seq, raw = row["seq"], row["raw"]
        if isinstance(seq, int) and isinstance(raw, str):
            for post in post_ids(raw):
                yield Holding(str(row["server"]), post, file.file, seq)


def _file_of(holding: Holding) -> int:
    return holding.file
