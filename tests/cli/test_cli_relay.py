"""`trunkline relay`: one subscription to a server, many clients here."""

from __future__ import annotations

import json
import re
import select
import signal
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.cli.programs import end, next_line, program, run_program

from trunkline.cli.main import main
from trunkline.testing import RunningServer, running_server


@pytest.fixture
def upstream() -> Iterator[RunningServer]:
    with running_server() as server:
        yield server


def relayed(process: subprocess.Popen[bytes]) -> tuple[str, str]:
    """Return the address of a relay and how it tells of its tokens."""
    found = re.match(r"Relaying .+ at (\S+) with (.+), until Ctrl-C", next_line(process).decode())
    assert found is not None
    url, key = found.groups()
    return url, key


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 0)])
def test_what_it_prints_is_all_that_is_needed_to_use_it(
    number: signal.Signals, code: int, upstream: RunningServer
) -> None:
    arguments = ("relay", "public", "--server", upstream.url, "--port", "0")
    with program(*arguments, token=upstream.token) as relaying:
        url, key = relayed(relaying)
        token = key.removeprefix("the token ")
        upstream.wait_for_subscribers(1)
        with program("watch", "public", "--server", url, "--json", token=token) as watching:
            line = b""
            while not line:  # the watcher may come a moment after the first posts
                upstream.post("<p>Hello</p>")
                line = _line_soon(watching)
        assert json.loads(line)["server"] == url
        assert upstream.server.hub.subscribers == 1
        assert end(relaying, number) == (code, b"")


def _line_soon(process: subprocess.Popen[bytes]) -> bytes:
    assert process.stdout is not None
    ready, _, _ = select.select([process.stdout], [], [], 0.2)
    return process.stdout.readline() if ready else b""


def test_its_clients_have_the_tokens_of_a_file_and_it_shows_none(
    upstream: RunningServer, tmp_path: Path
) -> None:
    tokens = tmp_path / "tokens.txt"
    tokens.write_text("first-token\n\nsecond-token\n", encoding="utf-8-sig")
    arguments = ("--server", upstream.url, "--port", "0", "--tokens", str(tokens))
    with program("relay", "public", *arguments, token=upstream.token) as relaying:
        url, key = relayed(relaying)
        assert key == "a token of your file"
        refused = run_program("watch", "public", "--server", url, token=upstream.token)
        assert refused.returncode == 2
        assert b"nvalid" in refused.stderr
        checked = run_program("check", "public", "--server", url, token="second-token")
        assert checked.returncode == 0, checked.stdout
        relaying.terminate()
        assert relaying.stdout is not None
        assert b"first-token" not in relaying.stdout.read()


def test_a_refusal_is_one_line_and_the_exit_code_2(upstream: RunningServer) -> None:
    done = run_program("relay", "public", "--server", upstream.url, "--port", "0", token="wrong")
    assert done.returncode == 2
    assert done.stderr.count(b"\n") == 1
    assert b"wrong" not in done.stderr


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["nonsense"], "nonsense"),
        (["hashtag"], "tag"),
        ([], "STREAM"),
        (["public", "--tokens", "missing.txt"], "missing.txt"),
        (["public", "--tokens", "empty.txt"], "none"),
        (["public", "--tokens", "wrong.txt"], "one word"),
        (["public", "--port", "70000"], "--port"),
        (["public", "--keep", "0"], "--keep"),
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
    Path("empty.txt").write_text("\n\n")
    Path("wrong.txt").write_text("two words\n")
    assert main(["relay", "--server", "https://trunkline.example", *arguments]) == 2
    captured = capfd.readouterr()
    assert captured.err.count("\n") == 1
    assert expected in captured.err
    assert "two words" not in captured.err


def test_a_port_in_use_is_told(capfd: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        server = ["--server", "https://trunkline.example"]
        assert main(["relay", "public", *server, "--port", str(port)]) == 2
    assert f"{port} cannot be used" in capfd.readouterr().err
