"""Runs the command line as its users do: as a program, in pipes, with signals of the system."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import IO

SECONDS = 30
COMMAND = (
    sys.executable,
    "-c",
    "import sys; from trunkline.cli.starting import main; sys.exit(main())",
)


def environment(token: str | None) -> dict[str, str]:
    """Return the environment of a program, with a token or surely without one."""
    inherited = {name: value for name, value in os.environ.items() if name[:9] != "MASTODON_"}
    return inherited | ({"MASTODON_ACCESS_TOKEN": token} if token else {})


def run_program(*arguments: str, token: str | None = None) -> subprocess.CompletedProcess[bytes]:
    """Run `trunkline` to its end."""
    return subprocess.run(
        [*COMMAND, *arguments],
        env=environment(token),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=SECONDS,
        check=False,
    )


@contextmanager
def program(
    *arguments: str,
    token: str | None = None,
    stdout: int | IO[bytes] = subprocess.PIPE,
    more: Mapping[str, str] | None = None,
) -> Iterator[subprocess.Popen[bytes]]:
    """Run `trunkline` beside the test, and leave nothing running."""
    with subprocess.Popen(
        [*COMMAND, *arguments],
        env=environment(token) | dict(more or {}),
        stdin=subprocess.DEVNULL,
        stdout=stdout,
        stderr=subprocess.PIPE,
    ) as process:
        try:
            yield process
        finally:
            if process.poll() is None:
                process.kill()


def end(process: subprocess.Popen[bytes], number: signal.Signals) -> tuple[int, bytes]:
    """Send a signal to a program; return its exit code and what it wrote on standard error."""
    process.send_signal(number)
    code = process.wait(SECONDS)
    errors = process.stderr.read() if process.stderr is not None else b""
    return code, errors


def next_line(process: subprocess.Popen[bytes]) -> bytes:
    """Return the next line of a program's output."""
    assert process.stdout is not None
    return process.stdout.readline()
