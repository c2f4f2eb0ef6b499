"""A private event loop that is stepped in the caller's thread, only while the caller waits.

Ctrl-C stops it between two steps, never in the middle of one, so that whatever it was doing can go
on.
"""

from __future__ import annotations

import asyncio
import signal
import threading
from collections.abc import Callable, Coroutine, Generator
from contextlib import contextmanager, suppress
from types import FrameType
from typing import Any, TypeVar

from trunkline.errors import Misuse

__all__ = ["Stepper"]

T = TypeVar("T")


class Stepper:
    """A private event loop that runs only while somebody waits for something in it."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()

    @property
    def is_closed(self) -> bool:
        """Whether the loop was closed."""
        return self._loop.is_closed()

    def run(self, waiting: asyncio.Future[T]) -> T:
        """Step the loop until `waiting` is done, and return its result.

        Raises:
            Misuse: An event loop is already running in this thread.
            KeyboardInterrupt: Ctrl-C; `waiting` goes on at the next step.
        """
        loop = self._loop
        if not waiting.done():
            _refuse_running_loop()
            waiting.add_done_callback(self._stop)
            with _interruptible(loop) as interrupted:
                loop.run_forever()
            waiting.remove_done_callback(self._stop)
            if interrupted and not waiting.done():
                raise KeyboardInterrupt
        return waiting.result()

    def task(self, work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        """Return `work` as a task of the loop, to be run by `run`."""
        return self._loop.create_task(work)

    def complete(self, work: Coroutine[Any, Any, T]) -> T:
        """Run `work` to its end."""
        try:
            _refuse_running_loop()
        except Misuse:
            work.close()
            raise
        return self.run(self.task(work))

    def call_soon(self, callback: Callable[[], object]) -> None:
        """Have `callback` called in the loop; from any thread, also while nobody waits."""
        with suppress(RuntimeError):  # closed: whatever was to be stopped has ended
            self._loop.call_soon_threadsafe(callback)

    def close(self) -> None:
        """Close the loop."""
        if not self._loop.is_closed():
            self._loop.run_until_complete(self._loop.shutdown_asyncgens())
            self._loop.close()

    def _stop(self, waiting: asyncio.Future[Any]) -> None:
        self._loop.stop()


def _refuse_running_loop() -> None:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return
    raise Misuse(
        "Mastodon waits for events and would block the event loop that runs in this thread."
        " Use AsyncMastodon here, with `async for event in mastodon.stream(...)`."
    )


@contextmanager
def _interruptible(loop: asyncio.AbstractEventLoop) -> Generator[list[int], None, None]:
    """Let Ctrl-C stop the loop between two of its steps instead of in the middle of one."""
    interrupted: list[int] = []
    ours = threading.current_thread() is threading.main_thread()
    if not ours or signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
        yield interrupted
        return

    def interrupt(number: int, frame: FrameType | None) -> None:
        interrupted.append(number)
        loop.call_soon_threadsafe(loop.stop)

    signal.signal(signal.SIGINT, interrupt)
    try:
        yield interrupted
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)
