"""Where cursors are kept between runs: in memory, or in an SQLite file.

A store keeps for each subscription, by name, a `Cursor` and the keys its consumer acknowledged.
Saving is one transaction: after a crash at any moment either all of a save is there or nothing of
it.
"""

from __future__ import annotations

import sqlite3
import threading
from collections import Counter
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final, Protocol, runtime_checkable

import msgspec

from trunkline.errors import CursorError
from trunkline.policy.cursor import Cursor, Key

__all__ = ["Cursor", "CursorStore", "Key", "MemoryCursors", "SavedCursor", "SqliteCursors"]

SCHEMA_VERSION: Final = 1


class SavedCursor(msgspec.Struct, frozen=True):
    """What a store gives back: the cursor and the acknowledged keys, oldest first."""

    cursor: Cursor
    keys: list[Key]


@runtime_checkable
class CursorStore(Protocol):
    """Keeps cursors; three methods and one number.

    Attributes:
        save_interval_seconds: The least time between two saves of a running subscription; 0 saves
            with every acknowledgement, so that a crash repeats at most the event in hand.
    """

    save_interval_seconds: float

    def load(self, name: str) -> SavedCursor | None:
        """Return what was saved under `name`, or ``None``."""
        ...

    def save(self, name: str, cursor: Cursor, keys: Sequence[Key]) -> None:
        """Store `cursor` and add the newly acknowledged `keys`, in one step."""
        ...

    def close(self) -> None:
        """Let go of the store; safe to call twice."""
        ...


class MemoryCursors:
    """Keeps cursors for the life of the process, across several streams of one client."""

    save_interval_seconds = 0.0

    def __init__(self) -> None:
        self._saved: dict[str, SavedCursor] = {}

    def load(self, name: str) -> SavedCursor | None:
        """Return what was saved under `name`, or ``None``."""
        return self._saved.get(name)

    def save(self, name: str, cursor: Cursor, keys: Sequence[Key]) -> None:
        """Store `cursor` and add `keys`."""
        before = self._saved[name].keys if name in self._saved else []
        self._saved[name] = SavedCursor(cursor, [*before, *keys][-cursor.capacity :])

    def close(self) -> None:
        """Do nothing: the cursors live as long as this object."""


_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS cursors (name TEXT PRIMARY KEY, cursor BLOB NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS acknowledged (
    place INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL,
    key TEXT NOT NULL,
    at_seconds REAL NOT NULL,
    UNIQUE (name, key)
) STRICT;
"""


class SqliteCursors:
    """Keeps cursors in an SQLite file, for one process at a time.

    Args:
        path: The file; it is made if it is not there.
        save_interval_seconds: The least time between two saves. With the default of one second a
            crash repeats at most the events of its last second; with 0 only the event in hand.

    Raises:
        CursorError: The file is in use by another process, is no cursor file, or cannot be written.
    """

    def __init__(self, path: str | Path, *, save_interval_seconds: float = 1.0) -> None:
        self.save_interval_seconds = save_interval_seconds
        self._path = Path(path)
        self._saves: Counter[str] = Counter()
        self._lock = threading.Lock()  # streams that listen in threads share one file
        try:
            self._database = sqlite3.connect(
                self._path, timeout=0.2, isolation_level=None, check_same_thread=False
            )
        except sqlite3.Error as error:
            raise self._explained(error) from error
        try:
            self._refuse_other_kinds()
            self._open()
        except sqlite3.Error as error:
            self._database.close()
            raise self._explained(error) from error

    def _refuse_other_kinds(self) -> None:
        """Look before anything is written: somebody's other database stays as it is."""
        (found,) = self._database.execute("PRAGMA user_version").fetchone()
        (tables,) = self._database.execute("SELECT count(*) FROM sqlite_schema").fetchone()
        if found == SCHEMA_VERSION or (found == 0 and tables == 0):
            return
        self._database.close()
        got = f"version {found}" if found else "a database of something else"
        raise CursorError(
            f"Expected cursors of version {SCHEMA_VERSION} in {self._path}; got {got}."
            " Use the Trunkline that wrote them, or start with a new file."
        )

    def _open(self) -> None:
        database = self._database
        # The lock of the first process is never let go: a second one must not move the same cursor.
        database.execute("PRAGMA locking_mode = EXCLUSIVE")
        database.execute("PRAGMA journal_mode = WAL")
        database.execute("PRAGMA synchronous = NORMAL")
        database.execute("BEGIN IMMEDIATE")
        for statement in _SCHEMA.split(";\n"):
            database.execute(statement)
        database.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
        database.execute("COMMIT")

    def load(self, name: str) -> SavedCursor | None:
        """Return what was saved under `name`, or ``None``.

        Raises:
            CursorError: The file cannot be read, or what is in it is damaged.
        """
        try:
            with self._lock:
                return self._load(name)
        except (sqlite3.Error, msgspec.MsgspecError) as error:
            raise self._explained(error) from error

    def _load(self, name: str) -> SavedCursor | None:
        row = self._database.execute(
            "SELECT cursor FROM cursors WHERE name = ?", (name,)
        ).fetchone()
        if row is None:
            return None
        keys = self._database.execute(
            "SELECT key, at_seconds FROM acknowledged WHERE name = ? ORDER BY place", (name,)
        )
        return SavedCursor(msgspec.json.decode(row[0], type=Cursor), keys.fetchall())

    def save(self, name: str, cursor: Cursor, keys: Sequence[Key]) -> None:
        """Store `cursor` and add `keys` in one transaction.

        Raises:
            CursorError: The file cannot be written, for example because the disk is full.
        """
        try:
            with self._lock, self._transaction():
                self._save(name, cursor, keys)
        except sqlite3.Error as error:
            raise self._explained(error) from error

    @contextmanager
    def _transaction(self) -> Generator[None, None, None]:
        self._database.execute("BEGIN IMMEDIATE")
        try:
            yield
            self._database.execute("COMMIT")
        except BaseException:
            if self._database.in_transaction:  # some errors of SQLite have ended it
                self._database.execute("ROLLBACK")
            raise

    def _save(self, name: str, cursor: Cursor, keys: Sequence[Key]) -> None:
        database = self._database
        database.execute(
            "INSERT INTO cursors VALUES (?, ?) ON CONFLICT DO UPDATE SET cursor = excluded.cursor",
            (name, msgspec.json.encode(cursor)),
        )
        database.executemany(
            "INSERT OR IGNORE INTO acknowledged (name, key, at_seconds) VALUES (?, ?, ?)",
            [(name, key, at_seconds) for key, at_seconds in keys],
        )
        self._saves[name] += 1
        if self._saves[name] % 256 == 0:
            self._trim(name, cursor.capacity)

    def _trim(self, name: str, capacity: int) -> None:
        self._database.execute(
            "DELETE FROM acknowledged WHERE name = ?1 AND place <= (SELECT place FROM acknowledged"
            " WHERE name = ?1 ORDER BY place DESC LIMIT 1 OFFSET ?2)",
            (name, capacity),
        )

    def close(self) -> None:
        """Close the file; safe to call twice."""
        self._database.close()

    def _explained(self, error: Exception) -> CursorError:
        cause = str(error)
        hint = (
            "Another client or process uses it: give each its own file."
            if "locked" in cause
            else "Check the path, its permissions and the space on its disk."
        )
        return CursorError(f"Expected a file of cursors at {self._path}: {cause}. {hint}")
