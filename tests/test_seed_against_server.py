"""The interface of 2017, line by line, against a running server: both faces, both transports.

What that interface promises of byte lines alone is in `test_listener`.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection
from typing import Protocol

import pytest

from trunkline import AsyncMastodon, MalformedEventError, Mastodon, StopStream, StreamListener
from trunkline.options import TransportChoice
from trunkline.testing import RunningServer, Settings, running_server

Script = Callable[[RunningServer], object]


class Heard(StreamListener):
    """Keeps what its handlers are told, and stops once it was told `until`."""

    def __init__(self, until: str) -> None:
        self.calls: list[tuple[object, ...]] = []
        self.threads: set[int] = set()
        self._until = until

    def on_update(self, status: object, /) -> None:
        self._hear("on_update", status)

    def on_notification(self, notification: object, /) -> None:
        self._hear("on_notification", notification)

    def on_delete(self, status_id: object, /) -> None:
        self._hear("on_delete", status_id)

    def on_unknown_event(self, name: str, payload: object, /) -> None:
        self._hear("on_unknown_event", name, payload)

    def handle_heartbeat(self) -> None:
        self._hear("handle_heartbeat")

    def _hear(self, *call: object) -> None:
        self.threads.add(threading.get_ident())
        if call[0] != "handle_heartbeat" or self._until == "handle_heartbeat":
            self.calls.append(call)
        if call[0] == self._until:
            raise StopStream


class Face(Protocol):
    """Calls one listening method of a client, while a script makes things happen on the server."""

    def __call__(
        self, server: RunningServer, method: str, *arguments: object, script: Script
    ) -> None: ...


def sync_face(transport: TransportChoice) -> Face:
    def listen(server: RunningServer, method: str, *arguments: object, script: Script) -> None:
        with (
            Mastodon(server.url, access_token=server.token) as mastodon,
            once_subscribed(server, script),
        ):
            assert getattr(mastodon, method)(*arguments, transport=transport) is None

    return listen


def async_face(transport: TransportChoice) -> Face:
    async def listening(server: RunningServer, method: str, *arguments: object) -> None:
        async with AsyncMastodon(server.url, access_token=server.token) as mastodon:
            await getattr(mastodon, method)(*arguments, transport=transport)

    def listen(server: RunningServer, method: str, *arguments: object, script: Script) -> None:
        with once_subscribed(server, script):
            asyncio.run(listening(server, method, *arguments))

    return listen


class once_subscribed:  # noqa: N801  # reads as a word of its own after `with`
    """Runs a script in a thread as soon as somebody listens, and raises what it raised."""

    def __init__(self, server: RunningServer, script: Script) -> None:
        self._server = server
        self._script = script
        self._threads = ThreadPoolExecutor(1)

    def __enter__(self) -> None:
        self._running = self._threads.submit(self._run)

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        self._threads.shutdown()
        if error is None:
            self._running.result()

    def _run(self) -> None:
        self._server.wait_for_subscribers(1)
        self._script(self._server)


@pytest.fixture(
    params=[
        pytest.param(make(transport), id=f"{name}-{transport}")
        for name, make in (("sync", sync_face), ("async", async_face))
        for transport in ("sse", "websocket")
    ]
)
def face(request: pytest.FixtureRequest) -> Face:
    chosen: Face = request.param
    return chosen


@pytest.fixture
def server() -> Iterator[RunningServer]:
    with running_server(settings=Settings(heartbeat_seconds=0.05, ping_seconds=0.05)) as server:
        yield server
        server.until(lambda: not server.server.hub.subscribers)


@pytest.mark.parametrize(
    ("method", "arguments"),
    [("user_stream", ()), ("public_stream", ()), ("hashtag_stream", ("python",))],
)
def test_a_new_status_is_the_parsed_dictionary(
    server: RunningServer, face: Face, method: str, arguments: tuple[str, ...]
) -> None:
    heard = Heard(until="on_update")
    posted: list[dict[str, object]] = []
    face(
        server,
        method,
        *arguments,
        heard,
        script=lambda server: posted.append(server.post("<p>hi</p>", tags=["python"])),
    )
    ((name, status),) = heard.calls
    assert name == "on_update"
    assert isinstance(status, dict)
    # Public streams leave out what depends on the viewer; all else is as it was posted.
    assert set(status) >= {"id", "created_at", "content", "account", "tags"}
    assert status == {member: posted[0][member] for member in status}


def test_a_notification_is_the_parsed_dictionary(server: RunningServer, face: Face) -> None:
    heard = Heard(until="on_notification")
    sent: list[object] = []
    face(server, "user_stream", heard, script=lambda server: sent.append(server.notify("follow")))
    assert heard.calls == [("on_notification", sent[0])]


def test_a_deletion_is_the_integer_id_of_the_status(server: RunningServer, face: Face) -> None:
    heard = Heard(until="on_delete")
    posted: list[str] = []

    def post_and_delete(server: RunningServer) -> None:
        posted.append(str(server.post()["id"]))
        server.delete(posted[0])

    face(server, "user_stream", heard, script=post_and_delete)
    assert heard.calls[-1] == ("on_delete", int(posted[0]))


def test_a_keep_alive_message_calls_the_heartbeat_handler(
    server: RunningServer, face: Face
) -> None:
    heard = Heard(until="handle_heartbeat")
    face(server, "public_stream", heard, script=lambda server: None)
    assert heard.calls == [("handle_heartbeat",)]


def test_an_unhandled_event_is_logged_and_offered_and_the_stream_goes_on(
    server: RunningServer, face: Face, caplog: pytest.LogCaptureFixture
) -> None:
    heard = Heard(until="on_update")

    def publish(server: RunningServer) -> None:
        server.publish("brand_new", {"id": "7"})
        server.post()

    with caplog.at_level(logging.WARNING, "trunkline"):
        face(server, "user_stream", heard, script=publish)
    assert heard.calls[0] == ("on_unknown_event", "brand_new", {"id": "7"})
    assert "Unhandled event 'brand_new'" in caplog.messages


def test_a_subclass_may_handle_an_event_that_nobody_knew(server: RunningServer, face: Face) -> None:
    class Modern(Heard):
        def on_brand_new(self, payload: object) -> None:
            self._hear("on_brand_new", payload)

    heard = Modern(until="on_brand_new")
    face(
        server, "user_stream", heard, script=lambda server: server.publish("brand_new", {"id": "7"})
    )
    assert heard.calls == [("on_brand_new", {"id": "7"})]


def test_a_listener_that_overrides_nothing_else_lives_through_everything(
    server: RunningServer, face: Face
) -> None:
    class OnlyDeletes(StreamListener):
        def on_delete(self, status_id: int | str, /) -> None:
            raise StopStream

    def everything(server: RunningServer) -> None:
        status_id = str(server.post()["id"])
        server.edit(status_id, content="<p>more</p>")
        server.notify("favourite")
        server.announce()
        server.publish("filters_changed", "")
        server.publish("notifications_merged", "1")
        server.delete(status_id)

    face(server, "user_stream", OnlyDeletes(), script=everything)


def test_stopping_in_a_handler_ends_the_call_cleanly_and_nothing_more_is_heard(
    server: RunningServer, face: Face
) -> None:
    heard = Heard(until="on_update")

    def post_thrice(server: RunningServer) -> None:
        server.call(lambda: [server.world.post(f"<p>{n}</p>") for n in range(3)])

    face(server, "public_stream", heard, script=post_thrice)
    assert [name for name, *_ in heard.calls] == ["on_update"]


def test_handlers_run_in_the_thread_of_the_call(server: RunningServer, face: Face) -> None:
    heard = Heard(until="on_update")
    face(server, "public_stream", heard, script=lambda server: server.post())
    assert heard.threads == {threading.get_ident()}


def test_what_a_handler_raises_comes_out_of_the_call(server: RunningServer, face: Face) -> None:
    class Broken(StreamListener):
        def on_update(self, status: object, /) -> None:
            raise ZeroDivisionError("mine")

    with pytest.raises(ZeroDivisionError, match="mine"):
        face(server, "public_stream", Broken(), script=lambda server: server.post())


def test_a_broken_frame_is_logged_and_the_stream_goes_on(
    server: RunningServer, face: Face, caplog: pytest.LogCaptureFixture
) -> None:
    heard = Heard(until="on_delete")

    def publish(server: RunningServer) -> None:
        server.publish("update", "no object", channels=["public"])
        server.publish("delete", "7", channels=["public"])

    with caplog.at_level(logging.WARNING, "trunkline"):
        face(server, "public_stream", heard, script=publish)
    assert heard.calls == [("on_delete", 7)]
    assert any(message.startswith("Malformed event 'update'") for message in caplog.messages)


@pytest.fixture
def lines(server: RunningServer) -> Iterator[Iterator[bytes]]:
    """Yield the lines of the user stream as the server sends them, read by other hands."""
    connection = HTTPConnection("127.0.0.1", server.port, timeout=5)
    path = "/api/v1/streaming/user"
    connection.request("GET", path, headers={"Authorization": f"Bearer {server.token}"})
    with connection.getresponse() as response:
        server.wait_for_subscribers(1)
        yield iter(response.readline, b"")
    connection.close()


def test_lines_of_the_server_can_be_handled_by_hand(
    server: RunningServer, lines: Iterator[bytes]
) -> None:
    status = server.post("<p>line \u2028 separator</p>")
    notification = server.notify("follow")
    server.publish("brand_new", {"id": "7"})
    server.delete(str(status["id"]))
    heard = Heard(until="on_delete")
    heard.handle_stream(lines)
    assert heard.calls == [
        ("on_update", status),
        ("on_notification", notification),
        ("on_unknown_event", "brand_new", {"id": "7"}),
        ("on_delete", int(str(status["id"]))),
    ]


def test_heartbeats_of_the_server_can_be_handled_by_hand(lines: Iterator[bytes]) -> None:
    heard = Heard(until="handle_heartbeat")
    next(lines)  # the opener, which is a comment too
    heard.handle_stream(lines)
    assert heard.calls == [("handle_heartbeat",)]


def test_bad_json_by_hand_raises_the_error_of_2017(
    server: RunningServer, lines: Iterator[bytes]
) -> None:
    server.publish("update", "no object", channels=["user:1"])
    with pytest.raises(MalformedEventError, match="Bad JSON"):
        Heard(until="never").handle_stream(lines)


def test_an_event_that_is_cut_off_is_logged_by_hand(
    server: RunningServer, lines: Iterator[bytes], caplog: pytest.LogCaptureFixture
) -> None:
    server.publish("update", {"id": "7"}, channels=["user:1"])
    taken = [line for line, _ in zip(lines, range(3), strict=False)]
    with caplog.at_level(logging.WARNING, "trunkline"):
        Heard(until="never").handle_stream(taken)
    assert any("ended inside an event" in message for message in caplog.messages)
