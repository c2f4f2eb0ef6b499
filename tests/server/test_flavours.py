from __future__ import annotations

import aiohttp
import pytest
from tests.server.clients import SECONDS, Http, message, served, talking
from tests.support.virtual_clock import on_virtual_clock, wall_clock

from trunkline.errors import BadInput
from trunkline.server import Server, World
from trunkline.server.flavours import FLAVOURS

WEBSOCKET_ONLY = ["gotosocial", "akkoma", "pleroma", "iceshrimp.net"]
QUERY = "access_token=demo-token"


async def refused(client: Http, query: str = "", protocols: tuple[str, ...] = ()) -> int:
    with pytest.raises(aiohttp.WSServerHandshakeError) as caught:
        async with client.websocket(query, protocols=protocols):
            pass
    return caught.value.status


@pytest.mark.parametrize("name", list(FLAVOURS))
async def test_the_instance_documents_say_which_server_it_is(name: str) -> None:
    async with served(flavour=name) as client:
        _, newer, _ = await client.get("../v2/instance")
        _, older, _ = await client.get("instance")
        own = client.server.url.replace("http", "ws")
        assert isinstance(newer, dict)
        assert isinstance(older, dict)
        assert newer["version"] == older["version"] == FLAVOURS[name].version
        expected = {"friendica": "", "pixelfed": None}.get(name, own)
        assert newer["configuration"]["urls"]["streaming"] == expected
        assert older["urls"]["streaming_api"] == expected


@pytest.mark.parametrize("name", [*WEBSOCKET_ONLY, "friendica", "pixelfed"])
async def test_servers_without_event_streams_answer_404(name: str) -> None:
    async with served(flavour=name) as client, client.stream("public") as stream:
        assert stream.response.status == 404


@pytest.mark.parametrize("name", ["friendica", "pixelfed"])
async def test_servers_without_streaming_have_no_websocket_either(name: str) -> None:
    async with served(flavour=name) as client:
        assert await refused(client, QUERY) == 404


@pytest.mark.parametrize(("name", "status"), [("akkoma", 400), ("iceshrimp.net", 400)])
async def test_servers_that_know_no_authorization_field_refuse_it(name: str, status: int) -> None:
    async with served(flavour=name) as client:
        assert await refused(client) == status


async def test_the_query_beats_the_field_on_gotosocial() -> None:
    async with talking(f"{QUERY}&stream=user", flavour="gotosocial", token="bad") as (client, _):
        await client.server.wait_for_subscribers(1)


@pytest.mark.parametrize(
    ("name", "stream", "words"),
    [
        ("gotosocial", "list&list=1", ["list:1"]),
        ("gotosocial", "user", ["user"]),
        ("akkoma", "user", ["user:1"]),
        ("akkoma", "hashtag&tag=x", ["hashtag:x"]),
        ("pleroma", "list&list=1", ["list", "1"]),
        ("pleroma", "hashtag&tag=x", ["hashtag", "x"]),
        ("iceshrimp.net", "list&list=1", ["list", "1"]),
    ],
)
async def test_frames_name_their_stream_as_each_server_does(
    name: str, stream: str, words: list[str]
) -> None:
    async with talking(f"{QUERY}&stream={stream}", flavour=name, token=None) as (client, socket):
        if name == "pleroma":
            assert (await message(socket))["event"] == "pleroma:respond"
        await client.server.wait_for_subscribers(1)
        client.server.world.post(tags=["x"])
        assert (await message(socket))["stream"] == words


@pytest.mark.parametrize("name", ["akkoma", "pleroma"])
async def test_deletions_name_no_stream_on_pleroma_and_akkoma(name: str) -> None:
    async with talking(f"{QUERY}&stream=public", flavour=name, token=None) as (client, socket):
        await client.server.wait_for_subscribers(1)
        client.server.world.delete("9abc")
        heard = await message(socket)
        heard = await message(socket) if heard["event"] == "pleroma:respond" else heard
        assert heard == {"event": "delete", "payload": "9abc"}


async def test_gotosocial_carries_one_stream_on_a_socket_and_says_nothing_of_errors() -> None:
    async with talking("stream=user", flavour="gotosocial") as (client, socket):
        await socket.send_json({"type": "subscribe", "stream": "nope"})
        await socket.send_json({"type": "subscribe", "stream": "public"})
        client.server.world.post()
        assert (await message(socket))["stream"] == ["user"]
        assert client.server.hub.subscribers == 1


async def test_gotosocial_accepts_hashtags_and_never_posts_on_them() -> None:
    async with talking("stream=hashtag&tag=x", flavour="gotosocial") as (client, _):
        await client.server.wait_for_subscribers(1)
        client.server.world.post(tags=["x"])
        assert client.server.hub.counters.sent == 0


