from __future__ import annotations

import asyncio

import aiohttp
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.server.clients import SECONDS, Http, identifier, message, served
from tests.support.virtual_clock import run

from trunkline.errors import BadInput
from trunkline.server import Fault
from trunkline.server.faults import FAULT_KINDS
from trunkline.server.site import Settings
from trunkline.wire.sse import Frame
from trunkline.wire.websocket import Message, decode_message


def post(client: Http) -> str:
    return str(client.server.world.post()["id"])


async def test_a_reset_comes_inside_an_event_and_only_as_often_as_declared() -> None:
    async with served(Fault("reset", after_events=1)) as client:
        async with client.stream() as stream:
            first, _ = post(client), post(client)
            assert await stream.ids(1) == [first]
            assert await stream.end() in ("ClientPayloadError", "ClientOSError")
            assert client.server.faults.fired == [1]
        async with client.stream() as stream:
            third = post(client)
            assert await stream.ids(1) == [third]


async def test_a_stall_silences_heartbeats_and_events_and_keeps_the_socket() -> None:
    quick = Settings(heartbeat_seconds=0.01)
    async with served(Fault("stall"), settings=quick) as client, client.stream() as stalled:
        await stalled.comment()
        post(client)
        async with client.stream() as fresh:
            second = post(client)
            assert await fresh.ids(1) == [second]
            await fresh.comment()
        assert not stalled.unread
        assert not stalled.ended
        assert client.server.faults.fired == [1]


async def test_silence_lets_heartbeats_through_and_no_events() -> None:
    quick = Settings(heartbeat_seconds=0.01)
    async with served(Fault("silent"), settings=quick) as client, client.stream() as stream:
        post(client)
        stream.items.clear()
        assert (await stream.comment()).text in (b")", b"thump")
        assert (await stream.comment()).text == b"thump"
        assert not stream.unread


async def test_silence_with_an_end_loses_what_came_meanwhile() -> None:
    async with served(Fault("silent", seconds=0.01)) as client, client.stream() as stream:
        post(client)
        await asyncio.sleep(0.02)
        second = post(client)
        assert await stream.ids(1) == [second]


async def test_a_duplicate_is_the_same_event_twice() -> None:
    fault = Fault("duplicate", after_events=1, count=2)
    async with served(fault) as client, client.stream() as stream:
        ids = [post(client) for _ in range(4)]
        assert await stream.ids(6) == [ids[0], ids[1], ids[1], ids[2], ids[2], ids[3]]
        assert client.server.faults.fired == [2]


async def test_a_strike_that_hits_many_connections_counts_once() -> None:
    fault = Fault("duplicate", count=2)
    async with served(fault) as client, client.stream() as one, client.stream() as other:
        ids = [post(client) for _ in range(3)]
        for stream in (one, other):
            assert await stream.ids(5) == [ids[0], ids[0], ids[1], ids[1], ids[2]]
        assert client.server.faults.fired == [2]


async def test_adjacent_events_change_places() -> None:
    async with served(Fault("reorder", after_events=1)) as client, client.stream() as stream:
        ids = [post(client) for _ in range(4)]
        assert await stream.ids(4) == [ids[0], ids[2], ids[1], ids[3]]
        assert client.server.faults.fired == [1]


async def test_an_event_without_a_successor_is_not_held_for_ever() -> None:
    async with served(Fault("reorder", seconds=0.01)) as client, client.stream() as stream:
        only = post(client)
        assert await stream.ids(1) == [only]
        assert client.server.faults.unfired() == client.server.faults.faults


async def test_a_trickle_arrives_whole_and_in_order() -> None:
    async with served(Fault("trickle", seconds=0.0)) as client, client.stream() as stream:
        ids = [post(client) for _ in range(3)]
        assert await stream.ids(3) == ids
        assert client.server.faults.fired == [1]


