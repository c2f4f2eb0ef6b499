"""A recording in JSON lines: every line whole and once, however the recorder ended."""

from __future__ import annotations

import errno
import gzip
import json
import os
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from tests.sinks.builders import (
    NAME,
    PUBLIC,
    USER,
    batch,
    boost,
    bytes_on_disk,
    delete,
    edit,
    gap,
    notify,
    post,
    quote,
    rows,
    update,
)
from tests.sinks.recordings import one_of_everything, told, told_in

from trunkline.errors import BadInput
from trunkline.events import AnyEvent
from trunkline.sinks import JsonlSink, SinkError, SinkUnavailable, jsonl_files, open_sink
from trunkline.sinks.base import OnDelete
from trunkline.sinks.reading import read_recording
from trunkline.streams import Stream

SECRET = "Xylophone"


def lines(directory: Path) -> list[dict[str, object]]:
    """Return every line of every plain file, in order."""
    return [
        json.loads(line)
        for path in sorted(directory.glob("events-*.jsonl"))
        for line in path.read_bytes().splitlines()
    ]


def files(directory: Path) -> list[str]:
    return sorted(path.name for path in directory.glob("events-*"))


def record(directory: Path, *events: AnyEvent, on_delete: OnDelete = "mark") -> None:
    with closing(JsonlSink(directory, on_delete=on_delete)) as sink:
        sink.write(batch(*events))


def test_everything_that_is_recorded_is_read_back(tmp_path: Path) -> None:
    events = one_of_everything()
    with closing(open_sink(f"jsonl:{tmp_path}/new/toots")) as sink:
        sink.write(batch(*events, gaps=[gap()]))
    assert told_in(f"jsonl:{tmp_path}/new/toots") == told(events)
    assert len(lines(tmp_path / "new/toots")) == len(events) + 1


def test_a_position_comes_back_after_its_events(tmp_path: Path) -> None:
    with closing(JsonlSink(tmp_path)) as sink:
        assert sink.load(NAME) is None
        sink.write(batch(update(), keys=["1"]))
        sink.write(batch(keys=["2"]))
    with closing(JsonlSink(tmp_path)) as sink:
        saved = sink.load(NAME)
    assert saved is not None
    assert [key for key, _ in saved.keys] == ["1", "2"]
    assert len(lines(tmp_path)) == 1


def test_a_run_without_events_leaves_no_file_of_events(tmp_path: Path) -> None:
    record(tmp_path)
    assert files(tmp_path) == []


def test_a_second_run_goes_on_in_the_same_file(tmp_path: Path) -> None:
    record(tmp_path, update(post("1")))
    record(tmp_path, update(post("2")))
    assert len(files(tmp_path)) == 1
    assert [line["payload"]["id"] for line in lines(tmp_path)] == ["1", "2"]  # type: ignore[index]


@pytest.mark.parametrize("torn", [b'{"event":"upd', b'{"event":"update"}\n{"ev', b"\x00" * 9000])
def test_what_was_never_finished_is_cut_off(torn: bytes, tmp_path: Path) -> None:
    record(tmp_path, update(post("1")))
    (name,) = files(tmp_path)
    with (tmp_path / name).open("ab") as file:
        file.write(torn)
    (tmp_path / "events-00000002-20261124T120000Z.jsonl").write_bytes(torn)
    (tmp_path / f"{name}.gz").write_bytes(torn)
    (tmp_path / f"{name}.gz.tmp").write_bytes(torn)
    record(tmp_path, update(post("2")))
    assert files(tmp_path) == [name]
    assert [line["payload"]["id"] for line in lines(tmp_path)] == ["1", "2"]  # type: ignore[index]


def test_files_whose_ledger_is_gone_are_left_alone_and_can_still_be_read(tmp_path: Path) -> None:
    record(tmp_path, update(post("1")))
    (tmp_path / "_trunkline.db").unlink()
    with pytest.raises(SinkError, match=r"Expected _trunkline\.db beside the files in .* is gone"):
        JsonlSink(tmp_path)
    assert [one[2] for one in told_in(f"jsonl:{tmp_path}")] == ["1"]


