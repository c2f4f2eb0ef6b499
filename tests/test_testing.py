from __future__ import annotations

import asyncio
import threading
import urllib.request
from http.client import HTTPConnection

import pytest

from trunkline.errors import Misuse
from trunkline.events import Delete, Edit, Notify, Update
from trunkline.streams import Stream
from trunkline.testing import (
    RunningServer,
    make_delete,
    make_edit,
    make_notify,
    make_update,
    running_server,
    serving,
)


def test_a_server_in_a_thread_is_used_without_asyncio() -> None:
    with running_server() as server:
        health = urllib.request.urlopen(f"{server.url}/api/v1/streaming/health", timeout=5)
        with health:
            assert health.read() == b"OK"
    assert "trunkline-test-server" not in {thread.name for thread in threading.enumerate()}


def test_what_the_test_posts_is_what_the_stream_says() -> None:
    with running_server() as server:
        connection = HTTPConnection("127.0.0.1", server.port, timeout=5)
        connection.request(
            "GET", "/api/v1/streaming/public", headers={"Authorization": f"Bearer {server.token}"}
        )
        response = connection.getresponse()
        server.wait_for_subscribers(1)
        status = server.post("<p>hello</p>")
        server.delete(str(status["id"]))
        lines = [response.readline() for _ in range(7)]
        connection.close()
    assert lines[:2] == [b":)\n", b"event: update\n"]
    assert b'"content":"<p>hello</p>"' in lines[2]
    assert lines[4:6] == [b"event: delete\n", b"data: %b\n" % str(status["id"]).encode()]


def test_waiting_in_vain_ends_with_a_timeout() -> None:
    with running_server() as server, pytest.raises(TimeoutError):
        server.wait_for_subscribers(1, timeout_seconds=0.01)


def test_a_server_that_is_over_says_so() -> None:
    with running_server() as server:
        pass
    with pytest.raises(Misuse, match="with running_server"):
        server.post()


async def test_serving_runs_in_the_current_loop() -> None:
    async with serving() as server:
        _, writer = await asyncio.open_connection("127.0.0.1", server.port)
        writer.close()
        await writer.wait_closed()


def test_the_fixture_gives_a_running_server(trunkline_server: RunningServer) -> None:
    assert trunkline_server.url.startswith("http://127.0.0.1:")


def test_events_are_built_with_the_members_that_the_test_names() -> None:
    update = make_update("<p>hi</p>", spoiler_text="cw", stream=Stream.user())
    assert isinstance(update, Update)
    assert (update.status.content, update.status.spoiler_text) == ("<p>hi</p>", "cw")
    assert update.stream == Stream.user()
    edit = make_edit()
    assert isinstance(edit, Edit)
    assert edit.status.edited_at is not None
    assert make_delete("7") == Delete(
        stream=Stream.public(),
        server="https://trunkline.example",
        received_at=edit.received_at,
        raw=b"7",
    )
    assert isinstance(make_notify(), Notify)
    assert make_notify("favourite").notification.type == "favourite"
