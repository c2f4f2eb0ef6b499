"""Deletions in SQLite: what becomes of posts that are gone from their server.

``mark`` notes when a post was deleted and keeps it. ``purge`` removes its content from every table
and from the index, and keeps the id and the time. ``ignore`` does nothing: the deletion is an event
like others. A deletion can come before its post, so it leaves a tombstone that later posts are held
against.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from typing import Final

from trunkline.events import Delete
from trunkline.sinks.base import OnDelete
from trunkline.sinks.purging import without_post
from trunkline.sinks.rows import Value
from trunkline.sinks.sqlite_posts import Key, Told

__all__ = ["apply_deletions", "purge_marked"]

_BURY: Final = "INSERT OR IGNORE INTO tombstones (deleted_at, server, id) VALUES (?, ?, ?)"
_MARK: Final = (
    "UPDATE statuses SET deleted_at = ? WHERE server = ? AND id = ? AND deleted_at IS NULL"
)
_OWN_EVENTS: Final = "('update', 'status.update')"


def apply_deletions(
    database: sqlite3.Connection,
    told: Iterable[Told],
    *,
    on_delete: OnDelete,
    arrived_deleted: Sequence[Key],
) -> int:
    """Do what `on_delete` says about the deletions among the events; within the open transaction.

    Args:
        database: The recording.
        told: The events of a batch.
        on_delete: What to do.
        arrived_deleted: Posts of the batch that were known to be deleted before it.

    Returns:
        How many posts were purged.
    """
    if on_delete == "ignore":
        return 0
    graves = [
        (one.seen_at, one.event.server, one.event.status_id)
        for one in told
        if isinstance(one.event, Delete)
    ]
    database.executemany(_BURY, graves)
    if on_delete == "mark":
        database.executemany(_MARK, graves)
        return 0
    gone = dict.fromkeys([*((server, post) for _, server, post in graves), *arrived_deleted])
    for server, identifier in gone:
        _purge(database, server, identifier)
    return len(gone)


def purge_marked(database: sqlite3.Connection) -> None:
    """Purge what earlier runs only marked as deleted, in a transaction of its own."""
    database.execute("BEGIN IMMEDIATE")
    marked = database.execute(
        "SELECT server, id FROM statuses WHERE deleted_at IS NOT NULL"
    ).fetchall()
    for server, identifier in marked:
        _purge(database, server, identifier)
    database.execute("COMMIT")


def _purge(database: sqlite3.Connection, server: str, identifier: str) -> None:
    """Remove a post, the boosts of it, and its content from every event that showed it."""
    row = database.execute(
        "SELECT status FROM statuses WHERE server = ? AND id = ?", (server, identifier)
    ).fetchone()
    if row is not None:
        boosts = database.execute(
            "SELECT status, id FROM statuses WHERE reblog_of = ?", row
        ).fetchall()
        for boost, boost_id in boosts:
            _clear_events(database, server, boost_id)
            _remove_row(database, boost)
        _remove_row(database, row[0])
    _clear_events(database, server, identifier)
    _clear_showing(database, server, identifier)


def _remove_row(database: sqlite3.Connection, status: int) -> None:
    for statement in _REMOVE:
        database.execute(statement, (status,))


_REMOVE: Final = (
    "UPDATE statuses SET quote_of = NULL WHERE quote_of = ?",
    "UPDATE notifications SET status = NULL WHERE status = ?",
    "DELETE FROM tags WHERE status = ?",
    "DELETE FROM media WHERE status = ?",
    "DELETE FROM mentions WHERE status = ?",
    "DELETE FROM statuses WHERE status = ?",
)


def _clear_events(database: sqlite3.Connection, server: str, identifier: str) -> None:
    """Empty the events that are about the post itself."""
    database.execute(
        f"UPDATE events SET raw = NULL WHERE id = ? AND server = ? AND name IN {_OWN_EVENTS}",  # noqa: S608
        (identifier, server),
    )


def _clear_showing(database: sqlite3.Connection, server: str, identifier: str) -> None:
    """Cut the post out of the events that showed it inside of something else."""
    showing = database.execute(
        "SELECT e.seq, e.raw FROM shown AS s JOIN events AS e USING (seq)"
        " WHERE s.server = ? AND s.id = ? AND e.raw IS NOT NULL",
        (server, identifier),
    ).fetchall()
    for seq, raw in showing:
        cut: Value = without_post(raw, identifier)
        database.execute("UPDATE events SET raw = ? WHERE seq = ?", (cut, seq))
    database.execute("DELETE FROM shown WHERE server = ? AND id = ?", (server, identifier))
