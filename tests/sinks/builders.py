"""Events and batches for tests of sinks, and what is asked of the files that they leave."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path

from trunkline.events import AnyEvent, Delete, Edit, Notify, Update
from trunkline.policy.cursor import Cursor
from trunkline.server.publication import encode_payload
from trunkline.signals import Gap
from trunkline.sinks.base import Batch, Position
from trunkline.streams import Stream
from trunkline.testing import make_account, make_notification, make_status

SERVER = "https://trunkline.example"
PUBLIC = Stream.public()
USER = Stream.user()
NAME = f"{SERVER} public"
NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
_seconds = count()

Json = dict[str, object]


def now() -> datetime:
    """Return a time that is a second later at every call."""
    return NOON + timedelta(seconds=next(_seconds))


def post(status_id: str = "100", content: str = "<p>Hello</p>", **members: object) -> Json:
    return make_status(content, id=status_id, **members)


def update(status: Json | None = None, *, stream: Stream = PUBLIC, **members: object) -> Update:
    return Update(stream, SERVER, now(), encode_payload((status or post()) | members))


def edit(status: Json, *, stream: Stream = PUBLIC) -> Edit:
    return Edit(stream, SERVER, now(), encode_payload(status))


def delete(status_id: str = "100", *, stream: Stream = PUBLIC) -> Delete:
    return Delete(stream, SERVER, now(), status_id.encode())


def notify(status: Json | None, **members: object) -> Notify:
    return Notify(USER, SERVER, now(), encode_payload(make_notification(status=status) | members))


def boost(status_id: str, original: Json) -> Json:
    return post(status_id, str(original["content"]), reblog=original, account=make_account("carol"))


def quote(status_id: str, quoted: Json) -> Json:
    return post(status_id, "<p>Look</p>", quote={"state": "accepted", "quoted_status": quoted})


def batch(*events: AnyEvent, gaps: Sequence[Gap] = (), keys: Sequence[str] = ()) -> Batch:
    """Return events with a position that says that they are finished."""
    at_seconds = NOON.timestamp()
    position = Position(
        NAME, Cursor(live_at_seconds=at_seconds), [(key, at_seconds) for key in keys]
    )
    return Batch(events=events, gaps=gaps, positions=[position])


def gap(**members: object) -> Gap:
    plain: dict[str, object] = {
        "server": SERVER,
        "at": NOON,
        "stream": PUBLIC,
        "since": NOON - timedelta(minutes=5),
        "until": NOON,
        "recovered": 7,
        "complete": True,
    }
    return Gap(**plain | members)  # type: ignore[arg-type]


@contextmanager
def opened(path: Path) -> Iterator[sqlite3.Connection]:
    """Open a recording as somebody else who reads it would."""
    database = sqlite3.connect(path)
    try:
        yield database
    finally:
        database.close()


def rows(path: Path, query: str) -> list[tuple[object, ...]]:
    with opened(path) as database:
        return database.execute(query).fetchall()


def is_sound(path: Path) -> bool:
    """Tell whether a recording is whole: its pages, its references, and its index."""
    with opened(path) as database:
        sound = database.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        database.execute(
            "INSERT INTO statuses_fts (statuses_fts, rank) VALUES ('integrity-check', 1)"
        )
        return sound and database.execute("PRAGMA foreign_key_check").fetchall() == []


def bytes_on_disk(place: Path) -> bytes:
    """Return everything that a place and the files beside it hold."""
    found = [place] if place.is_file() else [one for one in place.rglob("*") if one.is_file()]
    beside = place.parent.glob(f"{place.name}-*") if place.is_file() else ()
    return b"".join(path.read_bytes() for path in (*found, *beside))
