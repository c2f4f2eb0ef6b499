"""How a command runs and ends: the event loop, signals of the system, exit codes.

Promises that Ctrl-C, SIGTERM and a reader who leaves end a command quietly and in order: what is
open is closed and cursors are saved. Knows nothing of what a command does.
"""

from __future__ import annotations

import asyncio
import re
import signal
import sys
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager, suppress
from types import FrameType
from typing import Final, NoReturn

from trunkline.cli.standard import forget

__all__ = [
    "BAD_INPUT",
    "FAILED",
    "INTERRUPTED",
    "OK",
    "Terminated",
    "complain",
    "one_line",
    "raising_terminated",
    "run",
]

OK: Final = 0
FAILED: Final = 1
"""The command did its work, and its answer is no."""
BAD_INPUT: Final = 2
"""The command could not do its work: what it was given or whom it asked does not allow it."""
INTERRUPTED: Final = 130
"""Ctrl-C: 128 and the number of SIGINT, as shells count."""

_NO_TEXT: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]+")


class Terminated(BaseException):  # as Ctrl-C is no error either
    """SIGTERM came while no event loop was there to hear it."""


@contextmanager
def raising_terminated() -> Iterator[None]:
    """Let SIGTERM raise `Terminated` while the block runs, as Ctrl-C raises `KeyboardInterrupt`."""
    before = signal.getsignal(signal.SIGTERM)
    with suppress(ValueError):  # threads of tests may not set any
        signal.signal(signal.SIGTERM, _terminate)
    try:
        yield
    finally:
        with suppress(ValueError):
            signal.signal(signal.SIGTERM, before)


def run(work: Callable[[], Coroutine[None, None, int]]) -> int:
    """Run `work` in an event loop of its own and return the exit code it gives.

    Ctrl-C gives `INTERRUPTED`. SIGTERM gives `OK`: the command was asked to stop and did. So does
    a reader who leaves, as ``head`` does: it had what it wanted.
    """
    try:
        with asyncio.Runner(loop_factory=_faster_loop()) as runner:
            return runner.run(_until_terminated(work))
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        forget(sys.stdout)
        return OK


def complain(message: str) -> None:
    """Say in one line on standard error what went wrong."""
    try:
        print(f"trunkline: {one_line(message)}", file=sys.stderr)  # noqa: T201  # the one place
    except OSError:  # nobody reads it; the exit code tells as well
        forget(sys.stderr)


def one_line(text: str) -> str:
    """Return `text` without anything that a terminal would take for more than text."""
    return _NO_TEXT.sub(" ", text).strip()


async def _until_terminated(work: Callable[[], Coroutine[None, None, int]]) -> int:
    """Do the work; SIGTERM cancels it, so that everything open is closed in order."""
    task, loop = asyncio.current_task(), asyncio.get_running_loop()
    told: list[int] = []

    def terminate() -> None:
        told.append(signal.SIGTERM)
        if task is not None:
            task.cancel()

    before = signal.getsignal(signal.SIGTERM)
    # Windows has no signal handlers in its loop, and threads of tests may not set any.
    with suppress(NotImplementedError, ValueError, RuntimeError):
        loop.add_signal_handler(signal.SIGTERM, terminate)
    try:
        return await work()
    except asyncio.CancelledError:
        if not told:
            raise
        return OK
    finally:
        with suppress(NotImplementedError, ValueError, RuntimeError):
            loop.remove_signal_handler(signal.SIGTERM)
            signal.signal(signal.SIGTERM, before)


def _terminate(_number: int, _frame: FrameType | None) -> NoReturn:
    raise Terminated


def _faster_loop() -> Callable[[], asyncio.AbstractEventLoop] | None:
    try:
        import uvloop
    except ImportError:
        return None
    return uvloop.new_event_loop
