"""An SQLite file of ours: opened, brought up to date, and its errors said in words.

Promises a file that is ours and of this version, or an error before anything was changed in it.
Readers may use it all the time; what writes to it beside us makes us wait.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from trunkline.errors import SinkError, SinkUnavailable

__all__ = ["explained", "open_file", "transaction_failed"]

Migration = Callable[[sqlite3.Connection], None]

_BUSY_SECONDS: Final = 5.0
_PAGE_BYTES: Final = 8192  # two payloads of the usual size, where 4096 bytes would waste a quarter
_CACHE_KIBIBYTES: Final = 65_536
_CHECKPOINT_PAGES: Final = 2_000


def open_file(
    path: Path,
    *,
    application_id: int,
    migrations: Sequence[Migration],
    durable: bool = False,
) -> sqlite3.Connection:
    """Return a connection to the file at `path`, which is made if it is not there.

    Args:
        path: The file.
        application_id: What tells a file of this kind from others.
        migrations: What brings a file of each version to the next.
        durable: Whether a transaction survives that the machine loses its power. Without it such a
            loss takes the last transactions, each as a whole.

    Raises:
        SinkUnavailable: It cannot be written to now.
        SinkError: It is another kind of file, damaged, or of a newer version.
    """
    try:
        database = sqlite3.connect(
            path,
            timeout=_BUSY_SECONDS,
            isolation_level=None,
            check_same_thread=False,
            cached_statements=256,
        )
    except sqlite3.Error as error:
        raise explained(error, path) from error
    try:
        _check(database, path, application_id, newest=len(migrations))
        _prepare(database, durable=durable)
        _bring_up_to_date(database, application_id, migrations)
    except sqlite3.Error as error:
        database.close()
        raise explained(error, path) from error
    except BaseException:
        database.close()
        raise
    return database


def _check(database: sqlite3.Connection, path: Path, application_id: int, *, newest: int) -> None:
    """Refuse a file that is not ours to write."""
    (found_id,) = database.execute("PRAGMA application_id").fetchone()
    (version,) = database.execute("PRAGMA user_version").fetchone()
    (tables,) = database.execute("SELECT count(*) FROM sqlite_master").fetchone()
    if found_id != application_id and (tables or found_id or version):
        raise SinkError(
            f"Expected a recording or an empty file at {path}; it is another SQLite database."
            " Record into a file of its own."
        )
    if version > newest:
        raise SinkError(
            f"Expected a recording of version {newest} or older at {path}; it is of version"
            f" {version}. Use the Trunkline that wrote it, or a newer one."
        )


def _prepare(database: sqlite3.Connection, *, durable: bool) -> None:
    if not database.execute("PRAGMA schema_version").fetchone()[0]:
        database.execute(f"PRAGMA page_size = {_PAGE_BYTES}")
    database.execute("PRAGMA journal_mode = WAL")
    database.execute(f"PRAGMA synchronous = {'FULL' if durable else 'NORMAL'}")
    database.execute(f"PRAGMA cache_size = -{_CACHE_KIBIBYTES}")
    database.execute(f"PRAGMA wal_autocheckpoint = {_CHECKPOINT_PAGES}")


def _bring_up_to_date(
    database: sqlite3.Connection, application_id: int, migrations: Sequence[Migration]
) -> None:
    (version,) = database.execute("PRAGMA user_version").fetchone()
    if version == len(migrations):
        return
    database.execute("BEGIN IMMEDIATE")
    for migrate in migrations[version:]:
        migrate(database)
    database.execute(f"PRAGMA application_id = {application_id}")
    database.execute(f"PRAGMA user_version = {len(migrations)}")
    database.execute("COMMIT")


def transaction_failed(database: sqlite3.Connection) -> None:
    """Undo what an open transaction has done, if there is one."""
    if database.in_transaction:
        database.execute("ROLLBACK")


def explained(error: sqlite3.Error, path: Path) -> SinkError:
    """Return what says what is wrong with the file at `path`, and what helps."""
    primary = getattr(error, "sqlite_errorcode", 0) & 0xFF
    hint = _HINTS.get(primary)
    if hint is not None:
        return SinkUnavailable(f"Cannot write to {path}: {error}. {hint}")
    if primary == sqlite3.SQLITE_NOTADB:
        return SinkError(f"Expected a recording or an empty file at {path}: {error}.")
    return SinkError(
        f"Cannot use {path}: {error}. Check it with 'PRAGMA integrity_check', or record into"
        " another file."
    )


_HINTS: Final = {
    sqlite3.SQLITE_FULL: "Make room on the disk.",
    sqlite3.SQLITE_BUSY: "Another program has it locked: end what it is writing.",
    sqlite3.SQLITE_LOCKED: "Another program has it locked: end what it is writing.",
    sqlite3.SQLITE_READONLY: "Allow this user to write the file and its directory.",
    sqlite3.SQLITE_PERM: "Allow this user to write the file and its directory.",
    sqlite3.SQLITE_CANTOPEN: "Check the path; its directory must be there and allow writing.",
    sqlite3.SQLITE_IOERR: "Check the space and the health of the disk, and limits of file sizes.",
    sqlite3.SQLITE_NOMEM: "Make memory available.",
}
