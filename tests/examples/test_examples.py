"""Every example does what it says, run as a program against the embedded server."""

from __future__ import annotations

import re
import socket
import subprocess
import sys
from pathlib import Path
from urllib.request import urlopen

import pytest
from tests.examples.program import EXAMPLES, Program

from trunkline.testing import RunningServer

QUIET_END = (0, "")
LONGER = ("own_sink", "own_cursors")
"""What implements an interface, method by method, takes two glances."""


def news(program: Program, count: int, *, in_hand: str) -> list[str]:
    """Return the next lines but for what may come again: the last one of the run before.

    A line is printed before the program asks for the next event; one that is stopped in between has
    not finished it.
    """
    lines = program.lines(count)
    if in_hand in lines:
        lines.remove(in_hand)
        lines += program.lines(1)
    return lines


def test_every_example_has_a_test() -> None:
    files = Path(__file__).parent.glob("test_*.py")
    tests = "".join(file.read_text(encoding="utf-8") for file in files)
    untested = [path.name for path in EXAMPLES.glob("*.py") if f'"{path.stem}' not in tests]
    assert untested == []


def test_every_example_is_named_in_the_documentation() -> None:
    pages = (EXAMPLES.parent / "docs").rglob("*.md")
    words = "".join(page.read_text(encoding="utf-8") for page in pages)
    named = set(re.findall(r"(\w+\.py)[`\"]", words))
    assert {path.name for path in EXAMPLES.glob("*.py")} - named == set()


def test_every_example_can_be_read_at_a_glance() -> None:
    lengths = {path.stem: len(path.read_text().splitlines()) for path in EXAMPLES.glob("*.py")}
    long = [stem for stem, lines in lengths.items() if lines > (85 if stem in LONGER else 45)]
    assert long == []


@pytest.mark.parametrize("name", ["timeline", "timeline_sync"])
def test_the_timelines_print_posts_edits_and_deletions(name: str, server: RunningServer) -> None:
    with Program(name, server=server) as program:
        server.wait_for_subscribers(1)
        status_id = str(server.post("<p>Hello</p>")["id"])
        server.edit(status_id, content="<p>Hello again</p>")
        server.delete(status_id)
        assert program.lines(3) == [
            "alice: Hello",
            "alice (edited): Hello again",
            f"deleted: {status_id}",
        ]
        assert program.interrupt() == QUIET_END


def test_the_listener_hears_everything_and_stops_when_told(server: RunningServer) -> None:
    with Program("listener", server=server) as program:
        server.wait_for_subscribers(1)
        status_id = str(server.post()["id"])
        server.delete(status_id)
        server.message("<p>please stop</p>")
        heard = program.lines(5)
        assert heard[:2] == ["post by alice", f"deleted: {status_id}"]
        assert sorted(heard[2:]) == ["mention by bob@remote.example", "post by bob@remote.example"]
        assert program.end() == QUIET_END


def test_the_notifications_are_followed_and_mentions_counted(server: RunningServer) -> None:
    with Program("notifications", server=server) as program:
        server.wait_for_subscribers(1)
        server.notify("mention")
        server.notify("favourite")
        server.notify("mention")
        told = [line.split(":")[0] for line in program.lines(3)]
        assert told == [
            "mention by bob@remote.example (1)",
            "favourite by bob@remote.example (1)",
            "mention by bob@remote.example (2)",
        ]
        assert program.interrupt() == QUIET_END


def test_the_tags_come_on_one_connection(server: RunningServer) -> None:
    with Program("tags", "python", "rust", server=server) as program:
        server.wait_for_subscribers(2)
        assert len(server.server.hub.connections) == 1
        server.post("<p>import</p>", tags=["python"])
        server.post("<p>use</p>", tags=["rust"])
        assert program.lines(2) == ["#python  alice: import", "#rust  alice: use"]
        assert program.interrupt() == QUIET_END


def test_the_bot_goes_on_where_it_was_stopped(server: RunningServer, tmp_path: Path) -> None:
    goes_on("survive_restarts", str(tmp_path / "bot.cursors"), server)


def test_a_store_of_ones_own_goes_on_where_it_was(server: RunningServer, tmp_path: Path) -> None:
    goes_on("own_cursors", str(tmp_path / "bot.json"), server)


def goes_on(example: str, cursors: str, server: RunningServer) -> None:
    """Stop an example, publish, start it again, and check that it tells what came meanwhile."""
    with Program(example, cursors, server=server) as program:
        server.wait_for_subscribers(1)
        server.post("<p>first</p>")
        assert program.lines(1) == ["[live] alice: first"]
        assert program.interrupt() == QUIET_END
    server.post("<p>second</p>")
    server.post("<p>third</p>")
    with Program(example, cursors, server=server) as program:
        told = news(program, 2, in_hand="[catch-up] alice: first")
        assert told == ["[catch-up] alice: second", "[catch-up] alice: third"]
        assert program.interrupt() == QUIET_END


def size_of(cursors: str) -> int:
    """Return how many bytes are stored; the file itself is locked while a program runs."""
    path = Path(cursors)
    return sum(one.stat().st_size for one in path.parent.glob(f"{path.name}*"))


