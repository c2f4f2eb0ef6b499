"""`trunkline watch`: lines for people and programs, and what was printed is what was finished."""

from __future__ import annotations

import json
import os
import pty
import signal
import subprocess
import termios
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from tests.cli.programs import COMMAND, SECONDS, end, environment, next_line, program

from trunkline.cli.main import main
from trunkline.testing import RunningServer, running_server

SECRET = "s3cr3t-t0ken-of-a-test"


@pytest.fixture(autouse=True)
def _no_token_of_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MASTODON_ACCESS_TOKEN", raising=False)


def posts(server: RunningServer, texts: Sequence[str], *, tags: Sequence[str] = ()) -> list[str]:
    return [str(server.post(f"<p>{text}</p>", tags=tags)["id"]) for text in texts]


def payload_ids(lines: Sequence[bytes]) -> list[str]:
    return [json.loads(line)["payload"]["id"] for line in lines]


def next_signal(process: subprocess.Popen[bytes]) -> str:
    """Return the next signal that is no heartbeat."""
    while True:
        kind = str(json.loads(next_line(process))["signal"])
        if kind != "heartbeat":
            return kind


def test_json_lines_come_one_for_each_event_until_the_count(
    trunkline_server: RunningServer,
) -> None:
    server = trunkline_server
    with program(
        "watch", "public", "--json", "--count", "2", "--server", server.url, token=server.token
    ) as process:
        server.wait_for_subscribers(1, channel="public")
        ids = posts(server, ["one", "two", "three"])
        output, errors = process.communicate(timeout=SECONDS)
    lines = output.splitlines()
    assert payload_ids(lines) == ids[:2]
    assert json.loads(lines[0])["stream"] == "public"
    assert (process.returncode, errors) == (0, b"")


def test_each_line_is_there_as_soon_as_its_event_is(trunkline_server: RunningServer) -> None:
    server = trunkline_server
    with program("watch", "public", "--raw", "--server", server.url, token=server.token) as process:
        server.wait_for_subscribers(1, channel="public")
        for text in ("one", "two"):
            (status_id,) = posts(server, [text])
            assert next_line(process).startswith(b'update\tpublic\t{"id":"%b"' % status_id.encode())
        server.delete(status_id)
        assert next_line(process) == f"delete\tpublic\t{status_id}\n".encode()
        assert end(process, signal.SIGTERM) == (0, b"")


def test_for_people_an_event_is_a_line_of_words(trunkline_server: RunningServer) -> None:
    server = trunkline_server
    with program(
        "watch", "public", "hashtag:python", "--server", server.url, token=server.token
    ) as process:
        server.wait_for_subscribers(2)
        posts(server, ["good <b>morning</b>"], tags=["python"])
        lines = {next_line(process)[9:], next_line(process)[9:]}
    assert lines == {
        b"public alice (en) good morning\n",
        b"hashtag:python alice (en) good morning\n",
    }


def test_signals_come_among_the_events_when_asked_for(trunkline_server: RunningServer) -> None:
    server = trunkline_server
    with program(
        "watch", "public", "--json", "--signals", "--server", server.url, token=server.token
    ) as process:
        assert next_signal(process) == "connected"
        server.cut_connections()
        assert next_signal(process) == "disconnected"
        assert next_signal(process) == "connected"
        assert end(process, signal.SIGTERM) == (0, b"")


@pytest.mark.parametrize("transport", ["sse", "websocket", "polling"])
def test_every_transport_can_be_chosen(transport: str, trunkline_server: RunningServer) -> None:
    server = trunkline_server
    with program(
        *("watch", "public", "--json", "--signals", "--seconds", "20"),
        *("--transport", transport, "--server", server.url),
        token=server.token,
    ) as process:
        assert json.loads(next_line(process))["transport"] == transport
        end(process, signal.SIGTERM)


