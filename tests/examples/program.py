"""A program, run as its reader runs it: a process of its own, stopped by Ctrl-C."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from types import TracebackType
from typing import Self

from trunkline.testing import RunningServer

__all__ = ["EXAMPLES", "Program"]

EXAMPLES = Path(__file__).parents[2] / "examples"


class Program:
    """One run of a program against a server; it is gone when the block ends.

    Args:
        file: The program; a bare name is that of an example.
        *arguments: Its arguments.
        server: What it follows.
        folder: Where it runs.
    """

    def __init__(
        self, file: str | Path, *arguments: str, server: RunningServer, folder: Path | None = None
    ) -> None:
        path = EXAMPLES / f"{file}.py" if isinstance(file, str) else file
        self._command = [sys.executable, str(path), *arguments]
        self._folder = folder
        self._environment = {
            **os.environ,
            "MASTODON_SERVER": server.url,
            "MASTODON_ACCESS_TOKEN": server.token,
            "PYTHONWARNINGS": "error",
        }

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(
            self._command,
            env=self._environment,
            cwd=self._folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._process.kill()
        self._process.communicate()

    def lines(self, count: int) -> list[str]:
        """Return the next lines that it prints; fewer only if it ended."""
        assert self._process.stdout is not None
        return [
            line.rstrip("\n") for _ in range(count) if (line := self._process.stdout.readline())
        ]

    def interrupt(self, number: signal.Signals = signal.SIGINT) -> tuple[int, str]:
        """Press Ctrl-C, wait for the end, and return the exit code and what it complained of."""
        self._process.send_signal(number)
        return self.end()

    def end(self) -> tuple[int, str]:
        """Wait for the end, and return the exit code and what it complained of."""
        _, complaints = self._process.communicate(timeout=40)
        return self._process.returncode, complaints

    def kill(self) -> None:
        """End it as a power cut would."""
        self._process.kill()
        self._process.wait()
