"""The standard streams of a command: closed, full, or without a reader."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from tests.cli.programs import COMMAND, SECONDS, environment, program
from tests.sinks.recordings import one_of_everything, record_into

from trunkline.testing import RunningServer

NOBODY = ("--server", "http://127.0.0.1:1")
PRINTING = {
    "tables": ["report", "toots.db"],
    "numbers": ["report", "toots.db", "--json"],
    "convert": ["convert", "toots.db", "copy.db"],
    "replay": ["replay", "toots.db", "--fast"],
    "check": ["check", *NOBODY],
    "config": ["config", "check", "trunkline.toml"],
    "version": ["--version"],
    "help": ["--help"],
    "help of a command": ["record", "--help"],
    "nothing": [],
}
"""Command lines that print something and end."""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Make a directory with what `PRINTING` names, and work in it."""
    record_into(tmp_path / "toots.db", one_of_everything())
    server = '[[server]]\nurl = "https://mastodon.example"\nstreams = ["public"]\n'
    (tmp_path / "trunkline.toml").write_text(f'to = "sqlite:new.db"\n{server}')
    monkeypatch.chdir(tmp_path)
    return tmp_path


def redirected(
    redirection: str, *arguments: str, token: str | None = None, unbuffered: bool = False
) -> subprocess.CompletedProcess[bytes]:
    """Run `trunkline` with what a shell does to its standard streams."""
    return subprocess.run(
        ["sh", "-c", f'exec "$@" {redirection}', "sh", *COMMAND, *arguments],
        env=environment(token) | {"PYTHONUNBUFFERED": "1" if unbuffered else ""},
        capture_output=True,
        timeout=SECONDS,
        check=False,
    )


UNBUFFERED = ("help", "convert")
"""Of each way to print one: by the package of the command line, and by ourselves."""


@pytest.mark.parametrize("closed", ["0<&-", "2>&-", "0<&- 2>&-"])
def test_a_closed_stream_is_no_reason_to_fail(closed: str) -> None:
    watched = redirected(closed, "watch", "public", *NOBODY, "--seconds", "0.2")
    assert watched.returncode == 2
    assert (b"unreachable" in watched.stderr) == ("2>" not in closed)
    assert watched.stdout == b""


def test_a_closed_standard_output_is_told_whatever_else_is_closed() -> None:
    watched = redirected("0<&- >&-", "watch", "public", *NOBODY)
    assert watched.returncode == 2
    assert watched.stderr == b"trunkline: Expected an open standard output; it is closed.\n"


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize(
    ("arguments", "unbuffered"),
    [
        *((arguments, False) for arguments in PRINTING.values()),
        *((PRINTING[name], True) for name in UNBUFFERED),
    ],
    ids=[*PRINTING, *(f"{name} unbuffered" for name in UNBUFFERED)],
)
def test_a_full_standard_output_is_one_line_and_the_exit_code_2(
    arguments: list[str], *, unbuffered: bool
) -> None:
    done = redirected("> /dev/full", *arguments, unbuffered=unbuffered)
    assert done.returncode == 2
    assert done.stderr == (
        b"trunkline: Standard output cannot be written: No space left on device.\n"
    )


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize("arguments", PRINTING.values(), ids=list(PRINTING))
def test_a_reader_who_has_left_is_no_failure(arguments: list[str]) -> None:
    with program(*arguments) as printing:
        assert printing.stdout is not None
        printing.stdout.close()
        assert printing.wait(SECONDS) == 0
        assert printing.stderr is not None
        assert printing.stderr.read() == b""


def test_a_full_standard_error_does_not_change_the_exit_code() -> None:
    assert redirected("2> /dev/full", "frobnicate").returncode == 2


def test_a_recording_into_a_full_standard_output_ends_with_one_line(
    trunkline_server: RunningServer,
) -> None:
    server = trunkline_server
    record = ("record", "public", "--to", "-", "--log-json", "--server", server.url)
    with subprocess.Popen(
        ["sh", "-c", 'exec "$@" > /dev/full', "sh", *COMMAND, *record],
        env=environment(server.token),
        stderr=subprocess.PIPE,
    ) as recording:
        server.wait_for_subscribers(1, channel="public")
        server.post("<p>one</p>")
        _, errors = recording.communicate(timeout=SECONDS)
    assert recording.returncode == 2
    told = [line for line in errors.splitlines() if not line.startswith(b"{")]
    assert told == [b"trunkline: Standard output cannot be written: No space left on device."]