def test_after_its_seconds_it_ends_well(
    trunkline_server: RunningServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MASTODON_ACCESS_TOKEN", trunkline_server.token)
    assert main(["watch", "public", "--server", trunkline_server.url, "--seconds", "0.3"]) == 0


def test_a_reader_who_has_enough_ends_it_at_once_and_quietly(
    trunkline_server: RunningServer,
) -> None:
    server = trunkline_server
    with program(
        "watch", "public", "--json", "--server", server.url, token=server.token
    ) as process:
        server.wait_for_subscribers(1, channel="public")
        posts(server, ["one"])
        next_line(process)
        assert process.stdout is not None
        process.stdout.close()  # as `head -1` does; no further event comes
        assert process.wait(SECONDS) == 0
        assert process.stderr is not None
        assert process.stderr.read() == b""


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 0)], ids=["ctrl-c", "sigterm"]
)
@pytest.mark.parametrize("reads", [True, False], ids=["reader-reads", "reader-rests"])
def test_it_can_be_stopped_quietly_even_while_its_reader_rests(
    number: signal.Signals, code: int, *, reads: bool, trunkline_server: RunningServer
) -> None:
    server = trunkline_server
    with program(
        "watch", "public", "--json", "--server", server.url, token=server.token
    ) as process:
        server.wait_for_subscribers(1, channel="public")
        posts(server, ["x" * (100 if reads else 200_000)] * 2)
        assert process.stdout is not None
        assert process.stdout.read(1) == b"{"
        assert end(process, number) == (code, b"")


def test_what_was_printed_is_not_printed_again_and_what_came_meanwhile_is(
    trunkline_server: RunningServer, tmp_path: Path
) -> None:
    server = trunkline_server
    arguments = (
        *("watch", "public", "--json", "--server", server.url),
        *("--cursors", str(tmp_path / "cursors.db")),
    )
    with program(*arguments, token=server.token) as process:
        server.wait_for_subscribers(1, channel="public")
        first = posts(server, ["one", "two"])
        assert payload_ids([next_line(process), next_line(process)]) == first
        assert end(process, signal.SIGTERM) == (0, b"")
    missed = posts(server, ["three", "four"])
    with program(*arguments, "--count", "2", token=server.token) as process:
        output, errors = process.communicate(timeout=SECONDS)
    assert payload_ids(output.splitlines()) == missed
    assert {json.loads(line)["origin"] for line in output.splitlines()} == {"catch-up"}
    assert (process.returncode, errors) == (0, b"")


def test_an_event_whose_line_was_not_taken_is_not_finished(
    trunkline_server: RunningServer, tmp_path: Path
) -> None:
    server = trunkline_server
    arguments = (
        *("watch", "public", "--json", "--server", server.url),
        *("--cursors", str(tmp_path / "cursors.db")),
    )
    with program(*arguments, token=server.token) as process:
        server.wait_for_subscribers(1, channel="public")
        ids = posts(server, ["x" * 200_000])  # more than a pipe holds
        assert process.stdout is not None
        assert process.stdout.read(1) == b"{"
        assert end(process, signal.SIGTERM) == (0, b"")
    with program(*arguments, "--count", "1", token=server.token) as process:
        output, _ = process.communicate(timeout=SECONDS)
    assert payload_ids(output.splitlines()) == ids


def test_the_last_event_of_a_count_is_finished_too(
    trunkline_server: RunningServer, tmp_path: Path
) -> None:
    server, printed = trunkline_server, list[str]()
    arguments = (
        *("watch", "public", "--json", "--count", "1", "--server", server.url),
        *("--cursors", str(tmp_path / "cursors.db")),
    )
    for text in ("one", "two"):
        with program(*arguments, token=server.token) as process:
            server.wait_for_subscribers(1, channel="public")
            posts(server, [text])
            output, _ = process.communicate(timeout=SECONDS)
            printed += payload_ids(output.splitlines())
    assert len(printed) == len(set(printed)) == 2


BAD_INPUT = {
    "spaces in a stream": (["public local"], "words and colons"),
    "no tag": (["hashtag"], "needs a tag"),
    "an empty tag": (["hashtag:"], "needs a tag"),
    "no list": (["list"], "needs a list"),
    "a tag of two words": (["hashtag:two words"], "' '"),
    "an empty stream": ([""], "words and colons"),
    "no such stream": (["nonsense"], "does not know this stream"),
    "two formats": (["public", "--json", "--raw"], "--json or --raw"),
    "no such transport": (["public", "--transport", "pigeon"], "auto, sse, websocket, polling"),
    "a count of none": (["public", "--count", "0"], "--count"),
    "no such option": (["public", "--frobnicate"], "--frobnicate"),
    "a proxy of another kind": (["public", "--proxy", "socks5://x:1"], "of kind 'socks5'"),
    "a proxy that is none": (["public", "--proxy", "http://[::1"], "--proxy to be the address"),
    "a proxy without a port": (["public", "--proxy", "http://x:99999"], "go up to 65535"),
    "a proxy that has no name": (["public", "--proxy", "http://a..b"], "--proxy to be the address"),
    "a file that is no certificate": (["public", "--ca-file", os.devnull], "CA certificates"),
    "a streaming address that is none": (["public", "--streaming-url", "ftp://x"], "ftp://x"),
    "no file of a token": (["public", "--token-file", "/nowhere/token"], "/nowhere/token"),
    "a directory as the file of a token": (["public", "--token-file", "/"], "token at /"),
    "an empty file of a token": (["public", "--token-file", os.devnull], "one word"),
    "cursors where no file can be": (["public", "--cursors", "/nowhere/c.db"], "/nowhere/c.db"),
}


