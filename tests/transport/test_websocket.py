"""A WebSocket: how it opens and logs in, what it brings, and every way in which it ends."""

from __future__ import annotations

import asyncio
import base64
import hashlib
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager

import aiohttp
import msgspec
import pytest
from aiohttp import web
from tests.support.virtual_clock import on_virtual_clock, virtual_network
from tests.transport.sites import Respond, Site, raw_site, says, session, site
from tests.transport.streams import NOW, PUBLIC, TOKEN, names, request, taken, to_the_end

from trunkline import Network
from trunkline.events import Delete, FiltersChanged, Malformed, Unknown, Update
from trunkline.policy.flavour import FLAVOURS, Flavour
from trunkline.policy.outcome import Outcome, OutcomeKind
from trunkline.streams import STREAMS, Stream
from trunkline.transport.connection import ConnectionLimits, Incoming, Pulse
from trunkline.transport.http import ConnectionEnded, Secret
from trunkline.transport.websocket import WebSocketConnection, open_websocket

PATH = "/api/v1/streaming"
MASTODON = FLAVOURS["mastodon"]
PYTHON, LIST = Stream.hashtag("Python"), Stream.list(7)
Talk = Callable[[web.WebSocketResponse], Awaitable[None]]


@asynccontextmanager
async def websocket(
    url: str,
    *streams: Stream,
    flavour: Flavour = MASTODON,
    limits: ConnectionLimits | None = None,
    network: Network | None = None,
    token: str | None = TOKEN,
) -> AsyncIterator[WebSocketConnection]:
    """Open a WebSocket as a client does."""
    async with session(network) as http:
        connection = await open_websocket(
            http,
            url,
            streams or (PUBLIC,),
            server=url,
            token=Secret(token) if token else None,
            flavour=flavour,
            limits=limits or ConnectionLimits(),
            now=lambda: NOW,
        )
        try:
            yield connection
        finally:
            await connection.close()


def talks(talk: Talk, *, protocols: Sequence[str] = ()) -> Respond:
    """Return an answer that switches protocols and then does what `talk` says."""

    async def respond(request: web.Request) -> web.StreamResponse:
        socket = web.WebSocketResponse(autoping=False, protocols=protocols, timeout=0.1)
        await socket.prepare(request)
        await talk(socket)
        return socket

    return respond


@asynccontextmanager
async def saying(*messages: str | bytes) -> AsyncIterator[Site]:
    """Run a server that says `messages` once it was subscribed to, and then waits."""

    async def talk(socket: web.WebSocketResponse) -> None:
        await socket.receive()
        for message in messages:
            if isinstance(message, bytes):
                await socket.send_bytes(message)
            else:
                await socket.send_str(message)
        await socket.receive()

    async with site({PATH: talks(talk)}) as shown:
        yield shown


def envelope(event: str, *, stream: object = ("public",), **payload: object) -> str:
    return msgspec.json.encode({"stream": stream, "event": event, **payload}).decode()


DELETE = envelope("delete", payload="1")


async def told(*messages: str | bytes, streams: Sequence[Stream] = (PUBLIC,)) -> list[Incoming]:
    """Return what a WebSocket with these messages brings, up to a deletion at its end."""
    async with saying(*messages, DELETE) as shown, websocket(shown.url, *streams) as connection:
        items: list[Incoming] = []
        while not any(isinstance(item, Delete) for item in items):
            items += await connection.read()
    return [item for item in items if not isinstance(item, Delete)]


async def refused(
    respond: Respond, *, flavour: Flavour = MASTODON, token: str | None = TOKEN
) -> Outcome:
    async with site({PATH: respond}) as shown:
        with pytest.raises(ConnectionEnded) as caught:
            async with websocket(shown.url, flavour=flavour, token=token):
                pass
    return caught.value.outcome


async def ended(talk: Talk) -> tuple[list[Incoming], Outcome]:
    async with site({PATH: talks(talk)}) as shown, websocket(shown.url) as connection:
        return await to_the_end(connection)


