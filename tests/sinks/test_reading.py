"""Reading recordings back: the same events in the same order, of every kind of recording."""

from __future__ import annotations

import gzip
import sqlite3
import tempfile
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.sinks.builders import NOON, PUBLIC, SERVER, delete, gap, post, update
from tests.sinks.recordings import one_of_everything, record_into, told, told_in

from trunkline.cli.lines import json_line
from trunkline.errors import BadInput
from trunkline.events import AnyEvent, Malformed, Update
from trunkline.signals import Connected, Gap
from trunkline.sinks import Batch, SinkError, open_sink
from trunkline.sinks.reading import read_places, read_recording
from trunkline.wire.decode import decode_event

KINDS = ["toots.db", "toots.jsonl", "toots.parquet"]


@pytest.mark.parametrize("name", KINDS)
def test_what_is_read_is_what_was_recorded(name: str, tmp_path: Path) -> None:
    events = one_of_everything()
    recording = record_into(tmp_path / name, events)
    read = [item for item in read_recording(recording) if not isinstance(item, Gap)]
    assert told(read) == told(events)
    assert [type(one) for one in read] == [type(one) for one in events]
    assert [one.received_at for one in read] == [one.received_at for one in events]
    assert [one.origin for one in read] == [one.origin for one in events]


@pytest.mark.parametrize("name", KINDS)
def test_gaps_are_read_whole(name: str, tmp_path: Path) -> None:
    named = gap(complete=False, missing=frozenset({"delete", "update"}), reason="a limit")
    recording = record_into(tmp_path / name, [update()], gaps=[named])
    assert [item for item in read_recording(recording) if isinstance(item, Gap)] == [named]


def test_a_gap_comes_before_what_was_received_after_it(tmp_path: Path) -> None:
    first, second = update(post("1")), update(post("2"))
    between = gap(until=first.received_at, at=first.received_at)
    recording = record_into(tmp_path / "toots.db", [first, second], gaps=[between])
    assert [type(item) for item in read_recording(recording)] == [Update, Gap, Update]


@pytest.mark.parametrize("name", KINDS)
def test_reading_begins_behind_any_place(name: str, tmp_path: Path) -> None:
    recording = record_into(tmp_path / name, one_of_everything(), gaps=[gap()])
    everything = list(read_places(recording))
    for place in {place for place, _ in everything}:
        behind = [entry for entry in everything if entry[0] > place]
        assert list(read_places(recording, after=place)) == behind


def test_what_was_purged_is_not_there(tmp_path: Path) -> None:
    path = tmp_path / "toots.db"
    sink = open_sink(f"sqlite:{path}", on_delete="purge")
    sink.write(Batch(events=[update(post("1")), update(post("2")), delete("1")]))
    sink.close()
    assert [(name, identifier) for _, name, identifier, _ in told_in(f"sqlite:{path}")] == [
        ("update", "2"),
        ("delete", "1"),
    ]


def test_a_directory_is_read_in_order_of_its_names_compressed_files_too(tmp_path: Path) -> None:
    first, second, third = update(post("1")), update(post("2")), update(post("3"))
    (tmp_path / "2026-11-24.jsonl").write_bytes(json_line(second))
    (tmp_path / "2026-11-25.jsonl").write_bytes(json_line(third))
    (tmp_path / "2026-11-23.jsonl.gz").write_bytes(gzip.compress(json_line(first)))
    (tmp_path / "notes.txt").write_text("no recording")
    assert told_in(f"jsonl:{tmp_path}/") == told([first, second, third])


def test_of_a_directory_with_a_ledger_that_counts_which_the_ledger_names(tmp_path: Path) -> None:
    """In its order, compressed or not, and no further than was finished."""
    lines = [json_line(update(post(str(number)))) for number in range(1, 5)]
    (tmp_path / "b.jsonl.gz").write_bytes(gzip.compress(lines[0] + lines[1]))
    (tmp_path / "a.jsonl").write_bytes(lines[2] + lines[3] + lines[3][:30])
    (tmp_path / "stray.jsonl").write_bytes(lines[0])
    with closing(sqlite3.connect(tmp_path / "_trunkline.db")) as ledger, ledger:
        ledger.execute("CREATE TABLE directory AS SELECT 'jsonl' AS kind")
        ledger.execute("CREATE TABLE files (file INTEGER, name TEXT, size_bytes INTEGER)")
        rows = [(1, "b.jsonl", len(lines[0] + lines[1])), (2, "a.jsonl", len(lines[2]))]
        ledger.executemany("INSERT INTO files VALUES (?, ?, ?)", rows)
    assert [identifier for _, _, identifier, _ in told_in(f"jsonl:{tmp_path}")] == ["1", "2", "3"]


