"""The sync client: one thread, one private loop that is stepped, and an end whenever you like."""

from __future__ import annotations

import asyncio
import gc
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.support.feeds import PUBLIC, connected, live, post, posts, rest

from trunkline import (
    Mastodon,
    SqliteCursors,
    Stream,
    StreamListener,
    Unauthorized,
)
from trunkline.errors import Misuse
from trunkline.events import AnyEvent, Update
from trunkline.testing import RunningServer


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
        mastodon.stream_local(StreamListener(), run_async=True)
        server.wait_for_subscribers(4)
    assert set(threading.enumerate()) == before
    server.until(lambda: not server.server.hub.connections)
    SqliteCursors(store).close()


def test_a_client_that_is_never_used_opens_nothing() -> None:
    Mastodon("https://mastodon.example", access_token="token")
    gc.collect()


def test_what_was_in_hand_when_the_feed_was_closed_was_given(
    server: RunningServer, mastodon: Mastodon
) -> None:
    """The end of the iteration is no signal that kept an event from the consumer."""
    feed = live(mastodon, server)
    expected = post(server, 2)
    assert posts(feed, 1) == expected[:1]
    following = feed._following
    assert following is not None
    feed.close()
    left = len(following.handover._left)
    assert next(feed, None) is None
    assert len(following.handover._left) == left
