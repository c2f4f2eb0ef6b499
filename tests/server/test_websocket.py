from __future__ import annotations

import asyncio

import aiohttp
import pytest
from tests.server.clients import SECONDS, Http, message, served, talking
from tests.support.virtual_clock import on_virtual_clock, wall_clock

from trunkline.server import World
from trunkline.wire.frames import CLOSE, TEXT, encode_frame

MASK = b"\x11\x22\x33\x44"
WIDE_PYTHON = "\uff30\uff39\uff34\uff28\uff2f\uff2e"
Socket = aiohttp.ClientWebSocketResponse


async def subscribe(client: Http, socket: Socket, **words: object) -> None:
    before = client.server.hub.counters.subscribed
    await socket.send_json({"type": "subscribe", **words})
    await client.server.until(lambda: client.server.hub.counters.subscribed > before)


async def upgraded(
    client: Http, query: str = "stream=user"
) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """Open a WebSocket by hand, for what a well-behaved client cannot do."""
    reader, writer = await asyncio.open_connection("127.0.0.1", client.server.port)
    writer.write(
        f"GET /api/v1/streaming?access_token=demo-token&{query} HTTP/1.1\r\nHost: here\r\n"
        "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
        "Sec-WebSocket-Key: MDEyMzQ1Njc4OWFiY2RlZg==\r\n\r\n".encode()
    )
    assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 101 ")
    return reader, writer


async def test_one_socket_carries_many_streams_each_under_its_name() -> None:
    async with talking() as (client, socket):
        await subscribe(client, socket, stream="public")
        await subscribe(client, socket, stream="hashtag", tag="Café")
        await subscribe(client, socket, stream="list", list=1)
        status_id = client.server.world.post(tags=["cafe"])["id"]
        heard = [await message(socket) for _ in range(3)]
        assert [one["stream"] for one in heard] == [["public"], ["hashtag", "Café"], ["list", 1]]
        assert all(f'"id":"{status_id}"' in str(one["payload"]) for one in heard)
        assert {one["event"] for one in heard} == {"update"}


async def test_the_same_subscription_twice_is_one_under_its_first_spelling() -> None:
    async with talking() as (client, socket):
        await subscribe(client, socket, stream="hashtag", tag="Python")
        await socket.send_json({"type": "subscribe", "stream": "hashtag", "tag": WIDE_PYTHON})
        await subscribe(client, socket, stream="direct")
        client.server.hub.publish("delete", "1", channels=["hashtag:python"])
        client.server.hub.publish("delete", "2", channels=["direct:1"])
        heard = [await message(socket) for _ in range(2)]
        assert [one["stream"] for one in heard] == [["hashtag", "Python"], ["direct"]]


async def test_user_and_its_notifications_together_tell_each_notification_twice() -> None:
    async with talking() as (client, socket):
        await subscribe(client, socket, stream="user")
        await subscribe(client, socket, stream="user:notification")
        client.server.world.notify("follow")
        heard = [await message(socket) for _ in range(2)]
        assert [one["stream"] for one in heard] == [["user"], ["user:notification"]]


async def test_after_an_unsubscribe_nothing_more_comes() -> None:
    async with talking() as (client, socket):
        await subscribe(client, socket, stream="public")
        await subscribe(client, socket, stream="user")
        await socket.send_json({"type": "unsubscribe", "stream": "public"})
        await client.server.until(lambda: client.server.hub.subscribers == 1)
        client.server.world.post()
        assert (await message(socket))["stream"] == ["user"]


async def test_an_unsubscribe_in_the_same_read_as_its_subscribe_is_lost() -> None:
    async with served() as client:
        reader, writer = await upgraded(client, "")
        words = b'{"type":"subscribe","stream":"user"}', b'{"type":"unsubscribe","stream":"user"}'
        writer.write(
            encode_frame(TEXT, words[0], mask=MASK) + encode_frame(TEXT, words[1], mask=MASK)
        )
        await client.server.wait_for_subscribers(1)
        client.server.hub.publish("delete", "7", channels=["user:1"])
        frame = b'\x812{"stream":["user"],"event":"delete","payload":"7"}'
        assert await asyncio.wait_for(reader.readexactly(len(frame)), SECONDS) == frame
        writer.close()


