"""Reading a recording in Parquet: in order, while it is written, and never too much."""

from __future__ import annotations

import sys
import tracemalloc
from collections.abc import Iterator
from contextlib import closing
from itertools import islice
from pathlib import Path

import pyarrow
import pyarrow.parquet
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.sinks.builders import NOON, PUBLIC, batch, delete, gap, post, update
from tests.sinks.recordings import one_of_everything, record_into, told, told_in

from trunkline.errors import BadInput
from trunkline.events import Update
from trunkline.server.publication import encode_payload
from trunkline.signals import Gap
from trunkline.sinks import SinkError, open_sink, parquet, parquet_files
from trunkline.sinks.reading import read_places, read_recording

A, B = "https://a.example", "https://b.example"


def of(server: str, number: int, content: str = "") -> Update:
    return Update(PUBLIC, server, NOON, encode_payload(post(str(number), content)))


def ids_in(recording: str) -> list[str | None]:
    return [one[2] for one in told_in(recording)]


def no_room(*_: object, **__: object) -> None:
    raise OSError(28, "No space left on device")


def parts(directory: Path) -> list[Path]:
    return sorted(directory.rglob("part-*.parquet"))


@settings(max_examples=25, deadline=None)  # each makes files
@given(
    batches=st.lists(st.lists(st.sampled_from([A, B]), min_size=1, max_size=4), max_size=6),
    file_rows=st.integers(1, 6),
)
def test_whatever_lies_in_which_file_the_order_is_that_of_arrival(
    batches: list[list[str]], file_rows: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    place = tmp_path_factory.mktemp("toots")
    recording, number = f"parquet:{place}", 0
    with closing(open_sink(f"{recording}?file_rows={file_rows}")) as sink:
        for servers in batches:
            events = [of(server, number + one) for one, server in enumerate(servers)]
            number += len(events)
            sink.write(batch(*events))
            assert ids_in(recording) == [str(one) for one in range(number)]
    assert ids_in(recording) == [str(one) for one in range(number)]


def test_what_waits_beside_files_comes_in_its_order_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A disk that fills up between two files leaves older events waiting than others in a file."""
    sink = parquet.ParquetSink(tmp_path, file_rows=3)
    sink.write(batch(of(B, 0), of(A, 1), of(B, 2), of(A, 3)))
    written: list[Path] = []

    def one_file(path: Path, rows: Iterator[dict[str, object]]) -> None:
        if written:
            no_room()
        written.append(path)
        parquet_files.write_rows(path, rows)

    with monkeypatch.context() as context:
        context.setattr(parquet, "write_rows", one_file)
        with pytest.raises(SinkError):
            sink.write(batch(of(A, 4)))
    assert len(parts(tmp_path)) == 1
    assert ids_in(f"parquet:{tmp_path}") == list("0123")
    sink.close()
    assert ids_in(f"parquet:{tmp_path}") == list("0123")


def test_a_recording_is_read_while_it_is_written_and_files_are_made(tmp_path: Path) -> None:
    recording = f"parquet:{tmp_path}"
    with closing(open_sink(f"{recording}?file_rows=300")) as sink:
        sink.write(batch(*(of((A, B)[number % 2], number) for number in range(290))))
        reading = read_recording(recording)
        seen = list(islice(reading, 10))
        for start in range(290, 900, 10):
            sink.write(batch(*(of((A, B)[one % 2], one) for one in range(start, start + 10))))
            seen += islice(reading, 5)
        seen += reading
    assert len(parts(tmp_path)) > 4
    assert [one[2] for one in told(seen)] == [str(number) for number in range(900)]


def test_row_groups_that_end_before_the_place_are_not_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parquet_files, "_ROW_GROUP", 4)
    recording = record_into(tmp_path / "toots.parquet", [of(A, number) for number in range(20)])
    (path,) = parts(tmp_path)
    read: list[tuple[object, ...]] = []
    real = pyarrow.parquet.ParquetFile.iter_batches

    def noted(file: object, *arguments: object, **keywords: object) -> object:
        read.append(tuple(keywords["row_groups"]))  # type: ignore[arg-type]
        return real(file, *arguments, **keywords)

    monkeypatch.setattr(pyarrow.parquet.ParquetFile, "iter_batches", noted)
    assert [place for place, _ in read_places(recording, after=10)] == list(range(11, 21))
    assert read == [(2, 3, 4)]
    assert list(read_places(recording, after=20)) == []
    assert ids_in(f"parquet:{path}") == [str(number) for number in range(20)]


def test_however_long_the_recording_reading_takes_no_more_memory(tmp_path: Path) -> None:
    content = "<p>" + "x" * 4_000 + "</p>"
    used = []
    for events in (1_000, 8_000):
        recording = f"parquet:{tmp_path}/{events}"
        with closing(open_sink(f"{recording}?file_seconds=1e9")) as sink:
            for start in range(0, events, 500):
                sink.write(batch(*(of(A, start + one, content) for one in range(500))))
        tracemalloc.start()
        before = pyarrow.total_allocated_bytes()
        arrow = max(pyarrow.total_allocated_bytes() - before for _ in read_recording(recording))
        used.append(tracemalloc.get_traced_memory()[1] + arrow)
        tracemalloc.stop()
    assert used[1] < used[0] * 1.5 + 2_000_000


@pytest.mark.parametrize("waits", [True, False])
def test_what_was_purged_is_not_there(waits: bool, tmp_path: Path) -> None:
    sink = open_sink(f"parquet:{tmp_path}", on_delete="purge")
    sink.write(batch(update(post("1")), update(post("2")), delete("1"), gaps=[gap()]))
    if not waits:
        sink.close()
    found = list(read_recording(f"parquet:{tmp_path}"))
    assert [(one[1], one[2]) for one in told(found)] == [("update", "2"), ("delete", "1")]
    assert isinstance(found[-1], Gap)
    sink.close()


def test_what_was_never_finished_does_not_count(tmp_path: Path) -> None:
    record_into(tmp_path / "toots.parquet", [of(A, 1)])
    (path,) = parts(tmp_path)
    path.with_name("part-00000002.parquet").write_bytes(path.read_bytes()[:-9])
    path.with_name("part-00000003.parquet.tmp").write_bytes(b"PAR1")
    assert ids_in(f"parquet:{tmp_path / 'toots.parquet'}") == ["1"]


def test_without_a_ledger_every_whole_file_counts_and_torn_ones_are_logged(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    events = one_of_everything()
    recording = record_into(tmp_path / "toots.parquet", events)
    (path,) = parts(tmp_path)
    (tmp_path / "toots.parquet" / "_trunkline.db").unlink()
    path.with_name("part-00000002.parquet").write_bytes(path.read_bytes()[:-9])
    path.with_name("part-00000003.parquet.tmp").write_bytes(b"PAR1")
    assert told_in(recording) == told(events)
    assert [record.message for record in caplog.records] == ["trunkline.torn_file"]


def test_a_file_that_was_taken_away_is_passed_by(tmp_path: Path) -> None:
    place = tmp_path / "toots.parquet"
    record_into(place, [of(A, 1), of(A, 2)])
    record_into(place, [of(A, 3)])
    parts(place)[0].unlink()
    assert ids_in(f"parquet:{place}") == ["3"]


def test_what_is_damaged_or_something_else_is_said(tmp_path: Path) -> None:
    place = tmp_path / "toots.parquet"
    record_into(place, [of(A, 1)])
    (path,) = parts(place)
    path.write_bytes(b"PAR1 and no more")
    with pytest.raises(SinkError, match=r"part-00000001\.parquet is not whole"):
        told_in(f"parquet:{place}")
    other = tmp_path / "other.parquet"
    pyarrow.parquet.write_table(pyarrow.table({"seq": [1], "thing": ["x"]}), other)
    with pytest.raises(SinkError, match=r"other\.parquet; it lacks name"):
        told_in(f"parquet:{other}")
    with closing(open_sink(f"jsonl:{tmp_path}/lines")) as sink:
        sink.write(batch(of(A, 1)))
    with pytest.raises(SinkError, match=r"in Parquet at .*lines; it holds jsonl"):
        told_in(f"parquet:{tmp_path}/lines")
    with pytest.raises(BadInput, match="file_seconds; got x"):
        told_in(f"parquet:{place}?x=1")


def test_without_its_package_it_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "trunkline.sinks.reading_parquet", None)
    with pytest.raises(BadInput, match=r"install trunkline\[parquet\]"):
        told_in(f"parquet:{tmp_path}")
