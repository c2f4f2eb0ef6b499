"""An event loop whose time stands still while there is work and jumps when there is none.

Promise: sockets are real, time is not. Client and server run in one loop and talk over loopback;
what one writes the other can read at once. Only when nothing is ready and nothing is on its way
does `time` jump to the next timer. Hours of backoff take milliseconds, and nothing depends on how
fast the machine is.

Refuses to know threads: work for an executor is done at once, in the loop, and takes no time.
"""

from __future__ import annotations

import asyncio
import functools
import random
import selectors
from collections.abc import Callable, Coroutine, Mapping
from typing import Any, Final, ParamSpec, TypeVar

from tests.support.in_flight import KNOWS, traffic_of

from trunkline.transport.http import Network

__all__ = ["EPOCH", "VirtualClockLoop", "on_virtual_clock", "run", "virtual_network", "wall_clock"]

P = ParamSpec("P")
T = TypeVar("T")

EPOCH: Final = 1_795_000_000.0
"""What the clock on the wall shows when the virtual time is zero, in seconds since 1970."""

_REAL_LOOK_SECONDS: Final = 0.001
"""How long to look where the system does not tell what is on its way."""
_REAL_ARRIVAL_SECONDS: Final = 5.0
_REAL_DOUBT_SECONDS: Final = 0.005
_REAL_STANDSTILL_SECONDS: Final = 10.0


class _Selector(selectors.DefaultSelector):
    """Looks at the sockets until nothing is on its way; then time jumps instead of passing."""

    def __init__(self, jump: Callable[[float], None]) -> None:
        super().__init__()
        self._jump = jump
        self._doubted: object = None  # which ends were unseen when we last waited for nothing

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        """Return what is ready, and nothing once time has jumped by `timeout`."""
        ready = super().select(0)
        if ready or timeout == 0:
            return ready
        if timeout is None:
            ready = super().select(_REAL_STANDSTILL_SECONDS)
            if not ready:
                raise AssertionError("Nothing happens any more: no timer runs, no socket is ready.")
            return ready
        ready = self._arriving()
        if not ready:
            self._jump(timeout)
        return ready

    def _arriving(self) -> list[tuple[selectors.SelectorKey, int]]:
        """Return what becomes ready without any timer."""
        if not KNOWS:
            return super().select(_REAL_LOOK_SECONDS)
        traffic = traffic_of([key.fd for key in self.get_map().values()])
        if traffic.is_moving:
            return super().select(_REAL_ARRIVAL_SECONDS)
        if not traffic.unseen or traffic.unseen == self._doubted:
            return super().select(0)
        ready = super().select(_REAL_DOUBT_SECONDS)
        if not ready:
            self._doubted = traffic.unseen
        return ready


class VirtualClockLoop(asyncio.SelectorEventLoop):
    """A loop of asyncio with a time of its own, which begins at zero."""

    def __init__(self) -> None:
        self._seconds = 0.0
        super().__init__(_Selector(self._jump))

    def time(self) -> float:
        """Return the virtual time in seconds."""
        return self._seconds

    def run_in_executor(
        self, executor: object, func: Callable[..., T], *args: object
    ) -> asyncio.Future[T]:
        """Return the result of `func`, which is called now: threads know no virtual time."""
        future: asyncio.Future[T] = self.create_future()
        try:
            future.set_result(func(*args))
        except Exception as error:  # noqa: BLE001  # it is the caller's
            future.set_exception(error)
        return future

    def _jump(self, seconds: float) -> None:
        self._seconds += seconds


def wall_clock() -> float:
    """Return the virtual time on the wall, in seconds since 1970; inside the loop only."""
    return EPOCH + asyncio.get_running_loop().time()


def virtual_network(*, seed: int = 0) -> Network:
    """Return how a client reaches servers in virtual time, with dice that repeat themselves."""
    return Network(clock=wall_clock, dice=random.Random(seed).random)


def run(scenario: Coroutine[Any, Any, T]) -> T:
    """Run `scenario` in virtual time; what a callback swallowed is raised at its end."""
    swallowed: list[Mapping[str, object]] = []
    with asyncio.Runner(loop_factory=VirtualClockLoop) as runner:
        runner.get_loop().set_exception_handler(lambda _, context: swallowed.append(context))
        result = runner.run(scenario)
    assert not swallowed, swallowed
    return result


def on_virtual_clock(test: Callable[P, Coroutine[Any, Any, None]]) -> Callable[P, None]:
    """Return an asynchronous test as one that runs in virtual time."""

    @functools.wraps(test)
    def call(*args: P.args, **kwargs: P.kwargs) -> None:
        run(test(*args, **kwargs))

    return call
