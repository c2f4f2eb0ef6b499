"""`trunkline serve`: an address, a token, and a server with life on it."""

from __future__ import annotations

import json
import re
import signal
import socket
import subprocess

import pytest
from tests.cli.programs import end, next_line, program, run_program

from trunkline.cli.main import main


def welcomed(process: subprocess.Popen[bytes]) -> tuple[str, str, str]:
    """Return the kind of server, its address and its token, from the first line."""
    found = re.match(r"Serving (\S+) at (\S+) with the token (\S+),", next_line(process).decode())
    assert found is not None
    kind, url, token = found.groups()
    return kind, url, token


def test_what_it_prints_is_all_that_is_needed_to_watch_it() -> None:
    with program("serve", "--port", "0", "--rate", "50") as serving:
        kind, url, token = welcomed(serving)
        assert kind == "mastodon"
        watched = run_program(
            "watch", "public", "--server", url, "--json", "--count", "2", token=token
        )
        assert watched.returncode == 0
        assert {json.loads(line)["server"] for line in watched.stdout.splitlines()} == {url}
        examples = [next_line(serving).decode() for _ in range(6)]
        assert any(f"trunkline watch user --json --server {url}" in line for line in examples)


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 0)])
def test_it_ends_quietly(number: signal.Signals, code: int) -> None:
    with program("serve", "--port", "0") as serving:
        welcomed(serving)
        assert end(serving, number) == (code, b"")


def test_it_can_be_silent_and_of_another_kind() -> None:
    with program("serve", "--port", "0", "--rate", "0", "--flavour", "gotosocial") as serving:
        kind, url, token = welcomed(serving)
        assert kind == "gotosocial"
        checked = run_program("check", "public", "--server", url, token=token)
        assert b"taken for gotosocial" in checked.stdout


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--flavour", "nonsense"], "nonsense"),
        (["--rate", "-1"], "Expected a --rate from 0, for silence, up to 10000"),
        (["--rate", "nan"], "--rate from 0"),
        (["--port", "70000"], "--port"),
        (["--heartbeat-seconds", "0"], "--heartbeat-seconds"),
    ],
)
def test_bad_input_is_one_line_and_the_exit_code_2(
    arguments: list[str], told: str, capfd: pytest.CaptureFixture[str]
) -> None:
    assert main(["serve", *arguments]) == 2
    captured = capfd.readouterr()
    assert captured.err.count("\n") == 1
    assert told in captured.err


def test_a_port_in_use_is_told(capfd: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert main(["serve", "--port", str(port)]) == 2
    assert f"{port} cannot be used" in capfd.readouterr().err
