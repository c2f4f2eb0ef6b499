"""A small recording whose numbers are known, and reports of what is not in any recording."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from tests.sinks.builders import PUBLIC, SERVER, USER, Json, boost, gap, post

from trunkline.events import AnyEvent, Delete, Edit, Malformed, Notify, Update
from trunkline.events.base import Origin
from trunkline.server.publication import encode_payload
from trunkline.signals import Gap
from trunkline.sinks import Batch
from trunkline.sinks.sqlite import SqliteSink
from trunkline.streams import Stream
from trunkline.testing import make_account, make_notification

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
TAG = Stream.hashtag("python")


def at(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


def iso(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def snowflake(written: datetime) -> str:
    return str(round(written.timestamp() * 1000) << 16)


def written_at(
    seconds: float, *, acct: str = "ada", tags: Sequence[str] = (), **members: object
) -> Json:
    """Return a post of that moment, whose id says so."""
    account = make_account(acct, id=str(1 + sum(map(ord, acct))))
    listed = [{"name": tag, "url": f"{SERVER}/tags/{len(tag)}"} for tag in tags]
    plain: Json = {"account": account, "tags": listed, "created_at": iso(at(seconds))}
    return post(snowflake(at(seconds))) | plain | members


def came(
    status: Json, seconds: float, *, stream: Stream = PUBLIC, origin: Origin = "live"
) -> Update:
    return Update(stream, SERVER, at(seconds), encode_payload(status), origin)


def gone(status: Json, seconds: float, *, stream: Stream = PUBLIC) -> Delete:
    return Delete(stream, SERVER, at(seconds), str(status["id"]).encode())


def record_at(path: Path, events: Sequence[AnyEvent], *, gaps: Sequence[Gap] = ()) -> Path:
    sink = SqliteSink(path)
    sink.write(Batch(events=events, gaps=gaps))
    sink.close()
    return path


def small_day() -> list[AnyEvent]:
    """Return twelve events of two minutes; `GAPS` goes with them."""
    german = written_at(0, acct="bea@harbour.example", language="de", tags=["Python", "birds"])
    english = written_at(10, language="en", tags=["python"])
    doomed = written_at(20, language="ja", tags=["python", "birds", "secret"])
    silent = written_at(100, acct="cy@harbour.example", language=None)
    edited = german | {"edited_at": iso(at(40)), "content": "<p>Better</p>"}
    return [
        came(german, 1),
        came(german, 1, stream=TAG),
        came(english, 12),
        came(doomed, 24),
        Edit(PUBLIC, SERVER, at(41), encode_payload(edited)),
        gone(doomed, 50),
        gone(doomed, 51, stream=TAG),
        gone({"id": snowflake(at(-7200))}, 52),
        Notify(USER, SERVER, at(60), encode_payload(make_notification(id="7", status=english))),
        Malformed(
            name="update",
            reason="expected a JSON object",
            stream=PUBLIC,
            server=SERVER,
            received_at=at(61),
            raw=b"[",
        ),
        came(silent, 119, origin="catch-up"),
        came(boost(snowflake(at(118)), english), 119.5),
    ]


GAPS = (
    gap(since=at(90), until=at(118), at=at(118), recovered=1),
    gap(
        since=None,
        until=at(0),
        at=at(0),
        recovered=0,
        complete=False,
        missing=frozenset({"update", "delete"}),
        reason="the server has no timeline for it",
    ),
)