@pytest.mark.parametrize(
    ("words", "error"),
    [
        ({"stream": "nope"}, {"error": "Unknown stream type", "status": 400}),
        ({"stream": "public/local"}, {"error": "Unknown stream type", "status": 400}),
        ({"stream": "hashtag"}, {"error": "Missing tag name parameter", "status": 400}),
        (
            {"stream": "hashtag", "tag": 5},
            {"error": "An unexpected error occurred", "status": 500},
        ),
        ({"stream": "list"}, {"error": "Missing list name parameter", "status": 400}),
        (
            {"stream": "list", "list": "9"},
            {"error": "Not authorized to stream this list", "status": 401},
        ),
        (
            {"stream": "nope", "type": "unsubscribe"},
            {"error": "Error unsubscribing from channel"},
        ),
    ],
)
async def test_a_request_that_fails_is_told_so_without_a_stream(
    words: dict[str, object], error: dict[str, object]
) -> None:
    async with talking() as (_client, socket):
        await socket.send_json({"type": "subscribe", **words})
        assert await message(socket) == error


async def test_a_token_without_the_scope_connects_and_then_learns_it() -> None:
    world = World()
    world.people.add_token("write-only", scopes=["write"])
    async with talking("stream=public", world=world, token="write-only") as (_client, socket):
        assert await message(socket) == {
            "error": "Access token does not have the required scopes",
            "status": 401,
        }


async def test_a_refused_handshake_has_its_words_in_a_field() -> None:
    async with served(token=None) as client:
        with pytest.raises(aiohttp.WSServerHandshakeError) as caught:
            async with client.websocket("stream=public"):
                pass
    assert caught.value.status == 401
    assert caught.value.headers is not None
    assert caught.value.headers["X-Error-Message"] == "Missing access token"
    assert caught.value.headers["Content-Length"] == "0"


async def test_the_subprotocol_may_be_the_token_and_comes_back() -> None:
    async with talking("stream=user", protocols=("demo-token",), token=None) as (client, socket):
        assert socket.protocol == "demo-token"
        await client.server.wait_for_subscribers(1)


@on_virtual_clock
async def test_a_client_that_leaves_a_ping_unanswered_is_cut_at_the_next() -> None:
    loop = asyncio.get_running_loop()
    async with served(world=World(wall_clock)) as client:
        reader, writer = await upgraded(client)
        assert await reader.readexactly(2) == b"\x89\x00"
        assert loop.time() == pytest.approx(30, abs=0.1)
        assert await reader.read() == b""
        assert loop.time() == pytest.approx(60, abs=0.1)
        writer.close()


@on_virtual_clock
async def test_a_client_that_answers_pings_stays() -> None:
    async with talking("stream=user", world=World(wall_clock)) as (client, socket):
        reading = asyncio.ensure_future(message(socket, seconds=1000))
        await asyncio.sleep(200)
        client.server.world.notify("follow")
        assert (await reading)["event"] == "notification"


@on_virtual_clock
async def test_a_revoked_token_is_told_by_an_empty_close_frame() -> None:
    loop = asyncio.get_running_loop()
    async with served(world=World(wall_clock)) as client:
        reader, writer = await upgraded(client)
        polite_reader, polite = await upgraded(client)
        client.server.world.revoke_token("demo-token")
        client.server.world.post()
        assert await reader.readexactly(2) == await polite_reader.readexactly(2) == b"\x88\x00"
        polite.write(encode_frame(CLOSE, b"", mask=MASK))
        assert await polite_reader.read() == b""
        assert loop.time() < 1
        assert await reader.read() == b""
        assert loop.time() == pytest.approx(30, abs=0.1)
        writer.close()
        polite.close()


async def test_a_ping_of_the_client_is_answered_with_its_payload() -> None:
    async with talking() as (client, socket):
        await socket.ping(b"hey")
        await subscribe(client, socket, stream="user")


async def test_a_payload_that_is_no_text_stays_what_it_is() -> None:
    async with talking("stream=user") as (client, socket):
        await client.server.wait_for_subscribers(1)
        client.server.world.publish("some.future_event", True)
        client.server.world.publish("some.future_event", 1.5)
        client.server.world.publish("some.future_event", [1])
        assert [(await message(socket))["payload"] for _ in range(3)] == [True, 1.5, "[1]"]


async def test_binary_is_refused_and_text_that_is_not_json_is_ignored() -> None:
    async with talking() as (client, socket):
        for text in ("", "not json", "[]", "null", '"x"', "{}", '{"type":"ping"}'):
            await socket.send_str(text)
        await subscribe(client, socket, stream="user")
        await socket.send_bytes(b"x")
        closing = await socket.receive(timeout=SECONDS)
        assert closing.data == 1003
        assert closing.extra == "The mastodon streaming server does not support binary messages"


async def test_a_large_event_arrives_whole() -> None:
    async with talking("stream=public") as (client, socket):
        await client.server.wait_for_subscribers(1)
        client.server.world.post("x" * 1_000_000)
        assert len(str((await message(socket))["payload"])) > 1_000_000