@pytest.mark.parametrize(("arguments", "told"), BAD_INPUT.values(), ids=list(BAD_INPUT))
def test_bad_input_is_one_line_and_the_exit_code_2(
    arguments: list[str],
    told: str,
    trunkline_server: RunningServer,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("MASTODON_ACCESS_TOKEN", trunkline_server.token)
    code = main(["watch", *arguments, "--server", trunkline_server.url])
    assert_one_line(code, capfd, told=told)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["watch", "public"], "--server"),
        (["watch", "--server", "mastodon.example"], "STREAM"),
        (["watch", "public", "--server", "ftp://x"], "ftp://x"),
        (["watch", "public", "--server", "a..b"], "got 'a..b'"),
        (["check", "--server", "a..b"], "got 'a..b'"),
        (["watch", "public", "--server", "https://user:pass@mastodon.example"], "address alone"),
        (["watch", "public", "--server", "http://127.0.0.1:1", "--seconds", "0.4"], "unreachable"),
        (["frobnicate"], "frobnicate"),
    ],
)
def test_a_server_that_cannot_be_meant_or_reached_is_one_line_too(
    arguments: list[str], told: str, capfd: pytest.CaptureFixture[str]
) -> None:
    assert_one_line(main(arguments), capfd, told=told)


def assert_one_line(code: int, capfd: pytest.CaptureFixture[str], *, told: str) -> None:
    captured = capfd.readouterr()
    assert code == 2
    assert captured.out == ""
    assert captured.err.startswith("trunkline: ")
    assert captured.err.count("\n") == 1
    assert told in captured.err
    assert "Traceback" not in captured.err


@pytest.mark.parametrize(
    ("token", "scopes", "told"),
    [
        (None, (), "--token-file FILE or MASTODON_ACCESS_TOKEN"),
        (SECRET, (), "does not accept the token"),
        (SECRET, ("read:lists",), "lacks a scope"),
        ("two words", (), "one word"),
    ],
    ids=["no token", "a bad token", "a missing scope", "a token that is none"],
)
@pytest.mark.parametrize("transport", ["sse", "websocket"])
def test_a_refused_token_is_one_line_that_never_shows_it(
    token: str | None,
    scopes: tuple[str, ...],
    told: str,
    transport: str,
    trunkline_server: RunningServer,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    server = trunkline_server
    if scopes:
        server.call(lambda: server.world.people.add_token(SECRET, scopes=scopes))
    if token:
        monkeypatch.setenv("MASTODON_ACCESS_TOKEN", token)
    code = main(["watch", "public", "--server", server.url, "--transport", transport])
    captured = capfd.readouterr()
    assert code == 2
    assert captured.err.count("\n") == 1
    assert told in captured.err
    assert SECRET not in captured.out + captured.err


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
def test_a_token_is_read_from_the_first_line_of_its_file_and_never_shown(
    encoding: str, trunkline_server: RunningServer, tmp_path: Path
) -> None:
    server, file = trunkline_server, tmp_path / "token"
    server.call(lambda: server.world.people.add_token(SECRET))
    file.write_text(f"{SECRET}\nand a remark\n", encoding=encoding)
    with program(
        *("watch", "user", "--json", "--signals", "--count", "1", "--server", server.url),
        *("--token-file", str(file)),
    ) as process:
        server.wait_for_subscribers(1)
        posts(server, ["one"])
        output, errors = process.communicate(timeout=SECONDS)
    assert process.returncode == 0
    assert SECRET.encode() not in output + errors


@contextmanager
def asked_for_a_token(server: RunningServer) -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    """Run a command at a terminal, whose descriptor comes with it, until it asks for a token."""
    ours, theirs = pty.openpty()
    arguments = ("watch", "public", "--raw", "--count", "1", "--server", server.url)
    with subprocess.Popen(
        [*COMMAND, *arguments],
        env=environment(None),
        stdin=theirs,
        stdout=subprocess.PIPE,
        stderr=theirs,
        start_new_session=True,
    ) as process:
        shown = b""
        while b"Access token:" not in shown:
            shown += os.read(ours, 1000)
        try:
            yield process, ours
        finally:
            process.kill()
    os.close(theirs)
    os.close(ours)


def test_somebody_at_a_terminal_is_asked_for_a_token_unseen(
    trunkline_server: RunningServer,
) -> None:
    server = trunkline_server
    server.call(lambda: server.world.people.add_token(SECRET))
    with asked_for_a_token(server) as (process, terminal):
        os.write(terminal, f"{SECRET}\n".encode())
        server.wait_for_subscribers(1)
        posts(server, ["one"])
        output, _ = process.communicate(timeout=SECONDS)
        shown = _rest(terminal)
    assert process.returncode == 0
    assert output.startswith(b"update\tpublic\t")
    assert SECRET.encode() not in shown


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 0)], ids=["ctrl-c", "sigterm"]
)
def test_it_can_be_stopped_while_it_asks_and_leaves_the_terminal_as_it_was(
    number: signal.Signals, code: int, trunkline_server: RunningServer
) -> None:
    with asked_for_a_token(trunkline_server) as (process, terminal):
        assert not _echoes(terminal)
        process.send_signal(number)
        assert process.wait(SECONDS) == code
        assert _echoes(terminal)
        assert b"Traceback" not in _rest(terminal)


