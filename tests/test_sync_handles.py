"""Listening in a thread: its handle says how it goes, ends it, and keeps what went wrong."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
from tests.support.feeds import live, post

from trunkline import (
    BadInput,
    Mastodon,
    MemoryCursors,
    Network,
    SqliteCursors,
    StreamListener,
    Unauthorized,
)
from trunkline.errors import StopStream
from trunkline.signals import Connected, Disconnected
from trunkline.testing import RunningServer


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
