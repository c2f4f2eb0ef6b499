from __future__ import annotations

import asyncio

import pytest
from tests.server.clients import SECONDS, http, served
from tests.support.virtual_clock import on_virtual_clock, wall_clock

from trunkline.server import Server, World
from trunkline.server.selection import is_true
from trunkline.server.site import Settings
from trunkline.streams import STREAMS, Stream
from trunkline.wire.sse import Frame

HEAD = (
    b"HTTP/1.1 200 OK\r\nX-Request-Id: *\r\nAccess-Control-Allow-Origin: *\r\n"
    b"Content-Type: text/event-stream\r\nCache-Control: private, no-store\r\n"
    b"Transfer-Encoding: chunked\r\nDate: *\r\nConnection: keep-alive\r\n"
    b"Keep-Alive: timeout=5\r\n\r\n"
)
LISTENED = [
    Stream.user(),
    Stream.notifications(),
    Stream.public(),
    Stream.public(only_media=True),
    Stream.public(local=True),
    Stream.public(local=True, only_media=True),
    Stream.public(remote=True),
    Stream.public(remote=True, only_media=True),
    Stream.hashtag("Café"),
    Stream.hashtag("CAFE", local=True),
    Stream.list("1"),
    Stream.direct(),
]


def request(path: str, *fields: str, version: str = "1.1") -> bytes:
    head = [f"GET {path} HTTP/{version}", "Host: here", *fields, "", ""]
    return "\r\n".join(head).encode()


def starred(head: bytes) -> bytes:
    lines = head.split(b"\r\n")
    vague = (b"X-Request-Id", b"Date")
    return b"\r\n".join(
        line.split(b":")[0] + b": *" if line.startswith(vague) else line for line in lines
    )


async def test_the_first_bytes_are_those_that_were_measured() -> None:
    async with Server() as server:
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        writer.write(request("/api/v1/streaming/public?access_token=demo-token"))
        head = await reader.readuntil(b"\r\n\r\n")
        assert starred(head) == HEAD
        assert await reader.readexactly(8) == b"3\r\n:)\n\r\n"
        server.hub.publish("delete", "7", channels=["public"])
        event = b"e\r\nevent: delete\n\r\n9\r\ndata: 7\n\n\r\n"
        assert await reader.readexactly(len(event)) == event
        writer.close()


async def test_http_1_0_gets_the_stream_without_chunks() -> None:
    async with Server() as server:
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        query = "access_token=demo-token"
        writer.write(request(f"/api/v1/streaming/public?{query}", version="1.0"))
        head = await reader.readuntil(b"\r\n\r\n")
        assert b"chunked" not in head
        assert await reader.readexactly(3) == b":)\n"
        server.hub.publish("delete", "7", channels=["public"])
        assert await reader.readexactly(23) == b"event: delete\ndata: 7\n\n"
        writer.close()


@on_virtual_clock
async def test_a_heartbeat_comes_every_fifteen_seconds_whether_or_not_events_flow() -> None:
    loop = asyncio.get_running_loop()
    async with served(world=World(wall_clock)) as client, client.stream() as stream:
        assert (await stream.comment()).text == b")"
        for number in range(1, 5):
            client.server.world.post()
            while (comment := await stream.comment(seconds=60)).text != b"thump":
                pass
            assert comment.text == b"thump"
            assert loop.time() == pytest.approx(number * 15, abs=0.1)


async def test_an_older_server_ends_its_heartbeat_with_one_line_feed() -> None:
    settings = Settings(heartbeat_seconds=0.01, heartbeat_line_feeds=1)
    async with served(settings=settings) as client, client.stream() as stream:
        assert await asyncio.wait_for(stream.response.content.read(10), SECONDS) == b":)\n"
        assert await asyncio.wait_for(stream.response.content.read(100), SECONDS) == b":thump\n"


@pytest.mark.parametrize("stream", LISTENED, ids=str)
async def test_every_stream_carries_what_its_name_says(stream: Stream) -> None:
    query = "&".join(f"{name}={value}" for name, value in stream.sse_query)
    async with served() as client, client.stream(f"{stream.sse_path}?{query}") as events:
        world = client.server.world
        for local in (True, False):
            for media in (0, 1):
                world.post(local=local, media=media, tags=["cafe", "other"])
        world.post(visibility="private")
        world.message()
        world.notify("follow")
        world.publish("delete", "1", channels=world.log.on(["public"])[0].channels)
        expected = world.published_on(stream)
        assert expected
        frames = await events.frames(len(expected))
        assert [frame.event for frame in frames] == [entry.event for entry in expected]


def test_the_streams_tested_are_all_that_mastodon_has() -> None:
    assert {stream.name for stream in LISTENED} == {
        name for name in STREAMS if "allow_local_only" not in name
    }


@pytest.mark.parametrize("value", ["", "0", "f", "F", "false", "FALSE", "off", "OFF"])
def test_what_switches_only_media_off(value: str) -> None:
    assert not is_true(value)
    assert not is_true(None)


@pytest.mark.parametrize("value", ["1", "true", "no", "n", "False", "Off"])
def test_everything_else_switches_only_media_on(value: str) -> None:
    assert is_true(value)


async def test_a_revoked_token_ends_the_stream_cleanly_and_the_connection_stays() -> None:
    async with Server() as server:
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        writer.write(request("/api/v1/streaming/user", "Authorization: Bearer demo-token"))
        await reader.readuntil(b":)\n\r\n")
        server.world.revoke_token("demo-token")
        assert await reader.readexactly(5) == b"0\r\n\r\n"
        server.world.post()
        writer.write(request("/api/v1/streaming/user", "Authorization: Bearer demo-token"))
        assert b"401 Unauthorized" in await reader.readuntil(b"\r\n\r\n")
        writer.close()


async def test_a_client_that_leaves_is_forgotten_at_once() -> None:
    async with Server() as server, http(server) as client:
        async with client.stream():
            assert server.hub.subscribers == 1
        await server.until(lambda: server.hub.subscribers == 0)
        assert server.hub.connections == ()


async def test_line_feeds_inside_a_payload_break_the_frame_as_they_do_there() -> None:
    async with served() as client, client.stream("user") as stream:
        client.server.world.publish("update", '{\n "id": "1"\n}', channels=["user:1"])
        client.server.world.publish("delete", "7", channels=["user:1"])
        assert await stream.frames(2) == [Frame("update", b"{"), Frame("delete", b"7")]


@pytest.mark.parametrize("method", ["POST", "DELETE", "PUT", "HEAD"])
async def test_streams_know_no_other_method(method: str) -> None:
    async with served() as client:
        async with client.session.request(method, "/api/v1/streaming/public") as response:
            assert (response.status, response.content_type) == (404, "text/html")
        async with client.session.options("/api/v1/streaming/public") as response:
            assert response.status == 204
            assert response.headers["Access-Control-Allow-Origin"] == "*"


async def test_an_event_is_dropped_that_has_no_payload() -> None:
    async with served() as client, client.stream("user") as stream:
        client.server.world.publish("filters_changed", None)
        client.server.world.publish("filters_changed", "")
        client.server.world.publish("filters_changed", "x")
        assert await stream.next() == Frame("filters_changed", b"x")
