"""A recording in Parquet: whole files by server and day, and nothing lost before they are made."""

from __future__ import annotations

import importlib
import os
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from tests.sinks.builders import (
    NAME,
    NOON,
    SERVER,
    USER,
    batch,
    boost,
    bytes_on_disk,
    delete,
    gap,
    notify,
    post,
    quote,
    rows,
    update,
)
from tests.sinks.recordings import one_of_everything

from trunkline.errors import BadInput
from trunkline.events import AnyEvent, Update
from trunkline.sinks import SinkError, SinkUnavailable, open_sink
from trunkline.sinks.base import OnDelete
from trunkline.sinks.rows import identifier
from trunkline.testing import make_account

parquet = importlib.import_module("trunkline.sinks.parquet")
parquet_files = importlib.import_module("trunkline.sinks.parquet_files")

SECRET = "Xylophone"
Row = dict[str, object]


def files(directory: Path) -> list[str]:
    return sorted(one.relative_to(directory).as_posix() for one in directory.rglob("*.parquet"))


def read(directory: Path) -> list[Row]:
    """Return every row of every file, in recorded order, as others read them."""
    found: list[Row] = []
    for name in files(directory):
        found += parquet_files.read_rows(directory / name)
    return sorted(found, key=lambda row: int(str(row["seq"])))


def record(directory: Path, *events: AnyEvent, on_delete: OnDelete = "mark") -> None:
    with closing(open_sink(f"parquet:{directory}", on_delete=on_delete)) as sink:
        sink.write(batch(*events))


def test_everything_is_in_files_when_it_is_closed(tmp_path: Path) -> None:
    events = one_of_everything()
    with closing(open_sink(f"parquet:{tmp_path}")) as sink:
        sink.write(batch(*events, gaps=[gap()]))
        assert files(tmp_path) == []
    assert [
        (row["server"], row["stream"], row["name"], row["id"], row["raw"], row["reason"])
        for row in read(tmp_path)
        if row["name"] != "gap"
    ] == [
        (
            event.server,
            str(event.stream),
            event.name,
            identifier(event),
            event.raw.decode(),
            getattr(event, "reason", None),
        )
        for event in events
    ]
    (told,) = [row for row in read(tmp_path) if row["name"] == "gap"]
    assert '"recovered":7' in str(told["raw"])


def test_files_lie_by_server_and_day_where_other_tools_look(tmp_path: Path) -> None:
    first, tomorrow = update(post("1")), NOON + timedelta(days=1)
    second = Update(first.stream, "http://127.0.0.1:4000", first.received_at, first.raw)
    third = Update(first.stream, SERVER, tomorrow, first.raw)
    record(tmp_path, first, second, third)
    assert files(tmp_path) == [
        "host=127.0.0.1%3A4000/day=2026-11-24/part-00000001.parquet",
        "host=trunkline.example/day=2026-11-24/part-00000002.parquet",
        "host=trunkline.example/day=2026-11-25/part-00000003.parquet",
    ]
    dataset = importlib.import_module("pyarrow.dataset").dataset(tmp_path, partitioning="hive")
    table = dataset.to_table(columns=["host", "day", "seq"]).to_pylist()
    assert {(row["host"], str(row["day"])[:10]) for row in table} == {
        ("127.0.0.1:4000", "2026-11-24"),
        ("trunkline.example", "2026-11-24"),
        ("trunkline.example", "2026-11-25"),
    }


def test_a_post_is_flattened_into_columns(tmp_path: Path) -> None:
    status = post(
        "1",
        "<p>Hello <b>world</b></p>",
        language="en",
        tags=[{"name": "Python"}],
        account=make_account("alice", domain="a.example"),
        created_at="2026-11-24T11:00:00.000Z",
        edited_at="nonsense",
    )
    record(tmp_path, update(status), update(boost("2", status)), delete("1"))
    first, second, third = read(tmp_path)
    wanted = ("text", "language", "acct", "tags", "kind", "edited_at", "reblog_of_id")
    assert [first[name] for name in wanted] == [
        "Hello world",
        "en",
        "alice@a.example",
        ["python"],
        "post",
        None,
        None,
    ]
    assert first["created_at"] == datetime.fromisoformat("2026-11-24T11:00:00+00:00")
    assert (second["kind"], second["text"], second["reblog_of_id"]) == ("boost", None, "1")
    assert third["text"] is None


def test_a_position_comes_back_although_its_events_still_wait(tmp_path: Path) -> None:
    sink = open_sink(f"parquet:{tmp_path}")
    sink.write(batch(update(post("1")), keys=["1"]))
    sink._ledger.close()  # type: ignore[attr-defined]  # as a killed process lets go
    with closing(open_sink(f"parquet:{tmp_path}")) as again:
        saved = again.load(NAME)
        assert saved is not None
        assert [key for key, _ in saved.keys] == ["1"]
    assert [row["id"] for row in read(tmp_path)] == ["1"]


def test_files_are_made_when_enough_waits_or_has_waited_long_enough(tmp_path: Path) -> None:
    now = NOON.timestamp()
    sink = parquet.ParquetSink(tmp_path, file_rows=3, file_seconds=1e6, clock=lambda: now)
    for number in range(7):
        sink.write(batch(update(post(str(number)))))
    assert len(files(tmp_path)) == 2
    sink.close()
    assert [row["id"] for row in read(tmp_path)] == list("0123456")
    now = NOON.timestamp() + 100_000.0
    sink = parquet.ParquetSink(tmp_path, file_seconds=60.0, clock=lambda: now)
    sink.write(batch(update(post("7"))))
    before = len(files(tmp_path))
    sink.write(batch(update(post("8"))))
    assert len(files(tmp_path)) == before + 1
    sink.close()


