"""`trunkline replay` and `trunkline convert`: what was recorded, once more."""

from __future__ import annotations

import json
import re
import signal
import socket
import sqlite3
import sys
from contextlib import closing, suppress
from pathlib import Path

import pytest
from tests.cli.programs import end, next_line, program, run_program
from tests.sinks.builders import NOON, PUBLIC, SERVER, gap, post, update
from tests.sinks.recordings import one_of_everything, record_into, told, told_in

from trunkline.cli.convert import Progress
from trunkline.cli.lines import json_line
from trunkline.cli.main import main
from trunkline.events import AnyEvent, Update
from trunkline.server.publication import encode_payload
from trunkline.sinks import open_sink
from trunkline.sinks.converting import Converted
from trunkline.sinks.reading import read_recording


def recorded(path: Path) -> tuple[str, list[AnyEvent]]:
    events = one_of_everything()
    return record_into(path, events), events


@pytest.mark.parametrize("name", ["toots.db", "toots.jsonl", "toots.parquet"])
def test_it_prints_the_lines_that_watch_printed(
    name: str, tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    recording, events = recorded(tmp_path / name)
    assert main(["replay", recording, "--fast"]) == 0
    assert capfdbinary.readouterr().out == b"".join(map(json_line, events))


def test_what_it_prints_is_a_recording_again(
    tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    recording, events = recorded(tmp_path / "toots.db")
    assert main(["replay", recording, "--fast"]) == 0
    copy = tmp_path / "copy.jsonl"
    copy.write_bytes(capfdbinary.readouterr().out)
    assert told_in(f"jsonl:{copy}") == told(events)


def test_gaps_are_told_when_asked_for(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    recording = record_into(tmp_path / "toots.db", [update()], gaps=[gap()])
    assert main(["replay", recording, "--fast"]) == 0
    assert '"signal"' not in capfd.readouterr().out
    assert main(["replay", recording, "--fast", "--signals"]) == 0
    lines = [json.loads(line) for line in capfd.readouterr().out.splitlines()]
    assert [line["signal"] for line in lines if "signal" in line] == ["gap"]


def test_a_loop_ends_with_its_reader(tmp_path: Path) -> None:
    recording, events = recorded(tmp_path / "toots.db")
    with program("replay", recording, "--fast", "--loop") as looping:
        lines = [next_line(looping) for _ in range(3 * len(events))]
        assert looping.stdout is not None
        looping.stdout.close()
        assert looping.wait(10) == 0
    assert lines == list(map(json_line, events)) * 3


def test_the_pauses_are_there(tmp_path: Path) -> None:
    """The second event is an hour later: at its own speed nobody sees it in a test."""
    events = one_of_everything()[:2]
    recording = record_into(tmp_path / "toots.db", events)
    with program("replay", recording, "--speed", "0.0001") as replaying:
        assert next_line(replaying) == json_line(events[0])
        assert end(replaying, signal.SIGINT) == (130, b"")
    sped_up = run_program("replay", recording, "--speed", "100")
    assert sped_up.stdout == b"".join(map(json_line, events))


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 0)])
def test_it_serves_a_recording_to_whoever_follows_it(
    number: signal.Signals, code: int, tmp_path: Path
) -> None:
    recording, events = recorded(tmp_path / "toots.db")
    with program(
        "replay", recording, "--serve", "--port", "0", "--fast", "--wait-for", "1"
    ) as serving:
        found = re.search(r" at (\S+) with the token (\S+),", next_line(serving).decode())
        assert found is not None
        url, token = found.groups()
        on_public = [event for event in events if str(event.stream) == "public"]
        count = str(len(on_public))
        watched = run_program(
            "watch", "public", "--server", url, "--json", "--count", count, token=token
        )
        lines = [json.loads(line) for line in watched.stdout.splitlines()]
        assert [line.get("name", line["event"]) for line in lines] == [
            event.name for event in on_public
        ]
        assert end(serving, number) == (code, b"")


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["carrier-pigeon:loft"], "carrier-pigeon"),
        (["sqlite:missing.db"], "no such file"),
        (["missing"], "missing"),
        (["jsonl:missing/", "--serve"], "JSON lines"),
        (["jsonl:nothing"], "JSON lines"),
        (["jsonl:words.txt"], "line of a recording"),
        (["jsonl:columns"], "it holds parquet"),
        (["jsonl:other"], "ledger of a recording"),
        (["empty.db", "--serve"], "there are none"),
        (["toots.db", "--speed", "0"], "speed above 0"),
        (["toots.db", "--speed", "2", "--fast"], "got both"),
        (["toots.db", "--port", "4000"], "--serve"),
        (["toots.db", "--serve", "--port", "70000"], "--port"),
        ([], "RECORDING"),
    ],
)
def test_bad_input_is_one_line_and_the_exit_code_2(
    arguments: list[str],
    expected: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    record_into(Path("toots.db"), [update()])
    record_into(Path("empty.db"), [])
    Path("nothing").mkdir()
    Path("words.txt").write_text("no recording at all")
    open_sink("parquet:columns").close()
    Path("other").mkdir()
    Path("other", "_trunkline.db").touch()
    assert main(["replay", *arguments]) == 2
    captured = capfd.readouterr()
    assert captured.out == ""
    assert captured.err.count("\n") == 1
    assert expected in captured.err


def test_a_port_in_use_is_told(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    recording, _ = recorded(tmp_path / "toots.db")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert main(["replay", recording, "--serve", "--port", str(port)]) == 2
    assert f"{port} cannot be used" in capfd.readouterr().err


def test_a_recording_is_converted_once(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    recording, events = recorded(tmp_path / "toots.jsonl")
    target = f"sqlite:{tmp_path / 'toots.db'}"
    assert main(["convert", recording, target]) == 0
    assert capfd.readouterr() == (f"{len(events)} events from {recording} to {target}\n", "")
    assert main(["convert", recording, target]) == 0
    assert capfd.readouterr().out.startswith("0 events")
    assert told(read_recording(target)) == told(events)


def test_a_conversion_that_is_killed_goes_on_where_it_was(tmp_path: Path) -> None:
    first = post()
    events: list[AnyEvent] = [
        Update(PUBLIC, SERVER, NOON, encode_payload(first | {"id": str(number)}))
        for number in range(6_000)
    ]
    recording = record_into(tmp_path / "toots.jsonl", events)
    target = tmp_path / "toots.db"
    with program("convert", recording, f"sqlite:{target}") as converting:
        while not _events_in(target):
            assert converting.poll() is None
        converting.kill()
        converting.wait()
    assert 0 < _events_in(target) < len(events)
    done = run_program("convert", recording, f"sqlite:{target}")
    assert b"going on where an earlier run ended" in done.stdout
    assert told_in(f"sqlite:{target}") == told(events)


def _events_in(path: Path) -> int:
    """Return how many events are stored; none as long as there is no file or no table."""
    with (
        suppress(sqlite3.Error),
        closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)) as it,
    ):
        (count,) = it.execute("SELECT count(*) FROM events").fetchone()
        return int(count)
    return 0


def test_somebody_at_a_terminal_sees_how_far_it_is(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    progress = Progress()
    progress.tell(Converted(events=1_000, gaps=1))
    progress.tell(Converted(events=2_000, gaps=1))  # too soon to be read
    progress.end()
    shown = capsys.readouterr().err
    assert shown.startswith("\r1,000 events and 1 gap, ")
    assert "2,000" not in shown
    assert shown.endswith("\r\x1b[K")


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["toots.db", "carrier-pigeon:loft"], "carrier-pigeon"),
        (["carrier-pigeon:loft", "copy.db"], "carrier-pigeon"),
        (["missing.db", "copy.db"], "no such file"),
        (["toots.db", "toots.db"], "another place"),
        (["toots.db", "missing/copy.db"], "missing"),
        (["toots.db"], "TO"),
    ],
)
def test_what_cannot_be_converted_is_one_line_and_the_exit_code_2(
    arguments: list[str],
    expected: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    record_into(Path("toots.db"), [update(post("1"))])
    assert main(["convert", *arguments]) == 2
    captured = capfd.readouterr()
    assert captured.err.count("\n") == 1
    assert expected in captured.err
