"""Every example about recordings does what it says, run as a program."""

from __future__ import annotations

import json
import signal
import time
from contextlib import closing
from pathlib import Path

import pytest
from tests.examples.program import EXAMPLES, Program
from tests.sinks.builders import PUBLIC, SERVER, now, post, rows, update
from tests.sinks.recordings import record_into

from trunkline.errors import BadInput
from trunkline.events import Update
from trunkline.sinks import Batch, SinkUnavailable, open_sink
from trunkline.sinks.reading import read_recording
from trunkline.testing import RunningServer

QUIET_END = (0, "")


def test_a_recording_is_shown_once_more(server: RunningServer, tmp_path: Path) -> None:
    posts = [update(post(str(number), f"<p>{number}</p>")) for number in range(1, 4)]
    recording = record_into(tmp_path / "toots.db", posts)
    with Program("replay", recording, server=server) as program:
        told = [f"alice: {number}" for number in range(1, 4)]
        assert sorted(program.lines(4)) == ["3 events were told", *told]
        assert program.interrupt() == QUIET_END


def test_a_recording_is_summed_up_and_written_as_a_page(
    server: RunningServer, tmp_path: Path
) -> None:
    cats = [post(str(number), tags=[{"name": "cats"}]) for number in (1, 2)]
    recording = record_into(tmp_path / "toots.db", [update(one) for one in cats])
    page = tmp_path / "report.html"
    path = recording.removeprefix("sqlite:")
    with Program("report", path, str(page), server=server) as program:
        told = ["2 events, 2 posts by 1 accounts", "#cats: 2 posts", f"wrote {page}"]
        assert program.lines(3) == told
        assert program.end() == QUIET_END
    assert "cats" in page.read_text(encoding="utf-8")


def test_a_sink_of_ones_own_counts_each_post_once(server: RunningServer, tmp_path: Path) -> None:
    file = tmp_path / "tags.json"
    for posts in (1, 2):
        with Program("own_sink", str(file), "public", server=server) as program:
            server.wait_for_subscribers(1)
            server.post(tags=["python"])
            deadline = time.monotonic() + 10
            while counted(file) != {"python": posts} and time.monotonic() < deadline:
                time.sleep(0.05)
            assert program.interrupt() == QUIET_END
        assert counted(file) == {"python": posts}
        server.until(lambda: not server.server.hub.count())


def counted(file: Path) -> object:
    return json.loads(file.read_bytes())["tags"] if file.exists() else {}


def test_a_sink_of_ones_own_is_opened_by_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    metadata = tmp_path / "tag_sink-1.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: tag-sink\nVersion: 1\n")
    (metadata / "entry_points.txt").write_text("[trunkline.sinks]\ntags = own_sink:open_it\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.syspath_prepend(str(EXAMPLES))
    file = tmp_path / "tags.json"
    with closing(open_sink(f"tags:{file}")) as sink:
        cats = update(post(tags=[{"name": "cats"}]))
        sink.write(Batch(events=[cats, Update(PUBLIC, SERVER, now(), b'{"id":"7","tags":[')]))
    assert counted(file) == {"cats": 1}
    with pytest.raises(BadInput, match="none; got deep"):
        open_sink(f"tags:{file}?deep=yes")
    nowhere = open_sink(f"tags:{tmp_path / 'nowhere' / 'tags.json'}")
    with closing(nowhere), pytest.raises(SinkUnavailable, match="Cannot write to"):
        nowhere.write(Batch(events=[cats]))


def test_a_recording_is_converted_once(server: RunningServer, tmp_path: Path) -> None:
    recording = record_into(tmp_path / "toots.db", [update(post("1"))])
    target = f"jsonl:{tmp_path / 'toots'}"
    for told in ("1 events and", "0 more events and"):
        with Program("convert", recording, target, server=server) as program:
            assert program.lines(1) == [f"{told} 0 gaps are in {target} now"]
            assert program.end() == QUIET_END
    assert len(list(read_recording(target))) == 1


def test_what_cannot_be_converted_is_refused_in_one_line(
    server: RunningServer, tmp_path: Path
) -> None:
    with Program("convert", f"sqlite:{tmp_path / 'none.db'}", "-", server=server) as program:
        code, complaint = program.end()
    assert code == 1
    assert len(complaint.splitlines()) == 1
    assert "none.db" in complaint


MANY = """
to = "sqlite:toots.db"

[[sink]]
name = "tags"
to = "jsonl:tags/"

[[server]]
url = "{url}"
token_file = "token"
streams = ["public"]

[[server]]
url = "{url}"
token_file = "token"
streams = ["hashtag:python"]
sink = "tags"
"""


def test_many_are_recorded_as_a_file_says(server: RunningServer, tmp_path: Path) -> None:
    (tmp_path / "token").write_text(server.token)
    file = tmp_path / "trunkline.toml"
    file.write_text(MANY.format(url=server.url))
    with Program("record_many", str(file), server=server, folder=tmp_path) as program:
        server.wait_for_subscribers(2)
        server.post(tags=["python"])
        whole = [f"{server.url}: live, 1 events"] * 2
        told = program.lines(2)
        while told and told != whole:
            told = program.lines(2)
        assert told == whole
        assert program.interrupt() == QUIET_END
    assert rows(tmp_path / "toots.db", "SELECT count(*) FROM events") == [(1,)]
    assert len(list(read_recording(f"jsonl:{tmp_path / 'tags'}"))) == 1


def test_a_mistake_in_the_file_is_named_with_its_line(
    server: RunningServer, tmp_path: Path
) -> None:
    file = tmp_path / "trunkline.toml"
    file.write_text(MANY.format(url=server.url).replace("token_file", "token_flie"))
    with Program("record_many", str(file), server=server) as program:
        code, complaint = program.end()
    assert code == 1
    assert complaint.startswith(f"{file}:10: There is no key 'token_flie' here")


def test_what_is_recorded_is_summed_up_and_gone_on_with(
    server: RunningServer, tmp_path: Path
) -> None:
    arguments = ("record_to_sqlite", "toots.db", "public", "hashtag:python")
    for posts in (1, 2):
        with Program(*arguments, server=server, folder=tmp_path) as program:
            assert program.lines(1) == ["recording public hashtag:python"]
            server.wait_for_subscribers(2)
            server.post(tags=["python"])
            deadline = time.monotonic() + 10
            query = f"SELECT count(*) = {2 * posts} FROM events"
            while rows(tmp_path / "toots.db", query) != [(1,)] and time.monotonic() < deadline:
                time.sleep(0.05)
            program._process.send_signal(signal.SIGINT)
            assert program.lines(1) == [f"#python: {posts} posts by 1 accounts"]
            assert program.end() == QUIET_END
