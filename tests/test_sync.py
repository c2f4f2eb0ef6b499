"""The sync client: one thread, one private loop that is stepped, and an end whenever you like."""

from __future__ import annotations

import asyncio
import gc
import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

import pytest

from trunkline import (
    BadInput,
    Mastodon,
    MemoryCursors,
    Network,
    SqliteCursors,
    Stream,
    StreamListener,
    Unauthorized,
)
from trunkline.errors import Misuse, StopStream
from trunkline.events import AnyEvent, Update
from trunkline.inbox import Item
from trunkline.signals import Connected, Disconnected
from trunkline.stepper import Stepper
from trunkline.sync_feed import Feed
from trunkline.testing import RunningServer, running_server

if TYPE_CHECKING:
    from _typeshed import TraceFunction

PUBLIC = Stream.public()


@pytest.fixture
def server() -> Iterator[RunningServer]:
    with running_server() as server:
        yield server
        gc.collect()  # whoever forgot to close something is warned here, and warnings are errors


@pytest.fixture
def mastodon(server: RunningServer) -> Iterator[Mastodon]:
    with Mastodon(server.url, access_token=server.token) as mastodon:
        yield mastodon


def connected(feed: Feed[Item]) -> None:
    """Take signals until the feed is live."""
    for item in feed:
        if isinstance(item, Connected):
            return


def live(mastodon: Mastodon, server: RunningServer) -> Feed[Item]:
    """Return a feed of public posts that is connected, and in the middle of being read."""
    feed = mastodon.stream(PUBLIC, signals=True, silence_probe_seconds=3600.0)
    connected(feed)
    server.wait_for_subscribers(1)
    return feed


def posts(feed: Feed[Item], count: int) -> list[str]:
    """Take `count` posts from the feed and leave it."""
    taken: list[str] = []
    for item in feed:
        if isinstance(item, Update):
            taken.append(item.status_id)
        if len(taken) == count:
            break
    return taken


def rest(feed: Feed[Item]) -> list[str]:
    """Take posts until the feed ends."""
    return [item.status_id for item in feed if isinstance(item, Update)]


def post(server: RunningServer, count: int) -> list[str]:
    return server.call(lambda: [str(server.world.post()["id"]) for _ in range(count)])


def in_thread(work: Callable[[], object]) -> threading.Thread:
    thread = threading.Thread(target=work, name="test-thread")
    thread.start()
    return thread


# one thread


def test_the_loop_is_stepped_in_the_thread_of_the_caller_and_in_no_other(
    server: RunningServer,
) -> None:
    before = set(threading.enumerate())
    with Mastodon(server.url, access_token=server.token) as mastodon:
        feed = live(mastodon, server)
        post(server, 3)
        for item in feed:
            assert set(threading.enumerate()) == before
            with pytest.raises(RuntimeError, match="no running event loop"):
                asyncio.get_running_loop()
            if isinstance(item, Update):
                break
    assert set(threading.enumerate()) == before


def test_a_handler_may_use_the_client_while_an_event_is_in_hand(
    server: RunningServer, mastodon: Mastodon
) -> None:
    feed = live(mastodon, server)
    other = mastodon.stream(Stream.user(), signals=True)
    expected = post(server, 2)
    for item in feed:
        if isinstance(item, Update):
            assert mastodon.stream_healthy()
            connected(other)
            server.wait_for_subscribers(2)
            server.notify("follow")
            assert next(iter(other)) is not None
            break
    assert posts(feed, 1) == expected[1:]


def test_a_handler_that_takes_longer_than_a_stall_does_not_make_one(
    server: RunningServer, mastodon: Mastodon
) -> None:
    feed = mastodon.stream(PUBLIC, signals=True, stall_seconds=0.6)
    connected(feed)
    server.wait_for_subscribers(1)
    expected = post(server, 1)
    assert posts(feed, 1) == expected
    time.sleep(0.7)  # the handler's work
    for _ in range(3):
        expected = post(server, 1)
        assert posts(feed, 1) == expected
    assert feed.stats().disconnects == {}


