"""Mastodon.py, unchanged, uses the embedded server over both transports."""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterator
from typing import Any  # their package has no usable types

import pytest
from mastodon import Mastodon, StreamListener

from trunkline.testing import RunningServer, Settings, running_server

NAMES = [
    "update",
    "status.update",
    "delete",
    "notification",
    "announcement",
    "announcement.reaction",
    "announcement.delete",
    "encrypted_message",
    "notifications_merged",
    "conversation",
]
REACTION = {"name": "🤔", "count": 1, "announcement_id": "8"}


class Recorder(StreamListener):
    def __init__(self) -> None:
        self.heard: queue.Queue[tuple[str, Any]] = queue.Queue()

    def on_any_event(self, name: str, data: object = None, for_stream: object = None) -> None:
        self.heard.put((name, data))

    def take(self, count: int) -> list[tuple[str, Any]]:
        return [self.heard.get(timeout=5) for _ in range(count)]


@pytest.fixture
def server() -> Iterator[RunningServer]:
    with running_server(settings=Settings(heartbeat_seconds=0.05)) as server:
        yield server


@pytest.fixture
def mastodon(server: RunningServer) -> Iterator[Mastodon]:
    before = set(threading.enumerate())
    client: Any = Mastodon(api_base_url=server.url, access_token=server.token)
    yield client
    client.session.close()
    server.cut_connections()
    for thread in set(threading.enumerate()) - before:
        thread.join(5)


def everything(server: RunningServer) -> None:
    """Publish one of each event that it knows."""
    status_id = str(server.post("<p>x</p>")["id"])
    server.edit(status_id, content="<p>y</p>")
    server.delete(status_id)
    server.notify("favourite")
    server.announce()
    server.publish("announcement.reaction", REACTION)
    server.publish("announcement.delete", "8")
    server.publish("encrypted_message", {"id": "1"})
    server.publish("notifications_merged", "1")
    server.publish("conversation", {"id": "1", "unread": True, "accounts": []}, channels=["user:1"])


def test_it_hears_every_event_from_an_event_stream(
    server: RunningServer, mastodon: Mastodon
) -> None:
    client: Any = mastodon
    recorder = Recorder()
    handle: Any = client.stream_user(recorder, run_async=True)
    server.wait_for_subscribers(1)
    everything(server)
    heard = recorder.take(len(NAMES))
    handle.close()
    assert [name for name, _ in heard] == NAMES
    assert heard[0][1]["content"] == "<p>x</p>"
    assert heard[1][1]["edited_at"] is not None


def test_it_hears_every_event_from_a_websocket_with_many_streams(
    server: RunningServer, mastodon: Mastodon
) -> None:
    client: Any = mastodon
    recorder, tagged = Recorder(), Recorder()
    with client.stream_open_websocket(recorder) as handle:
        handle.subscribe("user")
        handle.subscribe("hashtag", tag="Café", listener=tagged)
        server.wait_for_subscribers(2)
        everything(server)
        heard = recorder.take(len(NAMES))
        server.post("<p>z</p>", tags=["cafe"])
        assert tagged.take(1)[0][0] == "update"
    assert [name for name, _ in heard] == NAMES


def test_it_reads_and_writes_through_rest(server: RunningServer, mastodon: Mastodon) -> None:
    client: Any = mastodon
    server.call(lambda: server.world.people.add_token("w", scopes=["read", "write"]))
    writer: Any = Mastodon(api_base_url=server.url, access_token="w")
    status = writer.status_post("hello #Py", visibility="unlisted")
    writer.status_update(status["id"], status="bye #Py")
    ids = [str(server.post(f"<p>{n}</p>", tags=["py"])["id"]) for n in range(25)]
    first = client.timeline_hashtag("py", limit=20)
    rest = client.fetch_next(first)
    assert [str(one["id"]) for one in [*first, *rest]] == ids[::-1]
    assert client.status(status["id"])["content"] == "<p>bye #Py</p>"
    assert len(client.status_history(status["id"])) == 2
    assert client.account_verify_credentials()["acct"] == "demo"
    assert [one["title"] for one in client.lists()] == ["Friends"]
    server.message()
    assert len(client.conversations()) == 1
    assert client.notifications()[0]["type"] == "mention"
    assert client.stream_healthy()
    assert client.ratelimit_remaining < client.ratelimit_limit == 300
    writer.status_delete(status["id"])
    writer.session.close()
    assert server.world.find_post(str(status["id"])) is None