def test_large_partitions_have_several_row_groups(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parquet_files, "_ROW_GROUP", 4)
    record(tmp_path, *(update(post(str(number))) for number in range(10)))
    (name,) = files(tmp_path)
    with importlib.import_module("pyarrow.parquet").ParquetFile(tmp_path / name) as file:
        assert file.num_row_groups == 3
    assert len(read(tmp_path)) == 10


def test_what_was_never_finished_is_removed(tmp_path: Path) -> None:
    record(tmp_path, update(post("1")))
    (name,) = files(tmp_path)
    orphan = (tmp_path / name).with_name("part-00000002.parquet")
    for path in (orphan, orphan.with_name("part-00000003.parquet.tmp")):
        path.write_bytes(b"PAR1")
    record(tmp_path, update(post("2")))
    assert [row["id"] for row in read(tmp_path)] == ["1", "2"]
    assert not list(tmp_path.rglob("*.tmp"))


def test_files_whose_ledger_is_gone_are_left_alone_and_can_still_be_read(tmp_path: Path) -> None:
    record(tmp_path, update(post("1")))
    (tmp_path / "_trunkline.db").unlink()
    with pytest.raises(SinkError, match=r"Expected _trunkline\.db beside the files in .* is gone"):
        open_sink(f"parquet:{tmp_path}")
    assert [row["id"] for row in read(tmp_path)] == ["1"]


def test_without_room_for_a_file_nothing_is_lost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_room(*_: object, **__: object) -> None:
        raise OSError(28, os.strerror(28))

    sink = open_sink(f"parquet:{tmp_path}?file_rows=1")
    sink.write(batch(update(post("1"))))
    with monkeypatch.context() as context:
        context.setattr(parquet, "write_rows", no_room)
        with pytest.raises(SinkUnavailable, match="Make room on the disk"):
            sink.write(batch(update(post("2"))))
    sink.write(batch(update(post("2"))))
    sink.close()
    assert [row["id"] for row in read(tmp_path)] == ["1", "2"]


def test_a_directory_of_another_kind_is_refused(tmp_path: Path) -> None:
    record(tmp_path / "a")
    with pytest.raises(SinkError, match=r"Expected a directory of jsonl at .*; it holds parquet"):
        open_sink(f"jsonl:{tmp_path}/a")
    with pytest.raises(BadInput, match="one of durable, file_rows, file_seconds; got x"):
        open_sink(f"parquet:{tmp_path}?x=1")


@pytest.fixture
def no_pyarrow(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with monkeypatch.context() as context:
        context.setitem(__import__("sys").modules, "trunkline.sinks.parquet", None)
        yield


@pytest.mark.usefixtures("no_pyarrow")
def test_without_its_package_it_says_what_to_install(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"install trunkline\[parquet\]"):
        open_sink(f"parquet:{tmp_path}/toots")
    assert not (tmp_path / "toots").exists()


def shows_it() -> list[AnyEvent]:
    original = post("1", f"<p>{SECRET}</p>", spoiler_text=SECRET)
    return [
        update(original),
        update(boost("2", original), stream=USER),
        update(quote("3", original)),
        notify(original, id="55"),
        update(post("4", "<p>stays</p>")),
    ]


def contents(directory: Path) -> str:
    """Return what every row says, and what the ledger does."""
    return f"{read(directory)}{bytes_on_disk(directory / '_trunkline.db')!r}"


@pytest.mark.parametrize("order", ["after", "before", "together", "in a file"])
def test_a_purged_post_leaves_none_of_its_content(order: str, tmp_path: Path) -> None:
    gone: list[AnyEvent] = [delete("1")]
    other: list[AnyEvent] = [update(post("5"))]
    batches = {
        "after": [shows_it(), gone],
        "before": [gone, shows_it()],
        "together": [shows_it() + gone],
        "in a file": [shows_it(), other, gone],
    }[order]
    rows_a_file = 1 if order == "in a file" else 1_000
    sink = open_sink(f"parquet:{tmp_path}?file_rows={rows_a_file}", on_delete="purge")
    for events in batches:
        sink.write(batch(*events))
    sink.close()
    told = read(tmp_path)
    assert SECRET not in contents(tmp_path)
    assert "stays" in contents(tmp_path)
    assert sum(row["raw"] is None for row in told) == 2
    assert [row["name"] for row in told].count("delete") == 1


def test_what_was_recorded_without_purging_is_purged_when_purging_begins(tmp_path: Path) -> None:
    record(tmp_path, *shows_it(), delete("1"))
    assert SECRET in contents(tmp_path)
    record(tmp_path, on_delete="purge")
    assert SECRET not in contents(tmp_path)
    assert rows(tmp_path / "_trunkline.db", "SELECT count(*) FROM holdings WHERE id = '1'") == [
        (0,)
    ]


def test_what_still_waited_is_purged_when_purging_begins(tmp_path: Path) -> None:
    sink = open_sink(f"parquet:{tmp_path}")
    sink.write(batch(*shows_it(), delete("1")))
    sink._ledger.close()  # type: ignore[attr-defined]  # as a killed process lets go
    record(tmp_path, on_delete="purge")
    assert SECRET not in contents(tmp_path)
    assert len(read(tmp_path)) == 6