async def test_garbage_comes_before_an_event_and_spares_it() -> None:
    async with served(Fault("garbage", count=4)) as client, client.stream() as stream:
        ids = [post(client) for _ in range(5)]
        frames = await stream.frames(9)
    broken = frames[0:8:2]
    assert [identifier(frame) for frame in [*frames[1:8:2], frames[8]]] == ids
    assert broken == [
        Frame("update", b'{"id":"1","content":'),
        Frame("", b'{"id":"1"}'),
        Frame("update", b"{"),
        Frame("update", None),
    ]


async def test_garbage_on_a_websocket_is_text_that_is_no_event() -> None:
    async with (
        served(Fault("garbage", count=4)) as client,
        client.websocket("stream=public") as socket,
    ):
        await client.server.wait_for_subscribers(1)
        ids = [post(client) for _ in range(4)]
        texts = [await socket.receive_str(timeout=SECONDS) for _ in range(8)]
    spared = [decode_message(text) for text in texts[1::2]]
    assert [identifier(Frame("", one.data)) for one in spared if isinstance(one, Message)] == ids
    assert texts[4] == "pong"


async def test_a_killed_token_ends_streams_cleanly_and_still_opens_new_ones() -> None:
    async with served(Fault("token_kill", after_events=1)) as client:
        async with client.stream() as stream, client.websocket("stream=public") as socket:
            await client.server.wait_for_subscribers(2)
            first = post(client)
            assert await stream.ids(1) == [first]
            assert (await message(socket))["event"] == "update"
            assert await stream.end() == "clean"
            closing = await socket.receive(timeout=SECONDS)
            assert (closing.type, closing.data) == (aiohttp.WSMsgType.CLOSE, 0)
        async with client.stream() as stream:
            second = post(client)
            assert await stream.ids(1) == [second]


async def test_a_revoked_token_opens_nothing_more() -> None:
    async with served(Fault("token_kill", revoke=True)) as client:
        async with client.stream() as stream:
            post(client)
            assert await stream.end() == "clean"
        async with client.stream() as stream:
            assert stream.response.status == 401


@pytest.mark.parametrize(
    ("fault", "status", "content_type"),
    [
        (Fault("html", count=2), 200, "text/html"),
        (Fault("status", count=2), 503, "application/json"),
        (Fault("status", status=429, count=2), 429, "application/json"),
        (Fault("redirect", count=2), 307, "application/octet-stream"),
    ],
)
async def test_connects_meet_what_proxies_answer(
    fault: Fault, status: int, content_type: str
) -> None:
    async with served(fault) as client:
        for _ in range(fault.count):
            async with client.stream() as stream:
                assert (stream.response.status, stream.response.content_type) == (
                    status,
                    content_type,
                )
                assert "Retry-After" not in stream.response.headers
        async with client.stream() as stream:
            only = post(client)
            assert await stream.ids(1) == [only]
        assert client.server.faults.fired == [2]


async def test_an_error_status_says_when_to_come_back_if_declared() -> None:
    fault = Fault("status", status=429, retry_after_seconds=7)
    async with served(fault) as client, client.stream() as stream:
        assert stream.response.headers["Retry-After"] == "7"


async def test_a_redirect_leads_to_the_same_path_elsewhere() -> None:
    fault = Fault("redirect", location="http://elsewhere.invalid/")
    async with served(fault) as client, client.stream("hashtag?tag=x") as stream:
        location = stream.response.headers["Location"]
    assert location == "http://elsewhere.invalid/api/v1/streaming/hashtag?tag=x"


async def test_a_fault_of_connects_first_cuts_what_is_connected() -> None:
    async with served(Fault("refuse", after_events=1)) as client:
        async with client.stream() as stream:
            first = post(client)
            assert await stream.ids(1) == [first]
            assert await stream.end() == "ClientPayloadError"
            assert client.server.faults.unfired()
        reader, writer = await asyncio.open_connection("127.0.0.1", client.server.port)
        writer.write(b"GET /api/v1/streaming/public HTTP/1.1\r\nHost: x\r\n\r\n")
        assert await asyncio.wait_for(reader.read(), SECONDS) == b""
        writer.close()
        assert not client.server.faults.unfired()
        async with client.stream() as stream:
            second = post(client)
            assert await stream.ids(1) == [second]