async def test_gotosocial_tells_of_no_deletions_on_lists_and_sends_empty_payloads() -> None:
    async with talking("stream=list&list=1", flavour="gotosocial") as (client, socket):
        await client.server.wait_for_subscribers(1)
        status_id = str(client.server.world.post()["id"])
        client.server.world.delete(status_id)
        client.server.world.publish("filters_changed", "", channels=["list:1"])
        assert [(await message(socket))["event"] for _ in range(2)] == [
            "update",
            "filters_changed",
        ]


async def test_akkoma_ignores_parameters_of_messages_and_unsubscribes() -> None:
    async with talking(QUERY, flavour="akkoma", token=None) as (client, socket):
        await socket.send_json({"type": "subscribe", "stream": "hashtag", "tag": "x"})
        await socket.send_json({"type": "subscribe", "stream": "public"})
        await client.server.wait_for_subscribers(1)
        await socket.send_json({"type": "unsubscribe", "stream": "public"})
        await socket.send_str("ping")
        assert await socket.receive_str(timeout=SECONDS) == "pong"
        client.server.world.post(tags=["x"])
        assert (await message(socket))["stream"] == ["public"]


@on_virtual_clock
async def test_akkoma_closes_what_is_idle_for_a_minute() -> None:
    world = World(wall_clock)
    async with talking(f"{QUERY}&stream=user", flavour="akkoma", token=None, world=world) as (
        _client,
        socket,
    ):
        await socket.receive(timeout=61)
        assert socket.close_code == 1006


async def test_remote_posts_need_an_instance_on_akkoma() -> None:
    async with served(flavour="akkoma", token=None) as client:
        async with client.websocket(f"{QUERY}&stream=public:remote&instance=a.example"):
            await client.server.wait_for_subscribers(1)
        async with client.websocket(f"{QUERY}&stream=public:remote"):
            await client.server.until(lambda: len(client.server.hub.connections) == 1)
            assert client.server.hub.count(channel="public:remote") <= 1


async def test_pleroma_takes_a_token_in_a_message_and_answers_every_request() -> None:
    async with talking(flavour="pleroma", token=None) as (_client, socket):
        requests = [
            {"type": "subscribe", "stream": "user"},
            {"type": "pleroma:authenticate", "token": "nonsense"},
            {"type": "pleroma:authenticate", "token": "demo-token"},
            {"type": "subscribe", "stream": "user"},
            {"type": "subscribe", "stream": "user"},
            {"type": "unsubscribe", "stream": "user"},
        ]
        answers = []
        for request in requests:
            await socket.send_json(request)
            heard = await message(socket)
            assert heard["event"] == "pleroma:respond"
            answers.append(str(heard["payload"]).partition('"result":')[2].split('"')[1])
        assert answers == ["error", "error", "success", "success", "ignored", "success"]


@pytest.mark.parametrize(
    ("text", "code"),
    [("not json", 1007), ('{"type":"subscribe","stream":"' + "x" * 300 + '"}', 1009)],
)
async def test_iceshrimp_closes_on_bad_messages(text: str, code: int) -> None:
    async with talking(QUERY, flavour="iceshrimp.net", token=None) as (_client, socket):
        await socket.send_str(text)
        assert (await socket.receive(timeout=SECONDS)).data == code


async def test_iceshrimp_closes_on_a_missing_scope() -> None:
    world = World()
    world.people.add_token("w", scopes=["write"])
    async with talking(
        "access_token=w&stream=user", flavour="iceshrimp.net", token=None, world=world
    ) as (_client, socket):
        assert (await socket.receive(timeout=SECONDS)).data == 1008


async def test_glitch_knows_local_only_streams_and_direct_posts() -> None:
    async with served(flavour="glitch-soc") as client:
        async with client.stream("public?allow_local_only=true&only_media=true") as stream:
            status = client.server.world.post(media=1)
            assert await stream.ids(1) == [status["id"]]
        async with client.stream("direct") as stream:
            client.server.world.message()
            assert [frame.event for frame in await stream.frames(2)] == ["update", "conversation"]


@pytest.mark.parametrize("name", ["gotosocial", "akkoma", "pleroma", "iceshrimp.net"])
async def test_other_ids_page_like_numbers(name: str) -> None:
    async with served(flavour=name) as client:
        ids = [str(client.server.world.post()["id"]) for _ in range(5)]
        assert len({len(one) for one in ids}) == 1
        assert not ids[0].isdigit()
        page = await client.ids(f"timelines/public?min_id={ids[1]}&limit=2")
        assert page == [ids[3], ids[2]]
        assert (await client.get(f"statuses?id[]={ids[0]}"))[0] == 404


async def test_gotosocial_tells_resets_in_seconds() -> None:
    async with served(flavour="gotosocial") as client:
        _, _, head = await client.get("timelines/public")
        assert head["X-RateLimit-Reset"].isdigit()


def test_a_flavour_that_does_not_exist_is_refused() -> None:
    with pytest.raises(BadInput, match="Expected a kind of server"):
        Server(flavour="mastodonn")
