"""Ctrl-C ends the wait of the sync client, wherever it strikes, and loses nothing."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from contextlib import suppress
from types import FrameType
from typing import TYPE_CHECKING

import pytest
from tests.support.feeds import PUBLIC, live, post, posts, rest

from trunkline import (
    Mastodon,
    Network,
)
from trunkline.events import AnyEvent, Update
from trunkline.stepper import Stepper
from trunkline.sync_feed import Feed
from trunkline.testing import RunningServer

if TYPE_CHECKING:
    from _typeshed import TraceFunction


def interrupt(_: object = None) -> None:
    """Press Ctrl-C: the signal goes to the process, and its main thread gets it."""
    os.kill(os.getpid(), signal.SIGINT)


def taken_despite(
    error: type[BaseException], feed: Feed[AnyEvent], server: RunningServer
) -> tuple[list[str], list[str], int]:
    """Take posts while `error` strikes; return what was posted, what came, and how often it did."""
    posted: list[str] = []
    taken: list[str] = []
    struck = 0
    while not posted or len(taken) < len(posted):
        if not posted and server.server.hub.subscribers:
            posted = [post(server, 1)[0] for _ in range(20)]
        try:
            taken += [event.status_id for event in [next(feed)] if isinstance(event, Update)]
        except error:
            struck += 1
    return posted, taken, struck


def test_control_c_comes_out_of_the_call_that_waits_and_the_feed_goes_on(
    server: RunningServer, mastodon: Mastodon
) -> None:
    feed = live(mastodon, server)
    for _ in range(3):
        mastodon._stepper.call_soon(threading.Thread(target=interrupt).start)
        with pytest.raises(KeyboardInterrupt):
            next(feed)
        expected = post(server, 2)
        assert posts(feed, 2) == expected
    assert feed.stats().disconnects == {}
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


@pytest.mark.parametrize("period", [1, 2, 3, 5])
def test_control_c_in_the_middle_of_a_step_loses_nothing(
    server: RunningServer, period: int
) -> None:
    """The clock is asked deep inside the loop's steps; there the signal strikes."""
    calls = 0

    def clock() -> float:
        nonlocal calls
        calls += 1
        if calls % period == 0:
            signal.raise_signal(signal.SIGINT)
        return time.time()

    network = Network(clock=clock)
    with Mastodon(server.url, access_token=server.token, network=network) as mastodon:
        feed = mastodon.stream(PUBLIC)
        expected, taken, interrupts = taken_despite(KeyboardInterrupt, feed, server)
        with suppress(KeyboardInterrupt):
            feed.close()
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # while the fixtures clean up
    signal.signal(signal.SIGINT, signal.default_int_handler)
    assert taken == expected
    assert interrupts


class Late(Exception):
    """What the handler of an alarm raises to end a wait."""


def test_an_alarm_that_raises_ends_the_wait_and_loses_nothing(server: RunningServer) -> None:
    """It strikes deep inside the steps of the loop, where the error would become a task's own."""
    calls = 0

    def clock() -> float:
        nonlocal calls
        calls += 1
        if calls % 3 == 0:
            signal.raise_signal(signal.SIGALRM)
        return time.time()

    def late(number: int, frame: FrameType | None) -> None:
        raise Late

    before = signal.signal(signal.SIGALRM, late)
    network = Network(clock=clock)
    with Mastodon(server.url, access_token=server.token, network=network) as mastodon:
        feed = mastodon.stream(PUBLIC)
        expected, taken, alarms = taken_despite(Late, feed, server)
        assert signal.getsignal(signal.SIGALRM) is late
        assert feed.stats().disconnects == {}
        signal.signal(signal.SIGALRM, signal.SIG_IGN)
    signal.signal(signal.SIGALRM, before)
    assert taken == expected
    assert alarms


def test_control_c_while_an_event_is_in_hand_is_the_handlers_own(
    server: RunningServer, mastodon: Mastodon
) -> None:
    feed = live(mastodon, server)
    expected = post(server, 2)
    assert posts(feed, 1) == expected[:1]
    with pytest.raises(KeyboardInterrupt):
        signal.raise_signal(signal.SIGINT)
    assert posts(feed, 1) == expected[1:]


