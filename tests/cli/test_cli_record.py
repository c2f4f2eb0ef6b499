"""`trunkline record` as a program: what it says, how it ends, and what it does without a disk."""

from __future__ import annotations

import io
import json
import logging
import os
import resource
import signal
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from rich.console import Console
from tests.cli.programs import SECONDS, end, next_line, program, run_program
from tests.record.killing import until
from tests.sinks.builders import is_sound, rows
from tests.sinks.recordings import told_in

from trunkline.cli.main import main
from trunkline.cli.record_display import Disk, Display, Space, lasting
from trunkline.cli.record_log import json_words, plain_words
from trunkline.record import Progress, ServerProgress
from trunkline.stats import Counters
from trunkline.streams import Stream
from trunkline.testing import RunningServer, running_server


def error_of(process: subprocess.Popen[bytes]) -> bytes:
    """Return the next line that a program writes on standard error."""
    assert process.stderr is not None
    return process.stderr.readline()


def count(path: Path) -> int:
    """Return how many events are recorded; none while there is no recording."""
    try:
        return int(str(rows(path, "SELECT count(*) FROM events")[0][0]))
    except sqlite3.OperationalError:
        return 0


def cursors(path: Path) -> int:
    try:
        return len(rows(path, "SELECT name FROM cursors"))
    except sqlite3.OperationalError:
        return 0


@contextmanager
def recording(server: RunningServer, path: Path, *more: str) -> Iterator[subprocess.Popen[bytes]]:
    """Run a recorder, once it is stored that it has begun."""
    arguments = ("record", "public", "--server", server.url, "--to", f"sqlite:{path}", *more)
    with program(*arguments, token=server.token) as process:
        assert b"recording" in error_of(process)
        assert b"connected" in error_of(process)
        assert until(lambda: cursors(path) == 1)
        yield process


def test_sigterm_stores_everything_and_ends_well(server: RunningServer, tmp_path: Path) -> None:
    path = tmp_path / "toots.db"
    with recording(server, path) as process:
        ids = [str(server.post()["id"]) for _ in range(50)]
        server.until(lambda: server.server.hub.count() == 1)
        assert until(lambda: count(path) > 0)
        code, errors = end(process, signal.SIGTERM)
    assert code == 0
    assert b"recorded stored=50" in errors
    assert rows(path, "SELECT id FROM events ORDER BY seq") == [(one,) for one in ids]
    assert rows(path, "SELECT ended_at IS NULL FROM runs") == [(0,)]


def test_ctrl_c_stores_everything_and_says_that_it_was_interrupted(
    server: RunningServer, tmp_path: Path
) -> None:
    path = tmp_path / "toots.db"
    with recording(server, path) as process:
        server.post()
        assert until(lambda: count(path) == 1)
        code, _ = end(process, signal.SIGINT)
    assert code == 130
    assert is_sound(path)


def test_a_second_run_goes_on_where_the_first_one_was(
    server: RunningServer, tmp_path: Path
) -> None:
    path = tmp_path / "toots.db"
    with recording(server, path, "--count", "2") as process:
        ids = [str(server.post()["id"]) for _ in range(3)]
        assert process.wait(SECONDS) == 0
    ids.append(str(server.post()["id"]))
    arguments = ("public", "--server", server.url, "--to", str(path), "--count", "2")
    done = run_program("record", *arguments, token=server.token)
    assert done.returncode == 0
    assert rows(path, "SELECT id FROM events ORDER BY seq") == [(one,) for one in ids]


def test_it_logs_json_for_machines(server: RunningServer, tmp_path: Path) -> None:
    arguments = ("record", "public", "--server", server.url, "--to", str(tmp_path / "toots.db"))
    done = run_program(*arguments, "--seconds", "0.5", "--log-json", token=server.token)
    assert done.returncode == 0
    told = [json.loads(line) for line in done.stderr.splitlines()]
    assert [one["event"] for one in told] == ["recording", "connected", "recorded"]
    assert told[1]["streams"] == ["public"]
    assert told[1]["server"] == server.url
    assert told[0]["what"].startswith("1 stream of 1 server into ")
    assert server.token.encode() not in done.stderr + done.stdout


