"""A private event loop that is stepped in the caller's thread, only while the caller waits.

Ctrl-C, and any other signal that has a handler in Python, is served between two steps, never in the
middle of one, so that whatever the loop was doing can go on.
"""

from __future__ import annotations

import asyncio
import signal
import threading
from collections.abc import Callable, Coroutine, Generator, Iterable
from contextlib import contextmanager, suppress
from types import FrameType
from typing import Any, Final, TypeVar

from trunkline.errors import Misuse

__all__ = ["Stepper"]

T = TypeVar("T")
Handler = Callable[[int, FrameType | None], object]

_BLOCKS: Final = (
    "Mastodon waits for events and would block the event loop that runs in this thread."
    " Use AsyncMastodon here, with `async for event in mastodon.stream(...)`."
)
_TWO_THREADS: Final = (
    "This Mastodon waits in another thread. End its feed with `stop()`, which any thread may call;"
    " give each thread a Mastodon of its own, or listen with `run_async=True`."
)


class Stepper:
    """A private event loop that runs only while somebody waits for something in it.

    The loop is made when it is first needed.
    """

    def __init__(self) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None
        self._closed = False

    @property
    def has_begun(self) -> bool:
        """Whether anything was ever run, and can still be."""
        return self._loop is not None and not self._closed

    def require_free(self) -> None:
        """Check that waiting is possible here and now.

        Raises:
            Misuse: An event loop is running in this thread, or this one in another thread.
        """
        if _a_loop_runs_here():
            raise Misuse(_BLOCKS)
        if self._loop is not None and self._loop.is_running():
            raise Misuse(_TWO_THREADS)

    def wait(self, begin: Callable[[], asyncio.Future[Any]]) -> None:
        """Call `begin`, and step the loop until the future that it returns is done.

        Raises:
            Misuse: An event loop is running in this thread, or this one in another thread.
            KeyboardInterrupt: Ctrl-C, not before `begin` has returned; the future goes on when
                anything is waited for again. So it is with whatever the handler of a signal raises.
        """
        self.require_free()
        loop = self._begun()
        with _deferred_signals(loop) as serve:
            waiting = begin()
            waiting.add_done_callback(self._stop)
            try:
                # Stopped by `_stop` of an earlier wait that a signal ended, the loop goes on.
                while not waiting.done():
                    loop.run_forever()
                    serve()
            finally:
                waiting.remove_done_callback(self._stop)

    def task(self, work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        """Return `work` as a task of the loop, for `begin` of a `wait`."""
        task = self._begun().create_task(work)
        task.add_done_callback(_retrieve)
        return task

    def complete(self, work: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """Run `work` to its end and return its result; raises as `wait` and `work` do."""
        tasks: list[asyncio.Task[T]] = []

        def begin() -> asyncio.Task[T]:
            tasks.append(self.task(work()))
            return tasks[0]

        self.wait(begin)
        return tasks[0].result()

    def call_soon(self, callback: Callable[[], object]) -> None:
        """Have `callback` called in the loop; from any thread, also while nobody waits."""
        with suppress(RuntimeError):  # closed: whatever was to be stopped has ended
            self._begun().call_soon_threadsafe(callback)

    def close(self) -> None:
        """End whatever still runs in the loop, and close it; safe to call twice.

        Raises:
            Misuse: An event loop is running in this thread, or this one in another thread.
        """
        if not self.has_begun:
            self._closed = True
            return
        self.require_free()
        loop, self._closed = self._begun(), True
        try:
            unfinished = asyncio.all_tasks(loop)  # what Ctrl-C left behind
            for task in unfinished:
                task.cancel()
            loop.run_until_complete(_all_ended(unfinished))
            loop.run_until_complete(loop.shutdown_asyncgens())
        finally:
            loop.close()

    def _begun(self) -> asyncio.AbstractEventLoop:
        if self._closed:
            raise Misuse("This Mastodon was closed. Make a new one: `Mastodon(...)`.")
        if self._loop is None:
            self._loop = asyncio.new_event_loop()
        return self._loop

    def _stop(self, waiting: asyncio.Future[Any]) -> None:
        self._begun().stop()


def _retrieve(task: asyncio.Task[Any]) -> None:
    """Look at the error of a task: asyncio logs it if Ctrl-C kept its waiter from doing that."""
    if not task.cancelled():
        task.exception()


def _a_loop_runs_here() -> bool:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True


async def _all_ended(tasks: Iterable[asyncio.Task[Any]]) -> None:
    await asyncio.gather(*tasks, return_exceptions=True)


@contextmanager
def _deferred_signals(
    loop: asyncio.AbstractEventLoop,
) -> Generator[Callable[[], None], None, None]:
    """Let signals stop the loop between two of its steps; call what serves those that came.

    The handlers that there are go on to serve them, and may raise.
    """
    came: list[tuple[int, FrameType | None]] = []
    handlers = _handlers() if threading.current_thread() is threading.main_thread() else {}

    def defer(number: int, frame: FrameType | None) -> None:
        came.append((number, frame))
        loop.call_soon_threadsafe(loop.stop)

    def serve() -> None:
        while came:
            number, frame = came.pop(0)
            handlers[number](number, frame)

    for number in handlers:
        signal.signal(number, defer)
    try:
        yield serve
    finally:
        for number, handler in handlers.items():
            if signal.getsignal(number) is defer:  # nobody has set another one meanwhile
                signal.signal(number, handler)
    serve()


def _handlers() -> dict[int, Handler]:
    found = ((number, signal.getsignal(number)) for number in _SIGNALS)
    return {number: handler for number, handler in found if callable(handler)}


_SIGNALS: Final = tuple(
    getattr(signal, name)
    for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGALRM", "SIGUSR1", "SIGUSR2")
    if hasattr(signal, name)  # Windows has few
)