@pytest.mark.parametrize(
    "wait",
    [
        lambda mastodon: next(iter(mastodon.stream(PUBLIC))),
        lambda mastodon: mastodon.stream(PUBLIC).__enter__(),
        lambda mastodon: mastodon.public_stream(StreamListener()),
        lambda mastodon: mastodon.stream_healthy(),
    ],
    ids=["for", "with", "listen", "healthy"],
)
def test_waiting_inside_a_running_loop_is_refused_with_the_right_call(
    wait: Callable[[Mastodon], object],
) -> None:
    async def wrong() -> None:
        with Mastodon("http://127.0.0.1:9", access_token="token") as mastodon:
            wait(mastodon)

    with pytest.raises(Misuse, match=r"Use AsyncMastodon here, with `async for event in"):
        asyncio.run(wrong())
    gc.collect()


def test_a_second_thread_that_waits_is_refused_and_told_what_to_do(
    server: RunningServer, mastodon: Mastodon
) -> None:
    feed = live(mastodon, server)
    refused: list[str] = []

    def meddle() -> None:
        for meddling in (mastodon.stream_healthy, feed.close, mastodon.close):
            with pytest.raises(Misuse) as caught:
                meddling()
            refused.append(str(caught.value))
        feed.stop()

    # In the loop, because only then it is sure that this thread waits.
    thread = threading.Thread(target=meddle)
    mastodon._stepper.call_soon(thread.start)
    assert rest(feed) == []
    thread.join()
    assert len(refused) == 3
    assert all("stop()" in words and "run_async=True" in words for words in refused)


# the end


def test_stopping_from_another_thread_ends_a_loop_that_waits(
    server: RunningServer, mastodon: Mastodon
) -> None:
    feed = live(mastodon, server)
    thread = threading.Thread(target=feed.stop)
    mastodon._stepper.call_soon(thread.start)
    assert rest(feed) == []
    thread.join()


def test_what_has_arrived_is_still_handed_over_after_a_stop(
    server: RunningServer, mastodon: Mastodon
) -> None:
    feed = live(mastodon, server)
    expected = post(server, 5)
    assert posts(feed, 1) == expected[:1]
    in_thread(feed.stop).join()
    assert rest(feed) == expected[1:]
    assert rest(feed) == []


def test_a_feed_that_is_stopped_before_it_begins_is_empty(mastodon: Mastodon) -> None:
    feed = mastodon.stream(PUBLIC)
    feed.stop()
    with feed:
        assert list(feed) == []
    assert feed.stats().connects == 0


def test_a_loop_can_be_left_and_taken_up_again(server: RunningServer, mastodon: Mastodon) -> None:
    feed = live(mastodon, server)
    expected = post(server, 6)
    taken = [*posts(feed, 1), *posts(feed, 2), *posts(feed, 3)]
    assert taken == expected


def test_leaving_the_block_closes_the_connection(server: RunningServer, mastodon: Mastodon) -> None:
    with mastodon.stream(PUBLIC, signals=True) as feed:
        connected(feed)
        server.wait_for_subscribers(1)
    server.until(lambda: not server.server.hub.subscribers)
    with pytest.raises(ZeroDivisionError), live(mastodon, server):
        raise ZeroDivisionError
    server.until(lambda: not server.server.hub.subscribers)


def test_closing_twice_is_closing_once(server: RunningServer, mastodon: Mastodon) -> None:
    feed = live(mastodon, server)
    feed.close()
    feed.close()
    mastodon.close()
    mastodon.close()
    feed.close()
    assert feed.stats().connects == 1


def test_a_closed_feed_says_where_to_get_a_new_one(
    server: RunningServer, mastodon: Mastodon
) -> None:
    for feed in (mastodon.stream(PUBLIC), live(mastodon, server)):
        feed.close()
        for asking in (iter, lambda feed: feed.__enter__()):
            with pytest.raises(Misuse, match=r"closed.*`stream\(\.\.\.\)`"):
                asking(feed)


def test_a_feed_that_is_closed_in_its_loop_hands_nothing_more_over(
    server: RunningServer, mastodon: Mastodon
) -> None:
    feed = live(mastodon, server)
    post(server, 5)
    taken: list[AnyEvent] = []
    for item in feed:
        if isinstance(item, Update):
            taken.append(item)
            feed.close()
    assert len(taken) == 1


def test_a_closed_client_says_so(mastodon: Mastodon) -> None:
    mastodon.close()
    for asking in (
        lambda: mastodon.stream(PUBLIC),
        lambda: mastodon.public_stream(StreamListener()),
        lambda: mastodon.public_stream(StreamListener(), run_async=True),
        mastodon.stream_healthy,
    ):
        with pytest.raises(Misuse, match="closed"):
            asking()


