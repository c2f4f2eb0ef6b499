"""The ledger of a directory that is recorded into: which files there are, and what they hold.

A small SQLite file beside the recorded ones. It is written after them, so what it says of a file is
on the disk; what it does not say was never finished and is cut off when the directory is opened
again. With the files it holds the cursors, which is what makes a batch and its cursors one step.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from trunkline.cursors import SavedCursor
from trunkline.errors import SinkError
from trunkline.sinks.base import Position, unavailable
from trunkline.sinks.lock import PlaceLock
from trunkline.sinks.positions import POSITION_TABLES, load_position, save_positions
from trunkline.sinks.sqlite_file import explained, open_file, transaction_failed

__all__ = ["LEDGER_NAME", "Holding", "Ledger", "LedgerFile"]

LEDGER_NAME: Final = "_trunkline.db"
"""Programs that read whole directories pass by what begins with an underscore."""

_APPLICATION_ID: Final = 0x54726E6C
_TABLES: Final = (
    """CREATE TABLE directory (kind TEXT NOT NULL) STRICT""",
    """CREATE TABLE files (
        file INTEGER PRIMARY KEY,
        name TEXT NOT NULL UNIQUE,
        size_bytes INTEGER NOT NULL,
        events INTEGER NOT NULL,
        opened_at REAL NOT NULL,
        open INTEGER NOT NULL,
        indexed INTEGER NOT NULL
    ) STRICT""",
    """CREATE TABLE tombstones (
        server TEXT NOT NULL, id TEXT NOT NULL, PRIMARY KEY (server, id)
    ) STRICT, WITHOUT ROWID""",
    """CREATE TABLE holdings (
        server TEXT NOT NULL, id TEXT NOT NULL, file INTEGER NOT NULL, offset INTEGER NOT NULL,
        PRIMARY KEY (server, id, file, offset)
    ) STRICT, WITHOUT ROWID""",
)


_FILES: Final = "SELECT file, name, size_bytes, events, opened_at, open, indexed FROM files"
_DEBTS: Final = "SELECT h.* FROM tombstones JOIN holdings AS h USING (server, id)"
_DEBTS_OF: Final = f"{_DEBTS} WHERE server = ? AND id = ?"


def _make(database: sqlite3.Connection) -> None:
    for statement in (*_TABLES, *POSITION_TABLES):
        database.execute(statement)


_MIGRATIONS: Final = (_make,)


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerFile:
    """A file of the directory, as far as it was finished.

    Attributes:
        file: Its number; later files have higher ones.
        name: Its name, with the directories it lies in.
        size_bytes: How many of its bytes count. In a file that was compressed, before that.
        events: How many events it holds.
        opened_at: When it was begun, seconds since 1970.
        is_open: Whether more is to be written to it.
        is_indexed: Whether it is known where each of its posts stands.
    """

    file: int
    name: str
    size_bytes: int
    events: int
    opened_at: float
    is_open: bool
    is_indexed: bool


@dataclass(frozen=True, slots=True)
class Holding:
    """Where a post stands: the line or the row of a file, by its offset."""

    server: str
    status_id: str
    file: int
    offset: int


class Ledger:
    """The ledger of one directory, for one recorder at a time.

    Args:
        directory: The directory; it is made if it is not there.
        kind: What is recorded there, such as ``jsonl``.
        files: What its files are called, as a pattern of names.
        durable: Whether every step survives that the machine loses its power.
        tables: Makes what this kind of recording needs beside the usual.

    Attributes:
        database: The connection, for what is done inside of a step.

    Raises:
        SinkError: Another recorder uses the directory, it holds another kind of recording, or it
            holds files whose ledger is gone: which of them are whole nobody knows any more.
        SinkUnavailable: It cannot be written to.
    """

    def __init__(
        self,
        directory: Path,
        *,
        kind: str,
        files: str,
        durable: bool,
        tables: Sequence[str] = (),
    ) -> None:
        self._path = directory / LEDGER_NAME
        try:
            directory.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise unavailable(error, directory) from error
        self._guard = PlaceLock(directory / ".lock", place=directory)
        try:
            self._refuse_orphans(directory, files)
            self.database = open_file(
                self._path, application_id=_APPLICATION_ID, migrations=_MIGRATIONS, durable=durable
            )
            try:
                self._claim(directory, kind, tables)
            except BaseException:
                self.database.close()
                raise
        except BaseException:
            self._guard.close()
            raise

    def _refuse_orphans(self, directory: Path, files: str) -> None:
        if not self._path.exists() and any(directory.glob(files)):
            raise SinkError(
                f"Expected {LEDGER_NAME} beside the files in {directory}; it is gone. Put it back,"
                " or record into another directory: these files can still be read."
            )

    def _claim(self, directory: Path, kind: str, tables: Sequence[str]) -> None:
        with self.step():
            row = self.database.execute("SELECT kind FROM directory").fetchone()
            if row is None:
                self.database.execute("INSERT INTO directory VALUES (?)", (kind,))
                for statement in tables:
                    self.database.execute(statement)
            elif row[0] != kind:
                raise SinkError(
                    f"Expected a directory of {kind} at {directory}; it holds {row[0]}. Record each"
                    " kind into a directory of its own."
                )

    @contextmanager
    def step(self) -> Iterator[None]:
        """Make everything in the block one step: all of it is stored, or nothing.

        Raises:
            SinkUnavailable: Nothing was stored.
            SinkError: The ledger is damaged.
        """
        database = self.database
        try:
            database.execute("BEGIN IMMEDIATE")
            yield
            database.execute("COMMIT")
        except sqlite3.Error as error:
            transaction_failed(database)
            raise explained(error, self._path) from error
        except BaseException:
            transaction_failed(database)
            raise

    def load(self, name: str) -> SavedCursor | None:
        """Return the last position of a subscription, or ``None`` without one."""
        return load_position(self.database, name)

    def save(self, positions: Sequence[Position], *, saved_at: str) -> None:
        """Store positions; within a step."""
        save_positions(self.database, positions, saved_at=saved_at)

    def files(self, *, only_open: bool = False) -> list[LedgerFile]:
        """Return the files, oldest first."""
        rows = self.database.execute(f"{_FILES} WHERE open >= ? ORDER BY file", (only_open,))
        return list(map(_file_of, rows))

    def file(self, number: int) -> LedgerFile:
        """Return the file of this number, which must exist."""
        row = self.database.execute(f"{_FILES} WHERE file = ?", (number,)).fetchone()
        return _file_of(row)

    def put(self, file: LedgerFile) -> None:
        """Store what is true of a file now; within a step."""
        self.database.execute(
            "INSERT INTO files VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT (file) DO UPDATE SET"
            " name = ?2, size_bytes = ?3, events = ?4, open = ?6, indexed = ?7",
            (
                file.file,
                file.name,
                file.size_bytes,
                file.events,
                file.opened_at,
                file.is_open,
                file.is_indexed,
            ),
        )

    def next_file(self) -> int:
        """Return the number of the next file."""
        row = self.database.execute("SELECT coalesce(max(file), 0) + 1 FROM files").fetchone()
        return int(row[0])

    def hold(self, holdings: Iterable[Holding]) -> None:
        """Note where posts stand; within a step."""
        self.database.executemany(
            "INSERT OR IGNORE INTO holdings VALUES (?, ?, ?, ?)",
            [(one.server, one.status_id, one.file, one.offset) for one in holdings],
        )

    def bury(self, posts: Iterable[tuple[str, str]]) -> None:
        """Note that posts were deleted, each a server and an id; within a step."""
        self.database.executemany("INSERT OR IGNORE INTO tombstones VALUES (?, ?)", posts)

    def debts(self, posts: Iterable[tuple[str, str]] | None = None) -> list[Holding]:
        """Return where posts stand that were deleted: all of them, or only these."""
        if posts is None:
            return [Holding(*row) for row in self.database.execute(_DEBTS)]
        found: list[Holding] = []
        for post in posts:
            found += [Holding(*row) for row in self.database.execute(_DEBTS_OF, post)]
        return found

    def forget(self, holdings: Iterable[Holding]) -> None:
        """Note that posts do not stand there any more; within a step."""
        self.database.executemany(
            "DELETE FROM holdings WHERE server = ? AND id = ? AND file = ? AND offset = ?",
            [(one.server, one.status_id, one.file, one.offset) for one in holdings],
        )

    def close(self) -> None:
        """Let go of the directory; safe to call twice."""
        self.database.close()
        self._guard.close()


def _file_of(row: tuple[int, str, int, int, float, int, int]) -> LedgerFile:
    return LedgerFile(
        file=row[0],
        name=row[1],
        size_bytes=row[2],
        events=row[3],
        opened_at=row[4],
        is_open=bool(row[5]),
        is_indexed=bool(row[6]),
    )
