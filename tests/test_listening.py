"""How a listening ends: as its handler wishes, or by telling the listener and then the caller."""

from __future__ import annotations

from pathlib import Path

import pytest

from trunkline import Mastodon, StopStream, StreamListener
from trunkline.cursors import SqliteCursors
from trunkline.errors import Unauthorized
from trunkline.signals import Connected
from trunkline.testing import RunningServer


class Bot(StreamListener):
    """Has a post published once it is connected, and raises when that comes."""

    def __init__(self, server: RunningServer, error: Exception) -> None:
        self.ids: list[str] = []
        self.aborts: list[Exception] = []
        self._server = server
        self._error = error

    def on_connected(self, connected: Connected, /) -> None:
        self._server.wait_for_subscribers(1)
        self._server.call(self._server.world.post)

    def on_update(self, status: dict[str, object], /) -> None:
        self.ids.append(str(status["id"]))
        raise self._error

    def on_abort(self, error: Exception, /) -> None:
        self.aborts.append(error)


def test_stop_stream_ends_it_cleanly_and_acknowledges_the_event_in_hand(
    server: RunningServer, tmp_path: Path
) -> None:
    path, bot = tmp_path / "bot.cursors", Bot(server, StopStream())
    with Mastodon(server.url, access_token=server.token, cursors=path) as mastodon:
        mastodon.public_stream(bot)
    assert (len(bot.ids), bot.aborts) == (1, [])
    assert finished(path, server) == bot.ids


def test_what_a_handler_raises_is_the_callers_and_its_event_comes_again(
    server: RunningServer, tmp_path: Path
) -> None:
    path, bot = tmp_path / "bot.cursors", Bot(server, ValueError("mine"))
    with (
        Mastodon(server.url, access_token=server.token, cursors=path) as mastodon,
        pytest.raises(ValueError, match="mine"),
    ):
        mastodon.public_stream(bot)
    assert (len(bot.ids), bot.aborts) == (1, [])
    assert finished(path, server) == []


def test_a_fatal_error_is_told_to_the_listener_and_raised(server: RunningServer) -> None:
    bot = Bot(server, StopStream())
    with (
        Mastodon(server.url, access_token="wrong") as mastodon,
        pytest.raises(Unauthorized) as caught,
    ):
        mastodon.public_stream(bot)
    assert bot.aborts == [caught.value]


def finished(path: Path, server: RunningServer) -> list[str]:
    """Return the keys that are stored as finished."""
    store = SqliteCursors(path)
    try:
        saved = store.load(f"{server.url} public")
        return [key for key, at_seconds in saved.keys if at_seconds] if saved is not None else []
    finally:
        store.close()