async def test_a_buffering_proxy_says_200_and_not_a_byte_more() -> None:
    async with (
        served(Fault("buffering")) as client,
        client.session.get("/api/v1/streaming/public") as response,
    ):
        assert response.status == 200
        post(client)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(response.content.readany(), 0.02)


async def test_rest_answers_errors_as_often_as_declared() -> None:
    fault = Fault("rest_status", status=502, count=2)
    async with served(fault) as client:
        codes = [(await client.get("timelines/public"))[0] for _ in range(3)]
        assert codes == [502, 502, 200]


async def test_a_restart_cuts_everything_and_comes_back_on_the_same_port() -> None:
    async with served(Fault("restart", after_events=1, seconds=0.01)) as client:
        async with client.stream() as stream:
            first = post(client)
            assert await stream.ids(1) == [first]
            assert await stream.end() == "ClientPayloadError"
        missed = post(client)
        await asyncio.sleep(0.05)
        async with client.stream() as stream:
            third = post(client)
            assert await stream.ids(1) == [third]
        assert await client.ids("timelines/public") == [third, missed, first]


async def test_faults_of_one_transport_spare_the_other() -> None:
    fault = Fault("duplicate", transport="websocket")
    async with served(fault) as client, client.stream() as stream:
        ids = [post(client), post(client)]
        assert await stream.ids(2) == ids
        assert client.server.faults.unfired()


async def test_a_fault_that_hits_nobody_has_not_fired() -> None:
    async with served(Fault("reset"), Fault("stall"), Fault("silent")) as client:
        post(client)
        assert client.server.faults.unfired() == client.server.faults.faults


def test_every_kind_of_fault_says_what_it_does() -> None:
    assert all(FAULT_KINDS.values())
    assert len(FAULT_KINDS) == 15


def test_a_fault_that_cannot_be_meant_is_refused() -> None:
    with pytest.raises(BadInput, match="Expected a kind of fault"):
        Fault("explode")  # type: ignore[arg-type]
    with pytest.raises(BadInput, match="at least once"):
        Fault("reset", count=0)


FAULTS = st.builds(
    Fault,
    st.sampled_from(["duplicate", "reorder", "garbage", "trickle", "silent", "token_kill"]),
    after_events=st.integers(0, 6),
    count=st.integers(1, 3),
    seconds=st.just(0.0),
)


async def replay(faults: list[Fault]) -> tuple[bytes, list[int]]:
    """Publish ten deletions to one client under `faults` and return its bytes."""
    async with served(*faults) as client, client.stream() as stream:
        for number in range(10):
            client.server.publish("delete", str(number), channels=["public"])
            await asyncio.sleep(0)
        async with client.stream() as other:
            client.server.publish("delete", "last", channels=["hashtag:other", "public"])
            del other
        client.server.revoke_token("demo-token")
        try:
            body = await asyncio.wait_for(stream.response.content.read(), SECONDS)
        except aiohttp.ClientPayloadError:
            body = b"cut"
        return body, client.server.faults.fired


@settings(max_examples=25, deadline=None)
@given(st.lists(FAULTS, max_size=4))
def test_the_same_plan_strikes_the_same_way_again(faults: list[Fault]) -> None:
    first, second = run(replay(faults)), run(replay(faults))
    assert first == second


async def test_a_restart_that_is_still_going_on_is_not_begun_again() -> None:
    async with served(Fault("restart", count=5, seconds=0.05)) as client:
        for _ in range(4):
            post(client)
        assert client.server.faults.fired == [1]
        await asyncio.sleep(0.1)
        assert (await client.get("timelines/public"))[0] == 200


async def test_whoever_waits_for_a_fault_is_told_when_it_struck() -> None:
    async with served(Fault("duplicate")) as client, client.stream():
        waiting = asyncio.ensure_future(
            client.server.until(lambda: not client.server.faults.unfired())
        )
        await asyncio.sleep(0)
        post(client)
        await asyncio.wait_for(waiting, SECONDS)
