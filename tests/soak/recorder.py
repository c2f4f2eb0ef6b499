"""`trunkline record` as a program beside the soak, watched from outside."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from signal import SIGTERM
from typing import Final

from tests.cli.programs import COMMAND, environment
from tests.support.processes import Probe, probe

__all__ = ["Broken", "Recorder", "recorder"]

_END_SECONDS: Final = 60.0
_LOOK_SECONDS: Final = 0.1
_WORDS: Final = 2_000


class Broken(Exception):
    """The recorder ended by itself, or does not get on; with the end of what it said."""


class Recorder:
    """A recorder that runs, and the file that it writes its log into."""

    def __init__(self, process: subprocess.Popen[bytes], log: Path) -> None:
        self._process = process
        self._log = log

    def probe(self) -> Probe:
        """Look at its memory and its processor time."""
        return probe(self._process.pid)

    def probes(self, shares: Sequence[float], *, seconds: float) -> Iterator[Probe]:
        """Look at it when these shares of the time that begins now have gone by.

        Raises:
            Broken: It has ended.
        """
        began_at = time.monotonic()
        for share in shares:
            self._live_until(began_at + share * seconds)
            yield self.probe()

    def until(self, holds: Callable[[], bool], *, seconds: float) -> bool:
        """Tell whether something comes about in time.

        Raises:
            Broken: It has ended.
        """
        deadline = time.monotonic() + seconds
        while not holds():
            if time.monotonic() > deadline:
                return False
            self._live_until(time.monotonic() + _LOOK_SECONDS)
        return True

    def end(self) -> None:
        """Ask it to end, as a service manager does.

        Raises:
            Broken: It did not end well.
        """
        self._process.send_signal(SIGTERM)
        if self._process.wait(_END_SECONDS):
            raise self._broken()

    def _live_until(self, deadline: float) -> None:
        try:
            self._process.wait(max(deadline - time.monotonic(), 0))
        except subprocess.TimeoutExpired:
            return
        raise self._broken()

    def _broken(self) -> Broken:
        words = self._log.read_text(errors="replace")[-_WORDS:]
        return Broken(f"the recorder ended with {self._process.returncode}: {words}")


@contextmanager
def recorder(config: Path) -> Iterator[Recorder]:
    """Run `trunkline record` with a configuration, and leave nothing running."""
    log = config.with_suffix(".log")
    with (
        log.open("wb") as errors,
        subprocess.Popen(
            [*COMMAND, "record", "--config", str(config)],
            env=environment(None),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=errors,
        ) as process,
    ):
        try:
            yield Recorder(process, log)
        finally:
            if process.poll() is None:
                process.kill()
