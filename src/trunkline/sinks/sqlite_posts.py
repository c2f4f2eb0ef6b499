"""Flattening into SQLite: the latest state of posts, accounts and notifications that events show.

A post is told of many times: by several streams, by boosts and quotes of it, by edits. Its row is
the newest version that was seen; an older one that arrives late changes nothing. Of each batch only
the newest version of a post or an account is written, and rows of a kind are written together.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import urlsplit

from trunkline.entities import Account, Status
from trunkline.events import AnyEvent
from trunkline.sinks.rows import (
    Value,
    account_values,
    moment,
    notification_of,
    posts_shown,
    status_values,
)

__all__ = ["Key", "Told", "write_posts"]

Key = tuple[str, str]
"""A server and an id on it."""
Row = tuple[Value, ...]


@dataclass(frozen=True, slots=True)
class Told:
    """An event with its number among the events and the time of its arrival, as they are stored."""

    event: AnyEvent
    seq: int
    seen_at: str


def _words(text: str) -> list[str]:
    return text.split()


_ACCOUNT: Final = _words(
    'seen_at server id acct username display_name bot locked "group" url avatar followers_count'
    " following_count statuses_count domain note created_at account"
)
_COUNTS: Final = _words(
    "last_seq seen_at replies_count reblogs_count favourites_count quotes_count status"
)
_STATUS: Final = _words(
    "account reblog_of quote_of last_seq seen_at server"
    " id uri url in_reply_to_id in_reply_to_account_id visibility language sensitive spoiler_text"
    " replies_count reblogs_count favourites_count quotes_count created_at edited_at kind"
    " quote_of_id text media_count card_url card_title status"
)
_SPOILER, _FIRST_COUNT, _EDITED, _TEXT = map(
    _STATUS.index, ("spoiler_text", "replies_count", "edited_at", "text")
)


def _insert(table: str, columns: Sequence[str], *, more: str = "", value: str = "") -> str:
    names = ", ".join([*columns, *([more] if more else [])])
    values = ", ".join(
        [*(f"?{n}" for n in range(1, len(columns) + 1)), *([value] if value else [])]
    )
    return f"INSERT INTO {table} ({names}) VALUES ({values})"  # noqa: S608  # our own names


def _update(table: str, columns: Sequence[str]) -> str:
    """Return what renews a row; its key is the last of the columns."""
    *renewed, key = columns
    pairs = ", ".join(f"{name} = ?{place}" for place, name in enumerate(renewed, start=1))
    return f"UPDATE {table} SET {pairs} WHERE {key} = ?{len(columns)}"  # noqa: S608  # our own names


_NEW_ACCOUNT: Final = _insert("accounts", _ACCOUNT)
_RENEW_ACCOUNT: Final = _update("accounts", _ACCOUNT)
_GRAVE: Final = "(SELECT deleted_at FROM tombstones WHERE server = ?6 AND id = ?7)"
_NEW_STATUS: Final = _insert("statuses", [*_STATUS, "first_seq"], more="deleted_at", value=_GRAVE)
_RENEW_STATUS: Final = _update("statuses", _STATUS)
_RECOUNT_STATUS: Final = _update("statuses", _COUNTS)
_NEW_WORDS: Final = "INSERT INTO statuses_fts (rowid, spoiler_text, text) VALUES (?, ?, ?)"
_NEW_NOTIFICATION: Final = (
    "INSERT OR IGNORE INTO notifications (server, id, type, created_at, account, status, seq)"
    " VALUES (?, ?, ?, ?, ?, ?, ?)"
)
_CHILDREN: Final = {
    "tags": "INSERT OR IGNORE INTO tags VALUES (?, ?)",
    "media": "INSERT OR IGNORE INTO media VALUES (?, ?, ?, ?, ?)",
    "mentions": "INSERT OR IGNORE INTO mentions VALUES (?, ?, ?)",
}
_NEW_SHOWN: Final = "INSERT OR IGNORE INTO shown VALUES (?, ?, ?)"
_FIND_ACCOUNT: Final = "SELECT account FROM accounts WHERE server = ? AND id = ?"
_FIND_STATUS: Final = (
    "SELECT status, edited_at, spoiler_text, text FROM statuses WHERE server = ? AND id = ?"
)
_FIND_DELETED: Final = (
    "SELECT server, id FROM statuses WHERE status >= ? AND deleted_at IS NOT NULL"
)


def write_posts(database: sqlite3.Connection, told: Sequence[Told]) -> list[Key]:
    """Write what events show, within the transaction that is open.

    Returns:
        The posts among them that are new and known to be deleted already.
    """
    seen = _look_at(told)
    accounts = _write_accounts(database, seen.accounts)
    statuses = _Statuses(database, accounts)
    statuses.write(seen.statuses)
    _write_notifications(database, told, accounts=accounts, statuses=statuses.keys)
    database.executemany(_NEW_SHOWN, seen.shown)
    return statuses.born_deleted()


@dataclass(slots=True)
class _Seen:
    """The newest version of everything in a batch; posts inside of others come before those."""

    accounts: dict[Key, tuple[Account, Told]] = field(default_factory=dict)
    statuses: dict[Key, tuple[Status, Told]] = field(default_factory=dict)
    shown: list[Row] = field(default_factory=list)


def _look_at(told: Sequence[Told]) -> _Seen:
    seen = _Seen()
    for one in told:
        server = one.event.server
        posts = posts_shown(one.event)
        outermost = posts[-1] if one.event.entity == "status" and posts else None
        for status in filter(_has_id, posts):
            seen.accounts[server, status.account.id] = status.account, one
            before = seen.statuses.get((server, status.id))
            if before is None or _version(before[0]) <= _version(status):
                seen.statuses[server, status.id] = status, one
            if status is not outermost:
                seen.shown.append((server, status.id, one.seq))
        notification = notification_of(one.event)
        if notification is not None:
            seen.accounts[server, notification.account.id] = notification.account, one
    return seen


def _has_id(status: Status) -> bool:
    return bool(status.id)


def _version(status: Status) -> float:
    return status.edited_at.timestamp() if status.edited_at is not None else 0.0


def _write_accounts(
    database: sqlite3.Connection, accounts: dict[Key, tuple[Account, Told]]
) -> dict[Key, int]:
    keys: dict[Key, int] = {}
    new: list[Row] = []
    renewed: list[Row] = []
    (last,) = database.execute("SELECT coalesce(max(account), 0) FROM accounts").fetchone()
    for (server, identifier), (account, told) in accounts.items():
        if not identifier:
            continue
        found = database.execute(_FIND_ACCOUNT, (server, identifier)).fetchone()
        key = found[0] if found else last + len(new) + 1
        host = urlsplit(server).netloc
        row = (told.seen_at, server, *account_values(account, host=host), key)
        (renewed if found else new).append(row)
        keys[server, identifier] = key
    database.executemany(_NEW_ACCOUNT, new)
    database.executemany(_RENEW_ACCOUNT, renewed)
    return keys


_Found = tuple[int, str | None, str | None, str | None]
"""The key of a post, and the version, warning and text of its row if it has one."""


class _Statuses:
    """Writes the posts of one batch, and knows the keys of their rows."""

    def __init__(self, database: sqlite3.Connection, accounts: dict[Key, int]) -> None:
        self._database = database
        self._accounts = accounts
        self._first_new = self._next = 1 + int(
            database.execute("SELECT coalesce(max(status), 0) FROM statuses").fetchone()[0]
        )
        self._new: list[Row] = []
        self._renewed: list[Row] = []
        self._recounted: list[Row] = []
        self._children: dict[str, list[Row]] = {table: [] for table in _CHILDREN}
        self.keys: dict[Key, int] = {}

    def write(self, statuses: dict[Key, tuple[Status, Told]]) -> None:
        """Put in the new ones, and renew what is older than what was seen."""
        found = {key: self._find(key) for key in statuses}
        for key, (status, told) in statuses.items():
            self._sort(key[0], status, told, found=found[key])
        self._database.executemany(_NEW_STATUS, self._new)
        words = [(row[-2], row[_SPOILER], row[_TEXT]) for row in self._new]
        self._database.executemany(_NEW_WORDS, words)
        self._database.executemany(_RENEW_STATUS, self._renewed)
        self._database.executemany(_RECOUNT_STATUS, self._recounted)
        for table, statement in _CHILDREN.items():
            outdated = [(row[-1],) for row in self._renewed]
            self._database.executemany(f"DELETE FROM {table} WHERE status = ?", outdated)  # noqa: S608
            self._database.executemany(statement, self._children[table])

    def born_deleted(self) -> list[Key]:
        """Return the new ones that have been deleted before they came."""
        return self._database.execute(_FIND_DELETED, (self._first_new,)).fetchall()

    def _find(self, post: Key) -> _Found:
        """Return what there is of a post; one that is new gets its key here."""
        row: _Found | None = self._database.execute(_FIND_STATUS, post).fetchone()
        if row is None:
            row = (self._next, None, None, None)
            self._next += 1
        self.keys[post] = row[0]
        return row

    def _sort(self, server: str, status: Status, told: Told, *, found: _Found) -> None:
        """Decide what becomes of the row of a post."""
        key, *version = found
        row = self._row(server, status, told, key)
        if key >= self._first_new:
            self._new.append((*row, told.seq))
            self._note_children(key, status)
        elif version == [row[_EDITED], row[_SPOILER], row[_TEXT]]:
            counts = row[_FIRST_COUNT : _FIRST_COUNT + 4]
            self._recounted.append((told.seq, told.seen_at, *counts, key))
        elif (version[0] or "") <= str(row[_EDITED] or ""):
            self._renewed.append(row)
            self._note_children(key, status)

    def _row(self, server: str, status: Status, told: Told, key: int) -> Row:
        quoted = status.quote.quoted_status if status.quote else None
        return (
            self._accounts.get((server, status.account.id)),
            self.keys.get((server, status.reblog.id)) if status.reblog else None,
            self.keys.get((server, quoted.id)) if quoted else None,
            told.seq,
            told.seen_at,
            server,
            *status_values(status),
            key,
        )

    def _note_children(self, key: int, status: Status) -> None:
        if status.reblog is not None:
            return  # they are the original's
        children = self._children
        children["tags"] += [(key, tag.name.lower()) for tag in status.tags]
        children["media"] += [
            (key, place, one.type, one.url, one.description)
            for place, one in enumerate(status.media_attachments)
        ]
        children["mentions"] += [(key, one.id, one.acct) for one in status.mentions]


def _write_notifications(
    database: sqlite3.Connection,
    told: Iterable[Told],
    *,
    accounts: dict[Key, int],
    statuses: dict[Key, int],
) -> None:
    rows: list[Row] = []
    for one in told:
        notification = notification_of(one.event)
        if notification is None or not notification.id:
            continue
        server, status = one.event.server, notification.status
        rows.append(
            (
                server,
                notification.id,
                notification.type,
                moment(notification.created_at),
                accounts.get((server, notification.account.id)),
                statuses.get((server, status.id)) if status is not None else None,
                one.seq,
            )
        )
    database.executemany(_NEW_NOTIFICATION, rows)