# opening


async def test_each_stream_is_subscribed_to_with_a_message_of_its_own() -> None:
    heard: list[object] = []

    async def talk(socket: web.WebSocketResponse) -> None:
        while len(heard) < 3:
            heard.append(msgspec.json.decode(await socket.receive_str()))
        await socket.send_str(DELETE)
        await socket.receive()

    async with (
        site({PATH: talks(talk)}) as shown,
        websocket(shown.url, PUBLIC, PYTHON, LIST) as connection,
    ):
        await taken(connection, 1)
    assert heard == [
        {"type": "subscribe", "stream": "public"},
        {"type": "subscribe", "stream": "hashtag", "tag": "Python"},
        {"type": "subscribe", "stream": "list", "list": "7"},
    ]
    assert shown.asked[0].query == ""


@pytest.mark.parametrize("name", STREAMS)
async def test_a_server_of_one_stream_for_a_socket_gets_it_in_the_address(name: str) -> None:
    kind = STREAMS[name]
    stream = Stream.parse(name if kind.parameter is None else f"{name}:7")

    async def talk(socket: web.WebSocketResponse) -> None:
        await socket.send_str(DELETE)
        await socket.receive()

    async with (
        site({PATH: talks(talk)}) as shown,
        websocket(shown.url, stream, flavour=FLAVOURS["gotosocial"]) as connection,
    ):
        await taken(connection, 1)
    expected = [f"stream={name}", *(f"{key}={value}" for key, value in stream.query)]
    assert shown.asked[0].query.replace("%3A", ":").split("&") == expected


@pytest.mark.parametrize("name", FLAVOURS)
async def test_the_token_is_where_each_kind_of_server_looks_and_never_in_the_address(
    name: str,
) -> None:
    flavour, heard = FLAVOURS[name], list[str]()

    async def talk(socket: web.WebSocketResponse) -> None:
        while (message := await socket.receive()).type is aiohttp.WSMsgType.TEXT:
            heard.append(message.data)

    async with (
        site({PATH: talks(talk, protocols=[TOKEN])}) as shown,
        websocket(shown.url, flavour=flavour),
    ):
        pass
    (asked,) = shown.asked
    found = {
        "header": asked.headers.get("Authorization") == f"Bearer {TOKEN}",
        "subprotocol": asked.headers.get("Sec-WebSocket-Protocol") == TOKEN,
        "message": any(TOKEN in text for text in heard),
        "query": TOKEN in asked.query,
    }
    assert [place for place, there in found.items() if there] == [flavour.auth[0]]
    assert asked.headers["User-Agent"].startswith("Trunkline/")
    assert "Sec-WebSocket-Extensions" not in asked.headers


async def test_without_a_token_none_is_shown() -> None:
    async def talk(socket: web.WebSocketResponse) -> None:
        await socket.receive()

    async with site({PATH: talks(talk)}) as shown, websocket(shown.url, token=None):
        pass
    assert "Authorization" not in shown.asked[0].headers


async def test_a_refused_handshake_tells_the_servers_words() -> None:
    outcome = await refused(
        says(text="", status=401, headers={"X-Error-Message": "Invalid access token"})
    )
    assert (outcome.kind, outcome.status) == (OutcomeKind.REFUSED_STATUS, 401)
    assert outcome.words == "Invalid access token"


async def test_a_refused_handshake_tells_the_words_of_its_body() -> None:
    body = '{"error":"This access token is not known"}'
    outcome = await refused(says(text=body, status=401, content_type="application/json"))
    assert (outcome.status, outcome.words) == (401, "This access token is not known")


async def test_a_handshake_follows_no_redirect() -> None:
    elsewhere = {"Location": "https://elsewhere.example/"}
    outcome = await refused(says(text="", status=302, headers=elsewhere))
    assert (outcome.kind, outcome.status) == (OutcomeKind.REDIRECT_ELSEWHERE, 302)