def test_who_types_no_token_is_told_where_else_it_may_come_from(
    trunkline_server: RunningServer,
) -> None:
    with asked_for_a_token(trunkline_server) as (process, terminal):
        os.write(terminal, b"\x04")  # Ctrl-D
        assert process.wait(SECONDS) == 2
        assert b"--token-file FILE" in _rest(terminal)


def _rest(terminal: int) -> bytes:
    """Return what a terminal shows besides, by now."""
    os.set_blocking(terminal, False)
    with suppress(BlockingIOError):
        return os.read(terminal, 10_000)
    return b""


def _echoes(terminal: int) -> bool:
    return bool(termios.tcgetattr(terminal)[3] & termios.ECHO)


def test_a_server_that_does_not_answer_yet_is_told_once_and_tried_on() -> None:
    with program("watch", "public", "--json", "--server", "http://127.0.0.1:1") as process:
        assert process.stderr is not None
        assert b"cannot be reached" in process.stderr.readline()
        assert end(process, signal.SIGTERM) == (0, b"")


@pytest.mark.parametrize("flavour", ["gotosocial", "akkoma", "iceshrimp.net", "friendica"])
def test_other_kinds_of_server_are_watched_with_the_same_words(flavour: str) -> None:
    with running_server(flavour=flavour) as server:
        arguments = ("watch", "public", "--json", "--signals", "--server", server.url)
        with program(*arguments, token=server.token) as process:
            connected = json.loads(next_line(process))
            assert connected["transport"] == ("polling" if flavour == "friendica" else "websocket")
            if connected["transport"] == "websocket":
                server.wait_for_subscribers(1)
                (status_id,) = posts(server, ["one"])
                assert payload_ids([next_line(process)]) == [status_id]


@pytest.mark.parametrize("form", ["--json", "--no-catch-up"], ids=["json", "for people"])
def test_a_lone_surrogate_breaks_no_line(form: str, trunkline_server: RunningServer) -> None:
    server = trunkline_server
    with program("watch", "public", form, "--server", server.url, token=server.token) as process:
        server.wait_for_subscribers(1, channel="public")
        for status_id in ("1", "2"):
            payload = {"id": status_id, "content": f"<p>\ud83d {status_id}</p>"}
            server.publish("update", payload, channels=["public"])
        lines = [next_line(process), next_line(process)]
        assert end(process, signal.SIGTERM) == (0, b"")
    if form == "--json":
        assert [json.loads(line)["payload"]["id"] for line in lines] == ["1", "2"]
    else:
        assert [line.split()[-1] for line in lines] == [b"1", b"2"]