def test_it_writes_metadata_for_datasette(server: RunningServer, tmp_path: Path) -> None:
    path, metadata = tmp_path / "toots.db", tmp_path / "metadata.json"
    arguments = ("public", "--server", server.url, "--to", str(path), "--seconds", "0.1")
    done = run_program("record", *arguments, "--datasette", str(metadata), token=server.token)
    assert done.returncode == 0
    assert "statuses" in json.loads(metadata.read_text())["databases"]["toots"]["tables"]


def test_a_server_that_refuses_is_told_while_the_others_go_on(
    server: RunningServer, tmp_path: Path
) -> None:
    (tmp_path / "wrong").write_text("wrong\n")
    (tmp_path / "right").write_text(server.token)
    (tmp_path / "trunkline.toml").write_text(
        f'to = "toots.db"\n[limits]\ncount = 1\n'
        f'[[server]]\nurl = "{server.url}"\nstreams = ["user"]\ntoken_file = "wrong"\n'
        f'[[server]]\nurl = "{server.url}"\nstreams = ["public"]\ntoken_file = "right"\n'
    )
    path = tmp_path / "toots.db"
    with program("record", "--config", str(tmp_path / "trunkline.toml")) as process:
        assert until(lambda: cursors(path) >= 1)
        server.wait_for_subscribers(1, channel="public")
        server.post()
        assert process.wait(SECONDS) == 1
        assert process.stderr is not None
        assert b"server_refused" in process.stderr.read()
    assert count(path) == 1


def test_a_disk_that_fills_up_stops_the_reading_until_there_is_room(
    server: RunningServer, tmp_path: Path
) -> None:
    path = tmp_path / "toots.db"
    with recording(server, path) as process:
        resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (400_000, resource.RLIM_INFINITY))
        ids = [str(server.post("<p>" + "x" * 3_000)["id"]) for _ in range(400)]
        assert b"sink_unavailable" in error_of(process)
        stored = count(path)
        assert stored < 400
        resource.prlimit(
            process.pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY)
        )
        assert until(lambda: count(path) == 400)
        code, errors = end(process, signal.SIGTERM)
    assert code == 0
    assert b"sink_available" in errors
    assert rows(path, "SELECT id FROM events ORDER BY seq") == [(one,) for one in ids]
    assert is_sound(path)


def test_a_recording_that_has_to_end_on_a_full_disk_says_so_and_loses_nothing(
    server: RunningServer, tmp_path: Path
) -> None:
    path = tmp_path / "toots.db"
    with recording(server, path) as process:
        resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (300_000, resource.RLIM_INFINITY))
        ids = {str(server.post("<p>" + "x" * 3_000)["id"]) for _ in range(300)}
        assert b"sink_unavailable" in error_of(process)
        code, errors = end(process, signal.SIGTERM)
    assert code == 2
    assert b"were not stored; the next run fetches" in errors.splitlines()[-1]
    with program(
        *("record", "public", "--server", server.url, "--to", str(path)), token=server.token
    ):
        assert until(lambda: count(path) == 300)
    assert {str(one) for (one,) in rows(path, "SELECT id FROM events")} == ids


def test_a_config_records_each_server_into_its_sink(server: RunningServer, tmp_path: Path) -> None:
    config = tmp_path / "trunkline.toml"
    (tmp_path / "token").write_text(server.token)
    with running_server() as other:
        config.write_text(
            'to = "usual.db"\n'
            f'[[server]]\nurl = "{server.url}"\nstreams = ["public"]\ntoken_file = "token"\n'
            '[[sink]]\nname = "lines"\nto = "jsonl:lines"\n'
            f'[[server]]\nurl = "{other.url}"\nstreams = ["public"]\ntoken_file = "token"\n'
            'sink = "lines"\n'
        )
        with program("record", "--config", str(config), "--count", "4") as process:
            assert f"into sqlite:{tmp_path}/usual.db, jsonl:".encode() in error_of(process)
            ids = [_two_posts(one) for one in (server, other)]
            assert process.wait(SECONDS) == 0
    assert [one for (one,) in rows(tmp_path / "usual.db", "SELECT id FROM events")] == ids[0]
    assert [one[2] for one in told_in(f"jsonl:{tmp_path}/lines")] == ids[1]


def _two_posts(server: RunningServer) -> list[str]:
    server.wait_for_subscribers(1)
    return [str(server.post()["id"]) for _ in range(2)]


