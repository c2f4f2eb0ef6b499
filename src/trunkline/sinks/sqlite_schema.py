"""The tables of a recording in SQLite, and how older files become newer ones.

`MIGRATIONS` is the history: the function at place *n* brings a file of version *n* to *n + 1*, and
the first one makes an empty file a recording. The version is SQLite's ``user_version``. A migration
that was released is never changed.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from typing import Final

from trunkline.sinks.positions import POSITION_TABLES

__all__ = ["APPLICATION_ID", "MIGRATIONS", "VERSION"]

APPLICATION_ID: Final = 0x54726E6B
"""``Trnk``: tells a recording from other SQLite files."""

_TABLES: Final = (
    """CREATE TABLE runs (
        run INTEGER PRIMARY KEY,
        started_at TEXT NOT NULL,
        written_at TEXT,
        ended_at TEXT,
        events INTEGER NOT NULL DEFAULT 0,
        trunkline TEXT NOT NULL
    ) STRICT""",
    """CREATE TABLE events (
        seq INTEGER PRIMARY KEY,
        server TEXT NOT NULL,
        stream TEXT NOT NULL,
        name TEXT NOT NULL,
        id TEXT,
        received_at TEXT NOT NULL,
        origin TEXT NOT NULL,
        reason TEXT,
        raw ANY
    ) STRICT""",
    "CREATE INDEX events_by_id ON events (id)",
    "CREATE INDEX events_by_time ON events (received_at)",
    """CREATE TABLE accounts (
        account INTEGER PRIMARY KEY,
        server TEXT NOT NULL,
        id TEXT NOT NULL,
        acct TEXT,
        username TEXT,
        display_name TEXT,
        bot INTEGER,
        locked INTEGER,
        "group" INTEGER,
        url TEXT,
        avatar TEXT,
        followers_count INTEGER,
        following_count INTEGER,
        statuses_count INTEGER,
        domain TEXT,
        note TEXT,
        created_at TEXT,
        seen_at TEXT NOT NULL,
        UNIQUE (server, id)
    ) STRICT""",
    """CREATE TABLE statuses (
        status INTEGER PRIMARY KEY,
        server TEXT NOT NULL,
        id TEXT NOT NULL,
        uri TEXT,
        url TEXT,
        in_reply_to_id TEXT,
        in_reply_to_account_id TEXT,
        visibility TEXT,
        language TEXT,
        sensitive INTEGER,
        spoiler_text TEXT,
        replies_count INTEGER,
        reblogs_count INTEGER,
        favourites_count INTEGER,
        quotes_count INTEGER,
        created_at TEXT,
        edited_at TEXT,
        kind TEXT NOT NULL,
        quote_of_id TEXT,
        text TEXT,
        media_count INTEGER NOT NULL,
        card_url TEXT,
        card_title TEXT,
        account INTEGER REFERENCES accounts (account),
        reblog_of INTEGER REFERENCES statuses (status),
        quote_of INTEGER REFERENCES statuses (status),
        first_seq INTEGER NOT NULL REFERENCES events (seq),
        last_seq INTEGER NOT NULL REFERENCES events (seq),
        seen_at TEXT NOT NULL,
        deleted_at TEXT,
        UNIQUE (server, id)
    ) STRICT""",
    "CREATE INDEX statuses_by_account ON statuses (account)",
    "CREATE INDEX statuses_by_time ON statuses (created_at)",
    "CREATE INDEX boosts ON statuses (reblog_of) WHERE reblog_of IS NOT NULL",
    "CREATE INDEX quotes ON statuses (quote_of) WHERE quote_of IS NOT NULL",
    """CREATE TABLE tags (
        status INTEGER NOT NULL REFERENCES statuses (status),
        tag TEXT NOT NULL,
        PRIMARY KEY (status, tag)
    ) STRICT, WITHOUT ROWID""",
    "CREATE INDEX tags_by_tag ON tags (tag)",
    """CREATE TABLE media (
        status INTEGER NOT NULL REFERENCES statuses (status),
        position INTEGER NOT NULL,
        type TEXT,
        url TEXT,
        description TEXT,
        PRIMARY KEY (status, position)
    ) STRICT, WITHOUT ROWID""",
    """CREATE TABLE mentions (
        status INTEGER NOT NULL REFERENCES statuses (status),
        account_id TEXT NOT NULL,
        acct TEXT,
        PRIMARY KEY (status, account_id)
    ) STRICT, WITHOUT ROWID""",
    """CREATE TABLE notifications (
        notification INTEGER PRIMARY KEY,
        server TEXT NOT NULL,
        id TEXT NOT NULL,
        type TEXT,
        created_at TEXT,
        account INTEGER REFERENCES accounts (account),
        status INTEGER REFERENCES statuses (status),
        seq INTEGER NOT NULL REFERENCES events (seq),
        UNIQUE (server, id)
    ) STRICT""",
    "CREATE INDEX notifications_by_status ON notifications (status) WHERE status IS NOT NULL",
    """CREATE TABLE tombstones (
        server TEXT NOT NULL,
        id TEXT NOT NULL,
        deleted_at TEXT NOT NULL,
        PRIMARY KEY (server, id)
    ) STRICT, WITHOUT ROWID""",
    """CREATE TABLE shown (
        server TEXT NOT NULL,
        id TEXT NOT NULL,
        seq INTEGER NOT NULL REFERENCES events (seq),
        PRIMARY KEY (server, id, seq)
    ) STRICT, WITHOUT ROWID""",
    """CREATE TABLE gaps (
        gap INTEGER PRIMARY KEY,
        server TEXT NOT NULL,
        stream TEXT NOT NULL,
        since TEXT,
        until TEXT NOT NULL,
        recovered INTEGER NOT NULL,
        complete INTEGER NOT NULL,
        missing TEXT NOT NULL,
        reason TEXT NOT NULL
    ) STRICT""",
)
# New rows are put into the index by hand, many at once: a trigger would make the index write itself
# to the file for every row, which takes five times as long.
_SEARCH: Final = (
    """CREATE VIRTUAL TABLE statuses_fts USING fts5 (
        spoiler_text, text, content='statuses', content_rowid='status',
        tokenize="unicode61 remove_diacritics 2"
    )""",
    """CREATE TRIGGER statuses_changed AFTER UPDATE OF spoiler_text, text ON statuses
    WHEN old.spoiler_text IS NOT new.spoiler_text OR old.text IS NOT new.text BEGIN
        INSERT INTO statuses_fts (statuses_fts, rowid, spoiler_text, text)
        VALUES ('delete', old.status, old.spoiler_text, old.text);
        INSERT INTO statuses_fts (rowid, spoiler_text, text)
        VALUES (new.status, new.spoiler_text, new.text);
    END""",
    """CREATE TRIGGER statuses_removed AFTER DELETE ON statuses BEGIN
        INSERT INTO statuses_fts (statuses_fts, rowid, spoiler_text, text)
        VALUES ('delete', old.status, old.spoiler_text, old.text);
    END""",
)
_VIEWS: Final = (
    """CREATE VIEW posts AS
    SELECT s.status, s.created_at, a.acct, a.domain, s.text, s.spoiler_text, s.language, s.kind,
        s.visibility, s.url, s.media_count, s.replies_count, s.reblogs_count, s.favourites_count,
        s.edited_at, s.server
    FROM statuses AS s LEFT JOIN accounts AS a USING (account)
    WHERE s.deleted_at IS NULL AND s.kind <> 'boost'""",
    """CREATE VIEW deletions AS
    SELECT t.server, t.id, t.deleted_at, s.status, s.created_at, s.account, s.text
    FROM tombstones AS t LEFT JOIN statuses AS s USING (server, id)""",
    """CREATE VIEW edits AS
    SELECT e.seq, e.received_at, e.server, e.id, s.status, s.account,
        CASE WHEN json_valid(e.raw) THEN json_extract(e.raw, '$.edited_at') END AS edited_at,
        CASE WHEN json_valid(e.raw) THEN json_extract(e.raw, '$.content') END AS content
    FROM events AS e LEFT JOIN statuses AS s USING (server, id)
    WHERE e.name = 'status.update'""",
    """CREATE VIEW hours AS
    SELECT substr(received_at, 1, 13) || ':00Z' AS hour, server, stream, name, count(*) AS events
    FROM events GROUP BY 1, 2, 3, 4""",
    """CREATE VIEW tag_counts AS
    SELECT tag, count(*) AS posts, count(DISTINCT s.account) AS accounts,
        min(s.created_at) AS first_at, max(s.created_at) AS last_at
    FROM tags JOIN statuses AS s USING (status) WHERE s.deleted_at IS NULL GROUP BY tag""",
)


def _make(database: sqlite3.Connection) -> None:
    for statement in (*_TABLES, *POSITION_TABLES, *_SEARCH, *_VIEWS):
        database.execute(statement)


MIGRATIONS: Final[tuple[Callable[[sqlite3.Connection], None], ...]] = (_make,)
"""What brings a file of the version that is the place in this table to the next one."""

VERSION: Final = len(MIGRATIONS)