def test_a_file_that_lacks_what_was_written_is_not_gone_on_with(tmp_path: Path) -> None:
    record(tmp_path, update(post("1")))
    (name,) = files(tmp_path)
    os.truncate(tmp_path / name, 10)
    with pytest.raises(SinkError, match=r"Expected \d+ bytes in .*jsonl; it has 10\. Put it back"):
        JsonlSink(tmp_path)


def test_files_that_are_full_or_old_are_followed_by_the_next(tmp_path: Path) -> None:
    with closing(JsonlSink(tmp_path, rotate_bytes=2_000)) as sink:
        for number in range(6):
            sink.write(batch(update(post(str(number)))))
    assert len(files(tmp_path)) == 3
    assert [line["payload"]["id"] for line in lines(tmp_path)] == list("012345")  # type: ignore[index]
    with closing(JsonlSink(tmp_path, rotate_seconds=1e-9)) as sink:
        sink.write(batch(update(post("6"))))
    assert len(files(tmp_path)) == 4


@pytest.mark.parametrize(("codec", "suffix"), [("gzip", ".gz"), ("zstd", ".zst")])
def test_full_files_are_compressed(codec: str, suffix: str, tmp_path: Path) -> None:
    text = f"jsonl:{tmp_path}?compress={codec}&rotate_bytes=2000"
    for start in (0, 3):
        with closing(open_sink(text)) as sink:
            for number in range(start, start + 3):
                sink.write(batch(update(post(str(number)))))
    *full, last = files(tmp_path)
    assert all(name.endswith(f".jsonl{suffix}") for name in full)
    assert last.endswith(".jsonl")
    ids = []
    for name in full:
        with jsonl_files.codec_named(codec).read(tmp_path / name) as file:
            ids += [json.loads(line)["payload"]["id"] for line in file]
    ids += [line["payload"]["id"] for line in lines(tmp_path)]  # type: ignore[index]
    assert ids == list("012345")
    assert [one[2] for one in told_in(f"jsonl:{tmp_path}")] == ids


def test_without_room_for_the_compressed_file_nothing_is_lost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with closing(JsonlSink(tmp_path, rotate_bytes=1, compress="gzip")) as sink:
        sink.write(batch(update(post("1"))))
        with monkeypatch.context() as context:
            context.setattr(gzip, "open", _no_room)
            with pytest.raises(SinkUnavailable, match=r"No space left.* Make room on the disk"):
                sink.write(batch(update(post("2"))))
        sink.write(batch(update(post("2"))))
    assert [one[1:3] for one in told_in(f"jsonl:{tmp_path}")] == [("update", "1"), ("update", "2")]


def _no_room(*_: object, **__: object) -> None:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_a_batch_that_could_not_be_written_is_written_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = batch(update(post("1")), update(post("2")), keys=["1", "2"])
    with closing(JsonlSink(tmp_path)) as sink:
        with monkeypatch.context() as context:
            context.setattr(jsonl_files, "_FLUSH", _no_room)
            with pytest.raises(SinkUnavailable):
                sink.write(whole)
        assert sink.load(NAME) is None
        sink.write(whole)
    assert [one[2] for one in told_in(f"jsonl:{tmp_path}")] == ["1", "2"]