def test_the_bot_goes_on_where_it_was_killed(server: RunningServer, tmp_path: Path) -> None:
    cursors = str(tmp_path / "bot.cursors")
    with Program("survive_restarts", cursors, server=server) as program:
        server.wait_for_subscribers(1)
        told: list[str] = []
        begun_bytes = size_of(cursors)
        # What is finished is saved once a second. At full speed more might come in that time than
        # is caught up, so it is looked after each post.
        while size_of(cursors) == begun_bytes:
            server.post(f"<p>{len(told)}</p>")
            told += program.lines(1)
        for number in range(len(told), len(told) + 3):
            server.post(f"<p>{number}</p>")
        told += program.lines(3)
        program.kill()
    server.until(lambda: not server.server.hub.count())
    server.post("<p>missed</p>")
    with Program("survive_restarts", cursors, server=server) as program:
        repeated: list[str] = []
        while (line := program.lines(1)[0]) != "[catch-up] alice: missed":
            repeated.append(line)
        again = [line.replace("live", "catch-up") for line in told[-len(repeated) :]]
        assert repeated == again
        assert 0 < len(repeated) < len(told)
        assert program.interrupt() == QUIET_END


def test_the_bot_misses_nothing_if_it_is_killed_at_its_first_event(
    server: RunningServer, tmp_path: Path
) -> None:
    cursors = str(tmp_path / "bot.cursors")
    with Program("survive_restarts", cursors, server=server) as program:
        server.wait_for_subscribers(1)
        server.post("<p>first</p>")
        assert program.lines(1) == ["[live] alice: first"]
        program.kill()
    server.until(lambda: not server.server.hub.count())
    server.post("<p>second</p>")
    with Program("survive_restarts", cursors, server=server) as program:
        assert program.lines(2) == ["[catch-up] alice: first", "[catch-up] alice: second"]
        assert program.interrupt() == QUIET_END


def test_the_archive_takes_away_what_was_deleted(server: RunningServer, tmp_path: Path) -> None:
    folder = tmp_path / "archive"
    with Program("archive", "python", str(folder), server=server) as program:
        server.wait_for_subscribers(1)
        ids = [str(server.post(f"<p>{number}</p>", tags=["python"])["id"]) for number in range(3)]
        server.delete(ids[0])
        told = [f"kept {status_id}" for status_id in ids] + [f"removed {ids[0]}"]
        assert program.lines(4) == told
        assert program.interrupt() == QUIET_END
    server.delete(ids[1])
    server.edit(ids[2], content="<p>edited</p>")
    with Program("archive", "python", str(folder), server=server) as program:
        told = news(program, 2, in_hand=f"removed {ids[0]}")
        assert sorted(told) == [f"kept {ids[2]}", f"removed {ids[1]}"]
        assert [path.stem for path in folder.glob("*.json")] == [ids[2]]
        assert b"edited" in (folder / f"{ids[2]}.json").read_bytes()
        assert program.interrupt() == QUIET_END


def test_the_gaps_are_told(server: RunningServer) -> None:
    with Program("gaps", server=server) as program:
        assert program.lines(1) == ["connected by sse"]
        server.wait_for_subscribers(1)
        server.cut_connections()
        assert program.lines(1)[0].startswith("disconnected (cut), next try in ")
        server.post()
        assert program.lines(2) == ["connected by sse", "gap closed, 1 events fetched"]
        assert program.interrupt() == QUIET_END


def test_the_bytes_are_forwarded_untouched(server: RunningServer) -> None:
    with Program("forward_bytes", server=server) as program:
        server.wait_for_subscribers(1)
        post = server.post("<p>Hello</p>", of_a_fork={"is": "kept"})
        name, payload = program.lines(1)[0].split("\t")
        assert name == "update"
        assert payload.startswith(f'{{"id":"{post["id"]}"')
        assert '"of_a_fork":{"is":"kept"}' in payload
        assert program.interrupt() == QUIET_END


def test_the_counts_are_shown_to_prometheus(server: RunningServer) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with Program("metrics", str(port), server=server) as program:
        server.wait_for_subscribers(1)
        for number in range(2):
            server.post(f"<p>{number}</p>")
        assert program.lines(2) == ["alice: 0", "alice: 1"]
        with urlopen(f"http://127.0.0.1:{port}/metrics") as answer:
            page = answer.read().decode()
        assert 'trunkline_events_total{stream="public",type="update"} 2.0' in page
        assert program.interrupt() == QUIET_END


def test_one_connection_is_shared(server: RunningServer) -> None:
    with Program("relay", server=server) as program:
        server.wait_for_subscribers(1)
        assert program.lines(1)[0].endswith("has two clients")
        status_id = str(server.post("<p>Hello</p>")["id"])
        server.delete(status_id)
        assert sorted(program.lines(2)) == ["alice: Hello", f"deleted: {status_id}"]
        assert server.server.hub.subscribers == 1
        assert program.interrupt() == QUIET_END


def test_the_example_of_a_test_passes_as_a_test() -> None:
    command = [sys.executable, "-m", "pytest", "-q", str(EXAMPLES / "test_a_bot.py")]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=50, check=False)
    assert ran.returncode == 0, ran.stdout + ran.stderr
