"""The standard streams of a command: closed, full, or without a reader."""

from __future__ import annotations

import subprocess

import pytest
from tests.cli.programs import COMMAND, SECONDS, environment

NOBODY = ("--server", "http://127.0.0.1:1")


def redirected(redirection: str, *arguments: str) -> subprocess.CompletedProcess[bytes]:
    """Run `trunkline` with what a shell does to its standard streams."""
    return subprocess.run(
        ["sh", "-c", f'exec "$@" {redirection}', "sh", *COMMAND, *arguments],
        env=environment(None),
        capture_output=True,
        timeout=SECONDS,
        check=False,
    )


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