@pytest.fixture
def no_zstandard(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    def missing(name: str) -> None:
        raise ImportError(name)

    with monkeypatch.context() as context:
        context.setattr(jsonl_files, "import_module", missing)
        yield


@pytest.mark.usefixtures("no_zstandard")
def test_without_its_package_zstd_is_refused_before_anything_is_made(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"install trunkline\[zstd\], or use compress=gzip"):
        open_sink(f"jsonl:{tmp_path}/toots?compress=zstd")
    assert not (tmp_path / "toots").exists()


def test_another_recorder_another_kind_and_a_bad_place_are_refused(tmp_path: Path) -> None:
    with closing(JsonlSink(tmp_path)), pytest.raises(SinkError, match="only recorder"):
        JsonlSink(tmp_path)
    (tmp_path / "file").write_text("x")
    for place in ("/proc/nothing/toots", str(tmp_path / "file")):
        with pytest.raises(SinkUnavailable, match="Cannot write to"):
            JsonlSink(place)
    with pytest.raises(BadInput, match="compress=gzip or compress=zstd; got 'zip'"):
        open_sink(f"jsonl:{tmp_path}?compress=zip")
    with pytest.raises(BadInput, match="a number above 0; got '-1'"):
        open_sink(f"jsonl:{tmp_path}?rotate_bytes=-1")


def shows_it() -> list[AnyEvent]:
    original = post("1", f"<p>{SECRET}</p>", spoiler_text=SECRET)
    edited = original | {"content": f"<p>{SECRET} again</p>", "edited_at": "2026-11-24T13:00:00Z"}
    return [
        update(original),
        update(original, stream=Stream.hashtag("music")),
        edit(edited),
        update(boost("2", original), stream=USER),
        update(quote("3", original)),
        notify(original, id="55"),
        update(post("4", "<p>stays</p>")),
    ]


@pytest.mark.parametrize("order", ["after", "before", "together"])
def test_a_purged_post_leaves_no_byte_of_its_content(order: str, tmp_path: Path) -> None:
    gone: list[AnyEvent] = [delete("1")]
    batches = {
        "after": [shows_it(), gone],
        "before": [gone, shows_it()],
        "together": [shows_it() + gone],
    }[order]
    with closing(JsonlSink(tmp_path, on_delete="purge")) as sink:
        for events in batches:
            sink.write(batch(*events))
            left = bytes_on_disk(tmp_path)
        assert SECRET.encode() not in left
    told_lines = lines(tmp_path)
    assert len(told_lines) == 8
    assert sum(line.get("signal") == "purged" for line in told_lines) == 4
    read = list(read_recording(f"jsonl:{tmp_path}"))
    assert len(read) == 4
    assert b"stays" in bytes_on_disk(tmp_path)


def test_what_was_recorded_without_purging_is_purged_when_purging_begins(tmp_path: Path) -> None:
    record(tmp_path, *shows_it(), delete("1"))
    assert bytes_on_disk(tmp_path).count(SECRET.encode()) > 5
    record(tmp_path, on_delete="purge")
    assert SECRET.encode() not in bytes_on_disk(tmp_path)


def test_compressed_files_are_purged_too(tmp_path: Path) -> None:
    sink = JsonlSink(tmp_path, on_delete="purge", compress="gzip", rotate_bytes=1)
    sink.write(batch(*shows_it()))
    sink.write(batch(update(post("5"))))
    sink.write(batch(delete("1")))
    sink.close()
    names = [name for name in files(tmp_path) if name.endswith(".gz")]
    assert len(names) == 2
    unpacked = b"".join(gzip.decompress((tmp_path / name).read_bytes()) for name in names)
    assert SECRET.encode() not in unpacked
    assert b"stays" in unpacked
    assert len(list(read_recording(f"jsonl:{tmp_path}"))) == 5


def test_a_purge_that_was_interrupted_is_finished_by_the_next_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as context:
        context.setattr("trunkline.sinks.jsonl_purge.overwrite", _no_room)
        record(tmp_path, *shows_it(), delete("1"), on_delete="purge")
    assert SECRET.encode() in bytes_on_disk(tmp_path)
    record(tmp_path, on_delete="purge")
    assert SECRET.encode() not in bytes_on_disk(tmp_path)


def test_a_file_that_somebody_took_away_does_not_stand_in_the_way(tmp_path: Path) -> None:
    with closing(JsonlSink(tmp_path, on_delete="purge", rotate_bytes=1)) as sink:
        sink.write(batch(*shows_it()))
        sink.write(batch(update(post("5"))))
        (tmp_path / files(tmp_path)[0]).unlink()
        sink.write(batch(delete("1")))
        sink.write(batch(update(post("6"))))
    assert rows(tmp_path / "_trunkline.db", "SELECT count(*) FROM holdings WHERE id = '1'") == [
        (0,)
    ]


def test_an_ignored_deletion_is_a_line_and_nothing_more(tmp_path: Path) -> None:
    record(tmp_path, *shows_it(), delete("1"), on_delete="ignore")
    record(tmp_path, on_delete="purge")
    assert SECRET.encode() in bytes_on_disk(tmp_path)


def test_the_streams_of_a_line_are_those_of_the_command_line(tmp_path: Path) -> None:
    record(tmp_path, update(stream=PUBLIC))
    (line,) = lines(tmp_path)
    assert (line["event"], line["stream"], line["origin"]) == ("update", "public", "live")