def test_a_fatal_error_comes_again_when_asked_again(server: RunningServer) -> None:
    with Mastodon(server.url, access_token="wrong") as mastodon:
        feed = mastodon.stream(PUBLIC)
        for _ in range(2):
            with pytest.raises(Unauthorized, match="trunkline login"):
                next(iter(feed))


def test_closing_the_client_ends_everything_that_it_opened(
    server: RunningServer, tmp_path: Path
) -> None:
    before = set(threading.enumerate())
    store = tmp_path / "cursors.db"
    with Mastodon(server.url, access_token=server.token, cursors=store) as mastodon:
        connected(mastodon.stream(PUBLIC, signals=True))
        connected(mastodon.stream("user", "hashtag:python", signals=True))
        mastodon.stream("direct")
        mastodon.public_stream(StreamListener(), run_async=True)
        server.wait_for_subscribers(4)
    assert set(threading.enumerate()) == before
    server.until(lambda: not server.server.hub.connections)
    SqliteCursors(store).close()


def test_a_client_that_is_never_used_opens_nothing() -> None:
    Mastodon("https://mastodon.example", access_token="token")
    gc.collect()


# Ctrl-C


def interrupt(_: object = None) -> None:
    """Press Ctrl-C: the signal goes to the process, and its main thread gets it."""
    os.kill(os.getpid(), signal.SIGINT)


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
    taken: list[str] = []
    interrupts = 0
    with Mastodon(server.url, access_token=server.token, network=network) as mastodon:
        feed = mastodon.stream(PUBLIC)
        expected: list[str] = []
        while not expected or len(taken) < len(expected):
            if not expected and server.server.hub.subscribers:
                expected = [post(server, 1)[0] for _ in range(20)]
            try:
                taken += [event.status_id for event in [next(feed)] if isinstance(event, Update)]
            except KeyboardInterrupt:
                interrupts += 1
        with suppress(KeyboardInterrupt):
            feed.close()
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # while the fixtures clean up
    signal.signal(signal.SIGINT, signal.default_int_handler)
    assert taken == expected
    assert interrupts


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
    from trunkline.events import Update
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


# listening in a thread


class Bot(StreamListener):
    """Takes note of what happens, for a test that waits for it."""

    def __init__(self) -> None:
        self.ids: list[str] = []
        self.aborted: list[Exception] = []
        self.connected = threading.Event()
        self.disconnected = threading.Event()
        self.heard = threading.Event()

    def on_connected(self, connected: Connected, /) -> None:
        self.connected.set()

    def on_disconnected(self, disconnected: Disconnected, /) -> None:
        self.disconnected.set()

    def on_update(self, status: dict[str, object], /) -> None:
        self.ids.append(str(status["id"]))
        self.heard.set()

    def on_abort(self, error: Exception, /) -> None:
        self.aborted.append(error)


def stream_threads() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "trunkline-stream"]


def test_a_listener_in_a_thread_is_alive_until_it_is_closed(
    server: RunningServer, mastodon: Mastodon
) -> None:
    bot = Bot()
    handle = mastodon.stream_public(bot, run_async=True)
    assert handle is not None
    assert handle.is_alive()
    assert bot.connected.wait(5)
    assert handle.is_receiving()
    server.wait_for_subscribers(1)
    expected = post(server, 1)
    assert bot.heard.wait(5)
    handle.close()
    handle.close()
    assert (handle.is_alive(), handle.is_receiving(), handle.error) == (False, False, None)
    assert (bot.ids, bot.aborted, stream_threads()) == (expected, [], [])
    server.until(lambda: not server.server.hub.connections)


def test_a_listener_without_a_connection_is_alive_but_receives_nothing(
    server: RunningServer,
) -> None:
    bot = Bot()
    network = Network(dice=lambda: 0.5)  # half a second until the next try
    with Mastodon(server.url, access_token=server.token, network=network) as mastodon:
        handle = mastodon.stream_public(bot, run_async=True)
        assert handle is not None
        server.wait_for_subscribers(1)
        assert bot.connected.wait(5)
        bot.connected.clear()
        server.cut_connections()
        assert bot.disconnected.wait(5)
        assert (handle.is_alive(), handle.is_receiving()) == (True, False)
        assert bot.connected.wait(5)
        assert (handle.is_alive(), handle.is_receiving()) == (True, True)


