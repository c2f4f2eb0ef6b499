"""What becomes of deleted posts in a recording: marked, purged to the last byte, or ignored."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import pytest
from tests.sinks.builders import (
    PUBLIC,
    USER,
    Json,
    batch,
    boost,
    bytes_on_disk,
    delete,
    edit,
    is_sound,
    notify,
    opened,
    post,
    quote,
    rows,
    update,
)

from trunkline.events import AnyEvent
from trunkline.sinks.base import OnDelete
from trunkline.sinks.sqlite import SqliteSink
from trunkline.streams import Stream

SECRET = "Xylophone"
"""A word that only the post that is deleted has."""
LATER = "2026-11-24T13:00:00.000Z"


def record(path: Path, *batches: Sequence[AnyEvent], on_delete: OnDelete) -> None:
    with closing(SqliteSink(path, on_delete=on_delete)) as sink:
        for events in batches:
            sink.write(batch(*events))


def secret_post() -> Json:
    media = [{"id": "9", "type": "image", "url": "https://a.example/1.png", "description": SECRET}]
    return post(
        "1",
        f"<p>{SECRET}</p>",
        spoiler_text=SECRET,
        tags=[{"name": SECRET}],
        media_attachments=media,
        url=f"https://a.example/{SECRET}",
        card={"url": "https://c.example", "title": SECRET},
    )


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "toots.db"


def test_a_marked_post_stays_with_the_time_of_its_deletion(path: Path) -> None:
    gone = delete("1")
    record(path, [update(post("1")), gone, update(post("2"))], on_delete="mark")
    deleted_at = f"{gone.received_at.isoformat(timespec='milliseconds')[:-6]}Z"
    assert rows(path, "SELECT id, deleted_at FROM statuses") == [("1", deleted_at), ("2", None)]
    assert rows(path, "SELECT id FROM posts JOIN statuses USING (status)") == [("2",)]
    assert rows(path, "SELECT id, text FROM deletions") == [("1", "Hello")]


@pytest.mark.parametrize("together", [True, False])
def test_a_deletion_that_overtakes_its_post_marks_it_all_the_same(
    path: Path, together: bool
) -> None:
    overtaking, late = delete("1"), update(post("1"), stream=Stream.hashtag("python"))
    batches = [[overtaking, late]] if together else [[overtaking], [late]]
    record(path, *batches, on_delete="mark")
    assert rows(path, "SELECT deleted_at IS NULL FROM statuses") == [(0,)]


def test_the_first_deletion_of_a_post_counts(path: Path) -> None:
    first = delete("1")
    record(path, [update(post("1"))], [first], [delete("1", stream=USER)], on_delete="mark")
    (told,) = rows(path, "SELECT deleted_at FROM statuses")
    assert str(told[0]).startswith(first.received_at.isoformat(timespec="seconds")[:19])


def test_an_ignored_deletion_is_an_event_and_nothing_more(path: Path) -> None:
    record(path, [update(post("1")), delete("1")], on_delete="ignore")
    assert rows(path, "SELECT deleted_at FROM statuses") == [(None,)]
    assert rows(path, "SELECT name, id FROM events") == [("update", "1"), ("delete", "1")]
    assert rows(path, "SELECT * FROM tombstones") == []


def events_that_show_it() -> list[AnyEvent]:
    original = secret_post()
    edited = original | {"content": f"<p>{SECRET} again</p>", "edited_at": LATER}
    return [
        update(original),
        update(original, stream=Stream.hashtag("music")),
        edit(edited),
        update(boost("2", original), stream=USER),
        update(quote("3", original)),
        notify(original, id="55"),
        update(post("4", "<p>stays</p>", in_reply_to_id="1")),
    ]


@pytest.mark.parametrize("vacuum", [True, False])
@pytest.mark.parametrize("overtakes", [True, False])
def test_a_purged_post_leaves_no_byte_of_its_content(
    path: Path, overtakes: bool, vacuum: bool
) -> None:
    shown, gone = events_that_show_it(), delete("1")
    filler: list[AnyEvent] = [update(post(str(number))) for number in range(100, 400)]
    batches: list[Sequence[AnyEvent]]
    batches = [[gone], shown, filler] if overtakes else [filler, shown, [gone]]
    record(path, *batches, on_delete="purge")
    if vacuum:
        with opened(path) as database:
            database.execute("VACUUM")
            database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    left = bytes_on_disk(path).lower()
    assert SECRET.lower().encode() not in left
    assert b"stays" in left
    assert is_sound(path)


def test_the_search_for_the_bytes_finds_them_when_a_post_is_only_marked(path: Path) -> None:
    record(path, events_that_show_it(), [delete("1")], on_delete="mark")
    assert bytes_on_disk(path).count(SECRET.encode()) > 5


def test_purging_leaves_the_id_the_time_and_everything_around_the_post(path: Path) -> None:
    record(path, events_that_show_it(), [delete("1")], on_delete="purge")
    assert rows(path, "SELECT id, deleted_at IS NULL FROM tombstones") == [("1", 0)]
    assert rows(path, "SELECT id, quote_of, quote_of_id FROM statuses ORDER BY id") == [
        ("3", None, "1"),
        ("4", None, None),
    ]
    assert rows(path, "SELECT id, status FROM notifications") == [("55", None)]
    assert rows(path, "SELECT name, id, raw IS NULL FROM events") == [
        ("update", "1", 1),
        ("update", "1", 1),
        ("status.update", "1", 1),
        ("update", "2", 1),
        ("update", "3", 0),
        ("notification", "55", 0),
        ("update", "4", 0),
        ("delete", "1", 0),
    ]
    assert rows(
        path, "SELECT json_extract(raw, '$.quote.quoted_status') FROM events WHERE id=3"
    ) == [(None,)]


def test_what_was_marked_before_is_purged_when_purging_begins(path: Path) -> None:
    record(path, events_that_show_it(), [delete("1")], on_delete="mark")
    record(path, on_delete="purge")
    assert SECRET.lower().encode() not in bytes_on_disk(path).lower()
    assert is_sound(path)


def test_a_reader_that_holds_the_log_only_puts_the_scrubbing_off(path: Path) -> None:
    with closing(SqliteSink(path, on_delete="purge")) as sink:
        sink._database.execute("PRAGMA busy_timeout = 20")
        sink.write(batch(update(secret_post())))
        with opened(path) as reader:
            reader.execute("BEGIN")
            reader.execute("SELECT count(*) FROM events").fetchone()
            sink.write(batch(delete("1")))
            assert rows(path, "SELECT count(*) FROM events") == [(2,)]
    assert SECRET.encode() not in bytes_on_disk(path)


def test_the_same_id_on_another_server_is_another_post(path: Path) -> None:
    here = update(post("1"))
    there = type(here)(PUBLIC, "https://other.example", here.received_at, here.raw)
    record(path, [here, there, delete("1")], on_delete="purge")
    assert rows(path, "SELECT server FROM statuses") == [("https://other.example",)]
    assert rows(path, "SELECT server FROM events WHERE raw IS NOT NULL AND name = 'update'") == [
        ("https://other.example",)
    ]
