from __future__ import annotations

import asyncio
import subprocess
import sys
import threading
import urllib.request
from http.client import HTTPConnection
from pathlib import Path

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


async def test_a_server_in_a_thread_may_be_used_in_a_test_with_a_loop_of_its_own() -> None:
    with running_server() as server:
        _, writer = await asyncio.open_connection("127.0.0.1", server.port)
        writer.close()
        await writer.wait_closed()
    assert "trunkline-test-server" not in {thread.name for thread in threading.enumerate()}


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


PLUGIN_TESTS = """
import pytest
from trunkline.testing import Fault

@pytest.mark.trunkline(flavour="gotosocial", faults=[Fault("rest_status")])
def test_fired(trunkline_server):
    import urllib.error, urllib.request
    assert trunkline_server.server.flavour.name == "gotosocial"
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(trunkline_server.url + "/api/v1/timelines/public")
    caught.value.close()

@pytest.mark.trunkline(faults=[Fault("reset")])
def test_unfired(trunkline_server):
    pass
"""


def test_a_declared_fault_that_never_struck_fails_the_test(tmp_path: Path) -> None:
    (tmp_path / "test_bot.py").write_text(PLUGIN_TESTS)
    run = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--strict-markers"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert "2 passed, 1 error" in run.stdout
    assert "never struck" in run.stdout


def test_the_plugin_loads_no_server_until_it_is_used() -> None:
    code = "import sys, trunkline.testing_pytest; print('trunkline.server' in sys.modules)"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout == "False\n"