def test_closing_before_anything_has_happened_is_no_error(mastodon: Mastodon) -> None:
    for _ in range(20):
        handle = mastodon.stream_public(Bot(), run_async=True)
        assert handle is not None
        handle.close()
        assert handle.error is None
    assert stream_threads() == []


def test_a_handler_may_close_its_own_stream_and_is_the_last_to_be_called(
    server: RunningServer, mastodon: Mastodon
) -> None:
    class Closing(Bot):
        def on_update(self, status: dict[str, object], /) -> None:
            assert handle is not None
            handle.close()
            super().on_update(status)

    bot = Closing()
    handle = mastodon.stream_public(bot, run_async=True)
    assert handle is not None
    server.wait_for_subscribers(1)
    expected = post(server, 3)
    assert bot.heard.wait(5)
    handle.close()
    assert (bot.ids, handle.error, stream_threads()) == (expected[:1], None, [])


def test_a_handler_may_stop_its_own_stream(server: RunningServer, mastodon: Mastodon) -> None:
    class Stopping(Bot):
        def on_update(self, status: dict[str, object], /) -> None:
            super().on_update(status)
            raise StopStream

    handle = mastodon.stream_public(Stopping(), run_async=True)
    assert handle is not None
    server.wait_for_subscribers(1)
    post(server, 1)
    for thread in stream_threads():
        thread.join(5)
    assert (handle.is_alive(), handle.error) == (False, None)


def test_what_a_handler_raises_is_logged_and_kept(
    server: RunningServer, mastodon: Mastodon, caplog: pytest.LogCaptureFixture
) -> None:
    class Broken(Bot):
        def on_update(self, status: dict[str, object], /) -> None:
            raise ZeroDivisionError("mine")

    handle = mastodon.stream_public(Broken(), run_async=True)
    assert handle is not None
    server.wait_for_subscribers(1)
    post(server, 1)
    for thread in stream_threads():
        thread.join(5)
    assert isinstance(handle.error, ZeroDivisionError)
    assert not handle.is_alive()
    assert "trunkline.stream_ended" in caplog.messages


def test_a_fatal_error_is_told_to_the_listener_and_kept(server: RunningServer) -> None:
    bot = Bot()
    with Mastodon(server.url, access_token="wrong") as mastodon:
        handle = mastodon.stream_user(bot, run_async=True)
        assert handle is not None
        for thread in stream_threads():
            thread.join(5)
    assert isinstance(handle.error, Unauthorized)
    assert bot.aborted == [handle.error]


def test_two_listeners_in_threads_share_one_file_of_cursors(
    server: RunningServer, tmp_path: Path
) -> None:
    store = SqliteCursors(tmp_path / "cursors.db", save_interval_seconds=0.0)
    heard: dict[str, list[str]] = {"public": [], "hashtag:python": []}
    for _ in range(2):
        bots = {name: Bot() for name in heard}
        with Mastodon(server.url, access_token=server.token, cursors=store) as mastodon:
            for name, bot in bots.items():
                mastodon.listen(bot, name, run_async=True)
            server.wait_for_subscribers(2)
            server.call(lambda: [server.world.post(tags=["python"]) for _ in range(20)])
            posted = [str(entry.identifier) for entry in server.world.log]
            for name, bot in bots.items():
                while len(heard[name]) + len(bot.ids) < len(posted):
                    assert bot.heard.wait(5)
                    bot.heard.clear()
        for name, bot in bots.items():
            heard[name] += bot.ids
        server.until(lambda: not server.server.hub.connections)
        server.post("<p>while nobody listens</p>", tags=["python"])
    store.close()
    assert heard == {"public": posted, "hashtag:python": posted}
    assert len(posted) == 41


def test_words_of_mastodon_py_are_taken_and_unknown_ones_refused(mastodon: Mastodon) -> None:
    handle = mastodon.stream_public(
        Bot(), run_async=True, timeout=300, reconnect_async=True, reconnect_async_wait_sec=5
    )
    assert handle is not None
    handle.close()
    with pytest.raises(BadInput, match="got reconect_async"):
        mastodon.stream_public(Bot(), run_async=True, reconect_async=True)  # type: ignore[call-arg]


def test_a_store_of_the_users_own_is_not_closed_with_the_client(server: RunningServer) -> None:
    class Store(MemoryCursors):
        closed = False

        def close(self) -> None:
            self.closed = True

    store = Store()
    with Mastodon(server.url, access_token=server.token, cursors=store) as mastodon:
        live(mastodon, server)
    assert not store.closed