CONFIG = '[[server]]\nurl = "a.example"\nstreams = ["public"]\n'
TWO = f"""\
to = "a.db"
{CONFIG}sink = "b"
{CONFIG.replace("a.example", "b.example")}
[[sink]]
name = "b"
to = "b.db"
on_delete = "purge"
"""
BAD: dict[tuple[str, ...], str] = {
    (): "Expected streams and a server",
    ("public",): "Expected streams and a server",
    ("--server", "a.example"): "Expected streams and a server",
    ("public", "--server", "a.example"): "Expected where to record",
    ("public", "--server", "a.example", "--to", "mysql:x"): "got 'mysql'",
    ("public", "--server", "a.example", "--to", "toots"): "got 'toots'",
    ("public", "--server", "a.example", "--to", "sqlite:"): "got none",
    ("public", "--server", "a.example", "--to", "sqlite:/proc/x/toots.db"): "/proc/x/toots.db",
    ("public", "--server", "a.example", "--to", "sqlite:folder"): "folder",
    ("public", "--server", "a.example", "--to", "letter.db"): "Expected a recording",
    ("public", "--server", "a.example", "--to", "a.db?x=1"): "got x",
    ("public", "--server", "a b", "--to", "a.db"): "a b",
    ("hashtag", "--server", "a.example", "--to", "a.db"): "needs a tag",
    ("public", "public", "--server", "a.example", "--to", "a.db"): "got public",
    ("public", "--server", "a.example", "--to", "a.db", "--on-delete", "x"): "got 'x'",
    ("public", "--server", "a.example", "--to", "a.db", "--count", "0"): "--count",
    ("public", "--server", "a.example", "--to", "a.db", "--seconds", "0"): "seconds",
    ("public", "--server", "a.example", "--to", "a.db", "--token-file", "none"): "none",
    ("public", "--server", "a.example", "--to", "a.db", "--datasette", "folder"): "folder",
    ("--config", "none.toml"): "none.toml",
    ("--config", "bad.toml"): "bad.toml:4: There is no key 'strems' here",
    ("public", "--config", "good.toml"): "got both",
    ("--config", "good.toml"): "Expected where to record",
    ("--config", "good.toml", "--to", "jsonl"): "got 'jsonl'",
    ("--config", "two.toml", "--to", "x.db"): "Expected --on-delete with --to x.db",
    ("--config", "two.toml", "--datasette", "x"): "Expected one sink, sqlite:FILE, with",
}


@pytest.mark.parametrize("arguments", BAD, ids=" ".join)
def test_what_cannot_be_meant_is_one_clear_line(
    arguments: tuple[str, ...],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "folder").mkdir()
    (tmp_path / "letter.db").write_text("Dear Sir or Madam, " * 100)
    (tmp_path / "good.toml").write_text(CONFIG)
    (tmp_path / "two.toml").write_text(TWO)
    (tmp_path / "bad.toml").write_text(f"{CONFIG}strems = 1")
    assert main(["record", *arguments]) == 2
    output = capsys.readouterr()
    assert output.out == ""
    (line,) = output.err.splitlines()
    assert line.startswith("trunkline: ")
    assert BAD[arguments] in line


def test_a_config_is_checked_line_by_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "trunkline.toml"
    path.write_text(CONFIG)
    assert main(["config", "check", str(path)]) == 0
    assert capsys.readouterr().out == f"{path}: fine, 1 streams of 1 servers\n"
    path.write_text(TWO)
    assert main(["config", "check", str(path)]) == 0
    assert capsys.readouterr().out == f"{path}: fine, 2 streams of 2 servers into 2 sinks\n"
    path.write_text(f'too = "x"\n{CONFIG}\nproxxy = 1\n')
    assert main(["config", "check", str(path)]) == 1
    first, second = capsys.readouterr().out.splitlines()
    assert first.startswith(f"{path}:1: There is no key 'too' here; did you mean 'to'?")
    assert second.startswith(f"{path}:6: There is no key 'proxxy' here; did you mean 'proxy'?")
    assert main(["config", "mend", str(path)]) == 2


def progress(**members: object) -> Progress:
    server = ServerProgress(
        server="https://mastodon.example",
        streams=(Stream.public(), Stream.hashtag("python")),
        state="away",
        words="cut",
        taken=1234,
        stats=Counters().snapshot(),
    )
    plain: dict[str, object] = {"servers": (server,), "stored": 1230, "waiting": 4, "trouble": ""}
    return Progress(**plain | members)  # type: ignore[arg-type]


