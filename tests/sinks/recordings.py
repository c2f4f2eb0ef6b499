"""Recordings for tests: one of everything, and what two recordings have to agree on."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import closing
from pathlib import Path

from tests.sinks.builders import PUBLIC, SERVER, USER, delete, edit, now, post, update

from trunkline.cli.lines import json_line
from trunkline.events import (
    AnyEvent,
    ConversationChanged,
    FiltersChanged,
    Malformed,
    Notify,
    Unknown,
)
from trunkline.server.publication import encode_payload
from trunkline.signals import Gap
from trunkline.sinks import Batch, open_sink
from trunkline.sinks.reading import Recorded, read_recording
from trunkline.sinks.rows import identifier
from trunkline.streams import Stream
from trunkline.testing import make_notification

TAG = Stream.hashtag("python")
LIST = Stream.list("42")
DIRECT = Stream.direct()

Told = tuple[str, str, str | None, bytes]


def one_of_everything() -> list[AnyEvent]:
    """Return events of several streams, of every shape, with text that is hard to carry."""
    first = post("900", "<p>Caf\u00e9 \u2028 \U0001f600</p>")
    return [
        update(first),
        update(first, stream=TAG),
        edit(first | {"edited_at": "2026-11-24T12:00:00.000Z", "content": "<p>Tea</p>"}),
        update(post("901"), stream=LIST),
        Unknown(
            name="emoji_changed",
            stream=USER,
            server=SERVER,
            received_at=now(),
            raw=b'{"a":"\\ud83d"}',
        ),
        FiltersChanged(USER, SERVER, now(), b'""'),
        FiltersChanged(USER, SERVER, now(), b""),
        notification("7001"),
        ConversationChanged(
            DIRECT,
            SERVER,
            now(),
            encode_payload({"id": "5", "unread": True, "accounts": [], "last_status": post("902")}),
        ),
        Malformed(
            name="update",
            reason="expected a JSON object as payload",
            stream=PUBLIC,
            server=SERVER,
            received_at=now(),
            raw=b"[1, 2",
        ),
        delete("900"),
        delete("900", stream=TAG),
        update(post("903")),
    ]


def notification(identifier: str) -> AnyEvent:
    payload = make_notification("favourite", id=identifier, status=post("890"))
    return Notify(USER, SERVER, now(), encode_payload(payload))


def record_into(path: Path, events: Sequence[AnyEvent], *, gaps: Sequence[Gap] = ()) -> str:
    """Record events, and return the name of the recording; the ending says which kind."""
    if path.suffix == ".jsonl":
        path.write_bytes(b"".join(map(json_line, [*events, *gaps])))
        return f"jsonl:{path}"
    recording = f"{'parquet' if path.suffix == '.parquet' else 'sqlite'}:{path}"
    with closing(open_sink(recording)) as sink:
        sink.write(Batch(events=events, gaps=gaps))
    return recording


def told(items: Iterable[Recorded]) -> list[Told]:
    """Return what has to be the same in two recordings: stream, name, id and payload."""
    return [
        (str(item.stream), item.name, identifier(item), item.raw)
        for item in items
        if not isinstance(item, Gap)
    ]


def told_in(recording: str) -> list[Told]:
    return told(read_recording(recording))
