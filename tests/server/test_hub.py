from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trunkline.server.connection import Connection
from trunkline.server.encoders import Envelope, chunked_event
from trunkline.server.hub import Hub, Subscription
from trunkline.server.publication import Publication, encode_payload
from trunkline.server.tokens import Token

TOKEN = Token(value="secret", account_id="1")


@asynccontextmanager
async def connected(hub: Hub) -> AsyncIterator[tuple[Connection, asyncio.StreamReader]]:
    """Open a real socket and give both of its ends."""
    arrived: asyncio.Future[asyncio.StreamWriter] = asyncio.get_running_loop().create_future()
    server = await asyncio.start_server(lambda _, writer: arrived.set_result(writer), "127.0.0.1")
    reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
    ours = await arrived
    transport = ours.transport
    assert isinstance(transport, asyncio.Transport)
    connection = hub.open(transport, kind="sse", token=TOKEN, chunked=True)
    try:
        yield connection, reader
    finally:
        for one in (ours, writer):
            one.close()
        server.close()


class CountingEncoder:
    def __init__(self) -> None:
        self.calls = 0

    def __call__(self, publication: Publication, /) -> bytes:
        self.calls += 1
        return publication.data


async def test_an_event_is_encoded_once_for_all_who_share_a_spelling() -> None:
    hub, encode = Hub(), CountingEncoder()
    async with connected(hub) as (one, reader), connected(hub) as (other, other_reader):
        hub.subscribe(Subscription(one, ("public",), encode))
        hub.subscribe(Subscription(other, ("public:local",), encode))
        hub.publish("update", b"x", channels=["public", "public:local"])
        assert await reader.readexactly(1) == await other_reader.readexactly(1) == b"x"
    assert (encode.calls, hub.counters.published, hub.counters.sent) == (1, 1, 2)


async def test_a_subscription_that_ended_gets_nothing_more() -> None:
    hub, encode = Hub(), CountingEncoder()
    async with connected(hub) as (connection, _):
        subscription = Subscription(connection, ("public",), encode)
        hub.subscribe(subscription)
        hub.unsubscribe(subscription)
        hub.unsubscribe(subscription)
        hub.publish("update", b"x", channels=["public"])
        assert (hub.subscribers, encode.calls) == (0, 0)


async def test_closing_a_connection_ends_all_its_subscriptions() -> None:
    hub = Hub()
    async with connected(hub) as (connection, _):
        hub.subscribe(Subscription(connection, ("public",), chunked_event))
        hub.subscribe(Subscription(connection, ("user:1",), Envelope(("user",))))
        hub.close(connection)
        assert (hub.subscribers, hub.connections) == (0, ())


async def test_a_reader_that_does_not_read_is_cut_and_counted() -> None:
    hub = Hub(max_buffer_bytes=1_000_000)
    async with connected(hub) as (slow, reader), connected(hub) as (quick, quick_reader):
        for connection in (slow, quick):
            hub.subscribe(Subscription(connection, ("public",), chunked_event))
        payload, received = b"x" * 100_000, 0
        while hub.counters.cut == 0:
            hub.publish("update", payload, channels=["public"])
            received += len(await quick_reader.read(2**20))
            assert hub.counters.published < 500
        assert not slow.is_open
        assert quick.is_open
        assert hub.counters.cut == 1
        assert len(await reader.read()) < hub.counters.published * 100_000


async def test_waiting_is_over_as_soon_as_the_condition_holds() -> None:
    hub = Hub()
    async with connected(hub) as (connection, _):
        waiting = asyncio.ensure_future(hub.until(lambda: hub.count(channel="user:1") == 1))
        await asyncio.sleep(0)
        hub.subscribe(Subscription(connection, ("public",), chunked_event))
        await asyncio.sleep(0)
        assert not waiting.done()
        hub.subscribe(Subscription(connection, ("user:1",), chunked_event))
        await asyncio.wait_for(waiting, 1)


def test_a_token_is_never_shown() -> None:
    assert "secret" not in repr(TOKEN)


@pytest.mark.parametrize(
    ("payload", "data"),
    [
        ({"a": "é\u2028"}, '{"a":"é\u2028"}'.encode()),
        ("a\nb", b"a\nb"),
        (b"\xff", b"\xff"),
        (109348677773283527, b"109348677773283520"),
        (-109348677773283527, b"-109348677773283520"),
        (7, b"7"),
        (True, b"true"),
        (1.5, b"1.5"),
        ([1, 2], b"[1,2]"),
        ({"content": "\ud83d lone"}, b'{"content":"\\ud83d lone"}'),
        ("\ud83d lone", "\ufffd lone".encode()),
    ],
)
def test_payloads_become_the_bytes_that_were_measured(payload: object, data: bytes) -> None:
    assert encode_payload(payload) == data


class Memory(asyncio.Transport):
    """A transport that remembers what was written to it."""

    def __init__(self) -> None:
        super().__init__()
        self.written: list[bytes] = []

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.written.append(bytes(data))

    def is_closing(self) -> bool:
        return False

    def get_write_buffer_size(self) -> int:
        return 0


CHANNELS = st.sampled_from(["public", "user:1", "hashtag:x"])
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("subscribe"), st.integers(0, 3), st.sets(CHANNELS, min_size=1)),
        st.tuples(st.just("end"), st.integers(0, 9), st.none()),
        st.tuples(st.just("publish"), st.integers(0, 999), st.sets(CHANNELS)),
    ),
    max_size=40,
)


@given(STEPS)
def test_each_subscription_gets_what_its_channels_carry_while_it_lasts(
    steps: list[tuple[str, int, set[str] | None]],
) -> None:
    async def play() -> None:
        hub, transports = Hub(), [Memory() for _ in range(4)]
        connections = [hub.open(one, kind="websocket", token=TOKEN) for one in transports]
        live: list[Subscription] = []
        expected: list[list[bytes]] = [[] for _ in transports]
        for number, (step, value, names) in enumerate(steps):
            channels = tuple(sorted(names or ()))
            if step == "subscribe":
                words = Envelope((str(number),))
                live.append(Subscription(connections[value], channels, words))
                hub.subscribe(live[-1])
            elif step == "end" and live:
                hub.unsubscribe(live.pop(value % len(live)))
            elif step == "publish":
                publication = Publication("delete", str(value).encode(), channels)
                for channel in channels:
                    for one in live:
                        if channel in one.channels:
                            place = connections.index(one.connection)
                            expected[place].append(one.encode(publication))
                hub.deliver(publication)
        assert [sorted(one.written) for one in transports] == [sorted(one) for one in expected]
        assert hub.subscribers == len(live)

    asyncio.run(play())
