"""The tables in which sinks keep how far each subscription has come, inside their own transactions.

Keys come in blocks, one for each batch that brought some: a row for each key would cost more than
the event it belongs to. Of each subscription the newest keys are kept, as many as its window
remembers.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from typing import Final

import msgspec

from trunkline.cursors import SavedCursor
from trunkline.policy.cursor import Cursor, Key
from trunkline.sinks.base import Position

__all__ = ["POSITION_TABLES", "load_position", "save_positions"]

POSITION_TABLES: Final = (
    """CREATE TABLE cursors (
        name TEXT PRIMARY KEY, cursor TEXT NOT NULL, saved_at TEXT NOT NULL
    ) STRICT""",
    """CREATE TABLE acknowledged (
        block INTEGER PRIMARY KEY, name TEXT NOT NULL, keys INTEGER NOT NULL, list TEXT NOT NULL
    ) STRICT""",
    "CREATE INDEX acknowledged_by_name ON acknowledged (name, block)",
)

_TRIM_EVERY_BLOCKS: Final = 64
_TRIM: Final = """
DELETE FROM acknowledged WHERE name = ?1 AND block < (
    SELECT block FROM (
        SELECT block, sum(keys) OVER (ORDER BY block DESC) AS newer
        FROM acknowledged WHERE name = ?1
    ) WHERE newer >= ?2 ORDER BY block DESC LIMIT 1
)
"""


def save_positions(
    database: sqlite3.Connection, positions: Sequence[Position], *, saved_at: str
) -> None:
    """Store positions within the transaction that is open."""
    database.executemany(
        "INSERT INTO cursors VALUES (?1, ?2, ?3) ON CONFLICT DO UPDATE"
        " SET cursor = excluded.cursor, saved_at = excluded.saved_at",
        [(one.name, msgspec.json.encode(one.cursor).decode(), saved_at) for one in positions],
    )
    for position in positions:
        if position.keys:
            _add_block(database, position)


def load_position(database: sqlite3.Connection, name: str) -> SavedCursor | None:
    """Return the last position of a subscription, its keys oldest first; ``None`` without one."""
    row = database.execute("SELECT cursor FROM cursors WHERE name = ?", (name,)).fetchone()
    if row is None:
        return None
    blocks = database.execute(
        "SELECT list FROM acknowledged WHERE name = ? ORDER BY block", (name,)
    )
    keys = [key for (block,) in blocks for key in msgspec.json.decode(block, type=list[Key])]
    return SavedCursor(msgspec.json.decode(row[0], type=Cursor), keys)


def _add_block(database: sqlite3.Connection, position: Position) -> None:
    added = database.execute(
        "INSERT INTO acknowledged (name, keys, list) VALUES (?, ?, ?)",
        (position.name, len(position.keys), msgspec.json.encode(position.keys).decode()),
    )
    if added.lastrowid is not None and added.lastrowid % _TRIM_EVERY_BLOCKS == 0:
        database.execute(_TRIM, (position.name, position.cursor.capacity))