def test_a_line_that_is_still_being_written_does_not_count(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path, recording = tmp_path / "toots.jsonl", f"jsonl:{tmp_path / 'toots.jsonl'}"
    first, second = json_line(update(post("1"))), json_line(update(post("2")))
    for cut in (1, 9, -9, -2):
        path.write_bytes(first + second[:cut])
        assert [identifier for _, _, identifier, _ in told_in(recording)] == ["1"]
    path.write_bytes(first + second[:-1])
    assert [identifier for _, _, identifier, _ in told_in(recording)] == ["1", "2"]
    assert caplog.records == []


@pytest.mark.parametrize("cut", [-2, -40, 30])
def test_a_line_that_a_killed_program_left_torn_is_passed_by_and_logged(
    cut: int, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path, line = tmp_path / "toots.jsonl", json_line(update(post("1")))
    path.write_bytes(line[:cut] + b"\n" + line)
    assert [identifier for _, _, identifier, _ in told_in(f"jsonl:{path}")] == ["1"]
    assert [record.message for record in caplog.records] == ["trunkline.torn_line"]


def test_news_about_connections_is_passed_by(tmp_path: Path) -> None:
    path = tmp_path / "toots.jsonl"
    connected = Connected(server=SERVER, at=NOON, streams=(PUBLIC,), transport="sse")
    path.write_bytes(json_line(connected) + json_line(update(post("1"))))
    assert len(told_in(f"jsonl:{path}")) == 1


@settings(max_examples=30)  # each makes a file
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["update", "delete", "notification", "filters_changed", "strange"]),
            st.one_of(
                st.binary(max_size=40),
                st.from_regex(
                    rb"\{\"id\":\"[0-9]{1,20}\"(,\"payload\":\"\\n\")?\}", fullmatch=True
                ),
                st.text(max_size=20).map(lambda text: text.encode("utf-8", "replace")),
            ),
        ),
        max_size=8,
    )
)
def test_sqlite_gives_back_whatever_a_server_sent(frames: list[tuple[str, bytes]]) -> None:
    events: list[AnyEvent] = [
        decode_event(name, raw, stream=PUBLIC, server=SERVER, received_at=NOON)
        for name, raw in frames
    ]
    with tempfile.TemporaryDirectory() as folder:
        recording = record_into(Path(folder) / "toots.db", events)
        read = list(read_recording(recording))
    assert told(read) == told(events)
    assert [isinstance(one, Malformed) for one in read] == [
        isinstance(one, Malformed) for one in events
    ]


@pytest.mark.parametrize(
    ("recording", "expected"),
    [
        ("sqlite:missing.db", "no such file"),
        ("jsonl:missing/", "JSON lines"),
        ("sqlite:", "recording"),
        ("carrier-pigeon:loft", "sqlite, jsonl, parquet"),
        ("parquet:missing/", "named \\*.parquet"),
        ("parquet:text.db", "text.db is not whole"),
        ("sqlite:other.db", "another SQLite database"),
        ("sqlite:text.db", "not a database"),
        ("jsonl:broken.jsonl", "line 2"),
    ],
)
def test_what_is_no_recording_is_said_in_one_sentence(
    recording: str, expected: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    other = sqlite3.connect("other.db")
    other.execute("CREATE TABLE things (thing)")
    other.close()
    Path("text.db").write_text("This is a text and no database at all. " * 9)
    Path("broken.jsonl").write_bytes(json_line(update()) + b'{"event": 7}\n')
    with pytest.raises((BadInput, SinkError), match=expected) as refused:
        list(read_recording(recording))
    assert "\n" not in str(refused.value)


def test_a_recording_is_read_while_it_is_written(tmp_path: Path) -> None:
    sink = open_sink(f"sqlite:{tmp_path / 'toots.db'}")
    sink.write(Batch(events=[update(post("1"))]))
    reading = read_recording(f"sqlite:{tmp_path / 'toots.db'}")
    assert next(reading).server == SERVER
    sink.write(Batch(events=[update(post("2"))]))
    assert len(list(reading)) == 1
    sink.close()