async def test_a_handshake_that_is_put_off_says_until_when() -> None:
    outcome = await refused(says(text="", status=503, headers={"Retry-After": "7"}))
    assert (outcome.status, outcome.retry_after_seconds) == (503, 7)


async def test_a_page_instead_of_a_switch_is_no_upgrade() -> None:
    outcome = await refused(says(text="<!DOCTYPE html>", content_type="text/html"))
    assert (outcome.kind, outcome.status) == (OutcomeKind.NO_UPGRADE, 200)


@pytest.mark.parametrize("accept", [b"", b"Sec-WebSocket-Accept: \xe9\xff=\r\n"])
async def test_a_switch_to_something_else_is_no_upgrade(accept: bytes) -> None:
    async def wrong(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await request(reader)
        writer.write(
            b"HTTP/1.1 101 Switching\r\nUpgrade: websocket\r\nConnection: upgrade\r\n"
            + accept
            + b"\r\n"
        )
        await writer.drain()
        await reader.read()

    async with raw_site(wrong) as url:
        with pytest.raises(ConnectionEnded) as caught:
            async with websocket(url):
                pass
    assert caught.value.outcome.kind is OutcomeKind.NO_UPGRADE


@on_virtual_clock
async def test_a_handshake_that_is_not_answered_is_a_timeout() -> None:
    async def say_nothing(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
        await reader.read()

    limits = ConnectionLimits(stall_seconds=30.0)
    async with raw_site(say_nothing) as url:
        with pytest.raises(ConnectionEnded) as caught:
            async with websocket(url, limits=limits, network=virtual_network()):
                pass
    assert caught.value.outcome.kind is OutcomeKind.TIMEOUT
    assert asyncio.get_running_loop().time() == pytest.approx(30.0, abs=0.1)


async def test_a_cut_right_after_the_handshake_is_an_ending() -> None:
    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await upgrade(reader, writer)
        writer.transport.abort()

    async with raw_site(script) as url:
        try:
            async with websocket(url, *[PUBLIC] * 10) as connection:
                _, outcome = await to_the_end(connection)
        except ConnectionEnded as early:
            outcome = early.outcome
    assert outcome.kind is OutcomeKind.CUT


async def test_an_attempt_that_is_cancelled_leaves_nothing_open() -> None:
    gone = asyncio.Event()
    greeted = asyncio.Event()

    async def script(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
        await request(reader)
        greeted.set()
        await reader.read()
        gone.set()

    async def attempt() -> None:
        async with websocket(url):
            raise AssertionError("It was opened.")

    async with raw_site(script) as url:
        attempting = asyncio.ensure_future(attempt())
        await greeted.wait()
        attempting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await attempting
        await asyncio.wait_for(gone.wait(), 5)


# what it brings


@pytest.mark.parametrize(
    ("payload", "raw"),
    [
        ({"payload": '{"id":"1"}'}, b'{"id":"1"}'),
        ({"payload": {"id": "1"}}, b'{"id":"1"}'),
        (
            {"payload": '{"id":"1","content":"a\u2028b"}'},
            '{"id":"1","content":"a\u2028b"}'.encode(),
        ),
    ],
)
async def test_a_payload_may_be_text_or_an_object(payload: dict[str, object], raw: bytes) -> None:
    (update,) = await told(envelope("update", **payload))
    assert isinstance(update, Update)
    assert (update.raw, update.stream, update.received_at) == (raw, PUBLIC, NOW)


@pytest.mark.parametrize("payload", [{}, {"payload": None}, {"payload": ""}])
async def test_a_payload_may_be_absent_where_nothing_is_carried(payload: dict[str, object]) -> None:
    (changed,) = await told(envelope("filters_changed", **payload))
    assert isinstance(changed, FiltersChanged)
    (broken,) = await told(envelope("update", **payload))
    assert isinstance(broken, Malformed)


@pytest.mark.parametrize("payload", ["01HQW5S5R7DGQ8N2WJ3K1M0X9Z", "12e4", 109348677778081938])
async def test_ids_need_not_be_numbers(payload: object) -> None:
    said = envelope("delete", payload=payload)
    async with saying(said) as shown, websocket(shown.url) as connection:
        (delete,) = await taken(connection, 1)
    assert isinstance(delete, Delete)
    assert delete.status_id == str(payload)


@pytest.mark.parametrize(
    ("words", "streams"),
    [
        (["public"], [PUBLIC]),
        (["hashtag", "python"], [PYTHON]),
        (["list", "7"], [LIST]),
        (["list:7"], [LIST]),
        (["list", 7], [LIST]),
        ("public", [PUBLIC]),
        ([], [PUBLIC, PYTHON, LIST]),
        (None, [PUBLIC, PYTHON, LIST]),
        (["something", "else"], [PUBLIC, PYTHON, LIST]),
    ],
)
async def test_a_message_goes_to_the_streams_that_it_can_be_meant_for(
    words: object, streams: list[Stream]
) -> None:
    items = await told(
        envelope("update", stream=words, payload='{"id":"1"}'), streams=[PUBLIC, PYTHON, LIST]
    )
    assert [item.stream for item in items if isinstance(item, Update)] == streams


async def test_a_message_without_its_stream_is_that_of_the_only_one() -> None:
    (update,) = await told('{"event":"update","payload":"{\\"id\\":\\"1\\"}"}', streams=[LIST])
    assert isinstance(update, Update)
    assert update.stream == LIST


async def test_an_unknown_event_is_passed_on() -> None:
    (unknown,) = await told(envelope("brand_new", payload="{}"))
    assert isinstance(unknown, Unknown)
    assert unknown.name == "brand_new"


@pytest.mark.parametrize("text", ["pong", "", "no json", "[1]", '{"neither":1}', '{"event":7}'])
async def test_text_that_is_no_envelope_is_malformed_and_the_next_is_fine(text: str) -> None:
    (broken,) = await told(text)
    assert isinstance(broken, Malformed)
    assert (broken.raw, broken.reason) == (text.encode(), "expected an envelope in JSON")


async def test_the_text_pong_is_a_heartbeat_where_the_server_says_that() -> None:
    async with (
        saying("pong", DELETE) as shown,
        websocket(shown.url, flavour=FLAVOURS["akkoma"]) as connection,
    ):
        connection.send("anything")
        assert names(await taken(connection, 2)) == ["heartbeat", "delete"]


async def test_a_binary_message_is_malformed_and_the_next_is_fine() -> None:
    (broken,) = await told(b"\x00\x01")
    assert isinstance(broken, Malformed)
    assert broken.raw == b"\x00\x01"
    assert "binary" in broken.reason


async def test_a_megabyte_passes_untouched() -> None:
    payload = '{"id":"1","content":"' + "x" * 1024 * 1024 + '"}'
    (update,) = await told(envelope("update", payload=payload))
    assert isinstance(update, Update)
    assert update.raw == payload.encode()


async def test_bytes_are_counted_as_they_come_off_the_socket() -> None:
    async with saying(DELETE) as shown, websocket(shown.url) as connection:
        await taken(connection, 1)
        assert connection.bytes_received == 2 + len(DELETE)


async def test_a_ping_is_answered_with_its_payload_and_is_a_heartbeat() -> None:
    answers: list[aiohttp.WSMessage] = []

    async def talk(socket: web.WebSocketResponse) -> None:
        await socket.receive()
        await socket.ping(b"payload")
        answers.append(await socket.receive())
        await socket.pong()
        await socket.send_str(DELETE)
        await socket.receive()

    async with site({PATH: talks(talk)}) as shown, websocket(shown.url) as connection:
        assert names(await taken(connection, 3)) == ["heartbeat", "heartbeat", "delete"]
    assert [(one.type, one.data) for one in answers] == [(aiohttp.WSMsgType.PONG, b"payload")]


# how it ends


@pytest.mark.parametrize("status", [400, 401, None])
async def test_an_error_message_ends_it_with_the_servers_words(status: int | None) -> None:
    told_status = {} if status is None else {"status": status}
    error = msgspec.json.encode({"error": "Unknown stream type", **told_status}).decode()
    async with saying(DELETE, error, DELETE) as shown, websocket(shown.url) as connection:
        items, outcome = await to_the_end(connection)
    assert names(items) == ["delete"]
    assert (outcome.kind, outcome.status) == (OutcomeKind.ERROR_FRAME, status)
    assert outcome.words == "Unknown stream type"


async def test_a_refusal_ends_the_first_reading_in_whatever_pieces_it_comes() -> None:
    """Otherwise a refusal would pass for a connection that worked."""
    error = b'{"error":"Unknown stream type"}'

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await upgrade(reader, writer)
        for byte in b"\x81" + bytes([len(error)]) + error:
            writer.write(bytes([byte]))
            await writer.drain()
        await reader.read()

    async with raw_site(script) as url, websocket(url) as connection:
        with pytest.raises(ConnectionEnded) as caught:
            await connection.read()
    assert caught.value.outcome.kind is OutcomeKind.ERROR_FRAME


@pytest.mark.parametrize("code", [1000, 1001, 1008, 1011, 1012, 3000, 4001])
async def test_a_close_frame_is_told_with_its_code_and_words(code: int) -> None:
    async def talk(socket: web.WebSocketResponse) -> None:
        await socket.receive()
        await socket.send_str(DELETE)
        await socket.close(code=code, message=b"because")

    items, outcome = await ended(talk)
    assert names(items) == ["delete"]
    assert (outcome.kind, outcome.code, outcome.words) == (OutcomeKind.CLOSED, code, "because")


async def test_a_close_frame_without_a_code_is_how_a_token_is_killed() -> None:
    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await upgrade(reader, writer)
        writer.write(b"\x88\x00")
        await reader.read(100)

    async with raw_site(script) as url, websocket(url) as connection:
        _, outcome = await to_the_end(connection)
    assert outcome.kind is OutcomeKind.TOKEN_KILLED


async def test_a_cut_is_a_cut() -> None:
    async def talk(socket: web.WebSocketResponse) -> None:
        await socket.receive()
        await socket.send_str(DELETE)
        writer = socket._writer
        assert writer is not None
        writer.transport.abort()

    items, outcome = await ended(talk)
    assert (names(items), outcome.kind) == (["delete"], OutcomeKind.CUT)


@pytest.mark.parametrize(
    ("frame", "code"),
    [
        (b"\xc1\x01x", "1002"),  # a reserved bit
        (b"\x83\x01x", "1002"),  # an opcode that is none
        (b"\x89\x7e\x00\x80" + b"x" * 128, "1002"),  # a ping that is too long
    ],
)
async def test_frames_that_are_none_are_bad_framing(frame: bytes, code: str) -> None:
    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await upgrade(reader, writer)
        writer.write(b"\x81" + bytes([len(DELETE)]) + DELETE.encode() + frame)
        await writer.drain()
        await reader.read()

    async with raw_site(script) as url, websocket(url) as connection:
        items, outcome = await to_the_end(connection)
    assert names(items) == ["delete"]
    assert (outcome.kind, outcome.words) == (OutcomeKind.BAD_FRAMING, code)


async def test_text_that_is_no_utf8_is_malformed_and_the_next_is_fine() -> None:
    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await upgrade(reader, writer)
        writer.write(b"\x81\x02\xff\xfe\x81" + bytes([len(DELETE)]) + DELETE.encode())
        await writer.drain()
        await reader.read()

    async with raw_site(script) as url, websocket(url) as connection:
        broken, _ = await taken(connection, 2)
    assert isinstance(broken, Malformed)
    assert broken.raw == b"\xff\xfe"


async def test_a_message_above_the_limit_is_malformed_and_the_next_is_fine() -> None:
    big = envelope("update", payload="{" + "x" * 5000 + "}")
    limits = ConnectionLimits(max_frame_bytes=1000)
    async with (
        saying(DELETE, big, DELETE) as shown,
        websocket(shown.url, limits=limits) as connection,
    ):
        items = await taken(connection, 3)
    assert names(items) == ["delete", "", "delete"]
    assert isinstance(items[1], Malformed)
    assert "within the limit" in items[1].reason


async def upgrade(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Switch protocols by hand, and read the first message."""
    head = await request(reader)
    key = next(
        line.partition(b":")[2].strip()
        for line in head.split(b"\r\n")
        if line.lower().startswith(b"sec-websocket-key")
    )
    digest = base64.b64encode(hashlib.sha1(key + aiohttp.http_websocket.WS_KEY).digest())
    writer.write(
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: upgrade\r\n"
        b"Sec-WebSocket-Accept: " + digest + b"\r\n\r\n"
    )
    await reader.read(1024)


# silence


@on_virtual_clock
async def test_while_it_is_silent_we_ping_and_an_answer_keeps_it_open() -> None:
    pings: list[float] = []
    loop = asyncio.get_running_loop()

    async def talk(socket: web.WebSocketResponse) -> None:
        await socket.receive()
        while (message := await socket.receive()).type is aiohttp.WSMsgType.PING:
            pings.append(loop.time())
            await socket.pong(message.data)
            if len(pings) == 20:
                await socket.send_str(DELETE)

    limits = ConnectionLimits(stall_seconds=30.0)
    items: list[Incoming] = []
    async with (
        site({PATH: talks(talk)}) as shown,
        websocket(shown.url, limits=limits, network=virtual_network()) as connection,
    ):
        while "delete" not in names(items):
            items += await connection.read()
    assert set(items[:-1]) == {Pulse.HEARTBEAT}
    assert pings[1] - pings[0] == pytest.approx(10.0, abs=0.1)


@on_virtual_clock
async def test_a_server_that_wants_text_pings_gets_them() -> None:
    heard: list[str] = []

    async def talk(socket: web.WebSocketResponse) -> None:
        heard.append(await socket.receive_str())
        await socket.send_str("pong")
        await socket.send_str(DELETE)
        await socket.receive()

    limits = ConnectionLimits(stall_seconds=30.0)
    async with (
        site({PATH: talks(talk)}) as shown,
        websocket(
            shown.url, flavour=FLAVOURS["akkoma"], limits=limits, network=virtual_network()
        ) as connection,
    ):
        assert names(await taken(connection, 2)) == ["heartbeat", "delete"]
    assert heard == ["ping"]


@on_virtual_clock
async def test_silence_that_no_ping_breaks_is_a_stall() -> None:
    loop = asyncio.get_running_loop()

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await upgrade(reader, writer)
        await reader.read()

    limits = ConnectionLimits(stall_seconds=30.0)
    async with (
        raw_site(script) as url,
        websocket(url, limits=limits, network=virtual_network()) as connection,
    ):
        began = loop.time()
        items, outcome = await to_the_end(connection)
    assert (items, outcome.kind) == ([], OutcomeKind.STALL)
    assert loop.time() - began == pytest.approx(30.0, abs=2.0)


async def test_closing_says_goodbye_and_twice_is_once() -> None:
    last: list[aiohttp.WSMsgType] = []

    async def talk(socket: web.WebSocketResponse) -> None:
        await socket.receive()
        await socket.send_str(DELETE)
        last.append((await socket.receive()).type)

    async with site({PATH: talks(talk)}) as shown, websocket(shown.url) as connection:
        await taken(connection, 1)
        await connection.close()
        await connection.close()
    assert last == [aiohttp.WSMsgType.CLOSE]