def shown(display: Display, told: Progress) -> str:
    console = Console(file=io.StringIO(), width=160)
    with console.capture() as capture:
        console.print(display.picture(told))
    return capture.get()


def test_the_picture_shows_servers_totals_disk_and_news(tmp_path: Path) -> None:
    (tmp_path / "toots.db").write_bytes(b"x" * 5_000)
    (tmp_path / "toots.db-wal").write_bytes(b"x" * 1_000)
    display = Display("2 streams of 1 server", Disk(tmp_path / "toots.db"))
    record = logging.makeLogRecord({"msg": "trunkline.disconnected", "levelno": logging.WARNING})
    display.hear(record)
    picture = shown(display, progress())
    for words in ("mastodon.example", "1,234", "stored 1,230", "waiting 4", "6 kB on disk", "free"):
        assert words in picture
    assert "disconnected" in picture
    assert "cut" in picture


def test_the_picture_says_why_the_reading_has_stopped() -> None:
    display = Display("", Disk(None))
    assert "The disk is full. Reading has stopped." in shown(
        display, progress(trouble="The disk is full.")
    )


def test_the_disk_lasts_as_long_as_its_room_and_rate_say() -> None:
    assert Space(used_bytes=1, free_bytes=1_000, bytes_per_second=10.0).seconds_left == 100.0
    assert Space(used_bytes=1, free_bytes=1_000, bytes_per_second=0.0).seconds_left is None
    spans = {0.5: "a moment", 90: "90 seconds", 600: "10 minutes", 1e5: "28 hours", 1e6: "12 days"}
    assert {seconds: lasting(seconds) for seconds in spans} == spans


def test_a_line_of_the_log_is_one_line_whatever_a_server_says() -> None:
    record = logging.makeLogRecord(
        {
            "msg": "trunkline.disconnected",
            "levelno": logging.WARNING,
            "levelname": "WARNING",
            "trunkline_words": "a\nb \x1b[31m",
            "trunkline_streams": (Stream.public(), Stream.hashtag("ä")),
            "trunkline_missing": frozenset({"update", "delete"}),
            "trunkline_retry_in_seconds": 1.23456,
        }
    )
    plain = plain_words(record)
    assert "\n" not in plain
    assert "\x1b" not in plain
    assert "warning: disconnected" in plain
    assert "streams=public,hashtag:ä missing=delete,update retry_in_seconds=1.235" in plain
    told = json.loads(json_words(record))
    assert told["words"] == "a\nb \x1b[31m"
    assert told["missing"] == ["delete", "update"]


def test_it_writes_into_a_pipe(server: RunningServer) -> None:
    arguments = ("record", "public", "--server", server.url, "--to", "-", "--count", "1")
    with program(*arguments, token=server.token) as process:
        server.wait_for_subscribers(1)
        status = server.post()
        assert json.loads(next_line(process))["payload"]["id"] == status["id"]
        assert process.wait(SECONDS) == 0


def test_a_reader_who_leaves_ends_it_well(server: RunningServer) -> None:
    arguments = ("record", "public", "--server", server.url, "--to", "-")
    with program(*arguments, token=server.token) as process:
        server.wait_for_subscribers(1)
        assert process.stdout is not None
        process.stdout.close()
        server.post()
        assert process.wait(SECONDS) == 0


def test_a_person_at_a_terminal_sees_a_picture(server: RunningServer, tmp_path: Path) -> None:
    path = tmp_path / "toots.db"
    reading, writing = os.openpty()
    arguments = ("record", "public", "--server", server.url, "--to", str(path), "--count", "1")
    with (
        os.fdopen(reading, "rb", buffering=0) as screen,
        program(*arguments, token=server.token, stdout=writing) as process,
    ):
        os.close(writing)
        assert until(lambda: cursors(path) == 1)
        server.post()
        seen = b""
        with suppress(OSError):  # the other end of a terminal that is gone
            while piece := screen.read(65_536):
                seen += piece
        assert process.wait(SECONDS) == 0
    assert b"1 stream of 1 server into" in seen
    assert b"stored 1 " in seen
    assert b"connected" in seen