def test_a_handler_of_the_users_own_for_control_c_is_left_alone(
    server: RunningServer, mastodon: Mastodon
) -> None:
    feed = live(mastodon, server)
    seen: list[int] = []

    def theirs(number: int, frame: object) -> None:
        seen.append(number)
        feed.stop()

    signal.signal(signal.SIGINT, theirs)
    try:
        mastodon._stepper.call_soon(threading.Thread(target=interrupt).start)
        assert rest(feed) == []
        assert signal.getsignal(signal.SIGINT) is theirs
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    assert seen == [signal.SIGINT]


def test_stops_that_an_interrupt_left_behind_do_not_confuse_the_next_wait() -> None:
    stepper = Stepper()

    async def work() -> str:
        signal.raise_signal(signal.SIGINT)
        await asyncio.sleep(0)
        signal.raise_signal(signal.SIGINT)
        return "done"

    tasks: list[asyncio.Task[str]] = []

    def begin() -> asyncio.Task[str]:
        if not tasks:
            tasks.append(stepper.task(work()))
        return tasks[0]

    for _ in range(2):
        with suppress(KeyboardInterrupt):
            stepper.wait(begin)
    assert stepper.complete(later) == "later"
    stepper.close()


async def later() -> str:
    await asyncio.sleep(0.01)
    return "later"


def test_control_c_at_any_line_of_a_wait_loses_nothing(
    server: RunningServer, mastodon: Mastodon
) -> None:
    """The signal strikes before each line of what waits in turn; line 1000 is never reached."""
    feed = live(mastodon, server)
    interrupts, watching = 0, sys.gettrace()
    for place in range(60):
        expected, taken = post(server, 2), list[str]()
        left = place

        def strike(frame: FrameType, event: str, _: object) -> TraceFunction | None:
            nonlocal left
            if frame.f_code.co_name not in ("_refill", "begin", "wait", "task", "_interruptible"):
                return None
            if event == "line":
                left -= 1
                if left == 0:
                    signal.raise_signal(signal.SIGINT)
            return strike

        while len(taken) < 2:
            sys.settrace(strike)
            try:
                taken += posts(feed, 2 - len(taken))
            except KeyboardInterrupt:
                interrupts += 1
            finally:
                sys.settrace(watching)
        assert taken == expected
    assert interrupts > 20
    assert feed.stats().disconnects == {}


STRICT = ("-X", "dev", "-W", "error")
PROGRAM = """
    import sys
    from trunkline import Mastodon
    from trunkline.events import AnyEvent, Update
    from trunkline.signals import Connected

    with Mastodon(sys.argv[1], access_token=sys.argv[2]) as mastodon:
        feed = mastodon.stream("public", signals=True)
        while True:
            try:
                for item in feed:
                    if isinstance(item, Connected):
                        print("connected", flush=True)
                    elif isinstance(item, Update):
                        print(item.status_id, flush=True)
            except KeyboardInterrupt:
                print("interrupted", flush=True)
                if sys.stdin.readline() == "end\\n":
                    break
    """


def test_control_c_in_a_terminal_ends_the_wait_of_a_program_and_loses_nothing(
    server: RunningServer,
) -> None:
    program = subprocess.Popen(
        [sys.executable, *STRICT, "-c", textwrap.dedent(PROGRAM), server.url, server.token],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    with program:
        assert program.stdin is not None
        assert program.stdout is not None
        assert program.stderr is not None
        lines = iter(program.stdout.readline, "")
        assert next(lines) == "connected\n"
        server.wait_for_subscribers(1)
        (first,) = post(server, 1)
        assert next(lines) == f"{first}\n"
        program.send_signal(signal.SIGINT)
        assert next(lines) == "interrupted\n"
        missed = post(server, 2)
        print("on", file=program.stdin, flush=True)
        assert [next(lines).strip() for _ in missed] == missed
        program.send_signal(signal.SIGINT)
        assert next(lines) == "interrupted\n"
        print("end", file=program.stdin, flush=True)
        assert (program.wait(10), program.stderr.read()) == (0, "")
